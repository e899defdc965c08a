/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconcile - desired against snapshot: at start, in `check`, and when the
 * kernel tells of drift. Floor F4. One run asks the hand for dumps of the
 * namespaces in question, decodes them, compares, and where asked sends the
 * plan that mends.
 */
#ifndef MOAT_ENGINE_RECONCILE_H
#define MOAT_ENGINE_RECONCILE_H

#include "netd/engine/api.h"

/** reconcile_new() - @started is called once, when the first run is through and the API may open */
struct reconcile *reconcile_new(struct engine *engine, void (*started)(struct engine *engine));

/** reconcile_start() - the model has all rows: now everything in the kernel */
void reconcile_start(struct reconcile *reconcile);
/** reconcile_call() - io.moat.Check: gates changes, waits for those under way, answers @call */
void reconcile_call(struct reconcile *reconcile, struct call *call, const char *tenant, bool repair);
/** reconcile_soon() - something is wrong somewhere: mend it within a second */
void reconcile_soon(struct engine *engine);
/** reconcile_now() - the same, before any change that comes after */
void reconcile_now(struct engine *engine);
/** reconcile_progress() - a change has ended: whoever waits for quiet may go on */
void reconcile_progress(struct engine *engine);

#endif
