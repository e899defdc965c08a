/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor - sockets that tell of changes in the host and in routers. Floor F4.
 * The hand opens them; what they say is only a sign that somebody should look.
 */
#ifndef MOAT_ENGINE_MONITOR_H
#define MOAT_ENGINE_MONITOR_H

#include "netd/engine/engine.h"

struct monitor *monitor_new(struct engine *engine);
/** monitor_sync() - listen in the host and in every router that stands, and nowhere else */
void monitor_sync(struct monitor *monitor);
/** monitor_drop() - stop listening in @ns: an open socket would keep the namespace alive */
void monitor_drop(struct monitor *monitor, uint64_t ns);
/** monitor_rest() - a plan goes to the hand: what is told meanwhile is read now and then, not as it comes */
void monitor_rest(struct monitor *monitor);

#endif
