/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel deletes a group of links under RTNL, and waits for RCU when it has given that lock back. Names are seen no more
 * while it holds it: who sees that, and then has a message answered that needs the lock, finds all of the group gone and
 * told, before the deletion itself has come back. netd/hand/turns.h begins the next group there. On one processor nobody runs
 * until the deletion is back: there it is the order alone that holds.
 */
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/platform/platform.h"

enum { LINKS = 30, GROUP = 42, TRIES = 200, ALONE = 5 };

static int listener(void)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), room = 4 << 20;

	HOLDS(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) == 0);
	HOLDS(bind(fd, (struct sockaddr *)&self, sizeof(self)) == 0);
	return fd;
}

/* Links whose end was told: not as a bridge's port. */
static int told(int fd)
{
	_Alignas(struct nlmsghdr) uint8_t data[32768];
	int count = 0;
	ssize_t n;

	while ((n = recv(fd, data, sizeof(data), 0)) > 0) {
		const struct nlmsghdr *nlh;
		size_t offset = 0;

		while ((nlh = message_next(data, (size_t)n, &offset)))
			count += nlh->nlmsg_type == RTM_DELLINK && *(const uint8_t *)message_body(nlh) == AF_UNSPEC;
	}
	return count;
}

static void links_make(struct nlsock *sock)
{
	struct nlbatch batch = {0};
	char name[16], peer[16];

	for (int i = 0; i < LINKS; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		snprintf(peer, sizeof(peer), "b%d", i);
		HOLDS(make_veth(sock, name, peer, -1) == 0);
		rtnl_link_group(&batch, name, GROUP);
		rtnl_link_up(&batch, name, true);
		HOLDS(run_one(sock, &batch) == 0);
	}
}

/* Another process deletes the group. Return: a descriptor that is readable when its deletion has come back. */
static int deletion(pid_t *ret_pid)
{
	int fds[2];

	HOLDS(pipe(fds) == 0);
	*ret_pid = fork();
	HOLDS(*ret_pid >= 0);
	if (*ret_pid == 0) {
		struct nlsock *sock = open_sock(NLSOCK_RTNL, -1, -1);
		struct nlbatch batch = {0};

		rtnl_group_del(&batch, GROUP);
		_exit(run_one(sock, &batch) == 0 ? 0 : 1);
	}
	close(fds[1]);
	return fds[0];
}

/* Return: whether the lock was had before the deletion had come back. */
static bool try_once(struct nlsock *sock)
{
	struct nlbatch batch = {0};
	int monitor, end, status;
	char last[16];
	bool before;
	pid_t pid;

	links_make(sock);
	monitor = listener();
	snprintf(last, sizeof(last), "a%d", LINKS - 1);
	end = deletion(&pid);
	while (nlsock_ifindex(sock, last) > 0)
		nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	rtnl_link_group(&batch, "lo", 0);
	HOLDS(run_one(sock, &batch) == 0);
	before = poll(&(struct pollfd){.fd = end, .events = POLLIN}, 1, 0) == 0;
	HOLDS(told(monitor) == 2 * LINKS);
	HOLDS(waitpid(pid, &status, 0) == pid && status == 0);
	close(end);
	close(monitor);
	return before;
}

int main(void)
{
	struct sched_param first = {.sched_priority = 1};
	struct nlsock *sock;
	int tries = 0;

	private_world();
	/* On a busy machine who waited for the lock may get no processor until the deletion is back: with this, mostly, or later. */
	(void)sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	if (sysconf(_SC_NPROCESSORS_ONLN) == 1) {
		for (; tries < ALONE; tries++)
			(void)try_once(sock);
		printf("one processor: nobody came in between, %d times in order\n", tries);
		return 0;
	}
	while (!try_once(sock))
		HOLDS(++tries < TRIES);
	printf("the lock came back before the deletion, at try %d\n", tries + 1);
	return 0;
}
