/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serve - the six verbs: requests of the engine in, answers out. Floor F4. */
#ifndef MOAT_NETD_HAND_SERVE_H
#define MOAT_NETD_HAND_SERVE_H

#include "netd/seam/place.h"
#include "netd/seam/settings.h"
#include "netd/hand/flows.h"
#include "netd/hand/ports.h"
#include "netd/hand/reaper.h"
#include "netd/hand/registry.h"
#include "netd/hand/side.h"

/**
 * struct serve - everything the verbs work on; all borrowed
 * @held: answers that go with the next one, so that the engine is woken once; the loop's own, it begins empty
 * @late: ports that ended a moment ago; as @held
 * @engine_cpu: the processor that the engine was on, as SOON says; -1 for not known
 * @place: where the hand wakes; as @held
 * @soon_ns: until when the hand looks for what the engine makes just now, without sleeping; 0 for not
 */
struct serve {
	int seam;
	struct registry *reg;
	struct ports *ports;
	struct settings settings;
	struct reaper *reaper;
	struct side *side;
	struct buf held;
	struct flows_late late;
	uint64_t soon_ns;
	int engine_cpu;
	uint64_t unadopted; /* namespace that was not taken just now: the plan that was sent with it cannot be, either */
	struct place place;
};

/**
 * serve_loop() - until the engine says QUIT or closes its end, or the supervisor is gone
 * Return: 0, or -errno when the engine sent what no engine sends.
 */
int serve_loop(struct serve *serve, struct err *err);

#endif
