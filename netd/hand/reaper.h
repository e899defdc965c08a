/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reaper - threads for removals that wait: links (RCU, 16 ms and more) and
 * pins. Floor F4. The reply to a detach does not wait for it; that a plan's
 * slow removals are done is said later, once, by its number.
 *
 * The first of many goes at once and alone; what others give up meanwhile, 16
 * ms and more, goes behind it in groups (netd/hand/doom.h); of a crowd the next
 * group goes while the one before it waits for RCU (netd/hand/turns.h). They
 * have descriptors and sockets of their own and share nothing with the main
 * thread but the queue.
 */
#ifndef MOAT_NETD_HAND_REAPER_H
#define MOAT_NETD_HAND_REAPER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "netd/hand/registry.h"
#include "netd/seam/seam.h"

struct reaper;
struct reaper_work; /* slow removals of one plan */

/** reaper_start() - start the threads. @home_fd: the host's namespace, borrowed. Call before the seccomp filter. */
int reaper_start(int home_fd, struct reaper **ret_reaper, struct err *err);
/**
 * reaper_stop() - end the threads. NULL is fine.
 * It goes on for 2 s at most; what is queued then stays in the kernel, for the next start to find: its rows say "deleting".
 */
void reaper_stop(struct reaper *reaper);

struct reaper_work *reaper_work_new(uint32_t seq);
void reaper_work_free(struct reaper_work *work); /* one that was not submitted */
bool reaper_work_empty(const struct reaper_work *work);

/** reaper_work_link() - a link to remove. @ns_fd: borrowed; @index: of the op, for the report. Return: 0 or -errno. */
int reaper_work_link(struct reaper_work *work, uint64_t ns, int ns_fd, const char *name,
		     uint32_t index);
/** reaper_work_borrow() - what @entry, in which links go, has to lend: to be given back with what reaper_next() tells */
void reaper_work_borrow(struct reaper_work *work, struct ns_entry *entry);
/** reaper_work_neigh() - a neighbour, before the links: its removal waits for the same lock as theirs. */
int reaper_work_neigh(struct reaper_work *work, uint64_t ns, int ns_fd,
		      const struct obj_neigh *neigh, uint32_t index);
/** reaper_work_pin() - a pin to remove, after the links. @path: malloc'ed, taken. */
void reaper_work_pin(struct reaper_work *work, char *path, uint32_t index);

/**
 * reaper_keep_off() - a link alone shall go on another processor than @cpu, from the next time on that there is nothing to do
 * A thread that removes one lets nobody else run for 0.3 ms, and there are those who were just answered.
 */
void reaper_keep_off(struct reaper *reaper, int cpu);

/**
 * reaper_submit() - the threads' from here on. Behind the answer, which wakes others: one begins at once, before what the caller does
 * next where both have one processor.
 */
void reaper_submit(struct reaper *reaper, struct reaper_work *work);

/**
 * reaper_fail() - what else of that plan would not go, told with the rest, where status < 0
 * @work: submitted, and since then reaper_next() was not called
 */
void reaper_fail(struct reaper *reaper, struct reaper_work *work, const struct seam_result *result);

/** reaper_fd() - readable when there is something for reaper_next() */
int reaper_fd(const struct reaper *reaper);
/** reaper_next() - the next finished work, and what it had borrowed. Return: false when there is none. */
bool reaper_next(struct reaper *reaper, uint32_t *ret_seq, struct seam_result *ret_result, struct registry_loan *ret_loan);

/**
 * reaper_plan_begin(), reaper_plan_end() - around what adds links
 * Between them at most one group of links goes: what was under way, or what had waited for the plan before this one.
 */
void reaper_plan_begin(struct reaper *reaper);
void reaper_plan_end(struct reaper *reaper);

/** reaper_idle() - is nothing queued or under way? */
bool reaper_idle(struct reaper *reaper);

/** reaper_wait_neigh() - where such a neighbour is on its way out: until it is gone, lest a new one go in its place */
void reaper_wait_neigh(struct reaper *reaper, uint64_t ns, const struct obj_neigh *neigh);

/**
 * reaper_wait() - until nothing is queued or under way
 * It does not say whether there was anything: what was found in the way before may have gone between the two.
 */
void reaper_wait(struct reaper *reaper);

#endif
