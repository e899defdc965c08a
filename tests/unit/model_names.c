/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/model/names: what is a name and what a port specification, and that each refusal states its rule. */
#include "tests/unit/model_unit.h"

#include <netinet/in.h>

static const char len63[] = "a23456789b23456789c23456789d23456789e23456789f23456789g23456789";
static char len128[NAME_SIZE], len129[NAME_SIZE + 1];

static void tenants(void **state)
{
	static const char *const good[] = { "a", "0", "red", "red-2", "a--b", "9-", len63 };
	static const char *const bad[] = { "", "-", "-red", "Red", "red_2", "red.2", "re d", "r\xc3\xa9" "d", "red/", "red\n", NULL };
	char len64[65];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (name_tenant_check(good[i], &err) < 0)
			fail_msg("'%s': %s", good[i], err.msg);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_refused(name_tenant_check(bad[i], &err), &err, ERR_NAME, bad[i] ? bad[i] : "",
			       "1 to 63 of a-z, 0-9 and '-', and begins with a letter or digit");
	snprintf(len64, sizeof(len64), "%sx", len63);
	assert_refused(name_tenant_check(len64, &err), &err, ERR_NAME, len64, "1 to 63");
}

static void others(void **state)
{
	static const char *const good[] = { "a", "A", "0", "w1", "W.1_x-", "a..", "0-", len128 };
	static const char *const bad[] = { "", ".", "..", "-w", "_w", ".w", "w 1", "w/1", "w:1", "w\t", "w\x7f", "w\xff", NULL };
	struct err err = ERR_INIT;

	(void)state;
	memset(len128, 'x', sizeof(len128) - 1);
	memset(len129, 'x', sizeof(len129) - 1);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (name_check("stack", good[i], &err) < 0)
			fail_msg("'%s': %s", good[i], err.msg);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_refused(name_check("stack", bad[i], &err), &err, ERR_NAME, bad[i] ? bad[i] : "",
			       "a stack's name is 1 to 128 of A-Z, a-z, 0-9, '_', '.' and '-'");
	assert_refused(name_check("network", len129, &err), &err, ERR_NAME, len129, "a network's name is 1 to 128");
}

static void interfaces(void **state)
{
	static const char *const good[] = { "e", "eth0", "a.b", "-", "fifteen-chars-5", "eth0@x", "\"'" };
	static const char *const bad[] = { "", ".", "..", "lo", "all", "default", "sixteen-chars-16", "a b", "a/b", "a:b",
					   "eth%d", "a\n", "\xc3\xa9", NULL };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (name_ifname_check(good[i], &err) < 0)
			fail_msg("'%s': %s", good[i], err.msg);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_refused(name_ifname_check(bad[i], &err), &err, ERR_NAME, bad[i] ? bad[i] : "",
			       "1 to 15 printable characters without space, '/', ':' and '%'");
}

static void full(void **state)
{
	static const struct {
		const char *text;
		bool with_ifname;
		const char *tenant, *name, *ifname;
	} good[] = {
		{ "w1", true, "default", "w1", "" },	  { "red/w1", true, "red", "w1", "" },
		{ "red/w1:eth0", true, "red", "w1", "eth0" }, { "w1:e", true, "default", "w1", "e" },
		{ "red/web", false, "red", "web", "" },
	};
	static const struct {
		const char *text;
		bool with_ifname;
	} bad[] = {
		{ "", false },	    { "/", false },	   { "red/", false },	   { "/w1", false },	  { "red//w1", false },
		{ "red/w1/x", false }, { "red/w1:eth0", false }, { "red/w1:", true },  { "red/:eth0", true }, { "red/w1:eth0:1", true },
		{ "red/w1:lo", true }, { "Red/w1", true },	   { "red/w1:a/b", true }, { ":", true },	  { ":eth0", true },
		{ "red/w1 ", true },   { " red/w1", true },
	};
	char huge[4096], text[NAME_FULL_SIZE], again[NAME_FULL_SIZE];
	struct err err = ERR_INIT;
	struct name name;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (name_parse("stack", good[i].text, good[i].with_ifname, &name, &err) < 0)
			fail_msg("'%s': %s", good[i].text, err.msg);
		assert_string_equal(name.tenant, good[i].tenant);
		assert_string_equal(name.name, good[i].name);
		assert_string_equal(name.ifname, good[i].ifname);
		snprintf(text, sizeof(text), "%s/%s%s%s", good[i].tenant, good[i].name, *good[i].ifname ? ":" : "", good[i].ifname);
		assert_string_equal(name_print(&name, again), text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct name before;

		memset(&name, 0x5a, sizeof(name));
		before = name;
		err = ERR_INIT;
		if (name_parse("stack", bad[i].text, bad[i].with_ifname, &name, &err) != -EINVAL || err.kind != ERR_NAME)
			fail_msg("'%s' was not refused as a bad name: %s", bad[i].text, err.msg);
		assert_memory_equal(&name, &before, sizeof(name));
	}
	memset(huge, 'a', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_refused(name_parse("stack", huge, true, &name, &err), &err, ERR_NAME, "", "the name of the stack is too long");
	huge[100] = '/';
	huge[200] = '\0';
	assert_refused(name_parse("stack", huge, true, &name, &err), &err, ERR_NAME, "", "a tenant's name is");
	assert_refused(name_parse("stack", NULL, true, &name, &err), &err, ERR_NAME, "", "the name of the stack is missing");
}

static void ports(void **state)
{
	static const struct {
		const char *text, *normal;
	} good[] = {
		{ "8080:80", "8080:80/tcp" },
		{ "8080:80/tcp", "8080:80/tcp" },
		{ "1:65535/udp", "1:65535/udp" },
		{ "127.0.0.1:8080:80", "127.0.0.1:8080:80/tcp" },
		{ "[2001:db8::1]:53:5353/udp", "[2001:db8::1]:53:5353/udp" },
		{ "[2001:DB8:0::1]:53:53", "[2001:db8::1]:53:53/tcp" },
		{ "0.0.0.0:80:80", "80:80/tcp" },
		{ "[::]:80:80", "80:80/tcp" },
		{ "[fe80::1]:80:80", "[fe80::1]:80:80/tcp" },
		{ "80:80/sctp", "80:80/sctp" },
		{ "8000-8099:80-179", "8000-8099:80-179/tcp" },
		{ "1-65535:1-65535/sctp", "1-65535:1-65535/sctp" },
		{ "80-80:90-90", "80:90/tcp" },
		{ "127.0.0.1:8000-8001:80-81/udp", "127.0.0.1:8000-8001:80-81/udp" },
		{ "[::1]:80:80", "[::1]:80:80/tcp" },
		{ "[2001:db8:1111:2222:3333:4444:5555:6666]:10000-65535:10000-65535/sctp",
		  "[2001:db8:1111:2222:3333:4444:5555:6666]:10000-65535:10000-65535/sctp" },
	};
	static const struct {
		const char *text;
		enum err_kind kind;
		const char *words;
	} bad[] = {
		{ "80", ERR_USAGE, "write '80:80' to publish port 80 as itself" },
		{ "80/udp", ERR_USAGE, "[HOSTIP:]HOST[-END]:CONT[-END][/tcp|udp|sctp]" },
		{ "", ERR_USAGE, "[HOSTIP:]HOST[-END]:CONT[-END][/tcp|udp|sctp]" },
		{ ":", ERR_USAGE, "'' is not a port number from 1 to 65535" },
		{ "80:", ERR_USAGE, "'' is not a port number" },
		{ ":80", ERR_USAGE, "'' is not a port number" },
		{ "0:80", ERR_USAGE, "'0' is not a port number from 1 to 65535" },
		{ "80:0", ERR_USAGE, "'0' is not a port number from 1 to 65535" },
		{ "65536:80", ERR_USAGE, "'65536' is not a port number" },
		{ "80:99999999999999999999", ERR_USAGE, "is not a port number" },
		{ "+80:80", ERR_USAGE, "'+80' is not a port number" },
		{ " 80:80", ERR_USAGE, "' 80' is not a port number" },
		{ "80 :80", ERR_USAGE, "'80 ' is not a port number" },
		{ "0x50:80", ERR_USAGE, "'0x50' is not a port number" },
		{ "80:80:80", ERR_USAGE, "'80' is not an IPv4 address" },
		{ "1.2.3:80:80", ERR_USAGE, "'1.2.3' is not an IPv4 address" },
		{ "1.2.3.4:80", ERR_USAGE, "'1.2.3.4' is not a port number" },
		{ "host:80:80", ERR_USAGE, "'host' is not an IPv4 address" },
		{ "::1:80:80", ERR_USAGE, "an IPv6 one stands in brackets" },
		{ "[::1:80:80", ERR_USAGE, "'[' without ']'" },
		{ "[]:80:80", ERR_USAGE, "'' is not an IPv6 address" },
		{ "[:80:80", ERR_USAGE, "'[' without ']'" },
		{ "[127.0.0.1]:80:80", ERR_USAGE, "'127.0.0.1' is not an IPv6 address" },
		{ "[fe80::1%eth0]:80:80", ERR_USAGE, "is not an IPv6 address" },
		{ "224.0.0.1:80:80", ERR_USAGE, "multicast" },
		{ "[ff02::1]:80:80", ERR_USAGE, "multicast" },
		{ "80:80/", ERR_USAGE, "tcp, udp or sctp, not ''" },
		{ "80:80/TCP", ERR_USAGE, "tcp, udp or sctp, not 'TCP'" },
		{ "80:80/icmp", ERR_USAGE, "tcp, udp or sctp, not 'icmp'" },
		{ "80:80/tcp/udp", ERR_USAGE, "tcp, udp or sctp, not 'tcp/udp'" },
		{ "80-90:80-89", ERR_USAGE, "11 ports of the host cannot lead to 10 ports" },
		{ "80-90:80", ERR_USAGE, "11 ports of the host cannot lead to 1 ports" },
		{ "80:80-90", ERR_USAGE, "1 ports of the host cannot lead to 11 ports" },
		{ "90-80:90-80", ERR_USAGE, "the range 90-80 ends before it begins" },
		{ "80-90:90-80", ERR_USAGE, "the range 90-80 ends before it begins" },
		{ "80-:80-", ERR_USAGE, "'' is not a port number" },
		{ "-80:-80", ERR_USAGE, "'' is not a port number" },
		{ "80-90-100:80-100", ERR_USAGE, "'90-100' is not a port number" },
		{ "80--90:80-90", ERR_USAGE, "'-90' is not a port number" },
		{ "0-10:1-11", ERR_USAGE, "'0' is not a port number" },
		{ "1-10:0-9", ERR_USAGE, "'0' is not a port number" },
		{ "65530-65536:1-7", ERR_USAGE, "'65536' is not a port number" },
		{ "65530-65531:65535-65536", ERR_USAGE, "'65536' is not a port number" },
		{ "80-90", ERR_USAGE, "write '80-90:80-90'" },
		{ "192.0.2.1-192.0.2.9:80:80", ERR_USAGE, "is not an IPv4 address" },
		{ "192.0.2.0/24:80:80", ERR_USAGE, "the protocol is tcp, udp or sctp, not '24:80:80'" },
		{ "80:80/tcp,udp", ERR_USAGE, "not 'tcp,udp'" },
		{ "80:80/132", ERR_USAGE, "not '132'" },
		{ "80,81:80,81", ERR_USAGE, "'80,81' is not a port number" },
		{ "[::1]80:80", ERR_USAGE, "'[' without ']'" },
		{ "[::1]:80", ERR_USAGE, "'[' without ']'" },
		{ "80:80:80:80", ERR_USAGE, "is not an IPv4 address" },
		{ "80\n:80", ERR_USAGE, "is not a port number" },
		{ "\xd9\xa8:80", ERR_USAGE, "is not a port number" },
		{ "\xff:80", ERR_USAGE, "is not a port number" },
		{ "http:80", ERR_USAGE, "'http' is not a port number" },
		{ "*:80:80", ERR_USAGE, "'*' is not an IPv4 address" },
		{ "localhost:80:80", ERR_USAGE, "'localhost' is not an IPv4 address" },
	};
	char text[PORTSPEC_SIZE], huge[256];
	struct portspec spec, again;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (portspec_parse(good[i].text, &spec, &err) < 0)
			fail_msg("'%s': %s", good[i].text, err.msg);
		assert_string_equal(portspec_print(&spec, text), good[i].normal);
		assert_int_equal(portspec_parse(text, &again, &err), 0);
		assert_int_equal(ip_cmp(&again.host_ip, &spec.host_ip), 0);
		assert_true(portspec_same(&again, &spec));
		assert_true(portspec_is_loopback6(&spec) == (strncmp(text, "[::1]", 5) == 0));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		memset(&again, 0x5a, sizeof(again));
		spec = again;
		assert_refused(portspec_parse(bad[i].text, &spec, &err), &err, bad[i].kind, bad[i].text, bad[i].words);
		assert_memory_equal(&spec, &again, sizeof(spec));
	}
	memset(huge, '1', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_refused(portspec_parse(huge, &spec, &err), &err, ERR_USAGE, "", "too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tenants), cmocka_unit_test(others), cmocka_unit_test(interfaces),
		cmocka_unit_test(full),	   cmocka_unit_test(ports),
	};

	memset(len128, 'x', sizeof(len128) - 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
