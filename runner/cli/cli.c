/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli - what the verbs of `moat` share: options, operands, calls, lists, errors. Floor F5. It
 * judges no name and no address: the daemon does, and its words are passed on.
 */
#include "runner/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

/* What takes dryRun in netd/io.moat.varlink; tests/lint/varlink.py holds the two against each other. */
static const char *const changing_methods[] = {
	"TenantCreate",  "TenantSet",      "TenantDelete",   "NetworkCreate", "NetworkSet",
	"NetworkDelete", "EndpointAttach", "EndpointDetach", "EndpointSet",   "StackCreate",
	"StackDelete",   "Publish",        "Unpublish",      "LabUp",         "LabDown",
};

static bool method_changes(const char *method);
static void nulls_drop(json_t *object);
static void names_print(const json_t *array);

/* ---------------------------------------------------------------- options */

int cli_common(struct cli *cli, const struct cli_verb *verb, int letter)
{
	const char *word = cli->argv && optind > 0 ? cli->argv[optind - 1] : "";
	char shown[3] = {'-', (char)optopt, '\0'};

	switch (letter) {
	case 0x100:
		cli->json = true;
		return 0;
	case 0x101:
		cli->socket = optarg;
		return 0;
	case 0x102:
		cli->dry_run = true;
		return 0;
	case 'q':
		cli->quiet = true;
		return 0;
	case 'h':
		cli_help(cli, verb);
		return 1;
	case ':':
		cli_usage(cli, "option %s needs a value",
			  str_starts(word, "--") ? word : shown);
		return -1;
	default:
		break;
	}
	if (str_starts(word, "--") && strchr(word, '=') && optopt)
		cli_usage(cli, "option %.*s takes no value", (int)strcspn(word, "="), word);
	else if (str_starts(word, "--"))
		cli_usage(cli, "unknown option %s", word);
	else
		cli_usage(cli, "unknown option %s", shown);
	return -1;
}

int cli_option(struct cli *cli, const struct cli_verb *verb, int letter)
{
	int rc = cli_common(cli, verb, letter);

	return rc == 0 ? -1 : rc > 0 ? CLI_OK : CLI_USAGE;
}

int cli_operands(struct cli *cli, int argc, char **argv, const char *const *names, size_t min)
{
	size_t have = (size_t)(argc - optind), max = 0;

	while (names[max])
		max++;
	for (int i = 0; i < argc; i++) {
		cleanup(json_freep) json_t *text = json_string(argv[i]);

		if (!text) /* it could not be passed on, and would be left out without a word */
			return cli_usage(cli, "an argument is not UTF-8");
	}
	if (have < min)
		return cli_usage(cli, "%s is missing", names[have]);
	if (have > max)
		return cli_usage(cli, "unexpected argument \"%s\"", argv[optind + (int)max]);
	return -1;
}

int cli_plain(struct cli *cli, const struct cli_verb *verb, int argc, char **argv,
	      const char *const *names, size_t min)
{
	static const struct option options[] = {CLI_COMMON_LONG, {0}};
	int letter;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		int rc = cli_option(cli, verb, letter);

		if (rc >= 0)
			return rc;
	}
	return cli_operands(cli, argc, argv, names, min);
}

int cli_number(struct cli *cli, const char *option, const char *text, json_int_t max,
	       json_int_t *ret_value)
{
	uint64_t value;

	if (str_u64(text, (uint64_t)max, &value) < 0)
		return cli_usage(cli, "%s: \"%s\" is no whole number up to %lld", option, text,
				 (long long)max);
	*ret_value = (json_int_t)value;
	return -1;
}

void cli_append(json_t *parameters, const char *key, const char *text)
{
	json_t *array = json_object_get(parameters, key);

	if (!array) {
		array = json_array();
		json_object_set_new(parameters, key, array);
	}
	json_array_append_new(array, json_string(text));
}

void cli_route(json_t *parameters, const char *text)
{
	const char *via = strchr(text, '=');
	json_t *route = json_pack("{s:s%}", "dst", text, via ? (size_t)(via - text) : strlen(text));
	json_t *array = json_object_get(parameters, "routes");

	if (!route) /* no UTF-8 */
		route = json_object();
	if (via)
		json_object_set_new(route, "via", json_string(via + 1));
	if (!array) {
		array = json_array();
		json_object_set_new(parameters, "routes", array);
	}
	json_array_append_new(array, route);
}

int cli_netns_open(struct cli *cli, const char *path, int *ret_fd)
{
	struct err err = ERR_INIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		int no = errno;

		err_sys(&err,
			no == ENOENT   ? ERR_NOTFOUND
			: no == EACCES ? ERR_PERMISSION
				       : ERR_IO,
			no, path, "cannot open the namespace");
		return cli_fail(cli, &err);
	}
	*ret_fd = fd;
	return CLI_OK;
}

void cli_help(const struct cli *cli, const struct cli_verb *verb)
{
	(void)cli;
	printf("%s\n\n%s\n", verb->summary, verb->usage);
	if (verb->sub) {
		printf("\nVerbs:\n");
		for (const struct cli_verb *sub = verb->sub; sub->name; sub++)
			printf("  %-10s %s\n", sub->name, sub->summary);
	}
	printf("\nEvery command takes --json, --socket PATH, -q and --help; every changing one "
	       "--dry-run.\n");
}

int cli_usage(struct cli *cli, const char *fmt, ...)
{
	cleanup(mem_freep) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	/* Words of the caller's go to a terminal, as in err_set(). */
	str_printable(text);
	if (cli->json) {
		struct err err = ERR_INIT;

		err_set(&err, ERR_USAGE, EINVAL, cli->verb, "%s", text);
		cli_fail(cli, &err);
	} else {
		fprintf(stderr, "moat: %s%s%s (see \"moat %s%s--help\")\n",
			cli->verb ? cli->verb : "", cli->verb ? ": " : "", text,
			cli->verb ? cli->verb : "", cli->verb ? " " : "");
	}
	return CLI_USAGE;
}

/* ------------------------------------------------------------------ calls */

static void waiting_tell(void)
{
	fputs("moat: waiting for moatd\n", stderr);
}

int cli_connect(struct cli *cli, struct err *err)
{
	struct varlink_patience patience = {.unread_ms = VARLINK_UNREAD_MS, .note_ms = CLI_NOTE_MS};
	int rc = cli->client ? 0 : varlink_connect(cli->socket, &cli->client, err);

	if (rc == 0) {
		patience.note = cli->quiet || cli->json ? NULL : waiting_tell;
		varlink_patience_set(cli->client, &patience);
	}
	return rc;
}

int cli_call(struct cli *cli, const char *method, json_t *parameters, const int *fds,
	     size_t fd_count, json_t **ret_reply)
{
	cleanup(mem_freep) char *name = mem_printf("io.moat.%s", method);
	cleanup(json_freep) json_t *given = parameters ? parameters : json_object();
	cleanup(json_freep) json_t *reply = NULL;
	struct err err = ERR_INIT;

	*ret_reply = NULL;
	if (cli->dry_run && !method_changes(method))
		return cli_unplanned(cli);
	if (cli->dry_run)
		json_object_set_new(given, "dryRun", json_true());
	if (cli_connect(cli, &err) < 0 ||
	    varlink_call(cli->client, name, json_incref(given), fds, fd_count, &reply, NULL,
			 NULL, &err) < 0)
		return cli_fail(cli, &err);
	nulls_drop(reply);
	if (cli->dry_run) {
		cli_plan_print(cli, reply);
		return CLI_OK;
	}
	*ret_reply = reply;
	reply = NULL;
	return CLI_OK;
}

int cli_unplanned(struct cli *cli)
{
	return cli->dry_run ? cli_usage(cli, "changes nothing, so --dry-run means nothing here") : -1;
}

int cli_fail(struct cli *cli, const struct err *err)
{
	if (cli->json) {
		cleanup(json_freep) json_t *doc = json_pack(
			"{s:{s:s, s:s, s:s}}", "error", "code", err_kind_name(err->kind),
			"message", err->msg, "object", err->object);

		cli_print_json(doc);
	} else {
		fprintf(stderr, "moat: %s failed: %s%s%s\n", cli->verb ? cli->verb : "start",
			err->object, err->object[0] ? ": " : "", err->msg);
	}
	return err_exit_code(err->kind);
}

int cli_list(struct cli *cli, const char *method, json_t *parameters, const char *key,
	     const struct cli_column *columns)
{
	cleanup(json_freep) json_t *reply = NULL;
	const char *headers[16] = {0};
	struct cli_table *table;
	const json_t *row;
	size_t index;
	int rc;

	rc = cli_call(cli, method, parameters, NULL, 0, &reply);
	if (!reply)
		return rc;
	if (cli->json) {
		cli_print_json(reply);
		return CLI_OK;
	}
	if (cli->quiet) {
		names_print(json_object_get(reply, key));
		return CLI_OK;
	}
	for (size_t i = 0; columns[i].header && i + 1 < ARRAY_COUNT(headers); i++)
		headers[i] = columns[i].header;
	table = cli_table_new(headers);
	json_array_foreach(json_object_get(reply, key), index, row) {
		char *cells[ARRAY_COUNT(headers)] = {0};

		for (size_t i = 0; headers[i]; i++)
			cells[i] = cli_cell(json_object_get(row, columns[i].key));
		cli_table_row(table, (const char *const *)cells);
		for (size_t i = 0; headers[i]; i++)
			free(cells[i]);
	}
	cli_table_print(table);
	return CLI_OK;
}

int cli_show(struct cli *cli, const char *method, json_t *parameters, const char *key,
	     const struct cli_column *columns)
{
	cleanup(json_freep) json_t *reply = NULL;
	const json_t *object;
	int width = 0, rc;

	rc = cli_call(cli, method, parameters, NULL, 0, &reply);
	if (!reply)
		return rc;
	if (cli->json) {
		cli_print_json(reply);
		return CLI_OK;
	}
	object = json_object_get(reply, key);
	for (size_t i = 0; columns[i].header; i++)
		if ((int)strlen(columns[i].header) > width)
			width = (int)strlen(columns[i].header);
	for (size_t i = 0; columns[i].header; i++) {
		cleanup(mem_freep) char *cell =
			cli_cell(json_object_get(object, columns[i].key));

		printf("%-*s  %s\n", width, columns[i].header, cell);
	}
	return CLI_OK;
}

void cli_print_changed(const struct cli *cli, const json_t *reply, const char *key)
{
	const json_t *object = key ? json_object_get(reply, key) : NULL;

	if (cli->json) {
		cli_print_json(reply);
	} else if (object && !cli->quiet) {
		cleanup(mem_freep) char *name = cli_cell(json_object_get(object, "name"));

		printf("%s\n", name);
	}
}

int cli_change(struct cli *cli, const char *method, json_t *parameters, const int *fds,
	       size_t fd_count, const char *key)
{
	cleanup(json_freep) json_t *reply = NULL;
	int rc = cli_call(cli, method, parameters, fds, fd_count, &reply);

	if (reply)
		cli_print_changed(cli, reply, key);
	return reply ? CLI_OK : rc;
}

int cli_delete(struct cli *cli, const struct cli_verb *verb, const char *method, unsigned flags,
	       int argc, char **argv)
{
	static const char *const names[] = {"NAME", NULL};
	static const struct option options[] = {
		{"strict", no_argument, NULL, 's'},
		CLI_COMMON_LONG,
		{"force", no_argument, NULL, 'f'},
		{0},
	};
	cleanup(json_freep) json_t *parameters = json_object();
	int letter, rc;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		rc = -1;
		if (letter == 's')
			json_object_set_new(parameters, "strict", json_true());
		else if (letter == 'f' && (flags & CLI_DELETE_FORCE))
			json_object_set_new(parameters, "force", json_true());
		else
			rc = cli_option(cli, verb, letter);
		if (rc >= 0)
			return rc;
	}
	rc = cli_operands(cli, argc, argv, names, 1);
	if (rc >= 0)
		return rc;
	json_object_set_new(parameters, "name", json_string(argv[optind]));
	return cli_change(cli, method, json_incref(parameters), NULL, 0, NULL);
}

int cli_list_of_tenant(struct cli *cli, const struct cli_verb *verb, const char *method,
		       const char *key, const struct cli_column *columns, int argc, char **argv)
{
	static const char *const names[] = {"TENANT", NULL};
	int rc = cli_plain(cli, verb, argc, argv, names, 0);

	if (rc >= 0)
		return rc;
	return cli_list(cli, method,
			argv[optind] ? json_pack("{s:s}", "tenant", argv[optind]) : NULL, key,
			columns);
}

static bool method_changes(const char *method)
{
	for (size_t i = 0; i < ARRAY_COUNT(changing_methods); i++)
		if (str_eq(changing_methods[i], method))
			return true;
	return false;
}

void cli_plan_print(const struct cli *cli, const json_t *reply)
{
	const json_t *line;
	size_t index;

	if (cli->json) {
		cli_print_json(reply);
		return;
	}
	json_array_foreach(json_object_get(reply, "plan"), index, line)
		printf("%s\n", json_string_value(line) ? json_string_value(line) : "");
}

/* A member that is null is one that is not there. */
static void nulls_drop(json_t *object)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, key, value) if (json_is_null(value))
		json_object_del(object, key);
}

static void names_print(const json_t *array)
{
	const json_t *row;
	size_t index;

	json_array_foreach(array, index, row) {
		const json_t *name = json_object_get(row, "name");
		cleanup(mem_freep) char *cell =
			cli_cell(name ? name : json_object_get(row, "spec"));

		printf("%s\n", cell);
	}
}
