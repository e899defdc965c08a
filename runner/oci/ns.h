/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ns - a container's namespaces: new ones, and standing ones joined by path, in
 * whatever mixture. Floor F4. It knows nothing of mounts or of what runs inside.
 *
 * The cheap way is one clone3(2). A process between is needed where the child
 * must already be inside when it is born (pid, time), where a standing user
 * namespace is joined, or where a new user namespace would take away the right
 * to join the others.
 */
#ifndef MOAT_RUNNER_OCI_NS_H
#define MOAT_RUNNER_OCI_NS_H

#include <sys/types.h>

#include "lib/base/err.h"
#include "runner/oci/config.h"

/**
 * struct oci_ns_plan - @fds: of those to join, -1 elsewhere; @fresh: CLONE_NEW* of the new ones
 * @late: set by oci_ns_spawn(): the child joins by itself
 * @net_apart: the new network namespace comes by oci_ns_net_give(), while the child does something else; unset by
 * oci_ns_spawn() where that cannot be
 */
struct oci_ns_plan {
	int fds[OCI_NS_COUNT];
	unsigned int fresh;
	const struct oci_time_offset *offsets;
	size_t offset_count;
	bool late, net_apart;
};

/** oci_ns_plan_make() - open the paths and look that each is what it is said to be */
int oci_ns_plan_make(const struct oci_config *config, struct oci_ns_plan *ret_plan,
		     struct err *err);
void oci_ns_plan_fini(struct oci_ns_plan *plan);

/**
 * oci_ns_spawn() - a child of ours in them, but for a new cgroup namespace: it unshares that itself, where it belongs
 * @run: what it does, oci_ns_join() first; its answer is the exit status
 */
int oci_ns_spawn(struct oci_ns_plan *plan, int (*run)(void *ctx), void *ctx, pid_t *ret_pid,
		 int *ret_pidfd, struct err *err);

/** oci_ns_join() - the child's part, before anything else */
int oci_ns_join(const struct oci_ns_plan *plan, struct err *err);

/**
 * oci_ns_net_make() - a new network namespace, its loopback up; ours stays what it was
 * @sock: any of our network namespace
 * @ret_fresh: a descriptor of it, the caller's; -1: who is root of a user namespace alone may leave the host's, and not return
 */
int oci_ns_net_make(int sock, int *ret_fresh, struct err *err);
/**
 * oci_ns_net_give() - @fresh to the child, over @sync, or -1: it makes its own. Nothing but sysfs depends on it: it may come
 * when mounts are there.
 */
int oci_ns_net_give(int sync, int fresh, struct err *err);
/** oci_ns_net_take() - the child's part */
int oci_ns_net_take(int sync, struct err *err);
/** oci_ns_loopback_up() - of the network namespace we are in */
int oci_ns_loopback_up(struct err *err);

/**
 * oci_ns_join_spawn() - a child of ours in namespaces of a running process
 * @pidfd, @flags: whose, and which (CLONE_NEW*)
 * @root: a folder that becomes its root there, or -1: that of the mount namespace
 */
int oci_ns_join_spawn(int pidfd, unsigned int flags, int root, int (*run)(void *ctx), void *ctx,
		      pid_t *ret_pid, int *ret_pidfd, struct err *err);

/** oci_ns_map() - write uid_map and gid_map of @pid, by newuidmap(1) and newgidmap(1) where we may not */
int oci_ns_map(pid_t pid, const struct oci_maps *uids, const struct oci_maps *gids,
	       struct err *err);

/** oci_ns_mapped() - a descriptor of a user namespace with these mappings and nothing else, for idmapped mounts */
int oci_ns_mapped(const struct oci_maps *uids, const struct oci_maps *gids, struct err *err);

#endif
