/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network - io.moat.Network*. Floor F4. */
#include <errno.h>

#include "lib/base/mem.h"
#include "netd/engine/change.h"
#include "netd/engine/compare/monitor.h"
#include "netd/engine/compare/reconcile.h"
#include "netd/engine/host/dnsfeed.h"
#include "netd/engine/host/host_look.h"
#include "netd/engine/methods/methods.h"
#include "netd/engine/methods/network_params.h"
#include "netd/engine/methods/present.h"
#include "netd/engine/store/store.h"

/* Where the parsed parameters of a new network lie; struct network_want points into it. */
struct create_room {
	struct prefix subnets[MODEL_SUBNETS_MAX];
	struct ip gateways[MODEL_SUBNETS_MAX];
	struct ip_range excluded[IPAM_EXCLUDED_MAX];
	struct ipam_reserve reserved[IPAM_RESERVED_MAX];
};

static const struct json_field create_fields[] = { NETWORK_PARAMS, { 0 } };

static int network_prepare(struct txn *txn, struct err *err)
{
	int r = host_mark(txn->engine, err);

	return r == 0 ? store_network(txn->engine->store, txn->object, err) : r;
}

static int network_commit(struct txn *txn, json_t *reply, struct err *err)
{
	struct network *network = txn->object;

	network->life = LIFE_UP;
	monitor_sync(txn->engine->monitor);
	dnsfeed_network(txn->engine->dnsfeed, network);
	json_object_set_new(reply, "network", present_network(network));
	return store_up(txn->engine->store, network->id, err);
}

static void network_abort(struct txn *txn)
{
	struct network *network = txn->object;

	(void)store_remove(txn->engine->store, network->id, NULL);
	model_network_del(network);
}

static int network_want(struct call *call, const struct network_params *params, struct network_want *want,
			struct create_room *room, struct err *err)
{
	struct prefix *subnets = room->subnets;
	struct ip *gateways = room->gateways;
	int r = name_parse("network", params->name, false, &want->name, err);

	if (r < 0)
		return r;
	if (params->mode && network_mode_parse(params->mode, &want->mode) < 0)
		return err_set(err, ERR_USAGE, EINVAL, params->name, "there is no mode '%s'; bridge, routed and l2 are",
			       params->mode);
	if (params->dns == 1 && want->mode == NETWORK_L2)
		return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, params->name, "a network of mode %s has no name service",
			       params->mode);
	if (params->dns == 0 && params->dns_rebind_protect == 1)
		return err_set(err, ERR_USAGE, EINVAL, params->name, "dnsRebindProtect needs the name service");
	for (size_t i = 0; params->subnets && params->subnets[i]; i++, want->subnet_count++)
		if (prefix_parse(params->subnets[i], &subnets[i]) < 0)
			return err_set(err, ERR_USAGE, EINVAL, params->name, "'%s' is no prefix such as 10.0.0.0/24",
				       params->subnets[i]);
	for (size_t i = 0; params->gateways && params->gateways[i]; i++, want->gateway_count++)
		if (ip_parse(params->gateways[i], &gateways[i]) < 0)
			return err_set(err, ERR_USAGE, EINVAL, params->name, "'%s' is no IP address", params->gateways[i]);
	if (want->gateway_count && !want->subnet_count)
		return err_set(err, ERR_USAGE, EINVAL, params->name, "a gateway needs a subnet");
	want->excluded = room->excluded;
	for (size_t i = 0; params->exclude && params->exclude[i] && r == 0; i++)
		r = method_range(params->name, params->exclude[i], &room->excluded[want->excluded_count++], err);
	want->reserved = room->reserved;
	for (size_t i = 0; params->reserve && params->reserve[i] && r == 0; i++)
		r = method_reserve(params->name, params->reserve[i], &room->reserved[want->reserved_count++], err);
	if (r < 0)
		return r;
	want->id = engine_id(call->engine);
	want->subnets = subnets;
	want->gateways = gateways;
	want->mtu = params->mtu ? (uint32_t)params->mtu : call->engine->facts.mtu;
	/* a segment without addresses has nothing that a guard could hold its ports to */
	want->guard = want->mode == NETWORK_L2 ? params->guard == 1 : params->guard != 0;
	want->masquerade = params->masquerade != 0;
	want->internal = params->internal == 1;
	want->dns = params->dns != 0 && want->mode != NETWORK_L2;
	want->dns_rebind_protect = params->dns_rebind_protect == 1;
	want->host_access = params->host_access == 1;
	return 0;
}

bool method_look_first(struct call *call)
{
	if (call->retried || call->dry_run)
		return false;
	call->retried = true;
	call_wait(call);
	reconcile_now(call->engine);
	return true;
}

int method_network_create(struct call *call, struct err *err)
{
	static const struct txn_ops ops = { .prepare = network_prepare, .commit = network_commit, .abort = network_abort };
	struct network_params params = { 0 };
	struct create_room *room = arena_alloc(call->arena, sizeof(*room));
	struct network_want want = { 0 };
	struct engine *engine = call->engine;
	uint64_t cursor4 = engine->model.net4_cursor, cursor6 = engine->model.net6_cursor;
	bool dry_run = call->dry_run;
	const struct tenant *tenant;
	struct network *network;
	struct txn *txn;
	int r;

	r = call_params(call, create_fields, &params, err);
	if (r == 0)
		r = network_want(call, &params, &want, room, err);
	if (r == 0)
		r = call_allow(call, want.name.tenant, err);
	if (r == 0 && want.host_access && !call->admin)
		r = err_set(err, ERR_PERMISSION, EPERM, params.name, "only root and the admin group may give access to the host");
	if (r == 0 && want.host_access && method_look_first(call))
		return 0;
	if (r == 0 && !want.guard && !call->admin)
		r = err_set(err, ERR_PERMISSION, EPERM, params.name, "%s",
			    want.mode == NETWORK_L2 ? "only root and the admin group may make a segment without guard"
						    : "only root and the admin group may leave the guard off");
	if (r == 0) {
		/* one that is being made: only when that has ended is the name taken, or free again */
		network = model_network(&engine->model, &want.name);
		tenant = model_tenant(&engine->model, want.name.tenant);
		if ((network && network->life == LIFE_PENDING) || (tenant && tenant->life == LIFE_PENDING)) {
			call_wait(call);
			return 0;
		}
		r = model_network_add(&call->engine->model, &want, &network, err);
	}
	if (r < 0)
		return r;
	txn = txn_new(call, &ops, network, "network-created");
	txn_name(txn, "%s/%s", want.name.tenant, want.name.name);
	change_add_router(txn, network->tenant);
	desired_network(network, &txn->want);
	txn_run(txn);
	if (dry_run) { /* as if it had not been: the next one gets what this one was shown */
		engine->model.net4_cursor = cursor4;
		engine->model.net6_cursor = cursor6;
	}
	return 0;
}

int method_network_list(struct call *call, struct err *err)
{
	const struct tenant *tenant, *only;
	const struct network *network;
	size_t cursor = 0;
	json_t *array;
	int r = method_tenant_param(call, &only, err);

	if (r < 0)
		return r;
	array = json_array();
	while ((tenant = method_tenant_next(call, only, true, &cursor))) {
		size_t at = 0;

		while ((network = table_next(&tenant->networks, &at)))
			if (network->life == LIFE_UP)
				json_array_append_new(array, present_network(network));
	}
	call_reply(call, json_pack("{s:o}", "networks", array));
	return 0;
}

int method_network_show(struct call *call, struct err *err)
{
	const char *full;
	struct name name;
	const struct network *network;
	int r = method_name_param(call, &full, err);

	if (r == 0)
		r = name_parse("network", full, false, &name, err);
	if (r < 0)
		return r;
	network = method_network(call, &name, err);
	if (!network)
		return -ENOENT;
	call_reply(call, json_pack("{s:o}", "network", present_network(network)));
	return 0;
}

/* ----------------------------------------------------------------------- delete */

struct delete_params {
	const char *name;
	bool force, strict, dry_run;
};

static const struct json_field delete_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct delete_params, name), JSON_REQUIRED, 0, 0 },
	{ "force", JSON_FIELD_BOOL, offsetof(struct delete_params, force), 0, 0, 0 },
	{ "strict", JSON_FIELD_BOOL, offsetof(struct delete_params, strict), 0, 0, 0 },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct delete_params, dry_run), 0, 0, 0 },
	{ 0 },
};

/* A stack that only lived for the endpoints of this network: it goes with them. */
static bool stack_goes(const struct stack *stack, const struct network *network)
{
	if (stack->kind == STACK_CONTAINER)
		return false;
	list_each(node, &stack->endpoints)
		if (container_of(node, struct endpoint, stack_link)->network != network)
			return false;
	return true;
}

static int delete_prepare(struct txn *txn, struct err *err)
{
	struct network *network = txn->object;
	struct tenant *tenant = network->tenant;
	int r = change_mark(txn, err);

	if (r < 0)
		return r;
	while (!list_empty(&network->endpoints)) {
		struct endpoint *endpoint = container_of(network->endpoints.next, struct endpoint, network_link);
		struct stack *stack = endpoint->stack;

		if (stack_goes(stack, network))
			model_stack_del(stack);
		else
			model_endpoint_del(endpoint);
	}
	if (tenant->networks.count == 1)
		monitor_drop(txn->engine->monitor, NS_ID(NS_ROUTER, tenant->id));
	model_network_del(network);
	return 0;
}

int method_network_delete(struct call *call, struct err *err)
{
	static const struct txn_ops ops = { .prepare = delete_prepare };
	struct delete_params params = { 0 };
	struct network *network;
	struct name name;
	struct txn *txn;
	bool busy = false;
	int r;

	r = call_params(call, delete_fields, &params, err);
	if (r == 0)
		r = method_named(call, "network", params.name, false, &name, err);
	if (r < 0)
		return r;
	network = model_network(&call->engine->model, &name);
	if (!network)
		return change_missing(call, params.strict, "network", params.name, err);
	busy = network->life == LIFE_PENDING || network->setting;
	list_each(node, &network->endpoints)
		busy = busy || container_of(node, struct endpoint, network_link)->life == LIFE_PENDING;
	if (busy) {
		call_wait(call);
		return 0;
	}
	if (!params.force && network->endpoint_count)
		return err_set(err, ERR_NOTEMPTY, ENOTEMPTY, params.name,
			       "it holds %zu endpoints; --force removes them, too", network->endpoint_count);
	txn = txn_new(call, &ops, network, "network-deleted");
	txn_name(txn, "%s/%s", name.tenant, name.name);
	list_each(node, &network->endpoints) {
		const struct endpoint *endpoint = container_of(node, struct endpoint, network_link);
		const struct endpoint *first = container_of(endpoint->stack->endpoints.next, struct endpoint, stack_link);

		if (!stack_goes(endpoint->stack, network))
			change_drop_endpoint(txn, endpoint);
		else if (first == endpoint)
			change_drop_stack(txn, endpoint->stack);
	}
	change_drop_network(txn, network);
	if (network->tenant->networks.count == 1)
		change_drop_router(txn, network->tenant);
	txn_run(txn);
	return 0;
}
