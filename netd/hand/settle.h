/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle - behind a plan that was carried out: what the kernel does some time later by itself is done now. Floor F4. */
#ifndef MOAT_HAND_SETTLE_H
#define MOAT_HAND_SETTLE_H

#include <stddef.h>

#include "lib/plan/plan.h"
#include "netd/hand/registry.h"

/**
 * settle() - new links send and pass on, and what comes to new addresses of stacks and routers is taken
 * @ops, @count: what was made. It waits for nothing, and does not fail: without it the first packets may be lost.
 */
void settle(struct registry *reg, const struct op *ops, size_t count);

#endif
