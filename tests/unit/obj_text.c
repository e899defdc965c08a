/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/obj/text: the text of each kind, and that the parser takes it and nothing else. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/obj/obj.h"

static const uint64_t router = NS_ID(NS_ROUTER, 0x0123456789abULL);

static const char *const lines[] = {
	"netns ns=router:0123456789ab",
	"netns ns=container:ffffffffffff",
	"link ns=host name=lo type=loopback mtu=65536",
	"link ns=router:0123456789ab name=mb0123456789ab type=bridge mac=02:00:00:00:00:01 "
	"mtu=1500 "
	"alias=\"red/web\"",
	"link ns=router:0123456789ab name=mp0123456789ab type=veth mac=02:00:00:00:00:02 "
	"mtu=1500 "
	"master=mb0123456789ab port=static peer=stack:00000000000a/eth0 "
	"peer-mac=02:00:00:00:00:03 "
	"alias=\"say \\\"hi\\\" \\\\o/ caf\\xc3\\xa9\"",
	"link ns=foreign:000000000001 name=eth0 type=veth peer=host/v0",
	"link ns=stack:000000000001 name=tap0 type=tap mtu=1500 master=mb0123456789ab alias=\"vm\"",
	"link ns=router:0123456789ab name=ms0123456789ab type=ifb index=1073741825 alias=\"red/w1:eth0\"",
	"qdisc ns=router:0123456789ab dev=ms0123456789ab rate=1250000 burst=312500 limit=87500",
	"qdisc ns=router:0123456789ab dev=mp0123456789ab rate=125000000000 burst=2147483647 limit=2147483647",
	"redirect ns=router:0123456789ab dev=mp0123456789ab to=1073741825",
	"sysctl ns=host key=net/ipv4/conf/*/forwarding dev=all value=1",
	"sysctl ns=stack:00000000000a key=net/ipv4/ip_unprivileged_port_start value=0",
	"addr ns=router:0123456789ab dev=mb0123456789ab addr=10.0.0.1/24",
	"addr ns=router:0123456789ab dev=mb0123456789ab addr=fd00::1/64",
	"up ns=stack:00000000000a dev=eth0",
	"route ns=stack:00000000000a dst=0.0.0.0/0 via=10.0.0.1 dev=eth0",
	"route ns=stack:00000000000a dst=::/0 via=fe80::1",
	"route ns=stack:00000000000a dst=0.0.0.0/0 via=10.0.0.1 dev=eth1 metric=1025",
	"route ns=stack:00000000000a dst=10.0.0.0/24 dev=eth1 table=5047297",
	"route ns=foreign:00000000000a dst=10.0.0.0/24 dev=eth1 mtu=1400 advmss=1360",
	"rule ns=container:00000000000a src=10.0.0.2/32 table=5047297",
	"rule ns=stack:00000000000a src=fd00::2/128 table=5111807",
	"route ns=host dst=100.64.0.0/10 dev=mu0123456789ab",
	"neigh ns=router:0123456789ab dev=mb0 ip=10.0.0.2 mac=02:00:00:00:00:03",
	"proxy ns=host dev=eth0 ip=2001:db8::2",
	"fdb ns=router:0123456789ab dev=mp0 mac=02:00:00:00:00:03",
	"ruleset ns=host kind=host version=1 digest=1",
	"ruleset ns=router:0123456789ab kind=guard version=7 digest=0",
	"elem ns=router:0123456789ab set=guard.mac_ok dev=mp0 mac=02:00:00:00:00:03",
	"elem ns=router:0123456789ab set=guard.arp_ok dev=mp0 mac=02:00:00:00:00:03 "
	"ip=10.0.0.2",
	"elem ns=router:0123456789ab set=guard.ip6_ok dev=mp0 ip=fe80::2",
	"elem ns=router:0123456789ab set=guard.allow4 dev=mp0 ip=10.9.0.0 len=16",
	"elem ns=router:0123456789ab set=guard.allow6 dev=mp0 ip=fd09:: len=128",
	"elem ns=router:0123456789ab set=router.egress dev=mb0",
	"elem ns=router:0123456789ab set=router.pub6 proto=udp port=53 to-ip=fd00::2 "
	"to-port=5353",
	"elem ns=host set=host.uplinks dev=mu0",
	"elem ns=host set=host.pub4 proto=tcp port=8081 to-ip=100.64.0.2 to-port=8081",
	"elem ns=host set=host.pubip6 ip=2001:db8::1 proto=tcp port=443 to-ip=fd01::2 "
	"to-port=443",
	"elem ns=host set=host.range4 proto=sctp port=8000 last=8099 to-ip=100.64.0.2",
	"elem ns=host set=host.rangeip6 ip=2001:db8::1 proto=tcp port=1 last=65535 to-ip=fd01::2",
	"elem ns=router:0123456789ab set=router.range6 proto=udp port=53 last=54 to-ip=fd00::2",
	"elem ns=router:0123456789ab set=router.shift4 proto=tcp port=8000 last=8099 "
	"to-ip=10.0.0.2 to-port=80 to-last=179",
	"port ns=router:0123456789ab dev=mp0",
};

static void each_line_is_its_object(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
		cleanup(buf_fini) struct buf text = BUF_INIT;
		struct err err = ERR_INIT;
		struct obj obj;

		if (obj_parse(lines[i], &obj, &err) < 0)
			fail_msg("%s: %s", lines[i], err.msg);
		assert_true(obj_valid(&obj));
		obj_print(&obj, &text);
		assert_string_equal(buf_cstr(&text), lines[i]);
	}
}

static void constructors_print(void **state)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	struct mac mac = {{2, 0, 0, 0, 0, 2}}, peer_mac = {{2, 0, 0, 0, 0, 3}};
	struct obj obj =
		obj_veth(router, "mp0123456789ab", &mac, NS_ID(NS_STACK, 10), "eth0", &peer_mac,
			 1500, "mb0123456789ab", "say \"hi\" \\o/ caf\xc3\xa9");

	(void)state;
	obj.link.flags = LINK_PORT_STATIC;
	obj_print(&obj, &text);
	assert_string_equal(buf_cstr(&text), lines[4]);
}

/* What is refused, and at which column. */
static const struct {
	const char *line, *column;
} wrong[] = {
	{"", "column 1:"},
	{"links ns=host name=a type=bridge", "column 1:"},
	{"none ns=host", "column 1:"},
	{"up  ns=host dev=a", "column 3:"},
	{"up ns=home dev=a", "column 7:"},
	{"up ns=host", "column 11:"},
	{"up ns=host dev=", "column 16:"},
	{"up ns=host dev=a ", "column 17:"},
	{"up ns=host dev=a dev=a", "column 17:"},
	{"up ns=host dev=a/b", "column 19:"},
	{"up ns=host dev=abcdefghijklmnop", "column 16:"},
	{"up ns=router:000000000000 dev=a", "column 7:"},
	{"up ns=router:0123456789AB dev=a", "column 7:"},
	{"addr ns=host dev=a addr=10.0.0.1", "column 25:"},
	{"addr ns=host dev=a addr=10.0.0.1/33", "column 25:"},
	{"addr ns=host addr=10.0.0.1/32 dev=a", "column 13:"},
	{"addr ns=host dev=a addr=FD00::1/64", "column 25:"},
	{"addr ns=host dev=a addr=fd00:0::1/64", "column 30:"},
	{"route ns=host dst=10.0.0.1/24 dev=a", "column 36:"},
	{"neigh ns=host dev=a ip=10.0.0.1 mac=02:00:00:00:00:0A", "column 53:"},
	{"link ns=host name=a type=tun", "column 26:"},
	{"link ns=host name=a type=bridge mtu=01500", "column 37:"},
	{"link ns=host name=a type=bridge mtu=99999999999", "column 37:"},
	{"link ns=host name=a type=bridge alias=\"", "column 39:"},
	{"link ns=host name=a type=bridge alias=\"\\x0g\"", "column 39:"},
	{"link ns=host name=a type=bridge alias=\"\\x00\"", "column 39:"},
	{"link ns=host name=a type=bridge alias=\"\\x61\"", "column 40:"},
	{"link ns=host name=a type=bridge alias=\"\xc3\xa9\"", "column 40:"},
	{"link ns=host name=a type=bridge alias=\"a\nb\"", "column 44:"},
	{"link ns=host name=a type=bridge alias=\"\"", "column 32:"},
	{"link ns=host name=a type=veth peer=host/a", "column 42:"},
	{"elem ns=host set=pub4 proto=tcp port=1 to-ip=1.1.1.1 to-port=1", "column 18:"},
	{"elem ns=host set=host.pub4 proto=6 port=1 to-ip=1.1.1.1 to-port=1", "column 34:"},
	{"elem ns=host set=host.pub4 proto=tcp port=65536 to-ip=1.1.1.1 to-port=1",
	 "column 43:"},
};

static void refused_with_the_column(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		struct obj obj, before;
		struct err err = ERR_INIT;

		memset(&obj, 0x5a, sizeof(obj));
		before = obj;
		assert_int_equal(obj_parse(wrong[i].line, &obj, &err), -EINVAL);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_memory_equal(&obj, &before, sizeof(obj));
		if (strncmp(err.msg, wrong[i].column, strlen(wrong[i].column)) != 0)
			print_error("%s: %s\n", wrong[i].line, err.msg);
		assert_memory_equal(err.msg, wrong[i].column, strlen(wrong[i].column));
	}
}

static void cut_lines_are_refused_or_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
		for (size_t len = 0; len < strlen(lines[i]); len++) {
			cleanup(mem_freep) char *line = mem_strndup(lines[i], len);
			cleanup(buf_fini) struct buf text = BUF_INIT;
			struct obj obj;

			if (obj_parse(line, &obj, NULL) < 0)
				continue;
			assert_true(obj_valid(&obj));
			obj_print(&obj, &text);
			assert_string_equal(buf_cstr(&text), line);
		}
	}
}

/* The printer also logs what a hand refused: no byte of it may be trusted. */
static void any_record_prints(void **state)
{
	struct obj obj;

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		for (unsigned kind = 0; kind < 2 * OBJ_KIND_COUNT; kind++) {
			cleanup(buf_fini) struct buf text = BUF_INIT;

			memset(&obj, (int)byte, sizeof(obj));
			obj.kind = (uint16_t)kind;
			obj_print(&obj, &text);
			for (size_t i = 0; i < text.size; i++)
				assert_in_range(text.data[i], ' ', '~');
		}
	}
}

static void namespaces(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} pairs[] = {
		{0, "host"},
		{NS_ID(NS_ROUTER, 1), "router:000000000001"},
		{NS_ID(NS_STACK, 0xabcdef012345ULL), "stack:abcdef012345"},
		{NS_ID(NS_CONTAINER, 2), "container:000000000002"},
		{NS_ID(NS_FOREIGN, 0xffffffffffffULL), "foreign:ffffffffffff"},
	};
	static const char *const bad[] = {"",
					  "router",
					  "router:",
					  "router:1",
					  ":000000000001",
					  "host:000000000001",
					  "router:000000000000",
					  "router:0000000000011",
					  "Router:000000000001",
					  "route:000000000001",
					  "host "};
	char text[24];
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
		ns_print(pairs[i].ns, text);
		assert_string_equal(text, pairs[i].text);
		assert_int_equal(ns_parse(text, &ns), 0);
		assert_true(ns == pairs[i].ns);
	}
	ns = 7;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(ns_parse(bad[i], &ns), -EINVAL);
	assert_true(ns == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_its_object),
		cmocka_unit_test(constructors_print),
		cmocka_unit_test(refused_with_the_column),
		cmocka_unit_test(cut_lines_are_refused_or_whole),
		cmocka_unit_test(any_record_prints),
		cmocka_unit_test(namespaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
