/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was passed over a Unix socket is let go of by whoever reads the message, though it made no descriptor of it, or closes the
 * socket in which it lies unread; where it is a TCP socket with SO_LINGER and bytes that nobody reads, that one waits. One who only
 * ends does not (inet_release() and unix_release_sock() of Linux). netd/engine/porter.c is made for it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "tests/platform/platform.h"

enum { LINGER_S = 2, LINGER_MS = 1000 * LINGER_S };

/* A connection over lo whose one end was never read; the other. */
static int lingering(void)
{
	const struct linger linger = {.l_onoff = 1, .l_linger = LINGER_S};
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0), ours = socket(AF_INET, SOCK_STREAM, 0);
	static char data[65536];

	HOLDS(bind(listener, (struct sockaddr *)&addr, sizeof(addr)) == 0 && listen(listener, 1) == 0);
	HOLDS(getsockname(listener, (struct sockaddr *)&addr, &size) == 0);
	HOLDS(connect(ours, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	HOLDS(accept(listener, NULL, NULL) >= 0);
	while (send(ours, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	HOLDS(setsockopt(ours, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
	return ours;
}

/* A socket in which one lies that is nowhere else; @ret_other holds the connection. */
static int laden(int *ret_other)
{
	int fd = lingering(), pair[2];

	HOLDS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	HOLDS(fd_send_once(pair[0], "x", 1, &fd, 1) == 1);
	close(fd);
	*ret_other = pair[0];
	return pair[1];
}

static uint64_t now_ms(void) { return clock_monotonic_ns() / 1000000; }

int main(void)
{
	uint64_t begin;
	int fd, other, status;
	char byte;
	pid_t pid;

	private_world();
	HOLDS(system("ip link set lo up") == 0);

	fd = laden(&other);
	begin = now_ms();
	HOLDS(recv(fd, &byte, 1, 0) == 1);
	HOLDS(now_ms() - begin >= LINGER_MS / 2);

	fd = laden(&other);
	begin = now_ms();
	close(fd);
	HOLDS(now_ms() - begin >= LINGER_MS / 2);

	/* One that ends has let go of it at once: whoever has the other end sees that, and the wait is nobody's. */
	fd = laden(&other);
	pid = fork();
	HOLDS(pid >= 0);
	if (pid == 0) {
		close(other);
		poll(NULL, 0, 100); /* until the parent has closed its own */
		_exit(0);
	}
	close(fd);
	begin = now_ms();
	HOLDS(waitpid(pid, &status, 0) == pid && status == 0);
	HOLDS(recv(other, &byte, 1, 0) <= 0);
	HOLDS(now_ms() - begin < LINGER_MS);
	return 0;
}
