/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sets - every nft set and map an element may name: one row each. Floor F1, pure. */
#include "lib/base/mem.h"
#include "lib/obj/fields.h"

enum {
	PUB_KEY = ELEM_PROTO | ELEM_PORT,
	PUB_DATA = ELEM_TO_IP | ELEM_TO_PORT,
	RANGE_KEY = PUB_KEY | ELEM_LAST,
	SHIFT_DATA = PUB_DATA | ELEM_TO_LAST,
};

/* @word is what text calls it: the names alone are not unique, since host and router both publish. */
static const struct {
	struct set_def def;
	const char *word;
} sets[SET_COUNT] = {
	[SET_GUARD_MAC] = {{"mac_ok", RULESET_GUARD, 0, ELEM_DEV | ELEM_MAC, 0},
			   "guard.mac_ok"},
	[SET_GUARD_ARP] = {{"arp_ok", RULESET_GUARD, 4, ELEM_DEV | ELEM_MAC | ELEM_IP, 0},
			   "guard.arp_ok"},
	[SET_GUARD_IP4] = {{"ip4_ok", RULESET_GUARD, 4, ELEM_DEV | ELEM_IP, 0}, "guard.ip4_ok"},
	[SET_GUARD_IP6] = {{"ip6_ok", RULESET_GUARD, 6, ELEM_DEV | ELEM_IP, 0}, "guard.ip6_ok"},
	[SET_GUARD_ALLOW4] = {{"allow4", RULESET_GUARD, 4, ELEM_DEV | ELEM_IP | ELEM_LEN, 0},
			      "guard.allow4"},
	[SET_GUARD_ALLOW6] = {{"allow6", RULESET_GUARD, 6, ELEM_DEV | ELEM_IP | ELEM_LEN, 0},
			      "guard.allow6"},
	[SET_GUARD_ROUTED] = {{"routed", RULESET_GUARD, 0, ELEM_DEV, 0}, "guard.routed"},
	[SET_ROUTER_EGRESS] = {{"egress", RULESET_ROUTER, 0, ELEM_DEV, 0}, "router.egress"},
	[SET_ROUTER_PUB4] = {{"pub4", RULESET_ROUTER, 4, PUB_KEY, PUB_DATA}, "router.pub4"},
	[SET_ROUTER_PUB6] = {{"pub6", RULESET_ROUTER, 6, PUB_KEY, PUB_DATA}, "router.pub6"},
	[SET_ROUTER_DNS] = {{"dns", RULESET_ROUTER, 0, ELEM_DEV, 0}, "router.dns"},
	[SET_ROUTER_NETWORK] = {{"network_of", RULESET_ROUTER, 0, ELEM_DEV, ELEM_TO_MARK}, "router.network_of"},
	[SET_ROUTER_MEMBER] = {{"members", RULESET_ROUTER, 0, ELEM_DEV | ELEM_MARK, 0}, "router.members"},
	[SET_ROUTER_ROUTED4] = {{"routed4", RULESET_ROUTER, 4, ELEM_IP | ELEM_LEN | ELEM_MARK, 0}, "router.routed4"},
	[SET_ROUTER_ROUTED6] = {{"routed6", RULESET_ROUTER, 6, ELEM_IP | ELEM_LEN | ELEM_MARK, 0}, "router.routed6"},
	[SET_ROUTER_HOST4] = {{"host4", RULESET_ROUTER, 4, ELEM_IP | ELEM_MARK, 0}, "router.host4"},
	[SET_ROUTER_HOST6] = {{"host6", RULESET_ROUTER, 6, ELEM_IP | ELEM_MARK, 0}, "router.host6"},
	[SET_HOST_UPLINK] = {{"uplinks", RULESET_HOST, 0, ELEM_DEV, 0}, "host.uplinks"},
	[SET_HOST_CAP_1K] = {{"cap_1024", RULESET_HOST, 0, ELEM_DEV, 0}, "host.cap_1024"},
	[SET_HOST_CAP_4K] = {{"cap_4096", RULESET_HOST, 0, ELEM_DEV, 0}, "host.cap_4096"},
	[SET_HOST_CAP_16K] = {{"cap_16384", RULESET_HOST, 0, ELEM_DEV, 0}, "host.cap_16384"},
	[SET_HOST_CAP_64K] = {{"cap_65536", RULESET_HOST, 0, ELEM_DEV, 0}, "host.cap_65536"},
	[SET_HOST_OPENED4] = {{"opened4", RULESET_HOST, 0, ELEM_DEV, 0}, "host.opened4"},
	[SET_HOST_OPENED6] = {{"opened6", RULESET_HOST, 0, ELEM_DEV, 0}, "host.opened6"},
	[SET_HOST_OPENED_ALL] = {{"opened_all", RULESET_HOST, 0, ELEM_FAMILY, 0}, "host.opened_all"},
	[SET_HOST_SRC4] = {{"src4", RULESET_HOST, 4, ELEM_DEV | ELEM_IP, 0}, "host.src4"},
	[SET_HOST_SRC6] = {{"src6", RULESET_HOST, 6, ELEM_DEV | ELEM_IP, 0}, "host.src6"},
	[SET_HOST_ROUTED4] = {{"routed4", RULESET_HOST, 4, ELEM_DEV | ELEM_IP | ELEM_LEN, 0}, "host.routed4"},
	[SET_HOST_ROUTED6] = {{"routed6", RULESET_HOST, 6, ELEM_DEV | ELEM_IP | ELEM_LEN, 0}, "host.routed6"},
	[SET_HOST_OWN4] = {{"own4", RULESET_HOST, 4, ELEM_IP | ELEM_LEN | ELEM_FAMILY, 0}, "host.own4"},
	[SET_HOST_OWN6] = {{"own6", RULESET_HOST, 6, ELEM_IP | ELEM_LEN | ELEM_FAMILY, 0}, "host.own6"},
	[SET_HOST_ACCESS4] = {{"access4", RULESET_HOST, 4, ELEM_DEV | ELEM_IP | ELEM_LEN, 0}, "host.access4"},
	[SET_HOST_ACCESS6] = {{"access6", RULESET_HOST, 6, ELEM_DEV | ELEM_IP | ELEM_LEN, 0}, "host.access6"},
	[SET_HOST_PUB4] = {{"pub4", RULESET_HOST, 4, PUB_KEY, PUB_DATA}, "host.pub4"},
	[SET_HOST_PUB6] = {{"pub6", RULESET_HOST, 6, PUB_KEY, PUB_DATA}, "host.pub6"},
	[SET_HOST_PUBIP4] = {{"pubip4", RULESET_HOST, 4, ELEM_IP | PUB_KEY, PUB_DATA},
			     "host.pubip4"},
	[SET_HOST_PUBIP6] = {{"pubip6", RULESET_HOST, 6, ELEM_IP | PUB_KEY, PUB_DATA},
			     "host.pubip6"},
	[SET_ROUTER_RANGE4] = {{"range4", RULESET_ROUTER, 4, RANGE_KEY, ELEM_TO_IP}, "router.range4"},
	[SET_ROUTER_RANGE6] = {{"range6", RULESET_ROUTER, 6, RANGE_KEY, ELEM_TO_IP}, "router.range6"},
	[SET_ROUTER_SHIFT4] = {{"shift4", RULESET_ROUTER, 4, RANGE_KEY, SHIFT_DATA}, "router.shift4"},
	[SET_ROUTER_SHIFT6] = {{"shift6", RULESET_ROUTER, 6, RANGE_KEY, SHIFT_DATA}, "router.shift6"},
	[SET_HOST_RANGE4] = {{"range4", RULESET_HOST, 4, RANGE_KEY, ELEM_TO_IP}, "host.range4"},
	[SET_HOST_RANGE6] = {{"range6", RULESET_HOST, 6, RANGE_KEY, ELEM_TO_IP}, "host.range6"},
	[SET_HOST_RANGEIP4] = {{"rangeip4", RULESET_HOST, 4, ELEM_IP | RANGE_KEY, ELEM_TO_IP},
			       "host.rangeip4"},
	[SET_HOST_RANGEIP6] = {{"rangeip6", RULESET_HOST, 6, ELEM_IP | RANGE_KEY, ELEM_TO_IP},
			       "host.rangeip6"},
};

const struct set_def *set_def_get(unsigned set)
{
	return set > SET_NONE && set < ARRAY_COUNT(sets) ? &sets[set].def : NULL;
}

enum nft_set set_of_cap(uint32_t connections)
{
	switch (connections) {
	case 1024:
		return SET_HOST_CAP_1K;
	case 4096:
		return SET_HOST_CAP_4K;
	case 16384:
		return SET_HOST_CAP_16K;
	case 65536:
		return SET_HOST_CAP_64K;
	default:
		return SET_NONE;
	}
}

const char *set_word(unsigned set)
{
	return set < ARRAY_COUNT(sets) ? sets[set].word : NULL;
}
