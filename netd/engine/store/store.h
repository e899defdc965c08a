/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store - what must survive the engine, in SQLite. Floor F4.
 *
 * Definitions (tenants, networks) live under the state directory and are
 * synced; what lives and dies with the kernel (stacks, endpoints, labs) lives
 * under the runtime directory, unsynced, and is thrown away when the boot id
 * is another. A row is written "pending" before its plan is sent (but for that
 * of an attach, of which there is none before it is "up"), "up" when
 * the kernel has it and before anybody is told, "deleting" before it is taken
 * away. Recovery believes only "up": what is pending was promised to nobody,
 * what is deleting was promised to be gone. What a network remembers of
 * addresses (ipam.h) is of the volatile kind: a row takes the place of the
 * endpoint's when that has gone. Rows are loaded in the order they were made.
 */
#ifndef MOAT_ENGINE_STORE_H
#define MOAT_ENGINE_STORE_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/model/model.h"
#include "netd/engine/store/aside.h"

struct store;

int store_open(const char *state_dir, const char *runtime_dir, struct store **ret_store, struct err *err);
void store_close(struct store *store);

/* Several rows, all or none. Between store_begin() and store_commit() the other functions join in. */
int store_begin(struct store *store, struct err *err);
int store_commit(struct store *store, struct err *err);
void store_rollback(struct store *store);

/*
 * A transaction whose commit comes later, so that its rows are written while there is time, and who waits for them waits for
 * the commit alone. There is one at most, and it is no promise: whatever else is written meanwhile undoes it first.
 */
/** store_ahead_begin() - rows that are written now are "up", as they will be. Return: 0; 1: not now; < 0 */
int store_ahead_begin(struct store *store, const void *owner, struct err *err);
/** store_ahead_end() - that is all of them for now; a failure (@r < 0) undoes them */
void store_ahead_end(struct store *store, int r);
/** store_ahead_join() - go on with the owner's, as after store_begin(). Return: 0; 1: begun anew, the rows are to be written; < 0 */
int store_ahead_join(struct store *store, const void *owner, struct err *err);
/** store_ahead_drop() - undo the owner's, if there is one */
void store_ahead_drop(struct store *store, const void *owner);

/* Write the row of an object with the state its life says. */
int store_tenant(struct store *store, const struct tenant *tenant, struct err *err);
int store_network(struct store *store, const struct network *network, struct err *err);
int store_stack(struct store *store, const struct stack *stack, struct err *err);
int store_endpoint(struct store *store, const struct endpoint *endpoint, struct err *err);
int store_up(struct store *store, uint64_t id, struct err *err);
/**
 * store_deleting_all() - cut off in between, the next start finishes it; a failure leaves all as it was
 * @definitions: a tenant or network is among them, which are in the other file: that costs a transaction more
 */
int store_deleting_all(struct store *store, const uint64_t *ids, size_t count, bool definitions, struct err *err);
int store_remove(struct store *store, uint64_t id, struct err *err);

/** store_memory() - in place of the row of the endpoint that had the addresses */
int store_memory(struct store *store, const struct ipam_memory *memory, struct err *err);
/** store_forget() - rows of memories that the model has given up since the last time */
int store_forget(struct store *store, struct model *model, struct err *err);

int store_pools(struct store *store, struct pools *ret_pools, struct err *err); /* 1 when there are some, 0 when not */
int store_set_pools(struct store *store, const struct pools *pools, struct err *err);

/** store_opened() - what host_look() has marked in this boot. Return: 0, -ENOENT where there is nothing. */
int store_opened(struct store *store, char *dst, size_t size);
int store_set_opened(struct store *store, const char *text, struct err *err);

/**
 * store_load() - all that is "up" into @model; what is pending or deleting, and orphans, are removed
 * A row that cannot be loaded is added to @asides, and stays as it is; so does what belongs to it. Return: < 0 where a file
 * cannot be read or written, which is of all tenants.
 */
int store_load(struct store *store, struct model *model, struct asides *asides, struct err *err);

#endif
