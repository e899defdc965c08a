/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of lib/base/runs: against a plain array of bits, in random order
 * and in orders that would make an unbalanced tree deep; numbers at the end of
 * the range; runs join and part.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/base/runs.h"

enum { SPAN = 700, STEPS = 60000 };

static bool naive[SPAN + 1];

/* xorshift64: the same numbers in every run */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void compare(const struct runs *runs)
{
	size_t count = 0, run_count = 0;

	for (size_t i = 0; i < SPAN; i++) {
		size_t gap = i;

		count += naive[i];
		run_count += naive[i] && (i == 0 || !naive[i - 1]);
		while (naive[gap])
			gap++;
		assert_int_equal(runs_has(runs, i), naive[i]);
		assert_int_equal(runs_gap(runs, i), gap);
	}
	assert_int_equal(runs->count, count);
	assert_int_equal(runs->run_count, run_count);
}

static void random_steps(void **state)
{
	struct runs runs = { 0 };
	uint64_t seed = 88172645463325252ULL;

	(void)state;
	memset(naive, 0, sizeof(naive));
	for (unsigned i = 0; i < STEPS; i++) {
		uint64_t n = next_random(&seed) % SPAN;
		/* fuller and emptier by turns, so that there are long runs and long gaps */
		bool add = next_random(&seed) % 100 < (i / 5000 % 2 ? 20 : 80);

		assert_int_equal(add ? runs_add(&runs, n) : runs_del(&runs, n), naive[n] != add);
		naive[n] = add;
		if (i % 500 == 0)
			compare(&runs);
	}
	compare(&runs);
	for (uint64_t n = 0; n < SPAN; n++)
		runs_del(&runs, n);
	assert_null(runs.root);
	assert_int_equal(runs.run_count, 0);
	runs_fini(&runs);
}

/* Every second number, ascending and descending; then the holes are filled, and all is one run. */
static void orders(void **state)
{
	struct runs runs = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 100000; i++)
		assert_true(runs_add(&runs, i % 2 ? 400000 - 2 * i : 2 * i));
	assert_int_equal(runs.run_count, 100000);
	assert_int_equal(runs_gap(&runs, 0), 1);
	for (uint64_t i = 0; i <= 400000; i++)
		(void)runs_add(&runs, i);
	assert_int_equal(runs.run_count, 1);
	assert_int_equal(runs.count, 400001);
	assert_int_equal(runs_gap(&runs, 0), 400001);
	runs_fini(&runs);
}

static void ends(void **state)
{
	struct runs runs = { 0 };

	(void)state;
	assert_int_equal(runs_gap(&runs, 7), 7);
	assert_false(runs_has(&runs, 0));
	assert_true(runs_add(&runs, RUNS_NONE - 1));
	assert_true(runs_add(&runs, 0));
	assert_int_equal(runs_gap(&runs, RUNS_NONE - 1), RUNS_NONE);
	assert_int_equal(runs_gap(&runs, 0), 1);
	assert_false(runs_del(&runs, 1));
	assert_true(runs_del(&runs, RUNS_NONE - 1));
	assert_int_equal(runs.count, 1);
	runs_fini(&runs);
	assert_int_equal(runs.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_steps), cmocka_unit_test(orders),
					    cmocka_unit_test(ends) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
