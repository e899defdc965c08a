// SPDX-License-Identifier: GPL-2.0-or-later
/* mountfd - mounts by descriptor. Floor F4. */
#include "runner/root/mountfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { PATH_COMPONENTS_MAX = 256, LINKS_MAX = 40, PATH_SIZE = 4096 };

static int option_set(int context, const char *type, const char *option, struct err *err);
static int target_make(int root, const char *path, bool folder, bool follow, struct err *err);
static bool last_make(int root, const char *path, bool folder);
static int walk(int root, const char *path, bool folder, char *ret_again, struct err *err);
static int component_make(int at, const char *name, bool folder);
static int link_follow(int at, const char *name, const char *so_far, const char *rest, char *ret_again);

int mountfd_new(const char *type, const char *source, const char *const *options, uint64_t attrs,
		struct err *err)
{
	cleanup(fd_closep) int context = fsopen(type, FSOPEN_CLOEXEC);
	int fd;

	if (context < 0)
		return err_sys(err, ERR_KERNEL, errno, type, "fsopen");
	if (source && *source &&
	    fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, type, "source=%s", source);
	for (size_t i = 0; options && options[i]; i++) {
		int rc = option_set(context, type, options[i], err);

		if (rc < 0)
			return rc;
	}
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, type, "make the file system");
	fd = fsmount(context, FSMOUNT_CLOEXEC, (unsigned int)attrs);
	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, type, "fsmount");
	return fd;
}

int mountfd_attach(int root, const char *path, int mount, struct err *err)
{
	cleanup(fd_closep) int target = -1;
	struct stat st;

	if (fstat(mount, &st) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "stat");
	target = mountfd_target(root, path, S_ISDIR(st.st_mode), false, err);
	if (target < 0)
		return target;
	return mountfd_attach_at(target, mount, path, err);
}

int mountfd_attach_at(int target, int mount, const char *path, struct err *err)
{
	if (move_mount(mount, "", target, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "mount");
	return 0;
}

int mountfd_beneath(int top, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, top, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	return fd < 0 ? -errno : (int)fd;
}

int mountfd_target(int root, const char *path, bool folder, bool follow, struct err *err)
{
	uint64_t kind = O_PATH | (folder ? O_DIRECTORY : 0);
	int fd;

	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (p[2] == '/' || p[2] == '\0'))
			return err_set(err, ERR_USAGE, EINVAL, path,
				       "\"..\" in a path inside");
	/* It mostly is there, or almost. */
	fd = mountfd_beneath(root, path, kind);
	if (fd == -ENOENT && last_make(root, path, folder))
		fd = mountfd_beneath(root, path, kind);
	if (fd >= 0 || fd != -ENOENT)
		return fd >= 0 ? fd : err_sys(err, ERR_KERNEL, -fd, path, "open");
	return target_make(root, path, folder, follow, err);
}

int mountfd_root_change(int root, struct err *err)
{
	if (fchdir(root) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "chdir to the new root");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "umount of the host's tree");
	if (chdir("/") < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "chdir to /");
	return 0;
}

/* ----------------------------------------------------------------- helpers */

static int option_set(int context, const char *type, const char *option, struct err *err)
{
	const char *value = strchr(option, '=');
	char key[64];
	int rc;

	if ((value ? (size_t)(value - option) : strlen(option)) >= sizeof(key))
		return err_set(err, ERR_USAGE, EINVAL, type, "option \"%.100s\"", option);
	if (value) {
		snprintf(key, sizeof(key), "%.*s", (int)(value - option), option);
		rc = fsconfig(context, FSCONFIG_SET_STRING, key, value + 1, 0);
	} else {
		rc = fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0);
	}
	return rc < 0 ? err_sys(err, ERR_KERNEL, errno, type, "option \"%.200s\"", option) : 0;
}

/* The long way has three paths in its frame: a function of its own, so that who finds the target in place touches none of it. */
__attribute__((noinline)) static int target_make(int root, const char *path, bool folder, bool follow, struct err *err)
{
	char again[PATH_SIZE];
	int fd;

	for (int links = 0; links < LINKS_MAX; links++) {
		fd = walk(root, path, folder, again, err);
		if (fd != -ELOOP)
			return fd;
		if (!follow)
			return err_sys(err, ERR_KERNEL, EEXIST, path, "make the place to mount on");
		path = again;
	}
	return err_set(err, ERR_KERNEL, ELOOP, path, "too many symbolic links");
}

/* Most often the last component alone is missing. Return: it was made; if not, walk() sees what there is. */
static bool last_make(int root, const char *path, bool folder)
{
	size_t len = strlen(path), start;
	cleanup(fd_closep) int at = -1;
	cleanup(mem_freep) char *copy = NULL;

	while (len > 0 && path[len - 1] == '/')
		len--;
	for (start = len; start > 0 && path[start - 1] != '/';)
		start--;
	copy = mem_strndup(path, len);
	if (start == 0 || start == len || str_eq(copy + start, "."))
		return false;
	copy[start - 1] = '\0';
	at = mountfd_beneath(root, start > 1 ? copy : "/", O_PATH | O_DIRECTORY);
	return at >= 0 && component_make(at, copy + start, folder) == 0;
}

/*
 * Component by component, always from the root, making what is missing: folders on the way, then a folder or an
 * empty file. Where a link leads to what is not there yet (/etc/resolv.conf of many images): -ELOOP, with the path
 * that is meant in @ret_again.
 */
static int walk(int root, const char *path, bool folder, char *ret_again, struct err *err)
{
	cleanup(mem_freep) char *copy = mem_strdup(path);
	char *rest = copy, *part;
	int at = mountfd_beneath(root, ".", O_PATH | O_DIRECTORY);
	char so_far[PATH_SIZE] = "";
	size_t len = 0;

	if (at < 0)
		return err_sys(err, ERR_KERNEL, -at, path, "open");
	for (int count = 0; (part = strsep(&rest, "/"));) {
		bool last = !rest || rest[strspn(rest, "/")] == '\0';
		uint64_t kind = O_PATH | (last && !folder ? 0 : O_DIRECTORY);
		size_t parent = len;
		int next, rc;

		if (!*part || str_eq(part, "."))
			continue;
		if (++count > PATH_COMPONENTS_MAX ||
		    len + strlen(part) + 2 > sizeof(so_far)) {
			fd_close(at);
			return err_set(err, ERR_USAGE, ENAMETOOLONG, path,
				       "too many folders in a path inside");
		}
		len += (size_t)snprintf(so_far + len, sizeof(so_far) - len, "/%s", part);
		next = mountfd_beneath(root, so_far, kind);
		if (next == -ENOENT) {
			rc = component_make(at, part, !last || folder);
			if (rc == -EEXIST) {
				so_far[parent] = '\0';
				rc = link_follow(at, part, so_far, rest ? rest : "", ret_again);
			}
			if (rc < 0) {
				fd_close(at);
				return rc == -ELOOP ? rc
						    : err_sys(err, ERR_KERNEL, -rc, path,
							      "make the place to mount on");
			}
			next = mountfd_beneath(root, so_far, kind);
		}
		fd_close(at);
		if (next < 0)
			return err_sys(err, ERR_KERNEL, -next, path, "open");
		at = next;
	}
	return at;
}

static int component_make(int at, const char *name, bool folder)
{
	int fd;

	if (folder)
		return mkdirat(at, name, 0755) < 0 ? -errno : 0;
	fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	fd_close(fd);
	return 0;
}

static int link_follow(int at, const char *name, const char *so_far, const char *rest, char *ret_again)
{
	char target[PATH_SIZE];
	ssize_t n = readlinkat(at, name, target, sizeof(target) - 1);
	int len;

	if (n < 0)
		return errno == EINVAL ? -EAGAIN : -errno; /* no link: somebody was faster */
	target[n] = '\0';
	/* @ret_again may be what @rest was copied from, never @rest itself */
	len = snprintf(ret_again, PATH_SIZE, "%s/%s/%s", target[0] == '/' ? "" : so_far, target, rest);
	return len < 0 || len >= PATH_SIZE ? -ENAMETOOLONG : -ELOOP;
}
