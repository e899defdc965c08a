// SPDX-License-Identifier: GPL-2.0-or-later
/* pause - `moat pause` and `moat unpause`. Floor F5. */
#include "runner/cli/container/container.h"

static int pause_run(struct cli *cli, int argc, char **argv);
static int unpause_run(struct cli *cli, int argc, char **argv);
static int both_run(struct cli *cli, const struct cli_verb *verb, bool pause, int argc,
		    char **argv);
static int pause_one(const struct container_host *host, const struct name *name, void *ctx,
		     struct err *err);
static int pause_plan(struct container_planned *one, int rc, struct err *err);

const struct cli_verb cli_verb_pause = {
	.name = "pause",
	.summary = "stops all processes of a container where they are",
	.usage = "moat pause NAME...\n"
		 "\n"
		 "Its connections stand, its memory stays; no command is run in it meanwhile. "
		 "unpause, stop and\n"
		 "kill let it go on.",
	.run = pause_run,
};

const struct cli_verb cli_verb_unpause = {
	.name = "unpause",
	.summary = "lets a paused container go on",
	.usage = "moat unpause NAME...",
	.run = unpause_run,
};

static int pause_run(struct cli *cli, int argc, char **argv)
{
	return both_run(cli, &cli_verb_pause, true, argc, argv);
}

static int unpause_run(struct cli *cli, int argc, char **argv)
{
	return both_run(cli, &cli_verb_unpause, false, argc, argv);
}

static int both_run(struct cli *cli, const struct cli_verb *verb, bool pause, int argc,
		    char **argv)
{
	static const struct option options[] = {CLI_COMMON_LONG, {0}};
	int letter, rc;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		rc = cli_option(cli, verb, letter);
		if (rc >= 0)
			return rc;
	}
	return container_each_operand(cli, argc, argv, pause_one, pause_plan, &pause);
}

static int pause_plan(struct container_planned *one, int rc, struct err *err)
{
	if (rc == 0)
		rc = plan_running(&one->state, one->full, err);
	if (rc < 0)
		return rc;
	plan_line(one->plan, "~ container %s status=%s", one->full, *(const bool *)one->ctx ? "paused" : "running");
	return 0;
}

static int pause_one(const struct container_host *host, const struct name *name, void *ctx,
		     struct err *err)
{
	return container_pause(host, name, *(const bool *)ctx, err);
}
