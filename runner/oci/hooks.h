/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hooks - programs run at points of a container's life, its state on their standard input. Floor F4. */
#ifndef MOAT_RUNNER_OCI_HOOKS_H
#define MOAT_RUNNER_OCI_HOOKS_H

#include "lib/base/err.h"
#include "runner/oci/config.h"

/**
 * oci_hooks_run() - all of one kind, in order, up to the first failure
 * @state: the container's state, JSON
 * Return: 0; -errno with which hook failed and the last line it wrote. One that outlives its timeout is killed.
 */
int oci_hooks_run(const struct oci_config *config, enum oci_hook_kind kind, const char *state,
		  struct err *err);

/** oci_hook_name() - "createRuntime" */
const char *oci_hook_name(enum oci_hook_kind kind);

#endif
