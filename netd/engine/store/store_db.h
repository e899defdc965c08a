/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_db - the two files as SQLite has them: for store.c and its neighbours alone. Floor F4.
 *
 * One connection: `main` is the volatile file, `def` the attached definitions.
 * Write-ahead log and exclusive locking in both; with synchronous=OFF a killed
 * engine loses nothing (the pages are the kernel's), only a power cut does, and
 * that takes the kernel objects with it.
 */
#ifndef MOAT_ENGINE_STORE_DB_H
#define MOAT_ENGINE_STORE_DB_H

#include <sqlite3.h>

#include "netd/engine/store/store.h"

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

struct store {
	sqlite3 *db;
	sqlite3_stmt *stmts[STMT_COUNT];
	char path[512], volatile_path[512]; /* for messages */
	int64_t seq;			    /* of the last row made */
	bool touched;			    /* the transaction has written to the volatile file */
	bool touched_def;		    /* and to the definitions */
	const void *ahead;		    /* whose transaction is open: store_ahead_begin() */
	bool ahead_writes;		    /* it is he who writes just now */
};

/** store_yield() - before anything is written: nobody but its owner writes into a transaction that is open ahead */
void store_yield(struct store *store);
/** store_fail_at() - the last call's failure. @path: of the file that the failed statement was of. @what: "read", "written" */
int store_fail_at(struct store *store, const char *path, const char *what, struct err *err);
/** store_fail() - of a statement that may be of either file: the durable one is named */
int store_fail(struct store *store, const char *what, struct err *err);
/** store_path() - for messages. @db: "main" or "def" */
const char *store_path(const struct store *store, const char *db);
/** store_exec() - statements without values */
int store_exec(struct store *store, const char *sql, const char *what, struct err *err);
/**
 * store_meta_get() - a text of the table of such
 *
 * Return: 0; -ENOENT: there is none; -EIO, -ENAMETOOLONG: it cannot be read, which is another thing: what it told of may
 * stand.
 */
int store_meta_get(struct store *store, const char *db, const char *key, char *dst, size_t size);
int store_meta_set(struct store *store, const char *db, const char *key, const char *value, struct err *err);

#endif
