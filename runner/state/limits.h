/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limits - the control groups of a container of `moat run`: /moat/TENANT.NAME.ID
 * below each hierarchy there is. Floor F4. A machine without cgroups, or with
 * cgroups that cannot be written, has containers as well, as long as nobody asks
 * for a limit.
 */
#ifndef MOAT_RUNNER_STATE_LIMITS_H
#define MOAT_RUNNER_STATE_LIMITS_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/model/names.h"
#include "runner/cgroup/cgroup.h"
#include "runner/spec/spec.h"

/**
 * struct limits - the cgroups of one container, open
 * @there: it has some
 * @procs: cgroup.procs of those that are entered by writing (v1), open for writing; @unified: of the v2 one, which is
 *         entered by birth; -1: none
 */
struct limits {
	struct arena *arena;
	struct cgroup_layout *layout;
	struct cgroup cgroup;
	bool there;
	int unified;
	int procs[CGROUP_HIERARCHIES_MAX];
	size_t proc_count;
};
#define LIMITS_INIT ((struct limits){.unified = -1})
void limits_close(struct limits *limits);

/**
 * limits_create() - make and set them
 * Return: 0, also where there are no cgroups and no limit was asked for; -ENOTSUP (ERR_UNSUPPORTED) naming what is
 * missing for one.
 */
int limits_create(const struct spec *spec, struct limits *ret_limits, struct err *err);

/** limits_open() - of a container that has been started. Return: 0, also where it has none. */
int limits_open(const struct name *name, const char *id, struct limits *ret_limits,
		struct err *err);

/** limits_end() - those that are open: gone with all that is in them, and closed */
int limits_end(struct limits *limits, struct err *err);

/** limits_delete() - with all that is in them; what is gone is success */
int limits_delete(const struct name *name, const char *id, struct err *err);

/** limits_thaw() - a paused container goes on: who is frozen by v1 does not even die */
void limits_thaw(const struct limits *limits);

#endif
