// SPDX-License-Identifier: GPL-2.0-or-later
/* rdt - folders and files of resctrl. Floor F4. What is in linux.intelRdt is in rdt_config.c. */
#include "runner/oci/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/str.h"
#include "runner/cgroup/mountinfo.h"

enum { MOUNTS_MAX = 16 * 1024 * 1024, FILE_MAX = 1024 * 1024 };

#define WHAT "linux.intelRdt"
#define GROUPS "mon_groups"

static char *mount_find(void);
static int class_open(const struct oci_rdt_place *place);
static int class_make(const struct oci_rdt *rdt, struct oci_rdt_place *place, struct err *err);
static int compare(const struct oci_rdt *rdt, const char *had, const struct oci_rdt_place *place, struct err *err);
static int schemata_write(const struct oci_rdt *rdt, int folder, const struct oci_rdt_place *place, struct err *err);
static int group_make(struct oci_rdt_place *place, int folder, const char *id, struct err *err);
static int told(const struct oci_rdt_place *place, int no, const char *what, struct err *err);
static int pid_put(int folder, const char *file, pid_t pid);
static bool may_go(int folder, const char *name, uint64_t inode, bool killed);
static bool given(const struct oci_rdt *rdt);

void oci_rdt_fini(struct oci_rdt_place *place)
{
	free(place->path);
	*place = (struct oci_rdt_place){0};
}

int oci_rdt_plan(const struct oci_rdt *rdt, const char *id, struct oci_rdt_place *ret_place, struct err *err)
{
	cleanup(mem_freep) char *mount = mount_find();
	const char *name = rdt->clos ? rdt->clos : id;
	struct oci_rdt_place place = {.monitored = rdt->monitored};
	cleanup(mem_freep) char *group = NULL;
	struct stat st;

	/* "If no mounted resctrl pseudo-filesystem is available ... the runtime MUST generate an error." */
	if (!mount)
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, WHAT, "no resctrl file system is mounted");
	/* Folders of the kernel's own, no classes */
	if (str_eq(name, "info") || str_eq(name, GROUPS) || str_eq(name, "mon_data"))
		return err_set(err, ERR_NAME, EINVAL, WHAT, "no class can be called %s", name);
	place.root = strlen(mount);
	place.path = str_eq(name, "/") ? mem_strdup(mount) : mem_printf("%s/%s", mount, name);
	place.ours = lstat(place.path, &st) < 0 && errno == ENOENT;
	if (place.ours && rdt->clos && !given(rdt)) {
		free(place.path);
		return err_set(err, ERR_NOTFOUND, ENOENT, WHAT,
			       "there is no class %s, and no schema says what it were to be", name);
	}
	group = mem_printf("%s/" GROUPS "/%s", place.path, id);
	if (rdt->monitored && lstat(group, &st) == 0) {
		free(place.path);
		return err_set(err, ERR_TAKEN, EEXIST, WHAT, "%s is there already", group);
	}
	*ret_place = place;
	return 0;
}

int oci_rdt_make(const struct oci_rdt *rdt, const char *id, struct oci_rdt_place *place, struct err *err)
{
	cleanup(buf_fini) struct buf had = BUF_INIT;
	cleanup(fd_closep) int folder = -1;
	int rc = place->ours ? class_make(rdt, place, err) : 0;

	if (rc < 0)
		return rc;
	folder = class_open(place);
	if (folder < 0)
		return err_sys(err, ERR_KERNEL, -folder, WHAT, "open %s", place->path);
	if (given(rdt)) {
		rc = file_read_at(folder, "schemata", FILE_MAX, &had);
		if (rc < 0)
			return err_sys(err, ERR_KERNEL, -rc, WHAT, "read %s/schemata", place->path);
		if (!place->ours)
			rc = compare(rdt, buf_cstr(&had), place, err);
		if (rc == 0)
			rc = schemata_write(rdt, folder, place, err);
		else
			buf_clear(&had);
	}
	if (rc == 0 && rdt->monitored)
		rc = group_make(place, folder, id, err);
	if (rc < 0 && had.size && !place->ours)
		(void)file_put_at(folder, "schemata", buf_cstr(&had));
	return rc;
}

int oci_rdt_update(const struct oci_rdt *rdt, const struct oci_rdt_place *place, struct buf *ret_had, struct err *err)
{
	cleanup(mem_freep) char *mount = mount_find();
	cleanup(fd_closep) int folder = place->path ? class_open(place) : -ENOENT;
	/* why the kernel refused is told at the mount's root */
	const struct oci_rdt_place told_at = {.path = place->path, .root = mount ? strlen(mount) : 0};
	int rc;

	if (!place->path)
		return err_set(err, ERR_CONFLICT, ENOENT, WHAT, "the container was made without it");
	if (folder < 0)
		return err_sys(err, ERR_KERNEL, -folder, WHAT, "open %s", place->path);
	rc = file_read_at(folder, "schemata", FILE_MAX, ret_had);
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, WHAT, "read %s/schemata", place->path);
	return schemata_write(rdt, folder, &told_at, err);
}

void oci_rdt_restore(const struct oci_rdt_place *place, struct buf *had)
{
	cleanup(fd_closep) int folder = had->size ? class_open(place) : -ENOENT;

	if (folder >= 0)
		(void)file_put_at(folder, "schemata", buf_cstr(had));
}

int oci_rdt_enter(const struct oci_rdt_place *place, const char *id, pid_t pid, bool exec, struct err *err)
{
	cleanup(mem_freep) char *group = NULL;
	cleanup(fd_closep) int folder = -1;
	int rc;

	if (!place->path)
		return 0;
	folder = class_open(place);
	if (folder == -ENOENT && exec)
		return 0;
	rc = folder < 0 ? folder : pid_put(folder, "tasks", pid);
	if (rc == 0 && place->monitored) {
		/* of the class alone: from another one the kernel moves nobody there */
		group = mem_printf(GROUPS "/%s/tasks", id);
		rc = pid_put(folder, group, pid);
	}
	return rc < 0 ? err_sys(err, ERR_KERNEL, -rc, WHAT, "move process %d into %s", (int)pid, place->path) : 0;
}

int oci_rdt_remove(const struct oci_rdt_place *place, const char *id, bool killed, struct err *err)
{
	cleanup(mem_freep) char *group = NULL;
	cleanup(fd_closep) int folder = place->path ? class_open(place) : -ENOENT;

	if (folder < 0)
		return folder == -ENOENT || folder == -ENOTDIR
			       ? 0
			       : err_sys(err, ERR_KERNEL, -folder, WHAT, "open %s", place->path);
	group = mem_printf(GROUPS "/%s", id);
	if (place->monitored && may_go(folder, group, place->group, killed) &&
	    unlinkat(folder, group, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, ERR_KERNEL, errno, WHAT, "remove %s/%s", place->path, group);
	if (place->ours && may_go(folder, ".", place->inode, killed) && rmdir(place->path) < 0 && errno != ENOENT)
		return err_sys(err, ERR_KERNEL, errno, WHAT, "remove %s", place->path);
	return 0;
}

/* ----------------------------------------------------------------- helpers */

static bool given(const struct oci_rdt *rdt)
{
	return rdt->l3 || rdt->mb || rdt->lines[0];
}

/* The first that can be seen in our mount namespace, all of it, or NULL. Malloc'ed. */
static char *mount_find(void)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	struct mount_line mount;
	char *line, *rest;

	if (file_read("/proc/self/mountinfo", MOUNTS_MAX, &text) < 0 || !text.size)
		return NULL;
	rest = (char *)(uintptr_t)buf_cstr(&text);
	while ((line = strsep(&rest, "\n")))
		if (strstr(line, " - resctrl ") && mount_line_parse(line, &mount) && str_eq(mount.root, "/") &&
		    mount_line_visible(mount.point, mount.major, mount.minor))
			return mem_strdup(mount.point);
	return NULL;
}

static int class_open(const struct oci_rdt_place *place)
{
	int fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

static int class_make(const struct oci_rdt *rdt, struct oci_rdt_place *place, struct err *err)
{
	struct stat st;

	if (mkdir(place->path, 0755) < 0) {
		int no = errno;

		place->ours = false;
		/* Somebody who names the same class was faster. */
		return no == EEXIST && rdt->clos ? 0 : told(place, no, "make its class", err);
	}
	if (stat(place->path, &st) < 0)
		return err_sys(err, ERR_KERNEL, errno, WHAT, "stat of %s", place->path);
	place->inode = st.st_ino;
	return 0;
}

/* "MUST compare l3CacheSchema and/or memBwSchema value with schemata file, and generate an error if doesn't match" */
static int compare(const struct oci_rdt *rdt, const char *had, const struct oci_rdt_place *place, struct err *err)
{
	if (rdt->l3 && !oci_rdt_matches(had, rdt->l3))
		return err_set(err, ERR_CONFLICT, EBUSY, WHAT, "%s is there, and its schemata are not %s", place->path,
			       rdt->l3);
	if (rdt->mb && !oci_rdt_matches(had, rdt->mb))
		return err_set(err, ERR_CONFLICT, EBUSY, WHAT, "%s is there, and its schemata are not %s", place->path,
			       rdt->mb);
	return 0;
}

/* l3CacheSchema first, then memBwSchema, schemata last. One write(2) is one command, whose lines hold together or not. */
static int schemata_write(const struct oci_rdt *rdt, int folder, const struct oci_rdt_place *place, struct err *err)
{
	const char *const single[] = {rdt->l3, rdt->mb};
	cleanup(buf_fini) struct buf lines = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(single); i++) {
		cleanup(mem_freep) char *text = single[i] ? mem_printf("%s\n", single[i]) : NULL;

		rc = text ? file_put_at(folder, "schemata", text) : 0;
		if (rc < 0)
			return told(place, -rc, single[i], err);
	}
	for (size_t i = 0; rdt->lines[i]; i++)
		buf_printf(&lines, "%s\n", rdt->lines[i]);
	rc = lines.size ? file_put_at(folder, "schemata", buf_cstr(&lines)) : 0;
	return rc < 0 ? told(place, -rc, "schemata", err) : 0;
}

static int group_make(struct oci_rdt_place *place, int folder, const char *id, struct err *err)
{
	cleanup(mem_freep) char *group = mem_printf(GROUPS "/%s", id);
	struct stat st;

	if (mkdirat(folder, group, 0755) < 0)
		return told(place, errno, "make its monitoring group", err);
	if (fstatat(folder, group, &st, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, WHAT, "stat of %s/%s", place->path, group);
	place->group = st.st_ino;
	return 0;
}

static int pid_put(int folder, const char *file, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", (int)pid);
	return file_put_at(folder, file, text);
}

/* With the reason, which the kernel tells in a file. */
static int told(const struct oci_rdt_place *place, int no, const char *what, struct err *err)
{
	cleanup(mem_freep) char *file = mem_printf("%.*s/info/last_cmd_status", (int)place->root, place->path);
	cleanup(buf_fini) struct buf text = BUF_INIT;
	const char *why = "";
	size_t len = 0;

	if (file_read(file, FILE_MAX, &text) == 0) {
		why = buf_cstr(&text);
		len = strcspn(why, "\n");
	}
	if (len == 0 || (len == 2 && memcmp(why, "ok", 2) == 0))
		return err_sys(err, ERR_KERNEL, no, WHAT, "%s", what);
	return err_set(err, ERR_KERNEL, no, WHAT, "%s: %s (%.*s)", what, strerror(no), (int)(len > 200 ? 200 : len), why);
}

/* It is what we made; or, where we were killed before that was written down, nobody's. */
static bool may_go(int folder, const char *name, uint64_t inode, bool killed)
{
	cleanup(mem_freep) char *tasks = mem_printf("%s/tasks", name);
	cleanup(buf_fini) struct buf text = BUF_INIT;
	struct stat st;

	if (inode)
		return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == inode;
	return killed && file_read_at(folder, tasks, FILE_MAX, &text) == 0 && text.size == 0;
}
