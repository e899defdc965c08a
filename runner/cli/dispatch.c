/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dispatch - from the words of a command line to the verb that they name. Floor F5. Each verb is a file of its own, each
 * program a table of them (main.c, lab/main.c); nothing is decided here but which runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cli/cli.h"

enum {
	NAME_MAX_GUESSED = 24, /* bytes of a mistyped verb that is worth a guess */
	NAME_DISTANCE_MAX = 2, /* edits between it and the guess */
};

static int help_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_help = {
	.name = "help",
	.summary = "tells how a command is used",
	.usage = "moat help [VERB [VERB]]\n\n  With --json the table of commands, or its part, as one document.",
	.run = help_run,
};

static int dispatch(struct cli *cli, const struct cli_verb *verb, int argc, char **argv);
static const struct cli_verb *verb_find(const struct cli *cli, const char *name);
static const struct cli_verb *sub_find(const struct cli_verb *verb, const char *name);
static int verb_unknown(struct cli *cli, const struct cli_verb *parent, const char *name);
static size_t distance(const char *a, const char *b);
static json_t *verb_json(const struct cli_verb *verb);
static json_t *table_json(const struct cli *cli);
static void overview(const struct cli *cli, FILE *file);

int cli_main(const struct cli_verb *const *verbs, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_COMMON_LONG, {"version", no_argument, NULL, 'V'}, {0}};
	cleanup(mem_freep) char *socket = NULL;
	struct cli cli = {.verbs = verbs,
			  .words = argv,
			  .runtime_dir = getenv("MOAT_RUNTIME_DIR"),
			  .state_dir = getenv("MOAT_STATE_DIR"),
			  .socket = getenv("MOAT_SOCKET")};
	const char *no_colour = getenv("NO_COLOR");
	const struct cli_verb *verb;
	int letter, rc;

	(void)fd_streams_open(O_RDONLY);
	if (!cli.runtime_dir || !*cli.runtime_dir)
		cli.runtime_dir = "/run/moat";
	if (!cli.state_dir || !*cli.state_dir)
		cli.state_dir = "/var/lib/moat";
	socket = mem_printf("%s/moatd.sock", cli.runtime_dir);
	if (!cli.socket || !*cli.socket)
		cli.socket = socket;
	cli.colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
	cli.argv = argv;
	opterr = 0;

	while ((letter = getopt_long(argc, argv, CLI_COMMON_SHORT "V", options, NULL)) != -1) {
		if (letter == 'h') {
			overview(&cli, stdout);
			return CLI_OK;
		}
		if (letter == 'V') {
			printf("moat %s\n", MOAT_VERSION);
			return CLI_OK;
		}
		if (cli_common(&cli, &cli_verb_help, letter) != 0)
			return CLI_USAGE;
	}
	if (optind >= argc) {
		overview(&cli, stderr);
		return CLI_USAGE;
	}
	verb = verb_find(&cli, argv[optind]);
	if (!verb)
		return verb_unknown(&cli, NULL, argv[optind]);
	rc = dispatch(&cli, verb, argc - optind, argv + optind);
	varlink_close(cli.client);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "moat: writing the output failed: %s\n", strerror(errno));
		return rc ? rc : CLI_FAILED;
	}
	return rc;
}

/* Down the table to the verb that runs. */
static int dispatch(struct cli *cli, const struct cli_verb *verb, int argc, char **argv)
{
	cleanup(mem_freep) char *name = mem_strdup(verb->name);

	cli->verb = name;
	if (verb->sub) {
		const struct cli_verb *sub = argc > 1 ? sub_find(verb, argv[1]) : NULL;
		cleanup(mem_freep) char *whole = NULL;

		if (argc > 1 && (str_eq(argv[1], "--help") || str_eq(argv[1], "-h"))) {
			cli_help(cli, verb);
			return CLI_OK;
		}
		if (argc < 2)
			return cli_usage(cli, "which verb?");
		if (!sub)
			return verb_unknown(cli, verb, argv[1]);
		whole = mem_printf("%s %s", verb->name, sub->name);
		cli->verb = whole;
		cli->argv = argv + 1;
		optind = 0;
		return sub->run(cli, argc - 1, argv + 1);
	}
	cli->argv = argv;
	optind = 0;
	return verb->run(cli, argc, argv);
}

static int help_run(struct cli *cli, int argc, char **argv)
{
	static const char *const names[] = {"VERB", "VERB", NULL};
	cleanup(json_freep) json_t *doc = NULL;
	const struct cli_verb *verb, *sub;
	int rc;

	rc = cli_plain(cli, &cli_verb_help, argc, argv, names, 0);
	if (rc >= 0)
		return rc;
	argv += optind;
	if (!argv[0]) {
		doc = table_json(cli);
		if (cli->json)
			cli_print_json(doc);
		else
			overview(cli, stdout);
		return CLI_OK;
	}
	verb = verb_find(cli, argv[0]);
	if (!verb)
		return verb_unknown(cli, NULL, argv[0]);
	sub = argv[1] ? sub_find(verb, argv[1]) : NULL;
	if (argv[1] && !sub)
		return verb_unknown(cli, verb, argv[1]);
	doc = verb_json(sub ? sub : verb);
	if (cli->json)
		cli_print_json(doc);
	else
		cli_help(cli, sub ? sub : verb);
	return CLI_OK;
}

/* The table of commands for programs: completions are made of it when Moat is built, man pages are held against it. */
static json_t *verb_json(const struct cli_verb *verb)
{
	json_t *doc = json_pack("{s:s, s:s, s:s}", "name", verb->name, "summary", verb->summary,
				"usage", verb->usage);

	if (verb->sub) {
		json_t *subs = json_array();

		for (const struct cli_verb *sub = verb->sub; sub->name; sub++)
			json_array_append_new(subs, verb_json(sub));
		json_object_set_new(doc, "verbs", subs);
	}
	return doc;
}

static json_t *table_json(const struct cli *cli)
{
	json_t *all = json_array();

	for (size_t i = 0; cli->verbs[i]; i++)
		json_array_append_new(all, verb_json(cli->verbs[i]));
	return json_pack("{s:o}", "verbs", all);
}

static const struct cli_verb *verb_find(const struct cli *cli, const char *name)
{
	for (size_t i = 0; cli->verbs[i]; i++)
		if (str_eq(cli->verbs[i]->name, name))
			return cli->verbs[i];
	return NULL;
}

static const struct cli_verb *sub_find(const struct cli_verb *verb, const char *name)
{
	for (const struct cli_verb *sub = verb->sub; sub && sub->name; sub++)
		if (str_eq(sub->name, name))
			return sub;
	return NULL;
}

/* Wrong usage, with the nearest name there is. @parent: NULL for the verbs of moat itself. */
static int verb_unknown(struct cli *cli, const struct cli_verb *parent, const char *name)
{
	const char *guess = NULL;
	size_t best = NAME_DISTANCE_MAX + 1;

	for (size_t i = 0; !parent && cli->verbs[i]; i++) {
		size_t d = distance(name, cli->verbs[i]->name);

		if (d < best) {
			best = d;
			guess = cli->verbs[i]->name;
		}
	}
	for (const struct cli_verb *sub = parent ? parent->sub : NULL; sub && sub->name;
	     sub++) {
		size_t d = distance(name, sub->name);

		if (d < best) {
			best = d;
			guess = sub->name;
		}
	}
	if (guess)
		return cli_usage(cli, "unknown verb \"%s\"; did you mean \"%s%s%s\"?", name,
				 parent ? parent->name : "", parent ? " " : "", guess);
	return cli_usage(cli, "unknown verb \"%s\"", name);
}

/* Edits between two names: insert, delete, replace, swap of neighbours. Names that are too long are far. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[NAME_MAX_GUESSED + 1][NAME_MAX_GUESSED + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > NAME_MAX_GUESSED || lb > NAME_MAX_GUESSED)
		return NAME_MAX_GUESSED;
	if (la >= 2 &&
	    str_starts(b,
		       a)) /* the beginning of a name is a good guess, however long the rest */
		return 1;
	for (size_t i = 0; i <= la; i++) {
		for (size_t j = 0; j <= lb; j++) {
			size_t d;

			if (i == 0 || j == 0) {
				rows[i][j] = i + j;
				continue;
			}
			d = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (rows[i - 1][j] + 1 < d)
				d = rows[i - 1][j] + 1;
			if (rows[i][j - 1] + 1 < d)
				d = rows[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    rows[i - 2][j - 2] + 1 < d)
				d = rows[i - 2][j - 2] + 1;
			rows[i][j] = d;
		}
	}
	/* a name of two letters is two edits from everything */
	return rows[la][lb] < la ? rows[la][lb] : NAME_MAX_GUESSED;
}

static void overview(const struct cli *cli, FILE *file)
{
	fprintf(file,
		"Usage: moat VERB [OPTION]... [ARGUMENT]...\n\n"
		"A network stack for every container, a virtual router for every tenant.\n\n");
	for (size_t i = 0; cli->verbs[i]; i++)
		fprintf(file, "  %-10s %s\n", cli->verbs[i]->name, cli->verbs[i]->summary);
	fprintf(file, "\nA name is TENANT/NAME; NAME alone means tenant \"default\". \"moat "
		      "VERB --help\" tells the rest.\n"
		      "Every command takes --json, --socket PATH, -q and --help; every "
		      "one that changes something --dry-run.\n"
		      "Exit: 0 done, 1 failed, 2 wrong usage, 3 no such object, 4 refused, 5 "
		      "differences found.\n");
}
