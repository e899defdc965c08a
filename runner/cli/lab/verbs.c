/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verbs - `moat lab up|down|show|validate`, as moat-lab does them. Floor F5. The one file of the
 * labs that opens files, prints, and calls the daemon.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/cli/cli.h"
#include "runner/cli/lab/lab.h"
#include "runner/cli/lab/verbs.h"

/** struct lab_args - options of these verbs. @which: the operand, NULL where there is none */
struct lab_args {
	const char *which;
	const char *name;
	bool bare, strict;
};

enum { TAKES_FILE = 1 << 0, TAKES_STRICT = 1 << 1 };

static int up_run(struct cli *cli, const struct cli_verb *verb, int argc, char **argv);
static int down_run(struct cli *cli, const struct cli_verb *verb, int argc, char **argv);
static int show_run(struct cli *cli, const struct cli_verb *verb, int argc, char **argv);
static int validate_run(struct cli *cli, const struct cli_verb *verb, int argc, char **argv);
static int parse_args(struct cli *cli, const struct cli_verb *verb, unsigned flags,
		      const char *const *operands, size_t min, int argc, char **argv,
		      struct lab_args *ret_args);
static int load(struct cli *cli, const struct lab_args *args, struct lab **ret_lab);
static void tell(const struct cli *cli, const struct lab *lab);
static const char *environment(void *ctx, const char *variable);
static bool is_file(const char *which);
static int only_lab(struct cli *cli, json_t **ret_name);
static int show_all(struct cli *cli);
static void print_nodes(const json_t *lab);
static void print_wires(const json_t *lab);
static void end_cells(const json_t *end, char **ret_name, char **ret_ips);

static const struct {
	const char *name;
	int (*run)(struct cli *cli, const struct cli_verb *verb, int argc, char **argv);
} runs[] = {{"up", up_run}, {"down", down_run}, {"show", show_run}, {"validate", validate_run}};

static const char *const one_file[] = {"FILE", NULL};
static const char *const lab_or_file[] = {"LAB|FILE", NULL};

int lab_verb_run(struct cli *cli, int argc, char **argv)
{
	const struct cli_verb *verb = cli_verb_lab.sub;

	while (!str_eq(verb->name, argv[0]))
		verb++; /* dispatch.c has found it there */
	for (size_t i = 0; i < ARRAY_COUNT(runs); i++)
		if (str_eq(runs[i].name, verb->name))
			return runs[i].run(cli, verb, argc, argv);
	abort();
}

static int up_run(struct cli *cli, const struct cli_verb *verb, int argc, char **argv)
{
	cleanup(json_freep) json_t *parameters = NULL;
	cleanup(lab_freep) struct lab *lab = NULL;
	struct err err = ERR_INIT;
	struct lab_args args;
	int rc = parse_args(cli, verb, TAKES_FILE, one_file, 1, argc, argv, &args);

	if (rc < 0)
		rc = load(cli, &args, &lab);
	if (rc >= 0)
		return rc;
	if (lab_emit(lab, &parameters, &err) < 0)
		return cli_fail(cli, &err);
	tell(cli, lab);
	return cli_change(cli, "LabUp", json_incref(parameters), NULL, 0, "lab");
}

static int down_run(struct cli *cli, const struct cli_verb *verb, int argc, char **argv)
{
	cleanup(json_freep) json_t *parameters = json_object();
	cleanup(lab_freep) struct lab *lab = NULL;
	struct lab_args args;
	json_t *name = NULL;
	int rc = parse_args(cli, verb, TAKES_STRICT, lab_or_file, 0, argc, argv, &args);

	if (rc >= 0)
		return rc;
	if (args.name) {
		name = json_string(args.name);
	} else if (!args.which) {
		rc = only_lab(cli, &name);
		if (rc >= 0)
			return rc;
	} else if (is_file(args.which)) {
		args.bare = true; /* its name is all that is wanted */
		rc = load(cli, &args, &lab);
		if (rc >= 0)
			return rc;
		name = json_string(lab->name);
	} else {
		name = json_string(args.which);
	}
	json_object_set_new(parameters, "name", name);
	if (args.strict)
		json_object_set_new(parameters, "strict", json_true());
	return cli_change(cli, "LabDown", json_incref(parameters), NULL, 0, NULL);
}

static int show_run(struct cli *cli, const struct cli_verb *verb, int argc, char **argv)
{
	cleanup(json_freep) json_t *reply = NULL;
	struct err err = ERR_INIT;
	struct lab_args args;
	const json_t *shown;
	int rc = parse_args(cli, verb, TAKES_FILE, lab_or_file, 0, argc, argv, &args);

	if (rc >= 0)
		return rc;
	if (!args.which)
		return show_all(cli);
	if (is_file(args.which)) {
		cleanup(lab_freep) struct lab *lab = NULL;
		json_t *parameters = NULL;

		rc = load(cli, &args, &lab);
		if (rc >= 0)
			return rc;
		if (lab_emit(lab, &parameters, &err) < 0)
			return cli_fail(cli, &err);
		tell(cli, lab);
		reply = json_pack("{s:o}", "lab", parameters);
	} else {
		rc = cli_call(cli, "LabShow", json_pack("{s:s}", "name", args.which), NULL, 0,
			      &reply);
		if (!reply)
			return rc;
	}
	if (cli->json) {
		cli_print_json(reply);
		return CLI_OK;
	}
	shown = json_object_get(reply, "lab");
	print_nodes(shown);
	if (json_array_size(json_object_get(shown, "wires"))) {
		printf("\n");
		print_wires(shown);
	}
	return CLI_OK;
}

static int validate_run(struct cli *cli, const struct cli_verb *verb, int argc, char **argv)
{
	cleanup(json_freep) json_t *parameters = NULL;
	cleanup(lab_freep) struct lab *lab = NULL;
	struct err err = ERR_INIT;
	struct lab_args args;
	int rc = parse_args(cli, verb, TAKES_FILE, one_file, 1, argc, argv, &args);

	if (rc < 0)
		rc = load(cli, &args, &lab);
	if (rc >= 0)
		return rc;
	if (lab_emit(lab, &parameters, &err) < 0)
		return cli_fail(cli, &err);
	tell(cli, lab);
	if (cli->json) {
		cleanup(json_freep) json_t *doc = json_pack(
			"{s:{s:s, s:I, s:I, s:I}}", "lab", "name", lab->name, "nodes",
			(json_int_t)lab->node_count, "links", (json_int_t)lab->link_count,
			"routes", (json_int_t)lab_route_count(lab));

		cli_print_json(doc);
	} else if (!cli->quiet) {
		printf("lab %s: %zu nodes, %zu links, %zu static routes\n", lab->name,
		       lab->node_count, lab->link_count, lab_route_count(lab));
	}
	return CLI_OK;
}

/* ------------------------------------------------------------------ helpers */

/* Return: -1 go on; else the exit code. */
static int parse_args(struct cli *cli, const struct cli_verb *verb, unsigned flags,
		      const char *const *operands, size_t min, int argc, char **argv,
		      struct lab_args *ret_args)
{
	static const struct option options[] = {
		{"bare", no_argument, NULL, 'b'},
		{"name", required_argument, NULL, 'n'},
		{"strict", no_argument, NULL, 's'},
		CLI_COMMON_LONG,
		{0},
	};
	int letter, rc;

	*ret_args = (struct lab_args){0};
	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		rc = -1;
		if (letter == 'n')
			ret_args->name = optarg;
		else if (letter == 'b' && (flags & TAKES_FILE))
			ret_args->bare = true;
		else if (letter == 's' && (flags & TAKES_STRICT))
			ret_args->strict = true;
		else
			rc = cli_option(cli, verb, letter);
		if (rc >= 0)
			return rc;
	}
	rc = cli_operands(cli, argc, argv, operands, min);
	if (rc < 0)
		ret_args->which = argv[optind];
	return rc;
}

/* Return: -1 and *ret_lab; else the exit code, the message being printed. */
static int load(struct cli *cli, const struct lab_args *args, struct lab **ret_lab)
{
	struct lab_options options = {
		.bare = args->bare, .name = args->name, .env = environment};
	cleanup(buf_fini) struct buf data = BUF_INIT;
	struct err err = ERR_INIT;
	int rc = file_read(args->which, LAB_FILE_MAX, &data);

	if (rc < 0) {
		err_sys(&err,
			rc == -ENOENT  ? ERR_NOTFOUND
			: rc == -E2BIG ? ERR_LIMIT
				       : ERR_IO,
			-rc, args->which, "cannot read it");
		return cli_fail(cli, &err);
	}
	if (lab_load(args->which, buf_cstr(&data), data.size, &options, ret_lab, &err) < 0)
		return cli_fail(cli, &err);
	return -1;
}

/* What a person should know of a file that is taken. */
static void tell(const struct cli *cli, const struct lab *lab)
{
	if (cli->quiet)
		return;
	for (size_t i = 0; i < lab->left_out_count; i++) {
		const struct lab_left_out *left = &lab->left_out[i];

		fprintf(stderr, "%s%s (%s%u)",
			i ? ", " : "moat: left out, with the first line of each: ", left->key,
			left->count > 1 ? "from line " : "line ", (unsigned)left->first.line);
	}
	if (lab->left_out_count)
		fprintf(stderr, "\n");
	for (size_t i = 0; i < lab->note_count; i++)
		fprintf(stderr, "moat: note: %s\n", lab->notes[i]);
	if (lab->notes_dropped)
		fprintf(stderr, "moat: note: and %zu more\n", lab->notes_dropped);
}

static const char *environment(void *ctx, const char *variable)
{
	(void)ctx;
	return getenv(variable);
}

static bool is_file(const char *which)
{
	struct stat st;

	/* no name of a lab has one of these; what else is a regular file is meant to be one */
	return strchr(which, '/') || strchr(which, '.') ||
	       (stat(which, &st) == 0 && S_ISREG(st.st_mode));
}

/* Return: -1 and *ret_name; else the exit code. */
static int only_lab(struct cli *cli, json_t **ret_name)
{
	cleanup(json_freep) json_t *reply = NULL;
	bool dry_run = cli->dry_run;
	const json_t *labs;
	int rc;

	cli->dry_run = false; /* asking changes nothing */
	rc = cli_call(cli, "LabList", NULL, NULL, 0, &reply);
	cli->dry_run = dry_run;
	if (!reply)
		return rc;
	labs = json_object_get(reply, "labs");
	if (json_array_size(labs) != 1)
		return cli_usage(cli, "there are %zu labs: which one?", json_array_size(labs));
	*ret_name = json_incref(json_object_get(json_array_get(labs, 0), "name"));
	return -1;
}

static int show_all(struct cli *cli)
{
	static const char *const headers[] = {"NAME", "NODES", "WIRES", NULL};
	cleanup(json_freep) json_t *reply = NULL;
	struct cli_table *table;
	const json_t *lab;
	size_t index;
	int rc = cli_call(cli, "LabList", NULL, NULL, 0, &reply);

	if (!reply)
		return rc;
	if (cli->json) {
		cli_print_json(reply);
		return CLI_OK;
	}
	table = cli->quiet ? NULL : cli_table_new(headers);
	json_array_foreach(json_object_get(reply, "labs"), index, lab) {
		cleanup(mem_freep) char *nodes =
			mem_printf("%zu", json_array_size(json_object_get(lab, "nodes")));
		cleanup(mem_freep) char *wires =
			mem_printf("%zu", json_array_size(json_object_get(lab, "wires")));
		cleanup(mem_freep) char *name = cli_cell(json_object_get(lab, "name"));

		if (table)
			cli_table_row(table, (const char *const[]){name, nodes, wires});
		else
			printf("%s\n", name);
	}
	if (table)
		cli_table_print(table);
	return CLI_OK;
}

static void print_nodes(const json_t *lab)
{
	static const char *const headers[] = {"NODE", "LOOPBACK", "INTERFACES", NULL};
	const json_t *nodes = json_object_get(lab, "nodes"), *node, *wire;
	struct buf *ifnames = mem_array(json_array_size(nodes), sizeof(*ifnames));
	struct cli_table *table = cli_table_new(headers);
	struct table by_name = {0};
	size_t index;

	json_array_foreach(nodes, index, node) {
		const char *name = json_string_value(json_object_get(node, "name"));

		if (name)
			table_add_str(&by_name, name, &ifnames[index]);
	}
	json_array_foreach(json_object_get(lab, "wires"), index, wire) {
		static const char *const ends[] = {"a", "b"};

		for (size_t e = 0; e < 2; e++) {
			const json_t *end = json_object_get(wire, ends[e]);
			const char *name = json_string_value(json_object_get(end, "node"));
			const char *ifname = json_string_value(json_object_get(end, "ifname"));
			struct buf *list = name ? table_find_str(&by_name, name) : NULL;

			if (list && ifname)
				buf_printf(list, "%s%s", list->size ? "," : "", ifname);
		}
	}
	json_array_foreach(nodes, index, node) {
		cleanup(mem_freep) char *name = cli_cell(json_object_get(node, "name"));
		cleanup(mem_freep) char *ips = cli_cell(json_object_get(node, "ips"));

		cli_table_row(table,
			      (const char *const[]){name, ips, buf_cstr(&ifnames[index])});
		buf_fini(&ifnames[index]);
	}
	table_fini(&by_name);
	free(ifnames);
	cli_table_print(table);
}

static void print_wires(const json_t *lab)
{
	static const char *const headers[] = {"WIRE",      "ADDRESSES", "TO",
					      "ADDRESSES", "MTU",       NULL};
	struct cli_table *table = cli_table_new(headers);
	const json_t *wire;
	size_t index;

	json_array_foreach(json_object_get(lab, "wires"), index, wire) {
		cleanup(mem_freep) char *a = NULL, *b = NULL, *ips_a = NULL, *ips_b = NULL;
		cleanup(mem_freep) char *mtu = cli_cell(json_object_get(wire, "mtu"));

		end_cells(json_object_get(wire, "a"), &a, &ips_a);
		end_cells(json_object_get(wire, "b"), &b, &ips_b);
		cli_table_row(table, (const char *const[]){a, ips_a, b, ips_b, mtu});
	}
	cli_table_print(table);
}

static void end_cells(const json_t *end, char **ret_name, char **ret_ips)
{
	cleanup(mem_freep) char *node = cli_cell(json_object_get(end, "node"));
	cleanup(mem_freep) char *ifname = cli_cell(json_object_get(end, "ifname"));

	*ret_name = mem_printf("%s:%s", node, ifname);
	*ret_ips = cli_cell(json_object_get(end, "ips"));
}
