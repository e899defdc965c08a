/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json - strict JSON at our doors: jansson with limits, and decode tables.
 * Floor F0. Duplicate keys, trailing bytes, NUL in strings, depth and size
 * beyond the limits are refused before anything is built.
 */
#ifndef MOAT_BASE_JSON_H
#define MOAT_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

enum {
	JSON_DEPTH_MAX = 32,		/* nesting */
	JSON_SIZE_MAX = 4 * 1024 * 1024, /* bytes of one document: a lab of thousands of nodes fits */
	JSON_STRV_MAX = 4096,		/* strings in one array of strings */
};

enum json_parse_flag {
	JSON_FOLD_DUPLICATES = 1 << 0, /* last duplicate wins, as Go's decoder does (CNI only) */
};

/**
 * json_parse() - bytes to a document
 * Return: 0 and *ret_doc (the caller's, json_decref()), or -EINVAL / -E2BIG with the line and column in @err.
 */
int json_parse(const char *data, size_t size, unsigned flags, json_t **ret_doc, struct err *err);

/**
 * json_keep() - from now on the memory of documents is had in large pieces and goes with the process alone
 * To be called before the first document is made; what this library allocates for a caller is the caller's as before.
 */
void json_keep(void);

/** json_text() - one line of text, compact, keys in insertion order; malloc'ed. */
char *json_text(const json_t *doc);
void json_freep(json_t **doc); /* for cleanup() */

enum json_kind {
	JSON_FIELD_STRING, /* const char *: points into the document; NULL when absent */
	JSON_FIELD_STRV,   /* const char **: arena-allocated, NULL-terminated; NULL when absent */
	JSON_FIELD_BOOL,   /* bool */
	JSON_FIELD_TRI,	   /* int: -1 when absent, else 0 or 1 */
	JSON_FIELD_INT,	   /* int64_t */
	JSON_FIELD_ANY,	   /* const json_t *: borrowed; NULL when absent */
	JSON_FIELD_ARRAY,  /* the same, must be an array */
	JSON_FIELD_OBJECT, /* the same, must be an object */
};

enum json_field_flag {
	JSON_REQUIRED = 1 << 0,
};

/**
 * struct json_field - one row of a decode table
 * @min, @max: bounds of an integer; of the characters of a string (0, 0: 0..4096); of the items of an array
 */
struct json_field {
	const char *name;
	enum json_kind kind;
	size_t offset;
	unsigned flags;
	int64_t min, max;
};

enum json_decode_flag {
	JSON_IGNORE_UNKNOWN = 1 << 0, /* else an unknown key is refused by name */
	JSON_FOLD_CASE = 1 << 1,      /* keys match without regard to case (CNI only) */
};

/**
 * json_decode() - an object into a struct by a table. null counts as absent.
 * @fields: ends with a row whose name is NULL
 * @arena: for string vectors
 * Return: 0, or -EINVAL with the key's name in @err; @dst is then to be thrown away. @dst must be zeroed by the
 * caller; JSON_FIELD_TRI rows are set to -1 when absent.
 */
int json_decode(const json_t *object, const struct json_field *fields, unsigned flags, struct arena *arena, void *dst,
		struct err *err);

#endif
