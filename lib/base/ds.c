/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ds - list and hash table. Floor F0. Neither is thread safe.
 *
 * The table keeps its entries in the order they were added, and beside them an index of open
 * addressing that holds entry numbers:
 *
 *   slots ->  | entry 0 | entry 1 | dead | entry 3 | ...   | index: 0 4 0 1 0 2 ...        |
 *             '---- capacity / 4 * 3 of them, used: 4 ----''- capacity of uint32_t, number+1 '
 *
 * Whoever walks a table thus sees the order of insertion, the same in every run, although the
 * hash depends on a secret: plans made from tables are reproducible, and names chosen by a
 * tenant cannot be made to collide. A dead entry (value NULL) keeps its place in the index as a
 * tombstone until the next rebuild. The seed is taken from the kernel's AT_RANDOM bytes and the
 * address of the slots, so that a zeroed table is valid and no system call is needed.
 */
#include "lib/base/ds.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "lib/base/mem.h"

enum { TABLE_CAPACITY_MIN = 8 };

static size_t table_room(size_t capacity);
static uint32_t *table_index(const struct table *table);
static uint64_t table_hash(const struct table *table, const void *key, size_t size);
static struct table_slot *table_lookup(const struct table *table, const void *key, size_t size);
static void table_insert(struct table *table, const void *key, size_t size, void *value);
static void table_rebuild(struct table *table);

void list_init(struct list *head)
{
	head->next = head->prev = head;
}

void list_append(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

bool list_empty(const struct list *head)
{
	return head->next == head;
}

void table_fini(struct table *table)
{
	free(table->slots);
	*table = (struct table){0};
}

void *table_find(const struct table *table, const void *key, size_t size)
{
	struct table_slot *slot = table_lookup(table, key, size);

	return slot ? slot->value : NULL;
}

int table_add(struct table *table, const void *key, size_t size, void *value)
{
	assert(value);
	if (table_lookup(table, key, size))
		return -EEXIST;
	if (table->used == table_room(table->capacity))
		table_rebuild(table);
	table_insert(table, key, size, value);
	return 0;
}

void *table_del(struct table *table, const void *key, size_t size)
{
	struct table_slot *slot = table_lookup(table, key, size);
	void *value;

	if (!slot)
		return NULL;
	value = slot->value;
	*slot = (struct table_slot){0};
	table->count--;
	return value;
}

void *table_next(const struct table *table, size_t *cursor)
{
	while (*cursor < table->used) {
		void *value = table->slots[(*cursor)++].value;

		if (value)
			return value;
	}
	return NULL;
}

void *table_find_str(const struct table *table, const char *key)
{
	return table_find(table, key, strlen(key));
}

int table_add_str(struct table *table, const char *key, void *value)
{
	return table_add(table, key, strlen(key), value);
}

void *table_del_str(struct table *table, const char *key)
{
	return table_del(table, key, strlen(key));
}

/* Entries of a table of @capacity; the rest of the index stays free, so that searches end. */
static size_t table_room(size_t capacity)
{
	return capacity / 4 * 3;
}

static uint32_t *table_index(const struct table *table)
{
	return (uint32_t *)(void *)(table->slots + table_room(table->capacity));
}

/* FNV-1a, 64 bits, the offset basis mixed with the seed; then folded, as its low bits are weak. */
static uint64_t table_hash(const struct table *table, const void *key, size_t size)
{
	const uint8_t *b = key;
	uint64_t hash = 0, seed = (uint64_t)(uintptr_t)table->slots;
	const void *secret = (const void *)getauxval(AT_RANDOM);

	if (secret)
		memcpy(&hash, secret, sizeof(hash));
	hash ^= UINT64_C(0xcbf29ce484222325) ^ seed * UINT64_C(0x9e3779b97f4a7c15);
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

static struct table_slot *table_lookup(const struct table *table, const void *key, size_t size)
{
	const uint32_t *index;
	uint64_t hash;

	if (table->count == 0)
		return NULL;
	index = table_index(table);
	hash = table_hash(table, key, size);
	for (size_t i = hash & (table->capacity - 1); index[i];
	     i = (i + 1) & (table->capacity - 1)) {
		struct table_slot *slot = &table->slots[index[i] - 1];

		if (slot->value && slot->hash == hash && slot->key_size == size &&
		    (size == 0 || memcmp(slot->key, key, size) == 0))
			return slot;
	}
	return NULL;
}

/* The key is known to be absent, and there is room. */
static void table_insert(struct table *table, const void *key, size_t size, void *value)
{
	uint64_t hash = table_hash(table, key, size);
	uint32_t *index = table_index(table);
	size_t i = hash & (table->capacity - 1);

	while (index[i])
		i = (i + 1) & (table->capacity - 1);
	table->slots[table->used++] = (struct table_slot){
		.hash = hash,
		.key = key,
		.key_size = size,
		.value = value,
	};
	index[i] = (uint32_t)table->used;
	table->count++;
}

/* Drops the dead entries; doubles unless they were at least a half. */
static void table_rebuild(struct table *table)
{
	struct table new = {.capacity = table->capacity};

	if (new.capacity == 0)
		new.capacity = TABLE_CAPACITY_MIN;
	else if (table->count > table_room(table->capacity) / 2)
		new.capacity *= 2;
	assert(new.capacity <= UINT32_MAX);
	new.slots = mem_alloc(table_room(new.capacity) * sizeof(*new.slots) +
			      new.capacity * sizeof(uint32_t));
	for (size_t i = 0; i < table->used; i++)
		if (table->slots[i].value)
			table_insert(&new, table->slots[i].key, table->slots[i].key_size,
				     table->slots[i].value);
	free(table->slots);
	*table = new;
}
