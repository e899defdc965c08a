/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ports - runtimeConfig.portMappings: many mappings into few ranges. Floor F5. Pure.
 *
 * Runtimes expand a range into one mapping a port, and give the whole to every verb, VERSION and DEL as well. Parsed as
 * JSON, 10,000 of them were 165 million instructions of a call that has 0.7 million without. So they are read before
 * the parser sees them, by a reader that knows this one shape: objects of the four keys, small numbers, plain texts. Whatever
 * looks otherwise (an escape, a key twice, another key) is left where it is, to be judged, and refused in words, by tables.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cni/conf.h"
#include "cni/ports.h"
#include "lib/base/addr.h"
#include "lib/base/str.h"

/* Protocol in small letters; address "" where it is any. */
struct port {
	int64_t host, container;
	const char *protocol, *ip;
};

/* @first and as many behind it as @last, the host's port of the last, says */
struct range {
	struct port first;
	int64_t last;
};

struct ranges {
	struct range *items;
	size_t count, capacity, ports;
	struct arena *arena;
};

/* ------------------------------------------------------------ the reader */
struct span {
	const char *at;
	size_t len;
};

struct cursor {
	const char *at, *end;
};

enum { HOST, CONTAINER, PROTOCOL, IP, KEYS };

/**
 * struct raw_port - one mapping as it stands in the text
 * @number: of HOST and of CONTAINER; @order: which of them comes first
 * @around: the text before, between and behind the numbers: of the next mapping it is most often the same
 */
struct raw_port {
	struct span protocol, ip, around[3];
	unsigned int number[2], order[2], seen;
};

static const char *const keys[KEYS] = {"hostPort", "containerPort", "protocol", "hostIP"};
static const char *const path[] = {"runtimeConfig", "portMappings", NULL};

static bool object_walk(struct cursor *c, const char *const *names, struct ranges *ranges, struct span *ret_array);
static bool array_read(struct cursor *c, struct ranges *ranges, struct span *ret_array);
static bool port_again(struct cursor *c, struct raw_port *last);
static bool port_read(struct cursor *c, struct raw_port *ret_raw);
static bool member_read(struct cursor *c, struct raw_port *raw, unsigned int *numbers);
static bool raw_add(struct ranges *ranges, const struct raw_port *raw, const struct raw_port *last);
static bool text_read(struct cursor *c, struct span *ret_text);
static bool number_read(struct cursor *c, unsigned int *ret_number);
static bool value_skip(struct cursor *c);
static bool have(struct cursor *c, char wanted);
static void spaces_skip(struct cursor *c);
static bool span_is(struct span span, const char *word);
static bool span_equal(struct span a, struct span b);

/* ------------------------------------------------------------ the ranges */
static int port_decode(const json_t *item, struct arena *arena, struct port *ret_port, struct err *err);
static int port_check(int64_t port, const char *what, struct err *err);
static void port_add(struct ranges *ranges, const struct port *port);
static const char *const *ranges_print(const struct ranges *ranges);
static const char *range_print(const struct range *range, struct arena *arena);
static char *number_print(char *dst, int64_t port);

/* "[" "]:" "-" ":" "-" "/", NUL, and four numbers */
enum { NUMBER_LEN_MAX = 5, RANGE_SIZE = 8 + 4 * NUMBER_LEN_MAX };

bool cni_ports_take(const char *text, size_t size, struct arena *arena, struct cni_ports *ret_ports)
{
	struct cursor c = {text, text + size};
	struct ranges ranges = {.arena = arena};
	struct span array = {0};
	bool taken = object_walk(&c, path, &ranges, &array) && ranges.ports > 0 && ranges.ports <= CNI_PORTS_MAX;
	size_t before, after;
	char *rest;

	if (taken) {
		before = (size_t)(array.at - text);
		after = size - before - array.len;
		rest = arena_alloc(arena, before + 2 + after);
		memcpy(rest, text, before);
		memcpy(rest + before, "[]", 2);
		memcpy(rest + before + 2, array.at + array.len, after);
		*ret_ports = (struct cni_ports){ranges_print(&ranges), rest, before + 2 + after};
	}
	free(ranges.items);
	return taken;
}

int cni_ports_decode(const json_t *ports, struct arena *arena, const char *const **ret_specs, struct err *err)
{
	struct ranges ranges = {.arena = arena};
	const json_t *item;
	int rc = CNI_OK;
	size_t i;

	json_array_foreach(ports, i, item) {
		struct port port = {0};

		rc = port_decode(item, arena, &port, err);
		if (rc != CNI_OK)
			break;
		port_add(&ranges, &port);
	}
	if (rc == CNI_OK)
		*ret_specs = ranges_print(&ranges);
	free(ranges.items);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

/*
 * The object at @c, whose member names[0] leads on, or is the array. As the parser has it, names match in any case and
 * the last of equals wins: where one comes twice, or is escaped, nothing is read.
 */
static bool object_walk(struct cursor *c, const char *const *names, struct ranges *ranges, struct span *ret_array)
{
	bool found = false;
	struct span key;

	if (!have(c, '{'))
		return false;
	do {
		if (!text_read(c, &key) || !have(c, ':'))
			return false;
		if (!span_is(key, names[0])) {
			if (!value_skip(c))
				return false;
			continue;
		}
		if (found || !(names[1] ? object_walk(c, names + 1, ranges, ret_array) : array_read(c, ranges, ret_array)))
			return false;
		found = true;
	} while (have(c, ','));
	return have(c, '}') && found;
}

static bool array_read(struct cursor *c, struct ranges *ranges, struct span *ret_array)
{
	struct raw_port raw = {0};
	const char *start;

	if (!have(c, '['))
		return false;
	start = c->at - 1;
	do {
		struct raw_port last = raw;

		if (!port_again(c, &raw) && !port_read(c, &raw))
			return false;
		if (!raw_add(ranges, &raw, &last))
			return false;
	} while (have(c, ','));
	if (!have(c, ']'))
		return false;
	*ret_array = (struct span){start, (size_t)(c->at - start)};
	return true;
}

/* The mapping at @c, where it is that before it but for the numbers: a tenth of the time of reading it. */
static bool port_again(struct cursor *c, struct raw_port *last)
{
	struct cursor at = *c;
	unsigned int numbers[2];

	if (!last->seen)
		return false;
	spaces_skip(&at);
	for (size_t i = 0; i < 3; i++) {
		const struct span *text = &last->around[i];

		if ((size_t)(at.end - at.at) < text->len || memcmp(at.at, text->at, text->len) != 0)
			return false;
		at.at += text->len;
		if (i < 2 && !number_read(&at, &numbers[i]))
			return false;
	}
	last->number[last->order[0]] = numbers[0];
	last->number[last->order[1]] = numbers[1];
	*c = at;
	return true;
}

static bool port_read(struct cursor *c, struct raw_port *ret_raw)
{
	unsigned int numbers = 0;

	*ret_raw = (struct raw_port){0};
	if (!have(c, '{'))
		return false;
	ret_raw->around[0].at = c->at - 1;
	do {
		if (!member_read(c, ret_raw, &numbers))
			return false;
	} while (have(c, ','));
	if (!have(c, '}') || numbers != 2)
		return false;
	ret_raw->around[2].len = (size_t)(c->at - ret_raw->around[2].at);
	return true;
}

/* @numbers: that were read before */
static bool member_read(struct cursor *c, struct raw_port *raw, unsigned int *numbers)
{
	unsigned int key = 0;
	struct span name;

	if (!text_read(c, &name) || !have(c, ':'))
		return false;
	while (key < KEYS && !span_is(name, keys[key]))
		key++;
	if (key == KEYS || raw->seen & 1U << key)
		return false;
	raw->seen |= 1U << key;
	if (key != HOST && key != CONTAINER)
		return text_read(c, key == IP ? &raw->ip : &raw->protocol);
	spaces_skip(c);
	raw->around[*numbers].len = (size_t)(c->at - raw->around[*numbers].at);
	raw->order[(*numbers)++] = key;
	if (!number_read(c, &raw->number[key]))
		return false;
	raw->around[*numbers].at = c->at;
	return true;
}

/* @last: the mapping before this, whose texts are most often this one's, too. Only what port_decode() would take. */
static bool raw_add(struct ranges *ranges, const struct raw_port *raw, const struct raw_port *last)
{
	static const char *const protocols[] = {"tcp", "udp", "sctp"};
	const struct range *range = ranges->count > 0 ? &ranges->items[ranges->count - 1] : NULL;
	struct port port = {.host = raw->number[HOST], .container = raw->number[CONTAINER], .protocol = "tcp", .ip = ""};
	size_t i = 0;
	struct ip ip;

	if (range && span_equal(raw->protocol, last->protocol) && span_equal(raw->ip, last->ip)) {
		port.protocol = range->first.protocol;
		port.ip = range->first.ip;
	} else {
		while (raw->protocol.len > 0 && i < ARRAY_COUNT(protocols) && !span_is(raw->protocol, protocols[i]))
			i++;
		if (i == ARRAY_COUNT(protocols) || raw->ip.len > IP_STR_SIZE)
			return false;
		port.protocol = protocols[i];
		port.ip = raw->ip.len > 0 ? arena_strndup(ranges->arena, raw->ip.at, raw->ip.len) : "";
		if (*port.ip && ip_parse(port.ip, &ip) < 0)
			return false;
	}
	port_add(ranges, &port);
	return true;
}

/* ASCII that can be printed, without an escape. */
static bool text_read(struct cursor *c, struct span *ret_text)
{
	const char *at;

	if (!have(c, '"'))
		return false;
	for (at = c->at; at < c->end && *at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\'; at++)
		;
	if (at == c->end || *at != '"')
		return false;
	*ret_text = (struct span){c->at, (size_t)(at - c->at)};
	c->at = at + 1;
	return true;
}

/* A port, no space before it. What stands behind the digits is the caller's matter: a fraction or an exponent is no comma. */
static bool number_read(struct cursor *c, unsigned int *ret_number)
{
	unsigned int number = 0;
	const char *start = c->at;

	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9' && number <= UINT16_MAX; c->at++)
		number = number * 10 + (unsigned int)(*c->at - '0');
	*ret_number = number;
	return number >= 1 && number <= UINT16_MAX && *start != '0';
}

/* Any value, by its brackets and texts: whether it is one says the parser. */
static bool value_skip(struct cursor *c)
{
	int depth = 0;

	for (; c->at < c->end; c->at++) {
		if (*c->at == '"') {
			for (c->at++; c->at < c->end && *c->at != '"'; c->at++)
				c->at += *c->at == '\\';
			if (c->at >= c->end)
				return false;
		} else if (*c->at == '{' || *c->at == '[') {
			depth++;
		} else if (depth == 0 && (*c->at == ',' || *c->at == '}' || *c->at == ']')) {
			return true;
		} else if (*c->at == '}' || *c->at == ']') {
			depth--;
		}
	}
	return false;
}

/* Behind spaces, this character: goes on behind it. */
static bool have(struct cursor *c, char wanted)
{
	spaces_skip(c);
	if (c->at == c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

static void spaces_skip(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r'))
		c->at++;
}

static bool span_is(struct span span, const char *word)
{
	return strlen(word) == span.len && strncasecmp(span.at, word, span.len) == 0;
}

static bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static int port_decode(const json_t *item, struct arena *arena, struct port *ret_port, struct err *err)
{
	static const struct json_field rows[] = {
		{"hostPort", JSON_FIELD_INT, offsetof(struct port, host), JSON_REQUIRED, 0, 0},
		{"containerPort", JSON_FIELD_INT, offsetof(struct port, container), JSON_REQUIRED, 0, 0},
		{"protocol", JSON_FIELD_STRING, offsetof(struct port, protocol), 0, 0, 16},
		{"hostIP", JSON_FIELD_STRING, offsetof(struct port, ip), 0, 0, IP_STR_SIZE},
		{0},
	};
	char *protocol;
	struct ip ip;
	int rc = cni_decode(item, rows, arena, ret_port, "portMappings", err);

	if (rc == CNI_OK)
		rc = port_check(ret_port->host, "hostPort", err);
	if (rc == CNI_OK)
		rc = port_check(ret_port->container, "containerPort", err);
	if (rc != CNI_OK)
		return rc;
	protocol = arena_strdup(arena, cni_is_set(ret_port->protocol) ? ret_port->protocol : "tcp");
	for (char *c = protocol; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	ret_port->protocol = protocol;
	ret_port->ip = ret_port->ip ? ret_port->ip : "";
	if (!*ret_port->ip || ip_parse(ret_port->ip, &ip) == 0)
		return CNI_OK;
	err_set(err, ERR_USAGE, EINVAL, "portMappings", "hostIP \"%s\" is no address", ret_port->ip);
	return CNI_CONFIG;
}

static int port_check(int64_t port, const char *what, struct err *err)
{
	if (port >= 1 && port <= UINT16_MAX)
		return CNI_OK;
	err_set(err, ERR_USAGE, ERANGE, "portMappings", "portMappings: %s %lld: must be 1 to 65535", what, (long long)port);
	return CNI_CONFIG;
}

/* Mappings that follow one another become a range again, which is one element of a map however long it is. */
static void port_add(struct ranges *ranges, const struct port *port)
{
	struct range *last = ranges->count > 0 ? &ranges->items[ranges->count - 1] : NULL;

	ranges->ports++;
	if (last && port->host == last->last + 1 &&
	    port->container - last->first.container == port->host - last->first.host &&
	    (port->protocol == last->first.protocol || str_eq(port->protocol, last->first.protocol)) &&
	    (port->ip == last->first.ip || str_eq(port->ip, last->first.ip))) {
		last->last = port->host;
		return;
	}
	if (ranges->count == ranges->capacity) {
		ranges->capacity = ranges->capacity ? 2 * ranges->capacity : 16;
		ranges->items = mem_grow(ranges->items, ranges->capacity, sizeof(*ranges->items));
	}
	ranges->items[ranges->count++] = (struct range){*port, port->host};
}

static const char *const *ranges_print(const struct ranges *ranges)
{
	const char **specs = arena_array(ranges->arena, ranges->count + 1, sizeof(*specs));

	for (size_t i = 0; i < ranges->count; i++)
		specs[i] = range_print(&ranges->items[i], ranges->arena);
	return specs;
}

/* By hand: of 206 ports, printf() was a quarter of what the whole call takes. */
static const char *range_print(const struct range *range, struct arena *arena)
{
	const struct port *first = &range->first;
	int64_t more = range->last - first->host;
	char *text = arena_alloc(arena, strlen(first->ip) + strlen(first->protocol) + RANGE_SIZE), *at = text;

	if (*first->ip) {
		const char *open = strchr(first->ip, ':') ? "[" : "";

		at = stpcpy(stpcpy(stpcpy(at, open), first->ip), *open ? "]:" : ":");
	}
	at = number_print(at, first->host);
	if (more > 0)
		at = number_print(stpcpy(at, "-"), range->last);
	at = number_print(stpcpy(at, ":"), first->container);
	if (more > 0)
		at = number_print(stpcpy(at, "-"), first->container + more);
	stpcpy(stpcpy(at, "/"), first->protocol);
	return text;
}

/* Return: behind it */
static char *number_print(char *dst, int64_t port)
{
	char digits[NUMBER_LEN_MAX];
	size_t len = 0;

	for (; port > 0 && len < sizeof(digits); port /= 10)
		digits[len++] = (char)('0' + port % 10);
	while (len > 0)
		*dst++ = digits[--len];
	*dst = '\0';
	return dst;
}
