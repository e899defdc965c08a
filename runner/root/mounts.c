// SPDX-License-Identifier: GPL-2.0-or-later
/* mounts - the inside of a container's file tree. Floor F4. */
#include "runner/root/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/root/mountfd.h"
#include "runner/spec/security.h"
#include "runner/spec/x11.h"

/* Device nodes, bound from the host's; the numbers are verified on the descriptor (CVE-2025-31133). */
static const struct {
	const char *name;
	unsigned int major, minor;
} devices[MOUNTS_NODES] = {
	{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
	{"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const char *const device_links[][2] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
	{"ptmx", "pts/ptmx"},
};

/* Told to nobody: hidden behind /dev/null or an empty folder. Relative to /proc and /sys. */
static const char *const proc_masked[] = {
	"acpi",          "asound", "interrupts",  "kcore",      "keys",
	"latency_stats", "scsi",   "sched_debug", "timer_list", "timer_stats"};
static const char *const sys_masked[] = {"firmware", "devices/virtual/powercap"};
/* Seen, not written */
static const char *const proc_read_only[] = {"bus", "fs", "irq", "sys", "sysrq-trigger"};

/* With --read-only still writable, as they are in the layer. */
static const char *const kept_writable[] = {"run", "tmp", "var/tmp"};

static const uint64_t ATTRS_QUIET = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
static const uint64_t ATTRS_SAFE = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV;

static int host_copy(const char *path, int *ret_mount, struct err *err);
static int devices_open(int nodes[static MOUNTS_NODES], struct err *err);
static int devices_attach(int root, const struct mounts *mounts, struct err *err);
static int dev_folder(int dev, const char *name, int mount, struct err *err);
static int x11_attach(int root, const struct spec_x11 *x11, int *ret_folder, struct err *err);
static int seal(int mount, const char *path, struct err *err);
static int covers_attach(const struct spec *spec, const struct mounts *mounts, struct err *err);
static int throttle_mask(const struct spec *spec, const struct mounts *mounts, struct err *err);
static int tmpfs_attach(int root, const char *text, struct err *err);
static int mask(int top, const char *path, int null, int empty, struct err *err);
static int rebind(int top, const char *path, bool read_only, struct err *err);

int mounts_prepare(const struct spec *spec, struct mounts *ret_mounts, struct err *err)
{
	static const char *const dev_options[] = {"mode=0755", "size=64k", NULL};
	static const char *const empty_options[] = {"mode=0555", "size=4k", NULL};
	static const char *const pts_options[] = {"mode=0620", "ptmxmode=0666", "gid=5", NULL};
	static const char *const shm_options[] = {"mode=1777", "size=25%", NULL};
	const bool own_pid = spec->pid != SPEC_NS_HOST, own_ipc = spec->ipc == SPEC_NS_OWN;
	const struct {
		bool wanted;
		int *place;
		const char *type;
		const char *const *options;
		uint64_t attrs;
	} file_systems[] = {
		{own_pid, &ret_mounts->proc, "proc", NULL, ATTRS_SAFE},
		{spec->net != SPEC_NET_HOST, &ret_mounts->sys, "sysfs", NULL,
		 ATTRS_SAFE | MOUNT_ATTR_RDONLY},
		{true, &ret_mounts->dev, "tmpfs", dev_options, ATTRS_QUIET},
		{true, &ret_mounts->pts, "devpts", pts_options, ATTRS_QUIET},
		{own_ipc, &ret_mounts->shm, "tmpfs", shm_options, ATTRS_SAFE},
		{spec->ipc != SPEC_NS_HOST, &ret_mounts->mqueue, "mqueue", NULL, ATTRS_SAFE},
		{true, &ret_mounts->empty, "tmpfs", empty_options, ATTRS_SAFE | MOUNT_ATTR_RDONLY},
	};
	int rc = devices_open(ret_mounts->nodes, err);

	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(file_systems); i++) {
		*file_systems[i].place = -1;
		if (!file_systems[i].wanted)
			continue;
		*file_systems[i].place =
			mountfd_new(file_systems[i].type, NULL, file_systems[i].options,
				    file_systems[i].attrs, err);
		rc = *file_systems[i].place < 0 ? *file_systems[i].place : 0;
	}
	return rc;
}

int mounts_host_proc(int *ret_mount, struct err *err)
{
	int fd = mountfd_new("proc", NULL, NULL, ATTRS_SAFE, err);

	*ret_mount = fd;
	return fd < 0 ? fd : 0;
}

int mounts_host_sys(int *ret_mount, struct err *err)
{
	int fd = mountfd_new("sysfs", NULL, NULL, ATTRS_SAFE | MOUNT_ATTR_RDONLY, err);

	*ret_mount = fd;
	return fd < 0 ? fd : 0;
}

int mounts_host_shm(int *ret_mount, struct err *err)
{
	return host_copy("/dev/shm", ret_mount, err);
}

int mounts_host_mqueue(int *ret_mount, struct err *err)
{
	int fd = mountfd_new("mqueue", NULL, NULL, ATTRS_SAFE, err);

	*ret_mount = fd;
	return fd < 0 ? fd : 0;
}

int mounts_enter(const struct spec *spec, const struct mounts *mounts, int root,
		 const struct mounts_extra *extras, size_t extra_count, struct err *err)
{
	const int given[] = {mounts->proc, mounts->sys,    mounts->dev,   mounts->pts,
			     mounts->shm,  mounts->mqueue, mounts->empty, root};
	int rc, x11 = -1;

	/* From here on every failure ends the process, and its namespace with it: nothing to undo. */
	if (move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "mount of the root");
	rc = mountfd_attach(root, "proc", mounts->proc, err);
	if (rc == 0)
		rc = mountfd_attach(root, "sys", mounts->sys, err);
	if (rc == 0)
		rc = devices_attach(root, mounts, err);
	if (rc == 0)
		rc = covers_attach(spec, mounts, err);
	if (rc == 0 && spec->read_only && !spec->rootfs && !spec->image)
		for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(kept_writable); i++)
			rc = rebind(root, kept_writable[i], false, err);
	for (size_t i = 0; rc == 0 && spec->tmpfs[i]; i++)
		rc = tmpfs_attach(root, spec->tmpfs[i], err);
	if (rc == 0 && spec->x11)
		rc = x11_attach(root, spec->x11, &x11, err);
	for (size_t i = 0; rc == 0 && i < extra_count; i++)
		rc = mountfd_attach(root, extras[i].target, extras[i].mount, err);
	for (size_t i = 0; rc == 0 && spec->security.mask && spec->security.mask[i]; i++)
		rc = mask(root, spec->security.mask[i], mounts->nodes[0], mounts->empty, err);
	if (rc == 0 && x11 >= 0)
		rc = seal(x11, X11_FOLDER, err);
	if (rc == 0 && spec->read_only)
		rc = seal(root, "/", err);
	if (rc == 0)
		rc = mountfd_root_change(root, err);

	/* Descriptors of mounts are ways in and out: none survives. */
	fd_close(x11);
	for (size_t i = 0; i < MOUNTS_NODES; i++)
		fd_close(mounts->nodes[i]);
	for (size_t i = 0; i < extra_count; i++)
		fd_close(extras[i].mount);
	for (size_t i = 0; i < ARRAY_COUNT(given); i++)
		fd_close(given[i]);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static int host_copy(const char *path, int *ret_mount, struct err *err)
{
	struct mount_attr attr = {.attr_set = ATTRS_SAFE, .propagation = MS_PRIVATE};
	int fd = open_tree(AT_FDCWD, path,
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "copy of the mount");
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
		int no = errno;

		fd_close(fd);
		return err_sys(err, ERR_KERNEL, no, path, "mount_setattr");
	}
	*ret_mount = fd;
	return 0;
}

/* Copies of the mounts of the host's nodes: the nodes themselves are never touched. */
static int devices_open(int nodes[static MOUNTS_NODES], struct err *err)
{
	for (size_t i = 0; i < ARRAY_COUNT(devices); i++) {
		char path[32];
		struct stat st;

		snprintf(path, sizeof(path), "/dev/%s", devices[i].name);
		nodes[i] = open_tree(AT_FDCWD, path,
				     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
		if (nodes[i] < 0 || fstat(nodes[i], &st) < 0)
			return err_sys(err, ERR_KERNEL, errno, path, "open");
		if (!S_ISCHR(st.st_mode) ||
		    st.st_rdev != makedev(devices[i].major, devices[i].minor))
			return err_set(err, ERR_KERNEL, ENODEV, path, "is not the device %u:%u",
				       devices[i].major, devices[i].minor);
	}
	return 0;
}

static int devices_attach(int root, const struct mounts *mounts, struct err *err)
{
	int dev = mounts->dev;
	int rc = mountfd_attach(root, "dev", dev, err);

	for (size_t i = 0; rc == 0 && i < MOUNTS_NODES; i++) {
		cleanup(fd_closep) int target =
			openat(dev, devices[i].name,
			       O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);

		rc = target < 0 ? err_sys(err, ERR_KERNEL, errno, devices[i].name, "open")
				: mountfd_attach_at(target, mounts->nodes[i], devices[i].name, err);
	}
	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(device_links); i++)
		if (symlinkat(device_links[i][1], dev, device_links[i][0]) < 0)
			rc = err_sys(err, ERR_KERNEL, errno, device_links[i][0], "symlink");
	if (rc == 0)
		rc = dev_folder(dev, "pts", mounts->pts, err);
	if (rc == 0)
		rc = dev_folder(dev, "shm", mounts->shm, err);
	if (rc == 0)
		rc = dev_folder(dev, "mqueue", mounts->mqueue, err);
	return rc;
}

static int dev_folder(int dev, const char *name, int mount, struct err *err)
{
	cleanup(fd_closep) int target = -1;

	if (mkdirat(dev, name, 0755) < 0)
		return err_sys(err, ERR_KERNEL, errno, name, "mkdir");
	target = openat(dev, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (target < 0)
		return err_sys(err, ERR_KERNEL, errno, name, "open");
	return mountfd_attach_at(target, mount, name, err);
}

/* A folder of its own for the socket, which comes as an extra, and the cookie: nothing of the host's /tmp. */
static int x11_attach(int root, const struct spec_x11 *x11, int *ret_folder, struct err *err)
{
	static const char *const options[] = {"mode=0755", "size=16k", NULL};
	cleanup(buf_fini) struct buf text = BUF_INIT;
	cleanup(fd_closep) int file = -1;
	int fd = mountfd_new("tmpfs", NULL, options, ATTRS_SAFE, err);
	int rc = fd < 0 ? fd : mountfd_attach(root, X11_FOLDER, fd, err);

	if (rc == 0 && x11->cookie) {
		rc = x11_authority_make(x11, &text);
		if (rc == 0) {
			file = openat(fd, "authority", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				      0444);
			rc = file < 0 ? -errno : fd_write_file(file, text.data, text.size);
		}
		if (rc < 0)
			err_sys(err, ERR_IO, -rc, X11_AUTHORITY, "write");
	}
	if (rc < 0)
		fd_close(fd);
	else
		*ret_folder = fd;
	return rc;
}

static int seal(int mount, const char *path, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	if (mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "make read-only");
	return 0;
}

/* What is told to nobody, and what is not written; but for what was taken off by name. */
static int covers_attach(const struct spec *spec, const struct mounts *mounts, struct err *err)
{
	static const struct {
		const char *top;
		const char *const *paths;
		size_t count;
		bool hidden;
	} covers[] = {
		{"/proc", proc_masked, ARRAY_COUNT(proc_masked), true},
		{"/sys", sys_masked, ARRAY_COUNT(sys_masked), true},
		{"/proc", proc_read_only, ARRAY_COUNT(proc_read_only), false},
	};
	int rc = throttle_mask(spec, mounts, err);

	for (size_t i = 0; i < ARRAY_COUNT(covers); i++) {
		int top = str_eq(covers[i].top, "/sys") ? mounts->sys : mounts->proc;

		for (size_t j = 0; rc == 0 && j < covers[i].count; j++) {
			char path[128];

			snprintf(path, sizeof(path), "%s/%s", covers[i].top, covers[i].paths[j]);
			if (security_unmasked(spec, path))
				continue;
			rc = covers[i].hidden ? mask(top, covers[i].paths[j], mounts->nodes[0],
						     mounts->empty, err)
					      : rebind(top, covers[i].paths[j], true, err);
		}
	}
	return rc;
}

/* How hot each processor was tells what others compute on it. Where one has it, all have. */
static int throttle_mask(const struct spec *spec, const struct mounts *mounts, struct err *err)
{
	static const char format[] = "devices/system/cpu/cpu%u/thermal_throttle", possible[] = "devices/system/cpu/possible";
	cleanup(buf_fini) struct buf list = BUF_INIT;
	unsigned int last = 0, cpu = 0;
	char path[64];
	int rc;

	snprintf(path, sizeof(path), format, 0U);
	if (security_unmasked(spec, "/sys/devices/system/cpu") ||
	    faccessat(mounts->sys, path, F_OK, 0) < 0)
		return 0;
	/* Those that may yet be plugged in too: "0-3,8-11". sysconf(3) of musl counts where we may run, not what there is. */
	rc = file_read_at(mounts->sys, possible, 4096, &list);
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, possible, "read");
	for (const char *at = buf_cstr(&list); *at; at += strcspn(at, ",-\n"), at += *at != '\0')
		last = (unsigned int)strtoul(at, NULL, 10);
	for (; rc == 0 && cpu <= last; cpu++) {
		snprintf(path, sizeof(path), format, cpu);
		rc = mask(mounts->sys, path, mounts->nodes[0], mounts->empty, err);
	}
	return rc;
}

static int tmpfs_attach(int root, const char *text, struct err *err)
{
	struct spec_tmpfs tmpfs;
	int rc = spec_tmpfs_parse(text, &tmpfs, err), fd;

	if (rc == 0) {
		const char *const options[] = {tmpfs.mode, tmpfs.size, NULL};

		fd = mountfd_new("tmpfs", NULL, options,
				 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (tmpfs.noexec ? MOUNT_ATTR_NOEXEC : 0U), err);
		rc = fd < 0 ? fd : mountfd_attach(root, tmpfs.path, fd, err);
		fd_close(fd);
	}
	return rc;
}

/* What is not there needs no mask. */
static int mask(int top, const char *path, int null, int empty, struct err *err)
{
	cleanup(fd_closep) int target = mountfd_beneath(top, path, O_PATH);
	cleanup(fd_closep) int cover = -1;
	struct stat st;

	if (target < 0)
		return target == -ENOENT ? 0 : err_sys(err, ERR_KERNEL, -target, path, "open");
	if (fstat(target, &st) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "stat");
	cover = open_tree(S_ISDIR(st.st_mode) ? empty : null, "",
			  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	/* Before 6.15 a mount that is nowhere yet cannot be copied: the first folder takes it as it is. */
	if (cover < 0 && errno == EINVAL && S_ISDIR(st.st_mode))
		return mountfd_attach_at(target, empty, path, err);
	if (cover < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "copy of the mask");
	return mountfd_attach_at(target, cover, path, err);
}

/* The same once more, mounted on itself with rights of its own. */
static int rebind(int top, const char *path, bool read_only, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	cleanup(fd_closep) int target = mountfd_beneath(top, path, O_PATH);
	cleanup(fd_closep) int copy = -1;

	if (target < 0)
		return target == -ENOENT ? 0 : err_sys(err, ERR_KERNEL, -target, path, "open");
	copy = open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (copy < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "copy of the mount");
	if (read_only && mount_setattr(copy, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "make read-only");
	return mountfd_attach_at(target, copy, path, err);
}
