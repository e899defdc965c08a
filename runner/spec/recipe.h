/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recipe - what recipes are made of, for recipes.c and recipe_daemons.c alone. Floor F4. */
#ifndef MOAT_RUNNER_SPEC_RECIPE_H
#define MOAT_RUNNER_SPEC_RECIPE_H

#include <stdbool.h>

#include "runner/spec/spec.h"

enum {
	RECIPE_FILES_MAX = 48,  /* files and folders of a configuration */
	RECIPE_DEPTH_MAX = 4,   /* folders in each other */
};

/** recipe_seed() - one folder or file more that the container begins with */
void recipe_seed(struct spec *spec, struct arena *arena, const struct spec_seed *seed);
/** recipe_step() - one command more before the container's own */
void recipe_step(struct spec *spec, struct arena *arena, const struct spec_step *step);
/**
 * recipe_folder_copy() - /@path as the host has it, with owners, modes, regular files and folders
 * Return: 0, also where there is none; -E2BIG; -EILSEQ for a file that is no text (at most SPEC_SEED_MAX bytes).
 */
int recipe_folder_copy(struct spec *spec, struct arena *arena, const char *path,
		       struct err *err);
/** recipe_user_ids() - by /etc/passwd. Return: false where the host has no such user. */
bool recipe_user_ids(const char *name, int64_t *ret_uid, int64_t *ret_gid);
/** recipe_args() - the command's arguments and, behind them, @more */
void recipe_args(struct spec *spec, struct arena *arena, const char *const *more);
/** recipe_has_arg() - is @arg one of the command's arguments? */
bool recipe_has_arg(const struct spec *spec, const char *arg);

/* recipe_daemons.c; each as recipes_apply() */
int recipe_redis(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err);
int recipe_haproxy(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err);
int recipe_sshd(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err);
int recipe_frr(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err);
int recipe_frrinit(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err);

#endif
