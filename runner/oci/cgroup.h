/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup - a container's control groups: made, entered, limited, frozen,
 * removed. Floor F4. The call points of the runtime; what they do with v1, v2,
 * hybrid and systemd is this module's affair.
 *
 *	oci_cgroup_plan()    where it will be: no kernel. Written into state.json before anything is made
 *	oci_cgroup_create()  by the runtime, before the container's process is born
 *	oci_cgroup_enter()   by the runtime, with the pid of a process that waits: the container's, exec's
 *	                     (it unshares its cgroup namespace after that)
 *	oci_cgroup_mounts()  by the container's process: "cgroup" among the mounts (mounts.c calls it)
 *	oci_cgroup_delete()  by delete, and after a failure; kills what is in it
 */
#ifndef MOAT_RUNNER_OCI_CGROUP_H
#define MOAT_RUNNER_OCI_CGROUP_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "runner/cgroup/cgroup.h"
#include "runner/oci/config.h"

/**
 * struct oci_cgroup - the place of one container, as kept in state.json
 * @path: of the group below the root of each hierarchy, "" none; malloc'ed, oci_cgroup_fini()
 * @systemd: by systemd's manager
 * @disabled: --cgroup-manager disabled: nothing is made, the caller's group is kept
 */
struct oci_cgroup {
	char *path;
	bool systemd;
	bool disabled;
};

/** oci_cgroup_plan() - from linux.cgroupsPath, or of the container's own name. Return: 0; -EINVAL. */
int oci_cgroup_plan(const struct oci_config *config, const char *id, bool systemd, bool disabled,
		    struct oci_cgroup *ret_cgroup, struct err *err);
void oci_cgroup_fini(struct oci_cgroup *cgroup);

/**
 * oci_cgroup_create() - make it and apply @resources (may be NULL). After a failure nothing of it is left.
 * systemd makes one only with a process in it: of that manager they are only looked at.
 */
int oci_cgroup_create(const struct oci_cgroup *cgroup, const json_t *resources, struct err *err);
/** oci_cgroup_begin() - the same by systemd, with process @pid: it is entered by that */
int oci_cgroup_begin(const struct oci_cgroup *cgroup, const json_t *resources, pid_t pid, struct err *err);
/** oci_cgroup_enter() - move a process in. @exec: a later one: then -ENOENT and frozen groups are errors */
int oci_cgroup_enter(const struct oci_cgroup *cgroup, pid_t pid, bool exec, struct err *err);
/** oci_cgroup_own() - on v2 alone: its folder, and the files of it that the kernel lists for that, become @uid's of the host */
int oci_cgroup_own(const struct oci_cgroup *cgroup, uid_t uid, struct err *err);
/** oci_cgroup_update() - other limits, by a linux.resources; those not said stay */
int oci_cgroup_update(const struct oci_cgroup *cgroup, const json_t *resources, struct err *err);
/** oci_cgroup_freeze() - stop all in it, or let them go on; returns when that is so */
int oci_cgroup_freeze(const struct oci_cgroup *cgroup, bool frozen, struct err *err);
/** oci_cgroup_stat() - usage, as runc's events tell it; a new reference */
int oci_cgroup_stat(const struct oci_cgroup *cgroup, json_t **ret_stat, struct err *err);
/** oci_cgroup_oom() - a watch for the end of its memory; where none is counted one that never tells */
int oci_cgroup_oom(const struct oci_cgroup *cgroup, struct cgroup_oom *ret_oom, struct err *err);
/** oci_cgroup_kill() - @signal to every process in it, until none is left where it is SIGKILL */
int oci_cgroup_kill(const struct oci_cgroup *cgroup, int signal, struct err *err);
/** oci_cgroup_delete() - the group and those below it; what is gone is success */
int oci_cgroup_delete(const struct oci_cgroup *cgroup, struct err *err);
/** oci_cgroup_frozen() - is it paused? */
bool oci_cgroup_frozen(const struct oci_cgroup *cgroup);
/** oci_cgroup_pids() - all processes in it and below, malloc'ed. Return: 0. */
int oci_cgroup_pids(const struct oci_cgroup *cgroup, pid_t **ret_pids, size_t *ret_count,
		    struct err *err);

/**
 * oci_cgroup_mount() - what a mount of type "cgroup" or "cgroup2" is
 * Called in the container's process, in its namespaces, before the change of root, with the host's tree around.
 * @mount: the entry; @own_namespace: a cgroup namespace of its own
 * Return: 0 and a detached mount; 1 and a detached tmpfs, to be written still, for the hierarchies of v1: when it is
 * mounted, oci_cgroup_mount_each(); 0 and -1: nothing to mount here.
 */
int oci_cgroup_mount(const struct oci_cgroup *cgroup, const struct oci_mount *mount,
		     bool own_namespace, int *ret_mount, struct err *err);
/** oci_cgroup_mount_each() - the container's group of each hierarchy that has one, in a folder of @tmpfs called as on the host */
int oci_cgroup_mount_each(const struct oci_cgroup *cgroup, const struct oci_mount *mount, int tmpfs,
			  struct err *err);

#endif
