/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text - one line an object, and back. Floor F1, pure. Printer and parser walk
 * the same rows in the same order, and the parser takes only what the printer
 * would have written: there is one text for an object.
 *
 * The printer also shows records that are not valid (a refused plan is logged
 * whole), so it trusts no length and no number.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/obj/fields.h"

enum {
	TOKEN_SIZE = 64
}; /* longest value without quotes: an IPv6 prefix, a peer, a sysctl's path */

static const char *const class_names[] = {
	[NS_HOST] = "host",           [NS_ROUTER] = "router",   [NS_STACK] = "stack",
	[NS_CONTAINER] = "container", [NS_FOREIGN] = "foreign",
};

void ns_print(uint64_t ns, char dst[24])
{
	size_t class_ = (size_t)(ns >> 48);
	const char *name = class_ < ARRAY_COUNT(class_names) ? class_names[class_] : "?";
	char id[13];

	str_hex48_print(ns_id48(ns), id);
	if (ns == 0)
		snprintf(dst, 24, "host");
	else
		snprintf(dst, 24, "%s:%s", name, id);
}

int ns_parse(const char *s, uint64_t *ret_ns)
{
	const char *colon = strchr(s, ':');
	uint64_t id;

	if (str_eq(s, "host")) {
		*ret_ns = 0;
		return 0;
	}
	if (!colon || str_hex48(colon + 1, &id) != 0 || !id)
		return -EINVAL;
	for (size_t i = NS_HOST + 1; i < ARRAY_COUNT(class_names); i++) {
		size_t len = strlen(class_names[i]);

		if (len == (size_t)(colon - s) && !memcmp(s, class_names[i], len)) {
			*ret_ns = NS_ID(i, id);
			return 0;
		}
	}
	return -EINVAL;
}

static void print_name(struct buf *text, const char *name, size_t size)
{
	size_t len = strnlen(name, size);

	for (size_t i = 0; i < len; i++)
		buf_printf(text, "%c", name[i] > ' ' && name[i] <= '~' ? name[i] : '?');
}

static void print_quoted(struct buf *text, const char *s, size_t size)
{
	size_t len = strnlen(s, size);

	buf_str(text, "\"");
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)s[i];

		if (c == '"' || c == '\\')
			buf_printf(text, "\\%c", c);
		else if (c < ' ' || c > '~')
			buf_printf(text, "\\x%02x", c);
		else
			buf_printf(text, "%c", c);
	}
	buf_str(text, "\"");
}

static void print_ip(struct buf *text, const struct ip *ip)
{
	char s[IP_STR_SIZE];

	buf_str(text, ip->family == 4 || ip->family == 6 ? ip_print(ip, s) : "?");
}

static void print_prefix(struct buf *text, const struct prefix *prefix)
{
	print_ip(text, &prefix->ip);
	buf_printf(text, "/%u", prefix->len);
}

static void print_field(struct buf *text, const struct obj *obj, const struct field *field)
{
	const void *at = (const uint8_t *)obj + field->offset;
	char ns[24], mac[MAC_STR_SIZE];
	const char *word;

	switch ((enum field_type)field->type) {
	case FIELD_NAME:
		print_name(text, at, field->size);
		break;
	case FIELD_TEXT:
		print_quoted(text, at, field->size);
		break;
	case FIELD_MAC:
		buf_str(text, mac_print(at, mac));
		break;
	case FIELD_IP:
		print_ip(text, at);
		break;
	case FIELD_PREFIX:
		print_prefix(text, at);
		break;
	case FIELD_NUMBER:
		buf_printf(text, "%lld", (long long)field_number(obj, field));
		break;
	case FIELD_ENUM:
		word = field->word((unsigned)field_number(obj, field));
		buf_str(text, word ? word : "?");
		break;
	case FIELD_PEER:
		ns_print(obj->link.peer_ns, ns);
		buf_printf(text, "%s/", ns);
		print_name(text, at, field->size);
		break;
	}
}

void obj_print(const struct obj *obj, struct buf *text)
{
	char ns[24];

	ns_print(obj->ns, ns);
	buf_printf(text, "%s ns=%s", obj_kind_name((enum obj_kind)obj->kind), ns);
	for (const struct field *field = fields_of(obj->kind); field && field->name; field++) {
		if (field->flags & FIELD_OPTIONAL && !field_present(obj, field))
			continue;
		buf_printf(text, " %s=", field->name);
		print_field(text, obj, field);
	}
}

/* A position in the line; @at is the next byte to read. */
struct scan {
	const char *line, *at;
	struct err *err;
};

static int scan_fail(const struct scan *scan, const char *what)
{
	return err_set(scan->err, ERR_USAGE, EINVAL, NULL, "column %zu: %s",
		       (size_t)(scan->at - scan->line) + 1, what);
}

/* Take @word when the line goes on with it. */
static bool scan_word(struct scan *scan, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(scan->at, word, len) != 0)
		return false;
	scan->at += len;
	return true;
}

/* Everything up to the next space or the end; not empty. */
static bool scan_token(struct scan *scan, char token[TOKEN_SIZE])
{
	size_t len = strcspn(scan->at, " ");

	if (!len || len >= TOKEN_SIZE)
		return false;
	memcpy(token, scan->at, len);
	token[len] = '\0';
	scan->at += len;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* One character of a quoted text, escaped or not. Return: it, or -1. */
static int scan_char(struct scan *scan)
{
	int high, low;

	if (*scan->at != '\\')
		return *scan->at ? (uint8_t)*scan->at++ : -1;
	scan->at++;
	if (*scan->at == '"' || *scan->at == '\\')
		return *scan->at++;
	if (*scan->at != 'x' || (high = hex_digit(scan->at[1])) < 0 ||
	    (low = hex_digit(scan->at[2])) < 0)
		return -1;
	scan->at += 3;
	return high << 4 | low;
}

static bool scan_quoted(struct scan *scan, char *dst, size_t size)
{
	size_t len = 0;

	if (!scan_word(scan, "\""))
		return false;
	while (*scan->at != '"') {
		int c = scan_char(scan);

		if (c <= 0 || len + 1 >= size)
			return false;
		dst[len++] = (char)(uint8_t)c;
	}
	scan->at++;
	return true;
}

static bool parse_peer(const char *token, struct obj_link *link)
{
	const char *slash = strchr(token, '/');
	char ns[TOKEN_SIZE];

	if (!slash)
		return false;
	memcpy(ns, token, (size_t)(slash - token));
	ns[slash - token] = '\0';
	return ns_parse(ns, &link->peer_ns) == 0 &&
	       str_copy(link->peer_name, sizeof(link->peer_name), slash + 1) == 0;
}

static bool parse_enum(const char *token, struct obj *obj, const struct field *field)
{
	for (unsigned i = 0; i <= UINT8_MAX; i++) {
		if (str_eq(field->word(i), token))
			return field_put(obj, field, i);
	}
	return false;
}

static bool parse_token(const char *token, struct obj *obj, const struct field *field)
{
	void *at = (uint8_t *)obj + field->offset;
	uint64_t number;

	switch ((enum field_type)field->type) {
	case FIELD_NAME:
		return str_copy(at, field->size, token) == 0;
	case FIELD_MAC:
		return mac_parse(token, at) == 0;
	case FIELD_IP:
		return ip_parse(token, at) == 0;
	case FIELD_PREFIX:
		return prefix_parse(token, at) == 0;
	case FIELD_NUMBER:
		return str_u64(token, field->size == sizeof(uint64_t) ? INT64_MAX : INT32_MAX, &number) == 0 &&
		       field_put(obj, field, (int64_t)number);
	case FIELD_ENUM:
		return parse_enum(token, obj, field);
	case FIELD_PEER:
		return parse_peer(token, &obj->link);
	case FIELD_TEXT:
		break;
	}
	return false;
}

static int scan_field(struct scan *scan, struct obj *obj, const struct field *field)
{
	const char *start = scan->at;
	char token[TOKEN_SIZE];
	bool ok;

	if (!scan_word(scan, " ") || !scan_word(scan, field->name) || !scan_word(scan, "=")) {
		scan->at = start;
		if (field->flags & FIELD_OPTIONAL)
			return 0;
		return scan_fail(scan, "a field is missing or out of order");
	}
	start = scan->at;
	if (field->type == FIELD_TEXT)
		ok = scan_quoted(scan, (char *)obj + field->offset, field->size);
	else
		ok = scan_token(scan, token) && parse_token(token, obj, field);
	if (ok)
		return 0;
	scan->at = start;
	return scan_fail(scan, "not a value of this field");
}

/* What the printer makes of @obj must be the line itself; else point at the first difference. */
static int scan_canonical(struct scan *scan, const struct obj *obj)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	const char *printed;

	obj_print(obj, &text);
	printed = buf_cstr(&text);
	scan->at = scan->line;
	while (*printed && *scan->at == *printed) {
		scan->at++;
		printed++;
	}
	return *printed == *scan->at ? 0 : scan_fail(scan, "not written as it is printed");
}

int obj_parse(const char *line, struct obj *ret_obj, struct err *err)
{
	struct scan scan = {.line = line, .at = line, .err = err};
	char token[TOKEN_SIZE];
	const char *start;
	struct obj obj;
	int r;

	memset(&obj, 0, sizeof(obj));
	if (!scan_token(&scan, token))
		return scan_fail(&scan, "no object");
	for (uint16_t kind = OBJ_NONE + 1; kind < OBJ_KIND_COUNT; kind++) {
		if (str_eq(token, obj_kind_name((enum obj_kind)kind)))
			obj.kind = kind;
	}
	scan.at = line;
	if (obj.kind == OBJ_NONE)
		return scan_fail(&scan, "no such kind of object");
	scan.at += strlen(token);
	if (!scan_word(&scan, " ns="))
		return scan_fail(&scan, "ns= expected");
	start = scan.at;
	if (!scan_token(&scan, token) || ns_parse(token, &obj.ns) != 0) {
		scan.at = start;
		return scan_fail(&scan, "not a namespace");
	}
	for (const struct field *field = fields_of(obj.kind); field->name; field++) {
		r = scan_field(&scan, &obj, field);
		if (r < 0)
			return r;
	}
	if (*scan.at)
		return scan_fail(&scan, "unknown field, or out of order");
	if (!obj_valid(&obj))
		return scan_fail(&scan, "the fields do not make a valid object");
	r = scan_canonical(&scan, &obj);
	if (r < 0)
		return r;
	*ret_obj = obj;
	return 0;
}
