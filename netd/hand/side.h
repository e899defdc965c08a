/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * side - a second thread for one piece of work beside the main one's. Floor F4; knows nothing of plans.
 *
 * One piece at a time, begun and ended by the main thread, so what the two share is seen by both: whatever was written
 * before side_run() and before the end of the work. What they write meanwhile must not be the same.
 */
#ifndef MOAT_NETD_HAND_SIDE_H
#define MOAT_NETD_HAND_SIDE_H

#include "lib/base/err.h"

struct side;

/** side_start() - start the thread. Call before the seccomp filter. */
int side_start(struct side **ret_side, struct err *err);
/** side_stop() - end it. No work is under way. NULL is fine. */
void side_stop(struct side *side);

/** side_run() - begin @fn(@ctx). The one before it has been waited for. */
void side_run(struct side *side, void (*fn)(void *ctx), void *ctx);
/** side_wait() - until what was begun last has ended */
void side_wait(struct side *side);

#endif
