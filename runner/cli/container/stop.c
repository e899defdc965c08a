// SPDX-License-Identifier: GPL-2.0-or-later
/* stop - `moat stop` and `moat restart`, which begins as the other does. Floor F5. */
#include "runner/cli/container/container.h"

enum { STOP_SECONDS = 10, STOP_SECONDS_MAX = 86400 };

static int stop_one(const struct container_host *host, const struct name *name, void *ctx,
		    struct err *err);
static int restart_one(const struct container_host *host, const struct name *name, void *ctx,
		       struct err *err);
static int stop_run(struct cli *cli, int argc, char **argv);
static int restart_run(struct cli *cli, int argc, char **argv);
static int both_run(struct cli *cli, const struct cli_verb *verb, container_act_fn act, int argc,
		    char **argv);

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

static int stop_run(struct cli *cli, int argc, char **argv)
{
	return both_run(cli, &cli_verb_stop, stop_one, argc, argv);
}

static int restart_run(struct cli *cli, int argc, char **argv)
{
	return both_run(cli, &cli_verb_restart, restart_one, argc, argv);
}

static int both_run(struct cli *cli, const struct cli_verb *verb, container_act_fn act, int argc,
		    char **argv)
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
				   : cli_option(cli, verb, letter);
		if (rc >= 0)
			return rc;
	}
	timeout_ms = (unsigned int)seconds * 1000;
	return container_each_operand(cli, argc, argv, act, &timeout_ms);
}

static int stop_one(const struct container_host *host, const struct name *name, void *ctx,
		    struct err *err)
{
	return container_stop(host, name, *(const unsigned int *)ctx, err);
}

static int restart_one(const struct container_host *host, const struct name *name, void *ctx,
		       struct err *err)
{
	return container_restart(host, name, *(const unsigned int *)ctx, err);
}
