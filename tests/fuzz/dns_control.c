/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_control - fuzz target of the channel between engine and moatd-dns: what is taken is valid, and the name tables bear it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "netd/dns/names.h"
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
	else if (rec->verb == DNSREC_HOST_GONE)
		names_host_gone(names, rec->host);
	(void)names_lookup(names, rec->name, rec->network, 10, &answer);
	fuzz_check(answer.count <= NAMES_ANSWERS_MAX);
	for (size_t i = 0; i < rec->count; i++)
		(void)names_reverse(names, &rec->ip[i], &answer);
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
	names_fini(&names);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
