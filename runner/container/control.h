/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control - asking a container's shim by its socket (shim_own.h). Floor F4.
 * Where there is no shim, nothing runs: then the files tell all there is.
 */
#ifndef MOAT_RUNNER_CONTAINER_CONTROL_H
#define MOAT_RUNNER_CONTAINER_CONTROL_H

#include "lib/base/err.h"
#include "runner/process/sync.h"
#include "runner/state/state.h"

/** control_open() - a connection. Return: descriptor, the caller's; -ESRCH where there is no shim. */
int control_open(const struct state_dir *dir);

/**
 * control_ask() - one question, one answer
 * @wait_ms: how long to wait for it; -1: for ever
 * Return: 0 and *ret_answer; -ESRCH without a shim, or when it ended before it answered; -ETIMEDOUT.
 */
int control_ask(const struct state_dir *dir, enum sync_kind kind, int value, int wait_ms,
		struct sync_msg *ret_answer);

#endif
