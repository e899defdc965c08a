/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout - which hierarchies of control groups this system has, where they are
 * mounted, and where the caller is in each. Floor F4 (runner/cgroup). The
 * parser is pure; nothing here makes or enters a cgroup.
 *
 * The three arrangements of life:
 *
 *	v1      every controller a hierarchy of its own, mounted apart
 *	v2      one hierarchy with all controllers, mounted on /sys/fs/cgroup
 *	hybrid  controllers on v1, and a v2 hierarchy beside them (usually on
 *	        /sys/fs/cgroup/unified), which has what v1 left over
 */
#ifndef MOAT_RUNNER_CGROUP_LAYOUT_H
#define MOAT_RUNNER_CGROUP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

enum {
	CGROUP_HIERARCHIES_MAX =
		32, /* the kernel has 14 controllers; the rest are named ones */
	CGROUP_PROC_MAX = 16 * 1024 * 1024, /* bytes read of mountinfo: 100,000 mounts */
};

enum cgroup_controller {
	CGROUP_CPU,
	CGROUP_CPUACCT, /* v1 only; v2 has cpu.stat always */
	CGROUP_CPUSET,
	CGROUP_MEMORY,
	CGROUP_PIDS,
	CGROUP_IO, /* v1: blkio */
	CGROUP_HUGETLB,
	CGROUP_RDMA,
	CGROUP_DEVICES,  /* v1 only; on v2 a BPF program */
	CGROUP_FREEZER,  /* v1 only; on v2 part of the core */
	CGROUP_NET_CLS,  /* v1 only */
	CGROUP_NET_PRIO, /* v1 only */
	CGROUP_PERF_EVENT,
	CGROUP_MISC,
	CGROUP_CONTROLLER_COUNT
};
#define CGROUP_BIT(controller) (1U << (controller))
#define CGROUP_ALL             (CGROUP_BIT(CGROUP_CONTROLLER_COUNT) - 1)

enum cgroup_mode { CGROUP_MODE_NONE, CGROUP_MODE_V1, CGROUP_MODE_V2, CGROUP_MODE_HYBRID };

/**
 * struct cgroup_hierarchy - one of them
 * @controllers: CGROUP_BIT() of each it has
 * @name: of a v1 hierarchy without controllers ("systemd"), else NULL
 * @mount: where its root, as far as we may see it, is mounted; NULL: nowhere
 * @own: the caller's cgroup below @mount, "/" the root itself; NULL where it lies out of sight
 */
struct cgroup_hierarchy {
	unsigned int controllers;
	bool unified;
	const char *name;
	const char *mount;
	const char *own;
};

/** struct cgroup_layout - all of them; strings live in the arena the caller named */
struct cgroup_layout {
	enum cgroup_mode mode;
	struct cgroup_hierarchy *items;
	size_t count;
};

/** cgroup_controller_name() - as v1 (@unified false) or v2 writes it. NULL: that version has no such controller. */
const char *cgroup_controller_name(enum cgroup_controller controller, bool unified);

/** cgroup_controller_find() - inverse, of @len characters. Return: it, or CGROUP_CONTROLLER_COUNT where unknown. */
enum cgroup_controller cgroup_controller_find(const char *name, size_t len, bool unified);

/** cgroup_controllers_parse() - a list of v2 names divided by spaces to bits; unknown ones are left out */
unsigned int cgroup_controllers_parse(const char *text);

/** cgroup_mode_name() - "none", "v1", "v2", "hybrid" */
const char *cgroup_mode_name(enum cgroup_mode mode);

/**
 * cgroup_layout_parse() - the texts of /proc/self/cgroup and /proc/self/mountinfo to a layout
 * Which controllers a v2 hierarchy has is not in them: 0 there.
 * @visible: is the mount with that device number what is seen at @point, or does another cover it? NULL: it is
 * Return: 0, -EINVAL with the line, -E2BIG.
 */
int cgroup_layout_parse(const char *cgroups, const char *mountinfo,
			bool (*visible)(const char *point, unsigned int major,
					unsigned int minor),
			struct arena *arena, struct cgroup_layout *ret_layout, struct err *err);

/** cgroup_layout_is_v2() - v2 alone where every system has it, found without reading all mounts */
bool cgroup_layout_is_v2(void);
/** cgroup_layout_read() - the caller's own, with the controllers of v2 */
int cgroup_layout_read(struct arena *arena, struct cgroup_layout *ret_layout, struct err *err);

/** cgroup_layout_find() - the mounted hierarchy with that controller, or NULL */
const struct cgroup_hierarchy *cgroup_layout_find(const struct cgroup_layout *layout,
						  enum cgroup_controller controller);
/** cgroup_layout_unified() - the mounted v2 hierarchy, or NULL */
const struct cgroup_hierarchy *cgroup_layout_unified(const struct cgroup_layout *layout);

#endif
