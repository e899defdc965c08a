/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * join - namespaces of running containers, for one that asked to live in them
 * (--net, --pid, --ipc container:NAME). Floor F4. All of them lie in one user
 * namespace, which the joiner shares: only there is its root anybody to them.
 */
#ifndef MOAT_RUNNER_CONTAINER_JOIN_H
#define MOAT_RUNNER_CONTAINER_JOIN_H

#include <stdint.h>

#include "lib/base/err.h"
#include "runner/spec/spec.h"

/** struct join - descriptors; -1 where nothing is joined. @shm: a copy of the mount on its /dev/shm */
struct join {
	int userns, netns, pidns, ipcns, shm;
};
#define JOIN_INIT ((struct join){-1, -1, -1, -1, -1})
void join_fini(struct join *join);

/**
 * join_range() - the id range of those that @spec joins, with @spec's container as one more user of it
 * Return: 0; ERR_CONFLICT where they run not, or do not share one; ERR_NOTFOUND.
 */
int join_range(const char *runtime_dir, const struct spec *spec, uint32_t *ret_base,
	       struct err *err);

/** join_open() - the namespaces themselves. @base: of join_range(); another range by now is refused. */
int join_open(const char *runtime_dir, const struct spec *spec, uint32_t base,
	      struct join *ret_join, struct err *err);

#endif
