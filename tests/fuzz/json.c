/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json - fuzz target of lib/base/json: json_parse() with and without JSON_FOLD_DUPLICATES, and
 * json_decode() of what it took. Checks that what is taken prints, is read back as the same, and
 * keeps the limits.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/json.h"
#include "tests/fuzz/fuzz.h"

struct thing {
	const char *name;
	const char **tags;
	bool on;
	int tri;
	int64_t count;
	const json_t *any, *array, *object;
};

#define ROW(key, kind_, ...)                                                                   \
	{                                                                                      \
		.name = #key, .kind = kind_, .offset = offsetof(struct thing, key),            \
		__VA_ARGS__                                                                    \
	}

static const struct json_field fields[] = {
	ROW(name, JSON_FIELD_STRING, .min = 1, .max = 20),
	ROW(tags, JSON_FIELD_STRV),
	ROW(on, JSON_FIELD_BOOL),
	ROW(tri, JSON_FIELD_TRI),
	ROW(count, JSON_FIELD_INT, .min = -10, .max = 10),
	ROW(any, JSON_FIELD_ANY),
	ROW(array, JSON_FIELD_ARRAY),
	ROW(object, JSON_FIELD_OBJECT),
	{0},
};

static int depth_of(const json_t *value)
{
	int deepest = 0;

	/* iterators take no const, but only json_object_iter_set() writes */
	json_t *open = (json_t *)(uintptr_t)value, *item;
	const char *key;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach(open, key, item) {
			int depth = depth_of(item);

			deepest = depth > deepest ? depth : deepest;
		}
	} else if (json_is_array(value)) {
		json_array_foreach(open, i, item) {
			int depth = depth_of(item);

			deepest = depth > deepest ? depth : deepest;
		}
	} else {
		return 0;
	}
	return deepest + 1;
}

static void decode(const json_t *doc, unsigned flags)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct thing thing = {0};
	struct err err = ERR_INIT;
	int rc = json_decode(doc, fields, flags, arena, &thing, &err);

	fuzz_check(rc == 0 || (rc == -EINVAL && err.kind == ERR_USAGE && *err.msg));
	if (rc < 0)
		return;
	fuzz_check(!thing.name || (*thing.name && strlen(thing.name) <= 20));
	fuzz_check(thing.count >= -10 && thing.count <= 10);
	fuzz_check(thing.tri >= -1 && thing.tri <= 1);
	fuzz_check(!thing.array || json_is_array(thing.array));
	fuzz_check(!thing.object || json_is_object(thing.object));
	for (size_t i = 0; thing.tags && thing.tags[i]; i++)
		fuzz_check(strlen(thing.tags[i]) <= 4096);
}

static bool parse(const uint8_t *data, size_t size, unsigned flags)
{
	cleanup(json_freep) json_t *doc = NULL;
	cleanup(json_freep) json_t *again = NULL;
	cleanup(mem_freep) char *text = NULL;
	cleanup(mem_freep) char *text_again = NULL;
	struct err err = ERR_INIT;
	int rc = json_parse((const char *)data, size, flags, &doc, &err);

	if (rc < 0) {
		fuzz_check(!doc && err.no == -rc && *err.msg);
		fuzz_check(rc == -EINVAL || rc == -E2BIG);
		return false;
	}
	fuzz_check(depth_of(doc) <= JSON_DEPTH_MAX);
	text = json_text(doc);
	fuzz_check(json_parse(text, strlen(text), 0, &again, NULL) == 0);
	text_again = json_text(again);
	fuzz_check(strcmp(text, text_again) == 0);
	decode(doc, 0);
	decode(doc, JSON_IGNORE_UNKNOWN);
	decode(doc, JSON_IGNORE_UNKNOWN | JSON_FOLD_CASE);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool strict = parse(data, size, 0), loose = parse(data, size, JSON_FOLD_DUPLICATES);

	fuzz_check(loose || !strict); /* what the strict parser takes, the other takes too */
	return 0;
}
