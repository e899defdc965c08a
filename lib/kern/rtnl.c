/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnl - objects to rtnetlink messages. Floor F2. Pure but for the two
 * functions at the end that run a dump.
 *
 * Every message is
 *
 *   +----------+-----------------------------+------------------------+
 *   | nlmsghdr | ifinfomsg, ifaddrmsg, rtmsg | attributes (type, len) |
 *   |          | or ndmsg                    |                        |
 *   +----------+-----------------------------+------------------------+
 */
#include "lib/kern/rtnl.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/kern/nlbuf.h"

static uint8_t family_of(const struct ip *ip)
{
	return ip->family == 4 ? AF_INET : AF_INET6;
}

static void put_mac(struct nlmsghdr *nlh, uint16_t type, const struct mac *mac)
{
	if (!mac_is_zero(mac))
		mnl_attr_put(nlh, type, sizeof(mac->b), mac->b);
}

static void put_mtu(struct nlmsghdr *nlh, uint32_t mtu)
{
	if (mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
}

static struct nlmsghdr *link_begin(struct nlbatch *batch, uint16_t type, uint16_t flags,
				   struct ifinfomsg **ret_ifi)
{
	struct nlmsghdr *nlh = nlbuf_begin(batch, NLBUF_RTNL_ROOM, type, flags);

	*ret_ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(**ret_ifi));
	(*ret_ifi)->ifi_family = AF_UNSPEC;
	return nlh;
}

/*
 * What the kernel ignores in a creating message (rtnl_create_link() knows no alias, port flags want a standing
 * port), or forgets (MTU of a bridge), by name:
 *   IFLA_MTU, IFLA_IFALIAS, IFLA_LINKINFO { IFLA_INFO_SLAVE_KIND "bridge", IFLA_INFO_SLAVE_DATA { flags } }
 */
static void link_finish(struct nlbatch *batch, const struct obj_link *link, bool set_alias,
			uint32_t mtu)
{
	static const struct {
		uint16_t type;
		uint8_t value;
	} flags[] = {
		{IFLA_BRPORT_LEARNING, 0},    {IFLA_BRPORT_UNICAST_FLOOD, 0},
		{IFLA_BRPORT_MCAST_FLOOD, 1}, {IFLA_BRPORT_BCAST_FLOOD, 1},
		{IFLA_BRPORT_GUARD, 1},       {IFLA_BRPORT_PROTECT, 1},
	};
	struct nlattr *info, *data;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;

	set_alias = set_alias && link->alias[0];
	if (!set_alias && !mtu && !(link->flags & LINK_PORT_STATIC))
		return;
	nlh = link_begin(batch, RTM_NEWLINK, 0, &ifi);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, link->name);
	put_mtu(nlh, mtu);
	if (set_alias)
		mnl_attr_put_str(nlh, IFLA_IFALIAS, link->alias);
	if (link->flags & LINK_PORT_STATIC) {
		info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
		mnl_attr_put_strz(nlh, IFLA_INFO_SLAVE_KIND, "bridge");
		data = mnl_attr_nest_start(nlh, IFLA_INFO_SLAVE_DATA);
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			mnl_attr_put_u8(nlh, flags[i].type, flags[i].value);
		mnl_attr_nest_end(nlh, data);
		mnl_attr_nest_end(nlh, info);
	}
	nlbuf_end(batch, nlh);
}

void rtnl_bridge_add(struct nlbatch *batch, const struct obj_link *link)
{
	struct nlattr *info, *data;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi);

	mnl_attr_put_strz(nlh, IFLA_IFNAME, link->name);
	put_mac(nlh, IFLA_ADDRESS, &link->mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "bridge");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_BR_STP_STATE, 0);
	mnl_attr_put_u16(nlh, IFLA_BR_GROUP_FWD_MASK, 0);
	/* Snooping would withhold neighbour solicitations from ports that have not reported yet: flooding is what
	 * keeps ND working, and the guard bounds what a port may send to groups. */
	mnl_attr_put_u8(nlh, IFLA_BR_MCAST_SNOOPING, 0);
	/* Or each port would be in VLAN 1, and each FDB entry stand twice, where the kernel knows VLANs on bridges. */
	mnl_attr_put_u16(nlh, IFLA_BR_VLAN_DEFAULT_PVID, 0);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	nlbuf_end(batch, nlh);
	/* An MTU given while creating is forgotten with the next port that comes or goes (br_mtu_auto_adjust()). */
	link_finish(batch, link, true, link->mtu);
}

/*
 * RTM_NEWLINK, CREATE | EXCL
 *   IFLA_IFNAME, IFLA_ADDRESS, IFLA_MTU, IFLA_NUM_TX_QUEUES 1, IFLA_NUM_RX_QUEUES 1, IFLA_MASTER
 *   IFLA_LINKINFO { IFLA_INFO_KIND "veth", IFLA_INFO_DATA { VETH_INFO_PEER { ifinfomsg,
 *     IFLA_IFNAME, IFLA_ADDRESS, IFLA_MTU, IFLA_NUM_TX_QUEUES 1, IFLA_NUM_RX_QUEUES 1, IFLA_NET_NS_FD } } }
 * One queue each spares the driver's trimming of queues, which waits for RCU (0.29 instead of 0.7 ms).
 */
void rtnl_veth_add(struct nlbatch *batch, const struct obj_link *link, uint32_t master_index,
		   int peer_ns_fd)
{
	struct nlattr *info, *data, *peer;
	struct ifinfomsg *ifi, *peer_ifi;
	struct nlmsghdr *nlh = link_begin(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi);

	mnl_attr_put_strz(nlh, IFLA_IFNAME, link->name);
	put_mac(nlh, IFLA_ADDRESS, &link->mac);
	put_mtu(nlh, link->mtu);
	mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(nlh, IFLA_NUM_RX_QUEUES, 1);
	if (master_index)
		mnl_attr_put_u32(nlh, IFLA_MASTER, master_index);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	peer_ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*peer_ifi));
	peer_ifi->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, link->peer_name);
	put_mac(nlh, IFLA_ADDRESS, &link->peer_mac);
	put_mtu(nlh, link->mtu);
	mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(nlh, IFLA_NUM_RX_QUEUES, 1);
	if (peer_ns_fd >= 0)
		mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)peer_ns_fd);
	mnl_attr_nest_end(nlh, peer);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	nlbuf_end(batch, nlh);
	link_finish(batch, link, true, 0);
}

void rtnl_ifb_add(struct nlbatch *batch, const struct obj_link *link)
{
	struct nlattr *info;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi);

	ifi->ifi_index = (int)link->index;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, link->name);
	mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(nlh, IFLA_NUM_RX_QUEUES, 1);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "ifb");
	mnl_attr_nest_end(nlh, info);
	nlbuf_end(batch, nlh);
	link_finish(batch, link, true, 0);
}

void rtnl_link_set(struct nlbatch *batch, const struct obj_link *link, uint32_t master_index)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(batch, RTM_NEWLINK, 0, &ifi);

	mnl_attr_put_strz(nlh, IFLA_IFNAME, link->name);
	put_mac(nlh, IFLA_ADDRESS, &link->mac);
	put_mtu(nlh, link->mtu);
	mnl_attr_put_u32(nlh, IFLA_MASTER, master_index);
	mnl_attr_put_str(nlh, IFLA_IFALIAS, link->alias);
	nlbuf_end(batch, nlh);
	link_finish(batch, link, false, 0);
}

void rtnl_link_mtu(struct nlbatch *batch, const char *name, uint32_t mtu)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(batch, RTM_NEWLINK, 0, &ifi);

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	put_mtu(nlh, mtu);
	nlbuf_end(batch, nlh);
}

static void link_by_name(struct nlbatch *batch, uint16_t type, const char *name, unsigned flags,
			 unsigned change)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(batch, type, 0, &ifi);

	ifi->ifi_flags = flags;
	ifi->ifi_change = change;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	nlbuf_end(batch, nlh);
}

void rtnl_link_up(struct nlbatch *batch, const char *name, bool up)
{
	link_by_name(batch, RTM_NEWLINK, name, up ? IFF_UP : 0, IFF_UP);
}

void rtnl_link_del(struct nlbatch *batch, const char *name)
{
	link_by_name(batch, RTM_DELLINK, name, 0, 0);
}

/* IFLA_AF_SPEC { AF_INET6 { IFLA_INET6_ADDR_GEN_MODE } } */
void rtnl_link_gen_mode(struct nlbatch *batch, const char *name, uint8_t mode)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(batch, RTM_NEWLINK, 0, &ifi);
	struct nlattr *spec, *family;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	family = mnl_attr_nest_start(nlh, AF_INET6);
	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, mode);
	mnl_attr_nest_end(nlh, family);
	mnl_attr_nest_end(nlh, spec);
	nlbuf_end(batch, nlh);
}

void rtnl_link_move(struct nlbatch *batch, uint32_t index, const char *name, int ns_fd)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(batch, RTM_NEWLINK, 0, &ifi);

	ifi->ifi_index = (int)index;
	if (name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)ns_fd);
	nlbuf_end(batch, nlh);
}

void rtnl_link_carry(struct nlbatch *batch, uint32_t index, const char *name, int ns_fd, uint32_t new_index)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(batch, RTM_NEWLINK, 0, &ifi);

	ifi->ifi_index = (int)index;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)ns_fd);
	mnl_attr_put_u32(nlh, IFLA_NEW_IFINDEX, new_index);
	nlbuf_end(batch, nlh);
}

void rtnl_link_group(struct nlbatch *batch, const char *name, uint32_t group)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(batch, RTM_NEWLINK, 0, &ifi);

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
	nlbuf_end(batch, nlh);
}

void rtnl_group_del(struct nlbatch *batch, uint32_t group)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(batch, RTM_DELLINK, 0, &ifi);

	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
	nlbuf_end(batch, nlh);
}

/* IFA_LOCAL and IFA_ADDRESS both: with one of them an IPv4 address would be point to point. */
static void addr_message(struct nlbatch *batch, uint16_t type, uint16_t flags,
			 const struct obj_addr *addr, uint32_t index)
{
	const struct ip *ip = &addr->addr.ip;
	struct nlmsghdr *nlh = nlbuf_begin(batch, NLBUF_RTNL_ROOM, type, flags);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = family_of(ip);
	ifa->ifa_prefixlen = addr->addr.len;
	ifa->ifa_index = index;
	ifa->ifa_scope = ip_is_linklocal(ip)  ? RT_SCOPE_LINK
			 : ip_is_loopback(ip) ? RT_SCOPE_HOST
					      : RT_SCOPE_UNIVERSE;
	if (ip->family == 6)
		ifa->ifa_flags = IFA_F_NODAD;
	mnl_attr_put(nlh, IFA_LOCAL, ip_size(ip), ip->b);
	mnl_attr_put(nlh, IFA_ADDRESS, ip_size(ip), ip->b);
	nlbuf_end(batch, nlh);
}

void rtnl_addr_add(struct nlbatch *batch, const struct obj_addr *addr, uint32_t index)
{
	addr_message(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, addr, index);
}

void rtnl_addr_del(struct nlbatch *batch, const struct obj_addr *addr, uint32_t index)
{
	addr_message(batch, RTM_DELADDR, 0, addr, index);
}

void rtnl_addr_connect(struct nlbatch *batch, const struct prefix *addr, uint32_t index)
{
	enum { METRIC6 = 256 }; /* IP6_RT_PRIO_ADDRCONF */
	const struct prefix network = prefix_network(addr);
	struct nlmsghdr *nlh = nlbuf_begin(batch, NLBUF_RTNL_ROOM, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = family_of(&addr->ip);
	rtm->rtm_dst_len = addr->len;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_KERNEL;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_scope = addr->ip.family == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	mnl_attr_put(nlh, RTA_DST, ip_size(&network.ip), network.ip.b);
	mnl_attr_put_u32(nlh, RTA_OIF, index);
	if (addr->ip.family == 4)
		mnl_attr_put(nlh, RTA_PREFSRC, ip_size(&addr->ip), addr->ip.b);
	else
		mnl_attr_put_u32(nlh, RTA_PRIORITY, METRIC6);
	nlbuf_end(batch, nlh);
}

void rtnl_addr_early(struct nlbatch *batch, const struct ip *ip, uint32_t index, uint32_t seconds)
{
	struct nlmsghdr *nlh = nlbuf_begin(batch, NLBUF_RTNL_ROOM, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = family_of(ip);
	rtm->rtm_dst_len = (unsigned char)(ip_size(ip) * 8);
	rtm->rtm_table = RT_TABLE_LOCAL;
	rtm->rtm_protocol = RTPROT_KERNEL; /* nobody's object, as the one it stands for */
	rtm->rtm_type = RTN_LOCAL;
	mnl_attr_put(nlh, RTA_DST, ip_size(ip), ip->b);
	mnl_attr_put_u32(nlh, RTA_OIF, index);
	mnl_attr_put_u32(nlh, RTA_EXPIRES, seconds);
	nlbuf_end(batch, nlh);
}

void rtnl_addrs_keep(struct nlbatch *batch, const void *raw, size_t size, uint32_t from, uint32_t to)
{
	static const uint16_t kept[] = {IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_CACHEINFO, IFA_RT_PRIORITY, IFA_PROTO};
	const uint32_t flags_kept = IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;
	const struct nlmsghdr *was;
	size_t offset = 0;
	bool bad = false;

	while ((was = nlbuf_next(raw, size, &offset, &bad))) {
		const struct ifaddrmsg *old = mnl_nlmsg_get_payload(was);
		const struct nlattr *attrs[IFA_MAX + 1];
		struct nlmsghdr *nlh;
		struct ifaddrmsg *ifa;
		uint32_t flags;

		if (was->nlmsg_type != RTM_NEWADDR || was->nlmsg_len < NLMSG_LENGTH(sizeof(*old)) ||
		    old->ifa_index != from || old->ifa_scope != RT_SCOPE_UNIVERSE)
			continue;
		nlbuf_attrs(was, sizeof(*old), attrs, ARRAY_COUNT(attrs));
		flags = nlbuf_u32(attrs[IFA_FLAGS], old->ifa_flags);
		if (!(flags & IFA_F_PERMANENT))
			continue;
		nlh = nlbuf_begin(batch, NLBUF_RTNL_ROOM, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
		ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
		*ifa = (struct ifaddrmsg){.ifa_family = old->ifa_family, .ifa_prefixlen = old->ifa_prefixlen, .ifa_index = to};
		mnl_attr_put_u32(nlh, IFA_FLAGS,
				 (flags & flags_kept) | (old->ifa_family == AF_INET6 ? IFA_F_NODAD : 0));
		for (size_t i = 0; i < ARRAY_COUNT(kept); i++)
			if (attrs[kept[i]])
				mnl_attr_put(nlh, kept[i], mnl_attr_get_payload_len(attrs[kept[i]]),
					     mnl_attr_get_payload(attrs[kept[i]]));
		nlbuf_end(batch, nlh);
	}
}

static void route_message(struct nlbatch *batch, uint16_t type, uint16_t flags,
			  const struct obj_route *route, uint32_t index)
{
	struct nlmsghdr *nlh = nlbuf_begin(batch, NLBUF_RTNL_ROOM, type, flags);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	const struct ip *dst = &route->dst.ip, *via = &route->via;

	rtm->rtm_family = family_of(dst);
	rtm->rtm_dst_len = route->dst.len;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = OBJ_ROUTE_PROTO;
	rtm->rtm_type = RTN_UNICAST;
	/* IPv4 wants scope link for a route without gateway; IPv6 knows no scopes. */
	rtm->rtm_scope = dst->family == 4 && !via->family ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	if (route->table) {
		rtm->rtm_table = RT_TABLE_UNSPEC;
		mnl_attr_put_u32(nlh, RTA_TABLE, route->table);
	}
	if (route->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, route->metric);
	if (route->dst.len)
		mnl_attr_put(nlh, RTA_DST, ip_size(dst), dst->b);
	if (index)
		mnl_attr_put_u32(nlh, RTA_OIF, index);
	if (via->family && via->family == dst->family) {
		mnl_attr_put(nlh, RTA_GATEWAY, ip_size(via), via->b);
	} else if (via->family) { /* RFC 5549: struct rtvia is a family and the address */
		uint8_t rtvia[sizeof(uint16_t) + sizeof(via->b)];
		uint16_t family = family_of(via);

		memcpy(rtvia, &family, sizeof(family));
		memcpy(rtvia + sizeof(family), via->b, ip_size(via));
		mnl_attr_put(nlh, RTA_VIA, sizeof(family) + ip_size(via), rtvia);
	}
	if (via->family == 4 && index && ip_is_linklocal(via))
		rtm->rtm_flags = RTNH_F_ONLINK;
	if (type == RTM_NEWROUTE && (route->mtu || route->advmss)) {
		struct nlattr *metrics = mnl_attr_nest_start(nlh, RTA_METRICS);

		if (route->mtu)
			mnl_attr_put_u32(nlh, RTAX_MTU, route->mtu);
		if (route->advmss)
			mnl_attr_put_u32(nlh, RTAX_ADVMSS, route->advmss);
		mnl_attr_nest_end(nlh, metrics);
	}
	nlbuf_end(batch, nlh);
}

void rtnl_route_add(struct nlbatch *batch, const struct obj_route *route, uint32_t index)
{
	/*
	 * Behind one to the same destination by another gateway, which goes later in the same plan: additions come
	 * before removals. One that is the same in all is refused without NLM_F_EXCL, too (net/ipv4/fib_trie.c,
	 * fib_table_insert(); net/ipv6/ip6_fib.c, fib6_add_rt2node()).
	 */
	route_message(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, route, index);
}

/*
 * NLM_F_REPLACE takes the first of that metric, by whatever interface it leads, and of IPv6 all of them
 * (fib_table_insert(), fib6_add_rt2node()).
 */
void rtnl_route_set(struct nlbatch *batch, const struct obj_route *route, uint32_t index)
{
	rtnl_route_del(batch, route, index);
	rtnl_route_add(batch, route, index);
}

void rtnl_route_del(struct nlbatch *batch, const struct obj_route *route, uint32_t index)
{
	route_message(batch, RTM_DELROUTE, 0, route, index);
}

static void rule_message(struct nlbatch *batch, uint16_t type, uint16_t flags,
			 const struct obj_rule *rule)
{
	struct nlmsghdr *nlh = nlbuf_begin(batch, NLBUF_RTNL_ROOM, type, flags);
	struct fib_rule_hdr *frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));

	frh->family = family_of(&rule->src.ip);
	frh->src_len = rule->src.len;
	frh->action = FR_ACT_TO_TBL;
	mnl_attr_put(nlh, FRA_SRC, ip_size(&rule->src.ip), rule->src.ip.b);
	mnl_attr_put_u32(nlh, FRA_TABLE, rule->table);
	mnl_attr_put_u32(nlh, FRA_PRIORITY, OBJ_RULE_PRIORITY);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, OBJ_ROUTE_PROTO);
	nlbuf_end(batch, nlh);
}

void rtnl_rule_add(struct nlbatch *batch, const struct obj_rule *rule)
{
	rule_message(batch, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
}

void rtnl_rule_del(struct nlbatch *batch, const struct obj_rule *rule)
{
	rule_message(batch, RTM_DELRULE, 0, rule);
}

static void neigh_message(struct nlbatch *batch, uint16_t type, uint16_t flags,
			  const struct obj_neigh *neigh, uint32_t index)
{
	struct nlmsghdr *nlh = nlbuf_begin(batch, NLBUF_RTNL_ROOM, type, flags);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = family_of(&neigh->ip);
	ndm->ndm_ifindex = (int)index;
	ndm->ndm_state = NUD_PERMANENT;
	mnl_attr_put(nlh, NDA_DST, ip_size(&neigh->ip), neigh->ip.b);
	if (type == RTM_NEWNEIGH)
		mnl_attr_put(nlh, NDA_LLADDR, sizeof(neigh->mac.b), neigh->mac.b);
	nlbuf_end(batch, nlh);
}

void rtnl_neigh_add(struct nlbatch *batch, const struct obj_neigh *neigh, uint32_t index)
{
	neigh_message(batch, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, neigh, index);
}

void rtnl_neigh_set(struct nlbatch *batch, const struct obj_neigh *neigh, uint32_t index)
{
	neigh_message(batch, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neigh, index);
}

void rtnl_neigh_del(struct nlbatch *batch, const struct obj_neigh *neigh, uint32_t index)
{
	neigh_message(batch, RTM_DELNEIGH, 0, neigh, index);
}

/* Its protocol is our mark; the kernel takes it since 5.1 (net/core/neighbour.c, neigh_add()). */
static void proxy_message(struct nlbatch *batch, uint16_t type, uint16_t flags, const struct obj_proxy *proxy, uint32_t index)
{
	struct nlmsghdr *nlh = nlbuf_begin(batch, NLBUF_RTNL_ROOM, type, flags);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = family_of(&proxy->ip);
	ndm->ndm_ifindex = (int)index;
	ndm->ndm_flags = NTF_PROXY;
	mnl_attr_put(nlh, NDA_DST, ip_size(&proxy->ip), proxy->ip.b);
	if (type == RTM_NEWNEIGH)
		mnl_attr_put_u8(nlh, NDA_PROTOCOL, OBJ_ROUTE_PROTO);
	nlbuf_end(batch, nlh);
}

void rtnl_proxy_add(struct nlbatch *batch, const struct obj_proxy *proxy, uint32_t index)
{
	proxy_message(batch, RTM_NEWNEIGH, NLM_F_CREATE, proxy, index);
}

void rtnl_proxy_del(struct nlbatch *batch, const struct obj_proxy *proxy, uint32_t index)
{
	proxy_message(batch, RTM_DELNEIGH, 0, proxy, index);
}

int rtnl_proxy_get(struct nlsock *sock, const struct obj_proxy *proxy, uint32_t index, struct buf *bytes, struct err *err)
{
	struct nlbatch request = {0};
	int r;

	proxy_message(&request, RTM_GETNEIGH, 0, proxy, index);
	r = nlsock_dump(sock, &request, bytes, err);
	nlbatch_fini(&request);
	return r;
}

/* NUD_NOARP is a static entry that forwards; NUD_PERMANENT would mean "local", frames would come up the stack. */
static void fdb_message(struct nlbatch *batch, uint16_t type, uint16_t flags,
			const struct obj_fdb *fdb, uint32_t index)
{
	struct nlmsghdr *nlh = nlbuf_begin(batch, NLBUF_RTNL_ROOM, type, flags);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = (int)index;
	ndm->ndm_state = NUD_NOARP;
	ndm->ndm_flags = NTF_MASTER;
	mnl_attr_put(nlh, NDA_LLADDR, sizeof(fdb->mac.b), fdb->mac.b);
	nlbuf_end(batch, nlh);
}

void rtnl_fdb_add(struct nlbatch *batch, const struct obj_fdb *fdb, uint32_t index)
{
	fdb_message(batch, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, fdb, index);
}

void rtnl_fdb_del(struct nlbatch *batch, const struct obj_fdb *fdb, uint32_t index)
{
	fdb_message(batch, RTM_DELNEIGH, 0, fdb, index);
}

static struct nlmsghdr *qdisc_begin(struct nlbatch *batch, uint16_t type, uint16_t flags, uint32_t index)
{
	struct nlmsghdr *nlh = nlbuf_begin(batch, NLBUF_RTNL_ROOM, type, flags);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));

	tcm->tcm_ifindex = (int)index;
	tcm->tcm_parent = TC_H_ROOT;
	return nlh;
}

/*
 * TCA_KIND "tbf", TCA_OPTIONS { TCA_TBF_PARMS, TCA_TBF_RATE64 }
 * Without TCA_TBF_BURST the bucket is taken in ticks as it stands in the parameters, and told so again. No rate table: the kernel
 * has computed by itself since 3.8, and wants to know the link layer alone.
 */
void rtnl_qdisc_set(struct nlbatch *batch, const struct obj_qdisc *qdisc, uint32_t index)
{
	struct nlmsghdr *nlh = qdisc_begin(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, index);
	struct tc_tbf_qopt parms = {
		.rate = {.rate = qdisc->rate >= UINT32_MAX ? UINT32_MAX : (uint32_t)qdisc->rate,
			 .linklayer = TC_LINKLAYER_ETHERNET},
		.limit = qdisc->limit,
		.buffer = qdisc->burst,
	};
	struct nlattr *options;

	mnl_attr_put_strz(nlh, TCA_KIND, "tbf");
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put(nlh, TCA_TBF_PARMS, sizeof(parms), &parms);
	if (qdisc->rate >= UINT32_MAX)
		mnl_attr_put_u64(nlh, TCA_TBF_RATE64, qdisc->rate);
	mnl_attr_nest_end(nlh, options);
	nlbuf_end(batch, nlh);
}

void rtnl_qdisc_del(struct nlbatch *batch, uint32_t index)
{
	nlbuf_end(batch, qdisc_begin(batch, RTM_DELQDISC, 0, index));
}

/* Dumps. Strict checking is on: the header must be that of the type, unused fields zero. */

static void link_request(struct nlbatch *batch, uint16_t flags, const char *name)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(batch, RTM_GETLINK, flags, &ifi);

	if (name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	nlbuf_end(batch, nlh);
}

static void dump_request(struct nlbatch *batch, enum rtnl_part part, uint8_t family)
{
	static const struct {
		uint16_t type;
		uint16_t header;
	} parts[RTNL_PART_COUNT] = {
		[RTNL_ADDRS] = {RTM_GETADDR, sizeof(struct ifaddrmsg)},
		[RTNL_ROUTES] = {RTM_GETROUTE, sizeof(struct rtmsg)},
		[RTNL_NEIGHS] = {RTM_GETNEIGH, sizeof(struct ndmsg)},
		[RTNL_PROXIES] = {RTM_GETNEIGH, sizeof(struct ndmsg)},
		[RTNL_FDB] = {RTM_GETNEIGH, sizeof(struct ndmsg)},
		[RTNL_RULES] = {RTM_GETRULE, sizeof(struct fib_rule_hdr)},
		[RTNL_QDISCS] = {RTM_GETQDISC, sizeof(struct tcmsg)},
	};
	struct nlmsghdr *nlh =
		nlbuf_begin(batch, NLBUF_RTNL_ROOM, parts[part].type, NLM_F_DUMP);
	uint8_t *header = mnl_nlmsg_put_extra_header(nlh, parts[part].header);

	header[0] = family; /* the first byte of each */
	if (part == RTNL_PROXIES)
		((struct ndmsg *)(void *)header)->ndm_flags = NTF_PROXY;
	nlbuf_end(batch, nlh);
}

int rtnl_dump(struct nlsock *sock, enum rtnl_part part, struct buf *bytes, struct err *err)
{
	static const uint8_t families[RTNL_PART_COUNT][2] = {
		[RTNL_LINKS] = {AF_UNSPEC, AF_UNSPEC}, [RTNL_ADDRS] = {AF_INET, AF_INET6},
		[RTNL_ROUTES] = {AF_INET, AF_INET6},   [RTNL_NEIGHS] = {AF_INET, AF_INET6},
		[RTNL_FDB] = {AF_BRIDGE, AF_UNSPEC},   [RTNL_RULES] = {AF_INET, AF_INET6},
		[RTNL_PROXIES] = {AF_INET6, AF_UNSPEC}, [RTNL_QDISCS] = {AF_UNSPEC, AF_UNSPEC},
	};
	int r = 0;

	for (int i = 0; i < 2 && r == 0; i++) {
		struct nlbatch request = {0};

		if (i == 1 && families[part][1] == AF_UNSPEC)
			break;
		if (part == RTNL_LINKS)
			link_request(&request, NLM_F_DUMP, NULL);
		else
			dump_request(&request, part, families[part][i]);
		r = nlsock_dump(sock, &request, bytes, err);
		/* A kernel without IPv6 has nothing to say of that family. */
		if ((i == 1 || families[part][0] == AF_INET6) && (r == -EOPNOTSUPP || r == -EAFNOSUPPORT))
			r = 0;
		nlbatch_fini(&request);
	}
	return r;
}

int rtnl_neigh_get(struct nlsock *sock, const struct obj_neigh *neigh, uint32_t index, struct buf *bytes, struct err *err)
{
	struct nlbatch request = {0};
	struct nlmsghdr *nlh = nlbuf_begin(&request, NLBUF_RTNL_ROOM, RTM_GETNEIGH, 0);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	int r;

	ndm->ndm_family = family_of(&neigh->ip);
	ndm->ndm_ifindex = (int)index;
	mnl_attr_put(nlh, NDA_DST, ip_size(&neigh->ip), neigh->ip.b);
	nlbuf_end(&request, nlh);
	r = nlsock_dump(sock, &request, bytes, err);
	nlbatch_fini(&request);
	return r;
}

int rtnl_local(struct nlsock *sock, const struct ip *ip, struct err *err)
{
	cleanup(buf_fini) struct buf bytes = BUF_INIT;
	struct nlbatch request = {0};
	struct nlmsghdr *nlh = nlbuf_begin(&request, NLBUF_RTNL_ROOM, RTM_GETROUTE, 0);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	int r;

	rtm->rtm_family = family_of(ip);
	rtm->rtm_dst_len = (unsigned char)(ip_size(ip) * 8);
	mnl_attr_put(nlh, RTA_DST, ip_size(ip), ip->b);
	nlbuf_end(&request, nlh);
	r = nlsock_dump(sock, &request, &bytes, err);
	nlbatch_fini(&request);
	if (r == -ENETUNREACH || r == -EHOSTUNREACH)
		return 0;
	nlh = (struct nlmsghdr *)(void *)bytes.data;
	if (r < 0 || bytes.size < mnl_nlmsg_size(sizeof(*rtm)) || nlh->nlmsg_type != RTM_NEWROUTE)
		return r;
	rtm = mnl_nlmsg_get_payload(nlh);
	return rtm->rtm_type == RTN_LOCAL;
}

int rtnl_link_get(struct nlsock *sock, const char *name, struct buf *bytes, struct err *err)
{
	struct nlbatch request = {0};
	int r;

	link_request(&request, 0, name);
	r = nlsock_dump(sock, &request, bytes, err);
	nlbatch_fini(&request);
	return r;
}
