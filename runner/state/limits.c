// SPDX-License-Identifier: GPL-2.0-or-later
/* limits - control groups of the containers of `moat run`. Floor F4. */
#include "runner/state/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"

#define PARENT "/moat"

enum {
	CPU_PERIOD_US = 100000,
	/* what limits and usage need; each more costs a start 0.2 ms on v1 */
	CONTROLLERS = CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUACCT) |
		      CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_PIDS),
};

static char *path_of(struct arena *arena, const struct name *name, const char *id);
static bool resources_of(const struct spec *spec, struct cgroup_resources *ret_resources);
static int procs_open(struct limits *limits, struct err *err);

void limits_close(struct limits *limits)
{
	for (size_t i = 0; i < limits->proc_count; i++)
		fd_close(limits->procs[i]);
	cgroup_close(&limits->cgroup);
	arena_free(limits->arena);
	*limits = LIMITS_INIT;
}

int limits_create(const struct spec *spec, struct limits *ret_limits, struct err *err)
{
	struct limits limits = LIMITS_INIT;
	struct cgroup_resources resources;
	bool asked = resources_of(spec, &resources);
	unsigned int controllers = CONTROLLERS;
	int rc;

	limits.arena = arena_new();
	limits.layout = arena_alloc(limits.arena, sizeof(*limits.layout));
	limits.cgroup.layout = limits.layout;
	rc = cgroup_layout_read(limits.arena, limits.layout, err);
	/* v2 freezes by itself */
	if (rc == 0 && !cgroup_layout_unified(limits.layout))
		controllers |= CGROUP_BIT(CGROUP_FREEZER);
	if (rc == 0 && limits.layout->mode != CGROUP_MODE_NONE) {
		rc = cgroup_create(limits.layout, path_of(limits.arena, &spec->name, spec->id),
				   controllers, asked ? cgroup_needs(&resources) : 0,
				   &limits.cgroup, err);
		limits.there = rc == 0;
	}
	if (rc == 0 && asked)
		rc = cgroup_apply(&limits.cgroup, &resources, err);
	if (rc == 0)
		rc = procs_open(&limits, err);
	if (rc == 0) {
		*ret_limits = limits;
		return 0;
	}
	if (limits.there)
		(void)cgroup_delete(&limits.cgroup, CGROUP_WAIT_MS, NULL);
	cgroup_prune(limits.layout, PARENT);
	limits_close(&limits);
	if (asked)
		return rc;
	if (err)
		*err = ERR_INIT;
	*ret_limits = LIMITS_INIT;
	return 0;
}

int limits_open(const struct name *name, const char *id, struct limits *ret_limits,
		struct err *err)
{
	struct limits limits = LIMITS_INIT;
	int rc;

	limits.arena = arena_new();
	limits.layout = arena_alloc(limits.arena, sizeof(*limits.layout));
	limits.cgroup.layout = limits.layout;
	rc = cgroup_layout_read(limits.arena, limits.layout, err);
	if (rc == 0)
		rc = cgroup_open(limits.layout, path_of(limits.arena, name, id), &limits.cgroup,
				 err);
	limits.there = rc == 0;
	if (rc == 0)
		rc = procs_open(&limits, err);
	if (rc < 0) {
		limits_close(&limits);
		if (rc != -ENOENT)
			return rc;
		if (err)
			*err = ERR_INIT;
	}
	*ret_limits = limits;
	return 0;
}

int limits_delete(const struct name *name, const char *id, struct err *err)
{
	struct limits limits;
	int rc = limits_open(name, id, &limits, err);

	return rc < 0 ? rc : limits_end(&limits, err);
}

int limits_end(struct limits *limits, struct err *err)
{
	int rc = 0;

	if (limits->there) {
		limits_thaw(limits);
		/* With its first process its pid namespace is gone; one that shares another's may have members left. */
		if (cgroup_delete(&limits->cgroup, CGROUP_NOW, NULL) < 0) {
			rc = cgroup_kill(&limits->cgroup, SIGKILL, err);
			if (rc == 0)
				rc = cgroup_delete(&limits->cgroup, CGROUP_WAIT_MS, err);
		}
		if (rc == 0)
			cgroup_prune(limits->layout, PARENT);
	}
	limits_close(limits);
	return rc;
}

void limits_thaw(const struct limits *limits)
{
	if (limits->there && cgroup_frozen(&limits->cgroup))
		(void)cgroup_freeze(&limits->cgroup, false, NULL);
}

/* ----------------------------------------------------------------- helpers */

static char *path_of(struct arena *arena, const struct name *name, const char *id)
{
	return arena_printf(arena, PARENT "/%s.%s.%s", name->tenant, name->name, id);
}

static bool resources_of(const struct spec *spec, struct cgroup_resources *ret_resources)
{
	cgroup_resources_init(ret_resources);
	if (spec->memory) {
		ret_resources->memory = spec->memory;
		/* No swap beyond it: a limit of memory that may double on the disk is none. As much as is to be had. */
		ret_resources->swap = spec->memory;
		ret_resources->swap_optional = true;
	}
	if (spec->cpus_milli) {
		ret_resources->period = CPU_PERIOD_US;
		ret_resources->quota = spec->cpus_milli * CPU_PERIOD_US / 1000;
	}
	if (spec->pids)
		ret_resources->pids = spec->pids;
	return spec->memory || spec->cpus_milli || spec->pids;
}

static int procs_open(struct limits *limits, struct err *err)
{
	limits->unified = cgroup_unified(&limits->cgroup);
	for (size_t i = 0; i < limits->cgroup.count; i++) {
		int fd;

		if (limits->cgroup.dirs[i].hierarchy->unified)
			continue;
		fd = openat(limits->cgroup.dirs[i].fd, "cgroup.procs",
			    O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return err_sys(err, ERR_KERNEL, errno, limits->cgroup.path,
				       "open of cgroup.procs");
		limits->procs[limits->proc_count++] = fd;
	}
	return 0;
}
