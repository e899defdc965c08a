/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kern_objects - every kind of object: added, dumped, decoded, equal; changed;
 * removed. The kernel is the other party, so nothing here can agree with
 * itself by mistake.
 */
#include <errno.h>
#include <string.h>

#include "tests/netns/kern/world.h"

#define ROUTER NS_ID(NS_ROUTER, 0x42)
#define STACK  NS_ID(NS_STACK, 0x43)
#define BRIDGE "mb000000000001"
#define PORT   "mp000000000002"

static struct world world;

static struct obj bridge(void)
{
	return obj_bridge(ROUTER, BRIDGE, &(struct mac){{2, 0, 0, 0, 0, 1}}, 1400, "red/net");
}

static struct obj port(void)
{
	struct obj obj =
		obj_veth(ROUTER, PORT, &(struct mac){{2, 0, 0, 0, 0, 2}}, STACK, "eth0",
			 &(struct mac){{2, 0, 0, 0, 0, 3}}, 1400, BRIDGE, "red/w1:eth0");

	obj.link.flags = LINK_PORT_STATIC;
	return obj;
}

static void make_links(struct stack *router, struct stack *stack)
{
	struct obj br = bridge(), veth = port();
	struct nlbatch batch = {0};

	rtnl_bridge_add(&batch, &br.link);
	rtnl_run(router, &batch);
	rtnl_veth_add(&batch, &veth.link, index_of(router, BRIDGE), stack->fd);
	rtnl_run(router, &batch);
}

static void test_links(void **state)
{
	struct stack router = stack_make(&world, ROUTER), stack = stack_make(&world, STACK);
	struct objv want = {0};
	struct nlbatch batch = {0};
	struct obj obj = port(), far;

	(void)state;
	make_links(&router, &stack);
	objv_add(&want, &(struct obj){0});
	want.items[0] = bridge();
	objv_add(&want, &obj);
	assert_is(&router, &want);
	far = obj_veth(STACK, "eth0", &obj.link.peer_mac, 0, "", &(struct mac){0}, 1400, "",
		       "");
	objv_clear(&want);
	objv_add(&want, &far);
	assert_is(&stack, &want);

	/* other value */
	obj.link.mac = mac_of("02:00:00:00:00:22");
	obj.link.mtu = 1300;
	memset(obj.link.alias, 0, sizeof(obj.link.alias));
	strcpy(obj.link.alias, "red/w2:eth0");
	rtnl_link_set(&batch, &obj.link, index_of(&router, BRIDGE));
	rtnl_run(&router, &batch);
	assert_have(&router, &obj);

	/* out of the bridge, no alias, and back in with its flags */
	memset(obj.link.master, 0, sizeof(obj.link.master));
	memset(obj.link.alias, 0, sizeof(obj.link.alias));
	obj.link.flags = 0;
	rtnl_link_set(&batch, &obj.link, 0);
	rtnl_run(&router, &batch);
	assert_have(&router, &obj);
	obj = port();
	rtnl_link_set(&batch, &obj.link, index_of(&router, BRIDGE));
	rtnl_run(&router, &batch);
	assert_have(&router, &obj);

	/* the MTU, and nothing else: still a port, with its flags, its name, its address */
	rtnl_link_mtu(&batch, PORT, 1350);
	rtnl_run(&router, &batch);
	obj.link.mtu = 1350;
	assert_have(&router, &obj);

	rtnl_link_del(&batch, PORT);
	rtnl_run(&router, &batch);
	assert_have_not(&router, &obj);
	assert_have_not(&stack, &far);
	stack_fini(&router);
	stack_fini(&stack);
	objv_fini(&want);
}

/* Each port flag alone makes the flag of the object go: what drifted shows. */
static void test_port_flags_drift(void **state)
{
	static const char *const drifts[] = {"learning on",     "flood on",  "mcast_flood off",
					     "bcast_flood off", "guard off", "root_block off"};
	struct stack router = stack_make(&world, ROUTER), stack = stack_make(&world, STACK);
	struct obj want = port();
	struct nlbatch batch = {0};

	(void)state;
	make_links(&router, &stack);
	for (size_t i = 0; i < ARRAY_COUNT(drifts); i++) {
		struct objv have = {0};
		const struct obj *found;

		assert_have(&router, &want);
		assert_int_equal(run_in(&world, &router,
					"ip link set " PORT " type bridge_slave %s", drifts[i]),
				 0);
		snapshot(&router, &have);
		found = objv_find(&have, &want);
		assert_non_null(found);
		assert_false(obj_same(&want, found));
		objv_fini(&have);
		rtnl_link_set(&batch, &want.link, index_of(&router, BRIDGE));
		rtnl_run(&router, &batch);
	}
	stack_fini(&router);
	stack_fini(&stack);
}

static void test_group(void **state)
{
	struct stack router = stack_make(&world, ROUTER), stack = stack_make(&world, STACK);
	struct nlbatch batch = {0};
	struct obj obj = port(), br = bridge();

	(void)state;
	make_links(&router, &stack);
	rtnl_link_group(&batch, PORT, 7);
	rtnl_group_del(&batch, 7);
	rtnl_run(&router, &batch);
	assert_have_not(&router, &obj);
	assert_have(&router, &br);
	stack_fini(&router);
	stack_fini(&stack);
}

static void test_up(void **state)
{
	struct stack router = stack_make(&world, ROUTER);
	struct obj br = bridge(), up = obj_up(ROUTER, BRIDGE), lo = obj_up(ROUTER, "lo");
	struct nlbatch batch = {0};

	(void)state;
	rtnl_bridge_add(&batch, &br.link);
	rtnl_link_up(&batch, BRIDGE, true);
	rtnl_link_up(&batch, "lo", true);
	rtnl_run(&router, &batch);
	assert_have(&router, &up);
	assert_have(&router, &lo);
	rtnl_link_up(&batch, BRIDGE, false);
	rtnl_run(&router, &batch);
	assert_have_not(&router, &up);
	assert_have(&router, &lo);
	stack_fini(&router);
}

static void test_addresses(void **state)
{
	static const char *const texts[] = {"10.0.0.1/24", "169.254.1.1/32", "10.9.0.0/31",
					    "fd00::1/64",  "fe80::1/64",     "fd00::2/128"};
	struct stack stack = stack_make(&world, STACK);
	struct stack router = stack_make(&world, ROUTER);
	struct nlbatch batch = {0};

	(void)state;
	make_links(&router, &stack);
	rtnl_link_up(&batch, "eth0", true);
	rtnl_run(&stack, &batch);
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct prefix prefix = prefix_of(texts[i]);
		struct obj obj = obj_addr(STACK, "eth0", &prefix);
		struct nlack ack;

		rtnl_addr_add(&batch, &obj.addr, index_of(&stack, "eth0"));
		rtnl_run(&stack, &batch);
		assert_have(&stack, &obj);
		rtnl_addr_add(&batch, &obj.addr, index_of(&stack, "eth0"));
		assert_int_equal(nlsock_exec(stack.rtnl, &batch, &ack), 1);
		assert_int_equal(ack.status, -EEXIST);
		nlbatch_clear(&batch);
		rtnl_addr_del(&batch, &obj.addr, index_of(&stack, "eth0"));
		rtnl_run(&stack, &batch);
		assert_have_not(&stack, &obj);
	}
	stack_fini(&router);
	stack_fini(&stack);
}

static void test_routes(void **state)
{
	static const struct {
		const char *dst, *via, *dev;
	} rows[] = {
		{"0.0.0.0/0", "10.0.0.1", "eth0"},
		{"::/0", "fd00::1", "eth0"},
		{"10.5.0.0/16", "10.0.0.9", "eth0"},
		{"10.6.0.0/16", NULL, "eth0"},
		{"fd05::/64", NULL, "eth0"},
		{"fd06::/64", "fe80::9", "eth0"},
		{"10.7.7.7/32", "169.254.1.1", "eth0"},
		{"10.8.0.0/16", "fe80::9", "eth0"},
		{"10.9.0.0/16", "10.0.0.77", ""},
	};
	struct prefix own4 = prefix_of("10.0.0.2/24"), own6 = prefix_of("fd00::2/64");
	struct obj addr4 = obj_addr(STACK, "eth0", &own4),
		   addr6 = obj_addr(STACK, "eth0", &own6);
	struct stack stack = stack_make(&world, STACK), router = stack_make(&world, ROUTER);
	struct nlbatch batch = {0};

	(void)state;
	make_links(&router, &stack);
	rtnl_link_up(&batch, PORT, true);
	rtnl_link_up(&batch, BRIDGE, true);
	rtnl_run(&router, &batch);
	rtnl_link_up(&batch, "eth0", true);
	rtnl_addr_add(&batch, &addr4.addr, index_of(&stack, "eth0"));
	rtnl_addr_add(&batch, &addr6.addr, index_of(&stack, "eth0"));
	rtnl_run(&stack, &batch);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct ip via = {0};
		struct prefix dst = prefix_of(rows[i].dst);
		uint32_t index = rows[i].dev[0] ? index_of(&stack, rows[i].dev) : 0;
		struct obj obj;

		if (rows[i].via)
			via = ip_of(rows[i].via);
		obj = obj_route(STACK, &dst, &via, rows[i].dev);
		rtnl_route_add(&batch, &obj.route, index);
		rtnl_run(&stack, &batch);
		if (!rows[i].dev
			     [0]) /* the kernel has chosen the device, and the snapshot names it */
			obj = obj_route(STACK, &dst, &via, "eth0");
		assert_have(&stack, &obj);
		rtnl_route_del(&batch, &obj.route, index);
		rtnl_run(&stack, &batch);
		assert_have_not(&stack, &obj);
	}
	/* Sizes of its own: given, changed, taken away; gone whatever they are. */
	for (size_t i = 0; i < 2; i++) {
		static const uint32_t sizes[][2] = {{1400, 1300}, {1400, 0}, {0, 1200}, {0, 0}, {1280, 1}};
		struct prefix dst = prefix_of(i ? "fd07::/32" : "10.7.0.0/16");
		struct ip via = ip_of(i ? "fd00::1" : "10.0.0.1");
		struct obj obj = obj_route_in(STACK, &dst, &via, "eth0", 77, 0);
		uint32_t index = index_of(&stack, "eth0");

		obj.route.mtu = 1450;
		rtnl_route_add(&batch, &obj.route, index);
		rtnl_run(&stack, &batch);
		assert_have(&stack, &obj);
		for (size_t j = 0; j < ARRAY_COUNT(sizes); j++) {
			obj.route.mtu = sizes[j][0];
			obj.route.advmss = sizes[j][1];
			rtnl_route_set(&batch, &obj.route, index);
			rtnl_run(&stack, &batch);
			assert_have(&stack, &obj);
		}
		obj.route.mtu = 0;
		rtnl_route_del(&batch, &obj.route, index);
		rtnl_run(&stack, &batch);
		assert_have_not(&stack, &obj);
	}
	/* Somebody else's route of the same shape is not ours. */
	assert_int_equal(run_in(&world, &stack, "ip route add 10.6.0.0/16 dev eth0"), 0);
	{
		struct prefix dst = prefix_of("10.6.0.0/16");
		struct obj obj = obj_route(STACK, &dst, &(struct ip){0}, "eth0");

		assert_have_not(&stack, &obj);
	}
	stack_fini(&router);
	stack_fini(&stack);
}

/* Tables of our own, metrics, and the rules that lead there, both families. */
static void test_rules(void **state)
{
	static const struct {
		const char *own, *dst, *via;
		uint32_t metric, table;
	} rows[] = {
		{"10.0.0.2/24", "0.0.0.0/0", "10.0.0.1", 1025, 0},
		{"10.0.0.2/24", "0.0.0.0/0", "10.0.0.1", 0, OBJ_TABLE_FIRST + 7},
		{"10.0.0.2/24", "10.0.0.0/24", NULL, 0, OBJ_TABLE_LAST},
		{"fd00::2/64", "::/0", "fd00::1", 1025, 0},
		{"fd00::2/64", "::/0", "fd00::1", 1024, 0},
		{"fd00::2/64", "::/0", "fd00::1", 0, OBJ_TABLE_FIRST + 7},
		{"fd00::2/64", "fd00::/64", NULL, 0, OBJ_TABLE_LAST},
	};
	struct stack stack = stack_make(&world, STACK), router = stack_make(&world, ROUTER);
	struct nlbatch batch = {0};

	(void)state;
	make_links(&router, &stack);
	rtnl_link_up(&batch, "eth0", true);
	rtnl_run(&stack, &batch);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct prefix own = prefix_of(rows[i].own), dst = prefix_of(rows[i].dst);
		struct ip via = {0};
		uint32_t index = index_of(&stack, "eth0");
		struct obj addr = obj_addr(STACK, "eth0", &own), route, rule;

		if (rows[i].via)
			via = ip_of(rows[i].via);
		route = obj_route_in(STACK, &dst, &via, "eth0", rows[i].metric, rows[i].table);
		rule = obj_rule(STACK, &own.ip, OBJ_TABLE_FIRST + 7);
		rtnl_addr_add(&batch, &addr.addr, index);
		rtnl_route_add(&batch, &route.route, index);
		rtnl_rule_add(&batch, &rule.rule);
		rtnl_run(&stack, &batch);
		assert_have(&stack, &route);
		assert_have(&stack, &rule);
		rtnl_rule_del(&batch, &rule.rule);
		rtnl_route_del(&batch, &route.route, index);
		rtnl_addr_del(&batch, &addr.addr, index);
		rtnl_run(&stack, &batch);
		assert_have_not(&stack, &route);
		assert_have_not(&stack, &rule);
	}
	/* Somebody else's rule into the same table is not ours. */
	assert_int_equal(run_in(&world, &stack, "ip rule add from 10.0.0.2 lookup 5046279 pref 7700"), 0);
	{
		struct prefix own = prefix_of("10.0.0.2/24");
		struct obj rule = obj_rule(STACK, &own.ip, OBJ_TABLE_FIRST + 7);

		assert_int_equal(rule.rule.table, 5046279);
		assert_have_not(&stack, &rule);
	}
	stack_fini(&router);
	stack_fini(&stack);
}

static void test_neighbours(void **state)
{
	static const char *const ips[] = {"10.0.0.9", "fe80::9"};
	struct stack stack = stack_make(&world, STACK), router = stack_make(&world, ROUTER);
	struct mac mac = mac_of("02:00:00:00:00:77"), other = mac_of("02:00:00:00:00:78");
	struct nlbatch batch = {0};

	(void)state;
	make_links(&router, &stack);
	rtnl_link_up(&batch, "eth0", true);
	rtnl_run(&stack, &batch);
	for (size_t i = 0; i < ARRAY_COUNT(ips); i++) {
		struct ip ip = ip_of(ips[i]);
		struct obj obj = obj_neigh(STACK, "eth0", &ip, &mac);

		rtnl_neigh_add(&batch, &obj.neigh, index_of(&stack, "eth0"));
		rtnl_run(&stack, &batch);
		assert_have(&stack, &obj);
		obj = obj_neigh(STACK, "eth0", &ip, &other);
		rtnl_neigh_set(&batch, &obj.neigh, index_of(&stack, "eth0"));
		rtnl_run(&stack, &batch);
		assert_have(&stack, &obj);
		rtnl_neigh_del(&batch, &obj.neigh, index_of(&stack, "eth0"));
		rtnl_run(&stack, &batch);
		assert_have_not(&stack, &obj);
	}
	stack_fini(&router);
	stack_fini(&stack);
}

static void test_fdb(void **state)
{
	struct stack stack = stack_make(&world, STACK), router = stack_make(&world, ROUTER);
	struct obj obj = obj_fdb(ROUTER, PORT, &(struct mac){{2, 0, 0, 0, 0, 3}});
	struct nlbatch batch = {0};
	struct objv have = {0};
	size_t fdb = 0;

	(void)state;
	make_links(&router, &stack);
	rtnl_fdb_add(&batch, &obj.fdb, index_of(&router, PORT));
	rtnl_run(&router, &batch);
	assert_have(&router, &obj);
	/* and it alone: the bridge's own local entries are not ours */
	snapshot(&router, &have);
	for (size_t i = 0; i < have.count; i++)
		fdb += have.items[i].kind == OBJ_FDB;
	assert_int_equal(fdb, 1);
	objv_fini(&have);
	rtnl_fdb_del(&batch, &obj.fdb, index_of(&router, PORT));
	rtnl_run(&router, &batch);
	assert_have_not(&router, &obj);
	stack_fini(&router);
	stack_fini(&stack);
}

static void test_sysctls(void **state)
{
	struct stack router = stack_make(&world, ROUTER);
	static const struct {
		enum sysctl_key key;
		const char *dev;
		int32_t values[2];
	} rows[] = {
		{SYSCTL_IPV4_FORWARDING, "all", {1, 0}},
		{SYSCTL_IPV6_FORWARDING, "default", {1, 0}},
		{SYSCTL_IPV6_ADDR_GEN_MODE, "default", {1, 0}},
		{SYSCTL_IPV6_ACCEPT_RA, "lo", {0, 2}},
		{SYSCTL_IPV4_RP_FILTER, "all", {1, 2}},
		{SYSCTL_UNPRIVILEGED_PORT_START, "", {0, 1024}},
		{SYSCTL_PING_GROUP_RANGE, "", {1, 0}},
		{SYSCTL_BRIDGE_CALL_IPTABLES, "", {0, 0}},
	};
	struct obj absent = obj_sysctl(ROUTER, SYSCTL_IPV4_FORWARDING, "none0", 1);
	struct obj alone = obj_sysctl(ROUTER, SYSCTL_IPV6_ACCEPT_RA, "lo", 1);
	struct sysctl_dirs dirs = SYSCTL_DIRS_INIT;
	struct sysctl_roots roots;
	struct err err = ERR_INIT;
	int32_t value;

	(void)state;
	assert_int_equal(netns_enter(router.fd, NULL), 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		/* all groups of the range must exist here */
		if (rows[i].key == SYSCTL_PING_GROUP_RANGE && !world.root)
			continue;
		for (int n = 0; n < 2; n++) {
			struct obj obj =
				obj_sysctl(ROUTER, rows[i].key, rows[i].dev, rows[i].values[n]);

			/* by whole paths, and by directories that stay open: one sees what the other wrote */
			if (sysctl_write(n ? &dirs : NULL, &obj.sysctl, &err) < 0)
				fail_msg("%s", err.msg);
			value = -1;
			assert_int_equal(sysctl_read(n ? NULL : &dirs, &obj.sysctl, &value, NULL), 0);
			assert_int_equal(value, rows[i].values[n]);
		}
	}
	assert_int_equal(sysctl_write(NULL, &absent.sysctl, &err), -ENOENT);
	assert_int_equal(sysctl_write(&dirs, &absent.sysctl, &err), -ENOENT);
	assert_true(dirs.fds[0] >= 0 && dirs.fds[1] >= 0);
	sysctl_dirs_close(&dirs);
	/* one switch alone: by the instance's own path, and no directory stays open */
	sysctl_roots_open(&roots);
	sysctl_dirs_init(&dirs, &roots, 7);
	dirs.once = true;
	assert_int_equal(sysctl_write(&dirs, &alone.sysctl, &err), 0);
	assert_true(roots.count == 0 || (dirs.fds[0] < 0 && dirs.fds[1] < 0));
	assert_int_equal(sysctl_read(NULL, &alone.sysctl, &value, NULL), 0);
	assert_int_equal(value, alone.sysctl.value);
	assert_int_equal(sysctl_write(&dirs, &absent.sysctl, &err), -ENOENT);
	sysctl_dirs_close(&dirs);
	sysctl_roots_close(&roots);
	netns_leave(world.home);
	/* another namespace has not changed */
	assert_int_equal(
		sysctl_read(NULL, &(struct obj_sysctl){.key = SYSCTL_UNPRIVILEGED_PORT_START}, &value,
			    NULL),
		0);
	assert_int_equal(value, 1024);
	stack_fini(&router);
}

/* What is not ours stays out of a host's snapshot. */
static void test_host_filter(void **state)
{
	struct stack host = stack_make(&world, NS_ID(NS_HOST, 0));
	struct objv want = {0};
	struct prefix prefix = prefix_of("10.248.0.0/31");
	struct obj addr = obj_addr(host.ns, "mu000000000042", &prefix),
		   up = obj_up(host.ns, "mu000000000042");
	struct obj link =
		obj_veth(host.ns, "mu000000000042", &(struct mac){{2, 0, 0, 0, 0, 9}}, 0,
			 "far0", &(struct mac){{2, 0, 0, 0, 0, 8}}, 1500, "", "red");
	struct nlbatch batch = {0};

	(void)state;
	assert_int_equal(run_in(&world, &host,
				"ip link add eth0 type veth peer name eth1; ip link set eth0 "
				"up; ip link set lo up; "
				"ip addr add 192.0.2.1/24 dev eth0; ip route add "
				"198.51.100.0/24 dev eth0; "
				"ip neigh add 192.0.2.9 lladdr 02:11:11:11:11:11 dev eth0 nud "
				"permanent; "
				"ip link add mu0000000000zz type veth peer name eth2"),
			 0);
	rtnl_veth_add(&batch, &link.link, 0, -1);
	rtnl_link_up(&batch, "mu000000000042", true);
	rtnl_run(&host, &batch);
	rtnl_addr_add(&batch, &addr.addr, index_of(&host, "mu000000000042"));
	rtnl_run(&host, &batch);
	objv_add(&want, &link);
	objv_add(&want, &addr);
	objv_add(&want, &up);
	assert_is(&host, &want);
	objv_fini(&want);
	stack_fini(&host);
}

static void test_lists(void **state)
{
	struct stack host = stack_make(&world, NS_ID(NS_HOST, 0));
	struct rtnl_link_info *links = NULL;
	struct rtnl_addr_info *addrs = NULL;
	struct rtnl_route_info *routes = NULL;
	struct buf bytes = BUF_INIT;
	bool found = false;
	int count;

	(void)state;
	assert_int_equal(run_in(&world, &host,
				"ip link add eth0 mtu 1380 type veth peer name eth1; ip link "
				"set eth1 up; ip link set eth0 up; "
				"ip addr add 192.0.2.1/24 dev eth0; ip route add default via "
				"192.0.2.9 metric 50"),
			 0);
	assert_int_equal(rtnl_dump(host.rtnl, RTNL_LINKS, &bytes, NULL), 0);
	count = rtnl_list_links((struct rtnl_slice){bytes.data, bytes.size}, &links);
	assert_true(count >= 3);
	for (int i = 0; i < count; i++)
		found |= strcmp(links[i].name, "eth0") == 0 && links[i].mtu == 1380 &&
			 links[i].up && strcmp(links[i].kind, "veth") == 0;
	assert_true(found);
	buf_clear(&bytes);
	assert_int_equal(rtnl_dump(host.rtnl, RTNL_ADDRS, &bytes, NULL), 0);
	count = rtnl_list_addrs((struct rtnl_slice){bytes.data, bytes.size}, &addrs);
	found = false;
	for (int i = 0; i < count; i++)
		found |= addrs[i].addr.len == 24 && !addrs[i].dynamic &&
			 addrs[i].index == index_of(&host, "eth0");
	assert_true(found);
	buf_clear(&bytes);
	assert_int_equal(rtnl_dump(host.rtnl, RTNL_ROUTES, &bytes, NULL), 0);
	count = rtnl_list_routes((struct rtnl_slice){bytes.data, bytes.size}, &routes);
	found = false;
	for (int i = 0; i < count; i++)
		found |= routes[i].dst.len == 0 && routes[i].metric == 50 &&
			 routes[i].table == 254 && routes[i].index == index_of(&host, "eth0") &&
			 routes[i].via.family == 4;
	assert_true(found);
	free(links);
	free(addrs);
	free(routes);
	buf_fini(&bytes);
	stack_fini(&host);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),      cmocka_unit_test(test_port_flags_drift),
		cmocka_unit_test(test_group),      cmocka_unit_test(test_up),
		cmocka_unit_test(test_addresses),  cmocka_unit_test(test_routes),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_neighbours), cmocka_unit_test(test_fdb),
		cmocka_unit_test(test_sysctls),    cmocka_unit_test(test_host_filter),
		cmocka_unit_test(test_lists),
	};

	world_enter(&world);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
