/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/base/clock. */
#include "tests/unit/unit.h"

#include <string.h>
#include <time.h>

#include "lib/base/clock.h"

static void time_passes(void **state)
{
	uint64_t before = clock_monotonic_ns(), real = clock_realtime_ms();
	struct timespec now;

	(void)state;
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	assert_true(clock_monotonic_ns() - before >= 2000000);
	assert_true(clock_monotonic_ns() - before < UINT64_C(60) * 1000000000);
	/* time(2) is of the last tick, and may be a second behind for as long as one takes */
	clock_gettime(CLOCK_REALTIME, &now);
	assert_true(real / 1000 <= (uint64_t)now.tv_sec);
	assert_true(real / 1000 + 60 > (uint64_t)now.tv_sec);
}

static void ids_differ(void **state)
{
	uint64_t all_or = 0, last = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t id = random_id48();

		assert_true(id != 0 && id >> 48 == 0 && id != last);
		last = id;
		all_or |= id;
	}
	assert_int_equal(all_or, (UINT64_C(1) << 48) - 1);
}

static void boot_id(void **state)
{
	char a[37], b[37];

	(void)state;
	assert_int_equal(clock_boot_id(a), 0);
	assert_int_equal(clock_boot_id(b), 0);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
	assert_string_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_passes),
		cmocka_unit_test(ids_differ),
		cmocka_unit_test(boot_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
