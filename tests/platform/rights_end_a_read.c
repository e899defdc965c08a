/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A read of a stream socket ends behind the message that bears descriptors, and takes along what lies before it; read without
 * room for them, they are closed (unix(7); unix_stream_read_generic()). So where one message ends and the next begins must be
 * known by its length, as netd/seam/seam.c does it: it never asks for more than one head, or what is left of one body.
 */
#include <sys/socket.h>

#include "lib/base/fdio.h"
#include "tests/platform/platform.h"

static void send_with(int sock, const char *text, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	HOLDS(sendmsg(sock, &msg, 0) == (ssize_t)strlen(text));
}

int main(void)
{
	int pair[2], pipes[2], fds[FDIO_FDS_MAX];
	size_t count = 0;
	char text[16], byte;

	HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	HOLDS(pipe2(pipes, O_CLOEXEC | O_NONBLOCK) == 0);
	HOLDS(send(pair[0], "ab", 2, 0) == 2);
	send_with(pair[0], "cd", pipes[1]);
	HOLDS(send(pair[0], "ef", 2, 0) == 2);
	HOLDS(fd_recv(pair[1], text, sizeof(text), fds, &count) == 4 && count == 1);
	HOLDS(memcmp(text, "abcd", 4) == 0);
	close(fds[0]);
	HOLDS(recv(pair[1], text, sizeof(text), 0) == 2);

	/* without room: nobody holds the pipe's end any more */
	send_with(pair[0], "gh", pipes[1]);
	close(pipes[1]);
	HOLDS(read(pipes[0], &byte, 1) == -1 && errno == EAGAIN);
	HOLDS(recv(pair[1], text, sizeof(text), 0) == 2);
	HOLDS(read(pipes[0], &byte, 1) == 0);
	return 0;
}
