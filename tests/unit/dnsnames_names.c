/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsnames_names - what is a tenant's own name, and what it leads to. */
#include <stdio.h>
#include <string.h>

#include "netd/dns/names.h"
#include "tests/unit/unit.h"

enum { WEB = 1, DB = 2 };

static struct dnsrec rec_of(enum dnsrec_verb verb, uint64_t network, uint64_t host, const char *name, const char *const *ips)
{
	struct dnsrec rec = { .magic = DNSREC_MAGIC, .verb = (uint16_t)verb, .tenant = 9, .network = network, .host = host };

	strcpy(rec.name, name);
	for (; ips[rec.count]; rec.count++)
		assert_int_equal(ip_parse(ips[rec.count], &rec.ip[rec.count]), 0);
	if (verb == DNSREC_HOST)
		assert_int_equal(ip_parse("fe80::1", &rec.link), 0);
	return rec;
}

static void network(struct names *names, uint64_t id, const char *name, const char *subnet, uint8_t len)
{
	struct dnsrec rec = rec_of(DNSREC_NETWORK, id, 0, name, (const char *[]){ subnet, NULL });

	rec.len[0] = len;
	assert_true(dnsrec_valid(&rec, true, 0));
	names_network(names, &rec);
}

static void host(struct names *names, uint64_t id, uint64_t net, const char *name, const char *ip4, const char *ip6)
{
	struct dnsrec rec = rec_of(DNSREC_HOST, net, id, name, (const char *[]){ ip4, ip6, NULL });

	assert_true(dnsrec_valid(&rec, true, 0));
	names_host(names, &rec);
}

static void called(struct names *names, uint64_t id, const char *name)
{
	struct dnsrec rec = { .magic = DNSREC_MAGIC, .verb = DNSREC_ALIAS, .tenant = 1, .host = id };

	strcpy(rec.name, name);
	assert_true(dnsrec_valid(&rec, true, 0));
	names_alias(names, &rec);
}

/* "10.1.0.1 10.2.0.1", or the verdict's word. */
static const char *look(const struct names *names, const char *name, uint64_t from, int families)
{
	static const char *const words[] = { [NAMES_OTHER] = "other", [NAMES_NODATA] = "nodata", [NAMES_NONE] = "none" };
	static char text[256];
	struct names_answer answer;
	enum names_verdict verdict = names_lookup(names, name, from, families, &answer);
	char ip[IP_STR_SIZE];

	text[0] = '\0';
	if (verdict != NAMES_FOUND)
		return words[verdict];
	for (size_t i = 0; i < answer.count; i++)
		sprintf(text + strlen(text), "%s%s", i ? " " : "", ip_print(&answer.ip[i], ip));
	return text;
}

static void world(struct names *names)
{
	network(names, WEB, "Web", "10.1.0.0", 24);
	network(names, DB, "db.prod", "10.2.0.0", 24);
	host(names, 11, WEB, "W1", "10.1.0.11", "fd01::11");
	host(names, 12, WEB, "two", "10.1.0.12", NULL);
	host(names, 13, DB, "two", "10.2.0.12", NULL);
	host(names, 14, DB, "pg.main", "10.2.0.13", NULL);
}

static void test_aliases(void **state)
{
	struct names names = { 0 };
	char many[16];

	(void)state;
	world(&names);
	called(&names, 11, "Front");
	called(&names, 11, "front");
	called(&names, 14, "pg");
	called(&names, 99, "nobody");
	assert_string_equal(look(&names, "front", WEB, 4), "10.1.0.11");
	assert_string_equal(look(&names, "front.web", DB, 6), "fd01::11");
	assert_string_equal(look(&names, "front.db.prod", WEB, 4), "none");
	assert_string_equal(look(&names, "pg", WEB, 4), "10.2.0.13");
	assert_string_equal(look(&names, "nobody", WEB, 4), "none");
	/* shared, those of the asker's network first */
	called(&names, 12, "front");
	called(&names, 13, "front");
	assert_string_equal(look(&names, "front", WEB, 4), "10.1.0.11 10.1.0.12");
	assert_string_equal(look(&names, "front", 77, 4), "10.1.0.11 10.1.0.12 10.2.0.12");
	/* a stack's own name is its own */
	called(&names, 13, "w1");
	assert_string_equal(look(&names, "w1", DB, 4), "10.1.0.11");
	host(&names, 15, DB, "front", "10.2.0.15", NULL);
	assert_string_equal(look(&names, "front", WEB, 4), "10.2.0.15");
	names_host_gone(&names, 15);
	assert_string_equal(look(&names, "front", WEB, 4), "10.1.0.11 10.1.0.12");
	/* told anew, a host has no alias before they are told anew, too */
	host(&names, 11, WEB, "W1", "10.1.0.11", NULL);
	assert_string_equal(look(&names, "front", WEB, 4), "10.1.0.12");
	for (int i = 0; i < 2 * NAMES_ALIASES_MAX; i++) {
		sprintf(many, "a%d", i);
		called(&names, 11, many);
	}
	assert_string_equal(look(&names, "a0", WEB, 4), "10.1.0.11");
	assert_string_equal(look(&names, "a127", WEB, 4), "none");
	names_host_gone(&names, 11);
	assert_string_equal(look(&names, "a0", WEB, 4), "none");
	names_fini(&names);
}

static void test_lookup(void **state)
{
	struct names names = { 0 };

	(void)state;
	world(&names);
	assert_string_equal(look(&names, "w1", WEB, 4), "10.1.0.11");
	assert_string_equal(look(&names, "w1", DB, 6), "fd01::11");
	assert_string_equal(look(&names, "w1", WEB, 10), "10.1.0.11 fd01::11");
	assert_string_equal(look(&names, "w1", WEB, 0), "nodata");
	assert_string_equal(look(&names, "two", WEB, 4), "10.1.0.12");
	assert_string_equal(look(&names, "two", DB, 4), "10.2.0.12");
	assert_string_equal(look(&names, "two", 77, 4), "10.1.0.12 10.2.0.12");
	assert_string_equal(look(&names, "two.web", DB, 4), "10.1.0.12");
	assert_string_equal(look(&names, "two.db.prod", WEB, 4), "10.2.0.12");
	assert_string_equal(look(&names, "pg.main", WEB, 4), "10.2.0.13");
	assert_string_equal(look(&names, "pg.main.db.prod", WEB, 4), "10.2.0.13");
	assert_string_equal(look(&names, "pg.main.db.prod", WEB, 6), "nodata");
	/* what exists on another network does not exist on this one */
	assert_string_equal(look(&names, "pg.main.web", WEB, 4), "none");
	assert_string_equal(look(&names, "web", WEB, 4), "nodata");
	assert_string_equal(look(&names, "nobody", WEB, 4), "none");
	assert_string_equal(look(&names, "x.y.web", WEB, 4), "none");
	assert_string_equal(look(&names, "www.example.org", WEB, 4), "other");
	assert_string_equal(look(&names, "prod", WEB, 4), "none");
	assert_string_equal(look(&names, "x.prod", WEB, 4), "other");
	names_fini(&names);
}

static void test_change(void **state)
{
	struct names names = { 0 };
	struct ip ip;

	(void)state;
	world(&names);
	host(&names, 11, WEB, "w1", "10.1.0.99", NULL);
	assert_string_equal(look(&names, "w1", WEB, 4), "10.1.0.99");
	assert_int_equal(ip_parse("10.1.0.11", &ip), 0);
	assert_null(names_asker(&names, &ip));
	assert_int_equal(ip_parse("10.1.0.99", &ip), 0);
	assert_int_equal(names_asker(&names, &ip)->id, 11);
	names_host_gone(&names, 11);
	names_host_gone(&names, 11);
	assert_string_equal(look(&names, "w1", WEB, 4), "none");
	names_network_gone(&names, DB);
	assert_string_equal(look(&names, "nobody.db.prod", WEB, 4), "other");
	names_network_gone(&names, DB);
	names_fini(&names);
}

static void test_networks_of_one_name(void **state)
{
	struct names names = { 0 };

	(void)state;
	network(&names, WEB, "web", "10.1.0.0", 24);
	network(&names, DB, "WEB", "10.2.0.0", 24);
	names_network_gone(&names, WEB);
	assert_string_equal(look(&names, "nobody.web", DB, 4), "none");
	names_fini(&names);
}

static const char *back(const struct names *names, const char *name)
{
	static struct names_answer answer;
	struct ip ip;

	if (!names_reverse_parse(name, &ip))
		return "no address";
	switch (names_reverse(names, &ip, &answer)) {
	case NAMES_FOUND:
		return answer.name;
	case NAMES_NONE:
		return "none";
	case NAMES_NODATA:
		return "nodata";
	case NAMES_OTHER:
		break;
	}
	return "other";
}

static void test_reverse(void **state)
{
	struct names names = { 0 };

	(void)state;
	world(&names);
	assert_string_equal(back(&names, "11.0.1.10.in-addr.arpa"), "w1.web");
	assert_string_equal(back(&names, "13.0.2.10.in-addr.arpa"), "pg.main.db.prod");
	assert_string_equal(back(&names, "99.0.1.10.in-addr.arpa"), "none");
	assert_string_equal(back(&names, "1.0.0.127.in-addr.arpa"), "other");
	assert_string_equal(back(&names, "1.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.d.f.ip6.arpa"), "w1.web");
	assert_string_equal(back(&names, "01.0.1.10.in-addr.arpa"), "no address");
	assert_string_equal(back(&names, "256.0.1.10.in-addr.arpa"), "no address");
	assert_string_equal(back(&names, "0.1.10.in-addr.arpa"), "no address");
	assert_string_equal(back(&names, "1.2.11.0.1.10.in-addr.arpa"), "no address");
	assert_string_equal(back(&names, "1.1.ip6.arpa"), "no address");
	assert_string_equal(back(&names, ""), "no address");
	names_fini(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_networks_of_one_name),
		cmocka_unit_test(test_reverse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
