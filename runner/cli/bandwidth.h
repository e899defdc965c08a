/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bandwidth - the options for an endpoint's bandwidth. Floor F5. */
#ifndef MOAT_RUNNER_CLI_BANDWIDTH_H
#define MOAT_RUNNER_CLI_BANDWIDTH_H

#include "runner/cli/cli.h"

enum { CLI_BANDWIDTH_FIRST = 0x200, CLI_BANDWIDTH_LAST = 0x203 };
#define CLI_BANDWIDTH_LONG                                     \
	{ "ingress-rate", required_argument, NULL, 0x200 },    \
	{ "ingress-burst", required_argument, NULL, 0x201 },   \
	{ "egress-rate", required_argument, NULL, 0x202 },     \
	{ "egress-burst", required_argument, NULL, 0x203 }
#define CLI_BANDWIDTH_USAGE                                                                                          \
	"  --ingress-rate R    bits a second that it may receive, such as 500k, 10M or 1G; --egress-rate R: that it\n" \
	"                      may send\n"                                                                             \
	"  --ingress-burst B   bits that may come at full speed after a pause; otherwise a fiftieth of the rate;\n"    \
	"                      --egress-burst B: that may go\n"

/**
 * cli_bandwidth() - one of these options into the object "bandwidth" of @parameters
 * @letter: from CLI_BANDWIDTH_FIRST to CLI_BANDWIDTH_LAST; @text: its argument
 * Return: -1 go on; else the exit code, the message being printed.
 */
int cli_bandwidth(struct cli *cli, int letter, const char *text, json_t *parameters);

#endif
