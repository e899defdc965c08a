/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper - where the programs lie that ours start: moat-shim, moat-device and
 * others that no user calls. Floor F4.
 */
#ifndef MOAT_RUNNER_PROCESS_HELPER_H
#define MOAT_RUNNER_PROCESS_HELPER_H

/* Set by one that starts itself anew from a copy that lies nowhere (runner/oci/seal.c): where it came from */
#define HELPER_ORIGIN "MOAT_RUNTIME_ORIGIN"

/** helper_path() - of @name, malloc'ed: beside us in a build folder, in ../libexec/moat where it is installed */
char *helper_path(const char *name);

#endif
