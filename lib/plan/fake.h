/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake - a kernel that is only a set of objects: applies plans as the real one
 * does, refuses what it would refuse (an address on no link, a port of no
 * bridge), cascades deletions. For tests and for checking a plan before it is
 * sent. Floor F3, pure.
 */
#ifndef MOAT_PLAN_FAKE_H
#define MOAT_PLAN_FAKE_H

#include "lib/plan/plan.h"

struct fake {
	struct objv objs; /* kept sorted */
};

void fake_fini(struct fake *fake);
/** fake_apply_op() - one op. Return: 0 or -errno as the kernel would say, with @err. */
int fake_apply_op(struct fake *fake, const struct op *op, struct err *err);
/**
 * fake_apply() - a whole plan, with undo when an op before the commit point fails
 * @fail_at: index of an op to fail by injection, or SIZE_MAX
 */
int fake_apply(struct fake *fake, const struct plan *plan, size_t fail_at, struct err *err);

#endif
