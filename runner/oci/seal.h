/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seal - a runtime whose program file cannot be written by what it runs
 * (CVE-2019-5736). Floor F4. A container may execute /proc/self/exe while that
 * is still our image, and keep it open until it may be written.
 */
#ifndef MOAT_RUNNER_OCI_SEAL_H
#define MOAT_RUNNER_OCI_SEAL_H

#include "lib/base/err.h"

/**
 * oci_seal_self() - go on as an image on a mount that is read-only and that nobody can reach
 * Returns 0 at once where that is so already; else starts this program anew with @argv from a read-only copy of its
 * mount, which belongs to no mount namespace once its descriptor is closed, or, where a mount cannot be copied, from
 * a sealed copy in memory. Cost: one exec; no page is copied.
 */
int oci_seal_self(char **argv, struct err *err);

#endif
