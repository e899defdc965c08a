/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/base/json: the limits of the parser, each kind of row of a decode table. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/json.h"

struct thing {
	const char *name;
	const char **tags;
	bool on;
	int tri;
	int64_t count;
	const json_t *any, *array, *object;
};

static const struct json_field fields[] = {
	{.name = "name",
	 .kind = JSON_FIELD_STRING,
	 .offset = offsetof(struct thing, name),
	 .flags = JSON_REQUIRED,
	 .min = 1,
	 .max = 5},
	{.name = "tags",
	 .kind = JSON_FIELD_STRV,
	 .offset = offsetof(struct thing, tags),
	 .max = 3},
	{.name = "on", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct thing, on)},
	{.name = "tri", .kind = JSON_FIELD_TRI, .offset = offsetof(struct thing, tri)},
	{.name = "count",
	 .kind = JSON_FIELD_INT,
	 .offset = offsetof(struct thing, count),
	 .min = -5,
	 .max = 10},
	{.name = "any", .kind = JSON_FIELD_ANY, .offset = offsetof(struct thing, any)},
	{.name = "array",
	 .kind = JSON_FIELD_ARRAY,
	 .offset = offsetof(struct thing, array),
	 .min = 1,
	 .max = 2},
	{.name = "object", .kind = JSON_FIELD_OBJECT, .offset = offsetof(struct thing, object)},
	{0},
};

static json_t *doc_of(const char *text, unsigned flags)
{
	struct err err = ERR_INIT;
	json_t *doc = NULL;

	if (json_parse(text, strlen(text), flags, &doc, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return doc;
}

static int parse(const char *text, size_t size, unsigned flags, struct err *err)
{
	cleanup(json_freep) json_t *doc = NULL;
	int rc = json_parse(text, size, flags, &doc, err);

	assert_int_equal(rc == 0, doc != NULL);
	return rc;
}

static void refused_by_the_parser(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"{}}",
		"{} x",
		"{}{}",
		"[1,]",
		"{\"a\":1,}",
		"{'a':1}",
		"{a:1}",
		"1",
		"\"text\"",
		"null",
		"[NaN]",
		"[01]",
		"[+1]",
		"[1.]",
		"[\"\t\"]",
		"[\"\\x\"]",
		"[\"\\ud800\"]",
		"[\"\xff\"]",
		"[\"\xc0\x80\"]",
		"[\"\\u0000\"]",
		"{\"\\u0000\":1}",
		"[9223372036854775808]",
		"[1e999]",
		"[] // no",
		"\xef\xbb\xbf[]",
		"{\"a\":1,\"a\":1}",
		"[{\"b\":{\"a\":1,\"\\u0061\":2}}]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct err err = ERR_INIT;

		if (parse(texts[i], strlen(texts[i]), 0, &err) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.msg, "line "));
		assert_non_null(strstr(err.msg, "column "));
	}
	assert_int_equal(parse("[]\0", 3, 0, NULL), -EINVAL);
	assert_int_equal(parse("[\"a\0b\"]", 7, 0, NULL), -EINVAL);
}

static void place_of_an_error(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	parse("{\n\"a\": 1,\n  x}", 14, 0, &err);
	assert_non_null(strstr(err.msg, "line 3 column 3"));
}

static void duplicates(void **state)
{
	cleanup(json_freep) json_t *doc =
		doc_of("{\"a\":1,\"b\":2,\"a\":3}", JSON_FOLD_DUPLICATES);

	(void)state;
	assert_int_equal(json_object_size(doc), 2);
	assert_int_equal(json_integer_value(json_object_get(doc, "a")), 3);
}

/* @open repeated @depth times, then closed by @close in the same number */
static size_t nested(char *dst, int depth, const char *open, const char *close)
{
	dst[0] = '\0';
	for (int i = 0; i < depth; i++)
		strcat(dst, open);
	for (int i = 0; i < depth; i++)
		strcat(dst, close);
	return strlen(dst);
}

static void depth(void **state)
{
	const char *quoted = "[\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]";
	static char text[4096];
	struct err err = ERR_INIT;
	size_t size;

	(void)state;
	size = nested(text, JSON_DEPTH_MAX, "[", "]");
	assert_int_equal(parse(text, size, 0, NULL), 0);
	size = nested(text, JSON_DEPTH_MAX + 1, "[", "]");
	assert_int_equal(parse(text, size, 0, &err), -E2BIG);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_non_null(strstr(err.msg, "line 1 column 33"));
	size = nested(text, JSON_DEPTH_MAX / 2 + 1, "[{\"a\":", "}]");
	assert_int_equal(parse(text, size, JSON_FOLD_DUPLICATES, NULL), -E2BIG);
	/* brackets in strings do not count, also behind an escaped quote; closed ones neither */
	assert_int_equal(parse(quoted, strlen(quoted), 0, NULL), 0);
	strcpy(text, "[[]");
	for (int i = 0; i < 100; i++)
		strcat(text, ",[]");
	strcat(text, "]");
	assert_int_equal(parse(text, strlen(text), 0, NULL), 0);
	assert_int_equal(parse("[\"\\", 3, 0, NULL), -EINVAL);
}

static void size_limit(void **state)
{
	cleanup(mem_freep) char *text = mem_alloc(JSON_SIZE_MAX + 2);
	struct err err = ERR_INIT;

	(void)state;
	memset(text, ' ', JSON_SIZE_MAX + 1);
	memcpy(text, "[]", 2);
	assert_int_equal(parse(text, JSON_SIZE_MAX, 0, NULL), 0);
	assert_int_equal(parse(text, JSON_SIZE_MAX + 1, 0, &err), -E2BIG);
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void text_of(void **state)
{
	cleanup(json_freep) json_t *doc =
		doc_of("{ \"z\" : [1, true,null], \"a\":\"\\u00e9\"}", 0);
	cleanup(mem_freep) char *text = json_text(doc);
	cleanup(json_freep) json_t *number = json_integer(5);
	cleanup(mem_freep) char *five = json_text(number);

	(void)state;
	assert_string_equal(text, "{\"z\":[1,true,null],\"a\":\"\xc3\xa9\"}");
	assert_string_equal(five, "5");
	json_freep(&(json_t *){NULL});
}

static void decode_all(void **state)
{
	cleanup(json_freep) json_t *doc =
		doc_of("{\"name\":\"web\",\"tags\":[\"a\",\"b\"],\"on\":true,\"tri\":false,"
		       "\"count\":-5,\"any\":3,\"array\":[1],\"object\":{}}",
		       0);
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct thing thing = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(json_decode(doc, fields, 0, arena, &thing, &err), 0);
	assert_string_equal(thing.name, "web");
	assert_string_equal(thing.tags[0], "a");
	assert_string_equal(thing.tags[1], "b");
	assert_null(thing.tags[2]);
	assert_true(thing.on);
	assert_int_equal(thing.tri, 0);
	assert_int_equal(thing.count, -5);
	assert_int_equal(json_integer_value(thing.any), 3);
	assert_int_equal(json_array_size(thing.array), 1);
	assert_true(json_is_object(thing.object));
}

static void decode_absent(void **state)
{
	cleanup(json_freep) json_t *doc = doc_of("{\"name\":\"w\",\"tags\":null,\"on\":null,"
						 "\"tri\":null,\"count\":null,\"any\":null}",
						 0);
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct thing thing = {0};

	(void)state;
	assert_int_equal(json_decode(doc, fields, 0, arena, &thing, NULL), 0);
	assert_null(thing.tags);
	assert_false(thing.on);
	assert_int_equal(thing.tri, -1);
	assert_int_equal(thing.count, 0);
	assert_null(thing.any);
	assert_null(thing.array);
	assert_null(thing.object);
}

static void decode_refuses(void **state)
{
	static const struct {
		const char *text, *key;
	} rows[] = {
		{"{}", "name"},
		{"{\"name\":null}", "name"},
		{"{\"name\":1}", "name"},
		{"{\"name\":\"\"}", "name"},
		{"{\"name\":\"sixsix\"}", "name"},
		{"{\"name\":\"w\",\"tags\":\"a\"}", "tags"},
		{"{\"name\":\"w\",\"tags\":{}}", "tags"},
		{"{\"name\":\"w\",\"tags\":[1]}", "tags"},
		{"{\"name\":\"w\",\"tags\":[null]}", "tags"},
		{"{\"name\":\"w\",\"tags\":[\"a\",\"a\",\"a\",\"a\"]}", "tags"},
		{"{\"name\":\"w\",\"on\":1}", "on"},
		{"{\"name\":\"w\",\"on\":\"true\"}", "on"},
		{"{\"name\":\"w\",\"tri\":0}", "tri"},
		{"{\"name\":\"w\",\"count\":-6}", "count"},
		{"{\"name\":\"w\",\"count\":11}", "count"},
		{"{\"name\":\"w\",\"count\":1.0}", "count"},
		{"{\"name\":\"w\",\"count\":\"1\"}", "count"},
		{"{\"name\":\"w\",\"array\":{}}", "array"},
		{"{\"name\":\"w\",\"array\":[]}", "array"},
		{"{\"name\":\"w\",\"array\":[1,2,3]}", "array"},
		{"{\"name\":\"w\",\"object\":[]}", "object"},
		{"{\"name\":\"w\",\"zone\":1}", "zone"},
		{"{\"name\":\"w\",\"zone\":null}", "zone"},
		{"{\"name\":\"w\",\"Name\":\"w\"}", "Name"},
		{"[]", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		cleanup(json_freep) json_t *doc = doc_of(rows[i].text, 0);
		cleanup(arena_freep) struct arena *arena = arena_new();
		struct thing thing = {0};
		struct err err = ERR_INIT;

		if (json_decode(doc, fields, 0, arena, &thing, &err) != -EINVAL)
			fail_msg("taken: %s", rows[i].text);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_string_equal(err.object, rows[i].key);
	}
}

static void decode_flags(void **state)
{
	cleanup(json_freep) json_t *doc = doc_of(
		"{\"zone\":1,\"NAME\":\"one\",\"name\":\"two\",\"Name\":null,\"cOUNT\":4}", 0);
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct thing thing = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(json_decode(doc, fields, JSON_FOLD_CASE, arena, &thing, &err),
			 -EINVAL);
	assert_string_equal(err.object, "zone");
	assert_int_equal(json_decode(doc, fields, JSON_IGNORE_UNKNOWN, arena, &thing, &err), 0);
	assert_string_equal(thing.name, "two");
	assert_int_equal(thing.count, 0);
	thing = (struct thing){0};
	assert_int_equal(json_decode(doc, fields, JSON_IGNORE_UNKNOWN | JSON_FOLD_CASE, arena,
				     &thing, &err),
			 0);
	assert_string_equal(thing.name, "two"); /* the last that is not null, as Go has it */
	assert_int_equal(thing.count, 4);
}

static const struct json_field loose[] = {
	{.name = "s", .kind = JSON_FIELD_STRING, .offset = offsetof(struct thing, name)},
	{.name = "v", .kind = JSON_FIELD_STRV, .offset = offsetof(struct thing, tags)},
	{.name = "i", .kind = JSON_FIELD_INT, .offset = offsetof(struct thing, count)},
	{.name = "a", .kind = JSON_FIELD_ARRAY, .offset = offsetof(struct thing, array)},
	{0},
};

static int decode_loose(json_t *value, const char *key)
{
	cleanup(json_freep) json_t *doc = json_pack("{s:o}", key, value);
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct thing thing = {0};

	assert_non_null(doc);
	return json_decode(doc, loose, 0, arena, &thing, NULL);
}

static json_t *string_of(size_t len)
{
	cleanup(mem_freep) char *text = mem_alloc(len + 1);

	memset(text, 'x', len);
	return json_string(text);
}

static json_t *strings_of(size_t count, size_t len)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, string_of(len));
	return array;
}

static void decode_default_bounds(void **state)
{
	(void)state;
	assert_int_equal(decode_loose(string_of(0), "s"), 0);
	assert_int_equal(decode_loose(string_of(4096), "s"), 0);
	assert_int_equal(decode_loose(string_of(4097), "s"), -EINVAL);
	assert_int_equal(decode_loose(strings_of(0, 0), "v"), 0);
	assert_int_equal(decode_loose(strings_of(JSON_STRV_MAX, 1), "v"), 0);
	assert_int_equal(decode_loose(strings_of(JSON_STRV_MAX + 1, 1), "v"), -EINVAL);
	assert_int_equal(decode_loose(strings_of(1, 4097), "v"), -EINVAL);
	assert_int_equal(decode_loose(json_integer(INT64_MIN), "i"), 0);
	assert_int_equal(decode_loose(json_integer(INT64_MAX), "i"), 0);
	assert_int_equal(decode_loose(json_array(), "a"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_by_the_parser),
		cmocka_unit_test(place_of_an_error),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(depth),
		cmocka_unit_test(size_limit),
		cmocka_unit_test(text_of),
		cmocka_unit_test(decode_all),
		cmocka_unit_test(decode_absent),
		cmocka_unit_test(decode_refuses),
		cmocka_unit_test(decode_flags),
		cmocka_unit_test(decode_default_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
