/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts - what is mounted inside a container, done by its own first process:
 * /proc, /sys, /dev, volumes, masks, and the change of root. Floor F4. Every
 * path inside is resolved beneath the new root by openat2(2), every mount is
 * made by descriptor, so that no symbolic link of the tree leads outside.
 */
#ifndef MOAT_RUNNER_ROOT_MOUNTS_H
#define MOAT_RUNNER_ROOT_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "runner/spec/spec.h"

/** struct mounts_extra - a detached mount and where it goes */
struct mounts_extra {
	int mount;
	const char *target;
};

enum { MOUNTS_NODES = 6 }; /* device nodes in /dev */

/** struct mounts - file systems that are nowhere yet, and copies of the host's device nodes */
struct mounts {
	int proc, sys, dev, pts, shm, mqueue, empty;
	int nodes[MOUNTS_NODES];
};

/**
 * mounts_prepare() - those of them that are @spec's own, before there is a root to mount them in; the others are -1
 * To be called as root of the user namespace, in a mount, pid, net and ipc namespace of it, while the
 * host's tree is around us: the kernel lets proc and sysfs be mounted only where one is fully visible,
 * and the devices are bound from there. What a failure leaves open goes with the process.
 */
int mounts_prepare(const struct spec *spec, struct mounts *ret_mounts, struct err *err);

/**
 * mounts_host_*() - detached mounts of the caller's own /proc (anew), /sys (anew), /dev/shm, /dev/mqueue (copies)
 * For a container that lives in the host's pid, network or IPC namespace: to be called by the host's root.
 */
int mounts_host_proc(int *ret_mount, struct err *err);
int mounts_host_sys(int *ret_mount, struct err *err);
int mounts_host_shm(int *ret_mount, struct err *err);
int mounts_host_mqueue(int *ret_mount, struct err *err);

/**
 * mounts_enter() - build the tree on @root and make it ours
 * @mounts, @root, @extras: detached mounts, taken; @extras: volumes and the like, in order
 * After success nothing of the host's tree is reachable.
 */
int mounts_enter(const struct spec *spec, const struct mounts *mounts, int root,
		 const struct mounts_extra *extras, size_t extra_count, struct err *err);

#endif
