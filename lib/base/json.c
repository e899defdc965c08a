/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json - limits around jansson's parser, and decoding by table. Floor F0. jansson itself refuses
 * trailing bytes, text that is not UTF-8, and NUL in strings; depth is counted here beforehand,
 * since its own limit is 2048. It is not for lab files (YAML) or netlink.
 */
#include "lib/base/json.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>

#include "lib/base/buf.h"

enum { JSON_STRING_MAX = 4096 }; /* bytes of a string whose row sets no bounds */

static int text_add(const char *data, size_t size, void *text);
static void seed_set(void);
static int depth_check(const char *data, size_t size, struct err *err);
static const struct json_field *field_find(const struct json_field *fields, const char *key,
					   unsigned flags);
static int field_decode(const struct json_field *field, const json_t *value,
			struct arena *arena, void *dst, struct err *err);
static int string_check(const struct json_field *field, const json_t *value, struct err *err);
static int count_check(const struct json_field *field, size_t count, struct err *err);
static int strv_decode(const struct json_field *field, const json_t *value, struct arena *arena,
		       void *place, struct err *err);
static int type_refuse(const struct json_field *field, const char *wanted, struct err *err);

int json_parse(const char *data, size_t size, unsigned flags, json_t **ret_doc, struct err *err)
{
	json_error_t error;
	json_t *doc;
	int rc;

	if (size > JSON_SIZE_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, NULL, "JSON of more than %d bytes",
			       (int)JSON_SIZE_MAX);
	rc = depth_check(data, size, err);
	if (rc < 0)
		return rc;
	seed_set();
	doc = json_loadb(data, size, flags & JSON_FOLD_DUPLICATES ? 0 : JSON_REJECT_DUPLICATES,
			 &error);
	if (!doc) {
		if (json_error_code(&error) == json_error_out_of_memory)
			abort();
		return err_set(err, ERR_USAGE, EINVAL, NULL, "JSON line %d column %d: %s",
			       error.line, error.column, error.text);
	}
	*ret_doc = doc;
	return 0;
}

char *json_text(const json_t *doc)
{
	struct buf text = BUF_INIT;

	/* Not json_dumps(3): whose memory its text is json_keep() may have changed. */
	if (json_dump_callback(doc, text_add, &text, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
		abort(); /* out of memory: what we build is valid */
	return (char *)text.data;
}

static int text_add(const char *data, size_t size, void *text)
{
	buf_add(text, data, size);
	return 0;
}

void json_freep(json_t **doc)
{
	json_decref(*doc);
}

int json_decode(const json_t *object, const struct json_field *fields, unsigned flags,
		struct arena *arena, void *dst, struct err *err)
{
	uint64_t seen = 0;
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return err_set(err, ERR_USAGE, EINVAL, NULL, "must be an object");
	/* jansson's iterators take no const, but only json_object_iter_set() writes */
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		const struct json_field *field = field_find(fields, key, flags);
		int rc;

		if (!field && !(flags & JSON_IGNORE_UNKNOWN))
			return err_set(err, ERR_USAGE, EINVAL, key, "unknown key");
		if (!field || json_is_null(value))
			continue;
		assert(field - fields < 64);
		seen |= UINT64_C(1) << (field - fields);
		rc = field_decode(field, value, arena, dst, err);
		if (rc < 0)
			return rc;
	}
	for (const struct json_field *field = fields; field->name; field++) {
		if (seen & UINT64_C(1) << (field - fields))
			continue;
		if (field->flags & JSON_REQUIRED)
			return err_set(err, ERR_USAGE, EINVAL, field->name, "missing");
		if (field->kind == JSON_FIELD_TRI)
			memcpy((char *)dst + field->offset, &(int){-1}, sizeof(int));
	}
	return 0;
}

/*
 * Of jansson's hash tables: the first one counts. By itself it would open, read and close /dev/urandom. From the kernel's
 * 16 random bytes (getauxval(3)) 32 bits are made that give away none of them: others guard the stack.
 */
static void seed_set(void)
{
	const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
	uint64_t words[2];
	size_t seed;

	if (!random)
		return;
	memcpy(words, random, sizeof(words));
	seed = (size_t)((words[0] * UINT64_C(0x9e3779b97f4a7c15) + words[1]) >> 32);
	if (seed)
		json_object_seed(seed);
}

/* Counts brackets outside strings. What is not JSON may be counted wrongly: the parser refuses it. */
static int depth_check(const char *data, size_t size, struct err *err)
{
	int depth = 0, line = 1, column = 0;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		column++;
		if (data[i] == '\n') {
			line++;
			column = 0;
		} else if (quoted && data[i] == '\\') {
			i++;
			column++;
		} else if (data[i] == '"') {
			quoted = !quoted;
		} else if (!quoted && (data[i] == '[' || data[i] == '{')) {
			if (++depth > JSON_DEPTH_MAX)
				return err_set(err, ERR_LIMIT, E2BIG, NULL,
					       "JSON line %d column %d: more than %d levels",
					       line, column, (int)JSON_DEPTH_MAX);
		} else if (!quoted && (data[i] == ']' || data[i] == '}')) {
			depth--;
		}
	}
	return 0;
}

/* As Go does: the exact name first, then one that differs in case alone. */
static const struct json_field *field_find(const struct json_field *fields, const char *key,
					   unsigned flags)
{
	for (const struct json_field *field = fields; field->name; field++)
		if (strcmp(field->name, key) == 0)
			return field;
	for (const struct json_field *field = fields; field->name; field++)
		if ((flags & JSON_FOLD_CASE) && strcasecmp(field->name, key) == 0)
			return field;
	return NULL;
}

static int field_decode(const struct json_field *field, const json_t *value,
			struct arena *arena, void *dst, struct err *err)
{
	char *place = (char *)dst + field->offset;
	json_int_t number;
	int rc;

	switch (field->kind) {
	case JSON_FIELD_STRING:
		rc = string_check(field, value, err);
		if (rc == 0)
			memcpy(place, &(const char *){json_string_value(value)},
			       sizeof(const char *));
		return rc;
	case JSON_FIELD_STRV:
		return strv_decode(field, value, arena, place, err);
	case JSON_FIELD_BOOL:
		if (!json_is_boolean(value))
			return type_refuse(field, "true or false", err);
		memcpy(place, &(bool){json_is_true(value)}, sizeof(bool));
		return 0;
	case JSON_FIELD_TRI:
		if (!json_is_boolean(value))
			return type_refuse(field, "true or false", err);
		memcpy(place, &(int){json_is_true(value) ? 1 : 0}, sizeof(int));
		return 0;
	case JSON_FIELD_INT:
		if (!json_is_integer(value))
			return type_refuse(field, "an integer", err);
		number = json_integer_value(value);
		if ((field->min || field->max) && (number < field->min || number > field->max))
			return err_set(err, ERR_USAGE, EINVAL, field->name,
				       "must be within %lld..%lld", (long long)field->min,
				       (long long)field->max);
		memcpy(place, &(int64_t){number}, sizeof(int64_t));
		return 0;
	case JSON_FIELD_ARRAY:
		if (!json_is_array(value))
			return type_refuse(field, "an array", err);
		rc = count_check(field, json_array_size(value), err);
		if (rc < 0)
			return rc;
		break;
	case JSON_FIELD_OBJECT:
		if (!json_is_object(value))
			return type_refuse(field, "an object", err);
		break;
	case JSON_FIELD_ANY:
		break;
	}
	memcpy(place, &value, sizeof(value));
	return 0;
}

static int string_check(const struct json_field *field, const json_t *value, struct err *err)
{
	bool bounded = field->min || field->max;
	int64_t min = bounded ? field->min : 0, max = bounded ? field->max : JSON_STRING_MAX;
	int64_t len;

	if (!json_is_string(value))
		return type_refuse(field, "a string", err);
	len = (int64_t)json_string_length(value);
	if (len < min || len > max)
		return err_set(err, ERR_USAGE, EINVAL, field->name,
			       "must have %lld..%lld characters", (long long)min,
			       (long long)max);
	return 0;
}

static int count_check(const struct json_field *field, size_t count, struct err *err)
{
	if ((field->min || field->max) &&
	    ((int64_t)count < field->min || (int64_t)count > field->max))
		return err_set(err, ERR_USAGE, EINVAL, field->name,
			       "must have %lld..%lld items", (long long)field->min,
			       (long long)field->max);
	return 0;
}

static int strv_decode(const struct json_field *field, const json_t *value, struct arena *arena,
		       void *place, struct err *err)
{
	const struct json_field item = {.name = field->name};
	size_t count = json_array_size(value);
	const char **strv;
	int rc;

	if (!json_is_array(value))
		return type_refuse(field, "an array of strings", err);
	rc = count_check(field, count, err);
	if (rc < 0)
		return rc;
	if (count > JSON_STRV_MAX)
		return err_set(err, ERR_USAGE, EINVAL, field->name, "more than %d strings",
			       (int)JSON_STRV_MAX);
	strv = arena_array(arena, count + 1, sizeof(*strv));
	for (size_t i = 0; i < count; i++) {
		rc = string_check(&item, json_array_get(value, i), err);
		if (rc < 0)
			return rc;
		strv[i] = json_string_value(json_array_get(value, i));
	}
	memcpy(place, &strv, sizeof(strv));
	return 0;
}

static int type_refuse(const struct json_field *field, const char *wanted, struct err *err)
{
	return err_set(err, ERR_USAGE, EINVAL, field->name, "must be %s", wanted);
}
