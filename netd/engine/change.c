/* SPDX-License-Identifier: GPL-2.0-or-later */
/* change - shared pieces of making and removing. Floor F4. */
#include "netd/engine/change.h"

#include <errno.h>
#include <sys/stat.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/compare/reconcile.h"
#include "netd/engine/store/store.h"

void change_drop_endpoint(struct txn *txn, const struct endpoint *endpoint)
{
	desired_endpoint(endpoint, &txn->have);
	if (endpoint->network || endpoint->wire_first)
		txn_add_id(txn, endpoint->id);
}

void change_drop_stack(struct txn *txn, const struct stack *stack)
{
	list_each(node, &stack->endpoints)
		change_drop_endpoint(txn, container_of(node, struct endpoint, stack_link));
	if (stack->kind == STACK_BARE)
		desired_stack(stack, &txn->have);
	if (stack->kind == STACK_CONTAINER) {
		struct obj self = obj_netns(stack->ns); /* not unmade: no longer held for its container */

		objv_add(&txn->have, &self);
	}
	txn_add_id(txn, stack->id);
}

void change_drop_network(struct txn *txn, const struct network *network)
{
	desired_network(network, &txn->have);
	txn_add_id(txn, network->id);
	txn->definitions = true;
}

void change_drop_router(struct txn *txn, const struct tenant *tenant)
{
	desired_router(tenant, &txn->engine->facts, &txn->have);
	if (engine_routers(txn->engine) != 1)
		return;
	desired_host(&txn->engine->facts, &txn->have);
	desired_host_closed(&txn->engine->facts, &txn->want);
}

void change_release(struct engine *engine, uint64_t ns)
{
	struct obj self = obj_netns(ns);
	struct plan plan = { 0 };

	plan_add(&plan, OP_DEL, &self);
	plan_order(&plan);
	hand_plan(engine->hand, &plan, 0, engine_ignore, NULL, NULL);
	plan_fini(&plan);
}

int change_mark(struct txn *txn, struct err *err)
{
	return store_deleting_all(txn->engine->store, txn->ids, txn->id_count, txn->definitions, err);
}

void change_add_router(struct txn *txn, const struct tenant *tenant)
{
	/* the new network is in the model already: one means that it is the first */
	if (tenant->networks.count > 1)
		return;
	desired_router(tenant, &txn->engine->facts, &txn->want);
	if (engine_routers(txn->engine) == 1)
		desired_host(&txn->engine->facts, &txn->want);
}

int change_missing(struct call *call, bool strict, const char *what, const char *name, struct err *err)
{
	bool named = !str_eq(what, "tenant") && !str_eq(what, "lab"); /* of these the caller has asked */
	struct name full;

	/* it may be there, and in a row that could not be loaded: then it is not gone */
	if (named && name_parse(what, name, true, &full, NULL) == 0 && asides_refuse(&call->engine->asides, full.tenant, err) < 0)
		return -EBUSY;
	if (strict)
		return err_set(err, ERR_NOTFOUND, ENOENT, name, "there is no %s of this name", what);
	call_reply(call, call->dry_run ? json_pack("{s:[]}", "plan") : NULL);
	return 0;
}

static int stack_prepare(struct txn *txn, struct err *err)
{
	struct stack *stack = txn->object;
	int r = change_mark(txn, err);

	if (r < 0)
		return r;
	list_each(node, &stack->endpoints)
		txn_cool(txn, container_of(node, struct endpoint, stack_link));
	model_stack_del(stack);
	return 0;
}

void change_stack(struct call *call, struct stack *stack, const char *event)
{
	static const struct txn_ops ops = { .prepare = stack_prepare, .eager = true };
	struct txn *txn = txn_new(call, &ops, stack, event);

	stack_name_print(stack, txn->name);
	txn->ending_dev = stack->netns[0];
	txn->ending_ino = stack->netns[1];
	change_drop_stack(txn, stack);
	txn_run(txn);
}

bool change_busy(const struct stack *stack)
{
	list_each(node, &stack->endpoints) {
		const struct endpoint *endpoint = container_of(node, struct endpoint, stack_link);

		if (endpoint->life == LIFE_PENDING || endpoint->setting || (endpoint->network && endpoint->network->setting))
			return true;
	}
	return stack->life == LIFE_PENDING;
}

int change_netns_known(struct call *call, const struct name *name, const struct stat *st, struct err *err)
{
	const struct stack *known = model_stack_by_netns(&call->engine->model, st->st_dev, st->st_ino);
	char full[NAME_FULL_SIZE];

	if (!known || (str_eq(known->tenant->name, name->tenant) && str_eq(known->name, name->name)))
		return 0;
	if (known->kind == STACK_FOREIGN && !call->retried && !call->dry_run) {
		call->retried = true;
		call_wait(call);
		reconcile_now(call->engine);
		return 1;
	}
	if (!str_eq(known->tenant->name, name->tenant))
		return err_set(err, ERR_PERMISSION, EPERM, name->name,
			       "the namespace belongs to a stack of another tenant; a stack joins one tenant's networks");
	stack_name_print(known, full);
	return err_set(err, ERR_CONFLICT, EBUSY, name->name, "the namespace is that of stack %s", full);
}
