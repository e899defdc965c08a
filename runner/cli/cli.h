/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli - what the verbs of `moat` share: the table of commands, options that
 * every verb takes, calls over varlink, tables, errors. Floor F5. One file per
 * verb, each with one const struct cli_verb; main.c holds their table.
 */
#ifndef MOAT_RUNNER_CLI_H
#define MOAT_RUNNER_CLI_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/varlink/varlink.h"

/* Exit codes of docs and scripts. run and exec use the command's own, and 125..127 as docker does. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_NOT_FOUND = 3,
	CLI_REFUSED = 4,
	CLI_DIFFERENCES = 5,
	CLI_RUN_FAILED = 125,
};

/**
 * struct cli - one invocation
 * @runtime_dir: "/run/moat", or $MOAT_RUNTIME_DIR: where the socket and the runner's state are
 * @socket: --socket, or $MOAT_SOCKET, or RUNTIME_DIR/moatd.sock
 * @verb: full name of the running verb for messages: "tenant create"
 */
struct cli {
	const char *runtime_dir;
	const char *socket;
	const char *verb;
	bool json, quiet, dry_run, colour;
	struct varlink_client *client; /* opened by the first cli_call() */
};

/**
 * struct cli_verb - one row of the table of commands
 * @name: "tenant"; @sub: table of sub-verbs (ends with a NULL name), or NULL
 * @summary: one line for `moat help`; @usage: the whole synopsis and options, for `moat VERB --help`
 * @run: argv[0] is the verb; returns an exit code
 */
struct cli_verb {
	const char *name;
	const char *summary;
	const char *usage;
	const struct cli_verb *sub;
	int (*run)(struct cli *cli, int argc, char **argv);
};

/* Options that every verb takes: append CLI_COMMON_LONG to its long options and pass unknown letters to cli_common(). */
#define CLI_COMMON_SHORT "+qh"
#define CLI_COMMON_LONG                                      \
	{ "json", no_argument, NULL, 0x100 },                \
	{ "socket", required_argument, NULL, 0x101 },        \
	{ "dry-run", no_argument, NULL, 0x102 },             \
	{ "quiet", no_argument, NULL, 'q' },                 \
	{ "help", no_argument, NULL, 'h' }
/** cli_common() - one option letter from getopt_long(3). Return: 0 taken; 1 stop with CLI_OK (help printed); -1 wrong usage (told). */
int cli_common(struct cli *cli, const struct cli_verb *verb, int letter);
int cli_usage(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* "moat: VERB: ..." ; returns CLI_USAGE */

/**
 * cli_call() - io.moat.METHOD; adds dryRun when asked for, and prints the plan then
 * @method: without "io.moat."; @parameters: stolen
 * @ret_reply: the caller's; NULL after a failure or a dry run
 * Return: CLI_OK, or the exit code, the message being printed.
 */
int cli_call(struct cli *cli, const char *method, json_t *parameters, const int *fds, size_t fd_count, json_t **ret_reply);
int cli_fail(struct cli *cli, const struct err *err); /* prints "moat: WHAT failed: WHY" or the JSON error; returns the exit code */

/* Aligned tables on stdout; with --json nothing of it is used. */
struct cli_table;
struct cli_table *cli_table_new(const char *const *headers);
void cli_table_row(struct cli_table *table, const char *const *cells); /* as many as headers; copied */
void cli_table_print(struct cli_table *table);			       /* and free */
void cli_print_json(const json_t *doc);				       /* one document, one newline */

/* Every verb of the program; runner/cli/main.c puts them in order. */
extern const struct cli_verb cli_verb_tenant, cli_verb_network, cli_verb_attach, cli_verb_detach, cli_verb_endpoint,
	cli_verb_publish, cli_verb_unpublish, cli_verb_enter, cli_verb_check, cli_verb_events, cli_verb_doctor,
	cli_verb_version; /* netd's */
extern const struct cli_verb cli_verb_run, cli_verb_ps, cli_verb_exec, cli_verb_stop, cli_verb_restart, cli_verb_rm,
	cli_verb_logs; /* the runner's: runner/cli/container_*.c */
extern const struct cli_verb cli_verb_lab; /* runner/cli/lab/ */

#endif
