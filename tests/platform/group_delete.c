/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One RTM_DELLINK with IFLA_GROUP deletes every link of that group in this namespace, and none of another. */
#include "tests/platform/platform.h"

int main(void)
{
	struct nlbatch batch = {0};
	struct nlsock *sock;

	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	HOLDS(make_veth(sock, "a", "a1", -1) == 0 && make_veth(sock, "b", "b1", -1) == 0 &&
	      make_veth(sock, "c", "c1", -1) == 0);
	rtnl_link_group(&batch, "a", 42);
	rtnl_link_group(&batch, "b", 42);
	rtnl_group_del(&batch, 42);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(nlsock_ifindex(sock, "a") == -ENODEV && nlsock_ifindex(sock, "b1") == -ENODEV);
	HOLDS(nlsock_ifindex(sock, "c") > 0);
	return 0;
}
