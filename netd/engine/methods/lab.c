/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab - io.moat.Lab*. Floor F4. A lab is a tenant whose stacks are joined by
 * wires; it goes up by one plan, or not at all.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "netd/engine/change.h"
#include "netd/engine/methods/methods.h"
#include "netd/engine/methods/present.h"
#include "netd/engine/store/store.h"

enum { LAB_NODES_MAX = 8192, LAB_WIRES_MAX = 16384, NODE_IPS_MAX = 4 };

struct up_params {
	const char *name;
	const json_t *nodes, *wires;
	bool dry_run;
};

static const struct json_field up_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct up_params, name), JSON_REQUIRED, 0, 0 },
	{ "nodes", JSON_FIELD_ARRAY, offsetof(struct up_params, nodes), JSON_REQUIRED, 1, LAB_NODES_MAX },
	{ "wires", JSON_FIELD_ARRAY, offsetof(struct up_params, wires), JSON_REQUIRED, 0, LAB_WIRES_MAX },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct up_params, dry_run), 0, 0, 0 },
	{ 0 },
};

struct node_params {
	const char *name;
	const char **ips;
	const json_t *routes;
	bool forwarding;
};

static const struct json_field node_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct node_params, name), JSON_REQUIRED, 0, 0 },
	{ "ips", JSON_FIELD_STRV, offsetof(struct node_params, ips), 0, 0, NODE_IPS_MAX },
	{ "routes", JSON_FIELD_ARRAY, offsetof(struct node_params, routes), 0, 0, STACK_ROUTES_MAX },
	{ "forwarding", JSON_FIELD_BOOL, offsetof(struct node_params, forwarding), 0, 0, 0 },
	{ 0 },
};

struct route_params {
	const char *dst, *via;
};

static const struct json_field route_fields[] = {
	{ "dst", JSON_FIELD_STRING, offsetof(struct route_params, dst), JSON_REQUIRED, 0, 0 },
	{ "via", JSON_FIELD_STRING, offsetof(struct route_params, via), JSON_REQUIRED, 0, 0 },
	{ 0 },
};

struct end_params {
	const char *node, *ifname, *mac;
	const char **ips;
};

static const struct json_field end_fields[] = {
	{ "node", JSON_FIELD_STRING, offsetof(struct end_params, node), JSON_REQUIRED, 0, 0 },
	{ "ifname", JSON_FIELD_STRING, offsetof(struct end_params, ifname), JSON_REQUIRED, 0, 0 },
	{ "ips", JSON_FIELD_STRV, offsetof(struct end_params, ips), 0, 0, MODEL_IPS_MAX },
	{ "mac", JSON_FIELD_STRING, offsetof(struct end_params, mac), 0, 0, 0 },
	{ 0 },
};

struct wire_params {
	const json_t *a, *b;
	int64_t mtu;
};

static const struct json_field wire_fields[] = {
	{ "a", JSON_FIELD_OBJECT, offsetof(struct wire_params, a), JSON_REQUIRED, 0, 0 },
	{ "b", JSON_FIELD_OBJECT, offsetof(struct wire_params, b), JSON_REQUIRED, 0, 0 },
	{ "mtu", JSON_FIELD_INT, offsetof(struct wire_params, mtu), 0, 0, 65535 },
	{ 0 },
};

static int routes_fill(struct call *call, struct stack *stack, const json_t *routes, struct err *err)
{
	size_t count = json_array_size(routes);

	if (!count)
		return 0;
	stack->routes = mem_array(count, sizeof(*stack->routes));
	for (size_t i = 0; i < count; i++) {
		struct route_params params = { 0 };
		struct stack_route *route = &stack->routes[i];
		struct prefix net;
		int r = json_decode(json_array_get(routes, i), route_fields, 0, call->arena, &params, err);

		if (r < 0)
			return r;
		if (prefix_parse(params.dst, &route->dst) < 0 || ip_parse(params.via, &route->via) < 0 ||
		    route->dst.ip.family != route->via.family || ip_is_multicast(&route->dst.ip) ||
		    ip_is_unspecified(&route->via) || ip_is_multicast(&route->via))
			return err_set(err, ERR_USAGE, EINVAL, stack->name, "route '%s' via '%s' is none", params.dst,
				       params.via);
		net = prefix_network(&route->dst);
		if (memcmp(&net, &route->dst, sizeof(net)) != 0)
			return err_set(err, ERR_USAGE, EINVAL, stack->name, "route '%s' has host bits set", params.dst);
		stack->route_count++;
	}
	return 0;
}

static int prefixes_fill(const char **texts, struct prefix *dst, size_t *ret_count, const char *object, struct err *err)
{
	size_t i;

	for (i = 0; texts && texts[i]; i++)
		if (prefix_parse(texts[i], &dst[i]) < 0 || !model_host_address(&dst[i]))
			return err_set(err, ERR_USAGE, EINVAL, object, "'%s' is no address with a prefix length", texts[i]);
	*ret_count = i;
	return 0;
}

static int node_add(struct call *call, struct tenant *lab, const json_t *doc, struct txn *txn, struct err *err)
{
	struct node_params params = { 0 };
	struct stack *stack;
	int r = json_decode(doc, node_fields, 0, call->arena, &params, err);

	if (r == 0)
		r = model_stack_add(lab, params.name, STACK_BARE, engine_id(call->engine), &stack, err);
	if (r < 0)
		return r;
	txn_add_id(txn, stack->id);
	stack->forwarding = params.forwarding;
	r = prefixes_fill(params.ips, stack->loopback, &stack->loopback_count, params.name, err);
	if (r == 0)
		r = routes_fill(call, stack, params.routes, err);
	return r;
}

/* One end of a wire; @prefixes is the caller's room of MODEL_IPS_MAX. */
static int end_fill(struct call *call, const struct tenant *lab, const json_t *doc, struct stack **ret_stack,
		    struct endpoint_want *want, struct prefix *prefixes, struct err *err)
{
	struct end_params params = { 0 };
	int r = json_decode(doc, end_fields, 0, call->arena, &params, err);

	if (r == 0)
		r = name_ifname_check(params.ifname, err);
	if (r < 0)
		return r;
	*ret_stack = table_find_str(&lab->stacks, params.node);
	if (!*ret_stack)
		return err_set(err, ERR_USAGE, ENOENT, params.node, "a wire ends at a node that the lab has not");
	want->id = engine_id(call->engine);
	want->ifname = params.ifname;
	want->prefixes = prefixes;
	if (params.mac && mac_parse(params.mac, &want->mac) < 0)
		return err_set(err, ERR_USAGE, EINVAL, params.node, "'%s' is no MAC address", params.mac);
	return prefixes_fill(params.ips, prefixes, &want->prefix_count, params.node, err);
}

static int wire_add(struct call *call, struct tenant *lab, const json_t *doc, struct txn *txn, struct err *err)
{
	struct prefix prefixes_a[MODEL_IPS_MAX], prefixes_b[MODEL_IPS_MAX];
	struct endpoint_want a = { 0 }, b = { 0 };
	struct wire_params params = { 0 };
	struct stack *stack_a, *stack_b;
	struct endpoint *end;
	int r = json_decode(doc, wire_fields, 0, call->arena, &params, err);

	if (r == 0)
		r = end_fill(call, lab, params.a, &stack_a, &a, prefixes_a, err);
	if (r == 0)
		r = end_fill(call, lab, params.b, &stack_b, &b, prefixes_b, err);
	if (r < 0)
		return r;
	while (b.id == a.id)
		b.id = engine_id(call->engine);
	a.mtu = b.mtu = (uint32_t)params.mtu;
	r = model_wire_add(stack_a, &a, stack_b, &b, &end, err);
	if (r == 0)
		txn_add_id(txn, end->id);
	return r;
}

/* ----------------------------------------------------------------- transaction */

static int each_stack(struct tenant *lab, struct store *store, int (*stack_fn)(struct store *, const struct stack *, struct err *),
		      int (*endpoint_fn)(struct store *, const struct endpoint *, struct err *), struct err *err)
{
	int r = 0;

	list_each(node, &lab->stack_order) {
		struct stack *stack = container_of(node, struct stack, order);

		r = stack_fn(store, stack, err);
		list_each(link, &stack->endpoints)
			if (r == 0)
				r = endpoint_fn(store, container_of(link, struct endpoint, stack_link), err);
		if (r < 0)
			break;
	}
	return r;
}

static int lab_store(struct txn *txn, struct err *err)
{
	struct tenant *lab = txn->object;
	struct store *store = txn->engine->store;
	int r = store_begin(store, err);

	if (r == 0)
		r = store_tenant(store, lab, err);
	if (r == 0)
		r = each_stack(lab, store, store_stack, store_endpoint, err);
	if (r == 0)
		r = store_commit(store, err);
	return r;
}

static int lab_commit(struct txn *txn, json_t *reply, struct err *err)
{
	struct tenant *lab = txn->object;
	struct store *store = txn->engine->store;
	int r;

	lab->life = LIFE_UP;
	list_each(node, &lab->stack_order) {
		struct stack *stack = container_of(node, struct stack, order);

		stack->life = LIFE_UP;
		list_each(link, &stack->endpoints)
			container_of(link, struct endpoint, stack_link)->life = LIFE_UP;
	}
	r = store_begin(store, err);
	for (size_t i = 0; i < txn->id_count && r == 0; i++)
		r = store_up(store, txn->ids[i], err);
	if (r == 0)
		r = store_commit(store, err);
	txn->id_count = 0; /* the rows stay */
	json_object_set_new(reply, "lab", present_lab(txn->engine, lab));
	return r;
}

static void lab_abort(struct txn *txn)
{
	if (!txn->call || !txn->call->dry_run) {
		(void)store_begin(txn->engine->store, NULL);
		for (size_t i = 0; i < txn->id_count; i++)
			(void)store_remove(txn->engine->store, txn->ids[i], NULL);
		(void)store_commit(txn->engine->store, NULL);
	}
	model_tenant_del(txn->object);
}

static int lab_fill(struct call *call, struct tenant *lab, const struct up_params *params, struct txn *txn, struct err *err)
{
	size_t i;
	json_t *doc;
	int r = 0;

	json_array_foreach(params->nodes, i, doc)
		if (r == 0)
			r = node_add(call, lab, doc, txn, err);
	json_array_foreach(params->wires, i, doc)
		if (r == 0)
			r = wire_add(call, lab, doc, txn, err);
	return r;
}

int method_lab_up(struct call *call, struct err *err)
{
	static const struct txn_ops ops = { .prepare = lab_store, .commit = lab_commit, .abort = lab_abort, .eager = true };
	struct up_params params = { 0 };
	struct tenant_want want = {
		.kind = TENANT_LAB, .id = engine_id(call->engine), .transit = -1, .quota = { -1, -1, -1 } };
	struct engine *engine = call->engine;
	uint32_t cursor = engine->model.transit_cursor;
	bool dry_run = call->dry_run;
	struct tenant *lab;
	struct txn *txn;
	int r;

	r = call_params(call, up_fields, &params, err);
	if (r == 0)
		r = call_allow(call, NULL, err);
	if (r == 0)
		r = asides_refuse(&engine->asides, params.name, err);
	want.name = params.name;
	if (r == 0)
		r = model_tenant_add(&call->engine->model, &want, &lab, err);
	if (r < 0)
		return r;
	txn = txn_new(call, &ops, lab, "lab-up");
	txn_name(txn, "%s", lab->name);
	txn_add_id(txn, lab->id);
	r = lab_fill(call, lab, &params, txn, err);
	if (r < 0) {
		txn_discard(txn);
		model_tenant_del(lab);
		return r;
	}
	list_each(node, &lab->stack_order) {
		const struct stack *stack = container_of(node, struct stack, order);

		desired_stack(stack, &txn->want);
		list_each(link, &stack->endpoints)
			desired_endpoint(container_of(link, struct endpoint, stack_link), &txn->want);
	}
	txn_run(txn);
	if (dry_run)
		engine->model.transit_cursor = cursor;
	return 0;
}

/* ------------------------------------------------------------------ down, show */

struct down_params {
	const char *name;
	bool strict, dry_run;
};

static const struct json_field down_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct down_params, name), JSON_REQUIRED, 0, 0 },
	{ "strict", JSON_FIELD_BOOL, offsetof(struct down_params, strict), 0, 0, 0 },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct down_params, dry_run), 0, 0, 0 },
	{ 0 },
};

int method_lab_down(struct call *call, struct err *err)
{
	struct down_params params = { 0 };
	struct tenant *lab;
	int r;

	r = call_params(call, down_fields, &params, err);
	if (r == 0)
		r = call_allow(call, NULL, err);
	if (r == 0)
		r = name_tenant_check(params.name, err);
	if (r == 0)
		r = asides_refuse(&call->engine->asides, params.name, err);
	if (r < 0)
		return r;
	lab = model_tenant(&call->engine->model, params.name);
	if (!lab)
		return change_missing(call, params.strict, "lab", params.name, err);
	if (lab->kind != TENANT_LAB)
		return err_set(err, ERR_CONFLICT, EINVAL, params.name, "it is a tenant and no lab");
	if (lab->life == LIFE_PENDING) {
		call_wait(call);
		return 0;
	}
	method_drop_tenant(call, lab, "lab-down");
	return 0;
}

int method_lab_list(struct call *call, struct err *err)
{
	const struct tenant *tenant;
	size_t cursor = 0;
	json_t *array;
	int r = method_no_params(call, err);

	if (r == 0)
		r = call_allow_any(call, err);
	if (r < 0)
		return r;
	array = json_array();
	while ((tenant = table_next(&call->engine->model.tenants, &cursor)))
		if (tenant->kind == TENANT_LAB && tenant->life == LIFE_UP && call_sees(call, tenant))
			json_array_append_new(array, present_lab(call->engine, tenant));
	call_reply(call, json_pack("{s:o}", "labs", array));
	return 0;
}

int method_lab_show(struct call *call, struct err *err)
{
	const char *name;
	const struct tenant *lab;
	int r = method_name_param(call, &name, err);

	if (r < 0)
		return r;
	lab = method_tenant(call, name, err);
	if (!lab)
		return err->kind == ERR_NOTFOUND ? err_set(err, ERR_NOTFOUND, ENOENT, name, "there is no lab of this name") : -ENOENT;
	if (lab->kind != TENANT_LAB)
		return err_set(err, ERR_NOTFOUND, ENOENT, name, "it is a tenant and no lab");
	call_reply(call, json_pack("{s:o}", "lab", present_lab(call->engine, lab)));
	return 0;
}
