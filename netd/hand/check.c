/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check - the rules a plan must keep; see check.h. Floor F4, pure.
 *
 * One function a rule, and rules_run() names them in order. A rule returns 0
 * or refuse(), which says why. tests/unit/hand_check.c has for every rule
 * what it lets pass and what not. Those of nftables are in check_nft.c.
 */
#include "netd/hand/check_rules.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/ds.h"
#include "lib/base/str.h"

enum {
	UPLINK_LEN4 = 31,	/* an address of an uplink brings a route to one other alone */
	UPLINK_LEN6 = 127,
};

int refuse(struct check *c, int no, const char *fmt, ...)
{
	va_list ap;

	c->result->status = -no;
	va_start(ap, fmt);
	vsnprintf(c->result->text, sizeof(c->result->text), fmt, ap);
	va_end(ap);
	return -no;
}

/* ---- rules for every record ---- */

/* Well formed, and on the right side of the commit point: additions before it, removals behind. */
static int rule_shape(struct check *c, const struct op *op, bool behind)
{
	if (!op_valid(op))
		return refuse(c, EPROTO, "the record is malformed");
	if ((op->verb == OP_DEL) != behind)
		return refuse(c, EPROTO,
			      "the record stands on the wrong side of the commit point");
	return 0;
}

static bool known(const struct check *c, uint64_t ns)
{
	return ns == 0 || table_find(&c->made, &ns, sizeof(ns)) != NULL ||
	       c->world->known(c->world->ctx, ns);
}

/* A namespace is known, or made by this plan. That one vanished before something in it is removed is no fault. */
static int rule_namespace(struct check *c, const struct op *op)
{
	const struct obj *obj = &op->obj;
	char name[24];

	if (obj->kind == OBJ_NETNS || op->verb == OP_DEL)
		return 0;
	if (!known(c, obj->ns)) {
		ns_print(obj->ns, name);
		return refuse(c, ENOENT, "namespace %s is not known here", name);
	}
	/* To change a port touches its own end alone: the other may be where nobody holds the door open any more. */
	if (obj->kind == OBJ_LINK && op->verb != OP_SET && obj->link.peer_name[0] != '\0' &&
	    !known(c, obj->link.peer_ns)) {
		ns_print(obj->link.peer_ns, name);
		return refuse(c, ENOENT, "namespace %s of the peer is not known here", name);
	}
	return 0;
}

/* ---- namespaces ---- */

/* Routers and stacks are made here; containers and foreign ones come by descriptor; the host is neither. */
static int rule_netns(struct check *c, const struct op *op)
{
	enum ns_class class = ns_class(op->obj.ns);

	if (class == NS_HOST)
		return refuse(c, EPERM, "the host's namespace is neither made nor removed");
	if (op->verb == OP_ADD && class != NS_ROUTER && class != NS_STACK)
		return refuse(c, EPERM, "a namespace of this class is adopted, not made");
	return 0;
}

/* ---- links ---- */

static int link_host(struct check *c, const struct op *op)
{
	const struct obj_link *link = &op->obj.link;

	if (!is_uplink_host(link->name) || link->type != LINK_VETH || link->master[0] != '\0')
		return refuse(c, EPERM, "link %s in the host is no uplink of ours", link->name);
	if (link->peer_name[0] != '\0' &&
	    (ns_class(link->peer_ns) != NS_ROUTER || !is_uplink(link->peer_name)))
		return refuse(c, EPERM, "the peer of link %s is no router's uplink",
			      link->name);
	return 0;
}

static bool peer_of_router_ok(const struct obj_link *link)
{
	if (link->peer_name[0] == '\0')
		return true;
	if (is_uplink(link->name))
		return ns_class(link->peer_ns) == NS_HOST && is_uplink_host(link->peer_name);
	return is_inner(ns_class(link->peer_ns));
}

static int link_router(struct check *c, const struct op *op)
{
	const struct obj_link *link = &op->obj.link;
	bool veth = link->type == LINK_VETH;

	if (is_shaper(link->name))
		return link->type == LINK_IFB && (op->verb == OP_DEL || link->index >= OBJ_IFB_FIRST)
			       ? 0
			       : refuse(c, EPERM, "link %s in a router has no name or number of ours for its type", link->name);
	if (!(is_bridge(link->name) ? link->type == LINK_BRIDGE
				    : veth && (is_port(link->name) || is_uplink(link->name))))
		return refuse(c, EPERM, "link %s in a router has no name of ours for its type",
			      link->name);
	if (link->master[0] != '\0' && (!is_port(link->name) || !is_bridge(link->master)))
		return refuse(c, EPERM, "link %s must not be a port of %s", link->name,
			      link->master);
	if (!peer_of_router_ok(link))
		return refuse(c, EPERM,
			      "the peer of link %s is in no namespace such a link may lead to",
			      link->name);
	return 0;
}

/* What a virtual machine's tap is made of: a bridge of our name, and on it the tap and the far end of a port. */
static bool is_of_tap(const struct obj_link *link)
{
	if (link->type == LINK_BRIDGE)
		return is_bridge(link->name);
	if (!is_bridge(link->master))
		return false;
	return link->type == LINK_TAP || (link->type == LINK_VETH && is_tap_port(link->name) && link->peer_name[0] == '\0');
}

/* A wire: from one stack that is ours to another. Ports of networks are made from the router's side. */
static int link_inner(struct check *c, const struct op *op)
{
	const struct obj_link *link = &op->obj.link;
	enum ns_class here = ns_class(op->obj.ns), there = ns_class(link->peer_ns);

	if (op->verb == OP_DEL)
		return here == NS_FOREIGN && link->type != LINK_VETH
			       ? refuse(c, EPERM, "link %s in a foreign namespace is not ours",
					link->name)
			       : 0;
	if (is_of_tap(link))
		return here == NS_STACK ? 0
					: refuse(c, EPERM, "link %s: a tap stands in a stack of ours alone",
						 link->name);
	if (link->type != LINK_VETH || link->master[0] != '\0')
		return refuse(c, EPERM, "link %s: there is no bridge of ours in a stack but beside a tap",
			      link->name);
	if (op->verb == OP_ADD &&
	    (here == NS_FOREIGN || (there != NS_STACK && there != NS_CONTAINER)))
		return refuse(c, EPERM,
			      "link %s: only a wire from stack to stack is made there",
			      link->name);
	return 0;
}

static int rule_link(struct check *c, const struct op *op)
{
	enum ns_class class = ns_class(op->obj.ns);

	if (op->obj.link.type == LINK_LOOPBACK)
		return refuse(c, EPERM, "a loopback is the kernel's");
	if (class == NS_HOST)
		return link_host(c, op);
	return class == NS_ROUTER ? link_router(c, op) : link_inner(c, op);
}

/* ---- what hangs on links ---- */

/* The link an object names, NULL for kinds that name none. */
static const char *device_of(const struct obj *obj)
{
	switch ((enum obj_kind)obj->kind) {
	case OBJ_ADDR:
		return obj->addr.dev;
	case OBJ_UP:
		return obj->up.dev;
	case OBJ_ROUTE:
		return obj->route.dev;
	case OBJ_NEIGH:
		return obj->neigh.dev;
	case OBJ_FDB:
		return obj->fdb.dev;
	case OBJ_PORT:
		return obj->port.dev;
	case OBJ_QDISC:
		return obj->qdisc.dev;
	case OBJ_REDIRECT: /* by check_nft() */
	case OBJ_PROXY: /* on the host's own, by rule_proxy() */
	case OBJ_RULE:
	case OBJ_ELEM:
	case OBJ_NONE:
	case OBJ_NETNS:
	case OBJ_LINK:
	case OBJ_SYSCTL:
	case OBJ_RULESET:
	case OBJ_KIND_COUNT:
		break;
	}
	return NULL;
}

/* In the host and in routers only links of ours are touched; in a stack every one is its owner's and so ours to give. */
static int rule_device(struct check *c, const struct op *op)
{
	const struct obj *obj = &op->obj;
	const char *dev = device_of(obj);
	enum ns_class class = ns_class(obj->ns);

	if (dev == NULL || is_inner(class))
		return 0;
	if (class == NS_HOST)
		return is_uplink_host(dev)
			       ? 0
			       : refuse(c, EPERM, "link \"%s\" of the host is not ours", dev);
	if (obj->kind == OBJ_UP && str_eq(dev, "lo"))
		return 0;
	if (obj->kind == OBJ_ROUTE && dev[0] == '\0')
		return 0;
	return is_router_link(dev)
		       ? 0
		       : refuse(c, EPERM, "link \"%s\" of a router is not ours", dev);
}

bool is_transit(const struct check *c, const struct ip *ip)
{
	static const char *const pools[] = {SEAM_TRANSITS4};
	const struct settings *settings = c->world->settings;
	const struct prefix *given = ip->family == 6 ? &settings->transit6 : &settings->transit4;

	/* a pool the administrator chose takes the place of all others */
	if (given->ip.family != 0)
		return prefix_contains(given, ip);
	if (ip->family == 6)
		return ip->b[0] == 0xfd && ip->b[6] == 0xff && ip->b[7] == 0xff;
	for (size_t i = 0; i < sizeof(pools) / sizeof(*pools); i++) {
		struct prefix pool;

		if (prefix_parse(pools[i], &pool) == 0 && prefix_contains(&pool, ip))
			return true;
	}
	return false;
}

bool is_routed(const struct check *c, const struct prefix *prefix)
{
	const struct settings *settings = c->world->settings;

	for (size_t i = 0; i < settings->routed_count; i++)
		if (prefix_within(prefix, &settings->routed[i]))
			return !is_transit(c, &prefix->ip);
	return false;
}

bool is_led(const struct check *c, const struct prefix *prefix)
{
	return is_routed(c, prefix) ||
	       (prefix_is_private(prefix) && !is_transit(c, &prefix->ip) && !c->world->leads(c->world->ctx, prefix));
}

/*
 * The host answers for what is routed to it, on links that are its own. What of the kind is ours may always go: the
 * administrator may have written other prefixes since.
 */
static int rule_proxy(struct check *c, const struct op *op)
{
	const struct obj_proxy *proxy = &op->obj.proxy;
	struct prefix host = {.ip = proxy->ip, .len = ip_bits(&proxy->ip)};
	char text[IP_STR_SIZE];

	if (op->obj.kind != OBJ_PROXY)
		return 0;
	if (op->obj.ns == NS_HOST && !is_uplink_host(proxy->dev) && !str_eq(proxy->dev, "lo") &&
	    (is_routed(c, &host) || (op->verb == OP_DEL && c->world->proxied(c->world->ctx, proxy))))
		return 0;
	return refuse(c, EPERM, "%s is not among the routed-prefixes of moatd.yaml: nobody answers for it on \"%s\"",
		      ip_print(&proxy->ip, text), proxy->dev);
}

/* To a router alone, and of its addresses those alone that are the administrator's to give. */
static int host_route(struct check *c, const struct obj_route *route)
{
	char text[PREFIX_STR_SIZE];

	if (is_led(c, &route->dst) && is_transit(c, &route->via) && route->metric == 0)
		return 0;
	return refuse(c, EPERM, "%s is not among the routed-prefixes of moatd.yaml, or does not lead to a router",
		      prefix_print(&route->dst, text));
}

/* Routes of ours in the host lead to what is routed to uplinks, and of addresses those of uplinks alone stand there. */
static int rule_host_address(struct check *c, const struct op *op)
{
	const struct prefix *prefix = &op->obj.addr.addr;
	char text[PREFIX_STR_SIZE];

	if (op->obj.ns != 0 || op->verb == OP_DEL)
		return 0;
	if (op->obj.kind == OBJ_ROUTE)
		return host_route(c, &op->obj.route);
	if (op->obj.kind == OBJ_NEIGH)
		return is_transit(c, &op->obj.neigh.ip) || ip_is_linklocal(&op->obj.neigh.ip)
			       ? 0
			       : refuse(c, EPERM, "%s is no neighbour on an uplink",
					ip_print(&op->obj.neigh.ip, text));
	if (op->obj.kind != OBJ_ADDR ||
	    (prefix->ip.family == 6 && ip_is_linklocal(&prefix->ip) && prefix->len == 64) ||
	    (is_transit(c, &prefix->ip) &&
	     prefix->len >= (prefix->ip.family == 4 ? UPLINK_LEN4 : UPLINK_LEN6)))
		return 0;
	return refuse(c, EPERM, "%s is no address of an uplink", prefix_print(prefix, text));
}

/* Tables of their own are for stacks on several networks; host and routers have the main one alone, and routes of their links' sizes. */
static int rule_tables(struct check *c, const struct op *op)
{
	const struct obj *obj = &op->obj;

	if (obj->kind == OBJ_ROUTE && (obj->route.mtu || obj->route.advmss) && !is_inner(ns_class(obj->ns)))
		return refuse(c, EPERM, "a route with an MTU or a segment size of its own is for stacks alone");
	if ((obj->kind != OBJ_RULE && (obj->kind != OBJ_ROUTE || obj->route.table == 0)) ||
	    is_inner(ns_class(obj->ns)))
		return 0;
	return refuse(c, EPERM, "a routing table of its own is for stacks alone");
}

/*
 * In a router an address stands on a bridge or the uplink, never on a port; and over a port lead routes to single
 * addresses that are on its link, and as over a bridge to what was allowed to stand behind one of them: never the
 * default route.
 */
static int rule_router_port(struct check *c, const struct op *op)
{
	const struct obj *obj = &op->obj;
	char text[PREFIX_STR_SIZE];

	if (ns_class(obj->ns) != NS_ROUTER || op->verb == OP_DEL)
		return 0;
	if (obj->kind == OBJ_ADDR && is_port(obj->addr.dev))
		return refuse(c, EPERM, "port %s of a router bears no address", obj->addr.dev);
	if (obj->kind != OBJ_ROUTE || is_uplink(obj->route.dev))
		return 0;
	if (!ip_is_none(&obj->route.via) && obj->route.dst.len > 0 && (is_bridge(obj->route.dev) || is_port(obj->route.dev)))
		return 0;
	if (ip_is_none(&obj->route.via) && is_port(obj->route.dev) &&
	    obj->route.dst.len == ip_bits(&obj->route.dst.ip) && !ip_is_linklocal(&obj->route.dst.ip))
		return 0;
	return refuse(c, EPERM, "a router has no route to %s by \"%s\"", prefix_print(&obj->route.dst, text),
		      obj->route.dev);
}

/* Forwarding tables belong to bridges, and those stand in routers. */
static int rule_fdb(struct check *c, const struct op *op)
{
	const struct obj *obj = &op->obj;

	if (obj->kind != OBJ_FDB)
		return 0;
	if (ns_class(obj->ns) != NS_ROUTER || !is_port(obj->fdb.dev))
		return refuse(c, EPERM, "link \"%s\" is no port of a bridge of ours",
			      obj->fdb.dev);
	return 0;
}

/* What a port receives queues on it, and what it sends on its shaper: on nothing else, and nowhere but in a router. */
static int rule_qdisc(struct check *c, const struct op *op)
{
	const struct obj *obj = &op->obj;

	if (obj->kind != OBJ_QDISC || (ns_class(obj->ns) == NS_ROUTER && (is_port(obj->qdisc.dev) || is_shaper(obj->qdisc.dev))))
		return 0;
	return refuse(c, EPERM, "link \"%s\" is not to be shaped", obj->qdisc.dev);
}

/* ---- sysctls ---- */

/* Are there prefixes of IPv6 that are routed to this host? */
static bool routes6(const struct check *c)
{
	const struct settings *settings = c->world->settings;

	for (size_t i = 0; i < settings->routed_count; i++)
		if (settings->routed[i].ip.family == 6)
			return true;
	return false;
}

/* May what was turned on for IPv6 be turned off again? */
static bool closes6(const struct check *c)
{
	return c->world->opens(c->world->ctx, 6, false) || c->world->opens(c->world->ctx, 6, true);
}

/* On the machine's own devices: forwarding, one device at a time, and what forwarding IPv6 makes necessary. */
static bool host_sysctl_ok(const struct check *c, const struct obj_sysctl *sysctl)
{
	const struct check_world *world = c->world;
	bool group = str_eq(sysctl->dev, "all") || str_eq(sysctl->dev, "default");

	switch ((enum sysctl_key)sysctl->key) {
	/* off again only what can have been turned on by us: where the host itself routes we turned on nothing */
	case SYSCTL_IPV4_FORWARDING:
		return !group && (sysctl->value == 1 || world->opens(world->ctx, 4, false));
	case SYSCTL_IPV6_FORCE_FORWARDING:
		return !group && (sysctl->value == 1 || world->opens(world->ctx, 6, false));
	case SYSCTL_IPV6_FORWARDING: /* "all" is the only one that counts before 6.17; after it, that of a link that answers */
		if (!group && routes6(c))
			return sysctl->value == 1 || world->opens(world->ctx, 6, false);
		return str_eq(sysctl->dev, "all") && world->opens(world->ctx, 6, true);
	case SYSCTL_IPV6_PROXY_NDP:
		return !group && routes6(c) && (sysctl->value == 1 || closes6(c));
	case SYSCTL_IPV6_NEIGH_PROXY_DELAY:
		return !group && routes6(c) && (sysctl->value == 0 || closes6(c));
	case SYSCTL_IPV6_ACCEPT_RA:
		return !group && sysctl->value == 2;
	case SYSCTL_NONE:
	case SYSCTL_IPV6_AUTOCONF:
	case SYSCTL_IPV6_ADDR_GEN_MODE:
	case SYSCTL_IPV6_ACCEPT_REDIRECTS:
	case SYSCTL_IPV6_ACCEPT_SOURCE_ROUTE:
	case SYSCTL_IPV6_DISABLE:
	case SYSCTL_IPV4_ACCEPT_REDIRECTS:
	case SYSCTL_IPV4_SECURE_REDIRECTS:
	case SYSCTL_IPV4_SEND_REDIRECTS:
	case SYSCTL_IPV4_ACCEPT_SOURCE_ROUTE:
	case SYSCTL_IPV4_RP_FILTER:
	case SYSCTL_IPV4_ARP_IGNORE:
	case SYSCTL_IPV4_ARP_ANNOUNCE:
	case SYSCTL_IPV4_ROUTE_LOCALNET:
	case SYSCTL_BRIDGE_CALL_IPTABLES:
	case SYSCTL_BRIDGE_CALL_IP6TABLES:
	case SYSCTL_BRIDGE_CALL_ARPTABLES:
	case SYSCTL_CT_TCP_LOOSE:
	case SYSCTL_IP_EARLY_DEMUX:
	case SYSCTL_UNPRIVILEGED_PORT_START:
	case SYSCTL_IPV4_NEIGH_MCAST_SOLICIT:
	case SYSCTL_IPV6_NEIGH_MCAST_SOLICIT:
	case SYSCTL_PING_GROUP_RANGE:
	case SYSCTL_KEY_COUNT:
		break;
	}
	return false;
}

static int rule_sysctl_host(struct check *c, const struct op *op)
{
	const struct obj_sysctl *sysctl = &op->obj.sysctl;

	if (op->obj.kind != OBJ_SYSCTL || op->obj.ns != 0)
		return 0;
	if (is_uplink_host(sysctl->dev) || host_sysctl_ok(c, sysctl))
		return 0;
	return refuse(c, EPERM, "sysctl %u = %d of \"%s\" is not ours to write in the host",
		      sysctl->key, sysctl->value, sysctl->dev);
}

/* Packets to 127/8 from outside: only where the ruleset drops those that a router sends. */
static int rule_sysctl_localnet(struct check *c, const struct op *op)
{
	const struct obj_sysctl *sysctl = &op->obj.sysctl;

	if (op->obj.kind != OBJ_SYSCTL || sysctl->key != SYSCTL_IPV4_ROUTE_LOCALNET ||
	    sysctl->value == 0)
		return 0;
	if (op->obj.ns == 0 && is_uplink_host(sysctl->dev))
		return 0;
	return refuse(c, EPERM,
		      "route_localnet is for the host's end of an uplink alone, not for \"%s\"",
		      sysctl->dev);
}

/* In routers: on our links, on all, and for the whole namespace. In stacks: on links, and the two for unprivileged servers. */
static int rule_sysctl_inner(struct check *c, const struct op *op)
{
	const struct obj_sysctl *sysctl = &op->obj.sysctl;
	enum ns_class class = ns_class(op->obj.ns);
	bool whole = sysctl->dev[0] == '\0';

	if (op->obj.kind != OBJ_SYSCTL || class == NS_HOST)
		return 0;
	if (class == NS_ROUTER) {
		if (whole || is_router_link(sysctl->dev) || str_eq(sysctl->dev, "all") ||
		    str_eq(sysctl->dev, "default") || str_eq(sysctl->dev, "lo"))
			return 0;
	} else if (!whole) {
		return 0;
	} else if (class != NS_FOREIGN && (sysctl->key == SYSCTL_UNPRIVILEGED_PORT_START ||
					   sysctl->key == SYSCTL_PING_GROUP_RANGE)) {
		return 0;
	}
	return refuse(c, EPERM, "sysctl %u of \"%s\" is not written in such a namespace",
		      sysctl->key, sysctl->dev);
}

/* ---- all of them ---- */

static int rules_run(struct check *c, const struct op *op)
{
	static int (*const rules[])(struct check * c, const struct op *op) = {
		rule_namespace,   rule_device,          rule_host_address,    rule_tables,
		rule_fdb,         rule_router_port,     rule_qdisc,
		rule_sysctl_host, rule_sysctl_localnet, rule_sysctl_inner, rule_proxy,
	};
	int r = 0;

	if (op->obj.kind == OBJ_NETNS)
		return rule_netns(c, op);
	if (op->obj.kind == OBJ_LINK)
		r = rule_link(c, op);
	for (size_t i = 0; r == 0 && i < sizeof(rules) / sizeof(*rules); i++)
		r = rules[i](c, op);
	return r < 0 ? r : check_nft(c, op);
}

int check_plan(const struct op *ops, size_t count, size_t commit, uint32_t uid,
	       const struct check_world *world, struct seam_result *ret_result)
{
	struct seam_result result = {.refused = 1};
	struct check c = {.world = world, .uid = uid, .result = &result};
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct op *op = &ops[i];

		result.index = (uint32_t)i;
		r = rule_shape(&c, op, i >= commit);
		if (r == 0)
			r = rules_run(&c, op);
		if (r == 0 && op->verb == OP_ADD && op->obj.kind == OBJ_NETNS)
			table_add(&c.made, &op->obj.ns, sizeof(op->obj.ns),
				  (void *)(uintptr_t)op);
	}
	table_fini(&c.made);
	if (r < 0)
		*ret_result = result;
	return r;
}
