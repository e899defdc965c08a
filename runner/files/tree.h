/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree - paths below a root that is not ours. Floor F4. Every one is resolved
 * by openat2(2) as chroot(2) would, so that no link in it, no "..", no magic
 * link of /proc leads outside, whoever changes the tree meanwhile.
 */
#ifndef MOAT_RUNNER_FILES_TREE_H
#define MOAT_RUNNER_FILES_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { TREE_DEPTH_MAX = 250 }; /* folders in one another: a descriptor each, while one is walked */

/** tree_open() - @path below @root; flags of open(2). Return: descriptor, the caller's, or -errno. */
int tree_open(int root, const char *path, uint64_t flags);

/**
 * tree_parent() - the folder that @path is an entry of
 * @make: folders on the way that are missing are made, 0755
 * @ret_name: the entry's name, points into @path; no "/" behind it may follow
 * Return: descriptor or -errno. -EINVAL for a path without a last name ("/", "a/..").
 */
int tree_parent(int root, const char *path, bool make, const char **ret_name);

/** tree_remove() - @name in @folder with all below; links are removed, not followed. What is gone is success. */
int tree_remove(int folder, const char *name);

#endif
