/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of netd/seam/settings: what moatd.yaml may say, and what is refused with the number of its line. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "netd/seam/settings.h"

static void taken(void **state)
{
	struct settings settings;
	struct err err = ERR_INIT;
	char text[PREFIX_STR_SIZE];

	(void)state;
	assert_int_equal(settings_parse("", &settings, &err), 0);
	assert_int_equal(settings.transit4.ip.family, 0);
	assert_int_equal(settings.connections, SETTINGS_CONNECTIONS);
	assert_int_equal(settings_parse("connections: 4096\n", &settings, &err), 0);
	assert_int_equal(settings.connections, 4096);
	assert_int_equal(settings_parse("---\n# where uplinks are\n\ntransit4: 10.111.0.0/16   # a comment\r\n"
					"networks6: \tfd00:1234::/48\n",
					&settings, &err), 0);
	assert_string_equal(prefix_print(&settings.transit4, text), "10.111.0.0/16");
	assert_string_equal(prefix_print(&settings.networks6, text), "fd00:1234::/48");
	assert_int_equal(settings.transit6.ip.family, 0);
	assert_int_equal(settings.networks4.ip.family, 0);
	assert_int_equal(settings.routed_count, 0);
	assert_int_equal(settings_parse("routed-prefixes: 2001:db8:1::/48,203.0.113.64/26 , 203.0.113.1/32\n", &settings, &err), 0);
	assert_int_equal(settings.routed_count, 3);
	assert_string_equal(prefix_print(&settings.routed[1], text), "203.0.113.64/26");
}

static void refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "transit4\n", "line 1: not of the form" },
		{ "transit4:10.0.0.0/16\n", "line 1: not of the form" },
		{ "\n\ncolour: red\n", "line 3: there is no key 'colour'" },
		{ "transit4: 10.1.0.0/16\ntransit4: 10.2.0.0/16\n", "line 2: transit4 is given twice" },
		{ "transit4: 10.1.2.3/16\n", "line 1: transit4 is an IPv4 prefix" }, /* host bits */
		{ "transit4: 10.1.0.0/30\n", "line 1: transit4 is an IPv4 prefix of 8 to 24 bits" },
		{ "transit4: fd00::/64\n", "line 1: transit4 is an IPv4 prefix" },
		{ "transit4: 127.0.0.0/8\n", "line 1:" },
		{ "transit4: 169.254.0.0/16\n", "line 1:" },
		{ "transit4: 0.0.0.0/0\n", "line 1:" },
		{ "transit6: fe80::/64\n", "line 1:" },
		{ "networks4: 224.0.0.0/8\n", "line 1:" },
		{ "networks6: 2001:db8::/96\n", "line 1: networks6 is an IPv6 prefix of 16 to 64 bits" },
		{ "connections: 15\n", "line 1: connections is one of 1024" },
		{ "connections: many\n", "line 1: connections is one of" },
		{ "connections: 1024\nconnections: 1024\n", "line 2: connections is given twice" },
		{ "routed-prefixes:\n", "line 1: routed-prefixes names none" },
		{ "routed-prefixes: ,\n", "line 1: routed-prefixes names none" },
		{ "routed-prefixes: 203.0.113.1/26\n", "line 1: routed-prefixes are of 8" }, /* host bits */
		{ "routed-prefixes: 0.0.0.0/0\n", "line 1: routed-prefixes are of 8" },
		{ "routed-prefixes: 127.0.0.0/8\n", "line 1: routed-prefixes are of 8" },
		{ "routed-prefixes: fe80::/64\n", "line 1: routed-prefixes are of 8" },
		{ "routed-prefixes: 203.0.113.0/24 web\n", "line 1: routed-prefixes are of 8" },
		{ "routed-prefixes: 203.0.113.0/24\nrouted-prefixes: 203.0.114.0/24\n", "line 2: routed-prefixes is given twice" },
		{ "transit4: 10.1.0.0/16\nrouted-prefixes: 10.1.2.0/24\n", "routed-prefixes and the addresses of uplinks" },
		{ "transit4:\n", "line 1: transit4 is an IPv4 prefix" },
		{ "transit4: 10.64.0.0/16\nnetworks4: 10.64.0.0/12\n", "transit4 and networks4 overlap" },
		{ " transit4: 10.1.0.0/16\n", "line 1: there is no key ' transit4'" },
		{ "- transit4: 10.1.0.0/16\n", "line 1: there is no key '- transit4'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct settings settings = { .transit4 = { .len = 7 } };
		struct err err = ERR_INIT;

		if (settings_parse(rows[i].text, &settings, &err) != -EINVAL || !strstr(err.msg, rows[i].says))
			fail_msg("row %zu: '%s', expected '%s'\n%s", i, err.msg, rows[i].says, rows[i].text);
		assert_int_equal(settings.transit4.len, 7); /* untouched */
	}
}

static void from_file(void **state)
{
	char path[] = "/tmp/settings.XXXXXX";
	struct settings settings;
	struct err err = ERR_INIT;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(settings_load("/nowhere/moatd.yaml", &settings, &err), 0);
	assert_int_equal(write(fd, "transit4: 10.1.0.0/16\n", 22), 22);
	assert_int_equal(fchmod(fd, 0666), 0);
	assert_int_equal(settings_load(path, &settings, &err), -EPERM);
	assert_int_equal(fchmod(fd, 0644), 0);
	err = ERR_INIT;
	assert_int_equal(settings_load(path, &settings, &err), geteuid() == 0 ? 0 : -EPERM);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken),
		cmocka_unit_test(refused),
		cmocka_unit_test(from_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
