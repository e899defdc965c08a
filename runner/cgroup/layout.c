// SPDX-License-Identifier: GPL-2.0-or-later
/* layout - hierarchies of control groups, from what /proc says. Floor F4 (runner/cgroup). */
#include "runner/cgroup/layout.h"

#include <assert.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/str.h"
#include "runner/cgroup/mountinfo.h"

static const struct {
	const char *v1, *v2;
} controller_names[] = {
	[CGROUP_CPU] = {"cpu", "cpu"},
	[CGROUP_CPUACCT] = {"cpuacct", NULL},
	[CGROUP_CPUSET] = {"cpuset", "cpuset"},
	[CGROUP_MEMORY] = {"memory", "memory"},
	[CGROUP_PIDS] = {"pids", "pids"},
	[CGROUP_IO] = {"blkio", "io"},
	[CGROUP_HUGETLB] = {"hugetlb", "hugetlb"},
	[CGROUP_RDMA] = {"rdma", "rdma"},
	[CGROUP_DEVICES] = {"devices", NULL},
	[CGROUP_FREEZER] = {"freezer", NULL},
	[CGROUP_NET_CLS] = {"net_cls", NULL},
	[CGROUP_NET_PRIO] = {"net_prio", NULL},
	[CGROUP_PERF_EVENT] = {"perf_event",
			       NULL}, /* on v2 it is everywhere, and enabled nowhere */
	[CGROUP_MISC] = {"misc", "misc"},
};
static_assert(ARRAY_COUNT(controller_names) == CGROUP_CONTROLLER_COUNT,
	      "every controller has its names");

static const char *const mode_names[] = {
	[CGROUP_MODE_NONE] = "none",
	[CGROUP_MODE_V1] = "v1",
	[CGROUP_MODE_V2] = "v2",
	[CGROUP_MODE_HYBRID] = "hybrid",
};

static int own_parse(char *line, struct cgroup_hierarchy *hierarchy, struct err *err);
static void mount_take(struct cgroup_layout *layout, const char *const *raw, char *line,
		       bool (*visible)(const char *point, unsigned int major,
				       unsigned int minor));
static bool mount_is_of(const struct mount_line *mount,
			const struct cgroup_hierarchy *hierarchy);
static const char *below(const char *path, const char *root);
static enum cgroup_mode mode_of(const struct cgroup_layout *layout);
static int controllers_read(struct cgroup_hierarchy *hierarchy, struct err *err);

const char *cgroup_controller_name(enum cgroup_controller controller, bool unified)
{
	return unified ? controller_names[controller].v2 : controller_names[controller].v1;
}

enum cgroup_controller cgroup_controller_find(const char *name, size_t len, bool unified)
{
	enum cgroup_controller controller = 0;

	for (; controller < CGROUP_CONTROLLER_COUNT; controller++) {
		const char *known = cgroup_controller_name(controller, unified);

		if (known && strlen(known) == len && memcmp(known, name, len) == 0)
			break;
	}
	return controller;
}

unsigned int cgroup_controllers_parse(const char *text)
{
	unsigned int controllers = 0;

	while (*text) {
		size_t len = strcspn(text, " \n");
		enum cgroup_controller controller = cgroup_controller_find(text, len, true);

		if (controller < CGROUP_CONTROLLER_COUNT)
			controllers |= CGROUP_BIT(controller);
		text += len;
		text += strspn(text, " \n");
	}
	return controllers;
}

const char *cgroup_mode_name(enum cgroup_mode mode)
{
	return mode_names[mode];
}

int cgroup_layout_parse(const char *cgroups, const char *mountinfo,
			bool (*visible)(const char *point, unsigned int major,
					unsigned int minor),
			struct arena *arena, struct cgroup_layout *ret_layout, struct err *err)
{
	struct cgroup_layout layout = {0};
	const char *raw[CGROUP_HIERARCHIES_MAX];
	char *rest = arena_strdup(arena, cgroups);
	char *line;

	layout.items = arena_array(arena, CGROUP_HIERARCHIES_MAX, sizeof(*layout.items));
	while ((line = strsep(&rest, "\n")) != NULL) {
		int rc;

		if (!*line)
			continue;
		if (layout.count == CGROUP_HIERARCHIES_MAX)
			return err_set(err, ERR_LIMIT, E2BIG, "/proc/self/cgroup",
				       "more than %d hierarchies", CGROUP_HIERARCHIES_MAX);
		rc = own_parse(line, &layout.items[layout.count], err);
		if (rc < 0)
			return rc;
		layout.count++;
	}
	for (size_t i = 0; i < layout.count; i++) {
		raw[i] = layout.items[i].own;
		layout.items[i].own = NULL;
	}
	for (; *mountinfo; mountinfo += *mountinfo == '\n') {
		size_t len = strcspn(mountinfo, "\n");

		/* Copied only where it is one of ours: there may be thousands of others. */
		if (memmem(mountinfo, len, " - cgroup", 9))
			mount_take(&layout, raw, arena_strndup(arena, mountinfo, len), visible);
		mountinfo += len;
	}
	layout.mode = mode_of(&layout);
	*ret_layout = layout;
	return 0;
}

int cgroup_layout_read(struct arena *arena, struct cgroup_layout *ret_layout, struct err *err)
{
	cleanup(buf_fini) struct buf cgroups = BUF_INIT, mountinfo = BUF_INIT;
	struct cgroup_layout layout;
	int rc = file_read("/proc/self/cgroup", CGROUP_PROC_MAX, &cgroups);

	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, "/proc/self/cgroup", "read");
	rc = file_read("/proc/self/mountinfo", CGROUP_PROC_MAX, &mountinfo);
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, "/proc/self/mountinfo", "read");
	rc = cgroup_layout_parse(buf_cstr(&cgroups), buf_cstr(&mountinfo), mount_line_visible, arena,
				 &layout, err);
	for (size_t i = 0; rc == 0 && i < layout.count; i++)
		if (layout.items[i].unified && layout.items[i].mount)
			rc = controllers_read(&layout.items[i], err);
	if (rc == 0)
		*ret_layout = layout;
	return rc;
}

bool cgroup_layout_is_v2(void)
{
	struct statfs st;

	return statfs("/sys/fs/cgroup", &st) == 0 && st.f_type == CGROUP2_SUPER_MAGIC;
}

const struct cgroup_hierarchy *cgroup_layout_find(const struct cgroup_layout *layout,
						  enum cgroup_controller controller)
{
	for (size_t i = 0; i < layout->count; i++)
		if (layout->items[i].mount &&
		    (layout->items[i].controllers & CGROUP_BIT(controller)))
			return &layout->items[i];
	return NULL;
}

const struct cgroup_hierarchy *cgroup_layout_unified(const struct cgroup_layout *layout)
{
	for (size_t i = 0; i < layout->count; i++)
		if (layout->items[i].mount && layout->items[i].unified)
			return &layout->items[i];
	return NULL;
}

/* ----------------------------------------------------------------- helpers */

/* "4:memory:/a", "9:name=systemd:/a", "0::/a" (cgroups(7)); the path may hold colons */
static int own_parse(char *line, struct cgroup_hierarchy *hierarchy, struct err *err)
{
	char *path = line;
	const char *number = strsep(&path, ":");
	char *controllers = strsep(&path, ":");
	uint64_t id;

	if (!path || path[0] != '/' || str_u64(number, INT32_MAX, &id) < 0)
		return err_set(err, ERR_KERNEL, EINVAL, "/proc/self/cgroup",
			       "cannot be understood");
	*hierarchy =
		(struct cgroup_hierarchy){.unified = id == 0 && !*controllers, .own = path};
	for (char *word; (word = strsep(&controllers, ",")) != NULL;) {
		enum cgroup_controller controller =
			cgroup_controller_find(word, strlen(word), false);

		if (str_starts(word, "name="))
			hierarchy->name = word + 5;
		else if (controller < CGROUP_CONTROLLER_COUNT)
			hierarchy->controllers |= CGROUP_BIT(controller);
	}
	return 0;
}

/* The first mount of a hierarchy that shows where the caller is; where none does, the first. */
static void mount_take(struct cgroup_layout *layout, const char *const *raw, char *line,
		       bool (*visible)(const char *point, unsigned int major,
				       unsigned int minor))
{
	struct mount_line mount;

	if (!mount_line_parse(line, &mount))
		return;
	for (size_t i = 0; i < layout->count; i++) {
		struct cgroup_hierarchy *hierarchy = &layout->items[i];
		const char *own;

		own = below(raw[i], mount.root);
		if ((hierarchy->mount && (hierarchy->own || !own)) ||
		    !mount_is_of(&mount, hierarchy))
			continue;
		if (visible && !visible(mount.point, mount.major, mount.minor))
			continue;
		hierarchy->mount = mount.point;
		hierarchy->own = own;
	}
}

static bool mount_is_of(const struct mount_line *mount,
			const struct cgroup_hierarchy *hierarchy)
{
	const char *rest = mount->options;

	if (hierarchy->unified)
		return str_eq(mount->type, "cgroup2");
	if (!str_eq(mount->type, "cgroup"))
		return false;
	while (*rest) {
		size_t len = strcspn(rest, ",");
		enum cgroup_controller controller = cgroup_controller_find(rest, len, false);

		if (controller < CGROUP_CONTROLLER_COUNT &&
		    (hierarchy->controllers & CGROUP_BIT(controller)))
			return true;
		if (hierarchy->name && len > 5 && memcmp(rest, "name=", 5) == 0 &&
		    strlen(hierarchy->name) == len - 5 &&
		    memcmp(hierarchy->name, rest + 5, len - 5) == 0)
			return true;
		rest += len;
		rest += *rest == ',';
	}
	return false;
}

/* @path as seen below @root, "/" for the root itself; NULL where it is not there */
static const char *below(const char *path, const char *root)
{
	size_t len = str_eq(root, "/") ? 0 : strlen(root);

	if (strncmp(path, root, len) != 0)
		return NULL;
	path += len;
	return !*path ? "/" : *path == '/' ? path : NULL;
}

static enum cgroup_mode mode_of(const struct cgroup_layout *layout)
{
	bool v1 = false, v2 = cgroup_layout_unified(layout) != NULL;

	for (size_t i = 0; i < layout->count; i++)
		v1 |= layout->items[i].mount && layout->items[i].controllers;
	if (v1)
		return v2 ? CGROUP_MODE_HYBRID : CGROUP_MODE_V1;
	return v2 ? CGROUP_MODE_V2 : CGROUP_MODE_NONE;
}

static int controllers_read(struct cgroup_hierarchy *hierarchy, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/cgroup.controllers", hierarchy->mount);
	cleanup(buf_fini) struct buf text = BUF_INIT;
	int rc = file_read(path, CGROUP_PROC_MAX, &text);

	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, path, "read");
	hierarchy->controllers = cgroup_controllers_parse(buf_cstr(&text));
	return 0;
}
