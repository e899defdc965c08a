/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seam_dnsrec - which records pass between engine and name service, and which do not. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "netd/seam/dnsrec.h"
#include "tests/unit/unit.h"

static struct dnsrec host(void)
{
	struct dnsrec rec = { .magic = DNSREC_MAGIC, .verb = DNSREC_HOST, .tenant = 1, .network = 2, .host = 3, .name = "w1",
			      .count = 1 };

	ip_parse("10.1.0.1", &rec.ip[0]);
	ip_parse("fe80::1", &rec.link);
	return rec;
}

#define REFUSED(CHANGE)                                                                        \
	do {                                                                                   \
		struct dnsrec rec = host();                                                    \
		CHANGE;                                                                        \
		assert_false(dnsrec_valid(&rec, true, 0));                                     \
	} while (0)

static void test_valid(void **state)
{
	struct dnsrec good = host();

	(void)state;
	assert_true(dnsrec_valid(&good, true, 0));
	assert_false(dnsrec_valid(&good, false, 0)); /* dns does not say such things */
	assert_false(dnsrec_valid(&good, true, 1));  /* nor brings it sockets */
	REFUSED(rec.magic++);
	REFUSED(rec.verb = DNSREC_NONE);
	REFUSED(rec.verb = DNSREC_VERB_COUNT);
	REFUSED(rec.tenant = 0);
	REFUSED(rec.host = UINT64_C(1) << 48);
	REFUSED(rec.number = 1);
	REFUSED(rec.flags = 1);
	REFUSED(memset(rec.name, 'x', sizeof(rec.name)));
	REFUSED(rec.name[0] = '\0');
	REFUSED(rec.name[5] = 'x');
	REFUSED(rec.count = DNSREC_IPS_MAX + 1);
	REFUSED(rec.count = 2);
	REFUSED(rec.count = 0);
	REFUSED(rec.ip[0].family = 5);
	REFUSED(rec.ip[0].b[4] = 1);
	REFUSED(rec.ip[1].family = 4);
	REFUSED(rec.len[0] = 24);
	REFUSED(rec.link.b[0] = 0x20);
	REFUSED(rec.zero[5] = 1);
	REFUSED(rec.port = 1);
	REFUSED(rec.proto = IPPROTO_TCP);
}

static void test_sockets(void **state)
{
	struct dnsrec rec = { .magic = DNSREC_MAGIC, .verb = DNSREC_ROUTER, .tenant = 1 };

	(void)state;
	assert_true(dnsrec_valid(&rec, true, 2));
	assert_false(dnsrec_valid(&rec, true, 1));
	assert_false(dnsrec_valid(&rec, true, 0));
	rec = (struct dnsrec){ .magic = DNSREC_MAGIC, .verb = DNSREC_OUTLETS, .flags = DNSREC_TCP6 };
	assert_true(dnsrec_valid(&rec, true, FDIO_FDS_MAX));
	assert_false(dnsrec_valid(&rec, true, 0));
	rec.flags = DNSREC_OUTLET_COUNT;
	assert_false(dnsrec_valid(&rec, true, 1));
}

/* Ports on [::1] of the host: one socket, one protocol, one address of IPv6 where it leads. */
static void test_ports(void **state)
{
	struct dnsrec good = { .magic = DNSREC_MAGIC, .verb = DNSREC_LISTEN, .tenant = 1, .proto = IPPROTO_UDP, .port = 65535, .count = 1 };
	struct dnsrec rec;

	(void)state;
	ip_parse("fd00::1", &good.ip[0]);
	assert_true(dnsrec_valid(&good, true, 1));
	assert_false(dnsrec_valid(&good, true, 0));
	assert_false(dnsrec_valid(&good, true, 2));
	assert_false(dnsrec_valid(&good, false, 1));
	rec = good;
	rec.port = 0;
	assert_false(dnsrec_valid(&rec, true, 1));
	rec = good;
	rec.proto = IPPROTO_SCTP;
	assert_false(dnsrec_valid(&rec, true, 1));
	rec = good;
	rec.tenant = 0;
	assert_false(dnsrec_valid(&rec, true, 1));
	rec = good;
	ip_parse("10.0.0.1", &rec.ip[0]);
	assert_false(dnsrec_valid(&rec, true, 1));
	rec = good;
	memset(&rec.ip[0], 0, sizeof(rec.ip[0]));
	rec.count = 0;
	assert_false(dnsrec_valid(&rec, true, 1));
	rec.verb = DNSREC_UNLISTEN;
	assert_true(dnsrec_valid(&rec, true, 0));
	assert_false(dnsrec_valid(&rec, true, 1));
	rec = (struct dnsrec){ .magic = DNSREC_MAGIC, .verb = DNSREC_WANT, .flags = DNSREC_SPLICE_TCP };
	assert_true(dnsrec_valid(&rec, false, 0));
	assert_false(dnsrec_valid(&rec, true, 0));
	rec.flags = DNSREC_OUTLET_COUNT;
	assert_false(dnsrec_valid(&rec, false, 0));
}

static void test_channel(void **state)
{
	struct dnsrec recs[DNSREC_BATCH + 1], got[DNSREC_BATCH];
	int pair[2], fds[FDIO_FDS_MAX];
	size_t fd_count;

	(void)state;
	for (size_t i = 0; i < DNSREC_BATCH + 1; i++)
		recs[i] = host();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(dnsrec_recv(pair[1], true, got, fds, &fd_count), -EAGAIN);
	assert_int_equal(dnsrec_send(pair[0], recs, DNSREC_BATCH + 1, NULL, 0), -E2BIG);
	assert_int_equal(dnsrec_send(pair[0], recs, DNSREC_BATCH, NULL, 0), 0);
	assert_int_equal(dnsrec_recv(pair[1], true, got, fds, &fd_count), DNSREC_BATCH);
	assert_memory_equal(got, recs, sizeof(got));
	/* half a record, one too many, one with sockets it must not have: nothing of it is taken */
	assert_int_equal(send(pair[0], recs, sizeof(*recs) + 1, 0), sizeof(*recs) + 1);
	assert_int_equal(dnsrec_recv(pair[1], true, got, fds, &fd_count), -EPROTO);
	assert_int_equal(send(pair[0], recs, sizeof(recs), 0), sizeof(recs));
	assert_int_equal(dnsrec_recv(pair[1], true, got, fds, &fd_count), -EPROTO);
	assert_int_equal(dnsrec_send(pair[0], recs, 1, pair, 1), 0);
	assert_int_equal(dnsrec_recv(pair[1], true, got, fds, &fd_count), -EPROTO);
	assert_int_equal(fd_count, 0);
	close(pair[0]);
	assert_int_equal(dnsrec_recv(pair[1], true, got, fds, &fd_count), 0);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
