// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_exec - exec: a process from process.json, or one described by options over the container's own. Floor F4. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/oci/cli.h"
#include "runner/oci/terminal.h"
#include "runner/process/privilege.h"
#include "runner/process/sync.h"

struct values {
	const char *process, *console_socket, *pid_file, *pidfd_socket, *preserve_fds, *cwd, *user;
	const char *selinux, *apparmor;
	struct oci_list env, groups, caps;
	bool detach, tty, no_new_privs;
};

#define OPTION(name_, letter_, kind_, member)                                                  \
	{                                                                                      \
		name_, letter_, kind_, offsetof(struct values, member)                         \
	}
static const struct oci_option options[] = {
	OPTION("process", 'p', OCI_OPTION_STRING, process),
	OPTION("console-socket", 0, OCI_OPTION_STRING, console_socket),
	OPTION("pid-file", 0, OCI_OPTION_STRING, pid_file),
	OPTION("pidfd-socket", 0, OCI_OPTION_STRING, pidfd_socket),
	OPTION("preserve-fds", 0, OCI_OPTION_STRING, preserve_fds),
	OPTION("cwd", 0, OCI_OPTION_STRING, cwd),
	OPTION("user", 'u', OCI_OPTION_STRING, user),
	OPTION("process-label", 0, OCI_OPTION_STRING, selinux),
	OPTION("apparmor", 0, OCI_OPTION_STRING, apparmor),
	OPTION("env", 'e', OCI_OPTION_LIST, env),
	OPTION("additional-gids", 'g', OCI_OPTION_LIST, groups),
	OPTION("cap", 'c', OCI_OPTION_LIST, caps),
	OPTION("detach", 'd', OCI_OPTION_FLAG, detach),
	OPTION("tty", 't', OCI_OPTION_FLAG, tty),
	OPTION("no-new-privs", 0, OCI_OPTION_FLAG, no_new_privs),
	{"no-subreaper", 0, OCI_OPTION_IGNORED_FLAG, 0},
	{0},
};

static int process_make(const struct oci_cli *cli, const struct values *values, char **words,
			struct arena *arena, json_t **ret_doc, struct oci_config *config,
			struct oci_process *ret_process, struct err *err);
static int process_change(const struct values *values, char **words, struct arena *arena,
			  struct oci_process *process, struct err *err);
static int env_add(const struct oci_list *more, struct arena *arena, struct oci_process *process,
		   struct err *err);

int oci_cmd_exec(const struct oci_cli *cli, char **argv)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct oci_child child = {.pidfd = -1, .sync = -1};
	cleanup(buf_fini) struct buf warnings = BUF_INIT;
	cleanup(json_freep) json_t *doc = NULL;
	struct oci_config config = {0};
	struct oci_process process;
	struct values values = {0};
	struct oci_request request = {0};
	struct err err = ERR_INIT;
	int console[2] = {-1, -1}, master = -1;
	int first = oci_options_parse(options, argv, &values, &err), rc = first;

	if (rc >= 0 && (!argv[first] || (!values.process && !argv[first + 1])))
		rc = oci_usage(&err, "exec [OPTION...] ID [COMMAND...]");
	if (rc >= 0) {
		request = oci_cli_request(cli, argv[first]);
		request.console_socket = values.console_socket;
		request.pid_file = values.pid_file;
		request.pidfd_socket = values.pidfd_socket;
		rc = oci_preserve_count(values.preserve_fds, &request.preserve_fds, &err);
	}
	if (rc >= 0)
		rc = process_make(cli, &values, argv + first, arena, &doc, &config, &process,
				  &err);
	if (rc >= 0 && process.terminal && values.detach && !values.console_socket)
		rc = err_set(&err, ERR_USAGE, EINVAL, argv[first],
			     "a terminal and --detach need --console-socket");
	if (rc >= 0 && !values.detach)
		rc = oci_child_waits(&err);
	if (rc >= 0 && process.terminal && !values.console_socket && sync_pair(console) < 0)
		rc = err_sys(&err, ERR_KERNEL, errno, NULL, "socketpair");
	if (rc >= 0)
		rc = oci_exec(&request, &process, console[1], &child, &warnings, &err);
	fd_close(console[1]);
	if (rc >= 0 && console[0] >= 0)
		rc = master = oci_terminal_take(console[0], &err);
	fd_close(console[0]);
	oci_cli_warn(cli, &warnings);
	oci_config_fini(&config);
	if (rc < 0)
		return oci_cli_error(cli, &err);
	if (values.detach)
		return 0;
	rc = oci_child_wait(&child, master, request.id, &err);
	return rc < 0 ? oci_cli_error(cli, &err) : rc;
}

/* ----------------------------------------------------------------- helpers */

static int process_make(const struct oci_cli *cli, const struct values *values, char **words,
			struct arena *arena, json_t **ret_doc, struct oci_config *config,
			struct oci_process *ret_process, struct err *err)
{
	struct oci_dir dir = OCI_DIR_INIT;
	int rc;

	if (values->process) {
		rc = oci_document_read(values->process, ret_doc, err);
		return rc == 0 ? oci_process_decode(*ret_doc, arena, ret_process, err) : rc;
	}
	rc = oci_dir_open(cli->root, words[0], &dir, err);
	if (rc == 0)
		rc = oci_state_config_load(&dir, arena, config, err);
	oci_dir_fini(&dir);
	if (rc < 0)
		return rc;
	*ret_process = config->process;
	/* The container's own has it; this one asks for itself. */
	ret_process->terminal = values->tty;
	return process_change(values, words + 1, arena, ret_process, err);
}

static int process_change(const struct values *values, char **words, struct arena *arena,
			  struct oci_process *process, struct err *err)
{
	int rc = env_add(&values->env, arena, process, err);

	process->args = (const char **)(uintptr_t)words;
	if (values->cwd && values->cwd[0] != '/')
		return err_set(err, ERR_USAGE, EINVAL, values->cwd, "--cwd must be absolute");
	if (values->cwd)
		process->cwd = values->cwd;
	else if (!process->cwd)
		process->cwd = "/";
	if (rc == 0 && values->user)
		rc = oci_user_parse(values->user, &process->uid, &process->gid, err);
	process->no_new_privs |= values->no_new_privs;
	if (values->selinux)
		process->selinux = values->selinux;
	if (values->apparmor)
		process->apparmor = values->apparmor;
	if (rc == 0 && values->groups.count) {
		process->groups = arena_array(arena, values->groups.count, sizeof(gid_t));
		process->group_count = 0;
		for (size_t i = 0; rc == 0 && i < values->groups.count; i++) {
			gid_t none;

			rc = oci_user_parse(values->groups.items[i],
					    &process->groups[process->group_count++], &none, err);
		}
	}
	for (size_t i = 0; rc == 0 && i < values->caps.count; i++) {
		uint64_t bit;

		rc = privilege_caps_parse(values->caps.items[i], &bit, err);
		/* Not inheritable: a program with such file capabilities would get them (CVE-2022-29162). */
		for (size_t set = 0; rc == 0 && set < OCI_CAPS_COUNT; set++)
			if (set != OCI_CAPS_INHERITABLE && set != OCI_CAPS_AMBIENT)
				process->caps[set] |= bit;
		process->caps_given = true;
	}
	return rc;
}

/* The later of one name wins. */
static int env_add(const struct oci_list *more, struct arena *arena, struct oci_process *process,
		   struct err *err)
{
	size_t count = 0;
	const char **env;

	while (process->env && process->env[count])
		count++;
	env = arena_array(arena, count + more->count + 1, sizeof(*env));
	if (count)
		memcpy(env, process->env, count * sizeof(*env));
	for (size_t i = 0; i < more->count; i++) {
		size_t len = strcspn(more->items[i], "=") + 1, k = 0;

		if (len == 1 || !more->items[i][len - 1])
			return err_set(err, ERR_USAGE, EINVAL, more->items[i],
				       "--env is NAME=VALUE");
		while (k < count && strncmp(env[k], more->items[i], len) != 0)
			k++;
		env[k] = more->items[i];
		count += k == count;
	}
	process->env = env;
	return 0;
}
