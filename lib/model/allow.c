/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * allow - addresses beside its own that an endpoint may send from, and that are
 * routed to it: of containers of its own, or one that moves (VRRP). Floor F2,
 * pure.
 *
 * A prefix beside all subnets of the tenant is routed by the endpoint's own
 * address. Of its network's subnet it may be a single address, and one that
 * IPAM gives to nobody (ipam_excluded()): so it can never be another's. No two
 * endpoints of a tenant have one in common.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/model.h"

int allow_parse(const char *s, struct prefix *ret_prefix)
{
	struct prefix prefix = { 0 };

	if (s && strchr(s, '/'))
		return prefix_parse(s, ret_prefix);
	if (ip_parse(s, &prefix.ip) < 0)
		return -EINVAL;
	prefix.len = ip_bits(&prefix.ip);
	*ret_prefix = prefix;
	return 0;
}

/* What no stack may have, wherever: this host, loopback, link-local, group, reserved; mapped IPv4. */
static bool never(const struct prefix *prefix)
{
	static const char *const bad[] = { "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/8", "fe80::/10",
					   "ff00::/8" };

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct prefix other;

		if (prefix_parse(bad[i], &other) == 0 && prefix_overlaps(&other, prefix))
			return true;
	}
	return prefix->len == 0;
}

bool allow_on_link(const struct network *network, const struct prefix *prefix)
{
	for (size_t i = 0; i < network->subnet_count; i++)
		if (prefix_overlaps(&network->subnets[i], prefix))
			return true;
	return false;
}

const struct endpoint *allow_holder(const struct tenant *tenant, const struct prefix *prefix, struct prefix *ret_held)
{
	list_each(node, &tenant->stack_order) {
		const struct stack *stack = container_of(node, struct stack, order);

		list_each(link, &stack->endpoints) {
			const struct endpoint *endpoint = container_of(link, struct endpoint, stack_link);

			for (size_t i = 0; i < endpoint->allow_count; i++)
				if (prefix_overlaps(&endpoint->allow[i], prefix)) {
					*ret_held = endpoint->allow[i];
					return endpoint;
				}
		}
	}
	return NULL;
}

/* Beside all subnets, or one excluded address of the network's own. */
static int place_check(const struct network *network, const struct prefix *prefix, const char *full, struct err *err)
{
	const struct tenant *tenant = network->tenant;
	char text[PREFIX_STR_SIZE], text2[PREFIX_STR_SIZE];
	const struct endpoint *holder;
	const struct network *other;
	size_t cursor = 0;

	prefix_print(prefix, text);
	while ((other = table_next(&tenant->networks, &cursor)))
		for (size_t i = 0; i < other->subnet_count; i++) {
			if (!prefix_overlaps(&other->subnets[i], prefix))
				continue;
			if (other != network || prefix->len != ip_bits(&prefix->ip))
				return err_set(err, ERR_CONFLICT, EEXIST, full,
					       "%s overlaps %s of network %s/%s: of subnets, single addresses of the endpoint's "
					       "own network alone may be allowed",
					       text, prefix_print(&other->subnets[i], text2), tenant->name, other->name);
			if (ip_cmp(&prefix->ip, &network->gateways[i]) == 0)
				return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "%s is the gateway of network %s/%s", text,
					       tenant->name, network->name);
			if (!ipam_is_host(&network->subnets[i], &prefix->ip))
				return err_set(err, ERR_USAGE, EINVAL, full, "%s is no host address of network %s/%s", text,
					       tenant->name, network->name);
			holder = table_find(&network->used, &prefix->ip, sizeof(prefix->ip));
			if (holder)
				return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "%s is held by %s/%s:%s", text, tenant->name,
					       holder->stack->name, holder->ifname);
			if (!ipam_excluded(network, &prefix->ip))
				return err_set(err, ERR_CONFLICT, EEXIST, full,
					       "%s may be given to another endpoint: exclude it from network %s/%s first", text,
					       tenant->name, network->name);
		}
	return 0;
}

static int allow_check(const struct endpoint *endpoint, const struct prefix *prefix, const char *full, struct err *err)
{
	const struct network *network = endpoint->network;
	const struct pools *pools = &network->tenant->model->pools;
	struct prefix net = prefix_network(prefix), held;
	char text[PREFIX_STR_SIZE], text2[PREFIX_STR_SIZE], name[NAME_FULL_SIZE];
	const struct endpoint *holder;
	bool family = false;

	prefix_print(prefix, text);
	if (memcmp(&net, prefix, sizeof(net)) != 0)
		return err_set(err, ERR_USAGE, EINVAL, full, "%s has host bits set; the prefix is %s", text,
			       prefix_print(&net, text2));
	if (never(prefix))
		return err_set(err, ERR_USAGE, EINVAL, full, "%s is not what a stack may have", text);
	for (size_t i = 0; i < endpoint->ip_count; i++)
		family = family || endpoint->ips[i].ip.family == prefix->ip.family;
	if (!family)
		return err_set(err, ERR_USAGE, EINVAL, full, "%s is of a family the endpoint has no address of", text);
	if (prefix_overlaps(prefix, &pools->transit4) || prefix_overlaps(prefix, &pools->transit6))
		return err_set(err, ERR_CONFLICT, EEXIST, full, "%s overlaps the addresses of the uplinks", text);
	for (size_t i = 0; i < endpoint->allow_count; i++)
		if (prefix_overlaps(&endpoint->allow[i], prefix))
			return err_set(err, ERR_USAGE, EINVAL, full, "%s and %s overlap",
				       prefix_print(&endpoint->allow[i], text2), text);
	holder = allow_holder(network->tenant, prefix, &held);
	if (holder) {
		endpoint_name_print(holder, name);
		return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "%s overlaps %s, which is allowed to %s", text,
			       prefix_print(&held, text2), name);
	}
	return place_check(network, prefix, full, err);
}

int allow_take(struct endpoint *endpoint, const struct prefix *prefixes, size_t count, const char *full, struct err *err)
{
	if (count > ENDPOINT_ALLOW_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, full, "at most %d prefixes may be allowed", ENDPOINT_ALLOW_MAX);
	if (count)
		endpoint->allow = mem_array(count, sizeof(*endpoint->allow));
	for (size_t i = 0; i < count; i++) {
		int r = allow_check(endpoint, &prefixes[i], full, err);

		if (r < 0)
			return r;
		endpoint->allow[endpoint->allow_count++] = prefixes[i];
	}
	return 0;
}

int allow_still_excluded(const struct network *network, const struct ip_range *ranges, size_t count, const char *full,
			 struct err *err)
{
	list_each(node, &network->endpoints) {
		const struct endpoint *endpoint = container_of(node, struct endpoint, network_link);

		for (size_t i = 0; i < endpoint->allow_count; i++) {
			const struct prefix *prefix = &endpoint->allow[i];
			char text[PREFIX_STR_SIZE], name[NAME_FULL_SIZE];
			bool excluded = !allow_on_link(network, prefix);

			for (size_t j = 0; j < count; j++)
				excluded = excluded || (ranges[j].first.family == prefix->ip.family &&
							ip_cmp(&ranges[j].first, &prefix->ip) <= 0 &&
							ip_cmp(&prefix->ip, &ranges[j].last) <= 0);
			if (excluded)
				continue;
			endpoint_name_print(endpoint, name);
			return err_set(err, ERR_CONFLICT, EBUSY, full, "%s is allowed to %s, and so must stay excluded",
				       prefix_print(prefix, text), name);
		}
	}
	return 0;
}
