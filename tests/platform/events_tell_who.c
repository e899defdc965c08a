/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rtnetlink tells of a change lies in a listener's queue by the time it is acknowledged. It bears the port of who asked
 * for it (addresses of IPv4, neighbours that are removed, as a change), or 0 where that is never told: addresses of IPv6, FDB
 * entries, forwarding. netd/engine/compare/monitor.c tells our own changes from others' by this.
 */
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "tests/platform/platform.h"

enum { NOBODY = 1u << 31 };

static int listener(void)
{
	static const int groups[] = {RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_NETCONF};
	struct sockaddr_nl self = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	HOLDS(fd >= 0 && bind(fd, (struct sockaddr *)&self, sizeof(self)) == 0);
	for (size_t i = 0; i < ARRAY_COUNT(groups); i++)
		HOLDS(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) == 0);
	return fd;
}

/* Of all that lies there: who asked for the first message of that type and family; NOBODY: there is none. */
static uint32_t who(int fd, uint16_t type, uint8_t family)
{
	_Alignas(struct nlmsghdr) uint8_t data[8192];
	uint32_t asked = NOBODY;
	ssize_t n;

	while ((n = recv(fd, data, sizeof(data), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *nlh;
		size_t offset = 0;

		while ((nlh = message_next(data, (size_t)n, &offset))) {
			const uint8_t *body = message_body(nlh); /* the family is the first byte of all of these */

			if (asked == NOBODY && nlh->nlmsg_type == type && body[0] == family)
				asked = nlh->nlmsg_pid;
		}
	}
	return asked;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	HOLDS(prefix_parse(text, &prefix) == 0);
	return prefix;
}

int main(void)
{
	struct prefix ip4 = prefix_of("10.0.0.1/24"), ip6 = prefix_of("fd00::1/64");
	struct mac mac = {{2, 0, 0, 0, 0, 9}};
	struct nlbatch batch = {0};
	struct nlsock *sock;
	struct obj obj;
	uint32_t index;
	int fd;

	private_world();
	/* The first netlink socket of a process in a namespace has the process's id for a port. */
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	obj = obj_bridge(0, "bridge", &(struct mac){{2, 0, 0, 0, 0, 1}}, 1500, "");
	rtnl_bridge_add(&batch, &obj.link);
	HOLDS(run_one(sock, &batch) == 0);
	obj = veth("a", "b");
	rtnl_veth_add(&batch, &obj.link, (uint32_t)nlsock_ifindex(sock, "bridge"), -1);
	HOLDS(run_one(sock, &batch) == 0);
	index = (uint32_t)nlsock_ifindex(sock, "a");
	HOLDS((fd = listener()) >= 0);

	obj = obj_addr(0, "a", &ip4);
	rtnl_addr_add(&batch, &obj.addr, index);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(who(fd, RTM_NEWADDR, AF_INET) == (uint32_t)getpid());
	rtnl_addr_del(&batch, &obj.addr, index);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(who(fd, RTM_DELADDR, AF_INET) == (uint32_t)getpid());

	obj = obj_addr(0, "a", &ip6);
	rtnl_addr_add(&batch, &obj.addr, index);
	HOLDS(run_one(sock, &batch) == 0);
	who(fd, 0, 0); /* the address is told of once it may be used */
	rtnl_addr_del(&batch, &obj.addr, index);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(who(fd, RTM_DELADDR, AF_INET6) == 0);

	obj = obj_neigh(0, "bridge", &ip4.ip, &mac);
	rtnl_link_up(&batch, "bridge", true);
	rtnl_neigh_add(&batch, &obj.neigh, (uint32_t)nlsock_ifindex(sock, "bridge"));
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(who(fd, RTM_NEWNEIGH, AF_INET) == (uint32_t)getpid());
	rtnl_neigh_del(&batch, &obj.neigh, (uint32_t)nlsock_ifindex(sock, "bridge"));
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(who(fd, RTM_NEWNEIGH, AF_INET) == (uint32_t)getpid());

	obj = obj_fdb(0, "a", &mac);
	rtnl_fdb_add(&batch, &obj.fdb, index);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(who(fd, RTM_NEWNEIGH, AF_BRIDGE) == 0);
	rtnl_fdb_del(&batch, &obj.fdb, index);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(who(fd, RTM_DELNEIGH, AF_BRIDGE) == 0);

	obj = obj_sysctl(0, SYSCTL_IPV4_FORWARDING, "a", 1);
	HOLDS(sysctl_write(NULL, &obj.sysctl, NULL) == 0);
	HOLDS(who(fd, RTM_NEWNETCONF, AF_INET) == 0);
	return 0;
}
