/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place - engine and hand each on a processor of its own. Floor F4.
 *
 * Who is woken over a socket is put on the sender's processor, since the kernel takes whoever sends for one about to
 * sleep (wake_affine_idle(), kernel/sched/fair.c), unless another one is known to be idle; and the kernel of a guest takes
 * an idle processor that its host has put to sleep for one that somebody else has (available_idle_cpu()). Then the hand
 * runs in place of the engine, which has more to do, and what both could do side by side they do one behind the other:
 * 0.2 ms of an attach. So the hand wakes where the engine is not (place_not()), and the engine stays where it is while
 * it waits for the hand (place_only()), or it would be drawn to the hand's.
 *
 * That is a wish, and no more: nothing happens where a process may run on one processor alone, and what an administrator
 * says meanwhile (taskset(1)) counts.
 */
#ifndef MOAT_NETD_SEAM_PLACE_H
#define MOAT_NETD_SEAM_PLACE_H

#include <sched.h>

enum place_kind { PLACE_ANY, PLACE_ONLY, PLACE_NOT };

/** struct place - of one thread; begins zeroed. @usual, @given: where it might run before, and, as the kernel says, may as @kind and @cpu have it */
struct place {
	enum place_kind kind;
	int cpu;
	cpu_set_t usual, given;
};

/** place_start() - at a program's start, before it reads no files any more: whether it may run on all processors there are */
void place_start(void);

/**
 * place_only() - the calling thread runs on processor @cpu alone, from now on
 * place_not() - it runs everywhere but there
 * place_any() - it runs where it might before
 *
 * A system call or three where something changes, and nothing else. @cpu below 0 is none that is known: PLACE_ANY.
 */
void place_only(struct place *place, int cpu);
void place_not(struct place *place, int cpu);
void place_any(struct place *place);

#endif
