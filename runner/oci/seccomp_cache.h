/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seccomp_cache - compiled filters kept for the next container with the same
 * profile. Floor F4. A file holds the profile it was made of, to the letter, and
 * is used only where that is the same: its name is a mere hash. The folder and
 * the file must be ours, writable by nobody else. Whatever is wrong with either,
 * the filter is compiled anew: the cache can make a start slower, never weaker.
 */
#ifndef MOAT_RUNNER_OCI_SECCOMP_CACHE_H
#define MOAT_RUNNER_OCI_SECCOMP_CACHE_H

#include <stdbool.h>

#include "runner/oci/seccomp.h"
#include "runner/oci/section.h"

/**
 * oci_seccomp_cache_load() - @folder NULL: nothing is there
 * @profile: as it is written; what is kept was decoded as a whole, so the same bytes need not be
 * @filter: program and flags are set; @ret_notify: some call waits for a listener
 * Return: 0; -ENOENT or another -errno: compile.
 */
int oci_seccomp_cache_load(const char *folder, const struct oci_section *profile, struct oci_seccomp *filter, bool *ret_notify);
/** oci_seccomp_cache_save() - best effort */
void oci_seccomp_cache_save(const char *folder, const struct oci_section *profile, const struct oci_seccomp *filter, bool notify);

#endif
