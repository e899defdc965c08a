/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_db - opening the two files: their schema, version and boot; what failed in which. Floor F4. See store_db.h.
 */
#include "netd/engine/store/store_db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

/*
 * 1: meta, rows(id, kind, state, doc)
 * 2: rows.seq: the order in which objects were made
 */
enum { STORE_VERSION = 2 };

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

int store_fail_at(struct store *store, const char *path, const char *what, struct err *err)
{
	int code = sqlite3_errcode(store->db);
	int no = code == SQLITE_FULL ? ENOSPC : code == SQLITE_READONLY ? EROFS : EIO;
	bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;

	return err_set(err, ERR_IO, no, path, "the store cannot be %s: %s%s", what, sqlite3_errmsg(store->db),
		       damaged ? ": " REMEDY : "");
}

int store_fail(struct store *store, const char *what, struct err *err)
{
	return store_fail_at(store, store->path, what, err);
}

const char *store_path(const struct store *store, const char *db)
{
	return str_eq(db, "main") ? store->volatile_path : store->path;
}

int store_exec(struct store *store, const char *sql, const char *what, struct err *err)
{
	store_yield(store);
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(store, what, err);
	return 0;
}

int store_meta_get(struct store *store, const char *db, const char *key, char *dst, size_t size)
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

int store_meta_set(struct store *store, const char *db, const char *key, const char *value, struct err *err)
{
	char sql[96];
	sqlite3_stmt *stmt = NULL;
	int r = 0;

	store_yield(store);
	snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO %s.meta(key, value) VALUES(?1, ?2)", db);
	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return store_fail_at(store, store_path(store, db), "written", err);
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, value, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) != SQLITE_DONE)
		r = store_fail_at(store, store_path(store, db), "written", err);
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
	return store_fail_at(store, store_path(store, db), "opened", err);
}

/* Are all pages there, and do they hang together? A file that was cut off is found now, not by the row that is missing. */
static int store_check_whole(struct store *store, const char *db, struct err *err)
{
	const char *path = store_path(store, db), *text;
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
	store_fail_at(store, store_path(store, db), "brought to the present version", err);
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
	const char *path = store_path(store, db);
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
	const char *path = store_path(store, db);
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
