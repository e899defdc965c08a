/* SPDX-License-Identifier: GPL-2.0-or-later */
/* txn - one change from the model to the acknowledgement, and back where it fails. Floor F4. */
#include "netd/engine/txn.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/compare/monitor.h"
#include "netd/engine/compare/reconcile.h"
#include "netd/engine/host/dnsfeed.h"
#include "netd/engine/store/store.h"

enum { CROWD = 256 }; /* changes after which what they left is given back */

struct txn *txn_new_own(struct engine *engine, const struct txn_ops *ops, void *object, const char *event)
{
	struct txn *txn = mem_alloc(sizeof(*txn));

	txn->engine = engine;
	txn->ops = ops;
	txn->object = object;
	txn->event = event;
	txn->adopt_fd = -1;
	list_init(&txn->link);
	return txn;
}

struct txn *txn_new(struct call *call, const struct txn_ops *ops, void *object, const char *event)
{
	struct txn *txn = txn_new_own(call->engine, ops, object, event);

	txn->call = call;
	txn->uid = call->uid;
	return txn;
}

void txn_name(struct txn *txn, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(txn->name, sizeof(txn->name), fmt, ap);
	va_end(ap);
}

void txn_add_id(struct txn *txn, uint64_t id)
{
	txn->ids = mem_grow(txn->ids, txn->id_count + 1, sizeof(*txn->ids));
	txn->ids[txn->id_count++] = id;
}

void txn_cool(struct txn *txn, const struct endpoint *endpoint)
{
	txn->cooling = mem_grow(txn->cooling, txn->cooling_count + 1, sizeof(struct cooling *));
	txn->cooling[txn->cooling_count++] = cooling_begin(endpoint);
}

static void txn_free(struct txn *txn)
{
	if (txn->adopting) {
		txn->over = true;
		return;
	}
	list_remove(&txn->link);
	for (size_t i = 0; i < txn->cooling_count; i++)
		cooling_end(txn->cooling[i]);
	free(txn->cooling);
	objv_fini(&txn->want);
	objv_fini(&txn->have);
	plan_fini(&txn->plan);
	plan_fini(&txn->after);
	fd_close(txn->adopt_fd);
	listen_ask_free(txn->listen);
	free(txn->ids);
	free(txn);
}

void txn_discard(struct txn *txn) { txn_free(txn); }

static void txn_abort(struct txn *txn, const struct err *err)
{
	if (txn->ops->abort)
		txn->ops->abort(txn);
	if (txn->call)
		call_fail(txn->call, err);
	else
		log_failure(err, "%s", txn->name);
	dnsfeed_flush(txn->engine->dnsfeed);
	txn_free(txn);
}

static void plan_json(const struct plan *plan, json_t *lines)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct buf text cleanup(buf_fini) = BUF_INIT;

		op_print(&plan->ops[i], &text);
		while (text.size && text.data[text.size - 1] == '\n')
			text.data[--text.size] = '\0';
		json_array_append_new(lines, json_string(buf_cstr(&text)));
	}
}

static void txn_dry_run(struct txn *txn)
{
	json_t *lines = json_array();

	plan_json(&txn->plan, lines);
	plan_json(&txn->after, lines);
	if (txn->ops->abort)
		txn->ops->abort(txn);
	call_reply(txn->call, json_pack("{s:o}", "plan", lines));
	txn_free(txn);
}

/* The rows of what has gone: removed, but for what a network remembers of an endpoint. Of one file: as one transaction. */
static void rows_finish(struct txn *txn)
{
	struct engine *engine = txn->engine;
	struct err err = ERR_INIT;
	bool whole = txn->id_count && !txn->definitions && store_begin(engine->store, NULL) == 0;
	int r;

	for (size_t i = 0; i < txn->id_count; i++) {
		const struct ipam_memory *memory = model_memory(&engine->model, txn->ids[i]);

		r = memory ? store_memory(engine->store, memory, &err) : store_remove(engine->store, txn->ids[i], &err);
		if (r < 0)
			log_failure(&err, "%s", txn->name);
	}
	if (store_forget(engine->store, &engine->model, &err) < 0)
		log_failure(&err, "%s", txn->name);
	if (whole && store_commit(engine->store, &err) < 0)
		log_failure(&err, "%s", txn->name);
}

/*
 * A thousand changes that ended together leave megabytes behind, and glibc keeps what lies below anything that stays. At
 * rest, and once a crowd: it takes longer than a change does.
 */
static void crowd_trim(struct engine *engine)
{
	if (engine->txns || !list_empty(&engine->endings) || engine->changes - engine->trimmed < CROWD)
		return;
	engine->trimmed = engine->changes;
	malloc_trim(0);
}

/* It is done: moatd-dns of a name that came, who listens, who asked for it, and moatd-dns of one that went are told. Takes @reply. */
static void txn_reply(struct txn *txn, json_t *reply)
{
	struct call *call = txn->call;

	txn->call = NULL;
	dnsfeed_flush_news(txn->engine->dnsfeed);
	if (txn->event)
		engine_event(txn->engine, txn->event, txn->name, NULL);
	if (call)
		call_reply(call, reply);
	else
		json_decref(reply);
	/* who was answered is mostly on our processor, and moatd-dns would be there before him; where more wait, they do */
	if (!txn->engine->txns)
		sched_yield();
	dnsfeed_flush(txn->engine->dnsfeed);
}

static void on_finished(void *ctx, struct hand_answer *answer)
{
	struct txn *txn = ctx;
	struct engine *engine = txn->engine;
	struct err err = ERR_INIT;

	if (txn->reply)
		txn_reply(txn, txn->reply);
	txn->reply = NULL;
	if (txn->after.count)
		hand_plan_later(engine->hand, &txn->after);
	if (answer->result.status < 0) {
		/* what would not go is looked for again by the next check */
		hand_result_err(&answer->result, txn->name, "removal", &err);
		log_failure(&err, "%s", txn->name);
		reconcile_soon(engine);
	}
	rows_finish(txn);
	if (txn->ops->finish)
		txn->ops->finish(txn);
	txn_free(txn);
	crowd_trim(engine);
	reconcile_progress(engine);
}

/* Why a namespace was not taken on is the client's affair: it brought it. */
static int adopt_err(const struct seam_result *result, const char *object, struct err *err)
{
	enum err_kind kind = ERR_KERNEL;

	if (result->status == 0)
		return 0;
	if (result->status == -EPERM)
		kind = ERR_PERMISSION;
	else if (result->status == -EINVAL)
		kind = ERR_USAGE;
	else if (result->status == -EEXIST)
		kind = ERR_CONFLICT;
	else if (result->status == -EMFILE)
		kind = ERR_LIMIT;
	return err_set(err, kind, -result->status, object, "the namespace cannot be taken: %s",
		       result->text[0] ? result->text : strerror(-result->status));
}

static void on_answered(void *ctx, struct hand_answer *answer)
{
	struct txn *txn = ctx;
	struct engine *engine = txn->engine;
	struct err err = ERR_INIT;
	json_t *reply;
	bool settles;
	int r;

	engine->txns--;
	r = adopt_err(&txn->adopted, txn->name, &err);
	if (r == 0)
		r = hand_result_err(&answer->result, txn->name, "the kernel's part", &err);
	if (r == -EXFULL && txn->call && !list_empty(&engine->endings)) {
		/* the bridge is full of ports that are on their way out: tried again when one has gone */
		struct call *call = txn->call;

		if (txn->ops->abort)
			txn->ops->abort(txn);
		dnsfeed_flush(engine->dnsfeed);
		txn_free(txn);
		call_wait(call);
		return;
	}
	if (r < 0 && txn->ops->forgive && (answer->result.undone || answer->result.refused) &&
	    txn->ops->forgive(txn, &answer->result)) {
		engine->txns++;
		hand_plan(engine->hand, &txn->plan, txn->uid, on_answered, on_finished, txn);
		return;
	}
	if (r < 0) {
		if (txn->adopted.status == 0 && answer->result.refused && err.kind == ERR_INTERNAL) {
			struct buf text cleanup(buf_fini) = BUF_INIT;

			/* a plan that the hand refuses is a bug of ours: all of it goes to the log, nothing ran */
			plan_print(&txn->plan, &text);
			log_error("%s: the hand refused operation %u of this plan:\n%s", txn->name, answer->result.index,
				  buf_cstr(&text));
		}
		if (!answer->result.undone && !answer->result.refused)
			reconcile_soon(engine);
		txn_abort(txn, &err);
		reconcile_progress(engine);
		return;
	}
	if (answer->result.index != UINT32_MAX) {
		/* what was asked for stands, but something that was to go would not: it is looked for again */
		log_warn("%s: operation %u: %s", txn->name, answer->result.index, answer->result.text);
		reconcile_soon(engine);
	}
	reply = json_object();
	if (txn->unstored) {
		err = txn->store_err;
		r = -err.no;
	} else {
		r = txn->ops->commit ? txn->ops->commit(txn, reply, &err) : 0;
	}
	if (r < 0 && err.kind == ERR_NOTFOUND) {
		/* what it was for was removed while the hand worked: what the kernel got for it is too much, and goes first */
		store_rollback(engine->store);
		reconcile_now(engine);
	} else if (r < 0) {
		/* the kernel has it and the store will not say so: there is no row that is up, and the next start undoes it */
		store_rollback(engine->store);
		log_failure(&err, "%s: starting again", txn->name);
		engine_die(engine);
	}
	/* in the list first: replying may free the connection, and with it run what waits */
	list_append(&engine->endings, &txn->link);
	settles = txn->plan.commit == txn->plan.count;
	plan_fini(&txn->plan);
	if (r == 0 && txn->listen)
		listen_ask_commit(txn->listen);
	if (r == 0 && settles) {
		txn->reply = reply; /* DONE comes right behind: then the first packet arrives, too */
		dnsfeed_flush_news(engine->dnsfeed); /* while the hand sees to that */
	} else if (r == 0) {
		txn_reply(txn, reply);
	} else {
		json_decref(reply);
		if (txn->call)
			call_fail(txn->call, &err);
		txn->call = NULL;
		dnsfeed_flush(engine->dnsfeed);
	}
}

static void on_adopted(void *ctx, struct hand_answer *answer)
{
	struct txn *txn = ctx;
	struct engine *engine = txn->engine;
	struct err err = ERR_INIT;

	txn->adopted = answer->result;
	txn->adopting = false;
	if (txn->over) {
		txn_free(txn);
		return;
	}
	if (txn->adopt_fresh)
		return; /* the plan is on its way, and its answer will speak of both */
	if (adopt_err(&txn->adopted, txn->name, &err) == 0) {
		hand_plan(engine->hand, &txn->plan, txn->uid, on_answered, on_finished, txn);
		return;
	}
	engine->txns--;
	txn_abort(txn, &err);
	reconcile_progress(engine);
}

static void adopt_send(struct txn *txn)
{
	bool hold = ns_class(txn->adopt_ns) == NS_CONTAINER;
	int fd = txn->adopt_fd;

	txn->adopt_fd = -1;
	txn->adopting = true;
	hand_adopt(txn->engine->hand, txn->adopt_ns, txn->uid, hold, fd, on_adopted, txn);
}

void txn_adopt(struct txn *txn)
{
	if (txn->adopt_fd >= 0 && txn->adopt_fresh && !txn->call->dry_run)
		adopt_send(txn);
}

static void plan_send(struct txn *txn)
{
	bool wait = txn->adopt_fd >= 0 && !txn->adopt_fresh;

	if (txn->adopt_fd >= 0)
		adopt_send(txn);
	if (!wait)
		hand_plan(txn->engine->hand, &txn->plan, txn->uid, on_answered, on_finished, txn);
}

static void on_listening(void *ctx, const struct seam_result *result)
{
	struct txn *txn = ctx;
	struct engine *engine = txn->engine;
	struct err err = ERR_INIT;

	if (hand_result_err(result, txn->name, "a port of [::1]", &err) == 0 &&
	    (!txn->ops->stands || txn->ops->stands(txn, &err) == 0)) {
		plan_send(txn);
		return;
	}
	engine->txns--;
	txn_abort(txn, &err);
	reconcile_progress(engine);
}

static void txn_send(struct txn *txn)
{
	txn->engine->txns++;
	txn->engine->changes++;
	if (txn->listen)
		listen_ask_run(txn->listen, txn->uid, on_listening, txn);
	else
		plan_send(txn);
	monitor_rest(txn->engine->monitor);
}

void txn_run(struct txn *txn)
{
	struct engine *engine = txn->engine;
	struct err err = ERR_INIT;

	plan_diff(&txn->want, &txn->have, &txn->plan);
	plan_split_ports(&txn->plan, &txn->after);
	objv_fini(&txn->want);
	objv_fini(&txn->have);
	if (txn->plan.count > SEAM_OPS_MAX) {
		err_set(&err, ERR_LIMIT, E2BIG, txn->name, "this takes %zu operations; one plan has at most %d",
			txn->plan.count, SEAM_OPS_MAX);
		txn_abort(txn, &err);
		return;
	}
	if (txn->call && txn->call->dry_run) {
		txn_dry_run(txn);
		return;
	}
	if (txn->ops->eager)
		txn_send(txn);
	if (txn->ops->prepare && txn->ops->prepare(txn, &err) < 0) {
		store_rollback(engine->store);
		if (!txn->ops->eager) {
			txn_abort(txn, &err);
			return;
		}
		txn->unstored = true;
		txn->store_err = err;
	}
	if (!txn->ops->eager)
		txn_send(txn);
}

bool txn_ending(const struct engine *engine, uint64_t dev, uint64_t ino, const char *ifname)
{
	list_each(node, &engine->endings) {
		const struct txn *txn = container_of(node, struct txn, link);

		if (txn->ending_ino == ino && txn->ending_dev == dev && ino != 0 &&
		    (!txn->ending_ifname[0] || str_eq(txn->ending_ifname, ifname)))
			return true;
	}
	return false;
}
