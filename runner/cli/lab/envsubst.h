/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * envsubst - variables in the text of a lab file, as containerlab expands them
 * before it reads the YAML. Floor F5, pure: the environment is the caller's.
 *
 *   $VAR ${VAR}         its value; left as it stands where VAR is not set
 *   ${VAR-X} ${VAR=X}   X where VAR is not set;  ${VAR:-X} ${VAR:=X}: or empty
 *   ${VAR+X} ${VAR:+X}  X where VAR is set, else nothing
 *   $$                  one $
 *
 * X may hold variables itself. A value brings no line break, so that lines
 * stay lines; columns are mapped back by envsubst_pos().
 */
#ifndef MOAT_RUNNER_CLI_LAB_ENVSUBST_H
#define MOAT_RUNNER_CLI_LAB_ENVSUBST_H

#include "lib/base/buf.h"
#include "runner/cli/lab/lab.h"

enum { ENVSUBST_DEPTH_MAX = 8 }; /* variables inside the default of a variable */

/** struct envsubst_shift - on @line, @to_count characters of the expanded text stand for @from_count of the file */
struct envsubst_shift {
	uint32_t line;
	uint32_t to_column, to_count; /* columns from 1 */
	uint32_t from_column, from_count;
};

struct envsubst {
	struct buf text;
	struct envsubst_shift *shifts;
	size_t shift_count, shift_capacity;
};

void envsubst_fini(struct envsubst *subst);

/** envsubst_expand() - @ret_subst is to be finished by envsubst_fini() in any case. Return: 0, -EINVAL, -E2BIG. */
int envsubst_expand(const struct lab *lab, const char *data, size_t size,
		    const struct lab_options *options, struct envsubst *ret_subst,
		    struct err *err);

/** envsubst_pos() - where something at @pos of the expanded text stands in the file */
struct lab_pos envsubst_pos(const struct envsubst *subst, struct lab_pos pos);

#endif
