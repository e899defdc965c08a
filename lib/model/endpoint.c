/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * endpoint - endpoints of networks and ends of wires. Floor F2, pure. Which
 * address one gets is the matter of ipam.c.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/model.h"
#include "lib/model/request.h"

bool model_host_address(const struct prefix *prefix)
{
	return prefix->len > 0 && !ip_is_unspecified(&prefix->ip) && !ip_is_multicast(&prefix->ip);
}

static int prefixes_check(const struct endpoint *endpoint, const struct prefix *prefixes, size_t count, const char *full,
			  struct err *err)
{
	char text[PREFIX_STR_SIZE];

	if (count > MODEL_IPS_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, full, "an interface has at most %d addresses", MODEL_IPS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct ip *ip = &prefixes[i].ip;
		const struct endpoint *holder = endpoint->network ? table_find(&endpoint->network->used, ip, sizeof(*ip)) : NULL;

		if (holder && holder != endpoint)
			return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "%s is taken", ip_print(ip, text));
		if (!model_host_address(&prefixes[i]))
			return err_set(err, ERR_USAGE, EINVAL, full, "%s is no host address", prefix_print(&prefixes[i], text));
		for (size_t j = 0; j < i && !endpoint->stack->tenant->model->loading; j++)
			if (ip_cmp(&prefixes[j].ip, ip) == 0)
				return err_set(err, ERR_USAGE, EINVAL, full, "%s is there twice", ip_print(ip, text));
	}
	return 0;
}

static int prefixes_take(struct endpoint *endpoint, const struct endpoint_want *want, const char *full, struct err *err)
{
	int r = prefixes_check(endpoint, want->prefixes, want->prefix_count, full, err);

	if (r < 0)
		return r;
	if (want->prefix_count)
		memcpy(endpoint->ips, want->prefixes, want->prefix_count * sizeof(*want->prefixes));
	endpoint->ip_count = want->prefix_count;
	return 0;
}

static void ips_use(struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->ip_count; i++)
		table_add(&endpoint->network->used, &endpoint->ips[i].ip, sizeof(endpoint->ips[i].ip), endpoint);
}

int model_endpoint_ips_set(struct endpoint *endpoint, const struct prefix *prefixes, size_t count, const char *full, struct err *err)
{
	int r;

	if (endpoint->network->mode != NETWORK_L2 || endpoint->tap)
		return err_set(err, ERR_CONFLICT, EINVAL, full, "%s",
			       endpoint->tap ? "a virtual machine chooses its addresses itself"
					     : "its network gives it its addresses: those of mode l2 alone are changed live");
	/* with the first address of a subnet the kernel takes away all others of it, those that came just before, too */
	if (endpoint->ip_count && count)
		return err_set(err, ERR_CONFLICT, EEXIST, full, "it has addresses: take those away first");
	r = prefixes_check(endpoint, prefixes, count, full, err);
	if (r < 0)
		return r;
	endpoint->leaving = endpoint->ip_count;
	endpoint->ip_count = count;
	if (!count)
		return 0;
	memcpy(endpoint->ips, prefixes, count * sizeof(*prefixes));
	ips_use(endpoint);
	ipam_hold(endpoint);
	return 0;
}

void model_endpoint_ips_settle(struct endpoint *endpoint, bool done)
{
	bool go = done == (endpoint->leaving > 0);

	endpoint->ip_count += endpoint->leaving;
	endpoint->leaving = 0;
	if (!go)
		return;
	for (size_t i = 0; i < endpoint->ip_count; i++)
		table_del(&endpoint->network->used, &endpoint->ips[i].ip, sizeof(endpoint->ips[i].ip));
	ipam_unhold(endpoint);
	endpoint->ip_count = 0;
}

/* --------------------------------------------------------------- default routes */

const struct endpoint *model_default_endpoint(const struct stack *stack)
{
	const struct endpoint *best = NULL;

	list_each(node, &stack->endpoints) {
		const struct endpoint *endpoint = container_of(node, struct endpoint, stack_link);

		if (endpoint->default_route && (!best || endpoint->metric < best->metric))
			best = endpoint;
	}
	return best;
}

/* A virtual machine configures itself; a stack that has addresses, too, would be a second host behind one port. */
static int tap_check(const struct stack *stack, const struct endpoint_want *want, const char *full, struct err *err)
{
	if (want->tap && stack->kind != STACK_BARE)
		return err_set(err, ERR_CONFLICT, EINVAL, full,
			       "a tap stands in a stack made for it, not in the namespace of something else");
	list_each(node, &stack->endpoints)
		if (container_of(node, struct endpoint, stack_link)->tap != want->tap)
			return err_set(err, ERR_CONFLICT, EINVAL, full, "%s",
				       want->tap ? "the stack has interfaces of its own, and so no taps"
						 : "it is the stack of a virtual machine, which has taps alone");
	return 0;
}

/*
 * The first interface's default route stays the best unless a later one asks to go before it; when it goes, the kernel
 * has the next at hand. Every later one gets a table of its own: an answer must leave by the interface whose
 * address it bears, or the guard of the other one drops it. Not in labs, where stacks are routers of somebody's design.
 */
static int metric_choose(struct endpoint *endpoint, const struct endpoint_want *want, const char *full, struct err *err)
{
	unsigned least = UINT16_MAX, most = 0;

	endpoint->metric = want->metric;
	endpoint->own_table = want->own_table;
	if (want->metric)
		return 0;
	endpoint->metric = ROUTE_METRIC_FIRST;
	if (want->tap)
		return 0;
	list_each(node, &endpoint->stack->endpoints) {
		const struct endpoint *other = container_of(node, struct endpoint, stack_link);

		if (!other->network)
			continue;
		least = other->metric < least ? other->metric : least;
		most = other->metric > most ? other->metric : most;
	}
	if (!most)
		return 0;
	if (want->first_route ? least <= 1 : most >= UINT16_MAX)
		return err_set(err, ERR_LIMIT, ERANGE, full, "the stack has used up the metrics of its default routes");
	endpoint->metric = (uint16_t)(want->first_route ? least - 1 : most + 1);
	endpoint->own_table = endpoint->stack->tenant->kind != TENANT_LAB;
	return 0;
}

/* ------------------------------------------------------------------ endpoints */

static void endpoint_free(struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->alias_count; i++)
		free(endpoint->aliases[i]);
	free(endpoint->aliases);
	free(endpoint->publish);
	free(endpoint->allow);
	free(endpoint->routes);
	free(endpoint->labels);
	free(endpoint->request);
	free(endpoint);
}

/* One that another stack of the tenant is called by would be that one's answer anyway, so it is refused; two endpoints may share one. */
static int aliases_take(struct endpoint *endpoint, const struct endpoint_want *want, const char *full, struct err *err)
{
	const struct tenant *tenant = endpoint->stack->tenant;

	if (want->alias_count > ENDPOINT_ALIASES_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, full, "an endpoint has at most %d aliases", ENDPOINT_ALIASES_MAX);
	endpoint->aliases = mem_array(want->alias_count + 1, sizeof(*endpoint->aliases));
	for (size_t i = 0; i < want->alias_count; i++) {
		const struct stack *other = table_find_str(&tenant->stacks, want->aliases[i]);
		int r = name_check("alias", want->aliases[i], err);

		if (r < 0)
			return r;
		if (other && other != endpoint->stack && !tenant->model->loading)
			return err_set(err, ERR_TAKEN, EEXIST, full, "the alias is the name of stack %s/%s", tenant->name, other->name);
		endpoint->aliases[endpoint->alias_count++] = mem_strdup(want->aliases[i]);
	}
	return 0;
}

/* What holds of every endpoint, of a network or a wire. On success it hangs in no list yet. */
static int endpoint_make(struct stack *stack, const struct endpoint_want *want, struct endpoint **ret_endpoint,
			 char full[NAME_FULL_SIZE], struct err *err)
{
	const struct tenant *tenant = stack->tenant;
	struct model *model = tenant->model;
	struct endpoint *endpoint;
	char text[MAC_STR_SIZE];

	snprintf(full, NAME_FULL_SIZE, "%s/%s:%s", tenant->name, stack->name, want->ifname);
	if (stack_endpoint(stack, want->ifname))
		return err_set(err, ERR_TAKEN, EEXIST, full, "the stack has an interface of this name already");
	if (model_id_taken(model, want->id))
		return err_set(err, ERR_INTERNAL, EEXIST, full, "the id is taken");
	if (want->request_id && *want->request_id &&
	    (strlen(want->request_id) >= REQUEST_ID_SIZE || model_request(tenant, want->request_uid, want->request_id)))
		return err_set(err, ERR_USAGE, EINVAL, full, "the requestId is too long or in use");
	if (!mac_is_zero(&want->mac) && !mac_is_unicast(&want->mac))
		return err_set(err, ERR_USAGE, EINVAL, full, "%s is not a unicast MAC address",
			       mac_print(&want->mac, text));
	if (want->labels && strlen(want->labels) >= LABELS_SIZE)
		return err_set(err, ERR_LIMIT, E2BIG, full, "labels are at most %d bytes", LABELS_SIZE - 1);
	if (!quota_left(tenant, tenant->quota.endpoints, tenant->endpoint_count, 1))
		return err_set(err, ERR_QUOTA, EDQUOT, full, "the tenant may have %lld endpoints and has them",
			       (long long)tenant->quota.endpoints);

	endpoint = mem_alloc(sizeof(*endpoint));
	endpoint->id = want->id;
	endpoint->stack = stack;
	endpoint->mac = mac_is_zero(&want->mac) ? mac_from_id(want->id) : want->mac;
	endpoint->default_route = want->default_route && !want->tap;
	endpoint->tap = want->tap;
	endpoint->labels = mem_strdup(want->labels);
	list_init(&endpoint->stack_link);
	list_init(&endpoint->network_link);
	(void)str_copy(endpoint->ifname, sizeof(endpoint->ifname), want->ifname);
	if (want->request_id && *want->request_id) {
		char key[REQUEST_KEY_SIZE];

		endpoint->request = mem_strdup(request_key(tenant, want->request_uid, want->request_id, key));
	}
	*ret_endpoint = endpoint;
	return 0;
}

struct endpoint *model_endpoint_by_id(const struct model *model, uint64_t id)
{
	return table_find(&model->endpoint_ids, &id, sizeof(id));
}

/* Into every look-up. */
static void endpoint_link(struct endpoint *endpoint)
{
	struct model *model = endpoint->stack->tenant->model;
	struct network *network = endpoint->network;

	list_append(&endpoint->stack->endpoints, &endpoint->stack_link);
	endpoint->stack->tenant->endpoint_count++;
	table_add(&model->ids, &endpoint->id, sizeof(endpoint->id), endpoint);
	table_add(&model->endpoint_ids, &endpoint->id, sizeof(endpoint->id), endpoint);
	if (endpoint->request)
		table_add_str(&model->requests, endpoint->request, endpoint);
	if (!network)
		return;
	list_append(&network->endpoints, &endpoint->network_link);
	network->endpoint_count++;
	table_add(&network->macs, &endpoint->mac, sizeof(endpoint->mac), endpoint);
	ips_use(endpoint);
	ipam_hold(endpoint);
}

/*
 * On a segment the MAC address goes with the address, whoever has that: neighbours remember the pair for as long as they believe
 * it reachable, up to 45 seconds and 8 of probing (RFC 4861 10, net.ipv4.neigh), and an address that comes back under the name
 * it had would be deaf to them that long. FNV-1a, mixed once more, since the addresses of a subnet differ in their last bits alone.
 */
static struct mac segment_mac(const struct network *network, const struct ip *ip)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < 6; i++)
		hash = (hash ^ (network->id >> (8 * i) & 0xff)) * 0x100000001b3ULL;
	for (size_t i = 0; i < (ip->family == 4 ? 4 : 16); i++)
		hash = (hash ^ ip->b[i]) * 0x100000001b3ULL;
	return mac_from_id((hash ^ hash >> 32) * 0x9e3779b97f4a7c15ULL >> 16);
}

/* Of @endpoint, whose addresses are chosen: the one asked for, or one that nobody has. */
static int mac_choose(struct endpoint *endpoint, const struct endpoint_want *want, const char *full, struct err *err)
{
	const struct network *network = endpoint->network;
	struct mac gateway_mac = mac_from_id(network->id), mac;
	char text[MAC_STR_SIZE];

	if (mac_is_zero(&want->mac) && network->mode == NETWORK_BRIDGE && endpoint->ip_count) {
		mac = segment_mac(network, &endpoint->ips[0].ip);
		if (memcmp(&mac, &gateway_mac, sizeof(mac)) != 0 && !table_find(&network->macs, &mac, sizeof(mac)))
			endpoint->mac = mac;
	}
	if (memcmp(&endpoint->mac, &gateway_mac, sizeof(gateway_mac)) == 0)
		return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "MAC address %s is that of the gateway of network %s/%s",
			       mac_print(&endpoint->mac, text), network->tenant->name, network->name);
	if (table_find(&network->macs, &endpoint->mac, sizeof(endpoint->mac)))
		return err_set(err, ERR_ADDRTAKEN, EADDRINUSE, full, "MAC address %s is taken in network %s/%s",
			       mac_print(&endpoint->mac, text), network->tenant->name, network->name);
	return 0;
}

int model_endpoint_add(struct stack *stack, struct network *network, const struct endpoint_want *want,
		       struct endpoint **ret_endpoint, struct err *err)
{
	struct endpoint *endpoint;
	char full[NAME_FULL_SIZE];
	int r;

	if (network->tenant != stack->tenant)
		return err_set(err, ERR_PERMISSION, EPERM, network->name, "network and stack belong to different tenants");
	r = endpoint_make(stack, want, &endpoint, full, err);
	if (r < 0)
		return r;
	r = tap_check(stack, want, full, err);
	if (r == 0)
		r = metric_choose(endpoint, want, full, err);
	if (r < 0) {
		endpoint_free(endpoint);
		return r;
	}
	endpoint->network = network;
	endpoint->mtu = want->mtu ? want->mtu : network->mtu;
	endpoint->mtu_follows = endpoint->mtu == network->mtu;
	if (network->mode == NETWORK_ROUTED && network->endpoint_count >= NETWORK_ROUTED_MAX)
		r = err_set(err, ERR_LIMIT, E2BIG, full, "network %s/%s has the %d endpoints that one network may have",
			    network->tenant->name, network->name, NETWORK_ROUTED_MAX);
	else if (network->mode != NETWORK_ROUTED && network->endpoint_count >= NETWORK_PORTS_MAX)
		r = err_set(err, ERR_LIMIT, E2BIG, full,
			    "network %s/%s has the %d ports a bridge can hold; one of mode routed holds %d endpoints",
			    network->tenant->name, network->name, NETWORK_PORTS_MAX, NETWORK_ROUTED_MAX);
	else if (endpoint->mtu < 1280 || endpoint->mtu > 65535)
		r = err_set(err, ERR_USAGE, EINVAL, full, "the MTU must be from 1280 (IPv6's least) to 65535");
	else if (want->prefix_count)
		r = prefixes_take(endpoint, want, full, err);
	else
		r = ipam_choose(endpoint, want, full, err);
	if (r == 0)
		r = mac_choose(endpoint, want, full, err);
	if (r == 0)
		r = allow_take(endpoint, want->allow, want->allow_count, full, err);
	if (r == 0)
		r = endpoint_routes_take(endpoint, want->routes, want->route_count, full, err);
	if (r == 0)
		r = aliases_take(endpoint, want, full, err);
	if (r == 0)
		r = bandwidth_check(stack->tenant, want->id, &want->bandwidth, full, err);
	if (r < 0) {
		endpoint_free(endpoint);
		return r;
	}
	endpoint->bandwidth = want->bandwidth;
	endpoint_link(endpoint);
	r = model_publish(endpoint, want->publish, want->publish_count, err);
	if (r < 0) {
		model_endpoint_del(endpoint);
		return r;
	}
	*ret_endpoint = endpoint;
	return 0;
}

int model_wire_add(struct stack *a, const struct endpoint_want *want_a, struct stack *b, const struct endpoint_want *want_b,
		   struct endpoint **ret_a, struct err *err)
{
	const struct endpoint_want *wants[2] = { want_a, want_b };
	struct stack *stacks[2] = { a, b };
	struct endpoint *ends[2] = { NULL, NULL };
	char full[NAME_FULL_SIZE];
	int r = 0;

	if (a->tenant != b->tenant)
		return err_set(err, ERR_PERMISSION, EPERM, a->name, "a wire does not join two tenants");
	if (a == b)
		return err_set(err, ERR_USAGE, EINVAL, a->name, "a wire joins two different stacks");
	for (int i = 0; i < 2 && r == 0; i++) {
		r = endpoint_make(stacks[i], wants[i], &ends[i], full, err);
		if (r == 0 && wants[i]->mtu && (wants[i]->mtu < 1280 || wants[i]->mtu > 65535))
			r = err_set(err, ERR_USAGE, EINVAL, full, "the MTU must be from 1280 (IPv6's least) to 65535");
		if (r == 0)
			r = prefixes_take(ends[i], wants[i], full, err);
		if (r == 0) {
			ends[i]->mtu = wants[i]->mtu ? wants[i]->mtu : 1500;
			endpoint_link(ends[i]);
		} else if (ends[i]) {
			endpoint_free(ends[i]);
			ends[i] = NULL;
		}
	}
	if (r < 0) {
		if (ends[0])
			model_endpoint_del(ends[0]);
		return r;
	}
	ends[0]->peer = ends[1];
	ends[1]->peer = ends[0];
	ends[0]->wire_first = true;
	*ret_a = ends[0];
	return 0;
}

static void endpoint_unlink(struct endpoint *endpoint)
{
	struct model *model = endpoint->stack->tenant->model;
	struct network *network = endpoint->network;

	while (endpoint->publish_count) {
		struct portspec spec = endpoint->publish[endpoint->publish_count - 1]->spec;

		model_unpublish(endpoint, &spec);
	}
	endpoint->stack->tenant->endpoint_count--;
	list_remove(&endpoint->stack_link);
	table_del(&model->ids, &endpoint->id, sizeof(endpoint->id));
	table_del(&model->endpoint_ids, &endpoint->id, sizeof(endpoint->id));
	if (endpoint->request)
		table_del_str(&model->requests, endpoint->request);
	if (!network)
		return;
	if (endpoint->leaving)
		model_endpoint_ips_settle(endpoint, true);
	table_del(&network->macs, &endpoint->mac, sizeof(endpoint->mac));
	for (size_t i = 0; i < endpoint->ip_count; i++)
		table_del(&network->used, &endpoint->ips[i].ip, sizeof(endpoint->ips[i].ip));
	ipam_release(endpoint);
	list_remove(&endpoint->network_link);
	network->endpoint_count--;
}

void model_endpoint_del(struct endpoint *endpoint)
{
	const struct model_watch *watch = &endpoint->stack->tenant->model->watch;
	struct endpoint *peer = endpoint->peer;

	if (watch->endpoint_gone && endpoint->life == LIFE_UP)
		watch->endpoint_gone(watch->ctx, endpoint);
	endpoint_unlink(endpoint);
	endpoint_free(endpoint);
	if (peer) {
		peer->peer = NULL;
		model_endpoint_del(peer);
	}
}

void model_endpoint_up(struct endpoint *endpoint)
{
	endpoint->life = LIFE_UP;
	if (endpoint->network)
		ipam_up(endpoint);
}
