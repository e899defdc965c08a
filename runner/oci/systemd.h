/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd - a container's cgroup as a transient scope of systemd's, by the
 * program moat-scope. Floor F4. Names and paths are computed here (systemd.slice(5),
 * systemd.unit(5)); what runs is a unified hierarchy alone.
 */
#ifndef MOAT_RUNNER_OCI_SYSTEMD_H
#define MOAT_RUNNER_OCI_SYSTEMD_H

#include <sys/types.h>

#include "lib/base/err.h"
#include "runner/cgroup/writes.h"

/**
 * oci_systemd_path() - where the scope lies: "SLICE:PREFIX:NAME", as podman and containerd write cgroupsPath, to
 * "/a.slice/a-b.slice/PREFIX-NAME.scope"
 * @path: NULL or empty: "system.slice:moat:ID". An empty slice is system.slice, an empty prefix none.
 * Return: 0 and *ret_path, malloc'ed; -EINVAL.
 */
int oci_systemd_path(const char *path, const char *id, char **ret_path, struct err *err);

/**
 * oci_systemd_start() - the scope that @path ends in, with process @pid and these limits
 * Return: 0 when it is there; -EEXIST (ERR_CONFLICT): somebody's is.
 */
int oci_systemd_start(const char *path, pid_t pid, const struct cgroup_writes *writes, struct err *err);
/** oci_systemd_set() - other limits, so that systemd knows them too */
int oci_systemd_set(const char *path, const struct cgroup_writes *writes, struct err *err);
/** oci_systemd_stop() - it is gone afterwards; its processes must be, too */
int oci_systemd_stop(const char *path, struct err *err);

#endif
