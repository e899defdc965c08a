/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor - `moat doctor`: what of this machine will stand in the way, and the remedy. Floor F5. */
#include <stdio.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cli/cli.h"
#include "runner/process/landlock.h"

static int doctor_run(struct cli *cli, int argc, char **argv);
static void landlock_row(json_t *findings);
static const char *colour_of(const struct cli *cli, const char *level);

const struct cli_verb cli_verb_doctor = {
	.name = "doctor",
	.summary = "examines the machine and names remedies",
	.usage = "moat doctor\n\n  -q: without what is well. Exit 0 also where problems are "
		 "found; scripts read --json.",
	.run = doctor_run,
};

static int doctor_run(struct cli *cli, int argc, char **argv)
{
	static const char *const names[] = {NULL};
	cleanup(json_freep) json_t *reply = NULL;
	const json_t *row;
	size_t index;
	int rc;

	rc = cli_plain(cli, &cli_verb_doctor, argc, argv, names, 0);
	if (rc >= 0)
		return rc;
	rc = cli_call(cli, "Doctor", NULL, NULL, 0, &reply);
	if (!reply)
		return rc;
	landlock_row(json_object_get(reply, "findings"));
	if (cli->json) {
		cli_print_json(reply);
		return CLI_OK;
	}
	json_array_foreach(json_object_get(reply, "findings"), index, row) {
		cleanup(mem_freep) char *level = cli_cell(json_object_get(row, "level"));
		cleanup(mem_freep) char *subject = cli_cell(json_object_get(row, "subject"));
		cleanup(mem_freep) char *message = cli_cell(json_object_get(row, "message"));
		const json_t *remedy = json_object_get(row, "remedy");
		cleanup(mem_freep) char *text = cli_cell(remedy);
		const char *colour = colour_of(cli, level);

		if (cli->quiet && str_eq(level, "ok"))
			continue;
		printf("%s%-8s%s %s: %s\n", colour, level, *colour ? "\033[0m" : "", subject,
		       message);
		if (json_is_string(remedy))
			printf("         remedy: %s\n", text);
	}
	return CLI_OK;
}

/* What the runner finds, on the machine it runs on. */
static void landlock_row(json_t *findings)
{
	int abi = landlock_abi();
	bool whole = abi >= LANDLOCK_ABI_SCOPES;
	char message[160];

	if (whole)
		snprintf(message, sizeof(message),
			 "ABI %d: containers are scoped (abstract sockets, signals)", abi);
	else if (abi)
		snprintf(message, sizeof(message), "ABI %d: no scopes (Linux 6.12)%s", abi,
			 abi < LANDLOCK_ABI_PORTS ? ", no ports for --landlock (Linux 6.7)" : "");
	else
		snprintf(message, sizeof(message),
			 "none, or turned off: no scopes, no --landlock (Linux 5.13)");
	json_array_append_new(
		findings,
		json_pack("{s:s, s:s, s:s, s:o}", "level", whole ? "ok" : "note", "subject", "Landlock",
			  "message", message, "remedy",
			  abi ? json_null() : json_string("boot with landlock in lsm=")));
}

static const char *colour_of(const struct cli *cli, const char *level)
{
	if (!cli->colour)
		return "";
	if (str_eq(level, "problem"))
		return "\033[1;31m";
	if (str_eq(level, "warning"))
		return "\033[33m";
	return str_eq(level, "ok") ? "\033[32m" : "";
}
