// SPDX-License-Identifier: GPL-2.0-or-later
/* stop - `moat stop` and `moat restart`, which begins as the other does. Floor F5. */
#include <errno.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/container/container.h"

enum { STOP_SECONDS = 10, STOP_SECONDS_MAX = 86400 };

static int stop_one(const struct container_host *host, const struct name *name, void *ctx,
		    struct err *err);
static int restart_one(const struct container_host *host, const struct name *name, void *ctx,
		       struct err *err);
static int stop_run(struct cli *cli, int argc, char **argv);
static int restart_run(struct cli *cli, int argc, char **argv);
static int stop_plan(struct container_planned *one, int rc, struct err *err);
static int restart_plan(struct container_planned *one, int rc, struct err *err);
static int both_run(struct cli *cli, const struct cli_verb *verb, container_act_fn act, container_plan_fn plan, int argc,
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
	return both_run(cli, &cli_verb_stop, stop_one, stop_plan, argc, argv);
}

static int restart_run(struct cli *cli, int argc, char **argv)
{
	return both_run(cli, &cli_verb_restart, restart_one, restart_plan, argc, argv);
}

static int both_run(struct cli *cli, const struct cli_verb *verb, container_act_fn act, container_plan_fn plan, int argc,
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
	return container_each_operand(cli, argc, argv, act, plan, &timeout_ms);
}

static int stop_plan(struct container_planned *one, int rc, struct err *err)
{
	(void)err;
	if (rc == 0 && plan_runs(&one->state))
		plan_line(one->plan, "~ container %s status=exited", one->full);
	return rc;
}

static int restart_plan(struct container_planned *one, int rc, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	struct spec spec;

	if (rc == 0)
		rc = state_spec_load(one->dir, arena, &doc, &spec, err);
	if (rc == 0 && spec.remove)
		rc = err_set(err, ERR_CONFLICT, EBUSY, one->full, "the container goes when it stops (--rm)");
	if (rc < 0)
		return rc;
	if (plan_runs(&one->state))
		plan_line(one->plan, "~ container %s status=exited", one->full);
	plan_line(one->plan, "~ container %s status=running", one->full);
	return 0;
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
