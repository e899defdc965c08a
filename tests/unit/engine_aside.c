/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of netd/engine/store/aside.h: rows of the store that cannot be loaded stay
 * as they are, each field of each kind of row in turn, and all others are loaded.
 */
#include "tests/unit/store_unit.h"

static char *all_rows(const char *path)
{
	struct buf text = BUF_INIT;
	sqlite3_stmt *stmt;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT quote(id), quote(kind), quote(state), quote(doc), seq FROM rows ORDER BY id", -1,
					    &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < 5; i++)
			buf_printf(&text, "%s ", (const char *)sqlite3_column_text(stmt, i));
		buf_str(&text, "\n");
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return (char *)text.data;
}

/* What the store has now, and what could not be loaded; the rows of both files are as they were. */
static void loaded_aside(struct model *model, struct asides *asides)
{
	char *before[] = { all_rows(definitions_db), all_rows(volatile_db) };
	const struct pools pools = small_pools();
	struct store *store = opened();
	struct err err = ERR_INIT;

	*asides = (struct asides){ 0 };
	model_init(model, &pools);
	must(store_load(store, model, asides, &err), &err);
	store_close(store);
	for (size_t i = 0; i < 2; i++) {
		char *after = all_rows(i ? volatile_db : definitions_db);

		assert_string_equal(after, before[i]);
		free(after);
		free(before[i]);
	}
}

static const struct aside *aside_of(const struct asides *asides, const char *row)
{
	for (size_t i = 0; i < asides->count; i++)
		if (str_eq(asides->rows[i]->row, row))
			return asides->rows[i];
	fail_msg("row %s was not set aside", row);
	return NULL;
}

static void is_whole(const struct model *after, const struct model *before)
{
	char *want = meaning(before), *have = meaning(after);

	assert_string_equal(have, want);
	free(want);
	free(have);
}

/* One that cannot be read is named and stays; everything else is loaded. */
static void bad_rows(void **state)
{
	static const struct {
		const char *doc, *reason;
	} rows_[] = {
		{ "'{'", "" }, { "'[]'", "no object" }, { "'nonsense'", "" }, { "'{\"name\":\"red\",\"name\":\"red\"}'", "" },
		{ "''", "" }, { "x'00ff7b7d'", "" }, { "'{}'", "" }, { "'{\"name\":\"red\",\"transit\":5}'", "exists already" },
		{ "'{\"name\":\"blue\",\"transit\":0}'", "is taken" }, { "'{\"name\":\"No Name\",\"transit\":5}'", "" },
		{ "'{\"name\":\"blue\",\"colour\":1}'", "colour" }, { "'{\"name\":\"blue\",\"kind\":2}'", "kind" },
		{ "'{\"name\":\"blue\",\"ports\":\"2\"}'", "ports" }, { "'{\"name\":\"blue\",\"allowPorts\":[7]}'", "allowPorts" },
	};
	struct model before, after;
	struct store *store = filled(&before, LIFE_UP);
	struct asides asides;
	char statement[256];

	(void)state;
	store_close(store);
	for (size_t i = 0; i < sizeof(rows_) / sizeof(*rows_); i++) {
		snprintf(statement, sizeof(statement), "INSERT OR REPLACE INTO rows VALUES('00000000000f', 'tenant', 'up', %s, 1000)",
			 rows_[i].doc);
		sql(definitions_db, statement);
		loaded_aside(&after, &asides);
		assert_int_equal(asides.count, 1);
		assert_true(asides.rows[0]->holds && asides.rows[0]->id == 15 && asides_hold(&asides));
		assert_string_equal(asides.rows[0]->row, "00000000000f");
		assert_string_equal(asides.rows[0]->kind, "tenant");
		assert_string_equal(asides.rows[0]->path, definitions_db);
		if (!strstr(asides.rows[0]->reason, rows_[i].reason))
			fail_msg("%s: %s", rows_[i].doc, asides.rows[0]->reason);
		is_whole(&after, &before);
		asides_fini(&asides);
		model_fini(&after);
	}
	model_fini(&before);
}

/* One statement for each field of each document, and each document: {} is neither text, number, truth nor list. */
static size_t changes_of(const char *path, char ***ret_changes)
{
	size_t count = 0;
	sqlite3_stmt *stmt;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT rows.id, fullkey FROM rows, json_each(rows.doc) UNION ALL SELECT id, '$.more' FROM rows", -1, &stmt,
					    NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		*ret_changes = mem_grow(*ret_changes, count + 1, sizeof(char *));
		(*ret_changes)[count++] = sqlite3_mprintf("UPDATE rows SET doc = json_set(doc, %Q, json('{}')) WHERE id = %Q",
							  sqlite3_column_text(stmt, 1), sqlite3_column_text(stmt, 0));
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return count;
}

/*
 * Nothing in a document is passed over: each field of each row in turn is of another type, and each has one more field. An endpoint
 * without one of its addresses, a network without its guard are worse than none.
 */
static void bad_fields(void **state)
{
	struct model before, after;
	struct store *store = filled(&before, LIFE_UP);
	const char *files[] = { definitions_db, volatile_db };
	struct asides asides;
	size_t tried = 0;

	(void)state;
	store_close(store);
	for (size_t f = 0; f < 2; f++) {
		char **changes = NULL;
		size_t count = changes_of(files[f], &changes);

		sql(files[f], "CREATE TABLE good AS SELECT * FROM rows");
		for (size_t i = 0; i < count; i++) {
			sql(files[f], changes[i]);
			loaded_aside(&after, &asides);
			if (asides.count == 0)
				fail_msg("passed over: %s", changes[i]);
			asides_fini(&asides);
			model_fini(&after);
			sql(files[f], "DELETE FROM rows; INSERT INTO rows SELECT * FROM good");
			sqlite3_free(changes[i]);
		}
		free(changes);
		tried += count;
	}
	assert_true(tried > 100);
	loaded_aside(&after, &asides);
	assert_int_equal(asides.count, 0);
	is_whole(&after, &before);
	model_fini(&after);
	model_fini(&before);
}

/* What belongs to a row that cannot be loaded waits with it, and comes back with it. Other tenants' orphans go as ever. */
static void bad_row_with_others(void **state)
{
	struct model before, after;
	struct store *store = filled(&before, LIFE_UP);
	struct asides asides;
	struct err err = ERR_INIT;
	struct tenant *tenant;

	(void)state;
	store_close(store);
	sql(definitions_db, "CREATE TABLE good AS SELECT * FROM rows; UPDATE rows SET doc = '{\"name\":\"red\",\"transit\":99999}'"
			    " WHERE id = '000000000001'");
	loaded_aside(&after, &asides);
	assert_null(model_tenant(&after, "red"));
	assert_non_null(model_tenant(&after, "net")); /* the lab and the other tenant are served */
	assert_non_null(model_tenant(&after, "empty"));
	assert_false(aside_of(&asides, "000000000001")->dependent);
	assert_true(aside_of(&asides, "000000000002")->dependent); /* its network, */
	assert_true(aside_of(&asides, "00000000000a")->dependent); /* a stack, */
	assert_true(aside_of(&asides, "000000000014")->dependent); /* an endpoint */
	assert_int_equal(asides_of(&asides, "red"), asides.count);
	assert_int_equal(asides_refuse(&asides, "red", &err), -EBUSY);
	assert_int_equal(asides_refuse(&asides, "net", &err), 0);
	asides_fini(&asides);
	model_fini(&after);
	/* an orphan of a tenant with whom nothing is wrong */
	sql(volatile_db, "INSERT INTO rows(id, kind, state, doc) VALUES('0000000000aa', 'stack', 'up', '{\"tenant\":\"gone\",\"name\":\"x\",\"kind\":0}')");
	store = opened();
	model_init(&after, &before.pools);
	must(store_load(store, &after, &asides, &err), &err);
	store_close(store);
	for (size_t i = 0; i < asides.count; i++)
		assert_string_not_equal(asides.rows[i]->row, "0000000000aa");
	asides_fini(&asides);
	model_fini(&after);
	/* with a document that tells nothing its rows cannot be told from anybody's */
	sql(definitions_db, "UPDATE rows SET doc = 'x' WHERE id = '000000000001'");
	sql(volatile_db, "INSERT INTO rows(id, kind, state, doc) VALUES('0000000000aa', 'stack', 'up', '{\"tenant\":\"gone\",\"name\":\"x\",\"kind\":0}')");
	loaded_aside(&after, &asides);
	assert_true(aside_of(&asides, "0000000000aa")->dependent);
	asides_fini(&asides);
	model_fini(&after);
	sql(volatile_db, "DELETE FROM rows WHERE id = '0000000000aa'");
	/* whole again, all is there */
	sql(definitions_db, "DELETE FROM rows; INSERT INTO rows SELECT * FROM good");
	loaded_aside(&after, &asides);
	assert_int_equal(asides.count, 0);
	is_whole(&after, &before);
	tenant = model_tenant(&after, "red");
	assert_int_equal(tenant->endpoint_count, 5);
	model_fini(&after);
	model_fini(&before);
}

/* Kinds and states that are none, ids that are none: they stay, and what may be theirs is known to be unknown. */
static void bad_columns(void **state)
{
	static const struct {
		const char *change, *row, *kind;
		bool anything;
	} changes[] = {
		{ "UPDATE rows SET kind = 'endpoinu' WHERE id = '000000000014'", "000000000014", "endpoinu", false },
		{ "UPDATE rows SET kind = 'network' WHERE id = '000000000014'", "000000000014", "network", false },
		{ "UPDATE rows SET state = 'uq' WHERE id = '000000000014'", "000000000014", "endpoint", false },
		{ "UPDATE rows SET id = '00000000001' || char(7) WHERE id = '000000000014'", "00000000001?", "endpoint", true },
		{ "UPDATE rows SET id = '' WHERE id = '000000000014'", "", "endpoint", true },
		{ "UPDATE rows SET id = '000000000077' WHERE id = '000000000014'", "000000000077", "endpoint", false },
	};
	struct model before, after;
	struct store *store = filled(&before, LIFE_UP);
	struct asides asides;

	(void)state;
	store_close(store);
	sql(volatile_db, "CREATE TABLE good AS SELECT * FROM rows");
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		sql(volatile_db, changes[i].change);
		loaded_aside(&after, &asides);
		assert_int_equal(asides.count, 1);
		assert_string_equal(aside_of(&asides, changes[i].row)->kind, changes[i].kind);
		assert_int_equal(asides.anything, changes[i].anything);
		assert_true(asides_hold(&asides));
		assert_int_equal(model_tenant(&after, "red")->endpoint_count, 4);
		asides_fini(&asides);
		model_fini(&after);
		sql(volatile_db, "DELETE FROM rows; INSERT INTO rows SELECT * FROM good");
	}
	/* the kernel has nothing of a memory */
	sql(volatile_db, "UPDATE rows SET kind = 'memory', doc = 'x' WHERE id = '000000000014'");
	loaded_aside(&after, &asides);
	assert_int_equal(asides.count, 1);
	assert_false(asides_hold(&asides));
	assert_false(asides_may_own(&asides, "red"));
	asides_fini(&asides);
	model_fini(&after);
	model_fini(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_rows),
		TEST(bad_fields),
		TEST(bad_row_with_others),
		TEST(bad_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
