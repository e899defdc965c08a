/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portmap - who holds which ports: disjoint ranges of 1 to 65535, each with a
 * holder. Floor F2, pure.
 *
 * A trie of four levels, 16 ways each: a slot that lies wholly within a range
 * is the holder itself, one that a range only cuts is a node below. So every
 * step touches at most some hundred slots, whatever is held and however long
 * a range is, and ports side by side share their nodes (8 bytes a port).
 */
#ifndef MOAT_MODEL_PORTMAP_H
#define MOAT_MODEL_PORTMAP_H

#include <stdbool.h>
#include <stdint.h>

struct portmap_node;

/** struct portmap - zero initialised is empty */
struct portmap {
	struct portmap_node *root;
};

/** portmap_find() - the holder of the lowest part of @first..@last that is held, NULL when all of it is free */
void *portmap_find(const struct portmap *map, uint16_t first, uint16_t last);
/** portmap_add() - @first..@last, which is free, is @holder's: a pointer at least 2-aligned */
void portmap_add(struct portmap *map, uint16_t first, uint16_t last, void *holder);
/** portmap_del() - what was added as @first..@last is free again */
void portmap_del(struct portmap *map, uint16_t first, uint16_t last);
bool portmap_empty(const struct portmap *map);

#endif
