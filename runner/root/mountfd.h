/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mountfd - the primitives of a container's tree: file systems that are nowhere
 * yet, places beneath a root, mounts by descriptor, the change of root. Floor
 * F4. What is mounted where is mounts.c's business (moat run) and that of
 * oci/mounts.c (the OCI runtime).
 */
#ifndef MOAT_RUNNER_ROOT_MOUNTFD_H
#define MOAT_RUNNER_ROOT_MOUNTFD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

/**
 * mountfd_new() - a detached mount of a new file system
 * @source: or NULL; @options: "key=value" or "key", NULL-terminated, or NULL; @attrs: MOUNT_ATTR_*
 * Return: descriptor, the caller's; -errno.
 */
int mountfd_new(const char *type, const char *source, const char *const *options, uint64_t attrs,
		struct err *err);

/** mountfd_attach() - a detached mount on @path inside of @root, as mountfd_target() without @follow */
int mountfd_attach(int root, const char *path, int mount, struct err *err);
/** mountfd_attach_at() - on a descriptor. @path: for messages. */
int mountfd_attach_at(int target, int mount, const char *path, struct err *err);

/** mountfd_beneath() - openat2(2) that cannot leave @top, whatever links there are. Return: descriptor or -errno. */
int mountfd_beneath(int top, const char *path, uint64_t flags);

/**
 * mountfd_target() - O_PATH descriptor of the place @path inside of @root
 * @follow: also behind a link that leads nowhere yet
 * Made where it is missing: folders on the way, then a folder or an empty file.
 */
int mountfd_target(int root, const char *path, bool folder, bool follow, struct err *err);

/**
 * mountfd_root_change() - the new root over the old one, the old one lazily away
 * @root: mounted. Afterwards nothing of the old tree is reachable but by descriptors.
 */
int mountfd_root_change(int root, struct err *err);

#endif
