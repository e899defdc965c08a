/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/base/err: filling, wrapping, cutting, names of kinds. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/err.h"

static void set_fills_all(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, ERR_TAKEN, EEXIST, "red/web", "there is %s", "one"),
			 -EEXIST);
	assert_int_equal(err.kind, ERR_TAKEN);
	assert_int_equal(err.no, EEXIST);
	assert_string_equal(err.object, "red/web");
	assert_string_equal(err.msg, "there is one");
}

static void set_defaults(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(NULL, ERR_IO, EPERM, "x", "y"), -EPERM);
	assert_int_equal(err_set(&err, ERR_IO, 0, NULL, "y"), -EINVAL);
	assert_int_equal(err.no, EINVAL);
	assert_string_equal(err.object, "");
}

static void set_replaces_unprintable(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_USAGE, EINVAL, "a\033[2Jb", "new\nline\ttab\x7f\xc3\xa9 ~!");
	assert_string_equal(err.object, "a?[2Jb");
	assert_string_equal(err.msg, "new?line?tab??? ~!");
}

static void set_cuts_long_text(void **state)
{
	struct err err = ERR_INIT;
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, ERR_USAGE, EINVAL, text, "%s", text);
	assert_int_equal(strlen(err.object), ERR_OBJECT_SIZE - 1);
	assert_int_equal(strlen(err.msg), ERR_MSG_SIZE - 1);
	assert_int_equal(err_wrap(&err, "%s", text), -EINVAL);
	assert_int_equal(strlen(err.msg), ERR_MSG_SIZE - 1);
}

static void set_from_itself(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_USAGE, EINVAL, "obj", "inner");
	err_set(&err, ERR_IO, EIO, err.object, "<%s>", err.msg);
	assert_string_equal(err.object, "obj");
	assert_string_equal(err.msg, "<inner>");
}

static void wrap_goes_before(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_KERNEL, EBUSY, "red/web", "device is busy");
	assert_int_equal(err_wrap(&err, "attach %d", 7), -EBUSY);
	assert_string_equal(err.msg, "attach 7: device is busy");
	assert_int_equal(err.kind, ERR_KERNEL);
	assert_string_equal(err.object, "red/web");
	assert_int_equal(err_wrap(NULL, "x"), -EINVAL);
}

static void sys_adds_the_reason(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_sys(&err, ERR_IO, ENOENT, "f", "open"), -ENOENT);
	assert_string_equal(err.msg, "open: No such file or directory");
	assert_int_equal(err_sys(&err, ERR_IO, 99999, "f", "open"), -99999);
	assert_string_equal(err.msg, "open: unknown error");
}

static void kinds_have_names(void **state)
{
	(void)state;
	for (int i = ERR_NONE + 1; i < ERR_KIND_COUNT; i++) {
		const char *name = err_kind_name((enum err_kind)i);

		assert_int_equal(strncmp(name, "io.moat.", 8), 0);
		assert_int_equal(err_kind_parse(name), i);
		assert_in_range((uintmax_t)err_exit_code((enum err_kind)i), 1, 4);
	}
	assert_string_equal(err_kind_name(ERR_NONE), "");
	assert_string_equal(err_kind_name(ERR_KIND_COUNT), "io.moat.Internal");
	assert_int_equal(err_kind_parse("io.moat.Nothing"), ERR_INTERNAL);
	assert_int_equal(err_kind_parse(""), ERR_INTERNAL);
	assert_int_equal(err_kind_parse(NULL), ERR_INTERNAL);
}

static void exit_codes(void **state)
{
	(void)state;
	assert_int_equal(err_exit_code(ERR_NONE), 0);
	assert_int_equal(err_exit_code(ERR_USAGE), 2);
	assert_int_equal(err_exit_code(ERR_NAME), 2);
	assert_int_equal(err_exit_code(ERR_NOTFOUND), 3);
	assert_int_equal(err_exit_code(ERR_ADDRTAKEN), 4);
	assert_int_equal(err_exit_code(ERR_LIMIT), 4);
	assert_int_equal(err_exit_code(ERR_UNSUPPORTED), 1);
	assert_int_equal(err_exit_code(ERR_KERNEL), 1);
	assert_int_equal(err_exit_code(ERR_KIND_COUNT), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_fills_all),
		cmocka_unit_test(set_defaults),
		cmocka_unit_test(set_replaces_unprintable),
		cmocka_unit_test(set_cuts_long_text),
		cmocka_unit_test(set_from_itself),
		cmocka_unit_test(wrap_goes_before),
		cmocka_unit_test(sys_adds_the_reason),
		cmocka_unit_test(kinds_have_names),
		cmocka_unit_test(exit_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
