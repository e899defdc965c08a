/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli - what the verbs of `moat` share: the table of commands, options that
 * every verb takes, calls over varlink, tables, errors. Floor F5. One file per
 * verb, each with one const struct cli_verb; main.c holds their table, dispatch.c finds the one that is meant.
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

enum { CLI_NOTE_MS = 1000 }; /* so long a request may lie unread before it is said that moatd is waited for */

/**
 * struct cli - one invocation
 * @verbs: the program's, NULL at the end; @words: argv of main()
 * @state_dir: "/var/lib/moat", or $MOAT_STATE_DIR: images are unpacked below it
 * @runtime_dir: "/run/moat", or $MOAT_RUNTIME_DIR: where the socket and the runner's state are
 * @socket: --socket, or $MOAT_SOCKET, or RUNTIME_DIR/moatd.sock
 * @verb: full name of the running verb for messages: "tenant create"
 * @quiet: no word about what went well; of a list the names alone
 */
struct cli {
	const struct cli_verb *const *verbs;
	char *const *words;
	const char *runtime_dir, *state_dir;
	const char *socket;
	const char *verb;
	char *const *argv; /* of the running verb, for messages about options */
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

/** cli_main() - runs what @argv names of @verbs (NULL at the end); `help` is one of them. Return: exit code. */
int cli_main(const struct cli_verb *const *verbs, int argc, char **argv);

/*
 * Options that every verb takes: append CLI_COMMON_LONG to its long options and pass unknown letters to cli_common().
 * COMMON: options end at the first operand (a command of the user's follows); ANYWHERE: they may follow operands.
 */
#define CLI_COMMON_SHORT "+:qh"
#define CLI_ANYWHERE_SHORT ":qh"
#define CLI_COMMON_LONG                                      \
	{ "json", no_argument, NULL, 0x100 },                \
	{ "socket", required_argument, NULL, 0x101 },        \
	{ "dry-run", no_argument, NULL, 0x102 },             \
	{ "quiet", no_argument, NULL, 'q' },                 \
	{ "help", no_argument, NULL, 'h' }
/** cli_common() - one option letter from getopt_long(3). Return: 0 taken; 1 stop with CLI_OK (help printed); -1 wrong usage (told). */
int cli_common(struct cli *cli, const struct cli_verb *verb, int letter);
void cli_help(const struct cli *cli, const struct cli_verb *verb); /* its usage, on stdout */
int cli_usage(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* "moat: VERB: ..." ; returns CLI_USAGE */
/** cli_option() - cli_common() for the default: of a switch. Return: -1 go on; else the exit code to stop with. */
int cli_option(struct cli *cli, const struct cli_verb *verb, int letter);
/**
 * cli_operands() - the operands behind getopt's last option
 * @names: what they are, in order, NULL at the end ("NAME"); those from @min on may be left out
 * Return: -1 they fit: argv[optind] is the first; else the exit code, the message being printed.
 */
int cli_operands(struct cli *cli, int argc, char **argv, const char *const *names, size_t min);
/** cli_plain() - cli_operands() of a verb that has no options of its own; parses the common ones first */
int cli_plain(struct cli *cli, const struct cli_verb *verb, int argc, char **argv, const char *const *names, size_t min);
/** cli_number() - an option's whole number up to @max. Return: -1 and *ret_value, or the exit code. */
int cli_number(struct cli *cli, const char *option, const char *text, json_int_t max, json_int_t *ret_value);
/** cli_append() - a string to the array at @key, which is made when it is not there */
void cli_append(json_t *parameters, const char *key, const char *text);
/** cli_netns_open() - the namespace at @path, with the caller's rights. Return: CLI_OK, or the exit code, the message being printed. */
int cli_netns_open(struct cli *cli, const char *path, int *ret_fd);
/** cli_route() - "DST" or "DST=VIA" to the array "routes" */
void cli_route(json_t *parameters, const char *text);

/**
 * cli_call() - io.moat.METHOD; adds dryRun when asked for, and prints the plan then
 * @method: without "io.moat."; @parameters: stolen
 * @ret_reply: the caller's; NULL after a failure or a dry run
 * Return: CLI_OK, or the exit code, the message being printed.
 */
int cli_call(struct cli *cli, const char *method, json_t *parameters, const int *fds, size_t fd_count, json_t **ret_reply);
/** cli_unplanned() - of a verb that changes nothing: -1, or with --dry-run CLI_USAGE, the message being printed */
int cli_unplanned(struct cli *cli);
/** cli_plan_print() - what a dry run answered: "plan", a line each, or as it is with --json */
void cli_plan_print(const struct cli *cli, const json_t *reply);
/** cli_connect() - opens cli->client unless it is open. Return: 0 or -errno. */
int cli_connect(struct cli *cli, struct err *err);
int cli_fail(struct cli *cli, const struct err *err); /* prints "moat: WHAT failed: WHY" or the JSON error; returns the exit code */

/**
 * struct cli_column - one column of a list, or one line of a single object
 * @key: member of the object; a table of columns ends with a NULL @header
 */
struct cli_column {
	const char *header;
	const char *key;
};
/**
 * cli_list() - call a method and print the array @key of its reply: as JSON, as names (-q) or as a table
 * cli_show() - the same for one object
 * cli_change() - the same for a changing method: nothing but what @key's object is named, and nothing at all with -q;
 *	@key may be NULL
 * @parameters: stolen. Return: exit code, the message being printed.
 */
int cli_list(struct cli *cli, const char *method, json_t *parameters, const char *key, const struct cli_column *columns);
int cli_show(struct cli *cli, const char *method, json_t *parameters, const char *key, const struct cli_column *columns);
int cli_change(struct cli *cli, const char *method, json_t *parameters, const int *fds, size_t fd_count, const char *key);
/** cli_print_changed() - what cli_change() prints of its reply */
void cli_print_changed(const struct cli *cli, const json_t *reply, const char *key);

/* Whole verbs that many nouns have. */
enum cli_delete_flag { CLI_DELETE_FORCE = 1 << 0 /* it takes --force */ };
/** cli_delete() - "NAME [--force] [--strict]" */
int cli_delete(struct cli *cli, const struct cli_verb *verb, const char *method, unsigned flags, int argc, char **argv);
/** cli_list_of_tenant() - "[TENANT]" */
int cli_list_of_tenant(struct cli *cli, const struct cli_verb *verb, const char *method, const char *key,
		       const struct cli_column *columns, int argc, char **argv);

/** cli_cell() - a JSON value as text of a table: "-" for null, arrays joined by commas; malloc'ed */
char *cli_cell(const json_t *value);

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
extern const struct cli_verb cli_verb_help; /* dispatch.c */
extern const struct cli_verb cli_verb_run, cli_verb_ps, cli_verb_exec, cli_verb_attach_tty, cli_verb_stop, cli_verb_kill,
	cli_verb_pause, cli_verb_unpause, cli_verb_stats, cli_verb_wait, cli_verb_restart, cli_verb_rm, cli_verb_inspect,
	cli_verb_cp, cli_verb_logs, cli_verb_image; /* the runner's: runner/cli/container/ */
extern const struct cli_verb cli_verb_lab; /* runner/cli/lab/ */

#endif
