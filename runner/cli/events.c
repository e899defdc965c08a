/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events - `moat events`: what happens, as it happens, one line each. Floor F5. */
#include <stdio.h>
#include <time.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/cli.h"

static int events_run(struct cli *cli, int argc, char **argv);
static int event_print(void *ctx, const json_t *reply);

const struct cli_verb cli_verb_events = {
	.name = "events",
	.summary = "tells what happens, until interrupted",
	.usage = "moat events\n\n  One line each: time, event, object, detail; with --json one "
		 "object a line.",
	.run = events_run,
};

static int events_run(struct cli *cli, int argc, char **argv)
{
	static const char *const names[] = {NULL};
	struct err err = ERR_INIT;
	int rc;

	rc = cli_plain(cli, &cli_verb_events, argc, argv, names, 0);
	if (rc >= 0)
		return rc;
	if (cli->dry_run)
		return cli_unplanned(cli);
	if (cli_connect(cli, &err) < 0)
		return cli_fail(cli, &err);
	rc = varlink_stream(cli->client, "io.moat.Events", NULL, event_print, cli, &err);
	if (rc < 0)
		return cli_fail(cli, &err);
	return rc > 0 ? CLI_FAILED : CLI_OK;
}

/* Flushed each time: who reads may be a pipe. Return: 1 when nobody reads any more. */
static int event_print(void *ctx, const json_t *reply)
{
	const struct cli *cli = ctx;

	if (cli->json) {
		cli_print_json(reply);
	} else {
		json_int_t ms = json_integer_value(json_object_get(reply, "time"));
		cleanup(mem_freep) char *event = cli_cell(json_object_get(reply, "event"));
		cleanup(mem_freep) char *object = cli_cell(json_object_get(reply, "object"));
		const json_t *detail = json_object_get(reply, "detail");
		cleanup(mem_freep) char *text = cli_cell(detail);
		time_t seconds = (time_t)(ms / 1000);
		struct tm tm = {0};
		char stamp[32] = "";

		gmtime_r(&seconds, &tm);
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
		printf("%s.%03dZ  %-18s %s%s%s\n", stamp, (int)(ms % 1000), event, object,
		       json_is_string(detail) ? "  " : "", json_is_string(detail) ? text : "");
	}
	return fflush(stdout) != 0;
}
