/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tmpfs that has just been made and stands nowhere yet can be mounted with its ids mapped (MOUNT_ATTR_IDMAP of mount_setattr(2),
 * Linux >= 6.3), once. A file system that the kernel does not map (ramfs), and a mount that has its place already, are refused
 * with EINVAL. runner/oci/tree.c tries it and tells what the kernel said.
 */
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "tests/platform/platform.h"

enum { INSIDE = 5, SHOWN = 7 };

/* A user namespace in which what lies with the id INSIDE is shown as SHOWN. Return: its descriptor. */
static int mapping(void)
{
	int go[2], fd, status;
	char path[64], text[64];
	pid_t pid;

	HOLDS(pipe(go) == 0);
	pid = fork();
	HOLDS(pid >= 0);
	if (pid == 0) {
		close(go[1]);
		if (unshare(CLONE_NEWUSER) == 0)
			(void)!read(go[0], text, 1);
		_exit(0);
	}
	close(go[0]);
	/* until it has one of its own */
	for (int i = 0; i < 1000; i++) {
		struct stat ours, its;

		snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
		HOLDS(stat("/proc/self/ns/user", &ours) == 0 && stat(path, &its) == 0);
		if (ours.st_ino != its.st_ino)
			break;
		usleep(10000);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	HOLDS(fd >= 0);
	snprintf(text, sizeof(text), "%d %d 1\n", INSIDE, SHOWN);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	write_file(path, text);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	write_file(path, text);
	close(go[1]);
	HOLDS(waitpid(pid, &status, 0) == pid);
	return fd;
}

static int fresh(const char *type)
{
	int fs = fsopen(type, FSOPEN_CLOEXEC), fd;

	HOLDS(fs >= 0);
	HOLDS(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	HOLDS(fd >= 0);
	close(fs);
	return fd;
}

static int map(int fd, int userns)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)userns};

	return mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0 ? 0 : -errno;
}

int main(void)
{
	unsigned major = 0, minor = 0;
	struct utsname name;
	struct stat st;
	int userns, fd, file;

	HOLDS(uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2);
	HOLDS(unshare(CLONE_NEWNS) == 0);
	HOLDS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	userns = mapping();

	fd = fresh("ramfs");
	HOLDS(map(fd, userns) == -EINVAL);
	close(fd);

	fd = fresh("tmpfs");
	if (major < 6 || (major == 6 && minor < 3)) {
		HOLDS(map(fd, userns) == -EINVAL);
		lacks("ids of a tmpfs cannot be mapped (Linux < 6.3)");
	}
	file = openat(fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	HOLDS(file >= 0 && fchown(file, INSIDE, INSIDE) == 0);
	HOLDS(fstatat(fd, "file", &st, 0) == 0 && st.st_uid == INSIDE);
	close(file);
	HOLDS(map(fd, userns) == 0);
	HOLDS(fstatat(fd, "file", &st, 0) == 0 && st.st_uid == SHOWN && st.st_gid == SHOWN);
	HOLDS(map(fd, userns) == -EPERM); /* once */

	HOLDS(move_mount(fd, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH) == 0);
	HOLDS(stat("/tmp/file", &st) == 0 && st.st_uid == SHOWN);
	close(fd);
	fd = fresh("tmpfs");
	HOLDS(move_mount(fd, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH) == 0);
	HOLDS(map(fd, userns) == -EINVAL);
	return 0;
}
