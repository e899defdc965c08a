// SPDX-License-Identifier: GPL-2.0-or-later
/* cp - `moat cp`: files into containers and out of them. Floor F5. */
#include <errno.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/container/container.h"
#include "runner/container/files_client.h"
#include "runner/process/helper.h"

static int cp_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_cp = {
	.name = "cp",
	.summary = "copies files into a container, or out of it",
	.usage = "moat cp SRC NAME:DST | NAME:SRC DST\n"
		 "\n"
		 "A file or a folder with all in it, into a folder that is there, or under a new "
		 "name; SRC/. copies\n"
		 "what is in SRC. Links are copied as links. \"-\" in place of our path is a tar "
		 "archive on our\n"
		 "standard input or output. Inside, all is root's; outside, it is ours. No path "
		 "leads out of the\n"
		 "container, whatever links are in it.",
	.run = cp_run,
};

/* "NAME:PATH" but for what plainly is a path, as moat-files takes it. Return: the length of NAME, 0: it is a path of ours. */
static size_t name_length(const char *text)
{
	return strchr("/.-", text[0]) || !strchr(text, ':') ? 0 : strcspn(text, ":");
}

/* What lies under either path is not looked at. */
static int cp_plan(struct cli *cli, const char *from, const char *to)
{
	const char *inside = name_length(from) ? from : to;
	cleanup(mem_freep) char *name = mem_strndup(inside, name_length(inside));
	struct state_dir dir = STATE_DIR_INIT;
	struct err err = ERR_INIT;
	int rc;

	if (!name_length(from) == !name_length(to))
		rc = err_set(&err, ERR_USAGE, EINVAL, NULL, "one of both is NAME:PATH, the other a path of ours or -");
	else
		rc = container_look(cli, name, &dir, &err);
	state_dir_fini(&dir);
	if (rc < 0)
		return cli_fail(cli, &err);
	plan_show(cli, json_pack("[o]", json_sprintf("~ files %s from=%s", to, from)));
	return CLI_OK;
}

static int cp_run(struct cli *cli, int argc, char **argv)
{
	static const char *const names[] = {"SRC", "DST", NULL};
	cleanup(mem_freep) char *program = helper_path("moat-files");
	struct err err = ERR_INIT;
	struct sync_msg answer;
	int rc = cli_plain(cli, &cli_verb_cp, argc, argv, names, 2);

	if (rc >= 0)
		return rc;
	container_swept(cli);
	if (cli->dry_run)
		return cp_plan(cli, argv[optind], argv[optind + 1]);
	const char *const args[] = {"moat-files",     "cp", cli->runtime_dir, argv[optind],
				    argv[optind + 1], NULL};
	rc = files_ask(program, args, &answer, &err);
	/* Below a folder that is open, names are all there is to tell of. */
	if (rc < 0 && err.object[0] && !strchr(err.object, '/'))
		err_wrap(&err, "%s to %s", argv[optind], argv[optind + 1]);
	if (rc < 0)
		return cli_fail(cli, &err);
	if (cli->json)
		cli_print_json(json_object());
	return CLI_OK;
}
