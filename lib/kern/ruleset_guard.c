/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset_guard - table netdev moat of a router: what a port may send. Floor F2.
 *
 * A frame of a guarded port meets this before the bridge learns or forwards
 * anything. Everything is keyed by the port's name, so a port can only speak
 * with the MAC and the addresses it was given:
 *
 *   port:  what is usual passes at once; else:
 *          ether saddr known, broadcast and multicast below a rate -> v4 | v6 | arp by ethertype, else "restricted"
 *   arp:   Ethernet/IPv4 only; both senders (frame and ARP) and the sender's address known; probes of own MAC
 *   v4:    no options (but router alert on IGMP reports), source known, no DHCP server, redirect, router advert
 *   v6:    no routing header, header chain must be walkable, source known, no DHCPv6 server, ICMPv6 apart
 *   icmp6: ND -> nd; MLD reports and error or echo messages of known sources; nothing else
 *   nd:    no extension header in front, no RA or redirect, exact lengths, link-layer option and target known
 *
 * Ethertypes are read from the link header, where the kernel shows a VLAN tag that it has already taken off into
 * metadata (nft_payload_copy_vlan(), net/netfilter/nft_payload.c), so a tag, VID 0 too, ends in "restricted".
 *
 * IPv6 fragments: the kernel walks the chain to the upper layer for us. A first fragment shows its ICMPv6 type and is
 * judged by it; ND in a fragment has an extension header in front and falls. A later fragment shows only that it
 * belongs to ICMPv6: it may pass with a known source, since without its first part nothing is ever reassembled. A chain
 * that is cut by the fragment, so that the upper layer cannot be known, is dropped.
 */
#include "lib/kern/nft_skeleton.h"

enum {
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	ICMP6_MLD_QUERY = 130,
	ICMP6_MLD_REPORT = 131,
	ICMP6_MLD_DONE = 132,
	ICMP6_ND_FIRST = 133,
	ICMP6_ND_SOLICIT_ROUTER = 133,
	ICMP6_ND_SOLICIT = 135,
	ICMP6_ND_ADVERT = 136,
	ICMP6_ND_LAST = 137,
	ICMP6_MLD2_REPORT = 143,
};

/*
 * Where devices are added to a standing chain: one of sixteen, by the last digit of their names (nft_list_chain()), which are
 * random ids. The kernel walks a chain's devices for each that comes or goes; and it tells of a chain in one message, whose
 * list of devices has 64 kB at most: beyond 3,276 of them it can be asked about no more.
 */
#define LIST_CHAIN(DIGIT)                     \
	{                                     \
		.name = NFT_LIST_PREFIX DIGIT, \
		.type = "filter",             \
		.hook = NF_NETDEV_INGRESS,    \
		.priority = NFT_GUARD_PRIORITY, \
		.policy = NF_DROP,            \
		.listed = true,               \
	}

static const struct nft_chain_def chains[] = {
	{.name = NFT_PORT_CHAIN},
	{.name = "arp"},
	{.name = "v4"},
	{.name = "igmp"},
	{.name = "v6"},
	{.name = "icmp6"},
	{.name = "mld"},
	{.name = "nd"},
	LIST_CHAIN("0"), LIST_CHAIN("1"), LIST_CHAIN("2"), LIST_CHAIN("3"),
	LIST_CHAIN("4"), LIST_CHAIN("5"), LIST_CHAIN("6"), LIST_CHAIN("7"),
	LIST_CHAIN("8"), LIST_CHAIN("9"), LIST_CHAIN("a"), LIST_CHAIN("b"),
	LIST_CHAIN("c"), LIST_CHAIN("d"), LIST_CHAIN("e"), LIST_CHAIN("f"),
	{0},
};

/*
 * Broadcast and multicast frames of one port. Each of them is copied to every other port of its bridge, so what one
 * stack may cost all others is bounded here. ARP, ND, DHCP, mDNS and routing protocols are far below.
 */
enum { STORM_RATE = 500, STORM_BURST = 500 };

static const struct nft_tally_def tallies[] = {
	{.name = "mac_spoofed"},  {.name = "ip_spoofed"},
	{.name = "arp_spoofed"},  {.name = "nd_spoofed"},
	{.name = "dhcp_spoofed"}, {.name = "restricted"},
	{.name = "rate"},         {.name = "storm", .rate = STORM_RATE, .burst = STORM_BURST},
	{0},
};

#define PORT_AND(FIELD) META(IIFNAME, 0), FIELD
#define SOURCE6         PORT_AND(NET_BYTES(8, 16, 4)) /* iifname . ip6 saddr */
#define TYPE6(TYPE)     TRANS_BYTES(0, 1, 0), IS(0, 1, TYPE)
#define LENGTH6(BYTES)  NET_BYTES(4, 2, 0), IS(0, 2, 0, BYTES)
#define OPTION_AT(OFF, TYPE)                                                                   \
	TRANS_BYTES(OFF, 2, 0), IS(0, 2, TYPE, 1) /* of one unit of 8 bytes */
#define OPTION_MAC_KNOWN(OFF) PORT_AND(TRANS_BYTES(OFF, 6, 4)), IN(SET_GUARD_MAC, 0)
#define TARGET_KNOWN          PORT_AND(TRANS_BYTES(8, 16, 4)), IN(SET_GUARD_IP6, 0)
/* One of its own, which costs one look-up, or one that it was allowed. */
#define NOT_ADDRESS4          NOT_IN(SET_GUARD_IP4, 0), NOT_IN(SET_GUARD_ALLOW4, 0)
#define NOT_ADDRESS6          NOT_IN(SET_GUARD_IP6, 0), NOT_IN(SET_GUARD_ALLOW6, 0)
#define TARGET_ALLOWED        PORT_AND(TRANS_BYTES(8, 16, 4)), IN(SET_GUARD_ALLOW6, 0)
#define FROM_NOBODY           NET_BYTES(8, 16, 0), IS(0, 16, 0)
#define RESTRICTED            COUNT("restricted"), DROP
#define LIST_RULE(DIGIT)      RULE(NFT_LIST_PREFIX DIGIT, GOTO(NFT_PORT_CHAIN))

/*
 * What most packets are, told by one look-up instead of two and by two rules instead of twelve: TCP and UDP over IPv4 without
 * options, to one station, from the MAC and address of the port (arp_ok holds just these). Nothing below would say otherwise of
 * them but for a DHCP server's port, which is left to it, as is everything that does not fit: later fragments, too, which
 * have no port. Bytes of the network header are what the kernel loads in place (nft_payload_fast_eval()); a meta is a call.
 */
#define USUAL4(PROTO)                                                                          \
	LINK_BYTES(12, 2, 0), IS(0, 2, 0x08, 0x00), NET_BYTES(9, 1, 0), IS(0, 1, PROTO),       \
		NET_BYTES(0, 1, 0), IS(0, 1, 0x45), TRANS_BYTES(0, 2, 0), IS_NOT(0, 2, 0, 67), \
		META(PKTTYPE, 0), IS_NOT(0, 1, 1 /* broadcast */), IS_NOT(0, 1, 2 /* multicast */), META(IIFNAME, 0),    \
		LINK_BYTES(6, 6, 4), NET_BYTES(12, 4, 6), IN(SET_GUARD_ARP, 0), ACCEPT

static const struct nft_rule_def rules[] = {
	RULE(NFT_PORT_CHAIN, USUAL4(IPPROTO_UDP)),
	RULE(NFT_PORT_CHAIN, USUAL4(IPPROTO_TCP)),

	RULE(NFT_PORT_CHAIN, PORT_AND(LINK_BYTES(6, 6, 4)), NOT_IN(SET_GUARD_MAC, 0),
	     COUNT("mac_spoofed"), DROP),
	RULE(NFT_PORT_CHAIN, META(PKTTYPE, 0), BYTE_BETWEEN(0, 1 /* broadcast */, 2 /* multicast */),
	     META(IIFNAME, 0), TALLY("storm", 0), COUNT("rate"), DROP),
	RULE(NFT_PORT_CHAIN, LINK_BYTES(12, 2, 0), IS(0, 2, 0x08, 0x00), GOTO("v4")),
	RULE(NFT_PORT_CHAIN, LINK_BYTES(12, 2, 0), IS(0, 2, 0x86, 0xdd), GOTO("v6")),
	RULE(NFT_PORT_CHAIN, LINK_BYTES(12, 2, 0), IS(0, 2, 0x08, 0x06), GOTO("arp")),
	RULE(NFT_PORT_CHAIN, RESTRICTED),

	/*
	 * ARP: hardware 1, protocol 0x0800, lengths 6 and 4, op | sender MAC 8, IP 14 | target MAC 18, IP 24.
	 * The frame's sender and ARP's sender must both stand with that address in the set: for a port of one MAC
	 * they are then the same.
	 */
	RULE("arp", NET_BYTES(0, 6, 0), IS_NOT(0, 6, 0, 1, 0x08, 0x00, 6, 4), RESTRICTED),
	RULE("arp", META(IIFNAME, 0), LINK_BYTES(6, 6, 4), NET_BYTES(14, 4, 6),
	     IN(SET_GUARD_ARP, 0), META(IIFNAME, 0), NET_BYTES(8, 6, 4), NET_BYTES(14, 4, 6),
	     IN(SET_GUARD_ARP, 0), ACCEPT),
	RULE("arp", NET_BYTES(14, 4, 0), IS(0, 4, 0), NET_BYTES(6, 2, 0), IS(0, 2, 0, 1),
	     META(IIFNAME, 0), NET_BYTES(8, 6, 4), IN(SET_GUARD_MAC, 0), ACCEPT),
	/* The same of an address it was allowed. */
	RULE("arp", PORT_AND(NET_BYTES(14, 4, 4)), IN(SET_GUARD_ALLOW4, 0), META(IIFNAME, 0), LINK_BYTES(6, 6, 4),
	     IN(SET_GUARD_MAC, 0), META(IIFNAME, 0), NET_BYTES(8, 6, 4), IN(SET_GUARD_MAC, 0), ACCEPT),
	RULE("arp", COUNT("arp_spoofed"), DROP),

	/* IGMP: version and length 0x46, the one option is router alert (RFC 2113). */
	RULE("v4", NET_BYTES(0, 1, 0), IS(0, 1, 0x46), NET_BYTES(9, 1, 0),
	     IS(0, 1, IPPROTO_IGMP), NET_BYTES(20, 4, 0), IS(0, 4, 0x94, 0x04, 0, 0),
	     GOTO("igmp")),
	RULE("v4", NET_BYTES(0, 1, 0), IS_NOT(0, 1, 0x45), RESTRICTED),
	/* A client without address asks for one: 0.0.0.0:68 to 255.255.255.255:67. */
	RULE("v4", NET_BYTES(12, 8, 0), IS(0, 8, 0, 0, 0, 0, 255, 255, 255, 255),
	     L4(0, IPPROTO_UDP), TRANS_BYTES(0, 4, 0), IS(0, 4, 0, 68, 0, 67), ACCEPT),
	RULE("v4", PORT_AND(NET_BYTES(12, 4, 4)), NOT_ADDRESS4, COUNT("ip_spoofed"),
	     DROP),
	RULE("v4", L4(0, IPPROTO_UDP), TRANS_BYTES(0, 2, 0), IS(0, 2, 0, 67),
	     COUNT("dhcp_spoofed"), DROP),
	RULE("v4", L4(0, IPPROTO_ICMP), TRANS_BYTES(0, 1, 0), IS(0, 1, 5 /* redirect */),
	     RESTRICTED),
	RULE("v4", L4(0, IPPROTO_ICMP), TRANS_BYTES(0, 1, 0),
	     IS(0, 1, 9 /* router advertisement */), RESTRICTED),
	RULE("v4", L4(0, IPPROTO_IGMP), GOTO("igmp")),
	RULE("v4", ACCEPT),

	/*
	 * Reports of membership are for routers and switches that keep count of groups. A bridge of ours does not (nor may
	 * anybody ask: queries are refused), it floods; so a report would go to every other port and serve nobody.
	 * A stack that comes up sends some three, and on a segment of 1,000 they were most of what an attach cost, and
	 * drowned the neighbour solicitations of others. So they end here; that a group is joined harms nobody, and
	 * is counted nowhere.
	 */
	RULE("igmp", PORT_AND(NET_BYTES(12, 4, 4)), NOT_ADDRESS4,
	     COUNT("ip_spoofed"), DROP),
	RULE("igmp", TRANS_BYTES(0, 1, 0), IS_NOT(0, 1, 0x11 /* membership query */), DROP),
	RULE("igmp", RESTRICTED),

	/*
	 * Nobody is there to hear a group on a routed port, whose neighbours are fixed; and the router, before it knew
	 * so, would walk the ff00::/8 routes of all its ports (find_rr_leaf() in net/ipv6/route.c has no way out of one
	 * list of equals), once for each frame.
	 */
	RULE("v6", NET_BYTES(24, 1, 0), IS(0, 1, 0xff), META(IIFNAME, 0), IN(SET_GUARD_ROUTED, 0), DROP),
	RULE("v6", EXTHDR_EXISTS(NEXT_ROUTING, 0), IS(0, 1, 1), RESTRICTED),
	RULE("v6", L4(0, IPPROTO_ICMPV6), GOTO("icmp6")),
	RULE("v6", SOURCE6, NOT_ADDRESS6, COUNT("ip_spoofed"), DROP),
	RULE("v6", L4(0, IPPROTO_UDP), TRANS_BYTES(0, 2, 0), IS(0, 2, 0x02, 0x23 /* 547 */),
	     COUNT("dhcp_spoofed"), DROP),
	/* The load fails, and the rule with it, when the header chain could not be walked to its end. */
	RULE("v6", META(L4PROTO, 0), IS_NOT(0, 1, 255), ACCEPT),
	RULE("v6", RESTRICTED),

	RULE("icmp6", TRANS_BYTES(0, 1, 0), BYTE_BETWEEN(0, ICMP6_ND_FIRST, ICMP6_ND_LAST),
	     GOTO("nd")),
	RULE("icmp6", TRANS_BYTES(0, 1, 0), BYTE_BETWEEN(0, ICMP6_MLD_REPORT, ICMP6_MLD_DONE),
	     GOTO("mld")),
	RULE("icmp6", TYPE6(ICMP6_MLD2_REPORT), GOTO("mld")),
	RULE("icmp6", SOURCE6, NOT_ADDRESS6, COUNT("ip_spoofed"), DROP),
	RULE("icmp6", TRANS_BYTES(0, 1, 0), AT_MOST(0, 1, 129 /* errors and echo */), ACCEPT),
	/* A later fragment: 13 bits of offset, not zero. */
	RULE("icmp6", EXTHDR_BYTES(NEXT_FRAGMENT, 2, 2, 0), AND(0, 2, 0xff, 0xf8),
	     IS_NOT(0, 2, 0), ACCEPT),
	RULE("icmp6", RESTRICTED),

	/* Reports have a router alert in a hop-by-hop header (RFC 3810 section 5), to a group, from :: at first. */
	RULE("mld", NET_BYTES(24, 1, 0), IS_NOT(0, 1, 0xff), RESTRICTED),
	RULE("mld", FROM_NOBODY, DROP),
	RULE("mld", SOURCE6, NOT_ADDRESS6, COUNT("ip_spoofed"), DROP),
	RULE("mld", DROP),

	/* Next header must be ICMPv6 itself: any extension header, or fragment, in front of ND is an attack (RFC 6980). */
	RULE("nd", NET_BYTES(6, 1, 0), IS_NOT(0, 1, IPPROTO_ICMPV6), COUNT("nd_spoofed"), DROP),
	/* Duplicate address detection from ::, of own addresses, bare or with a nonce (RFC 7527). */
	RULE("nd", FROM_NOBODY, TYPE6(ICMP6_ND_SOLICIT), LENGTH6(24), TARGET_KNOWN, ACCEPT),
	RULE("nd", FROM_NOBODY, TYPE6(ICMP6_ND_SOLICIT), LENGTH6(32), OPTION_AT(24, 14),
	     TARGET_KNOWN, ACCEPT),
	RULE("nd", FROM_NOBODY, TYPE6(ICMP6_ND_SOLICIT), LENGTH6(24), TARGET_ALLOWED, ACCEPT),
	RULE("nd", FROM_NOBODY, TYPE6(ICMP6_ND_SOLICIT), LENGTH6(32), OPTION_AT(24, 14),
	     TARGET_ALLOWED, ACCEPT),
	/* Router solicitation: from :: bare, else as the others. */
	RULE("nd", FROM_NOBODY, TYPE6(ICMP6_ND_SOLICIT_ROUTER), LENGTH6(8), ACCEPT),
	RULE("nd", SOURCE6, NOT_ADDRESS6, COUNT("nd_spoofed"), DROP),
	RULE("nd", TYPE6(ICMP6_ND_SOLICIT_ROUTER), LENGTH6(8), ACCEPT),
	RULE("nd", TYPE6(ICMP6_ND_SOLICIT_ROUTER), LENGTH6(16), OPTION_AT(8, 1),
	     OPTION_MAC_KNOWN(10), ACCEPT),
	RULE("nd", TYPE6(ICMP6_ND_SOLICIT), LENGTH6(24), ACCEPT),
	RULE("nd", TYPE6(ICMP6_ND_SOLICIT), LENGTH6(32), OPTION_AT(24, 1), OPTION_MAC_KNOWN(26),
	     ACCEPT),
	RULE("nd", TYPE6(ICMP6_ND_ADVERT), LENGTH6(24), TARGET_KNOWN, ACCEPT),
	RULE("nd", TYPE6(ICMP6_ND_ADVERT), LENGTH6(32), OPTION_AT(24, 2), OPTION_MAC_KNOWN(26),
	     TARGET_KNOWN, ACCEPT),
	RULE("nd", TYPE6(ICMP6_ND_ADVERT), LENGTH6(24), TARGET_ALLOWED, ACCEPT),
	RULE("nd", TYPE6(ICMP6_ND_ADVERT), LENGTH6(32), OPTION_AT(24, 2), OPTION_MAC_KNOWN(26),
	     TARGET_ALLOWED, ACCEPT),
	RULE("nd", COUNT("nd_spoofed"), DROP),

	LIST_RULE("0"), LIST_RULE("1"), LIST_RULE("2"), LIST_RULE("3"),
	LIST_RULE("4"), LIST_RULE("5"), LIST_RULE("6"), LIST_RULE("7"),
	LIST_RULE("8"), LIST_RULE("9"), LIST_RULE("a"), LIST_RULE("b"),
	LIST_RULE("c"), LIST_RULE("d"), LIST_RULE("e"), LIST_RULE("f"),
	{0},
};

const struct nft_skeleton nft_ruleset_guard = {
	.kind = RULESET_GUARD,
	.version = 4,
	.family = NFPROTO_NETDEV,
	.word = "guard",
	.chains = chains,
	.rules = rules,
	.tallies = tallies,
};
