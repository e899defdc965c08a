/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of netd/hand/turns: who waits for whom, and that a plan meets one group at most, whatever comes when. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "netd/hand/turns.h"

enum { PLANS = 400, MESSAGES = 8 };

/* @rtnl: the kernel's lock; @held: how many groups have had it; @entered: by lane, whether its group has it or had it */
struct play {
	struct turns turns;
	pthread_mutex_t rtnl;
	atomic_uint held, worst, plans, overlaps;
	atomic_bool entered[TURNS_LANES], goes[TURNS_LANES], end;
};

struct player {
	struct play *play;
	unsigned lane;
};

static void nap(long us)
{
	nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static void play_init(struct play *play)
{
	*play = (struct play){0};
	turns_init(&play->turns);
	pthread_mutex_init(&play->rtnl, NULL);
}

static void play_fini(struct play *play)
{
	turns_fini(&play->turns);
	pthread_mutex_destroy(&play->rtnl);
}

static bool not_entered(const void *ctx)
{
	return !atomic_load((const atomic_bool *)ctx);
}

static void message(struct play *play)
{
	pthread_mutex_lock(&play->rtnl);
	pthread_mutex_unlock(&play->rtnl);
}

/* As netd/hand/reaper.c has it. Return: whether another group was under way when this one got the lock. */
static bool group_goes(struct play *play, unsigned lane)
{
	bool beside = turns_take(&play->turns), both;

	if (beside)
		message(play);
	atomic_store(&play->entered[lane], false);
	turns_go(&play->turns, lane, (struct turns_group){.there = not_entered, .ctx = &play->entered[lane]});
	atomic_store(&play->goes[lane], true);
	nap(50); /* until the request has reached the kernel */
	pthread_mutex_lock(&play->rtnl);
	atomic_fetch_add(&play->held, 1);
	atomic_store(&play->entered[lane], true);
	both = atomic_load(&play->goes[1 - lane]);
	nap(300);
	pthread_mutex_unlock(&play->rtnl);
	nap(1000); /* RCU */
	atomic_store(&play->goes[lane], false);
	turns_gone(&play->turns, lane);
	return both;
}

static void *groups_run(void *data)
{
	struct player *player = data;

	while (!atomic_load(&player->play->end)) {
		if (group_goes(player->play, player->lane))
			atomic_fetch_add(&player->play->overlaps, 1);
	}
	return NULL;
}

/* Groups that begin between a plan's first and last message, and the one that may have had the lock when it began. */
static void plan_goes(struct play *play)
{
	bool holds = pthread_mutex_trylock(&play->rtnl) != 0;
	unsigned before, met;

	if (!holds)
		pthread_mutex_unlock(&play->rtnl);
	turns_plan_begin(&play->turns);
	before = atomic_load(&play->held);
	for (int i = 0; i < MESSAGES; i++)
		message(play);
	met = atomic_load(&play->held) - before;
	turns_plan_end(&play->turns);
	if (met > atomic_load(&play->worst))
		atomic_store(&play->worst, met);
	nap(100);
}

static void a_plan_meets_one_group(void **state)
{
	struct player players[TURNS_LANES];
	pthread_t threads[TURNS_LANES];
	struct play play;

	(void)state;
	play_init(&play);
	for (unsigned i = 0; i < TURNS_LANES; i++) {
		players[i] = (struct player){&play, i};
		assert_int_equal(pthread_create(&threads[i], NULL, groups_run, &players[i]), 0);
	}
	/* and until it was seen that groups overlap: that they may is the point of it */
	for (int i = 0; i < PLANS || atomic_load(&play.overlaps) == 0; i++)
		plan_goes(&play);
	atomic_store(&play.end, true);
	for (unsigned i = 0; i < TURNS_LANES; i++)
		pthread_join(threads[i], NULL);
	assert_true(atomic_load(&play.held) > 0);
	assert_true(atomic_load(&play.worst) <= 1);
	play_fini(&play);
}

static void *one_group(void *data)
{
	struct player *player = data;

	group_goes(player->play, player->lane);
	return NULL;
}

static void a_group_waits_for_the_plan_under_way_alone(void **state)
{
	struct player player;
	struct play play;
	pthread_t thread;

	(void)state;
	play_init(&play);
	player = (struct player){&play, 0};
	turns_plan_begin(&play.turns);
	assert_int_equal(pthread_create(&thread, NULL, one_group, &player), 0);
	for (int i = 0; i < 20; i++) {
		nap(1000);
		assert_int_equal(atomic_load(&play.held), 0);
	}
	/* the next plan begins before anybody could have gone in between; this one never ends */
	turns_plan_begin(&play.turns);
	turns_plan_set(&play.turns, true);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&play.held), 1);

	/* a plan that waits for the groups themselves is none meanwhile */
	assert_true(turns_plan_set(&play.turns, false));
	assert_int_equal(pthread_create(&thread, NULL, one_group, &player), 0);
	pthread_join(thread, NULL);
	assert_false(turns_plan_set(&play.turns, true));

	turns_hurry(&play.turns);
	assert_int_equal(pthread_create(&thread, NULL, one_group, &player), 0);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&play.held), 3);
	play_fini(&play);
}

static void *taker(void *data)
{
	struct player *player = data;
	bool beside = turns_take(&player->play->turns);

	atomic_store(&player->play->goes[player->lane], true);
	turns_leave(&player->play->turns);
	return beside ? player : NULL;
}

static void the_next_begins_when_the_first_has_the_lock(void **state)
{
	struct player player;
	struct play play;
	pthread_t thread;
	void *beside;

	(void)state;
	play_init(&play);
	player = (struct player){&play, 1};
	assert_false(turns_take(&play.turns));
	assert_int_equal(pthread_create(&thread, NULL, taker, &player), 0);
	for (int i = 0; i < 20; i++) { /* the turn is another's */
		nap(1000);
		assert_false(atomic_load(&play.goes[1]));
	}
	turns_go(&play.turns, 0, (struct turns_group){.there = not_entered, .ctx = &play.entered[0]});
	for (int i = 0; i < 20; i++) { /* who may wait for the lock still */
		nap(1000);
		assert_false(atomic_load(&play.goes[1]));
	}
	atomic_store(&play.entered[0], true);
	pthread_join(thread, &beside);
	assert_non_null(beside);
	turns_gone(&play.turns, 0);
	assert_int_equal(pthread_create(&thread, NULL, taker, &player), 0);
	pthread_join(thread, &beside);
	assert_null(beside);
	play_fini(&play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_meets_one_group),
		cmocka_unit_test(a_group_waits_for_the_plan_under_way_alone),
		cmocka_unit_test(the_next_begins_when_the_first_has_the_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
