/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kern_guard - frames against the guard, one row each: sent by an attacker's
 * port to a bridge, looked for at a victim's. Every frame is sent three times:
 * without guard (it must arrive, or the row would prove nothing), and guarded
 * by a chain of the port's own and by the chain with a device list. Then real
 * traffic passes in both families, neighbours unknown.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/needs.h"
#include "tests/netns/kern/world.h"

#define ROUTER NS_ID(NS_ROUTER, 0x42)
#define PORT_A "mp00000000000a"
#define PORT_V "mp00000000000b"

/* clang-format off */
/* Hexadecimal pieces. Lengths of IP headers are filled in when the frame is built. */
#define MAC_A "02000000000a"
#define MAC_V "02000000000b"
#define MAC_X "020000000099"
#define ALL "ffffffffffff"
#define IP_A "0a00000a"
#define IP_V "0a00000b"
#define IP6_A "fd00000000000000000000000000000a"
#define IP6_V "fd00000000000000000000000000000b"
#define LL_A "fe80000000000000000000000000000a"
#define LL_V "fe80000000000000000000000000000b"
#define NOBODY "00000000000000000000000000000000"
#define NODES "ff020000000000000000000000000001"
#define TO_V MAC_V MAC_A
#define IP4(PROTO, SRC, DST) "0800" "45000000" "00010000" "40" PROTO "0000" SRC DST
#define IP4_FRAG(OFFSET, PROTO, SRC, DST) "0800" "45000000" "0001" OFFSET "40" PROTO "0000" SRC DST
#define IP4_OPTION(PROTO, SRC, DST, OPTION) "0800" "46000000" "00010000" "40" PROTO "0000" SRC DST OPTION
#define IP6(NEXT, SRC, DST) "86dd" "60000000" "0000" NEXT "ff" SRC DST
#define UDP(SPORT, DPORT) SPORT DPORT "000c0000" "6d6f6174"
#define ARP(OP, SMAC, SIP, TMAC, TIP) "0806" "000108000604" OP SMAC SIP TMAC TIP
#define ICMP6(TYPE) TYPE "00" "0000"
#define ECHO6 ICMP6("80") "00010001" "6d6f6174"
#define NS(TARGET) ICMP6("87") "00000000" TARGET
#define NA(TARGET) ICMP6("88") "60000000" TARGET
#define OPTION_FROM(MAC) "0101" MAC
#define OPTION_TARGET(MAC) "0201" MAC
#define NONCE "0e01" "123456789abc"
#define RA ICMP6("86") "40000708" "0000000000000000"
#define REDIRECT ICMP6("89") "00000000" IP6_V IP6_V
/* One extension header in front of ICMPv6: the next header, one unit of padding. */
#define EXT(NEXT) NEXT "00" "010400000000"
#define FRAGMENT(NEXT, OFFSET) NEXT "00" OFFSET "12345678"

static const struct row {
	const char *name;
	const char *hex;
	const char *counter; /* NULL: passes; "": goes no further, and is no fault */
	bool never_forwarded; /* by a bridge, with or without guard */
} rows[] = {
	/* what a decent stack sends */
	{ "udp4", TO_V IP4("11", IP_A, IP_V) UDP("1000", "2000"), NULL, false },
	{ "udp4 second fragment", TO_V IP4_FRAG("0010", "11", IP_A, IP_V) "6d6f6174", NULL, false },
	{ "echo request", TO_V IP4("01", IP_A, IP_V) "0800000000010001", NULL, false },
	{ "arp request", ALL MAC_A ARP("0001", MAC_A, IP_A, "000000000000", IP_V), NULL, false },
	{ "arp reply", TO_V ARP("0002", MAC_A, IP_A, MAC_V, IP_V), NULL, false },
	{ "arp probe", ALL MAC_A ARP("0001", MAC_A, "00000000", "000000000000", IP_A), NULL, false },
	{ "dhcp discover", ALL MAC_A IP4("11", "00000000", "ffffffff") UDP("0044", "0043"), NULL, false },
	{ "igmp report", "01005e000016" MAC_A IP4_OPTION("02", IP_A, "e0000016", "94040000") "2200000000000001", "", false },
	{ "udp6", TO_V IP6("11", IP6_A, IP6_V) UDP("1000", "2000"), NULL, false },
	{ "echo6", TO_V IP6("3a", IP6_A, IP6_V) ECHO6, NULL, false },
	{ "echo6 first fragment", TO_V IP6("2c", IP6_A, IP6_V) FRAGMENT("3a", "0001") ECHO6 "00000000", NULL, false },
	{ "echo6 later fragment", TO_V IP6("2c", IP6_A, IP6_V) FRAGMENT("3a", "0010") "6d6f6174", NULL, false },
	{ "udp6 behind destination options", TO_V IP6("3c", IP6_A, IP6_V) EXT("11") UDP("1000", "2000"), NULL, false },
	{ "ns bare", TO_V IP6("3a", IP6_A, IP6_V) NS(IP6_V), NULL, false },
	{ "ns", TO_V IP6("3a", LL_A, LL_V) NS(LL_V) OPTION_FROM(MAC_A), NULL, false },
	{ "na", TO_V IP6("3a", IP6_A, IP6_V) NA(IP6_A) OPTION_TARGET(MAC_A), NULL, false },
	{ "na bare", TO_V IP6("3a", IP6_A, IP6_V) NA(IP6_A), NULL, false },
	{ "dad", "3333ff00000a" MAC_A IP6("3a", NOBODY, NODES) NS(IP6_A), NULL, false },
	{ "dad with nonce", "3333ff00000a" MAC_A IP6("3a", NOBODY, NODES) NS(IP6_A) NONCE, NULL, false },
	{ "rs", "333300000002" MAC_A IP6("3a", LL_A, NODES) ICMP6("85") "00000000" OPTION_FROM(MAC_A), NULL, false },
	{ "rs from nobody", "333300000002" MAC_A IP6("3a", NOBODY, NODES) ICMP6("85") "00000000", NULL, false },
	{ "mld2 report", "333300000016" MAC_A IP6("00", NOBODY, NODES) EXT("3a") ICMP6("8f") "00000000", "", false },
	{ "packet too big", TO_V IP6("3a", IP6_A, IP6_V) ICMP6("02") "00000500" "60000000", NULL, false },

	/* another's MAC */
	{ "mac spoofed", MAC_V MAC_X IP4("11", IP_A, IP_V) UDP("1000", "2000"), "mac_spoofed", false },
	{ "mac of the victim", ALL MAC_V IP4("11", IP_A, IP_V) UDP("1000", "2000"), "mac_spoofed", false },

	/* another's address */
	{ "ip spoofed", TO_V IP4("11", "0a000063", IP_V) UDP("1000", "2000"), "ip_spoofed", false },
	{ "ip of the victim", TO_V IP4("06", IP_V, IP_V) "0000000000000000", "ip_spoofed", false },
	{ "ip of nobody", TO_V IP4("11", "00000000", IP_V) UDP("1000", "2000"), "ip_spoofed", false },
	{ "igmp spoofed", "01005e000016" MAC_A IP4_OPTION("02", IP_V, "e0000016", "94040000") "2200000000000001", "ip_spoofed", false },
	{ "ip6 spoofed", TO_V IP6("11", IP6_V, IP6_V) UDP("1000", "2000"), "ip_spoofed", false },
	{ "ip6 of nobody", TO_V IP6("11", NOBODY, IP6_V) UDP("1000", "2000"), "ip_spoofed", false },
	{ "echo6 spoofed", TO_V IP6("3a", IP6_V, IP6_V) ECHO6, "ip_spoofed", false },
	{ "later fragment spoofed", TO_V IP6("2c", IP6_V, IP6_V) FRAGMENT("3a", "0010") "6d6f6174", "ip_spoofed", false },

	/* ARP */
	{ "arp reply for the victim", ALL MAC_A ARP("0002", MAC_A, IP_V, ALL, IP_V), "arp_spoofed", false },
	{ "arp request as the gateway", ALL MAC_A ARP("0001", MAC_A, "0a000001", "000000000000", IP_V), "arp_spoofed", false },
	{ "arp with another sender", TO_V ARP("0002", MAC_X, IP_A, MAC_V, IP_V), "arp_spoofed", false },
	{ "arp probe of another", ALL MAC_A ARP("0001", MAC_X, "00000000", "000000000000", IP_A), "arp_spoofed", false },
	{ "arp reply from 0.0.0.0", TO_V ARP("0002", MAC_A, "00000000", MAC_V, IP_V), "arp_spoofed", false },
	{ "arp of another protocol", TO_V "0806" "000186dd0604" "0001" MAC_A IP_A MAC_V IP_V, "restricted", false },

	/* ND */
	{ "na for the victim", TO_V IP6("3a", IP6_A, IP6_V) NA(IP6_V) OPTION_TARGET(MAC_A), "nd_spoofed", false },
	{ "na for the victim, from it", TO_V IP6("3a", IP6_V, IP6_V) NA(IP6_V) OPTION_TARGET(MAC_A), "nd_spoofed", false },
	{ "na with another mac", TO_V IP6("3a", IP6_A, IP6_V) NA(IP6_A) OPTION_TARGET(MAC_X), "nd_spoofed", false },
	{ "na with the wrong option", TO_V IP6("3a", IP6_A, IP6_V) NA(IP6_A) OPTION_FROM(MAC_A), "nd_spoofed", false },
	{ "na with two options", TO_V IP6("3a", IP6_A, IP6_V) NA(IP6_A) OPTION_TARGET(MAC_A) OPTION_TARGET(MAC_X), "nd_spoofed", false },
	{ "ns with another mac", TO_V IP6("3a", IP6_A, IP6_V) NS(IP6_V) OPTION_FROM(MAC_X), "nd_spoofed", false },
	{ "ns from the victim", TO_V IP6("3a", IP6_V, IP6_V) NS(IP6_A) OPTION_FROM(MAC_A), "nd_spoofed", false },
	{ "dad for the victim", "3333ff00000b" MAC_A IP6("3a", NOBODY, NODES) NS(IP6_V), "nd_spoofed", false },
	{ "ra", "333300000001" MAC_A IP6("3a", LL_A, NODES) RA, "nd_spoofed", false },
	{ "redirect6", TO_V IP6("3a", LL_A, IP6_V) REDIRECT, "nd_spoofed", false },
	{ "rs with another mac", "333300000002" MAC_A IP6("3a", LL_A, NODES) ICMP6("85") "00000000" OPTION_FROM(MAC_X), "nd_spoofed", false },
	{ "na behind hop-by-hop", TO_V IP6("00", IP6_A, IP6_V) EXT("3a") NA(IP6_A) OPTION_TARGET(MAC_A), "nd_spoofed", false },
	{ "na behind destination options", TO_V IP6("3c", IP6_A, IP6_V) EXT("3a") NA(IP6_V) OPTION_TARGET(MAC_A), "nd_spoofed", false },
	{ "ra behind hop-by-hop", "333300000001" MAC_A IP6("00", LL_A, NODES) EXT("3a") RA, "nd_spoofed", false },
	{ "ra in an atomic fragment", "333300000001" MAC_A IP6("2c", LL_A, NODES) FRAGMENT("3a", "0000") RA, "nd_spoofed", false },
	{ "na in a first fragment", TO_V IP6("2c", IP6_A, IP6_V) FRAGMENT("3a", "0001") NA(IP6_V), "nd_spoofed", false },
	{ "na behind two headers", TO_V IP6("00", IP6_A, IP6_V) EXT("3c") EXT("3a") NA(IP6_V), "nd_spoofed", false },

	/* servers */
	{ "dhcp offer", ALL MAC_A IP4("11", IP_A, "ffffffff") UDP("0043", "0044"), "dhcp_spoofed", false },
	{ "dhcp6 reply", TO_V IP6("11", LL_A, LL_V) UDP("0223", "0222"), "dhcp_spoofed", false },

	/* what has no place here */
	{ "vlan 0", TO_V "81000000" ARP("0002", MAC_A, IP_V, MAC_V, IP_V), "restricted", false },
	{ "vlan 0, own address", TO_V "81000000" IP4("11", IP_A, IP_V) UDP("1000", "2000"), "restricted", false },
	{ "vlan 7", TO_V "81000007" IP4("11", IP_A, IP_V) UDP("1000", "2000"), "restricted", false },
	{ "802.1ad", TO_V "88a80007" IP4("11", IP_A, IP_V) UDP("1000", "2000"), "restricted", false },
	{ "qinq", TO_V "88a80000" "81000000" ARP("0002", MAC_A, IP_V, MAC_V, IP_V), "restricted", false },
	{ "bpdu", "0180c2000000" MAC_A "0026" "424203" "0000000000" "000000000000000000000000000000000000000000", "restricted", false },
	{ "llc snap arp", TO_V "0024" "aaaa03" "000000" "0806" "000108000604" "0002" MAC_A IP_V MAC_V IP_V, "restricted", false },
	{ "lldp", "0180c200000e" MAC_A "88cc" "020704" MAC_A, "restricted", true },
	{ "lacp", "0180c2000002" MAC_A "8809" "0101", "restricted", true },
	{ "unknown ethertype", TO_V "1234" "6d6f6174", "restricted", false },
	{ "loose source route", TO_V IP4_OPTION("11", IP_A, IP_V, "8303 0400") UDP("1000", "2000"), "restricted", false },
	{ "record route", TO_V IP4_OPTION("11", IP_A, IP_V, "07030400") UDP("1000", "2000"), "restricted", false },
	{ "icmp redirect", TO_V IP4("01", IP_A, IP_V) "05000000" IP_A, "restricted", false },
	{ "icmp router advertisement", TO_V IP4("01", IP_A, IP_V) "0900000000000000", "restricted", false },
	{ "igmp query", "01005e000001" MAC_A IP4_OPTION("02", IP_A, "e0000001", "94040000") "1164000000000000", "restricted", false },
	{ "igmp query without option", "01005e000001" MAC_A IP4("02", IP_A, "e0000001") "1164000000000000", "restricted", false },
	{ "mld query", "333300000001" MAC_A IP6("00", LL_A, NODES) EXT("3a") ICMP6("82") "00000000" NOBODY, "restricted", false },
	{ "routing header 0", TO_V IP6("2b", IP6_A, IP6_V) "11020001" "00000000" IP6_V UDP("1000", "2000"), "restricted", false },
	{ "routing header 2", TO_V IP6("2b", IP6_A, IP6_V) "11020201" "00000000" IP6_V UDP("1000", "2000"), "restricted", false },
	{ "header chain cut by the fragment", TO_V IP6("2c", IP6_A, IP6_V) FRAGMENT("3c", "0001") "3a0f010400000000", "restricted", false },
	{ "later fragment of a header chain", TO_V IP6("2c", IP6_A, IP6_V) FRAGMENT("3c", "0010") "6d6f6174", "restricted", false },
	{ "inverse nd", TO_V IP6("3a", IP6_A, IP6_V) ICMP6("8d") "00000000", "restricted", false },
};
/* clang-format on */

static struct world world;

struct scene {
	struct stack router, attacker, victim;
	int out, in;
};

static int raw_socket(const struct stack *stack, const char *dev)
{
	struct sockaddr_ll addr = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct packet_mreq promiscuous = {.mr_type = PACKET_MR_PROMISC};
	int fd;

	assert_int_equal(netns_enter(stack->fd, NULL), 0);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	netns_leave(world.home);
	assert_true(fd >= 0);
	addr.sll_ifindex = promiscuous.mr_ifindex = (int)index_of(stack, dev);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
				    sizeof(promiscuous)),
			 0);
	return fd;
}

static struct scene scene_make(const struct kern_features *guard)
{
	struct scene scene = {.router = stack_make(&world, ROUTER),
			      .attacker = stack_make(&world, NS_ID(NS_STACK, 1)),
			      .victim = stack_make(&world, NS_ID(NS_STACK, 2))};
	struct stack *all[] = {&scene.router, &scene.attacker, &scene.victim};

	/* No word of the kernels' own in between. */
	for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
		set_sysctl(&world, all[i], SYSCTL_IPV6_ADDR_GEN_MODE, "default", 1);
		set_sysctl(&world, all[i], SYSCTL_BRIDGE_CALL_IPTABLES, "", 0);
		set_sysctl(&world, all[i], SYSCTL_BRIDGE_CALL_IP6TABLES, "", 0);
		set_sysctl(&world, all[i], SYSCTL_BRIDGE_CALL_ARPTABLES, "", 0);
	}
	bridge_up(&scene.router, "mb000000000001", "02:00:00:00:00:01");
	if (guard)
		lay(&scene.router, RULESET_GUARD, guard);
	wire(&scene.router, PORT_A, "02:00:00:00:01:0a", "mb000000000001", &scene.attacker,
	     "eth0", "02:00:00:00:00:0a");
	wire(&scene.router, PORT_V, "02:00:00:00:01:0b", "mb000000000001", &scene.victim,
	     "eth0", "02:00:00:00:00:0b");
	return scene;
}

static void guard_port(struct stack *router, const char *dev, const char *mac, const char *ip4,
		       const char *ip6, const char *linklocal,
		       const struct kern_features *features)
{
	const struct obj elems[] = {
		elem_of(ROUTER, SET_GUARD_MAC, dev, mac, NULL),
		elem_of(ROUTER, SET_GUARD_ARP, dev, mac, ip4),
		elem_of(ROUTER, SET_GUARD_IP4, dev, NULL, ip4),
		elem_of(ROUTER, SET_GUARD_IP6, dev, NULL, ip6),
		elem_of(ROUTER, SET_GUARD_IP6, dev, NULL, linklocal),
	};
	struct obj port = obj_port(ROUTER, dev);
	struct nlbatch batch = {0};

	nft_begin(&batch);
	for (size_t i = 0; i < ARRAY_COUNT(elems); i++)
		nft_elem_add(&batch, &elems[i].elem);
	nft_port_add(&batch, &port.port, features);
	assert_int_equal(nft_run(router, &batch), 0);
}

static void guard_both(struct scene *scene, const struct kern_features *features)
{
	guard_port(&scene->router, PORT_A, "02:00:00:00:00:0a", "10.0.0.10", "fd00::a",
		   "fe80::a", features);
	guard_port(&scene->router, PORT_V, "02:00:00:00:00:0b", "10.0.0.11", "fd00::b",
		   "fe80::b", features);
}

static void scene_fini(struct scene *scene)
{
	stack_fini(&scene->router);
	stack_fini(&scene->attacker);
	stack_fini(&scene->victim);
}

static size_t frame_build(const char *hex, uint8_t dst[256])
{
	size_t size = 0, at = 12;

	for (; hex[0]; hex++) {
		unsigned byte;

		if (hex[0] == ' ')
			continue;
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		dst[size++] = (uint8_t)byte;
		hex++;
	}
	while ((dst[at] == 0x81 && dst[at + 1] == 0) ||
	       (dst[at] == 0x88 && dst[at + 1] == 0xa8))
		at += 4;
	if (dst[at] == 0x08 && dst[at + 1] == 0x00) {
		dst[at + 4] = (uint8_t)((size - at - 2) >> 8);
		dst[at + 5] = (uint8_t)(size - at - 2);
	} else if (dst[at] == 0x86 && dst[at + 1] == 0xdd) {
		dst[at + 6] = (uint8_t)((size - at - 2 - 40) >> 8);
		dst[at + 7] = (uint8_t)(size - at - 2 - 40);
	}
	return size;
}

/* Everything has happened when send() returns; what arrived lies in the queue. */
static bool frame_arrives(const struct scene *scene, const char *hex)
{
	uint8_t frame[256], seen[2048];
	size_t size = frame_build(hex, frame);
	bool arrived = false;

	while (recv(scene->in, seen, sizeof(seen), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(send(scene->out, frame, size, 0), size);
	for (;;) {
		struct pollfd wait = {.fd = scene->in, .events = POLLIN};
		struct sockaddr_ll from;
		socklen_t from_size = sizeof(from);
		ssize_t n;

		if (poll(&wait, 1, arrived ? 0 : 20) != 1)
			return arrived;
		n = recvfrom(scene->in, seen, sizeof(seen), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &from_size);
		arrived |= n >= 12 && from.sll_pkttype != PACKET_OUTGOING &&
			   memcmp(seen, frame, 12) == 0;
	}
}

enum { REASONS_MAX = 16 };

/* Packets of one port by reason, in the order of nft_counter_reason(); how many others have an element. */
struct tally {
	uint64_t packets[REASONS_MAX];
	unsigned others;
};

static struct tally tally_read(struct stack *router, const char *dev)
{
	struct nft_counter *counters = NULL;
	struct buf bytes = BUF_INIT;
	struct tally tally = {0};
	int count;

	assert_int_equal(nft_dump_counters(router->nft, &bytes, NULL), 0);
	count = nft_list_counters(bytes.data, bytes.size, &counters);
	assert_true(count >= 0);
	for (int c = 0; c < count; c++) {
		size_t i = 0;

		while (strcmp(nft_counter_reason(i), counters[c].reason) != 0)
			i++;
		assert_true(i < REASONS_MAX);
		if (strcmp(counters[c].dev, dev) == 0)
			tally.packets[i] += counters[c].packets;
		else
			tally.others++;
	}
	free(counters);
	buf_fini(&bytes);
	return tally;
}

static uint64_t tally_of(const struct tally *tally, const char *reason)
{
	for (size_t i = 0; nft_counter_reason(i); i++) {
		if (strcmp(nft_counter_reason(i), reason) == 0)
			return tally->packets[i];
	}
	fail_msg("there is no reason %s", reason);
	return 0;
}

static void open_raw(struct scene *scene)
{
	scene->out = raw_socket(&scene->attacker, "eth0");
	scene->in = raw_socket(&scene->victim, "eth0");
}

static void close_raw(struct scene *scene)
{
	close(scene->out);
	close(scene->in);
}

static void test_unguarded(void **state)
{
	struct scene scene = scene_make(NULL);
	unsigned bad = 0;

	(void)state;
	open_raw(&scene);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (frame_arrives(&scene, rows[i].hex) == rows[i].never_forwarded) {
			print_message("%s: %s\n", rows[i].name,
				      rows[i].never_forwarded ? "arrives" : "does not arrive");
			bad++;
		}
	}
	assert_int_equal(bad, 0);
	close_raw(&scene);
	scene_fini(&scene);
}

static void guarded_by(bool listed)
{
	struct kern_features features = world.features;
	struct scene scene;
	unsigned bad = 0;

	features.netdev_device_add = listed;
	scene = scene_make(&features);
	guard_both(&scene, &features);
	open_raw(&scene);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const char *counted = "nothing";
		struct tally before, after;
		uint64_t total = 0;
		bool arrived;

		before = tally_read(&scene.router, PORT_A);
		arrived = frame_arrives(&scene, rows[i].hex);
		after = tally_read(&scene.router, PORT_A);
		for (size_t c = 0; nft_counter_reason(c); c++) {
			total += after.packets[c] - before.packets[c];
			if (after.packets[c] != before.packets[c])
				counted = nft_counter_reason(c);
		}
		assert_int_equal(after.others, 0); /* nothing is put down to the victim */
		if (arrived != !rows[i].counter || total != (rows[i].counter && *rows[i].counter ? 1 : 0) ||
		    (rows[i].counter && *rows[i].counter && strcmp(counted, rows[i].counter) != 0)) {
			print_message("%s: %s, %s counted %u, wanted %s\n", rows[i].name,
				      arrived ? "arrives" : "does not arrive", counted,
				      (unsigned)total,
				      rows[i].counter ? rows[i].counter : "to pass");
			bad++;
		}
	}
	assert_int_equal(bad, 0);
	close_raw(&scene);
	scene_fini(&scene);
}

static void test_guarded_each(void **state)
{
	(void)state;
	guarded_by(false);
}

static void needs_device_add_guarded_listed(void **state)
{
	(void)state;
	needs(world.features.netdev_device_add, "no devices can be added to a standing netdev chain here");
	guarded_by(true);
}

/* What a port is allowed beside its own addresses: that, of that port, and nothing else. */
#define IP_ALLOWED "0a090005"
#define IP_BESIDE "0a0a0005"
#define IP6_ALLOWED "fd090000000000000000000000000005"
#define IP6_BESIDE "fd090000000000010000000000000005"
static const struct row allowed[] = {
	{ "udp4", TO_V IP4("11", IP_ALLOWED, IP_V) UDP("1000", "2000"), NULL, false },
	{ "udp4 beside", TO_V IP4("11", IP_BESIDE, IP_V) UDP("1000", "2000"), "ip_spoofed", false },
	{ "dhcp server", TO_V IP4("11", IP_ALLOWED, IP_V) UDP("0043", "0044"), "dhcp_spoofed", false },
	{ "another mac", MAC_V MAC_X IP4("11", IP_ALLOWED, IP_V) UDP("1000", "2000"), "mac_spoofed", false },
	{ "arp reply", TO_V ARP("0002", MAC_A, IP_ALLOWED, MAC_V, IP_V), NULL, false },
	{ "arp reply beside", TO_V ARP("0002", MAC_A, IP_BESIDE, MAC_V, IP_V), "arp_spoofed", false },
	{ "arp reply with another mac", TO_V ARP("0002", MAC_X, IP_ALLOWED, MAC_V, IP_V), "arp_spoofed", false },
	{ "udp6", TO_V IP6("11", IP6_ALLOWED, IP6_V) UDP("1000", "2000"), NULL, false },
	{ "udp6 beside", TO_V IP6("11", IP6_BESIDE, IP6_V) UDP("1000", "2000"), "ip_spoofed", false },
	{ "echo6", TO_V IP6("3a", IP6_ALLOWED, IP6_V) ECHO6, NULL, false },
	{ "na", TO_V IP6("3a", IP6_ALLOWED, IP6_V) NA(IP6_ALLOWED) OPTION_TARGET(MAC_A), NULL, false },
	{ "na from its own address", TO_V IP6("3a", IP6_A, IP6_V) NA(IP6_ALLOWED) OPTION_TARGET(MAC_A), NULL, false },
	{ "na bare", TO_V IP6("3a", IP6_A, IP6_V) NA(IP6_ALLOWED), NULL, false },
	{ "na beside", TO_V IP6("3a", IP6_A, IP6_V) NA(IP6_BESIDE) OPTION_TARGET(MAC_A), "nd_spoofed", false },
	{ "na with another mac", TO_V IP6("3a", IP6_A, IP6_V) NA(IP6_ALLOWED) OPTION_TARGET(MAC_X), "nd_spoofed", false },
	{ "ns", TO_V IP6("3a", IP6_ALLOWED, IP6_V) NS(IP6_V) OPTION_FROM(MAC_A), NULL, false },
	{ "dad", "3333ff000005" MAC_A IP6("3a", NOBODY, NODES) NS(IP6_ALLOWED), NULL, false },
	{ "dad beside", "3333ff000005" MAC_A IP6("3a", NOBODY, NODES) NS(IP6_BESIDE), "nd_spoofed", false },
	{ "ra", "333300000001" MAC_A IP6("3a", IP6_ALLOWED, NODES) RA, "nd_spoofed", false },
};

/* Return: how many of the rows are not as they should be. */
static unsigned rows_run(struct scene *scene, const struct row *row, size_t count)
{
	unsigned bad = 0;

	for (; count > 0; count--, row++) {
		struct tally before = tally_read(&scene->router, PORT_A), after;
		bool arrived = frame_arrives(scene, row->hex);
		uint64_t counted;

		after = tally_read(&scene->router, PORT_A);
		counted = row->counter ? tally_of(&after, row->counter) - tally_of(&before, row->counter) : 0;
		if (arrived != !row->counter || (row->counter && counted != 1)) {
			print_message("%s: %s, counted %u as %s\n", row->name, arrived ? "arrives" : "does not arrive",
				      (unsigned)counted, row->counter ? row->counter : "nothing");
			bad++;
		}
	}
	return bad;
}

static void test_allowed(void **state)
{
	struct scene scene = scene_make(&world.features);
	const struct obj elems[] = {
		allow_of(ROUTER, PORT_A, "10.9.0.0/24"),
		allow_of(ROUTER, PORT_A, "fd09::/64"),
		/* another's, which end and begin beside it */
		allow_of(ROUTER, PORT_V, "10.10.0.0/24"),
		allow_of(ROUTER, PORT_V, "fd09:0:0:1::/64"),
	};
	unsigned without = 0;

	(void)state;
	guard_both(&scene, &world.features);
	open_raw(&scene);
	for (size_t i = 0; i < ARRAY_COUNT(allowed); i++)
		without += frame_arrives(&scene, allowed[i].hex);
	assert_int_equal(without, 0);
	for (size_t i = 0; i < ARRAY_COUNT(elems); i++) {
		add_elem(&scene.router, &elems[i]);
		assert_have(&scene.router, &elems[i]);
	}
	assert_int_equal(rows_run(&scene, allowed, ARRAY_COUNT(allowed)), 0);
	close_raw(&scene);
	scene_fini(&scene);
}

/* Two kernels talk: neighbours are found by ARP and ND in both directions. */
static void test_decent_traffic(void **state)
{
	static const char *const ips[] = {"10.0.0.10", "10.0.0.11", "fd00::a", "fd00::b"};
	struct scene scene = scene_make(&world.features);
	struct tally tally;
	unsigned bad = 0;

	(void)state;
	guard_both(&scene, &world.features);
	address(&scene.attacker, "eth0", "10.0.0.10/24");
	address(&scene.attacker, "eth0", "fe80::a/64");
	address(&scene.attacker, "eth0", "fd00::a/64");
	address(&scene.victim, "eth0", "10.0.0.11/24");
	address(&scene.victim, "eth0", "fe80::b/64");
	address(&scene.victim, "eth0", "fd00::b/64");
	for (size_t i = 0; i < ARRAY_COUNT(ips); i++) {
		struct stack *server = i % 2 ? &scene.victim : &scene.attacker;
		struct stack *client = i % 2 ? &scene.attacker : &scene.victim;
		int listener = serve(&world, server, ips[i], 80);

		int r = reach(&world, client, ips[i], 80, listener, REACH_MS, NULL);

		if (r < 0) {
			print_message("%s: %s\n", ips[i], strerror(-r));
			bad++;
		}
		close(listener);
	}
	tally = tally_read(&scene.router, PORT_A);
	for (size_t i = 0; nft_counter_reason(i); i++) {
		if (tally.packets[i]) {
			print_message("%s: %u packets\n", nft_counter_reason(i), (unsigned)tally.packets[i]);
			bad++;
		}
	}
	assert_int_equal(tally.others, 0);
	assert_int_equal(bad, 0);
	scene_fini(&scene);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* How many of @count frames come out at @in. */
static unsigned frames_arrive(int out, int in, const char *hex, unsigned count)
{
	uint8_t frame[256], seen[2048];
	size_t size = frame_build(hex, frame);
	unsigned arrived = 0;
	ssize_t n;

	while (recv(in, seen, sizeof(seen), MSG_DONTWAIT) > 0)
		;
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(send(out, frame, size, 0), size);
		while ((n = recv(in, seen, sizeof(seen), MSG_DONTWAIT)) > 0)
			arrived += n >= 12 && memcmp(seen, frame, 12) == 0;
	}
	poll(NULL, 0, 50);
	while ((n = recv(in, seen, sizeof(seen), MSG_DONTWAIT)) > 0)
		arrived += n >= 12 && memcmp(seen, frame, 12) == 0;
	return arrived;
}

/* Broadcast and multicast of one port: a burst, then a rate; nobody else's, and nothing that goes to one station. */
static void test_storm(void **state)
{
	enum { FRAMES = 4000, RATE = 500, BURST = 500 };
	static const char *const storms[] = {
		ALL MAC_A IP4("11", IP_A, "ffffffff") UDP("1000", "2000"),
		"01005e000016" MAC_A IP4("11", IP_A, "e0000016") UDP("1000", "2000"),
		"333300000016" MAC_A IP6("11", IP6_A, NODES) UDP("1000", "2000"),
		ALL MAC_A ARP("0001", MAC_A, IP_A, "000000000000", IP_V),
	};
	struct kern_features features = world.features;
	struct scene scene = scene_make(NULL);

	(void)state;
	open_raw(&scene);
	for (size_t i = 0; i < ARRAY_COUNT(storms); i++)
		assert_int_equal(frames_arrive(scene.out, scene.in, storms[i], FRAMES), FRAMES);
	close_raw(&scene);
	scene_fini(&scene);

	for (size_t i = 0; i < ARRAY_COUNT(storms); i++) {
		struct tally tally, victims;
		uint64_t begin, most;
		unsigned arrived;

		scene = scene_make(&features);
		guard_both(&scene, &features);
		open_raw(&scene);
		begin = now_ms();
		arrived = frames_arrive(scene.out, scene.in, storms[i], FRAMES);
		most = BURST + (now_ms() - begin + 1) * RATE / 1000 + 1;
		tally = tally_read(&scene.router, PORT_A);
		print_message("%u of %d arrive, at most %u may\n", arrived, FRAMES, (unsigned)most);
		assert_true(arrived >= BURST && arrived <= most);
		assert_int_equal(tally_of(&tally, "rate"), FRAMES - arrived);
		/* what goes to one station, and what the victim itself has to say to all, is not held up by it */
		assert_int_equal(frames_arrive(scene.out, scene.in, TO_V IP4("11", IP_A, IP_V) UDP("1000", "2000"), FRAMES),
				 FRAMES);
		assert_int_equal(frames_arrive(scene.in, scene.out,
					       ALL MAC_V IP4("11", IP_V, "ffffffff") UDP("1000", "2000"), BURST / 2),
				 BURST / 2);
		victims = tally_read(&scene.router, PORT_V);
		assert_int_equal(tally_of(&victims, "rate"), 0);
		close_raw(&scene);
		scene_fini(&scene);
	}
}

/* What packets left of a port goes with it; others' stays. */
static void test_forget(void **state)
{
	struct obj port_a = obj_port(ROUTER, PORT_A), port_v = obj_port(ROUTER, PORT_V);
	struct scene scene = scene_make(&world.features);
	struct nlbatch batch = {0};
	struct tally a, v;

	(void)state;
	guard_both(&scene, &world.features);
	open_raw(&scene);
	frames_arrive(scene.out, scene.in, MAC_V MAC_X IP4("11", IP_A, IP_V) UDP("1000", "2000"), 3);
	frames_arrive(scene.out, scene.in, TO_V "1234" "6d6f6174", 2);
	frames_arrive(scene.in, scene.out, ALL MAC_V ARP("0002", MAC_V, IP_A, ALL, IP_A), 5);
	close_raw(&scene);
	a = tally_read(&scene.router, PORT_A);
	v = tally_read(&scene.router, PORT_V);
	assert_int_equal(tally_of(&a, "mac_spoofed"), 3);
	assert_int_equal(tally_of(&a, "restricted"), 2);
	assert_int_equal(tally_of(&v, "arp_spoofed"), 5);
	assert_int_equal(a.others, 1);
	nft_begin(&batch);
	nft_port_del(&batch, &port_a.port, &world.features);
	assert_int_equal(nft_run(&scene.router, &batch), 0);
	for (int again = 0; again < 2; again++) { /* of one that has nothing, too */
		nft_begin(&batch);
		nft_port_forget(&batch, &port_a.port);
		assert_int_equal(nft_run(&scene.router, &batch), 0);
		a = tally_read(&scene.router, PORT_A);
		v = tally_read(&scene.router, PORT_V);
		for (size_t i = 0; nft_counter_reason(i); i++)
			assert_int_equal(a.packets[i], 0);
		assert_int_equal(tally_of(&v, "arp_spoofed"), 5);
		assert_int_equal(a.others, 1);
		assert_int_equal(v.others, 0);
	}
	nft_begin(&batch);
	nft_port_del(&batch, &port_v.port, &world.features);
	nft_port_forget(&batch, &port_v.port);
	assert_int_equal(nft_run(&scene.router, &batch), 0);
	scene_fini(&scene);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unguarded),
		cmocka_unit_test(test_guarded_each),
		cmocka_unit_test(needs_device_add_guarded_listed),
		cmocka_unit_test(test_decent_traffic),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_forget),
	};

	world_enter(&world);
	needs_choose(argc, argv);
	return needs_status(cmocka_run_group_tests(tests, NULL, NULL));
}
