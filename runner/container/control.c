// SPDX-License-Identifier: GPL-2.0-or-later
/* control - asking a container's shim. Floor F4. */
#include "runner/container/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"

int control_open(const struct state_dir *dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/ctl", dir->fd);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int no = errno;

		fd_close(fd);
		return no == ENOENT || no == ECONNREFUSED ? -ESRCH : -no;
	}
	return fd;
}

int control_ask(const struct state_dir *dir, enum sync_kind kind, int value, int wait_ms,
		struct sync_msg *ret_answer)
{
	cleanup(fd_closep) int fd = control_open(dir);
	struct pollfd answered = {.fd = fd, .events = POLLIN};
	struct sync_msg msg = {.kind = kind, .value = value};
	uint64_t until = clock_monotonic_ns() + (uint64_t)(wait_ms < 0 ? 0 : wait_ms) * 1000000;
	int rc;

	if (fd < 0)
		return fd;
	rc = sync_send(fd, &msg, -1);
	while (rc == 0) {
		uint64_t now = clock_monotonic_ns();
		int n = poll(&answered, 1,
			     wait_ms < 0	    ? -1
			     : now >= until ? 0
						    : (int)((until - now) / 1000000 + 1));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			return -ETIMEDOUT;
		rc = sync_recv(fd, ret_answer, NULL);
		return rc == 1 ? 0 : -ESRCH;
	}
	return -ESRCH;
}
