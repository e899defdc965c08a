/* SPDX-License-Identifier: GPL-2.0-or-later */
/* publish - io.moat.Publish, Unpublish, PublishList: ports of a standing endpoint, live. Floor F4. */
#include <errno.h>
#include <stdio.h>

#include "lib/base/mem.h"
#include "netd/engine/change.h"
#include "netd/engine/host/listen.h"
#include "netd/engine/methods/methods.h"
#include "netd/engine/methods/present.h"
#include "netd/engine/methods/publish.h"
#include "netd/engine/store/store.h"

enum { LIST_MAX = 100000 }; /* 300 bytes each fit into VARLINK_OUTPUT_MAX */

struct publish_params {
	const char *name;
	const char **publish;
	bool strict, dry_run;
};

static const struct json_field publish_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct publish_params, name), JSON_REQUIRED, 0, 0 },
	{ "publish", JSON_FIELD_STRV, offsetof(struct publish_params, publish), JSON_REQUIRED, 1, ENDPOINT_PUBLISH_MAX },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct publish_params, dry_run), 0, 0, 0 },
	{ 0 },
};

static const struct json_field unpublish_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct publish_params, name), JSON_REQUIRED, 0, 0 },
	{ "publish", JSON_FIELD_STRV, offsetof(struct publish_params, publish), JSON_REQUIRED, 1, ENDPOINT_PUBLISH_MAX },
	{ "strict", JSON_FIELD_BOOL, offsetof(struct publish_params, strict), 0, 0, 0 },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct publish_params, dry_run), 0, 0, 0 },
	{ 0 },
};

/* The hand would refuse ports below 1024, too: it trusts no word of ours about who asks but the uid. */
int publish_allow(const struct call *call, const struct tenant *tenant, const struct portspec *specs, size_t count, struct err *err)
{
	char text[PORTSPEC_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (specs[i].host_port < 1024 && call->uid != 0)
			return err_set(err, ERR_PERMISSION, EACCES, portspec_print(&specs[i], text),
				       "ports of the host below 1024 are published by root alone");
	}
	return listens_allow(call->engine->listens, tenant, specs, count, err);
}

int publish_specs(struct call *call, const char **texts, struct portspec **ret_specs, size_t *ret_count, struct err *err)
{
	size_t count = texts ? strv_count((char *const *)(uintptr_t)texts) : 0;

	*ret_specs = arena_array(call->arena, count + 1, sizeof(**ret_specs));
	for (size_t i = 0; i < count; i++) {
		int r = portspec_parse(texts[i], &(*ret_specs)[i], err);

		if (r < 0)
			return r;
	}
	*ret_count = count;
	return 0;
}

/*
 * struct change_ports - what one call changes; in the call's arena no longer than the call, so it stands alone
 * @endpoint_id: the endpoint may be gone when the answer comes
 */
struct change_ports {
	struct name name;
	uint64_t endpoint_id;
	struct portspec *specs;
	size_t count;
};

static struct endpoint *ports_endpoint(const struct txn *txn)
{
	const struct change_ports *ports = txn->object;
	const struct stack *stack = model_stack(&txn->engine->model, &ports->name);
	struct endpoint *endpoint = stack ? stack_endpoint(stack, ports->name.ifname) : NULL;

	return endpoint && endpoint->id == ports->endpoint_id ? endpoint : NULL;
}

static void ports_free(struct txn *txn)
{
	struct change_ports *ports = txn->object;

	free(ports->specs);
	free(ports);
}

static int ports_stand(struct txn *txn, struct err *err)
{
	return ports_endpoint(txn) ? 0 : err_set(err, ERR_NOTFOUND, ENOENT, txn->name, "the endpoint was removed meanwhile");
}

static int ports_reply(struct txn *txn, json_t *reply, struct err *err)
{
	int r = ports_stand(txn, err);

	if (r == 0)
		json_object_set_new(reply, "publish", present_publish(ports_endpoint(txn)));
	return r;
}

/* Publishing: the row is written when the kernel has it, so that a cut before leaves nothing promised. */
static int publish_commit(struct txn *txn, json_t *reply, struct err *err)
{
	const struct endpoint *endpoint = ports_endpoint(txn);
	int r = ports_reply(txn, reply, err);

	return r < 0 ? r : store_endpoint(txn->engine->store, endpoint, err);
}

static void publish_abort(struct txn *txn)
{
	const struct change_ports *ports = txn->object;
	struct endpoint *endpoint = ports_endpoint(txn);

	for (size_t i = 0; endpoint && i < ports->count; i++)
		model_unpublish(endpoint, &ports->specs[i]);
	ports_free(txn);
}

/* Unpublishing: the row is written before, so that a cut after leaves nothing open. */
static int unpublish_prepare(struct txn *txn, struct err *err)
{
	const struct change_ports *ports = txn->object;
	struct endpoint *endpoint = ports_endpoint(txn);
	int r;

	for (size_t i = 0; i < ports->count; i++)
		model_unpublish(endpoint, &ports->specs[i]);
	r = store_endpoint(txn->engine->store, endpoint, err);
	for (size_t i = 0; i < ports->count && r == 0; i++)
		listens_close(txn->engine->listens, endpoint->stack->tenant, &ports->specs[i]);
	for (size_t i = 0; i < ports->count && r < 0; i++) /* they stand as before; one named twice stands once */
		(void)model_publish(endpoint, &ports->specs[i], 1, NULL);
	return r;
}

static struct txn *ports_txn(struct call *call, const struct txn_ops *ops, const struct endpoint *endpoint,
			     const struct portspec *specs, size_t count, const char *event)
{
	struct change_ports *ports = mem_alloc(sizeof(*ports));
	char full[NAME_FULL_SIZE];
	struct txn *txn;

	endpoint_name_print(endpoint, full);
	(void)name_parse("endpoint", full, true, &ports->name, NULL);
	ports->endpoint_id = endpoint->id;
	ports->specs = mem_array(count + 1, sizeof(*specs));
	ports->count = count;
	for (size_t i = 0; i < count; i++)
		ports->specs[i] = specs[i];
	txn = txn_new(call, ops, ports, event);
	txn_name(txn, "%s", full);
	return txn;
}

int method_publish(struct call *call, struct err *err)
{
	static const struct txn_ops ops = { .stands = ports_stand, .commit = publish_commit, .abort = publish_abort, .finish = ports_free };
	struct publish_params params = { 0 };
	struct endpoint *endpoint;
	struct portspec *specs;
	struct txn *txn;
	size_t count;
	int r;

	r = call_params(call, publish_fields, &params, err);
	if (r < 0)
		return r;
	endpoint = method_endpoint(call, params.name, err);
	if (!endpoint)
		return -ENOENT;
	r = publish_specs(call, params.publish, &specs, &count, err);
	if (r == 0)
		r = publish_allow(call, endpoint->stack->tenant, specs, count, err);
	if (r == 0)
		r = model_publish(endpoint, specs, count, err);
	if (r < 0)
		return r;
	txn = ports_txn(call, &ops, endpoint, specs, count, "port-published");
	for (size_t i = 0; i < count; i++)
		desired_publish(endpoint, &specs[i], &txn->want);
	txn->listen = listen_ask_new(call->engine->listens, endpoint, specs, count);
	txn_run(txn);
	return 0;
}

/* Return: 1 when it is published, 0 when it is not, -EINVAL for a part of a range, or more than one. */
static int is_published(const struct endpoint *endpoint, const struct portspec *spec, struct err *err)
{
	const struct publish *part = endpoint_publishes_part(endpoint, spec);
	char text[PORTSPEC_SIZE], held[PORTSPEC_SIZE];

	if (!part)
		return 0;
	if (portspec_same(&part->spec, spec))
		return 1;
	if (!part->spec.more && !spec->more)
		return 0; /* the same port of the host, but to another */
	return err_set(err, ERR_USAGE, EINVAL, portspec_print(spec, text),
		       "%s is published, and it is taken back as it was published", portspec_print(&part->spec, held));
}

int method_unpublish(struct call *call, struct err *err)
{
	static const struct txn_ops ops = { .prepare = unpublish_prepare, .commit = ports_reply, .abort = ports_free, .finish = ports_free };
	struct publish_params params = { 0 };
	struct endpoint *endpoint;
	struct portspec *specs;
	struct txn *txn;
	size_t count, kept = 0;
	char text[PORTSPEC_SIZE];
	int r;

	r = call_params(call, unpublish_fields, &params, err);
	if (r < 0)
		return r;
	endpoint = method_endpoint(call, params.name, err);
	if (!endpoint)
		return -ENOENT;
	r = publish_specs(call, params.publish, &specs, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		r = is_published(endpoint, &specs[i], err);
		if (r < 0)
			return r;
		if (r > 0)
			specs[kept++] = specs[i];
		else if (params.strict)
			return err_set(err, ERR_NOTFOUND, ENOENT, portspec_print(&specs[i], text),
				       "%s does not publish this port", params.name);
	}
	txn = ports_txn(call, &ops, endpoint, specs, kept, "port-unpublished");
	for (size_t i = 0; i < kept; i++)
		desired_publish(endpoint, &specs[i], &txn->have);
	txn_run(txn);
	return 0;
}

static json_t *port_json(const struct endpoint *endpoint, const struct portspec *spec)
{
	char name[NAME_FULL_SIZE], text[PORTSPEC_SIZE], host[IP_STR_SIZE], address[IP_STR_SIZE] = "", target[16];

	for (size_t i = 0; i < endpoint->ip_count && !address[0]; i++)
		if (!spec->host_ip.family || spec->host_ip.family == endpoint->ips[i].ip.family)
			ip_print(&endpoint->ips[i].ip, address);
	endpoint_name_print(endpoint, name);
	snprintf(target, sizeof(target), spec->more ? "%d-%d" : "%d", spec->port, spec->port + spec->more);
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:i, s:s, s:i}", "spec", portspec_print(spec, text), "endpoint", name,
			 "proto", portspec_proto(spec), "hostIp", spec->host_ip.family ? ip_print(&spec->host_ip, host) : "",
			 "hostPort", (int)spec->host_port, "address", address, "port", (int)spec->port, "target",
			 target, "count", 1 + (int)spec->more);
}

/* A reply that does not fit would cost the client its connection. */
static int list_fits(struct call *call, const struct tenant *only, struct err *err)
{
	const struct tenant *tenant;
	size_t cursor = 0, count = 0;

	while ((tenant = method_tenant_next(call, only, true, &cursor)))
		list_each(node, &tenant->stack_order)
			list_each(link, &container_of(node, struct stack, order)->endpoints)
				count += container_of(link, struct endpoint, stack_link)->publish_count;
	if (count <= LIST_MAX)
		return 0;
	return err_set(err, ERR_LIMIT, E2BIG, only ? only->name : "",
		       "%zu ports are published; one list holds %d: ask for one tenant, or see an endpoint", count, LIST_MAX);
}

int method_publish_list(struct call *call, struct err *err)
{
	const struct tenant *tenant, *only;
	size_t cursor = 0;
	json_t *array;
	int r = method_tenant_param(call, &only, err);

	if (r < 0)
		return r;
	r = list_fits(call, only, err);
	if (r < 0)
		return r;
	array = json_array();
	while ((tenant = method_tenant_next(call, only, true, &cursor))) {
		list_each(node, &tenant->stack_order)
			list_each(link, &container_of(node, struct stack, order)->endpoints)
			{
				const struct endpoint *endpoint = container_of(link, struct endpoint, stack_link);

				for (size_t i = 0; endpoint->life == LIFE_UP && i < endpoint->publish_count; i++)
					json_array_append_new(array, port_json(endpoint, &endpoint->publish[i]->spec));
			}
	}
	call_reply(call, json_pack("{s:o}", "ports", array));
	return 0;
}
