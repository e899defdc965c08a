/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/base/str: bounded copies, strict numbers, vectors. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

static void equality(void **state)
{
	(void)state;
	assert_true(str_eq("a", "a"));
	assert_false(str_eq("a", "ab"));
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq("", NULL));
	assert_false(str_eq(NULL, ""));
	assert_true(str_starts("moat-red", "moat-"));
	assert_true(str_starts("moat", ""));
	assert_true(str_starts("moat", "moat"));
	assert_false(str_starts("moa", "moat"));
	assert_false(str_starts(NULL, "moat"));
}

static void copy_never_cuts(void **state)
{
	char dst[5] = "zzzz";

	(void)state;
	assert_int_equal(str_copy(dst, sizeof(dst), "four"), 0);
	assert_string_equal(dst, "four");
	assert_int_equal(str_copy(dst, sizeof(dst), "fiver"), -ENAMETOOLONG);
	assert_string_equal(dst, "");
	assert_int_equal(str_copy(dst, sizeof(dst), ""), 0);
	assert_string_equal(dst, "");
	dst[0] = 'z';
	assert_int_equal(str_copy(dst, 0, ""), -ENAMETOOLONG);
	assert_int_equal(dst[0], 'z');
}

static void numbers_taken(void **state)
{
	static const struct {
		const char *s;
		uint64_t max, value;
	} rows[] = {
		{"0", 0, 0},
		{"9", 9, 9},
		{"65535", 65535, 65535},
		{"18446744073709551615", UINT64_MAX, UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint64_t value = 77;

		assert_int_equal(str_u64(rows[i].s, rows[i].max, &value), 0);
		assert_int_equal(value, rows[i].value);
	}
}

static void numbers_refused(void **state)
{
	static const struct {
		const char *s;
		uint64_t max;
		int rc;
	} rows[] = {
		{NULL, 9, -EINVAL},
		{"", 9, -EINVAL},
		{"+1", 9, -EINVAL},
		{"-1", 9, -EINVAL},
		{" 1", 9, -EINVAL},
		{"1 ", 9, -EINVAL},
		{"01", 9, -EINVAL},
		{"00", 9, -EINVAL},
		{"0x1", 9, -EINVAL},
		{"1e3", 9, -EINVAL},
		{"1.0", 9, -EINVAL},
		{"1\n", 9, -EINVAL},
		{"10", 9, -ERANGE},
		{"1", 0, -ERANGE},
		{"65536", 65535, -ERANGE},
		{"18446744073709551616", UINT64_MAX, -ERANGE},
		{"18446744073709551625", UINT64_MAX, -ERANGE},
		{"99999999999999999999999999", UINT64_MAX, -ERANGE},
		{"99999999999999999999999999x", UINT64_MAX, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint64_t value = 77;

		assert_int_equal(str_u64(rows[i].s, rows[i].max, &value), rows[i].rc);
		assert_int_equal(value, 77);
	}
}

static void hex48(void **state)
{
	static const char *const refused[] = {"",
					      "0123456789a",
					      "0123456789abc",
					      "0123456789aB",
					      "0123456789ag",
					      "0x23456789ab",
					      " 123456789ab",
					      "0123456789a "};
	uint64_t value = 77;
	char text[13];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
		assert_int_equal(str_hex48(refused[i], &value), -EINVAL);
	assert_int_equal(str_hex48(NULL, &value), -EINVAL);
	assert_int_equal(value, 77);
	assert_int_equal(str_hex48("0123456789ab", &value), 0);
	assert_int_equal(value, 0x0123456789ab);
	str_hex48_print(value, text);
	assert_string_equal(text, "0123456789ab");
	str_hex48_print(0, text);
	assert_string_equal(text, "000000000000");
	str_hex48_print(UINT64_MAX, text);
	assert_string_equal(text, "ffffffffffff");
}

static void vectors(void **state)
{
	char **strv = mem_array(3, sizeof(*strv));

	(void)state;
	assert_int_equal(strv_count(NULL), 0);
	assert_int_equal(strv_count(strv), 0);
	strv[0] = mem_strdup("a");
	strv[1] = mem_strdup("b");
	assert_int_equal(strv_count(strv), 2);
	strv_free(strv);
	strv_free(NULL);
}

static void octal(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {{"", ""}, {"/a\\040b", "/a b"}, {"\\134\\011x", "\\\tx"}, {"\\400\\08", "\\400\\08"}, {"\\04", "\\04"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		char *text = mem_strdup(rows[i].in);

		str_unoctal(text);
		assert_string_equal(text, rows[i].out);
		free(text);
	}
}

static void printable(void **state)
{
	char text[] = "a b~\x1b[31m\n\x7f\xc3\xa4";

	(void)state;
	str_printable(text);
	assert_string_equal(text, "a b~?[31m????");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality),      cmocka_unit_test(copy_never_cuts),
		cmocka_unit_test(numbers_taken), cmocka_unit_test(numbers_refused),
		cmocka_unit_test(hex48),         cmocka_unit_test(vectors),
		cmocka_unit_test(octal),         cmocka_unit_test(printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
