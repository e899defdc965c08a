// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * devices - what is in a container's /dev: the nodes every one has, those of
 * linux.devices, the links. Floor F4. All is made relative to a descriptor of
 * the container's /dev, found beneath its root: a /dev that is a symbolic link
 * leads nowhere else (CVE-2026-41579). Where mknod(2) is not for us, in a user
 * namespace, the host's node is bound, when it is the one that is meant.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/str.h"
#include "runner/oci/tree.h"
#include "runner/root/mountfd.h"

static const struct oci_device defaults[] = {
	{"/dev/null", S_IFCHR, 1, 3, 0666, 0, 0},   {"/dev/zero", S_IFCHR, 1, 5, 0666, 0, 0},
	{"/dev/full", S_IFCHR, 1, 7, 0666, 0, 0},   {"/dev/random", S_IFCHR, 1, 8, 0666, 0, 0},
	{"/dev/urandom", S_IFCHR, 1, 9, 0666, 0, 0}, {"/dev/tty", S_IFCHR, 5, 0, 0666, 0, 0},
};

static const char *const links[][2] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
	{"ptmx", "pts/ptmx"},
};

static bool hosts_dev(const struct oci_config *config);
static bool listed(const struct oci_config *config, const char *path);
static int device_make(const struct oci_config *config, struct oci_tree *tree,
		       const struct oci_device *device, struct err *err);
static int device_look(int folder, const char *name, const struct oci_device *device,
		       struct err *err);
static int device_bind(int folder, const char *name, const struct oci_device *device,
		       struct err *err);
static int link_make(int dev, const char *name, const char *target, struct err *err);

int oci_devices_make(const struct oci_config *config, struct oci_tree *tree, struct err *err)
{
	mode_t mask;
	int rc = 0;

	/* The host's own /dev, bound: nothing is made there, ever. */
	if (hosts_dev(config))
		return 0;
	tree->dev = mountfd_target(tree->root, "/dev", true, true, err);
	if (tree->dev < 0)
		return tree->dev;
	mask = umask(0);
	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(defaults); i++)
		if (!listed(config, defaults[i].path))
			rc = device_make(config, tree, &defaults[i], err);
	for (size_t i = 0; rc == 0 && i < config->device_count; i++)
		rc = device_make(config, tree, &config->devices[i], err);
	umask(mask);
	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(links); i++)
		rc = link_make(tree->dev, links[i][0], links[i][1], err);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static bool hosts_dev(const struct oci_config *config)
{
	bool bound = false;

	for (size_t i = 0; i < config->mount_count; i++) {
		const char *at = config->mounts[i].destination;

		if (str_eq(at, "/dev") || str_eq(at, "/dev/") || str_eq(at, "/"))
			bound = config->mounts[i].bind;
	}
	return bound;
}

static bool listed(const struct oci_config *config, const char *path)
{
	for (size_t i = 0; i < config->device_count; i++)
		if (str_eq(config->devices[i].path, path))
			return true;
	return false;
}

static int device_make(const struct oci_config *config, struct oci_tree *tree,
		       const struct oci_device *device, struct err *err)
{
	const char *name = strrchr(device->path, '/') + 1;
	size_t len = (size_t)(name - device->path);
	cleanup(fd_closep) int elsewhere = -1;
	int folder = tree->dev;
	bool userns = config->namespaces[OCI_NS_USER].wanted;

	/* "/dev/null/" or "/dev/.." is no node */
	if (!*name || str_eq(name, ".") || str_eq(name, ".."))
		return err_set(err, ERR_USAGE, EINVAL, device->path, "no name of a device");
	if (len != sizeof("/dev/") - 1 || !str_starts(device->path, "/dev/")) {
		cleanup(mem_freep) char *above = mem_strndup(device->path, len);

		elsewhere = mountfd_target(tree->root, above, true, true, err);
		if (elsewhere < 0)
			return elsewhere;
		folder = elsewhere;
	}
	if (userns && device->type != S_IFIFO)
		return device_bind(folder, name, device, err);
	if (mknodat(folder, name, device->type | device->mode,
		    makedev(device->major, device->minor)) < 0) {
		if (errno == EEXIST)
			return device_look(folder, name, device, err);
		if (errno == EPERM)
			return device_bind(folder, name, device, err);
		return err_sys(err, ERR_KERNEL, errno, device->path, "mknod");
	}
	tree->nodes |= device->type != S_IFIFO;
	if ((device->uid || device->gid) &&
	    fchownat(folder, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, ERR_KERNEL, errno, device->path, "chown");
	return 0;
}

/* config-linux.md, Devices: what is there already must be that device. */
static int device_look(int folder, const char *name, const struct oci_device *device,
		       struct err *err)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, ERR_KERNEL, errno, device->path, "stat");
	if ((st.st_mode & S_IFMT) != device->type ||
	    (device->type != S_IFIFO && st.st_rdev != makedev(device->major, device->minor)))
		return err_set(err, ERR_CONFLICT, EEXIST, device->path,
			       "something else is there already");
	return 0;
}

static int device_bind(int folder, const char *name, const struct oci_device *device,
		       struct err *err)
{
	cleanup(fd_closep) int source = open_tree(
		AT_FDCWD, device->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	cleanup(fd_closep) int target = -1;
	struct stat st;

	if (source < 0 || fstat(source, &st) < 0)
		return err_sys(err, ERR_KERNEL, errno, device->path, "open the host's device");
	if ((st.st_mode & S_IFMT) != device->type ||
	    st.st_rdev != makedev(device->major, device->minor))
		return err_set(err, ERR_KERNEL, ENODEV, device->path,
			       "the host's is not the device %u:%u", device->major,
			       device->minor);
	target = openat(folder, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (target < 0 && errno == EEXIST) {
		target = openat(folder, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
		if (target >= 0 && (fstat(target, &st) < 0 || S_ISDIR(st.st_mode) ||
				    S_ISLNK(st.st_mode)))
			return err_set(err, ERR_CONFLICT, EEXIST, device->path,
				       "something else is there already");
	}
	if (target < 0)
		return err_sys(err, ERR_KERNEL, errno, device->path, "make the place");
	return mountfd_attach_at(target, source, device->path, err);
}

/* The rootfs may have them already, and then it is its own affair; /dev/ptmx must be of its own devpts. */
static int link_make(int dev, const char *name, const char *target, struct err *err)
{
	struct stat st;

	if (symlinkat(target, dev, name) == 0)
		return 0;
	if (errno == EEXIST && str_eq(name, "ptmx") &&
	    fstatat(dev, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(st.st_mode) &&
	    !S_ISDIR(st.st_mode) && unlinkat(dev, name, 0) == 0 &&
	    symlinkat(target, dev, name) == 0)
		return 0;
	/* A root that is read-only lower down does without, as it did before. */
	if (errno == EEXIST || errno == EBUSY || errno == EROFS)
		return 0;
	return err_sys(err, ERR_KERNEL, errno, name, "link in /dev");
}
