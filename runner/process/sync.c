// SPDX-License-Identifier: GPL-2.0-or-later
/* sync - records over SOCK_SEQPACKET. Floor F4. */
#include "runner/process/sync.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "lib/base/fdio.h"

int sync_pair(int ret_ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends) < 0 ? -errno : 0;
}

int sync_send(int sock, const struct sync_msg *msg, int fd)
{
	return fd_send(sock, msg, sizeof(*msg), &fd, fd < 0 ? 0 : 1);
}

int sync_recv(int sock, struct sync_msg *ret_msg, int *ret_fd)
{
	int fds[FDIO_FDS_MAX];
	bool reset = false, again;
	size_t count = 0;
	ssize_t n;

	/* Of one that ended with a word of ours unread the kernel tells that first, once, and then what it had said. */
	do {
		n = fd_recv(sock, ret_msg, sizeof(*ret_msg), fds, &count);
		again = n == -EINTR || (n == -ECONNRESET && !reset);
		reset |= n == -ECONNRESET;
	} while (again);
	if (ret_fd)
		*ret_fd = -1;
	if (n == -ECONNRESET || n == 0)
		return 0;
	if (n < 0)
		return (int)n;
	if (ret_fd && count > 0)
		*ret_fd = fds[0];
	for (size_t i = ret_fd && count > 0 ? 1 : 0; i < count; i++)
		fd_close(fds[i]);
	return n == (ssize_t)sizeof(*ret_msg) ? 1 : -EPROTO;
}
