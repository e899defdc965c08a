/* SPDX-License-Identifier: GPL-2.0-or-later */
/* version - `moat version`: of this program, of the daemon, of the kernel. Floor F5. */
#include <stdio.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/cli.h"

static int version_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_version = {
	.name = "version",
	.summary = "tells the versions of moat, moatd and the kernel",
	.usage = "moat version\n\n  Fails where moatd does not answer, after this program's "
		 "own version.\n"
		 "  With --json that is the member \"client\".",
	.run = version_run,
};

static int version_run(struct cli *cli, int argc, char **argv)
{
	static const char *const names[] = {NULL};
	cleanup(json_freep) json_t *reply = NULL;
	const json_t *value;
	const char *key;
	int rc;

	rc = cli_plain(cli, &cli_verb_version, argc, argv, names, 0);
	if (rc >= 0)
		return rc;
	if (!cli->json && !cli->dry_run)
		printf("moat     %s\n", MOAT_VERSION);
	fflush(stdout); /* before what stderr may say */
	rc = cli_call(cli, "Version", NULL, NULL, 0, &reply);
	if (!reply)
		return rc;
	if (cli->json) {
		json_object_set_new(reply, "client", json_string(MOAT_VERSION));
		cli_print_json(reply);
		return CLI_OK;
	}
	cleanup(mem_freep) char *version = cli_cell(json_object_get(reply, "version"));
	cleanup(mem_freep) char *kernel = cli_cell(json_object_get(reply, "kernel"));

	printf("moatd    %s\nkernel   %s\n", version, kernel);
	json_object_foreach(json_object_get(reply, "features"), key, value) {
		cleanup(mem_freep) char *have = cli_cell(value);

		if (!cli->quiet)
			printf("feature  %s: %s\n", key, have);
	}
	return CLI_OK;
}
