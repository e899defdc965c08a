/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnl_decode - raw rtnetlink dumps to objects. Floor F2, pure. */
#include "lib/kern/rtnl_decode.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/nlbuf.h"

/* One link of the namespace, ours or not: the other parts look their device up by index. */
struct seen {
	uint32_t index;
	uint32_t master;
	bool ours;
	char name[OBJ_IFNAME_SIZE];
};

struct decoder {
	uint64_t ns;
	struct seen *links; /* sorted by index */
	size_t count;
	struct objv *objs;
};

static bool id_name(const char *name, size_t skip)
{
	uint64_t id;

	return strlen(name) == skip + 12 && str_hex48(name + skip, &id) == 0;
}

/* Types that we make; false for all others. */
static bool type_of(const char *kind, uint8_t *ret_type)
{
	if (str_eq(kind, "veth"))
		*ret_type = LINK_VETH;
	else if (str_eq(kind, "bridge"))
		*ret_type = LINK_BRIDGE;
	else if (str_eq(kind, "tap"))
		*ret_type = LINK_TAP;
	else if (str_eq(kind, "ifb"))
		*ret_type = LINK_IFB;
	else
		return false;
	return true;
}

/* The kernel calls both "tun". A tunnel is nobody's tap. */
static bool is_tap(const struct nlattr *tun_data)
{
	const struct nlattr *tun[IFLA_TUN_MAX + 1];

	nlbuf_nested(tun_data, tun, ARRAY_COUNT(tun));
	return nlbuf_u8(tun[IFLA_TUN_TYPE], 0) == IFF_TAP;
}

static bool is_ours(uint64_t ns, const char *name, const char *kind)
{
	uint8_t type;

	switch (ns_class(ns)) {
	case NS_HOST:
		return str_starts(name, "mu") && id_name(name, 2);
	case NS_ROUTER:
		return str_eq(name, "uplink") ||
		       (name[0] == 'm' && name[1] >= 'a' && name[1] <= 'z' && id_name(name, 2));
	case NS_STACK:
	case NS_CONTAINER:
	case NS_FOREIGN:
		return type_of(kind, &type);
	}
	return false;
}

static int seen_cmp(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static const struct seen *seen_find(const struct decoder *d, uint32_t index)
{
	struct seen key = {.index = index};

	if (!d->count)
		return NULL;
	return bsearch(&key, d->links, d->count, sizeof(key), seen_cmp);
}

static bool ip_read(uint8_t family, const struct nlattr *attr, struct ip *ret_ip)
{
	size_t size = family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
	const void *payload = size ? nlbuf_payload(attr, size) : NULL;

	if (!payload)
		return false;
	*ret_ip = (struct ip){.family = family == AF_INET ? 4 : 6};
	memcpy(ret_ip->b, payload, size);
	return true;
}

static void mac_read(const struct nlattr *attr, struct mac *ret_mac)
{
	const void *payload = nlbuf_payload(attr, sizeof(ret_mac->b));

	if (payload && attr->nla_len == sizeof(*attr) + sizeof(ret_mac->b))
		memcpy(ret_mac->b, payload, sizeof(ret_mac->b));
}

static int bad_bytes(struct err *err, const char *what)
{
	return err_set(err, ERR_KERNEL, EBADMSG, NULL, "%s: not netlink messages", what);
}

/* The fixed header of a message of @type, or NULL when it is another type or too short. */
static const void *header_of(const struct nlmsghdr *nlh, uint16_t type, size_t size)
{
	if (nlh->nlmsg_type != type || nlh->nlmsg_len < NLMSG_LENGTH(size))
		return NULL;
	return mnl_nlmsg_get_payload(nlh);
}

struct link_message {
	struct rtnl_link_info info;
	uint32_t changed; /* IFF_* */
	const struct nlattr *alias, *slave_kind, *slave_data;
};

static bool link_read(const struct nlmsghdr *nlh, uint16_t type, struct link_message *ret_link)
{
	const struct ifinfomsg *ifi = header_of(nlh, type, sizeof(*ifi));
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
	mac_read(attrs[IFLA_ADDRESS], &link->mac);
	ret_link->alias = attrs[IFLA_IFALIAS];
	ret_link->slave_kind = info[IFLA_INFO_SLAVE_KIND];
	ret_link->slave_data = info[IFLA_INFO_SLAVE_DATA];
	return true;
}

static int index_links(struct decoder *d, struct rtnl_slice raw, struct err *err)
{
	size_t offset = 0, capacity = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		struct link_message link;

		if (!link_read(nlh, RTM_NEWLINK, &link))
			continue;
		if (d->count == capacity) {
			capacity = capacity ? 2 * capacity : 64;
			d->links = mem_grow(d->links, capacity, sizeof(*d->links));
		}
		d->links[d->count] = (struct seen){
			.index = link.info.index,
			.master = link.info.master,
			.ours = is_ours(d->ns, link.info.name, link.info.kind),
		};
		memcpy(d->links[d->count].name, link.info.name, sizeof(link.info.name));
		d->count++;
	}
	if (d->count)
		qsort(d->links, d->count, sizeof(*d->links), seen_cmp);
	return bad ? bad_bytes(err, "links") : 0;
}

static bool port_flags_static(const struct nlattr *const port[IFLA_BRPORT_MAX + 1])
{
	return nlbuf_u8(port[IFLA_BRPORT_LEARNING], 1) == 0 &&
	       nlbuf_u8(port[IFLA_BRPORT_UNICAST_FLOOD], 1) == 0 &&
	       nlbuf_u8(port[IFLA_BRPORT_MCAST_FLOOD], 0) == 1 &&
	       nlbuf_u8(port[IFLA_BRPORT_BCAST_FLOOD], 0) == 1 &&
	       nlbuf_u8(port[IFLA_BRPORT_GUARD], 0) == 1 &&
	       nlbuf_u8(port[IFLA_BRPORT_PROTECT], 0) == 1;
}

/* Does a port bear exactly the flags of rtnl_veth_add()? */
static bool port_is_static(const struct link_message *link)
{
	const struct nlattr *port[IFLA_BRPORT_MAX + 1];
	char kind[16];

	if (!nlbuf_name(link->slave_kind, kind, sizeof(kind)) || !str_eq(kind, "bridge"))
		return false;
	nlbuf_nested(link->slave_data, port, ARRAY_COUNT(port));
	return port_flags_static(port);
}

static void link_object(const struct decoder *d, const struct link_message *link)
{
	struct obj obj = {.ns = d->ns, .kind = OBJ_LINK};
	const struct seen *master;

	memcpy(obj.link.name, link->info.name, sizeof(obj.link.name));
	obj.link.mtu = link->info.mtu;
	obj.link.mac = link->info.mac;
	(void)type_of(link->info.kind, &obj.link.type);
	if (obj.link.type == LINK_IFB)
		obj.link.index = link->info.index;
	if (port_is_static(link))
		obj.link.flags |= LINK_PORT_STATIC;
	/* An alias of somebody else may be longer than any of ours: it then differs, which is what it shall do. */
	if (link->alias && !nlbuf_name(link->alias, obj.link.alias, sizeof(obj.link.alias)))
		(void)str_copy(obj.link.alias, sizeof(obj.link.alias), "?");
	master = link->info.master ? seen_find(d, link->info.master) : NULL;
	if (master)
		memcpy(obj.link.master, master->name, sizeof(obj.link.master));
	objv_add(d->objs, &obj);
}

static void decode_links(const struct decoder *d, struct rtnl_slice raw)
{
	size_t offset = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		struct link_message link;
		uint8_t type;
		bool ours;

		if (!link_read(nlh, RTM_NEWLINK, &link))
			continue;
		ours = is_ours(d->ns, link.info.name, link.info.kind);
		/* A name of ours on a link of another type is not a thing we can compare: left out, so it shows as missing. */
		if (ours && type_of(link.info.kind, &type))
			link_object(d, &link);
		else if (!(link.info.loopback && ns_class(d->ns) != NS_HOST))
			continue;
		if (link.info.up) {
			struct obj up = obj_up(d->ns, link.info.name);

			objv_add(d->objs, &up);
		}
	}
}

static int decode_addrs(const struct decoder *d, struct rtnl_slice raw, struct err *err)
{
	size_t offset = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		const struct ifaddrmsg *ifa = header_of(nlh, RTM_NEWADDR, sizeof(*ifa));
		const struct nlattr *attrs[IFA_MAX + 1];
		const struct seen *link = ifa ? seen_find(d, ifa->ifa_index) : NULL;
		struct prefix addr = {0};
		struct obj obj;

		/* a bare stack is ours whole: lab nodes have addresses on their loopback */
		if (!link ||
		    !(link->ours || (ns_class(d->ns) == NS_STACK && str_eq(link->name, "lo"))))
			continue;
		nlbuf_attrs(nlh, sizeof(*ifa), attrs, ARRAY_COUNT(attrs));
		if (!ip_read(ifa->ifa_family, attrs[IFA_LOCAL], &addr.ip) &&
		    !ip_read(ifa->ifa_family, attrs[IFA_ADDRESS], &addr.ip))
			continue;
		if (!link->ours && ip_is_loopback(&addr.ip)) /* the kernel's own */
			continue;
		addr.len = ifa->ifa_prefixlen;
		obj = obj_addr(d->ns, link->name, &addr);
		objv_add(d->objs, &obj);
	}
	return bad ? bad_bytes(err, "addresses") : 0;
}

static bool route_read(const struct nlmsghdr *nlh, uint16_t type,
		       struct rtnl_route_info *ret_route)
{
	const struct rtmsg *rtm = header_of(nlh, type, sizeof(*rtm));
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
	}
	(void)ip_read(rtm->rtm_family, attrs[RTA_DST], &ret_route->dst.ip);
	if (!ip_read(rtm->rtm_family, attrs[RTA_GATEWAY], &ret_route->via)) {
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

static bool table_is_ours(uint32_t table)
{
	return table >= OBJ_TABLE_FIRST && table <= OBJ_TABLE_LAST;
}

static int decode_routes(const struct decoder *d, struct rtnl_slice raw, struct err *err)
{
	size_t offset = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		struct rtnl_route_info route;
		const struct seen *link;
		struct obj obj;

		if (!route_read(nlh, RTM_NEWROUTE, &route) ||
		    route.protocol != OBJ_ROUTE_PROTO ||
		    (route.table != RT_TABLE_MAIN && !table_is_ours(route.table)))
			continue;
		link = seen_find(d, route.index);
		obj = obj_route_in(d->ns, &route.dst, &route.via, link ? link->name : "",
				   route.metric,
				   route.table == RT_TABLE_MAIN ? 0 : route.table);
		objv_add(d->objs, &obj);
	}
	return bad ? bad_bytes(err, "routes") : 0;
}

static int decode_rules(const struct decoder *d, struct rtnl_slice raw, struct err *err)
{
	size_t offset = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		const struct fib_rule_hdr *frh = header_of(nlh, RTM_NEWRULE, sizeof(*frh));
		const struct nlattr *attrs[FRA_MAX + 1];
		const uint8_t *protocol;
		uint32_t table;
		struct ip src = {0};
		struct obj obj;

		if (!frh)
			continue;
		nlbuf_attrs(nlh, sizeof(*frh), attrs, ARRAY_COUNT(attrs));
		protocol = nlbuf_payload(attrs[FRA_PROTOCOL], sizeof(*protocol));
		table = nlbuf_u32(attrs[FRA_TABLE], frh->table);
		if (!protocol || *protocol != OBJ_ROUTE_PROTO || !table_is_ours(table) ||
		    !ip_read(frh->family, attrs[FRA_SRC], &src))
			continue;
		obj = obj_rule(d->ns, &src, table);
		objv_add(d->objs, &obj);
	}
	return bad ? bad_bytes(err, "rules") : 0;
}

static void decode_proxy(const struct decoder *d, const struct seen *link, const struct nlmsghdr *nlh, const struct ndmsg *ndm)
{
	const struct nlattr *attrs[NDA_MAX + 1];
	struct ip ip;
	struct obj obj;

	nlbuf_attrs(nlh, sizeof(*ndm), attrs, ARRAY_COUNT(attrs));
	if (d->ns != NS_HOST || ndm->ndm_family != AF_INET6 || nlbuf_u8(attrs[NDA_PROTOCOL], 0) != OBJ_ROUTE_PROTO ||
	    !ip_read(ndm->ndm_family, attrs[NDA_DST], &ip))
		return;
	obj = obj_proxy(d->ns, link->name, &ip);
	objv_add(d->objs, &obj);
}

static int decode_neighs(const struct decoder *d, struct rtnl_slice raw, struct err *err)
{
	size_t offset = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		const struct ndmsg *ndm = header_of(nlh, RTM_NEWNEIGH, sizeof(*ndm));
		const struct nlattr *attrs[NDA_MAX + 1];
		const struct seen *link = ndm ? seen_find(d, (uint32_t)ndm->ndm_ifindex) : NULL;
		struct mac mac = {0};
		struct ip ip;
		struct obj obj;

		if (link && ndm->ndm_flags & NTF_PROXY)
			decode_proxy(d, link, nlh, ndm);
		if (!link || !link->ours || !(ndm->ndm_state & NUD_PERMANENT))
			continue;
		nlbuf_attrs(nlh, sizeof(*ndm), attrs, ARRAY_COUNT(attrs));
		if (!ip_read(ndm->ndm_family, attrs[NDA_DST], &ip))
			continue;
		mac_read(attrs[NDA_LLADDR], &mac);
		obj = obj_neigh(d->ns, link->name, &ip, &mac);
		objv_add(d->objs, &obj);
	}
	return bad ? bad_bytes(err, "neighbours") : 0;
}

static int decode_fdb(const struct decoder *d, struct rtnl_slice raw, struct err *err)
{
	size_t offset = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		const struct ndmsg *ndm = header_of(nlh, RTM_NEWNEIGH, sizeof(*ndm));
		const struct nlattr *attrs[NDA_MAX + 1];
		const struct seen *link = ndm ? seen_find(d, (uint32_t)ndm->ndm_ifindex) : NULL;
		struct mac mac = {0};
		struct obj obj;

		/*
		 * Static and forwarding is NUD_NOARP with the master flag; local entries are NUD_PERMANENT. One entry in
		 * many VLANs is shown once for each and once without any.
		 */
		if (!link || !link->ours || ndm->ndm_family != AF_BRIDGE ||
		    !(ndm->ndm_state & NUD_NOARP))
			continue;
		nlbuf_attrs(nlh, sizeof(*ndm), attrs, ARRAY_COUNT(attrs));
		mac_read(attrs[NDA_LLADDR], &mac);
		if (!mac_is_unicast(&mac) || attrs[NDA_VLAN] ||
		    (!attrs[NDA_MASTER] && !(ndm->ndm_flags & NTF_MASTER)))
			continue;
		obj = obj_fdb(d->ns, link->name, &mac);
		objv_add(d->objs, &obj);
	}
	return bad ? bad_bytes(err, "FDB") : 0;
}

/* One that is more than we say of ours, such as a peak rate or a size counted otherwise, differs from it in its limit, which is never 0. */
static bool qdisc_read(const struct nlattr *options, struct obj_qdisc *qdisc)
{
	const struct nlattr *tbf[TCA_TBF_MAX + 1];
	struct tc_tbf_qopt parms;
	const void *payload;

	nlbuf_nested(options, tbf, ARRAY_COUNT(tbf));
	payload = nlbuf_payload(tbf[TCA_TBF_PARMS], sizeof(parms));
	if (!payload)
		return false;
	memcpy(&parms, payload, sizeof(parms));
	qdisc->rate = parms.rate.rate;
	payload = nlbuf_payload(tbf[TCA_TBF_RATE64], sizeof(qdisc->rate));
	if (payload)
		memcpy(&qdisc->rate, payload, sizeof(qdisc->rate));
	qdisc->burst = parms.buffer;
	qdisc->limit = parms.peakrate.rate || parms.rate.overhead || parms.rate.linklayer == TC_LINKLAYER_ATM ? 0 : parms.limit;
	return true;
}

static int decode_qdiscs(const struct decoder *d, struct rtnl_slice raw, struct err *err)
{
	size_t offset = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		const struct tcmsg *tcm = header_of(nlh, RTM_NEWQDISC, sizeof(*tcm));
		const struct seen *link = tcm ? seen_find(d, (uint32_t)tcm->tcm_ifindex) : NULL;
		const struct nlattr *attrs[TCA_MAX + 1];
		struct obj obj = {.ns = d->ns, .kind = OBJ_QDISC};
		char kind[16];

		if (!link || !link->ours || tcm->tcm_parent != TC_H_ROOT)
			continue;
		nlbuf_attrs(nlh, sizeof(*tcm), attrs, ARRAY_COUNT(attrs));
		if (!nlbuf_name(attrs[TCA_KIND], kind, sizeof(kind)) || !str_eq(kind, "tbf") ||
		    !qdisc_read(attrs[TCA_OPTIONS], &obj.qdisc))
			continue;
		memcpy(obj.qdisc.dev, link->name, sizeof(obj.qdisc.dev));
		objv_add(d->objs, &obj);
	}
	return bad ? bad_bytes(err, "queues") : 0;
}

int rtnl_decode(const struct rtnl_raw *raw, uint64_t ns, struct objv *objs, struct err *err)
{
	struct decoder d = {.ns = ns, .objs = objs};
	int r = index_links(&d, raw->links, err);

	if (r == 0) {
		decode_links(&d, raw->links);
		r = decode_addrs(&d, raw->addrs, err);
	}
	if (r == 0)
		r = decode_routes(&d, raw->routes, err);
	if (r == 0)
		r = decode_rules(&d, raw->rules, err);
	if (r == 0)
		r = decode_neighs(&d, raw->neighs, err);
	if (r == 0)
		r = decode_fdb(&d, raw->fdb, err);
	if (r == 0)
		r = decode_qdiscs(&d, raw->qdiscs, err);
	free(d.links);
	return r;
}

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
	struct link_message link;

	if (!link_read(nlh, RTM_NEWLINK, &link))
		return false;
	*(struct rtnl_link_info *)ret_item = link.info;
	return true;
}

static bool addr_item(const struct nlmsghdr *nlh, void *ret_item)
{
	const struct ifaddrmsg *ifa = header_of(nlh, RTM_NEWADDR, sizeof(*ifa));
	const struct nlattr *attrs[IFA_MAX + 1];
	struct rtnl_addr_info addr = {0};

	if (!ifa)
		return false;
	nlbuf_attrs(nlh, sizeof(*ifa), attrs, ARRAY_COUNT(attrs));
	if (!ip_read(ifa->ifa_family, attrs[IFA_LOCAL], &addr.addr.ip) &&
	    !ip_read(ifa->ifa_family, attrs[IFA_ADDRESS], &addr.addr.ip))
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
	return route_read(nlh, RTM_NEWROUTE, ret_item);
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

/* What a bridge tells of a port by itself: its flags. */
static bool port_event(const struct nlmsghdr *nlh, struct rtnl_event *event)
{
	const struct ifinfomsg *ifi = header_of(nlh, RTM_NEWLINK, sizeof(*ifi));
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
	event->loose = !port_flags_static(port);
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
		struct link_message link;

		if (type == RTM_NEWLINK || type == RTM_DELLINK) {
			if (type == RTM_NEWLINK && port_event(nlh, &event)) {
				*ret_event = event;
				return true;
			}
			if (!link_read(nlh, type, &link))
				continue;
			event.part = RTNL_EVENT_LINK;
			event.index = link.info.index;
			event.down = !link.info.up;
			event.set_down = event.down && link.changed == IFF_UP;
			event.mtu = link.info.mtu;
			event.master = link.info.master;
			memcpy(event.name, link.info.name, sizeof(event.name));
		} else if (type == RTM_NEWADDR || type == RTM_DELADDR) {
			ifa = header_of(nlh, type, sizeof(*ifa));
			if (!ifa)
				continue;
			event.part = RTNL_EVENT_ADDR;
			event.index = ifa->ifa_index;
		} else if (type == RTM_NEWROUTE || type == RTM_DELROUTE) {
			if (!route_read(nlh, type, &route))
				continue;
			event.part = RTNL_EVENT_ROUTE;
			event.index = route.index;
			event.protocol = route.protocol;
			event.is_default = route.dst.len == 0;
			if (!event.is_default && ip_is_none(&route.via))
				event.on_link = route.dst;
		} else if (type == RTM_NEWNEIGH || type == RTM_DELNEIGH) {
			ndm = header_of(nlh, type, sizeof(*ndm));
			if (!ndm)
				continue;
			event.part = ndm->ndm_family == AF_BRIDGE ? RTNL_EVENT_FDB
								  : RTNL_EVENT_NEIGH;
			event.index = (uint32_t)ndm->ndm_ifindex;
		} else if (type == RTM_NEWQDISC || type == RTM_DELQDISC) {
			tcm = header_of(nlh, type, sizeof(*tcm));
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
