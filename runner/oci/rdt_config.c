// SPDX-License-Identifier: GPL-2.0-or-later
/* rdt_config - linux.intelRdt as values, and schemata compared. Floor F4, pure. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/oci/config.h"
#include "runner/oci/rdt.h"

enum { LINES_MAX = 1024 };

struct raw {
	const char *clos, *l3, *mb;
	const json_t *lines;
	bool monitored, cmt, mbm;
};

#define ROW(key, member, kind_)                                                                \
	{                                                                                      \
		.name = key, .kind = kind_, .offset = offsetof(struct raw, member)             \
	}
static const struct json_field fields[] = {
	ROW("closID", clos, JSON_FIELD_STRING),
	ROW("l3CacheSchema", l3, JSON_FIELD_STRING),
	ROW("memBwSchema", mb, JSON_FIELD_STRING),
	ROW("schemata", lines, JSON_FIELD_ARRAY),
	ROW("enableMonitoring", monitored, JSON_FIELD_BOOL),
	/* of 1.1 to 1.2.1, for what is one thing to the kernel */
	ROW("enableCMT", cmt, JSON_FIELD_BOOL),
	ROW("enableMBM", mbm, JSON_FIELD_BOOL),
	{0},
};
#undef ROW

/* A part of a text. */
struct span {
	const char *at;
	size_t len;
};

static bool span_next(const char **at, const char *end, char separator, struct span *ret_span);
static bool span_eq(struct span a, struct span b);
static bool schema_find(const char *schemata, struct span name, struct span *ret_list);
static bool list_matches(struct span list, struct span wanted);
static bool halves(struct span span, char separator, struct span *ret_left, struct span *ret_right);
static struct span number(struct span span);

int oci_rdt_decode(const json_t *object, struct arena *arena, const struct oci_rdt **ret_rdt, struct err *err)
{
	struct oci_rdt *rdt = arena_alloc(arena, sizeof(*rdt));
	struct raw raw = {0};
	int rc = json_decode(object, fields, JSON_IGNORE_UNKNOWN, arena, &raw, err);

	if (rc == 0)
		rc = oci_strv(raw.lines, "schemata", LINES_MAX, arena, &rdt->lines, err);
	if (rc < 0)
		return err_wrap(err, "linux.intelRdt");
	/* Go leaves out what is empty */
	rdt->clos = raw.clos && *raw.clos ? raw.clos : NULL;
	rdt->l3 = raw.l3 && *raw.l3 ? raw.l3 : NULL;
	rdt->mb = raw.mb && *raw.mb ? raw.mb : NULL;
	rdt->monitored = raw.monitored || raw.cmt || raw.mbm;
	if (rdt->clos && !str_eq(rdt->clos, "/") &&
	    (strpbrk(rdt->clos, "/\n") || str_eq(rdt->clos, ".") || str_eq(rdt->clos, "..") || strlen(rdt->clos) > NAME_MAX))
		return err_set(err, ERR_NAME, EINVAL, "linux.intelRdt", "closID is the name of a folder, or \"/\"");
	if (rdt->mb && (!str_starts(rdt->mb, "MB:") || strchr(rdt->mb, '\n')))
		return err_set(err, ERR_USAGE, EINVAL, "linux.intelRdt", "memBwSchema must be one line that starts with MB:");
	for (size_t i = 0; rdt->lines[i]; i++)
		if (strchr(rdt->lines[i], '\n'))
			return err_set(err, ERR_USAGE, EINVAL, "linux.intelRdt", "schemata[%zu] is more than one line", i);
	*ret_rdt = rdt;
	return 0;
}

bool oci_rdt_matches(const char *schemata, const char *lines)
{
	const char *end = lines + strlen(lines);
	struct span line, name, wanted, list;

	while (span_next(&lines, end, '\n', &line)) {
		if (line.len == 0)
			continue;
		if (!halves(line, ':', &name, &wanted) || !schema_find(schemata, name, &list) ||
		    !list_matches(list, wanted))
			return false;
	}
	return true;
}

/* ----------------------------------------------------------------- helpers */

/* The next part, without blanks around it. */
static bool span_next(const char **at, const char *end, char separator, struct span *ret_span)
{
	const char *stop;
	struct span span;

	if (*at >= end)
		return false;
	stop = memchr(*at, separator, (size_t)(end - *at));
	span = (struct span){*at, (size_t)((stop ? stop : end) - *at)};
	*at = stop ? stop + 1 : end;
	while (span.len && (*span.at == ' ' || *span.at == '\t')) {
		span.at++;
		span.len--;
	}
	while (span.len && (span.at[span.len - 1] == ' ' || span.at[span.len - 1] == '\t'))
		span.len--;
	*ret_span = span;
	return true;
}

static bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && strncasecmp(a.at, b.at, a.len) == 0;
}

static bool schema_find(const char *schemata, struct span name, struct span *ret_list)
{
	const char *end = schemata + strlen(schemata);
	struct span line, left;

	while (span_next(&schemata, end, '\n', &line))
		if (halves(line, ':', &left, ret_list) && span_eq(left, name))
			return true;
	return false;
}

/* "0=7f0;1=1f": the kernel tells all caches, in numbers filled up with zeros or blanks. */
static bool list_matches(struct span list, struct span wanted)
{
	const char *at = wanted.at;
	struct span want, id, value;

	while (span_next(&at, wanted.at + wanted.len, ';', &want)) {
		const char *had = list.at;
		struct span item, left, right;
		bool found = false;

		if (!halves(want, '=', &id, &value))
			return false;
		while (!found && span_next(&had, list.at + list.len, ';', &item))
			found = halves(item, '=', &left, &right) && span_eq(number(left), number(id)) &&
				span_eq(number(right), number(value));
		if (!found)
			return false;
	}
	return true;
}

static bool halves(struct span span, char separator, struct span *ret_left, struct span *ret_right)
{
	const char *at = span.at, *end = span.at + span.len;

	if (!memchr(span.at, separator, span.len) || !span_next(&at, end, separator, ret_left))
		return false;
	*ret_right = (struct span){at, 0};
	(void)span_next(&at, end, '\n', ret_right);
	return true;
}

static struct span number(struct span span)
{
	while (span.len > 1 && *span.at == '0') {
		span.at++;
		span.len--;
	}
	return span;
}
