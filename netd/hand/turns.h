/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * turns - when a group of links may go. Floor F4; knows neither links nor
 * netlink.
 *
 * RTNL, the kernel's one lock for everything about links, is held while a
 * group of links goes, some tens of milliseconds. Each message of an attach
 * takes that lock anew, so that a thread which removed group after group
 * could get in between any two of them. Hence turns: before a group goes the
 * plan that is under way at that moment has ended. So a plan meets one group
 * at most, and plans that never cease do not keep the groups from going.
 *
 * A deletion gives the lock back before it is done: then it waits for RCU, as
 * long again on a busy machine. Meanwhile another lane's group goes. It must
 * not wait for the lock beside the first one's, or a plan would meet both. So
 * the next begins when the names of the first are seen no more, since the
 * kernel takes them away under the lock, and when a message of its own that
 * needs the lock was answered (tests/platform/group_lock.c).
 */
#ifndef MOAT_NETD_HAND_TURNS_H
#define MOAT_NETD_HAND_TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { TURNS_LANES = 2 };

/** struct turns_group - what a lane removes. @there: whether a link of it is still seen; called by other threads, too */
struct turns_group {
	bool (*there)(const void *ctx);
	const void *ctx;
};

/**
 * struct turns
 * @plans: begun so far; @planning: one is under way, and it does not wait for us; @waiting: threads that wait for something of this
 * @taken: a lane has the next turn, and its group does not go yet
 * @going: by lane, what goes; @there NULL: nothing
 */
struct turns {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t plans;
	unsigned waiting;
	bool planning, hurried, taken;
	struct turns_group going[TURNS_LANES];
};

void turns_init(struct turns *turns);
void turns_fini(struct turns *turns);

/** turns_plan_begin(), turns_plan_end() - around what adds links */
void turns_plan_begin(struct turns *turns);
void turns_plan_end(struct turns *turns);
/** turns_plan_set() - while a plan waits for the groups themselves it is none. Return: whether one was under way. */
bool turns_plan_set(struct turns *turns, bool planning);

/** turns_hurry() - from now on nobody waits for a plan */
void turns_hurry(struct turns *turns);

/**
 * turns_take() - the next turn is the caller's: what other lanes remove has the lock, or has had it
 * Return: whether another lane's group goes. Then a message that needs the lock must have been answered before turns_go().
 */
bool turns_take(struct turns *turns);
/** turns_go() - until the plan that is under way has ended; then the turn is given on. The caller's next act is the deletion. */
void turns_go(struct turns *turns, unsigned lane, struct turns_group group);
/** turns_gone() - the deletion is done, whatever became of it. @group's ctx is not used any more. */
void turns_gone(struct turns *turns, unsigned lane);
/** turns_leave() - instead of turns_go(): there is nothing to delete */
void turns_leave(struct turns *turns);

#endif
