/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of runner/x11: displays, the file of cookies, the file for inside. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "runner/spec/x11.h"

/* Two entries: display 0 and display 7, of a host's name */
#define ENTRY(number, cookie)                                                                  \
	"\x01\x00\x00\x01h\x00\x01" number "\x00\x12MIT-MAGIC-COOKIE-1\x00\x04" cookie
static const char file[] = ENTRY("0", "\x01\x02\x03\x04") ENTRY("7", "\xfe\xdc\xba\x98");

static void displays_parse(void **state)
{
	static const char *const good[] = {":7", ":7.0", "unix:7", "unix/:7.1"};
	static const char *const bad[] = {"", "7", ":", ":x", ":-1", "host:7", ":65536", ":7x",
					  ": 7", "[::1]:7"};
	int64_t display;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		display = -1;
		assert_int_equal(x11_display_parse(good[i], &display), 0);
		assert_int_equal(display, 7);
	}
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(x11_display_parse(bad[i], &display), -EINVAL);
}

static void cookies_are_found(void **state)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	const uint8_t *data = (const uint8_t *)file;
	const char *cookie = NULL;

	(void)state;
	assert_int_equal(x11_cookie_find(data, sizeof(file) - 1, 7, arena, &cookie), 0);
	assert_string_equal(cookie, "fedcba98");
	assert_int_equal(x11_cookie_find(data, sizeof(file) - 1, 0, arena, &cookie), 0);
	assert_string_equal(cookie, "01020304");
	assert_int_equal(x11_cookie_find(data, sizeof(file) - 1, 8, arena, &cookie), -ENOENT);
	assert_int_equal(x11_cookie_find(data, sizeof(file) - 2, 8, arena, &cookie), -EBADMSG);
	assert_int_equal(x11_cookie_find(data, 0, 7, arena, &cookie), -ENOENT);
}

static void authority_is_inverse(void **state)
{
	static const char *const bad[] = {"0", "0g", "FF"};
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(buf_fini) struct buf made = BUF_INIT;
	struct spec_x11 x11 = {.display = 7, .cookie = "fedcba98"};
	const char *cookie = NULL;

	(void)state;
	assert_int_equal(x11_authority_make(&x11, &made), 0);
	assert_memory_equal(made.data, "\xff\xff\x00\x00\x00\x01" "7", 7);
	assert_int_equal(x11_cookie_find(made.data, made.size, 7, arena, &cookie), 0);
	assert_string_equal(cookie, x11.cookie);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		x11.cookie = bad[i];
		assert_int_equal(x11_authority_make(&x11, &made), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(displays_parse),
		cmocka_unit_test(cookies_are_found),
		cmocka_unit_test(authority_is_inverse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
