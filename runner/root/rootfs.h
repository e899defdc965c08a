/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rootfs - the file tree a container will see, prepared from outside by the
 * host's root: a copy-on-write view of the host's own, or a folder. Floor F4.
 * What is mounted inside it is mounts.h's.
 *
 * The view: an overlay whose lower layer is / as it is, ids unmapped, without
 * what is mounted below it. To the container all of it belongs to nobody, so
 * what only the host's root (or any other user of the host) may read stays
 * unreadable, and nothing of it can be changed. The upper layer is a tmpfs of
 * bounded size, seeded with what a container must own: /, /etc, /var, /run,
 * /tmp, /home, /root, /var/log, and the folders of services below /var/lib,
 * /var/cache and /var/spool, empty.
 */
#ifndef MOAT_RUNNER_ROOT_ROOTFS_H
#define MOAT_RUNNER_ROOT_ROOTFS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "runner/spec/spec.h"
#include "runner/state/state.h"

/**
 * rootfs_layer_mount() - an empty writable layer, mounted in the caller's mount namespace, which must
 * be private; it goes with that
 * Return: 0 and *ret_layer, a descriptor of its top, the caller's.
 */
int rootfs_layer_mount(const struct state_dir *dir, int *ret_layer, struct err *err);

/**
 * A layer outlives its container until that is removed:
 * rootfs_layer_pin() - mount it on DIR/fs in the mount namespace @mntns, which the caller joins for
 *                      good: the last thing a shim does
 * rootfs_layer_take() - in that namespace: a detached copy of the mount, and DIR/fs free again
 * rootfs_layer_put() - the copy mounted in a private namespace; as rootfs_layer_mount()
 * rootfs_layer_unpin() - drop it; what is gone is success
 * rootfs_layer_pinned() - is one there? A shim may be lost between that and writing it down.
 */
int rootfs_layer_pin(const struct state_dir *dir, int layer, int mntns, struct err *err);
int rootfs_layer_take(const struct state_dir *dir, int *ret_mount, struct err *err);
int rootfs_layer_put(const struct state_dir *dir, int mount, int *ret_layer, struct err *err);
int rootfs_layer_unpin(const struct state_dir *dir, struct err *err);
bool rootfs_layer_pinned(const struct state_dir *dir);

/**
 * rootfs_layer_seed() - what a fresh layer begins with
 * @base: first id of the container's range
 * @between: called with @ctx between two folders, since there are many; it makes no file and stays in the working folder
 * The caller's working folder is / afterwards.
 */
int rootfs_layer_seed(const struct spec *spec, uint32_t base, int layer, void (*between)(void *ctx), void *ctx, struct err *err);

/**
 * rootfs_view() - the view of the host as a detached mount, with a layer that was seeded
 * The caller's working folder is / afterwards. Return: 0 and *ret_root, the caller's.
 */
int rootfs_view(int layer, int *ret_root, struct err *err);

/**
 * rootfs_image() - the view of an unpacked image (spec->image) as a detached mount: the image below, read-only, as many
 * containers may share it, its ids seen as those of @userns; the layer above
 */
int rootfs_image(const struct spec *spec, int layer, int userns, int *ret_root, struct err *err);

/**
 * rootfs_folder() - a folder or file of the host as a detached mount, its ids 0..65535 seen as those of @userns
 * No symbolic link is followed: resolve it when it is named. Refused where the file system cannot map ids.
 */
int rootfs_folder(const char *path, int userns, bool read_only, int *ret_mount,
		  struct err *err);

/**
 * rootfs_socket() - a socket of the host as a detached mount, its ids as they are: who may connect, its mode says
 * Return: 0; ERR_CONFLICT where it is no socket (any more).
 */
int rootfs_socket(const char *path, int *ret_mount, struct err *err);

/**
 * rootfs_host_mounts() - what stands on mounts of its own on some hosts and must be seen all the same (/usr, /opt)
 * @each: gets a detached read-only mount, which becomes its own, and the path
 */
int rootfs_host_mounts(int (*each)(void *ctx, int mount, const char *path, struct err *err),
		       void *ctx, struct err *err);

#endif
