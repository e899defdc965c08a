/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec - a checked plan to the kernel: forward to the commit point or all the
 * way back, then removals that do not stop at the first missing thing. Floor F4.
 */
#ifndef MOAT_NETD_HAND_EXEC_H
#define MOAT_NETD_HAND_EXEC_H

#include "lib/plan/plan.h"
#include "netd/hand/reaper.h"
#include "netd/hand/registry.h"
#include "netd/hand/side.h"
#include "netd/seam/seam.h"

/**
 * exec_answer_fn - told once: the plan failed and was undone (status < 0), or it stands and what is removed is cut off
 * The first packet arrives from then on where something is removed, else when exec_plan() returns.
 */
typedef void (*exec_answer_fn)(void *ctx, const struct seam_result *result);

/**
 * exec_plan() - run a plan that check_plan() has passed
 * @side: for what can be done beside the rest; nothing of it is under way before and behind
 * @answer: called as soon as the outcome is certain: removals from nftables are done by then, since they close what was
 *   open; other removals follow at once, before anything else is begun, but whoever waits need not wait for them
 * @ret_done: status < 0 where a removal behind the answer would not go
 * Return: whether the reaper has slow removals of it, and will tell their end.
 */
bool exec_plan(struct registry *reg, struct reaper *reaper, struct side *side, uint32_t seq, const struct op *ops,
	       size_t count, size_t commit, exec_answer_fn answer, void *ctx, struct seam_result *ret_done);

/**
 * exec_settle() - forget and close what must not outlast a plan that names these operations, run or refused: the caller's to call
 * Nobody waits for it, so here, too, is made ready what the removal of links that were added will want.
 */
void exec_settle(struct registry *reg, const struct op *ops, size_t count);

#endif
