/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_load - rows into the model at the start of the engine; and those that cannot be, aside. Floor F4. See aside.h.
 */
#include "netd/engine/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/store/store_db.h"
#include "netd/engine/store/store_doc.h"

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
	(void)str_copy(ret_row->path, sizeof(ret_row->path), store_path(store, db));
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
		return store_fail_at(store, store_path(store, kind->db), "read", err);
	sqlite3_bind_text(stmt, 1, kind->name, -1, SQLITE_STATIC);
	while ((step = sqlite3_step(stmt)) == SQLITE_ROW)
		load_row(loading, kind, stmt);
	if (step != SQLITE_DONE)
		r = store_fail_at(store, store_path(store, kind->db), "read", err);
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
		return store_fail_at(store, store_path(store, db), "read", err);
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
		r = store_fail_at(store, store_path(store, db), "read", err);
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
