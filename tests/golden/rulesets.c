/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rulesets - every nft skeleton as libnftnl lists it, against the text that
 * was read by a human. With MOAT_GOLDEN_OUT=FOLDER the texts are written there
 * for the next reading.
 */
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

#include "lib/base/fdio.h"
#include "lib/kern/nft.h"

static void check(enum ruleset_kind kind, bool listed, const char *name)
{
	const struct kern_features features = {.nft_owner_persist = listed,
					       .netdev_device_add = listed};
	const char *out = getenv("MOAT_GOLDEN_OUT"), *top = getenv("MOAT_SOURCE_DIR");
	struct buf text = BUF_INIT, expected = BUF_INIT;
	char path[4096];

	assert_int_equal(nft_ruleset_print(kind, NFT_RULESET_VERSION, &features, &text), 0);
	snprintf(path, sizeof(path), "%s/%s%s",
		 out   ? out
		 : top ? top
		       : ".",
		 out ? "" : "tests/golden/", name);
	if (out) {
		assert_int_equal(
			file_write_atomic(path, text.data, text.size, 0644, false, NULL), 0);
	} else {
		if (file_read(path, 1 << 20, &expected) < 0)
			fail_msg("no %s", path);
		assert_string_equal(buf_cstr(&text), buf_cstr(&expected));
	}
	buf_fini(&text);
	buf_fini(&expected);
}

static void test_guard_list(void **state)
{
	(void)state;
	check(RULESET_GUARD, true, "ruleset_guard_list.txt");
}

static void test_guard_each(void **state)
{
	(void)state;
	check(RULESET_GUARD, false, "ruleset_guard_each.txt");
}

static void test_router(void **state)
{
	(void)state;
	check(RULESET_ROUTER, true, "ruleset_router.txt");
}

static void test_host(void **state)
{
	(void)state;
	check(RULESET_HOST, true, "ruleset_host.txt");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard_list),
		cmocka_unit_test(test_guard_each),
		cmocka_unit_test(test_router),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
