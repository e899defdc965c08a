/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_rules - what check.c and check_nft.c share: the check, its refusal, names and addresses of ours. Floor F4. */
#ifndef MOAT_NETD_HAND_CHECK_RULES_H
#define MOAT_NETD_HAND_CHECK_RULES_H

#include "lib/base/ds.h"
#include "lib/base/str.h"
#include "netd/hand/check.h"

/** struct check - one check: the world, who asks, namespaces the plan itself makes */
struct check {
	const struct check_world *world;
	uint32_t uid;
	struct table made;
	struct seam_result *result;
};

/** refuse() - say why. Return: -@no. */
int __attribute__((format(printf, 3, 4))) refuse(struct check *c, int no, const char *fmt, ...);

/** is_transit() - may an uplink have it? Whatever else came to stand in the host would draw the host's own traffic. */
bool is_transit(const struct check *c, const struct ip *ip);
/** is_routed() - is it part of what the administrator wrote is routed to this host? */
bool is_routed(const struct check *c, const struct prefix *prefix);
/**
 * is_led() - what may be led to a router, and come from it by its own address: what is routed here, and where the host
 * reaches a network that is masqueraded, private addresses that lead nowhere else from here
 */
bool is_led(const struct check *c, const struct prefix *prefix);

/** check_nft() - the rules for rule sets, guarded ports and elements. Return: 0, or of refuse(). */
int check_nft(struct check *c, const struct op *op);

/* 'm', a letter, the 48-bit id in hex. */
static inline bool is_ours(const char *name, char kind)
{
	uint64_t id;

	return name[0] == 'm' && name[1] == kind && str_hex48(name + 2, &id) == 0;
}

static inline bool is_uplink_host(const char *name)
{
	return is_ours(name, 'u');
}
static inline bool is_bridge(const char *name)
{
	return is_ours(name, 'b');
}
static inline bool is_port(const char *name)
{
	return is_ours(name, 'p');
}
/* The end of a port inside of a virtual machine's stack. */
static inline bool is_tap_port(const char *name)
{
	return is_ours(name, 'v');
}
/* What a port's packets queue on. */
static inline bool is_shaper(const char *name)
{
	return is_ours(name, 's');
}
static inline bool is_uplink(const char *name)
{
	return str_eq(name, "uplink");
}
static inline bool is_router_link(const char *name)
{
	return is_bridge(name) || is_port(name) || is_shaper(name) || is_uplink(name);
}

static inline bool is_inner(enum ns_class class)
{
	return class == NS_STACK || class == NS_CONTAINER || class == NS_FOREIGN;
}

#endif
