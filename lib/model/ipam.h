/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipam - which address of a network whom may be given. Floor F2, pure.
 *
 * An address of a subnet is one of:
 *
 *   never given   the network's own, the IPv4 broadcast, the gateway
 *   excluded      in a range that somebody else uses: given to nobody, asked for or not
 *   held          an endpoint has it
 *   cooling       its endpoint has gone, the link that bears it not yet: given to its last holder's name alone, and
 *                 where a route leads to it (routed networks) to nobody
 *   reserved      for the stack of one name, whether that stands or not
 *   remembered    the last address of a name that has gone: that name's while nobody else needs it
 *   fresh         all others
 *
 * An endpoint that asks for no address gets, of each subnet, what is reserved
 * for its stack's name; else what the name had last; else the next fresh one
 * from a cursor on that only moves on; else what has been remembered longest.
 *
 * Each step takes O(log n) of the addresses that are not fresh, wherever they
 * lie: no bitmap of the subnet, so a /64 costs no more than a /24.
 */
#ifndef MOAT_MODEL_IPAM_H
#define MOAT_MODEL_IPAM_H

#include "lib/base/addr.h"
#include "lib/base/ds.h"
#include "lib/base/err.h"
#include "lib/base/runs.h"
#include "lib/model/names.h"

enum {
	IPAM_SUBNETS_MAX = 4,	 /* of one network */
	IPAM_IPS_MAX = 8,	 /* of one endpoint */
	IPAM_EXCLUDED_MAX = 64,	 /* ranges of one network */
	IPAM_RESERVED_MAX = 1024, /* addresses of one network */
	IPAM_MEMORIES_MAX = 1024, /* names whose last addresses a network remembers */
	IP_RANGE_STR_SIZE = 2 * IP_STR_SIZE,
};

struct model;
struct network;
struct endpoint;
struct endpoint_want;

/** struct ip_range - @first to @last, of one family */
struct ip_range {
	struct ip first, last;
};

/** ip_range_parse() - "A-B", "A" or a prefix with all host bits 0. Return: 0 or -EINVAL. */
int ip_range_parse(const char *s, struct ip_range *ret_range);
/** ip_range_print() - "A-B", or "A" where it is one address */
const char *ip_range_print(const struct ip_range *range, char dst[IP_RANGE_STR_SIZE]);

/** struct ipam_reserve - @ip is for the stack @name alone */
struct ipam_reserve {
	char name[NAME_SIZE];
	struct ip ip;
};

/** ipam_reserve_parse() - "NAME=IP"; without "=IP" family 0. Return: 0 or -EINVAL with @err. */
int ipam_reserve_parse(const char *s, struct ipam_reserve *ret_reserve, struct err *err);

/**
 * struct ipam - the part of a network that knows its addresses; ipam.c alone looks into it
 * @busy: of each subnet, the host numbers that are not fresh, exclusions and gateways apart
 * @held: of each subnet, how many endpoints hold
 * @slots: struct ip -> struct ipam_slot: what is known of one address
 * @names: stack name -> struct ipam_name: what is reserved and remembered for it
 * @memories: those that were remembered first come first
 */
struct ipam {
	struct runs busy[IPAM_SUBNETS_MAX];
	size_t held[IPAM_SUBNETS_MAX];
	struct table slots, names;
	struct list memories, cooling, reserved;
	size_t memory_count, reserved_count;
	struct ip_range *excluded; /* sorted; owned */
	size_t excluded_count;
};

void ipam_init(struct network *network);
void ipam_fini(struct network *network);

/**
 * ipam_choose() - fill endpoint->ips as @want asks, and from every subnet whose family it does not ask for
 * Return: 0; -EAGAIN when what is wanted is only cooling: try again when the links have gone; else -errno.
 */
int ipam_choose(struct endpoint *endpoint, const struct endpoint_want *want, const char *full, struct err *err);
void ipam_hold(const struct endpoint *endpoint);
/** ipam_is_exhausted() - has subnet @s no address for a stack of a new name? What is cooling will be free, and counts so. */
bool ipam_is_exhausted(const struct network *network, size_t s);
/** ipam_up() - it stands: what other names are remembered to have had of its addresses is forgotten */
void ipam_up(const struct endpoint *endpoint);
/** ipam_release() - the addresses are free, and remembered where the endpoint stood */
void ipam_release(const struct endpoint *endpoint);
/** ipam_unhold() - the addresses are free, and nobody is remembered to have had them */
void ipam_unhold(const struct endpoint *endpoint);

/** ipam_exclude() - the ranges of the network from now on; judged by network_def_check() */
void ipam_exclude(struct network *network, const struct ip_range *ranges, size_t count);
/** ipam_reserve() - the reservations of the network from now on; judged by network_def_check() */
void ipam_reserve(struct network *network, const struct ipam_reserve *reserves, size_t count);
/** ipam_excluded() - the range that holds @ip, or NULL */
const struct ip_range *ipam_excluded(const struct network *network, const struct ip *ip);
/** ipam_reserved_for() - the name @ip is reserved for, or NULL */
const char *ipam_reserved_for(const struct network *network, const struct ip *ip);
/** ipam_reserved_get() - all reservations, in the order they were made; *ret is the caller's to free */
size_t ipam_reserved_get(const struct network *network, struct ipam_reserve **ret);

/* The network's subnets are changed: call with its arrays as they were, then as they are. */
void ipam_subnet_added(struct network *network, size_t index);
void ipam_subnet_removed(struct network *network, size_t index);

/** ipam_host_range() - first and last host number of @subnet that may be given (RFC 3021, 4291, 6164) */
void ipam_host_range(const struct prefix *subnet, uint64_t *ret_first, uint64_t *ret_last);
/** ipam_is_host() - may an endpoint or gateway of @subnet have @ip? */
bool ipam_is_host(const struct prefix *subnet, const struct ip *ip);

/* -------------------------------------------------------------------- cooling */

/**
 * struct cooling - the addresses of an endpoint whose link is on its way out
 * @network: NULL when that has gone meanwhile
 */
struct cooling {
	struct list link; /* in ipam.cooling */
	struct network *network;
	char name[NAME_SIZE];
	struct ip ips[IPAM_IPS_MAX];
	size_t ip_count;
};

/** cooling_begin() - before the endpoint leaves the model. Return: the caller's; NULL for the end of a wire. */
struct cooling *cooling_begin(const struct endpoint *endpoint);
/** cooling_end() - the link has gone; frees. NULL is fine. */
void cooling_end(struct cooling *cooling);

/* --------------------------------------------------------------------- memory */

/**
 * struct ipam_memory - what the stack of a name had on a network, at an interface
 * @id: that of the endpoint that was; the store has it by that
 */
struct ipam_memory {
	uint64_t id;
	struct network *network;
	struct ipam_name *name;
	char ifname[NAME_IFNAME_SIZE];
	struct ip ips[IPAM_IPS_MAX];
	size_t ip_count;
	struct list link;      /* in ipam.memories */
	struct list name_link; /* in struct ipam_name */
};

/** ipam_remember() - as ipam_release() does of one that stood; addresses that are not free are left out */
void ipam_remember(struct network *network, uint64_t id, const char *name, const char *ifname, const struct ip *ips,
		   size_t count);
const char *ipam_memory_name(const struct ipam_memory *memory);

#endif
