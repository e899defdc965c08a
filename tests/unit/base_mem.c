/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/base/mem: zeroing, overflow, text, arenas and their alignment. */
#include "tests/unit/unit.h"

#include <stdalign.h>
#include <string.h>

#include "lib/base/mem.h"

static bool all_zero(const void *data, size_t size)
{
	const unsigned char *b = data;

	for (size_t i = 0; i < size; i++)
		if (b[i])
			return false;
	return true;
}

static void memory_is_zeroed(void **state)
{
	cleanup(mem_freep) char *a = mem_alloc(1000);
	cleanup(mem_freep) uint64_t *b = mem_array(100, sizeof(*b));
	cleanup(mem_freep) void *none = mem_alloc(0);
	cleanup(mem_freep) void *no_items = mem_array(0, 8);

	(void)state;
	assert_true(all_zero(a, 1000));
	assert_true(all_zero(b, 100 * sizeof(*b)));
	assert_non_null(none);
	assert_non_null(no_items);
}

static void grow_keeps_content(void **state)
{
	cleanup(mem_freep) int *p = mem_grow(NULL, 2, sizeof(*p));

	(void)state;
	p[0] = 7;
	p[1] = 8;
	p = mem_grow(p, 5000, sizeof(*p));
	assert_int_equal(p[0], 7);
	assert_int_equal(p[1], 8);
	p = mem_grow(p, 0, sizeof(*p));
	assert_non_null(p);
}

static void array_overflows(void)
{
	free(mem_array(SIZE_MAX / 2, 3));
}

static void grow_overflows(void)
{
	free(mem_grow(NULL, SIZE_MAX / 2, 3));
}

static void arena_overflows(void)
{
	arena_array(arena_new(), SIZE_MAX / 2, 3);
}

static void arena_too_large(void)
{
	arena_alloc(arena_new(), SIZE_MAX - 1);
}

static void overflow_aborts(void **state)
{
	(void)state;
	assert_true(aborts(array_overflows));
	assert_true(aborts(grow_overflows));
	assert_true(aborts(arena_overflows));
	assert_true(aborts(arena_too_large));
}

static void copies_of_text(void **state)
{
	cleanup(mem_freep) char *a = mem_strdup("moat");
	cleanup(mem_freep) char *b = mem_strndup("moat", 2);
	cleanup(mem_freep) char *c = mem_strndup("moat", 20);
	cleanup(mem_freep) char *d = mem_printf("%s-%d", "moat", 5);

	(void)state;
	assert_string_equal(a, "moat");
	assert_string_equal(b, "mo");
	assert_string_equal(c, "moat");
	assert_string_equal(d, "moat-5");
	assert_null(mem_strdup(NULL));
	assert_null(mem_strndup(NULL, 3));
}

static void freep_of_null(void **state)
{
	char *p = NULL;

	(void)state;
	mem_freep(&p);
	arena_free(NULL);
	arena_freep(&(struct arena *){NULL});
}

/* Sizes around the bounds of a block; no two may touch, all aligned and zero. */
static void arena_aligned_and_apart(void **state)
{
	static const size_t sizes[] = {0,    1,    7,    8,    16,   17, 100,
				       1023, 1024, 1025, 4096, 5000, 3,  1};
	enum { ROUNDS = 50 };
	cleanup(arena_freep) struct arena *arena = arena_new();
	unsigned char *p[ROUNDS][ARRAY_COUNT(sizes)];

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
			p[round][i] = arena_alloc(arena, sizes[i]);
			assert_int_equal((uintptr_t)p[round][i] % alignof(max_align_t), 0);
			assert_true(all_zero(p[round][i], sizes[i]));
			memset(p[round][i], (int)(round + i) % 255 + 1, sizes[i]);
		}
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < ARRAY_COUNT(sizes); i++)
			for (size_t at = 0; at < sizes[i]; at++)
				assert_int_equal(p[round][i][at], (round + i) % 255 + 1);
}

static void arena_text(void **state)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	uint32_t *numbers = arena_array(arena, 3, sizeof(*numbers));

	(void)state;
	assert_true(all_zero(numbers, 3 * sizeof(*numbers)));
	assert_string_equal(arena_strdup(arena, "red"), "red");
	assert_string_equal(arena_strdup(arena, ""), "");
	assert_string_equal(arena_strndup(arena, "redder", 3), "red");
	assert_string_equal(arena_strndup(arena, "red", 30), "red");
	assert_string_equal(arena_printf(arena, "%s/%u", "10.0.0.0", 24U), "10.0.0.0/24");
	assert_int_equal(strlen(arena_printf(arena, "%09000d", 1)), 9000);
	assert_null(arena_strdup(arena, NULL));
	assert_null(arena_strndup(arena, NULL, 1));
}

static void macros(void **state)
{
	struct pair {
		int a, b;
	} pair = {1, 2};
	int *b = &pair.b;

	(void)state;
	assert_ptr_equal(container_of(b, struct pair, b), &pair);
	assert_int_equal(ARRAY_COUNT(((int[]){1, 2, 3})), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed), cmocka_unit_test(grow_keeps_content),
		cmocka_unit_test(overflow_aborts),  cmocka_unit_test(copies_of_text),
		cmocka_unit_test(freep_of_null),    cmocka_unit_test(arena_aligned_and_apart),
		cmocka_unit_test(arena_text),       cmocka_unit_test(macros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
