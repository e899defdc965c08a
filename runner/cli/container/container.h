/* SPDX-License-Identifier: GPL-2.0-or-later */
/* container - what the verbs of containers share. Floor F5. */
#ifndef MOAT_RUNNER_CLI_CONTAINER_CONTAINER_H
#define MOAT_RUNNER_CLI_CONTAINER_CONTAINER_H

#include "runner/cli/cli.h"
#include "runner/container/container.h"

/** container_host_init() - from the invocation; container_host_fini() frees what it found out */
void container_host_init(struct container_host *host, const struct cli *cli);
void container_host_fini(struct container_host *host);

typedef int (*container_act_fn)(const struct container_host *host, const struct name *name, void *ctx, struct err *err);

/**
 * struct container_planned - one name that is planned for
 * @there: there is a container of it, @dir and @state are its; @full: TENANT/NAME; @plan: the lines so far
 */
struct container_planned {
	struct cli *cli;
	struct state_dir *dir;
	struct state state;
	bool there;
	char full[NAME_FULL_SIZE];
	json_t *plan;
	void *ctx;
};
/** container_plan_fn - what would be done as lines of @one->plan. @rc: 0, or -ENOENT with @err filled: there is none. */
typedef int (*container_plan_fn)(struct container_planned *one, int rc, struct err *err);

/**
 * container_each_operand() - a verb over one or more names: @act on each, or with --dry-run @plan
 * Return: exit code of the last that failed.
 */
int container_each_operand(struct cli *cli, int argc, char **argv, container_act_fn act, container_plan_fn plan, void *ctx);

/* ---- --dry-run ---- */

/** plan_line() - an operation: "+", "~" or "-", a kind, a name, and what there is to say of it */
void plan_line(json_t *plan, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** plan_show() - the whole. @plan: stolen. */
void plan_show(const struct cli *cli, json_t *plan);
/** plan_command() - its words with blanks between, in @arena */
const char *plan_command(struct arena *arena, const char *const *args);
/** plan_runs() - the container runs, or rests before its next run */
bool plan_runs(const struct state *state);
/** plan_running() - 0 where it does, as plan_runs(); else -ESRCH, in the words of the verbs themselves */
int plan_running(const struct state *state, const char *full, struct err *err);
/** plan_each_operand() - the --dry-run of container_each_operand() */
int plan_each_operand(struct cli *cli, int argc, char **argv, container_plan_fn plan_one, void *ctx);
/** plan_run() - of `moat run`. @image: as it was named, of one that is to be unpacked; else NULL. Return: 0 or -errno. */
int plan_run(struct cli *cli, const struct spec *spec, const char *image, struct arena *arena, struct err *err);

/** container_swept() - what lost shims left is put right before anybody looks at it; what cannot be is no reason to fail */
void container_swept(const struct cli *cli);

/** container_look() - swept, then the folder of the container @text. Return: 0; -EINVAL; -ENOENT (ERR_NOTFOUND). */
int container_look(const struct cli *cli, const char *text, struct state_dir *ret_dir, struct err *err);

/** container_env() - of -e: "K=V" as it is, "K" alone with our value, as docker does. Return: NULL where we have none. */
const char *container_env(struct arena *arena, const char *text);

/**
 * container_image() - --image NAME: unpack it where it is not yet, and let it fill in @spec
 * Return: 0; with --dry-run 1: it is not unpacked, so nothing but its digest and folder is known; -errno.
 */
int container_image(const struct cli *cli, const char *image, struct spec *spec,
		    struct arena *arena, struct err *err);

#endif
