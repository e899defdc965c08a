/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge - what of a snapshot is ours to judge, and what of a plan may be done
 * without being asked. Floor F4, pure.
 */
#ifndef MOAT_ENGINE_JUDGE_H
#define MOAT_ENGINE_JUDGE_H

#include "lib/plan/plan.h"

/**
 * judge_have() - take out of @have what no desired object speaks of and is not to be removed either: far ends of
 * wanted pairs, and in stacks everything that is not wanted. Sorts @want.
 */
void judge_have(struct objv *want, struct objv *have);
/** judge_plan() - a run nobody asked for leaves the insides of stacks alone, but for those whose link it makes again */
void judge_plan(struct plan *plan);
/**
 * judge_way() - at start: sizes of ways inside of stacks, where a change that was cut off between kernel and store is seen. Each is a
 * plan of its own, on which nothing else depends: whoever owns the stack may have seen to it that it fails.
 * @at: from where on to look, 0 at first; moved behind the one found. @ret_one: the caller's, plan_fini()
 */
bool judge_way(const struct plan *plan, size_t *at, struct plan *ret_one);

#endif
