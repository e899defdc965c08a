/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts - what is mounted inside a container, done by its own first process:
 * /proc, /sys, /dev, volumes, masks, and the change of root. Floor F4. Every
 * path inside is resolved beneath the new root by openat2(2), every mount is
 * made by descriptor, so that no symbolic link of the tree leads outside.
 */
#ifndef MOAT_RUNNER_MOUNTS_H
#define MOAT_RUNNER_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "runner/spec.h"

/** struct mounts_extra - a detached mount and where it goes */
struct mounts_extra {
	int mount;
	const char *target;
};

/**
 * mounts_enter() - build the tree on @root and make it ours
 * @root: a detached mount, taken
 * @extras: volumes and the like, in order; taken
 * To be called as root of the user namespace, in a mount, pid, net and ipc namespace of it, while the host's tree is
 * still around us: the kernel lets proc and sysfs be mounted only where one is fully visible, and the devices are
 * bound from there. After success nothing of the host's tree is reachable.
 */
int mounts_enter(const struct spec *spec, int root, const struct mounts_extra *extras,
		 size_t extra_count, struct err *err);

#endif
