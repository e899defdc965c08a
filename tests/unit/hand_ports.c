/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of netd/hand/ports and lib/kern/sockdiag: the reserved file's grammar, and which sockets are in the way. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/base/mem.h"
#include "netd/hand/ports.h"

static void reserved_lines(void **state)
{
	static const char *const bad[] = {
		"22", "22/icmp", "0/tcp", "65536/tcp", "22/tcp 23/tcp", "x/tcp", "022/tcp"};
	struct ports ports = {.diag = -1};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
		ports_reserve(&ports, "# ours\n\n22/tcp\n  53/udp\t# names\r\n9/sctp", &err),
		0);
	assert_true(ports_reserved(&ports, IPPROTO_TCP, 22));
	assert_true(ports_reserved(&ports, IPPROTO_UDP, 53));
	assert_true(ports_reserved(&ports, IPPROTO_SCTP, 9));
	assert_false(ports_reserved(&ports, IPPROTO_UDP, 22));
	assert_false(ports_reserved(&ports, IPPROTO_TCP, 23));
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		err = ERR_INIT;
		assert_int_equal(ports_reserve(&ports, bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.msg, "line 1"));
	}
	assert_int_equal(ports_reserve_file(&ports, "/nowhere/at/all", &err), 0);
	ports_fini(&ports);
}

/* As bind(2) would see it. */
static void conflicts(void **state)
{
	static const struct {
		const char *local;
		bool v6only;
		uint8_t family;
		const char *asked; /* NULL: any */
		bool conflict;
	} rows[] = {
		{"0.0.0.0", false, 4, NULL, true},
		{"127.0.0.1", false, 4, NULL, true},
		{"0.0.0.0", false, 4, "192.0.2.1", true},
		{"127.0.0.1", false, 4, "192.0.2.1", false},
		{"192.0.2.1", false, 4, "192.0.2.1", true},
		{"::", false, 4, NULL, true},
		{"::", true, 4, NULL, false},
		{"::", false, 4, "192.0.2.1", true},
		{"::1", false, 4, NULL, false},
		{"::", true, 6, NULL, true},
		{"::1", false, 6, NULL, true},
		{"::1", false, 6, "2001:db8::1", false},
		{"0.0.0.0", false, 6, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct sockdiag_local local = {.port = 80, .v6only = rows[i].v6only};
		struct ip asked = {0};

		assert_int_equal(ip_parse(rows[i].local, &local.ip), 0);
		if (rows[i].asked != NULL)
			assert_int_equal(ip_parse(rows[i].asked, &asked), 0);
		assert_int_equal(sockdiag_conflicts(&local, rows[i].family, &asked, 80),
				 rows[i].conflict);
		assert_false(sockdiag_conflicts(&local, rows[i].family, &asked, 81));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserved_lines),
		cmocka_unit_test(conflicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
