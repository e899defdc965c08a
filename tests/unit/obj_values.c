/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/obj/obj and sets: keys, values, arrays, and what dies with what. */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/obj/obj.h"

static const uint64_t router = NS_ID(NS_ROUTER, 1), stack = NS_ID(NS_STACK, 2);
static const struct mac mac = {{2, 0, 0, 0, 0, 1}}, other_mac = {{2, 0, 0, 0, 0, 2}};

static struct obj parsed(const char *line)
{
	struct obj obj;
	struct err err = ERR_INIT;

	if (obj_parse(line, &obj, &err) < 0)
		fail_msg("%s: %s", line, err.msg);
	return obj;
}

static int cmp(const char *a, const char *b)
{
	struct obj x = parsed(a), y = parsed(b);
	int there = obj_key_cmp(&x, &y), back = obj_key_cmp(&y, &x);

	assert_true((there < 0) == (back > 0) && (there == 0) == (back == 0));
	return there;
}

static void keys(void **state)
{
	(void)state;
	assert_true(cmp("up ns=host dev=b", "up ns=router:000000000001 dev=a") < 0);
	assert_true(cmp("netns ns=router:000000000001", "up ns=router:000000000001 dev=a") < 0);
	assert_true(cmp("up ns=host dev=a", "up ns=host dev=ab") < 0);
	/* the value does not count */
	assert_int_equal(cmp("link ns=host name=a type=bridge mtu=1500",
			     "link ns=host name=a type=veth master=b peer=host/c"),
			 0);
	assert_int_equal(cmp("neigh ns=host dev=a ip=10.0.0.1 mac=02:00:00:00:00:01",
			     "neigh ns=host dev=a ip=10.0.0.1 mac=02:00:00:00:00:02"),
			 0);
	assert_int_equal(cmp("sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=a value=0",
			     "sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=a value=2"),
			 0);
	assert_int_equal(
		cmp("elem ns=host set=host.pub4 proto=tcp port=80 to-ip=10.0.0.1 to-port=80",
		    "elem ns=host set=host.pub4 proto=tcp port=80 to-ip=10.0.0.2 to-port=81"),
		0);
	assert_int_equal(cmp("ruleset ns=host kind=host version=1 digest=0",
			     "ruleset ns=host kind=host version=2 digest=1"),
			 0);
	/* each part of a key does */
	assert_true(cmp("addr ns=host dev=a addr=10.0.0.1/24",
			"addr ns=host dev=a addr=10.0.0.1/25"));
	assert_true(cmp("addr ns=host dev=a addr=10.0.0.1/24",
			"addr ns=host dev=b addr=10.0.0.1/24"));
	assert_true(cmp("route ns=host dst=10.0.0.0/8 dev=a",
			"route ns=host dst=10.0.0.0/8 dev=b"));
	assert_true(cmp("route ns=host dst=10.0.0.0/8 dev=a",
			"route ns=host dst=10.0.0.0/8 via=10.0.0.1 dev=a"));
	assert_true(cmp("fdb ns=host dev=a mac=02:00:00:00:00:01",
			"fdb ns=host dev=a mac=02:00:00:00:00:02"));
	assert_true(cmp("sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=a value=0",
			"sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=b value=0"));
	assert_true(
		cmp("elem ns=host set=host.pub4 proto=tcp port=80 to-ip=10.0.0.1 to-port=80",
		    "elem ns=host set=host.pub4 proto=udp port=80 to-ip=10.0.0.1 to-port=80"));
	/* ports are numbers, not bytes */
	assert_true(
		cmp("elem ns=host set=host.pub4 proto=tcp port=80 to-ip=10.0.0.1 to-port=80",
		    "elem ns=host set=host.pub4 proto=tcp port=8080 to-ip=10.0.0.1 "
		    "to-port=80") < 0);
	assert_true(
		cmp("elem ns=host set=host.pub4 proto=tcp port=255 to-ip=10.0.0.1 to-port=80",
		    "elem ns=host set=host.pub4 proto=tcp port=256 to-ip=10.0.0.1 to-port=80") <
		0);
}

static bool same(const char *want, const char *have)
{
	struct obj x = parsed(want), y = parsed(have);

	return obj_same(&x, &y);
}

static void values(void **state)
{
	const char *full =
		"link ns=host name=a type=veth mac=02:00:00:00:00:01 mtu=1500 master=b "
		"alias=\"x\"";

	(void)state;
	assert_true(same(full, full));
	assert_true(same("link ns=host name=a type=veth master=b",
			 full)); /* nothing else asked for */
	assert_true(same("link ns=host name=a type=veth master=b peer=router:000000000001/c "
			 "peer-mac=02:00:00:00:00:09",
			 full));
	assert_false(
		same("link ns=host name=a type=veth", full)); /* no bridge is a wish, too */
	assert_false(same("link ns=host name=a type=bridge", "link ns=host name=a type=veth"));
	assert_false(same("link ns=host name=a type=veth master=c", full));
	assert_false(same("link ns=host name=a type=veth mtu=1400 master=b", full));
	assert_false(
		same("link ns=host name=a type=veth mac=02:00:00:00:00:02 master=b", full));
	assert_false(same("link ns=host name=a type=veth master=b alias=\"y\"", full));
	assert_false(same("link ns=host name=a type=veth master=b port=static", full));
	assert_false(same(full,
			  "link ns=host name=a type=veth master=b")); /* asked for, not there */

	assert_false(same("neigh ns=host dev=a ip=10.0.0.1 mac=02:00:00:00:00:01",
			  "neigh ns=host dev=a ip=10.0.0.1 mac=02:00:00:00:00:02"));
	assert_false(same("sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=a value=0",
			  "sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=a value=2"));
	assert_false(
		same("elem ns=host set=host.pub4 proto=tcp port=80 to-ip=10.0.0.1 to-port=80",
		     "elem ns=host set=host.pub4 proto=tcp port=80 to-ip=10.0.0.1 to-port=81"));
	assert_false(
		same("elem ns=host set=host.pub4 proto=tcp port=80 to-ip=10.0.0.1 to-port=80",
		     "elem ns=host set=host.pub4 proto=tcp port=80 to-ip=10.0.0.2 to-port=80"));
	assert_false(same("ruleset ns=host kind=host version=1 digest=1",
			  "ruleset ns=host kind=host version=1 digest=0"));
	assert_false(same("ruleset ns=host kind=host version=1 digest=1",
			  "ruleset ns=host kind=host version=2 digest=1"));
	assert_true(same("up ns=host dev=a", "up ns=host dev=a"));
}

static void arrays(void **state)
{
	struct objv v = {0};
	struct obj obj;
	char name[8] = "x";

	(void)state;
	obj = obj_up(0, "x");
	assert_null(objv_find(&v, &obj));
	objv_sort(&v);
	for (int i = 25; i >= 0; i--) {
		name[1] = (char)('a' + i);
		obj = obj_up(0, name);
		objv_add(&v, &obj);
	}
	objv_add(&v, &v.items[0]); /* an item of itself, while it grows */
	assert_int_equal(v.count, 27);
	objv_sort(&v);
	for (size_t i = 1; i < v.count; i++)
		assert_true(obj_key_cmp(&v.items[i - 1], &v.items[i]) <= 0);
	obj = obj_up(0, "xm");
	assert_non_null(objv_find(&v, &obj));
	obj = obj_up(0, "xmm");
	assert_null(objv_find(&v, &obj));
	objv_clear(&v);
	assert_int_equal(v.count, 0);
	objv_fini(&v);
	assert_null(v.items);
}

static bool implies(const char *outer, const char *inner)
{
	struct obj x = parsed(outer), y = parsed(inner);

	return obj_implies(&x, &y);
}

static const char ns_line[] = "netns ns=router:000000000001";
static const char veth_line[] = "link ns=router:000000000001 name=mp0 type=veth master=mb0 "
				"peer=stack:000000000002/eth0";
static const char bridge_line[] = "link ns=router:000000000001 name=mb0 type=bridge";

static void a_namespace_ends_all_in_it(void **state)
{
	(void)state;
	assert_true(implies(ns_line, veth_line));
	assert_true(implies(ns_line, bridge_line));
	assert_true(implies(ns_line, "up ns=router:000000000001 dev=a"));
	assert_true(implies(ns_line,
			    "ruleset ns=router:000000000001 kind=guard version=1 digest=1"));
	assert_true(implies(ns_line, "elem ns=router:000000000001 set=router.egress dev=mb0"));
	assert_true(implies("netns ns=container:000000000003",
			    "up ns=container:000000000003 dev=a"));
	assert_true(
		implies("netns ns=foreign:000000000003", "up ns=foreign:000000000003 dev=a"));
	assert_false(implies(ns_line, ns_line));
	assert_false(implies(ns_line, "up ns=router:000000000002 dev=a"));
	assert_false(implies(ns_line, "up ns=host dev=a"));
}

static void a_link_ends_what_hangs_on_it(void **state)
{
	static const char *const hanging[] = {
		"addr ns=router:000000000001 dev=mp0 addr=10.0.0.1/24",
		"up ns=router:000000000001 dev=mp0",
		"neigh ns=router:000000000001 dev=mp0 ip=10.0.0.1 mac=02:00:00:00:00:01",
		"fdb ns=router:000000000001 dev=mp0 mac=02:00:00:00:00:01",
		"sysctl ns=router:000000000001 key=net/ipv6/conf/*/accept_ra dev=mp0 value=0",
		"route ns=router:000000000001 dst=10.0.0.0/8 dev=mp0",
		/* and the far end with its own */
		"link ns=stack:000000000002 name=eth0 type=veth",
		"addr ns=stack:000000000002 dev=eth0 addr=10.0.0.2/24",
		"up ns=stack:000000000002 dev=eth0",
		"route ns=stack:000000000002 dst=0.0.0.0/0 via=10.0.0.1 dev=eth0",
	};
	static const char *const others[] = {
		/* a hook is bound by name (Linux >= 6.16) */
		"port ns=router:000000000001 dev=mp0",
		"up ns=router:000000000001 dev=mp00",
		"up ns=host dev=mp0",
		"up ns=stack:000000000002 dev=mp0",
		"up ns=router:000000000001 dev=eth0",
		"link ns=router:000000000001 name=mp1 type=veth",
		"sysctl ns=router:000000000001 key=net/ipv6/conf/*/accept_ra dev=all value=0",
		"route ns=router:000000000001 dst=10.0.0.0/8 via=10.0.0.1",
		"elem ns=router:000000000001 set=guard.ip4_ok dev=mp0 ip=10.0.0.2",
		"ruleset ns=router:000000000001 kind=guard version=1 digest=1",
		"netns ns=router:000000000001",
		"netns ns=stack:000000000002",
		veth_line,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(hanging); i++)
		assert_true(implies(veth_line, hanging[i]));
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		assert_false(implies(veth_line, others[i]));
	/* ports outlive their bridge */
	assert_false(implies(bridge_line, veth_line));
	assert_false(implies(bridge_line,
			     "fdb ns=router:000000000001 dev=mp0 mac=02:00:00:00:00:01"));
	/* a snapshot knows no peer: the first link of the host is not the peer of all */
	assert_false(
		implies("link ns=router:000000000001 name=mp0 type=veth", "up ns=host dev=a"));
}

static void a_ruleset_ends_its_elements(void **state)
{
	static const char guard[] =
		"ruleset ns=router:000000000001 kind=guard version=1 digest=1";
	static const char nat[] =
		"ruleset ns=router:000000000001 kind=router version=1 digest=1";

	(void)state;
	assert_true(implies(guard,
			    "elem ns=router:000000000001 set=guard.ip4_ok dev=a ip=10.0.0.2"));
	assert_true(implies(guard, "port ns=router:000000000001 dev=a"));
	assert_true(implies(nat, "elem ns=router:000000000001 set=router.egress dev=a"));
	assert_false(implies(guard,
			     "elem ns=router:000000000002 set=guard.ip4_ok dev=a ip=10.0.0.2"));
	assert_false(implies(guard, "elem ns=router:000000000001 set=router.egress dev=a"));
	assert_false(
		implies(nat, "elem ns=router:000000000001 set=guard.ip4_ok dev=a ip=10.0.0.2"));
	assert_false(implies(nat, "port ns=router:000000000001 dev=a"));
	assert_false(implies(guard, nat));
	assert_false(implies(guard, "up ns=router:000000000001 dev=a"));
}

static void sets(void **state)
{
	(void)state;
	assert_null(set_def_get(SET_NONE));
	assert_null(set_def_get(SET_COUNT));
	assert_null(set_def_get(UINT16_MAX));
	for (unsigned set = 1; set < SET_COUNT; set++) {
		const struct set_def *def = set_def_get(set);

		assert_non_null(def);
		assert_true(strlen(def->name) > 0 && def->key);
		assert_true(def->in > RULESET_NONE && def->in < RULESET_KIND_COUNT);
		assert_false(def->key & def->data);
		/* a family exactly where there is an address */
		assert_int_equal(def->family != 0,
				 ((def->key | def->data) & (ELEM_IP | ELEM_TO_IP)) != 0);
		assert_true(def->family == 0 ||
			    def->family == (strchr(def->name, '6') ? 6 : 4));
		for (unsigned other = 1; other < set; other++)
			assert_false(set_def_get(other)->in == def->in &&
				     !strcmp(set_def_get(other)->name, def->name));
	}
}

static void too_long(void)
{
	obj_up(0, "abcdefghijklmnop");
}

static void a_long_name_is_our_bug(void **state)
{
	(void)state;
	assert_true(aborts(too_long));
}

static void constructors_leave_no_byte(void **state)
{
	struct prefix prefix;
	struct obj made[] = {
		obj_netns(router),
		obj_bridge(router, "mb0", NULL, 0, NULL),
		obj_veth(router, "mp0", &mac, stack, "eth0", &other_mac, 1500, "mb0", "a"),
		obj_sysctl(router, SYSCTL_CT_TCP_LOOSE, NULL, 0),
		obj_up(router, "mb0"),
		obj_fdb(router, "mb0", &mac),
		obj_ruleset(router, RULESET_ROUTER, 4),
		obj_port(router, "mp0"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(made); i++)
		assert_true(obj_valid(&made[i]));
	assert_int_equal(made[6].ruleset.digest, 1);
	assert_int_equal(prefix_parse("0.0.0.0/0", &prefix), 0);
	made[0] = obj_route(router, &prefix, NULL, "mb0");
	assert_true(obj_valid(&made[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(values),
		cmocka_unit_test(arrays),
		cmocka_unit_test(a_namespace_ends_all_in_it),
		cmocka_unit_test(a_link_ends_what_hangs_on_it),
		cmocka_unit_test(a_ruleset_ends_its_elements),
		cmocka_unit_test(sets),
		cmocka_unit_test(a_long_name_is_our_bug),
		cmocka_unit_test(constructors_leave_no_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
