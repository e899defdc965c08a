/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset_router - table inet moat of a router: what passes between a tenant's
 * networks and its uplink. Floor F2. The uplink's name in a router is always
 * "uplink"; the networks that may use it are the elements of `egress`.
 *
 * What passes within one network: of a bridge, what comes in and goes out by it
 * (only where br_netfilter calls us, or a stack sends by the gateway to its own
 * neighbour); of a routed network everything, from port to port. Rules cannot
 * compare the networks of two devices (before 6.13), so the packet is marked with
 * that of the way in, and mark and way out must stand in `members`. Two hash
 * look-ups for the first packet of a flow, however many ports there are; and it
 * does not hang on the source address, so it holds without a guard, too. Marks
 * have no other use in a router, and none comes in: a veth between namespaces
 * clears it (skb_scrub_packet() in net/core/skbuff.c).
 */
#include "lib/kern/nft_skeleton.h"

static const struct nft_chain_def chains[] = {
	{"input", "filter", NF_INET_LOCAL_IN, NF_DROP, 0, false},
	{"forward", "filter", NF_INET_FORWARD, NF_DROP, 0, false},
	{"prerouting", "nat", NF_INET_PRE_ROUTING, NF_ACCEPT, -100, false},
	{"postrouting", "nat", NF_INET_POST_ROUTING, NF_ACCEPT, 100, false},
	{0},
};

/* To outside, with the source address of a prefix that is routed to the network the packet is marked with. */
#define ROUTED4 META(OIFNAME, 0), IS_NAME(0, "uplink"), IPV4(0), NET_BYTES(12, 4, 0), META(MARK, 1), IN(SET_ROUTER_ROUTED4, 0)
#define ROUTED6 META(OIFNAME, 0), IS_NAME(0, "uplink"), IPV6(0), NET_BYTES(8, 16, 0), META(MARK, 4), IN(SET_ROUTER_ROUTED6, 0)

#define NAMES6 0xfe, 0xc0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1 /* network_names6() */

static const struct nft_tally_def tallies[] = {{0}};

static const struct nft_rule_def rules[] = {
	RULE("input", CT_IS(NFT_CT_KNOWN), ACCEPT),
	RULE("input", META(IIFNAME, 0), IS_NAME(0, "lo"), ACCEPT),
	RULE("input", IPV6(0), L4(0, IPPROTO_ICMPV6), TRANS_BYTES(0, 1, 0),
	     BYTE_BETWEEN(0, 135, 136) /* neighbour solicitation, advertisement */, ACCEPT),
	/*
	 * From here on the address must be one of the device it came by: the gateway of another network is not to be
	 * reached. Those of all routed ports stand on none of them.
	 */
	RULE("input", IPV4(0), META(IIFNAME, 0), IS(0, 2, 'm', 'p'), NET_BYTES(16, 4, 0),
	     IS_NOT(0, 4, 169, 254, 1, 1), DROP),
	RULE("input", IPV6(0), META(IIFNAME, 0), IS(0, 2, 'm', 'p'), NET_BYTES(24, 16, 0), IS_NOT(0, 16, NAMES6), DROP),
	RULE("input", META(IIFNAME, 0), IS_NOT(0, 2, 'm', 'p'),
	     FIB(ADDRTYPE, NFTA_FIB_F_DADDR | NFTA_FIB_F_IIF, 0), IS_NOT32(0, 2 /* RTN_LOCAL */), DROP),
	RULE("input", IPV4(0), L4(0, IPPROTO_ICMP), TRANS_BYTES(0, 1, 0),
	     IS(0, 1, 8 /* echo request */), ACCEPT),
	RULE("input", IPV6(0), L4(0, IPPROTO_ICMPV6), TRANS_BYTES(0, 1, 0),
	     IS(0, 1, 128 /* echo request */), ACCEPT),
	/* the name service: UDP and TCP, port 53 */
	RULE("input", META(IIFNAME, 0), IN(SET_ROUTER_DNS, 0), L4(0, IPPROTO_UDP), TRANS_BYTES(2, 2, 0), IS(0, 2, 0, 53),
	     ACCEPT),
	RULE("input", META(IIFNAME, 0), IN(SET_ROUTER_DNS, 0), L4(0, IPPROTO_TCP), TRANS_BYTES(2, 2, 0), IS(0, 2, 0, 53),
	     ACCEPT),

	RULE("forward", CLAMP_MSS),
	/*
	 * Of a flow that was let out, answered or not, either way: nearly all that goes by the uplink. A network made later under its
	 * target's address is no part of what it was let do, and the kernel sees to that (CT_SNAT).
	 */
	RULE("forward", CT_SNAT, ACCEPT),
	RULE("forward", CT_IS(NFT_CT_KNOWN), ACCEPT),
	/*
	 * What belongs to no flow falls where addresses are translated. Within a tenant it may be the one half of a flow
	 * whose other half goes from neighbour to neighbour: of an address that an endpoint was allowed, beside its own.
	 */
	RULE("forward", CT_IS(NFT_CT_INVALID), META(IIFNAME, 0), IS_NAME(0, "uplink"), DROP),
	RULE("forward", CT_IS(NFT_CT_INVALID), META(OIFNAME, 0), IS_NAME(0, "uplink"), DROP),
	/* Published: from the uplink, or hairpin of a network that may go out (below); an internal one reaches no other so. */
	RULE("forward", CT_DNAT, META(IIFNAME, 0), IS_NAME(0, "uplink"), ACCEPT),
	/* whose it is: asked here, and again where addresses are translated */
	RULE("forward", META(IIFNAME, 0), IN(SET_ROUTER_NETWORK, 0), META_SET(MARK, 0)),
	RULE("forward", META(IIFNAME, 0), IN(SET_ROUTER_EGRESS, 0), META(OIFNAME, 0),
	     IS_NAME(0, "uplink"), ACCEPT),
	RULE("forward", CT_DNAT, META(IIFNAME, 0), IN(SET_ROUTER_EGRESS, 0), ACCEPT),
	RULE("forward", META(OIFNAME, 0), META(MARK, 4), IN(SET_ROUTER_MEMBER, 0), ACCEPT),
	RULE("forward", ROUTED4, ACCEPT),
	RULE("forward", ROUTED6, ACCEPT),
	/*
	 * The host itself, by its end of the uplink, to networks with host access; nothing it forwards has that address but
	 * what was published. The mark becomes that of the way out, which is why this comes last.
	 */
	RULE("forward", META(IIFNAME, 0), IS_NAME(0, "uplink"), META(OIFNAME, 0), IN(SET_ROUTER_NETWORK, 0), META_SET(MARK, 0)),
	RULE("forward", META(IIFNAME, 0), IS_NAME(0, "uplink"), IPV4(0), NET_BYTES(12, 4, 0), META(MARK, 1),
	     IN(SET_ROUTER_HOST4, 0), ACCEPT),
	RULE("forward", META(IIFNAME, 0), IS_NAME(0, "uplink"), IPV6(0), NET_BYTES(8, 16, 0), META(MARK, 4),
	     IN(SET_ROUTER_HOST6, 0), ACCEPT),

	RULE("prerouting", IPV4(0), TO_LOCAL, META(L4PROTO, 0), TRANS_BYTES(2, 2, 1),
	     IN(SET_ROUTER_PUB4, 0), DNAT(NFPROTO_IPV4)),
	RULE("prerouting", IPV6(0), TO_LOCAL, META(L4PROTO, 0), TRANS_BYTES(2, 2, 1),
	     IN(SET_ROUTER_PUB6, 0), DNAT(NFPROTO_IPV6)),
	RULE("prerouting", IPV4(0), TO_LOCAL, META(L4PROTO, 0), TRANS_BYTES(2, 2, 1),
	     IN(SET_ROUTER_RANGE4, 0), DNAT_KEEPING(NFPROTO_IPV4)),
	RULE("prerouting", IPV6(0), TO_LOCAL, META(L4PROTO, 0), TRANS_BYTES(2, 2, 1),
	     IN(SET_ROUTER_RANGE6, 0), DNAT_KEEPING(NFPROTO_IPV6)),
	RULE("prerouting", IPV4(0), TO_LOCAL, META(L4PROTO, 0), TRANS_BYTES(2, 2, 1),
	     IN(SET_ROUTER_SHIFT4, 0), DNAT_SHIFTING(NFPROTO_IPV4)),
	RULE("prerouting", IPV6(0), TO_LOCAL, META(L4PROTO, 0), TRANS_BYTES(2, 2, 1),
	     IN(SET_ROUTER_SHIFT6, 0), DNAT_SHIFTING(NFPROTO_IPV6)),

	RULE("postrouting", ROUTED4, ACCEPT),
	RULE("postrouting", ROUTED6, ACCEPT),
	RULE("postrouting", META(OIFNAME, 0), IS_NAME(0, "uplink"), MASQUERADE),
	/* Hairpin: the answer must come back through us, or the client would see another address answering. */
	RULE("postrouting", CT_DNAT, META(IIFNAME, 0), IN(SET_ROUTER_EGRESS, 0),
	     META(OIFNAME, 0), IN(SET_ROUTER_EGRESS, 0), MASQUERADE),
	{0},
};

const struct nft_skeleton nft_ruleset_router = {
	.kind = RULESET_ROUTER,
	.version = 4,
	.family = NFPROTO_INET,
	.word = "router",
	.chains = chains,
	.rules = rules,
	.tallies = tallies,
};
