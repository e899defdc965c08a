/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table - the verbs of `moat lab`, in words. Floor F5. What reads files is moat-lab, a program of its own (start.c, main.c).
 */
#include "lib/base/str.h"
#include "runner/cli/cli.h"
#include "runner/cli/lab/verbs.h"

static int exec_run(struct cli *cli, int argc, char **argv);

enum { SUB_EXEC = 4 };
static const struct cli_verb subs[] = {
	{"up", "makes what a file describes",
	 "moat lab up FILE [--bare] [--name NAME]\n\n"
	 "  FILE         containerlab's YAML with nodes of kind linux, or GraphML (Internet Topology Zoo)\n"
	 "  --bare       take only nodes and the links between them; list what was left out\n"
	 "  --name NAME  of the lab, instead of the file's own\n\n"
	 "  A node is a bare stack: a network stack of its own without a container. In YAML ${VAR:=default} is\n"
	 "  expanded, and \"routing: static\" adds shortest-path routes. GraphML gets addresses and such routes\n"
	 "  always: 10.0.0.0/8 and fd6d:6f61:7400::/96, a loopback a node, a /31 and a /127 a link.",
	 NULL, lab_verb_run},
	{"down", "removes a lab",
	 "moat lab down [LAB|FILE] [--name NAME] [--strict]\n\n"
	 "  Without operand: the lab there is, when there is one alone.\n"
	 "  --strict     fail when there is none of that name",
	 NULL, lab_verb_run},
	{"show", "shows a lab, or lists all",
	 "moat lab show [LAB|FILE] [--bare] [--name NAME]\n\n"
	 "  LAB: nodes and wires as they stand; FILE: as they would; neither: all labs.",
	 NULL, lab_verb_run},
	{"validate", "checks a file, and changes nothing",
	 "moat lab validate FILE [--bare] [--name NAME]\n\n"
	 "  What is wrong is told with its line and column. The daemon is not asked.",
	 NULL, lab_verb_run},
	{"exec", "runs a command of the host in a node", "moat lab exec LAB/NODE -- CMD [ARG...]", NULL, exec_run},
	{0},
};

const struct cli_verb cli_verb_lab = {
	.name = "lab",
	.summary = "labs: topologies of stacks and wires from a file",
	.usage = "moat lab up|down|show|validate|exec ...",
	.sub = subs,
};

/* A node is a stack of the tenant that the lab is, so this is `moat enter`. */
static int exec_run(struct cli *cli, int argc, char **argv)
{
	if (argc > 1 && (str_eq(argv[1], "--help") || str_eq(argv[1], "-h"))) {
		cli_help(cli, &subs[SUB_EXEC]);
		return CLI_OK;
	}
	return cli_verb_enter.run(cli, argc, argv);
}
