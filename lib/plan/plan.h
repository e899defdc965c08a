/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan - the seam: an ordered list of typed operations. Floor F3, pure.
 *
 *   desired (model) --\
 *                      diff --> plan --> text | check | fake kernel | hand
 *   snapshot (kernel) -/
 *
 * A plan has one commit point. Before it stand additions and changes, which
 * are undone backwards when one fails; after it stand removals, which are
 * retried until the object is gone. Order comes from the rank table in
 * plan.c, never from the sequence of calls.
 */
#ifndef MOAT_PLAN_PLAN_H
#define MOAT_PLAN_PLAN_H

#include "lib/obj/obj.h"

enum op_verb {
	OP_NONE,
	OP_ADD, /* make it; that it exists already is a failure, but for ruleset, sysctl, up, rule; a neighbour is replaced */
	OP_SET, /* it exists with another value: give it this one */
	OP_DEL, /* that it does not exist is success */
	OP_VERB_COUNT
};

/**
 * struct op - one operation; a fixed-size record of the seam
 * @verb: enum op_verb
 * @slow: of OP_DEL: may wait for RCU (links, namespaces): done behind the reply, in groups
 */
struct op {
	uint8_t verb;
	uint8_t slow;
	uint8_t zero[6];
	struct obj obj;
};
_Static_assert(sizeof(struct op) == 264, "op is a record of the seam");

/** struct plan - ops in the order of execution; @commit: index of the first op after the commit point */
struct plan {
	struct op *ops;
	size_t count, capacity;
	size_t commit;
};

void plan_fini(struct plan *plan);

/**
 * plan_diff() - what must be done so that the kernel holds @want instead of @have
 * Both are sorted in place. Objects in @have and not in @want are removed; what dies with another removal
 * is left out (obj_implies()), and what dies with a ruleset that must be laid anew is added again.
 * Cost: O(n log n) in the objects given; never more than what the request touches.
 */
void plan_diff(struct objv *want, struct objv *have, struct plan *ret_plan);

/** plan_order() - sort ops by rank and namespace, set @commit. plan_diff() has done it already. */
void plan_order(struct plan *plan);
void plan_add(struct plan *plan, enum op_verb verb, const struct obj *obj); /* then plan_order() */

/**
 * plan_split_ports() - move the removals of guarded ports whose links the same plan removes into a plan of their own
 * A link goes slowly, behind the answer; its guard must stand until it is gone. Send @ret_after then.
 */
void plan_split_ports(struct plan *plan, struct plan *ret_after);

/**
 * op_undo() - the inverse of an executed op before the commit point
 * @old: of OP_SET: the value before, or NULL when not known (then false is returned)
 * Return: whether there is something to do.
 */
bool op_undo(const struct op *op, const struct obj *old, struct op *ret_undo);

/** op_rank() - position class of an op; equal ranks of one namespace may go in one netlink batch */
unsigned op_rank(const struct op *op);

/** op_valid() - well formed: verb known, obj_valid(), @slow only where allowed. Hostile input. */
bool op_valid(const struct op *op);

/* One op a line: "+ link ns=...", "~ sysctl ...", "- elem ..."; the commit point is a line "commit". */
void op_print(const struct op *op, struct buf *text);
void plan_print(const struct plan *plan, struct buf *text);
int plan_parse(const char *text, struct plan *ret_plan, struct err *err);

#endif
