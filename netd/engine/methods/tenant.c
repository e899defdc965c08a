/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tenant - io.moat.Tenant*. Floor F4. */
#include <errno.h>
#include <pwd.h>

#include "lib/base/mem.h"
#include "netd/engine/change.h"
#include "netd/engine/compare/monitor.h"
#include "netd/engine/methods/methods.h"
#include "netd/engine/methods/present.h"
#include "netd/engine/store/store.h"

struct tenant_params {
	const char *name, *delegate;
	const json_t *quota;
	const char **allow_ports;
	bool force, strict, dry_run;
};

static const struct json_field tenant_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct tenant_params, name), JSON_REQUIRED, 0, 0 },
	{ "delegate", JSON_FIELD_STRING, offsetof(struct tenant_params, delegate), 0, 0, 0 },
	{ "quota", JSON_FIELD_OBJECT, offsetof(struct tenant_params, quota), 0, 0, 0 },
	{ "allowPorts", JSON_FIELD_STRV, offsetof(struct tenant_params, allow_ports), 0, 0, TENANT_ALLOW_PORTS_MAX },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct tenant_params, dry_run), 0, 0, 0 },
	{ 0 },
};

static const struct json_field delete_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct tenant_params, name), JSON_REQUIRED, 0, 0 },
	{ "force", JSON_FIELD_BOOL, offsetof(struct tenant_params, force), 0, 0, 0 },
	{ "strict", JSON_FIELD_BOOL, offsetof(struct tenant_params, strict), 0, 0, 0 },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct tenant_params, dry_run), 0, 0, 0 },
	{ 0 },
};

static const struct json_field quota_fields[] = {
	{ "endpoints", JSON_FIELD_INT, offsetof(struct quota, endpoints), 0, 0, 1000000 },
	{ "networks", JSON_FIELD_INT, offsetof(struct quota, networks), 0, 0, 1000000 },
	{ "ports", JSON_FIELD_INT, offsetof(struct quota, ports), 0, 0, 1000000 },
	{ 0 },
};

/* What is not named stays as it is; null: no limit. */
static int quota_decode(struct call *call, const json_t *doc, struct quota *quota, struct err *err)
{
	const struct {
		const char *key;
		int64_t *limit;
	} keys[] = {
		{ "endpoints", &quota->endpoints },
		{ "networks", &quota->networks },
		{ "ports", &quota->ports },
	};

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (json_is_null(json_object_get(doc, keys[i].key)))
			*keys[i].limit = -1;
	return doc ? json_decode(doc, quota_fields, 0, call->arena, quota, err) : 0;
}

/* None: any port. */
static int allow_ports_decode(const struct tenant_params *params, struct port_range *ranges, size_t *ret_count, struct err *err)
{
	size_t count = 0;
	int r = 0;

	for (; params->allow_ports && params->allow_ports[count] && r == 0; count++)
		r = port_range_parse(params->allow_ports[count], &ranges[count], err);
	if (r == 0)
		*ret_count = count;
	return r;
}

/* What @tenant publishes already and could not now: it stays, and whoever changed the ranges is told. */
static json_t *outside_json(const struct tenant *tenant)
{
	json_t *array = json_array();
	char name[NAME_FULL_SIZE], text[PORTSPEC_SIZE];

	list_each(node, &tenant->stack_order)
		list_each(link, &container_of(node, struct stack, order)->endpoints) {
			const struct endpoint *endpoint = container_of(link, struct endpoint, stack_link);

			endpoint_name_print(endpoint, name);
			for (size_t i = 0; i < endpoint->publish_count && tenant->allow_ports_count; i++)
				if (portspec_outside(&endpoint->publish[i]->spec, tenant->allow_ports, tenant->allow_ports_count))
					json_array_append_new(array, json_sprintf("%s %s", name,
										  portspec_print(&endpoint->publish[i]->spec, text)));
		}
	return array;
}

/* A user is known by the name that his number has: call_allow() looks that up once, and not every tenant's delegate. */
static int delegate_check(const struct tenant_params *params, struct err *err)
{
	const struct passwd *user;
	uid_t uid;

	if (!params->delegate || !params->delegate[0])
		return 0;
	user = getpwnam(params->delegate);
	if (!user)
		return err_set(err, ERR_USAGE, ENOENT, params->name, "there is no user '%s'", params->delegate);
	uid = user->pw_uid;
	user = getpwuid(uid);
	if (!user || !str_eq(user->pw_name, params->delegate))
		return err_set(err, ERR_USAGE, EINVAL, params->name, "user '%s' is another name of '%s': delegate to that",
			       params->delegate, user ? user->pw_name : "nobody");
	return 0;
}

/* ----------------------------------------------------------------------- create */

static int tenant_prepare(struct txn *txn, struct err *err)
{
	return store_tenant(txn->engine->store, txn->object, err);
}

static int tenant_commit(struct txn *txn, json_t *reply, struct err *err)
{
	struct tenant *tenant = txn->object;

	tenant->life = LIFE_UP;
	json_object_set_new(reply, "tenant", present_tenant(txn->engine, tenant));
	return store_up(txn->engine->store, tenant->id, err);
}

static void tenant_abort(struct txn *txn)
{
	struct tenant *tenant = txn->object;

	(void)store_remove(txn->engine->store, tenant->id, NULL);
	model_tenant_del(tenant);
}

int method_tenant_create(struct call *call, struct err *err)
{
	static const struct txn_ops ops = { .prepare = tenant_prepare, .commit = tenant_commit, .abort = tenant_abort };
	struct tenant_params params = { 0 };
	struct port_range allow_ports[TENANT_ALLOW_PORTS_MAX];
	struct tenant_want want = { .kind = TENANT_PLAIN, .id = engine_id(call->engine), .transit = -1,
				    .quota = { -1, -1, -1 } };
	uint32_t cursor = call->engine->model.transit_cursor;
	struct engine *engine = call->engine;
	bool dry_run = call->dry_run;
	struct tenant *tenant;
	struct txn *txn;
	int r;

	r = call_params(call, tenant_fields, &params, err);
	if (r == 0)
		r = call_allow(call, NULL, err);
	if (r == 0)
		r = asides_refuse(&engine->asides, params.name, err);
	if (r == 0)
		r = delegate_check(&params, err);
	if (r == 0)
		r = quota_decode(call, params.quota, &want.quota, err);
	if (r == 0)
		r = allow_ports_decode(&params, allow_ports, &want.allow_ports_count, err);
	want.allow_ports = allow_ports;
	want.name = params.name;
	want.delegate = params.delegate;
	if (r == 0) {
		tenant = model_tenant(&call->engine->model, params.name);
		if (tenant && tenant->life == LIFE_PENDING) { /* as in method_network_create() */
			call_wait(call);
			return 0;
		}
		r = model_tenant_add(&call->engine->model, &want, &tenant, err);
	}
	if (r < 0)
		return r;
	txn = txn_new(call, &ops, tenant, "tenant-created");
	txn_name(txn, "%s", tenant->name);
	txn_run(txn);
	if (dry_run) /* as if it had not been: the next one gets what this one was shown */
		engine->model.transit_cursor = cursor;
	return 0;
}

/* -------------------------------------------------------------------------- set */

int method_tenant_set(struct call *call, struct err *err)
{
	struct tenant_params params = { 0 };
	struct tenant *tenant, before;
	json_t *outside;
	int r;

	r = call_params(call, tenant_fields, &params, err);
	if (r == 0)
		r = call_allow(call, NULL, err);
	if (r == 0)
		r = delegate_check(&params, err);
	if (r < 0)
		return r;
	tenant = method_tenant(call, params.name, err);
	if (!tenant)
		return -ENOENT;
	before = *tenant;
	if (params.delegate && str_copy(tenant->delegate, sizeof(tenant->delegate), params.delegate) < 0)
		r = err_set(err, ERR_USAGE, EINVAL, params.name, "the name of the delegate is too long");
	if (r == 0 && params.quota)
		r = quota_decode(call, params.quota, &tenant->quota, err);
	if (r == 0 && params.allow_ports)
		r = allow_ports_decode(&params, tenant->allow_ports, &tenant->allow_ports_count, err);
	outside = r == 0 ? outside_json(tenant) : NULL;
	if (r == 0 && !call->dry_run)
		r = store_tenant(call->engine->store, tenant, err);
	if (r < 0 || call->dry_run)
		*tenant = before;
	if (r < 0) {
		json_decref(outside);
		return r;
	}
	if (!call->dry_run)
		engine_event(call->engine, "tenant-changed", tenant->name, NULL);
	call_reply(call, call->dry_run ? json_pack("{s:[], s:o}", "plan", "outside", outside) :
					 json_pack("{s:o, s:o}", "tenant", present_tenant(call->engine, tenant), "outside",
						   outside));
	return 0;
}

/* ------------------------------------------------------------------- list, show */

int method_tenant_list(struct call *call, struct err *err)
{
	json_t *array;
	const struct tenant *tenant;
	size_t cursor = 0;
	int r = method_no_params(call, err);

	if (r == 0)
		r = call_allow_any(call, err);
	if (r < 0)
		return r;
	array = json_array();
	while ((tenant = table_next(&call->engine->model.tenants, &cursor)))
		if (tenant->life == LIFE_UP && call_sees(call, tenant))
			json_array_append_new(array, present_tenant(call->engine, tenant));
	call_reply(call, json_pack("{s:o}", "tenants", array));
	return 0;
}

int method_tenant_show(struct call *call, struct err *err)
{
	const char *name;
	const struct tenant *tenant;
	int r = method_name_param(call, &name, err);

	if (r < 0)
		return r;
	tenant = method_tenant(call, name, err);
	if (!tenant)
		return -ENOENT;
	call_reply(call, json_pack("{s:o}", "tenant", present_tenant(call->engine, tenant)));
	return 0;
}

/* ----------------------------------------------------------------------- delete */

static int delete_prepare(struct txn *txn, struct err *err)
{
	struct tenant *tenant = txn->object;
	int r = change_mark(txn, err);

	if (r < 0)
		return r;
	monitor_drop(txn->engine->monitor, NS_ID(NS_ROUTER, tenant->id));
	model_tenant_del(tenant);
	return 0;
}

/* Is something in it still on its way up? Then its plan must come to its end first. */
static bool tenant_busy(const struct tenant *tenant)
{
	const struct network *network;
	size_t cursor = 0;

	while ((network = table_next(&tenant->networks, &cursor)))
		if (network->life == LIFE_PENDING || network->setting)
			return true;
	list_each(node, &tenant->stack_order) {
		if (change_busy(container_of(node, struct stack, order)))
			return true;
	}
	return tenant->life == LIFE_PENDING;
}

void method_drop_tenant(struct call *call, struct tenant *tenant, const char *event)
{
	static const struct txn_ops ops = { .prepare = delete_prepare };
	struct txn *txn = txn_new(call, &ops, tenant, event);
	const struct network *network;
	size_t cursor = 0;

	txn_name(txn, "%s", tenant->name);
	list_each(node, &tenant->stack_order)
		change_drop_stack(txn, container_of(node, struct stack, order));
	while ((network = table_next(&tenant->networks, &cursor)))
		change_drop_network(txn, network);
	if (tenant_has_router(tenant))
		change_drop_router(txn, tenant);
	txn_add_id(txn, tenant->id);
	txn->definitions = true;
	txn_run(txn);
}

int method_tenant_delete(struct call *call, struct err *err)
{
	struct tenant_params params = { 0 };
	struct tenant *tenant;
	int r;

	r = call_params(call, delete_fields, &params, err);
	if (r == 0)
		r = call_allow(call, NULL, err);
	if (r == 0)
		r = name_tenant_check(params.name, err);
	if (r == 0)
		r = asides_refuse(&call->engine->asides, params.name, err);
	if (r < 0)
		return r;
	tenant = model_tenant(&call->engine->model, params.name);
	if (!tenant)
		return change_missing(call, params.strict, "tenant", params.name, err);
	if (tenant_busy(tenant)) {
		call_wait(call);
		return 0;
	}
	if (!params.force && (tenant->networks.count || !list_empty(&tenant->stack_order)))
		return err_set(err, ERR_NOTEMPTY, ENOTEMPTY, params.name,
			       "it holds %zu networks and %zu endpoints; --force removes them, too", tenant->networks.count,
			       tenant->endpoint_count);
	method_drop_tenant(call, tenant, "tenant-deleted");
	return 0;
}
