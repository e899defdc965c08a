/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket filter of a netlink listener sees the header of what is told: who asked for it, or what it is about. So what this
 * process does by its first socket in a namespace and by those of its threads does not wake the engine, and what another
 * process does, does. lib/kern/nlsock.c, nlsock_open_monitor().
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/platform/platform.h"

/* Whether anything lies there; it is taken away. */
static bool told(int fd)
{
	uint8_t data[8192];
	bool any = false;

	while (recv(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		any = true;
	return any;
}

/* A neighbour more. Return: whether the listener was told of it. */
static bool neighbour(struct nlsock *sock, const char *address, int monitor)
{
	struct mac mac = {{2, 0, 0, 0, 0, 9}};
	struct nlbatch batch = {0};
	struct prefix prefix;
	struct obj obj;

	HOLDS(prefix_parse(address, &prefix) == 0);
	obj = obj_neigh(0, "a", &prefix.ip, &mac);
	rtnl_neigh_add(&batch, &obj.neigh, (uint32_t)nlsock_ifindex(sock, "a"));
	HOLDS(run_one(sock, &batch) == 0);
	return told(monitor);
}

int main(void)
{
	static const char *const addresses[NLSOCK_BESIDE] = {"10.0.0.2/32", "10.0.0.3/32", "10.0.0.4/32"};
	struct nlbatch batch = {0};
	struct nlsock *own, *beside;
	int home, monitor, status;
	pid_t pid;

	home = private_world();
	own = open_sock(NLSOCK_RTNL, -1, -1);
	HOLDS(make_veth(own, "a", "b", -1) == 0);
	rtnl_link_up(&batch, "a", true);
	HOLDS(run_one(own, &batch) == 0);
	HOLDS(nlsock_open_monitor(NLSOCK_RTNL, -1, home, &monitor, NULL) == 0);
	HOLDS(!neighbour(own, "10.0.0.1/32", monitor));
	for (unsigned i = 0; i < NLSOCK_BESIDE; i++) {
		HOLDS(nlsock_open_beside(NLSOCK_RTNL, i, -1, home, &beside, NULL) == 0);
		HOLDS(!neighbour(beside, addresses[i], monitor));
		nlsock_close(beside);
	}
	pid = fork();
	HOLDS(pid >= 0);
	if (pid == 0)
		_exit(neighbour(open_sock(NLSOCK_RTNL, -1, -1), "10.0.0.5/32", monitor) ? 0 : 1);
	HOLDS(waitpid(pid, &status, 0) == pid && status == 0);
	nlsock_close(own);
	return 0;
}
