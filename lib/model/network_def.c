/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network_def - what of a network may be changed while it stands: reading,
 * altering, judging and applying it as one value. Floor F2, pure. So that a
 * change which fails is taken back by applying the value from before.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/model.h"

/* ----------------------------------------------------------------------- texts */

int ip_range_parse(const char *s, struct ip_range *ret_range)
{
	const char *dash = s ? strchr(s, '-') : NULL;
	struct prefix prefix, network;
	char first[IP_STR_SIZE];
	struct ip_range range;

	if (!s)
		return -EINVAL;
	if (strchr(s, '/')) {
		if (prefix_parse(s, &prefix) < 0)
			return -EINVAL;
		network = prefix_network(&prefix);
		if (memcmp(&network, &prefix, sizeof(network)) != 0)
			return -EINVAL;
		*ret_range = (struct ip_range){ prefix.ip, prefix_last(&prefix) };
		return 0;
	}
	if (!dash) {
		if (ip_parse(s, &range.first) < 0)
			return -EINVAL;
		range.last = range.first;
		*ret_range = range;
		return 0;
	}
	if ((size_t)(dash - s) >= sizeof(first))
		return -EINVAL;
	snprintf(first, sizeof(first), "%.*s", (int)(dash - s), s);
	if (ip_parse(first, &range.first) < 0 || ip_parse(dash + 1, &range.last) < 0 ||
	    range.first.family != range.last.family || ip_cmp(&range.first, &range.last) > 0)
		return -EINVAL;
	*ret_range = range;
	return 0;
}

const char *ip_range_print(const struct ip_range *range, char dst[IP_RANGE_STR_SIZE])
{
	char first[IP_STR_SIZE], last[IP_STR_SIZE];

	ip_print(&range->first, first);
	if (ip_cmp(&range->first, &range->last) == 0)
		snprintf(dst, IP_RANGE_STR_SIZE, "%s", first);
	else
		snprintf(dst, IP_RANGE_STR_SIZE, "%s-%s", first, ip_print(&range->last, last));
	return dst;
}

int ipam_reserve_parse(const char *s, struct ipam_reserve *ret_reserve, struct err *err)
{
	struct ipam_reserve reserve = { 0 };
	const char *equals = strchr(s, '=');
	size_t len = equals ? (size_t)(equals - s) : strlen(s);
	int r;

	if (len >= sizeof(reserve.name) || (equals && ip_parse(equals + 1, &reserve.ip) < 0))
		return err_set(err, ERR_USAGE, EINVAL, s, "a reservation is written NAME=IP, such as db=10.0.0.5");
	memcpy(reserve.name, s, len);
	r = name_check("stack", reserve.name, err);
	if (r == 0)
		*ret_reserve = reserve;
	return r;
}

/* ------------------------------------------------------------------------ value */

void network_def_get(const struct network *network, struct network_def *ret_def)
{
	*ret_def = (struct network_def){ .mtu = network->mtu,
					 .masquerade = network->masquerade,
					 .internal = network->internal,
					 .dns = network->dns,
					 .dns_rebind_protect = network->dns_rebind_protect,
					 .host_access = network->host_access,
					 .subnet_count = network->subnet_count,
					 .excluded_count = network->ipam.excluded_count };
	memcpy(ret_def->subnets, network->subnets, sizeof(network->subnets));
	memcpy(ret_def->gateways, network->gateways, sizeof(network->gateways));
	ret_def->excluded = mem_array(ret_def->excluded_count + 1, sizeof(*ret_def->excluded));
	if (ret_def->excluded_count)
		memcpy(ret_def->excluded, network->ipam.excluded, ret_def->excluded_count * sizeof(*ret_def->excluded));
	ret_def->reserved_count = ipam_reserved_get(network, &ret_def->reserved);
}

void network_def_fini(struct network_def *def)
{
	free(def->excluded);
	free(def->reserved);
	*def = (struct network_def){ 0 };
}

/* ---------------------------------------------------------------------- altering */

int network_def_subnet_add(struct network_def *def, const struct network *network, const struct prefix *subnet,
			   const struct ip *gateway, struct err *err)
{
	const struct network_want want = { .subnets = subnet, .subnet_count = 1, .mode = network->mode };
	char full[NAME_FULL_SIZE], text[PREFIX_STR_SIZE];
	uint64_t first, last;
	struct ip ip;
	int r;

	network_name_print(network, full);
	prefix_print(subnet, text);
	for (size_t s = 0; s < def->subnet_count; s++) {
		if (memcmp(&def->subnets[s], subnet, sizeof(*subnet)) == 0) {
			if (gateway && ip_cmp(gateway, &def->gateways[s]) != 0)
				return err_set(err, ERR_CONFLICT, EBUSY, full,
					       "the gateway of subnet %s cannot change while the network stands", text);
			return 0;
		}
		if (prefix_overlaps(&def->subnets[s], subnet))
			return err_set(err, ERR_CONFLICT, EEXIST, full, "subnet %s overlaps another of the network", text);
	}
	if (network->mode == NETWORK_L2)
		return err_set(err, ERR_USAGE, EINVAL, full, "a network of mode l2 has no subnet");
	if (network->mode == NETWORK_ROUTED && gateway)
		return err_set(err, ERR_USAGE, EINVAL, full, "a routed network has the gateways 169.254.1.1 and fe80::1");
	if (def->subnet_count == MODEL_SUBNETS_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, full, "a network has at most %d subnets", MODEL_SUBNETS_MAX);
	r = model_subnet_check(network->tenant, &want, 0, full, err);
	if (r < 0)
		return r;
	ipam_host_range(subnet, &first, &last);
	(void)ip_add(&subnet->ip, first, &ip);
	if (gateway)
		ip = *gateway;
	if (network->mode == NETWORK_ROUTED)
		ip = network_gateway(subnet->ip.family);
	else if (!ipam_is_host(subnet, &ip))
		return err_set(err, ERR_USAGE, EINVAL, full, "gateway %s is no host address of its subnet", ip_print(&ip, text));
	def->subnets[def->subnet_count] = *subnet;
	def->gateways[def->subnet_count++] = ip;
	return 0;
}

/* Who has something of @subnet, an address or one that it is allowed; NULL: nobody. */
static const struct endpoint *subnet_user(const struct network *network, const struct prefix *subnet, struct prefix *ret_held)
{
	list_each(node, &network->endpoints) {
		const struct endpoint *endpoint = container_of(node, struct endpoint, network_link);

		for (size_t i = 0; i < endpoint->ip_count; i++)
			if (prefix_contains(subnet, &endpoint->ips[i].ip)) {
				*ret_held = (struct prefix){ .ip = endpoint->ips[i].ip, .len = ip_bits(&endpoint->ips[i].ip) };
				return endpoint;
			}
		for (size_t i = 0; i < endpoint->allow_count; i++)
			if (prefix_overlaps(subnet, &endpoint->allow[i])) {
				*ret_held = endpoint->allow[i];
				return endpoint;
			}
	}
	return NULL;
}

int network_def_subnet_remove(struct network_def *def, const struct network *network, const struct prefix *subnet,
			      struct err *err)
{
	char full[NAME_FULL_SIZE], text[PREFIX_STR_SIZE], text2[PREFIX_STR_SIZE];
	const struct endpoint *user;
	struct prefix held;
	size_t s = 0;

	network_name_print(network, full);
	prefix_print(subnet, text);
	while (s < def->subnet_count && memcmp(&def->subnets[s], subnet, sizeof(*subnet)) != 0)
		s++;
	if (s == def->subnet_count) {
		for (size_t i = 0; i < def->subnet_count; i++)
			if (prefix_overlaps(&def->subnets[i], subnet))
				return err_set(err, ERR_USAGE, EINVAL, full, "its subnet is %s, and not %s",
					       prefix_print(&def->subnets[i], text2), text);
		return 0;
	}
	if (def->subnet_count == 1)
		return err_set(err, ERR_CONFLICT, EBUSY, full, "%s is its only subnet", text);
	user = subnet_user(network, subnet, &held);
	if (user)
		return err_set(err, ERR_CONFLICT, EBUSY, full, "%s of subnet %s is held by %s/%s:%s",
			       held.len == ip_bits(&held.ip) ? ip_print(&held.ip, text2) : prefix_print(&held, text2), text,
			       network->tenant->name, user->stack->name, user->ifname);
	def->subnet_count--;
	memmove(&def->subnets[s], &def->subnets[s + 1], (def->subnet_count - s) * sizeof(*def->subnets));
	memmove(&def->gateways[s], &def->gateways[s + 1], (def->subnet_count - s) * sizeof(*def->gateways));
	return 0;
}

static int range_cmp(const void *a, const void *b)
{
	const struct ip_range *x = a, *y = b;

	return ip_cmp(&x->first, &y->first);
}

int network_def_exclude(struct network_def *def, const struct network *network, const struct ip_range *range, struct err *err)
{
	char full[NAME_FULL_SIZE], text[IP_RANGE_STR_SIZE], text2[IP_RANGE_STR_SIZE];

	network_name_print(network, full);
	for (size_t i = 0; i < def->excluded_count; i++) {
		const struct ip_range *other = &def->excluded[i];

		if (memcmp(other, range, sizeof(*range)) == 0)
			return 0;
		if (ip_cmp(&other->first, &range->last) <= 0 && ip_cmp(&range->first, &other->last) <= 0)
			return err_set(err, ERR_CONFLICT, EEXIST, full, "%s overlaps %s, which is excluded already",
				       ip_range_print(range, text), ip_range_print(other, text2));
	}
	if (def->excluded_count == IPAM_EXCLUDED_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, full, "a network has at most %d excluded ranges", IPAM_EXCLUDED_MAX);
	def->excluded = mem_grow(def->excluded, def->excluded_count + 1, sizeof(*def->excluded));
	def->excluded[def->excluded_count++] = *range;
	qsort(def->excluded, def->excluded_count, sizeof(*def->excluded), range_cmp);
	return 0;
}

int network_def_unexclude(struct network_def *def, const struct network *network, const struct ip_range *range,
			  struct err *err)
{
	char full[NAME_FULL_SIZE], text[IP_RANGE_STR_SIZE], text2[IP_RANGE_STR_SIZE];
	size_t kept = 0;

	network_name_print(network, full);
	for (size_t i = 0; i < def->excluded_count; i++) {
		const struct ip_range *other = &def->excluded[i];

		if (memcmp(other, range, sizeof(*range)) == 0)
			continue;
		if (ip_cmp(&other->first, &range->last) <= 0 && ip_cmp(&range->first, &other->last) <= 0)
			return err_set(err, ERR_USAGE, EINVAL, full, "what is excluded is %s, and not %s",
				       ip_range_print(other, text), ip_range_print(range, text2));
		def->excluded[kept++] = *other;
	}
	def->excluded_count = kept;
	return 0;
}

int network_def_reserve(struct network_def *def, const struct network *network, const struct ipam_reserve *reserve,
			struct err *err)
{
	char full[NAME_FULL_SIZE], text[IP_STR_SIZE];

	network_name_print(network, full);
	for (size_t i = 0; i < def->reserved_count; i++) {
		if (ip_cmp(&def->reserved[i].ip, &reserve->ip) != 0)
			continue;
		if (str_eq(def->reserved[i].name, reserve->name))
			return 0;
		return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "%s is reserved for stack %s/%s",
			       ip_print(&reserve->ip, text), network->tenant->name, def->reserved[i].name);
	}
	if (def->reserved_count == IPAM_RESERVED_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, full, "a network has at most %d reserved addresses", IPAM_RESERVED_MAX);
	def->reserved = mem_grow(def->reserved, def->reserved_count + 1, sizeof(*def->reserved));
	def->reserved[def->reserved_count++] = *reserve;
	return 0;
}

int network_def_unreserve(struct network_def *def, const struct network *network, const struct ipam_reserve *reserve,
			  struct err *err)
{
	char full[NAME_FULL_SIZE], text[IP_STR_SIZE];
	size_t kept = 0;

	network_name_print(network, full);
	for (size_t i = 0; i < def->reserved_count; i++) {
		const struct ipam_reserve *other = &def->reserved[i];
		bool same = ip_cmp(&other->ip, &reserve->ip) == 0, name = str_eq(other->name, reserve->name);

		if (same && !name)
			return err_set(err, ERR_USAGE, EINVAL, full, "%s is reserved for stack %s/%s, not for %s",
				       ip_print(&reserve->ip, text), network->tenant->name, other->name, reserve->name);
		if (!name || (reserve->ip.family && !same))
			def->reserved[kept++] = *other;
	}
	def->reserved_count = kept;
	return 0;
}

/* ----------------------------------------------------------------------- judging */

static size_t def_subnet_of(const struct network_def *def, const struct ip *ip)
{
	for (size_t s = 0; s < def->subnet_count; s++)
		if (prefix_contains(&def->subnets[s], ip))
			return s;
	return SIZE_MAX;
}

static int excluded_check(const struct network_def *def, const struct network *network, const char *full, struct err *err)
{
	char text[IP_RANGE_STR_SIZE];

	for (size_t i = 0; i < def->excluded_count; i++) {
		const struct ip_range *range = &def->excluded[i];
		size_t s = def_subnet_of(def, &range->first);

		if (s == SIZE_MAX || !prefix_contains(&def->subnets[s], &range->last))
			return err_set(err, ERR_USAGE, EINVAL, full, "the range %s lies in no subnet of the network",
				       ip_range_print(range, text));
	}
	return allow_still_excluded(network, def->excluded, def->excluded_count, full, err);
}

static int reserved_check(const struct network_def *def, const struct network *network, const struct ipam_reserve *reserve,
			  const char *full, struct err *err)
{
	const struct endpoint *holder = table_find(&network->used, &reserve->ip, sizeof(reserve->ip));
	size_t s = def_subnet_of(def, &reserve->ip);
	char text[IP_STR_SIZE], range[IP_RANGE_STR_SIZE];

	ip_print(&reserve->ip, text);
	if (s == SIZE_MAX || !ipam_is_host(&def->subnets[s], &reserve->ip))
		return err_set(err, ERR_USAGE, EINVAL, full, "%s, to be reserved for %s, is no host address of the network", text,
			       reserve->name);
	if (ip_cmp(&reserve->ip, &def->gateways[s]) == 0)
		return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "%s, to be reserved for %s, is the gateway", text,
			       reserve->name);
	for (size_t i = 0; i < def->excluded_count; i++)
		if (ip_cmp(&def->excluded[i].first, &reserve->ip) <= 0 && ip_cmp(&reserve->ip, &def->excluded[i].last) <= 0)
			return err_set(err, ERR_CONFLICT, EEXIST, full, "%s, reserved for %s, is in %s, which is excluded", text,
				       reserve->name, ip_range_print(&def->excluded[i], range));
	if (holder && !str_eq(holder->stack->name, reserve->name))
		return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "%s, to be reserved for %s, is held by %s/%s:%s", text,
			       reserve->name, network->tenant->name, holder->stack->name, holder->ifname);
	return 0;
}

/* What model_publish() asks of a network must hold of those who publish already. */
static int internal_check(const struct network_def *def, const struct network *network, const char *full, struct err *err)
{
	if (!def->internal || network->internal)
		return 0;
	list_each(node, &network->endpoints) {
		const struct endpoint *endpoint = container_of(node, struct endpoint, network_link);

		if (endpoint->publish_count)
			return err_set(err, ERR_CONFLICT, EBUSY, full,
				       "%s/%s:%s publishes ports, which needs a way out: unpublish them first",
				       network->tenant->name, endpoint->stack->name, endpoint->ifname);
	}
	return 0;
}

int network_def_check(const struct network_def *def, const struct network *network, struct err *err)
{
	char full[NAME_FULL_SIZE];
	int r;

	network_name_print(network, full);
	if (def->mtu < 1280 || def->mtu > 65535)
		return err_set(err, ERR_USAGE, EINVAL, full, "the MTU must be from 1280 (IPv6's least) to 65535");
	r = internal_check(def, network, full, err);
	if (r == 0)
		r = excluded_check(def, network, full, err);
	if (r == 0 && !network->tenant->model->loading)
		r = network_access_check(network->tenant->model, network, def, full, err);
	for (size_t i = 0; i < def->subnet_count && r == 0 && !def->masquerade && !def->internal; i++)
		if (!network->tenant->model->loading)
			r = network_route_check(network->tenant->model, network, &def->subnets[i], full, err);
	for (size_t i = 0; i < def->reserved_count && r == 0; i++)
		r = reserved_check(def, network, &def->reserved[i], full, err);
	return r;
}

/* ---------------------------------------------------------------------- applying */

static bool def_has(const struct network_def *def, const struct prefix *subnet)
{
	for (size_t s = 0; s < def->subnet_count; s++)
		if (memcmp(&def->subnets[s], subnet, sizeof(*subnet)) == 0)
			return true;
	return false;
}

/* The table's keys lie in the network itself, so none may stand in it while they move. */
static void nets_remove(struct network *network)
{
	struct table *nets = &network->tenant->model->nets;

	for (size_t s = 0; s < network->subnet_count; s++)
		if (table_find(nets, &network->subnets[s], sizeof(network->subnets[s])) == network)
			table_del(nets, &network->subnets[s], sizeof(network->subnets[s]));
}

static void nets_insert(struct network *network)
{
	for (size_t s = 0; s < network->subnet_count; s++)
		(void)table_add(&network->tenant->model->nets, &network->subnets[s], sizeof(network->subnets[s]), network);
}

static void subnet_out(struct network *network, size_t s)
{
	ipam_subnet_removed(network, s);
	network->subnet_count--;
	memmove(&network->subnets[s], &network->subnets[s + 1], (network->subnet_count - s) * sizeof(*network->subnets));
	memmove(&network->gateways[s], &network->gateways[s + 1], (network->subnet_count - s) * sizeof(*network->gateways));
}

static void subnet_in(struct network *network, size_t s, const struct prefix *subnet, const struct ip *gateway)
{
	memmove(&network->subnets[s + 1], &network->subnets[s], (network->subnet_count - s) * sizeof(*network->subnets));
	memmove(&network->gateways[s + 1], &network->gateways[s], (network->subnet_count - s) * sizeof(*network->gateways));
	network->subnet_count++;
	network->subnets[s] = *subnet;
	network->gateways[s] = *gateway;
	ipam_subnet_added(network, s);
}

/* Both lists are in one order, but for what is in one of them alone. */
static void subnets_apply(const struct network_def *def, struct network *network)
{
	nets_remove(network);
	for (size_t s = network->subnet_count; s-- > 0;)
		if (!def_has(def, &network->subnets[s]))
			subnet_out(network, s);
	for (size_t s = 0; s < def->subnet_count; s++)
		if (s >= network->subnet_count ||
		    memcmp(&network->subnets[s], &def->subnets[s], sizeof(*def->subnets)) != 0)
			subnet_in(network, s, &def->subnets[s], &def->gateways[s]);
	assert(network->subnet_count == def->subnet_count);
	nets_insert(network);
}

void network_def_apply(const struct network_def *def, struct network *network)
{
	subnets_apply(def, network);
	ipam_exclude(network, def->excluded, def->excluded_count);
	ipam_reserve(network, def->reserved, def->reserved_count);
	network->masquerade = def->masquerade;
	network->internal = def->internal;
	network->dns = def->dns;
	network->dns_rebind_protect = def->dns_rebind_protect;
	network->host_access = def->host_access;
	network->mtu = def->mtu;
	network_route(network);
	list_each(node, &network->endpoints) {
		struct endpoint *endpoint = container_of(node, struct endpoint, network_link);

		if (endpoint->mtu_follows)
			endpoint->mtu = def->mtu;
	}
}
