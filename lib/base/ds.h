/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ds - intrusive list and a hash table keyed by bytes. Floor F0.
 * The table holds pointers it does not own; keys live inside the values.
 */
#ifndef MOAT_BASE_DS_H
#define MOAT_BASE_DS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list {
	struct list *next, *prev;
};

void list_init(struct list *head);
void list_append(struct list *head, struct list *node);
void list_remove(struct list *node); /* node is left initialised: removing twice is fine */
bool list_empty(const struct list *head);
#define list_each(node, head) for (struct list *node = (head)->next; node != (head); node = node->next)
#define list_each_safe(node, head) \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
	     node = node##_next, node##_next = node->next)

/* Open addressing, power-of-two size, FNV-1a with a seed per table; zero initialised is empty. */
struct table_slot {
	uint64_t hash;
	const void *key;
	size_t key_size;
	void *value;
};
struct table {
	struct table_slot *slots;
	size_t capacity, count, used;
};

void table_fini(struct table *table);
void *table_find(const struct table *table, const void *key, size_t size);
/** table_add() - @key must live as long as the entry. Return: 0, -EEXIST. */
int table_add(struct table *table, const void *key, size_t size, void *value);
void *table_del(struct table *table, const void *key, size_t size); /* the value, or NULL */
/** table_next() - iterate: start with *cursor = 0; NULL at the end. Deleting the entry just returned is allowed. */
void *table_next(const struct table *table, size_t *cursor);

void *table_find_str(const struct table *table, const char *key);
int table_add_str(struct table *table, const char *key, void *value);
void *table_del_str(struct table *table, const char *key);

#endif
