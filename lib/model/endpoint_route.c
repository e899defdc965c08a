/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * endpoint_route - ways that lead out by an endpoint beside its default route. Floor F2, pure. They stand in its stack, for
 * what the stack sends; what comes in is the matter of allow.c.
 *
 * A next hop must be one that the kernel takes and packets reach: beside an address of the endpoint, or beside a route of its
 * own that has none; of a routed network, where nothing is beside anything, the gateway alone.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/model/model.h"

/* What the kernel gives to the way to an IPv6 address's link (IP6_RT_PRIO_ADDRCONF), and to one that is given none. */
enum { LINK_METRIC6 = 256, KERNEL_METRIC6 = 1024 };

bool endpoint_reaches(const struct endpoint *endpoint, const struct ip *gateway)
{
	bool routed = endpoint->network->mode == NETWORK_ROUTED;

	for (size_t i = 0; i < endpoint->ip_count; i++)
		if (routed ? endpoint->ips[i].ip.family == gateway->family : prefix_contains(&endpoint->ips[i], gateway))
			return true;
	return false;
}

/* The network's gateway that is beside it, NULL where there is none of the family. */
static const struct ip *gateway_of(const struct endpoint *endpoint, uint8_t family)
{
	const struct network *network = endpoint->network;

	for (size_t i = 0; i < network->subnet_count; i++)
		if (network->gateways[i].family == family && endpoint_reaches(endpoint, &network->gateways[i]))
			return &network->gateways[i];
	return NULL;
}

const struct ip *endpoint_route_via(const struct endpoint *endpoint, const struct stack_route *route)
{
	return ip_is_none(&route->via) ? gateway_of(endpoint, route->dst.ip.family) : &route->via;
}

bool endpoint_has_route(const struct endpoint *endpoint, const struct prefix *dst)
{
	for (size_t i = 0; i < endpoint->route_count; i++)
		if (memcmp(&endpoint->routes[i].dst, dst, sizeof(*dst)) == 0)
			return true;
	return false;
}

/* What is no way to anywhere: this host, one link, a group. */
static bool leads_nowhere(const struct prefix *dst)
{
	static const char *const bad[] = { "127.0.0.0/8", "224.0.0.0/3", "::1/128", "fe80::/10", "ff00::/8" };

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct prefix other;

		if (prefix_parse(bad[i], &other) == 0 && prefix_within(dst, &other))
			return true;
	}
	return false;
}

static int dst_check(const struct endpoint *endpoint, const struct stack_route *route, const char *full, struct err *err)
{
	struct prefix network = prefix_network(&route->dst);
	char text[PREFIX_STR_SIZE], text2[PREFIX_STR_SIZE];
	bool family = false;

	prefix_print(&route->dst, text);
	if (memcmp(&network, &route->dst, sizeof(network)) != 0)
		return err_set(err, ERR_USAGE, EINVAL, full, "route to %s: it has host bits set; the prefix is %s", text,
			       prefix_print(&network, text2));
	if (route->metric > ROUTE_METRIC_MAX)
		return err_set(err, ERR_USAGE, ERANGE, full, "route to %s: its metric is more than %d", text, ROUTE_METRIC_MAX);
	/* that of the network may have become less since it was stored */
	if (route->mtu && (route->mtu < ip_mtu_min(route->dst.ip.family) || route->mtu > OBJ_ROUTE_MTU_MAX ||
			   (route->mtu > endpoint->mtu && !endpoint->stack->tenant->model->loading)))
		return err_set(err, ERR_USAGE, ERANGE, full, "route to %s: its MTU is %u, and must be within %u..%u, the interface's", text,
			       route->mtu, ip_mtu_min(route->dst.ip.family), endpoint->mtu);
	if (route->advmss > ROUTE_ADVMSS_MAX)
		return err_set(err, ERR_USAGE, ERANGE, full, "route to %s: its advmss is more than %d", text, ROUTE_ADVMSS_MAX);
	if (leads_nowhere(&route->dst))
		return err_set(err, ERR_USAGE, EINVAL, full, "route to %s: there is no way to such addresses", text);
	for (size_t i = 0; i < endpoint->ip_count; i++)
		family = family || endpoint->ips[i].ip.family == route->dst.ip.family;
	if (!family)
		return err_set(err, ERR_USAGE, EAFNOSUPPORT, full, "route to %s: the interface has no address of IPv%u", text,
			       route->dst.ip.family);
	return 0;
}

/* How long is the prefix that @ip is on the link by: of an address, or of one of @routes that needs no next hop? -1: by none. */
static int on_link(const struct endpoint *endpoint, const struct ip *ip, const struct stack_route *routes, size_t count)
{
	int len = -1;

	for (size_t i = 0; i < endpoint->ip_count; i++)
		if (prefix_contains(&endpoint->ips[i], ip) && endpoint->ips[i].len > len)
			len = endpoint->ips[i].len;
	for (size_t i = 0; i < count; i++)
		if (!endpoint_route_via(endpoint, &routes[i]) && prefix_contains(&routes[i].dst, ip) && routes[i].dst.len > len)
			len = routes[i].dst.len;
	return len;
}

static int via_check(const struct endpoint *endpoint, const struct stack_route *route, const struct stack_route *routes,
		     size_t count, const char *full, struct err *err)
{
	const struct ip *via = &route->via;
	struct ip gateway = network_gateway(route->dst.ip.family);
	char text[PREFIX_STR_SIZE], text2[IP_STR_SIZE];

	prefix_print(&route->dst, text);
	for (size_t i = 0; i < endpoint->ip_count && ip_is_none(via); i++) {
		struct prefix link = prefix_network(&endpoint->ips[i]);

		if (endpoint->network->mode == NETWORK_L2 && memcmp(&link, &route->dst, sizeof(link)) == 0)
			return err_set(err, ERR_USAGE, EEXIST, full, "route to %s: that is its link, which it reaches anyway", text);
	}
	if (ip_is_none(via))
		return gateway_of(endpoint, route->dst.ip.family) || endpoint->network->mode == NETWORK_L2
			       ? 0
			       : err_set(err, ERR_USAGE, ENOENT, full, "route to %s: no gateway of the network is beside the interface",
					 text);
	ip_print(via, text2);
	if (via->family != route->dst.ip.family || ip_is_unspecified(via) || ip_is_multicast(via))
		return err_set(err, ERR_USAGE, EINVAL, full, "route to %s: %s is no next hop for it", text, text2);
	for (size_t i = 0; i < endpoint->ip_count; i++) {
		struct ip last = prefix_last(&endpoint->ips[i]);

		if (ip_cmp(&endpoint->ips[i].ip, via) == 0)
			return err_set(err, ERR_USAGE, EINVAL, full, "route to %s: %s is the interface's own address", text, text2);
		if (via->family == 4 && endpoint->ips[i].len < 31 && ip_cmp(&last, via) == 0)
			return err_set(err, ERR_USAGE, EINVAL, full, "route to %s: %s is all of the link", text, text2);
	}
	if (endpoint->network->mode == NETWORK_ROUTED)
		return ip_cmp(via, &gateway) == 0
			       ? 0
			       : err_set(err, ERR_USAGE, EHOSTUNREACH, full,
					 "route to %s: in a routed network there is no next hop but the gateway", text);
	if (via->family == 6 && ip_is_linklocal(via))
		return 0;
	if (on_link(endpoint, via, routes, count) < 0)
		return err_set(err, ERR_USAGE, EHOSTUNREACH, full, "route to %s: %s is beside no address of the interface", text, text2);
	return 0;
}

/*
 * Would packets to @hop, by which some way leads, take @route? The kernel takes no way by such a next hop; it is a matter of the
 * order whether it finds out. Of one length with a link the metrics say which is taken: its own are 0, of IPv6 256.
 */
static bool takes_hop(const struct endpoint *endpoint, const struct stack_route *route, const struct ip *hop,
		      const struct stack_route *routes, size_t count)
{
	int link = endpoint->network->mode == NETWORK_ROUTED ? -1 : on_link(endpoint, hop, routes, count);
	bool first = on_link(endpoint, hop, NULL, 0) < link ||
		     (route->dst.ip.family == 6 && route->metric && route->metric <= LINK_METRIC6);

	if (!prefix_contains(&route->dst, hop) || !endpoint_route_via(endpoint, route))
		return false;
	if (link < 0) /* of a routed network, or link-local: the way to it is one address long */
		return route->dst.len == ip_bits(hop);
	return first ? route->dst.len >= link : route->dst.len > link;
}

static int hops_check(const struct endpoint *endpoint, const struct stack_route *route, const struct stack_route *routes,
		      size_t count, const char *full, struct err *err)
{
	const struct ip *gateway = gateway_of(endpoint, route->dst.ip.family);
	char text[PREFIX_STR_SIZE], text2[IP_STR_SIZE];

	for (size_t i = 0; i <= count; i++) {
		const struct ip *hop = i < count ? endpoint_route_via(endpoint, &routes[i]) : gateway;

		if (hop && takes_hop(endpoint, route, hop, routes, count))
			return err_set(err, ERR_USAGE, EINVAL, full, "route to %s: it would lead away from %s, a next hop on the link",
				       prefix_print(&route->dst, text), ip_print(hop, text2));
	}
	return 0;
}

/* One destination and one metric: IPv6 would make one way of two, and IPv4 use one of them alone. */
static bool same_route(const struct endpoint *endpoint, const struct stack_route *a, const struct stack_route *b)
{
	uint32_t one = a->metric ? a->metric : endpoint->metric, other = b->metric ? b->metric : endpoint->metric;
	bool kernels = endpoint->own_table && a->dst.ip.family == 6 && /* there the one that is not said is the kernel's */
		       (a->metric ? a->metric : KERNEL_METRIC6) == (b->metric ? b->metric : KERNEL_METRIC6);

	return memcmp(&a->dst, &b->dst, sizeof(a->dst)) == 0 && (one == other || kernels);
}

/*
 * Of IPv6 the kernel makes one way of those to one destination by several interfaces whose metric is one, and tells of it with the
 * sizes of the first (rt6_fill_node() of Linux): so all must have the same.
 */
static const struct endpoint *sizes_differ(const struct endpoint *endpoint, const struct stack_route *route)
{
	list_each(node, &endpoint->stack->endpoints) {
		const struct endpoint *other = container_of(node, struct endpoint, stack_link);

		for (size_t i = 0; other != endpoint && route->dst.ip.family == 6 && i < other->route_count; i++) {
			const struct stack_route *theirs = &other->routes[i];
			uint32_t one = route->metric ? route->metric : endpoint->metric;

			if (memcmp(&theirs->dst, &route->dst, sizeof(route->dst)) == 0 &&
			    (theirs->metric ? theirs->metric : other->metric) == one &&
			    (theirs->mtu != route->mtu || theirs->advmss != route->advmss))
				return other;
		}
	}
	return NULL;
}

int endpoint_routes_take(struct endpoint *endpoint, const struct stack_route *routes, size_t count, const char *full,
			 struct err *err)
{
	struct stack_route *copy;
	char text[PREFIX_STR_SIZE];

	if (count > ENDPOINT_ROUTES_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, full, "an endpoint has at most %d routes", ENDPOINT_ROUTES_MAX);
	if (endpoint->tap && count)
		return err_set(err, ERR_USAGE, EINVAL, full, "a virtual machine chooses its ways itself: a tap has no routes");
	for (size_t i = 0; i < count; i++) {
		int r = dst_check(endpoint, &routes[i], full, err);

		if (r == 0)
			r = via_check(endpoint, &routes[i], routes, count, full, err);
		if (r == 0 && !endpoint->stack->tenant->model->loading)
			r = hops_check(endpoint, &routes[i], routes, count, full, err);
		if (r < 0)
			return r;
		if (sizes_differ(endpoint, &routes[i]))
			return err_set(err, ERR_USAGE, EINVAL, full, "route to %s: by %s it has the same metric, and another mtu or advmss",
				       prefix_print(&routes[i].dst, text), sizes_differ(endpoint, &routes[i])->ifname);
		for (size_t j = 0; j < i; j++)
			if (same_route(endpoint, &routes[j], &routes[i]))
				return err_set(err, ERR_USAGE, EEXIST, full, "route to %s: it is there twice", prefix_print(&routes[i].dst, text));
	}
	copy = mem_array(count + 1, sizeof(*routes)); /* @routes may be its own */
	if (count)
		memcpy(copy, routes, count * sizeof(*routes));
	free(endpoint->routes);
	endpoint->routes = copy;
	endpoint->route_count = count;
	return 0;
}
