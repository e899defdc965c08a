/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls - every system call of Linux by its group, and what the default filter
 * answers. Lowest floor of F4, pure: a table. docs/SECCOMP.md says the same
 * with reasons, and a test compares the two. How it is compiled: filter.h.
 */
#ifndef MOAT_RUNNER_FILTER_CALLS_H
#define MOAT_RUNNER_FILTER_CALLS_H

#include <stddef.h>

/* Groups that are refused by default, each to be let through by name. The numbers are kept in containers' definitions. */
enum filter_group {
	FILTER_KERNEL,
	FILTER_CLOCK,
	FILTER_BPF,
	FILTER_PERF,
	FILTER_USERFAULTFD,
	FILTER_FANOTIFY,
	FILTER_IO_URING,
	FILTER_KEYRING,
	FILTER_MOUNT,
	FILTER_HANDLES,
	FILTER_NAMESPACES,
	FILTER_ALG,
	FILTER_VSOCK,
	FILTER_PACKET,
	FILTER_NETFILTER,
	FILTER_TTY,
	FILTER_SETID, /* set-user-id and set-group-id modes: with writable volumes alone */
	FILTER_YOUNG, /* what is younger than this list */
	FILTER_NUMA,
	FILTER_LABELS,
	FILTER_FAMILIES, /* of sockets, but for those with a group of their own and the usual ones */
	FILTER_NETLINK,  /* its protocols, likewise */
	FILTER_PERSONALITY,
	FILTER_GROUPS,
	FILTER_NONE = -1, /* let through, or nobody's */
};

enum {
	FILTER_CALL_LAST = 469, /* file_setattr, Linux 6.17: the youngest that was looked at */
};

/**
 * struct filter_calls - some calls with one answer
 * @group: FILTER_NONE: it cannot be asked for
 * @title: the group's name, also of those let through, as the document has it
 * @no: what the caller reads where it is refused; 0: it is let through
 * @names: separated by spaces. A name with a star behind it is let through as its arguments are (filter.c).
 */
struct filter_calls {
	enum filter_group group;
	const char *title;
	int no;
	const char *names;
};

/** filter_calls() - the table. Return: its rows, @ret_count of them. */
const struct filter_calls *filter_calls(size_t *ret_count);

/** filter_group_name() - as `--security-opt allow=` has it */
const char *filter_group_name(enum filter_group group);

/**
 * filter_call_number() - of a call on this machine, also where libseccomp is older than it
 * Return: negative where this machine has no such call; __NR_SCMP_ERROR where nobody knows that name.
 */
int filter_call_number(const char *name);

#endif
