/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shared - a mount namespace that is not the container's own: one joined by
 * path, or, where none is listed, the runtime's. Floor F4.
 *
 * Others live in it, so nobody's root is changed: the container's tree is
 * mounted on the folder that root.path names there, the process enters it by
 * chroot(2), and delete takes it away again, by the mount's id, which is known
 * before anybody can see the mount. (runc and crun change the root of all who
 * are in a namespace that they join.) What holds the process is chroot(2) alone:
 * with CAP_SYS_CHROOT it comes out, as root of that namespace.
 */
#ifndef MOAT_RUNNER_OCI_SHARED_H
#define MOAT_RUNNER_OCI_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "runner/oci/config.h"

/**
 * struct oci_shared - what delete must know; a part of state.json
 * @path: of the namespace, malloc'ed; NULL: the runtime's
 * @inode: of the namespace; 0: the container has its own, the rest says nothing
 * @mount: id of the mount of its root
 */
struct oci_shared {
	char *path;
	uint64_t inode;
	uint64_t mount;
};

/** oci_mounts_shared() - has it none of its own? */
bool oci_mounts_shared(const struct oci_config *config);

/**
 * oci_shared_note() - before its process is made
 * @ns: descriptor of the namespace that is joined, or -1; @root: the root, a mount that is nowhere yet
 */
int oci_shared_note(const struct oci_config *config, int ns, int root, struct oci_shared *ret_shared,
		    struct err *err);

/** oci_shared_place() - by its process, in the namespace: mount @root on @rootfs, which must be a folder there */
int oci_shared_place(int root, const char *rootfs, struct err *err);

/** oci_shared_enter() - the folder @root becomes the root of the calling process */
int oci_shared_enter(int root, struct err *err);

/** oci_shared_take_back() - unmount; what is gone, with its namespace or without, is success */
int oci_shared_take_back(const struct oci_shared *shared, const char *rootfs, struct err *err);

#endif
