/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/base/addr: text both ways, order, classes, arithmetic, prefixes, MACs. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/addr.h"
#include "lib/base/mem.h"

static struct ip ip_of(const char *s)
{
	struct ip ip = {0};

	if (ip_parse(s, &ip) < 0)
		fail_msg("not an address: %s", s);
	return ip;
}

static struct prefix prefix_of(const char *s)
{
	struct prefix prefix = {0};

	if (prefix_parse(s, &prefix) < 0)
		fail_msg("not a prefix: %s", s);
	return prefix;
}

static void assert_ip(const struct ip *ip, const char *text)
{
	char s[IP_STR_SIZE];

	assert_string_equal(ip_print(ip, s), text);
}

static void ip_text(void **state)
{
	static const char *const same[] = {
		"0.0.0.0", "10.0.0.1",    "255.255.255.255",      "::",
		"::1",     "fe80::1:2:3", "2001:db8:1:2:3:4:5:6", "::ffff:1.2.3.4"};
	static const char *const refused[] = {
		"",          "10.0.0",       "10.0.0.1.2", "10.0.0.256", "010.0.0.1",
		"10.0.0.1 ", " 10.0.0.1",    "0x0a.0.0.1", "167772161",  "1:2:3:4:5:6:7",
		":::",       "fe80::1%eth0", "g::",        "1::2::3",    "10.0.0.1/24"};
	struct ip ip = {.family = 9}, none = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(same); i++) {
		ip = ip_of(same[i]);
		assert_ip(&ip, same[i]);
		assert_int_equal(ip.family, strchr(same[i], ':') ? 6 : 4);
	}
	ip = ip_of("2001:DB8:0:0::1");
	assert_ip(&ip, "2001:db8::1");
	ip.family = 9;
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
		assert_int_equal(ip_parse(refused[i], &ip), -EINVAL);
	assert_int_equal(ip_parse(NULL, &ip), -EINVAL);
	assert_int_equal(ip.family, 9);
	assert_ip(&none, "");
}

static void prefix_text(void **state)
{
	static const char *const same[] = {"0.0.0.0/0", "10.0.0.1/24", "10.0.0.1/32",
					   "::/0",      "fd00::1/64",  "fd00::1/128"};
	static const char *const refused[] = {
		"",
		"10.0.0.1",
		"10.0.0.1/",
		"/24",
		"10.0.0.1/33",
		"10.0.0.1/024",
		"10.0.0.1/-1",
		"10.0.0.1/24 ",
		"10.0.0.1/2/4",
		"::/129",
		"10.0.0.1/255.255.255.0",
		"1111111111111111111111111111111111111111111111/1"};
	struct prefix prefix = {.len = 99}, none = {0};
	char s[PREFIX_STR_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
		assert_int_equal(prefix_parse(refused[i], &prefix), -EINVAL);
	assert_int_equal(prefix_parse(NULL, &prefix), -EINVAL);
	assert_int_equal(prefix.len, 99);
	for (size_t i = 0; i < ARRAY_COUNT(same); i++) {
		prefix = prefix_of(same[i]);
		assert_string_equal(prefix_print(&prefix, s), same[i]);
	}
	assert_string_equal(prefix_print(&none, s), "");
	prefix = prefix_of("1111:2222:3333:4444:5555:6666:7777:8888/128");
	assert_string_equal(prefix_print(&prefix, s),
			    "1111:2222:3333:4444:5555:6666:7777:8888/128");
}

static void mac_text(void **state)
{
	static const char *const refused[] = {"",
					      "02:00:00:00:00",
					      "02:00:00:00:00:0",
					      "02:00:00:00:00:001",
					      "02-00-00-00-00-01",
					      "02:00:00:00:00:0g",
					      "02:00:00:00:00:01:",
					      " 2:00:00:00:00:01",
					      "0200:00:00:00:01:"};
	struct mac mac = {{9}};
	char s[MAC_STR_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
		assert_int_equal(mac_parse(refused[i], &mac), -EINVAL);
	assert_int_equal(mac_parse(NULL, &mac), -EINVAL);
	assert_int_equal(mac.b[0], 9);
	assert_int_equal(mac_parse("02:Ab:cD:00:99:ff", &mac), 0);
	assert_string_equal(mac_print(&mac, s), "02:ab:cd:00:99:ff");
}

static void order(void **state)
{
	static const char *const sorted[] = {
		"0.0.0.0", "9.255.255.255", "10.0.0.1", "255.0.0.0",
		"::",      "::1",           "1::",      "ff::"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sorted); i++)
		for (size_t j = 0; j < ARRAY_COUNT(sorted); j++) {
			struct ip a = ip_of(sorted[i]), b = ip_of(sorted[j]);
			int cmp = ip_cmp(&a, &b);

			assert_int_equal((cmp > 0) - (cmp < 0), (i > j) - (i < j));
		}
}

static void classes(void **state)
{
	/* n none, u unspecified, l loopback, m multicast, k link-local */
	static const struct {
		const char *ip, *classes;
	} rows[] = {
		{"0.0.0.0", "u"},     {"10.0.0.1", ""},    {"127.0.0.1", "l"},
		{"127.255.0.9", "l"}, {"128.0.0.1", ""},   {"224.0.0.1", "m"},
		{"239.9.9.9", "m"},   {"240.0.0.1", ""},   {"223.255.255.255", ""},
		{"169.254.1.1", "k"}, {"169.253.1.1", ""}, {"::", "u"},
		{"::1", "l"},         {"::2", ""},         {"ff02::1", "m"},
		{"fe80::1", "k"},     {"febf::1", "k"},    {"fec0::1", ""},
		{"fe00::1", ""},      {"2001:db8::1", ""},
	};
	struct ip none = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct ip ip = ip_of(rows[i].ip);

		assert_false(ip_is_none(&ip));
		assert_int_equal(ip_is_unspecified(&ip), strchr(rows[i].classes, 'u') != NULL);
		assert_int_equal(ip_is_loopback(&ip), strchr(rows[i].classes, 'l') != NULL);
		assert_int_equal(ip_is_multicast(&ip), strchr(rows[i].classes, 'm') != NULL);
		assert_int_equal(ip_is_linklocal(&ip), strchr(rows[i].classes, 'k') != NULL);
		assert_int_equal(ip_size(&ip), ip.family == 4 ? 4 : 16);
		assert_int_equal(ip_bits(&ip), ip.family == 4 ? 32 : 128);
	}
	assert_true(ip_is_none(&none));
	assert_false(ip_is_unspecified(&none) || ip_is_loopback(&none) ||
		     ip_is_multicast(&none) || ip_is_linklocal(&none));
	assert_int_equal(ip_size(&none) + ip_bits(&none), 0);
}

static void makers(void **state)
{
	struct mac mac = {{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};
	struct ip four = ip4_make(0x0a010203), local = ip6_linklocal(&mac);

	(void)state;
	assert_ip(&four, "10.1.2.3");
	assert_ip(&local, "fe80::11:22ff:fe33:4455");
	mac.b[0] = 0x34; /* the example of RFC 4291 appendix A: 34-56-78-9A-BC-DE */
	memcpy(mac.b + 1, "\x56\x78\x9a\xbc\xde", 5);
	local = ip6_linklocal(&mac);
	assert_ip(&local, "fe80::3656:78ff:fe9a:bcde");
}

static void add_and_diff(void **state)
{
	static const struct {
		const char *from;
		uint64_t n;
		const char *to;
	} rows[] = {
		{"10.0.0.0", 0, "10.0.0.0"},
		{"10.0.0.255", 1, "10.0.1.0"},
		{"10.255.255.255", 1, "11.0.0.0"},
		{"10.0.0.1", 0x01020304, "11.2.3.5"},
		{"0.0.0.0", UINT32_MAX, "255.255.255.255"},
		{"::", UINT64_MAX, "::ffff:ffff:ffff:ffff"},
		{"::ffff:ffff:ffff:ffff", 1, "0:0:0:1::"},
		{"fd00::ff", 1, "fd00::100"},
		{"fd00:0:0:ffff:ffff:ffff:ffff:ffff", 2, "fd00:0:1::1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct ip from = ip_of(rows[i].from), sum;

		assert_int_equal(ip_add(&from, rows[i].n, &sum), 0);
		assert_ip(&sum, rows[i].to);
		assert_int_equal(ip_diff(&sum, &from), rows[i].n);
		assert_int_equal(ip_diff(&sum, &sum), 0);
		assert_int_equal(ip_add(&from, rows[i].n, &from), 0); /* in place */
		assert_ip(&from, rows[i].to);
	}
}

static void add_wraps(void **state)
{
	static const struct {
		const char *from;
		uint64_t n;
	} rows[] = {
		{"255.255.255.255", 1},
		{"255.255.255.0", 256},
		{"0.0.0.0", UINT64_C(1) << 32},
		{"0.0.0.1", UINT64_MAX},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1},
		{"ffff:ffff:ffff:ffff::1", UINT64_MAX},
	};
	struct ip sum = {.family = 9}, none = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct ip from = ip_of(rows[i].from);

		assert_int_equal(ip_add(&from, rows[i].n, &sum), -ERANGE);
	}
	assert_int_equal(ip_add(&none, 1, &sum), -ERANGE);
	assert_int_equal(sum.family, 9);
}

static void diff_saturates(void **state)
{
	struct ip low = ip_of("::"), high = ip_of("0:0:0:1::"), top = ip_of("ffff::");

	(void)state;
	assert_int_equal(ip_diff(&high, &low), UINT64_MAX);
	assert_int_equal(ip_diff(&top, &high), UINT64_MAX);
	low = ip_of("::1");
	assert_int_equal(ip_diff(&high, &low), UINT64_MAX); /* exactly 2^64 - 1 */
	low = ip_of("::2");
	assert_int_equal(ip_diff(&high, &low), UINT64_MAX - 1);
}

static void containment(void **state)
{
	static const struct {
		const char *prefix, *ip;
		bool in;
	} rows[] = {
		{"10.0.0.0/24", "10.0.0.0", true},
		{"10.0.0.0/24", "10.0.0.255", true},
		{"10.0.0.0/24", "10.0.1.0", false},
		{"10.0.0.7/24", "10.0.0.9", true},
		{"10.0.0.128/25", "10.0.0.127", false},
		{"10.0.0.128/25", "10.0.0.129", true},
		{"0.0.0.0/0", "255.1.2.3", true},
		{"0.0.0.0/0", "::", false},
		{"::/0", "ffff::", true},
		{"::/0", "1.2.3.4", false},
		{"10.0.0.1/32", "10.0.0.1", true},
		{"10.0.0.1/32", "10.0.0.0", false},
		{"fd00::1/128", "fd00::1", true},
		{"fd00::1/128", "fd00::", false},
		{"fd00::/7", "fc00::1", true},
		{"fd00::/9", "fd80::", false},
		{"fd00::/127", "fd00::1", true},
		{"fd00::/127", "fd00::2", false},
	};
	struct prefix any = prefix_of("0.0.0.0/0"), none = {0};
	struct ip no_ip = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct prefix prefix = prefix_of(rows[i].prefix);
		struct ip ip = ip_of(rows[i].ip);

		assert_int_equal(prefix_contains(&prefix, &ip), rows[i].in);
		assert_false(prefix_contains(&none, &ip));
	}
	assert_false(prefix_contains(&any, &no_ip));
	assert_false(prefix_contains(&none, &no_ip));
	any.len = 33; /* not a prefix at all */
	assert_false(prefix_contains(&any, &(struct ip){.family = 4}));
}

static void overlap(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlaps;
	} rows[] = {
		{"10.0.0.0/24", "10.0.0.0/24", true},    {"10.0.0.0/24", "10.0.0.128/25", true},
		{"10.0.0.0/24", "10.0.1.0/24", false},   {"10.0.0.0/23", "10.0.1.0/24", true},
		{"0.0.0.0/0", "192.168.0.0/16", true},   {"0.0.0.0/0", "::/0", false},
		{"fd00::/64", "fd00:0:0:1::/64", false}, {"fd00::/48", "fd00:0:0:1::/64", true},
		{"fd00::1/128", "fd00::/127", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct prefix a = prefix_of(rows[i].a), b = prefix_of(rows[i].b);

		assert_int_equal(prefix_overlaps(&a, &b), rows[i].overlaps);
		assert_int_equal(prefix_overlaps(&b, &a), rows[i].overlaps);
	}
}

static void bounds(void **state)
{
	static const struct {
		const char *prefix, *network, *last;
		uint64_t size;
	} rows[] = {
		{"10.1.2.3/24", "10.1.2.0/24", "10.1.2.255", 256},
		{"10.1.2.3/0", "0.0.0.0/0", "255.255.255.255", UINT64_C(1) << 32},
		{"10.1.2.3/32", "10.1.2.3/32", "10.1.2.3", 1},
		{"10.1.2.3/31", "10.1.2.2/31", "10.1.2.3", 2},
		{"10.1.2.3/13", "10.0.0.0/13", "10.7.255.255", UINT64_C(1) << 19},
		{"fd00::1/64", "fd00::/64", "fd00::ffff:ffff:ffff:ffff", UINT64_MAX},
		{"fd00::1/65", "fd00::/65", "fd00::7fff:ffff:ffff:ffff", UINT64_C(1) << 63},
		{"fd00::1/0", "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UINT64_MAX},
		{"fd00::1/128", "fd00::1/128", "fd00::1", 1},
	};
	struct prefix none = {0};
	char s[PREFIX_STR_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct prefix prefix = prefix_of(rows[i].prefix);
		struct prefix network = prefix_network(&prefix);
		struct ip last = prefix_last(&prefix);

		assert_string_equal(prefix_print(&network, s), rows[i].network);
		assert_ip(&last, rows[i].last);
		assert_int_equal(prefix_size(&prefix), rows[i].size);
	}
	assert_int_equal(prefix_size(&none), 0);
}

static void macs(void **state)
{
	struct mac zero = {0}, multicast = {{0x33, 0x33}}, broadcast, unicast = {{0x02}};
	struct mac a = mac_from_id(0x0123456789ab), b = mac_from_id(0x0123456789ac);
	char s[MAC_STR_SIZE];

	(void)state;
	memset(&broadcast, 0xff, sizeof(broadcast));
	assert_true(mac_is_zero(&zero));
	assert_false(mac_is_zero(&unicast));
	assert_false(mac_is_unicast(&zero) || mac_is_unicast(&multicast) ||
		     mac_is_unicast(&broadcast));
	assert_true(mac_is_unicast(&unicast));
	assert_string_equal(mac_print(&a, s), "02:23:45:67:89:ab");
	assert_string_equal(mac_print(&b, s), "02:23:45:67:89:ac");
	for (uint64_t i = 0; i < 256; i++) {
		struct mac mac = mac_from_id(i << 40 | 5);

		assert_true(mac_is_unicast(&mac));
		assert_true(mac.b[0] & 0x02);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_text),        cmocka_unit_test(prefix_text),
		cmocka_unit_test(mac_text),       cmocka_unit_test(order),
		cmocka_unit_test(classes),        cmocka_unit_test(makers),
		cmocka_unit_test(add_and_diff),   cmocka_unit_test(add_wraps),
		cmocka_unit_test(diff_saturates), cmocka_unit_test(containment),
		cmocka_unit_test(overlap),        cmocka_unit_test(bounds),
		cmocka_unit_test(macs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
