/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pty - a terminal of the container's own, made inside by its root. Floor F4.
 * The caller's terminal is never given in: what is pushed back into it
 * (TIOCSTI, CVE-2017-5226) would be the caller's next command.
 */
#ifndef MOAT_RUNNER_TERMINAL_PTY_H
#define MOAT_RUNNER_TERMINAL_PTY_H

#include "lib/base/err.h"
#include "runner/spec/spec.h"

/**
 * pty_open() - a new pair of the devpts on /dev/pts of the root we are in
 * Whatever somebody inside has put in its place is recognised and refused (CVE-2025-52565).
 * @ret_master: does not block
 */
int pty_open(const struct spec_size *size, int *ret_master, int *ret_slave, struct err *err);

/** pty_console() - @slave as /dev/console, which must not be there yet; needs CAP_SYS_ADMIN of the mount namespace */
int pty_console(int slave, struct err *err);

/** pty_streams() - @slave as our standard streams */
int pty_streams(int slave, struct err *err);

/** pty_peer() - another descriptor of the other end of @master. Return: it, the caller's, or -errno. */
int pty_peer(int master);

#endif
