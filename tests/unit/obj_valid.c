/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/obj/valid: one thing wrong at a time, and every byte that no field covers. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/obj/obj.h"

static const uint64_t router = NS_ID(NS_ROUTER, 1);
static const struct mac mac = {{2, 0, 0, 0, 0, 1}};

static struct obj parsed(const char *line)
{
	struct obj obj;
	struct err err = ERR_INIT;

	if (obj_parse(line, &obj, &err) < 0)
		fail_msg("%s: %s", line, err.msg);
	return obj;
}

static struct obj veth(void)
{
	return parsed(
		"link ns=router:000000000001 name=mp0 type=veth mac=02:00:00:00:00:01 mtu=1500 "
		"master=mb0 port=static peer=stack:000000000002/eth0 "
		"peer-mac=02:00:00:00:00:02 alias=\"red\"");
}

#define REFUSED(start, change)                                                                 \
	do {                                                                                   \
		struct obj o = (start);                                                        \
		assert_true(obj_valid(&o));                                                    \
		change;                                                                        \
		assert_false(obj_valid(&o));                                                   \
	} while (0)

static void names(void **state)
{
	static const char *const bad[] = {".",     "..",    "a/b",   "a:b", "a b",    "a\tb",
					  "a\x7f", "a\xc3", "eth%d", "all", "default"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		REFUSED(veth(), {
			memset(o.link.name, 0, sizeof(o.link.name));
			memcpy(o.link.name, bad[i], strlen(bad[i]));
		});
		REFUSED(veth(), {
			memset(o.link.peer_name, 0, sizeof(o.link.peer_name));
			memcpy(o.link.peer_name, bad[i], strlen(bad[i]));
		});
		REFUSED(veth(), {
			memset(o.link.master, 0, sizeof(o.link.master));
			memcpy(o.link.master, bad[i], strlen(bad[i]));
		});
	}
	REFUSED(veth(), memset(o.link.name, 0, sizeof(o.link.name)));
	REFUSED(veth(), memset(o.link.name, 'a', sizeof(o.link.name)));
	REFUSED(veth(), o.link.name[15] = 'x'); /* behind the NUL */
	REFUSED(veth(), memset(o.link.alias, 'a', sizeof(o.link.alias)));
	REFUSED(veth(), o.link.alias[sizeof(o.link.alias) - 1] = 'x');
	REFUSED(veth(), o.link.alias[1] = '\n');
	REFUSED(veth(), o.link.alias[1] = '\x1b');
}

static void links(void **state)
{
	(void)state;
	REFUSED(veth(), o.link.type = 4);
	REFUSED(veth(), o.link.type = LINK_TAP); /* it has no far end */
	REFUSED(obj_tap(router, "a", 1500, "b", ""), memcpy(o.link.master, "a", 1));
	REFUSED(veth(), o.link.flags = 2);
	REFUSED(veth(), o.link.flags = 3);
	REFUSED(veth(), o.link.mtu = 67);
	REFUSED(veth(), o.link.mtu = 65536);
	REFUSED(veth(), o.link.mtu = UINT32_MAX);
	REFUSED(veth(), o.link.mac.b[0] |= 1);
	REFUSED(veth(), o.link.peer_mac.b[0] |= 1);
	REFUSED(veth(),
		memset(o.link.master, 0, sizeof(o.link.master))); /* port flags, no port */
	REFUSED(veth(), memcpy(o.link.master, o.link.name, sizeof(o.link.master)));
	REFUSED(veth(), memset(o.link.peer_name, 0, sizeof(o.link.peer_name)));
	REFUSED(veth(), {
		memset(o.link.peer_name, 0, sizeof(o.link.peer_name));
		o.link.peer_ns = 0; /* a peer's address without a peer */
	});
	REFUSED(veth(), o.link.peer_ns = NS_ID(5, 1));
	REFUSED(veth(), {
		o.link.peer_ns = o.ns;
		memcpy(o.link.peer_name, o.link.name, sizeof(o.link.peer_name));
	});
	REFUSED(veth(), o.link.type = LINK_BRIDGE);
	REFUSED(veth(), o.link.type = LINK_LOOPBACK);
}

static void namespaces(void **state)
{
	(void)state;
	REFUSED(obj_up(router, "a"), o.ns = 1);
	REFUSED(obj_up(router, "a"), o.ns = NS_ID(NS_STACK, 0));
	REFUSED(obj_up(router, "a"), o.ns = NS_ID(5, 1));
	REFUSED(obj_up(router, "a"), o.ns = UINT64_MAX);
	REFUSED(obj_up(router, "a"), o.kind = OBJ_NONE);
	REFUSED(obj_up(router, "a"), o.kind = OBJ_KIND_COUNT);
	REFUSED(obj_up(router, "a"), o.kind = UINT16_MAX);
}

static void addresses(void **state)
{
	const char *a4 = "addr ns=host dev=a addr=10.0.0.1/24",
		   *a6 = "addr ns=host dev=a addr=fd00::1/64";
	const char *r4 = "route ns=host dst=10.0.0.0/24 via=10.1.0.1 dev=a";
	const char *n4 = "neigh ns=host dev=a ip=10.0.0.1 mac=02:00:00:00:00:01";

	(void)state;
	REFUSED(parsed("proxy ns=host dev=a ip=2001:db8::1"), o.proxy.ip = ip4_make(0x0a000001));
	REFUSED(parsed("proxy ns=host dev=a ip=2001:db8::1"), (o.proxy.ip.b[0] = 0xfe, o.proxy.ip.b[1] = 0x80));
	REFUSED(obj_qdisc(router, "a", 1000, 1000, 1000), o.qdisc.rate = 0);
	REFUSED(obj_qdisc(router, "a", 1000, 1000, 1000), o.qdisc.burst = 0);
	REFUSED(obj_qdisc(router, "a", 1000, 1000, 1000), o.qdisc.limit = 0);
	REFUSED(obj_qdisc(router, "a", 1000, 1000, 1000), o.qdisc.limit = 1U << 31);
	REFUSED(obj_qdisc(router, "a", 1000, 1000, 1000), o.qdisc.rate = UINT64_MAX);
	REFUSED(obj_redirect(router, "a", 7), o.redirect.to = 0);
	REFUSED(obj_redirect(router, "a", 7), o.redirect.to = UINT32_MAX);
	REFUSED(obj_redirect(router, "a", 7), o.ns = 0);
	REFUSED(obj_ifb(router, "a", 7, ""), o.link.index = 0);
	REFUSED(obj_ifb(router, "a", 7, ""), memcpy(o.link.master, "b", 1));
	REFUSED(veth(), o.link.index = 7);
	REFUSED(parsed(a4), o.addr.addr.len = 33);
	REFUSED(parsed(a4), o.addr.addr.len = 0);
	REFUSED(parsed(a4), o.addr.addr.ip.family = 6 - 1);
	REFUSED(parsed(a4), o.addr.addr.ip.family = 0);
	REFUSED(parsed(a4), o.addr.addr.ip.b[4] = 1);
	REFUSED(parsed(a4), o.addr.addr.ip.b[15] = 1);
	REFUSED(parsed(a4), o.addr.addr.ip.b[0] = 224);
	REFUSED(parsed(a4), memset(o.addr.addr.ip.b, 0, 4));
	REFUSED(parsed(a6), o.addr.addr.len = 129);
	REFUSED(parsed(a6), o.addr.addr.ip.b[0] = 0xff);
	REFUSED(parsed(r4), o.route.dst.ip.b[3] = 1); /* host bits */
	REFUSED(parsed(r4), o.route.dst.len = 6);
	REFUSED(parsed(r4), o.route.dst.ip.b[0] = 230);
	REFUSED(parsed(r4), o.route.via.family = 6);
	REFUSED(parsed(r4), memset(o.route.via.b, 0, 4));
	REFUSED(parsed("route ns=host dst=10.0.0.0/24 dev=a"), o.route.dev[0] = '\0');
	REFUSED(parsed(n4), o.neigh.mac.b[0] |= 1);
	REFUSED(parsed(n4), memset(&o.neigh.mac, 0, sizeof(o.neigh.mac)));
	REFUSED(parsed(n4), o.neigh.ip.family = 0);
	REFUSED(obj_fdb(router, "a", &mac), memset(&o.fdb.mac, 0, sizeof(o.fdb.mac)));
	REFUSED(obj_fdb(router, "a", &mac), memset(&o.fdb.mac, 0xff, sizeof(o.fdb.mac)));
}

static void switches(void **state)
{
	const char *per_device = "sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=a value=2";
	const char *global = "sysctl ns=host key=net/ipv4/ip_unprivileged_port_start value=0";

	(void)state;
	REFUSED(parsed(per_device), o.sysctl.value = 3);
	REFUSED(parsed(per_device), o.sysctl.value = -1);
	REFUSED(parsed(per_device), o.sysctl.key = SYSCTL_NONE);
	REFUSED(parsed(per_device), o.sysctl.key = SYSCTL_KEY_COUNT);
	REFUSED(parsed(per_device), o.sysctl.dev[0] = '\0');
	REFUSED(parsed(per_device), memcpy(o.sysctl.dev, "../x", 4));
	REFUSED(parsed(global), o.sysctl.dev[0] = 'a');
	REFUSED(parsed(global), o.sysctl.value = 65536);
}

static void rulesets(void **state)
{
	const char *arp =
		"elem ns=router:000000000001 set=guard.arp_ok dev=a mac=02:00:00:00:00:01 "
		"ip=10.0.0.1";
	const char *allow = "elem ns=router:000000000001 set=guard.allow4 dev=a ip=10.9.2.0 len=24";
	const char *pub =
		"elem ns=host set=host.pub4 proto=tcp port=80 to-ip=10.0.0.1 to-port=80";
	const char *range =
		"elem ns=host set=host.range4 proto=tcp port=80 last=89 to-ip=10.0.0.1";
	const char *shift = "elem ns=router:000000000001 set=router.shift4 proto=tcp port=80 last=89 "
			    "to-ip=10.0.0.1 to-port=1000 to-last=1009";

	(void)state;
	REFUSED(obj_ruleset(router, RULESET_GUARD, 1), o.ruleset.kind = RULESET_NONE);
	REFUSED(obj_ruleset(router, RULESET_GUARD, 1), o.ruleset.kind = RULESET_KIND_COUNT);
	REFUSED(obj_ruleset(router, RULESET_GUARD, 1), o.ruleset.kind = RULESET_HOST);
	REFUSED(obj_ruleset(router, RULESET_GUARD, 1), o.ns = 0);
	REFUSED(obj_ruleset(router, RULESET_GUARD, 1), o.ruleset.digest = 2);
	REFUSED(obj_ruleset(router, RULESET_GUARD, 1), o.ruleset.digest = UINT32_MAX);
	REFUSED(obj_port(router, "a"), o.ns = 0);
	REFUSED(parsed(arp), o.ns = 0);
	REFUSED(parsed(arp), o.elem.set = SET_NONE);
	REFUSED(parsed(arp), o.elem.set = SET_COUNT);
	REFUSED(parsed(arp), o.elem.set = SET_GUARD_MAC); /* has no address */
	REFUSED(parsed(arp), o.elem.set = SET_GUARD_IP4); /* has no MAC */
	REFUSED(parsed(arp), o.elem.dev[0] = '\0');
	REFUSED(parsed(arp), memset(&o.elem.mac, 0, sizeof(o.elem.mac)));
	REFUSED(parsed(arp), o.elem.ip.family = 6);
	REFUSED(parsed(arp), memset(&o.elem.ip, 0, sizeof(o.elem.ip)));
	REFUSED(parsed(arp), o.elem.port = 1);
	REFUSED(parsed(arp), o.elem.family = 1);
	REFUSED(parsed(arp), o.elem.to_ip = o.elem.ip);
	REFUSED(parsed(arp), o.elem.len = 24);
	REFUSED(parsed(arp), o.elem.zero[0] = 1);
	REFUSED(parsed(allow), o.elem.len = 0);
	REFUSED(parsed(allow), o.elem.len = 33);
	REFUSED(parsed(allow), o.elem.len = 22); /* host bits */
	REFUSED(parsed(allow), o.elem.set = SET_GUARD_IP4);
	REFUSED(parsed(allow), o.elem.ip.b[3] = 1);
	REFUSED(parsed(pub), o.ns = router);
	REFUSED(parsed(pub), o.elem.proto = 1);
	REFUSED(parsed(pub), o.elem.proto = 0);
	REFUSED(parsed(pub), o.elem.port = 0);
	REFUSED(parsed(pub), o.elem.to_port = 0);
	REFUSED(parsed(pub), o.elem.to_ip.family = 0);
	REFUSED(parsed(pub), o.elem.last = 81);
	REFUSED(parsed(pub), o.elem.to_last = 81);
	REFUSED(parsed(range), o.elem.last = 80);
	REFUSED(parsed(range), o.elem.last = 79);
	REFUSED(parsed(range), o.elem.last = 0);
	REFUSED(parsed(range), o.elem.to_port = 80);
	REFUSED(parsed(range), o.elem.port = 90);
	REFUSED(parsed(shift), o.elem.last = 88);
	REFUSED(parsed(shift), o.elem.to_last = 1008);
	REFUSED(parsed(shift), o.elem.to_last = 0);
	REFUSED(parsed(shift), (o.elem.port = 81, o.elem.last = 90)); /* the kernel would turn it */
	REFUSED(parsed(shift), (o.elem.to_port = 65530, o.elem.to_last = 3));
	REFUSED(parsed(pub), o.elem.to_ip.b[8] = 1);
	REFUSED(parsed(pub), o.elem.set = SET_HOST_PUB6);
	REFUSED(parsed(pub), o.elem.set = SET_ROUTER_PUB4);
}

static void rules_and_tables(void **state)
{
	const char *rule = "rule ns=stack:00000000000a src=10.0.0.1/32 table=5046272";
	const char *route = "route ns=stack:00000000000a dst=::/0 via=fd00::1 dev=a metric=1025 table=5046272";

	(void)state;
	assert_true(obj_valid(&(struct obj[]){parsed(rule)}[0]));
	REFUSED(parsed(rule), o.rule.table = 254);
	REFUSED(parsed(rule), o.rule.table = 0);
	REFUSED(parsed(rule), o.rule.table++; o.rule.table += 0xffff);
	REFUSED(parsed(rule), o.rule.src.len = 31);
	REFUSED(parsed(rule), o.rule.src.ip.b[0] = 224);
	REFUSED(parsed(rule), o.rule.zero[0] = 1);
	REFUSED(parsed(route), o.route.table = 255);
	REFUSED(parsed(route), o.route.metric = 1024);
	REFUSED(parsed(route), o.route.zero = 1);
	REFUSED(parsed(route), o.route.mtu = 1279);
	REFUSED(parsed(route), o.route.mtu = OBJ_ROUTE_MTU_MAX + 1);
	REFUSED(parsed(route), o.route.advmss = OBJ_ROUTE_ADVMSS_MAX + 1);
	REFUSED(parsed("route ns=host dst=10.0.0.0/8 dev=a"), o.route.mtu = 67);
}

/* How many bytes at the end of each record no field of its kind covers. */
static void no_byte_is_overlooked(void **state)
{
	const struct {
		struct obj obj;
		size_t used;
	} cases[] = {
		{obj_netns(router), 0},
		{veth(), sizeof(struct obj_link)},
		{parsed("sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=a value=2"), 22},
		{parsed("addr ns=host dev=a addr=10.0.0.1/24"), sizeof(struct obj_addr)},
		{obj_up(router, "a"), sizeof(struct obj_port)},
		{parsed("route ns=host dst=10.0.0.0/24 dev=a"), sizeof(struct obj_route)},
		{parsed("rule ns=host src=10.0.0.1/32 table=5046272"), sizeof(struct obj_rule)},
		{parsed("neigh ns=host dev=a ip=10.0.0.1 mac=02:00:00:00:00:01"),
		 sizeof(struct obj_neigh)},
		{parsed("proxy ns=host dev=a ip=2001:db8::1"), sizeof(struct obj_proxy)},
		{obj_fdb(router, "a", &mac), sizeof(struct obj_fdb)},
		{obj_ruleset(router, RULESET_GUARD, 1), sizeof(struct obj_ruleset)},
		{parsed("elem ns=host set=host.uplinks dev=a"), sizeof(struct obj_elem)},
		{obj_port(router, "a"), sizeof(struct obj_port)},
		{obj_qdisc(router, "a", 1, 1, 1), sizeof(struct obj_qdisc)},
		{obj_redirect(router, "a", 1), sizeof(struct obj_redirect)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		for (size_t at = 0; at < sizeof(struct obj); at++) {
			size_t head = offsetof(struct obj, bytes);
			bool covered = at < 10 || (at >= head && at < head + cases[i].used);

			if (!covered)
				REFUSED(cases[i].obj, ((uint8_t *)&o)[at] = 1);
		}
	}
	for (size_t i = 0; i < sizeof(((struct obj_link *)NULL)->zero); i++)
		REFUSED(veth(), o.link.zero[i] = 1);
}

static void sysctl_paths(void **state)
{
	struct obj obj = obj_sysctl(0, SYSCTL_IPV4_FORWARDING, "eth0", 1);
	char path[64], tiny[8];

	(void)state;
	assert_int_equal(obj_sysctl_path(&obj.sysctl, path, sizeof(path)), 0);
	assert_string_equal(path, "net/ipv4/conf/eth0/forwarding");
	assert_true(obj_sysctl_path(&obj.sysctl, tiny, sizeof(tiny)) < 0);
	obj = obj_sysctl(0, SYSCTL_CT_TCP_LOOSE, "", 0);
	assert_int_equal(obj_sysctl_path(&obj.sysctl, path, sizeof(path)), 0);
	assert_string_equal(path, "net/netfilter/nf_conntrack_tcp_loose");
	obj = obj_sysctl(0, SYSCTL_IPV4_FORWARDING, "..", 1);
	assert_true(obj_sysctl_path(&obj.sysctl, path, sizeof(path)) < 0);
	obj = obj_sysctl(0, SYSCTL_IPV4_FORWARDING, "a/b", 1);
	assert_true(obj_sysctl_path(&obj.sysctl, path, sizeof(path)) < 0);
	obj = obj_sysctl(0, SYSCTL_KEY_COUNT, "", 1);
	assert_true(obj_sysctl_path(&obj.sysctl, path, sizeof(path)) < 0);
	memset(&obj.sysctl.dev, 'a', sizeof(obj.sysctl.dev));
	obj.sysctl.key = SYSCTL_IPV4_FORWARDING;
	assert_true(obj_sysctl_path(&obj.sysctl, path, sizeof(path)) < 0);
	for (unsigned key = 1; key < SYSCTL_KEY_COUNT; key++) {
		obj = obj_sysctl(0, (enum sysctl_key)key, "", 0);
		if (obj_sysctl_path(&obj.sysctl, path, sizeof(path)) < 0)
			obj = obj_sysctl(0, (enum sysctl_key)key, "all", 0);
		assert_int_equal(obj_sysctl_path(&obj.sysctl, path, sizeof(path)), 0);
		assert_true(obj_valid(&obj));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(links),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(addresses),
		cmocka_unit_test(switches),
		cmocka_unit_test(rulesets),
		cmocka_unit_test(rules_and_tables),
		cmocka_unit_test(no_byte_is_overlooked),
		cmocka_unit_test(sysctl_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
