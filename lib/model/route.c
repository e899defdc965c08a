/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * route - which subnets leave with their own addresses. Floor F2, pure.
 *
 * The host has one routing table for all tenants, so of two networks that hold
 * one prefix only one can have it routed. Who asks is told; where a changed
 * moatd.yaml makes it so, the network that was there first keeps it.
 *
 * Where such a subnet is part of a prefix that a link of the host has itself,
 * routers out there ask for each address on that link instead of sending to
 * the host, and the host answers for those that endpoints have.
 */
#include <errno.h>
#include <stdio.h>

#include "lib/model/model.h"

static bool among(const struct model *model, const struct prefix *subnet)
{
	for (size_t i = 0; i < model->routed_count; i++)
		if (prefix_within(subnet, &model->routed[i]))
			return true;
	return false;
}

/* The other network to which the host leads @subnet, or part of it, already; NULL: none. */
static const struct network *holder(const struct model *model, const struct network *network, const struct prefix *subnet)
{
	const struct tenant *tenant;
	size_t cursor = 0;

	while ((tenant = table_next(&model->tenants, &cursor))) {
		const struct network *other;
		size_t at = 0;

		while ((other = table_next(&tenant->networks, &at)))
			for (size_t i = 0; other != network && i < other->subnet_count; i++)
				if ((other->routed[i] || other->reached[i]) && prefix_overlaps(&other->subnets[i], subnet))
					return other;
	}
	return NULL;
}

/* The route of the host's own that leads into @subnet, or NULL. */
static const struct prefix *hosts_route(const struct host_links *links, const struct prefix *subnet)
{
	for (size_t i = 0; i < links->routes_count; i++)
		if (prefix_overlaps(&links->routes[i], subnet))
			return &links->routes[i];
	return NULL;
}

void network_route(struct network *network)
{
	const struct model *model = network->tenant->model;
	bool out = network->mode != NETWORK_L2 && !network->internal;

	for (size_t i = 0; i < MODEL_SUBNETS_MAX; i++) {
		const struct prefix *subnet = &network->subnets[i];
		bool free = out && i < network->subnet_count && !holder(model, network, subnet);

		network->routed[i] = free && !network->masquerade && among(model, subnet);
		network->reached[i] = free && network->host_access &&
				      (network->routed[i] || (network->masquerade && prefix_is_private(subnet) &&
							      !model->links.routes_more && !hosts_route(&model->links, subnet)));
	}
}

void model_route_all(struct model *model)
{
	const struct tenant *tenant;
	size_t cursor = 0;

	while ((tenant = table_next(&model->tenants, &cursor))) {
		struct network *network;
		size_t at = 0;

		while ((network = table_next(&tenant->networks, &at)))
			network_route(network);
	}
}

const char *network_proxy_dev(const struct network *network, const struct ip *ip)
{
	const struct host_links *links = &network->tenant->model->links;

	for (size_t i = 0; i < network->subnet_count; i++)
		for (size_t k = 0; network->routed[i] && k < links->onlink_count; k++)
			if (prefix_contains(&network->subnets[i], ip) &&
			    prefix_within(&network->subnets[i], &links->onlink[k].prefix))
				return links->onlink[k].dev;
	return NULL;
}

bool network_is_routed(const struct network *network)
{
	for (size_t i = 0; i < network->subnet_count; i++)
		if (network->routed[i])
			return true;
	return false;
}

/* Its addresses would lead to the tenant, and be nobody's outside. */
static int host_check(const struct host_links *links, const struct prefix *subnet, const char *full, struct err *err)
{
	char text[PREFIX_STR_SIZE], text2[PREFIX_STR_SIZE];

	for (size_t i = 0; i < links->onlink_count; i++)
		if (prefix_within(&links->onlink[i].prefix, subnet))
			return err_set(err, ERR_CONFLICT, EEXIST, full,
				       "subnet %s is that of the host's link %s: give it a part of it, such as a /%u",
				       prefix_print(subnet, text), links->onlink[i].dev,
				       links->onlink[i].prefix.len < 80 ? 80U : links->onlink[i].prefix.len + 8U);
	for (size_t i = 0; i < links->held_count; i++)
		if (prefix_contains(subnet, &links->held[i]))
			return err_set(err, ERR_CONFLICT, EEXIST, full, "%s of subnet %s is the host's own, or its gateway's",
				       ip_print(&links->held[i], text2), prefix_print(subnet, text));
	return 0;
}

int network_route_check(const struct model *model, const struct network *network, const struct prefix *subnet,
			const char *full, struct err *err)
{
	const struct network *other = among(model, subnet) ? holder(model, network, subnet) : NULL;
	char text[PREFIX_STR_SIZE];

	if (!other)
		return among(model, subnet) ? host_check(&model->links, subnet, full, err) : 0;
	return err_set(err, ERR_CONFLICT, EEXIST, full, "subnet %s is routed to network %s/%s already", prefix_print(subnet, text),
		       other->tenant->name, other->name);
}

/* Masqueraded by the host alone, so that this knows its endpoints: by addresses that lead nowhere else from it. */
static int private_check(const struct model *model, const struct network *network, const struct prefix *subnet, const char *full,
			 struct err *err)
{
	const struct prefix *route = hosts_route(&model->links, subnet);
	const struct network *other = holder(model, network, subnet);
	char text[PREFIX_STR_SIZE], text2[PREFIX_STR_SIZE];

	prefix_print(subnet, text);
	if (!prefix_is_private(subnet))
		return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, full,
			       "host access to %s, which is not private, needs --no-masquerade and the routed-prefixes of moatd.yaml", text);
	if (other)
		return err_set(err, ERR_CONFLICT, EEXIST, full,
			       "the host reaches %s, or a part of it, in network %s/%s already, and can reach it in one alone", text,
			       other->tenant->name, other->name);
	if (route)
		return err_set(err, ERR_CONFLICT, EEXIST, full, "%s, or a part of it, is reached from the host by its own route to %s", text,
			       prefix_print(route, text2));
	if (model->links.routes_more)
		return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, full,
			       "the host has more than %d routes to private prefixes: host access needs --no-masquerade", MODEL_ROUTES_MAX);
	return 0;
}

int network_access_check(const struct model *model, const struct network *network, const struct network_def *def,
			 const char *full, struct err *err)
{
	bool routed = false;
	int r = 0;

	if (!def->host_access)
		return 0;
	if (def->internal)
		return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, full, "an internal network has no access to the host");
	if (def->subnet_count == 0)
		return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, full, "a network without subnets has no access to the host");
	for (size_t i = 0; i < def->subnet_count && r == 0; i++) {
		routed = routed || among(model, &def->subnets[i]);
		r = def->masquerade ? private_check(model, network, &def->subnets[i], full, err) : 0;
	}
	if (r < 0 || def->masquerade || routed)
		return r;
	return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, full,
		       "host access without masquerade is for subnets among the routed-prefixes of moatd.yaml");
}
