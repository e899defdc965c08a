/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * become - from the runtime's image to the program of a container: limits,
 * scheduling, labels, ids, capabilities, folder, filter, exec. Floor F4. The
 * same for a container's process and for one of `exec`.
 */
#ifndef MOAT_RUNNER_OCI_BECOME_H
#define MOAT_RUNNER_OCI_BECOME_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "runner/oci/config.h"
#include "runner/oci/seccomp.h"

/**
 * struct oci_become - @host_proc: O_PATH of a /proc that can be trusted (the host's); @preserve_fds: 3.. that are
 * handed on; @keep_keyring: the caller's session keyring stays; @userns: in a user namespace of its own;
 * @listener_state: for the listener of a filter
 * @ignored: the signals that are (oci_become_ignored()), if that is @ignored_known
 */
struct oci_become {
	const struct oci_process *process;
	const char **env; /* oci_environ() */
	const struct oci_config *config;
	const struct oci_seccomp *seccomp;
	int host_proc;
	unsigned int preserve_fds;
	bool keep_keyring;
	bool userns, bounded, ignored_known;
	uint64_t ignored;
	const char *listener_state;
};

/**
 * oci_become() - everything but the program
 * @warnings: a line for each thing that could not be granted and need not be
 * Return: 0 and *ret_path, the program as found, malloc'ed (NULL where process.args is unset).
 */
int oci_become(const struct oci_become *become, struct buf *warnings, char **ret_path,
	       struct err *err);

/** oci_become_warns() - would oci_become() have warnings, with the capabilities we have? */
bool oci_become_warns(const struct oci_process *process);

/** oci_become_ignored() - the signals that we ignore, and a child of ours with us: number N is bit N - 1. Unknown: all */
uint64_t oci_become_ignored(int host_proc);

/** oci_become_bound() - of oci_become() what can be done early, where no hook is run in between: the bounding set */
int oci_become_bound(const struct oci_process *process, struct err *err);

/** oci_become_exec() - the filter and the program. Returns only after a failure. */
int oci_become_exec(const struct oci_become *become, const char *path, struct err *err);

#endif
