/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of runner/signals: names and numbers. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <string.h>

#include "lib/base/mem.h"
#include "runner/spec/signals.h"

static void names_and_numbers(void **state)
{
	static const struct {
		const char *text;
		int number;
	} good[] = {{"KILL", SIGKILL},	   {"SIGTERM", SIGTERM}, {"sighup", SIGHUP}, {"usr1", SIGUSR1},
		    {"9", 9},		   {"64", 64},		 {"1", 1},	     {"Winch", SIGWINCH},
		    {"SIGRTMIN+3", 34 + 3}, {"RTMAX-1", 63},	 {"RTMIN", 34}};
	static const char *const bad[] = {"",	 "0",	 "65",	"-9",	     "09",	"SIG",
					  "SIG9", "KILLS", "9 ", " KILL", "RTMIN+31", "RTMIN-1", "STOPPED"};
	struct err err;
	int number;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		assert_int_equal(signal_parse(good[i].text, &number, &err), 0);
		assert_int_equal(number, good[i].number);
	}
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		err = ERR_INIT;
		assert_true(signal_parse(bad[i], &number, &err) < 0);
		assert_int_equal(err.kind, ERR_USAGE);
	}
}

static void printed(void **state)
{
	char text[24];
	int back;
	struct err err;

	(void)state;
	assert_string_equal(signal_print(SIGTERM, text), "TERM");
	for (int number = 1; number <= SIGRTMAX; number++) {
		assert_int_equal(signal_parse(signal_print(number, text), &back, &err), 0);
		assert_int_equal(back, number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers),
		cmocka_unit_test(printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
