/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * landlock - what a container's programs may touch of what they see. Floor F4.
 * Rules are asked for (--landlock); scopes are there by default. By the system
 * calls themselves: the headers of Debian 12 know ABI 2 alone.
 */
#ifndef MOAT_RUNNER_PROCESS_LANDLOCK_H
#define MOAT_RUNNER_PROCESS_LANDLOCK_H

#include "lib/base/err.h"

enum {
	/* of linux/landlock.h: connections to abstract sockets, and signals, of whoever is not of the domain */
	LANDLOCK_SCOPES_ABSTRACT = 1,
	LANDLOCK_SCOPES_SIGNAL = 2,
	/* the ABI that came with: file rules Linux 5.13, ports 6.7, scopes 6.12 */
	LANDLOCK_ABI_FILES = 1,
	LANDLOCK_ABI_PORTS = 4,
	LANDLOCK_ABI_SCOPES = 6,
};

/** landlock_abi() - of the running kernel; 0: it has none, or it is turned off */
int landlock_abi(void);

/**
 * landlock_check() - are the rules well formed? (pure)
 * @rules: NULL-terminated: "KEY=VALUE[,KEY=VALUE]...", KEY ro, rw (absolute paths inside), connect, bind (TCP ports)
 */
int landlock_check(const char *const *rules, struct err *err);

/**
 * landlock_apply() - to the calling process and what it will start, for good
 * With a path among the rules everything else is closed, but /dev, which can be used, and /proc, which can be read;
 * with a port all other ports are closed for that act. @scopes: left out where the kernel has none.
 * Return: 0; ERR_UNSUPPORTED where rules are asked for that the kernel does not have; ERR_NOTFOUND for a path.
 */
int landlock_apply(const char *const *rules, unsigned int scopes, struct err *err);

#endif
