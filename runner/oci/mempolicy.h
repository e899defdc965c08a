/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mempolicy - linux.memoryPolicy: on which NUMA nodes a container's memory lies.
 * Floor F4. set_mempolicy(2) is inherited over fork and exec: it is said once, by
 * the container's process and by each of exec. What modes and flags go together
 * is the kernel's to say.
 */
#ifndef MOAT_RUNNER_OCI_MEMPOLICY_H
#define MOAT_RUNNER_OCI_MEMPOLICY_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

enum { OCI_NODES_MAX = 1024 }; /* MAX_NUMNODES of any kernel (CONFIG_NODES_SHIFT 10) */

/** struct oci_mempolicy - @mode: MPOL_* and MPOL_F_*; @nodes: bits */
struct oci_mempolicy {
	int mode;
	unsigned long nodes[OCI_NODES_MAX / (8 * sizeof(unsigned long))];
};

/** oci_mempolicy_decode() - the object. Return: 0 and one of @arena; -EINVAL. */
int oci_mempolicy_decode(const json_t *object, struct arena *arena, const struct oci_mempolicy **ret_policy,
			 struct err *err);

/** oci_mempolicy_set() - of the caller. ERR_UNSUPPORTED where the kernel has no NUMA, or not this mode. */
int oci_mempolicy_set(const struct oci_mempolicy *policy, struct err *err);

/** oci_mempolicy_features() - modes and flags known, for `features`. A new reference. */
json_t *oci_mempolicy_features(void);

#endif
