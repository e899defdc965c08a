/* SPDX-License-Identifier: GPL-2.0-or-later */
/* portmap - ranges of ports and who holds them; see portmap.h. Floor F2, pure. */
#include "lib/model/portmap.h"

#include <assert.h>
#include <stddef.h>

#include "lib/base/mem.h"

enum {
	WAYS = 16,
	TOP_SPAN = 65536 / WAYS, /* ports of one slot of the root */
};

/* A slot: 0 free, a node with bit 0 set, else a holder. */
struct portmap_node {
	uintptr_t slots[WAYS];
};

static struct portmap_node *node_of(uintptr_t slot)
{
	return slot & 1 ? (struct portmap_node *)(slot - 1) : NULL;
}

static bool node_empty(const struct portmap_node *node)
{
	for (size_t i = 0; i < WAYS; i++)
		if (node->slots[i])
			return false;
	return true;
}

/* The part of @first..@last that lies in slot @i of a node whose slots have @span ports; Return: is it the whole slot? */
static bool part_of(unsigned i, unsigned span, unsigned first, unsigned last, unsigned *ret_first, unsigned *ret_last)
{
	*ret_first = first / span == i ? first % span : 0;
	*ret_last = last / span == i ? last % span : span - 1;
	return *ret_first == 0 && *ret_last == span - 1;
}

/* In all of these @first and @last count from the first port of the node. */
static void *find(const struct portmap_node *node, unsigned span, unsigned first, unsigned last)
{
	for (unsigned i = first / span; i <= last / span; i++) {
		uintptr_t slot = node->slots[i];
		unsigned from, to;
		void *holder;

		if (!slot)
			continue;
		if (!node_of(slot))
			return (void *)slot;
		part_of(i, span, first, last, &from, &to);
		holder = find(node_of(slot), span / WAYS, from, to);
		if (holder)
			return holder;
	}
	return NULL;
}

static void add(struct portmap_node *node, unsigned span, unsigned first, unsigned last, void *holder)
{
	for (unsigned i = first / span; i <= last / span; i++) {
		uintptr_t *slot = &node->slots[i];
		unsigned from, to;

		if (part_of(i, span, first, last, &from, &to)) {
			assert(!*slot);
			*slot = (uintptr_t)holder;
			continue;
		}
		if (!*slot)
			*slot = (uintptr_t)mem_alloc(sizeof(*node)) | 1;
		assert(node_of(*slot));
		add(node_of(*slot), span / WAYS, from, to, holder);
	}
}

static void del(struct portmap_node *node, unsigned span, unsigned first, unsigned last)
{
	for (unsigned i = first / span; i <= last / span; i++) {
		struct portmap_node *below = node_of(node->slots[i]);
		unsigned from, to;

		part_of(i, span, first, last, &from, &to);
		if (below)
			del(below, span / WAYS, from, to);
		if (below && !node_empty(below))
			continue;
		free(below);
		node->slots[i] = 0;
	}
}

void *portmap_find(const struct portmap *map, uint16_t first, uint16_t last)
{
	return map->root ? find(map->root, TOP_SPAN, first, last) : NULL;
}

void portmap_add(struct portmap *map, uint16_t first, uint16_t last, void *holder)
{
	assert(first <= last && holder && !((uintptr_t)holder & 1));
	if (!map->root)
		map->root = mem_alloc(sizeof(*map->root));
	add(map->root, TOP_SPAN, first, last, holder);
}

void portmap_del(struct portmap *map, uint16_t first, uint16_t last)
{
	if (!map->root)
		return;
	del(map->root, TOP_SPAN, first, last);
	if (node_empty(map->root)) {
		free(map->root);
		map->root = NULL;
	}
}

bool portmap_empty(const struct portmap *map) { return !map->root; }
