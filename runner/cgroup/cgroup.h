/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup - the control groups of one container: one folder of one path in each
 * hierarchy that is of use. Floor F4 (runner/cgroup). All work is done by
 * descriptors of those folders; nothing is followed, and nothing waits for ever.
 *
 * It does not know containers: who is in it, when it goes, is the caller's.
 */
#ifndef MOAT_RUNNER_CGROUP_CGROUP_H
#define MOAT_RUNNER_CGROUP_CGROUP_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "runner/cgroup/layout.h"
#include "runner/cgroup/resources.h"

enum {
	CGROUP_PATH_MAX = 1024, /* characters */
	CGROUP_NOW = 0,
	CGROUP_WAIT_MS = 10000, /* for a freeze, and for killed processes to be gone */
	CGROUP_DEPTH_MAX = 64,  /* of cgroups the container made below its own */
};

/**
 * struct cgroup_dir - a container's folder in one hierarchy
 * @fd: of the folder; @created: made here, by cgroup_create()
 */
struct cgroup_dir {
	const struct cgroup_hierarchy *hierarchy;
	int fd;
	bool created;
};

/** struct cgroup - all its folders; strings and hierarchies are the layout's and the arena's */
struct cgroup {
	const struct cgroup_layout *layout;
	const char *path; /* "/moat/red.web": below each hierarchy's mount */
	struct cgroup_dir dirs[CGROUP_HIERARCHIES_MAX];
	size_t count;
};

/** cgroup_path_check() - absolute, no "." or "..", no empty part, no control characters, not the root */
int cgroup_path_check(const char *path, struct err *err);

/**
 * cgroup_create() - make them, with the folders above
 * @controllers: CGROUP_BIT() of those wanted; of v1 only the hierarchies with these are used (CGROUP_ALL: every one,
 *               named ones too), the v2 hierarchy always
 * @needed: those of them that v2 must have: a parent that cannot hand them down is an error, not so for the others
 * A folder that is there already is used where it is fit: empty and not frozen; else -EBUSY (ERR_CONFLICT).
 * Return: 0; after a failure what was made is removed.
 */
int cgroup_create(const struct cgroup_layout *layout, const char *path,
		  unsigned int controllers, unsigned int needed, struct cgroup *ret_cgroup,
		  struct err *err);

/** cgroup_open() - those there are of that path. Return: 0; -ENOENT (ERR_NOTFOUND) where there is none. */
int cgroup_open(const struct cgroup_layout *layout, const char *path, struct cgroup *ret_cgroup,
		struct err *err);

/** cgroup_close() - the descriptors only */
void cgroup_close(struct cgroup *cgroup);

/** cgroup_dir_of() - the folder with that controller's files, or NULL */
const struct cgroup_dir *cgroup_dir_of(const struct cgroup *cgroup,
				       enum cgroup_controller controller);
/** cgroup_unified() - descriptor of the v2 folder, for CLONE_INTO_CGROUP; -1: there is none */
int cgroup_unified(const struct cgroup *cgroup);

/** cgroup_needs() - CGROUP_BIT() of the controllers these limits need, by whatever version */
unsigned int cgroup_needs(const struct cgroup_resources *resources);

/** cgroup_prune() - the folders of that path, where they are empty; best effort */
void cgroup_prune(const struct cgroup_layout *layout, const char *path);

/** cgroup_apply() - limits; those not said stay as they are. Return: 0; -errno with file and value. */
int cgroup_apply(const struct cgroup *cgroup, const struct cgroup_resources *resources,
		 struct err *err);

/**
 * cgroup_enter() - put a process there
 * @pid: 0 the caller
 * @unified: into v2 as well (false: it was born there by CLONE_INTO_CGROUP)
 */
int cgroup_enter(const struct cgroup *cgroup, pid_t pid, bool unified, struct err *err);

/** cgroup_delegate() - the v2 folder and what the kernel lists as safe to hand out become @uid's. v1: nothing. */
int cgroup_delegate(const struct cgroup *cgroup, uid_t uid, gid_t gid, struct err *err);

/** cgroup_fit() - may a process be put there? Frozen (it would hang) is -EBUSY (ERR_CONFLICT). */
int cgroup_fit(const struct cgroup *cgroup, struct err *err);

/**
 * cgroup_delete() - its folders with those below; processes in them must be gone or going
 * @wait_ms: how long to wait for those that are going; it is closed after success only
 * Return: 0; -EBUSY (ERR_CONFLICT).
 */
int cgroup_delete(struct cgroup *cgroup, unsigned int wait_ms, struct err *err);

/* ------------------------------------------------------------ its processes */

/** cgroup_freeze() - stop all, or let them go on; returns when that is so. One that cannot be stopped in CGROUP_WAIT_MS:
 *  all go on, -ETIMEDOUT. Where nobody can freeze: -ENOTSUP (ERR_UNSUPPORTED). */
int cgroup_freeze(const struct cgroup *cgroup, bool frozen, struct err *err);
/** cgroup_frozen() - by us, somebody above, or inside? */
bool cgroup_frozen(const struct cgroup *cgroup);

/** cgroup_processes() - their ids as the caller sees them, sorted, also of folders below; malloc'ed */
int cgroup_processes(const struct cgroup *cgroup, pid_t **ret_pids, size_t *ret_count,
		     struct err *err);

/** cgroup_kill() - a signal to each; with SIGKILL nobody escapes by forking, and all are gone afterwards */
int cgroup_kill(const struct cgroup *cgroup, int number, struct err *err);

/* -------------------------------------------------------------------- usage */

/** cgroup_stat() - usage in the shape of runc's `events --stats` ("data"), a new object */
json_t *cgroup_stat(const struct cgroup *cgroup);

/* ------------------------------------------------------------ out of memory */

/** struct cgroup_oom - a watch. @fd: readable when there may be news; @seen: killed so far (v2) */
struct cgroup_oom {
	int fd, dir;
	bool unified;
	uint64_t seen;
};
#define CGROUP_OOM_INIT ((struct cgroup_oom){.fd = -1, .dir = -1})

/** cgroup_oom_open() - from now on. Return: 0; -ENOENT (ERR_NOTFOUND) where nobody counts its memory. */
int cgroup_oom_open(const struct cgroup *cgroup, struct cgroup_oom *ret_oom, struct err *err);
/** cgroup_oom_take() - how many times memory ran out since the last call (v2: processes killed for it); never waits */
uint64_t cgroup_oom_take(struct cgroup_oom *oom);
void cgroup_oom_close(struct cgroup_oom *oom);

/* ------------------------------------------------- for the files of this folder */

/** cgroup_file_write() - Return: 0 or -errno */
int cgroup_file_write(int dir, const char *file, const char *value);
/** cgroup_file_read() - at most @size - 1 bytes, NUL behind. Return: bytes or -errno. */
ssize_t cgroup_file_read(int dir, const char *file, char *text, size_t size);
/** cgroup_file_whole() - all of it, malloc'ed; NULL where it cannot be read */
char *cgroup_file_whole(int dir, const char *file);

#endif
