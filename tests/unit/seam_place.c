/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of netd/seam/place: a thread keeps to a processor or off it, and goes back, unless it was told otherwise meanwhile. */
#include "tests/unit/unit.h"

#include "netd/seam/place.h"

static cpu_set_t usual;
static int first = -1, second = -1;

static bool may(int cpu)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	return CPU_ISSET((size_t)cpu, &set);
}

static size_t count(void)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	return (size_t)CPU_COUNT(&set);
}

static int setup(void **state)
{
	(void)state;
	if (sched_getaffinity(0, sizeof(usual), &usual) < 0)
		return -1;
	first = second = -1;
	for (int cpu = 0; cpu < CPU_SETSIZE && second < 0; cpu++) {
		if (CPU_ISSET((size_t)cpu, &usual))
			*(first < 0 ? &first : &second) = cpu;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return sched_setaffinity(0, sizeof(usual), &usual);
}

static void kept(void **state)
{
	struct place place = {0};
	size_t all = count();

	(void)state;
	if (second < 0) { /* on one processor there is nothing to choose */
		place_not(&place, first);
		assert_int_equal(count(), all);
		return;
	}
	place_not(&place, first);
	assert_false(may(first));
	assert_int_equal(count(), all - 1);
	place_not(&place, second);
	assert_true(may(first) && !may(second));
	place_only(&place, first);
	assert_true(may(first));
	assert_int_equal(count(), 1);
	place_any(&place);
	assert_int_equal(count(), all);
	place_any(&place);
	assert_int_equal(count(), all);
	place_not(&place, first);
	place_not(&place, -1); /* not known where the other one is */
	assert_int_equal(count(), all);
}

static void told_otherwise(void **state)
{
	struct place place = {0};
	cpu_set_t one;

	(void)state;
	place_not(&place, first);
	CPU_ZERO(&one);
	CPU_SET((size_t)first, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	place_any(&place);
	assert_true(may(first));
	assert_int_equal(count(), 1);
	place_not(&place, first);
	assert_true(may(first));
	assert_int_equal(place.kind, PLACE_ANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept, setup, teardown),
		cmocka_unit_test_setup_teardown(told_otherwise, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
