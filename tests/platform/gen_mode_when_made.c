/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How IPv6 makes link-local addresses cannot be said in the message that creates a link (EAFNOSUPPORT: there is no device of
 * IPv6 yet), only afterwards or by `default` before: lib/kern/rtnl.h, and the sysctl of rank 10 in lib/plan/plan.c.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "lib/kern/nlbuf.h"
#include "tests/platform/platform.h"

int main(void)
{
	struct nlmsghdr *nlh;
	struct nlattr *spec, *inet6, *info;
	struct nlbatch batch = {0};
	struct nlsock *sock;

	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	nlh = nlbuf_begin(&batch, NLBUF_RTNL_ROOM, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "a");
	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(nlh, AF_INET6);
	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	mnl_attr_nest_end(nlh, info);
	nlbuf_end(&batch, nlh);
	HOLDS(run_one(sock, &batch) == -EAFNOSUPPORT);
	HOLDS(make_veth(sock, "b", "c", -1) == 0);
	rtnl_link_gen_mode(&batch, "b", IN6_ADDR_GEN_MODE_NONE);
	HOLDS(run_one(sock, &batch) == 0);
	return 0;
}
