/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main - `moat`: the table of its commands. Floor F5. */
#include "runner/cli/cli.h"

static const struct cli_verb *const verbs[] = {
	&cli_verb_tenant, &cli_verb_network, &cli_verb_attach, &cli_verb_detach, &cli_verb_endpoint,
	&cli_verb_publish, &cli_verb_unpublish, &cli_verb_enter, &cli_verb_run, &cli_verb_ps, &cli_verb_exec,
	&cli_verb_attach_tty, &cli_verb_stop, &cli_verb_kill, &cli_verb_wait, &cli_verb_pause, &cli_verb_unpause,
	&cli_verb_stats, &cli_verb_restart, &cli_verb_rm, &cli_verb_inspect, &cli_verb_cp, &cli_verb_logs,
	&cli_verb_image, &cli_verb_lab, &cli_verb_check, &cli_verb_events, &cli_verb_doctor, &cli_verb_version,
	&cli_verb_help, NULL,
};

int main(int argc, char **argv)
{
	return cli_main(verbs, argc, argv);
}
