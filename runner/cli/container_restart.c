// SPDX-License-Identifier: GPL-2.0-or-later
/* container_restart - `moat restart`. Floor F5. */
#include "runner/cli/container.h"

enum { STOP_SECONDS = 10, STOP_SECONDS_MAX = 86400 };

static int restart_one(const struct container_host *host, const struct name *name, void *ctx,
		       struct err *err);
static int restart_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_restart = {
	.name = "restart",
	.summary = "starts a container again, in the same stack",
	.usage = "moat restart [-t SEC] NAME...\n"
		 "\n"
		 "  -t, --time SEC  how long TERM is given before KILL; 10 seconds\n"
		 "\n"
		 "Stops it where it runs. Its stack (namespaces, interfaces, addresses, "
		 "ports), its files and\n"
		 "its ids stay; it goes on in the background.",
	.run = restart_run,
};

static int restart_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{"time", required_argument, NULL, 't'},
		CLI_COMMON_LONG,
		{0},
	};
	json_int_t seconds = STOP_SECONDS;
	unsigned int timeout_ms;
	int letter, rc;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT "t:", options, NULL)) !=
	       -1) {
		rc = letter == 't' ? cli_number(cli, "-t", optarg, STOP_SECONDS_MAX, &seconds)
				   : cli_option(cli, &cli_verb_restart, letter);
		if (rc >= 0)
			return rc;
	}
	timeout_ms = (unsigned int)seconds * 1000;
	return container_each_operand(cli, argc, argv, restart_one, &timeout_ms);
}

static int restart_one(const struct container_host *host, const struct name *name, void *ctx,
		       struct err *err)
{
	return container_restart(host, name, *(const unsigned int *)ctx, err);
}
