/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stack - io.moat.Stack*. Floor F4. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "netd/engine/change.h"
#include "netd/engine/methods/methods.h"
#include "netd/engine/methods/present.h"
#include "netd/engine/store/store.h"

struct create_params {
	const char *name, *request_id;
	int64_t netns_fd;
	bool dry_run;
};

static const struct json_field create_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct create_params, name), JSON_REQUIRED, 0, 0 },
	{ "netnsFd", JSON_FIELD_INT, offsetof(struct create_params, netns_fd), 0, 0, FDIO_FDS_MAX },
	{ "requestId", JSON_FIELD_STRING, offsetof(struct create_params, request_id), 0, 0, REQUEST_ID_SIZE - 1 },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct create_params, dry_run), 0, 0, 0 },
	{ 0 },
};

static int stack_prepare(struct txn *txn, struct err *err) { return store_stack(txn->engine->store, txn->object, err); }

static int stack_commit(struct txn *txn, json_t *reply, struct err *err)
{
	struct stack *stack = txn->object;

	stack->life = LIFE_UP;
	json_object_set_new(reply, "stack", present_stack(txn->engine, stack));
	return store_up(txn->engine->store, stack->id, err);
}

static void stack_abort(struct txn *txn)
{
	struct stack *stack = txn->object;

	(void)store_remove(txn->engine->store, stack->id, NULL);
	if (stack->kind == STACK_CONTAINER && !(txn->call && txn->call->dry_run))
		change_release(txn->engine, stack->ns);
	model_stack_del(stack);
}

/* Asked for again by the same user, in the same tenant, with the same requestId: the same answer, as of an attach. */
static bool repeated(struct call *call, const struct tenant *tenant, const char *request_id)
{
	const struct stack *stack = request_id && tenant ? model_stack_requested(tenant, call->uid, request_id) : NULL;

	if (!stack)
		return false;
	if (stack->life == LIFE_UP)
		call_reply(call, json_pack("{s:o}", "stack", present_stack(call->engine, stack)));
	else
		call_wait(call);
	return true;
}

/* Hangs in the model when it is well: with its request, where that has an id. */
static int stack_make(struct call *call, struct tenant *tenant, const char *name, enum stack_kind kind, const char *request_id,
		      struct stack **ret_stack, struct err *err)
{
	int r = model_stack_add(tenant, name, kind, engine_id(call->engine), ret_stack, err);

	if (r == 0 && request_id && *request_id) {
		r = model_stack_request(*ret_stack, call->uid, request_id, err);
		if (r < 0)
			model_stack_del(*ret_stack);
	}
	return r;
}

int method_stack_create(struct call *call, struct err *err)
{
	static const struct txn_ops ops = { .prepare = stack_prepare, .commit = stack_commit, .abort = stack_abort, .eager = true };
	struct create_params params = { 0 };
	bool given = json_object_get(call->request.parameters, "netnsFd") != NULL;
	struct tenant *tenant;
	struct stack *stack;
	struct stat st = { 0 };
	struct name name;
	struct txn *txn;
	int r, fd = -1;

	r = call_params(call, create_fields, &params, err);
	if (r == 0)
		r = method_named(call, "stack", params.name, false, &name, err);
	if (r < 0)
		return r;
	tenant = model_tenant(&call->engine->model, name.tenant);
	if (tenant && tenant->life == LIFE_PENDING) {
		call_wait(call);
		return 0;
	}
	tenant = method_tenant(call, name.tenant, err);
	if (!tenant)
		return -ENOENT;
	if (repeated(call, tenant, params.request_id))
		return 0;
	if (tenant->kind == TENANT_LAB)
		return err_set(err, ERR_CONFLICT, EBUSY, params.name, "'%s' is a lab; its nodes come by its file", tenant->name);
	if (given) {
		fd = call_fd(call, params.netns_fd);
		if (fd < 0 || fstat(fd, &st) < 0)
			return err_set(err, ERR_USAGE, EBADF, params.name, "no descriptor %lld came with the message",
				       (long long)params.netns_fd);
	}
	if (fd >= 0) {
		r = change_netns_known(call, &name, &st, err);
		if (r > 0) {
			fd_close(fd);
			return 0;
		}
	}
	if (r == 0)
		r = stack_make(call, tenant, name.name, fd >= 0 ? STACK_CONTAINER : STACK_BARE, params.request_id, &stack, err);
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	txn = txn_new(call, &ops, stack, NULL);
	stack_name_print(stack, txn->name);
	desired_stack(stack, &txn->want);
	if (fd >= 0) {
		model_stack_set_netns(stack, st.st_dev, st.st_ino);
		txn->adopt_ns = stack->ns;
		txn->adopt_fd = fd;
		txn->adopt_fresh = call->admin; /* as in attach */
	}
	txn_run(txn);
	return 0;
}

int method_stack_list(struct call *call, struct err *err)
{
	const struct tenant *tenant, *only;
	size_t cursor = 0;
	json_t *array;
	int r = method_tenant_param(call, &only, err);

	if (r < 0)
		return r;
	array = json_array();
	while ((tenant = method_tenant_next(call, only, false, &cursor))) {
		list_each(node, &tenant->stack_order) {
			const struct stack *stack = container_of(node, struct stack, order);

			if (stack->life == LIFE_UP)
				json_array_append_new(array, present_stack(call->engine, stack));
		}
	}
	call_reply(call, json_pack("{s:o}", "stacks", array));
	return 0;
}

/* {name} to a standing stack. */
static struct stack *stack_param(struct call *call, struct err *err)
{
	const char *full;
	struct name name;

	if (method_name_param(call, &full, err) < 0 || name_parse("stack", full, false, &name, err) < 0)
		return NULL;
	return method_stack(call, &name, err);
}

int method_stack_show(struct call *call, struct err *err)
{
	const struct stack *stack = stack_param(call, err);

	if (!stack)
		return -err->no;
	call_reply(call, json_pack("{s:o}", "stack", present_stack(call->engine, stack)));
	return 0;
}

/* ------------------------------------------------------------------------- open */

static void on_opened(void *ctx, struct hand_answer *answer)
{
	struct call *call = ctx;
	struct err err = ERR_INIT;
	struct stack *stack = stack_param(call, &err);
	json_t *reply;

	if (!stack || hand_result_err(&answer->result, stack->name, "opening the namespace", &err) < 0) {
		call_fail(call, &err);
		return;
	}
	reply = json_pack("{s:o}", "stack", present_stack(call->engine, stack));
	for (size_t i = 0; i < answer->fd_count; i++) {
		json_object_set_new(reply, i == 0 ? "netnsFd" : "usernsFd", json_integer(call_pass_fd(call, answer->fds[i])));
		answer->fds[i] = -1;
	}
	call_reply(call, reply);
}

int method_stack_open(struct call *call, struct err *err)
{
	const struct stack *stack = stack_param(call, err);
	char name[NAME_FULL_SIZE];

	if (!stack)
		return -err->no;
	stack_name_print(stack, name);
	if (!call->admin)
		return err_set(err, ERR_PERMISSION, EPERM, name,
			       "only root and the members of the admin group may open a stack");
	if (stack->kind == STACK_FOREIGN)
		return err_set(err, ERR_CONFLICT, EINVAL, name,
			       "its namespace is not ours and not held; open it where it comes from");
	hand_open(call->engine->hand, stack->ns, SEAM_OPEN_NS, on_opened, call);
	return 0;
}

/* ----------------------------------------------------------------------- delete */

struct delete_params {
	const char *name, *request_id;
	bool strict, dry_run;
};

static const struct json_field delete_fields[] = {
	{ "name", JSON_FIELD_STRING, offsetof(struct delete_params, name), JSON_REQUIRED, 0, 0 },
	{ "requestId", JSON_FIELD_STRING, offsetof(struct delete_params, request_id), 0, 0, REQUEST_ID_SIZE - 1 },
	{ "strict", JSON_FIELD_BOOL, offsetof(struct delete_params, strict), 0, 0, 0 },
	{ "dryRun", JSON_FIELD_BOOL, offsetof(struct delete_params, dry_run), 0, 0, 0 },
	{ 0 },
};

int method_stack_delete(struct call *call, struct err *err)
{
	struct delete_params params = { 0 };
	struct stack *stack;
	struct name name;
	int r;

	r = call_params(call, delete_fields, &params, err);
	if (r == 0)
		r = method_named(call, "stack", params.name, false, &name, err);
	if (r < 0)
		return r;
	stack = model_stack(&call->engine->model, &name);
	/* who does not know whether his request came to anything takes nobody else's stack of that name away */
	if (stack && params.request_id && stack != model_stack_requested(stack->tenant, call->uid, params.request_id))
		stack = NULL;
	if (!stack)
		return change_missing(call, params.strict, "stack", params.name, err);
	if (stack->tenant->kind == TENANT_LAB)
		return err_set(err, ERR_CONFLICT, EBUSY, params.name, "it is a node of a lab, which goes as a whole");
	if (change_busy(stack)) {
		call_wait(call);
		return 0;
	}
	change_stack(call, stack, "endpoint-detached");
	return 0;
}
