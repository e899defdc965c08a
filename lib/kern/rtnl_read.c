/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnl_read - one rtnetlink message at a time; see rtnl_read.h. Floor F2, pure. */
#include "lib/kern/rtnl_read.h"

#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/nlbuf.h"

/* The kernel calls both "tun". A tunnel is nobody's tap. */
static bool is_tap(const struct nlattr *tun_data)
{
	const struct nlattr *tun[IFLA_TUN_MAX + 1];

	nlbuf_nested(tun_data, tun, ARRAY_COUNT(tun));
	return nlbuf_u8(tun[IFLA_TUN_TYPE], 0) == IFF_TAP;
}

bool rtnl_read_ip(uint8_t family, const struct nlattr *attr, struct ip *ret_ip)
{
	size_t size = family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
	const void *payload = size ? nlbuf_payload(attr, size) : NULL;

	if (!payload)
		return false;
	*ret_ip = (struct ip){.family = family == AF_INET ? 4 : 6};
	memcpy(ret_ip->b, payload, size);
	return true;
}

void rtnl_read_mac(const struct nlattr *attr, struct mac *ret_mac)
{
	const void *payload = nlbuf_payload(attr, sizeof(ret_mac->b));

	if (payload && attr->nla_len == sizeof(*attr) + sizeof(ret_mac->b))
		memcpy(ret_mac->b, payload, sizeof(ret_mac->b));
}

const void *rtnl_read_header(const struct nlmsghdr *nlh, uint16_t type, size_t size)
{
	if (nlh->nlmsg_type != type || nlh->nlmsg_len < NLMSG_LENGTH(size))
		return NULL;
	return mnl_nlmsg_get_payload(nlh);
}

bool rtnl_read_link(const struct nlmsghdr *nlh, uint16_t type, struct rtnl_link_message *ret_link)
{
	const struct ifinfomsg *ifi = rtnl_read_header(nlh, type, sizeof(*ifi));
	const struct nlattr *attrs[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct rtnl_link_info *link = &ret_link->info;

	/* AF_BRIDGE messages of a bridge's ports share the type and tell less. */
	if (!ifi || ifi->ifi_family != AF_UNSPEC)
		return false;
	nlbuf_attrs(nlh, sizeof(*ifi), attrs, ARRAY_COUNT(attrs));
	memset(ret_link, 0, sizeof(*ret_link));
	if (!nlbuf_name(attrs[IFLA_IFNAME], link->name, sizeof(link->name)))
		return false;
	nlbuf_nested(attrs[IFLA_LINKINFO], info, ARRAY_COUNT(info));
	(void)nlbuf_name(info[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	if (str_eq(link->kind, "tun") && is_tap(info[IFLA_INFO_DATA]))
		(void)str_copy(link->kind, sizeof(link->kind), "tap");
	link->index = (uint32_t)ifi->ifi_index;
	link->mtu = nlbuf_u32(attrs[IFLA_MTU], 0);
	link->group = nlbuf_u32(attrs[IFLA_GROUP], 0);
	link->master = nlbuf_u32(attrs[IFLA_MASTER], 0);
	link->far = attrs[IFLA_LINK_NETNSID] != NULL;
	/* A device that is made of itself says its own index. */
	link->link = nlbuf_u32(attrs[IFLA_LINK], 0);
	if (!link->far && link->link == (uint32_t)ifi->ifi_index)
		link->link = 0;
	ret_link->changed = ifi->ifi_change;
	link->up = (ifi->ifi_flags & IFF_UP) != 0;
	link->running = (ifi->ifi_flags & IFF_RUNNING) != 0;
	link->loopback = (ifi->ifi_flags & IFF_LOOPBACK) != 0;
	rtnl_read_mac(attrs[IFLA_ADDRESS], &link->mac);
	ret_link->alias = attrs[IFLA_IFALIAS];
	ret_link->slave_kind = info[IFLA_INFO_SLAVE_KIND];
	ret_link->slave_data = info[IFLA_INFO_SLAVE_DATA];
	return true;
}

bool rtnl_read_route(const struct nlmsghdr *nlh, uint16_t type,
		       struct rtnl_route_info *ret_route)
{
	const struct rtmsg *rtm = rtnl_read_header(nlh, type, sizeof(*rtm));
	const struct nlattr *attrs[RTA_MAX + 1];

	if (!rtm || (rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6) ||
	    (rtm->rtm_flags & RTM_F_CLONED))
		return false;
	nlbuf_attrs(nlh, sizeof(*rtm), attrs, ARRAY_COUNT(attrs));
	*ret_route = (struct rtnl_route_info){
		.dst = {.ip.family = rtm->rtm_family == AF_INET ? 4 : 6,
			.len = rtm->rtm_dst_len},
		.index = nlbuf_u32(attrs[RTA_OIF], 0),
		.metric = nlbuf_u32(attrs[RTA_PRIORITY], 0),
		.table = nlbuf_u32(attrs[RTA_TABLE], rtm->rtm_table),
		.protocol = rtm->rtm_protocol,
		.type = rtm->rtm_type,
	};
	if (attrs[RTA_METRICS]) {
		const struct nlattr *metrics[RTAX_MAX + 1];

		nlbuf_nested(attrs[RTA_METRICS], metrics, ARRAY_COUNT(metrics));
		ret_route->mtu = nlbuf_u32(metrics[RTAX_MTU], 0);
		ret_route->advmss = nlbuf_u32(metrics[RTAX_ADVMSS], 0);
	}
	(void)rtnl_read_ip(rtm->rtm_family, attrs[RTA_DST], &ret_route->dst.ip);
	if (!rtnl_read_ip(rtm->rtm_family, attrs[RTA_GATEWAY], &ret_route->via)) {
		uint16_t family;
		const uint8_t *rtvia = nlbuf_payload(attrs[RTA_VIA], sizeof(family) + 16);

		if (rtvia) {
			memcpy(&family, rtvia, sizeof(family));
			ret_route->via.family = family == AF_INET6 ? 6 : 0;
			if (ret_route->via.family)
				memcpy(ret_route->via.b, rtvia + sizeof(family), 16);
		}
	}
	if (attrs[RTA_MULTIPATH] && !ret_route->index) {
		const struct rtnexthop *hop = nlbuf_payload(attrs[RTA_MULTIPATH], sizeof(*hop));

		ret_route->index = hop ? (uint32_t)hop->rtnh_ifindex : 0;
	}
	return true;
}

bool rtnl_read_hop(const struct nlmsghdr *nlh, size_t *at, struct rtnl_route_info *route)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[RTA_MAX + 1], *of_hop[RTA_MAX + 1], *list;
	const struct rtnexthop *hop;
	size_t size;

	nlbuf_attrs(nlh, sizeof(*rtm), attrs, ARRAY_COUNT(attrs));
	list = attrs[RTA_MULTIPATH];
	size = list ? list->nla_len - sizeof(*list) : 0;
	if (*at >= size || size - *at < sizeof(*hop))
		return false;
	hop = (const void *)((const uint8_t *)list + sizeof(*list) + *at);
	if (hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > size - *at)
		return false;
	*at += nlbuf_align(hop->rtnh_len);
	route->index = (uint32_t)hop->rtnh_ifindex;
	route->via = (struct ip){0};
	nlbuf_index(hop + 1, hop->rtnh_len - sizeof(*hop), of_hop, ARRAY_COUNT(of_hop));
	(void)rtnl_read_ip(rtm->rtm_family, of_hop[RTA_GATEWAY], &route->via);
	return true;
}

bool rtnl_read_port_static(const struct nlattr *const port[IFLA_BRPORT_MAX + 1])
{
	return nlbuf_u8(port[IFLA_BRPORT_LEARNING], 1) == 0 &&
	       nlbuf_u8(port[IFLA_BRPORT_UNICAST_FLOOD], 1) == 0 &&
	       nlbuf_u8(port[IFLA_BRPORT_MCAST_FLOOD], 0) == 1 &&
	       nlbuf_u8(port[IFLA_BRPORT_BCAST_FLOOD], 0) == 1 &&
	       nlbuf_u8(port[IFLA_BRPORT_GUARD], 0) == 1 &&
	       nlbuf_u8(port[IFLA_BRPORT_PROTECT], 0) == 1;
}

/* Does a port bear exactly the flags of rtnl_veth_add()? */
