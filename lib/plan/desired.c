/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desired - the kernel layout of Moat, as objects. Floor F3, pure.
 *
 *   host                         router:T (a namespace a tenant)            stack
 *   ------------------------     --------------------------------------     ------------------
 *   table inet moat              table inet moat, table netdev moat
 *   muT  transit .0 ============ uplink  transit .1, default routes
 *    a route to each subnet that
 *    leaves with its own addresses
 *                                mbN  bridge, gateway addresses
 *                                 '-- mpE ============================= eth0  addresses,
 *                                     (guarded, FDB and neighbours static)   default routes
 *                                     with a bandwidth: see desired_shape.c
 *                                mpE ================================== eth0  addresses /32 and /128,
 *                                 of a routed network: (guarded, a       default by 169.254.1.1
 *                                 route and a neighbour an address)      and fe80::1
 *                                mbN  of an l2 network: learns, no address
 *                                 '-- mpE ============================= eth0  addresses as asked for
 *                                     mpE, of any of them ============= mvE
 *                                                                        '-- mbE, without address
 *                                                                             '-- tap0  a virtual machine
 *
 * A routed port bears no address. 169.254.1.1 stands once, on the uplink, and
 * fe80::1 nowhere: the stack has a permanent neighbour for each, and that is all
 * a next hop must be. As an address of each port they would be one route of the
 * same prefix a port, and the kernel walks all routes of one prefix whenever it
 * adds one (9.6 ms for IPv6 alone at the 10,000th port) and whenever a packet
 * comes for it: any stack could keep a processor busy with pings of its gateway.
 * Names are asked for at 169.254.1.1 and, by IPv6, at fec0:0:0:ffff::1, which
 * stands on the uplink, too.
 *
 * A virtual machine's tap stands in a stack of its own, behind a port like any
 * other, and not among the ports: who holds an open tap holds the namespace it
 * was opened in (drivers/net/tun.c, tun_chr_open(): its socket counts), and
 * one machine that goes on would keep a deleted tenant's whole router alive
 * (tests/platform/tap_pins_namespace.c). The bridge between the two has no
 * address and no IPv6, and speaks no word of its own.
 *
 * Neighbour and forwarding entries are permanent: nothing a stack sends can
 * change where its neighbours' packets go, and no table of the kernel's can be
 * filled from inside. The host end of an endpoint comes up last (rank table in
 * plan.c), when guard and policy stand.
 */
#include "lib/plan/desired.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

static void add(struct objv *objs, struct obj obj) { objv_add(objs, &obj); }

static const struct prefix default4 = { .ip = { .family = 4 } };
static const struct prefix routed_gateway = { .ip = { .family = 4, .b = { 169, 254, 1, 1 } }, .len = 32 };
static const struct prefix default6 = { .ip = { .family = 6 } };

/* The link-local address every end of ours gets from its MAC, instead of one the kernel makes with DAD. */
static void add_linklocal(struct objv *objs, uint64_t ns, const char *dev, const struct mac *mac)
{
	struct prefix ll = { .ip = ip6_linklocal(mac), .len = 64 };

	add(objs, obj_addr(ns, dev, &ll));
}

struct sysctl_row {
	enum sysctl_key key;
	const char *dev;
	int32_t value;
};

static void add_sysctls(struct objv *objs, uint64_t ns, const struct sysctl_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(objs, obj_sysctl(ns, rows[i].key, rows[i].dev, rows[i].value));
}

/* ----------------------------------------------------------------------- host */

static void add_host_elem(struct objv *objs, enum nft_set set, const char *dev, const struct ip *ip)
{
	struct obj elem = obj_elem(NS_HOST, set);

	memcpy(elem.elem.dev, dev, strlen(dev));
	if (ip)
		elem.elem.ip = *ip;
	objv_add(objs, &elem);
}

/* Devices that forward since we asked them to, and the family in which all do. */
static void add_opened(struct objv *objs, const struct host_facts *facts)
{
	for (size_t i = 0; i < facts->opened4.count; i++)
		add_host_elem(objs, SET_HOST_OPENED4, facts->opened4.names[i], NULL);
	for (size_t i = 0; i < facts->opened6.count; i++)
		add_host_elem(objs, SET_HOST_OPENED6, facts->opened6.names[i], NULL);
	if (facts->opened_all6) {
		struct obj all = obj_elem(NS_HOST, SET_HOST_OPENED_ALL);

		all.elem.family = OBJ_FAMILY_IPV6;
		objv_add(objs, &all);
	}
}

/*
 * So that the host answers for endpoints whose addresses are on one of its links. The kernel does that on devices that
 * "forward" (net/ipv6/ndisc.c, ndisc_recv_ns()), by the switch that lets nothing pass since 6.17 and is all.forwarding's before;
 * and it would let a router wait for up to 0.8 s at its first packet. tests/platform/nd_proxy.c.
 */
static void add_proxies(struct objv *objs, const struct host_facts *facts)
{
	for (size_t i = 0; i < facts->proxies.count; i++) {
		const char *dev = facts->proxies.names[i];

		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_PROXY_NDP, dev, 1));
		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_NEIGH_PROXY_DELAY, dev, 0));
		if (facts->force_forwarding)
			add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_FORWARDING, dev, 1));
	}
}

void desired_host_closed(const struct host_facts *facts, struct objv *objs)
{
	for (size_t i = 0; i < facts->opened4.count; i++)
		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV4_FORWARDING, facts->opened4.names[i], 0));
	for (size_t i = 0; i < facts->opened6.count; i++)
		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_FORCE_FORWARDING, facts->opened6.names[i], 0));
	for (size_t i = 0; i < facts->proxies_opened.count; i++) {
		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_PROXY_NDP, facts->proxies_opened.names[i], 0));
		/* the kernel's default: what it was before is not kept */
		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_NEIGH_PROXY_DELAY, facts->proxies_opened.names[i], 80));
	}
	for (size_t i = 0; i < facts->routers6.count; i++)
		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_FORWARDING, facts->routers6.names[i], 0));
	if (facts->opened_all6)
		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_FORWARDING, "all", 0));
}

void desired_host(const struct host_facts *facts, struct objv *objs)
{
	add(objs, obj_ruleset(NS_HOST, RULESET_HOST, RULESET_HOST_VERSION));
	for (size_t i = 0; i < facts->egress_count; i++) {
		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV4_FORWARDING, facts->egress[i], 1));
		if (facts->ipv6 && facts->force_forwarding)
			add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_FORCE_FORWARDING, facts->egress[i], 1));
	}
	add_opened(objs, facts);
	if (facts->ipv6)
		add_proxies(objs, facts);
	if (!facts->ipv6 || (facts->force_forwarding && !facts->proxies.count))
		return;
	/*
	 * Before 6.17 IPv6 forwards for all devices or for none, and a device that forwards throws away its RA default
	 * route for good unless accept_ra is 2 (net/ipv6/addrconf.c, ndisc_router_discovery): of all devices, when one does.
	 */
	for (size_t i = 0; i < facts->ra_count; i++)
		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_ACCEPT_RA, facts->ra[i], 2));
	if (!facts->force_forwarding)
		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_FORWARDING, "all", 1));
}

/* --------------------------------------------------------------------- router */

static uint64_t router_ns(const struct tenant *tenant) { return NS_ID(NS_ROUTER, tenant->id); }

/* MAC addresses of the two uplink ends: of the tenant's id, apart in a bit that mac_from_id() keeps. */
static struct mac uplink_mac(const struct tenant *tenant, bool router)
{
	return mac_from_id(router ? tenant->id : tenant->id ^ 1);
}

/* Profile of a router: weak-host answers, redirects, source routes and autoconfiguration off; forwarding on. */
static const struct sysctl_row router_profile[] = {
	{ SYSCTL_IPV4_FORWARDING, "all", 1 },
	{ SYSCTL_IPV4_ACCEPT_REDIRECTS, "all", 0 },
	{ SYSCTL_IPV4_ACCEPT_REDIRECTS, "default", 0 },
	{ SYSCTL_IPV4_SECURE_REDIRECTS, "all", 0 },
	{ SYSCTL_IPV4_SECURE_REDIRECTS, "default", 0 },
	{ SYSCTL_IPV4_SEND_REDIRECTS, "all", 0 },
	{ SYSCTL_IPV4_SEND_REDIRECTS, "default", 0 },
	{ SYSCTL_IPV4_ACCEPT_SOURCE_ROUTE, "all", 0 },
	{ SYSCTL_IPV4_ACCEPT_SOURCE_ROUTE, "default", 0 },
	{ SYSCTL_IPV4_RP_FILTER, "all", 1 },
	{ SYSCTL_IPV4_ARP_IGNORE, "all", 0 }, /* bridges and the uplink have 1; a routed port answers for 169.254.1.1 */
	{ SYSCTL_IPV4_ARP_ANNOUNCE, "all", 2 },
	{ SYSCTL_IPV6_ADDR_GEN_MODE, "default", 1 },
	{ SYSCTL_IPV6_ACCEPT_RA, "all", 0 },
	{ SYSCTL_IPV6_ACCEPT_RA, "default", 0 },
	{ SYSCTL_IPV6_AUTOCONF, "default", 0 },
	{ SYSCTL_IPV6_ACCEPT_REDIRECTS, "all", 0 },
	{ SYSCTL_IPV6_ACCEPT_REDIRECTS, "default", 0 },
	{ SYSCTL_IPV6_ACCEPT_SOURCE_ROUTE, "all", 0 },
	{ SYSCTL_IPV6_FORWARDING, "all", 1 },
	{ SYSCTL_CT_TCP_LOOSE, "", 0 },
	{ SYSCTL_IP_EARLY_DEMUX, "", 0 }, /* hardly a packet is for itself */
};

/* Bridged frames must not meet the inet tables: kernel default 1 in every new namespace once br_netfilter is loaded. */
static const struct sysctl_row bridge_profile[] = {
	{ SYSCTL_BRIDGE_CALL_IPTABLES, "", 0 },
	{ SYSCTL_BRIDGE_CALL_IP6TABLES, "", 0 },
	{ SYSCTL_BRIDGE_CALL_ARPTABLES, "", 0 },
};

static void add_uplink_side(struct objv *objs, const struct tenant *tenant, uint64_t ns, const char *dev, bool router)
{
	struct prefix ip4 = tenant_transit4(tenant, router), ip6 = tenant_transit6(tenant, router);
	struct prefix peer4 = tenant_transit4(tenant, !router), peer6 = tenant_transit6(tenant, !router);
	struct mac mac = uplink_mac(tenant, router), peer_mac = uplink_mac(tenant, !router);

	add(objs, obj_addr(ns, dev, &ip4));
	add(objs, obj_addr(ns, dev, &ip6));
	add_linklocal(objs, ns, dev, &mac);
	add(objs, obj_up(ns, dev));
	add(objs, obj_neigh(ns, dev, &peer4.ip, &peer_mac));
	add(objs, obj_neigh(ns, dev, &peer6.ip, &peer_mac));
}

void desired_router(const struct tenant *tenant, const struct host_facts *facts, struct objv *objs)
{
	uint64_t ns = router_ns(tenant);
	struct mac mac = uplink_mac(tenant, false), peer_mac = uplink_mac(tenant, true);
	struct prefix host4 = tenant_transit4(tenant, false), host6 = tenant_transit6(tenant, false);
	struct prefix router4 = tenant_transit4(tenant, true), router6 = tenant_transit6(tenant, true);
	struct prefix names6 = { .ip = network_names6(), .len = 128 };
	char uplink[OBJ_IFNAME_SIZE], alias[OBJ_ALIAS_SIZE];

	model_ifname('u', tenant->id, uplink);
	snprintf(alias, sizeof(alias), "%s uplink", tenant->name);
	add(objs, obj_netns(ns));
	add(objs, obj_up(ns, "lo"));
	add_sysctls(objs, ns, router_profile, ARRAY_COUNT(router_profile));
	if (facts->br_netfilter)
		add_sysctls(objs, ns, bridge_profile, ARRAY_COUNT(bridge_profile));

	add(objs, obj_veth(NS_HOST, uplink, &mac, ns, UPLINK_NAME, &peer_mac, facts->mtu, "", alias));
	/* made with the host's end; but when the host's way out becomes narrower, each end must */
	add(objs, obj_veth(ns, UPLINK_NAME, &peer_mac, 0, "", NULL, facts->mtu, "", ""));
	add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_ADDR_GEN_MODE, uplink, 1));
	add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_ACCEPT_RA, uplink, 0));
	add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV4_FORWARDING, uplink, 1));
	if (facts->force_forwarding)
		add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV6_FORCE_FORWARDING, uplink, 1));
	/* so that a port published on 127.0.0.1 can be reached; the ruleset drops 127/8 that comes in here */
	add(objs, obj_sysctl(NS_HOST, SYSCTL_IPV4_ROUTE_LOCALNET, uplink, 1));
	add_uplink_side(objs, tenant, NS_HOST, uplink, false);
	add_uplink_side(objs, tenant, ns, UPLINK_NAME, true);
	add(objs, obj_sysctl(ns, SYSCTL_IPV4_ARP_IGNORE, UPLINK_NAME, 1));
	add(objs, obj_addr(ns, UPLINK_NAME, &routed_gateway));
	add(objs, obj_addr(ns, UPLINK_NAME, &names6));
	add(objs, obj_route(ns, &default4, &host4.ip, UPLINK_NAME));
	add(objs, obj_route(ns, &default6, &host6.ip, UPLINK_NAME));

	add(objs, obj_ruleset(ns, RULESET_ROUTER, RULESET_ROUTER_VERSION));
	add(objs, obj_ruleset(ns, RULESET_GUARD, RULESET_GUARD_VERSION));
	add_host_elem(objs, SET_HOST_UPLINK, uplink, NULL);
	if (facts->connections)
		add_host_elem(objs, set_of_cap(facts->connections), uplink, NULL);
	add_host_elem(objs, SET_HOST_SRC4, uplink, &router4.ip);
	add_host_elem(objs, SET_HOST_SRC6, uplink, &router6.ip);
}

/* -------------------------------------------------------------------- network */

static void add_dev_elem(struct objv *objs, uint64_t ns, enum nft_set set, const char *dev)
{
	struct obj elem = obj_elem(ns, set);

	memcpy(elem.elem.dev, dev, strlen(dev));
	objv_add(objs, &elem);
}

/* Packets in by @dev belong to the network, and those of the network may go out by it. */
static void add_member(struct objv *objs, const struct network *network, uint64_t ns, const char *dev)
{
	struct obj in = obj_elem(ns, SET_ROUTER_NETWORK), out = obj_elem(ns, SET_ROUTER_MEMBER);

	memcpy(in.elem.dev, dev, strlen(dev));
	memcpy(out.elem.dev, dev, strlen(dev));
	in.elem.to_mark = out.elem.mark = network_mark(network->id);
	objv_add(objs, &in);
	objv_add(objs, &out);
}

/*
 * A subnet whose addresses the host is to know: it leads there, and the router does not translate them. It itself does, but
 * for those that leave with their own.
 */
static void add_routed(struct objv *objs, const struct network *network, const struct prefix *subnet, bool routed, bool reached)
{
	const struct tenant *tenant = network->tenant;
	bool four = subnet->ip.family == 4;
	struct prefix router = four ? tenant_transit4(tenant, true) : tenant_transit6(tenant, true);
	struct obj from = obj_elem(NS_HOST, four ? SET_HOST_ROUTED4 : SET_HOST_ROUTED6);
	struct obj own = obj_elem(NS_HOST, four ? SET_HOST_OWN4 : SET_HOST_OWN6);
	struct obj out = obj_elem(router_ns(tenant), four ? SET_ROUTER_ROUTED4 : SET_ROUTER_ROUTED6);

	model_ifname('u', tenant->id, from.elem.dev);
	from.elem.ip = own.elem.ip = out.elem.ip = subnet->ip;
	from.elem.len = own.elem.len = out.elem.len = subnet->len;
	own.elem.family = four ? OBJ_FAMILY_IPV4 : OBJ_FAMILY_IPV6;
	out.elem.mark = network_mark(network->id);
	objv_add(objs, &from);
	if (routed)
		objv_add(objs, &own);
	objv_add(objs, &out);
	add(objs, obj_route(NS_HOST, subnet, &router.ip, from.elem.dev));
	if (reached) {
		struct prefix host = four ? tenant_transit4(tenant, false) : tenant_transit6(tenant, false);
		struct obj to = obj_elem(router_ns(tenant), four ? SET_ROUTER_HOST4 : SET_ROUTER_HOST6);

		from.elem.set = four ? SET_HOST_ACCESS4 : SET_HOST_ACCESS6;
		to.elem.ip = host.ip;
		to.elem.mark = network_mark(network->id);
		objv_add(objs, &from);
		objv_add(objs, &to);
	}
}

void desired_network(const struct network *network, struct objv *objs)
{
	uint64_t ns = router_ns(network->tenant);
	struct mac mac = mac_from_id(network->id);
	char name[OBJ_IFNAME_SIZE], alias[OBJ_ALIAS_SIZE];

	for (size_t i = 0; i < network->subnet_count; i++)
		if (network->routed[i] || network->reached[i])
			add_routed(objs, network, &network->subnets[i], network->routed[i], network->reached[i]);
	if (network->mode == NETWORK_ROUTED)
		return; /* it is nothing but its ports */
	model_ifname('b', network->id, name);
	add_member(objs, network, ns, name);
	snprintf(alias, sizeof(alias), "%.62s/%.90s", network->tenant->name, network->name);
	add(objs, obj_bridge(ns, name, &mac, network->mtu, alias));
	add(objs, obj_up(ns, name));
	if (network->mode == NETWORK_L2) {
		/* the router has no part in it: it answers nobody, and forwards nothing that is sent to the bridge */
		add(objs, obj_sysctl(ns, SYSCTL_IPV4_ARP_IGNORE, name, 8));
		add(objs, obj_sysctl(ns, SYSCTL_IPV6_DISABLE, name, 1));
		return;
	}
	add(objs, obj_sysctl(ns, SYSCTL_IPV4_ARP_IGNORE, name, 1));
	for (size_t i = 0; i < network->subnet_count; i++) {
		struct prefix gateway = { .ip = network->gateways[i], .len = network->subnets[i].len };

		add(objs, obj_addr(ns, name, &gateway));
	}
	/*
	 * All neighbours are permanent, so none is ever searched for: what a stack sends by its gateway to addresses that
	 * nobody has would fill the neighbour table, which is one for all namespaces, with entries that wait.
	 */
	add(objs, obj_sysctl(ns, SYSCTL_IPV4_NEIGH_MCAST_SOLICIT, name, 0));
	add(objs, obj_sysctl(ns, SYSCTL_IPV6_NEIGH_MCAST_SOLICIT, name, 0));
	add_linklocal(objs, ns, name, &mac);
	if (network_has_dns(network))
		add_dev_elem(objs, ns, SET_ROUTER_DNS, name);
	if (network_goes_out(network))
		add_dev_elem(objs, ns, SET_ROUTER_EGRESS, name);
}

/* ---------------------------------------------------------------------- stack */

/* The kernel finds the device by the gateway, and it is then part of the route: so name it here. "" where no end has it. */
static const char *gateway_dev(const struct stack *stack, const struct ip *gateway)
{
	const char *dev = "";
	uint8_t len = 0;

	list_each(node, &stack->endpoints) {
		const struct endpoint *endpoint = container_of(node, struct endpoint, stack_link);

		for (size_t i = 0; i < endpoint->ip_count; i++) {
			if (endpoint->ips[i].len <= len || !prefix_contains(&endpoint->ips[i], gateway))
				continue;
			len = endpoint->ips[i].len;
			dev = endpoint->ifname;
		}
	}
	return dev;
}

void desired_stack(const struct stack *stack, struct objv *objs)
{
	uint64_t ns = stack->ns;

	if (stack->kind == STACK_BARE) {
		add(objs, obj_netns(ns));
		/* who works in a stack that belongs to the host's root may still serve port 80 and ping */
		add(objs, obj_sysctl(ns, SYSCTL_UNPRIVILEGED_PORT_START, "", 0));
		add(objs, obj_sysctl(ns, SYSCTL_PING_GROUP_RANGE, "", 1));
	}
	if (stack->kind != STACK_FOREIGN)
		add(objs, obj_up(ns, "lo"));
	if (stack->forwarding) {
		add(objs, obj_sysctl(ns, SYSCTL_IPV4_FORWARDING, "all", 1));
		add(objs, obj_sysctl(ns, SYSCTL_IPV6_FORWARDING, "all", 1));
	}
	for (size_t i = 0; i < stack->loopback_count; i++)
		add(objs, obj_addr(ns, "lo", &stack->loopback[i]));
	for (size_t i = 0; i < stack->route_count; i++)
		add(objs, obj_route(ns, &stack->routes[i].dst, &stack->routes[i].via,
				    gateway_dev(stack, &stack->routes[i].via)));
}

/* ------------------------------------------------------------------- endpoint */

/* The end inside the stack: never learns from the link, but has what it was given. */
static void add_inner_end(struct objv *objs, const struct endpoint *endpoint)
{
	uint64_t ns = endpoint->stack->ns;
	const char *dev = endpoint->ifname;

	/* it comes up before it has addresses: the kernel shall make none itself */
	add(objs, obj_sysctl(ns, SYSCTL_IPV6_ADDR_GEN_MODE, dev, 1));
	add(objs, obj_sysctl(ns, SYSCTL_IPV6_ACCEPT_RA, dev, 0));
	for (size_t i = 0; i < endpoint->ip_count; i++)
		add(objs, obj_addr(ns, dev, &endpoint->ips[i]));
	add_linklocal(objs, ns, dev, &endpoint->mac);
	add(objs, obj_up(ns, dev));
}

/* Its own, in the table @table; 0: the main one. @sized_alone: those with an MTU. */
static void add_routes(struct objv *objs, const struct endpoint *endpoint, uint32_t metric, uint32_t table, bool sized_alone)
{
	for (size_t i = 0; i < endpoint->route_count; i++) {
		const struct stack_route *route = &endpoint->routes[i];
		struct obj obj = obj_route_in(endpoint->stack->ns, &route->dst, endpoint_route_via(endpoint, route), endpoint->ifname,
					      route->metric ? route->metric : metric, table);

		if (sized_alone && !route->mtu)
			continue;
		/* what of it is more than the interface's the kernel makes less (fib6_nh_mtu_change()), or sends in vain */
		obj.route.mtu = route->mtu < endpoint->mtu ? route->mtu : endpoint->mtu;
		if (!route->mtu)
			obj.route.mtu = 0;
		obj.route.advmss = route->advmss;
		objv_add(objs, &obj);
	}
}

/* Answers leave by the interface that has their address: what is on its link, and all else by its gateway. */
void desired_own_table(const struct endpoint *endpoint, struct objv *objs)
{
	const struct network *network = endpoint->network;
	uint32_t table = (uint32_t)OBJ_TABLE_FIRST + endpoint->metric;
	uint64_t ns = endpoint->stack->ns;
	bool done4 = false, done6 = false;
	const struct prefix *dst;

	for (size_t i = 0; i < endpoint->ip_count; i++) {
		struct prefix link = prefix_network(&endpoint->ips[i]);
		struct obj route = obj_route_in(ns, &link, NULL, endpoint->ifname, 0, table);
		bool again = link.len == (link.ip.family == 4 ? 32 : 128);

		for (size_t j = 0; j < i && !again; j++) {
			struct prefix other = prefix_network(&endpoint->ips[j]);

			again = memcmp(&other, &link, sizeof(link)) == 0;
		}
		if (!again)
			objv_add(objs, &route);
		add(objs, obj_rule(ns, &endpoint->ips[i].ip, table));
	}
	for (size_t i = 0; i < network->subnet_count; i++) {
		const struct ip *gateway = &network->gateways[i];
		bool *done = gateway->family == 4 ? &done4 : &done6;

		if (*done || !endpoint_reaches(endpoint, gateway))
			continue;
		*done = true;
		dst = gateway->family == 4 ? &default4 : &default6;
		if (!endpoint_has_route(endpoint, dst))
			add(objs, obj_route_in(ns, dst, gateway, endpoint->ifname, 0, table));
	}
	add_routes(objs, endpoint, 0, table, false);
}

/* Of a routed network everything is behind the gateway, its own subnet too, wherever the default route leads. */
static void add_subnet_routes(struct objv *objs, const struct endpoint *endpoint)
{
	const struct network *network = endpoint->network;
	uint64_t ns = endpoint->stack->ns;

	for (size_t i = 0; i < network->subnet_count; i++)
		if (endpoint_reaches(endpoint, &network->gateways[i]) && !endpoint_has_route(endpoint, &network->subnets[i]))
			add(objs, obj_route_in(ns, &network->subnets[i], &network->gateways[i], endpoint->ifname,
					       endpoint->metric, 0));
}

static void add_default_routes(struct objv *objs, const struct endpoint *endpoint)
{
	const struct network *network = endpoint->network;
	struct mac gateway_mac = mac_from_id(network->id);
	bool done4 = !endpoint->default_route, done6 = !endpoint->default_route;
	const struct prefix *dst;

	if (network->mode == NETWORK_ROUTED)
		add_subnet_routes(objs, endpoint);
	for (size_t i = 0; i < network->subnet_count; i++) {
		const struct ip *gateway = &network->gateways[i];
		bool *done = gateway->family == 4 ? &done4 : &done6;

		if (!endpoint_reaches(endpoint, gateway))
			continue;
		add(objs, obj_neigh(endpoint->stack->ns, endpoint->ifname, gateway, &gateway_mac));
		if (*done)
			continue;
		*done = true;
		if (network->mode == NETWORK_ROUTED && gateway->family == 4)
			add(objs, obj_route_in(endpoint->stack->ns, &routed_gateway, NULL, endpoint->ifname,
					       endpoint->metric, 0));
		dst = gateway->family == 4 ? &default4 : &default6;
		if (!endpoint_has_route(endpoint, dst))
			add(objs, obj_route_in(endpoint->stack->ns, dst, gateway, endpoint->ifname, endpoint->metric, 0));
	}
	add_routes(objs, endpoint, endpoint->metric, 0, false);
}

static void add_guard_elem(struct objv *objs, uint64_t ns, enum nft_set set, const char *port, const struct mac *mac,
			   const struct ip *ip)
{
	struct obj elem = obj_elem(ns, set);

	memcpy(elem.elem.dev, port, strlen(port));
	if (mac)
		elem.elem.mac = *mac;
	if (ip)
		elem.elem.ip = *ip;
	objv_add(objs, &elem);
}

/* What this port may send: its MAC, its addresses. The guard's sets name the port, so one entry serves one port. */
static void add_guard(struct objv *objs, const struct endpoint *endpoint, uint64_t ns, const char *port)
{
	struct ip ll = ip6_linklocal(&endpoint->mac);

	add_guard_elem(objs, ns, SET_GUARD_MAC, port, &endpoint->mac, NULL);
	add_guard_elem(objs, ns, SET_GUARD_IP6, port, NULL, &ll);
	for (size_t i = 0; i < endpoint->ip_count; i++) {
		const struct ip *ip = &endpoint->ips[i].ip;

		if (ip->family == 4) {
			add_guard_elem(objs, ns, SET_GUARD_ARP, port, &endpoint->mac, ip);
			add_guard_elem(objs, ns, SET_GUARD_IP4, port, NULL, ip);
		} else {
			add_guard_elem(objs, ns, SET_GUARD_IP6, port, NULL, ip);
		}
	}
	for (size_t i = 0; i < endpoint->allow_count; i++) {
		const struct prefix *prefix = &endpoint->allow[i];
		struct obj elem = obj_elem(ns, prefix->ip.family == 4 ? SET_GUARD_ALLOW4 : SET_GUARD_ALLOW6);

		memcpy(elem.elem.dev, port, strlen(port));
		elem.elem.ip = prefix->ip;
		elem.elem.len = prefix->len;
		objv_add(objs, &elem);
	}
	if (endpoint->network->mode == NETWORK_ROUTED)
		add_dev_elem(objs, ns, SET_GUARD_ROUTED, port);
	add(objs, obj_port(ns, port));
}

/* What it was allowed: an address of the subnet is a neighbour, anything else is behind the endpoint's own address. */
static void add_allowed_ways(struct objv *objs, const struct endpoint *endpoint, uint64_t ns, const char *dev)
{
	for (size_t i = 0; i < endpoint->allow_count; i++) {
		const struct prefix *prefix = &endpoint->allow[i];
		size_t own = 0;

		while (own < endpoint->ip_count && endpoint->ips[own].ip.family != prefix->ip.family)
			own++;
		if (allow_on_link(endpoint->network, prefix))
			add(objs, obj_neigh(ns, dev, &prefix->ip, &endpoint->mac));
		else if (own < endpoint->ip_count)
			add(objs, obj_route(ns, prefix, &endpoint->ips[own].ip, dev));
	}
}

/* Where there is no bridge every such address is routed to the port. */
static void add_allowed_routes(struct objv *objs, const struct endpoint *endpoint, uint64_t ns, const char *port)
{
	for (size_t i = 0; i < endpoint->allow_count; i++)
		if (allow_on_link(endpoint->network, &endpoint->allow[i]))
			add(objs, obj_route(ns, &endpoint->allow[i], NULL, port));
	add_allowed_ways(objs, endpoint, ns, port);
}

/* What leads to the addresses of an endpoint: on a bridge neighbours and a forwarding entry. */
static void add_bridge_ways(struct objv *objs, const struct endpoint *endpoint, uint64_t ns, const char *port)
{
	char bridge[OBJ_IFNAME_SIZE];

	model_ifname('b', endpoint->network->id, bridge);
	add(objs, obj_fdb(ns, port, &endpoint->mac));
	for (size_t i = 0; i < endpoint->ip_count; i++)
		add(objs, obj_neigh(ns, bridge, &endpoint->ips[i].ip, &endpoint->mac));
	add_allowed_ways(objs, endpoint, ns, bridge);
}

/* Where there is none a route and a neighbour an address, and the port itself belongs to the network. */
static void add_routed_ways(struct objv *objs, const struct endpoint *endpoint, uint64_t ns, const char *port)
{
	for (size_t i = 0; i < endpoint->ip_count; i++) {
		const struct ip *ip = &endpoint->ips[i].ip;
		struct prefix host = { .ip = *ip, .len = ip_bits(ip) };

		add(objs, obj_route(ns, &host, NULL, port));
		add(objs, obj_neigh(ns, port, ip, &endpoint->mac));
	}
	add_allowed_routes(objs, endpoint, ns, port);
	add_member(objs, endpoint->network, ns, port);
	if (network_goes_out(endpoint->network))
		add_dev_elem(objs, ns, SET_ROUTER_EGRESS, port);
}

static void desired_wire(const struct endpoint *a, struct objv *objs)
{
	const struct endpoint *b = a->peer;
	char alias[OBJ_ALIAS_SIZE];

	snprintf(alias, sizeof(alias), "moat %012llx", (unsigned long long)a->id);
	add(objs, obj_veth(a->stack->ns, a->ifname, &a->mac, b->stack->ns, b->ifname, &b->mac, a->mtu, "", alias));
	add_inner_end(objs, a);
	add_inner_end(objs, b);
}

/* Between the port's far end and the tap a bridge of two ports. Nothing in this namespace has an address. */
static void add_tap(struct objv *objs, const struct endpoint *endpoint, const char *inner)
{
	uint64_t ns = endpoint->stack->ns;
	char bridge[OBJ_IFNAME_SIZE], alias[OBJ_ALIAS_SIZE];
	const char *const devs[] = { bridge, inner, endpoint->ifname };

	model_ifname('b', endpoint->id, bridge);
	snprintf(alias, sizeof(alias), "moat %012llx", (unsigned long long)endpoint->id);
	add(objs, obj_bridge(ns, bridge, NULL, endpoint->mtu, alias));
	add(objs, obj_veth(ns, inner, NULL, 0, "", NULL, endpoint->mtu, bridge, alias));
	add(objs, obj_tap(ns, endpoint->ifname, endpoint->mtu, bridge, alias));
	for (size_t i = 0; i < ARRAY_COUNT(devs); i++) {
		add(objs, obj_sysctl(ns, SYSCTL_IPV6_DISABLE, devs[i], 1));
		add(objs, obj_up(ns, devs[i]));
	}
}

void desired_endpoint(const struct endpoint *endpoint, struct objv *objs)
{
	const struct network *network = endpoint->network;
	char port[OBJ_IFNAME_SIZE], bridge[OBJ_IFNAME_SIZE] = "", alias[OBJ_ALIAS_SIZE], inner[OBJ_IFNAME_SIZE];
	struct mac gateway_mac;
	bool routed;
	uint64_t ns;
	struct obj veth;

	if (!network) {
		if (endpoint->wire_first && endpoint->peer)
			desired_wire(endpoint, objs);
		return;
	}
	ns = router_ns(network->tenant);
	model_ifname('p', endpoint->id, port);
	gateway_mac = mac_from_id(network->id); /* of a routed network each port is the gateway */
	routed = network->mode == NETWORK_ROUTED;
	if (!routed)
		model_ifname('b', network->id, bridge);
	snprintf(alias, sizeof(alias), "%.62s/%.80s:%s", endpoint->stack->tenant->name, endpoint->stack->name,
		 endpoint->ifname);
	model_ifname('v', endpoint->id, inner);
	/* beside a tap the machine has the MAC address, and the far end must not: a bridge keeps what is for its ports */
	veth = obj_veth(ns, port, routed ? &gateway_mac : NULL, endpoint->stack->ns, endpoint->tap ? inner : endpoint->ifname,
			endpoint->tap ? NULL : &endpoint->mac, endpoint->mtu, bridge, alias);
	if (network->mode == NETWORK_BRIDGE)
		veth.link.flags = LINK_PORT_STATIC;
	objv_add(objs, &veth);
	if (endpoint->tap) {
		add_tap(objs, endpoint, inner);
	} else {
		add_inner_end(objs, endpoint);
		add_default_routes(objs, endpoint);
	}
	if (endpoint->own_table)
		desired_own_table(endpoint, objs);
	if (routed && network_has_dns(network))
		add_dev_elem(objs, ns, SET_ROUTER_DNS, port);
	if (routed)
		add_routed_ways(objs, endpoint, ns, port);
	else if (network->mode == NETWORK_BRIDGE)
		add_bridge_ways(objs, endpoint, ns, port);
	if (network->guard)
		add_guard(objs, endpoint, ns, port);
	for (size_t i = 0; i < endpoint->publish_count; i++)
		desired_publish(endpoint, &endpoint->publish[i]->spec, objs);
	for (size_t i = 0; i < endpoint->ip_count; i++) {
		const char *dev = network_proxy_dev(network, &endpoint->ips[i].ip);

		if (dev)
			add(objs, obj_proxy(NS_HOST, dev, &endpoint->ips[i].ip));
	}
	desired_shape(endpoint, objs);
	add(objs, obj_up(ns, port));
}

void desired_inner_mtu(const struct endpoint *endpoint, struct objv *objs)
{
	if (!endpoint->network || endpoint->tap)
		return;
	add(objs, obj_veth(endpoint->stack->ns, endpoint->ifname, NULL, 0, NULL, NULL, endpoint->mtu, NULL, NULL));
	add_routes(objs, endpoint, endpoint->metric, 0, true);
	if (endpoint->own_table)
		add_routes(objs, endpoint, 0, (uint32_t)OBJ_TABLE_FIRST + endpoint->metric, true);
}

/* ------------------------------------------------------------------------ all */

bool tenant_has_router(const struct tenant *tenant) { return tenant->networks.count > 0; }

void desired_all(const struct model *model, const struct host_facts *facts, struct objv *objs)
{
	const struct tenant *tenant;
	size_t cursor = 0;
	bool any = model->strangers;

	while ((tenant = table_next(&model->tenants, &cursor))) {
		const struct network *network;
		size_t at = 0;
		bool router = false;

		while ((network = table_next(&tenant->networks, &at)))
			if (network->life == LIFE_UP) {
				desired_network(network, objs);
				router = true;
			}
		if (router)
			desired_router(tenant, facts, objs);
		any = any || router;
		list_each(node, &tenant->stack_order) {
			const struct stack *stack = container_of(node, struct stack, order);

			if (stack->life == LIFE_PENDING)
				continue;
			desired_stack(stack, objs);
			list_each(link, &stack->endpoints) {
				const struct endpoint *endpoint = container_of(link, struct endpoint, stack_link);

				if (endpoint->life == LIFE_UP)
					desired_endpoint(endpoint, objs);
			}
		}
	}
	if (any)
		desired_host(facts, objs);
	else
		desired_host_closed(facts, objs);
}
