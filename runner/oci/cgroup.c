// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgroup - the control groups of one OCI container, over runner/cgroup. Floor
 * F4. By the runtime itself (cgroupfs), or a scope of systemd's (systemd.h).
 */
#include "runner/oci/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cgroup/cgroup.h"
#include "runner/cgroup/devices.h"
#include "runner/cgroup/writes.h"
#include "runner/oci/systemd.h"
#include "runner/root/mountfd.h"

/* Where those are put that say nothing of it: our own folder, of the controllers alone that are needed. */
#define OWN_PARENT "/moat"

/* The cgroups of one, with what they lie in. @none: this system has no cgroups, or the container none */
struct opened {
	struct arena *arena;
	struct cgroup_layout *layout;
	struct cgroup cgroup;
	bool none;
};

static char *path_plain(const char *path);
static int group_clone(const char *path, const struct oci_mount *mount, int *ret_fd, struct err *err);
static int controllers_link(const struct cgroup_hierarchy *hierarchy, const char *name, int tmpfs,
			    struct err *err);
static int open_them(const struct oci_cgroup *place, struct opened *ret_opened,
		     struct err *err);
static int open_some(const struct oci_cgroup *place, struct opened *ret_opened,
		     struct err *err);
static void close_them(struct opened *opened);
static int systemd_check(const struct cgroup_layout *layout, struct err *err);
static int memory_fits(const struct cgroup *cgroup, int64_t limit, struct err *err);
static void devices_complete(struct cgroup_resources *resources, struct arena *arena);

int oci_cgroup_plan(const struct oci_config *config, const char *id, bool systemd,
		    bool disabled, struct oci_cgroup *ret_cgroup, struct err *err)
{
	const char *path = config->cgroups_path;
	char *full;

	if (disabled) {
		*ret_cgroup = (struct oci_cgroup){.path = mem_strdup(""), .disabled = true};
		return 0;
	}
	if (systemd) {
		ret_cgroup->disabled = false;
		ret_cgroup->systemd = true;
		return oci_systemd_path(path, id, &ret_cgroup->path, err);
	}
	if (!path || !*path)
		full = mem_printf(OWN_PARENT "/%s", id);
	else
		full = path_plain(path);
	if (cgroup_path_check(full, err) < 0) {
		free(full);
		return err_wrap(err, "linux.cgroupsPath");
	}
	*ret_cgroup = (struct oci_cgroup){.path = full};
	return 0;
}

void oci_cgroup_fini(struct oci_cgroup *cgroup)
{
	free(cgroup->path);
	cgroup->path = NULL;
}

int oci_cgroup_create(const struct oci_cgroup *place, const json_t *doc, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct cgroup_resources resources;
	struct cgroup_layout layout;
	struct cgroup cgroup;
	unsigned int needs, wanted = CGROUP_ALL;
	int rc = cgroup_resources_decode(doc, arena, &resources, err);

	if (rc < 0)
		return rc;
	needs = cgroup_needs(&resources);
	if (place->disabled || !place->path || !*place->path) {
		if (needs & ~CGROUP_BIT(CGROUP_DEVICES))
			return err_set(err, ERR_UNSUPPORTED, ENOTSUP, "linux.resources",
				       "a limit needs a cgroup, and cgroups are disabled");
		return 0;
	}
	rc = cgroup_layout_read(arena, &layout, err);
	if (rc < 0)
		return rc;
	if (place->systemd)
		return systemd_check(&layout, err);
	/* Nobody can open a device there either, but by a node of its own making: that is the namespaces' affair. */
	if (layout.mode == CGROUP_MODE_NONE && !(needs & ~CGROUP_BIT(CGROUP_DEVICES)))
		return 0;
	if (str_starts(place->path, OWN_PARENT "/"))
		wanted = needs |
			 (cgroup_layout_unified(&layout) ? 0 : CGROUP_BIT(CGROUP_FREEZER));
	rc = cgroup_create(&layout, place->path, wanted, needs, &cgroup, err);
	if (rc < 0)
		return rc;
	devices_complete(&resources, arena);
	rc = cgroup_apply(&cgroup, &resources, err);
	if (rc < 0) {
		(void)cgroup_delete(&cgroup, CGROUP_NOW, NULL);
		cgroup_prune(&layout, OWN_PARENT);
	}
	cgroup_close(&cgroup);
	return rc;
}

/* Limits are told to systemd, which keeps them, and written by us: there are more of them than it knows. */
int oci_cgroup_begin(const struct oci_cgroup *place, const json_t *doc, pid_t pid, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct cgroup_resources resources;
	struct cgroup_writes writes;
	struct cgroup_layout layout;
	struct opened opened;
	int rc = cgroup_resources_decode(doc, arena, &resources, err);

	if (rc == 0)
		rc = cgroup_layout_read(arena, &layout, err);
	if (rc == 0)
		rc = cgroup_writes_build(&resources, &layout, arena, &writes, err);
	if (rc == 0)
		rc = oci_systemd_start(place->path, pid, &writes, err);
	if (rc < 0)
		return rc;
	devices_complete(&resources, arena);
	rc = open_some(place, &opened, err);
	if (rc == 0)
		rc = cgroup_apply(&opened.cgroup, &resources, err);
	close_them(&opened);
	if (rc < 0)
		(void)oci_systemd_stop(place->path, NULL);
	return rc;
}

int oci_cgroup_update(const struct oci_cgroup *place, const json_t *doc, struct err *err)
{
	struct cgroup_resources resources;
	struct cgroup_writes writes;
	struct opened opened;
	int rc = open_some(place, &opened, err);

	if (rc == 0)
		rc = cgroup_resources_decode(doc, opened.arena, &resources, err);
	if (rc == 0 && resources.check_before_update == 1)
		rc = memory_fits(&opened.cgroup, resources.memory, err);
	if (rc == 0 && place->systemd) {
		rc = cgroup_writes_build(&resources, opened.layout, opened.arena, &writes, err);
		if (rc == 0)
			rc = oci_systemd_set(place->path, &writes, err);
	}
	if (rc == 0)
		devices_complete(&resources, opened.arena);
	if (rc == 0)
		rc = cgroup_apply(&opened.cgroup, &resources, err);
	close_them(&opened);
	return rc;
}

int oci_cgroup_enter(const struct oci_cgroup *place, pid_t pid, bool exec, struct err *err)
{
	struct opened opened;
	int rc = open_them(place, &opened, err);

	if (rc == 0 && !opened.none && exec)
		rc = cgroup_fit(&opened.cgroup, err);
	if (rc == 0 && !opened.none)
		rc = cgroup_enter(&opened.cgroup, pid, true, err);
	close_them(&opened);
	return rc;
}

int oci_cgroup_kill(const struct oci_cgroup *place, int signal, struct err *err)
{
	struct opened opened;
	int rc = open_them(place, &opened, err);

	if (rc == 0 && !opened.none)
		rc = cgroup_kill(&opened.cgroup, signal, err);
	close_them(&opened);
	return rc;
}

int oci_cgroup_delete(const struct oci_cgroup *place, struct err *err)
{
	struct opened opened;
	int rc = open_them(place, &opened, err);

	if (rc == 0 && !opened.none) {
		/* A scope whose processes end ends by itself; who asks for its end knows when. */
		if (place->systemd) {
			rc = cgroup_kill(&opened.cgroup, SIGKILL, err);
			if (rc == 0)
				rc = oci_systemd_stop(place->path, err);
		/* empty as a rule */
		} else if (cgroup_delete(&opened.cgroup, CGROUP_NOW, NULL) < 0) {
			rc = cgroup_kill(&opened.cgroup, SIGKILL, err);
			if (rc == 0)
				rc = cgroup_delete(&opened.cgroup, CGROUP_WAIT_MS, err);
		}
		if (rc == 0 && str_starts(place->path, OWN_PARENT "/"))
			cgroup_prune(opened.layout, OWN_PARENT);
	}
	close_them(&opened);
	return rc;
}

int oci_cgroup_own(const struct oci_cgroup *place, uid_t uid, struct err *err)
{
	struct opened opened;
	int rc = open_them(place, &opened, err);

	if (rc == 0 && !opened.none && opened.layout->mode == CGROUP_MODE_V2)
		rc = cgroup_delegate(&opened.cgroup, uid, (gid_t)-1, err);
	close_them(&opened);
	return rc;
}

bool oci_cgroup_frozen(const struct oci_cgroup *place)
{
	struct opened opened;
	bool frozen = open_them(place, &opened, NULL) == 0 && !opened.none &&
		      cgroup_frozen(&opened.cgroup);

	close_them(&opened);
	return frozen;
}

int oci_cgroup_freeze(const struct oci_cgroup *place, bool frozen, struct err *err)
{
	struct opened opened;
	int rc = open_some(place, &opened, err);

	if (rc == 0)
		rc = cgroup_freeze(&opened.cgroup, frozen, err);
	close_them(&opened);
	return rc;
}

int oci_cgroup_pids(const struct oci_cgroup *place, pid_t **ret_pids, size_t *ret_count,
		    struct err *err)
{
	struct opened opened;
	int rc = open_some(place, &opened, err);

	if (rc == 0)
		rc = cgroup_processes(&opened.cgroup, ret_pids, ret_count, err);
	close_them(&opened);
	return rc;
}

int oci_cgroup_stat(const struct oci_cgroup *place, json_t **ret_stat, struct err *err)
{
	struct opened opened;
	int rc = open_some(place, &opened, err);

	if (rc == 0)
		*ret_stat = cgroup_stat(&opened.cgroup);
	close_them(&opened);
	return rc;
}

int oci_cgroup_oom(const struct oci_cgroup *place, struct cgroup_oom *ret_oom, struct err *err)
{
	struct cgroup_oom oom = CGROUP_OOM_INIT;
	struct opened opened;
	int rc = open_some(place, &opened, err);

	if (rc == 0)
		rc = cgroup_oom_open(&opened.cgroup, &oom, err);
	if (rc == -ENOENT) {
		if (err)
			*err = ERR_INIT;
		rc = 0;
	}
	close_them(&opened);
	if (rc == 0)
		*ret_oom = oom;
	return rc;
}

/*
 * v2: the file system itself, whose root is that of the namespace; without one the container's own folder. The folders
 * of v1 are not mounted: release_agent of any of them is the host's (CVE-2022-0492).
 */
int oci_cgroup_mount(const struct oci_cgroup *place, const struct oci_mount *mount,
		     bool own_namespace, int *ret_mount, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	const struct cgroup_hierarchy *unified = NULL;
	struct mount_attr attr = {.attr_set = mount->set | mount->rec_set};
	bool usual = own_namespace && cgroup_layout_is_v2();
	struct cgroup_layout layout;
	int fd, rc = usual ? 0 : cgroup_layout_read(arena, &layout, err);

	*ret_mount = -1;
	if (rc < 0)
		return rc;
	if (!usual)
		unified = cgroup_layout_unified(&layout);
	if (!usual && (layout.mode == CGROUP_MODE_V1 || layout.mode == CGROUP_MODE_HYBRID) &&
	    str_eq(mount->type, "cgroup") && place->path && *place->path) {
		static const char *const options[] = {"mode=755", "size=1m", NULL};

		fd = mountfd_new("tmpfs", "cgroup", options, attr.attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY, err);
		*ret_mount = fd;
		return fd < 0 ? fd : 1;
	}
	if (!usual && (layout.mode != CGROUP_MODE_V2 || !unified))
		return 0;
	if (own_namespace) {
		fd = mountfd_new("cgroup2", "cgroup2", NULL, attr.attr_set, err);
		if (fd >= 0)
			*ret_mount = fd;
		return fd < 0 ? fd : 0;
	}
	if (!place->path || !*place->path)
		return 0;
	rc = group_clone(arena_printf(arena, "%s%s", unified->mount, place->path), mount, ret_mount, err);
	return rc == -ENOENT ? err_sys(err, ERR_KERNEL, ENOENT, mount->destination, "the container's cgroup") : rc;
}

int oci_cgroup_mount_each(const struct oci_cgroup *place, const struct oci_mount *mount, int tmpfs,
			  struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct cgroup_layout layout;
	int rc = cgroup_layout_read(arena, &layout, err);

	for (size_t i = 0; rc == 0 && i < layout.count; i++) {
		const struct cgroup_hierarchy *hierarchy = &layout.items[i];
		cleanup(fd_closep) int fd = -1, target = -1;
		const char *name;

		if (!hierarchy->mount)
			continue;
		rc = group_clone(arena_printf(arena, "%s%s", hierarchy->mount, place->path), mount, &fd, err);
		if (rc == -ENOENT) {
			rc = 0;
			continue;
		}
		name = strrchr(hierarchy->mount, '/');
		name = name && name[1] ? name + 1 : "unified";
		if (rc == 0 && mkdirat(tmpfs, name, 0755) < 0) {
			if (errno == EEXIST)
				continue;
			rc = err_sys(err, ERR_KERNEL, errno, mount->destination, "make %s", name);
		}
		if (rc == 0 && (target = openat(tmpfs, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0)
			rc = err_sys(err, ERR_KERNEL, errno, mount->destination, "open %s", name);
		if (rc == 0)
			rc = mountfd_attach_at(target, fd, mount->destination, err);
		if (rc == 0)
			rc = controllers_link(hierarchy, name, tmpfs, err);
	}
	return rc;
}

/* ----------------------------------------------------------------- helpers */

/* "//a/./b/" is "/a/b", as everywhere; ".." is left to be refused. */
static char *path_plain(const char *path)
{
	char *plain = mem_alloc(strlen(path) + 2), *end = plain;

	for (;;) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 0)
			break;
		if (len > 1 || *path != '.') {
			*end++ = '/';
			memcpy(end, path, len);
			end += len;
		}
		path += len;
	}
	*end = '\0';
	return plain;
}

/* A group as a mount of its own: one who sees it sees nothing above it. Return: 0; -ENOENT, untold: there is none. */
static int group_clone(const char *path, const struct oci_mount *mount, int *ret_fd, struct err *err)
{
	struct mount_attr attr = {.attr_set = mount->set | mount->rec_set};
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path,
			      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	int rc = 0;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, mount->destination, "the container's cgroup");
	if (attr.attr_set && syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
		rc = err_sys(err, ERR_KERNEL, errno, mount->destination, "mount_setattr");
		fd_close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

/* Of "cpu,cpuacct" each has its name, too, as on the host. */
static int controllers_link(const struct cgroup_hierarchy *hierarchy, const char *name, int tmpfs,
			    struct err *err)
{
	for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
		const char *controller = cgroup_controller_name((enum cgroup_controller)i, false);

		if (!hierarchy->unified && hierarchy->controllers & CGROUP_BIT(i) && controller &&
		    !str_eq(controller, name) && symlinkat(name, tmpfs, controller) < 0 && errno != EEXIST)
			return err_sys(err, ERR_KERNEL, errno, controller, "a link to its cgroup");
	}
	return 0;
}

/* That there is none, because this system has none or because it is gone, is no failure here. */
static int open_them(const struct oci_cgroup *place, struct opened *ret_opened, struct err *err)
{
	struct opened opened = {.none = !place->path || !*place->path};
	int rc;

	*ret_opened = opened;
	if (opened.none)
		return 0;
	opened.arena = arena_new();
	opened.layout = arena_alloc(opened.arena, sizeof(*opened.layout));
	rc = cgroup_layout_read(opened.arena, opened.layout, err);
	if (rc == 0)
		rc = cgroup_open(opened.layout, place->path, &opened.cgroup, err);
	if (rc == -ENOENT) {
		opened.none = true;
		if (err)
			*err = ERR_INIT;
		rc = 0;
	}
	*ret_opened = opened;
	return rc;
}

/* The same where none is a failure. */
static int open_some(const struct oci_cgroup *place, struct opened *ret_opened, struct err *err)
{
	int rc = open_them(place, ret_opened, err);

	if (rc == 0 && ret_opened->none)
		rc = err_set(err, ERR_UNSUPPORTED, ENOTSUP, place->path,
			     "the container has no cgroup");
	return rc;
}

static void close_them(struct opened *opened)
{
	cgroup_close(&opened->cgroup);
	arena_free(opened->arena);
}

static int systemd_check(const struct cgroup_layout *layout, struct err *err)
{
	if (layout->mode != CGROUP_MODE_V2)
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, "--systemd-cgroup",
			       "needs cgroup v2 alone, as systemd mounts it; this system has %s: use the cgroupfs manager",
			       cgroup_mode_name(layout->mode));
	if (geteuid() != 0)
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, "--systemd-cgroup", "is of root: the user's manager is not asked");
	return 0;
}

/*
 * memory.checkBeforeUpdate: of v2 the kernel takes a limit below what is used, and kills until it holds. That of v1 refuses.
 */
static int memory_fits(const struct cgroup *cgroup, int64_t limit, struct err *err)
{
	const struct cgroup_dir *memory = cgroup_dir_of(cgroup, CGROUP_MEMORY);
	char text[32];
	uint64_t used;

	if (!memory || !memory->hierarchy->unified || limit < 0 ||
	    cgroup_file_read(memory->fd, "memory.current", text, sizeof(text)) <= 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	if (str_u64(text, UINT64_MAX, &used) == 0 && (uint64_t)limit < used)
		return err_set(err, ERR_CONFLICT, EBUSY, "linux.resources.memory.limit", "%lld is less than what is used, %llu",
			       (long long)limit, (unsigned long long)used);
	return 0;
}

/* What every program expects to open, behind the configuration's own rules. No rules: all is open, as it was. */
static void devices_complete(struct cgroup_resources *resources, struct arena *arena)
{
	size_t count;
	const struct cgroup_device *more = cgroup_devices_default(&count);
	struct cgroup_device *all;

	if (!resources->device_count)
		return;
	all = arena_array(arena, resources->device_count + count, sizeof(*all));
	memcpy(all, resources->devices, resources->device_count * sizeof(*all));
	memcpy(all + resources->device_count, more, count * sizeof(*all));
	resources->devices = all;
	resources->device_count += count;
}
