/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnl_read - what one rtnetlink message says. Floor F2, pure. For rtnl_decode, rtnl_list and rtnl_event alone.
 *
 * Each returns false, or NULL, for a message that is another one, is too short, or lacks what it must bear.
 */
#ifndef MOAT_KERN_RTNL_READ_H
#define MOAT_KERN_RTNL_READ_H

#include <libmnl/libmnl.h>
#include <linux/if_link.h>

#include "lib/kern/rtnl_list.h"

/** struct rtnl_link_message - the attributes point into the message */
struct rtnl_link_message {
	struct rtnl_link_info info;
	uint32_t changed; /* IFF_* */
	const struct nlattr *alias, *slave_kind, *slave_data;
};

/** rtnl_read_header() - the fixed header of a message of @type, @size bytes; NULL: another type, or too short */
const void *rtnl_read_header(const struct nlmsghdr *nlh, uint16_t type, size_t size);
bool rtnl_read_ip(uint8_t family, const struct nlattr *attr, struct ip *ret_ip);
/** rtnl_read_mac() - *@ret_mac stays as it is where @attr is no MAC */
void rtnl_read_mac(const struct nlattr *attr, struct mac *ret_mac);
bool rtnl_read_link(const struct nlmsghdr *nlh, uint16_t type, struct rtnl_link_message *ret_link);
bool rtnl_read_route(const struct nlmsghdr *nlh, uint16_t type, struct rtnl_route_info *ret_route);
/**
 * rtnl_read_hop() - of a route that has several next hops the one at *@at, from 0 on: its device and gateway into @route
 * IPv6 makes one route of those that differ in these alone (fib6_add_rt2node()), and tells of it so.
 */
bool rtnl_read_hop(const struct nlmsghdr *nlh, size_t *at, struct rtnl_route_info *route);
/** rtnl_read_port_static() - do the nested IFLA_BRPORT_* of a bridge port bear LINK_PORT_STATIC's flags? */
bool rtnl_read_port_static(const struct nlattr *const port[IFLA_BRPORT_MAX + 1]);

#endif
