/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message - DNS messages (RFC 1035, 6891): what a query asks, answers of our
 * own, and whether an answer belongs to a query. Floor F4, pure; every byte
 * that comes in is hostile.
 *
 * By the primitives of ldns (names, buffers, header fields). Its trees of
 * packets cost 9 us for a query and its answer, the primitives 0.2: measured,
 * and more than all system calls of a query together.
 */
#ifndef MOAT_DNS_MESSAGE_H
#define MOAT_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netd/dns/names.h"

enum {
	MESSAGE_HEAD_SIZE = 12,
	MESSAGE_UDP_SIZE = 512,	  /* RFC 1035, 2.3.4: what everybody takes */
	MESSAGE_EDNS_SIZE = 1232, /* what we say we take, and the most we send: passes every path (DNS flag day 2020) */
	MESSAGE_QUERY_MAX = 4096, /* longer ones are nobody's queries */
	MESSAGE_MAX = 65535,
	MESSAGE_TTL = 5, /* seconds: a detached name is soon forgotten */
};

/**
 * struct question - what a query asks
 * @size: where the question section ends
 * @name: folded, without the final dot; "" for the root
 * @plain: each label is of letters, digits, '-' and '_': @name is all there is to say
 * @edns: bytes an answer by UDP may have; 0: no EDNS; @version: of it
 * @labels: of the name
 */
struct question {
	uint16_t id, type, class;
	size_t size;
	char name[NAMES_TEXT_SIZE];
	bool plain, recurse;
	uint16_t edns;
	uint8_t version;
	unsigned labels;
};

enum message_code {
	MESSAGE_OK = 0,
	MESSAGE_FORMERR = 1,
	MESSAGE_SERVFAIL = 2,
	MESSAGE_NXDOMAIN = 3,
	MESSAGE_NOTIMP = 4,
	MESSAGE_REFUSED = 5,
	MESSAGE_BADVERS = 16,
};

/**
 * message_parse() - read a query
 * Return: 0; -EBADMSG for what is no query and gets no answer; or > 0, the code (FORMERR, NOTIMP) to answer with
 * message_error().
 */
int message_parse(const uint8_t *data, size_t size, struct question *ret_question);

/** message_is_address() - A, AAAA, or ANY of class IN. @ret_families: 4, 6, 10 */
bool message_is_address(const struct question *question, int *ret_families);
bool message_is_reverse(const struct question *question);
/** message_is_zone() - types that speak of a zone, not of a host: a validating resolver asks them of "com" */
bool message_is_zone(const struct question *question);

/**
 * message_answer() - our own answer to @query
 * @answer: NULL, or without items, for none
 * @limit: bytes it may have: what is too much is left out, and TC set
 * @ret_data: room for @limit bytes
 * Return: size.
 */
size_t message_answer(const uint8_t *query, const struct question *question, enum message_code code,
		      const struct names_answer *answer, size_t limit, uint8_t *ret_data);
/** message_error() - the same for what could not be parsed. @ret_data: MESSAGE_HEAD_SIZE bytes. Return: size. */
size_t message_error(const uint8_t *query, enum message_code code, uint8_t *ret_data);

/** message_limit() - bytes of an answer by UDP to @question */
size_t message_limit(const struct question *question);

void message_set_id(uint8_t *data, uint16_t id);
/** message_code() - of an answer that message_fits() */
enum message_code message_code(const uint8_t *data);

/**
 * message_fits() - is @data an answer to the query that was sent: id, kind, and word for word the question
 * @query, @question_size: the query, and where its question ends
 */
bool message_fits(const uint8_t *data, size_t size, const uint8_t *query, size_t question_size, uint16_t id);

/** message_private() - does an answer hold an address that nobody on the internet has (RFC 1918, 4193, loopback, link-local)? */
bool message_private(const uint8_t *data, size_t size);

#endif
