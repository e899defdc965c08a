/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bridge forgets the MTU of its creating message when a port comes or goes (br_mtu_auto_adjust()), and keeps one that
 * a later message set.
 */
#include <linux/rtnetlink.h>

#include "lib/kern/nlbuf.h"
#include "tests/platform/platform.h"

static uint32_t mtu_of(struct nlsock *sock, const char *name)
{
	struct rtnl_link_info *links = NULL;
	struct buf bytes = BUF_INIT;

	HOLDS(rtnl_link_get(sock, name, &bytes, NULL) == 0);
	HOLDS(rtnl_list_links((struct rtnl_slice){bytes.data, bytes.size}, &links) == 1);
	return links[0].mtu;
}

static void port_comes_and_goes(struct nlsock *sock, const char *bridge)
{
	struct obj obj = veth("port", "far");
	struct nlbatch batch = {0};

	rtnl_veth_add(&batch, &obj.link, (uint32_t)nlsock_ifindex(sock, bridge), -1);
	rtnl_link_del(&batch, "port");
	HOLDS(run_one(sock, &batch) == 0);
}

int main(void)
{
	struct obj obj = obj_bridge(0, "later", &(struct mac){0}, 1400, "");
	struct nlbatch batch = {0};
	struct nlattr *info;
	struct nlmsghdr *nlh;
	struct nlsock *sock;

	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	nlh = nlbuf_begin(&batch, NLBUF_RTNL_ROOM, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "made");
	mnl_attr_put_u32(nlh, IFLA_MTU, 1400);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(nlh, info);
	nlbuf_end(&batch, nlh);
	rtnl_bridge_add(&batch, &obj.link);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(mtu_of(sock, "made") == 1400);
	port_comes_and_goes(sock, "made");
	HOLDS(mtu_of(sock, "made") == 1500);
	port_comes_and_goes(sock, "later");
	HOLDS(mtu_of(sock, "later") == 1400);
	return 0;
}
