/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns_control - fuzz target of the channel between engine and moatd-dns: what is taken is valid, and the name tables
 * and the listeners bear it.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "netd/dns/names.h"
#include "netd/dns/splice.h"
#include "tests/fuzz/fuzz.h"

enum { MESSAGE_SIZE_MAX = 16384 };

static void take(struct names *names, const struct dnsrec *rec)
{
	struct names_answer answer;

	if (rec->verb == DNSREC_NETWORK)
		names_network(names, rec);
	else if (rec->verb == DNSREC_NETWORK_GONE)
		names_network_gone(names, rec->network);
	else if (rec->verb == DNSREC_HOST)
		names_host(names, rec);
	else if (rec->verb == DNSREC_ALIAS)
		names_alias(names, rec);
	else if (rec->verb == DNSREC_HOST_GONE)
		names_host_gone(names, rec->host);
	(void)names_lookup(names, rec->name, rec->network, 10, &answer);
	fuzz_check(answer.count <= NAMES_ANSWERS_MAX);
	for (size_t i = 0; i < rec->count; i++)
		(void)names_reverse(names, &rec->ip[i], &answer);
}

/* Told, told anew, taken back: nothing is left. A descriptor stands for the listener, of which only that it is there matters. */
static void listen_all(struct splice *splice, const struct dnsrec *recs, int count)
{
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < count; i++) {
			if (recs[i].verb == DNSREC_LISTEN)
				splice_listen(splice, &recs[i], dup(splice->dns->control));
			else if (recs[i].verb == DNSREC_UNLISTEN)
				splice_unlisten(splice, &recs[i]);
		}
		splice_begin(splice);
		fuzz_check(splice->listeners.count <= (size_t)count);
	}
	for (int i = 0; i < count; i++)
		if (recs[i].verb == DNSREC_LISTEN)
			splice_unlisten(splice, &recs[i]);
	fuzz_check(splice->listeners.count == 0 && splice->count == 0);
}

/* Records of LISTEN come alone, each with its socket: here all of a message are judged as if they had. */
static void listeners(struct splice *splice, const uint8_t *data, size_t size)
{
	struct dnsrec recs[DNSREC_BATCH];
	int count = 0;

	for (; size >= sizeof(*recs) && count < DNSREC_BATCH; data += sizeof(*recs), size -= sizeof(*recs)) {
		memcpy(&recs[count], data, sizeof(*recs));
		if (dnsrec_valid(&recs[count], true, 1) || dnsrec_valid(&recs[count], true, 0))
			count++;
	}
	listen_all(splice, recs, count);
}

/* A loop costs more than all the rest, and nothing in it outlives an input. */
static struct splice *splice_get(int control)
{
	static struct dns dns;

	if (!dns.loop) {
		dns.loop = loop_new();
		dns.splice = splice_new(&dns);
	}
	dns.control = control;
	return dns.splice;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct names names = { 0 };
	int pair[2];

	if (size > MESSAGE_SIZE_MAX || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return 0;
	for (int from_engine = 0; from_engine < 2; from_engine++) {
		struct dnsrec recs[DNSREC_BATCH];
		int fds[FDIO_FDS_MAX], n;
		size_t fd_count;

		if (size == 0 || send(pair[0], data, size, MSG_NOSIGNAL) < 0)
			break;
		n = dnsrec_recv(pair[1], from_engine != 0, recs, fds, &fd_count);
		fuzz_check(n == -EPROTO || (n > 0 && n <= DNSREC_BATCH && fd_count == 0));
		for (int i = 0; i < n; i++) {
			fuzz_check(dnsrec_valid(&recs[i], from_engine != 0, 0));
			take(&names, &recs[i]);
		}
	}
	listeners(splice_get(pair[1]), data, size);
	names_fini(&names);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
