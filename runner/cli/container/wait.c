// SPDX-License-Identifier: GPL-2.0-or-later
/* wait - `moat wait`: until containers have ended. Floor F5. */
#include <stdio.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/container/container.h"

static int wait_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_wait = {
	.name = "wait",
	.summary = "waits until containers have ended",
	.usage = "moat wait NAME...\n"
		 "\n"
		 "Prints the exit status of each, a line each, in the order of the names. One "
		 "that its policy starts\n"
		 "again has not ended yet.",
	.run = wait_run,
};

static int wait_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {CLI_COMMON_LONG, {0}};
	json_t *rows = json_array();
	cleanup(json_freep) json_t *doc = json_pack("{s:o}", "containers", rows);
	struct container_host host;
	int code = CLI_OK, rc, letter;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		rc = cli_option(cli, &cli_verb_wait, letter);
		if (rc >= 0)
			return rc;
	}
	if (optind >= argc)
		return cli_usage(cli, "NAME is missing");
	rc = cli_unplanned(cli);
	if (rc >= 0)
		return rc;
	container_host_init(&host, cli);
	for (int i = optind; i < argc; i++) {
		struct err err = ERR_INIT;
		struct name name;
		int status = 0;

		if (name_parse("container", argv[i], false, &name, &err) < 0 ||
		    container_wait(&host, &name, &status, &err) < 0) {
			code = cli_fail(cli, &err);
			continue;
		}
		json_array_append_new(rows, json_pack("{s:o, s:i}", "name",
						      json_sprintf("%s/%s", name.tenant,
								   name.name),
						      "exitCode", status));
		if (!cli->json) {
			printf("%d\n", status);
			(void)fflush(stdout);
		}
	}
	if (cli->json && code == CLI_OK)
		cli_print_json(doc);
	container_host_fini(&host);
	return code;
}
