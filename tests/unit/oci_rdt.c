// SPDX-License-Identifier: GPL-2.0-or-later
/* oci_rdt - linux.intelRdt as values; schemata as people write them beside those that the kernel tells. */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/oci/rdt.h"

static int decode(const char *text, struct arena *arena, const struct oci_rdt **ret_rdt)
{
	cleanup(json_freep) json_t *doc = NULL;
	struct err err = ERR_INIT;
	int rc;

	assert_int_equal(json_parse(text, strlen(text), 0, &doc, NULL), 0);
	rc = oci_rdt_decode(doc, arena, ret_rdt, &err);
	if (rc < 0)
		assert_string_equal(err.object, "linux.intelRdt");
	return rc;
}

static void taken(void **state)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	const struct oci_rdt *rdt;

	(void)state;
	assert_int_equal(decode("{}", arena, &rdt), 0);
	assert_true(!rdt->clos && !rdt->l3 && !rdt->mb && !rdt->lines[0] && !rdt->monitored);
	/* as Go writes what is not set */
	assert_int_equal(decode("{\"closID\": \"\", \"l3CacheSchema\": \"\", \"memBwSchema\": \"\", \"schemata\": []}", arena, &rdt),
			 0);
	assert_true(!rdt->clos && !rdt->l3 && !rdt->mb && !rdt->lines[0]);
	assert_int_equal(decode("{\"closID\": \"/\", \"enableMonitoring\": true}", arena, &rdt), 0);
	assert_true(rdt->monitored);
	assert_int_equal(decode("{\"enableMBM\": true}", arena, &rdt), 0);
	assert_true(rdt->monitored);
}

static void refused(void **state)
{
	static const char *const texts[] = {
		"{\"closID\": \"a/b\"}",
		"{\"closID\": \"//\"}",
		"{\"closID\": \"..\"}",
		"{\"closID\": \"a\\nb\"}",
		"{\"memBwSchema\": \"L3:0=1\"}",
		"{\"memBwSchema\": \"MB:0=1\\nMB:1=1\"}",
		"{\"schemata\": [\"L3:0=1\\n\"]}",
	};
	cleanup(arena_freep) struct arena *arena = arena_new();
	const struct oci_rdt *rdt;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_true(decode(texts[i], arena, &rdt) < 0);
}

static void compared(void **state)
{
	static const char had[] = "    MB:0= 20;1=100\n    L3:0=7f0;1=01f\nL2:0=ff\n";
	static const struct {
		const char *lines;
		bool same;
	} rows[] = {
		{"L3:0=7f0;1=1f", true}, {"L3:1=1F", true},	 {"L3: 1 = 01f ; 0=7f0 ", true},
		{"MB:0=20;1=100", true}, {"MB:0=020", true},	 {"L3:0=7f0\nMB:1=100\n", true},
		{"", true},		 {"L3:0=7f", false},	 {"L3:0=7f00", false},
		{"L3:2=7f0", false},	 {"L4:0=7f0", false},	 {"L3:0=7f0\nMB:1=10", false},
		{"L3", false},		 {"L3:0", false},	 {"MB:0=2", false},
		{"L:0=7f0", false},	 {"L3:0=7f0;", true},	 {"L3:0=7f0;;", false},
		{"L3:=7f0", false},	 {"L3:0=", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (oci_rdt_matches(had, rows[i].lines) != rows[i].same)
			fail_msg("\"%s\"", rows[i].lines);
	assert_false(oci_rdt_matches("", "L3:0=1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken),
		cmocka_unit_test(refused),
		cmocka_unit_test(compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
