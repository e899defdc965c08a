/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * members - the processes of a container whose pid namespace is not its own
 * (--pid container:NAME, --pid host), where the end of process 1 ends nobody
 * else. Floor F4. Known by their mount namespace: every container has its own,
 * and what is inside can neither leave it nor make another, unless it was
 * allowed namespaces by name (--security-opt): who made one is not found here.
 */
#ifndef MOAT_RUNNER_STATE_MEMBERS_H
#define MOAT_RUNNER_STATE_MEMBERS_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

/**
 * members_mark() - what tells the members of @pid's container from all others
 * @ret_mntns: inode of its mount namespace; @ret_mntns_id: its number that never comes again, or 0 (kernels before 6.11)
 */
int members_mark(pid_t pid, int64_t *ret_mntns, int64_t *ret_mntns_id, struct err *err);

/**
 * members_kill() - all that live, until none is left
 * @base: of the container's id range: nobody with other ids is touched
 * Return: 0; -EBUSY where there were new ones as fast as they died, for five seconds.
 */
int members_kill(int64_t mntns, int64_t mntns_id, uint32_t base, struct err *err);

#endif
