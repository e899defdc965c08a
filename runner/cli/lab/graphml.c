/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * graphml - a graph in GraphML (http://graphml.graphdrawing.org), as the
 * Internet Topology Zoo has them, to a lab: each node a router, each edge a
 * link. Floor F5, pure; streamed through expat. Only labels are read beside
 * the graph. A document type is refused, and with it every entity of its own.
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <expat.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "runner/cli/lab/lab.h"

enum {
	XML_DEPTH_MAX = 32, /* nesting of elements */
	XML_ID_MAX = 256,   /* bytes of a node's or key's id */
	LABEL_MAX = 1024,   /* bytes of a label; the rest is cut */
	MADE_NAME_MAX =
		60, /* characters of a name made from a label, without "-N" that sets it apart */
};

#define XML_PARSE_STEP (64 * 1024) /* bytes given to expat at once */

/** struct raw_node - a node as read; @label: NULL where it has none */
struct raw_node {
	const char *id;
	const char *label;
	struct lab_pos pos;
};

struct raw_edge {
	const char *source, *target;
	struct lab_pos pos;
};

/**
 * struct reader - one document being read
 * @rc: the first failure, with @err filled; 0 while all is well
 * @label_key: id of the key that holds a node's label, NULL before it is declared
 * @in_node, @in_label: where we are
 */
struct reader {
	struct lab *lab;
	XML_Parser parser;
	struct err *err;
	int rc;
	unsigned depth, graphs;
	const char *label_key;
	bool in_graph, in_node, in_label;
	struct buf label;
	struct raw_node *nodes;
	size_t node_count, node_capacity;
	struct raw_edge *edges;
	size_t edge_count, edge_capacity;
};

static int parse_all(struct reader *reader, const char *data, size_t size);
static void on_start(void *ctx, const char *name, const char **attributes);
static void on_end(void *ctx, const char *name);
static void on_text(void *ctx, const char *text, int len);
static void on_doctype(void *ctx, const char *name, const char *system_id,
		       const char *public_id, int internal);
static void start_key(struct reader *reader, const char **attributes);
static void start_node(struct reader *reader, const char **attributes);
static void start_edge(struct reader *reader, const char **attributes);
static int make_nodes(struct reader *reader);
static int make_links(struct reader *reader, const struct table *by_id);
static int name_nodes(struct reader *reader, struct table *by_id);
static void name_make(const struct raw_node *node, size_t index,
		      char ret_name[MADE_NAME_MAX + 1]);
static const char *name_unique(struct reader *reader, struct table *taken, const char *name);
static size_t fold(const char *s, char out[3]);
static const char *local_name(const char *name);
static const char *attribute(const char **attributes, const char *name);
static struct lab_pos here(const struct reader *reader);
static void fail(struct reader *reader, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

int graphml_parse(struct lab *lab, const char *data, size_t size, struct err *err)
{
	struct reader reader = {.lab = lab, .err = err};
	int rc;

	/* names come as "NAMESPACE LOCAL": some files have GraphML's namespace, some none */
	reader.parser = XML_ParserCreateNS(NULL, ' ');
	if (!reader.parser)
		abort();
	XML_SetUserData(reader.parser, &reader);
	XML_SetElementHandler(reader.parser, on_start, on_end);
	XML_SetCharacterDataHandler(reader.parser, on_text);
	XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
	rc = parse_all(&reader, data, size);
	if (!rc)
		rc = make_nodes(&reader);
	if (!rc) {
		lab->name = lab_name_make(lab->arena, lab->file);
		lab->automatic = true;
		lab->routing = LAB_ROUTING_STATIC;
	}
	XML_ParserFree(reader.parser);
	buf_fini(&reader.label);
	free(reader.nodes);
	free(reader.edges);
	return rc;
}

static int parse_all(struct reader *reader, const char *data, size_t size)
{
	size_t at = 0;

	do {
		size_t part = size - at < XML_PARSE_STEP ? size - at : XML_PARSE_STEP;
		enum XML_Status status =
			XML_Parse(reader->parser, data + at, (int)part, at + part == size);

		if (reader->rc)
			return reader->rc;
		if (status != XML_STATUS_OK) {
			enum XML_Error error = XML_GetErrorCode(reader->parser);

			if (error == XML_ERROR_NO_MEMORY)
				abort();
			return lab_fail(reader->lab, here(reader), reader->err, ERR_USAGE,
					"not XML: %s", XML_ErrorString(error));
		}
		at += part;
	} while (at < size);
	if (!reader->graphs)
		return lab_fail(reader->lab, (struct lab_pos){1, 1}, reader->err, ERR_USAGE,
				"no <graph> in it");
	return 0;
}

/* ----------------------------------------------------------------- elements */

static void on_start(void *ctx, const char *name, const char **attributes)
{
	struct reader *reader = ctx;

	if (reader->rc)
		return;
	name = local_name(name);
	if (++reader->depth > XML_DEPTH_MAX) {
		fail(reader, ERR_LIMIT, "elements nest deeper than %d", (int)XML_DEPTH_MAX);
	} else if (reader->depth == 1) {
		if (!str_eq(name, "graphml"))
			fail(reader, ERR_USAGE, "a document of <%.60s>, not of <graphml>",
			     name);
	} else if (str_eq(name, "key")) {
		start_key(reader, attributes);
	} else if (str_eq(name, "graph")) {
		if (reader->graphs++)
			fail(reader, ERR_UNSUPPORTED, "a second <graph>: one lab is one graph");
		reader->in_graph = true;
	} else if (str_eq(name, "hyperedge")) {
		fail(reader, ERR_UNSUPPORTED, "<hyperedge>: a link has two ends");
	} else if (str_eq(name, "node") && reader->in_graph) {
		start_node(reader, attributes);
	} else if (str_eq(name, "edge") && reader->in_graph) {
		start_edge(reader, attributes);
	} else if (str_eq(name, "data") && reader->in_node) {
		const char *key = attribute(attributes, "key");

		reader->in_label = reader->label_key && key && str_eq(key, reader->label_key) &&
				   !reader->nodes[reader->node_count - 1].label;
		buf_clear(&reader->label);
	}
}

static void on_end(void *ctx, const char *name)
{
	struct reader *reader = ctx;

	if (reader->rc)
		return;
	name = local_name(name);
	reader->depth--;
	if (str_eq(name, "graph"))
		reader->in_graph = false;
	if (str_eq(name, "node"))
		reader->in_node = false;
	if (str_eq(name, "data") && reader->in_label) {
		struct raw_node *node = &reader->nodes[reader->node_count - 1];

		node->label = arena_strdup(reader->lab->arena, buf_cstr(&reader->label));
		reader->in_label = false;
	}
}

static void on_text(void *ctx, const char *text, int len)
{
	struct reader *reader = ctx;
	size_t room = LABEL_MAX - reader->label.size;

	if (reader->rc || !reader->in_label)
		return;
	buf_add(&reader->label, text, (size_t)len < room ? (size_t)len : room);
}

static void on_doctype(void *ctx, const char *name, const char *system_id,
		       const char *public_id, int internal)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	fail(ctx, ERR_USAGE, "a document type is refused: it could bring entities");
}

static void start_key(struct reader *reader, const char **attributes)
{
	const char *id = attribute(attributes, "id"),
		   *name = attribute(attributes, "attr.name"),
		   *what = attribute(attributes, "for");

	if (!id || !name || !str_eq(name, "label"))
		return;
	if (!what || str_eq(what, "node") || (str_eq(what, "all") && !reader->label_key))
		reader->label_key = arena_strdup(reader->lab->arena, id);
}

static void start_node(struct reader *reader, const char **attributes)
{
	const char *id = attribute(attributes, "id");

	if (!id || !*id || strlen(id) > XML_ID_MAX) {
		fail(reader, ERR_USAGE, "a <node> needs an id of 1..%d bytes", (int)XML_ID_MAX);
		return;
	}
	if (reader->in_node) {
		fail(reader, ERR_UNSUPPORTED, "node \"%.80s\" stands inside another node", id);
		return;
	}
	if (reader->node_count == LAB_NODES_MAX) {
		fail(reader, ERR_LIMIT, "node \"%.80s\": a lab holds at most %d nodes", id,
		     (int)LAB_NODES_MAX);
		return;
	}
	if (reader->node_count == reader->node_capacity) {
		reader->node_capacity = reader->node_capacity ? 2 * reader->node_capacity : 64;
		reader->nodes =
			mem_grow(reader->nodes, reader->node_capacity, sizeof(*reader->nodes));
	}
	reader->nodes[reader->node_count++] = (struct raw_node){
		.id = arena_strdup(reader->lab->arena, id), .pos = here(reader)};
	reader->in_node = true;
}

static void start_edge(struct reader *reader, const char **attributes)
{
	const char *source = attribute(attributes, "source"),
		   *target = attribute(attributes, "target");

	if (!source || !target || strlen(source) > XML_ID_MAX || strlen(target) > XML_ID_MAX) {
		fail(reader, ERR_USAGE,
		     "an <edge> needs a source and a target of at most %d bytes",
		     (int)XML_ID_MAX);
		return;
	}
	if (reader->edge_count == LAB_LINKS_MAX) {
		fail(reader, ERR_LIMIT, "a lab holds at most %d links", (int)LAB_LINKS_MAX);
		return;
	}
	if (reader->edge_count == reader->edge_capacity) {
		reader->edge_capacity = reader->edge_capacity ? 2 * reader->edge_capacity : 64;
		reader->edges =
			mem_grow(reader->edges, reader->edge_capacity, sizeof(*reader->edges));
	}
	reader->edges[reader->edge_count++] = (struct raw_edge){
		.source = arena_strdup(reader->lab->arena, source),
		.target = arena_strdup(reader->lab->arena, target),
		.pos = here(reader),
	};
}

/* -------------------------------------------------------------------- graph */

static int make_nodes(struct reader *reader)
{
	struct table by_id = {0};
	int rc;

	if (!reader->node_count)
		return lab_fail(reader->lab, (struct lab_pos){1, 1}, reader->err, ERR_USAGE,
				"the graph has no nodes");
	rc = name_nodes(reader, &by_id);
	if (!rc)
		rc = make_links(reader, &by_id);
	table_fini(&by_id);
	return rc;
}

static int make_links(struct reader *reader, const struct table *by_id)
{
	struct lab *lab = reader->lab;

	for (size_t i = 0; i < reader->edge_count; i++) {
		const struct raw_edge *edge = &reader->edges[i];
		const char *ids[2] = {edge->source, edge->target};
		struct lab_link link = {.pos = edge->pos};
		int rc;

		for (size_t e = 0; e < 2; e++) {
			uintptr_t index = (uintptr_t)table_find_str(by_id, ids[e]);

			if (!index)
				return lab_fail(lab, edge->pos, reader->err, ERR_USAGE,
						"an edge ends at node \"%.80s\", which the "
						"graph does not have",
						ids[e]);
			link.end[e].node = (uint32_t)(index - 1);
			link.end[e].pos = edge->pos;
		}
		if (link.end[0].node == link.end[1].node) {
			lab_note(lab, "line %u: the edge from %s to itself is left out",
				 (unsigned)edge->pos.line, lab->nodes[link.end[0].node].name);
			continue;
		}
		for (size_t e = 0; e < 2; e++)
			snprintf(link.end[e].ifname, sizeof(link.end[e].ifname), "eth%u",
				 (unsigned)lab->nodes[link.end[e].node].link_count + 1);
		rc = lab_link_add(lab, &link, reader->err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Names in the order of the file: the first of a name has it, the next ones are NAME-2, NAME-3. */
static int name_nodes(struct reader *reader, struct table *by_id)
{
	struct table taken = {0};
	int rc = 0;

	for (size_t i = 0; i < reader->node_count && !rc; i++) {
		const struct raw_node *node = &reader->nodes[i];
		char name[MADE_NAME_MAX + 1];

		if (table_add_str(by_id, node->id, (void *)(uintptr_t)(i + 1)) < 0) {
			rc = lab_fail(reader->lab, node->pos, reader->err, ERR_USAGE,
				      "node \"%.80s\" stands in the graph already", node->id);
			break;
		}
		name_make(node, i, name);
		rc = lab_node_add(reader->lab, name_unique(reader, &taken, name), node->pos,
				  reader->err);
	}
	/* keys are in the arena, counts in the values */
	table_fini(&taken);
	return rc;
}

/* Letters, digits and "_." stay, accents go, any other run becomes one '-'. */
static void name_make(const struct raw_node *node, size_t index,
		      char ret_name[MADE_NAME_MAX + 1])
{
	size_t len = 0;

	for (const char *s = node->label ? node->label : ""; *s;) {
		char letters[3];
		size_t used = fold(s, letters);

		for (const char *c = letters; *c && len < MADE_NAME_MAX; c++) {
			if (*c == '-' && (!len || ret_name[len - 1] == '-'))
				continue;
			if (!len && !isalnum((unsigned char)*c))
				continue;
			ret_name[len++] = *c;
		}
		s += used;
	}
	while (len && !isalnum((unsigned char)ret_name[len - 1]))
		len--;
	ret_name[len] = '\0';
	if (!len)
		snprintf(ret_name, MADE_NAME_MAX + 1, "n%zu", index);
}

/* Apart without regard to case too, since names are folded in DNS. */
static const char *name_unique(struct reader *reader, struct table *taken, const char *name)
{
	struct arena *arena = reader->lab->arena;
	char *folded = arena_strdup(arena, name);
	const char *candidate = name;
	uintptr_t count;

	for (char *p = folded; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	count = (uintptr_t)table_del_str(taken, folded);
	table_add_str(taken, folded, (void *)(count + 1));
	if (!count)
		return name;
	/* "A-2" may be somebody's label: then the next number; each try is remembered, so a file costs what it weighs */
	for (;;) {
		char *key;

		candidate = arena_printf(arena, "%s-%zu", name, (size_t)++count);
		key = arena_printf(arena, "%s-%zu", folded, (size_t)count);
		if (table_add_str(taken, key, (void *)(uintptr_t)1) == 0)
			break;
	}
	table_del_str(taken, folded);
	table_add_str(taken, folded, (void *)count);
	return candidate;
}

/* One character of UTF-8 to at most two letters. Return: bytes read. Latin-1's letters by what they look like. */
static size_t fold(const char *s, char out[3])
{
	static const char latin1[64][3] = {
		"A", "A", "A", "A", "A",  "A",  "AE", "C", "E", "E", "E",  "E", "I",
		"I", "I", "I", "D", "N",  "O",  "O",  "O", "O", "O", "x",  "O", "U",
		"U", "U", "U", "Y", "Th", "ss", "a",  "a", "a", "a", "a",  "a", "ae",
		"c", "e", "e", "e", "e",  "i",  "i",  "i", "i", "d", "n",  "o", "o",
		"o", "o", "o", "-", "o",  "u",  "u",  "u", "u", "y", "th", "y",
	};
	unsigned char c = (unsigned char)s[0], next = (unsigned char)s[1];
	size_t used = 1;

	if (c < 128) {
		out[0] = isalnum(c) || c == '_' || c == '.' ? (char)c : '-';
		out[1] = '\0';
		return 1;
	}
	if (c == 0xc3 && next >= 0x80 && next <= 0xbf) {
		memcpy(out, latin1[next - 0x80], 3);
		return 2;
	}
	memcpy(out, "-", 2);
	while (((unsigned char)s[used] & 0xc0) == 0x80)
		used++;
	return used;
}

/* ------------------------------------------------------------------ helpers */

static const char *local_name(const char *name)
{
	const char *space = strrchr(name, ' ');

	return space ? space + 1 : name;
}

static const char *attribute(const char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i]; i += 2)
		if (!strcmp(local_name(attributes[i]), name))
			return attributes[i + 1];
	return NULL;
}

static struct lab_pos here(const struct reader *reader)
{
	XML_Size line = XML_GetCurrentLineNumber(reader->parser);
	XML_Size column = XML_GetCurrentColumnNumber(reader->parser);

	return (struct lab_pos){(uint32_t)line, (uint32_t)column + 1};
}

static void fail(struct reader *reader, enum err_kind kind, const char *fmt, ...)
{
	char text[ERR_MSG_SIZE];
	va_list ap;

	if (reader->rc)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	reader->rc = lab_fail(reader->lab, here(reader), reader->err, kind, "%s", text);
	XML_StopParser(reader->parser, XML_FALSE);
}
