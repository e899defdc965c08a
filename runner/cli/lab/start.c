/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start - `moat lab` within moat: the same words again, to moat-lab. Floor F5. */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "runner/cli/cli.h"
#include "runner/cli/lab/verbs.h"
#include "runner/process/helper.h"

int lab_verb_run(struct cli *cli, int argc, char **argv)
{
	cleanup(mem_freep) char *program = helper_path("moat-lab");
	struct err err = ERR_INIT;

	(void)argc;
	(void)argv;
	execv(program, cli->words);
	err_sys(&err, ERR_INTERNAL, errno, program, "start of moat-lab");
	return cli_fail(cli, &err);
}
