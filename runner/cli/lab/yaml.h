/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * yaml - a tree of YAML with positions, over libyaml's events. Floor F5, pure.
 *
 * Refused before they cost anything: depth, number of nodes, expanded size of
 * aliases ("billion laughs"), keys that stand twice or are no scalars, tags of
 * somebody's own, a second document. Aliases are pointers, so the tree is an
 * acyclic graph; merge keys ("<<") are laid out when their mapping ends.
 */
#ifndef MOAT_RUNNER_CLI_LAB_YAML_H
#define MOAT_RUNNER_CLI_LAB_YAML_H

#include "runner/cli/lab/envsubst.h"
#include "runner/cli/lab/lab.h"

enum {
	YAML_DEPTH_MAX = 32,       /* nesting of collections */
	YAML_NODES_MAX = 1 << 20,  /* scalars and collections, with those of merge keys */
	YAML_ALIASES_MAX = 65536,  /* uses of anchors */
	YAML_WEIGHT_MAX = 4 << 20, /* nodes if each alias were written out */
	YAML_SCALAR_MAX = 65536,   /* bytes of one scalar */
};

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

/**
 * struct yaml_node
 * @text, @len: of a scalar; no NUL inside
 * @plain: the scalar stands without quotes
 * @items: of a sequence; of a mapping: key, value, key, value ...; @item_count counts pointers
 * @weight: nodes below and with it if each alias were written out
 * @pos: in the file, variables not expanded
 */
struct yaml_node {
	enum yaml_kind kind;
	const char *text;
	size_t len;
	bool plain;
	struct yaml_node **items;
	size_t item_count;
	size_t weight;
	struct lab_pos pos;
};

/** yaml_load() - one document into the lab's arena. Return: 0 or -errno with the place in the file. */
int yaml_load(struct lab *lab, const struct envsubst *subst, struct yaml_node **ret_root,
	      struct err *err);

const struct yaml_node *yaml_get(const struct yaml_node *mapping,
				 const char *key); /* NULL where absent */
bool yaml_is_null(const struct yaml_node *node);   /* plain "", "~", "null" */

#endif
