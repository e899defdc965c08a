/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IFLA_IFALIAS in a creating message is ignored without a word: it takes a second message. */
#include <linux/rtnetlink.h>

#include "lib/kern/nlbuf.h"
#include "tests/platform/platform.h"

int main(void)
{
	struct nlbatch batch = {0};
	struct buf bytes = BUF_INIT;
	struct nlattr *info;
	struct nlmsghdr *nlh;
	struct nlsock *sock;

	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	nlh = nlbuf_begin(&batch, NLBUF_RTNL_ROOM, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "br0");
	mnl_attr_put_strz(nlh, IFLA_IFALIAS, "who-reads-this");
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(nlh, info);
	nlbuf_end(&batch, nlh);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(rtnl_link_get(sock, "br0", &bytes, NULL) == 0);
	if (memmem(bytes.data, bytes.size, "who-reads-this", 14)) {
		puts("this kernel takes the alias: one message would do");
		return 77;
	}
	return 0;
}
