/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_engine - what a test needs to be engine and supervisor of the real
 * moatd-hand: a place of its own to run it in, the two sockets, requests and
 * answers, snapshots as objects. A failure of anything here fails the test.
 */
#ifndef MOAT_TESTS_NETNS_FAKE_ENGINE_H
#define MOAT_TESTS_NETNS_FAKE_ENGINE_H

#include "tests/unit/unit.h"

#include <sys/types.h>

#include "netd/seam/seam.h"

/** struct hand - the hand under test, and our ends of its two sockets. @seq: of the last request */
struct hand {
	pid_t pid;
	int seam, control;
	uint32_t seq;
};

/** place_make() - network and mount namespace of this process's own, with /run/moat as a supervisor makes it */
void place_make(void);

/**
 * hand_start() - MOAT_BIN_DIR/moatd-hand
 * @held_ns, @held_fd: what a supervisor would hand over; 0: nothing
 */
struct hand hand_start(uint64_t held_ns, int held_fd);
/** hand_end() - close the seam, after @sig where it is not 0, and wait. Return: exit status, or -signal. */
int hand_end(struct hand *hand, int sig);

/** ask() - one request; its number becomes hand->seq */
void ask(struct hand *hand, enum seam_verb verb, const void *payload, uint32_t count,
	 uint32_t size, uint32_t commit, uint32_t uid, int fd);
/** hear() - one message of @verb, to the last request. @fds: room for 2; with @fd_count NULL none may come. */
struct seam_head hear(struct hand *hand, enum seam_verb verb, struct buf *payload, int *fds,
		      size_t *fd_count);
struct seam_result hear_result(struct hand *hand, enum seam_verb verb);

/** run_plan() - its answer; where that is 0 its DONE was heard, too */
struct seam_result run_plan(struct hand *hand, const struct plan *plan, uint32_t uid);
/** run_diff() - the plan that leads from @have to @want, for root */
struct seam_result run_diff(struct hand *hand, struct objv *want, struct objv *have);

/** snapshot() - all of one namespace, decoded, appended. @want: its sysctls of that namespace are read back. */
void snapshot(struct hand *hand, uint64_t ns, const struct objv *want, struct objv *objs);
/** registered() - does the hand know @ns? */
bool registered(struct hand *hand, uint64_t ns);

#endif
