// SPDX-License-Identifier: GPL-2.0-or-later
/* common - what the verbs of containers share. Floor F5. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/cli/container/container.h"
#include "runner/process/helper.h"

void container_host_init(struct container_host *host, const struct cli *cli)
{
	*host = (struct container_host){
		.runtime_dir = cli->runtime_dir,
		.socket = cli->socket,
		.shim = helper_path("moat-shim"),
	};
}

void container_host_fini(struct container_host *host)
{
	free((void *)(uintptr_t)host->shim);
}

void container_swept(const struct cli *cli)
{
	struct container_host host;

	container_host_init(&host, cli);
	(void)container_sweep(&host, NULL);
	container_host_fini(&host);
}

int container_look(const struct cli *cli, const char *text, struct state_dir *ret_dir, struct err *err)
{
	struct name name;
	int rc;

	container_swept(cli);
	rc = name_parse("container", text, false, &name, err);
	return rc < 0 ? rc : state_dir_open(cli->runtime_dir, &name, ret_dir, err);
}

const char *container_env(struct arena *arena, const char *text)
{
	const char *value;

	if (strchr(text, '='))
		return text;
	value = getenv(text);
	return value ? arena_printf(arena, "%s=%s", text, value) : NULL;
}

int container_each_operand(struct cli *cli, int argc, char **argv, container_act_fn act, container_plan_fn plan, void *ctx)
{
	struct container_host host;
	int code = CLI_OK;

	if (optind >= argc)
		return cli_usage(cli, "NAME is missing");
	if (cli->dry_run)
		return plan_each_operand(cli, argc, argv, plan, ctx);
	container_host_init(&host, cli);
	/* What lost shims left is put right before anybody looks at it; what cannot be is no reason to fail here. */
	(void)container_sweep(&host, NULL);
	for (int i = optind; i < argc; i++) {
		struct err err = ERR_INIT;
		struct name name;
		int rc = name_parse("container", argv[i], false, &name, &err);

		if (rc == 0)
			rc = act(&host, &name, ctx, &err);
		if (rc < 0)
			code = cli_fail(cli, &err);
		else if (!cli->quiet && !cli->json)
			printf("%s/%s\n", name.tenant, name.name);
	}
	if (cli->json && code == CLI_OK)
		cli_print_json(json_object());
	container_host_fini(&host);
	return code;
}
