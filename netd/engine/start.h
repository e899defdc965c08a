/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start - from nothing to a model: what the hand can do and holds, the host's facts, the pools of addresses, the rows of
 * the store. Floor F4. The first comparison with the kernel follows (reconcile_start()). A failure ends the engine.
 */
#ifndef MOAT_ENGINE_START_H
#define MOAT_ENGINE_START_H

#include "netd/engine/engine.h"

/** start() - asks the hand, and goes on with its answers */
void start(struct engine *engine);

#endif
