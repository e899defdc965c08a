/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process - from root of a container's user namespace to a program of its: the
 * user, capabilities, filter, environment, folder, exec. Floor F4. The same for
 * the container's command, the steps of its recipe, and `exec`.
 */
#ifndef MOAT_RUNNER_PROCESS_H
#define MOAT_RUNNER_PROCESS_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

enum {
	PROCESS_FAILED = 125, /* our own failure */
	PROCESS_NOT_EXECUTABLE = 126,
	PROCESS_NOT_FOUND = 127,
	PROCESS_GROUPS_MAX = 64,
	PROCESS_HOME_SIZE = 256,
};

/**
 * struct process - a program to become
 * @env: the user's NAME=VALUE, over our own PATH, HOME, HOSTNAME
 * @user: NULL or "" for root, else of process_user_find()
 * @workdir: absolute, inside
 * @landlock, @scopes: landlock_apply(); @landlock may be NULL
 * @caps: what root keeps; any other user has none
 * @tty: its standard input is a terminal: it becomes the session's, and the user's
 */
struct process {
	const char *const *args;
	const char *const *env;
	const char *user;
	const char *workdir;
	const char *hostname;
	uint64_t caps;
	bool tty;
	const char *const *landlock;
	unsigned int scopes;
	const struct sock_fprog *filter;
};

/** struct process_user - who -u means */
struct process_user {
	uid_t uid;
	gid_t gid;
	gid_t groups[PROCESS_GROUPS_MAX];
	size_t group_count;
	char home[PROCESS_HOME_SIZE];
};

/** process_id_parse() - strict decimal id 0..65535. Return: 0, -EINVAL. */
int process_id_parse(const char *text, uint32_t *ret_id);

/**
 * process_user_find() - USER, USER:GROUP, UID, UID:GID by /etc/passwd and /etc/group of the root we are in
 * A number needs no entry; a name does. A user by name has its supplementary groups; with a group given, only that.
 * An empty part, a sign, a space, trailing characters, ids above 65535 are refused.
 */
int process_user_find(const char *text, struct process_user *ret_user, struct err *err);

/**
 * process_exec() - become the program. Call in a child that is a session leader of its own; standard streams are set.
 * Return: only on failure: PROCESS_* with @err.
 */
int process_exec(const struct process *process, struct err *err);

#endif
