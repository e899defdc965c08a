/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privilege - what a container's processes may do: capabilities inside its own
 * user namespace, a system call filter put in force, resource limits. Floor F4.
 * By libcap. What a filter refuses: runner/filter.
 */
#ifndef MOAT_RUNNER_PROCESS_PRIVILEGE_H
#define MOAT_RUNNER_PROCESS_PRIVILEGE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

/**
 * privilege_caps_default() - bit mask of what a server needs to start as root and let go: CHOWN, DAC_OVERRIDE, FOWNER,
 * FSETID, KILL, NET_BIND_SERVICE, SETGID, SETPCAP, SETUID, SYS_CHROOT. Not NET_ADMIN, NET_RAW: add them to make the
 * container the owner of its stack.
 */
uint64_t privilege_caps_default(void);

/** privilege_caps_parse() - "NET_ADMIN", "cap_net_admin" or "ALL" to a mask. Return: 0; -EINVAL with the name. */
int privilege_caps_parse(const char *name, uint64_t *ret_caps, struct err *err);

/** privilege_bound() - bounding set to @caps, ambient empty, for good. Needs CAP_SETPCAP. */
int privilege_bound(uint64_t caps, struct err *err);
/** privilege_set() - effective and permitted to @caps (or to none), inheritable empty */
int privilege_set(uint64_t caps, struct err *err);

/**
 * privilege_filter_room() - memory for a system call filter of FILTER_SIZE_MAX instructions, shared with processes
 * forked later: it may be made while they are already on their way. Never fails; freed with the process.
 */
struct sock_fprog *privilege_filter_room(void);

/** privilege_filter_install() - no_new_privs, then the filter, for good */
int privilege_filter_install(const struct sock_fprog *program, struct err *err);

/** privilege_limits() - no core files, a usual number of descriptors; what may not be raised stays */
void privilege_limits(void);

#endif
