/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netns - network namespaces as descriptors. Floor F2. */
#include "lib/kern/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/fdio.h"

int netns_home(int *ret_fd, struct err *err)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "open own network namespace");
	*ret_fd = fd;
	return 0;
}

int netns_create(int home_fd, int *ret_fd, struct err *err)
{
	int fd = -1, r;

	if (unshare(CLONE_NEWNET) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "new network namespace");
	r = netns_home(&fd, err);
	netns_leave(home_fd);
	if (r == 0)
		*ret_fd = fd;
	return r;
}

int netns_check(int fd, struct err *err)
{
	struct statfs fs;
	int type;

	if (fstatfs(fd, &fs) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "statfs of namespace");
	/* The ioctl is asked of nsfs only: on any other file the number might mean something. */
	type = fs.f_type == NSFS_MAGIC ? ioctl(fd, NS_GET_NSTYPE) : -1;
	if (type != CLONE_NEWNET)
		return err_set(err, ERR_USAGE, EINVAL, NULL, "not a network namespace");
	return 0;
}

bool netns_is_none(const char *path)
{
	struct statfs fs;
	int fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW); /* whatever its mode */
	bool none = fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type != NSFS_MAGIC;

	if (fd >= 0)
		fd_close(fd);
	return none;
}

int netns_open(const char *path, int *ret_fd, struct err *err)
{
	int fd, r;

	/* O_NONBLOCK: a fifo in its place must not hold us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_KERNEL, errno, path,
			       "open %s", path);
	r = netns_check(fd, err);
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int netns_enter(int fd, struct err *err)
{
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "enter network namespace");
	return 0;
}

void netns_leave(int home_fd)
{
	/* A thread in the wrong namespace would do the right thing to the wrong stack. */
	if (setns(home_fd, CLONE_NEWNET) < 0)
		abort();
}

int netns_pin(int fd, const char *path, struct err *err)
{
	char source[32];
	int file, r;

	file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0);
	if (file < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "make %s", path);
	fd_close(file);
	snprintf(source, sizeof(source), "/proc/self/fd/%d", fd);
	if (mount(source, path, NULL, MS_BIND, NULL) < 0) {
		r = err_sys(err, ERR_KERNEL, errno, path, "pin namespace at %s", path);
		(void)unlink(path);
		return r;
	}
	return 0;
}

enum { UNPIN_TRIES = 5, UNPIN_PAUSE_MS = 2 };

static int unpin_once(const char *path, struct err *err)
{
	/* EINVAL: the file stands without a mount: a pin that was cut off half-way. */
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
	    errno != ENOENT)
		return err_sys(err, ERR_KERNEL, errno, path, "unpin %s", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, ERR_KERNEL, errno, path, "remove %s", path);
	return 0;
}

int netns_unpin(const char *path, struct err *err)
{
	struct err last = ERR_INIT;
	int r = unpin_once(path, &last);

	/* a pin that stays keeps a namespace with all in it alive; the kernel's memory may only have been short */
	for (int try = 1; r < 0 && try < UNPIN_TRIES; try++) {
		poll(NULL, 0, UNPIN_PAUSE_MS);
		last = ERR_INIT;
		r = unpin_once(path, &last);
	}
	if (r < 0 && err)
		*err = last;
	return r;
}

/* A mount point has another device, or the same one with another mount: its parent tells by the mount id. */
static int mount_id(const char *path, uint64_t *ret_id)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) < 0)
		return -errno;
	if (!(st.stx_mask & STATX_MNT_ID))
		return -EOPNOTSUPP;
	*ret_id = st.stx_mnt_id;
	return 0;
}

int netns_pin_folder(const char *path, struct err *err)
{
	char parent[4096];
	uint64_t own, above;
	int r;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, ERR_KERNEL, errno, path, "make %s", path);
	if ((size_t)snprintf(parent, sizeof(parent), "%s/..", path) >= sizeof(parent))
		return err_set(err, ERR_USAGE, ENAMETOOLONG, path, "path too long");
	r = mount_id(path, &own);
	if (r == 0)
		r = mount_id(parent, &above);
	if (r < 0)
		return err_sys(err, ERR_KERNEL, -r, path, "mount of %s", path);
	if (own == above && mount(path, path, NULL, MS_BIND, NULL) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "bind %s to itself", path);
	if (mount(NULL, path, NULL, MS_PRIVATE, NULL) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "make %s private", path);
	return 0;
}

int netns_identify(int fd, struct netns_id *ret_id, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "stat of namespace");
	*ret_id = (struct netns_id){.dev = st.st_dev, .ino = st.st_ino};
	return 0;
}

int netns_owner(int fd, uint32_t *ret_uid, struct err *err)
{
	uid_t uid = 0;
	int user_fd = -1;
	int r = netns_user(fd, &user_fd, err);

	if (r < 0)
		return r;
	if (ioctl(user_fd, NS_GET_OWNER_UID, &uid) < 0)
		r = err_sys(err, ERR_KERNEL, errno, NULL, "owner of namespace");
	fd_close(user_fd);
	*ret_uid = uid;
	return r;
}

bool netns_user_is_own(int fd)
{
	struct stat own, user;
	int user_fd;
	bool is;

	if (netns_user(fd, &user_fd, NULL) < 0)
		return false;
	is = fstat(user_fd, &user) == 0 && stat("/proc/self/ns/user", &own) == 0 && own.st_dev == user.st_dev &&
	     own.st_ino == user.st_ino;
	fd_close(user_fd);
	return is;
}

bool netns_same(int fd_a, int fd_b)
{
	struct stat a, b;

	return fstat(fd_a, &a) == 0 && fstat(fd_b, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int netns_user(int fd, int *ret_userns_fd, struct err *err)
{
	int user_fd = ioctl(fd, NS_GET_USERNS); /* opened O_CLOEXEC by the kernel */

	if (user_fd < 0)
		return err_sys(err, ERR_PERMISSION, errno, NULL,
			       "user namespace of network namespace");
	*ret_userns_fd = user_fd;
	return 0;
}
