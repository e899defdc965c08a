/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnl_list - raw rtnetlink dumps as lists of what there is; see rtnl_list.h. Floor F2, pure. */
#include "lib/kern/rtnl_list.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "lib/base/mem.h"
#include "lib/kern/nlbuf.h"
#include "lib/kern/rtnl_read.h"

/*
 * Return: every message of @raw that @read makes an item of @size bytes of, in one array by malloc(3), which is NULL for none;
 * @ret_count is how many, or -EBADMSG.
 */
static void *list_items(struct rtnl_slice raw, size_t size, bool (*read)(const struct nlmsghdr *nlh, void *ret_item),
			int *ret_count)
{
	size_t offset = 0, capacity = 0, count = 0;
	const struct nlmsghdr *nlh;
	char *items = NULL;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		if (count == capacity) {
			capacity = capacity ? 2 * capacity : 16;
			items = mem_grow(items, capacity, size);
		}
		count += read(nlh, items + count * size);
	}
	if (bad) {
		free(items);
		*ret_count = -EBADMSG;
		return NULL;
	}
	*ret_count = (int)count;
	return items;
}

static bool link_item(const struct nlmsghdr *nlh, void *ret_item)
{
	struct rtnl_link_message link;

	if (!rtnl_read_link(nlh, RTM_NEWLINK, &link))
		return false;
	*(struct rtnl_link_info *)ret_item = link.info;
	return true;
}

static bool addr_item(const struct nlmsghdr *nlh, void *ret_item)
{
	const struct ifaddrmsg *ifa = rtnl_read_header(nlh, RTM_NEWADDR, sizeof(*ifa));
	const struct nlattr *attrs[IFA_MAX + 1];
	struct rtnl_addr_info addr = {0};

	if (!ifa)
		return false;
	nlbuf_attrs(nlh, sizeof(*ifa), attrs, ARRAY_COUNT(attrs));
	if (!rtnl_read_ip(ifa->ifa_family, attrs[IFA_LOCAL], &addr.addr.ip) &&
	    !rtnl_read_ip(ifa->ifa_family, attrs[IFA_ADDRESS], &addr.addr.ip))
		return false;
	addr.addr.len = ifa->ifa_prefixlen;
	addr.index = ifa->ifa_index;
	addr.scope = ifa->ifa_scope;
	addr.dynamic = !(nlbuf_u32(attrs[IFA_FLAGS], ifa->ifa_flags) & IFA_F_PERMANENT);
	*(struct rtnl_addr_info *)ret_item = addr;
	return true;
}

static bool route_item(const struct nlmsghdr *nlh, void *ret_item)
{
	return rtnl_read_route(nlh, RTM_NEWROUTE, ret_item);
}

int rtnl_list_links(struct rtnl_slice raw, struct rtnl_link_info **ret_links)
{
	struct rtnl_link_info *links;
	int count;

	links = list_items(raw, sizeof(*links), link_item, &count);
	if (count >= 0)
		*ret_links = links;
	return count;
}

int rtnl_list_addrs(struct rtnl_slice raw, struct rtnl_addr_info **ret_addrs)
{
	struct rtnl_addr_info *addrs;
	int count;

	addrs = list_items(raw, sizeof(*addrs), addr_item, &count);
	if (count >= 0)
		*ret_addrs = addrs;
	return count;
}

int rtnl_list_routes(struct rtnl_slice raw, struct rtnl_route_info **ret_routes)
{
	struct rtnl_route_info *routes;
	int count;

	routes = list_items(raw, sizeof(*routes), route_item, &count);
	if (count >= 0)
		*ret_routes = routes;
	return count;
}
