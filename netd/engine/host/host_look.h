/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_look - what the layout must know of the host, looked at anew: its ways
 * out, and who made them forward. Floor F4.
 *
 * Whether a device forwards for the host's own sake or for ours cannot be seen
 * once we have turned it on. So what we are about to turn on is written down
 * before (a mark in the store, of this boot), and a mark counts as long as
 * the host itself does not forward: net.ipv4.ip_forward and, where the kernel
 * can forward IPv6 for single devices, net.ipv6.conf.all.forwarding are never
 * ours. On older kernels the latter is, and only the mark tells.
 */
#ifndef MOAT_ENGINE_HOST_LOOK_H
#define MOAT_ENGINE_HOST_LOOK_H

#include "netd/engine/engine.h"

typedef void (*host_look_fn)(void *ctx, const struct err *failure);

/** host_look() - fill engine->facts; @done: called once, with NULL or why it could not be done */
void host_look(struct engine *engine, host_look_fn done, void *ctx);
/** host_mark() - before the plan that makes the host forward: write down what it opens. Return: 0 or -errno. */
int host_mark(struct engine *engine, struct err *err);

#endif
