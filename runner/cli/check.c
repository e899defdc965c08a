/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check - `moat check`: what the kernel has against what it should have. Floor F5. */
#include <stdio.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/cli.h"

static int check_run(struct cli *cli, int argc, char **argv);
static void differences_print(const json_t *differences);

const struct cli_verb cli_verb_check = {
	.name = "check",
	.summary = "compares what should be with the kernel",
	.usage = "moat check [TENANT] [--repair]\n\n"
		 "  --repair  mend what differs\n"
		 "  Exit: 0 nothing differs, or all of it was mended; 5 differences.",
	.run = check_run,
};

static int check_run(struct cli *cli, int argc, char **argv)
{
	static const char *const names[] = {"TENANT", NULL};
	static const struct option options[] = {
		{"repair", no_argument, NULL, 'r'}, CLI_COMMON_LONG, {0}};
	cleanup(json_freep) json_t *parameters = json_object();
	cleanup(json_freep) json_t *reply = NULL;
	const json_t *differences;
	bool repaired;
	int letter, rc;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		rc = -1;
		if (letter == 'r')
			json_object_set_new(parameters, "repair", json_true());
		else
			rc = cli_option(cli, &cli_verb_check, letter);
		if (rc >= 0)
			return rc;
	}
	rc = cli_operands(cli, argc, argv, names, 0);
	if (rc >= 0)
		return rc;
	if (argv[optind])
		json_object_set_new(parameters, "tenant", json_string(argv[optind]));
	rc = cli_call(cli, "Check", json_incref(parameters), NULL, 0, &reply);
	if (!reply)
		return rc;
	differences = json_object_get(reply, "differences");
	repaired = json_is_true(json_object_get(reply, "repaired"));
	if (cli->json)
		cli_print_json(reply);
	else if (json_array_size(differences) > 0)
		differences_print(differences);
	if (!cli->json && !cli->quiet && repaired)
		printf("mended\n");
	return json_array_size(differences) == 0 || repaired ? CLI_OK : CLI_DIFFERENCES;
}

static void differences_print(const json_t *differences)
{
	static const char *const headers[] = {"WHAT", "OWNER", "OBJECT", "HAVE", NULL};
	struct cli_table *table = cli_table_new(headers);
	const json_t *row;
	size_t index;

	json_array_foreach(differences, index, row) {
		cleanup(mem_freep) char *what = cli_cell(json_object_get(row, "what"));
		cleanup(mem_freep) char *owner = cli_cell(json_object_get(row, "owner"));
		cleanup(mem_freep) char *object = cli_cell(json_object_get(row, "object"));
		cleanup(mem_freep) char *have = cli_cell(json_object_get(row, "have"));

		cli_table_row(table, (const char *const[]){what, owner, object, have});
	}
	cli_table_print(table);
}
