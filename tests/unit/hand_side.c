/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of netd/hand/side: what is begun beside runs in another thread, once, and has ended when it was waited for. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <time.h>

#include "netd/hand/side.h"

enum { WORKS = 2000 };

struct work {
	pthread_t thread;
	unsigned runs;
	bool slow;
};

static void run(void *ctx)
{
	struct work *work = ctx;

	if (work->slow)
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	work->thread = pthread_self();
	work->runs++;
}

static void beside(void **state)
{
	struct side *side;
	struct work work = {.slow = true};

	(void)state;
	assert_int_equal(side_start(&side, NULL), 0);
	side_wait(side); /* nothing was begun */
	side_run(side, run, &work);
	side_wait(side);
	assert_int_equal(work.runs, 1);
	assert_false(pthread_equal(work.thread, pthread_self()));
	work.slow = false;
	for (unsigned i = 0; i < WORKS; i++) {
		side_run(side, run, &work);
		side_wait(side);
		assert_int_equal(work.runs, i + 2);
	}
	side_stop(side);
	side_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(beside)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
