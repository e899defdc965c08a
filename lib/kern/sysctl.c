/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sysctl - net sysctls by number, written and read back. Floor F2. */
#include "lib/kern/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/features.h"

static bool is_bridge_key(uint16_t key)
{
	return key == SYSCTL_BRIDGE_CALL_IPTABLES || key == SYSCTL_BRIDGE_CALL_IP6TABLES ||
	       key == SYSCTL_BRIDGE_CALL_ARPTABLES;
}

static const char net_path[] = "/proc/sys/net/";
static const char *const dir_names[] = { "ipv4/", "ipv6/" };

static int root_open(void)
{
	int fs = fsopen("proc", FSOPEN_CLOEXEC), mnt = -1, fd = -1;

	if (fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mnt = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (mnt >= 0)
		fd = openat(mnt, "sys/net", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd_close(mnt);
	fd_close(fs);
	return fd;
}

void sysctl_roots_open(struct sysctl_roots *roots)
{
	for (roots->count = 0; roots->count < SYSCTL_ROOTS; roots->count++) {
		roots->fds[roots->count] = root_open();
		if (roots->fds[roots->count] < 0)
			return;
	}
}

void sysctl_roots_close(struct sysctl_roots *roots)
{
	while (roots->count)
		fd_close(roots->fds[--roots->count]);
}

void sysctl_dirs_init(struct sysctl_dirs *dirs, const struct sysctl_roots *roots, uint64_t number)
{
	*dirs = (struct sysctl_dirs)SYSCTL_DIRS_INIT;
	if (roots && roots->count)
		dirs->root = roots->fds[number % roots->count];
}

void sysctl_dirs_close(struct sysctl_dirs *dirs)
{
	for (size_t i = 0; i < ARRAY_COUNT(dirs->fds); i++) {
		fd_close(dirs->fds[i]);
		dirs->fds[i] = -1;
	}
}

/* Return: the directory that @path leads through, and the rest of it; AT_FDCWD and all of it where there is none. */
static int dir_of(struct sysctl_dirs *dirs, const char *path, const char **ret_rest)
{
	const char *name = path + strlen(net_path);

	*ret_rest = path;
	for (size_t i = 0; dirs && i < ARRAY_COUNT(dir_names); i++) {
		const char *from = dirs->root < 0 ? path : name;
		char folder[sizeof("/proc/sys/net/ipv6")];

		if (!str_starts(path, net_path) || !str_starts(name, dir_names[i]))
			continue;
		if (dirs->fds[i] < 0 && dirs->root >= 0 && dirs->once) {
			*ret_rest = name;
			return dirs->root;
		}
		snprintf(folder, sizeof(folder), "%.*s", (int)(name - from + 4), from);
		if (dirs->fds[i] < 0)
			dirs->fds[i] = openat(dirs->root < 0 ? AT_FDCWD : dirs->root, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dirs->fds[i] < 0)
			break;
		*ret_rest = name + strlen(dir_names[i]);
		return dirs->fds[i];
	}
	return AT_FDCWD;
}

static int sysctl_open(struct sysctl_dirs *dirs, const struct obj_sysctl *sysctl, int flags, char path[192],
		       struct err *err)
{
	static const char root[] = "/proc/sys/";
	const char *rest;
	int dir, fd, r;

	memcpy(path, root, sizeof(root));
	r = obj_sysctl_path(sysctl, path + sizeof(root) - 1, 192 - (sizeof(root) - 1));
	if (r < 0)
		return err_set(err, ERR_INTERNAL, EINVAL, NULL, "no such sysctl: %u",
			       sysctl->key);
	dir = dir_of(dirs, path, &rest);
	fd = openat(dir, rest, flags | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(err, errno == ENOENT ? ERR_UNSUPPORTED : ERR_KERNEL, errno, path,
			       "%s", path);
	return fd;
}

/* Value of an open key. ping_group_range shows two numbers; it is 1 when open for all. */
static int value_read(int fd, const struct obj_sysctl *sysctl, int32_t *ret_value)
{
	char text[64], *end;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	long value;

	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (sysctl->key == SYSCTL_PING_GROUP_RANGE) {
		unsigned long low, high;

		if (sscanf(text, "%lu %lu", &low, &high) != 2)
			return -EBADMSG;
		*ret_value = low == 0 && high == 2147483647;
		return 0;
	}
	errno = 0;
	value = strtol(text, &end, 10);
	if (end == text || errno || value < INT32_MIN || value > INT32_MAX)
		return -EBADMSG;
	*ret_value = (int32_t)value;
	return 0;
}

int sysctl_read(struct sysctl_dirs *dirs, const struct obj_sysctl *sysctl, int32_t *ret_value, struct err *err)
{
	char path[192];
	int fd, r;

	fd = sysctl_open(dirs, sysctl, O_RDONLY, path, err);
	if (fd == -ENOENT && is_bridge_key(sysctl->key)) {
		*ret_value = 0;
		return 0;
	}
	if (fd < 0)
		return fd;
	r = value_read(fd, sysctl, ret_value);
	fd_close(fd);
	return r < 0 ? err_sys(err, ERR_KERNEL, -r, path, "read %s", path) : 0;
}

int sysctl_write(struct sysctl_dirs *dirs, const struct obj_sysctl *sysctl, struct err *err)
{
	char path[192], text[32];
	int32_t value;
	int fd, len, r;

	fd = sysctl_open(dirs, sysctl, O_RDWR, path, err);
	if (fd == -ENOENT && is_bridge_key(sysctl->key) && sysctl->value == 0)
		return 0;
	if (fd < 0)
		return fd;
	if (sysctl->key == SYSCTL_PING_GROUP_RANGE)
		len = snprintf(text, sizeof(text), "%s",
			       sysctl->value ? "0 2147483647" : "1 0");
	else
		len = snprintf(text, sizeof(text), "%d", sysctl->value);
	r = write(fd, text, (size_t)len) == len ? 0 : -errno;
	if (r < 0) {
		fd_close(fd);
		return err_sys(err, ERR_KERNEL, -r, path, "write %s to %s", text, path);
	}
	r = value_read(fd, sysctl, &value);
	fd_close(fd);
	if (r < 0)
		return err_sys(err, ERR_KERNEL, -r, path, "read back %s", path);
	if (value != sysctl->value)
		return err_set(err, ERR_KERNEL, EIO, path, "%s: wrote %d, read back %d", path,
			       sysctl->value, value);
	return 0;
}
