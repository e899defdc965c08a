/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnl_list - what rtnetlink tells, unfiltered: dumps as lists, for choices about the host (pools, egress, MTU), and the events of a
 * monitor socket. Floor F2, pure: no socket, no clock; what the engine may link. It reads bytes a kernel wrote and survives any others.
 */
#ifndef MOAT_KERN_RTNL_LIST_H
#define MOAT_KERN_RTNL_LIST_H

#include "lib/obj/obj.h"

/** struct rtnl_slice - bytes of one part; NULL: was not dumped */
struct rtnl_slice {
	const void *data;
	size_t size;
};

struct rtnl_link_info {
	uint32_t index;
	char name[OBJ_IFNAME_SIZE];
	char kind[16]; /* "veth", "bridge", ... or "" */
	uint32_t mtu;
	uint32_t group;
	uint32_t master; /* index, 0 for none */
	uint32_t link;   /* IFLA_LINK: index of its other end or lower device, 0 for none */
	bool far;        /* which lies in another namespace */
	bool up, running, loopback;
	struct mac mac;
};

struct rtnl_addr_info {
	uint32_t index;
	struct prefix addr;
	uint8_t scope; /* RT_SCOPE_* */
	bool dynamic;  /* has a lifetime: DHCP, SLAAC */
};

struct rtnl_route_info {
	struct prefix dst;
	struct ip via;  /* family 0: on link */
	uint32_t index; /* 0: none (blackhole, multipath: the first hop's is taken) */
	uint32_t metric;
	uint32_t table;
	uint32_t mtu, advmss; /* of the route itself (RTAX_*), 0: its link's */
	uint8_t protocol; /* RTPROT_*: 9 is RA, 2 kernel, 16 dhcp */
	uint8_t type;     /* RTN_* */
};

/* Each returns the number and a malloc'ed array (NULL for 0), or -EBADMSG. */
int rtnl_list_links(struct rtnl_slice raw, struct rtnl_link_info **ret_links);
int rtnl_list_addrs(struct rtnl_slice raw, struct rtnl_addr_info **ret_addrs);
int rtnl_list_routes(struct rtnl_slice raw, struct rtnl_route_info **ret_routes);

enum rtnl_event_part {
	RTNL_EVENT_LINK,
	RTNL_EVENT_ADDR,
	RTNL_EVENT_ROUTE,
	RTNL_EVENT_NEIGH,
	RTNL_EVENT_FDB,
	RTNL_EVENT_QDISC, /* a queue was put on a device by somebody, or taken off it */
	RTNL_EVENT_CONF, /* forwarding or rp_filter of a device, or of all: by whom is never told */
};

#define RTNL_CONF_ALL UINT32_MAX /* NETCONFA_IFINDEX_ALL */

/**
 * struct rtnl_event - one message of a monitor socket, for deciding what to look at again
 * @type: RTM_NEWLINK ...; @ns is not known here
 * @portid: netlink port of who asked for it; 0: the kernel by itself, as when things go with a link (and always for FDB)
 * @down: of links: not administratively up; @set_down: and this message is of somebody who just made it so. One that is new, or
 *	that is closed because it goes or moves to another namespace, says of more than IFF_UP that it changed
 * @loose: of bridge ports: it does not bear LINK_PORT_STATIC's flags (told in messages of their own: only these and @name)
 * @mtu, @master: of links, but not where @loose or @port_only is told; @master: index, 0 for none
 * @index: of the link; of RTNL_EVENT_CONF RTNL_CONF_ALL for the switch of all devices
 * @is_default: of routes: the destination is everything
 * @on_link: of routes: to where, when no gateway leads there
 */
struct rtnl_event {
	uint16_t type;
	uint8_t removed; /* 1: RTM_DEL* */
	uint8_t part;    /* enum rtnl_event_part */
	uint8_t down, set_down;
	uint8_t is_default;
	uint8_t loose, port_only;
	uint32_t mtu, master;
	uint32_t portid;
	uint32_t index;
	char name[OBJ_IFNAME_SIZE]; /* of links only */
	uint8_t protocol;           /* of routes only */
	struct prefix on_link;
};
/** rtnl_event_next() - the next event in @data from *@cursor (0 at first). Return: true when one was found. */
bool rtnl_event_next(const void *data, size_t size, size_t *cursor,
		     struct rtnl_event *ret_event);

#endif
