/* SPDX-License-Identifier: GPL-2.0-or-later */
/* detach - `moat detach`: one endpoint, or a stack with all of its endpoints. Floor F5. */
#include "runner/cli/cli.h"

static int detach_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_detach = {
	.name = "detach",
	.summary = "takes an interface, or all of a stack, off its network",
	.usage = "moat detach TENANT/NAME[:IFNAME] [--strict]\n\n"
		 "  TENANT/NAME:IFNAME  that interface\n"
		 "  TENANT/NAME         all of them, and the stack where Moat made it\n"
		 "  --strict            fail when there is none of that name",
	.run = detach_run,
};

static int detach_run(struct cli *cli, int argc, char **argv)
{
	return cli_delete(cli, &cli_verb_detach, "EndpointDetach", 0, argc, argv);
}
