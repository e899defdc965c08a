/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn - start a child program of ours with exactly the descriptors and the privilege it needs. Floor F4. */
#ifndef MOAT_NETD_SUPERVISOR_SPAWN_H
#define MOAT_NETD_SUPERVISOR_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/err.h"

/**
 * struct spawn - one program to start
 * @fds, @fd_count: fds[i] becomes descriptor 3 + i of the child; every other one above 2 is closed
 * @unprivileged: give up everything: an empty network namespace, @uid, @gid, no further group, no capability
 */
struct spawn {
	const char *path;
	char *const *argv;
	const int *fds;
	size_t fd_count;
	bool unprivileged;
	uid_t uid;
	gid_t gid;
};

/**
 * spawn_start() - fork and exec
 * The child dies with its parent (PR_SET_PDEATHSIG), has an empty environment but for PATH and JOURNAL_STREAM,
 * /dev/null as its input, no signal blocked or ignored.
 * Return: 0 when the program runs, else -errno with the step that failed.
 */
int spawn_start(const struct spawn *spawn, pid_t *ret_pid, struct err *err);

#endif
