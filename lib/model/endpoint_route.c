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
	if (leads_nowhere(&route->dst))
		return err_set(err, ERR_USAGE, EINVAL, full, "route to %s: there is no way to such addresses", text);
	for (size_t i = 0; i < endpoint->ip_count; i++)
		family = family || endpoint->ips[i].ip.family == route->dst.ip.family;
	if (!family)
		return err_set(err, ERR_USAGE, EAFNOSUPPORT, full, "route to %s: the interface has no address of IPv%u", text,
			       route->dst.ip.family);
	return 0;
}

/* Is @via on the link: by an address, or by one of @routes that needs no next hop? */
static bool on_link(const struct endpoint *endpoint, const struct ip *via, const struct stack_route *routes, size_t count)
{
	if (ip_is_linklocal(via) && via->family == 6)
		return true;
	for (size_t i = 0; i < endpoint->ip_count; i++)
		if (prefix_contains(&endpoint->ips[i], via))
			return true;
	for (size_t i = 0; i < count; i++)
		if (!endpoint_route_via(endpoint, &routes[i]) && prefix_contains(&routes[i].dst, via))
			return true;
	return false;
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
	for (size_t i = 0; i < endpoint->ip_count; i++)
		if (ip_cmp(&endpoint->ips[i].ip, via) == 0)
			return err_set(err, ERR_USAGE, EINVAL, full, "route to %s: %s is the interface's own address", text, text2);
	if (endpoint->network->mode == NETWORK_ROUTED)
		return ip_cmp(via, &gateway) == 0
			       ? 0
			       : err_set(err, ERR_USAGE, EHOSTUNREACH, full,
					 "route to %s: in a routed network there is no next hop but the gateway", text);
	if (!on_link(endpoint, via, routes, count))
		return err_set(err, ERR_USAGE, EHOSTUNREACH, full, "route to %s: %s is beside no address of the interface", text, text2);
	return 0;
}

int endpoint_routes_take(struct endpoint *endpoint, const struct stack_route *routes, size_t count, const char *full,
			 struct err *err)
{
	char text[PREFIX_STR_SIZE];

	struct stack_route *copy;

	if (count > ENDPOINT_ROUTES_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, full, "an endpoint has at most %d routes", ENDPOINT_ROUTES_MAX);
	if (endpoint->tap && count)
		return err_set(err, ERR_USAGE, EINVAL, full, "a virtual machine chooses its ways itself: a tap has no routes");
	for (size_t i = 0; i < count; i++) {
		int r = dst_check(endpoint, &routes[i], full, err);

		if (r == 0)
			r = via_check(endpoint, &routes[i], routes, count, full, err);
		if (r < 0)
			return r;
		for (size_t j = 0; j < i; j++)
			if (memcmp(&routes[j].dst, &routes[i].dst, sizeof(routes[i].dst)) == 0 && routes[j].metric == routes[i].metric)
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
