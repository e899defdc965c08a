/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A link that somebody sets down is told with IFF_UP as all that changed. One that is new says that all changed; one that is closed
 * because it goes, or moves to another namespace, IFF_RUNNING too. (Who asked is not told of links.) netd/engine/compare/monitor.c
 * knows by this that a link was set down by somebody, also while links of ours come and go.
 */
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "tests/platform/platform.h"

static int listener(void)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	HOLDS(fd >= 0 && bind(fd, (struct sockaddr *)&self, sizeof(self)) == 0);
	return fd;
}

/* Of all that lies there: how many times the link was set down, and *@ret_told: how many messages were of links that are down. */
static int set_down(int fd, int *ret_told)
{
	_Alignas(struct nlmsghdr) uint8_t data[16384];
	int found = 0;
	ssize_t n;

	*ret_told = 0;
	while ((n = recv(fd, data, sizeof(data), MSG_DONTWAIT)) > 0) {
		struct rtnl_event event;
		size_t cursor = 0;

		while (rtnl_event_next(data, (size_t)n, &cursor, &event)) {
			*ret_told += event.part == RTNL_EVENT_LINK && event.down;
			found += event.part == RTNL_EVENT_LINK && event.set_down;
		}
	}
	return found;
}

int main(void)
{
	struct obj bridge = obj_bridge(0, "bridge", &(struct mac){{2, 0, 0, 0, 0, 1}}, 1500, ""), pair = veth("a", "b");
	int home = private_world(), fd = listener(), far, told;
	struct nlsock *sock = open_sock(NLSOCK_RTNL, -1, -1);
	struct nlbatch batch = {0};

	rtnl_bridge_add(&batch, &bridge.link);
	rtnl_veth_add(&batch, &pair.link, 0, -1);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(set_down(fd, &told) == 0 && told > 0); /* new ones are down */

	rtnl_link_up(&batch, "bridge", true);
	rtnl_link_up(&batch, "a", true);
	rtnl_link_up(&batch, "b", true);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(set_down(fd, &told) == 0);

	rtnl_link_up(&batch, "bridge", false);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(set_down(fd, &told) == 1);
	rtnl_link_up(&batch, "a", false);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(set_down(fd, &told) == 1);

	rtnl_link_up(&batch, "bridge", true);
	rtnl_link_up(&batch, "a", true);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(netns_create(home, &far, NULL) == 0);
	rtnl_link_move(&batch, (uint32_t)nlsock_ifindex(sock, "b"), NULL, far);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(set_down(fd, &told) == 0 && told > 0);
	rtnl_link_del(&batch, "a");
	rtnl_link_del(&batch, "bridge");
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(set_down(fd, &told) == 0 && told > 0);
	return 0;
}
