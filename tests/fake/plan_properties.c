/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties of plans, on random worlds and a fake kernel: what a plan leaves
 * behind is what was wanted; a failure anywhere leaves what was there before;
 * text is the plan. A failure names the seed; MOAT_SEED=N repeats that one
 * alone, MOAT_PAIRS=N draws another number of worlds.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/plan/fake.h"
#include "tests/fake/random.h"

enum {
	PAIRS = 2000,
	INJECT_MAX = 48, /* above so many ops, so many indices by chance */
};

/**
 * struct trial - one pair of states
 * @kernel: holds the first
 * @have: what a dump of it says
 * @want: the second
 */
struct trial {
	uint64_t seed;
	struct rng rng;
	struct fake kernel;
	struct objv have, want;
	struct plan plan;
};

#define CHECK(t, condition) check((t), (condition), #condition, __LINE__)

static void dump(const char *what, const struct objv *v)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;

	for (size_t i = 0; i < v->count; i++) {
		obj_print(&v->items[i], &text);
		buf_str(&text, "\n");
	}
	print_error("%s:\n%s\n", what, buf_cstr(&text));
}

static void check(struct trial *t, bool ok, const char *what, int line)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;

	if (ok)
		return;
	plan_print(&t->plan, &text);
	dump("have", &t->have);
	dump("want", &t->want);
	print_error("plan:\n%s\nMOAT_SEED=%llu line %d: %s\n", buf_cstr(&text),
		    (unsigned long long)t->seed, line, what);
	fail();
}

static struct objv copy_of(const struct objv *v)
{
	struct objv copy = {0};

	for (size_t i = 0; i < v->count; i++)
		objv_add(&copy, &v->items[i]);
	return copy;
}

static bool equal(const struct objv *a, const struct objv *b)
{
	return a->count == b->count &&
	       (!a->count || !memcmp(a->items, b->items, a->count * sizeof(*a->items)));
}

static bool plans_equal(const struct plan *a, const struct plan *b)
{
	return a->count == b->count && a->commit == b->commit &&
	       (!a->count || !memcmp(a->ops, b->ops, a->count * sizeof(*a->ops)));
}

static struct plan diff_of(const struct objv *want, const struct objv *have)
{
	struct objv w = copy_of(want), h = copy_of(have);
	struct plan plan;

	plan_diff(&w, &h, &plan);
	objv_fini(&w);
	objv_fini(&h);
	return plan;
}

static bool wants(const struct trial *t, const struct obj *obj)
{
	for (size_t i = 0; i < t->want.count; i++) {
		if (obj_key_cmp(&t->want.items[i], obj) == 0)
			return true;
	}
	return false;
}

/* What may be laid or written again without being known to stand is not always in a dump. */
static void forget_some(struct trial *t)
{
	size_t count = 0;

	for (size_t i = 0; i < t->have.count; i++) {
		struct obj *obj = &t->have.items[i];
		bool again = obj->kind == OBJ_SYSCTL || obj->kind == OBJ_RULESET;

		if (!again || !wants(t, obj) || rng_chance(&t->rng, 80))
			t->have.items[count++] = *obj;
	}
	t->have.count = count;
}

/* A kernel that holds the first state, and then some dirt of its own. */
static void draw(struct trial *t, uint64_t seed)
{
	struct objv first;
	struct world world;
	struct plan plan;
	struct err err = ERR_INIT;

	*t = (struct trial){.seed = seed, .rng = {seed}};
	world = world_draw(&t->rng);
	world_adopted(&t->kernel.objs);
	objv_sort(&t->kernel.objs);
	world_state(&t->rng, &world, &first);
	plan = diff_of(&first, &t->kernel.objs);
	if (fake_apply(&t->kernel, &plan, SIZE_MAX, &err) < 0) {
		print_error("MOAT_SEED=%llu: first state: %s %s\n", (unsigned long long)seed,
			    err.object, err.msg);
		fail();
	}
	plan_fini(&plan);
	for (size_t i = 0; i < t->kernel.objs.count; i++) {
		struct obj *obj = &t->kernel.objs.items[i];

		if (obj->kind == OBJ_RULESET && rng_chance(&t->rng, 20))
			obj->ruleset.digest = 0; /* somebody was at it */
	}
	t->have = copy_of(&t->kernel.objs);
	for (size_t i = 0; i < t->have.count; i++) {
		struct obj_link *link = &t->have.items[i].link;

		if (t->have.items[i].kind != OBJ_LINK || rng_chance(&t->rng, 30))
			continue;
		/* a dump does not tell the far end; a store may */
		link->peer_ns = 0;
		memset(link->peer_name, 0, sizeof(link->peer_name));
		memset(&link->peer_mac, 0, sizeof(link->peer_mac));
	}
	rng_shuffle(&t->rng, t->have.items, t->have.count, sizeof(*t->have.items));
	if (rng_chance(&t->rng, 20))
		t->want = copy_of(&first); /* repair of dirt alone */
	else
		world_state(&t->rng, &world, &t->want);
	forget_some(t);
	t->plan = diff_of(&t->want, &t->have);
	objv_fini(&first);
}

static void done(struct trial *t)
{
	fake_fini(&t->kernel);
	objv_fini(&t->have);
	objv_fini(&t->want);
	plan_fini(&t->plan);
}

/* May it stand in the kernel though nobody wants it? */
static bool tolerated(const struct objv *want, const struct obj *obj)
{
	if (obj->kind == OBJ_SYSCTL ||
	    (obj->kind == OBJ_LINK && obj->link.type == LINK_LOOPBACK))
		return true;
	for (size_t i = 0; i < want->count; i++) {
		const struct obj *other = &want->items[i];

		if (obj->kind == OBJ_LINK && other->kind == OBJ_LINK &&
		    other->link.peer_ns == obj->ns &&
		    !strcmp(other->link.peer_name, obj->link.name))
			return true;
	}
	return false;
}

static void holds_what_is_wanted(struct trial *t)
{
	struct fake kernel = {copy_of(&t->kernel.objs)};
	struct objv want = copy_of(&t->want);
	struct err err = ERR_INIT;
	struct plan again;
	int r = fake_apply(&kernel, &t->plan, SIZE_MAX, &err);

	if (r < 0)
		print_error("%s: %s\n", err.object, err.msg);
	CHECK(t, r == 0);
	objv_sort(&want);
	for (size_t i = 0; i < want.count; i++) {
		const struct obj *found = objv_find(&kernel.objs, &want.items[i]);

		CHECK(t, found && obj_same(&want.items[i], found));
	}
	for (size_t i = 0; i < kernel.objs.count; i++)
		CHECK(t, objv_find(&want, &kernel.objs.items[i]) ||
				 tolerated(&want, &kernel.objs.items[i]));
	again = diff_of(&t->want, &kernel.objs);
	CHECK(t, again.count == 0);
	plan_fini(&again);
	fake_fini(&kernel);
	objv_fini(&want);
}

static void of_itself_is_empty(struct trial *t)
{
	struct plan plan = diff_of(&t->want, &t->want);

	CHECK(t, plan.count == 0 && plan.commit == 0);
	plan_fini(&plan);
}

/* Before the commit point: all undone. After it: done in the end. */
static void fails_at(struct trial *t, size_t index, const struct objv *final)
{
	struct fake kernel = {copy_of(&t->kernel.objs)};
	int r = fake_apply(&kernel, &t->plan, index, NULL);

	CHECK(t, (r < 0) == (index < t->plan.commit));
	CHECK(t, equal(&kernel.objs, r < 0 ? &t->kernel.objs : final));
	fake_fini(&kernel);
}

static void failure_leaves_nothing(struct trial *t)
{
	struct fake kernel = {copy_of(&t->kernel.objs)};

	CHECK(t, fake_apply(&kernel, &t->plan, SIZE_MAX, NULL) == 0);
	if (t->plan.count <= INJECT_MAX) {
		for (size_t i = 0; i < t->plan.count; i++)
			fails_at(t, i, &kernel.objs);
	} else {
		for (size_t i = 0; i < INJECT_MAX; i++)
			fails_at(t, rng_below(&t->rng, (unsigned)t->plan.count), &kernel.objs);
	}
	fake_fini(&kernel);
}

static void text_is_the_plan(struct trial *t)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	struct plan parsed = {0};
	struct err err = ERR_INIT;
	int r;

	plan_print(&t->plan, &text);
	r = plan_parse(buf_cstr(&text), &parsed, &err);
	if (r < 0)
		print_error("%s\n", err.msg);
	CHECK(t, r == 0 && plans_equal(&parsed, &t->plan));
	plan_fini(&parsed);
}

/* Every op passes the hand's check, and stands on its side of the commit point. */
static void ops_are_valid(struct trial *t)
{
	for (size_t i = 0; i < t->plan.count; i++) {
		CHECK(t, op_valid(&t->plan.ops[i]));
		CHECK(t, (t->plan.ops[i].verb == OP_DEL) == (i >= t->plan.commit));
	}
}

/* A route over a port, or of the host: what it leads to may be another's before the link is gone. */
static bool goes_at_once(const struct obj *obj)
{
	return obj->kind == OBJ_ROUTE && (str_starts(obj->route.dev, "mp") || obj->ns == NS_HOST);
}

/* No removal dies with another; what was left out does. */
static void removals_are_few(struct trial *t)
{
	const struct plan *plan = &t->plan;

	for (size_t i = plan->commit; i < plan->count; i++) {
		for (size_t j = plan->commit; j < plan->count; j++)
			CHECK(t, i == j || goes_at_once(&plan->ops[j].obj) ||
					 !obj_implies(&plan->ops[i].obj, &plan->ops[j].obj));
	}
}

static void order_is_not_the_inputs(struct trial *t)
{
	struct plan plan;

	rng_shuffle(&t->rng, t->want.items, t->want.count, sizeof(*t->want.items));
	rng_shuffle(&t->rng, t->have.items, t->have.count, sizeof(*t->have.items));
	plan = diff_of(&t->want, &t->have);
	CHECK(t, plans_equal(&plan, &t->plan));
	rng_shuffle(&t->rng, plan.ops, plan.count, sizeof(*plan.ops));
	plan_order(&plan);
	CHECK(t, plans_equal(&plan, &t->plan));
	plan_fini(&plan);
}

/* Of one namespace, what goes into one nft transaction stands together, on each side of the commit point. */
static void transactions_are_whole(struct trial *t)
{
	for (size_t i = 0; i + 1 < t->plan.count; i++) {
		const struct op *a = &t->plan.ops[i], *b = a + 1;
		bool leaves = op_rank(a) / 10 == 6 &&
			      (op_rank(b) / 10 != 6 || a->obj.ns != b->obj.ns ||
			       i + 1 == t->plan.commit);

		for (size_t j = i + 2; leaves && j < t->plan.count; j++) {
			const struct op *later = &t->plan.ops[j];

			if ((i < t->plan.commit) == (j < t->plan.commit))
				CHECK(t,
				      op_rank(later) / 10 != 6 || later->obj.ns != a->obj.ns);
		}
	}
}

static void number_from(const char *name, uint64_t *value)
{
	const char *s = getenv(name);

	if (s)
		*value = strtoull(s, NULL, 10);
}

static void properties(void **state)
{
	uint64_t seed = 1, pairs = PAIRS;
	size_t ops = 0, removals = 0, longest = 0;

	(void)state;
	number_from("MOAT_PAIRS", &pairs);
	number_from("MOAT_SEED", &seed);
	if (getenv("MOAT_SEED"))
		pairs = 1;
	for (uint64_t i = 0; i < pairs; i++) {
		struct trial t;

		draw(&t, seed + i);
		ops_are_valid(&t);
		holds_what_is_wanted(&t);
		of_itself_is_empty(&t);
		removals_are_few(&t);
		transactions_are_whole(&t);
		text_is_the_plan(&t);
		order_is_not_the_inputs(&t);
		failure_leaves_nothing(&t);
		ops += t.plan.count;
		removals += t.plan.count - t.plan.commit;
		longest = t.plan.count > longest ? t.plan.count : longest;
		done(&t);
	}
	print_message("%llu pairs, %zu ops, %zu of them removals, longest plan %zu\n",
		      (unsigned long long)pairs, ops, removals, longest);
	/* a generator that draws nothing would prove nothing */
	assert_true(pairs < 100 || (ops > 10 * pairs && removals > pairs));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(properties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
