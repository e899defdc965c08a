// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_life - create, run, start, state, kill, delete. Floor F4. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/oci/cli.h"
#include "runner/oci/terminal.h"

struct create_options {
	const char *bundle, *config, *console_socket, *pid_file, *pidfd_socket, *preserve_fds;
	bool no_pivot, no_new_keyring, detach, keep;
};

#define OPTION(name_, letter_, kind_, member)                                                  \
	{                                                                                      \
		name_, letter_, kind_, offsetof(struct create_options, member)                 \
	}

static const struct oci_option create_options[] = {
	OPTION("bundle", 'b', OCI_OPTION_STRING, bundle),
	OPTION("config", 'f', OCI_OPTION_STRING, config),
	OPTION("console-socket", 0, OCI_OPTION_STRING, console_socket),
	OPTION("pid-file", 0, OCI_OPTION_STRING, pid_file),
	OPTION("pidfd-socket", 0, OCI_OPTION_STRING, pidfd_socket),
	OPTION("preserve-fds", 0, OCI_OPTION_STRING, preserve_fds),
	OPTION("no-pivot", 0, OCI_OPTION_FLAG, no_pivot),
	OPTION("no-new-keyring", 0, OCI_OPTION_FLAG, no_new_keyring),
	OPTION("detach", 'd', OCI_OPTION_FLAG, detach),
	OPTION("keep", 0, OCI_OPTION_FLAG, keep),
	{"no-subreaper", 0, OCI_OPTION_IGNORED_FLAG, 0},
	{0},
};

static int create_parse(const struct oci_cli *cli, char **argv, struct oci_request *ret_request,
			struct err *err);
static int run_attached(const struct oci_cli *cli, const struct oci_request *request,
			struct oci_run *run, int master, struct err *err);

int oci_cmd_create(const struct oci_cli *cli, char **argv)
{
	cleanup(buf_fini) struct buf warnings = BUF_INIT;
	struct oci_request request;
	struct err err = ERR_INIT;
	int rc = create_parse(cli, argv, &request, &err);

	if (rc == 0)
		rc = oci_create(&request, NULL, &warnings, &err);
	oci_cli_warn(cli, &warnings);
	return rc < 0 ? oci_cli_error(cli, &err) : 0;
}

int oci_cmd_run(const struct oci_cli *cli, char **argv)
{
	cleanup(buf_fini) struct buf warnings = BUF_INIT;
	struct oci_run run = OCI_RUN_INIT;
	struct oci_request request;
	struct err err = ERR_INIT;
	int master = -1;
	int rc = create_parse(cli, argv, &request, &err);

	if (rc == 0 && !request.detach)
		rc = oci_child_waits(&err);
	if (rc == 0)
		rc = oci_create(&request, &run, &warnings, &err);
	if (rc == 0 && run.child.console >= 0) {
		rc = master = oci_terminal_take(run.child.console, &err);
		if (rc < 0)
			(void)oci_delete_run(&request, &run, &warnings, NULL);
	}
	fd_close(run.child.console);
	oci_cli_warn(cli, &warnings);
	if (rc < 0)
		return oci_cli_error(cli, &err);
	rc = oci_start_run(&run, &err);
	if (rc < 0) {
		(void)kill(run.child.pid, SIGKILL);
		while (waitpid(run.child.pid, NULL, 0) < 0 && errno == EINTR)
			;
		(void)oci_delete_run(&request, &run, &warnings, NULL);
		return oci_cli_error(cli, &err);
	}
	if (request.detach)
		return 0;
	return run_attached(cli, &request, &run, master, &err);
}

int oci_cmd_start(const struct oci_cli *cli, char **argv)
{
	static const struct oci_option none[] = {{0}};
	cleanup(buf_fini) struct buf warnings = BUF_INIT;
	struct oci_request request;
	struct err err = ERR_INIT;
	int first = oci_cli_one_id(argv, none, NULL, "start ID", &err);
	int rc = first;

	if (first >= 0) {
		request = oci_cli_request(cli, argv[first]);
		rc = oci_start(&request, &warnings, &err);
	}
	oci_cli_warn(cli, &warnings);
	return rc < 0 ? oci_cli_error(cli, &err) : 0;
}

int oci_cmd_state(const struct oci_cli *cli, char **argv)
{
	static const struct oci_option none[] = {{0}};
	cleanup(json_freep) json_t *doc = NULL;
	struct err err = ERR_INIT;
	int first = oci_cli_one_id(argv, none, NULL, "state ID", &err);

	if (first < 0 || oci_report(cli->root, argv[first], &doc, &err) < 0)
		return oci_cli_error(cli, &err);
	json_dumpf(doc, stdout, JSON_INDENT(2));
	putchar('\n');
	return 0;
}

int oci_cmd_kill(const struct oci_cli *cli, char **argv)
{
	struct values {
		bool all;
	} values = {0};
	static const struct oci_option options[] = {
		{"all", 'a', OCI_OPTION_FLAG, offsetof(struct values, all)}, {0}};
	struct oci_request request;
	struct err err = ERR_INIT;
	int first = oci_options_parse(options, argv, &values, &err);
	int rc = first, number = SIGTERM;

	/* runc takes them behind the id, too */
	if (rc >= 0 && (!argv[first] || (argv[first + 1] && argv[first + 2])))
		rc = oci_usage(&err, "kill [--all] ID [SIGNAL]");
	if (rc >= 0 && argv[first + 1])
		rc = number = oci_signal_parse(argv[first + 1], &err);
	if (rc >= 0) {
		request = oci_cli_request(cli, argv[first]);
		rc = oci_kill(&request, number, values.all, &err);
	}
	return rc < 0 ? oci_cli_error(cli, &err) : 0;
}

int oci_cmd_delete(const struct oci_cli *cli, char **argv)
{
	struct values {
		bool force;
	} values = {0};
	static const struct oci_option options[] = {
		{"force", 'f', OCI_OPTION_FLAG, offsetof(struct values, force)}, {0}};
	cleanup(buf_fini) struct buf warnings = BUF_INIT;
	struct oci_request request;
	struct err err = ERR_INIT;
	int first = oci_cli_one_id(argv, options, &values, "delete [--force] ID", &err);
	int rc = first;

	if (first >= 0) {
		request = oci_cli_request(cli, argv[first]);
		rc = oci_delete(&request, values.force, &warnings, &err);
	}
	oci_cli_warn(cli, &warnings);
	return rc < 0 ? oci_cli_error(cli, &err) : 0;
}

/* ----------------------------------------------------------------- helpers */

static int create_parse(const struct oci_cli *cli, char **argv, struct oci_request *ret_request,
			struct err *err)
{
	struct create_options values = {0};
	struct oci_request request;
	int first = oci_options_parse(create_options, argv, &values, err);

	if (first < 0)
		return first;
	if (!argv[first] || argv[first + 1])
		return oci_usage(err, "create|run [--bundle DIR] [OPTION...] ID");
	request = oci_cli_request(cli, argv[first]);
	request.bundle = values.bundle;
	request.config = values.config;
	request.console_socket = values.console_socket;
	request.pid_file = values.pid_file;
	request.pidfd_socket = values.pidfd_socket;
	request.no_pivot = values.no_pivot;
	request.keep_keyring = values.no_new_keyring;
	request.detach = values.detach;
	request.keep = values.keep;
	*ret_request = request;
	return oci_preserve_count(values.preserve_fds, &ret_request->preserve_fds, err);
}

static int run_attached(const struct oci_cli *cli, const struct oci_request *request,
			struct oci_run *run, int master, struct err *err)
{
	cleanup(buf_fini) struct buf warnings = BUF_INIT;
	struct oci_request ended = *request;
	int code, rc;

	code = oci_child_wait(&run->child, master, request->id, err);
	ended.ended = code >= 0;
	if (code < 0)
		code = oci_cli_error(cli, err);
	rc = request->keep ? 0 : oci_delete_run(&ended, run, &warnings, err);

	oci_cli_warn(cli, &warnings);
	if (rc < 0)
		(void)oci_cli_error(cli, err);
	return code;
}
