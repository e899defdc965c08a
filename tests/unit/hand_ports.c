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
		"22", "22/icmp", "0/tcp", "65536/tcp", "22/tcp 23/tcp", "x/tcp", "022/tcp",
		"30-20/tcp", "20-/tcp", "-20/tcp", "20-65536/udp", "20-30", "20--30/tcp", "1-2-3/tcp"};
	struct ports ports = {.diag = -1};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
		ports_reserve(&ports, "# ours\n\n22/tcp\n  53/udp\t# names\r\n9/sctp\n8000-8099/tcp\n65535/udp", &err),
		0);
	assert_int_equal(ports_reserved(&ports, IPPROTO_TCP, 22, 22), 22);
	assert_int_equal(ports_reserved(&ports, IPPROTO_UDP, 53, 53), 53);
	assert_int_equal(ports_reserved(&ports, IPPROTO_SCTP, 9, 9), 9);
	assert_int_equal(ports_reserved(&ports, IPPROTO_UDP, 22, 22), 0);
	assert_int_equal(ports_reserved(&ports, IPPROTO_TCP, 23, 7999), 0);
	assert_int_equal(ports_reserved(&ports, IPPROTO_TCP, 8050, 8050), 8050);
	assert_int_equal(ports_reserved(&ports, IPPROTO_TCP, 7000, 9000), 8000);
	assert_int_equal(ports_reserved(&ports, IPPROTO_TCP, 8099, 9000), 8099);
	assert_int_equal(ports_reserved(&ports, IPPROTO_TCP, 8100, 65535), 0);
	assert_int_equal(ports_reserved(&ports, IPPROTO_UDP, 54, 65535), 65535);
	assert_int_equal(ports_reserved(&ports, IPPROTO_SCTP, 1, 65535), 9);
	assert_int_equal(ports_reserved(&ports, IPPROTO_ICMP, 1, 65535), 0);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		err = ERR_INIT;
		assert_int_equal(ports_reserve(&ports, bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.msg, "line 1"));
	}
	assert_int_equal(ports_reserve_file(&ports, "/nowhere/at/all", &err), 0);
	ports_fini(&ports);
}

static void allowed_lines(void **state)
{
	static const char *const bad[] = {"alice", "nobody-of-that-name 1-2", "1000 x", "1000 1/icmp", "1000 1 2", "-1 1",
					  "4294967295 1", "* 0", "* 2-1"};
	struct ports ports = {.diag = -1};
	struct err err = ERR_INIT;

	(void)state;
	assert_true(ports_allowed(&ports, 1000, IPPROTO_TCP, 1024, 65535));
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		err = ERR_INIT;
		assert_int_equal(ports_allow(&ports, bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.msg, "line 1"));
	}
	assert_int_equal(ports_allow(&ports,
				     "# who what\n1000 30000-30999\n1000 31000-31099/udp\n1000 40000\n"
				     "* 50000-50009/tcp\nroot 7\n1000 39990-39999\n",
				     &err),
			 0);
	assert_true(ports_allowed(&ports, 0, IPPROTO_TCP, 1, 65535));
	assert_true(ports_allowed(&ports, 1000, IPPROTO_TCP, 30000, 30999));
	assert_false(ports_allowed(&ports, 1000, IPPROTO_TCP, 30000, 31000));
	assert_true(ports_allowed(&ports, 1000, IPPROTO_UDP, 30000, 31099)); /* two lines together */
	assert_true(ports_allowed(&ports, 1000, IPPROTO_SCTP, 39990, 40000)); /* in whatever order they stand */
	assert_false(ports_allowed(&ports, 1000, IPPROTO_TCP, 29999, 30000));
	assert_true(ports_allowed(&ports, 1000, IPPROTO_TCP, 50009, 50009));
	assert_true(ports_allowed(&ports, 1001, IPPROTO_TCP, 50000, 50009));
	assert_false(ports_allowed(&ports, 1001, IPPROTO_UDP, 50000, 50000));
	assert_false(ports_allowed(&ports, 1001, IPPROTO_TCP, 30000, 30000));
	assert_int_equal(ports_allow_file(&ports, "/nowhere/at/all", &err), 0);
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
		cmocka_unit_test(allowed_lines),
		cmocka_unit_test(conflicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
