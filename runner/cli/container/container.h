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

/** container_each_operand() - a verb over one or more names: @act on each. Return: exit code of the last that failed. */
int container_each_operand(struct cli *cli, int argc, char **argv, container_act_fn act, void *ctx);

/** container_swept() - what lost shims left is put right before anybody looks at it; what cannot be is no reason to fail */
void container_swept(const struct cli *cli);

/** container_look() - swept, then the folder of the container @text. Return: 0; -EINVAL; -ENOENT (ERR_NOTFOUND). */
int container_look(const struct cli *cli, const char *text, struct state_dir *ret_dir, struct err *err);

/** container_env() - of -e: "K=V" as it is, "K" alone with our value, as docker does. Return: NULL where we have none. */
const char *container_env(struct arena *arena, const char *text);

/** container_image() - --image NAME: unpack it where it is not yet, and let it fill in @spec. Return: 0 or -errno. */
int container_image(const struct cli *cli, const char *image, struct spec *spec,
		    struct arena *arena, struct err *err);

#endif
