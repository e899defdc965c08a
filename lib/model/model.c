/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model - tenants, networks and stacks: adding, finding, ending. Floor F2,
 * pure. Endpoints, their addresses and ports stand in endpoint.c and publish.c.
 */
#include "lib/model/model.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

void model_init(struct model *model, const struct pools *pools)
{
	*model = (struct model){ .pools = *pools };
	list_init(&model->port_addresses);
}

void model_fini(struct model *model)
{
	struct tenant *tenant;
	size_t cursor = 0;

	while ((tenant = table_next(&model->tenants, &cursor)))
		model_tenant_del(tenant);
	table_fini(&model->tenants);
	table_fini(&model->ids);
	table_fini(&model->endpoint_ids);
	table_fini(&model->stack_nss);
	table_fini(&model->transits);
	for (size_t i = 0; i < model->transits_held_count; i++)
		free(model->transits_held[i]);
	free(model->transits_held);
	table_fini(&model->ports);
	table_fini(&model->requests);
	table_fini(&model->stack_requests);
	table_fini(&model->memories);
	free(model->forgotten);
	table_fini(&model->nets);
	table_fini(&model->netnses);
}

bool quota_left(const struct tenant *tenant, int64_t limit, size_t held, size_t count)
{
	return limit < 0 || tenant->model->loading || (int64_t)(held + count) <= limit;
}

bool model_id_taken(const struct model *model, uint64_t id)
{
	return id == 0 || table_find(&model->ids, &id, sizeof(id));
}

struct tenant *model_tenant(const struct model *model, const char *name)
{
	return table_find_str(&model->tenants, name);
}

struct network *model_network(const struct model *model, const struct name *name)
{
	const struct tenant *tenant = model_tenant(model, name->tenant);

	return tenant ? table_find_str(&tenant->networks, name->name) : NULL;
}

struct stack *model_stack(const struct model *model, const struct name *name)
{
	const struct tenant *tenant = model_tenant(model, name->tenant);

	return tenant ? table_find_str(&tenant->stacks, name->name) : NULL;
}

struct endpoint *stack_endpoint(const struct stack *stack, const char *ifname)
{
	list_each(node, &stack->endpoints) {
		struct endpoint *endpoint = container_of(node, struct endpoint, stack_link);

		if (str_eq(endpoint->ifname, ifname))
			return endpoint;
	}
	return NULL;
}

/* -------------------------------------------------------------------- tenants */

/* The index of a free uplink prefix: next-fit, so that one just given back is not given out at once. */
static int transit_take(struct model *model, struct tenant *tenant, int64_t asked, struct err *err)
{
	/* a /31 and a /127 an index; both pools are taken to hold as many */
	uint64_t count = prefix_size(&model->pools.transit4) / 2;
	uint64_t index;

	if (prefix_size(&model->pools.transit6) / 2 < count)
		count = prefix_size(&model->pools.transit6) / 2;
	if (asked >= 0) {
		index = (uint64_t)asked;
	} else {
		if (model->transits.count >= count)
			return err_set(err, ERR_EXHAUSTED, ENOSPC, tenant->name,
				       "no uplink address is left for another tenant (%zu tenants stand)",
				       model->transits.count);
		for (;; model->transit_cursor++) {
			model->transit_cursor = (uint32_t)(model->transit_cursor % count);
			if (!table_find(&model->transits, &model->transit_cursor, sizeof(model->transit_cursor)))
				break;
		}
		index = model->transit_cursor++;
	}
	if (index >= count)
		return err_set(err, ERR_INTERNAL, ERANGE, tenant->name, "uplink number %llu is outside the pool",
			       (unsigned long long)index);
	tenant->transit = (uint32_t)index;
	if (table_add(&model->transits, &tenant->transit, sizeof(tenant->transit), tenant) < 0)
		return err_set(err, ERR_CONFLICT, EEXIST, tenant->name, "uplink number %u is taken", tenant->transit);
	return 0;
}

void model_transit_hold(struct model *model, uint64_t index)
{
	uint32_t *held = mem_alloc(sizeof(*held));

	*held = (uint32_t)index;
	if (index >= prefix_size(&model->pools.transit4) / 2 || table_add(&model->transits, held, sizeof(*held), model) < 0) {
		free(held);
		return;
	}
	model->transits_held = mem_grow(model->transits_held, model->transits_held_count + 1, sizeof(*model->transits_held));
	model->transits_held[model->transits_held_count++] = held;
}

int model_tenant_add(struct model *model, const struct tenant_want *want, struct tenant **ret_tenant, struct err *err)
{
	struct tenant *tenant;
	int r;

	r = name_tenant_check(want->name, err);
	if (r < 0)
		return r;
	if (model_tenant(model, want->name))
		return err_set(err, ERR_TAKEN, EEXIST, want->name, "a tenant of this name exists already");
	if (model_id_taken(model, want->id))
		return err_set(err, ERR_INTERNAL, EEXIST, want->name, "the id is taken");
	if (want->delegate && strlen(want->delegate) >= sizeof(tenant->delegate))
		return err_set(err, ERR_USAGE, EINVAL, want->name, "the name of the delegate is too long");

	tenant = mem_alloc(sizeof(*tenant));
	tenant->model = model;
	tenant->id = want->id;
	tenant->kind = want->kind;
	tenant->quota = want->quota;
	tenant->allow_ports_count = want->allow_ports_count;
	if (want->allow_ports_count)
		memcpy(tenant->allow_ports, want->allow_ports, want->allow_ports_count * sizeof(*want->allow_ports));
	list_init(&tenant->stack_order);
	(void)str_copy(tenant->name, sizeof(tenant->name), want->name);
	(void)str_copy(tenant->delegate, sizeof(tenant->delegate), want->delegate ? want->delegate : "");
	r = transit_take(model, tenant, want->transit, err);
	if (r < 0) {
		free(tenant);
		return r;
	}
	table_add_str(&model->tenants, tenant->name, tenant);
	table_add(&model->ids, &tenant->id, sizeof(tenant->id), tenant);
	*ret_tenant = tenant;
	return 0;
}

void model_tenant_del(struct tenant *tenant)
{
	struct model *model = tenant->model;
	struct network *network;
	size_t cursor = 0;

	list_each_safe(node, &tenant->stack_order)
		model_stack_del(container_of(node, struct stack, order));
	while ((network = table_next(&tenant->networks, &cursor)))
		model_network_del(network);
	table_fini(&tenant->networks);
	table_fini(&tenant->stacks);
	if (model_tenant(model, tenant->name) == tenant)
		table_del_str(&model->tenants, tenant->name);
	table_del(&model->transits, &tenant->transit, sizeof(tenant->transit));
	table_del(&model->ids, &tenant->id, sizeof(tenant->id));
	free(tenant);
}

/* Address number 0 (host) or 1 (router) of the tenant's pair in @pool. */
static struct prefix transit_side(const struct tenant *tenant, const struct prefix *pool, bool router)
{
	struct prefix side = { .len = (uint8_t)(ip_bits(&pool->ip) - 1) };
	int r = ip_add(&pool->ip, 2ULL * tenant->transit + (router ? 1 : 0), &side.ip);

	assert(r == 0);
	(void)r;
	return side;
}

struct prefix tenant_transit4(const struct tenant *tenant, bool router)
{
	return transit_side(tenant, &tenant->model->pools.transit4, router);
}

struct prefix tenant_transit6(const struct tenant *tenant, bool router)
{
	return transit_side(tenant, &tenant->model->pools.transit6, router);
}

/* ------------------------------------------------------------------- networks */

/* Does the subnet stand on its own in its tenant, and is it one we can hand addresses out of? */
int model_subnet_check(const struct tenant *tenant, const struct network_want *want, size_t index, const char *full,
		       struct err *err)
{
	const struct prefix *subnet = &want->subnets[index];
	struct prefix net = prefix_network(subnet), held;
	const struct endpoint *holder;
	struct network *other;
	char text[PREFIX_STR_SIZE], text2[PREFIX_STR_SIZE];
	uint8_t bits = ip_bits(&subnet->ip);
	struct ip names6 = network_names6();
	size_t cursor = 0;

	prefix_print(subnet, text);
	if (memcmp(&net, subnet, sizeof(net)) != 0)
		return err_set(err, ERR_USAGE, EINVAL, full, "%s has host bits set; the network is %s", text,
			       prefix_print(&net, text2));
	/* of a /32 nothing would be left beside a gateway that is part of it */
	if (subnet->len < 8 || subnet->len > bits - (want->mode == NETWORK_ROUTED ? 0 : 1))
		return err_set(err, ERR_USAGE, EINVAL, full, "subnet %s: the prefix length must be from 8 to %d", text,
			       bits - (want->mode == NETWORK_ROUTED ? 0 : 1));
	if (ip_is_multicast(&subnet->ip) || ip_is_loopback(&subnet->ip) || ip_is_linklocal(&subnet->ip) ||
	    ip_is_unspecified(&subnet->ip))
		return err_set(err, ERR_USAGE, EINVAL, full, "subnet %s is not one that hosts may have", text);
	for (size_t i = 0; i < index; i++)
		if (prefix_overlaps(&want->subnets[i], subnet))
			return err_set(err, ERR_USAGE, EINVAL, full, "subnets %s and %s overlap",
				       prefix_print(&want->subnets[i], text2), text);
	while ((other = table_next(&tenant->networks, &cursor)))
		for (size_t i = 0; i < other->subnet_count; i++)
			if (prefix_overlaps(&other->subnets[i], subnet))
				return err_set(err, ERR_CONFLICT, EEXIST, full,
					       "subnet %s overlaps %s of network %s/%s", text,
					       prefix_print(&other->subnets[i], text2), tenant->name, other->name);
	holder = allow_holder(tenant, subnet, &held);
	if (holder)
		return err_set(err, ERR_CONFLICT, EEXIST, full, "subnet %s overlaps %s, which is allowed to %s/%s:%s", text,
			       prefix_print(&held, text2), tenant->name, holder->stack->name, holder->ifname);
	if (prefix_contains(subnet, &names6))
		return err_set(err, ERR_CONFLICT, EEXIST, full, "subnet %s holds %s, at which names are asked for", text,
			       ip_print(&names6, text2));
	if (prefix_overlaps(subnet, &tenant->model->pools.transit4) ||
	    prefix_overlaps(subnet, &tenant->model->pools.transit6))
		return err_set(err, ERR_CONFLICT, EEXIST, full, "subnet %s overlaps the addresses of the uplinks", text);
	return 0;
}

static int gateways_check(const struct network_want *want, const char *full, struct err *err)
{
	char text[IP_STR_SIZE];

	if (want->mode == NETWORK_ROUTED && want->gateway_count)
		return err_set(err, ERR_USAGE, EINVAL, full,
			       "a routed network has the gateways 169.254.1.1 and fe80::1; none may be given");
	if (want->gateway_count > want->subnet_count)
		return err_set(err, ERR_USAGE, EINVAL, full, "more gateways than subnets");
	for (size_t i = 0; i < want->gateway_count; i++) {
		if (!ipam_is_host(&want->subnets[i], &want->gateways[i]))
			return err_set(err, ERR_USAGE, EINVAL, full, "gateway %s is no host address of its subnet",
				       ip_print(&want->gateways[i], text));
	}
	return 0;
}

/* The next subnet of @pool with length @len that neither another network got from it nor this tenant uses. */
static int pool_take(struct model *model, const struct tenant *tenant, const struct prefix *pool, uint8_t len,
		     uint64_t *cursor, struct prefix *ret_subnet)
{
	uint64_t count = 1ULL << (len - pool->len);

	for (uint64_t tries = 0; tries < count && tries < 65536; tries++) {
		struct prefix subnet = { .ip = pool->ip, .len = len };
		uint64_t n = (*cursor)++ % count;
		bool clash = false;
		struct network *other;
		size_t at = 0;

		/* add n << (bits - len) without 128-bit arithmetic: byte by byte from the last bit of the prefix */
		for (int bit = len - 1; n && bit >= 0; bit--, n >>= 1)
			if (n & 1)
				subnet.ip.b[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
		if (table_find(&model->nets, &subnet, sizeof(subnet)))
			continue;
		while (!clash && (other = table_next(&tenant->networks, &at)))
			for (size_t i = 0; i < other->subnet_count; i++)
				clash = clash || prefix_overlaps(&other->subnets[i], &subnet);
		if (clash)
			continue;
		*ret_subnet = subnet;
		return 0;
	}
	return -ENOSPC;
}

static struct ip subnet_first(const struct prefix *subnet)
{
	uint64_t first, last;
	struct ip ip;

	ipam_host_range(subnet, &first, &last);
	(void)ip_add(&subnet->ip, first, &ip);
	return ip;
}

/* Exclusions and reservations of a network that has just been made. */
static int network_addresses(struct network *network, const struct network_want *want, struct err *err)
{
	struct network_def def;
	int r = 0;

	network_def_get(network, &def);
	for (size_t i = 0; i < want->excluded_count && r == 0; i++)
		r = network_def_exclude(&def, network, &want->excluded[i], err);
	for (size_t i = 0; i < want->reserved_count && r == 0; i++)
		r = network_def_reserve(&def, network, &want->reserved[i], err);
	if (r == 0)
		r = network_def_check(&def, network, err);
	if (r == 0)
		network_def_apply(&def, network);
	network_def_fini(&def);
	return r;
}

static bool mark_taken(const struct tenant *tenant, uint64_t id)
{
	const struct network *network;
	size_t cursor = 0;

	while ((network = table_next(&tenant->networks, &cursor)))
		if (network_mark(network->id) == network_mark(id))
			return true;
	return network_mark(id) == 0;
}

int model_network_add(struct model *model, const struct network_want *want, struct network **ret_network, struct err *err)
{
	struct network_want filled = *want;
	struct prefix automatic[2];
	char full[NAME_FULL_SIZE];
	struct tenant *tenant = model_tenant(model, want->name.tenant);
	struct network *network;
	int r;

	snprintf(full, sizeof(full), "%s/%s", want->name.tenant, want->name.name);
	if (!tenant)
		return err_set(err, ERR_NOTFOUND, ENOENT, want->name.tenant, "there is no tenant of this name");
	if (tenant->kind != TENANT_PLAIN)
		return err_set(err, ERR_CONFLICT, EBUSY, full, "'%s' is a lab; networks stand in tenants", tenant->name);
	if (table_find_str(&tenant->networks, want->name.name))
		return err_set(err, ERR_TAKEN, EEXIST, full, "a network of this name exists already");
	if (!quota_left(tenant, tenant->quota.networks, tenant->networks.count, 1))
		return err_set(err, ERR_QUOTA, EDQUOT, full, "the tenant may have %lld networks and has them",
			       (long long)tenant->quota.networks);
	if (model_id_taken(model, want->id) || mark_taken(tenant, want->id))
		return err_set(err, ERR_INTERNAL, EEXIST, full, "the id is taken");
	if (want->subnet_count > MODEL_SUBNETS_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, full, "a network has at most %d subnets", MODEL_SUBNETS_MAX);
	if (want->mtu < 1280 || want->mtu > 65535)
		return err_set(err, ERR_USAGE, EINVAL, full, "the MTU must be from 1280 (IPv6's least) to 65535");
	if (want->mode == NETWORK_L2 && want->subnet_count)
		return err_set(err, ERR_USAGE, EINVAL, full,
			       "a network of mode l2 has no subnet; its endpoints have the addresses they are given");
	if (want->mode == NETWORK_L2 && want->guard)
		return err_set(err, ERR_USAGE, EINVAL, full, "a network of mode l2 has no guard");
	if (want->subnet_count == 0 && want->mode != NETWORK_L2) {
		if (pool_take(model, tenant, &model->pools.nets4, 24, &model->net4_cursor, &automatic[0]) < 0 ||
		    pool_take(model, tenant, &model->pools.nets6, 64, &model->net6_cursor, &automatic[1]) < 0)
			return err_set(err, ERR_EXHAUSTED, ENOSPC, full, "no subnet is left in the pools; ask for one");
		filled.subnets = automatic;
		filled.subnet_count = 2;
	}
	for (size_t i = 0; i < filled.subnet_count; i++) {
		r = model_subnet_check(tenant, &filled, i, full, err);
		if (r < 0)
			return r;
	}
	r = gateways_check(&filled, full, err);
	for (size_t i = 0; i < filled.subnet_count && r == 0 && !want->masquerade && !want->internal && !model->loading; i++)
		r = network_route_check(model, NULL, &filled.subnets[i], full, err);
	if (r == 0 && want->host_access && !model->loading) {
		struct network_def def = { .masquerade = want->masquerade, .internal = want->internal, .host_access = true };

		def.subnet_count = filled.subnet_count;
		memcpy(def.subnets, filled.subnets, filled.subnet_count * sizeof(*def.subnets));
		r = network_access_check(model, NULL, &def, full, err);
	}
	if (r < 0)
		return r;

	network = mem_alloc(sizeof(*network));
	network->id = want->id;
	network->tenant = tenant;
	network->mode = want->mode;
	network->mtu = want->mtu;
	network->guard = want->guard;
	network->masquerade = want->masquerade;
	network->internal = want->internal;
	network->dns = want->dns;
	network->dns_rebind_protect = want->dns_rebind_protect;
	network->host_access = want->host_access;
	list_init(&network->endpoints);
	ipam_init(network);
	(void)str_copy(network->name, sizeof(network->name), want->name.name);
	network->subnet_count = filled.subnet_count;
	for (size_t i = 0; i < filled.subnet_count; i++) {
		network->subnets[i] = filled.subnets[i];
		network->cursor[i] = 1;
		if (want->mode == NETWORK_ROUTED)
			network->gateways[i] = network_gateway(filled.subnets[i].ip.family);
		else if (i < want->gateway_count)
			network->gateways[i] = want->gateways[i];
		else
			network->gateways[i] = subnet_first(&filled.subnets[i]);
		table_add(&model->nets, &network->subnets[i], sizeof(network->subnets[i]), network);
	}
	network_route(network);
	table_add_str(&tenant->networks, network->name, network);
	table_add(&model->ids, &network->id, sizeof(network->id), network);
	if (want->excluded_count || want->reserved_count) {
		r = network_addresses(network, want, err);
		if (r < 0) {
			model_network_del(network);
			return r;
		}
	}
	*ret_network = network;
	return 0;
}

bool network_has_dns(const struct network *network)
{
	return network->dns && network->mode != NETWORK_L2 && network->subnet_count > 0;
}

void model_network_del(struct network *network)
{
	struct model *model = network->tenant->model;

	assert(list_empty(&network->endpoints));
	if (model->watch.network_gone && network->life == LIFE_UP)
		model->watch.network_gone(model->watch.ctx, network);
	ipam_fini(network);
	for (size_t i = 0; i < network->subnet_count; i++)
		if (table_find(&model->nets, &network->subnets[i], sizeof(network->subnets[i])) == network)
			table_del(&model->nets, &network->subnets[i], sizeof(network->subnets[i]));
	if (table_find_str(&network->tenant->networks, network->name) == network)
		table_del_str(&network->tenant->networks, network->name);
	table_del(&model->ids, &network->id, sizeof(network->id));
	table_fini(&network->used);
	table_fini(&network->macs);
	free(network);
}

static const char *const mode_names[NETWORK_MODE_COUNT] = {
	[NETWORK_BRIDGE] = "bridge",
	[NETWORK_ROUTED] = "routed",
	[NETWORK_L2] = "l2",
};

const char *network_mode_name(enum network_mode mode)
{
	assert(mode < NETWORK_MODE_COUNT);
	return mode_names[mode];
}

int network_mode_parse(const char *name, enum network_mode *ret_mode)
{
	for (unsigned i = 0; i < NETWORK_MODE_COUNT; i++)
		if (str_eq(name, mode_names[i])) {
			*ret_mode = (enum network_mode)i;
			return 0;
		}
	return -EINVAL;
}

struct ip network_names6(void)
{
	return (struct ip){ .family = 6, .b = { 0xfe, 0xc0, 0, 0, 0, 0, 0xff, 0xff, [15] = 1 } };
}

struct ip network_gateway(uint8_t family)
{
	if (family == 4)
		return (struct ip){ .family = 4, .b = { 169, 254, 1, 1 } };
	return (struct ip){ .family = 6, .b = { 0xfe, 0x80, [15] = 1 } };
}

uint32_t network_mark(uint64_t id) { return (uint32_t)(id & 0x7fffffff); }

bool network_goes_out(const struct network *network)
{
	return network->mode != NETWORK_L2 && network->masquerade && !network->internal;
}

/* --------------------------------------------------------------------- stacks */

int model_stack_add(struct tenant *tenant, const char *name, enum stack_kind kind, uint64_t id, struct stack **ret_stack,
		    struct err *err)
{
	static const enum ns_class classes[] = {
		[STACK_BARE] = NS_STACK,
		[STACK_CONTAINER] = NS_CONTAINER,
		[STACK_FOREIGN] = NS_FOREIGN,
	};
	char full[NAME_FULL_SIZE];
	struct stack *stack;
	int r;

	r = name_check("stack", name, err);
	if (r < 0)
		return r;
	snprintf(full, sizeof(full), "%s/%s", tenant->name, name);
	if (table_find_str(&tenant->stacks, name))
		return err_set(err, ERR_TAKEN, EEXIST, full, "a stack of this name exists already");
	if (model_id_taken(tenant->model, id))
		return err_set(err, ERR_INTERNAL, EEXIST, full, "the id is taken");
	stack = mem_alloc(sizeof(*stack));
	stack->id = id;
	stack->ns = NS_ID(classes[kind], id);
	stack->kind = kind;
	stack->tenant = tenant;
	list_init(&stack->endpoints);
	(void)str_copy(stack->name, sizeof(stack->name), name);
	list_append(&tenant->stack_order, &stack->order);
	table_add_str(&tenant->stacks, stack->name, stack);
	table_add(&tenant->model->ids, &stack->id, sizeof(stack->id), stack);
	table_add(&tenant->model->stack_nss, &stack->ns, sizeof(stack->ns), stack);
	*ret_stack = stack;
	return 0;
}

void model_stack_del(struct stack *stack)
{
	list_each_safe(node, &stack->endpoints)
		model_endpoint_del(container_of(node, struct endpoint, stack_link));
	if (table_find_str(&stack->tenant->stacks, stack->name) == stack)
		table_del_str(&stack->tenant->stacks, stack->name);
	list_remove(&stack->order);
	if (table_find(&stack->tenant->model->netnses, stack->netns, sizeof(stack->netns)) == stack)
		table_del(&stack->tenant->model->netnses, stack->netns, sizeof(stack->netns));
	table_del(&stack->tenant->model->ids, &stack->id, sizeof(stack->id));
	table_del(&stack->tenant->model->stack_nss, &stack->ns, sizeof(stack->ns));
	if (stack->request)
		table_del_str(&stack->tenant->model->stack_requests, stack->request);
	free(stack->request);
	free(stack->routes);
	free(stack);
}

void model_stack_set_netns(struct stack *stack, uint64_t dev, uint64_t ino)
{
	stack->netns[0] = dev;
	stack->netns[1] = ino;
	if (ino)
		(void)table_add(&stack->tenant->model->netnses, stack->netns, sizeof(stack->netns), stack);
}

struct stack *model_stack_by_ns(const struct model *model, uint64_t ns)
{
	return table_find(&model->stack_nss, &ns, sizeof(ns));
}

struct stack *model_stack_by_netns(const struct model *model, uint64_t dev, uint64_t ino)
{
	const uint64_t key[2] = { dev, ino };

	return table_find(&model->netnses, key, sizeof(key));
}

/* ------------------------------------------------------------------- memories */

void model_memory_made(struct model *model, struct ipam_memory *memory)
{
	table_add(&model->ids, &memory->id, sizeof(memory->id), memory);
	table_add(&model->memories, &memory->id, sizeof(memory->id), memory);
}

void model_memory_gone(struct model *model, struct ipam_memory *memory)
{
	table_del(&model->ids, &memory->id, sizeof(memory->id));
	table_del(&model->memories, &memory->id, sizeof(memory->id));
	model->forgotten = mem_grow(model->forgotten, model->forgotten_count + 1, sizeof(*model->forgotten));
	model->forgotten[model->forgotten_count++] = memory->id;
}

const struct ipam_memory *model_memory(const struct model *model, uint64_t id)
{
	return table_find(&model->memories, &id, sizeof(id));
}

size_t model_forgotten(struct model *model, uint64_t **ret_ids)
{
	size_t count = model->forgotten_count;

	*ret_ids = model->forgotten;
	model->forgotten = NULL;
	model->forgotten_count = 0;
	return count;
}

/* ---------------------------------------------------------------------- names */

void model_ifname(char kind, uint64_t id, char dst[OBJ_IFNAME_SIZE])
{
	snprintf(dst, OBJ_IFNAME_SIZE, "m%c%012llx", kind, (unsigned long long)(id & 0xffffffffffffULL));
}

void stack_name_print(const struct stack *stack, char dst[NAME_FULL_SIZE])
{
	snprintf(dst, NAME_FULL_SIZE, "%s/%s", stack->tenant->name, stack->name);
}

void network_name_print(const struct network *network, char dst[NAME_FULL_SIZE])
{
	snprintf(dst, NAME_FULL_SIZE, "%s/%s", network->tenant->name, network->name);
}

void endpoint_name_print(const struct endpoint *endpoint, char dst[NAME_FULL_SIZE])
{
	snprintf(dst, NAME_FULL_SIZE, "%s/%s:%s", endpoint->stack->tenant->name, endpoint->stack->name, endpoint->ifname);
}
