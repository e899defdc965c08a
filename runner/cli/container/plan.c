// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * plan - --dry-run of the verbs of containers: what they would do, an operation a line as the daemon shows its own, whose
 * stand among them. Floor F5.
 *
 *	+ container red/www command=nginx
 *	~ container red/www status=exited
 *	- container red/www
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cli/container/container.h"
#include "runner/container/stack.h"

static int members_check(const struct cli *cli, const struct spec *spec, struct err *err);

void plan_line(json_t *plan, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	/* Words of the caller's go to a terminal, as in err_set(). */
	str_printable(text);
	json_array_append_new(plan, json_string(text));
	free(text);
}

void plan_show(const struct cli *cli, json_t *plan)
{
	cleanup(json_freep) json_t *reply = json_pack("{s:o}", "plan", plan);

	cli_plan_print(cli, reply);
}

const char *plan_command(struct arena *arena, const char *const *args)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;

	for (size_t i = 0; args[i]; i++)
		buf_printf(&text, "%s%s", i ? " " : "", args[i]);
	return arena_strdup(arena, buf_cstr(&text));
}

bool plan_runs(const struct state *state)
{
	int pidfd = state_pidfd(state);

	if (pidfd >= 0)
		fd_close(pidfd);
	return pidfd >= 0 || state->status == STATE_RESTARTING;
}

int plan_running(const struct state *state, const char *full, struct err *err)
{
	return plan_runs(state) ? 0 : err_set(err, ERR_CONFLICT, ESRCH, full, "the container does not run");
}

int plan_each_operand(struct cli *cli, int argc, char **argv, container_plan_fn plan_one, void *ctx)
{
	cleanup(json_freep) json_t *plan = json_array();
	int code = CLI_OK;

	for (int i = optind; i < argc; i++) {
		struct state_dir dir = STATE_DIR_INIT;
		struct err err = ERR_INIT;
		struct container_planned one = {.cli = cli, .dir = &dir, .plan = plan, .ctx = ctx};
		int rc = container_look(cli, argv[i], &dir, &err);

		if (rc == 0)
			rc = state_load(&dir, &one.state, &err);
		one.there = rc == 0;
		name_print(&dir.name, one.full);
		if (rc == 0 || rc == -ENOENT)
			rc = plan_one(&one, rc, &err);
		state_dir_fini(&dir);
		if (rc < 0)
			code = cli_fail(cli, &err);
	}
	if (code == CLI_OK)
		plan_show(cli, json_incref(plan));
	return code;
}

int plan_run(struct cli *cli, const struct spec *spec, const char *image, struct arena *arena, struct err *err)
{
	cleanup(json_freep) json_t *plan = json_array();
	struct state_dir dir = STATE_DIR_INIT;
	char full[NAME_FULL_SIZE];
	int rc;

	container_swept(cli);
	rc = state_dir_open(cli->runtime_dir, &spec->name, &dir, err);
	state_dir_fini(&dir);
	if (rc == 0)
		return err_set(err, ERR_TAKEN, EEXIST, name_print(&spec->name, full), "a container has that name");
	if (rc != -ENOENT) /* who may not make one has no plan to see */
		return rc;
	*err = ERR_INIT;
	rc = members_check(cli, spec, err);
	if (rc < 0)
		return rc;
	if (image)
		plan_line(plan, "+ image %s from=%s", spec->image_digest, image);
	plan_line(plan, "+ container %s%s%s", name_print(&spec->name, full), image ? "" : " command=",
		  image ? "" : plan_command(arena, spec->args));
	if (spec->net == SPEC_NET_OWN || spec->net == SPEC_NET_NONE) {
		rc = stack_plan(cli->socket, spec, plan, err);
		/* as when it is run: loopback alone needs no daemon, and no tenant */
		if (rc < 0 && spec->net == SPEC_NET_NONE && (err->kind == ERR_UNAVAILABLE || err->kind == ERR_NOTFOUND)) {
			*err = ERR_INIT;
			rc = 0;
		}
	}
	if (rc == 0)
		plan_show(cli, json_incref(plan));
	return rc;
}

/* ----------------------------------------------------------------- helpers */

/* Whom it would join must run. */
static int members_check(const struct cli *cli, const struct spec *spec, struct err *err)
{
	const char *const joined[] = {spec->join, spec->pid_join, spec->ipc_join};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(joined); i++) {
		struct state_dir dir = STATE_DIR_INIT;
		struct state state;

		if (!joined[i])
			continue;
		rc = container_look(cli, joined[i], &dir, err);
		if (rc == 0)
			rc = state_load(&dir, &state, err);
		if (rc == 0 && !plan_runs(&state))
			rc = err_set(err, ERR_CONFLICT, ESRCH, joined[i], "the container to join does not run");
		state_dir_fini(&dir);
	}
	return rc;
}
