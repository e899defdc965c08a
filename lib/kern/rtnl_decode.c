/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnl_decode - raw rtnetlink dumps to objects. Floor F2, pure. */
#include "lib/kern/rtnl_decode.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/nlbuf.h"
#include "lib/kern/rtnl_read.h"

/* One link of the namespace, ours or not: the other parts look their device up by index. */
struct seen {
	uint32_t index;
	uint32_t master;
	bool ours, up;
	char name[OBJ_IFNAME_SIZE];
};

/* A route that the kernel made for an address: to those who are on the link. Compared byte for byte. */
struct connected {
	uint32_t index;
	struct prefix dst;
};

struct decoder {
	uint64_t ns;
	struct seen *links; /* sorted by index */
	size_t count;
	struct connected *connected; /* sorted, once all are known */
	size_t connected_count, connected_capacity;
	bool routes_known;
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

static int bad_bytes(struct err *err, const char *what)
{
	return err_set(err, ERR_KERNEL, EBADMSG, NULL, "%s: not netlink messages", what);
}

static int index_links(struct decoder *d, struct rtnl_slice raw, struct err *err)
{
	size_t offset = 0, capacity = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		struct rtnl_link_message link;

		if (!rtnl_read_link(nlh, RTM_NEWLINK, &link))
			continue;
		if (d->count == capacity) {
			capacity = capacity ? 2 * capacity : 64;
			d->links = mem_grow(d->links, capacity, sizeof(*d->links));
		}
		d->links[d->count] = (struct seen){
			.index = link.info.index,
			.master = link.info.master,
			.ours = is_ours(d->ns, link.info.name, link.info.kind),
			.up = link.info.up,
		};
		memcpy(d->links[d->count].name, link.info.name, sizeof(link.info.name));
		d->count++;
	}
	if (d->count)
		qsort(d->links, d->count, sizeof(*d->links), seen_cmp);
	return bad ? bad_bytes(err, "links") : 0;
}

static bool port_is_static(const struct rtnl_link_message *link)
{
	const struct nlattr *port[IFLA_BRPORT_MAX + 1];
	char kind[16];

	if (!nlbuf_name(link->slave_kind, kind, sizeof(kind)) || !str_eq(kind, "bridge"))
		return false;
	nlbuf_nested(link->slave_data, port, ARRAY_COUNT(port));
	return rtnl_read_port_static(port);
}

static void link_object(const struct decoder *d, const struct rtnl_link_message *link)
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
		struct rtnl_link_message link;
		uint8_t type;
		bool ours;

		if (!rtnl_read_link(nlh, RTM_NEWLINK, &link))
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

static struct connected connected_key(uint32_t index, const struct prefix *network)
{
	struct connected key;

	memset(&key, 0, sizeof(key));
	key.index = index;
	key.dst.ip.family = network->ip.family;
	memcpy(key.dst.ip.b, network->ip.b, ip_bits(&network->ip) / 8);
	key.dst.len = network->len;
	return key;
}

static int connected_cmp(const void *a, const void *b) { return memcmp(a, b, sizeof(struct connected)); }

static void connected_add(struct decoder *d, const struct rtnl_route_info *route)
{
	if (ns_class(d->ns) > NS_ROUTER || route->protocol != RTPROT_KERNEL || route->table != RT_TABLE_MAIN)
		return;
	if (d->connected_count == d->connected_capacity) {
		d->connected_capacity = d->connected_capacity ? 2 * d->connected_capacity : 16;
		d->connected = mem_grow(d->connected, d->connected_capacity, sizeof(*d->connected));
	}
	d->connected[d->connected_count++] = connected_key(route->index, &route->dst);
}

/*
 * In host and routers: an address whose route somebody has flushed (ip route flush) reaches nobody, and the kernel makes
 * that route with the address alone. So it is not there as it should be. One that is the whole of its network has a route in
 * IPv6 only.
 */
static bool is_connected(const struct decoder *d, const struct seen *link, const struct prefix *addr)
{
	const struct prefix network = prefix_network(addr);
	const struct connected key = connected_key(link->index, &network);

	if (ns_class(d->ns) > NS_ROUTER || !d->routes_known || !link->up || (addr->ip.family == 4 && addr->len == 32))
		return true;
	return d->connected_count && bsearch(&key, d->connected, d->connected_count, sizeof(key), connected_cmp);
}

static int decode_addrs(const struct decoder *d, struct rtnl_slice raw, struct err *err)
{
	size_t offset = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	if (d->connected_count)
		qsort(d->connected, d->connected_count, sizeof(*d->connected), connected_cmp);
	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		const struct ifaddrmsg *ifa = rtnl_read_header(nlh, RTM_NEWADDR, sizeof(*ifa));
		const struct nlattr *attrs[IFA_MAX + 1];
		const struct seen *link = ifa ? seen_find(d, ifa->ifa_index) : NULL;
		struct prefix addr = {0};
		struct obj obj;

		/* a bare stack is ours whole: lab nodes have addresses on their loopback */
		if (!link ||
		    !(link->ours || (ns_class(d->ns) == NS_STACK && str_eq(link->name, "lo"))))
			continue;
		nlbuf_attrs(nlh, sizeof(*ifa), attrs, ARRAY_COUNT(attrs));
		if (!rtnl_read_ip(ifa->ifa_family, attrs[IFA_LOCAL], &addr.ip) &&
		    !rtnl_read_ip(ifa->ifa_family, attrs[IFA_ADDRESS], &addr.ip))
			continue;
		if (!link->ours && ip_is_loopback(&addr.ip)) /* the kernel's own */
			continue;
		addr.len = ifa->ifa_prefixlen;
		if (!is_connected(d, link, &addr))
			continue;
		obj = obj_addr(d->ns, link->name, &addr);
		objv_add(d->objs, &obj);
	}
	return bad ? bad_bytes(err, "addresses") : 0;
}

static bool table_is_ours(uint32_t table)
{
	return table >= OBJ_TABLE_FIRST && table <= OBJ_TABLE_LAST;
}

static void add_route(const struct decoder *d, const struct rtnl_route_info *route)
{
	const struct seen *link = seen_find(d, route->index);
	struct obj obj = obj_route_in(d->ns, &route->dst, &route->via, link ? link->name : "", route->metric,
				      route->table == RT_TABLE_MAIN ? 0 : route->table);

	obj.route.mtu = route->mtu;
	obj.route.advmss = route->advmss;
	objv_add(d->objs, &obj);
}

static int decode_routes(struct decoder *d, struct rtnl_slice raw, struct err *err)
{
	size_t offset = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		struct rtnl_route_info route;
		size_t at = 0;

		if (!rtnl_read_route(nlh, RTM_NEWROUTE, &route))
			continue;
		d->routes_known = true;
		connected_add(d, &route);
		if (route.protocol != OBJ_ROUTE_PROTO ||
		    (route.table != RT_TABLE_MAIN && !table_is_ours(route.table)))
			continue;
		if (!rtnl_read_hop(nlh, &at, &route)) {
			add_route(d, &route);
			continue;
		}
		do
			add_route(d, &route);
		while (rtnl_read_hop(nlh, &at, &route));
	}
	return bad ? bad_bytes(err, "routes") : 0;
}

static int decode_rules(const struct decoder *d, struct rtnl_slice raw, struct err *err)
{
	size_t offset = 0;
	const struct nlmsghdr *nlh;
	bool bad = false;

	while ((nlh = nlbuf_next(raw.data, raw.size, &offset, &bad))) {
		const struct fib_rule_hdr *frh = rtnl_read_header(nlh, RTM_NEWRULE, sizeof(*frh));
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
		    !rtnl_read_ip(frh->family, attrs[FRA_SRC], &src))
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
	    !rtnl_read_ip(ndm->ndm_family, attrs[NDA_DST], &ip))
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
		const struct ndmsg *ndm = rtnl_read_header(nlh, RTM_NEWNEIGH, sizeof(*ndm));
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
		if (!rtnl_read_ip(ndm->ndm_family, attrs[NDA_DST], &ip))
			continue;
		rtnl_read_mac(attrs[NDA_LLADDR], &mac);
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
		const struct ndmsg *ndm = rtnl_read_header(nlh, RTM_NEWNEIGH, sizeof(*ndm));
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
		rtnl_read_mac(attrs[NDA_LLADDR], &mac);
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
		const struct tcmsg *tcm = rtnl_read_header(nlh, RTM_NEWQDISC, sizeof(*tcm));
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
		r = decode_routes(&d, raw->routes, err);
	}
	if (r == 0)
		r = decode_addrs(&d, raw->addrs, err);
	if (r == 0)
		r = decode_rules(&d, raw->rules, err);
	if (r == 0)
		r = decode_neighs(&d, raw->neighs, err);
	if (r == 0)
		r = decode_fdb(&d, raw->fdb, err);
	if (r == 0)
		r = decode_qdiscs(&d, raw->qdiscs, err);
	free(d.links);
	free(d.connected);
	return r;
}
