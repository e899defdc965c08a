/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff - from two arrays of objects to the operations between them. Floor F3,
 * pure. Both are sorted by key and walked side by side; what needs more than
 * its own key is found by bisection, so the cost stays O(n log n).
 *
 * Beyond "in one, in the other, in both with another value":
 *
 * - A ruleset laid anew loses its elements and ports, a port that changes its
 *   bridge loses its FDB entries: such objects of `have` count as gone.
 * - So do the queue and the state of an ifb that is made anew, which is how one is changed.
 * - The second end of a veth comes and goes with the first. It is not added
 *   twice; and it is not removed while the link that names it as peer is
 *   wanted, whether or not it stands in `want` itself.
 * - The host's namespace, the loopback and its own two addresses are the
 *   kernel's. A switch has no absence.
 * - What dies with another removal is not removed by itself (obj_implies()).
 */
#include <assert.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/plan/plan.h"

/* Of one object, of either side. */
enum fate {
	FATE_NONE,
	FATE_SAME, /* in both, with one value */
	FATE_SET,  /* of want: in both, with another value */
	FATE_ADD,  /* of want: to be made */
	FATE_MADE, /* of want: made as the peer of another FATE_ADD */
	FATE_LOST, /* of have: gone by itself before the commit point */
	FATE_DEL,  /* of have: to be removed */
	FATE_DIES, /* of have: dies with a FATE_DEL */
};

/** struct end - the far end of a veth, and which link of the array names it so */
struct end {
	uint64_t ns;
	char name[OBJ_IFNAME_SIZE];
	size_t by;
};

struct ends {
	struct end *items;
	size_t count;
};

/**
 * struct diff
 * @match: of each want, index of the have with its key, or SIZE_MAX
 * @want_fate, @have_fate: enum fate of each
 * @want_ends, @have_ends: far ends named on either side, sorted
 */
struct diff {
	const struct objv *want, *have;
	size_t *match;
	uint8_t *want_fate, *have_fate;
	struct ends want_ends, have_ends;
};

static int end_cmp(const void *pa, const void *pb)
{
	const struct end *a = pa, *b = pb;
	int cmp = (a->ns > b->ns) - (a->ns < b->ns);

	if (!cmp)
		cmp = memcmp(a->name, b->name, sizeof(a->name));
	return cmp ? cmp : (a->by > b->by) - (a->by < b->by);
}

static bool has_peer(const struct obj *obj)
{
	return obj->kind == OBJ_LINK && obj->link.type == LINK_VETH && obj->link.peer_name[0];
}

static struct ends ends_collect(const struct objv *v)
{
	struct ends ends = {.items = mem_array(v->count + 1, sizeof(struct end))};

	for (size_t i = 0; i < v->count; i++) {
		struct end *end = &ends.items[ends.count];

		if (!has_peer(&v->items[i]))
			continue;
		end->ns = v->items[i].link.peer_ns;
		memcpy(end->name, v->items[i].link.peer_name, sizeof(end->name));
		end->by = i;
		ends.count++;
	}
	qsort(ends.items, ends.count, sizeof(*ends.items), end_cmp);
	return ends;
}

/* The first end of that name; those of the same name follow it. NULL when there is none. */
static const struct end *ends_find(const struct ends *ends, uint64_t ns, const char *name)
{
	struct end key = {.ns = ns};
	size_t low = 0, high = ends->count;

	memcpy(key.name, name, sizeof(key.name));
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (end_cmp(&ends->items[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == ends->count || ends->items[low].ns != ns ||
	    memcmp(ends->items[low].name, name, sizeof(key.name)) != 0)
		return NULL;
	return &ends->items[low];
}

/* Is (@ns, @name) the far end of a link of @fate? Return: index of that link, or SIZE_MAX. */
static size_t end_of(const struct ends *ends, const uint8_t *fates, enum fate fate, uint64_t ns,
		     const char *name)
{
	const struct end *end = ends_find(ends, ns, name);

	for (; end && end < ends->items + ends->count; end++) {
		if (end->ns != ns || memcmp(end->name, name, sizeof(end->name)) != 0)
			break;
		if (fates[end->by] == fate)
			return end->by;
	}
	return SIZE_MAX;
}

static size_t index_of(const struct objv *v, const struct obj *key)
{
	const struct obj *found = objv_find(v, key);

	return found ? (size_t)(found - v->items) : SIZE_MAX;
}

/* What is there without us, and stays. */
static bool is_kernels(const struct obj *obj)
{
	if (obj->kind == OBJ_NETNS)
		return ns_class(obj->ns) == NS_HOST;
	if (obj->kind == OBJ_LINK)
		return obj->link.type == LINK_LOOPBACK;
	return obj->kind == OBJ_ADDR && str_eq(obj->addr.dev, "lo") &&
	       ip_is_loopback(&obj->addr.addr.ip);
}

/* Sorted, and of one key one object. */
static void sort_unique(struct objv *v)
{
	size_t count = 0;

	objv_sort(v);
	for (size_t i = 0; i < v->count; i++) {
		if (!count || obj_key_cmp(&v->items[count - 1], &v->items[i]) != 0)
			v->items[count++] = v->items[i];
	}
	v->count = count;
}

/* Side by side by key. */
static void match_keys(struct diff *d)
{
	size_t j = 0;

	for (size_t i = 0; i < d->want->count; i++) {
		const struct obj *want = &d->want->items[i];

		d->match[i] = SIZE_MAX;
		while (j < d->have->count && obj_key_cmp(&d->have->items[j], want) < 0)
			j++;
		if (j == d->have->count || obj_key_cmp(&d->have->items[j], want) != 0) {
			d->want_fate[i] = is_kernels(want) ? FATE_NONE : FATE_ADD;
			continue;
		}
		d->match[i] = j;
		d->have_fate[j] = FATE_SAME;
		d->want_fate[i] = obj_same(want, &d->have->items[j]) ? FATE_SAME : FATE_SET;
	}
}

/* Does @have go by itself, since the ruleset or port it hangs on is changed? */
static bool is_lost(const struct diff *d, const struct obj *have)
{
	const struct set_def *def;
	struct obj key;
	size_t i;

	if (have->kind == OBJ_FDB) {
		key = obj_bridge(have->ns, "", NULL, 0, NULL);
		memcpy(key.link.name, have->fdb.dev, sizeof(key.link.name));
		i = index_of(d->want, &key);
		return i != SIZE_MAX && d->want_fate[i] == FATE_SET &&
		       memcmp(d->want->items[i].link.master,
			      d->have->items[d->match[i]].link.master, OBJ_IFNAME_SIZE) != 0;
	}
	if (have->kind == OBJ_QDISC || have->kind == OBJ_UP) {
		key = obj_bridge(have->ns, "", NULL, 0, NULL);
		memcpy(key.link.name, have->kind == OBJ_UP ? have->up.dev : have->qdisc.dev, sizeof(key.link.name));
		i = index_of(d->want, &key);
		return i != SIZE_MAX && d->want_fate[i] == FATE_SET && d->want->items[i].link.type == LINK_IFB;
	}
	if (have->kind != OBJ_ELEM && have->kind != OBJ_PORT && have->kind != OBJ_REDIRECT)
		return false;
	def = have->kind == OBJ_ELEM ? set_def_get(have->elem.set) : NULL;
	key = obj_ruleset(have->ns, def ? def->in : RULESET_GUARD, 0);
	i = index_of(d->want, &key);
	return i != SIZE_MAX && (d->want_fate[i] == FATE_SET || d->want_fate[i] == FATE_ADD);
}

/* Elements of one set share their fate, and stand side by side. */
static bool is_of_same_set(const struct obj *a, const struct obj *b)
{
	return a->kind == OBJ_ELEM && b->kind == OBJ_ELEM && a->ns == b->ns && a->elem.set == b->elem.set;
}

static void mark_lost(struct diff *d)
{
	for (size_t j = 0; j < d->have->count; j++) {
		const struct obj *have = &d->have->items[j];
		bool lost = j > 0 && is_of_same_set(have - 1, have) ? d->have_fate[j - 1] == FATE_LOST : is_lost(d, have);

		if (lost)
			d->have_fate[j] = FATE_LOST;
	}
	for (size_t i = 0; i < d->want->count; i++) {
		if (d->match[i] != SIZE_MAX && d->have_fate[d->match[i]] == FATE_LOST)
			d->want_fate[i] = FATE_ADD;
	}
}

/*
 * Of links of fate @from, those that come (or go) as the far end of another become @to. Where each names the other,
 * the first by key stays. Links nobody names are settled first, so that none hangs on one that hangs itself.
 */
static void settle_ends(const struct objv *v, const struct ends *ends, uint8_t *fates,
			enum fate from, enum fate to)
{
	enum { LATER = 0xff };

	for (size_t i = 0; i < v->count; i++) {
		const struct obj *obj = &v->items[i];

		if (obj->kind == OBJ_LINK && fates[i] == from &&
		    ends_find(ends, obj->ns, obj->link.name))
			fates[i] = LATER;
	}
	for (size_t i = 0; i < v->count; i++) {
		const struct obj *obj = &v->items[i];

		if (fates[i] != LATER)
			continue;
		fates[i] = (uint8_t)from;
		if (end_of(ends, fates, from, obj->ns, obj->link.name) != SIZE_MAX)
			fates[i] = (uint8_t)to;
	}
}

/* Is it the kernel's, or the far end of a wanted link, or a switch: never removed? */
static bool is_kept(const struct diff *d, const struct obj *have)
{
	if (have->kind == OBJ_SYSCTL || is_kernels(have))
		return true;
	return have->kind == OBJ_LINK && have->link.type == LINK_VETH &&
	       ends_find(&d->want_ends, have->ns, have->link.name);
}

static const char *device_of(const struct obj *obj)
{
	switch ((enum obj_kind)obj->kind) {
	case OBJ_ADDR:
		return obj->addr.dev;
	case OBJ_UP:
		return obj->up.dev;
	case OBJ_ROUTE:
		return obj->route.dev;
	case OBJ_NEIGH:
		return obj->neigh.dev;
	case OBJ_FDB:
		return obj->fdb.dev;
	case OBJ_PROXY:
		return obj->proxy.dev;
	case OBJ_QDISC:
		return obj->qdisc.dev;
	case OBJ_REDIRECT:
	case OBJ_PORT: /* bound by name: it outlives its device (Linux >= 6.16) */
	case OBJ_NONE:
	case OBJ_NETNS:
	case OBJ_LINK:
	case OBJ_SYSCTL:
	case OBJ_RULE:
	case OBJ_RULESET:
	case OBJ_ELEM:
	case OBJ_KIND_COUNT:
		break;
	}
	return NULL;
}

static bool is_removed(const struct diff *d, const struct obj *key)
{
	size_t j = index_of(d->have, key);

	return j != SIZE_MAX && d->have_fate[j] == FATE_DEL;
}

/* Does a link or ruleset that is removed by itself take @obj with it? What obj_implies() says of pairs, by bisection. */
static bool dies(const struct diff *d, const struct obj *obj)
{
	const char *dev = device_of(obj);
	const struct set_def *def = obj->kind == OBJ_ELEM ? set_def_get(obj->elem.set) : NULL;
	struct obj key;

	/* a route over a port, or of the host to an uplink, goes at once: it may be another's before the link is gone */
	if (dev && dev[0] && !(obj->kind == OBJ_ROUTE && (str_starts(dev, "mp") || obj->ns == NS_HOST))) {
		key = obj_bridge(obj->ns, "", NULL, 0, NULL);
		memcpy(key.link.name, dev, sizeof(key.link.name));
		if (is_removed(d, &key) ||
		    end_of(&d->have_ends, d->have_fate, FATE_DEL, obj->ns, dev) != SIZE_MAX)
			return true;
	}
	if (!def && obj->kind != OBJ_PORT && obj->kind != OBJ_REDIRECT)
		return false;
	key = obj_ruleset(obj->ns, def ? def->in : RULESET_GUARD, 0);
	return is_removed(d, &key);
}

static void mark_removals(struct diff *d)
{
	uint64_t dead_ns = 0; /* the host: never removed */

	/* the namespace object of a namespace is the first of it */
	for (size_t j = 0; j < d->have->count; j++) {
		const struct obj *have = &d->have->items[j];

		if (d->have_fate[j] != FATE_NONE || is_kept(d, have))
			continue;
		d->have_fate[j] = dead_ns && have->ns == dead_ns ? FATE_DIES : FATE_DEL;
		if (have->kind == OBJ_NETNS)
			dead_ns = have->ns;
	}
	settle_ends(d->have, &d->have_ends, d->have_fate, FATE_DEL, FATE_DIES);
	for (size_t j = 0; j < d->have->count; j++) {
		if (d->have_fate[j] == FATE_DEL && dies(d, &d->have->items[j]))
			d->have_fate[j] = FATE_DIES;
	}
}

/* The far end is made in place; is there more to it than the message that makes it can say? */
static bool made_complete(const struct obj *want, const struct obj *by)
{
	struct obj made = obj_veth(want->ns, "", &by->link.peer_mac, 0, NULL, NULL,
				   by->link.mtu, NULL, NULL);

	return obj_same(want, &made);
}

/* A change carries the alias that is there, where none is asked for: setting writes it as given, "" too. */
static struct obj set_value(const struct obj *want, const struct obj *have)
{
	struct obj obj = *want;

	if (obj.kind == OBJ_LINK && !obj.link.alias[0])
		memcpy(obj.link.alias, have->link.alias, sizeof(obj.link.alias));
	return obj;
}

static void emit_want(const struct diff *d, size_t i, struct plan *plan)
{
	const struct obj *want = &d->want->items[i];
	struct obj value;
	size_t by;

	switch ((enum fate)d->want_fate[i]) {
	case FATE_ADD:
		plan_add(plan, OP_ADD, want);
		break;
	case FATE_SET:
		value = set_value(want, &d->have->items[d->match[i]]);
		plan_add(plan, OP_SET, &value);
		break;
	case FATE_MADE:
		by = end_of(&d->want_ends, d->want_fate, FATE_ADD, want->ns, want->link.name);
		assert(by != SIZE_MAX);
		if (!made_complete(want, &d->want->items[by]))
			plan_add(plan, OP_SET, want);
		break;
	case FATE_NONE:
	case FATE_SAME:
	case FATE_LOST:
	case FATE_DEL:
	case FATE_DIES:
		break;
	}
}

void plan_diff(struct objv *want, struct objv *have, struct plan *ret_plan)
{
	struct diff d = {.want = want, .have = have};
	struct plan plan = {0};

	sort_unique(want);
	sort_unique(have);
	d.match = mem_array(want->count + 1, sizeof(*d.match));
	d.want_fate = mem_array(want->count + 1, 1);
	d.have_fate = mem_array(have->count + 1, 1);
	d.want_ends = ends_collect(want);
	d.have_ends = ends_collect(have);

	match_keys(&d);
	mark_lost(&d);
	settle_ends(want, &d.want_ends, d.want_fate, FATE_ADD, FATE_MADE);
	mark_removals(&d);
	for (size_t i = 0; i < want->count; i++)
		emit_want(&d, i, &plan);
	for (size_t j = 0; j < have->count; j++) {
		if (d.have_fate[j] == FATE_DEL)
			plan_add(&plan, OP_DEL, &have->items[j]);
	}
	plan_order(&plan);

	free(d.match);
	free(d.want_fate);
	free(d.have_fate);
	free(d.want_ends.items);
	free(d.have_ends.items);
	*ret_plan = plan;
}

/* ---- ports that outlive their links' removal ---- */

void plan_split_ports(struct plan *plan, struct plan *ret_after)
{
	struct objv links = {0};
	size_t kept = 0, commit = plan->commit;

	*ret_after = (struct plan){0};
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->ops[i].verb == OP_DEL && plan->ops[i].obj.kind == OBJ_LINK)
			objv_add(&links, &plan->ops[i].obj);
	}
	objv_sort(&links);
	for (size_t i = 0; i < plan->count; i++) {
		struct op op = plan->ops[i];
		struct obj key = obj_bridge(op.obj.ns, "", NULL, 0, NULL);

		memcpy(key.link.name, op.obj.port.dev, sizeof(key.link.name));
		if (op.verb == OP_DEL && op.obj.kind == OBJ_PORT && objv_find(&links, &key)) {
			plan_add(ret_after, OP_DEL, &op.obj);
			plan->commit -= i < commit;
		} else {
			plan->ops[kept++] = op;
		}
	}
	plan->count = kept;
	plan_order(ret_after);
	objv_fini(&links);
}
