/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan - the order of operations, their validity and their inverse. Floor F3,
 * pure. What must be done is found in diff.c; here is decided when.
 *
 * Additions and changes, ascending:
 *
 *    0  netns                          everything stands in one
 *    5  accept_ra = 2 of the host's     the moment a device forwards it loses the default routes it was told, but for this
 *   10  sysctl of "", all, default     links made later inherit `default` (addr_gen_mode: no MLD storm)
 *   20  link bridge                    ports name it as master
 *   22  link veth, ADD                 both ends in one message
 *   23  link veth and loopback, SET    may mean a peer that the line above made
 *   25  sysctl of one device           before it can carry a packet
 *   30  qdisc
 *   35  up of what is not guarded      bridges, uplinks, the ends inside containers
 *   37  addr \                         of a link that is up: an IPv6 address that was there before gets its routes
 *           |                          by atomic allocations (net/ipv6/addrconf.c, fixup_permanent_addr()), and is
 *           |                          dropped without a word when per-CPU memory is short, as in a burst of attaches
 *   40  route > by namespace, then by rank, as 60 to 62: few and large batches. A route: the kernel refuses
 *           |                          one on a link that is down
 *   42  rule  |                        when its table is whole
 *   45  neigh, proxy
 *   47  fdb  /
 *   60  ruleset  \
 *   61  elem      > one nft transaction a namespace: sorted by (namespace, rank), not by (rank, namespace)
 *   62  port, redirect /
 *   90  up of a guarded port           can neither send nor be reached before guard and policy stand
 *   95  route over a guarded port      where there is no bridge
 *
 * Inside one rank: by namespace, then by key. Routes: those on link, then those
 * by a gateway, which must be reached by the former.
 *
 * Removals: the same table backwards; then the slow ones (links, namespaces),
 * so that nothing waits behind RCU.
 */
#include "lib/plan/plan.h"

#include <assert.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

enum {
	RANK_NETNS = 0,
	RANK_SYSCTL_RA = 5,
	RANK_SYSCTL_GLOBAL = 10,
	RANK_BRIDGE = 20,
	RANK_VETH = 22,
	RANK_LINK_SET = 23,
	RANK_SYSCTL = 25,
	RANK_QDISC = 30,
	RANK_UP = 35,
	RANK_ADDR = 37,
	RANK_ROUTE = 40,
	RANK_RULE = 42,
	RANK_NEIGH = 45,
	RANK_FDB = 47,
	RANK_RULESET = 60,
	RANK_ELEM = 61,
	RANK_PORT = 62,
	RANK_UP_GUARDED = 90,
	RANK_ROUTE_GUARDED = 95,
};

void plan_fini(struct plan *plan)
{
	free(plan->ops);
	*plan = (struct plan){0};
}

/* Where removal waits for RCU (veth 16-20 ms) or for the kernel's own cleaning. */
static bool slow_kind(const struct obj *obj)
{
	return obj->kind == OBJ_LINK || obj->kind == OBJ_NETNS;
}

static struct op op_make(enum op_verb verb, const struct obj *obj)
{
	struct op op;

	memset(&op, 0, sizeof(op));
	op.verb = (uint8_t)verb;
	op.slow = verb == OP_DEL && slow_kind(obj);
	op.obj = *obj;
	return op;
}

void plan_add(struct plan *plan, enum op_verb verb, const struct obj *obj)
{
	struct op op = op_make(verb, obj);

	if (plan->count == plan->capacity) {
		plan->capacity = plan->capacity ? plan->capacity * 2 : 16;
		plan->ops = mem_grow(plan->ops, plan->capacity, sizeof(*plan->ops));
	}
	plan->ops[plan->count++] = op;
	if (verb != OP_DEL)
		plan->commit++;
}

/* The host end of an endpoint, by our name pattern: its owner may be hostile. */
static bool guarded(const char *dev)
{
	return str_starts(dev, "mp");
}

static bool sysctl_global(const struct obj_sysctl *sysctl)
{
	return !sysctl->dev[0] || str_eq(sysctl->dev, "all") || str_eq(sysctl->dev, "default");
}

static unsigned link_rank(const struct op *op)
{
	if (op->obj.link.type == LINK_BRIDGE)
		return RANK_BRIDGE;
	return op->verb == OP_SET ? RANK_LINK_SET : RANK_VETH;
}

unsigned op_rank(const struct op *op)
{
	const struct obj *obj = &op->obj;

	switch ((enum obj_kind)obj->kind) {
	case OBJ_NETNS:
		return RANK_NETNS;
	case OBJ_LINK:
		return link_rank(op);
	case OBJ_SYSCTL:
		if (obj->ns == NS_HOST && obj->sysctl.key == SYSCTL_IPV6_ACCEPT_RA && obj->sysctl.value == 2)
			return RANK_SYSCTL_RA;
		return sysctl_global(&obj->sysctl) ? RANK_SYSCTL_GLOBAL : RANK_SYSCTL;
	case OBJ_ADDR:
		return RANK_ADDR;
	case OBJ_UP:
		return guarded(obj->up.dev) ? RANK_UP_GUARDED : RANK_UP;
	case OBJ_ROUTE:
		return guarded(obj->route.dev) ? RANK_ROUTE_GUARDED : RANK_ROUTE;
	case OBJ_RULE:
		return RANK_RULE;
	case OBJ_NEIGH:
	case OBJ_PROXY:
		return RANK_NEIGH;
	case OBJ_FDB:
		return RANK_FDB;
	case OBJ_RULESET:
		return RANK_RULESET;
	case OBJ_ELEM:
		return RANK_ELEM;
	case OBJ_PORT:
	case OBJ_REDIRECT:
		return RANK_PORT;
	case OBJ_QDISC:
		return RANK_QDISC;
	case OBJ_NONE:
	case OBJ_KIND_COUNT:
		break;
	}
	return RANK_NETNS;
}

static int cmp_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Ranks that keep together within a namespace count as one when namespaces are compared. */
static unsigned rank_group(unsigned rank)
{
	if (rank >= RANK_ADDR && rank <= RANK_FDB)
		return RANK_ADDR;
	return rank == RANK_ELEM || rank == RANK_PORT ? RANK_RULESET : rank;
}

/*
 * Position class, then namespace, then rank; for removals the ranks backwards. Addresses and what follows them are added
 * by the last namespace first: of an endpoint that is the one whose link has just been set up.
 */
static int rank_cmp(const struct op *a, const struct op *b)
{
	unsigned x = op_rank(a), y = op_rank(b), group = rank_group(x);
	int sign = a->verb == OP_DEL ? -1 : 1;
	int cmp = sign * cmp_u64(group, rank_group(y));

	if (!cmp)
		cmp = cmp_u64(a->obj.ns, b->obj.ns) * (group == RANK_ADDR ? -sign : 1);
	return cmp ? cmp : sign * cmp_u64(x, y);
}

static int route_cmp(const struct op *a, const struct op *b)
{
	int cmp;

	if (a->obj.kind != OBJ_ROUTE || b->obj.kind != OBJ_ROUTE)
		return 0;
	cmp = cmp_u64(!ip_is_none(&a->obj.route.via), !ip_is_none(&b->obj.route.via));
	return a->verb == OP_DEL ? -cmp : cmp;
}

static int op_cmp(const void *pa, const void *pb)
{
	const struct op *a = pa, *b = pb;
	int cmp = cmp_u64(a->verb == OP_DEL, b->verb == OP_DEL);

	if (!cmp)
		cmp = cmp_u64(a->slow, b->slow);
	if (!cmp)
		cmp = rank_cmp(a, b);
	if (!cmp)
		cmp = route_cmp(a, b);
	if (!cmp)
		cmp = obj_key_cmp(&a->obj, &b->obj);
	return cmp ? cmp : memcmp(a, b, sizeof(*a));
}

void plan_order(struct plan *plan)
{
	if (plan->count > 1)
		qsort(plan->ops, plan->count, sizeof(*plan->ops), op_cmp);
	plan->commit = 0;
	while (plan->commit < plan->count && plan->ops[plan->commit].verb != OP_DEL)
		plan->commit++;
}

bool op_undo(const struct op *op, const struct obj *old, struct op *ret_undo)
{
	switch ((enum op_verb)op->verb) {
	case OP_ADD:
		/* a switch has no absence to go back to; without the value before it is left */
		if (op->obj.kind == OBJ_SYSCTL && !old)
			return false;
		if (op->obj.kind == OBJ_UP && old)
			return false;
		*ret_undo = old ? op_make(OP_SET, old) : op_make(OP_DEL, &op->obj);
		return true;
	case OP_SET:
		if (!old)
			return false;
		*ret_undo = op_make(OP_SET, old);
		return true;
	case OP_NONE:
	case OP_DEL:
	case OP_VERB_COUNT:
		break;
	}
	return false;
}

static bool add_valid(const struct obj *obj)
{
	enum ns_class class_ = ns_class(obj->ns);

	if (obj->kind == OBJ_NETNS)
		return class_ == NS_ROUTER ||
		       class_ == NS_STACK; /* the others are adopted, never made */
	if (obj->kind != OBJ_LINK)
		return true;
	return obj->link.type == LINK_BRIDGE || obj->link.type == LINK_TAP || obj->link.type == LINK_IFB ||
	       (obj->link.type == LINK_VETH && obj->link.peer_name[0]);
}

/* Of what has a value beside its key. */
static bool set_valid(const struct obj *obj)
{
	const struct set_def *def;

	switch ((enum obj_kind)obj->kind) {
	case OBJ_LINK:
	case OBJ_SYSCTL:
	case OBJ_NEIGH:
	case OBJ_RULESET:
	case OBJ_QDISC:
	case OBJ_REDIRECT:
	case OBJ_ROUTE:
		return true;
	case OBJ_ELEM:
		def = set_def_get(obj->elem.set);
		return def && def->data;
	case OBJ_NONE:
	case OBJ_NETNS:
	case OBJ_ADDR:
	case OBJ_UP:
	case OBJ_RULE:
	case OBJ_FDB:
	case OBJ_PORT:
	case OBJ_PROXY:
	case OBJ_KIND_COUNT:
		break;
	}
	return false;
}

static bool del_valid(const struct obj *obj)
{
	if (obj->kind == OBJ_NETNS)
		return ns_class(obj->ns) != NS_HOST;
	return obj->kind != OBJ_LINK || obj->link.type != LINK_LOOPBACK;
}

bool op_valid(const struct op *op)
{
	static const uint8_t zero[sizeof(op->zero)];

	if (memcmp(op->zero, zero, sizeof(zero)) != 0 || !obj_valid(&op->obj))
		return false;
	if (op->slow > 1 || (op->slow && (op->verb != OP_DEL || !slow_kind(&op->obj))))
		return false;
	switch ((enum op_verb)op->verb) {
	case OP_ADD:
		return add_valid(&op->obj);
	case OP_SET:
		return set_valid(&op->obj);
	case OP_DEL:
		return del_valid(&op->obj);
	case OP_NONE:
	case OP_VERB_COUNT:
		break;
	}
	return false;
}
