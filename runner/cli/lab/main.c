/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main - moat-lab, which moat starts with its own words: `moat lab ...`. Floor F5. */
#include "runner/cli/cli.h"

static const struct cli_verb *const verbs[] = {&cli_verb_lab, &cli_verb_help, NULL};

int main(int argc, char **argv)
{
	return cli_main(verbs, argc, argv);
}
