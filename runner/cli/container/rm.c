// SPDX-License-Identifier: GPL-2.0-or-later
/* rm - `moat rm`. Floor F5. */
#include <errno.h>

#include "runner/cli/container/container.h"
#include "runner/container/stack.h"

static int rm_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_rm = {
	.name = "rm",
	.summary = "removes a container with its stack and files",
	.usage = "moat rm [-f] [--strict] NAME...\n"
		 "\n"
		 "  -f, --force  also one that runs: it is killed\n"
		 "  --strict     fail when there is none of that name",
	.run = rm_run,
};

struct rm_flags {
	bool force, strict;
};

static int rm_one(const struct container_host *host, const struct name *name, void *ctx,
		  struct err *err)
{
	const struct rm_flags *flags = ctx;
	int rc = container_remove(host, name, flags->force, err);

	return rc == -ENOENT && !flags->strict ? 0 : rc;
}

static int rm_plan(struct container_planned *one, int rc, struct err *err)
{
	const struct rm_flags *flags = one->ctx;

	if (!one->there) {
		if (flags->strict)
			return rc;
		*err = ERR_INIT;
		return 0;
	}
	if (plan_runs(&one->state) && !flags->force)
		return err_set(err, ERR_CONFLICT, EBUSY, one->full, "the container runs; stop it, or rm -f");
	if (plan_runs(&one->state))
		plan_line(one->plan, "~ container %s signal=KILL", one->full);
	if (one->state.stack && stack_delete_plan(one->cli->socket, &one->dir->name, one->plan, err) < 0)
		return -err->no;
	plan_line(one->plan, "- container %s", one->full);
	return 0;
}

static int rm_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{"force", no_argument, NULL, 'f'},
		{"strict", no_argument, NULL, 's'},
		CLI_COMMON_LONG,
		{0},
	};
	struct rm_flags flags = {0};
	int letter;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT "f", options, NULL)) !=
	       -1) {
		int rc = -1;

		if (letter == 'f')
			flags.force = true;
		else if (letter == 's')
			flags.strict = true;
		else
			rc = cli_option(cli, &cli_verb_rm, letter);
		if (rc >= 0)
			return rc;
	}
	return container_each_operand(cli, argc, argv, rm_one, rm_plan, &flags);
}
