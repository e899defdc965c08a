/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hold - the messages between supervisor and hand; see hold.h. Floor F4. */
#include "netd/seam/hold.h"

#include <errno.h>
#include <sys/resource.h>

#include "lib/base/fdio.h"

enum { HOLD_MAGIC = 0x4d4f4802 };

int hold_send(int sock, enum hold_verb verb, uint64_t ns, int fd)
{
	struct hold_msg msg = {.magic = HOLD_MAGIC, .verb = verb, .ns = ns};

	return fd_send(sock, &msg, sizeof(msg), &fd, fd < 0 ? 0 : 1);
}

int hold_recv(int sock, struct hold_msg *ret_msg, int *ret_fd)
{
	struct hold_msg msg;
	int fds[FDIO_FDS_MAX];
	size_t fd_count = 0;
	ssize_t n;

	do {
		n = fd_recv(sock, &msg, sizeof(msg), fds, &fd_count);
	} while (n == -EINTR);
	if (n == 0)
		return -EPIPE;
	if (n < 0)
		return (int)n;
	if (n != sizeof(msg) || msg.magic != HOLD_MAGIC || msg.verb == HOLD_NONE ||
	    msg.verb >= HOLD_VERB_COUNT || fd_count != (msg.verb == HOLD_KEEP)) {
		for (size_t i = 0; i < fd_count; i++)
			fd_close(fds[i]);
		return -EPROTO;
	}
	*ret_msg = msg;
	*ret_fd = fd_count == 1 ? fds[0] : -1;
	return 0;
}

size_t hold_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= HOLD_SPARE)
		return 0;
	return limit.rlim_cur - HOLD_SPARE < HOLD_MAX ? limit.rlim_cur - HOLD_SPARE : HOLD_MAX;
}
