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
#include "netd/seam/seam.h"

/**
 * exec_plan() - run a plan that check_plan() has passed
 * @ret_work: slow removals for reaper_submit(), the caller's; NULL when there are none
 * @ret_result: status 0: committed; index and text name a fast removal the kernel would not do even when asked again.
 *   status < 0: failed at index; undone tells whether everything before it was taken back.
 * Foreign namespaces named in it are forgotten afterwards, whatever happened.
 */
void exec_plan(struct registry *reg, struct reaper *reaper, uint32_t seq, const struct op *ops,
	       size_t count, size_t commit, struct reaper_work **ret_work,
	       struct seam_result *ret_result);

/** exec_settle() - forget and close what must not outlast a plan that names these operations, run or refused */
void exec_settle(struct registry *reg, const struct op *ops, size_t count);

#endif
