/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * network_set - io.moat.NetworkSet: a network's definition is changed while
 * it stands. Floor F4.
 *
 * Nobody here knows which kernel objects a switch means. All objects of the
 * network, its router and its endpoints are asked for before the change and
 * after it; what is the same in both is left out, and the rest is one plan.
 * Whoever adds a switch to networks gives it a line in struct network_def and
 * one in def_alter(), and desired.c does the rest.
 *
 * The row says from before the plan until its end that a change is on its way.
 * Cut off in between, the next start makes all it can see as the row has it,
 * and network_set_resume() the ends inside of stacks, which it does not judge.
 *
 * Ends inside of stacks are their owners': one that cannot be changed (renamed,
 * gone) must not keep the network from changing, so it is left out and the rest
 * tried again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "netd/engine/change.h"
#include "netd/engine/compare/owner.h"
#include "netd/engine/host/dnsfeed.h"
#include "netd/engine/methods/methods.h"
#include "netd/engine/methods/network_params.h"
#include "netd/engine/methods/present.h"
#include "netd/engine/store/store.h"

enum { ENDPOINTS_AT_ONCE = 256 };

static const struct json_field set_fields[] = {
	NETWORK_PARAMS,
	NETWORK_PARAM("removeSubnets", JSON_FIELD_STRV, remove, 0, 0, MODEL_SUBNETS_MAX),
	NETWORK_PARAM("unexclude", JSON_FIELD_STRV, unexclude, 0, 0, IPAM_EXCLUDED_MAX),
	NETWORK_PARAM("unreserve", JSON_FIELD_STRV, unreserve, 0, 0, IPAM_RESERVED_MAX),
	{ 0 },
};

/**
 * struct set - one change on its way
 * @before: what is applied again where it fails
 * @stored: the row says the new definition already
 */
struct set {
	struct network *network;
	struct network_def before;
	bool stored, again; /* tried once more */
};

/* ------------------------------------------------------------------ the definition */

int method_range(const char *object, const char *text, struct ip_range *ret_range, struct err *err)
{
	if (ip_range_parse(text, ret_range) < 0)
		return err_set(err, ERR_USAGE, EINVAL, object,
			       "'%s' is no range of addresses such as 10.0.0.10-10.0.0.19 or 10.0.0.64/26", text);
	return 0;
}

int method_reserve(const char *object, const char *text, struct ipam_reserve *ret_reserve, struct err *err)
{
	int r = ipam_reserve_parse(text, ret_reserve, err);

	if (r == 0 && !ret_reserve->ip.family)
		return err_set(err, ERR_USAGE, EINVAL, object, "'%s' says no address: a reservation is written NAME=IP", text);
	return r;
}

/* What cannot change while the network stands; that it is so already is no failure. */
static int fixed_check(const struct network *network, const struct network_params *params, struct err *err)
{
	if (params->mode && !str_eq(params->mode, network_mode_name(network->mode)))
		return err_set(err, ERR_CONFLICT, EBUSY, params->name,
			       "its mode is %s and cannot change while it stands; make another network",
			       network_mode_name(network->mode));
	if (params->guard >= 0 && (params->guard != 0) != network->guard)
		return err_set(err, ERR_CONFLICT, EBUSY, params->name,
			       "its guard cannot be switched while it stands; make another network");
	return 0;
}

static int subnets_alter(struct network_def *def, const struct network *network, const struct network_params *params,
			 struct err *err)
{
	struct ip gateway;
	struct prefix subnet;
	size_t gateways = 0;
	int r = 0;

	while (params->gateways && params->gateways[gateways])
		gateways++;
	if (gateways && !params->subnets)
		return err_set(err, ERR_CONFLICT, EBUSY, params->name,
			       "the gateway of a subnet cannot change while the network stands");
	for (size_t i = 0; params->remove && params->remove[i] && r == 0; i++) {
		if (prefix_parse(params->remove[i], &subnet) < 0)
			return err_set(err, ERR_USAGE, EINVAL, params->name, "'%s' is no prefix such as 10.0.0.0/24",
				       params->remove[i]);
		r = network_def_subnet_remove(def, network, &subnet, err);
	}
	for (size_t i = 0; params->subnets && params->subnets[i] && r == 0; i++) {
		if (prefix_parse(params->subnets[i], &subnet) < 0)
			return err_set(err, ERR_USAGE, EINVAL, params->name, "'%s' is no prefix such as 10.0.0.0/24",
				       params->subnets[i]);
		if (i < gateways && ip_parse(params->gateways[i], &gateway) < 0)
			return err_set(err, ERR_USAGE, EINVAL, params->name, "'%s' is no IP address", params->gateways[i]);
		r = network_def_subnet_add(def, network, &subnet, i < gateways ? &gateway : NULL, err);
	}
	return r;
}

/* Removals first: what is given back may be taken in the same breath. */
static int addresses_alter(struct network_def *def, const struct network *network, const struct network_params *params,
			   struct err *err)
{
	struct ip_range range;
	struct ipam_reserve reserve;
	int r = 0;

	for (size_t i = 0; params->unexclude && params->unexclude[i] && r == 0; i++) {
		r = method_range(params->name, params->unexclude[i], &range, err);
		if (r == 0)
			r = network_def_unexclude(def, network, &range, err);
	}
	for (size_t i = 0; params->unreserve && params->unreserve[i] && r == 0; i++) {
		r = ipam_reserve_parse(params->unreserve[i], &reserve, err);
		if (r == 0)
			r = network_def_unreserve(def, network, &reserve, err);
	}
	for (size_t i = 0; params->exclude && params->exclude[i] && r == 0; i++) {
		r = method_range(params->name, params->exclude[i], &range, err);
		if (r == 0)
			r = network_def_exclude(def, network, &range, err);
	}
	for (size_t i = 0; params->reserve && params->reserve[i] && r == 0; i++) {
		r = method_reserve(params->name, params->reserve[i], &reserve, err);
		if (r == 0)
			r = network_def_reserve(def, network, &reserve, err);
	}
	return r;
}

static int def_alter(struct network_def *def, const struct network *network, const struct network_params *params, struct err *err)
{
	int r = subnets_alter(def, network, params, err);

	if (r == 0)
		r = addresses_alter(def, network, params, err);
	if (r < 0)
		return r;
	if (params->mtu)
		def->mtu = (uint32_t)params->mtu;
	if (params->masquerade >= 0)
		def->masquerade = params->masquerade != 0;
	if (params->internal >= 0)
		def->internal = params->internal != 0;
	if (params->dns >= 0)
		def->dns = params->dns != 0;
	if (params->dns_rebind_protect >= 0)
		def->dns_rebind_protect = params->dns_rebind_protect != 0;
	if (params->host_access >= 0)
		def->host_access = params->host_access != 0;
	return network_def_check(def, network, err);
}

/* -------------------------------------------------------------------- the objects */

/* What stands on one side only, or with another value, goes over to the transaction. */
static void keep_changed(struct objv *want, struct objv *have, struct txn *txn)
{
	objv_sort(want);
	objv_sort(have);
	for (size_t i = 0; i < want->count; i++) {
		const struct obj *old = objv_find(have, &want->items[i]);

		if (!old || memcmp(old, &want->items[i], sizeof(*old)) != 0)
			objv_add(&txn->want, &want->items[i]);
	}
	for (size_t i = 0; i < have->count; i++) {
		const struct obj *new = objv_find(want, &have->items[i]);

		if (!new || memcmp(new, &have->items[i], sizeof(*new)) != 0)
			objv_add(&txn->have, &have->items[i]);
	}
	objv_clear(want);
	objv_clear(have);
}

/* The objects of some endpoints, from number @from on; with the first of them those of the network and its router. */
static void scope(const struct network *network, const struct engine *engine, size_t from, struct objv *objs)
{
	size_t i = 0;

	if (from == 0) {
		desired_router(network->tenant, &engine->facts, objs);
		desired_network(network, objs);
	}
	list_each(node, &network->endpoints) {
		const struct endpoint *endpoint = container_of(node, struct endpoint, network_link);

		if (i >= from && i < from + ENDPOINTS_AT_ONCE) {
			desired_endpoint(endpoint, objs);
			desired_inner_mtu(endpoint, objs);
		}
		i++;
	}
}

/* Both sides, some endpoints at a time, so that of ten thousand only what differs is held at once. Leaves @after applied. */
static void objects(struct txn *txn, struct network *network, const struct network_def *before, const struct network_def *after)
{
	struct objv want = { 0 }, have = { 0 };

	for (size_t from = 0; from == 0 || from < network->endpoint_count; from += ENDPOINTS_AT_ONCE) {
		network_def_apply(before, network);
		scope(network, txn->engine, from, &have);
		network_def_apply(after, network);
		scope(network, txn->engine, from, &want);
		keep_changed(&want, &have, txn);
	}
	objv_fini(&want);
	objv_fini(&have);
}

/* ---------------------------------------------------------------- the transaction */

static int set_prepare(struct txn *txn, struct err *err)
{
	struct set *set = txn->object;
	int r = store_network(txn->engine->store, set->network, err);

	set->stored = r == 0;
	return r;
}

static void set_free(struct txn *txn)
{
	struct set *set = txn->object;

	network_def_fini(&set->before);
	free(set);
}

static int set_commit(struct txn *txn, json_t *reply, struct err *err)
{
	struct set *set = txn->object;

	set->network->setting = false;
	dnsfeed_changed(txn->engine->dnsfeed, set->network);
	json_object_set_new(reply, "network", present_network(set->network));
	/* a row that says so still costs the next start a plan, and nothing else */
	if (store_network(txn->engine->store, set->network, err) < 0) {
		store_rollback(txn->engine->store);
		log_failure(err, "%s", txn->name);
	}
	return 0;
}

static void set_abort(struct txn *txn)
{
	struct set *set = txn->object;
	struct err err = ERR_INIT;

	network_def_apply(&set->before, set->network);
	set->network->setting = false;
	if (set->stored && store_network(txn->engine->store, set->network, &err) < 0)
		log_failure(&err, "%s: its definition from before", txn->name);
	set_free(txn);
}

/* No owner of a stack makes the kernel say that: it is the machine, and may be over. */
static bool is_of_machine(int status)
{
	return status == -EIO || status == -ENOMEM || status == -ENOBUFS || status == -EINTR;
}

/* All was undone. Where the culprit is inside of a stack, its part is left out; what the machine refused is tried once more before. */
static bool set_forgive(struct txn *txn, const struct seam_result *result)
{
	struct set *set = txn->object;
	struct plan *plan = &txn->plan;
	size_t kept = 0, commit = plan->commit;
	uint64_t ns;

	if (result->index >= commit || !owner_is_stack(plan->ops[result->index].obj.ns))
		return false;
	if (is_of_machine(result->status) && !set->again) {
		set->again = true;
		return true;
	}
	ns = plan->ops[result->index].obj.ns;
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->ops[i].obj.ns == ns)
			plan->commit -= i < commit;
		else
			plan->ops[kept++] = plan->ops[i];
	}
	plan->count = kept;
	log_warn("%s: the inside of a stack cannot be changed, and is left: %s", txn->name, result->text);
	return true;
}

static bool def_same(const struct network_def *a, const struct network_def *b)
{
	return a->mtu == b->mtu && a->masquerade == b->masquerade && a->internal == b->internal && a->dns == b->dns &&
	       a->dns_rebind_protect == b->dns_rebind_protect && a->host_access == b->host_access &&
	       a->subnet_count == b->subnet_count && a->excluded_count == b->excluded_count &&
	       a->reserved_count == b->reserved_count &&
	       memcmp(a->subnets, b->subnets, a->subnet_count * sizeof(*a->subnets)) == 0 &&
	       memcmp(a->excluded, b->excluded, a->excluded_count * sizeof(*a->excluded)) == 0 &&
	       memcmp(a->reserved, b->reserved, a->reserved_count * sizeof(*a->reserved)) == 0;
}

static const struct txn_ops set_ops = { .prepare = set_prepare, .commit = set_commit, .abort = set_abort,
					.finish = set_free, .forgive = set_forgive };

static void set_run(struct call *call, struct network *network, const struct network_def *after)
{
	struct set *set = mem_alloc(sizeof(*set));
	struct txn *txn = txn_new(call, &set_ops, set, "network-changed");

	set->network = network;
	network_def_get(network, &set->before);
	network->setting = true;
	network_name_print(network, txn->name);
	objects(txn, network, &set->before, after);
	txn_run(txn);
}

/* Of all ends inside of stacks that we can reach: what they have is not known, so it is any other MTU. */
static void resume_network(struct engine *engine, struct network *network)
{
	struct set *set = mem_alloc(sizeof(*set));
	struct txn *txn = txn_new_own(engine, &set_ops, set, "network-changed");

	set->network = network;
	network_def_get(network, &set->before);
	network_name_print(network, txn->name);
	list_each(node, &network->endpoints) {
		const struct endpoint *endpoint = container_of(node, struct endpoint, network_link);
		size_t at = txn->have.count;

		if (endpoint->stack->kind == STACK_FOREIGN) /* not held: nobody but its owner can go there now */
			continue;
		desired_inner_mtu(endpoint, &txn->want);
		desired_inner_mtu(endpoint, &txn->have);
		if (txn->have.count > at)
			txn->have.items[at].link.mtu = endpoint->mtu == 1280 ? 1281 : 1280;
		for (size_t i = at + 1; i < txn->have.count; i++)
			txn->have.items[i].route.mtu ^= 1;
	}
	txn_run(txn);
}

void network_set_resume(struct engine *engine)
{
	struct tenant *tenant;
	size_t cursor = 0;

	while ((tenant = table_next(&engine->model.tenants, &cursor))) {
		struct network *network;
		size_t at = 0;

		while ((network = table_next(&tenant->networks, &at)))
			if (network->setting)
				resume_network(engine, network);
	}
}

/* Is something on its way that the change must come after? */
static bool busy(const struct network *network)
{
	if (network->life == LIFE_PENDING || network->setting || network->tenant->life == LIFE_PENDING)
		return true;
	list_each(node, &network->endpoints) {
		const struct endpoint *endpoint = container_of(node, struct endpoint, network_link);

		if (endpoint->life == LIFE_PENDING || endpoint->setting)
			return true;
	}
	return false;
}

int method_network_set(struct call *call, struct err *err)
{
	struct network_params params = { 0 };
	struct network_def before, after;
	struct network *network;
	struct name name;
	int r;

	r = call_params(call, set_fields, &params, err);
	if (r == 0)
		r = method_named(call, "network", params.name, false, &name, err);
	if (r < 0)
		return r;
	network = model_network(&call->engine->model, &name);
	if (network && busy(network)) {
		call_wait(call);
		return 0;
	}
	network = method_network(call, &name, err);
	if (!network)
		return -ENOENT;
	r = fixed_check(network, &params, err);
	if (r == 0 && params.host_access == 1 && !network->host_access && !call->admin)
		r = err_set(err, ERR_PERMISSION, EPERM, params.name, "only root and the admin group may give access to the host");
	if (r < 0)
		return r;
	if (params.host_access == 1 && !network->host_access && method_look_first(call))
		return 0;
	network_def_get(network, &before);
	network_def_get(network, &after);
	r = def_alter(&after, network, &params, err);
	if (r == 0 && def_same(&before, &after))
		call_reply(call, call->dry_run ? json_pack("{s:[]}", "plan") :
						 json_pack("{s:o}", "network", present_network(network)));
	else if (r == 0)
		set_run(call, network, &after);
	network_def_fini(&before);
	network_def_fini(&after);
	return r;
}
