/* SPDX-License-Identifier: GPL-2.0-or-later */
/* yaml - see the header. Floor F5, pure. The one file of the labs that includes libyaml. */
#include "runner/cli/lab/yaml.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "lib/base/str.h"

enum {
	LINEAR_KEYS = 16, /* up to so many keys of a mapping are searched one by one */
};

/**
 * struct frame - a collection that is not closed yet
 * @anchor: NULL where it has none
 * @key: of a mapping: the key that waits for its value
 * @seen: of a mapping with many keys: key -> node
 */
struct frame {
	struct yaml_node *node;
	const char *anchor;
	size_t capacity;
	struct yaml_node *key;
	struct table seen;
};

/** struct builder - the tree while it grows; @nodes: also counts looks of merge keys */
struct builder {
	struct lab *lab;
	const struct envsubst *subst;
	struct frame frames[YAML_DEPTH_MAX];
	size_t depth;
	struct yaml_node *root;
	struct table anchors; /* name -> node */
	size_t nodes, aliases;
	size_t written_out; /* by aliases */
	struct err *err;
};

static int build(struct builder *builder, yaml_parser_t *parser);
static int on_event(struct builder *builder, const yaml_event_t *event, bool *ret_end);
static int on_scalar(struct builder *builder, const yaml_event_t *event);
static int on_alias(struct builder *builder, const yaml_event_t *event);
static int on_start(struct builder *builder, const yaml_event_t *event, enum yaml_kind kind,
		    const char *anchor, const char *tag);
static int on_end(struct builder *builder);
static int place(struct builder *builder, struct yaml_node *node, const char *anchor);
static int add_key(struct builder *builder, struct frame *frame, struct yaml_node *key);
static void add_item(struct frame *frame, struct yaml_node *node);
static int merge(struct builder *builder, struct frame *frame);
static int merge_from(struct builder *builder, struct frame *frame,
		      const struct yaml_node *source, const struct yaml_node *at);
static struct yaml_node *find_key(const struct frame *frame, const struct yaml_node *key);
static int node_new(struct builder *builder, const yaml_event_t *event, enum yaml_kind kind,
		    struct yaml_node **ret_node);
static struct lab_pos position(const struct builder *builder, const yaml_mark_t *mark);
static int parser_failure(const struct builder *builder, const yaml_parser_t *parser);
static bool tag_known(const char *tag);

int yaml_load(struct lab *lab, const struct envsubst *subst, struct yaml_node **ret_root,
	      struct err *err)
{
	struct builder builder = {.lab = lab, .subst = subst, .err = err};
	const char *text = buf_cstr(&subst->text);
	yaml_parser_t parser;
	int rc;

	if (!yaml_parser_initialize(&parser))
		abort();
	/* said, not guessed: a byte order mark of UTF-16 is an error then, and columns are what they seem */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, subst->text.size);
	rc = build(&builder, &parser);
	yaml_parser_delete(&parser);
	while (builder.depth) {
		struct frame *frame = &builder.frames[--builder.depth];

		free(frame->node->items);
		table_fini(&frame->seen);
	}
	table_fini(&builder.anchors);
	if (rc < 0)
		return rc;
	if (!builder.root)
		return lab_fail(lab, (struct lab_pos){1, 1}, err, ERR_USAGE,
				"the file is empty");
	*ret_root = builder.root;
	return 0;
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
	assert(mapping->kind == YAML_MAPPING);
	for (size_t i = 0; i < mapping->item_count; i += 2)
		if (!strcmp(mapping->items[i]->text, key))
			return mapping->items[i + 1];
	return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->plain &&
	       (!node->len || str_eq(node->text, "~") || str_eq(node->text, "null"));
}

/* ------------------------------------------------------------------ helpers */

static int build(struct builder *builder, yaml_parser_t *parser)
{
	bool end = false;

	while (!end) {
		yaml_event_t event;
		int rc;

		if (!yaml_parser_parse(parser, &event))
			return parser_failure(builder, parser);
		rc = on_event(builder, &event, &end);
		yaml_event_delete(&event);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int on_event(struct builder *builder, const yaml_event_t *event, bool *ret_end)
{
	switch (event->type) {
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	case YAML_STREAM_END_EVENT:
		*ret_end = true;
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		if (builder->root)
			return lab_fail(builder->lab, position(builder, &event->start_mark),
					builder->err, ERR_USAGE,
					"a second document begins here: a lab file holds one");
		return 0;
	case YAML_ALIAS_EVENT:
		return on_alias(builder, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(builder, event, YAML_SEQUENCE,
				(const char *)event->data.sequence_start.anchor,
				(const char *)event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return on_start(builder, event, YAML_MAPPING,
				(const char *)event->data.mapping_start.anchor,
				(const char *)event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(builder);
	}
	return lab_fail(builder->lab, position(builder, &event->start_mark), builder->err,
			ERR_INTERNAL, "libyaml reports an event that is none");
}

static int on_scalar(struct builder *builder, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct yaml_node *node;
	int rc = node_new(builder, event, YAML_SCALAR, &node);

	if (rc < 0)
		return rc;
	if (len > YAML_SCALAR_MAX)
		return lab_fail(builder->lab, node->pos, builder->err, ERR_LIMIT,
				"a value of %zu bytes is above %d", len, (int)YAML_SCALAR_MAX);
	if (memchr(text, '\0', len)) /* "\0" between double quotes */
		return lab_fail(builder->lab, node->pos, builder->err, ERR_USAGE,
				"a value with a NUL inside");
	if (!tag_known((const char *)event->data.scalar.tag))
		return lab_fail(builder->lab, node->pos, builder->err, ERR_USAGE,
				"tag \"%.80s\" is not understood",
				(const char *)event->data.scalar.tag);
	node->text = arena_strndup(builder->lab->arena, text, len);
	node->len = len;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return place(builder, node, (const char *)event->data.scalar.anchor);
}

static int on_alias(struct builder *builder, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct lab_pos pos = position(builder, &event->start_mark);
	/* an anchor enters the table when its node is whole: a node inside itself is not found here */
	struct yaml_node *node = table_find_str(&builder->anchors, name);

	if (!node)
		return lab_fail(builder->lab, pos, builder->err, ERR_USAGE,
				"alias \"%.80s\" names no anchor before it", name);
	if (++builder->aliases > YAML_ALIASES_MAX)
		return lab_fail(builder->lab, pos, builder->err, ERR_LIMIT,
				"more than %d aliases", (int)YAML_ALIASES_MAX);
	builder->written_out += node->weight;
	if (builder->written_out > YAML_WEIGHT_MAX)
		return lab_fail(builder->lab, pos, builder->err, ERR_LIMIT,
				"alias \"%.80s\": the file with its aliases written out is "
				"above %d values",
				name, (int)YAML_WEIGHT_MAX);
	return place(builder, node, NULL);
}

static int on_start(struct builder *builder, const yaml_event_t *event, enum yaml_kind kind,
		    const char *anchor, const char *tag)
{
	struct yaml_node *node;
	int rc = node_new(builder, event, kind, &node);

	if (rc < 0)
		return rc;
	if (!tag_known(tag))
		return lab_fail(builder->lab, node->pos, builder->err, ERR_USAGE,
				"tag \"%.80s\" is not understood", tag);
	if (builder->depth == YAML_DEPTH_MAX)
		return lab_fail(builder->lab, node->pos, builder->err, ERR_LIMIT,
				"values nest deeper than %d", (int)YAML_DEPTH_MAX);
	if (builder->depth) {
		const struct frame *above = &builder->frames[builder->depth - 1];

		if (above->node->kind == YAML_MAPPING && !above->key)
			return lab_fail(builder->lab, node->pos, builder->err, ERR_USAGE,
					"a key must be a single value");
	}
	builder->frames[builder->depth++] = (struct frame){
		.node = node, .anchor = arena_strdup(builder->lab->arena, anchor)};
	return 0;
}

static int on_end(struct builder *builder)
{
	struct frame *frame = &builder->frames[builder->depth - 1];
	struct yaml_node *node = frame->node;
	struct yaml_node **items;
	const char *anchor;
	int rc = node->kind == YAML_MAPPING ? merge(builder, frame) : 0;

	if (rc < 0)
		return rc;
	items = arena_array(builder->lab->arena, node->item_count ? node->item_count : 1,
			    sizeof(struct yaml_node *));
	if (node->item_count)
		memcpy(items, node->items, node->item_count * sizeof(struct yaml_node *));
	free(node->items);
	node->items = items;
	anchor = frame->anchor;
	table_fini(&frame->seen);
	builder->depth--;
	return place(builder, node, anchor);
}

/* A whole node goes into the collection that is open, or is the root. */
static int place(struct builder *builder, struct yaml_node *node, const char *anchor)
{
	struct frame *frame;

	if (anchor) {
		const char *name = arena_strdup(builder->lab->arena, anchor);

		table_del_str(&builder->anchors, name); /* an anchor may be set anew */
		table_add_str(&builder->anchors, name, node);
	}
	if (!builder->depth) {
		builder->root = node;
		return 0;
	}
	frame = &builder->frames[builder->depth - 1];
	frame->node->weight += node->weight;
	if (frame->node->kind == YAML_SEQUENCE) {
		add_item(frame, node);
		return 0;
	}
	if (!frame->key)
		return add_key(builder, frame, node);
	add_item(frame, frame->key);
	add_item(frame, node);
	frame->key = NULL;
	return 0;
}

static int add_key(struct builder *builder, struct frame *frame, struct yaml_node *key)
{
	const struct yaml_node *twin;

	if (key->kind != YAML_SCALAR)
		return lab_fail(builder->lab, key->pos, builder->err, ERR_USAGE,
				"a key must be a single value");
	twin = find_key(frame, key);
	if (twin)
		return lab_fail(builder->lab, key->pos, builder->err, ERR_USAGE,
				"key \"%.80s\" stands in line %u already", key->text,
				(unsigned)twin->pos.line);
	if (frame->node->item_count / 2 == LINEAR_KEYS)
		for (size_t i = 0; i < frame->node->item_count; i += 2)
			table_add_str(&frame->seen, frame->node->items[i]->text,
				      frame->node->items[i]);
	if (frame->node->item_count / 2 >= LINEAR_KEYS)
		table_add_str(&frame->seen, key->text, key);
	frame->key = key;
	return 0;
}

static void add_item(struct frame *frame, struct yaml_node *node)
{
	struct yaml_node *into = frame->node;

	if (into->item_count == frame->capacity) {
		frame->capacity = frame->capacity ? 2 * frame->capacity : 8;
		into->items =
			mem_grow(into->items, frame->capacity, sizeof(struct yaml_node *));
	}
	into->items[into->item_count++] = node;
}

/* "<<: *a" or "<<: [*a, *b]" (YAML 1.1 merge key): keys that stand here already win, then the first of the list. */
static int merge(struct builder *builder, struct frame *frame)
{
	struct yaml_node *into = frame->node;

	for (size_t i = 0; i < into->item_count; i += 2) {
		struct yaml_node *key = into->items[i], *value = into->items[i + 1];
		int rc = 0;

		if (!key->plain || strcmp(key->text, "<<") != 0)
			continue;
		memmove(into->items + i, into->items + i + 2,
			(into->item_count - i - 2) * sizeof(*into->items));
		into->item_count -= 2;
		if (value->kind != YAML_SEQUENCE)
			return merge_from(builder, frame, value, key);
		for (size_t j = 0; j < value->item_count && !rc; j++)
			rc = merge_from(builder, frame, value->items[j], key);
		return rc;
	}
	return 0;
}

static int merge_from(struct builder *builder, struct frame *frame,
		      const struct yaml_node *source, const struct yaml_node *at)
{
	if (source->kind != YAML_MAPPING)
		return lab_fail(builder->lab, at->pos, builder->err, ERR_USAGE,
				"\"<<\" merges mappings only");
	for (size_t i = 0; i < source->item_count; i += 2) {
		int rc;

		/* each look counts, so that a hostile file pays for its work */
		if (++builder->nodes > YAML_NODES_MAX)
			return lab_fail(builder->lab, at->pos, builder->err, ERR_LIMIT,
					"more than %d values", (int)YAML_NODES_MAX);
		if (find_key(frame, source->items[i]))
			continue;
		rc = add_key(builder, frame, source->items[i]);
		if (rc < 0)
			return rc;
		add_item(frame, source->items[i]);
		add_item(frame, source->items[i + 1]);
		frame->key = NULL;
	}
	return 0;
}

static struct yaml_node *find_key(const struct frame *frame, const struct yaml_node *key)
{
	const struct yaml_node *node = frame->node;

	if (frame->seen.count)
		return table_find_str(&frame->seen, key->text);
	for (size_t i = 0; i < node->item_count; i += 2)
		if (!strcmp(node->items[i]->text, key->text))
			return node->items[i];
	return NULL;
}

static int node_new(struct builder *builder, const yaml_event_t *event, enum yaml_kind kind,
		    struct yaml_node **ret_node)
{
	struct lab_pos pos = position(builder, &event->start_mark);
	struct yaml_node *node;

	if (++builder->nodes > YAML_NODES_MAX)
		return lab_fail(builder->lab, pos, builder->err, ERR_LIMIT,
				"more than %d values", (int)YAML_NODES_MAX);
	node = arena_alloc(builder->lab->arena, sizeof(*node));
	node->kind = kind;
	node->weight = 1;
	node->pos = pos;
	*ret_node = node;
	return 0;
}

static struct lab_pos position(const struct builder *builder, const yaml_mark_t *mark)
{
	struct lab_pos pos = {(uint32_t)mark->line + 1, (uint32_t)mark->column + 1};

	return envsubst_pos(builder->subst, pos);
}

static int parser_failure(const struct builder *builder, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "unknown error";

	if (parser->error == YAML_MEMORY_ERROR)
		abort();
	if (parser->error ==
	    YAML_READER_ERROR) /* has an offset only: where the scanner stands is near */
		return lab_fail(builder->lab, position(builder, &parser->mark), builder->err,
				ERR_USAGE, "not YAML: %s", problem);
	return lab_fail(builder->lab, position(builder, &parser->problem_mark), builder->err,
			ERR_USAGE, "not YAML: %s%s%s", problem, parser->context ? ", " : "",
			parser->context ? parser->context : "");
}

static bool tag_known(const char *tag)
{
	static const char core[] = "tag:yaml.org,2002:";
	static const char *const names[] = {"str",  "int", "float", "bool",
					    "null", "seq", "map"};

	if (!tag || str_eq(tag, "!"))
		return true;
	if (!str_starts(tag, core))
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (str_eq(tag + sizeof(core) - 1, names[i]))
			return true;
	return false;
}
