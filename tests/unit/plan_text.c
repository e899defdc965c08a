/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/plan/text: what the parser refuses, and with which words. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/plan/plan.h"

static const struct {
	const char *text, *words;
} wrong[] = {
	{"commit\n", "nothing to commit"},
	{"\n", "line 1: neither"},
	{"+ up ns=host dev=a\n", "no commit line"},
	{"+ up ns=host dev=a\ncommit", "line 2: the line does not end"},
	{"+ up ns=host dev=a\ncommit\ncommit\n", "line 3: neither"},
	{"commit\n+ up ns=host dev=a\n", "line 2: on the wrong side"},
	{"- up ns=host dev=a\ncommit\n", "line 1: on the wrong side"},
	{"-! up ns=host dev=a\ncommit\n", "line 1: not something to do with a up"},
	{"! up ns=host dev=a\ncommit\n", "line 1: neither"},
	{"+up ns=host dev=a\ncommit\n", "line 1: neither"},
	{"+ up ns=host dev=a \ncommit\n", "line 1: column 17:"},
	{"+ up ns=host dev=a\r\ncommit\n", "line 1: column 18:"},
	{"~ up ns=host dev=a\ncommit\n", "line 1: not something to do with a up"},
	{"+ netns ns=host\ncommit\n", "line 1: not something to do with a netns"},
	{"+ up ns=host dev=a\n\ncommit\n", "line 2: neither"},
};

static void refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		struct plan plan = {.commit = 42};
		struct err err = ERR_INIT;

		assert_int_equal(plan_parse(wrong[i].text, &plan, &err), -EINVAL);
		if (strncmp(err.msg, wrong[i].words, strlen(wrong[i].words)) != 0)
			fail_msg("\"%s\": %s", wrong[i].text, err.msg);
		assert_int_equal(plan.commit, 42);
		assert_int_equal(plan_parse(wrong[i].text, &plan, NULL), -EINVAL);
	}
}

static void taken(void **state)
{
	static const char *const texts[] = {
		"",
		"+ up ns=host dev=a\ncommit\n",
		"commit\n- up ns=host dev=a\n",
		("+ up ns=host dev=a\n~ link ns=host name=a type=bridge mtu=1400\ncommit\n"
		 "-! link ns=host name=b type=bridge\n- link ns=host name=c type=bridge\n"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		cleanup(buf_fini) struct buf text = BUF_INIT;
		cleanup(plan_fini) struct plan plan = {0};

		assert_int_equal(plan_parse(texts[i], &plan, NULL), 0);
		plan_print(&plan, &text);
		assert_string_equal(buf_cstr(&text), texts[i]);
		if (i == 3) {
			assert_int_equal(plan.commit, 2);
			assert_int_equal(plan.ops[2].slow, 0);
			assert_int_equal(plan.ops[3].slow, 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
