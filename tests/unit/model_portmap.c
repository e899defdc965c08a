/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/model/portmap: against an array of all ports, and that what is gone leaves no memory. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/model/portmap.h"

enum { RANGES = 200, ROUNDS = 20000 };

struct range {
	uint16_t first, last;
	bool held;
};

static struct range ranges[RANGES];
static struct range *naive[65536];

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223; /* Numerical Recipes' ranqd1 */
	return *state >> 8;
}

static struct range *naive_find(uint16_t first, uint16_t last)
{
	for (unsigned port = first; port <= last; port++)
		if (naive[port])
			return naive[port];
	return NULL;
}

static void naive_put(const struct range *range, struct range *holder)
{
	for (unsigned port = range->first; port <= range->last; port++)
		naive[port] = holder;
}

static void choose(uint32_t *seed, uint16_t *ret_first, uint16_t *ret_last)
{
	static const unsigned lengths[] = { 1, 1, 1, 2, 15, 16, 17, 255, 256, 300, 4096, 10000 };
	unsigned length = lengths[random_next(seed) % (sizeof(lengths) / sizeof(*lengths))];
	unsigned first = 1 + random_next(seed) % 65535;

	if (random_next(seed) % 4 == 0)
		first &= ~0xfU; /* aligned ends are where such a tree has its own */
	if (first == 0)
		first = 1;
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)(first + length - 1 > 65535 ? 65535 : first + length - 1);
}

static void random_ranges(void **state)
{
	struct portmap map = { 0 };
	uint32_t seed = 7;
	unsigned taken = 0, refused = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct range *range = &ranges[random_next(&seed) % RANGES];
		uint16_t first, last;

		if (range->held) {
			portmap_del(&map, range->first, range->last);
			naive_put(range, NULL);
			range->held = false;
		} else {
			choose(&seed, &range->first, &range->last);
			range->held = !naive_find(range->first, range->last);
			assert_true(!portmap_find(&map, range->first, range->last) == range->held);
			if (range->held) {
				portmap_add(&map, range->first, range->last, range);
				naive_put(range, range);
				taken++;
			} else {
				refused++;
			}
		}
		choose(&seed, &first, &last);
		assert_ptr_equal(portmap_find(&map, first, last), naive_find(first, last));
	}
	assert_true(taken > 1000 && refused > 1000);
	for (size_t i = 0; i < RANGES; i++)
		if (ranges[i].held)
			portmap_del(&map, ranges[i].first, ranges[i].last);
	assert_true(portmap_empty(&map)); /* and so the last node is freed: the sanitizers see the rest */
}

static void edges(void **state)
{
	static const uint16_t ends[][2] = { { 1, 65535 }, { 1, 1 }, { 65535, 65535 }, { 15, 16 }, { 4095, 4096 }, { 16, 31 } };
	struct portmap map = { 0 };
	int holder = 0;

	(void)state;
	assert_null(portmap_find(&map, 1, 65535));
	portmap_del(&map, 5, 9); /* nothing is there */
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		portmap_add(&map, ends[i][0], ends[i][1], &holder);
		assert_ptr_equal(portmap_find(&map, ends[i][0], ends[i][0]), &holder);
		assert_ptr_equal(portmap_find(&map, ends[i][1], ends[i][1]), &holder);
		assert_ptr_equal(portmap_find(&map, 1, 65535), &holder);
		if (ends[i][0] > 1)
			assert_null(portmap_find(&map, 1, (uint16_t)(ends[i][0] - 1)));
		if (ends[i][1] < 65535)
			assert_null(portmap_find(&map, (uint16_t)(ends[i][1] + 1), 65535));
		portmap_del(&map, ends[i][0], ends[i][1]);
		assert_true(portmap_empty(&map));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_ranges), cmocka_unit_test(edges) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
