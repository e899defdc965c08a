/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink: each message of one sendmsg() stands alone, later ones run after a failed one; all is done and acknowledged when it returns. */
#include "tests/platform/platform.h"

int main(void)
{
	struct obj a = veth("a", "a1"), b = veth("b", "b1");
	struct nlbatch batch = {0};
	struct nlack acks[3];
	struct nlsock *sock;

	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	rtnl_veth_add(&batch, &a.link, 0, -1);
	rtnl_link_up(&batch, "nobody", true);
	rtnl_veth_add(&batch, &b.link, 0, -1);
	HOLDS(nlsock_exec(sock, &batch, acks) == 1); /* receives with MSG_DONTWAIT only */
	HOLDS(acks[0].status == 0 && acks[1].status == -ENODEV && acks[2].status == 0);
	HOLDS(nlsock_ifindex(sock, "b") > 0);
	return 0;
}
