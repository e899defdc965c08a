/* SPDX-License-Identifier: GPL-2.0-or-later */
/* caps - reduce a process to the capabilities it needs, by libcap. Floor F2. Call before threads are made. */
#ifndef MOAT_KERN_CAPS_H
#define MOAT_KERN_CAPS_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/base/err.h"

/**
 * caps_reduce() - keep only @keep (CAP_* of <linux/capability.h>) as effective and permitted; empty inheritable and
 * ambient; everything else out of the bounding set; securebits noroot, locked
 * The uid is kept. @count 0 drops all.
 */
int caps_reduce(const int *keep, size_t count, struct err *err);

/** caps_become() - uid, gid, no supplementary group, then no capability at all; verified by reading back */
int caps_become(uid_t uid, gid_t gid, struct err *err);

#endif
