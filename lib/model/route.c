/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * route - which subnets leave with their own addresses. Floor F2, pure.
 *
 * The host has one routing table for all tenants, so of two networks that hold
 * one prefix only one can have it routed. Who asks is told; where a changed
 * moatd.yaml makes it so, the network that was there first keeps it.
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

/* The other network to which @subnet, or part of it, is routed already; NULL: none. */
static const struct network *holder(const struct model *model, const struct network *network, const struct prefix *subnet)
{
	const struct tenant *tenant;
	size_t cursor = 0;

	while ((tenant = table_next(&model->tenants, &cursor))) {
		const struct network *other;
		size_t at = 0;

		while ((other = table_next(&tenant->networks, &at)))
			for (size_t i = 0; other != network && i < other->subnet_count; i++)
				if (other->routed[i] && prefix_overlaps(&other->subnets[i], subnet))
					return other;
	}
	return NULL;
}

void network_route(struct network *network)
{
	const struct model *model = network->tenant->model;
	bool out = network->mode != NETWORK_L2 && !network->masquerade && !network->internal;

	for (size_t i = 0; i < MODEL_SUBNETS_MAX; i++)
		network->routed[i] = out && i < network->subnet_count && among(model, &network->subnets[i]) &&
				     !holder(model, network, &network->subnets[i]);
}

bool network_is_routed(const struct network *network)
{
	for (size_t i = 0; i < network->subnet_count; i++)
		if (network->routed[i])
			return true;
	return false;
}

int network_route_check(const struct model *model, const struct network *network, const struct prefix *subnet,
			const char *full, struct err *err)
{
	const struct network *other = among(model, subnet) ? holder(model, network, subnet) : NULL;
	char text[PREFIX_STR_SIZE];

	if (!other)
		return 0;
	return err_set(err, ERR_CONFLICT, EEXIST, full, "subnet %s is routed to network %s/%s already", prefix_print(subnet, text),
		       other->tenant->name, other->name);
}

/* Of others the host would know no endpoint by its address, nor could it tell the networks of a tenant apart. */
int network_access_check(const struct model *model, const struct network_def *def, const char *full, struct err *err)
{
	bool routed = false;

	for (size_t i = 0; i < def->subnet_count; i++)
		routed = routed || among(model, &def->subnets[i]);
	if (!def->host_access || (routed && !def->masquerade && !def->internal))
		return 0;
	return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, full,
		       "host access is for networks without masquerade whose subnets are among the routed-prefixes of moatd.yaml");
}
