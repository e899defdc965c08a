/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnl_event - what a monitor socket tells; see rtnl_list.h. Floor F2, pure. */
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/kern/nlbuf.h"
#include "lib/kern/rtnl_list.h"
#include "lib/kern/rtnl_read.h"

/* What a bridge tells of a port by itself: its flags. */
static bool port_event(const struct nlmsghdr *nlh, struct rtnl_event *event)
{
	const struct ifinfomsg *ifi = rtnl_read_header(nlh, RTM_NEWLINK, sizeof(*ifi));
	const struct nlattr *attrs[IFLA_MAX + 1], *port[IFLA_BRPORT_MAX + 1];

	if (!ifi || ifi->ifi_family != AF_BRIDGE)
		return false;
	nlbuf_attrs(nlh, sizeof(*ifi), attrs, ARRAY_COUNT(attrs));
	if (!attrs[IFLA_PROTINFO] || !nlbuf_name(attrs[IFLA_IFNAME], event->name, sizeof(event->name)))
		return false;
	nlbuf_nested(attrs[IFLA_PROTINFO], port, ARRAY_COUNT(port));
	event->part = RTNL_EVENT_LINK;
	event->index = (uint32_t)ifi->ifi_index;
	event->port_only = 1;
	event->loose = !rtnl_read_port_static(port);
	return true;
}

bool rtnl_event_next(const void *data, size_t size, size_t *cursor,
		     struct rtnl_event *ret_event)
{
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(data, size, cursor, &bad))) {
		uint16_t type = nlh->nlmsg_type;
		struct rtnl_event event = {.type = type, .portid = nlh->nlmsg_pid};
		struct rtnl_route_info route;
		const struct ifaddrmsg *ifa;
		const struct ndmsg *ndm;
		const struct tcmsg *tcm;
		struct rtnl_link_message link;

		if (type == RTM_NEWLINK || type == RTM_DELLINK) {
			if (type == RTM_NEWLINK && port_event(nlh, &event)) {
				*ret_event = event;
				return true;
			}
			if (!rtnl_read_link(nlh, type, &link))
				continue;
			event.part = RTNL_EVENT_LINK;
			event.index = link.info.index;
			event.down = !link.info.up;
			event.set_down = event.down && link.changed == IFF_UP;
			event.mtu = link.info.mtu;
			event.master = link.info.master;
			memcpy(event.name, link.info.name, sizeof(event.name));
		} else if (type == RTM_NEWADDR || type == RTM_DELADDR) {
			ifa = rtnl_read_header(nlh, type, sizeof(*ifa));
			if (!ifa)
				continue;
			event.part = RTNL_EVENT_ADDR;
			event.index = ifa->ifa_index;
		} else if (type == RTM_NEWROUTE || type == RTM_DELROUTE) {
			if (!rtnl_read_route(nlh, type, &route))
				continue;
			event.part = RTNL_EVENT_ROUTE;
			event.index = route.index;
			event.protocol = route.protocol;
			event.is_default = route.dst.len == 0;
			if (!event.is_default && ip_is_none(&route.via))
				event.on_link = route.dst;
		} else if (type == RTM_NEWNEIGH || type == RTM_DELNEIGH) {
			ndm = rtnl_read_header(nlh, type, sizeof(*ndm));
			if (!ndm)
				continue;
			event.part = ndm->ndm_family == AF_BRIDGE ? RTNL_EVENT_FDB
								  : RTNL_EVENT_NEIGH;
			event.index = (uint32_t)ndm->ndm_ifindex;
		} else if (type == RTM_NEWQDISC || type == RTM_DELQDISC) {
			tcm = rtnl_read_header(nlh, type, sizeof(*tcm));
			if (!tcm)
				continue;
			event.part = RTNL_EVENT_QDISC;
			event.index = (uint32_t)tcm->tcm_ifindex;
		} else if (type == RTM_NEWNETCONF) {
			const struct nlattr *conf[NETCONFA_IFINDEX + 1];

			nlbuf_attrs(nlh, sizeof(struct netconfmsg), conf, ARRAY_COUNT(conf));
			event.part = RTNL_EVENT_CONF;
			event.index = nlbuf_u32(conf[NETCONFA_IFINDEX], 0);
		} else {
			continue;
		}
		event.removed = type == RTM_DELLINK || type == RTM_DELADDR ||
				type == RTM_DELROUTE || type == RTM_DELNEIGH || type == RTM_DELQDISC;
		*ret_event = event;
		return true;
	}
	return false;
}
