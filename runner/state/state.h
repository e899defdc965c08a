/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state - where containers are written down:
 *
 *	RUNTIME/containers/TENANT/NAME/  spec.json  what it shall be
 *	                                 state.json what became of it
 *	                                 lock       held by its shim as long as that lives
 *	                                 ctl        its shim's socket, see shim_own.h
 *	                                 log, log.1 what it wrote
 *	                                 fs/        its writable layer, while it does not run
 *	                                 devices    interfaces of the host it has (device.h)
 *	RUNTIME/containers/.ids, .layer  see idrange.h, rootfs.c
 *
 * Floor F4. Who holds the lock owns the folder: the shim, or, when there is
 * none, the command that starts, removes or sweeps. Readers need no lock: files
 * are replaced as a whole.
 */
#ifndef MOAT_RUNNER_STATE_H
#define MOAT_RUNNER_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/model/names.h"
#include "runner/spec/spec.h"

enum state_status {
	STATE_CREATED, /* being started */
	STATE_RUNNING,
	STATE_RESTARTING, /* rests before its next run; its shim lives */
	STATE_EXITED,
};

/**
 * struct state - state.json
 * @pid: of the container's init as the host sees it; @pid_start: field 22 of its /proc stat, against reuse
 * @shim_pid, @shim_start: the same of its shim; @restarts: how often its policy started it again
 * @id_base: first host id of its range; 0: none yet
 * @mntns, @mntns_id: members.h: of one whose processes are not alone in their pid namespace; else 0
 * @stack: the daemon holds a stack of its name
 * @cgroup: it has control groups, or may have: whoever makes them writes it down first
 * @layer: its writable layer is mounted on fs/ in the mount namespace of the caller (only while it does not run)
 * @exit_code: as of the shell; 137 also when its shim was lost
 * @oom_killed: its memory ran out in this run, so that the kernel killed of it (only where it has a limit of its own)
 */
struct state {
	enum state_status status;
	int64_t pid, pid_start;
	int64_t shim_pid, shim_start;
	int64_t restarts;
	int64_t id_base;
	int64_t mntns, mntns_id;
	bool stack, layer, cgroup, oom_killed;
	int64_t exit_code;
	int64_t created_ms, started_ms, finished_ms;
};

/**
 * struct state_dir - one container's folder
 * @containers: descriptor of RUNTIME/containers; @fd: of the folder; @lock: of the lock file, or -1 where not held
 * @path: of the folder
 */
struct state_dir {
	int containers, fd, lock;
	char *path;
	struct name name;
};
#define STATE_DIR_INIT ((struct state_dir){.containers = -1, .fd = -1, .lock = -1})
void state_dir_fini(struct state_dir *dir); /* closes, and so unlocks */

const char *state_status_name(enum state_status status);

/** state_root_open() - RUNTIME/containers, made where missing. Return: descriptor, the caller's, or -errno. */
int state_root_open(const char *runtime_dir, struct err *err);

/** state_dir_create() - a new folder, locked. Return: 0; -EEXIST (ERR_TAKEN). */
int state_dir_create(const char *runtime_dir, const struct name *name,
		     struct state_dir *ret_dir, struct err *err);

/** state_dir_open() - an existing folder, not locked. Return: 0; -ENOENT (ERR_NOTFOUND). */
int state_dir_open(const char *runtime_dir, const struct name *name, struct state_dir *ret_dir,
		   struct err *err);

/**
 * state_dir_lock() - own it
 * @wait_ms: how long to wait for the shim to let go; 0: not at all
 * Return: 0; -EWOULDBLOCK (ERR_CONFLICT); -ENOENT when it was removed meanwhile (ERR_NOTFOUND).
 */
int state_dir_lock(struct state_dir *dir, unsigned wait_ms, struct err *err);

/** state_dir_remove() - the folder and all in it; the layer must not be mounted any more. Lock held. */
int state_dir_remove(struct state_dir *dir, struct err *err);

int state_save(const struct state_dir *dir, const struct state *state, struct err *err);
int state_load(const struct state_dir *dir, struct state *ret_state, struct err *err);
int state_spec_save(const struct state_dir *dir, const struct spec *spec, struct err *err);
/** state_spec_load() - strings live in *ret_doc, the caller's, and in @arena */
int state_spec_load(const struct state_dir *dir, struct arena *arena, json_t **ret_doc,
		    struct spec *ret_spec, struct err *err);

/** state_each() - every container, tenants and names sorted; stops at the first non-zero answer and returns it */
int state_each(const char *runtime_dir, int (*each)(void *ctx, const struct name *name),
	       void *ctx, struct err *err);

/** state_prune() - folders of tenants that have no container (whoever made or emptied them was lost) */
void state_prune(const char *runtime_dir);

/** state_pid_start() - field 22 of /proc/PID/stat: with the pid it names one process for ever. Return: 0 or -errno. */
int state_pid_start(pid_t pid, int64_t *ret_start);
/** state_pidfd() - the init of a running container. Return: descriptor; -ESRCH when it is gone. */
int state_pidfd(const struct state *state);
int state_shim_pidfd(const struct state *state); /* its shim, the same way */

#endif
