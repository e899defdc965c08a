/* SPDX-License-Identifier: GPL-2.0-or-later */
/* place - engine and hand each on a processor of its own; see place.h. Floor F4. */
#include "netd/seam/place.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Whether it may run everywhere when the program begins: then everywhere is what it goes back to, processors that come later, too. */
static bool everywhere;

/* A machine of more processors than a cpu_set_t holds does not answer: there everybody runs everywhere. */
static int may_run(cpu_set_t *set) { return sched_getaffinity(0, sizeof(*set), set); }

void place_start(void)
{
	cpu_set_t now;

	everywhere = may_run(&now) == 0 && CPU_COUNT(&now) == sysconf(_SC_NPROCESSORS_ONLN);
}

void place_any(struct place *place)
{
	cpu_set_t now;

	if (place->kind != PLACE_ANY && may_run(&now) == 0 && CPU_EQUAL(&now, &place->given))
		(void)sched_setaffinity(0, sizeof(place->usual), &place->usual);
	place->kind = PLACE_ANY;
}

static void place_set(struct place *place, enum place_kind kind, int cpu)
{
	cpu_set_t want;

	if (place->kind == kind && place->cpu == cpu)
		return;
	place_any(place);
	if (cpu < 0 || cpu >= CPU_SETSIZE || may_run(&place->usual) < 0)
		return;
	if (!CPU_ISSET((size_t)cpu, &place->usual) || CPU_COUNT(&place->usual) < 2)
		return;
	if (everywhere) /* the kernel takes what there is of it, and what a cpuset leaves */
		memset(&place->usual, 0xff, sizeof(place->usual));
	if (kind == PLACE_NOT) {
		want = place->usual;
		CPU_CLR((size_t)cpu, &want);
	} else {
		CPU_ZERO(&want);
		CPU_SET((size_t)cpu, &want);
	}
	if (sched_setaffinity(0, sizeof(want), &want) < 0)
		return;
	/* what came of it is what it is known by, later */
	place->kind = may_run(&place->given) == 0 ? kind : PLACE_ANY;
	place->cpu = cpu;
}

void place_only(struct place *place, int cpu) { place_set(place, PLACE_ONLY, cpu); }
void place_not(struct place *place, int cpu) { place_set(place, PLACE_NOT, cpu); }
