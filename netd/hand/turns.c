/* SPDX-License-Identifier: GPL-2.0-or-later */
/* turns - when a group of links may go; see turns.h. Floor F4. */
#include "netd/hand/turns.h"

#include <poll.h>
#include <stddef.h>

enum { LOOK_MS = 1 }; /* how often it is looked whether a group has the lock: it takes some ms until its links are down */

void turns_init(struct turns *turns)
{
	*turns = (struct turns){0};
	pthread_mutex_init(&turns->lock, NULL);
	pthread_cond_init(&turns->changed, NULL);
}

void turns_fini(struct turns *turns)
{
	pthread_cond_destroy(&turns->changed);
	pthread_mutex_destroy(&turns->lock);
}

/* Under the lock. To wake a thread costs a plan more than most of its messages: only where one waits for its turn. */
static void planning_set(struct turns *turns, bool planning)
{
	turns->planning = planning;
	if (turns->waiting > 0)
		pthread_cond_broadcast(&turns->changed);
}

void turns_plan_begin(struct turns *turns)
{
	pthread_mutex_lock(&turns->lock);
	turns->plans++;
	planning_set(turns, true);
	pthread_mutex_unlock(&turns->lock);
}

bool turns_plan_set(struct turns *turns, bool planning)
{
	bool before;

	pthread_mutex_lock(&turns->lock);
	before = turns->planning;
	planning_set(turns, planning);
	pthread_mutex_unlock(&turns->lock);
	return before;
}

void turns_plan_end(struct turns *turns)
{
	turns_plan_set(turns, false);
}

void turns_hurry(struct turns *turns)
{
	pthread_mutex_lock(&turns->lock);
	turns->hurried = true;
	pthread_cond_broadcast(&turns->changed);
	pthread_mutex_unlock(&turns->lock);
}

/* Until the plan that is under way has ended. Under the lock. */
static void plan_wait(struct turns *turns)
{
	uint64_t plan = turns->plans;

	turns->waiting++;
	while (turns->planning && turns->plans == plan && !turns->hurried)
		pthread_cond_wait(&turns->changed, &turns->lock);
	turns->waiting--;
}

/* Is there a group that may still be waiting for the lock? */
static bool some_there(const struct turns *turns)
{
	for (size_t i = 0; i < TURNS_LANES; i++) {
		if (turns->going[i].there != NULL && turns->going[i].there(turns->going[i].ctx))
			return true;
	}
	return false;
}

bool turns_take(struct turns *turns)
{
	bool beside = false;

	pthread_mutex_lock(&turns->lock);
	turns->waiting++;
	while (turns->taken)
		pthread_cond_wait(&turns->changed, &turns->lock);
	turns->waiting--;
	turns->taken = true;
	while (some_there(turns)) {
		pthread_mutex_unlock(&turns->lock);
		poll(NULL, 0, LOOK_MS);
		pthread_mutex_lock(&turns->lock);
	}
	for (size_t i = 0; i < TURNS_LANES; i++)
		beside |= turns->going[i].there != NULL;
	pthread_mutex_unlock(&turns->lock);
	return beside;
}

/* Under the lock. */
static void give_on(struct turns *turns)
{
	turns->taken = false;
	if (turns->waiting > 0)
		pthread_cond_broadcast(&turns->changed);
}

void turns_go(struct turns *turns, unsigned lane, struct turns_group group)
{
	pthread_mutex_lock(&turns->lock);
	plan_wait(turns);
	turns->going[lane] = group;
	give_on(turns);
	pthread_mutex_unlock(&turns->lock);
}

void turns_gone(struct turns *turns, unsigned lane)
{
	pthread_mutex_lock(&turns->lock);
	turns->going[lane] = (struct turns_group){0};
	pthread_mutex_unlock(&turns->lock);
}

void turns_leave(struct turns *turns)
{
	pthread_mutex_lock(&turns->lock);
	give_on(turns);
	pthread_mutex_unlock(&turns->lock);
}
