/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store - rows in SQLite: written, and transactions of them. Floor F4. What a row's
 * document says of an object is the matter of store_doc.c.
 */
#include "netd/engine/store/store.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "netd/engine/store/store_db.h"
#include "netd/engine/store/store_doc.h"

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

void store_yield(struct store *store)
{
	if (store->ahead && !store->ahead_writes)
		store_rollback(store);
}

/* Run one prepared statement with up to four texts. */
static int store_run(struct store *store, enum statement which, const char *a, const char *b, const char *c, const char *d,
		     struct err *err)
{
	sqlite3_stmt *stmt = store->stmts[which];
	const char *const texts[] = { a, b, c, d };
	int r = 0;

	store_yield(store);
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
	store->ahead = NULL;
	store->ahead_writes = false;
	if (!sqlite3_get_autocommit(store->db))
		(void)store_run(store, STMT_ROLLBACK, NULL, NULL, NULL, NULL, NULL);
}

int store_ahead_begin(struct store *store, const void *owner, struct err *err)
{
	int r = store->ahead ? 1 : store_begin(store, err);

	if (r == 0) {
		store->ahead = owner;
		store->ahead_writes = true;
	}
	return r;
}

void store_ahead_end(struct store *store, int r)
{
	store->ahead_writes = false;
	if (r < 0)
		store_rollback(store);
}

int store_ahead_join(struct store *store, const void *owner, struct err *err)
{
	int r;

	if (store->ahead == owner && !sqlite3_get_autocommit(store->db)) {
		store->ahead = NULL;
		return 0;
	}
	r = store_begin(store, err);
	return r < 0 ? r : 1;
}

void store_ahead_drop(struct store *store, const void *owner)
{
	if (store->ahead == owner)
		store_rollback(store);
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
	r = store_run(store, definition ? STMT_PUT_DEF : STMT_PUT, hex, kind, life == LIFE_UP || store->ahead_writes ? "up" : "pending", text, err);
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
