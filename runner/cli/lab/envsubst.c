/* SPDX-License-Identifier: GPL-2.0-or-later */
/* envsubst - see the header. Floor F5, pure. Lines and columns are counted as libyaml counts them: in characters. */
#include "runner/cli/lab/envsubst.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * struct scan - a position in the text, and what goes with it
 * @to_column: column of the expanded text
 */
struct scan {
	const struct lab *lab;
	const struct lab_options *options;
	const char *data;
	size_t size, at;
	uint32_t line, column, to_column;
	struct err *err;
};

static int expand_one(struct scan *scan, struct buf *out, unsigned depth, bool *ret_done);
static int expand_braced(struct scan *scan, struct buf *out, unsigned depth, bool *ret_done);
static int expand_default(struct scan *scan, struct buf *out, unsigned depth);
static int add_value(struct scan *scan, struct buf *out, const char *name, const char *value);
static size_t name_len(const char *s, size_t size);
static const char *lookup(struct scan *scan, const char *name, size_t len, char *ret_name);
static void step(struct scan *scan, size_t bytes);
static uint32_t characters(const char *s, size_t size);
static void shift_add(struct envsubst *subst, struct envsubst_shift shift);

enum { VARIABLE_NAME_MAX = 255 };

void envsubst_fini(struct envsubst *subst)
{
	buf_fini(&subst->text);
	free(subst->shifts);
	*subst = (struct envsubst){0};
}

int envsubst_expand(const struct lab *lab, const char *data, size_t size,
		    const struct lab_options *options, struct envsubst *ret_subst,
		    struct err *err)
{
	struct scan scan = {.lab = lab,
			    .options = options,
			    .data = data,
			    .size = size,
			    .line = 1,
			    .column = 1,
			    .to_column = 1,
			    .err = err};
	struct buf *text = &ret_subst->text;

	*ret_subst = (struct envsubst){0};
	while (scan.at < size) {
		uint32_t column = scan.column, line = scan.line;
		size_t before = text->size;
		bool done = false;
		int rc;

		if (data[scan.at] == '$') {
			rc = expand_one(&scan, text, 0, &done);
			if (rc < 0)
				return rc;
		}
		if (done) {
			struct envsubst_shift shift = {.line = line,
						       .to_column = scan.to_column,
						       .from_column = column};

			shift.to_count = characters((const char *)text->data + before,
						    text->size - before);
			shift.from_count = scan.column - column;
			shift_add(ret_subst, shift);
			scan.to_column += shift.to_count;
		} else {
			const char *next = memchr(data + scan.at + 1, '$', size - scan.at - 1);
			size_t count = next ? (size_t)(next - data) - scan.at : size - scan.at;

			buf_add(text, data + scan.at, count);
			step(&scan, count);
			/* on one line both columns walk together; a new line begins both anew */
			scan.to_column = scan.line == line
						 ? scan.to_column + (scan.column - column)
						 : scan.column;
		}
		if (text->size > LAB_FILE_MAX)
			return lab_fail(lab, (struct lab_pos){line, column}, err, ERR_LIMIT,
					"the file with its variables is longer than %d bytes",
					(int)LAB_FILE_MAX);
	}
	return 0;
}

struct lab_pos envsubst_pos(const struct envsubst *subst, struct lab_pos pos)
{
	size_t low = 0, high = subst->shift_count;
	const struct envsubst_shift *shift;
	uint32_t into;

	/* the last shift that begins at or before the place */
	while (low < high) {
		size_t mid = (low + high) / 2;

		shift = &subst->shifts[mid];
		if (shift->line < pos.line ||
		    (shift->line == pos.line && shift->to_column <= pos.column))
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || subst->shifts[low - 1].line != pos.line)
		return pos;
	shift = &subst->shifts[low - 1];
	into = pos.column - shift->to_column;
	if (into < shift->to_count) /* inside a value: its variable's '$' */
		pos.column = shift->from_column;
	else
		pos.column = shift->from_column + shift->from_count + (into - shift->to_count);
	return pos;
}

/* ------------------------------------------------------------------ helpers */

/* At a '$'. @ret_done: something was read and written, else it is common text. */
static int expand_one(struct scan *scan, struct buf *out, unsigned depth, bool *ret_done)
{
	const char *s = scan->data + scan->at + 1;
	size_t rest = scan->size - scan->at - 1, len;
	char name[VARIABLE_NAME_MAX + 1];
	const char *value;

	*ret_done = false;
	if (rest && s[0] == '$') {
		buf_str(out, "$");
		step(scan, 2);
		*ret_done = true;
		return 0;
	}
	if (rest && s[0] == '{')
		return expand_braced(scan, out, depth, ret_done);
	len = name_len(s, rest);
	value = len ? lookup(scan, s, len, name) : NULL;
	if (!value)
		return 0;
	*ret_done = true;
	if (add_value(scan, out, name, value) < 0)
		return -EINVAL;
	step(scan, 1 + len);
	return 0;
}

static int expand_braced(struct scan *scan, struct buf *out, unsigned depth, bool *ret_done)
{
	const char *s = scan->data + scan->at + 2;
	size_t rest = scan->size - scan->at - 2, len = name_len(s, rest);
	struct lab_pos pos = {scan->line, scan->column};
	char name[VARIABLE_NAME_MAX + 1], op;
	cleanup(buf_fini) struct buf other = BUF_INIT;
	const char *value;
	bool colon, set;
	int rc;

	*ret_done = false;
	if (!len)
		return 0;
	value = lookup(scan, s, len, name);
	if (len < rest && s[len] == '}') {
		if (!value)
			return 0; /* left as it stands */
		*ret_done = true;
		rc = add_value(scan, out, name, value);
		step(scan, len + 3);
		return rc;
	}
	colon = len < rest && s[len] == ':';
	op = len + colon < rest ? s[len + colon] : '\0';
	if (op != '-' && op != '=' && op != '+')
		return 0; /* a shell's ${VAR#x} in some exec: none of ours */
	if (depth == ENVSUBST_DEPTH_MAX)
		return lab_fail(scan->lab, pos, scan->err, ERR_LIMIT,
				"${%s}: variables nest deeper than %d", name,
				(int)ENVSUBST_DEPTH_MAX);
	step(scan, 2 + len + colon + 1);
	rc = expand_default(scan, &other, depth + 1);
	if (rc == -ENODATA)
		return lab_fail(scan->lab, pos, scan->err, ERR_USAGE,
				"${%s has no closing brace", name);
	if (rc < 0)
		return rc;
	*ret_done = true;
	set = value && (!colon || *value);
	if (op == '+')
		value = set ? buf_cstr(&other) : "";
	else if (!set)
		value = buf_cstr(&other);
	if (value == buf_cstr(&other)) {
		buf_str(out, value);
		return 0;
	}
	return add_value(scan, out, name, value);
}

/* After the operator, up to and with the closing brace of this level. -ENODATA where it is missing in this line. */
static int expand_default(struct scan *scan, struct buf *out, unsigned depth)
{
	while (scan->at < scan->size) {
		char c = scan->data[scan->at];
		bool done = false;

		if (c == '}') {
			step(scan, 1);
			return 0;
		}
		if (c == '\n' || c == '\r' || !c)
			return -ENODATA;
		if (c == '$') {
			int rc = expand_one(scan, out, depth, &done);

			if (rc < 0)
				return rc;
		}
		if (!done) {
			buf_add(out, &c, 1);
			step(scan, 1);
		}
	}
	return -ENODATA;
}

static int add_value(struct scan *scan, struct buf *out, const char *name, const char *value)
{
	struct lab_pos pos = {scan->line, scan->column};

	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || (unsigned char)*p > 127)
			return lab_fail(scan->lab, pos, scan->err, ERR_USAGE,
					"variable %s holds more than printable ASCII", name);
	if (strlen(value) + out->size > LAB_FILE_MAX)
		return lab_fail(scan->lab, pos, scan->err, ERR_LIMIT,
				"the file with variable %s is longer than %d bytes", name,
				(int)LAB_FILE_MAX);
	buf_str(out, value);
	return 0;
}

static size_t name_len(const char *s, size_t size)
{
	size_t len = 0;

	while (len < size && (unsigned char)s[len] < 128 &&
	       (isalnum((unsigned char)s[len]) || s[len] == '_'))
		len++;
	/* containerlab: no digit first, and "_" alone is no name */
	if (!len || len > VARIABLE_NAME_MAX || isdigit((unsigned char)s[0]) ||
	    (len == 1 && s[0] == '_'))
		return 0;
	return len;
}

static const char *lookup(struct scan *scan, const char *name, size_t len, char *ret_name)
{
	memcpy(ret_name, name, len);
	ret_name[len] = '\0';
	return scan->options->env ? scan->options->env(scan->options->env_ctx, ret_name) : NULL;
}

/* YAML's line breaks: LF, CR, CR LF, NEL (C2 85), LS and PS (E2 80 A8 and A9). */
static size_t line_break(const unsigned char *s, size_t size)
{
	if (s[0] == '\n')
		return 1;
	if (s[0] == '\r')
		return size > 1 && s[1] == '\n' ? 2 : 1;
	if (s[0] == 0xc2 && size > 1 && s[1] == 0x85)
		return 2;
	if (s[0] == 0xe2 && size > 2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9))
		return 3;
	return 0;
}

static void step(struct scan *scan, size_t bytes)
{
	const unsigned char *s = (const unsigned char *)scan->data + scan->at;
	size_t i = 0;

	while (i < bytes) {
		size_t skip = line_break(s + i, scan->size - scan->at - i);

		if (skip) {
			scan->line++;
			scan->column = 1;
			i += skip;
			continue;
		}
		if ((s[i] & 0xc0) != 0x80)
			scan->column++;
		i++;
	}
	scan->at += bytes;
}

static uint32_t characters(const char *s, size_t size)
{
	uint32_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += ((unsigned char)s[i] & 0xc0) != 0x80;
	return count;
}

static void shift_add(struct envsubst *subst, struct envsubst_shift shift)
{
	if (subst->shift_count == subst->shift_capacity) {
		subst->shift_capacity = subst->shift_capacity ? 2 * subst->shift_capacity : 16;
		subst->shifts =
			mem_grow(subst->shifts, subst->shift_capacity, sizeof(*subst->shifts));
	}
	subst->shifts[subst->shift_count++] = shift;
}
