// SPDX-License-Identifier: GPL-2.0-or-later
/* container_stop - `moat stop`. Floor F5. */
#include "runner/cli/container.h"

enum { STOP_SECONDS = 10, STOP_SECONDS_MAX = 86400 };

static int stop_one(const struct container_host *host, const struct name *name, void *ctx,
		    struct err *err);
static int stop_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_stop = {
	.name = "stop",
	.summary = "stops a container; its stack and files stay",
	.usage =
		"moat stop [-t SEC] NAME...\n"
		"\n"
		"  -t, --time SEC  how long TERM is given before KILL; 10 seconds\n"
		"\n"
		"TERM first, KILL afterwards. One that does not run is no failure. No policy starts "
		"it again.",
	.run = stop_run,
};

static int stop_run(struct cli *cli, int argc, char **argv)
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
				   : cli_option(cli, &cli_verb_stop, letter);
		if (rc >= 0)
			return rc;
	}
	timeout_ms = (unsigned int)seconds * 1000;
	return container_each_operand(cli, argc, argv, stop_one, &timeout_ms);
}

static int stop_one(const struct container_host *host, const struct name *name, void *ctx,
		    struct err *err)
{
	return container_stop(host, name, *(const unsigned int *)ctx, err);
}
