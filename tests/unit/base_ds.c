/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/base/ds: list, table; the table against a plain array on random operations. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/ds.h"
#include "lib/base/mem.h"

struct item {
	struct list node;
	char name[16];
	uint32_t key;
};

static void list_order(void **state)
{
	struct list head;
	struct item items[3] = {{.key = 0}, {.key = 1}, {.key = 2}};
	uint32_t next = 0;

	(void)state;
	list_init(&head);
	assert_true(list_empty(&head));
	for (size_t i = 0; i < 3; i++)
		list_append(&head, &items[i].node);
	list_each(node, &head)
		assert_int_equal(container_of(node, struct item, node)->key, next++);
	assert_int_equal(next, 3);
	list_remove(&items[1].node);
	list_remove(&items[1].node); /* twice is fine */
	assert_ptr_equal(items[0].node.next, &items[2].node);
	assert_ptr_equal(items[2].node.prev, &items[0].node);
	next = 0;
	list_each_safe(node, &head) {
		list_remove(node);
		next++;
	}
	assert_int_equal(next, 2);
	assert_true(list_empty(&head));
}

static void empty_table(void **state)
{
	struct table table = {0};
	size_t cursor = 0;

	(void)state;
	assert_null(table_find_str(&table, "x"));
	assert_null(table_del_str(&table, "x"));
	assert_null(table_next(&table, &cursor));
	table_fini(&table);
	table_fini(&table);
}

static void names(void **state)
{
	cleanup(table_fini) struct table table = {0};
	int red = 1, blue = 2;

	(void)state;
	assert_int_equal(table_add_str(&table, "red", &red), 0);
	assert_int_equal(table_add_str(&table, "red", &blue), -EEXIST);
	assert_int_equal(table_add_str(&table, "blue", &blue), 0);
	assert_ptr_equal(table_find_str(&table, "red"), &red);
	assert_ptr_equal(table_find(&table, "redder", 3), &red);
	assert_null(table_find_str(&table, "re"));
	assert_null(table_find_str(&table, "redd"));
	assert_null(table_find_str(&table, ""));
	assert_ptr_equal(table_del_str(&table, "red"), &red);
	assert_null(table_del_str(&table, "red"));
	assert_int_equal(table.count, 1);
	assert_int_equal(table_add_str(&table, "red", &blue), 0);
	assert_ptr_equal(table_find_str(&table, "red"), &blue);
	assert_int_equal(table_add(&table, "", 0, &red), 0); /* a key of no bytes is a key */
	assert_ptr_equal(table_find_str(&table, ""), &red);
}

/* Keys with NUL inside, all of one length */
static void binary_keys(void **state)
{
	cleanup(table_fini) struct table table = {0};
	static uint32_t keys[1000];

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(keys); i++) {
		keys[i] = i << 8;
		assert_int_equal(table_add(&table, &keys[i], sizeof(keys[i]), &keys[i]), 0);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(keys); i++)
		assert_ptr_equal(table_find(&table, &(uint32_t){i << 8}, sizeof(uint32_t)),
				 &keys[i]);
	assert_null(table_find(&table, &(uint32_t){1}, sizeof(uint32_t)));
}

static void walk_in_order_while_deleting(void **state)
{
	enum { COUNT = 500 };
	cleanup(table_fini) struct table table = {0};
	static struct item items[COUNT];
	struct item *item;
	uint32_t next = 0;
	size_t cursor = 0;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		items[i].key = i;
		snprintf(items[i].name, sizeof(items[i].name), "n%u", (unsigned)i);
		assert_int_equal(table_add_str(&table, items[i].name, &items[i]), 0);
	}
	while ((item = table_next(&table, &cursor))) {
		assert_int_equal(item->key, next++);
		if (item->key % 3 == 0)
			assert_ptr_equal(table_del_str(&table, item->name), item);
	}
	assert_int_equal(next, COUNT);
	assert_int_equal(table.count, COUNT - (COUNT + 2) / 3);
	cursor = 0;
	next = 0;
	while ((item = table_next(&table, &cursor))) {
		assert_true(item->key % 3 != 0);
		assert_ptr_equal(table_find_str(&table, item->name), item);
		assert_ptr_equal(table_del_str(&table, item->name), item);
		next++;
	}
	assert_int_equal(next, COUNT - (COUNT + 2) / 3);
	assert_int_equal(table.count, 0);
}

/* Adding and deleting for ever must not let the table grow, nor searches run without end. */
static void churn_stays_small(void **state)
{
	cleanup(table_fini) struct table table = {0};
	static uint32_t keys[4];

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t *key = &keys[i % 4];

		if (i >= 4)
			assert_ptr_equal(table_del(&table, key, sizeof(*key)), key);
		*key = i;
		assert_int_equal(table_add(&table, key, sizeof(*key), key), 0);
	}
	assert_int_equal(table.count, 4);
	assert_true(table.capacity <= 16);
}

static void against_a_model(void **state)
{
	enum { KEYS = 300, STEPS = 60000 };
	cleanup(table_fini) struct table table = {0};
	static uint32_t keys[KEYS];
	static bool present[KEYS];
	uint32_t random = 12345;
	size_t count = 0;

	(void)state;
	for (uint32_t i = 0; i < KEYS; i++)
		keys[i] = i * 7919;
	for (int step = 0; step < STEPS; step++) {
		size_t i;
		uint32_t key;

		random = random * 1664525 + 1013904223;
		i = (random >> 8) % KEYS;
		key = keys[i];
		assert_ptr_equal(table_find(&table, &key, sizeof(key)),
				 present[i] ? &keys[i] : NULL);
		if (random >> 30 == 0 || (step / 10000) % 2) { /* now growing, now shrinking */
			assert_ptr_equal(table_del(&table, &key, sizeof(key)),
					 present[i] ? &keys[i] : NULL);
			count -= present[i];
			present[i] = false;
		} else {
			assert_int_equal(table_add(&table, &keys[i], sizeof(key), &keys[i]),
					 present[i] ? -EEXIST : 0);
			count += !present[i];
			present[i] = true;
		}
		assert_int_equal(table.count, count);
	}
}

static void adds_null(void)
{
	struct table table = {0};

	table_add_str(&table, "x", NULL);
}

static void null_value_aborts(void **state)
{
	(void)state;
	assert_true(aborts(adds_null));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_order),
		cmocka_unit_test(empty_table),
		cmocka_unit_test(names),
		cmocka_unit_test(binary_keys),
		cmocka_unit_test(walk_in_order_while_deleting),
		cmocka_unit_test(churn_stays_small),
		cmocka_unit_test(against_a_model),
		cmocka_unit_test(null_value_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
