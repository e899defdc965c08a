/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kern - the same objects made by us and by ip, bridge and nft: the decoded
 * dumps of both namespaces are equal, so what we write means what everybody
 * else means by it.
 */
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "tests/netns/kern/world.h"

#define ROUTER NS_ID(NS_ROUTER, 0x42)
#define STACK  NS_ID(NS_STACK, 0x43)
#define BRIDGE "mb000000000001"
#define PORT   "mp000000000002"

static struct world world;

static void assert_equal(struct stack *ours, struct stack *theirs, size_t at_least)
{
	struct objv want = {0};

	snapshot(ours, &want);
	assert_true(want.count >= at_least);
	assert_is(theirs, &want);
	objv_fini(&want);
}

static void ip_in(const struct stack *stack, const char *batch)
{
	assert_int_equal(run_in(&world, stack, "ip -batch - <<'END'\n%s\nEND", batch), 0);
}

/* Two namespaces that the tools can name: by descriptor. */
static void theirs_make(struct stack *router, struct stack *stack)
{
	ip_in(router, "link add name " BRIDGE
		      " address 02:00:00:00:00:01 type bridge stp_state 0 mcast_snooping 0\n"
		      "link set " BRIDGE " mtu 1400 alias red/net\n"
		      "link set " BRIDGE " up");
	assert_int_equal(
		run_in(&world, router,
		       "ip link add name " PORT
		       " address 02:00:00:00:00:02 mtu 1400 numtxqueues 1 numrxqueues 1 "
		       "master " BRIDGE
		       " type veth peer name eth0 address 02:00:00:00:00:03 mtu 1400 "
		       "numtxqueues 1 numrxqueues 1 netns /proc/%d/fd/%d",
		       (int)getpid(), stack->fd),
		0);
	ip_in(router,
	      "link set " PORT " alias red/w1:eth0\n"
	      "link set " PORT " type bridge_slave learning off flood off mcast_flood on "
			       "bcast_flood on guard on root_block on\n"
	      "link set " PORT " up\n"
	      "link set lo up\n"
	      "addr add 10.0.0.1/24 dev " BRIDGE "\n"
	      "addr add fd00::1/64 dev " BRIDGE " nodad\n"
	      "neigh add 10.0.0.9 lladdr 02:00:00:00:00:03 dev " BRIDGE " nud permanent\n"
	      "route add 10.7.0.0/16 via 10.0.0.9 dev " BRIDGE " proto 77\n"
	      "route add fd07::/64 via fd00::9 dev " BRIDGE " proto 77");
	assert_int_equal(run_in(&world, router,
				"bridge fdb add 02:00:00:00:00:03 dev " PORT " master static"),
			 0);
	ip_in(stack, "link set lo up\n"
		     "link set eth0 up\n"
		     "addr add 10.0.0.9/24 dev eth0\n"
		     "addr add fe80::9/64 dev eth0 nodad\n"
		     "route add default via 10.0.0.1 dev eth0 proto 77\n"
		     "route add default via fe80::1 dev eth0 proto 77\n"
		     "route add 10.8.0.0/16 via 169.254.1.1 dev eth0 proto 77 onlink\n"
		     "neigh add fe80::1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent");
}

static void ours_make(struct stack *router, struct stack *stack)
{
	struct obj bridge =
		obj_bridge(ROUTER, BRIDGE, &(struct mac){{2, 0, 0, 0, 0, 1}}, 1400, "red/net");
	struct obj port =
		obj_veth(ROUTER, PORT, &(struct mac){{2, 0, 0, 0, 0, 2}}, STACK, "eth0",
			 &(struct mac){{2, 0, 0, 0, 0, 3}}, 1400, BRIDGE, "red/w1:eth0");
	struct obj fdb = obj_fdb(ROUTER, PORT, &port.link.peer_mac);
	struct ip ip9 = ip_of("10.0.0.9"), ll1 = ip_of("fe80::1");
	struct obj neigh = obj_neigh(ROUTER, BRIDGE, &ip9, &port.link.peer_mac);
	struct obj neigh6 = obj_neigh(STACK, "eth0", &ll1, &bridge.link.mac);
	struct nlbatch batch = {0};

	port.link.flags = LINK_PORT_STATIC;
	rtnl_bridge_add(&batch, &bridge.link);
	rtnl_link_up(&batch, BRIDGE, true);
	rtnl_run(router, &batch);
	rtnl_veth_add(&batch, &port.link, index_of(router, BRIDGE), stack->fd);
	rtnl_link_up(&batch, PORT, true);
	rtnl_link_up(&batch, "lo", true);
	rtnl_run(router, &batch);
	address(router, BRIDGE, "10.0.0.1/24");
	address(router, BRIDGE, "fd00::1/64");
	rtnl_neigh_add(&batch, &neigh.neigh, index_of(router, BRIDGE));
	rtnl_fdb_add(&batch, &fdb.fdb, index_of(router, PORT));
	rtnl_run(router, &batch);
	route(router, "10.7.0.0/16", "10.0.0.9", BRIDGE);
	route(router, "fd07::/64", "fd00::9", BRIDGE);
	rtnl_link_up(&batch, "lo", true);
	rtnl_link_up(&batch, "eth0", true);
	rtnl_run(stack, &batch);
	address(stack, "eth0", "10.0.0.9/24");
	address(stack, "eth0", "fe80::9/64");
	route(stack, "0.0.0.0/0", "10.0.0.1", "eth0");
	route(stack, "::/0", "fe80::1", "eth0");
	route(stack, "10.8.0.0/16", "169.254.1.1", "eth0");
	rtnl_neigh_add(&batch, &neigh6.neigh, index_of(stack, "eth0"));
	rtnl_run(stack, &batch);
}

static void test_links(void **state)
{
	struct stack our_router = stack_make(&world, ROUTER),
		     our_stack = stack_make(&world, STACK);
	struct stack their_router = stack_make(&world, ROUTER),
		     their_stack = stack_make(&world, STACK);
	struct stack *all[] = {&our_router, &our_stack, &their_router, &their_stack};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(all); i++)
		set_sysctl(&world, all[i], SYSCTL_IPV6_ADDR_GEN_MODE, "default", 1);
	ours_make(&our_router, &our_stack);
	theirs_make(&their_router, &their_stack);
	assert_equal(&our_router, &their_router, 11);
	assert_equal(&our_stack, &their_stack, 9);
	for (size_t i = 0; i < ARRAY_COUNT(all); i++)
		stack_fini(all[i]);
}

/* Elements by nft(8), into sets that we have laid: read back as ours. */
static void test_elements(void **state)
{
	static const char commands[] =
		"add element netdev moat mac_ok { mp000000000002 . 02:00:00:00:00:03 }\n"
		"add element netdev moat arp_ok { mp000000000002 . 02:00:00:00:00:03 . "
		"10.0.0.9 }\n"
		"add element netdev moat ip4_ok { mp000000000002 . 10.0.0.9 }\n"
		"add element netdev moat ip6_ok { mp000000000002 . fd00::9 }\n"
		"add element inet moat egress { mb000000000001 }\n"
		"add element inet moat pub4 { tcp . 8080 : 10.0.0.9 . 80 }\n"
		"add element inet moat pub6 { udp . 53 : fd00::9 . 5353 }\n";
	const struct obj elems[] = {
		elem_of(ROUTER, SET_GUARD_MAC, PORT, "02:00:00:00:00:03", NULL),
		elem_of(ROUTER, SET_GUARD_ARP, PORT, "02:00:00:00:00:03", "10.0.0.9"),
		elem_of(ROUTER, SET_GUARD_IP4, PORT, NULL, "10.0.0.9"),
		elem_of(ROUTER, SET_GUARD_IP6, PORT, NULL, "fd00::9"),
		elem_of(ROUTER, SET_ROUTER_EGRESS, BRIDGE, NULL, NULL),
		pub_of(ROUTER, SET_ROUTER_PUB4, NULL, IPPROTO_TCP, 8080, "10.0.0.9", 80),
		pub_of(ROUTER, SET_ROUTER_PUB6, NULL, IPPROTO_UDP, 53, "fd00::9", 5353),
	};
	struct kern_features plain = world.features;
	struct stack ours = stack_make(&world, ROUTER), theirs = stack_make(&world, ROUTER);

	(void)state;
	plain.nft_owner_persist = false;
	lay(&ours, RULESET_GUARD, &plain);
	lay(&ours, RULESET_ROUTER, &plain);
	lay(&theirs, RULESET_GUARD, &plain);
	lay(&theirs, RULESET_ROUTER, &plain);
	for (size_t i = 0; i < ARRAY_COUNT(elems); i++)
		add_elem(&ours, &elems[i]);
	assert_int_equal(run_in(&world, &theirs, "nft -f - <<'END'\n%sEND", commands), 0);
	assert_equal(&ours, &theirs, ARRAY_COUNT(elems) + 2);
	stack_fini(&ours);
	stack_fini(&theirs);
}

/* nft(8) reads our rulesets and lays what it has read: the same text again. */
static void test_listing(void **state)
{
	struct kern_features plain = world.features;

	(void)state;
	plain.nft_owner_persist = false;
	plain.netdev_device_add = false;
	for (unsigned kind = RULESET_HOST; kind <= RULESET_ROUTER; kind++) {
		struct stack ours = stack_make(&world, kind == RULESET_HOST ? 0 : ROUTER);
		struct stack theirs = stack_make(&world, ours.ns);
		char listing[64], again[80];

		lay(&ours, (enum ruleset_kind)kind, &plain);
		snprintf(listing, sizeof(listing), "/tmp/moat-oracle-%d", (int)getpid());
		snprintf(again, sizeof(again), "%s.again", listing);
		assert_int_equal(run_in(&world, &ours, "nft list ruleset >%s", listing), 0);
		assert_int_equal(run_in(&world, &theirs, "nft -f %s && nft list ruleset >%s",
					listing, again),
				 0);
		assert_int_equal(run_in(&world, &theirs,
					"diff %s %s; r=$?; rm -f %s %s; exit $r", listing,
					again, listing, again),
				 0);
		stack_fini(&ours);
		stack_fini(&theirs);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_listing),
	};

	if (!world_has("ip") || !world_has("bridge") || !world_has("nft"))
		world_skip("ip, bridge and nft are not all installed");
	world_enter(&world);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
