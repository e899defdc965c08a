/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * needs - cmocka tests that need what not every machine has. cmocka shows a test that was skipped as passed, with the
 * whole program; so those tests are called needs_*, and CMake runs them (moat_cmocka_tests() in CMakeLists.txt) as a test
 * of their own, "PROGRAM_needs", which ends with 77 where one was skipped. Includes cmocka.h as that wants it.
 */
#ifndef MOAT_TESTS_LIB_NEEDS_H
#define MOAT_TESTS_LIB_NEEDS_H

/* the order that cmocka.h asks for */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEEDS_SKIP 77

static unsigned needs_missing;

/** needs() - leave a test needs_* where @there is false, with what is missing; MOAT_MUST_WORK=1: that is a failure. */
static inline void needs(int there, const char *what)
{
	const char *must = getenv("MOAT_MUST_WORK");

	if (there)
		return;
	print_message("skipped: %s\n", what);
	if (must && strcmp(must, "1") == 0)
		fail_msg("MOAT_MUST_WORK=1, but: %s", what);
	needs_missing++;
	skip();
}

/** needs_choose() - the one argument, "needs" or "rest", says which tests of the program run; without it all do. */
static inline void needs_choose(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "needs") == 0)
		cmocka_set_test_filter("needs_*");
	else if (argc == 2 && strcmp(argv[1], "rest") == 0)
		cmocka_set_skip_filter("needs_*");
}

/** needs_status() - @failed: what cmocka_run_group_tests() returned. Return: the exit status. */
static inline int needs_status(int failed)
{
	return failed ? 1 : needs_missing ? NEEDS_SKIP : 0;
}

#endif
