/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flows - forget the flows that went by a published port which is no more, and
 * those that came for one before it was. Floor F4.
 *
 * To be run behind the answer of a plan: nothing else is begun before it is
 * done, so whoever publishes the port next has its next datagram.
 */
#ifndef MOAT_NETD_HAND_FLOWS_H
#define MOAT_NETD_HAND_FLOWS_H

#include "lib/plan/plan.h"
#include "netd/hand/registry.h"

/** struct flows_gone - addresses of routers whose uplinks are to go */
struct flows_gone {
	struct ip *routers;
	size_t count;
};

/**
 * flows_look() - of the uplinks that @ops are to remove, while they still stand: before the reaper has them
 * flows_gone_forget() - and when they have been executed: the host's flows of these routers, of all protocols. Empties @gone.
 */
void flows_look(struct registry *reg, const struct op *ops, size_t count, struct flows_gone *ret_gone);
void flows_gone_forget(struct registry *reg, struct flows_gone *gone);

/**
 * flows_forget() - of the executed @ops
 * A removed element of a publishing map, in the host or a router: flows that it led. A new one: flows of clients
 * that were sending to that port already, which the kernel takes for the host's own; and those that a late answer of the
 * last holder began, which lead back to it. Of UDP alone: TCP and
 * SCTP begin anew with a packet of their own, and a connection that stands goes on until it ends.
 * What fails is logged, and nothing else: a flow ends by itself at last.
 */
void flows_forget(struct registry *reg, const struct op *ops, size_t count);

enum { FLOWS_LATE_MAX = 4096, FLOWS_LATE_MS = 1000 };

/**
 * struct flows_late - ports that ended a moment ago
 * What a stack answers when its port is gone already (it was busy) begins a flow of its own, and who it answers would go on
 * reaching it by that for as long as he sends. So a second after the port's end these are forgotten, too.
 * @ops: their elements, as new ones; @due_ms: when, by the monotonic clock
 */
struct flows_late {
	struct op *ops;
	size_t count;
	uint64_t due_ms;
};

/** flows_late_add() - those that @ops remove; beyond FLOWS_LATE_MAX no more are remembered */
void flows_late_add(struct flows_late *late, const struct op *ops, size_t count, uint64_t now_ms);
/** flows_late_run() - forget what is due. Return: milliseconds until something is, -1 for never. */
int flows_late_run(struct flows_late *late, struct registry *reg, uint64_t now_ms);
void flows_late_fini(struct flows_late *late);

#endif
