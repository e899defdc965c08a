/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state - what the OCI runtime writes down of a container:
 *
 *	ROOT/ID/  state.json   what became of it (struct oci_state)
 *	          config.json  the configuration as it was at create
 *	          start.sock   there as long as it is created and not started: its process listens
 *
 * Floor F4. ROOT is /run/moat-runtime, or --root. Who changes a container holds
 * the lock of its folder; readers need none, files are replaced as a whole. A
 * folder whose state.json says no pid, and which nobody holds, was left behind
 * by a runtime that was killed: oci_dir_abandoned().
 */
#ifndef MOAT_RUNNER_OCI_STATE_H
#define MOAT_RUNNER_OCI_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "runner/oci/cgroup.h"
#include "runner/oci/config.h"
#include "runner/oci/rdt.h"
#include "runner/oci/shared.h"

enum { OCI_ID_MAX = 1024 };

#define OCI_START_SOCKET "start.sock"

enum oci_status {
	OCI_CREATING,
	OCI_CREATED,
	OCI_RUNNING,
	OCI_PAUSED,
	OCI_STOPPED,
};

/**
 * struct oci_state - state.json. Strings are malloc'ed; oci_state_fini().
 * @pid: 0 while it is being created; @pid_start: field 22 of its stat, against reuse of the pid
 * @bundle, @rootfs: absolute
 * @stack: full name of its stack at Moat's daemon, or NULL
 * @stack_request: by which it was asked for: a stack of that name that came otherwise is not ours. NULL: as before there were such
 * @rdt: its class of service
 * @shared: its mounts, where they are in a namespace of others
 * @no_later_hooks: neither poststart nor poststop ones: nobody reads its configuration for them
 */
struct oci_state {
	char *id;
	pid_t pid;
	int64_t pid_start;
	char *bundle;
	char *rootfs;
	int64_t created_ms;
	int64_t owner;
	struct oci_cgroup cgroup;
	char *stack, *stack_request;
	struct oci_shared shared;
	struct oci_rdt_place rdt;
	bool no_later_hooks;
};
void oci_state_fini(struct oci_state *state);

/** struct oci_dir - one container's folder. @root: the folder above; @fd; @locked */
struct oci_dir {
	int root, fd;
	bool locked;
	char *id;
};
#define OCI_DIR_INIT ((struct oci_dir){.root = -1, .fd = -1})
void oci_dir_fini(struct oci_dir *dir); /* closes, and so unlocks */

/** oci_id_check() - [A-Za-z0-9_+.-], at most OCI_ID_MAX, not "." or "..". Return: 0; -EINVAL. */
int oci_id_check(const char *id, struct err *err);

/** oci_dir_create() - a new one, locked; what an earlier runtime abandoned under this id must be gone. -EEXIST. */
int oci_dir_create(const char *root, const char *id, struct oci_dir *ret_dir, struct err *err);
/** oci_dir_open() - one there is. Return: 0; -ENOENT (ERR_NOTFOUND). */
int oci_dir_open(const char *root, const char *id, struct oci_dir *ret_dir, struct err *err);
/** oci_dir_lock() - own it; waits for whoever does. Return: 0; -ENOENT when it was removed meanwhile. */
int oci_dir_lock(struct oci_dir *dir, struct err *err);
void oci_dir_unlock(struct oci_dir *dir);
/** oci_dir_abandoned() - nobody creates it any more */
bool oci_dir_abandoned(struct oci_dir *dir);
/** oci_dir_remove() - with all in it; what is gone is success */
int oci_dir_remove(struct oci_dir *dir, struct err *err);
/** oci_dir_each() - every container of @root; stops at the first answer that is not 0, and returns it */
int oci_dir_each(const char *root, int (*each)(void *ctx, const char *id), void *ctx,
		 struct err *err);

int oci_state_save(const struct oci_dir *dir, const struct oci_state *state, struct err *err);
/** oci_state_prepare() - the same but for the last step, which is oci_state_commit() */
int oci_state_prepare(const struct oci_dir *dir, const struct oci_state *state, struct err *err);
int oci_state_commit(const struct oci_dir *dir, struct err *err);
int oci_state_load(const struct oci_dir *dir, struct oci_state *ret_state, struct err *err);
/** oci_state_decode() - from a document (pure) */
int oci_state_decode(const json_t *doc, struct oci_state *ret_state, struct err *err);

int oci_state_config_save(const struct oci_dir *dir, const struct buf *text, struct err *err);
/** oci_state_config_load() - as it was at create; oci_config_fini() */
int oci_state_config_load(const struct oci_dir *dir, struct arena *arena,
			  struct oci_config *ret_config, struct err *err);

/** oci_state_alive() - does its process run? A zombie does not. */
bool oci_state_alive(const struct oci_state *state);
/** oci_state_pidfd() - of its process. Return: descriptor; -ESRCH. */
int oci_state_pidfd(const struct oci_state *state);
enum oci_status oci_state_status(const struct oci_dir *dir, const struct oci_state *state);
const char *oci_status_name(enum oci_status status);

/** oci_state_report() - the state as of the spec, for hooks and `state`. A new reference. */
json_t *oci_state_report(const struct oci_state *state, enum oci_status status,
			 const struct oci_config *config);

/**
 * oci_json_parse() - as json_parse(), but for RLIM_INFINITY as Go writes it (18446744073709551615), which becomes a
 * real number: it fits into no integer of jansson's. @text is changed.
 */
int oci_json_parse(struct buf *text, json_t **ret_doc, struct err *err);

/** oci_document_read() - a file of JSON to a document */
int oci_document_read(const char *path, json_t **ret_doc, struct err *err);
/** oci_config_read() - config.json below @folder, decoded; with its text. oci_config_fini(), after a failure too */
int oci_config_read(int folder, const char *path, struct arena *arena, struct oci_config *ret_config, struct err *err);

/** oci_pid_start() - when the process was started, as state.json has it. Return: 0; -ESRCH or another -errno. */
int oci_pid_start(pid_t pid, int64_t *ret_start);

#endif
