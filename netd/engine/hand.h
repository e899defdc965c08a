/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hand - the engine's end of the seam: requests out, answers in, none of them
 * waited for. Floor F4. Answers come in the order of the requests; that a
 * plan's slow removals are done comes later, by its own number.
 */
#ifndef MOAT_ENGINE_HAND_H
#define MOAT_ENGINE_HAND_H

#include "lib/base/err.h"
#include "lib/base/fdio.h"
#include "lib/plan/plan.h"
#include "netd/loop/loop.h"
#include "netd/seam/seam.h"

struct hand;

/**
 * struct hand_answer - one answer of the hand
 * @result: of PLAN and OPEN, and of anything that failed; zero otherwise
 * @data, @size: bytes of a dump; valid during the call only
 * @info: of ADOPT
 * @fds, @fd_count: the callee's when it takes them (set them to -1, or the count to 0), closed after the call otherwise
 */
struct hand_answer {
	struct seam_result result;
	const uint8_t *data;
	size_t size;
	struct seam_nsinfo info;
	int fds[FDIO_FDS_MAX];
	size_t fd_count;
};
typedef void (*hand_fn)(void *ctx, struct hand_answer *answer);

/** hand_new() - @fd: the seam, stays open for the life of the process; @gone: called once when the hand is no more */
struct hand *hand_new(struct loop *loop, int fd, void (*gone)(void *ctx), void *ctx);

/**
 * hand_plan() - execute @plan for @uid
 * @answered: committed (status 0) or undone (status < 0)
 * @done: slow removals finished; called exactly once, and only after a committed answer; may be NULL
 */
void hand_plan(struct hand *hand, const struct plan *plan, uint32_t uid, hand_fn answered, hand_fn done, void *ctx);
/**
 * hand_plan_later() - for removals that nobody waits for, from within an answer: with those of the answers that came with
 * it, as one plan; before whatever is asked for next
 */
void hand_plan_later(struct hand *hand, const struct plan *plan);
/**
 * hand_soon() - a plan is about to be made; @publishes: with ports. Where the hand has nothing to do it is woken by now, and
 * stays awake for it for a fraction of a millisecond.
 */
void hand_soon(struct hand *hand, bool publishes);
void hand_dump(struct hand *hand, uint64_t ns, uint32_t parts, const struct obj *named, size_t named_count,
	       hand_fn answered, void *ctx);
void hand_open(struct hand *hand, uint64_t ns, enum seam_open_what what, hand_fn answered, void *ctx);
/** hand_listen() - LISTEN of @what: a port of [::1] of the host, for @uid */
void hand_listen(struct hand *hand, enum seam_open_what what, uint16_t port, uint32_t uid, hand_fn answered, void *ctx);
/** hand_adopt() - @fd: becomes the hand's (owned from now on) */
void hand_adopt(struct hand *hand, uint64_t ns, uint32_t uid, bool hold, int fd, hand_fn answered, void *ctx);

/** hand_planned_ns() - when a plan last went, was answered or came to its end: the kernel's messages of it come then */
uint64_t hand_planned_ns(const struct hand *hand);

/** hand_result_err() - an answer's failure as an error about @object. Return: 0 or -errno. */
int hand_result_err(const struct seam_result *result, const char *object, const char *what, struct err *err);

#endif
