/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lockdown - the last step before a program serves: no new privileges and a
 * seccomp allow list by libseccomp. Floor F2. The lists are tables in
 * lockdown.c, one a program.
 */
#ifndef MOAT_KERN_LOCKDOWN_H
#define MOAT_KERN_LOCKDOWN_H

#include "lib/base/err.h"

enum lockdown_profile {
	LOCKDOWN_HAND, /* netlink and IP sockets, setns, unshare(NEWNET only), nsfs mounts, sysctl files, threads; no exec, no other socket family */
	LOCKDOWN_ENGINE, /* Unix sockets, epoll, SQLite's files; no setns, mount, ptrace, exec, no socket but AF_UNIX */
	LOCKDOWN_DNS, /* the descriptors it is given; no socket, bind, file name, or process */
	LOCKDOWN_PORTER, /* descriptors that it is given, fork(2); no socket, file name, or signal */
	LOCKDOWN_COUNT
};

enum lockdown_flag {
	LOCKDOWN_KILL =
		1
		<< 0, /* a call that is not listed kills the process; without: it fails with EPERM */
};

/**
 * lockdown_apply() - PR_SET_NO_NEW_PRIVS, not dumpable, then the filter on all threads (TSYNC)
 * Foreign architectures' calls kill always. Calls that can never be right (ptrace, kexec, bpf, module loading, exec in
 * both profiles) kill always, too.
 */
int lockdown_apply(enum lockdown_profile profile, unsigned flags, struct err *err);

/**
 * lockdown_files() - no file can be opened by name any more (Landlock), whatever the filter lets pass
 * Return: 0; 1 where the kernel has no Landlock; -errno.
 */
int lockdown_files(struct err *err);

#endif
