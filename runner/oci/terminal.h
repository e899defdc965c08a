/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminal - a pseudo-terminal of the container's own devpts: its slave is the
 * program's, its master goes to whoever asked, over a socket. Floor F4. The
 * caller's own terminal never gets inside.
 */
#ifndef MOAT_RUNNER_OCI_TERMINAL_H
#define MOAT_RUNNER_OCI_TERMINAL_H

#include "lib/base/err.h"
#include "runner/oci/config.h"

/** oci_console_connect() - to --console-socket. Return: descriptor, the caller's. */
int oci_console_connect(const char *path, struct err *err);

/** struct oci_terminal - both ends */
struct oci_terminal {
	int master, slave;
};

/**
 * oci_terminal_open() - a new one
 * @pts: of the devpts to take it from; -1: the one at /dev/pts of where we are, which may be a running container's:
 * no link is followed, and nothing is opened but ptmx. @host_proc: O_PATH of a /proc of the host, for that.
 */
int oci_terminal_open(int pts, int host_proc, const struct oci_process *process,
		      struct oci_terminal *ret_terminal, struct err *err);

/** oci_terminal_bind() - the slave as /dev/console: @dev is the container's /dev */
int oci_terminal_bind(const struct oci_terminal *terminal, int dev, struct err *err);

/** oci_terminal_enter() - our controlling terminal and standard streams; the master to @console; both closed here */
int oci_terminal_enter(struct oci_terminal *terminal, int console, struct err *err);

/** oci_terminal_take() - the master that comes over @console. Return: descriptor, the caller's. */
int oci_terminal_take(int console, struct err *err);

#endif
