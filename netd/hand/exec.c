/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec - running a plan; see exec.h. Floor F4.
 *
 *   ops[0] ... ops[commit - 1]   additions and changes, in groups of one namespace and class.
 *                                One fails: op_undo() of all that touched anything, backwards. Then
 *                                what makes the first packet arrive (settle.h): of a plan that removes
 *                                nothing behind the answer, and before DONE.
 *   ops[commit] ...              removals. That a thing is gone is success; any other failure is
 *                                retried, then reported, and the next one goes on all the same.
 *                                Slow ones (links, pins) become work for the reaper, and with links
 *                                go the neighbours that led to them. Behind the answer, too, goes what
 *                                in the host led to a port whose router does not know it any more.
 *
 * To undo a change one must know what was there: of sysctls the value is read
 * as they are written (and an added one is a change, too: the switch was
 * always there); of links, neighbours, elements a dump of that part is taken
 * before the group that changes them. Changes are rare, so that is cheap enough.
 */
#include "netd/hand/exec.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/kern/nft.h"
#include "lib/kern/nft_decode.h"
#include "lib/kern/rtnl.h"
#include "lib/kern/rtnl_decode.h"
#include "netd/hand/apply.h"
#include "netd/hand/check.h"
#include "netd/hand/flows.h"
#include "netd/hand/settle.h"

enum {
	INSIST_TRIES = 4,
	INSIST_PAUSE_MS = 5,
};

/**
 * struct exec - one plan under way
 * @touched: of each op before the commit point: it is to be undone
 * @beside: operations that the second thread carries out, an empty range for none; it begins them behind @links
 * @olds: values before, of those that were changed and known; @old: of each op its index there + 1, or 0
 */
struct exec {
	struct apply apply;
	const struct op *ops;
	size_t count, commit;
	struct side *side;
	struct beside {
		size_t from, to, links;
		struct seam_result result;
		bool begun;
	} beside;
	bool *touched;
	uint32_t *old;
	struct objv olds;
	struct seam_result *result;
	exec_answer_fn answer;
	void *ctx;
	bool answered;
};

/* Where the run of one namespace and class that begins at @from ends. */
static size_t group_end(const struct op *ops, size_t from, size_t to)
{
	size_t i = from + 1;

	while (i < to && ops[i].obj.ns == ops[from].obj.ns && ops[i].slow == ops[from].slow &&
	       apply_class(&ops[i]) == apply_class(&ops[from]))
		i++;
	return i;
}

static void old_put(struct exec *x, size_t i, const struct obj *old)
{
	objv_add(&x->olds, old);
	x->old[i] = (uint32_t)x->olds.count;
}

static const struct obj *old_get(const struct exec *x, size_t i)
{
	return x->old[i] != 0 ? &x->olds.items[x->old[i] - 1] : NULL;
}

/* ---- what was there before ---- */

/* @kind: OBJ_NONE is any */
static bool any_set(const struct op *ops, size_t from, size_t to, enum obj_kind kind)
{
	for (size_t i = from; i < to; i++) {
		if (ops[i].verb == OP_SET && (kind == OBJ_NONE || ops[i].obj.kind == kind))
			return true;
	}
	return false;
}

static int snapshot_rtnl(struct exec *x, struct ns_entry *entry, bool with_routes, struct objv *objs)
{
	cleanup(buf_fini) struct buf links = BUF_INIT, neighs = BUF_INIT, qdiscs = BUF_INIT, routes = BUF_INIT;
	struct rtnl_raw raw = {0};
	struct nlsock *sock;
	int r = registry_rtnl(x->apply.reg, entry, &sock, NULL);

	if (r == 0)
		r = rtnl_dump(sock, RTNL_LINKS, &links, NULL);
	if (r == 0)
		r = rtnl_dump(sock, RTNL_NEIGHS, &neighs, NULL);
	if (r == 0)
		r = rtnl_dump(sock, RTNL_QDISCS, &qdiscs, NULL);
	if (r == 0 && with_routes)
		r = rtnl_dump(sock, RTNL_ROUTES, &routes, NULL);
	raw.links = (struct rtnl_slice){links.data, links.size};
	raw.neighs = (struct rtnl_slice){neighs.data, neighs.size};
	raw.qdiscs = (struct rtnl_slice){qdiscs.data, qdiscs.size};
	raw.routes = (struct rtnl_slice){routes.data, routes.size};
	return r == 0 ? rtnl_decode(&raw, entry->ns, objs, NULL) : r;
}

static int snapshot_nft(struct exec *x, struct ns_entry *entry, struct objv *objs)
{
	cleanup(buf_fini) struct buf bytes = BUF_INIT;
	struct nlsock *sock;
	int r = registry_nft(x->apply.reg, entry, &sock, NULL);

	if (r == 0)
		r = nft_dump(sock, &bytes, NULL);
	return r == 0 ? nft_decode(bytes.data, bytes.size, entry->ns, objs, NULL) : r;
}

/* Failing to learn the old values is no failure of the plan: what cannot be undone is said if it comes to that. */
static void remember(struct exec *x, size_t from, size_t to)
{
	enum apply_class class = apply_class(&x->ops[from]);
	struct ns_entry *entry = registry_find(x->apply.reg, x->ops[from].obj.ns);
	struct objv objs = {0};
	int r;

	if (entry == NULL || class == APPLY_NETNS || class == APPLY_SYSCTL ||
	    !any_set(x->ops, from, to, OBJ_NONE))
		return;
	r = class == APPLY_RTNL ? snapshot_rtnl(x, entry, any_set(x->ops, from, to, OBJ_ROUTE), &objs)
				: snapshot_nft(x, entry, &objs);
	objv_sort(&objs);
	for (size_t i = from; r == 0 && i < to; i++) {
		const struct obj *old =
			x->ops[i].verb == OP_SET ? objv_find(&objs, &x->ops[i].obj) : NULL;

		if (old != NULL)
			old_put(x, i, old);
	}
	objv_fini(&objs);
}

/* ---- forward ---- */

static void result_set(struct seam_result *result, size_t index, int status, const char *text)
{
	result->status = status;
	result->index = (uint32_t)index;
	snprintf(result->text, sizeof(result->text), "%s",
		 text[0] != '\0' ? text : strerror(-status));
}

/* Return: 0, or -errno with @result filled. */
static int forward_group(struct exec *x, size_t from, size_t to, struct seam_result *result)
{
	cleanup(mem_freep) struct outcome *out = mem_array(to - from, sizeof(*out));
	int r;

	remember(x, from, to);
	r = apply_group(&x->apply, x->ops + from, to - from, false, out);
	for (size_t i = from; i < to; i++) {
		const struct outcome *o = &out[i - from];

		x->touched[i] = o->touched;
		if (o->old_known) {
			struct obj old = x->ops[i].obj;

			old.sysctl.value = o->old;
			old_put(x, i, &old);
		}
	}
	for (size_t i = from; r != 0 && i < to; i++) {
		const struct outcome *o = &out[i - from];

		if (o->status != 0 && o->status != -ECANCELED) {
			result_set(result, i, o->status, o->text);
			return o->status;
		}
	}
	if (r != 0)
		result_set(result, from, -EIO, "the operation was not carried out");
	return r != 0 ? -EIO : 0;
}

/*
 * What goes into nftables of an endpoint that is added needs nothing of what is done in its stack, nor that anything of
 * it; and the kernel has another lock for it than for links. So it goes beside that, behind the links, whose ports the
 * guard is bound to; what comes behind it in the plan, the port's being up above all, waits for both.
 * That is a tenth of an attach, and more the more ports it publishes.
 */
static void beside_find(struct exec *x)
{
	struct beside *beside = &x->beside;
	size_t from, to;

	for (from = 0; from < x->commit && apply_class(&x->ops[from]) != APPLY_NFT; from++)
		if (x->ops[from].obj.kind == OBJ_LINK)
			beside->links = from + 1;
	if (beside->links == 0)
		return;
	/* to the end of the links' group: no other one knows whether they are made */
	beside->links = group_end(x->ops, beside->links - 1, from);
	if (beside->links == from)
		return;
	/* The registry's tables, in which both threads look, do not change: no plan of ours does that here. */
	for (size_t i = beside->links; i < from; i++)
		if (x->ops[i].obj.kind == OBJ_NETNS)
			return;
	for (to = from; to < x->commit && apply_class(&x->ops[to]) == APPLY_NFT; to++)
		if (x->ops[to].verb != OP_ADD || x->ops[to].obj.kind == OBJ_RULESET)
			return;
	beside->from = from;
	beside->to = to;
}

static void beside_work(void *ctx)
{
	struct exec *x = ctx;
	struct beside *beside = &x->beside;
	int r = 0;

	for (size_t from = beside->from, to; r == 0 && from < beside->to; from = to) {
		to = group_end(x->ops, from, beside->to);
		r = forward_group(x, from, to, &beside->result);
	}
}

/* The registry is the main thread's: it opens the sockets. Where it cannot, the groups go in their turn, and say why. */
static void beside_begin(struct exec *x)
{
	for (size_t from = x->beside.from, to; from < x->beside.to; from = to) {
		struct ns_entry *entry = registry_find(x->apply.reg, x->ops[from].obj.ns);
		struct nlsock *sock;

		to = group_end(x->ops, from, x->beside.to);
		if (entry == NULL || registry_nft(x->apply.reg, entry, &sock, NULL) < 0)
			return;
	}
	x->beside.begun = true;
	side_run(x->side, beside_work, x);
}

/* Return: 0, or -errno with the result filled. */
static int beside_end(struct exec *x)
{
	side_wait(x->side);
	x->beside.begun = false;
	if (x->beside.result.status < 0)
		*x->result = x->beside.result;
	return x->beside.result.status;
}

static int forward(struct exec *x)
{
	int r = 0;

	beside_find(x);
	for (size_t from = 0, to; r == 0 && from < x->commit; from = to) {
		to = group_end(x->ops, from, x->commit);
		if (x->beside.begun && from == x->beside.from) {
			to = x->beside.to;
			r = beside_end(x);
			continue;
		}
		r = forward_group(x, from, to, x->result);
		if (r == 0 && to == x->beside.links && x->beside.from < x->beside.to)
			beside_begin(x);
	}
	if (x->beside.begun) /* what failed is told of the main thread's part: it comes first in the plan */
		side_wait(x->side);
	return r;
}

/* ---- backward ---- */

static bool is_gone(const struct op *op, int status)
{
	return op->verb == OP_DEL &&
	       (status == -ENOENT || status == -ENODEV || status == -ESRCH ||
		status == -EADDRNOTAVAIL || status == -ENXIO);
}

/* What may fail for want of memory is asked for again. Return: whether it is done at last. */
static bool insist(struct exec *x, const struct op *op, struct outcome *out)
{
	for (int try = 1; try < INSIST_TRIES && out->status != 0 && !is_gone(op, out->status);
	     try++) {
		poll(NULL, 0, INSIST_PAUSE_MS);
		apply_group(&x->apply, op, 1, true, out);
	}
	return out->status == 0 || is_gone(op, out->status);
}

static void undone_not(struct exec *x, const struct op *op, const char *why)
{
	size_t used = strlen(x->result->text);

	if (x->result->undone == 0)
		return; /* said already */
	x->result->undone = 0;
	snprintf(x->result->text + used, sizeof(x->result->text) - used,
		 "; and %s could not be undone: %s", obj_kind_name((enum obj_kind)op->obj.kind),
		 why);
}

static void backward(struct exec *x)
{
	cleanup(mem_freep) struct op *undo = mem_array(x->commit + 1, sizeof(*undo));
	size_t count = 0;

	x->result->undone = 1;
	for (size_t i = x->commit; i-- > 0;) {
		if (!x->touched[i])
			continue;
		if (op_undo(&x->ops[i], old_get(x, i), &undo[count])) {
			undo[count].slow = 0; /* the answer says it is done */
			count++;
		} else if (x->ops[i].obj.kind != OBJ_UP && !apply_goes_with_link(&x->ops[i])) {
			undone_not(x, &x->ops[i], "its value before is not known");
		}
	}
	for (size_t from = 0, to; from < count; from = to) {
		cleanup(mem_freep) struct outcome *out = NULL;

		to = group_end(undo, from, count);
		out = mem_array(to - from, sizeof(*out));
		apply_group(&x->apply, undo + from, to - from, true, out);
		for (size_t i = from; i < to; i++) {
			if (!insist(x, &undo[i], &out[i - from]))
				undone_not(x, &undo[i], out[i - from].text);
		}
	}
}

/* ---- removals ---- */

static void removal_report(struct exec *x, size_t index, const struct outcome *o)
{
	if (x->result->index != UINT32_MAX)
		return;
	result_set(x->result, index, o->status, o->text);
	x->result->status = 0; /* what was asked for stands all the same */
}

static void remove_group(struct exec *x, size_t from, size_t to)
{
	cleanup(mem_freep) struct outcome *out = mem_array(to - from, sizeof(*out));

	if (apply_group(&x->apply, x->ops + from, to - from, true, out) == 0)
		return;
	for (size_t i = from; i < to; i++) {
		if (!insist(x, &x->ops[i], &out[i - from]))
			removal_report(x, i, &out[i - from]);
	}
}

static void remove_slow(struct exec *x, size_t i, struct reaper_work *work)
{
	const struct obj *obj = &x->ops[i].obj;
	struct ns_entry *entry = registry_find(x->apply.reg, obj->ns);
	struct outcome failed = {0};
	char *pin;

	if (entry == NULL)
		return;
	if (obj->kind != OBJ_NETNS) {
		failed.status = obj->kind == OBJ_LINK
					? reaper_work_link(work, obj->ns, entry->fd,
							   obj->link.name, (uint32_t)i)
					: reaper_work_neigh(work, obj->ns, entry->fd,
							    &obj->neigh, (uint32_t)i);
		if (failed.status < 0)
			removal_report(x, i, &failed);
		else if (obj->kind == OBJ_LINK)
			reaper_work_borrow(work, entry);
		return;
	}
	registry_forget(x->apply.reg, obj->ns, &pin);
	if (pin != NULL)
		reaper_work_pin(work, pin, (uint32_t)i);
}

/*
 * Answer, and let what is reported from here on be the report of what comes behind the answer. Who is answered was mostly put
 * on our processor by the kernel (it is told that we are about to sleep), and would wait for all that follows removals, 0.35 ms
 * of a detach. So he goes first; where nobody waits that costs a microsecond. What follows additions is what he waits for.
 */
static void answer_now(struct exec *x)
{
	if (x->answered)
		return;
	x->answer(x->ctx, x->result);
	x->answered = true;
	*x->result = (struct seam_result){.index = UINT32_MAX};
	if (x->commit < x->count)
		sched_yield();
}

/*
 * Neighbours alone, and links that go by the reaper: these wait for RTNL, which it holds for a group's time, so who is
 * detached next would wait here. They lead to a port that is cut off already.
 */
static bool goes_with_links(const struct exec *x, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (x->ops[i].obj.kind != OBJ_NEIGH)
			return false;
	}
	return x->ops[x->count - 1].slow;
}

/*
 * The host's half of published ports: it leads to a router, which knows nothing of the port any more when its own half
 * has gone, and drops what comes. So where a link goes, which is an endpoint's end, this half follows behind the answer.
 * Return: where it ends, the commit point where there is none, or no router's half.
 */
static size_t led_end(const struct exec *x)
{
	size_t to = x->commit;

	if (!x->ops[x->count - 1].slow)
		return x->commit;
	while (to < x->count && check_publishes(&x->ops[to].obj))
		to++;
	return to < x->count && apply_class(&x->ops[to]) == APPLY_NFT && ns_class(x->ops[to].obj.ns) == NS_ROUTER ? to : x->commit;
}

/* Return: the reaper's, submitted; NULL where it has nothing to do. */
static struct reaper_work *removals(struct exec *x, uint32_t seq)
{
	struct reaper_work *work = reaper_work_new(seq);
	size_t led = led_end(x);

	for (size_t from = led, to; from < x->count; from = to) {
		to = group_end(x->ops, from, x->count);
		if (apply_class(&x->ops[from]) != APPLY_NFT)
			answer_now(x);
		if (!x->ops[from].slow && !goes_with_links(x, from, to)) {
			remove_group(x, from, to);
			continue;
		}
		for (size_t i = from; i < to; i++)
			remove_slow(x, i, work);
	}
	answer_now(x);
	if (reaper_work_empty(work)) {
		reaper_work_free(work);
		work = NULL;
	} else {
		reaper_submit(x->apply.reaper, work);
	}
	if (led > x->commit)
		remove_group(x, x->commit, led);
	return work;
}

/* ---- all ---- */

void exec_settle(struct registry *reg, const struct op *ops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		registry_settle(reg, ops[i].obj.ns);
		if (ops[i].obj.kind == OBJ_LINK && ops[i].obj.link.peer_name[0] != '\0')
			registry_settle(reg, ops[i].obj.link.peer_ns);
		if (ops[i].obj.kind == OBJ_LINK && ops[i].verb == OP_ADD)
			registry_loan_open(reg, ops[i].obj.ns);
	}
}

bool exec_plan(struct registry *reg, struct reaper *reaper, struct side *side, uint32_t seq, const struct op *ops,
	       size_t count, size_t commit, exec_answer_fn answer, void *ctx, struct seam_result *ret_done)
{
	struct seam_result result = {.index = UINT32_MAX};
	struct exec x = {
		.apply = {.reg = reg, .reaper = reaper},
		.ops = ops,
		.count = count,
		.commit = commit,
		.side = side,
		.beside = {.result = {.index = UINT32_MAX}},
		.touched = mem_array(commit + 1, sizeof(bool)),
		.old = mem_array(commit + 1, sizeof(uint32_t)),
		.result = &result,
		.answer = answer,
		.ctx = ctx,
	};
	struct reaper_work *work = NULL;
	struct flows_gone gone = {0};
	int r;

	if (commit > 0)
		reaper_plan_begin(reaper);
	r = forward(&x);
	if (r < 0)
		backward(&x);
	else if (commit == count)
		answer_now(&x); /* who waits for the first packet waits for DONE, and meanwhile has its own work */
	if (r == 0)
		settle(reg, ops, commit);
	if (commit > 0)
		reaper_plan_end(reaper);
	if (r == 0 && commit < count) {
		flows_look(reg, ops, count, &gone);
		work = removals(&x, seq);
	}
	answer_now(&x);
	flows_gone_forget(reg, &gone);
	if (r == 0)
		flows_forget(reg, ops, count);
	else if (x.beside.from < x.beside.to) /* what it published stood for a moment */
		flows_forget(reg, ops, commit);
	/* behind the answer a removal that would not go is the failure it is */
	if (result.index != UINT32_MAX)
		result.status = -EIO;
	if (work != NULL)
		reaper_fail(reaper, work, &result);
	objv_fini(&x.olds);
	free(x.touched);
	free(x.old);
	*ret_done = result;
	return work != NULL;
}
