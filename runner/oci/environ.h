/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * environ - the environment of a program: that of its configuration, and what
 * engines leave to the runtime, as crun and runc give it. Floor F4.
 */
#ifndef MOAT_RUNNER_OCI_ENVIRON_H
#define MOAT_RUNNER_OCI_ENVIRON_H

#include "runner/oci/config.h"

/**
 * oci_environ() - process.env, HOME where it is not there, LISTEN_FDS and LISTEN_PID where the runtime was given sockets
 * By the container's process, inside, before it becomes its user: it looks into the container's /etc/passwd.
 * Return: NULL-terminated; the strings of @process stay its own, and all is there until the exec.
 */
const char **oci_environ(const struct oci_process *process);

#endif
