// SPDX-License-Identifier: GPL-2.0-or-later
/* ps - `moat ps`: the containers. Floor F5. */
#include <errno.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/container/container.h"

static int ps_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_ps = {
	.name = "ps",
	.summary = "lists containers",
	.usage = "moat ps [-a]\n"
		 "\n"
		 "  -a, --all  also those that do not run",
	.run = ps_run,
};

struct listing {
	const struct cli *cli;
	bool all;
	json_t *rows;
};

static int row_add(void *ctx, const struct name *name);
static json_t *row_new(const struct name *name, const struct spec *spec,
		       const struct state *state);
static void row_print(struct cli_table *table, const json_t *row);
static char *joined(const json_t *strings, const char *separator);
static char *age(int64_t since_ms);

static int ps_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{"all", no_argument, NULL, 'a'},
		CLI_COMMON_LONG,
		{0},
	};
	static const char *const headers[] = {"NAME",     "ID",    "STATUS",  "PID", "AGE",
					      "NETWORKS", "PORTS", "COMMAND", NULL};
	static const char *const none[] = {NULL};
	cleanup(json_freep) json_t *doc = NULL;
	struct listing listing = {.cli = cli, .rows = json_array()};
	struct cli_table *table;
	struct err err = ERR_INIT;
	const json_t *row;
	size_t index;
	int letter, rc;

	doc = json_pack("{s:o}", "containers", listing.rows);
	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT "a", options, NULL)) !=
	       -1) {
		rc = -1;
		if (letter == 'a')
			listing.all = true;
		else
			rc = cli_option(cli, &cli_verb_ps, letter);
		if (rc >= 0)
			return rc;
	}
	rc = cli_operands(cli, argc, argv, none, 0);
	if (rc < 0)
		rc = cli_unplanned(cli);
	if (rc >= 0)
		return rc;
	container_swept(cli);
	if (state_each(cli->runtime_dir, row_add, &listing, &err) < 0)
		return cli_fail(cli, &err);
	if (cli->json) {
		cli_print_json(doc);
		return CLI_OK;
	}
	if (cli->quiet) {
		json_array_foreach(listing.rows, index, row)
			printf("%s\n", json_string_value(json_object_get(row, "name")));
		return CLI_OK;
	}
	table = cli_table_new(headers);
	json_array_foreach(listing.rows, index, row)
		row_print(table, row);
	cli_table_print(table);
	return CLI_OK;
}

/* ----------------------------------------------------------------- helpers */

/* One that goes while it is read is not told of; one that cannot be read is, whatever is asked for. */
static int row_add(void *ctx, const struct name *name)
{
	struct listing *listing = ctx;
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	struct state_dir dir = STATE_DIR_INIT;
	struct state state;
	struct spec spec;
	int rc = state_dir_open(listing->cli->runtime_dir, name, &dir, NULL);

	if (rc == 0)
		rc = state_load(&dir, &state, NULL);
	if (rc == 0)
		rc = state_spec_load(&dir, arena, &doc, &spec, NULL);
	if (rc < 0 && rc != -ENOENT)
		json_array_append_new(listing->rows, json_pack("{s:o, s:s, s:s}", "name",
							       json_sprintf("%s/%s", name->tenant, name->name), "id", "-",
							       "status", "unreadable"));
	if (rc == 0 && (listing->all || state.status != STATE_EXITED))
		json_array_append_new(listing->rows, row_new(name, &spec, &state));
	state_dir_fini(&dir);
	return 0;
}

static json_t *row_new(const struct name *name, const struct spec *spec,
		       const struct state *state)
{
	json_t *networks = json_array(), *publish = json_array(), *command = json_array();
	json_t *row = json_pack("{s:o, s:s, s:s}", "name",
				json_sprintf("%s/%s", name->tenant, name->name), "id", spec->id,
				"status",
				state->status == STATE_RUNNING &&
						container_paused(name, spec->id)
					? "paused"
					: state_status_name(state->status));

	for (size_t i = 0; i < spec->network_count; i++)
		json_array_append_new(networks, json_string(spec->networks[i].network));
	for (size_t i = 0; spec->publish[i]; i++)
		json_array_append_new(publish, json_string(spec->publish[i]));
	for (size_t i = 0; spec->args[i]; i++)
		json_array_append_new(command, json_string(spec->args[i]));
	if (state->status == STATE_RUNNING)
		json_object_set_new(row, "pid", json_integer(state->pid));
	if (state->status == STATE_EXITED)
		json_object_set_new(row, "exitCode", json_integer(state->exit_code));
	if (state->oom_killed)
		json_object_set_new(row, "oomKilled", json_true());
	json_object_set_new(row, "idBase", json_integer(state->id_base));
	json_object_set_new(row, "createdMs", json_integer(state->created_ms));
	json_object_set_new(row, "startedMs", json_integer(state->started_ms));
	json_object_set_new(row, "finishedMs", json_integer(state->finished_ms));
	json_object_set_new(row, "networks", networks);
	json_object_set_new(row, "publish", publish);
	json_object_set_new(row, "command", command);
	return row;
}

static void row_print(struct cli_table *table, const json_t *row)
{
	cleanup(mem_freep) char *pid = cli_cell(json_object_get(row, "pid"));
	cleanup(mem_freep) char *networks = joined(json_object_get(row, "networks"), ",");
	cleanup(mem_freep) char *publish = joined(json_object_get(row, "publish"), ",");
	cleanup(mem_freep) char *command = joined(json_object_get(row, "command"), " ");
	const json_t *since = json_object_get(row, "createdMs");
	cleanup(mem_freep) char *created = since ? age(json_integer_value(since)) : mem_strdup("-");
	const json_t *code = json_object_get(row, "exitCode");
	const char *status = json_string_value(json_object_get(row, "status"));
	cleanup(mem_freep) char *shown =
		code ? mem_printf("%s (%d%s)", status, (int)json_integer_value(code),
				  json_object_get(row, "oomKilled") ? ", out of memory" : "")
		     : mem_strdup(status);
	const char *const cells[] = {json_string_value(json_object_get(row, "name")),
				     json_string_value(json_object_get(row, "id")),
				     shown,
				     pid,
				     created,
				     networks,
				     publish,
				     command,
				     NULL};

	cli_table_row(table, cells);
}

static char *joined(const json_t *strings, const char *separator)
{
	struct buf text = BUF_INIT;
	char *result;

	for (size_t i = 0; i < json_array_size(strings); i++)
		buf_printf(&text, "%s%s", i ? separator : "",
			   json_string_value(json_array_get(strings, i)));
	result = text.size > 48 ? mem_printf("%.45s...", buf_cstr(&text))
				: mem_strdup(buf_cstr(&text));
	buf_fini(&text);
	return result;
}

static char *age(int64_t since_ms)
{
	int64_t seconds = ((int64_t)clock_realtime_ms() - since_ms) / 1000;

	if (seconds < 120)
		return mem_printf("%llds", (long long)(seconds < 0 ? 0 : seconds));
	if (seconds < 7200)
		return mem_printf("%lldm", (long long)(seconds / 60));
	if (seconds < 172800)
		return mem_printf("%lldh", (long long)(seconds / 3600));
	return mem_printf("%lldd", (long long)(seconds / 86400));
}
