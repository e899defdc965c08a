// SPDX-License-Identifier: GPL-2.0-or-later
/* exec - `moat exec`: a command in a running container. Floor F5. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/container/container.h"
#include "runner/terminal/terminal.h"

static int exec_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_exec = {
	.name = "exec",
	.summary = "runs a command in a running container",
	.usage = "moat exec [OPTION...] NAME [--] COMMAND [ARG...]\n"
		 "\n"
		 "  -i, --interactive  the command reads our standard input\n"
		 "  -t, --tty          a terminal of the container's own\n"
		 "  -e, --env K=V      a variable; K alone takes ours\n"
		 "  -w, --workdir DIR  by default the container's\n"
		 "  -u, --user USER[:GROUP]\n"
		 "                     by default the container's\n"
		 "\n"
		 "The command has what the container's has: namespaces, capabilities, filter. "
		 "Exit status as of run.",
	.run = exec_run,
};

static int exec_plan(struct cli *cli, const struct name *name, const char *command)
{
	struct state_dir dir = STATE_DIR_INIT;
	struct err err = ERR_INIT;
	struct state state;
	char full[NAME_FULL_SIZE];
	int rc = container_look(cli, name_print(name, full), &dir, &err);

	if (rc == 0)
		rc = state_load(&dir, &state, &err);
	if (rc == 0)
		rc = plan_running(&state, full, &err);
	state_dir_fini(&dir);
	if (rc < 0) {
		(void)cli_fail(cli, &err);
		return CLI_RUN_FAILED;
	}
	plan_show(cli, json_pack("[o]", json_sprintf("+ process %s command=%s", full, command)));
	return CLI_OK;
}

static int exec_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{"interactive", no_argument, NULL, 'i'},
		{"env", required_argument, NULL, 'e'},
		{"workdir", required_argument, NULL, 'w'},
		{"user", required_argument, NULL, 'u'},
		{"tty", no_argument, NULL, 't'},
		CLI_COMMON_LONG,
		{0},
	};
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(mem_freep) const char **env = mem_array((size_t)argc + 1, sizeof(*env));
	struct process process = {.env = env};
	struct container_host host;
	struct err err = ERR_INIT;
	struct name name;
	bool interactive = false;
	size_t env_count = 0;
	int letter, code;

	while ((letter = getopt_long(argc, argv, CLI_COMMON_SHORT "ie:w:u:t", options, NULL)) !=
	       -1) {
		if (letter == 'i') {
			interactive = true;
		} else if (letter == 'e') {
			if (!*optarg || *optarg == '=') {
				cli_usage(cli, "-e %s: a variable is NAME=VALUE", optarg);
				return CLI_RUN_FAILED;
			}
			env[env_count] = container_env(arena, optarg);
			env_count += env[env_count] != NULL;
		} else if (letter == 'w') {
			process.workdir = optarg;
		} else if (letter == 'u') {
			process.user = optarg;
		} else if (letter == 't') {
			process.tty = true;
		} else {
			int rc = cli_common(cli, &cli_verb_exec, letter);

			if (rc != 0)
				return rc > 0 ? CLI_OK : CLI_RUN_FAILED;
		}
	}
	if (optind >= argc) {
		cli_usage(cli, "NAME is missing");
		return CLI_RUN_FAILED;
	}
	if (name_parse("container", argv[optind++], false, &name, &err) < 0) {
		(void)cli_fail(cli, &err);
		return CLI_RUN_FAILED;
	}
	if (optind < argc && strcmp(argv[optind], "--") == 0)
		optind++;
	if (optind >= argc) {
		cli_usage(cli, "COMMAND is missing");
		return CLI_RUN_FAILED;
	}
	if (process.tty && terminal_check(interactive, &err) < 0) {
		(void)cli_fail(cli, &err);
		return CLI_RUN_FAILED;
	}
	process.args = (const char *const *)argv + optind;
	if (cli->dry_run)
		return exec_plan(cli, &name, plan_command(arena, process.args));
	container_host_init(&host, cli);
	code = container_exec(&host, &name, &process, interactive, &err);
	container_host_fini(&host);
	if (err.kind != ERR_NONE)
		(void)cli_fail(cli, &err);
	return code;
}
