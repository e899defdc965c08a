/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli - the command line of moat-runtime: global options, commands, the log.
 * Floor F4. Options are those podman (conmon), containerd (go-runc) and CRI-O
 * pass to runc and crun. Each command is a row of the table in main.c.
 */
#ifndef MOAT_RUNNER_OCI_CLI_H
#define MOAT_RUNNER_OCI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "runner/oci/container.h"

enum { OCI_FAILED = 1 }; /* exit status of every failure of our own, as runc's and crun's */

enum oci_option_kind {
	OCI_OPTION_FLAG,   /* bool; also --name=false */
	OCI_OPTION_STRING, /* const char * */
	OCI_OPTION_LIST,   /* struct oci_list: may be given many times */
	OCI_OPTION_IGNORED, /* with a value, of no meaning here */
	OCI_OPTION_IGNORED_FLAG,
};

struct oci_list {
	const char **items; /* NULL-terminated, or NULL */
	size_t count;
};

/** struct oci_option - a row; the last has no name. @offset: into the struct given to oci_options_parse() */
struct oci_option {
	const char *name;
	char letter;
	enum oci_option_kind kind;
	size_t offset;
};

/**
 * oci_options_parse() - options up to the first word that is none
 * @argv: [0] is skipped
 * Return: index of that word; -EINVAL.
 */
int oci_options_parse(const struct oci_option *options, char **argv, void *values, struct err *err);

/** struct oci_cli - global options. @log: descriptor of --log, or -1; @json: its format */
struct oci_cli {
	const char *root, *log_path, *log_format, *cgroup_manager;
	bool systemd_cgroup, debug, version, help;
	const char *daemon;
	int log, image; /* image: see struct oci_request */
	bool json;
	char **argv; /* whole, for those that start this program anew */
};

/** oci_cli_error() - one line on stderr, one record in the log. Return: OCI_FAILED. */
int oci_cli_error(const struct oci_cli *cli, const struct err *err);
/** oci_cli_warn() - each line of @warnings as a warning */
void oci_cli_warn(const struct oci_cli *cli, const struct buf *warnings);

/** oci_cli_request() - what all commands know */
struct oci_request oci_cli_request(const struct oci_cli *cli, const char *id);

/**
 * oci_preserve_count() - --preserve-fds, and the descriptors of socket activation that LISTEN_FDS of our environment
 * announces (sd_listen_fds(3))
 */
int oci_preserve_count(const char *text, unsigned int *ret_count, struct err *err);

/** oci_usage() - "what is wrong", for the wrong number of words. Return: -EINVAL. */
int oci_usage(struct err *err, const char *text);

/** oci_cli_loaded() - the state of container @id; oci_state_fini() */
int oci_cli_loaded(const struct oci_cli *cli, const char *id, struct oci_state *ret_state,
		   enum oci_status *ret_status, struct err *err);
/** oci_cli_one_id() - options, and one word behind them. Return: its index; -EINVAL with @usage. */
int oci_cli_one_id(char **argv, const struct oci_option *options, void *values,
		   const char *usage, struct err *err);

/* Commands: @argv[0] is the command. Return: exit status. */
int oci_cmd_create(const struct oci_cli *cli, char **argv);
int oci_cmd_run(const struct oci_cli *cli, char **argv);
int oci_cmd_start(const struct oci_cli *cli, char **argv);
int oci_cmd_state(const struct oci_cli *cli, char **argv);
int oci_cmd_kill(const struct oci_cli *cli, char **argv);
int oci_cmd_delete(const struct oci_cli *cli, char **argv);
int oci_cmd_exec(const struct oci_cli *cli, char **argv);
int oci_cmd_ps(const struct oci_cli *cli, char **argv);
int oci_cmd_pause(const struct oci_cli *cli, char **argv);
int oci_cmd_resume(const struct oci_cli *cli, char **argv);
int oci_cmd_update(const struct oci_cli *cli, char **argv);
int oci_cmd_events(const struct oci_cli *cli, char **argv);
int oci_cmd_list(const struct oci_cli *cli, char **argv);
int oci_cmd_spec(const struct oci_cli *cli, char **argv);
int oci_cmd_features(const struct oci_cli *cli, char **argv);

/** oci_signal_parse() - "KILL", "SIGKILL", "sigkill", "9", "RTMIN+3"; "0" asks whether it is there. Return: number; -EINVAL. */
int oci_signal_parse(const char *text, struct err *err);

#endif
