/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stopped - the files of a container that does not run. Floor F4. Its tree is
 * put together as a start would, in a mount namespace that goes with the copy:
 * root, folders of the host's that are mounts, volumes, and a /proc in which
 * nobody else is. What a start fills anew, /dev and what --tmpfs names, is not there.
 */
#ifndef MOAT_RUNNER_FILES_STOPPED_H
#define MOAT_RUNNER_FILES_STOPPED_H

#include "lib/base/err.h"
#include "runner/state/state.h"

/**
 * stopped_spawn() - a process that is root of its ids, in its tree and in nothing else; the caller gets a mount namespace
 * of its own
 * @dir: its folder; locked from now on, so that nobody starts it
 * @run: as of namespaces_spawn()
 */
int stopped_spawn(struct state_dir *dir, int (*run)(void *ctx), void *ctx, pid_t *ret_pid, int *ret_pidfd,
		  struct err *err);

#endif
