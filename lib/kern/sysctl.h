/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctl - the net sysctls of obj.h, of the namespace the calling thread is in
 * (netns_enter()). Floor F2. /proc/sys/net follows the thread that opens it, so
 * any /proc will do.
 */
#ifndef MOAT_KERN_SYSCTL_H
#define MOAT_KERN_SYSCTL_H

#include "lib/base/err.h"
#include "lib/obj/obj.h"

/**
 * struct sysctl_roots - sys/net of a few instances of proc, for struct sysctl_dirs
 *
 * The directory cache keeps net/ipv4 of all namespaces in one list, since they have one name below one directory, and walks
 * it comparing (proc_sys_compare(), fs/proc/proc_sysctl.c): a path through it costs a step of 0.2 us for each namespace whose
 * switches were ever looked at, several times over, and that was half of an attach at 5,000. Each instance has a list of
 * its own.
 */
enum { SYSCTL_ROOTS = 64 };
struct sysctl_roots {
	int fds[SYSCTL_ROOTS];
	size_t count;
};

/** sysctl_roots_open() - as many as can be had: without CAP_SYS_ADMIN, none, and /proc will do */
void sysctl_roots_open(struct sysctl_roots *roots);
void sysctl_roots_close(struct sysctl_roots *roots);

/**
 * struct sysctl_dirs - net/ipv4 and net/ipv6 of one namespace, opened when first needed; from there on names are its own
 * @root: what they are opened from, borrowed; -1: /proc/sys/net
 * @once: one switch alone is meant: what is not open by now is not opened for it
 * They do not keep the namespace alive.
 */
struct sysctl_dirs {
	int root;
	int fds[2]; /* -1: not yet */
	bool once;
};
#define SYSCTL_DIRS_INIT { .root = -1, .fds = { -1, -1 }, .once = false }

/** sysctl_dirs_init() - nothing is open. @number: of the namespace; it picks an instance. @roots: may be NULL */
void sysctl_dirs_init(struct sysctl_dirs *dirs, const struct sysctl_roots *roots, uint64_t number);
void sysctl_dirs_close(struct sysctl_dirs *dirs);

/**
 * sysctl_read() - the value that stands
 * @dirs: of the namespace the thread is in; NULL: by whole paths
 * Return: 0; -ENOENT where this kernel or namespace has no such key (net.bridge.* then counts as 0 and is returned
 * so); -errno.
 */
int sysctl_read(struct sysctl_dirs *dirs, const struct obj_sysctl *sysctl, int32_t *ret_value, struct err *err);

/**
 * sysctl_write() - write and read back
 * Return: 0; -ENOENT as above (net.bridge.* = 0 without br_netfilter is success); -EIO when another value was read
 * back; -errno.
 */
int sysctl_write(struct sysctl_dirs *dirs, const struct obj_sysctl *sysctl, struct err *err);

#endif
