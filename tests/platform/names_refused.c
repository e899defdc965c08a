/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No link is called "all" or "default", which are folders of /proc/sys/net/ipv4/conf (sysctl_dev_name_is_allowed()), and a '%'
 * in a name makes the kernel choose a number: lib/obj/valid.c takes none of them.
 */
#include "tests/platform/platform.h"

int main(void)
{
	struct nlsock *sock;

	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	HOLDS(make_veth(sock, "all", "x", -1) == -EINVAL);
	HOLDS(make_veth(sock, "x", "default", -1) == -EINVAL);
	HOLDS(nlsock_ifindex(sock, "x") == -ENODEV);
	HOLDS(make_veth(sock, "y%d", "z", -1) == 0);
	HOLDS(nlsock_ifindex(sock, "y0") > 0);
	return 0;
}
