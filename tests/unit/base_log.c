/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/base/log: what lands on stderr. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"

/* The text that @fn writes to stderr; static storage. */
static const char *captured(void (*fn)(void))
{
	static char text[8192];
	int out[2], saved = dup(STDERR_FILENO);
	ssize_t size;

	assert_true(saved >= 0 && pipe(out) == 0);
	dup2(out[1], STDERR_FILENO);
	close(out[1]);
	fn();
	dup2(saved, STDERR_FILENO);
	close(saved);
	size = read(out[0], text, sizeof(text) - 1);
	close(out[0]);
	assert_true(size >= 0);
	text[size] = '\0';
	return text;
}

static void all_levels(void)
{
	errno = ENOENT;
	log_error("e %d", 1);
	log_warn("w");
	log_info("i");
	log_debug("d");
	assert_int_equal(errno, ENOENT);
}

static void controls(void)
{
	log_info("a\nb\033c\x7f \xc3\xa9");
}

static void failure(void)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_TAKEN, EEXIST, "red/web", "is taken");
	log_failure(&err, "attach %d", 3);
}

static void failure_without_object(void)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_IO, EIO, NULL, "broken");
	log_failure(&err, "start");
}

static void long_line(void)
{
	char text[6000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
}

static void plain(void **state)
{
	(void)state;
	log_init("moatd", LOG_LEVEL_INFO, 0);
	assert_string_equal(captured(all_levels),
			    "moatd: error: e 1\nmoatd: warning: w\nmoatd: i\n");
	log_init("moatd", LOG_LEVEL_ERROR, 0);
	assert_string_equal(captured(all_levels), "moatd: error: e 1\n");
	log_init("moatd", LOG_LEVEL_DEBUG, 0);
	assert_string_equal(captured(all_levels),
			    "moatd: error: e 1\nmoatd: warning: w\nmoatd: i\nmoatd: d\n");
}

static void for_systemd(void **state)
{
	(void)state;
	log_init("moatd", LOG_LEVEL_DEBUG, 1);
	assert_string_equal(captured(all_levels),
			    "<3>moatd: e 1\n<4>moatd: w\n<6>moatd: i\n<7>moatd: d\n");
}

static void one_line_each(void **state)
{
	const char *text;

	(void)state;
	log_init("m", LOG_LEVEL_INFO, 0);
	assert_string_equal(captured(controls), "m: a?b?c? \xc3\xa9\n");
	text = captured(long_line);
	assert_int_equal(strlen(text), 2047);
	assert_int_equal(text[2046], '\n');
	assert_ptr_equal(strchr(text, '\n'), text + 2046);
}

static void failures(void **state)
{
	(void)state;
	log_init("m", LOG_LEVEL_ERROR, 0);
	assert_string_equal(captured(failure), "m: error: attach 3: red/web: is taken\n");
	assert_string_equal(captured(failure_without_object), "m: error: start: broken\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(for_systemd),
		cmocka_unit_test(one_line_each),
		cmocka_unit_test(failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
