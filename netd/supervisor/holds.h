/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * holds - the namespaces that the supervisor keeps open for the hand. Floor F4.
 *
 * One descriptor each, by the hand's number. A copy lies with the service manager, where there is
 * one that keeps descriptors: it gives them back to our next life, so that a stopped container's
 * stack, which no process and no mount holds, is there after a restart of the daemon.
 */
#ifndef MOAT_NETD_SUPERVISOR_HOLDS_H
#define MOAT_NETD_SUPERVISOR_HOLDS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/ds.h"

/**
 * struct holds - zero initialised is empty
 * @stored: how many of them the manager was given
 */
struct holds {
	struct table table;
	size_t stored;
};

/** holds_take() - a descriptor that the service manager kept. Return: is it one of ours? Then it is owned. */
bool holds_take(struct holds *holds, const char *name, int fd);

/** holds_keep() - @fd is owned in any case; one of the same number is replaced. Beyond hold_limit() it is told and closed. */
void holds_keep(struct holds *holds, uint64_t ns, int fd);
void holds_drop(struct holds *holds, uint64_t ns);

/** holds_send() - a KEEP each, and END, into the control socket. Return: 0 or -errno. */
int holds_send(const struct holds *holds, int control);

/** holds_fini() - close them; the manager keeps its copies */
void holds_fini(struct holds *holds);

#endif
