// SPDX-License-Identifier: GPL-2.0-or-later
/* kill - `moat kill`: a signal to a container's command. Floor F5. */
#include <signal.h>

#include "runner/cli/container/container.h"
#include "runner/spec/signals.h"

static int kill_one(const struct container_host *host, const struct name *name, void *ctx,
		    struct err *err);
static int kill_plan(struct container_planned *one, int rc, struct err *err);
static int kill_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_kill = {
	.name = "kill",
	.summary = "sends a signal to a container's command",
	.usage = "moat kill [-s SIG] NAME...\n"
		 "\n"
		 "  -s, --signal SIG  KILL, SIGKILL, 9, ...; by default KILL\n"
		 "\n"
		 "KILL ends the container with all its processes, and for good: its policy does "
		 "not start it again.",
	.run = kill_run,
};

static int kill_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{"signal", required_argument, NULL, 's'},
		CLI_COMMON_LONG,
		{0},
	};
	int letter, rc, number = SIGKILL;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT "s:", options, NULL)) !=
	       -1) {
		struct err err = ERR_INIT;

		rc = -1;
		if (letter != 's')
			rc = cli_option(cli, &cli_verb_kill, letter);
		else if (signal_parse(optarg, &number, &err) < 0)
			rc = cli_fail(cli, &err);
		else if (number == SIGSTOP)
			/* It would stop process 1 alone, which nobody there could wake: the container is not stopped by that. */
			rc = cli_usage(cli, "-s %s: moat pause stops a container's processes", optarg);
		if (rc >= 0)
			return rc;
	}
	return container_each_operand(cli, argc, argv, kill_one, kill_plan, &number);
}

static int kill_plan(struct container_planned *one, int rc, struct err *err)
{
	char signal[24];

	if (rc == 0)
		rc = plan_running(&one->state, one->full, err);
	if (rc < 0)
		return rc;
	plan_line(one->plan, "~ container %s signal=%s", one->full, signal_print(*(const int *)one->ctx, signal));
	return 0;
}

static int kill_one(const struct container_host *host, const struct name *name, void *ctx,
		    struct err *err)
{
	return container_kill(host, name, *(const int *)ctx, err);
}
