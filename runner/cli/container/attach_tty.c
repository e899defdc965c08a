// SPDX-License-Identifier: GPL-2.0-or-later
/* attach_tty - `moat attach-tty`: the terminal of a running container. Floor F5. */
#include "runner/cli/container/container.h"
#include "runner/terminal/terminal.h"

static int attach_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_attach_tty = {
	.name = "attach-tty",
	.summary = "takes the terminal of a running container",
	.usage = "moat attach-tty NAME\n"
		 "\n"
		 "For one that was made with a terminal. What we type goes in, what it shows comes out, "
		 "until it ends or\n"
		 "ctrl-p ctrl-q are typed; one at a time has it: who comes takes it. Exit "
		 "status: the container's,\n"
		 "0 after ctrl-p ctrl-q, 125 where there is no terminal to take.",
	.run = attach_run,
};

static int attach_run(struct cli *cli, int argc, char **argv)
{
	static const char *const names[] = {"NAME", NULL};
	struct container_host host;
	struct err err = ERR_INIT;
	struct name name;
	int code = CLI_RUN_FAILED;
	int rc = cli_plain(cli, &cli_verb_attach_tty, argc, argv, names, 1);

	if (rc >= 0)
		return rc == CLI_OK ? CLI_OK : CLI_RUN_FAILED;
	if (cli_unplanned(cli) >= 0)
		return CLI_RUN_FAILED;
	container_host_init(&host, cli);
	if (terminal_check(true, &err) == 0 &&
	    name_parse("container", argv[optind], false, &name, &err) == 0)
		code = container_attach(&host, &name, &err);
	container_host_fini(&host);
	if (err.kind != ERR_NONE)
		(void)cli_fail(cli, &err);
	return code;
}
