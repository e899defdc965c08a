/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store - rows in SQLite: open, write, transactions. Floor F4. What a row's
 * document says of an object is the matter of store_doc.c.
 *
 * One connection: `main` is the volatile file, `def` the attached definitions.
 * Write-ahead log and exclusive locking in both; with synchronous=OFF a killed
 * engine loses nothing (the pages are the kernel's), only a power cut does, and
 * that takes the kernel objects with it.
 */
#include "netd/engine/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/store_doc.h"

/*
 * 1: meta, rows(id, kind, state, doc)
 * 2: rows.seq: the order in which objects were made
 */
enum { STORE_VERSION = 2 };

enum statement {
	STMT_BEGIN,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_PUT,
	STMT_PUT_DEF,
	STMT_STATE,
	STMT_STATE_DEF,
	STMT_DEL,
	STMT_DEL_DEF,
	STMT_COUNT
};

static const char *const statements[STMT_COUNT] = {
	[STMT_BEGIN] = "BEGIN",
	[STMT_COMMIT] = "COMMIT",
	[STMT_ROLLBACK] = "ROLLBACK",
	[STMT_PUT] = "INSERT INTO main.rows(id, kind, state, doc, seq) VALUES(?1, ?2, ?3, ?4, ?5)"
		     " ON CONFLICT(id) DO UPDATE SET kind = ?2, state = ?3, doc = ?4",
	[STMT_PUT_DEF] = "INSERT INTO def.rows(id, kind, state, doc, seq) VALUES(?1, ?2, ?3, ?4, ?5)"
			 " ON CONFLICT(id) DO UPDATE SET kind = ?2, state = ?3, doc = ?4",
	[STMT_STATE] = "UPDATE main.rows SET state = ?2 WHERE id = ?1",
	[STMT_STATE_DEF] = "UPDATE def.rows SET state = ?2 WHERE id = ?1",
	[STMT_DEL] = "DELETE FROM main.rows WHERE id = ?1",
	[STMT_DEL_DEF] = "DELETE FROM def.rows WHERE id = ?1",
};

/* Nothing is removed from the kernel before somebody has decided. */
#define REMEDY "put back a copy of it, or remove it and with it all it told of"

struct store {
	sqlite3 *db;
	sqlite3_stmt *stmts[STMT_COUNT];
	char path[512], volatile_path[512]; /* for messages */
	int64_t seq;			    /* of the last row made */
	bool touched;			    /* the transaction has written to the volatile file */
	bool touched_def;		    /* and to the definitions */
};

/* @path: of the file that the failed statement was of */
static int store_fail_at(struct store *store, const char *path, const char *what, struct err *err)
{
	int code = sqlite3_errcode(store->db);
	int no = code == SQLITE_FULL ? ENOSPC : code == SQLITE_READONLY ? EROFS : EIO;
	bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;

	return err_set(err, ERR_IO, no, path, "the store cannot be %s: %s%s", what, sqlite3_errmsg(store->db),
		       damaged ? ": " REMEDY : "");
}

/* A statement may be of either file: the durable one is named. */
static int store_fail(struct store *store, const char *what, struct err *err)
{
	return store_fail_at(store, store->path, what, err);
}

static const char *db_path(const struct store *store, const char *db)
{
	return str_eq(db, "main") ? store->volatile_path : store->path;
}

static int store_exec(struct store *store, const char *sql, const char *what, struct err *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(store, what, err);
	return 0;
}

/*
 * Return: 0; -ENOENT: there is none; -EIO, -ENAMETOOLONG: it cannot be read, which is another thing: what it told of may
 * stand.
 */
static int store_meta_get(struct store *store, const char *db, const char *key, char *dst, size_t size)
{
	char sql[96];
	const char *text;
	sqlite3_stmt *stmt = NULL;
	int r, step;

	snprintf(sql, sizeof(sql), "SELECT value FROM %s.meta WHERE key = ?1", db);
	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return -EIO;
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	step = sqlite3_step(stmt);
	text = step == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	if (text)
		r = str_copy(dst, size, text);
	else
		r = step == SQLITE_DONE ? -ENOENT : -EIO;
	sqlite3_finalize(stmt);
	return r;
}

static int store_meta_set(struct store *store, const char *db, const char *key, const char *value, struct err *err)
{
	char sql[96];
	sqlite3_stmt *stmt = NULL;
	int r = 0;

	snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO %s.meta(key, value) VALUES(?1, ?2)", db);
	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return store_fail_at(store, db_path(store, db), "written", err);
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, value, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) != SQLITE_DONE)
		r = store_fail_at(store, db_path(store, db), "written", err);
	sqlite3_finalize(stmt);
	return r;
}

/* Is there a table meta yet? Return: 0, 1, or < 0 for a file that is no database. */
static int store_has_meta(struct store *store, const char *db, struct err *err)
{
	char sql[96];
	sqlite3_stmt *stmt = NULL;
	int step = SQLITE_ERROR;

	snprintf(sql, sizeof(sql), "SELECT 1 FROM %s.sqlite_master WHERE name = 'meta'", db);
	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) == SQLITE_OK)
		step = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	if (step == SQLITE_ROW || step == SQLITE_DONE)
		return step == SQLITE_ROW;
	return store_fail_at(store, db_path(store, db), "opened", err);
}

/* Are all pages there, and do they hang together? A file that was cut off is found now, not by the row that is missing. */
static int store_check_whole(struct store *store, const char *db, struct err *err)
{
	const char *path = db_path(store, db), *text;
	char sql[64];
	sqlite3_stmt *stmt = NULL;
	int r = 0;

	snprintf(sql, sizeof(sql), "PRAGMA %s.quick_check(1)", db);
	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW) {
		r = store_fail_at(store, path, "opened", err);
	} else {
		text = (const char *)sqlite3_column_text(stmt, 0);
		if (!str_eq(text, "ok"))
			r = err_set(err, ERR_IO, EBADMSG, path,
				    "the store cannot be opened: it is malformed (%s): " REMEDY, text);
	}
	sqlite3_finalize(stmt);
	return r;
}

/* A file of version 1 becomes one of the present version, or stays as it was. */
static int store_migrate(struct store *store, const char *db, struct err *err)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "BEGIN; ALTER TABLE %s.rows ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;"
		 "UPDATE %s.meta SET value = '%d' WHERE key = 'version'; COMMIT",
		 db, db, STORE_VERSION);
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	store_fail_at(store, db_path(store, db), "brought to the present version", err);
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return -err->no;
}

/*
 * Which version wrote this file? One that tells none is new, or was cut off between its tables and that row; one whose
 * version cannot be read is somebody else's, and not ours to write into.
 * Return: 0 with *ret_version 0 for none; < 0.
 */
static int store_version(struct store *store, const char *db, unsigned *ret_version, struct err *err)
{
	const char *path = db_path(store, db);
	char text[16];
	uint64_t version = 0;
	int r;

	r = store_meta_get(store, db, "version", text, sizeof(text));
	if (r == -EIO)
		return err_set(err, ERR_IO, EBADMSG, path,
			       "the store's version cannot be read (%s); it was left as it is: " REMEDY,
			       sqlite3_errmsg(store->db));
	if (r == -ENAMETOOLONG)
		return err_set(err, ERR_IO, EPROTONOSUPPORT, path,
			       "the store has a version longer than this program knows, %d; it was left as it is",
			       STORE_VERSION);
	if (r == 0 && (str_u64(text, STORE_VERSION, &version) < 0 || version < 1))
		return err_set(err, ERR_IO, EPROTONOSUPPORT, path,
			       "the store has version %s, this program knows %d; it was left as it is", text,
			       STORE_VERSION);
	*ret_version = (unsigned)version;
	return 0;
}

/* The tables of one file; a file that is broken or of a version we do not know is left alone. */
static int store_schema(struct store *store, const char *db, const char *synchronous, struct err *err)
{
	const char *path = db_path(store, db);
	char sql[640];
	unsigned version = 0;
	int r;

	r = store_has_meta(store, db, err);
	if (r >= 0 && sqlite3_db_readonly(store->db, db) > 0)
		r = err_set(err, ERR_IO, EROFS, path, "the store cannot be opened: this file may not be written");
	if (r > 0) {
		r = store_check_whole(store, db, err);
		if (r == 0)
			r = store_version(store, db, &version, err);
	}
	if (r < 0)
		return r;
	snprintf(sql, sizeof(sql),
		 "PRAGMA %s.journal_mode=WAL; PRAGMA %s.synchronous=%s;"
		 "CREATE TABLE IF NOT EXISTS %s.meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
		 "CREATE TABLE IF NOT EXISTS %s.rows(id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL,"
		 " doc TEXT NOT NULL, seq INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;",
		 db, db, synchronous, db, db);
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail_at(store, path, "opened", err);
	if (version > 0)
		return version < STORE_VERSION ? store_migrate(store, db, err) : 0;
	snprintf(sql, sizeof(sql), "%d", STORE_VERSION);
	return store_meta_set(store, db, "version", sql, err);
}

/* Another boot: whatever lived in the kernel is gone, and so is what we remember of it. */
static int store_check_boot(struct store *store, struct err *err)
{
	char now[37], then[64];
	int r;

	r = clock_boot_id(now);
	if (r < 0)
		return err_sys(err, ERR_IO, -r, NULL, "the boot id cannot be read");
	r = store_meta_get(store, "main", "boot", then, sizeof(then));
	if (r == 0 && str_eq(now, then))
		return 0;
	if (r < 0 && r != -ENOENT)
		return store_fail_at(store, store->volatile_path, "read", err);
	r = store_exec(store, "DELETE FROM main.rows; DELETE FROM main.meta WHERE key = 'opened'", "cleared", err);
	if (r < 0)
		return r;
	return store_meta_set(store, "main", "boot", now, err);
}

/* The last number that was given to a row of either file. */
static int store_read_seq(struct store *store, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(store->db,
			       "SELECT max((SELECT coalesce(max(seq), 0) FROM main.rows), (SELECT coalesce(max(seq), 0) FROM def.rows))",
			       -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		store->seq = sqlite3_column_int64(stmt, 0);
	else
		r = store_fail(store, "read", err);
	sqlite3_finalize(stmt);
	return r;
}

/* Asked before SQLite looks: it would leave its journal beside a file that may not be written, as little writable as that. */
static int store_check_mode(const char *path, struct err *err)
{
	if (access(path, W_OK) == 0 || errno == ENOENT)
		return 0;
	return err_sys(err, ERR_IO, errno, path, "the store cannot be opened: this file may not be written");
}

int store_open(const char *state_dir, const char *runtime_dir, struct store **ret_store, struct err *err)
{
	struct store *store = mem_alloc(sizeof(*store));
	char *sql;
	int r;

	snprintf(store->volatile_path, sizeof(store->volatile_path), "%s/engine/volatile.db", runtime_dir);
	snprintf(store->path, sizeof(store->path), "%s/engine/moat.db", state_dir);
	r = store_check_mode(store->volatile_path, err);
	if (r == 0)
		r = store_check_mode(store->path, err);
	if (r < 0) {
		store_close(store);
		return r;
	}
	if (sqlite3_open_v2(store->volatile_path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK) {
		r = store_fail_at(store, store->volatile_path, "opened", err);
		store_close(store);
		return r;
	}
	sqlite3_busy_timeout(store->db, 2000); /* our killed predecessor's locks end with it */
	sqlite3_exec(store->db, "PRAGMA main.locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1024", NULL,
		     NULL, NULL);
	/* first: to attach the other, the schema of this one is read */
	r = store_schema(store, "main", "OFF", err);
	if (r == 0) {
		sql = sqlite3_mprintf("ATTACH %Q AS def; PRAGMA def.locking_mode=EXCLUSIVE;", store->path);
		r = store_exec(store, sql, "opened", err);
		sqlite3_free(sql);
	}
	if (r == 0)
		r = store_schema(store, "def", "FULL", err);
	if (r == 0)
		r = store_check_boot(store, err);
	if (r == 0)
		r = store_read_seq(store, err);
	for (int i = 0; i < STMT_COUNT && r == 0; i++)
		if (sqlite3_prepare_v3(store->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &store->stmts[i], NULL) !=
		    SQLITE_OK)
			r = store_fail(store, "prepared", err);
	if (r < 0) {
		store_close(store);
		return r;
	}
	*ret_store = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (int i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(store->stmts[i]);
	sqlite3_close(store->db);
	free(store);
}

/* ----------------------------------------------------------------------- writing */

/* Which file does a statement write to? A transaction of both may fail for either: the durable one is named. */
static const char *stmt_path(const struct store *store, enum statement which)
{
	if (which == STMT_PUT || which == STMT_STATE || which == STMT_DEL ||
	    (which == STMT_COMMIT && store->touched && !store->touched_def))
		return store->volatile_path;
	return store->path;
}

static void stmt_touches(struct store *store, enum statement which)
{
	if (which == STMT_BEGIN)
		store->touched = store->touched_def = false;
	else if (which == STMT_PUT || which == STMT_STATE || which == STMT_DEL)
		store->touched = store->touched || sqlite3_changes(store->db) > 0;
	else if (which == STMT_PUT_DEF || which == STMT_STATE_DEF || which == STMT_DEL_DEF)
		store->touched_def = store->touched_def || sqlite3_changes(store->db) > 0;
}

/* Run one prepared statement with up to four texts. */
static int store_run(struct store *store, enum statement which, const char *a, const char *b, const char *c, const char *d,
		     struct err *err)
{
	sqlite3_stmt *stmt = store->stmts[which];
	const char *const texts[] = { a, b, c, d };
	int r = 0;

	for (int i = 0; i < 4 && texts[i]; i++)
		sqlite3_bind_text(stmt, i + 1, texts[i], -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_DONE)
		stmt_touches(store, which);
	else
		r = store_fail_at(store, stmt_path(store, which), "written", err);
	sqlite3_reset(stmt);
	return r;
}

int store_begin(struct store *store, struct err *err) { return store_run(store, STMT_BEGIN, NULL, NULL, NULL, NULL, err); }
int store_commit(struct store *store, struct err *err)
{
	int r = store_run(store, STMT_COMMIT, NULL, NULL, NULL, NULL, err);

	if (r < 0)
		store_rollback(store);
	return r;
}
void store_rollback(struct store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		(void)store_run(store, STMT_ROLLBACK, NULL, NULL, NULL, NULL, NULL);
}

static int store_put(struct store *store, bool definition, uint64_t id, const char *kind, enum life life, json_t *doc,
		     struct err *err)
{
	sqlite3_stmt *stmt = store->stmts[definition ? STMT_PUT_DEF : STMT_PUT];
	char hex[13];
	char *text = json_text(doc);
	int r;

	json_decref(doc);
	str_hex48_print(id, hex);
	sqlite3_bind_int64(stmt, 5, ++store->seq);
	r = store_run(store, definition ? STMT_PUT_DEF : STMT_PUT, hex, kind, life == LIFE_UP ? "up" : "pending", text, err);
	free(text);
	return r;
}

int store_tenant(struct store *store, const struct tenant *tenant, struct err *err)
{
	return store_put(store, tenant->kind == TENANT_PLAIN, tenant->id, "tenant", tenant->life, doc_tenant(tenant), err);
}

int store_network(struct store *store, const struct network *network, struct err *err)
{
	return store_put(store, true, network->id, "network", network->life, doc_network(network), err);
}

int store_stack(struct store *store, const struct stack *stack, struct err *err)
{
	return store_put(store, false, stack->id, "stack", stack->life, doc_stack(stack), err);
}

int store_endpoint(struct store *store, const struct endpoint *endpoint, struct err *err)
{
	if (!endpoint->network && !endpoint->wire_first)
		return 0; /* the first end of a wire stands for both */
	return store_put(store, false, endpoint->id, endpoint->network ? "endpoint" : "wire", endpoint->life,
			 doc_endpoint(endpoint), err);
}

int store_memory(struct store *store, const struct ipam_memory *memory, struct err *err)
{
	char hex[13];
	int r;

	str_hex48_print(memory->id, hex);
	r = store_run(store, STMT_DEL, hex, NULL, NULL, NULL, err); /* the endpoint's row: its place in the order is another now */
	return r < 0 ? r : store_put(store, false, memory->id, "memory", LIFE_UP, doc_memory(memory), err);
}

int store_forget(struct store *store, struct model *model, struct err *err)
{
	uint64_t *ids;
	size_t count = model_forgotten(model, &ids);
	char hex[13];
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		str_hex48_print(ids[i], hex);
		r = store_run(store, STMT_DEL, hex, NULL, NULL, NULL, err);
	}
	free(ids);
	return r;
}

/* An id is in one of the files; the other statement touches no row. */
static int store_both(struct store *store, enum statement one, enum statement def, uint64_t id, const char *state,
		      struct err *err)
{
	char hex[13];
	int r;

	str_hex48_print(id, hex);
	r = store_run(store, one, hex, state, NULL, NULL, err);
	if (r == 0 && sqlite3_changes(store->db) == 0)
		r = store_run(store, def, hex, state, NULL, NULL, err);
	return r;
}

int store_up(struct store *store, uint64_t id, struct err *err)
{
	return store_both(store, STMT_STATE, STMT_STATE_DEF, id, "up", err);
}

/* All of @ids in one file, as one transaction. An id that is not in it touches no row. */
static int store_states(struct store *store, enum statement stmt, const uint64_t *ids, size_t count, const char *state,
			struct err *err)
{
	int r = store_begin(store, err);

	for (size_t i = 0; i < count && r == 0; i++) {
		char hex[13];

		str_hex48_print(ids[i], hex);
		r = store_run(store, stmt, hex, state, NULL, NULL, err);
	}
	if (r == 0)
		return store_commit(store, err);
	store_rollback(store);
	return r;
}

/*
 * The two files do not commit as one. Definitions go first: what was in them when we are cut off before the second is
 * an orphan at the next start, and goes, too. The other way round endpoints would be gone and their networks not.
 */
int store_deleting_all(struct store *store, const uint64_t *ids, size_t count, bool definitions, struct err *err)
{
	int r = definitions ? store_states(store, STMT_STATE_DEF, ids, count, "deleting", err) : 0;

	if (r < 0)
		return r;
	r = store_states(store, STMT_STATE, ids, count, "deleting", err);
	if (r < 0 && definitions)
		(void)store_states(store, STMT_STATE_DEF, ids, count, "up", NULL);
	return r;
}

int store_remove(struct store *store, uint64_t id, struct err *err)
{
	return store_both(store, STMT_DEL, STMT_DEL_DEF, id, NULL, err);
}

/* ------------------------------------------------------------------------- pools */

int store_pools(struct store *store, struct pools *ret_pools, struct err *err)
{
	struct {
		const char *key;
		struct prefix *prefix;
	} rows[] = {
		{ "transit4", &ret_pools->transit4 },
		{ "transit6", &ret_pools->transit6 },
		{ "nets4", &ret_pools->nets4 },
		{ "nets6", &ret_pools->nets6 },
	};
	char text[PREFIX_STR_SIZE];

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		int r = store_meta_get(store, "def", rows[i].key, text, sizeof(text));

		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return store_fail(store, "read", err);
		if (prefix_parse(text, rows[i].prefix) < 0)
			return err_set(err, ERR_IO, EINVAL, store->path, "the pool %s of the store is no prefix: '%s'",
				       rows[i].key, text);
	}
	return 1;
}

int store_set_pools(struct store *store, const struct pools *pools, struct err *err)
{
	char text[PREFIX_STR_SIZE];
	int r;

	r = store_meta_set(store, "def", "transit4", prefix_print(&pools->transit4, text), err);
	if (r == 0)
		r = store_meta_set(store, "def", "transit6", prefix_print(&pools->transit6, text), err);
	if (r == 0)
		r = store_meta_set(store, "def", "nets4", prefix_print(&pools->nets4, text), err);
	if (r == 0)
		r = store_meta_set(store, "def", "nets6", prefix_print(&pools->nets6, text), err);
	return r;
}

int store_opened(struct store *store, char *dst, size_t size)
{
	return store_meta_get(store, "main", "opened", dst, size);
}

int store_set_opened(struct store *store, const char *text, struct err *err)
{
	return store_meta_set(store, "main", "opened", text, err);
}

/* ----------------------------------------------------------------------- loading */

typedef int (*load_fn)(struct model *model, uint64_t id, const json_t *doc, struct err *err);

struct kind {
	const char *db, *name;
	load_fn load;
};

/* What is in which file, in the order in which one needs the other. */
static const struct kind kinds[] = {
	{ "def", "tenant", load_tenant },     { "main", "tenant", load_tenant }, { "def", "network", load_network },
	{ "main", "stack", load_stack },      { "main", "endpoint", load_endpoint }, { "main", "wire", load_wire },
	{ "main", "memory", load_memory },
};

/**
 * struct orphan - a row that the model has nothing of
 * @missing: what it belongs to is not there; else it is only of no use any more
 */
struct orphan {
	struct aside row;
	bool missing;
};

struct loading {
	struct store *store;
	struct model *model;
	struct asides *asides;
	struct orphan *orphans; /* decided on when all are read */
	size_t orphan_count;
};

/* What of a row can be read of it as long as it is not known to be sound. A blob is taken for text: it will not be one. */
static void row_of(const struct store *store, const char *db, sqlite3_stmt *stmt, const char *kind, struct aside *ret_row)
{
	const char *id = (const char *)sqlite3_column_text(stmt, 0);
	struct err text;

	*ret_row = (struct aside){ .transit = -1, .holds = !str_eq(kind, "memory") }; /* the kernel has nothing of a memory */
	err_set(&text, ERR_IO, EBADMSG, kind, "%.40s", id ? id : "");
	(void)str_copy(ret_row->row, sizeof(ret_row->row), text.msg);
	(void)snprintf(ret_row->kind, sizeof(ret_row->kind), "%.23s", text.object);
	(void)str_copy(ret_row->path, sizeof(ret_row->path), db_path(store, db));
	if (!id || str_hex48(id, &ret_row->id) < 0)
		ret_row->id = 0;
}

/* Of a document that can be read as far as that: whose it is. */
static void row_tenant(const json_t *doc, struct aside *row)
{
	const char *name = json_string_value(json_object_get(doc, str_eq(row->kind, "tenant") ? "name" : "tenant"));

	if (name && name_tenant_check(name, NULL) == 0)
		(void)str_copy(row->tenant, sizeof(row->tenant), name);
	if (str_eq(row->kind, "tenant") && json_is_integer(json_object_get(doc, "transit")))
		row->transit = json_integer_value(json_object_get(doc, "transit"));
}

static void set_aside(struct loading *loading, const struct aside *row, const struct err *err)
{
	struct buf reason cleanup(buf_fini) = BUF_INIT;

	buf_printf(&reason, "%s%s%s", err->object, err->object[0] ? ": " : "", err->msg);
	asides_add(loading->asides, row, buf_cstr(&reason));
}

/* One row into the model, or aside. */
static void load_row(struct loading *loading, const struct kind *kind, sqlite3_stmt *stmt)
{
	const char *text = (const char *)sqlite3_column_text(stmt, 1);
	size_t size = (size_t)sqlite3_column_bytes(stmt, 1);
	json_t *doc cleanup(json_freep) = NULL;
	struct err err = ERR_INIT;
	struct aside row;
	int r;

	row_of(loading->store, kind->db, stmt, kind->name, &row);
	r = row.id ? 0 : err_set(&err, ERR_IO, EBADMSG, NULL, "this is no id");
	if (r == 0)
		r = text ? json_parse(text, size, 0, &doc, &err) : err_set(&err, ERR_IO, EBADMSG, NULL, "it says nothing");
	if (r == 0 && !json_is_object(doc))
		r = err_set(&err, ERR_IO, EBADMSG, NULL, "it is no object of JSON");
	if (doc)
		row_tenant(doc, &row);
	if (r == 0)
		r = kind->load(loading->model, row.id, doc, &err);
	if (r < 0) {
		set_aside(loading, &row, &err);
	} else if (r > 0 || !model_id_taken(loading->model, row.id)) {
		loading->orphans = mem_grow(loading->orphans, loading->orphan_count + 1, sizeof(*loading->orphans));
		loading->orphans[loading->orphan_count++] = (struct orphan){ .row = row, .missing = r > 0 };
	}
}

/* All rows of one kind in one file. Return: < 0 where the file itself cannot be read. */
static int load_kind(struct loading *loading, const struct kind *kind, struct err *err)
{
	struct store *store = loading->store;
	char sql[128];
	sqlite3_stmt *stmt = NULL;
	int r = 0, step;

	snprintf(sql, sizeof(sql), "SELECT id, doc FROM %s.rows WHERE kind = ?1 AND state = 'up' ORDER BY seq, id", kind->db);
	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return store_fail_at(store, db_path(store, kind->db), "read", err);
	sqlite3_bind_text(stmt, 1, kind->name, -1, SQLITE_STATIC);
	while ((step = sqlite3_step(stmt)) == SQLITE_ROW)
		load_row(loading, kind, stmt);
	if (step != SQLITE_DONE)
		r = store_fail_at(store, db_path(store, kind->db), "read", err);
	sqlite3_finalize(stmt);
	return r;
}

/* Is it a row that some step reads, or one that was promised to nobody or to be gone? */
static bool is_known(const char *db, const char *kind, const char *state)
{
	if (str_eq(state, "pending") || str_eq(state, "deleting"))
		return true;
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		if (str_eq(kinds[i].db, db) && str_eq(kinds[i].name, kind))
			return str_eq(state, "up");
	return false;
}

/* Rows that none of the steps reads: of another kind than we know, or in a state that is none. */
static int load_unknown(struct loading *loading, const char *db, struct err *err)
{
	struct store *store = loading->store;
	char sql[96];
	sqlite3_stmt *stmt = NULL;
	int r = 0, step;

	snprintf(sql, sizeof(sql), "SELECT id, kind, state FROM %s.rows ORDER BY seq, id", db);
	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return store_fail_at(store, db_path(store, db), "read", err);
	while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *kind = (const char *)sqlite3_column_text(stmt, 1), *state = (const char *)sqlite3_column_text(stmt, 2);
		struct err why = ERR_INIT;
		struct aside row;

		if (kind && state && is_known(db, kind, state))
			continue;
		row_of(store, db, stmt, kind ? kind : "", &row);
		err_set(&why, ERR_IO, EBADMSG, NULL, "this file has no rows of kind '%s' in state '%s'", kind ? kind : "",
			state ? state : "");
		set_aside(loading, &row, &why);
	}
	if (step != SQLITE_DONE)
		r = store_fail_at(store, db_path(store, db), "read", err);
	sqlite3_finalize(stmt);
	return r;
}

/*
 * The two files do not commit as one, so there are rows whose tenant, network or stack is gone. Left where they are, they would
 * be taken up by the next tenant of that name. But what belongs to a row that was set aside waits with it.
 */
static int load_orphans(struct loading *loading, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < loading->orphan_count && r == 0; i++) {
		struct orphan *orphan = &loading->orphans[i];
		struct err why = ERR_INIT;

		if (orphan->missing && asides_may_own(loading->asides, orphan->row.tenant)) {
			orphan->row.dependent = true;
			err_set(&why, ERR_IO, ENOENT, NULL, "what it belongs to is not there, and may be in a row that cannot be loaded");
			set_aside(loading, &orphan->row, &why);
		} else {
			r = store_remove(loading->store, orphan->row.id, err);
		}
	}
	free(loading->orphans);
	return r;
}

int store_load(struct store *store, struct model *model, struct asides *asides, struct err *err)
{
	struct loading loading = { .store = store, .model = model, .asides = asides };
	int r;

	/* what was promised to be gone is, but its address is remembered all the same */
	r = store_exec(store, "UPDATE main.rows SET kind = 'memory', state = 'up' WHERE kind = 'endpoint' AND state = 'deleting'",
		       "written", err);
	if (r == 0)
		r = load_unknown(&loading, "def", err);
	if (r == 0)
		r = load_unknown(&loading, "main", err);
	model->loading = true;
	for (size_t i = 0; i < ARRAY_COUNT(kinds) && r == 0; i++)
		r = load_kind(&loading, &kinds[i], err);
	model->loading = false;
	if (r < 0) {
		free(loading.orphans);
		return r;
	}
	r = load_orphans(&loading, err);
	if (r == 0)
		r = store_exec(store,
			       "DELETE FROM main.rows WHERE state IN ('pending', 'deleting');"
			       "DELETE FROM def.rows WHERE state IN ('pending', 'deleting')",
			       "written", err);
	return r;
}
