/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle - behind a plan that was carried out: what the kernel does by itself some time later, it has done. Floor F4. */
#ifndef MOAT_HAND_SETTLE_H
#define MOAT_HAND_SETTLE_H

#include <stddef.h>

#include "lib/plan/plan.h"
#include "netd/hand/registry.h"

/**
 * settle() - wait until new ends of stacks send, and new addresses are taken for their own
 * @ops, @count: what was made. It changes nothing, so it does not fail; it takes SETTLE_MS at most.
 */
void settle(struct registry *reg, const struct op *ops, size_t count);

#endif
