/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IFF_UP on the peer half of a veth's creating message fails with ENOTCONN: the peer is brought up by a message of its own. */
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include "lib/kern/nlbuf.h"
#include "tests/platform/platform.h"

int main(void)
{
	struct nlbatch batch = {0};
	struct nlattr *info, *data, *peer;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	struct nlsock *sock;

	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	nlh = nlbuf_begin(&batch, NLBUF_RTNL_ROOM, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "near");
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "far");
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	nlbuf_end(&batch, nlh);
	HOLDS(run_one(sock, &batch) == -ENOTCONN);
	HOLDS(nlsock_ifindex(sock, "near") == -ENODEV);
	return 0;
}
