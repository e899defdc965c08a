/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset_host - table inet moat of the host: the provider's edge. Floor F2.
 *
 * It speaks of uplinks only; everything else of the host passes as if it were
 * not there. A foreign base chain with policy drop still wins over our accept.
 */
#include "lib/kern/nft_skeleton.h"

static const struct nft_chain_def chains[] = {
	{"raw", "filter", NF_INET_PRE_ROUTING, NF_ACCEPT, -300, false},
	{"raw_uplink", NULL, 0, 0, 0, false},
	{"input", "filter", NF_INET_LOCAL_IN, NF_ACCEPT, 0, false},
	{"to_host", NULL, 0, 0, 0, false},
	{"forward", "filter", NF_INET_FORWARD, NF_ACCEPT, 0, false},
	{"fresh", NULL, 0, 0, 0, false},
	{"to_uplink", NULL, 0, 0, 0, false},
	{"prerouting", "nat", NF_INET_PRE_ROUTING, NF_ACCEPT, -100, false},
	{"output", "nat", NF_INET_LOCAL_OUT, NF_ACCEPT, -100, false},
	{"postrouting", "nat", NF_INET_POST_ROUTING, NF_ACCEPT, 100, false},
	{0},
};

/* Connections of one uplink; the name of the set it is an element of is the cap. */
static const struct nft_tally_def tallies[] = {
	{.name = "flows_1024", .connections = 1024},
	{.name = "flows_4096", .connections = 4096},
	{.name = "flows_16384", .connections = 16384},
	{.name = "flows_65536", .connections = 65536},
	{0},
};

#define CAPPED(KEY, SET, N) RULE("fresh", META(KEY, 0), IN(SET, 0), TALLY_OVER("flows_" #N, 0, N), DROP)
/* Two letters first: what has another name is none, and has cost no look-up. Names of others may begin so, too. */
#define LIKE_UPLINK   IS(0, 2, 'm', 'u')
#define FROM_UPLINK   META(IIFNAME, 0), LIKE_UPLINK, IN(SET_HOST_UPLINK, 0)
#define OUT_BY_UPLINK META(OIFNAME, 0), LIKE_UPLINK, IN(SET_HOST_UPLINK, 0)
/* Source addresses of prefixes that are routed to uplinks. */
#define FROM_OWN4     NET_BYTES(12, 4, 0), META(NFPROTO, 1), IN(SET_HOST_OWN4, 0)
#define FROM_OWN6     NET_BYTES(8, 16, 0), META(NFPROTO, 4), IN(SET_HOST_OWN6, 0)
#define PROTO_PORT(R) META(L4PROTO, R), TRANS_BYTES(2, 2, (R) + 1)

static const struct nft_rule_def rules[] = {
	/* What has the address of the uplink that it comes by, nearly all that comes by one: one look-up. */
	RULE("raw", META(IIFNAME, 0), LIKE_UPLINK, IPV4(5), NET_BYTES(16, 1, 5), IS_NOT(5, 1, 127), NET_BYTES(12, 4, 4),
	     IN(SET_HOST_SRC4, 0), ACCEPT),
	RULE("raw", META(IIFNAME, 0), LIKE_UPLINK, IPV6(8), NET_BYTES(8, 16, 4), IN(SET_HOST_SRC6, 0), ACCEPT),
	/* What is not from an uplink is none of ours but for what follows. */
	RULE("raw", FROM_UPLINK, GOTO("raw_uplink")),
	/* What is routed to an uplink comes from that one (below), and from nowhere else. */
	RULE("raw", IPV4(0), FROM_OWN4, DROP),
	RULE("raw", IPV6(0), FROM_OWN6, DROP),

	/* route_localnet is 1 on uplinks, for publishing on 127.0.0.1: nobody may come in by it. */
	RULE("raw_uplink", IPV4(0), NET_BYTES(16, 1, 0), IS(0, 1, 127), DROP),
	RULE("raw_uplink", IPV4(0), META(IIFNAME, 0), NET_BYTES(12, 4, 4),
	     NOT_IN(SET_HOST_SRC4, 0), NOT_IN(SET_HOST_ROUTED4, 0), DROP),
	/* Neighbour discovery between the two link-local addresses of the uplink. */
	RULE("raw_uplink", IPV6(0), NET_BYTES(8, 2, 0), AND(0, 2, 0xff, 0xc0),
	     IS(0, 2, 0xfe, 0x80), L4(0, IPPROTO_ICMPV6), TRANS_BYTES(0, 1, 0),
	     BYTE_BETWEEN(0, 135, 136), ACCEPT),
	RULE("raw_uplink", IPV6(0), META(IIFNAME, 0), NET_BYTES(8, 16, 4),
	     NOT_IN(SET_HOST_SRC6, 0), NOT_IN(SET_HOST_ROUTED6, 0), DROP),

	RULE("input", FROM_UPLINK, GOTO("to_host")),
	RULE("to_host", CT_IS(NFT_CT_KNOWN), ACCEPT),
	RULE("to_host", IPV6(0), L4(0, IPPROTO_ICMPV6), TRANS_BYTES(0, 1, 0),
	     BYTE_BETWEEN(0, 135, 136), ACCEPT),
	/* Networks with host access: their prefixes are their own, so it is they. */
	RULE("to_host", IPV4(0), META(IIFNAME, 0), NET_BYTES(12, 4, 4), IN(SET_HOST_ACCESS4, 0), ACCEPT),
	RULE("to_host", IPV6(0), META(IIFNAME, 0), NET_BYTES(8, 16, 4), IN(SET_HOST_ACCESS6, 0), ACCEPT),
	RULE("to_host", DROP),

	/*
	 * A later packet of what a tenant began, answered or not. It goes where its first went (CT_SNAT), so nothing is asked of the way
	 * out, and no set is looked into: its first met all of the below. Another's device of such a name may carry on, of what is
	 * forwarded by others' rules, what came by one of theirs, and begin nothing. Answers are told apart before a name is read.
	 */
	RULE("forward", CT(DIRECTION, 0), IS(0, 1, IP_CT_DIR_ORIGINAL), CT_SNAT, META(IIFNAME, 0), LIKE_UPLINK, ACCEPT),
	/*
	 * The host's connection table is one for all tenants: so many connections pass by one uplink at a time, in both
	 * directions together, and no more. Asked of the first packet of each alone: while
	 * nobody answers, all packets of a flow are in state new.
	 */
	RULE("forward", CT(STATUS, 0), AND32(0, IPS_CONFIRMED), IS32(0, 0), JUMP("fresh")),
	CAPPED(IIFNAME, SET_HOST_CAP_1K, 1024),
	CAPPED(OIFNAME, SET_HOST_CAP_1K, 1024),
	CAPPED(IIFNAME, SET_HOST_CAP_4K, 4096),
	CAPPED(OIFNAME, SET_HOST_CAP_4K, 4096),
	CAPPED(IIFNAME, SET_HOST_CAP_16K, 16384),
	CAPPED(OIFNAME, SET_HOST_CAP_16K, 16384),
	CAPPED(IIFNAME, SET_HOST_CAP_64K, 65536),
	CAPPED(OIFNAME, SET_HOST_CAP_64K, 65536),

	/* From wherever, another uplink included: what was published, or belongs to a known flow. */
	RULE("forward", OUT_BY_UPLINK, GOTO("to_uplink")),
	/* None of what follows concerns what comes from one. */
	RULE("forward", FROM_UPLINK, ACCEPT),
	/*
	 * A device that did not forward before us does so for what goes to uplinks (above) or comes from one, and for
	 * nothing else: the host is no router now for its neighbours, whatever the state of the flow.
	 */
	RULE("forward", IPV4(0), META(IIFNAME, 0), IN(SET_HOST_OPENED4, 0), DROP),
	RULE("forward", IPV6(0), META(IIFNAME, 0), IN(SET_HOST_OPENED6, 0), DROP),
	RULE("forward", META(NFPROTO, 0), IN(SET_HOST_OPENED_ALL, 0), META(IIFNAME, 0),
	     NOT_IN(SET_HOST_UPLINK, 0), DROP),
	RULE("to_uplink", CT_IS(NFT_CT_KNOWN), ACCEPT),
	RULE("to_uplink", CT_DNAT, ACCEPT),
	RULE("to_uplink", DROP),

	/*
	 * A port on one local address goes before the same port on any. Local it must be: nobody
	 * publishes a port of another machine's, and so takes what host and tenants send there.
	 */
	RULE("prerouting", IPV4(0), TO_LOCAL, NET_BYTES(16, 4, 0), PROTO_PORT(1),
	     IN(SET_HOST_PUBIP4, 0), DNAT(NFPROTO_IPV4)),
	RULE("prerouting", IPV4(0), TO_LOCAL, PROTO_PORT(0), IN(SET_HOST_PUB4, 0),
	     DNAT(NFPROTO_IPV4)),
	RULE("prerouting", IPV6(0), TO_LOCAL, NET_BYTES(24, 16, 0), PROTO_PORT(4),
	     IN(SET_HOST_PUBIP6, 0), DNAT(NFPROTO_IPV6)),
	RULE("prerouting", IPV6(0), TO_LOCAL, PROTO_PORT(0), IN(SET_HOST_PUB6, 0),
	     DNAT(NFPROTO_IPV6)),
	/* Ranges behind single ports, though no port is ever in both: those are found by an exact match. */
	RULE("prerouting", IPV4(0), TO_LOCAL, NET_BYTES(16, 4, 0), PROTO_PORT(1),
	     IN(SET_HOST_RANGEIP4, 0), DNAT_KEEPING(NFPROTO_IPV4)),
	RULE("prerouting", IPV4(0), TO_LOCAL, PROTO_PORT(0), IN(SET_HOST_RANGE4, 0),
	     DNAT_KEEPING(NFPROTO_IPV4)),
	RULE("prerouting", IPV6(0), TO_LOCAL, NET_BYTES(24, 16, 0), PROTO_PORT(4),
	     IN(SET_HOST_RANGEIP6, 0), DNAT_KEEPING(NFPROTO_IPV6)),
	RULE("prerouting", IPV6(0), TO_LOCAL, PROTO_PORT(0), IN(SET_HOST_RANGE6, 0),
	     DNAT_KEEPING(NFPROTO_IPV6)),

	/* The host itself as a client: 127.0.0.0/8 too; not ::1, whose answers would never come back. */
	RULE("output", IPV4(0), TO_LOCAL, NET_BYTES(16, 4, 0), PROTO_PORT(1),
	     IN(SET_HOST_PUBIP4, 0), DNAT(NFPROTO_IPV4)),
	RULE("output", IPV4(0), TO_LOCAL, PROTO_PORT(0), IN(SET_HOST_PUB4, 0),
	     DNAT(NFPROTO_IPV4)),
	RULE("output", IPV6(0), NET_BYTES(24, 16, 0), IS_NOT(0, 16, [15] = 1), TO_LOCAL,
	     NET_BYTES(24, 16, 0), PROTO_PORT(4), IN(SET_HOST_PUBIP6, 0), DNAT(NFPROTO_IPV6)),
	RULE("output", IPV6(0), NET_BYTES(24, 16, 0), IS_NOT(0, 16, [15] = 1), TO_LOCAL,
	     PROTO_PORT(0), IN(SET_HOST_PUB6, 0), DNAT(NFPROTO_IPV6)),
	RULE("output", IPV4(0), TO_LOCAL, NET_BYTES(16, 4, 0), PROTO_PORT(1),
	     IN(SET_HOST_RANGEIP4, 0), DNAT_KEEPING(NFPROTO_IPV4)),
	RULE("output", IPV4(0), TO_LOCAL, PROTO_PORT(0), IN(SET_HOST_RANGE4, 0),
	     DNAT_KEEPING(NFPROTO_IPV4)),
	RULE("output", IPV6(0), NET_BYTES(24, 16, 0), IS_NOT(0, 16, [15] = 1), TO_LOCAL,
	     NET_BYTES(24, 16, 0), PROTO_PORT(4), IN(SET_HOST_RANGEIP6, 0),
	     DNAT_KEEPING(NFPROTO_IPV6)),
	RULE("output", IPV6(0), NET_BYTES(24, 16, 0), IS_NOT(0, 16, [15] = 1), TO_LOCAL,
	     PROTO_PORT(0), IN(SET_HOST_RANGE6, 0), DNAT_KEEPING(NFPROTO_IPV6)),

	RULE("postrouting", OUT_BY_UPLINK, IPV4(0), NET_BYTES(12, 1, 0), IS(0, 1, 127),
	     MASQUERADE),
	/* Hairpin, and tenant to tenant by a published port: both ends must come back through the host. */
	RULE("postrouting", CT_DNAT, FROM_UPLINK, OUT_BY_UPLINK, MASQUERADE),
	/* Addresses that are routed here leave as they are. */
	RULE("postrouting", FROM_UPLINK, IPV4(0), FROM_OWN4, ACCEPT),
	RULE("postrouting", FROM_UPLINK, IPV6(0), FROM_OWN6, ACCEPT),
	RULE("postrouting", FROM_UPLINK, META(OIFNAME, 0), NOT_IN(SET_HOST_UPLINK, 0),
	     MASQUERADE),
	{0},
};

const struct nft_skeleton nft_ruleset_host = {
	.kind = RULESET_HOST,
	.version = 4,
	.family = NFPROTO_INET,
	.word = "host",
	.chains = chains,
	.rules = rules,
	.tallies = tallies,
};
