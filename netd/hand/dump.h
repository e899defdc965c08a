/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dump - the kernel's own bytes, and what the hand knows itself, as chunks for the engine. Floor F4. */
#ifndef MOAT_NETD_HAND_DUMP_H
#define MOAT_NETD_HAND_DUMP_H

#include "netd/hand/registry.h"
#include "netd/seam/seam.h"

/**
 * dump_take() - one scope
 * @named: scope->named objects; all must be valid sysctls, or neighbours, of scope->ns
 * @bytes: replaced by the chunks
 * Return: 0; -EPROTO for a scope that makes no sense; -ENOENT for an unknown namespace; -E2BIG; -errno of the kernel.
 */
int dump_take(struct registry *reg, const struct seam_scope *scope, const struct obj *named,
	      struct buf *bytes, struct err *err);

#endif
