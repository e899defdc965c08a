/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.ipv6.conf.default.addr_gen_mode=1 written into a namespace first: links made there later get no fe80 address. */
#include "tests/platform/platform.h"

static int addresses_after_up(int32_t mode)
{
	struct obj_sysctl sysctl = {
		.dev = "default", .value = mode, .key = SYSCTL_IPV6_ADDR_GEN_MODE};
	struct rtnl_addr_info *addrs = NULL;
	struct nlbatch batch = {0};
	struct buf bytes = BUF_INIT;
	struct nlsock *sock;
	int home, ns = -1, count;

	HOLDS(netns_home(&home, NULL) == 0 && netns_create(home, &ns, NULL) == 0);
	HOLDS(netns_enter(ns, NULL) == 0);
	if (sysctl_write(NULL, &sysctl, NULL) == -ENOENT)
		lacks("no IPv6");
	netns_leave(home);
	sock = open_sock(NLSOCK_RTNL, ns, home);
	HOLDS(make_veth(sock, "a", "b", -1) == 0);
	rtnl_link_up(&batch, "a", true);
	rtnl_link_up(&batch, "b", true);
	HOLDS(run_one(sock, &batch) == 0);
	usleep(200 * 1000);
	HOLDS(rtnl_dump(sock, RTNL_ADDRS, &bytes, NULL) == 0);
	count = rtnl_list_addrs((struct rtnl_slice){bytes.data, bytes.size}, &addrs);
	nlsock_close(sock);
	return count;
}

int main(void)
{
	private_world();
	HOLDS(addresses_after_up(0) == 2);
	HOLDS(addresses_after_up(1) == 0);
	return 0;
}
