// SPDX-License-Identifier: GPL-2.0-or-later
/* seal - starting anew from where nobody writes. Floor F4. */
#include "runner/oci/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "runner/process/helper.h"

static int mount_copy(void);
static int memory_copy(void);
static bool sealed(void);
static void origin_keep(void);

int oci_seal_self(char **argv, struct err *err)
{
	int fd;

	if (sealed())
		return 0;
	fd = mount_copy();
	if (fd < 0)
		fd = memory_copy();
	if (fd < 0)
		return err_sys(err, ERR_KERNEL, -fd, "/proc/self/exe", "make a copy for ourselves");
	origin_keep();
	/* Close-on-exec: the mount is dissolved then, and no mount_setattr(2) finds it any more. */
	execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	fd_close(fd);
	return err_sys(err, ERR_KERNEL, errno, "/proc/self/exe", "exec");
}

/* ----------------------------------------------------------------- helpers */

static bool sealed(void)
{
	const int wanted = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	cleanup(fd_closep) int exe = -1;
	struct statfs st;
	int seals;

	if (statfs("/proc/self/exe", &st) < 0)
		return false;
	if (st.f_flags & ST_RDONLY)
		return true;
	/* Only files of memfd_create(2) have seals. */
	if (st.f_type != TMPFS_MAGIC)
		return false;
	exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	seals = fcntl(exe, F_GET_SEALS);
	return seals >= 0 && (seals & wanted) == wanted;
}

/* A copy lies nowhere: who looks for programs beside it is told where the first lay. */
static void origin_keep(void)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len > 0) {
		path[len] = '\0';
		(void)setenv(HELPER_ORIGIN, path, 1);
	}
}

static int mount_copy(void)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	int fd = open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
		fd_close(fd);
		return -errno;
	}
	return fd;
}

static int memory_copy(void)
{
	cleanup(fd_closep) int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("moat-runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct stat st;

	if (exe < 0 || fd < 0 || fstat(exe, &st) < 0)
		goto failed;
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(fd, exe, NULL, (size_t)left);

		if (n <= 0)
			goto failed;
		left -= n;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
failed:
	fd_close(fd);
	return errno ? -errno : -EIO;
}
