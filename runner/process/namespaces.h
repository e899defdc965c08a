/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * namespaces - a child in namespaces of its own, or in those that stand
 * already. Floor F4. Nothing here knows of mounts or of networks inside.
 */
#ifndef MOAT_RUNNER_PROCESS_NAMESPACES_H
#define MOAT_RUNNER_PROCESS_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

enum {
	NAMESPACES_NEW = -1,  /* one of its own */
	NAMESPACES_HOST = -2, /* the caller's */
	NAMESPACES_LATER = -3, /* network: the caller's at first; the child makes one of its own, namespaces_make_net() */
};

/**
 * struct namespaces - where the child shall live
 * @userns: descriptor of the one to join, or NAMESPACES_NEW
 * @netns, @pidns, @ipcns: the same, or NAMESPACES_HOST; those that are joined are @userns' own
 * @target: pidfd of a process whose namespaces are joined, all of them (then the others are not looked at), or -1
 * @cgroup: descriptor of the v2 cgroup it is born in; 0: the caller's
 * @procs, @proc_count: open files cgroup.procs (of v1) that it enters before anything else
 */
struct namespaces {
	int userns, netns, pidns, ipcns;
	int target;
	int cgroup;
	const int *procs;
	size_t proc_count;
};

/**
 * namespaces_spawn() - a child of the caller, in them
 * @run: what the child does; its return value is the exit status. It is not dumpable and a copy of the caller,
 *       descriptors included.
 * With a new user namespace the child has no ids until namespaces_map(); it must wait for that, then call
 * namespaces_become_root(). Return: 0, or -errno with which namespace was refused.
 */
int namespaces_spawn(const struct namespaces *namespaces, int (*run)(void *ctx), void *ctx,
		     pid_t *ret_pid, int *ret_pidfd, struct err *err);

/**
 * namespaces_clone() - clone3(2) with a pidfd
 * @signal: sent to the parent at its end; 0 with CLONE_PARENT in @flags
 * @cgroup: descriptor of the v2 cgroup it is born in; 0: the caller's
 * Return: 0 in the child; its pid, and *ret_pidfd, the caller's; or -errno.
 */
pid_t namespaces_clone(uint64_t flags, unsigned int signal, int cgroup, int *ret_pidfd);

/**
 * namespaces_between() - a child of the caller that a process between makes
 * setns(2) into a user namespace cannot be undone, so a process between does it and ends; its child is made ours by
 * CLONE_PARENT.
 * @make: what that process does: it joins, and clones. Its child closes @report and never returns. Return: the child's
 *        pid, as the caller sees it, or -errno with @err set. It may run in the caller's memory, who waits: it changes
 *        nothing there but through @ctx and @err.
 * @times: it joins, or makes, a time namespace, which who shares memory may not (kernel/time/namespace.c, EUSERS)
 * Return: 0, or the -errno of @make.
 */
int namespaces_between(pid_t (*make)(void *ctx, int report, struct err *err), void *ctx, bool times,
		       pid_t *ret_pid, int *ret_pidfd, struct err *err);

/** namespaces_map() - ids 0..65535 of the child's user namespace are @base.. of ours */
int namespaces_map(pid_t pid, uint32_t base, struct err *err);

/** namespaces_become_root() - uid, gid 0 of the user namespace we are in, no supplementary groups */
int namespaces_become_root(struct err *err);

/**
 * namespaces_make_net() - a network namespace of its own, of the user namespace we are root of by now
 * It is most of what a clone3(2) into all of them takes, 0.7 ms of 1.1: made by the child, its parent need not wait for it.
 */
int namespaces_make_net(struct err *err);

/** namespaces_open() - descriptor of /proc/PID/ns/NAME. Return: it, the caller's, or -errno. */
int namespaces_open(pid_t pid, const char *name, struct err *err);

/**
 * namespaces_stack_defaults() - in a network namespace of our own: loopback up, ports below 1024 and ping sockets for
 * every user
 */
int namespaces_stack_defaults(struct err *err);

/** namespaces_seal() - no further user namespaces below ours */
int namespaces_seal(struct err *err);

#endif
