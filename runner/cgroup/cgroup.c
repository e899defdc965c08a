// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgroup - making, filling, limiting and removing a container's control groups.
 * Floor F4 (runner/cgroup).
 */
#include "runner/cgroup/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/str.h"
#include "runner/cgroup/devices.h"
#include "runner/cgroup/writes.h"

/* Files of /sys/kernel/cgroup/delegate where the kernel is too old to say (before 4.15). */
#define DELEGATE_DEFAULT "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n"

static int mount_open(const struct cgroup_hierarchy *hierarchy, struct err *err);
static int path_make(const struct cgroup_hierarchy *hierarchy, const char *path,
		     unsigned int controllers, unsigned int needed, struct cgroup_dir *dir,
		     struct err *err);
static int hand_down(int dir, const char *path, unsigned int controllers, unsigned int needed,
		     struct err *err);
static int cpuset_inherit(int parent, int dir);
static bool wanted(const struct cgroup_hierarchy *hierarchy, unsigned int controllers);
static int dir_fit(const struct cgroup_dir *dir, const char *path, struct err *err);
static int write_one(const struct cgroup *cgroup, const struct cgroup_write *write);
static int writes_run(const struct cgroup *cgroup, const struct cgroup_writes *writes,
		      struct err *err);
static int devices_apply(const struct cgroup *cgroup, const struct cgroup_resources *resources,
			 struct arena *arena, struct err *err);
static int tree_remove(int parent, const char *name, unsigned int depth);
static int path_remove(const struct cgroup_dir *dir, const char *path, unsigned int wait_ms,
		       struct err *err);

int cgroup_path_check(const char *path, struct err *err)
{
	size_t len = strlen(path);

	if (len > CGROUP_PATH_MAX)
		return err_set(err, ERR_LIMIT, ENAMETOOLONG, NULL,
			       "a cgroup path has at most %d characters", CGROUP_PATH_MAX);
	if (path[0] != '/' || len < 2)
		return err_set(err, ERR_USAGE, EINVAL, path,
			       "a cgroup path is absolute, and not the root");
	for (const char *part = path; *part;) {
		size_t size = strcspn(++part, "/");

		if (size == 0 || size > NAME_MAX || (size == 1 && part[0] == '.') ||
		    (size == 2 && part[0] == '.' && part[1] == '.'))
			return err_set(err, ERR_USAGE, EINVAL, path,
				       "a cgroup path has no empty part, no . and no ..");
		for (size_t i = 0; i < size; i++)
			if ((unsigned char)part[i] < ' ' || part[i] == 0x7f)
				return err_set(err, ERR_USAGE, EINVAL, path,
					       "a cgroup path has no control characters");
		part += size;
	}
	return 0;
}

int cgroup_create(const struct cgroup_layout *layout, const char *path,
		  unsigned int controllers, unsigned int needed, struct cgroup *ret_cgroup,
		  struct err *err)
{
	struct cgroup cgroup = {.layout = layout, .path = path};
	int rc = cgroup_path_check(path, err);

	for (size_t i = 0; rc == 0 && i < layout->count; i++) {
		struct cgroup_dir *dir = &cgroup.dirs[cgroup.count];

		if (!wanted(&layout->items[i], controllers))
			continue;
		*dir = (struct cgroup_dir){.hierarchy = &layout->items[i], .fd = -1};
		rc = path_make(&layout->items[i], path, controllers, needed, dir, err);
		if (dir->fd >= 0)
			cgroup.count++;
		if (rc == 0)
			rc = dir_fit(dir, path, err);
	}
	if (rc < 0) {
		for (size_t i = 0; i < cgroup.count; i++)
			if (cgroup.dirs[i].created)
				(void)path_remove(&cgroup.dirs[i], path, CGROUP_NOW, NULL);
		cgroup_close(&cgroup);
		return rc;
	}
	*ret_cgroup = cgroup;
	return 0;
}

int cgroup_open(const struct cgroup_layout *layout, const char *path, struct cgroup *ret_cgroup,
		struct err *err)
{
	struct cgroup cgroup = {.layout = layout, .path = path};
	int rc = cgroup_path_check(path, err);

	for (size_t i = 0; rc == 0 && i < layout->count; i++) {
		const struct cgroup_hierarchy *hierarchy = &layout->items[i];
		cleanup(fd_closep) int top = -1;
		int fd;

		if (!hierarchy->mount)
			continue;
		top = mount_open(hierarchy, err);
		if (top < 0) {
			rc = top;
			break;
		}
		fd = openat(top, path + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0)
			cgroup.dirs[cgroup.count++] = (struct cgroup_dir){hierarchy, fd, false};
		else if (errno != ENOENT)
			rc = err_sys(err, ERR_KERNEL, errno, path, "open of the cgroup");
	}
	if (rc == 0 && cgroup.count == 0)
		rc = err_set(err, ERR_NOTFOUND, ENOENT, path, "no such cgroup");
	if (rc < 0) {
		cgroup_close(&cgroup);
		return rc;
	}
	*ret_cgroup = cgroup;
	return 0;
}

void cgroup_close(struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->count; i++)
		fd_close(cgroup->dirs[i].fd);
	cgroup->count = 0;
}

const struct cgroup_dir *cgroup_dir_of(const struct cgroup *cgroup,
				       enum cgroup_controller controller)
{
	for (size_t i = 0; i < cgroup->count; i++)
		if (cgroup->dirs[i].hierarchy->controllers & CGROUP_BIT(controller))
			return &cgroup->dirs[i];
	return NULL;
}

int cgroup_unified(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->count; i++)
		if (cgroup->dirs[i].hierarchy->unified)
			return cgroup->dirs[i].fd;
	return -1;
}

int cgroup_apply(const struct cgroup *cgroup, const struct cgroup_resources *resources,
		 struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct cgroup_writes writes;
	int rc = cgroup_writes_build(resources, cgroup->layout, arena, &writes, err);

	if (rc == 0)
		rc = writes_run(cgroup, &writes, err);
	if (rc == 0 && resources->device_count && !cgroup_dir_of(cgroup, CGROUP_DEVICES))
		rc = devices_apply(cgroup, resources, arena, err);
	return rc;
}

int cgroup_enter(const struct cgroup *cgroup, pid_t pid, bool unified, struct err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; i < cgroup->count; i++) {
		int rc;

		if (cgroup->dirs[i].hierarchy->unified && !unified)
			continue;
		rc = cgroup_file_write(cgroup->dirs[i].fd, "cgroup.procs", text);
		if (rc < 0)
			return err_sys(err, ERR_KERNEL, -rc, cgroup->path,
				       "entering the cgroup below %s",
				       cgroup->dirs[i].hierarchy->mount);
	}
	return 0;
}

int cgroup_delegate(const struct cgroup *cgroup, uid_t uid, gid_t gid, struct err *err)
{
	int dir = cgroup_unified(cgroup);
	char list[1024] = DELEGATE_DEFAULT;
	char *rest = list, *file;

	if (dir < 0)
		return 0;
	if (cgroup_file_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", list, sizeof(list)) <= 0)
		(void)str_copy(list, sizeof(list), DELEGATE_DEFAULT);
	if (fchown(dir, uid, gid) < 0)
		return err_sys(err, ERR_KERNEL, errno, cgroup->path, "chown of the cgroup");
	while ((file = strsep(&rest, "\n")) != NULL)
		if (*file && fchownat(dir, file, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return err_sys(err, ERR_KERNEL, errno, cgroup->path, "chown of %s",
				       file);
	return 0;
}

int cgroup_fit(const struct cgroup *cgroup, struct err *err)
{
	if (cgroup_frozen(cgroup))
		return err_set(err, ERR_CONFLICT, EBUSY, cgroup->path,
			       "the cgroup is frozen: a process put there would hang");
	return 0;
}

void cgroup_prune(const struct cgroup_layout *layout, const char *path)
{
	if (cgroup_path_check(path, NULL) < 0)
		return;
	for (size_t i = 0; i < layout->count; i++) {
		cleanup(fd_closep) int top =
			layout->items[i].mount ? mount_open(&layout->items[i], NULL) : -1;

		if (top >= 0)
			(void)unlinkat(top, path + 1, AT_REMOVEDIR);
	}
}

int cgroup_delete(struct cgroup *cgroup, unsigned int wait_ms, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < cgroup->count; i++) {
		int one = path_remove(&cgroup->dirs[i], cgroup->path, wait_ms,
				      rc == 0 ? err : NULL);

		rc = rc < 0 ? rc : one;
	}
	if (rc == 0)
		cgroup_close(cgroup);
	return rc;
}

/* ----------------------------------------------------------------- making */

static bool wanted(const struct cgroup_hierarchy *hierarchy, unsigned int controllers)
{
	if (!hierarchy->mount)
		return false;
	return hierarchy->unified || (hierarchy->controllers & controllers) ||
	       controllers == CGROUP_ALL;
}

/* What is mounted there must be what /proc said, not something over it. */
static int mount_open(const struct cgroup_hierarchy *hierarchy, struct err *err)
{
	cleanup(fd_closep) int fd = open(hierarchy->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	int kept;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return err_sys(err, ERR_KERNEL, errno, hierarchy->mount, "open");
	if (fs.f_type != (hierarchy->unified ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC))
		return err_set(err, ERR_KERNEL, ENODEV, hierarchy->mount,
			       "something else than cgroups is mounted there");
	kept = fd;
	fd = -1;
	return kept;
}

/*
 * Part by part, each handing its controllers down (v2) or its processors and memories (v1's cpuset). Somebody may
 * remove an empty folder above between two steps: then from the beginning.
 */
static int path_make(const struct cgroup_hierarchy *hierarchy, const char *path,
		     unsigned int controllers, unsigned int needed, struct cgroup_dir *dir,
		     struct err *err)
{
	enum { TRIES = 10 };
	int rc = 0;

	for (int tries = 0; tries < TRIES; tries++) {
		cleanup(fd_closep) int at = mount_open(hierarchy, err);
		const char *part = path;

		rc = at < 0 ? at : 0;
		while (rc == 0 && *part) {
			char name[NAME_MAX + 1];
			size_t len = strcspn(++part, "/");
			int next;

			memcpy(name, part, len);
			name[len] = '\0';
			part += len;
			if (hierarchy->unified)
				rc = hand_down(at, path, controllers & hierarchy->controllers,
					       needed & hierarchy->controllers, err);
			if (rc < 0)
				break;
			dir->created = mkdirat(at, name, 0755) == 0;
			if (!dir->created && errno != EEXIST)
				return err_sys(err,
					       errno == EROFS ? ERR_UNSUPPORTED : ERR_KERNEL,
					       errno, path, "mkdir of the cgroup below %s",
					       hierarchy->mount);
			next = openat(at, name,
				      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
			rc = next < 0 ? -errno : 0;
			if (rc == 0 && (hierarchy->controllers & CGROUP_BIT(CGROUP_CPUSET)) &&
			    !hierarchy->unified)
				rc = cpuset_inherit(at, next);
			fd_close(at);
			at = next;
			if (rc < 0 && rc != -ENOENT && rc != -ENODEV)
				return err_sys(err, ERR_KERNEL, -rc, path,
					       "set up of the cgroup below %s",
					       hierarchy->mount);
		}
		if (rc == 0) {
			dir->fd = at;
			at = -1;
			return 0;
		}
		if (rc != -ENOENT && rc != -ENODEV)
			return rc;
	}
	return err_sys(err, ERR_KERNEL, -rc, path, "mkdir of the cgroup below %s",
		       hierarchy->mount);
}

/* cgroup.subtree_control of a parent: one controller at a time, for one that is refused must not take the others along. */
static int hand_down(int dir, const char *path, unsigned int controllers, unsigned int needed,
		     struct err *err)
{
	char has[512], on[512], word[32];
	unsigned int here, already;

	if (cgroup_file_read(dir, "cgroup.controllers", has, sizeof(has)) < 0 ||
	    cgroup_file_read(dir, "cgroup.subtree_control", on, sizeof(on)) < 0)
		return -ENOENT;
	here = cgroup_controllers_parse(has);
	already = cgroup_controllers_parse(on);
	for (enum cgroup_controller c = 0; c < CGROUP_CONTROLLER_COUNT; c++) {
		int rc;

		if (!(controllers & CGROUP_BIT(c)) || (already & CGROUP_BIT(c)))
			continue;
		snprintf(word, sizeof(word), "+%s", cgroup_controller_name(c, true));
		rc = here & CGROUP_BIT(c)
			     ? cgroup_file_write(dir, "cgroup.subtree_control", word)
			     : -ENODEV;
		if (rc == 0 || !(needed & CGROUP_BIT(c)))
			continue;
		if (rc == -EBUSY)
			return err_set(err, ERR_CONFLICT, EBUSY, path,
				       "controller %s cannot be handed down: a cgroup above "
				       "has processes of its own",
				       word + 1);
		return err_sys(err, ERR_UNSUPPORTED, -rc, path,
			       "controller %s is not handed down to it", word + 1);
	}
	return 0;
}

/* A v1 cpuset begins with no processor and no memory, and takes no process before it has both. */
static int cpuset_inherit(int parent, int dir)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};

	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		char text[4096];
		ssize_t n = cgroup_file_read(dir, files[i], text, sizeof(text));

		if (n < 0)
			return (int)n;
		if (text[0] && text[0] != '\n')
			continue;
		n = cgroup_file_read(parent, files[i], text, sizeof(text));
		if (n > 0)
			n = cgroup_file_write(dir, files[i], text);
		if (n < 0)
			return (int)n;
	}
	return 0;
}

/* One that we made just now is empty; it may still lie below a frozen one. */
static int dir_fit(const struct cgroup_dir *dir, const char *path, struct err *err)
{
	struct cgroup one = {.path = path, .count = 1};
	char text[64];

	one.dirs[0] = *dir;
	if (!dir->created && cgroup_file_read(dir->fd, "cgroup.procs", text, sizeof(text)) > 0)
		return err_set(err, ERR_CONFLICT, EBUSY, path,
			       "the cgroup below %s has processes already",
			       dir->hierarchy->mount);
	return cgroup_fit(&one, err);
}

/* ---------------------------------------------------------------- limits */

static int writes_run(const struct cgroup *cgroup, const struct cgroup_writes *writes,
		      struct err *err)
{
	for (size_t i = 0; i < writes->count; i++) {
		const struct cgroup_write *write = &writes->items[i];
		int rc = write_one(cgroup, write);

		/* lowering: the first goes first; raising: the second */
		if (rc < 0 && write->with_next && (rc == -EINVAL || rc == -EBUSY) &&
		    write_one(cgroup, write + 1) == 0)
			rc = write_one(cgroup, write);
		if (write->either && rc == 0) {
			i++;
			continue;
		}
		if (rc == -ENOENT && (write->optional || write->either))
			continue;
		if (rc == -ENOENT)
			return err_set(err, ERR_UNSUPPORTED, ENOENT, write->file,
				       "this kernel's cgroups have no such limit");
		if (rc < 0)
			return err_sys(err, ERR_KERNEL, -rc, write->file,
				       "write of \"%s\" into the cgroup", write->value);
	}
	return 0;
}

static int write_one(const struct cgroup *cgroup, const struct cgroup_write *write)
{
	const struct cgroup_dir *dir = write->controller < CGROUP_CONTROLLER_COUNT
					       ? cgroup_dir_of(cgroup, write->controller)
					       : NULL;
	int fd = dir ? dir->fd : write->unified ? cgroup_unified(cgroup) : -1;

	return fd < 0 ? -ENOENT : cgroup_file_write(fd, write->file, write->value);
}

static int devices_apply(const struct cgroup *cgroup, const struct cgroup_resources *resources,
			 struct arena *arena, struct err *err)
{
	struct bpf_insn *program = arena_array(arena, CGROUP_PROGRAM_MAX, sizeof(*program));
	int dir = cgroup_unified(cgroup);
	size_t count;

	if (dir < 0)
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, "devices",
			       "device rules need a v2 cgroup or v1's devices controller");
	count = cgroup_devices_program(resources->devices, resources->device_count, program);
	return cgroup_devices_attach(dir, program, count, err);
}

/* ---------------------------------------------------------------- removal */

/* What a container made below goes deepest first; EBUSY: processes that are on their way out. */
static int tree_remove(int parent, const char *name, unsigned int depth)
{
	int fd;
	DIR *dir;

	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	if (depth == 0)
		return -ELOOP;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		fd_close(fd);
		return -ENOMEM;
	}
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			(void)tree_remove(fd, entry->d_name, depth - 1);
	closedir(dir);
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

static int path_remove(const struct cgroup_dir *dir, const char *path, unsigned int wait_ms,
		       struct err *err)
{
	uint64_t until = clock_monotonic_ns() + (uint64_t)wait_ms * 1000000;
	cleanup(fd_closep) int top = mount_open(dir->hierarchy, err);
	int rc, pause_ms = 1;

	if (top < 0)
		return top;
	while ((rc = tree_remove(top, path + 1, CGROUP_DEPTH_MAX)) == -EBUSY &&
	       clock_monotonic_ns() < until) {
		poll(NULL, 0, pause_ms);
		pause_ms = pause_ms < 50 ? pause_ms * 2 : 50;
	}
	if (rc == -EBUSY)
		return err_set(err, ERR_CONFLICT, EBUSY, path,
			       "the cgroup below %s has processes that do not end",
			       dir->hierarchy->mount);
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, path, "rmdir of the cgroup");
	return 0;
}
