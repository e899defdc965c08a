/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree - a container's file tree as its configuration says: root, mounts,
 * devices, masked and read-only paths. Floor F4. What comes from the host is
 * opened by the runtime, as detached copies of mounts, before the container's
 * process is born; that process puts everything in its place by descriptors,
 * resolved beneath the new root by openat2(2).
 */
#ifndef MOAT_RUNNER_OCI_TREE_H
#define MOAT_RUNNER_OCI_TREE_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "runner/oci/cgroup.h"
#include "runner/oci/config.h"

/**
 * struct oci_tree - descriptors on the way
 * @root: detached copy of the root file system; after oci_tree_build() mounted
 * @binds: one a mount of the configuration, -1 where it is no bind mount
 * @proc: the container's own /proc, @dev: its /dev, @pts: its devpts, or -1
 * @null: O_PATH of the host's /dev/null, then the mount of the last file's mask (@null_ours); @empty: that of the first folder's
 * @proc_sealed: paths in /proc are masked or read-only as they shall be; @entered: the root is changed
 * @nodes: a node was made, as the first user namespace alone may
 * @late: we may not copy mounts of the host (rootless): the container's process does, in its own namespace;
 * @rootfs, @bundle: for that, borrowed
 */
struct oci_tree {
	int root;
	int *binds;
	size_t bind_count;
	int proc, dev, pts, null, empty;
	bool late, proc_sealed, null_ours, entered, nodes;
	const char *rootfs, *bundle;
};
#define OCI_TREE_INIT ((struct oci_tree){.root = -1, .proc = -1, .dev = -1, .pts = -1, .null = -1, .empty = -1})

/**
 * oci_tree_open() - by the runtime: root and bind sources, with the attributes they shall have
 * @rootfs: absolute; @bundle: relative sources begin there
 */
int oci_tree_open(const struct oci_config *config, const char *rootfs, const char *bundle,
		  struct oci_tree *ret_tree, struct err *err);
void oci_tree_fini(struct oci_tree *tree);

/** oci_tree_idmap() - by the runtime, when the container's user namespace is there: @pid is its process */
int oci_tree_idmap(const struct oci_config *config, struct oci_tree *tree, pid_t pid,
		   struct err *err);

/**
 * oci_tree_build() - by the container's process: all mounts and devices
 * @net: the connection over which its network namespace comes (oci_ns_net_take()), in time for what shows it; -1: it is there.
 * It takes longest of all: where nothing but /sys is still to come, what is masked in /proc is so before, and the root is
 * changed, which waits for RCU, where nothing speaks of the host's tree any more. As a rule that is still around.
 * @no_pivot: as of oci_tree_finish()
 */
int oci_tree_build(const struct oci_config *config, const struct oci_cgroup *cgroup,
		   struct oci_tree *tree, int net, bool no_pivot, struct err *err);

/**
 * oci_tree_finish() - masks, read-only paths and root; then the change of root, if it is not yet changed
 * @no_pivot: chroot(2) in its place (a host whose root cannot be pivoted)
 */
int oci_tree_finish(const struct oci_config *config, struct oci_tree *tree, bool no_pivot,
		    struct err *err);

/** oci_devices_make() - /dev: nodes, links (devices.c) */
int oci_devices_make(const struct oci_config *config, struct oci_tree *tree, struct err *err);

/** oci_copyup() - what is in folder @from, into folder @to: files, folders, links with owner and mode (copyup.c) */
int oci_copyup(int from, int to, const char *what, struct err *err);

#endif
