// SPDX-License-Identifier: GPL-2.0-or-later
/* oci_beside - a thread that waits for a turn: it ends when it is told, and by itself, and nothing of ours is changed by it. */
#include "tests/unit/unit.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runner/oci/beside.h"

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ABLE 1
#else
#define ABLE 0
#endif

enum { TRIES = 200, SOON_MS = 10000, ALONE = 3 /* entries of a folder with one thread */ };

static void millisecond(void)
{
	const struct timespec time = {.tv_nsec = 1000 * 1000};

	(void)nanosleep(&time, NULL);
}

/* Soon: who has ended is seen for a little longer. */
static bool alone(void)
{
	for (int i = 0; i < SOON_MS && entries("/proc/self/task") != ALONE; i++)
		millisecond();
	return entries("/proc/self/task") == ALONE;
}

/* Return: the processor that a child began on */
static int child_begin(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(sched_getcpu());
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Where the child begins is the scheduler's: on two processors with little to do it is elsewhere, most often. */
static void told(void **state)
{
	const size_t open_before = entries("/proc/self/fd");
	cpu_set_t may, still;
	size_t elsewhere = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(may), &may), 0);
	for (int i = 0; i < TRIES; i++) {
		struct oci_beside beside = {0};
		int here = sched_getcpu();

		oci_beside_begin(&beside);
		assert_int_equal(beside.stack != NULL, ABLE && CPU_COUNT(&may) > 1);
		elsewhere += child_begin() != here % 256;
		oci_beside_end(&beside);
		oci_beside_fini(&beside);
		assert_null(beside.stack);
		assert_int_equal(atomic_load(&beside.tid), 0);
	}
	assert_int_equal(sched_getaffinity(0, sizeof(still), &still), 0);
	assert_memory_equal(&may, &still, sizeof(may));
	assert_int_equal(entries("/proc/self/fd"), open_before);
	assert_true(alone());
	print_message("%zu of %d children began elsewhere\n", elsewhere, TRIES);
}

/* Whoever sleeps instead leaves it nobody to give its turn to: it does not go on for that. */
static void ends_alone(void **state)
{
	struct oci_beside beside = {0};

	(void)state;
	oci_beside_begin(&beside);
	assert_true(alone());
	oci_beside_fini(&beside);
	/* and one that was never begun */
	beside = (struct oci_beside){0};
	oci_beside_end(&beside);
	oci_beside_fini(&beside);
}

/* With one processor, or what the scheduler divides otherwise, there is none. */
static void not_begun(void **state)
{
	int status = -1;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		const struct sched_param param = {0};
		struct oci_beside beside = {0};
		cpu_set_t one, all;

		if (sched_getaffinity(0, sizeof(all), &all) < 0 || sched_setscheduler(0, SCHED_BATCH, &param) < 0)
			_exit(1);
		oci_beside_begin(&beside);
		if (beside.stack || sched_setscheduler(0, SCHED_OTHER, &param) < 0)
			_exit(2);
		CPU_ZERO(&one);
		for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
			if (CPU_ISSET(i, &all))
				CPU_SET(i, &one);
		if (sched_setaffinity(0, sizeof(one), &one) < 0)
			_exit(3);
		oci_beside_begin(&beside);
		_exit(beside.stack ? 4 : 0);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told),
		cmocka_unit_test(ends_alone),
		cmocka_unit_test(not_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
