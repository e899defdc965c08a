/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconcile - one run compares what should stand with what does. Floor F4.
 *
 * Theory of operation. A run has a mode (start, check, mend) and a scope (some
 * namespaces, or all). It closes the gate for changes and waits until those
 * under way have ended, so that nothing moves between the dumps and the
 * comparison. Then: registry, a dump of each namespace in scope, and
 *
 *     want = desired(model) in scope          have = decoded dumps
 *     diff = the same plan_diff() that attach uses
 *
 * What is not ours to judge is left out first (judge.c): the far ends of our
 * own veth pairs, whatever the owner of a stack has put into it, namespaces
 * that nobody holds open for us. An endpoint whose veth is gone together with
 * such a namespace is lost, and leaves the model.
 *
 * Insides of stacks: their owner's. A run that nobody asked for mends them
 * only where it has to make their link again. And what an owner may do there
 * (take our interface's name, change faster than one can look) must never keep
 * the others from being mended, or the daemon from starting: a stack that cannot
 * be looked at is left out, one that makes the plan fail is dropped from the
 * plan, which is then sent again.
 *
 * The dumps are of one moment each. A pair that goes between those of its two ends is seen by half, and what would mend
 * that is no plan, or one that fails: then the run looks again, and leaves out nothing before.
 */
#include "netd/engine/compare/reconcile.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/compare/judge.h"
#include "netd/engine/compare/monitor.h"
#include "netd/engine/compare/owner.h"
#include "netd/engine/compare/snapshot.h"
#include "netd/engine/host/dnsfeed.h"
#include "netd/engine/host/host_look.h"
#include "netd/engine/store/store.h"
#include "netd/engine/txn.h"

enum {
	SOON_MS = 100,	 /* from the first sign of drift to the run */
	FOUGHT_MS = 900, /* the same when somebody undoes what we mend, again and again */
	FIGHT_COUNT = 8, /* runs that mended ... */
	FIGHT_MS = 10000, /* ... in so short a time: a fight */
	DROPS_MAX = 32,	  /* operations that one run leaves out, each by itself */
	LOOKS_MAX = 2, /* how often a run looks again since it may have seen two moments in one */
};

enum mode { MODE_START, MODE_CHECK, MODE_MEND };

struct run {
	enum mode mode;
	bool repair;
	struct call *call; /* of MODE_CHECK */
	char tenant[NAME_TENANT_SIZE];
	struct list link; /* in reconcile.waiting */
};

struct reconcile {
	struct engine *engine;
	void (*started)(struct engine *engine);
	struct list waiting; /* struct run */
	struct run *run;     /* the one at work, or NULL */
	bool working;	     /* it has got its quiet and has begun */
	struct seam_nsinfo *infos;
	size_t info_count;
	struct objv want, have;
	size_t dumps; /* asked for and not yet answered */
	struct err failure; /* of a dump: then nothing is compared */
	json_t *differences;
	struct loop_timer *timer;
	uint64_t mends[FIGHT_COUNT]; /* when the last ones were, in turn */
	size_t mend_count;
	struct plan plan;  /* the one under way */
	bool unfinished; /* the plan under way is the first part of a longer one */
	struct plan after; /* ports whose links the plan under way removes */
	bool given_up;	   /* something left the plan since it could not be done */
	size_t drops;	   /* operations that did so, each by itself */
	size_t looks;	   /* again, since something changed while it looked */
	uint64_t *blind;   /* stacks that could not be looked at */
	size_t blind_count;
};

static void run_next(struct reconcile *rec);
static void run_begin(struct reconcile *rec);

/* --------------------------------------------------------------- what is ours */

static int info_cmp(const void *pa, const void *pb)
{
	const struct seam_nsinfo *a = pa, *b = pb;

	return (a->ns > b->ns) - (a->ns < b->ns);
}

/* The hand's list is in order since on_registry(). */
static bool registered(const struct reconcile *rec, uint64_t ns)
{
	const struct seam_nsinfo key = { .ns = ns };

	return ns == NS_HOST || (rec->info_count && bsearch(&key, rec->infos, rec->info_count, sizeof(key), info_cmp));
}

/* A namespace we can neither look into nor make: a container's or a foreign one that nobody holds for us. */
static bool out_of_reach(const struct reconcile *rec, uint64_t ns)
{
	return ns_class(ns) == NS_FOREIGN || (ns_class(ns) == NS_CONTAINER && !registered(rec, ns));
}

static bool is_blind(const struct reconcile *rec, uint64_t ns)
{
	for (size_t i = 0; i < rec->blind_count; i++)
		if (rec->blind[i] == ns)
			return true;
	return false;
}

static void prune_want(const struct reconcile *rec, struct objv *want)
{
	size_t kept = 0;

	for (size_t i = 0; i < want->count; i++)
		if (!out_of_reach(rec, want->items[i].ns) && !is_blind(rec, want->items[i].ns))
			want->items[kept++] = want->items[i];
	want->count = kept;
}

/*
 * Of a stack that could not be looked at nothing is wanted, so nothing of it may be had either: that its namespace stands
 * is known all the same, and would be taken for one that nobody wants.
 */
static void prune_have(const struct reconcile *rec, struct objv *have)
{
	size_t kept = 0;

	for (size_t i = 0; i < have->count; i++)
		if (!is_blind(rec, have->items[i].ns))
			have->items[kept++] = have->items[i];
	have->count = kept;
}

/* ------------------------------------------------------------------------- lost */

static void difference_add(struct reconcile *rec, const char *what, const char *owner, const char *object, const char *have)
{
	json_t *row = json_pack("{s:s, s:s, s:s}", "what", what, "owner", owner, "object", object);

	json_object_set_new(row, "have", have ? json_string(have) : json_null());
	json_array_append_new(rec->differences, row);
}

/* Drop one endpoint whose namespace and link are gone, and its stack where it was the last. */
static void reap(struct reconcile *rec, struct endpoint *endpoint)
{
	struct engine *engine = rec->engine;
	struct stack *stack = endpoint->stack;
	char name[NAME_FULL_SIZE];
	struct err err = ERR_INIT;

	endpoint_name_print(endpoint, name);
	difference_add(rec, "lost", name, "the namespace of the endpoint is gone", NULL);
	log_info("%s: its namespace is gone, and so is the endpoint", name);
	if (store_remove(engine->store, endpoint->id, &err) < 0)
		log_failure(&err, "%s", name);
	model_endpoint_del(endpoint);
	if (list_empty(&stack->endpoints)) {
		if (store_remove(engine->store, stack->id, &err) < 0)
			log_failure(&err, "%s", name);
		model_stack_del(stack);
	}
	engine_event(engine, "endpoint-gone", name, "its namespace is gone");
}

/* Find wanted pairs that are not there and whose far end is out of reach. */
static void reap_lost(struct reconcile *rec)
{
	objv_sort(&rec->have);
	for (size_t i = 0; i < rec->want.count; i++) {
		const struct obj *obj = &rec->want.items[i];
		struct endpoint *endpoint;
		uint64_t id;

		if (obj->kind != OBJ_LINK || obj->link.type != LINK_VETH || !out_of_reach(rec, obj->link.peer_ns) ||
		    objv_find(&rec->have, obj) || str_hex48(obj->link.name + 2, &id) < 0)
			continue;
		endpoint = model_endpoint_by_id(&rec->engine->model, id);
		if (endpoint)
			reap(rec, endpoint);
	}
}

/* ----------------------------------------------------------------------- report */

static char *obj_text(const struct obj *obj)
{
	struct buf text = BUF_INIT;

	obj_print(obj, &text);
	while (text.size && text.data[text.size - 1] == '\n')
		text.data[--text.size] = '\0';
	return (char *)text.data;
}

/* One row an operation of the plan; operations of other tenants leave the plan. */
static void report(struct reconcile *rec, struct plan *plan)
{
	static const char *const words[] = { [OP_ADD] = "missing", [OP_SET] = "differs", [OP_DEL] = "extra" };
	size_t kept = 0, commit = plan->commit;

	for (size_t i = 0; i < plan->count; i++) {
		struct op op = plan->ops[i];
		const struct obj *old = objv_find(&rec->have, &op.obj);
		char owner[NAME_FULL_SIZE];
		char *object, *have;

		owner_print(&rec->engine->model, &op.obj, owner);
		if (!owner_of_tenant(owner, rec->run->tenant)) {
			plan->commit -= i < commit;
			continue;
		}
		object = obj_text(&op.obj);
		have = op.verb == OP_SET && old ? obj_text(old) : NULL;
		difference_add(rec, words[op.verb], owner, object, have);
		free(object);
		free(have);
		plan->ops[kept++] = op;
	}
	plan->count = kept;
}

/* ---------------------------------------------------------------------- giving up */

/* A port of the host that a program listens on by now: that one publication has to wait. */
static bool is_port_taken(const struct op *op, const struct seam_result *result)
{
	return op->obj.kind == OBJ_ELEM && op->obj.ns == NS_HOST &&
	       (result->status == -EADDRINUSE || result->status == -EACCES);
}

/*
 * The plan failed, and all of it was undone. Take out what failed, and with it all that concerns the same stack, or the
 * namespace that cannot be made; what is of neither goes alone, so that one thing that cannot be had never keeps all tenants from being mended.
 * Return: false when it is nothing that can be left out.
 */
static bool give_up(struct reconcile *rec, const struct seam_result *result)
{
	const struct model *model = &rec->engine->model;
	struct plan *plan = &rec->plan;
	size_t kept = 0, commit = plan->commit, failed = result->index;
	const struct stack *stack;
	char owner[NAME_FULL_SIZE], *object;
	uint64_t ns;

	if (failed >= commit)
		return false;
	ns = owner_culprit(model, &plan->ops[failed]);
	if (plan->ops[failed].obj.kind == OBJ_NETNS) /* without it there is no place for what stands in it, or leads there */
		ns = plan->ops[failed].obj.ns;
	if (!ns && !is_port_taken(&plan->ops[failed], result) && rec->drops++ >= DROPS_MAX)
		return false;
	stack = ns ? model_stack_by_ns(model, ns) : NULL;
	owner_ns_print(model, ns, owner);
	object = obj_text(&plan->ops[failed].obj);
	log_warn("%s cannot be mended, and is left: %s: %s", owner, object, result->text);
	free(object);
	for (size_t i = 0; i < plan->count; i++) {
		if (i == failed || (ns && i < commit && owner_concerns(&plan->ops[i], ns, stack)))
			plan->commit--;
		else
			plan->ops[kept++] = plan->ops[i];
	}
	plan->count = kept;
	rec->given_up = true;
	return true;
}

/* -------------------------------------------------------------------------- run */

static void run_forget(struct reconcile *rec)
{
	bool large = rec->want.count + rec->have.count > 10000;

	rec->blind_count = 0;
	objv_clear(&rec->want);
	objv_clear(&rec->have);
	plan_fini(&rec->plan);
	rec->plan = (struct plan){ 0 };
	/* A comparison of ten thousand endpoints takes 100 MB for a second; glibc would keep what lies below anything that stays. */
	if (large) {
		objv_fini(&rec->want);
		objv_fini(&rec->have);
		malloc_trim(0);
	}
}

/* The run is over: answer, open the gate, take the next. */
static void run_end(struct reconcile *rec, const struct err *failure, bool repaired)
{
	struct engine *engine = rec->engine;
	struct run *run = rec->run;

	run_forget(rec);
	if (run->call && failure) {
		call_fail(run->call, failure);
	} else if (run->call) {
		if (asides_report(&engine->asides, run->tenant, rec->differences))
			repaired = false; /* nothing here mends those */
		call_reply(run->call, json_pack("{s:O, s:b}", "differences", rec->differences, "repaired", (int)repaired));
	} else if (failure) {
		log_failure(failure, "comparing with the kernel");
	}
	json_decref(rec->differences);
	rec->differences = NULL;
	/* Not before the answer: the client's next request may be another run, whose turn is not yet. */
	rec->run = NULL;
	rec->working = false;
	if (run->mode == MODE_START) {
		free(run);
		if (failure) {
			engine_die(engine);
			return;
		}
		rec->started(engine);
	} else {
		free(run);
	}
	/*
	 * Changes that wait go before the next run that somebody asked for, or whoever may ask could keep all others
	 * from ever changing anything. Those that mend go first: changes may wait for what they find.
	 */
	if (list_empty(&rec->waiting) || container_of(rec->waiting.next, struct run, link)->mode == MODE_CHECK) {
		engine->gated = false;
		api_ungate(engine->api);
	}
	run_next(rec);
}

static void plan_send(struct reconcile *rec);
static void run_start(struct reconcile *rec);

/* The same run once more, for what one plan could not hold; its report goes on. */
static void run_again(struct reconcile *rec)
{
	run_forget(rec);
	run_start(rec);
}

/* Sockets in a router that was not there were asked for in vain, or are of the one before it. */
static void tell_routers(struct reconcile *rec)
{
	for (size_t i = 0; i < rec->plan.commit; i++) {
		const struct op *op = &rec->plan.ops[i];

		if (op->verb == OP_ADD && op->obj.kind == OBJ_NETNS && ns_class(op->obj.ns) == NS_ROUTER)
			dnsfeed_router(rec->engine->dnsfeed, ns_id48(op->obj.ns));
	}
}

/* Half of a pair: no kernel has it, and no plan can make it. */
static bool is_torn(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!op_valid(&plan->ops[i]))
			return true;
	return false;
}

/*
 * The plan failed. Has something changed since this run looked? A sign of it waits, or something is not there that is in no
 * stack, where its owner's doings would have us look for ever.
 */
static bool is_outdated(const struct reconcile *rec, const struct seam_result *result)
{
	bool missing = result->status == -ENODEV || result->status == -ENOENT;

	if (rec->run->mode != MODE_MEND)
		return false;
	return loop_timer_armed(rec->timer) ||
	       (!list_empty(&rec->waiting) && container_of(rec->waiting.next, struct run, link)->mode == MODE_MEND) ||
	       (missing && result->index < rec->plan.count && !owner_culprit(&rec->engine->model, &rec->plan.ops[result->index]));
}

static void on_mended(void *ctx, struct hand_answer *answer)
{
	struct reconcile *rec = ctx;
	struct err err = ERR_INIT;

	if (answer->result.status < 0 && is_outdated(rec, &answer->result) && rec->looks++ < LOOKS_MAX) {
		log_debug("mending: %s: looking again", answer->result.text);
		plan_fini(&rec->after);
		rec->after = (struct plan){ 0 };
		run_again(rec);
		return;
	}
	if (answer->result.status < 0 && give_up(rec, &answer->result)) {
		plan_send(rec);
		return;
	}
	if (hand_result_err(&answer->result, "kernel", "mending", &err) < 0) {
		/* somebody changed more between look and plan: all was undone, and is looked at anew */
		if (rec->run->mode == MODE_MEND)
			reconcile_soon(rec->engine);
		plan_fini(&rec->after);
		rec->after = (struct plan){ 0 };
		run_end(rec, &err, false);
		return;
	}
	if (answer->result.index != UINT32_MAX)
		log_warn("mending: operation %u: %s", answer->result.index, answer->result.text);
	if (rec->run->mode != MODE_START)
		engine_event(rec->engine, "repaired", rec->run->tenant[0] ? rec->run->tenant : "all", NULL);
	monitor_sync(rec->engine->monitor);
	tell_routers(rec);
}

/* The plan's links are gone: now their ports may go. */
static void on_removed(void *ctx, struct hand_answer *answer)
{
	struct reconcile *rec = ctx;

	(void)answer;
	if (rec->after.count)
		hand_plan(rec->engine->hand, &rec->after, 0, engine_ignore, NULL, NULL);
	plan_fini(&rec->after);
	rec->after = (struct plan){ 0 };
	if (rec->unfinished)
		run_again(rec);
	else
		run_end(rec, NULL, !rec->given_up);
}

/* One plan takes so many operations and no more; in their order any first part is sound, and another run does the rest. */
static void plan_limit(struct reconcile *rec)
{
	struct plan *plan = &rec->plan;

	rec->unfinished = plan->count > SEAM_OPS_MAX;
	if (!rec->unfinished)
		return;
	plan->count = SEAM_OPS_MAX;
	if (plan->commit > plan->count)
		plan->commit = plan->count;
}

static void plan_send(struct reconcile *rec)
{
	hand_plan(rec->engine->hand, &rec->plan, 0, on_mended, on_removed, rec);
}

static void compare(struct reconcile *rec)
{
	struct run *run = rec->run;
	struct plan plan = { 0 }, one;

	log_debug("comparing %zu objects with the kernel", rec->want.count);
	reap_lost(rec);
	objv_clear(&rec->want);
	desired_all(&rec->engine->model, &rec->engine->facts, &rec->want);
	prune_want(rec, &rec->want);
	prune_have(rec, &rec->have);
	asides_keep(&rec->engine->asides, &rec->engine->model, &rec->want, &rec->have);
	judge_have(&rec->want, &rec->have);
	plan_diff(&rec->want, &rec->have, &plan);
	for (size_t at = 0; run->mode == MODE_START && judge_way(&plan, &at, &one); plan_fini(&one))
		hand_plan(rec->engine->hand, &one, 0, engine_ignore, NULL, NULL);
	if (run->mode != MODE_CHECK)
		judge_plan(&plan);
	if (is_torn(&plan) && rec->looks++ < LOOKS_MAX) {
		log_debug("a pair was seen by half: looking again");
		plan_fini(&plan);
		run_again(rec);
		return;
	}
	report(rec, &plan);
	if (plan.count == 0 || !run->repair) {
		plan_fini(&plan);
		run_end(rec, NULL, run->repair && json_array_size(rec->differences) > 0);
		return;
	}
	if (run->mode == MODE_MEND) {
		log_info("%zu kernel objects differ from what should be: mending", plan.count);
		rec->mends[rec->mend_count++ % FIGHT_COUNT] = clock_monotonic_ns();
	}
	rec->engine->changes++;
	plan_split_ports(&plan, &rec->after);
	rec->plan = plan;
	plan_limit(rec);
	plan_send(rec);
}

struct dump_ctx {
	struct reconcile *rec;
	uint64_t ns;
};

static void on_dump(void *ctx, struct hand_answer *answer)
{
	struct dump_ctx *dump = ctx;
	struct reconcile *rec = dump->rec;
	struct err err = ERR_INIT;
	int r = 0;

	if (answer->result.status == 0) {
		r = snapshot_decode(answer->data, answer->size, dump->ns, &rec->have, &err);
	} else if (answer->result.status != -ENOENT) { /* gone since the registry was read: then it is missing */
		r = hand_result_err(&answer->result, "kernel", "dump", &err);
	}
	if (r < 0 && owner_is_stack(dump->ns)) {
		log_failure(&err, "a stack cannot be looked at, and is left");
		rec->blind = mem_grow(rec->blind, rec->blind_count + 1, sizeof(*rec->blind));
		rec->blind[rec->blind_count++] = dump->ns;
		r = 0;
	}
	free(dump);
	rec->dumps--;
	if (r < 0)
		rec->failure = err;
	if (rec->dumps)
		return;
	if (rec->failure.kind != ERR_NONE)
		run_end(rec, &rec->failure, false);
	else
		compare(rec);
}

/* Where in a sorted array the objects of @ns begin. */
static size_t first_of(const struct objv *v, uint64_t ns)
{
	size_t low = 0, high = v->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->items[mid].ns < ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * Ask for what @ns holds. The switches that we want there are read back by name; and so are the neighbours in a stack, where others
 * are its owner's affair: to list them the kernel walks those of all namespaces, and ten thousand stacks would be 10^8 steps.
 */
static void ask_dump(struct reconcile *rec, uint64_t ns)
{
	bool stack = owner_is_stack(ns);
	uint32_t parts = SEAM_LINKS | SEAM_ADDRS | SEAM_ROUTES | SEAM_SYSCTLS;
	struct dump_ctx *dump = mem_alloc(sizeof(*dump));
	struct objv named = { 0 };

	parts |= stack ? SEAM_RULES : SEAM_NFT | SEAM_NEIGHS;
	if (ns_class(ns) == NS_ROUTER)
		parts |= SEAM_FDB | SEAM_QDISCS;
	for (size_t i = first_of(&rec->want, ns); i < rec->want.count && rec->want.items[i].ns == ns; i++)
		if (rec->want.items[i].kind == OBJ_SYSCTL || (stack && rec->want.items[i].kind == OBJ_NEIGH))
			objv_add(&named, &rec->want.items[i]);
	dump->rec = rec;
	dump->ns = ns;
	rec->dumps++;
	hand_dump(rec->engine->hand, ns, parts, named.items, named.count, on_dump, dump);
	objv_fini(&named);
}

static void on_registry(void *ctx, struct hand_answer *answer)
{
	struct reconcile *rec = ctx;
	struct err err = ERR_INIT;
	int r = hand_result_err(&answer->result, "hand", "registry", &err);

	free(rec->infos);
	rec->infos = NULL;
	rec->info_count = 0;
	if (r == 0)
		r = snapshot_registry(answer->data, answer->size, &rec->engine->features, &rec->infos, &rec->info_count,
				      &err);
	if (r < 0) {
		run_end(rec, &err, false);
		return;
	}
	qsort(rec->infos, rec->info_count, sizeof(*rec->infos), info_cmp);
	desired_all(&rec->engine->model, &rec->engine->facts, &rec->want);
	objv_sort(&rec->want);
	rec->dumps = 1; /* ours, so that answers cannot come to the end early */
	ask_dump(rec, NS_HOST);
	for (size_t i = 0; i < rec->info_count; i++) {
		uint64_t ns = rec->infos[i].ns;
		struct obj self = obj_netns(ns);

		if (ns == NS_HOST || ns_class(ns) == NS_FOREIGN)
			continue;
		/*
		 * The dump of a namespace does not show the namespace. A container's is not ours to make, so it is not
		 * wanted either; but one that no stack is known of is held for nobody, and "removing" it lets it go.
		 */
		if (ns_class(ns) != NS_CONTAINER || !model_stack_by_ns(&rec->engine->model, ns))
			objv_add(&rec->have, &self);
		ask_dump(rec, ns);
	}
	rec->dumps--;
}

static void on_looked(void *ctx, const struct err *failure)
{
	struct reconcile *rec = ctx;

	if (failure)
		run_end(rec, failure, false);
	else
		hand_dump(rec->engine->hand, NS_HOST, SEAM_REGISTRY, NULL, 0, on_registry, rec);
}

/* The host first: its way out may be another by now, or wider, and what is wanted depends on it. */
static void run_start(struct reconcile *rec) { host_look(rec->engine, on_looked, rec); }

static void run_begin(struct reconcile *rec)
{
	struct engine *engine = rec->engine;

	if (!rec->run || rec->working || engine->txns || !list_empty(&engine->endings))
		return;
	rec->working = true;
	rec->failure = ERR_INIT;
	rec->given_up = false;
	rec->drops = rec->looks = 0;
	rec->differences = json_array();
	run_start(rec);
}

static void run_next(struct reconcile *rec)
{
	if (rec->run || list_empty(&rec->waiting))
		return;
	rec->run = container_of(rec->waiting.next, struct run, link);
	list_remove(&rec->run->link);
	rec->engine->gated = true;
	run_begin(rec);
}

static void run_add(struct reconcile *rec, enum mode mode, bool repair, struct call *call, const char *tenant)
{
	struct run *run = mem_alloc(sizeof(*run));

	run->mode = mode;
	run->repair = repair;
	run->call = call;
	(void)str_copy(run->tenant, sizeof(run->tenant), tenant ? tenant : "");
	list_append(mode == MODE_CHECK ? &rec->waiting : rec->waiting.next, &run->link);
	run_next(rec);
}

void reconcile_progress(struct engine *engine)
{
	run_begin(engine->reconcile);
	if (!engine->gated)
		api_ungate(engine->api);
}

void reconcile_call(struct reconcile *rec, struct call *call, const char *tenant, bool repair)
{
	run_add(rec, MODE_CHECK, repair, call, tenant);
}

static void on_soon(void *ctx)
{
	struct reconcile *rec = ctx;

	run_add(rec, MODE_MEND, true, NULL, NULL);
}

void reconcile_now(struct engine *engine) { run_add(engine->reconcile, MODE_MEND, true, NULL, NULL); }

void reconcile_soon(struct engine *engine)
{
	struct reconcile *rec = engine->reconcile;

	uint64_t oldest = rec->mends[rec->mend_count % FIGHT_COUNT];
	bool fight = oldest && clock_monotonic_ns() - oldest < FIGHT_MS * 1000000ULL;

	if (!loop_timer_armed(rec->timer))
		loop_timer_set(rec->timer, fight ? FOUGHT_MS : SOON_MS);
}

void reconcile_start(struct reconcile *rec)
{
	run_add(rec, MODE_START, true, NULL, NULL);
}

struct reconcile *reconcile_new(struct engine *engine, void (*started)(struct engine *engine))
{
	struct reconcile *rec = mem_alloc(sizeof(*rec));

	rec->engine = engine;
	rec->started = started;
	list_init(&rec->waiting);
	rec->timer = loop_timer_new(engine->loop, on_soon, rec);
	return rec;
}
