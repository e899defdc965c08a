/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of netd/hand/check: for every rule what it lets pass and what it refuses. Plans are text;
 * the world knows one namespace of each class, all numbered 0000000000a1.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/base/mem.h"
#include "netd/hand/check.h"

#define R  "router:0000000000a1"
#define S  "stack:0000000000a1"
#define C  "container:0000000000a1"
#define F  "foreign:0000000000a1"
#define MU "mu0000000000a1"
#define MB "mb0000000000a1"
#define MP "mp0000000000a1"
#define MS "ms0000000000a1"
#define MV "mv00000000000a"

enum {
	BUSY = 8022,
	BUSY6 = 8023, /* on ::1 */
	RESERVED = 9000,
	UNKNOWABLE = 9100,
};

static bool known(void *ctx, uint64_t ns)
{
	(void)ctx;
	return ns_id48(ns) == 0xa1;
}

static uint16_t reserved(void *ctx, uint8_t proto, uint16_t first, uint16_t last)
{
	(void)ctx;
	return proto == IPPROTO_TCP && first <= RESERVED && RESERVED <= last ? RESERVED : 0;
}

/* User 1001 was allowed 30000 to 30099. */
static bool allowed(void *ctx, uint32_t uid, uint8_t proto, uint16_t first, uint16_t last)
{
	(void)ctx;
	(void)proto;
	return uid != 1001 || (first >= 30000 && last <= 30099);
}

/* The host has 10.0.9.0/24 by a route of its own. */
static bool leads(void *ctx, const struct prefix *prefix)
{
	const struct prefix own = {.ip = {.family = 4, .b = {10, 0, 9}}, .len = 24};

	(void)ctx;
	return prefix_overlaps(&own, prefix);
}

/* The host answers for one address that was taken out of the file since. */
static bool proxied(void *ctx, const struct obj_proxy *proxy)
{
	(void)ctx;
	return proxy->ip.b[15] == 0x77 && strcmp(proxy->dev, "eth0") == 0;
}

static int busy(void *ctx, const struct obj_elem *elem, uint8_t family)
{
	(void)ctx;
	if (elem->port == UNKNOWABLE)
		return -ENOBUFS;
	if (family == 6 && elem->port == BUSY6 && ip_is_loopback(&elem->ip))
		return BUSY6;
	return elem->port <= BUSY && BUSY <= (elem->last ? elem->last : elem->port) && family == 4 ? BUSY : 0;
}

/* A host that routes IPv6 by itself and IPv4 not, as far as single devices go. */
static bool opens(void *ctx, uint8_t family, bool all)
{
	(void)ctx;
	return family == 4 || all;
}

static const struct settings settings = {.connections = 4096,
					 .routed = {{.ip = {.family = 4, .b = {203, 0, 113, 64}}, .len = 26},
						    {.ip = {.family = 6, .b = {0x20, 0x01, 0x0d, 0xb8, 0, 1}}, .len = 48},
						    {.ip = {.family = 4, .b = {10, 97, 1, 0}}, .len = 24}},
					 .routed_count = 3};
static const struct check_world world = {
	.settings = &settings, .known = known, .reserved = reserved, .allowed = allowed, .opens = opens,
	.leads = leads, .proxied = proxied, .busy = busy};

/* One plan: its text, who asked, what the check says of its last operation. */
struct row {
	const char *text;
	int status;
	uint32_t uid;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cleanup(plan_fini) struct plan plan = {0};
		struct seam_result result = {0};
		struct err err = ERR_INIT;
		int r;

		if (plan_parse(rows[i].text, &plan, &err) < 0)
			fail_msg("row %zu is no plan: %s\n%s", i, err.msg, rows[i].text);
		r = check_plan(plan.ops, plan.count, plan.commit, rows[i].uid, &world, &result);
		if (r != rows[i].status)
			fail_msg("row %zu: %d (%s), expected %d\n%s", i, r, result.text,
				 rows[i].status, rows[i].text);
		if (r == 0)
			continue;
		assert_int_equal(result.status, r);
		assert_int_equal(result.refused, 1);
		assert_int_equal(result.index, plan.count - 1);
		assert_true(result.text[0] != '\0' &&
			    memchr(result.text, '\0', SEAM_TEXT_SIZE) != NULL);
	}
}
#define CHECK(rows) check_rows(rows, ARRAY_COUNT(rows))

static void namespaces(void **state)
{
	static const struct row rows[] = {
		{"+ netns ns=router:000000000001\ncommit\n", 0, 0},
		{"+ netns ns=stack:000000000001\ncommit\n", 0, 0},
		{"commit\n- netns ns=" R "\n", 0, 0},
		{"commit\n- netns ns=" C "\n", 0, 0},
		{"commit\n- netns ns=container:000000000009\n", 0, 0}, /* gone already */
		{"+ up ns=" R " dev=lo\ncommit\n", 0, 0},
		{"+ up ns=router:000000000001 dev=lo\ncommit\n", -ENOENT, 0},
		{"+ netns ns=router:000000000001\n+ up ns=router:000000000001 dev=lo\ncommit\n",
		 0, 0},
		{"+ up ns=foreign:000000000001 dev=eth0\ncommit\n", -ENOENT, 0},
		{"commit\n- up ns=foreign:000000000001 dev=eth0\n", 0, 0},
		/* changed may be a port whose other end nobody holds the door open to */
		{"~ link ns=" R " name=" MP " type=veth peer=foreign:000000000001/eth0\ncommit\n",
		 0, 0},
		{"+ link ns=" R " name=" MP " type=veth peer=stack:000000000001/eth0\ncommit\n",
		 -ENOENT, 0},
		{"+ netns ns=stack:000000000001\n+ link ns=" R " name=" MP
		 " type=veth peer=stack:000000000001/eth0\ncommit\n",
		 0, 0},
	};

	(void)state;
	CHECK(rows);
}

/* Prefixes that are routed to this host, by the administrator's word alone. */
static void routed_prefixes(void **state)
{
	static const struct row rows[] = {
		{"+ route ns=host dst=203.0.113.64/28 via=10.97.0.1 dev=" MU "\ncommit\n", 0, 0},
		{"+ route ns=host dst=2001:db8:1::/64 via=fd12:3456:789a:ffff::1 dev=" MU "\ncommit\n", 0, 0},
		{"commit\n- route ns=host dst=198.51.100.0/24 via=10.97.0.1 dev=" MU "\n", 0, 0}, /* of a prefix that was taken out */
		{"+ route ns=host dst=203.0.113.0/24 via=10.97.0.1 dev=" MU "\ncommit\n", -EPERM, 0}, /* wider */
		{"+ route ns=host dst=203.0.113.0/28 via=10.97.0.1 dev=" MU "\ncommit\n", -EPERM, 0}, /* beside */
		{"+ route ns=host dst=2001:db8:2::/64 via=fd12:3456:789a:ffff::1 dev=" MU "\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=203.0.113.64/28 via=192.0.2.1 dev=" MU "\ncommit\n", -EPERM, 0}, /* no router */
		{"+ route ns=host dst=203.0.113.64/28 dev=" MU "\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=203.0.113.64/28 via=10.97.0.1 dev=eth0\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=203.0.113.64/28 via=10.97.0.1\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=203.0.113.64/28 via=10.97.0.1 dev=" MU " metric=5\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=203.0.113.64/28 via=10.97.0.1 dev=" MU " mtu=1400\ncommit\n", -EPERM, 0},
		{"~ route ns=host dst=203.0.113.64/28 via=10.97.0.1 dev=" MU " advmss=1400\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=203.0.113.64/28 via=10.97.0.1 dev=" MU " table=5046272\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=10.97.1.0/28 via=10.97.0.1 dev=" MU "\ncommit\n", -EPERM, 0}, /* of uplinks */
		{"+ elem ns=host set=host.routed4 dev=" MU " ip=203.0.113.64 len=28\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.routed4 dev=" MU " ip=203.0.113.0 len=24\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.routed4 dev=eth0 ip=203.0.113.64 len=28\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.routed6 dev=" MU " ip=2001:db8:1:: len=64\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.routed6 dev=" MU " ip=2001:db8:2:: len=64\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.own4 ip=203.0.113.64 len=28 family=ipv4\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.own4 ip=203.0.113.64 len=28 family=ipv6\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.own4 ip=198.51.100.0 len=24 family=ipv4\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.own6 ip=2001:db8:1:: len=64 family=ipv6\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.own6 ip=2001:db8:: len=32 family=ipv6\ncommit\n", -EPERM, 0},
		{"+ elem ns=" R " set=router.routed4 ip=203.0.113.64 len=28 mark=7\ncommit\n", 0, 0},
		/* shaping: of ports, in routers alone; what comes in by one goes to an ifb of ours, or nowhere */
		{"+ qdisc ns=" R " dev=" MP " rate=1 burst=1 limit=1\ncommit\n", 0, 0},
		{"~ qdisc ns=" R " dev=" MS " rate=1 burst=1 limit=1\ncommit\n", 0, 0},
		{"commit\n- qdisc ns=" R " dev=" MP " rate=1 burst=1 limit=1\n", 0, 0},
		{"+ qdisc ns=" R " dev=" MB " rate=1 burst=1 limit=1\ncommit\n", -EPERM, 0},
		{"+ qdisc ns=" R " dev=uplink rate=1 burst=1 limit=1\ncommit\n", -EPERM, 0},
		{"+ qdisc ns=" R " dev=eth0 rate=1 burst=1 limit=1\ncommit\n", -EPERM, 0},
		{"+ qdisc ns=host dev=eth0 rate=1 burst=1 limit=1\ncommit\n", -EPERM, 0},
		{"commit\n- qdisc ns=host dev=eth0 rate=1 burst=1 limit=1\n", -EPERM, 0},
		{"+ qdisc ns=host dev=" MU " rate=1 burst=1 limit=1\ncommit\n", -EPERM, 0},
		{"+ qdisc ns=" S " dev=eth0 rate=1 burst=1 limit=1\ncommit\n", -EPERM, 0},
		{"+ redirect ns=" R " dev=" MP " to=1073741824\ncommit\n", 0, 0},
		{"~ redirect ns=" R " dev=" MP " to=2147483647\ncommit\n", 0, 0},
		{"+ redirect ns=" R " dev=" MP " to=7\ncommit\n", -EPERM, 0},
		{"+ redirect ns=" R " dev=" MB " to=1073741824\ncommit\n", -EPERM, 0},
		{"+ redirect ns=" R " dev=uplink to=1073741824\ncommit\n", -EPERM, 0},
		{"+ redirect ns=" S " dev=eth0 to=1073741824\ncommit\n", -EPERM, 0},
		{"+ link ns=" R " name=" MS " type=ifb index=1073741824\ncommit\n", 0, 0},
		{"+ link ns=" R " name=" MS " type=ifb index=7\ncommit\n", -EPERM, 0},
		{"commit\n- link ns=" R " name=" MS " type=ifb index=7\n", 0, 0},
		{"+ link ns=" R " name=" MP " type=ifb index=1073741824\ncommit\n", -EPERM, 0},
		{"+ link ns=" R " name=" MS " type=bridge\ncommit\n", -EPERM, 0},
		{"+ link ns=host name=" MS " type=ifb index=1073741824\ncommit\n", -EPERM, 0},
		{"+ link ns=" S " name=" MS " type=ifb index=1073741824\ncommit\n", -EPERM, 0},
		/* solicitations that the host answers, on links of its own */
		{"+ proxy ns=host dev=eth0 ip=2001:db8:1::9\ncommit\n", 0, 0},
		{"commit\n- proxy ns=host dev=eth0 ip=2001:db8:1::9\n", 0, 0},
		{"+ proxy ns=host dev=eth0 ip=2001:db8:2::9\ncommit\n", -EPERM, 0},
		{"+ proxy ns=host dev=eth0 ip=2001:db8:2::77\ncommit\n", -EPERM, 0},
		{"commit\n- proxy ns=host dev=eth0 ip=2001:db8:2::77\n", 0, 0}, /* ours, of a prefix that was taken out */
		{"commit\n- proxy ns=host dev=eth0 ip=2001:db8:2::78\n", -EPERM, 0}, /* somebody's */
		{"+ proxy ns=host dev=" MU " ip=2001:db8:1::9\ncommit\n", -EPERM, 0},
		{"+ proxy ns=" R " dev=uplink ip=2001:db8:1::9\ncommit\n", -EPERM, 0},
		{"+ proxy ns=" S " dev=eth0 ip=2001:db8:1::9\ncommit\n", -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/proxy_ndp dev=eth0 value=1\ncommit\n", 0, 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/proxy_ndp dev=all value=1\ncommit\n", -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv6/neigh/*/proxy_delay dev=eth0 value=0\ncommit\n", 0, 0},
		{"+ sysctl ns=host key=net/ipv6/neigh/*/proxy_delay dev=default value=0\ncommit\n", -EPERM, 0},
		/* host access: from such prefixes alone, and to them from nobody but the host's end of an uplink */
		{"+ elem ns=host set=host.access4 dev=" MU " ip=203.0.113.64 len=28\ncommit\n", 0, 0},
		/* of masqueraded ones, too: private, and nobody's else */
		{"+ elem ns=host set=host.access4 dev=" MU " ip=10.0.0.0 len=24\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.access4 dev=" MU " ip=10.0.9.0 len=25\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.access4 dev=" MU " ip=10.0.0.0 len=16\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.access4 dev=" MU " ip=198.51.100.0 len=24\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.access6 dev=" MU " ip=fd00:a:: len=64\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.routed4 dev=" MU " ip=10.0.0.0 len=24\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.routed4 dev=" MU " ip=10.0.9.9 len=32\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.own4 ip=10.0.0.0 len=24 family=ipv4\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=10.0.0.0/24 via=10.97.0.1 dev=" MU "\ncommit\n", 0, 0},
		{"+ route ns=host dst=10.0.9.0/24 via=10.97.0.1 dev=" MU "\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=8.8.8.8/32 via=10.97.0.1 dev=" MU "\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.access4 dev=eth0 ip=203.0.113.64 len=28\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.access6 dev=" MU " ip=2001:db8:1:: len=64\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.access6 dev=" MU " ip=2000:: len=3\ncommit\n", -EPERM, 0},
		{"+ elem ns=" R " set=router.host4 ip=10.97.0.0 mark=7\ncommit\n", 0, 0},
		{"+ elem ns=" R " set=router.host4 ip=198.51.100.1 mark=7\ncommit\n", -EPERM, 0},
		{"+ elem ns=" R " set=router.host6 ip=2001:db8::1 mark=7\ncommit\n", -EPERM, 0},
	};

	(void)state;
	CHECK(rows);
}

static void links_of_the_host(void **state)
{
	static const struct row rows[] = {
		{"+ link ns=host name=" MU " type=veth peer=" R "/uplink\ncommit\n", 0, 0},
		{"~ link ns=host name=" MU " type=veth mtu=1400\ncommit\n", 0, 0},
		{"commit\n- link ns=host name=" MU " type=veth\n", 0, 0},
		{"+ link ns=host name=eth9 type=veth peer=" R "/uplink\ncommit\n", -EPERM, 0},
		{"+ link ns=host name=" MU " type=veth peer=" R "/eth0\ncommit\n", -EPERM, 0},
		{"+ link ns=host name=" MU " type=veth peer=" S "/uplink\ncommit\n", -EPERM, 0},
		{"+ link ns=host name=" MU " type=veth peer=host/uplink\ncommit\n", -EPERM, 0},
		{"+ link ns=host name=" MU " type=veth master=br0 peer=" R "/uplink\ncommit\n",
		 -EPERM, 0},
		{"+ link ns=host name=" MB " type=bridge\ncommit\n", -EPERM, 0},
		{"+ link ns=host name=" MU " type=bridge\ncommit\n", -EPERM, 0},
		{"+ link ns=host name=" MP " type=veth peer=" R "/uplink\ncommit\n", -EPERM, 0},
		{"+ link ns=host name=mu0000000000A1 type=veth peer=" R "/uplink\ncommit\n",
		 -EPERM, 0},
		{"+ link ns=host name=mu0000000000a type=veth peer=" R "/uplink\ncommit\n",
		 -EPERM, 0},
		{"~ link ns=host name=eth0 type=veth mtu=1400\ncommit\n", -EPERM, 0},
		{"commit\n- link ns=host name=eth0 type=veth\n", -EPERM, 0},
		{"commit\n- link ns=host name=docker0 type=bridge\n", -EPERM, 0},
		{"~ link ns=host name=lo type=loopback mtu=1400\ncommit\n", -EPERM, 0},
	};

	(void)state;
	CHECK(rows);
}

static void links_of_routers(void **state)
{
	static const struct row rows[] = {
		{"+ link ns=" R " name=" MB " type=bridge mtu=1500\ncommit\n", 0, 0},
		{"+ link ns=" R " name=" MP " type=veth master=" MB " port=static peer=" S
		 "/eth0\ncommit\n",
		 0, 0},
		{"+ link ns=" R " name=" MP " type=veth peer=" C "/eth0\ncommit\n", 0, 0},
		{"+ link ns=" R " name=" MP " type=veth peer=" F "/eth0\ncommit\n", 0, 0},
		{"+ link ns=" R " name=uplink type=veth peer=host/" MU "\ncommit\n", 0, 0},
		{"~ link ns=" R " name=uplink type=veth mtu=1400\ncommit\n", 0, 0},
		{"commit\n- link ns=" R " name=" MP " type=veth\n", 0, 0},
		{"+ link ns=" R " name=br0 type=bridge\ncommit\n", -EPERM, 0},
		{"+ link ns=" R " name=" MP " type=bridge\ncommit\n", -EPERM, 0},
		{"+ link ns=" R " name=" MB " type=veth peer=" S "/eth0\ncommit\n", -EPERM, 0},
		{"+ link ns=" R " name=eth0 type=veth peer=" S "/eth0\ncommit\n", -EPERM, 0},
		{"+ link ns=" R " name=" MP " type=veth peer=host/eth7\ncommit\n", -EPERM, 0},
		{"+ link ns=" R " name=" MP " type=veth peer=host/" MU "\ncommit\n", -EPERM, 0},
		{"+ link ns=" R " name=" MP " type=veth peer=" R "/" MU "\ncommit\n", -EPERM,
		 0},
		{"+ link ns=" R " name=uplink type=veth peer=host/eth7\ncommit\n", -EPERM, 0},
		{"+ link ns=" R " name=uplink type=veth peer=" S "/eth0\ncommit\n", -EPERM, 0},
		{"+ link ns=" R " name=uplink type=veth master=" MB " peer=host/" MU
		 "\ncommit\n",
		 -EPERM, 0},
		{"+ link ns=" R " name=" MP " type=veth master=br0 peer=" S "/eth0\ncommit\n",
		 -EPERM, 0},
		{"commit\n- link ns=" R " name=eth0 type=veth\n", -EPERM, 0},
	};

	(void)state;
	CHECK(rows);
}

static void links_of_stacks(void **state)
{
	static const struct row rows[] = {
		{"+ link ns=" S " name=eth1 type=veth peer=" C "/eth1\ncommit\n", 0, 0},
		{"+ link ns=" C " name=eth1 type=veth peer=" S "/eth1\ncommit\n", 0, 0},
		{"~ link ns=" S " name=eth1 type=veth mtu=1400\ncommit\n", 0, 0},
		{"~ link ns=" F " name=eth0 type=veth mtu=1400\ncommit\n", 0, 0},
		{"commit\n- link ns=" S " name=eth1 type=veth\n", 0, 0},
		{"commit\n- link ns=" F " name=eth0 type=veth\n", 0, 0},
		{"+ link ns=" F " name=eth1 type=veth peer=" S "/eth1\ncommit\n", -EPERM, 0},
		{"+ link ns=" S " name=eth1 type=veth peer=" F "/eth1\ncommit\n", -EPERM, 0},
		{"+ link ns=" S " name=eth1 type=veth peer=host/eth7\ncommit\n", -EPERM, 0},
		{"+ link ns=" S " name=eth1 type=veth peer=" R "/" MP "\ncommit\n", -EPERM, 0},
		{"+ link ns=" S " name=br0 type=bridge\ncommit\n", -EPERM, 0},
		{"+ link ns=" C " name=eth1 type=veth master=br0 peer=" S "/eth1\ncommit\n",
		 -EPERM, 0},
		{"commit\n- link ns=" F " name=cni0 type=bridge\n", -EPERM, 0},
		/* a virtual machine's: a bridge of our name, and on it nothing but a port's far end and the tap */
		{"+ link ns=" S " name=" MB " type=bridge\ncommit\n", 0, 0},
		{"+ link ns=" S " name=tap0 type=tap master=" MB "\ncommit\n", 0, 0},
		{"~ link ns=" S " name=tap0 type=tap mtu=1400 master=" MB "\ncommit\n", 0, 0},
		{"~ link ns=" S " name=" MV " type=veth master=" MB "\ncommit\n", 0, 0},
		{"commit\n- link ns=" S " name=tap0 type=tap master=" MB "\n", 0, 0},
		{"+ link ns=" S " name=tap0 type=tap\ncommit\n", -EPERM, 0},
		{"+ link ns=" S " name=tap0 type=tap master=br0\ncommit\n", -EPERM, 0},
		{"~ link ns=" S " name=eth0 type=veth master=" MB "\ncommit\n", -EPERM, 0},
		{"~ link ns=" S " name=" MV " type=veth master=br0\ncommit\n", -EPERM, 0},
		{"+ link ns=" S " name=" MV " type=veth master=" MB " peer=" S "/eth1\ncommit\n", -EPERM, 0},
		{"+ link ns=" C " name=" MB " type=bridge\ncommit\n", -EPERM, 0},
		{"+ link ns=" C " name=tap0 type=tap master=" MB "\ncommit\n", -EPERM, 0},
		{"+ link ns=" F " name=tap0 type=tap master=" MB "\ncommit\n", -EPERM, 0},
		{"~ link ns=" C " name=" MV " type=veth master=" MB "\ncommit\n", -EPERM, 0},
		{"commit\n- link ns=" F " name=tap0 type=tap\n", -EPERM, 0},
		{"+ link ns=" R " name=tap0 type=tap master=" MB "\ncommit\n", -EPERM, 0},
		{"+ link ns=" R " name=" MP " type=tap master=" MB "\ncommit\n", -EPERM, 0},
		{"+ link ns=host name=tap0 type=tap\ncommit\n", -EPERM, 0},
		{"+ link ns=host name=" MU " type=tap\ncommit\n", -EPERM, 0},
	};

	(void)state;
	CHECK(rows);
}

static void devices(void **state)
{
	static const struct row rows[] = {
		{"+ addr ns=host dev=" MU " addr=10.97.0.0/31\ncommit\n", 0, 0},
		{"+ up ns=host dev=" MU "\ncommit\n", 0, 0},
		{"+ neigh ns=host dev=" MU " ip=10.97.0.1 mac=02:00:00:00:00:01\ncommit\n", 0,
		 0},
		{"+ neigh ns=host dev=" MU " ip=192.0.2.1 mac=02:00:00:00:00:01\ncommit\n",
		 -EPERM, 0},
		{"+ neigh ns=host dev=" MU " ip=fe80::1 mac=02:00:00:00:00:01\ncommit\n", 0,
		 0},
		{"+ route ns=host dst=100.7.0.0/16 via=10.97.0.1 dev=" MU "\ncommit\n", -EPERM,
		 0},
		{"commit\n- route ns=host dst=10.7.0.0/16 via=10.97.0.1 dev=" MU "\n", 0, 0},
		{"+ addr ns=host dev=eth0 addr=10.97.0.0/31\ncommit\n", -EPERM, 0},
		{"+ up ns=host dev=eth0\ncommit\n", -EPERM, 0},
		{"+ up ns=host dev=lo\ncommit\n", -EPERM, 0},
		{"commit\n- up ns=host dev=eth0\n", -EPERM, 0},
		{"commit\n- addr ns=host dev=eth0 addr=192.0.2.1/24\n", -EPERM, 0},
		{"+ neigh ns=host dev=eth0 ip=192.0.2.1 mac=02:00:00:00:00:01\ncommit\n",
		 -EPERM, 0},
		{"+ route ns=host dst=10.7.0.0/16 via=192.0.2.1 dev=eth0\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=10.7.0.0/16 via=192.0.2.1\ncommit\n", -EPERM, 0},
		{"+ addr ns=" R " dev=" MB " addr=10.0.0.1/24\ncommit\n", 0, 0},
		{"+ addr ns=" R " dev=uplink addr=10.97.0.1/31\ncommit\n", 0, 0},
		{"+ route ns=" R " dst=0.0.0.0/0 via=10.97.0.0\ncommit\n", -EPERM, 0},
		{"+ route ns=" R " dst=0.0.0.0/0 via=10.97.0.0 dev=uplink\ncommit\n", 0, 0},
		{"+ route ns=" R " dst=10.0.0.9/32 dev=" MP "\ncommit\n", 0, 0},
		{"+ route ns=" R " dst=fd00::9/128 dev=" MP "\ncommit\n", 0, 0},
		{"+ route ns=" R " dst=10.0.0.8/31 dev=" MP "\ncommit\n", -EPERM, 0},
		{"+ route ns=" R " dst=0.0.0.0/0 dev=" MP "\ncommit\n", -EPERM, 0},
		{"+ route ns=" R " dst=10.9.0.0/16 via=10.0.0.8 dev=" MP "\ncommit\n", 0, 0},
		{"+ route ns=" R " dst=10.9.0.0/16 via=10.0.0.8 dev=" MB "\ncommit\n", 0, 0},
		{"+ route ns=" R " dst=0.0.0.0/0 via=10.0.0.8 dev=" MP "\ncommit\n", -EPERM, 0},
		{"+ route ns=" R " dst=0.0.0.0/0 via=10.0.0.8 dev=" MB "\ncommit\n", -EPERM, 0},
		{"+ route ns=" R " dst=169.254.1.1/32 dev=" MP "\ncommit\n", -EPERM, 0},
		{"+ route ns=" R " dst=10.0.0.9/32 dev=" MB "\ncommit\n", -EPERM, 0},
		{"commit\n- route ns=" R " dst=10.0.0.0/8 dev=" MP "\n", 0, 0},
		{"+ addr ns=" R " dev=" MP " addr=10.0.0.1/24\ncommit\n", -EPERM, 0},
		{"+ addr ns=" R " dev=" MP " addr=169.254.1.1/32\ncommit\n", -EPERM, 0},
		{"+ neigh ns=" R " dev=" MP " ip=10.0.0.9 mac=02:00:00:00:00:01\ncommit\n", 0, 0},
		{"+ up ns=" R " dev=lo\ncommit\n", 0, 0},
		{"+ addr ns=" R " dev=lo addr=10.0.0.1/32\ncommit\n", -EPERM, 0},
		{"+ up ns=" R " dev=eth0\ncommit\n", -EPERM, 0},
		{"+ addr ns=" S " dev=lo addr=10.255.0.1/32\ncommit\n", 0, 0},
		{"+ addr ns=" F " dev=net1 addr=10.0.0.2/24\ncommit\n", 0, 0},
		{"+ route ns=" C " dst=::/0 via=fe80::1 dev=eth0\ncommit\n", 0, 0},
		{"+ route ns=" C " dst=::/0 via=fe80::1 dev=eth0 table=5047297\ncommit\n", 0, 0},
		{"+ rule ns=" C " src=10.0.0.2/32 table=5047297\ncommit\n", 0, 0},
		{"commit\n- rule ns=" C " src=10.0.0.2/32 table=5047297\n", 0, 0},
		{"+ rule ns=" R " src=10.0.0.2/32 table=5047297\ncommit\n", -EPERM, 0},
		{"+ rule ns=host src=10.0.0.2/32 table=5047297\ncommit\n", -EPERM, 0},
		{"commit\n- rule ns=host src=10.0.0.2/32 table=5047297\n", -EPERM, 0},
		{"+ route ns=" R " dst=0.0.0.0/0 via=10.97.0.0 dev=uplink table=5047297\ncommit\n", -EPERM, 0},
		{"commit\n- route ns=host dst=10.7.0.0/16 dev=" MU " table=5047297\n", -EPERM, 0},
		{"+ fdb ns=" R " dev=" MP " mac=02:00:00:00:00:01\ncommit\n", 0, 0},
		{"+ fdb ns=" R " dev=" MB " mac=02:00:00:00:00:01\ncommit\n", -EPERM, 0},
		{"+ fdb ns=" S " dev=eth0 mac=02:00:00:00:00:01\ncommit\n", -EPERM, 0},
		{"+ fdb ns=host dev=" MU " mac=02:00:00:00:00:01\ncommit\n", -EPERM, 0},
	};

	(void)state;
	CHECK(rows);
}

static void prefixes_of_the_host(void **state)
{
	static const struct row rows[] = {
		{"+ addr ns=host dev=" MU " addr=10.97.0.0/31\ncommit\n", 0, 0},
		{"+ addr ns=host dev=" MU " addr=192.168.255.254/31\ncommit\n", 0, 0},
		{"+ addr ns=host dev=" MU " addr=fd12:3456:789a:ffff::/127\ncommit\n", 0, 0},
		{"+ addr ns=host dev=" MU " addr=fe80::1/64\ncommit\n", 0, 0},
		/* each would draw what the host sends somebody else: a wide one, its gateway, a server, a router of IPv6 */
		{"+ addr ns=host dev=" MU " addr=10.97.0.0/30\ncommit\n", -EPERM, 0},
		{"+ addr ns=host dev=" MU " addr=192.168.1.0/31\ncommit\n", -EPERM, 0},
		{"+ addr ns=host dev=" MU " addr=8.8.8.8/32\ncommit\n", -EPERM, 0},
		{"+ addr ns=host dev=" MU " addr=2001:db8::1/128\ncommit\n", -EPERM, 0},
		{"+ addr ns=host dev=" MU " addr=fd12:3456:789a:fffe::/127\ncommit\n", -EPERM, 0},
		{"+ addr ns=host dev=" MU " addr=fd12:3456:789a:ffff::/64\ncommit\n", -EPERM, 0},
		{"+ addr ns=host dev=" MU " addr=fe80::1/10\ncommit\n", -EPERM, 0},
		{"+ addr ns=host dev=" MU " addr=169.254.169.254/32\ncommit\n", -EPERM, 0},
		{"commit\n- addr ns=host dev=" MU " addr=192.168.1.0/31\n", 0, 0},
		{"+ route ns=host dst=192.0.2.1/32 via=10.97.0.1 dev=" MU "\ncommit\n", -EPERM,
		 0},
		{"+ addr ns=host dev=" MU " addr=127.0.0.1/32\ncommit\n", -EPERM, 0},
		{"+ addr ns=host dev=" MU " addr=::1/128\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=0.0.0.0/0 via=10.97.0.1 dev=" MU "\ncommit\n", -EPERM,
		 0},
		{"+ route ns=host dst=128.0.0.0/1 via=10.97.0.1 dev=" MU "\ncommit\n", -EPERM,
		 0},
		{"+ route ns=host dst=2000::/3 via=fe80::1 dev=" MU "\ncommit\n", -EPERM, 0},
		{"+ route ns=host dst=127.1.0.0/16 via=10.97.0.1 dev=" MU "\ncommit\n", -EPERM,
		 0},
	};

	(void)state;
	CHECK(rows);
}

static void sysctls(void **state)
{
	static const struct row rows[] = {
		{"+ sysctl ns=host key=net/ipv4/conf/*/forwarding dev=eth0 value=1\ncommit\n",
		 0, 0},
		{"~ sysctl ns=host key=net/ipv6/conf/*/force_forwarding dev=eth0 value=0\ncommit\n",
		 -EPERM, 0},
		{"~ sysctl ns=host key=net/ipv6/conf/*/forwarding dev=all value=0\ncommit\n", 0, 0},
		{"~ sysctl ns=host key=net/ipv4/conf/*/forwarding dev=all value=0\ncommit\n",
		 -EPERM, 0},
		{"+ elem ns=host set=host.cap_4096 dev=" MU "\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.cap_65536 dev=" MU "\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.cap_4096 dev=eth0\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.opened4 dev=eth0\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.opened4 dev=" MU "\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.opened4 dev=lo\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.opened6 dev=eth0\ncommit\n", -EPERM, 0},
		{"commit\n- elem ns=host set=host.opened6 dev=eth0\n", 0, 0},
		{"+ elem ns=host set=host.opened_all family=ipv6\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.opened_all family=ipv4\ncommit\n", -EPERM, 0},
		{"~ sysctl ns=host key=net/ipv4/conf/*/forwarding dev=eth0 value=0\ncommit\n", 0,
		 0},
		{"+ sysctl ns=host key=net/ipv4/conf/*/forwarding dev=all value=1\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/forwarding dev=default value=0\ncommit\n",
		 -EPERM, 0},
		/* that a link answers, as there are prefixes that are routed here; of a host that routes by itself it stays */
		{"+ sysctl ns=host key=net/ipv6/conf/*/forwarding dev=eth0 value=1\ncommit\n", 0, 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/forwarding dev=eth0 value=0\ncommit\n", -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/forwarding dev=all value=1\ncommit\n", 0,
		 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/forwarding dev=default "
		 "value=1\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/force_forwarding dev=eth0 "
		 "value=1\ncommit\n",
		 0, 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/force_forwarding dev=all "
		 "value=1\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=eth0 value=2\ncommit\n", 0,
		 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=eth0 value=0\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=all value=2\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv4/conf/*/rp_filter dev=eth0 value=0\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv4/conf/*/accept_redirects dev=all "
		 "value=1\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=host key=net/bridge/bridge-nf-call-iptables value=0\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv4/ip_unprivileged_port_start value=0\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv6/conf/*/accept_ra dev=" MU " value=0\ncommit\n",
		 0, 0},
		{"+ sysctl ns=host key=net/ipv4/conf/*/route_localnet dev=" MU
		 " value=1\ncommit\n",
		 0, 0},
		{"+ sysctl ns=host key=net/ipv4/conf/*/route_localnet dev=eth0 "
		 "value=1\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv4/conf/*/route_localnet dev=all "
		 "value=1\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=" R " key=net/ipv4/conf/*/route_localnet dev=" MB
		 " value=1\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=" R
		 " key=net/ipv4/conf/*/route_localnet dev=all value=0\ncommit\n",
		 0, 0},
		{"+ sysctl ns=" S
		 " key=net/ipv4/conf/*/route_localnet dev=eth0 value=1\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=" R " key=net/ipv4/conf/*/forwarding dev=all value=1\ncommit\n",
		 0, 0},
		{"+ sysctl ns=" R " key=net/netfilter/nf_conntrack_tcp_loose value=0\ncommit\n",
		 0, 0},
		{"+ sysctl ns=" R " key=net/ipv4/ip_early_demux value=0\ncommit\n", 0, 0},
		{"+ sysctl ns=" S " key=net/ipv4/ip_early_demux value=0\ncommit\n", -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv4/ip_early_demux value=0\ncommit\n", -EPERM, 0},
		{"+ sysctl ns=" R " key=net/ipv4/conf/*/rp_filter dev=eth0 value=0\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=" S " key=net/ipv4/ip_unprivileged_port_start value=0\ncommit\n",
		 0, 0},
		{"+ sysctl ns=" C " key=net/ipv4/ping_group_range value=1\ncommit\n", 0, 0},
		{"+ sysctl ns=" F " key=net/ipv4/ip_unprivileged_port_start value=0\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=" S " key=net/netfilter/nf_conntrack_tcp_loose value=0\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=" F " key=net/ipv6/conf/*/accept_ra dev=eth0 value=0\ncommit\n",
		 0, 0},
		{"+ sysctl ns=" R " key=net/ipv4/neigh/*/mcast_solicit dev=" MB " value=0\ncommit\n",
		 0, 0},
		{"+ sysctl ns=host key=net/ipv4/neigh/*/mcast_solicit dev=eth0 value=0\ncommit\n",
		 -EPERM, 0},
		{"+ sysctl ns=host key=net/ipv6/neigh/*/mcast_solicit dev=default value=0\ncommit\n",
		 -EPERM, 0},
	};

	(void)state;
	CHECK(rows);
}

/* That each table stands where it belongs is decided by op_valid() and again by the check; text knows only what is valid. */
static void rulesets(void **state)
{
	static const struct row rows[] = {
		{"+ ruleset ns=host kind=host version=2 digest=0\ncommit\n", 0, 0},
		{"+ ruleset ns=" R " kind=router version=2 digest=0\ncommit\n", 0, 0},
		{"+ ruleset ns=" R " kind=guard version=2 digest=0\ncommit\n", 0, 0},
		{"+ ruleset ns=" S " kind=router version=2 digest=0\ncommit\n", -EPERM, 0},
		{"+ ruleset ns=" C " kind=guard version=2 digest=0\ncommit\n", -EPERM, 0},
		{"commit\n- ruleset ns=" F " kind=router version=2 digest=0\n", -EPERM, 0},
		{"+ elem ns=" S " set=router.egress dev=" MB "\ncommit\n", -EPERM, 0},
		{"+ elem ns=" R " set=router.egress dev=" MB "\ncommit\n", 0, 0},
		{"+ elem ns=" R " set=router.egress dev=eth0\ncommit\n", -EPERM, 0},
		{"+ elem ns=" R " set=router.network_of dev=" MP " to-mark=7\ncommit\n", 0, 0},
		{"+ elem ns=" R " set=router.network_of dev=" MB " to-mark=7\ncommit\n", 0, 0},
		{"+ elem ns=" R " set=router.network_of dev=uplink to-mark=7\ncommit\n", -EPERM, 0},
		{"+ elem ns=" R " set=router.members dev=" MP " mark=7\ncommit\n", 0, 0},
		{"+ elem ns=" R " set=router.members dev=uplink mark=7\ncommit\n", -EPERM, 0},
		{"+ elem ns=" S " set=router.members dev=" MP " mark=7\ncommit\n", -EPERM, 0},
		{"+ elem ns=" R " set=guard.routed dev=" MP "\ncommit\n", 0, 0},
		{"+ elem ns=" R " set=guard.routed dev=" MB "\ncommit\n", -EPERM, 0},
		{"+ elem ns=" R " set=guard.mac_ok dev=" MP " mac=02:00:00:00:00:03\ncommit\n",
		 0, 0},
		{"+ elem ns=" R " set=guard.mac_ok dev=" MB " mac=02:00:00:00:00:03\ncommit\n",
		 -EPERM, 0},
		{"+ elem ns=" R " set=guard.allow4 dev=" MP " ip=10.9.0.0 len=24\ncommit\n", 0, 0},
		{"+ elem ns=" R " set=guard.allow6 dev=" MP " ip=fd09:: len=64\ncommit\n", 0, 0},
		{"+ elem ns=" R " set=guard.allow4 dev=" MB " ip=10.9.0.0 len=24\ncommit\n",
		 -EPERM, 0},
		{"+ elem ns=" R " set=guard.allow4 dev=eth0 ip=10.9.0.0 len=24\ncommit\n",
		 -EPERM, 0},
		{"+ elem ns=host set=host.uplinks dev=" MU "\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.uplinks dev=eth0\ncommit\n", -EPERM, 0},
		{"+ elem ns=host set=host.src4 dev=eth0 ip=10.0.0.1\ncommit\n", -EPERM, 0},
		{"+ port ns=" R " dev=" MP "\ncommit\n", 0, 0},
		{"+ port ns=" R " dev=uplink\ncommit\n", -EPERM, 0},
		{"+ port ns=" S " dev=" MP "\ncommit\n", -EPERM, 0},
	};

	(void)state;
	CHECK(rows);
}

#define PUB(PROTO, PORT, TO)                                                                   \
	"elem ns=host set=host.pub4 proto=" PROTO " port=" PORT " to-ip=" TO " to-port=" PORT  \
	"\n"

#define RANGE(SET, PROTO, FIRST, LAST, TO)                                                     \
	"elem ns=host set=host." SET " proto=" PROTO " port=" FIRST " last=" LAST " to-ip=" TO "\n"

static void published(void **state)
{
	static const struct row rows[] = {
		{"+ " PUB("tcp", "8080", "10.97.0.1") "commit\n", 0, 1000},
		{"+ " PUB("tcp", "80", "10.97.0.1") "commit\n", 0, 0},
		{"+ " PUB("tcp", "80", "10.97.0.1") "commit\n", -EACCES, 1000},
		{"~ " PUB("tcp", "80", "10.97.0.1") "commit\n", -EACCES, 1000},
		{"+ " PUB("tcp", "1023", "10.97.0.1") "commit\n", -EACCES, 1000},
		{"+ " PUB("tcp", "1024", "10.97.0.1") "commit\n", 0, 1000},
		{"commit\n- " PUB("tcp", "80", "10.97.0.1"), 0, 1000},
		{"+ " PUB("tcp", "9000", "10.97.0.1") "commit\n", -EACCES, 0},
		{"+ " PUB("udp", "9000", "10.97.0.1") "commit\n", 0, 0},
		{"+ " PUB("tcp", "8022", "10.97.0.1") "commit\n", -EADDRINUSE, 0},
		{"~ " PUB("tcp", "8022", "10.97.0.1") "commit\n", 0, 0},
		{"+ " PUB("tcp", "9100", "10.97.0.1") "commit\n", -ENOBUFS, 0},
		{"+ " PUB("tcp", "8080", "127.0.0.1") "commit\n", -EPERM, 0},
		{"~ " PUB("tcp", "8080", "127.0.0.1") "commit\n", -EPERM, 0},
		{"+ " PUB("tcp", "8080", "169.254.169.254") "commit\n", -EPERM, 0},
		/* another machine, the host itself */
		{"+ " PUB("tcp", "8080", "192.168.1.7") "commit\n", -EPERM, 0},
		{"~ " PUB("tcp", "8080", "192.168.1.7") "commit\n", -EPERM, 0},
		{"+ " PUB("tcp", "8080", "198.51.100.2") "commit\n", -EPERM, 0},
		{"+ elem ns=host set=host.src4 dev=" MU " ip=10.97.0.1\ncommit\n", 0, 0},
		{"+ elem ns=host set=host.src4 dev=" MU " ip=192.168.1.7\ncommit\n", -EPERM, 0},
		{"+ " RANGE("range4", "tcp", "8100", "8199", "10.97.0.1") "commit\n", 0, 1000},
		{"+ " RANGE("range4", "sctp", "8100", "8199", "10.97.0.1") "commit\n", 0, 1000},
		{"+ " RANGE("range4", "tcp", "1000", "2000", "10.97.0.1") "commit\n", -EACCES, 1000},
		{"+ " RANGE("range4", "tcp", "1000", "2000", "10.97.0.1") "commit\n", 0, 0},
		{"+ " RANGE("range4", "tcp", "8000", "8022", "10.97.0.1") "commit\n", -EADDRINUSE, 0},
		{"+ " RANGE("range4", "tcp", "8023", "8999", "10.97.0.1") "commit\n", 0, 0},
		{"+ " RANGE("range4", "tcp", "8023", "9000", "10.97.0.1") "commit\n", -EACCES, 0},
		{"+ " RANGE("range4", "udp", "8023", "9000", "10.97.0.1") "commit\n", 0, 0},
		{"+ " RANGE("rangeip4 ip=192.0.2.1", "tcp", "8000", "8022", "10.97.0.1") "commit\n", -EADDRINUSE, 0},
		{"+ " RANGE("range4", "tcp", "8100", "8199", "192.168.1.7") "commit\n", -EPERM, 0},
		{"+ " RANGE("range6", "tcp", "8100", "8199", "fd00::1") "commit\n", -EPERM, 0},
		{"+ " RANGE("rangeip6 ip=2001:db8::1", "tcp", "8100", "8199", "2001:db8::7") "commit\n", -EPERM, 0},
		{"commit\n- " RANGE("range4", "tcp", "1", "65535", "10.97.0.1"), 0, 1000},
		{"+ " PUB("tcp", "30000", "10.97.0.1") "commit\n", 0, 1001},
		{"+ " PUB("tcp", "30100", "10.97.0.1") "commit\n", -EACCES, 1001},
		{"+ " RANGE("range4", "tcp", "30000", "30099", "10.97.0.1") "commit\n", 0, 1001},
		{"+ " RANGE("range4", "tcp", "30000", "30100", "10.97.0.1") "commit\n", -EACCES, 1001},
		{"+ elem ns=host set=host.pubip4 ip=192.0.2.1 proto=tcp port=22 "
		 "to-ip=10.97.0.1 to-port=22\ncommit\n",
		 -EACCES, 1000},
		{"+ elem ns=host set=host.pub6 proto=tcp port=22 to-ip=::1 "
		 "to-port=22\ncommit\n",
		 -EPERM, 0},
		{"+ elem ns=host set=host.pubip6 ip=2001:db8::1 proto=tcp port=22 "
		 "to-ip=fd00:0:0:ffff::1 to-port=22\ncommit\n",
		 -EACCES, 1000},
		/* inside a router every port is the tenant's own */
		{"+ elem ns=" R
		 " set=router.pub4 proto=tcp port=22 to-ip=10.0.0.2 to-port=22\ncommit\n",
		 0, 1000},
	};

	(void)state;
	CHECK(rows);
}

/* What no text can say: malformed records, and the wrong side of the commit point. */
static void shapes(void **state)
{
	struct obj good = obj_up(NS_ID(NS_STACK, 0xa1), "eth0"), bad = good;
	struct seam_result result;
	struct op op;

	(void)state;
	memset(&op, 0, sizeof(op));
	op.verb = OP_ADD;
	op.obj = good;
	assert_int_equal(check_plan(&op, 1, 1, 0, &world, &result), 0);
	assert_int_equal(check_plan(&op, 1, 0, 0, &world, &result), -EPROTO);
	op.verb = OP_DEL;
	assert_int_equal(check_plan(&op, 1, 0, 0, &world, &result), 0);
	assert_int_equal(check_plan(&op, 1, 1, 0, &world, &result), -EPROTO);
	assert_int_equal(check_plan(&op, 0, 0, 0, &world, &result), 0);
	op.verb = 9;
	assert_int_equal(check_plan(&op, 1, 1, 0, &world, &result), -EPROTO);
	bad.up.dev[0] = '/';
	op.verb = OP_ADD;
	op.obj = bad;
	assert_int_equal(check_plan(&op, 1, 1, 0, &world, &result), -EPROTO);
	op.obj = obj_netns(NS_ID(NS_CONTAINER, 0xa1));
	assert_int_equal(check_plan(&op, 1, 1, 0, &world, &result), -EPROTO);
	op.obj = obj_ruleset(0, RULESET_ROUTER, 1);
	assert_true(check_plan(&op, 1, 1, 0, &world, &result) < 0);
}

/* A port on [::1], which no element of a set stands for, is judged as one that is published there. */
static void listened_to(void **state)
{
	struct seam_result result = {0};

	(void)state;
	assert_int_equal(check_listen(IPPROTO_TCP, 8080, 1000, &world, &result), 0);
	assert_int_equal(check_listen(IPPROTO_UDP, 65535, 1000, &world, &result), 0);
	assert_int_equal(check_listen(IPPROTO_TCP, 80, 0, &world, &result), 0);
	assert_int_equal(check_listen(IPPROTO_TCP, 80, 1000, &world, &result), -EACCES);
	assert_string_equal(result.text, "port 80/tcp of the host is below 1024: only root may publish it");
	assert_int_equal(result.refused, 1);
	assert_int_equal(check_listen(IPPROTO_TCP, RESERVED, 0, &world, &result), -EACCES);
	assert_int_equal(check_listen(IPPROTO_TCP, 30000, 1001, &world, &result), 0);
	assert_int_equal(check_listen(IPPROTO_TCP, 30100, 1001, &world, &result), -EACCES);
	assert_int_equal(check_listen(IPPROTO_TCP, UNKNOWABLE, 0, &world, &result), -ENOBUFS);
	assert_int_equal(check_listen(IPPROTO_TCP, 0, 0, &world, &result), -EPERM);
	assert_int_equal(check_listen(IPPROTO_TCP, 65536 + 8080, 0, &world, &result), -EPERM);
	assert_int_equal(check_listen(IPPROTO_TCP, BUSY6, 0, &world, &result), -EADDRINUSE);
	assert_string_equal(result.text, "port 8023/tcp of the host is in use: a program listens there");
}

/* Whatever the bytes: an answer, and the same one twice. */
static void any_bytes(void **state)
{
	struct seam_result once, again;
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct op ops[2];

		memset(ops, 0, sizeof(ops));
		for (size_t i = 0; i < sizeof(ops) / 40; i++) {
			seed = seed * 1664525 + 1013904223;
			((uint8_t *)ops)[(seed >> 8) % sizeof(ops)] = (uint8_t)(seed >> 24);
		}
		assert_int_equal(check_plan(ops, 2, (size_t)round % 3, 0, &world, &once),
				 check_plan(ops, 2, (size_t)round % 3, 0, &world, &again));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespaces),       cmocka_unit_test(links_of_the_host),
		cmocka_unit_test(routed_prefixes),
		cmocka_unit_test(links_of_routers), cmocka_unit_test(links_of_stacks),
		cmocka_unit_test(devices),          cmocka_unit_test(prefixes_of_the_host),
		cmocka_unit_test(sysctls),          cmocka_unit_test(rulesets),
		cmocka_unit_test(published),        cmocka_unit_test(shapes),
		cmocka_unit_test(listened_to),      cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
