/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privilege - what a container's processes may do: capabilities inside its own
 * user namespace, the system call filter, resource limits. Floor F4. By libcap
 * and libseccomp.
 */
#ifndef MOAT_RUNNER_PRIVILEGE_H
#define MOAT_RUNNER_PRIVILEGE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { PRIVILEGE_FILTER_MAX = 2048 };

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

/* Groups of system calls that the default filter refuses; docs/SECCOMP.md says why each, and what needs it. */
enum privilege_group {
	PRIVILEGE_KERNEL,
	PRIVILEGE_CLOCK,
	PRIVILEGE_BPF,
	PRIVILEGE_PERF,
	PRIVILEGE_USERFAULTFD,
	PRIVILEGE_FANOTIFY,
	PRIVILEGE_IO_URING,
	PRIVILEGE_KEYRING,
	PRIVILEGE_MOUNT,
	PRIVILEGE_HANDLES,
	PRIVILEGE_NAMESPACES,
	PRIVILEGE_ALG,
	PRIVILEGE_VSOCK,
	PRIVILEGE_PACKET,
	PRIVILEGE_NETFILTER,
	PRIVILEGE_TTY,
	PRIVILEGE_SETID, /* set-user-id and set-group-id modes: with writable volumes alone */
	PRIVILEGE_YOUNG, /* what is younger than this list */
	PRIVILEGE_GROUPS,
};

/** privilege_group_parse() - by its name. Return: 0; -EINVAL with the name. */
int privilege_group_parse(const char *name, enum privilege_group *ret_group, struct err *err);

/**
 * privilege_refused() - bit mask of the groups that are refused by default
 * @caps: with NET_RAW packet sockets, with NET_ADMIN nfnetlink sockets are let through
 * @volumes: it may write folders of the host, which other users of that may see
 */
uint32_t privilege_refused(uint64_t caps, bool volumes);

/**
 * privilege_filter_make() - the system call filter
 * @refused: groups, as a bit mask; 0: no filter at all
 * A list of what is refused: what reaches kernel code that a server does not need, or what is not divided by
 * namespaces. ENOSYS where programs have another way (io_uring, clone3), EPERM elsewhere. Made outside.
 * @program: its filter has room for PRIVILEGE_FILTER_MAX instructions; its len is set
 */
int privilege_filter_make(uint32_t refused, struct sock_fprog *program, struct err *err);

/**
 * privilege_filter_room() - memory for one, shared with processes forked later: it may be made while they are already
 * on their way. Never fails; freed with the process.
 */
struct sock_fprog *privilege_filter_room(void);

/** privilege_filter_install() - no_new_privs, then the filter, for good */
int privilege_filter_install(const struct sock_fprog *program, struct err *err);

/** privilege_limits() - no core files, a usual number of descriptors; what may not be raised stays */
void privilege_limits(void);

#endif
