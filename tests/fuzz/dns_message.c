/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns_message - fuzz target of what strangers send to moatd-dns: queries of tenants and answers of name servers. What we
 * answer ldns must be able to read, and it is no longer than was allowed.
 */
#include <ldns/ldns.h>
#include <string.h>

#include "netd/dns/message.h"
#include "tests/fuzz/fuzz.h"

static void answer(const uint8_t *data, const struct question *question, enum message_code code,
		   const struct names_answer *names, size_t limit)
{
	uint8_t room[MESSAGE_EDNS_SIZE];
	size_t size = message_answer(data, question, code, names, limit, room);
	ldns_pkt *pkt;

	fuzz_check(size <= limit && size >= question->size);
	fuzz_check(ldns_wire2pkt(&pkt, room, size) == LDNS_STATUS_OK);
	fuzz_check(ldns_pkt_qr(pkt) && ldns_pkt_id(pkt) == question->id);
	ldns_pkt_free(pkt);
	fuzz_check(message_fits(room, size, data, question->size, question->id));
}

static void query(const uint8_t *data, size_t size)
{
	struct names_answer names = { .count = NAMES_ANSWERS_MAX }, name = { .count = 1 };
	struct question question;
	struct ip ip;
	int families;

	if (message_parse(data, size, &question) != 0)
		return;
	fuzz_check(question.size <= size && strlen(question.name) < sizeof(question.name));
	for (size_t i = 0; i < names.count; i++)
		names.ip[i] = ip4_make((uint32_t)i);
	(void)message_is_address(&question, &families);
	(void)names_reverse_parse(question.name, &ip);
	answer(data, &question, MESSAGE_OK, &names, message_limit(&question));
	answer(data, &question, MESSAGE_NXDOMAIN, NULL, MESSAGE_UDP_SIZE);
	answer(data, &question, MESSAGE_BADVERS, NULL, MESSAGE_UDP_SIZE);
	memcpy(name.name, question.name, sizeof(question.name));
	answer(data, &question, MESSAGE_OK, &name, MESSAGE_EDNS_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t asked[] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1 };

	if (size > MESSAGE_MAX)
		return 0;
	query(data, size);
	(void)message_fits(data, size, asked, sizeof(asked), 0x1234);
	(void)message_private(data, size);
	return 0;
}
