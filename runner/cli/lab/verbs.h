/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verbs - `moat lab`, where it is done. Floor F5. moat has the table and starts moat-lab (start.c), which is the table and
 * the verbs (verbs.c): the parsers of YAML and XML are Debian's shared libraries, mended in one place, and all else of moat
 * begins three times as fast without a dynamic linker.
 */
#ifndef MOAT_RUNNER_CLI_LAB_VERBS_H
#define MOAT_RUNNER_CLI_LAB_VERBS_H

struct cli;

/** lab_verb_run() - "up", "down", "show" or "validate", as argv[0] says. Return: exit code. */
int lab_verb_run(struct cli *cli, int argc, char **argv);

#endif
