/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/base/buf: growth, the NUL behind the bytes, consuming. */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

static void empty(void **state)
{
	cleanup(buf_fini) struct buf buf = BUF_INIT;

	(void)state;
	assert_string_equal(buf_cstr(&buf), "");
	buf_clear(&buf);
	buf_consume(&buf, 0);
	buf_add(&buf, NULL, 0);
	assert_int_equal(buf.size, 0);
	assert_int_equal(buf.data[0], 0);
}

static void text(void **state)
{
	cleanup(buf_fini) struct buf buf = BUF_INIT;

	(void)state;
	buf_str(&buf, "add ");
	buf_printf(&buf, "%s/%d", "red", 24);
	buf_add(&buf, "\0x", 2);
	assert_int_equal(buf.size, 12);
	assert_memory_equal(buf.data, "add red/24\0x", 13);
	buf_clear(&buf);
	assert_string_equal(buf_cstr(&buf), "");
	assert_int_equal(buf.size, 0);
	assert_true(buf.capacity > 0);
	buf_printf(&buf, "%05000d", 1);
	assert_int_equal(buf.size, 5000);
	assert_int_equal(strlen(buf_cstr(&buf)), 5000);
}

static void always_ends_with_nul(void **state)
{
	cleanup(buf_fini) struct buf buf = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		buf_add(&buf, &(char){(char)('a' + i % 26)}, 1);
		assert_int_equal(buf.data[buf.size], 0);
		assert_true(buf.size < buf.capacity);
	}
	for (size_t i = 0; i < 3000; i++)
		assert_int_equal(buf.data[i], 'a' + i % 26);
}

static void extend_is_zeroed(void **state)
{
	cleanup(buf_fini) struct buf buf = BUF_INIT;
	uint8_t *room;

	(void)state;
	buf_str(&buf, "xxxxxxxxxxxxxxxxxxxx");
	buf_clear(&buf);
	buf_str(&buf, "ab");
	room = buf_extend(&buf, 200);
	assert_ptr_equal(room, buf.data + 2);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(room[i], 0);
	assert_int_equal(buf.size, 202);
	assert_int_equal(buf.data[202], 0);
	assert_non_null(buf_extend(&buf, 0));
}

static void consume(void **state)
{
	cleanup(buf_fini) struct buf buf = BUF_INIT;

	(void)state;
	buf_str(&buf, "one two");
	buf_consume(&buf, 4);
	assert_string_equal(buf_cstr(&buf), "two");
	assert_int_equal(buf.size, 3);
	buf_consume(&buf, 3);
	assert_string_equal(buf_cstr(&buf), "");
	assert_int_equal(buf.size, 0);
}

static void consumes_too_much(void)
{
	struct buf buf = BUF_INIT;

	buf_str(&buf, "abc");
	buf_consume(&buf, 4);
}

static void grows_too_much(void)
{
	struct buf buf = BUF_INIT;

	buf_str(&buf, "abc");
	buf_extend(&buf, SIZE_MAX - 2);
}

static void misuse_aborts(void **state)
{
	(void)state;
	assert_true(aborts(consumes_too_much));
	assert_true(aborts(grows_too_much));
}

static void fini_twice(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	buf_str(&buf, "abc");
	buf_fini(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.size + buf.capacity, 0);
	buf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(text),
		cmocka_unit_test(always_ends_with_nul),
		cmocka_unit_test(extend_is_zeroed),
		cmocka_unit_test(consume),
		cmocka_unit_test(misuse_aborts),
		cmocka_unit_test(fini_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
