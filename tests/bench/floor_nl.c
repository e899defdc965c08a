/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor_nl - the messages of the floor program, written straight: the same as Moat's (lib/kern), but from nothing
 * of Moat's, so that a mistake or a detour there would show here.
 *
 * Only the last message of a batch asks for an acknowledgement: a failure is told in any case.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/floor.h"

enum { SEQ_LAST = 2, SEQ_OTHER = 1 };

void msgs_clear(struct msgs *m)
{
	m->size = 0;
	m->last = NULL;
}

static struct nlmsghdr *begin(struct msgs *m, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh;

	if (m->size + 2048 > sizeof(m->bytes))
		die("too many messages for one batch");
	nlh = mnl_nlmsg_put_header(m->bytes + m->size);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = SEQ_OTHER;
	return nlh;
}

static void end(struct msgs *m, struct nlmsghdr *nlh)
{
	m->size += (nlh->nlmsg_len + 3) & ~(size_t)3;
	m->last = nlh;
}

static void *extra(struct nlmsghdr *nlh, size_t size)
{
	return mnl_nlmsg_put_extra_header(nlh, size);
}

void msgs_run(struct msgs *m, int sock, const char *what)
{
	static uint8_t room[8192];
	ssize_t n;

	if (!m->last)
		return;
	m->last->nlmsg_flags |= NLM_F_ACK;
	m->last->nlmsg_seq = SEQ_LAST;
	if (send(sock, m->bytes, m->size, 0) != (ssize_t)m->size)
		die("%s: send: %s", what, strerror(errno));
	for (;;) {
		const struct nlmsghdr *nlh = (const void *)room;
		const struct nlmsgerr *answer = (const void *)(room + NLMSG_HDRLEN);

		n = recv(sock, room, sizeof(room), MSG_DONTWAIT);
		if (n < (ssize_t)NLMSG_LENGTH(sizeof(*answer)) || nlh->nlmsg_type != NLMSG_ERROR)
			die("%s: no acknowledgement", what);
		if (answer->error)
			die("%s: message of type %u: %s", what, answer->msg.nlmsg_type, strerror(-answer->error));
		if (nlh->nlmsg_seq == SEQ_LAST)
			break;
	}
	msgs_clear(m);
}

int netlink_open(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		die("netlink socket: %s", strerror(errno));
	return fd;
}

uint32_t ifindex(int sock, const char *name)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, name, strnlen(name, sizeof(ifr.ifr_name) - 1));
	if (ioctl(sock, SIOCGIFINDEX, &ifr) < 0)
		die("index of %s: %s", name, strerror(errno));
	return (uint32_t)ifr.ifr_ifindex;
}

void sysctl_put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

void sysctl_put_in(int folder, const char *path, const char *value)
{
	int fd = openat(folder, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

int ns_current(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("own namespace: %s", strerror(errno));
	return fd;
}

void ns_enter(int fd)
{
	if (setns(fd, CLONE_NEWNET) < 0)
		die("setns: %s", strerror(errno));
}

/* ------------------------------------------------------------------ rtnetlink */

static uint8_t family_of(const struct ip *ip)
{
	return ip->family == 4 ? AF_INET : AF_INET6;
}

/* One end of a veth; its ifinfomsg stands already. */
static void put_end(struct nlmsghdr *nlh, const char *name, const struct mac *mac, uint32_t mtu)
{
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	if (!mac_is_zero(mac))
		mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(mac->b), mac->b);
	if (mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(nlh, IFLA_NUM_RX_QUEUES, 1);
}

/* Alias and port flags: the kernel takes them of a standing link only. */
static void put_port_flags(struct nlmsghdr *nlh)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(nlh, IFLA_INFO_SLAVE_KIND, "bridge");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_SLAVE_DATA);
	mnl_attr_put_u8(nlh, IFLA_BRPORT_LEARNING, 0);
	mnl_attr_put_u8(nlh, IFLA_BRPORT_UNICAST_FLOOD, 0);
	mnl_attr_put_u8(nlh, IFLA_BRPORT_MCAST_FLOOD, 1);
	mnl_attr_put_u8(nlh, IFLA_BRPORT_BCAST_FLOOD, 1);
	mnl_attr_put_u8(nlh, IFLA_BRPORT_GUARD, 1);
	mnl_attr_put_u8(nlh, IFLA_BRPORT_PROTECT, 1);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

void put_veth(struct msgs *m, const struct obj_link *link, uint32_t master, int peer_ns)
{
	struct nlmsghdr *nlh = begin(m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info, *data, *peer;

	extra(nlh, sizeof(struct ifinfomsg));
	put_end(nlh, link->name, &link->mac, link->mtu);
	if (master)
		mnl_attr_put_u32(nlh, IFLA_MASTER, master);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	extra(nlh, sizeof(struct ifinfomsg));
	put_end(nlh, link->peer_name, &link->peer_mac, link->mtu);
	if (peer_ns >= 0)
		mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)peer_ns);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	end(m, nlh);

	nlh = begin(m, RTM_NEWLINK, 0);
	extra(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, link->name);
	mnl_attr_put_str(nlh, IFLA_IFALIAS, link->alias);
	if (link->flags & LINK_PORT_STATIC)
		put_port_flags(nlh);
	end(m, nlh);
}

static void put_link(struct msgs *m, uint16_t type, uint32_t index, unsigned flags)
{
	struct nlmsghdr *nlh = begin(m, type, 0);
	struct ifinfomsg *ifi = extra(nlh, sizeof(*ifi));

	ifi->ifi_index = (int)index;
	ifi->ifi_flags = flags;
	ifi->ifi_change = flags;
	end(m, nlh);
}

void put_up(struct msgs *m, uint32_t index)
{
	put_link(m, RTM_NEWLINK, index, IFF_UP);
}

void put_link_del(struct msgs *m, uint32_t index)
{
	put_link(m, RTM_DELLINK, index, 0);
}

void put_link_group(struct msgs *m, uint32_t index, uint32_t group)
{
	struct nlmsghdr *nlh = begin(m, RTM_NEWLINK, 0);
	struct ifinfomsg *ifi = extra(nlh, sizeof(*ifi));

	ifi->ifi_index = (int)index;
	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
	end(m, nlh);
}

void put_group_del(struct msgs *m, uint32_t group)
{
	struct nlmsghdr *nlh = begin(m, RTM_DELLINK, 0);

	extra(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
	end(m, nlh);
}

void put_addr(struct msgs *m, uint32_t index, const struct prefix *addr)
{
	struct nlmsghdr *nlh = begin(m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *ifa = extra(nlh, sizeof(*ifa));
	const struct ip *ip = &addr->ip;

	ifa->ifa_family = family_of(ip);
	ifa->ifa_prefixlen = addr->len;
	ifa->ifa_index = index;
	ifa->ifa_scope = ip_is_linklocal(ip) ? RT_SCOPE_LINK : ip_is_loopback(ip) ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	if (ip->family == 6)
		ifa->ifa_flags = IFA_F_NODAD;
	mnl_attr_put(nlh, IFA_LOCAL, ip_size(ip), ip->b);
	mnl_attr_put(nlh, IFA_ADDRESS, ip_size(ip), ip->b);
	end(m, nlh);
}

void put_addr_gen_mode(struct msgs *m, uint32_t index, uint8_t mode)
{
	struct nlmsghdr *nlh = begin(m, RTM_NEWLINK, 0);
	struct ifinfomsg *ifi = extra(nlh, sizeof(*ifi));
	struct nlattr *spec, *inet6;

	ifi->ifi_index = (int)index;
	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(nlh, AF_INET6);
	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, mode);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
	end(m, nlh);
}

void put_route(struct msgs *m, uint32_t index, const struct prefix *dst, const struct ip *via, uint32_t metric, bool onlink)
{
	struct nlmsghdr *nlh = begin(m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *rtm = extra(nlh, sizeof(*rtm));

	rtm->rtm_family = family_of(&dst->ip);
	rtm->rtm_dst_len = dst->len;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = OBJ_ROUTE_PROTO;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_flags = onlink ? RTNH_F_ONLINK : 0;
	rtm->rtm_scope = dst->ip.family == 4 && !via->family ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	if (metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, metric);
	if (dst->len)
		mnl_attr_put(nlh, RTA_DST, ip_size(&dst->ip), dst->ip.b);
	if (index)
		mnl_attr_put_u32(nlh, RTA_OIF, index);
	if (via->family)
		mnl_attr_put(nlh, RTA_GATEWAY, ip_size(via), via->b);
	end(m, nlh);
}

void put_neigh(struct msgs *m, bool add, uint32_t index, const struct ip *ip, const struct mac *mac)
{
	struct nlmsghdr *nlh = begin(m, add ? RTM_NEWNEIGH : RTM_DELNEIGH, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
	struct ndmsg *ndm = extra(nlh, sizeof(*ndm));

	ndm->ndm_family = family_of(ip);
	ndm->ndm_ifindex = (int)index;
	ndm->ndm_state = NUD_PERMANENT;
	mnl_attr_put(nlh, NDA_DST, ip_size(ip), ip->b);
	if (add)
		mnl_attr_put(nlh, NDA_LLADDR, sizeof(mac->b), mac->b);
	end(m, nlh);
}

void put_fdb(struct msgs *m, uint32_t index, const struct mac *mac)
{
	struct nlmsghdr *nlh = begin(m, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL);
	struct ndmsg *ndm = extra(nlh, sizeof(*ndm));

	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = (int)index;
	ndm->ndm_state = NUD_NOARP;
	ndm->ndm_flags = NTF_MASTER;
	mnl_attr_put(nlh, NDA_LLADDR, sizeof(mac->b), mac->b);
	end(m, nlh);
}

/* ------------------------------------------------------------------- nftables */

static struct nlmsghdr *nft_begin_msg(struct msgs *m, unsigned type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *nlh = begin(m, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags);
	struct nfgenmsg *nfg = extra(nlh, sizeof(*nfg));

	nfg->nfgen_family = family;
	return nlh;
}

static void nft_mark(struct msgs *m, uint16_t type)
{
	struct nlmsghdr *nlh = begin(m, type, 0);
	struct nfgenmsg *nfg = extra(nlh, sizeof(*nfg));
	struct nlmsghdr *last;

	nfg->res_id = htons(NFNL_SUBSYS_NFTABLES);
	/* The end of a batch acknowledges nothing: the message before it does. */
	last = m->last;
	end(m, nlh);
	m->last = last;
}

void nft_open(struct msgs *m)
{
	nft_mark(m, NFNL_MSG_BATCH_BEGIN);
}

void nft_close(struct msgs *m)
{
	nft_mark(m, NFNL_MSG_BATCH_END);
}

static void put_value(struct nlmsghdr *nlh, uint16_t type, const void *bytes, size_t size)
{
	struct nlattr *value = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, size, bytes);
	mnl_attr_nest_end(nlh, value);
}

void put_elem(struct msgs *m, bool add, uint8_t family, const char *set, const void *key, size_t key_size,
	      const void *data, size_t data_size)
{
	struct nlmsghdr *nlh = nft_begin_msg(m, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
					     add ? NLM_F_CREATE | NLM_F_EXCL : 0, family);
	struct nlattr *list, *item;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, "moat");
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	item = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	put_value(nlh, NFTA_SET_ELEM_KEY, key, key_size);
	if (add && data_size)
		put_value(nlh, NFTA_SET_ELEM_DATA, data, data_size);
	mnl_attr_nest_end(nlh, item);
	mnl_attr_nest_end(nlh, list);
	end(m, nlh);
}

/* "p_DEV": its one rule is { goto port } */
static void put_each_rule(struct msgs *m, const char *chain)
{
	struct nlmsghdr *nlh = nft_begin_msg(m, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, NFPROTO_NETDEV);
	struct nlattr *list, *item, *data, *value, *verdict;

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, "moat");
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	item = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "immediate");
	data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	mnl_attr_put_u32(nlh, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_VERDICT));
	value = mnl_attr_nest_start(nlh, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE, htonl((uint32_t)NFT_GOTO));
	mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN, "port");
	mnl_attr_nest_end(nlh, verdict);
	mnl_attr_nest_end(nlh, value);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, item);
	mnl_attr_nest_end(nlh, list);
	end(m, nlh);
}

void put_port(struct msgs *m, bool add, const char *dev, bool listed)
{
	struct nlmsghdr *nlh =
		nft_begin_msg(m, add ? NFT_MSG_NEWCHAIN : NFT_MSG_DELCHAIN, add ? NLM_F_CREATE : 0, NFPROTO_NETDEV);
	struct nlattr *hook, *devs;
	char chain[32];

	if (listed)
		snprintf(chain, sizeof(chain), "guard_%c", dev[strlen(dev) - 1]);
	else
		snprintf(chain, sizeof(chain), "p_%s", dev);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, "moat");
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain);
	if (add || listed) {
		hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
		mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(NF_NETDEV_INGRESS));
		mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY, htonl((uint32_t)-500));
		if (listed) {
			devs = mnl_attr_nest_start(nlh, NFTA_HOOK_DEVS);
			mnl_attr_put_strz(nlh, NFTA_DEVICE_NAME, dev);
			mnl_attr_nest_end(nlh, devs);
		} else {
			mnl_attr_put_strz(nlh, NFTA_HOOK_DEV, dev);
		}
		mnl_attr_nest_end(nlh, hook);
	}
	if (add) {
		mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
		if (!listed)
			mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY, htonl(NF_DROP));
	}
	end(m, nlh);
	if (add && !listed)
		put_each_rule(m, chain);
}
