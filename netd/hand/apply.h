/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply - operations of one namespace and one class to the kernel, in as few
 * batches as can be. Floor F4. It does what it is told, in order, and reports
 * for each; what to do about a failure is exec's business.
 */
#ifndef MOAT_NETD_HAND_APPLY_H
#define MOAT_NETD_HAND_APPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/plan/plan.h"
#include "netd/hand/reaper.h"
#include "netd/hand/registry.h"

/* Operations of one class can go in one batch. */
enum apply_class {
	APPLY_NETNS,
	APPLY_RTNL,
	APPLY_SYSCTL,
	APPLY_NFT,
};
enum apply_class apply_class(const struct op *op);

/**
 * apply_goes_with_link() - is it a sysctl of one link outside the host, added? The same plan makes that link (of one that
 * stands it would be set), so that undoing the link undoes it, and its value before is never asked for.
 */
bool apply_goes_with_link(const struct op *op);

/** struct apply - @reaper: asked to finish first when something of that name is still on its way out */
struct apply {
	struct registry *reg;
	struct reaper *reaper;
};

/**
 * struct outcome - what became of one operation
 * @status: 0 or -errno; -ECANCELED: not tried, since one before it failed
 * @touched: something was or may have been changed: it is to be undone
 * @old_known: @old is the value before (only sysctls fill it)
 */
struct outcome {
	int status;
	bool touched, old_known;
	int32_t old;
	char text[SEAM_TEXT_SIZE];
};

/**
 * apply_group() - @count operations, all of one namespace and class
 * @go_on: do not stop at a failure (removals, undoing)
 * @out: room for @count
 * Return: 0 when all succeeded, 1 when not.
 */
int apply_group(struct apply *apply, const struct op *ops, size_t count, bool go_on,
		struct outcome *out);

#endif
