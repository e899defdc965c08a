// SPDX-License-Identifier: GPL-2.0-or-later
/* section - linux.seccomp put aside. Floor F4. */
#include "runner/oci/section.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/json.h"
#include "runner/oci/state.h"

/* What is left to be read. Of what is no JSON anything may be said: the parser refuses it. */
struct scan {
	const char *at, *end;
};

static bool section_find(const struct buf *text, struct oci_section *ret_section);
static bool member_find(struct scan *scan, const char *name);
static bool value_skip(struct scan *scan);
static bool string_skip(struct scan *scan);
static bool take(struct scan *scan, char c);

int oci_section_parse(struct buf *text, struct oci_section *ret_section, json_t **ret_doc, struct err *err)
{
	cleanup(buf_fini) struct buf rest = BUF_INIT;
	struct oci_section section;

	*ret_section = (struct oci_section){0};
	if (section_find(text, &section)) {
		const size_t before = (size_t)(section.text - buf_cstr(text));

		buf_add(&rest, text->data, before);
		buf_str(&rest, "null");
		buf_add(&rest, section.text + section.size, text->size - before - section.size);
		if (oci_json_parse(&rest, ret_doc, NULL) == 0) {
			*ret_section = section;
			return 0;
		}
	}
	return oci_json_parse(text, ret_doc, err);
}

int oci_section_decode(const struct oci_section *section, json_t **ret_doc, struct err *err)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	cleanup(json_freep) json_t *doc = NULL;
	int rc;

	buf_str(&text, "{\"linux\":{\"seccomp\":");
	buf_add(&text, section->text, section->size);
	buf_str(&text, "}}");
	rc = oci_json_parse(&text, &doc, err);
	if (rc < 0)
		return err_wrap(err, "linux.seccomp");
	*ret_doc = json_incref(json_object_get(json_object_get(doc, "linux"), "seccomp"));
	return 0;
}

/* ----------------------------------------------------------------- helpers */

static bool section_find(const struct buf *text, struct oci_section *ret_section)
{
	struct scan scan = {.at = buf_cstr(text), .end = buf_cstr(text) + text->size};
	struct oci_section section;

	if (!member_find(&scan, "linux") || !member_find(&scan, "seccomp") || scan.at == scan.end || *scan.at != '{')
		return false;
	section.text = scan.at;
	if (!value_skip(&scan))
		return false;
	section.size = (size_t)(scan.at - section.text);
	/* A name may be written in other ways with it. */
	if (memchr(section.text, '\\', section.size) || memmem(section.text, section.size, "listener", strlen("listener")))
		return false;
	*ret_section = section;
	return true;
}

static void space_skip(struct scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\t' || *scan->at == '\r'))
		scan->at++;
}

/* Of an object, the first of this name. Return: true, at its value. */
static bool member_find(struct scan *scan, const char *name)
{
	const size_t len = strlen(name);

	if (!take(scan, '{'))
		return false;
	do {
		const char *key;
		bool found;

		space_skip(scan);
		key = scan->at + 1;
		if (!string_skip(scan))
			return false;
		found = (size_t)(scan->at - key) == len + 1 && memcmp(key, name, len) == 0;
		if (!take(scan, ':'))
			return false;
		space_skip(scan);
		if (found)
			return true;
	} while (value_skip(scan) && take(scan, ','));
	return false;
}

static bool value_skip(struct scan *scan)
{
	size_t depth = 0;

	do {
		space_skip(scan);
		if (scan->at == scan->end)
			return false;
		switch (*scan->at) {
		case '"':
			if (!string_skip(scan))
				return false;
			break;
		case '{':
		case '[':
			depth++;
			scan->at++;
			break;
		case '}':
		case ']':
			if (depth-- == 0)
				return false;
			scan->at++;
			break;
		case ',':
		case ':':
			if (depth == 0)
				return false;
			scan->at++;
			break;
		default:
			while (scan->at < scan->end && !strchr(" \n\t\r,:]}[{\"", *scan->at))
				scan->at++;
			/* strchr(3) finds the NUL, too */
			if (scan->at < scan->end && !*scan->at)
				return false;
		}
	} while (depth);
	return true;
}

static bool string_skip(struct scan *scan)
{
	if (scan->at == scan->end || *scan->at != '"')
		return false;
	for (scan->at++; scan->at < scan->end; scan->at++) {
		if (*scan->at == '"') {
			scan->at++;
			return true;
		}
		if (*scan->at == '\\' && ++scan->at == scan->end)
			return false;
	}
	return false;
}

static bool take(struct scan *scan, char c)
{
	space_skip(scan);
	if (scan->at == scan->end || *scan->at != c)
		return false;
	scan->at++;
	return true;
}
