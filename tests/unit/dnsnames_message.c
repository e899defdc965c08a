/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsnames_message - queries read, answers made, others' answers judged. What we make ldns must read. */
#include <errno.h>
#include <ldns/ldns.h>
#include <string.h>

#include "netd/dns/message.h"
#include "tests/unit/unit.h"

/* A query by ldns. Return: its size. */
static size_t query(uint8_t *dst, const char *name, ldns_rr_type type, uint16_t edns)
{
	ldns_pkt *pkt = ldns_pkt_query_new(ldns_dname_new_frm_str(name), type, LDNS_RR_CLASS_IN, LDNS_RD);
	uint8_t *wire;
	size_t size;

	ldns_pkt_set_id(pkt, 0x1234);
	if (edns)
		ldns_pkt_set_edns_udp_size(pkt, edns);
	assert_int_equal(ldns_pkt2wire(&wire, pkt, &size), LDNS_STATUS_OK);
	memcpy(dst, wire, size);
	free(wire);
	ldns_pkt_free(pkt);
	return size;
}

static ldns_pkt *read_back(const uint8_t *data, size_t size)
{
	ldns_pkt *pkt;

	assert_int_equal(ldns_wire2pkt(&pkt, data, size), LDNS_STATUS_OK);
	return pkt;
}

static void test_parse(void **state)
{
	uint8_t data[MESSAGE_UDP_SIZE];
	struct question question;
	size_t size = query(data, "W1.Web.", LDNS_RR_TYPE_AAAA, 4000);
	int families;

	(void)state;
	assert_int_equal(message_parse(data, size, &question), 0);
	assert_string_equal(question.name, "w1.web");
	assert_int_equal(question.labels, 2);
	assert_int_equal(question.edns, 4000);
	assert_int_equal(question.id, 0x1234);
	assert_true(question.plain && question.recurse);
	assert_true(message_is_address(&question, &families));
	assert_int_equal(families, 6);
	assert_int_equal(message_limit(&question), MESSAGE_EDNS_SIZE);
	size = query(data, ".", LDNS_RR_TYPE_NS, 0);
	assert_int_equal(message_parse(data, size, &question), 0);
	assert_string_equal(question.name, "");
	assert_int_equal(question.edns, 0);
	assert_int_equal(message_limit(&question), MESSAGE_UDP_SIZE);
	assert_true(message_is_zone(&question));
	size = query(data, "a\\.b.c.", LDNS_RR_TYPE_A, 0);
	assert_int_equal(message_parse(data, size, &question), 0);
	assert_false(question.plain);
	assert_int_equal(question.labels, 2);
}

static void test_broken(void **state)
{
	uint8_t data[MESSAGE_UDP_SIZE], good[MESSAGE_UDP_SIZE], answer[MESSAGE_HEAD_SIZE];
	size_t size = query(good, "w1.web.", LDNS_RR_TYPE_A, 0);
	struct question question;

	(void)state;
	memcpy(data, good, size);
	for (size_t cut = MESSAGE_HEAD_SIZE; cut < size; cut++)
		assert_int_equal(message_parse(data, cut, &question), MESSAGE_FORMERR);
	assert_int_equal(message_parse(data, MESSAGE_HEAD_SIZE - 1, &question), -EBADMSG);
	data[2] |= 0x80; /* an answer gets none, or two servers would never end */
	assert_int_equal(message_parse(data, size, &question), -EBADMSG);
	memcpy(data, good, size);
	data[2] = 5 << 3; /* update */
	assert_int_equal(message_parse(data, size, &question), MESSAGE_NOTIMP);
	assert_int_equal(message_error(data, MESSAGE_NOTIMP, answer), MESSAGE_HEAD_SIZE);
	assert_int_equal(answer[2] & 0x80, 0x80);
	assert_int_equal(answer[3] & 0xf, MESSAGE_NOTIMP);
	memcpy(data, good, size);
	data[5] = 2; /* two questions */
	assert_int_equal(message_parse(data, size, &question), MESSAGE_FORMERR);
	memcpy(data, good, size);
	data[12] = 0xc0; /* a name that is a pointer */
	data[13] = 12;
	assert_int_equal(message_parse(data, size, &question), MESSAGE_FORMERR);
}

static void test_answer(void **state)
{
	uint8_t data[MESSAGE_UDP_SIZE], answer[MESSAGE_EDNS_SIZE];
	size_t size = query(data, "w1.", LDNS_RR_TYPE_A, 1400);
	struct names_answer names = { .count = 2 };
	struct question question;
	ldns_pkt *pkt;

	(void)state;
	assert_int_equal(message_parse(data, size, &question), 0);
	ip_parse("10.1.0.1", &names.ip[0]);
	ip_parse("fd01::1", &names.ip[1]);
	size = message_answer(data, &question, MESSAGE_OK, &names, sizeof(answer), answer);
	pkt = read_back(answer, size);
	assert_true(ldns_pkt_qr(pkt) && ldns_pkt_aa(pkt) && ldns_pkt_rd(pkt) && ldns_pkt_ra(pkt) && !ldns_pkt_tc(pkt));
	assert_int_equal(ldns_pkt_id(pkt), 0x1234);
	assert_int_equal(ldns_pkt_ancount(pkt), 2);
	assert_int_equal(ldns_pkt_edns_udp_size(pkt), MESSAGE_EDNS_SIZE);
	assert_int_equal(ldns_rr_ttl(ldns_rr_list_rr(ldns_pkt_answer(pkt), 0)), MESSAGE_TTL);
	ldns_pkt_free(pkt);
	size = message_answer(data, &question, MESSAGE_NXDOMAIN, NULL, sizeof(answer), answer);
	pkt = read_back(answer, size);
	assert_int_equal(ldns_pkt_get_rcode(pkt), LDNS_RCODE_NXDOMAIN);
	assert_int_equal(ldns_pkt_ancount(pkt), 0);
	ldns_pkt_free(pkt);
}

/* What has no room is left out, never cut in two, and TC says so. */
static void test_limit(void **state)
{
	uint8_t data[MESSAGE_UDP_SIZE], answer[MESSAGE_EDNS_SIZE];
	struct names_answer names = { .count = NAMES_ANSWERS_MAX };
	struct question question;

	(void)state;
	assert_int_equal(message_parse(data, query(data, "w1.", LDNS_RR_TYPE_A, 600), &question), 0);
	for (size_t i = 0; i < names.count; i++)
		names.ip[i] = ip4_make((uint32_t)i);
	for (size_t limit = 40; limit < sizeof(answer); limit++) {
		size_t size = message_answer(data, &question, MESSAGE_OK, &names, limit, answer);
		ldns_pkt *pkt = read_back(answer, size);

		assert_true(size <= limit);
		assert_int_equal(ldns_pkt_tc(pkt), ldns_pkt_ancount(pkt) < NAMES_ANSWERS_MAX);
		ldns_pkt_free(pkt);
	}
}

static void test_pointer(void **state)
{
	uint8_t data[MESSAGE_UDP_SIZE], answer[MESSAGE_EDNS_SIZE];
	struct names_answer names = { .count = 1, .name = "pg.main.db" };
	struct question question;
	ldns_pkt *pkt;
	char *text;

	(void)state;
	assert_int_equal(message_parse(data, query(data, "1.0.1.10.in-addr.arpa.", LDNS_RR_TYPE_PTR, 0), &question), 0);
	assert_true(message_is_reverse(&question));
	pkt = read_back(answer, message_answer(data, &question, MESSAGE_OK, &names, MESSAGE_UDP_SIZE, answer));
	text = ldns_rdf2str(ldns_rr_rdf(ldns_rr_list_rr(ldns_pkt_answer(pkt), 0), 0));
	assert_string_equal(text, "pg.main.db.");
	free(text);
	ldns_pkt_free(pkt);
	/* a label of 64 characters has no place in DNS: no answer rather than a broken one */
	memset(names.name, 'x', 64);
	names.name[64] = '\0';
	pkt = read_back(answer, message_answer(data, &question, MESSAGE_OK, &names, MESSAGE_UDP_SIZE, answer));
	assert_int_equal(ldns_pkt_ancount(pkt), 0);
	ldns_pkt_free(pkt);
}

static void test_fits(void **state)
{
	uint8_t data[MESSAGE_UDP_SIZE], good[MESSAGE_UDP_SIZE], answer[MESSAGE_UDP_SIZE];
	size_t size = query(data, "www.test.", LDNS_RR_TYPE_A, 0);
	struct question question;

	(void)state;
	assert_int_equal(message_parse(data, size, &question), 0);
	size = message_answer(data, &question, MESSAGE_OK, NULL, sizeof(good), good);
	assert_true(message_fits(good, size, data, question.size, 0x1234));
	assert_false(message_fits(good, size, data, question.size, 0x1235));
	assert_false(message_fits(good, size - 1, data, question.size, 0x1234));
	assert_false(message_fits(data, size, data, question.size, 0x1234)); /* a query */
	memcpy(answer, good, size);
	answer[13] = 'W';
	assert_true(message_fits(answer, size, data, question.size, 0x1234));
	answer[13] = 'v';
	assert_false(message_fits(answer, size, data, question.size, 0x1234));
	memcpy(answer, good, size);
	answer[size - 3] = 28; /* another type */
	assert_false(message_fits(answer, size, data, question.size, 0x1234));
	memcpy(answer, good, size);
	answer[5] = 0; /* without question: only from who could not read it */
	assert_false(message_fits(answer, size, data, question.size, 0x1234));
	answer[3] = (uint8_t)((answer[3] & 0xf0) | MESSAGE_FORMERR);
	assert_true(message_fits(answer, size, data, question.size, 0x1234));
}

static bool is_private(const char *ip)
{
	uint8_t data[MESSAGE_UDP_SIZE], answer[MESSAGE_UDP_SIZE];
	struct names_answer names = { .count = 1 };
	struct question question;
	size_t size;

	assert_int_equal(ip_parse(ip, &names.ip[0]), 0);
	assert_int_equal(message_parse(data, query(data, "www.test.", LDNS_RR_TYPE_A, 0), &question), 0);
	size = message_answer(data, &question, MESSAGE_OK, &names, sizeof(answer), answer);
	assert_true(message_private(answer, size - 1)); /* what cannot be read may hold anything */
	return message_private(answer, size);
}

static void test_private(void **state)
{
	static const char *const inside[] = { "10.0.0.1", "127.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1",
					      "169.254.1.1", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "fd00::1",
					      "::ffff:10.0.0.1" };
	static const char *const outside[] = { "9.255.255.255", "11.0.0.0", "172.32.0.1", "192.169.0.1", "100.128.0.1",
					       "2001:db8::1", "::ffff:192.0.2.1" };

	(void)state;
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		assert_true(is_private(inside[i]));
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		assert_false(is_private(outside[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_broken),  cmocka_unit_test(test_answer),
		cmocka_unit_test(test_limit), cmocka_unit_test(test_pointer), cmocka_unit_test(test_fits),
		cmocka_unit_test(test_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
