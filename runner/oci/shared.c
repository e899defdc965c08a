// SPDX-License-Identifier: GPL-2.0-or-later
/* shared - mounts in a namespace of others. Floor F4. */
#include "runner/oci/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "runner/root/mountfd.h"

#define OWN_NAMESPACE "/proc/self/ns/mnt"

/* Since 6.8, never used again; before, the plain id is. statx(2) */
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x00004000U
#endif

static int mount_id(int fd, uint64_t *ret_id);
static int take_back_inside(const struct oci_shared *shared, int ns, const char *rootfs);

bool oci_mounts_shared(const struct oci_config *config)
{
	const struct oci_namespace *ns = &config->namespaces[OCI_NS_MOUNT];

	return !ns->wanted || ns->path;
}

int oci_shared_note(const struct oci_config *config, int ns, int root, struct oci_shared *ret_shared,
		    struct err *err)
{
	struct oci_shared shared = {0};
	struct stat st;
	int rc;

	if ((ns >= 0 ? fstat(ns, &st) : stat(OWN_NAMESPACE, &st)) < 0)
		return err_sys(err, ERR_KERNEL, errno, OWN_NAMESPACE, "stat");
	rc = mount_id(root, &shared.mount);
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, "root.path", "ask for the id of the mount");
	shared.inode = st.st_ino;
	if (ns >= 0)
		shared.path = mem_strdup(config->namespaces[OCI_NS_MOUNT].path);
	*ret_shared = shared;
	return 0;
}

int oci_shared_place(int root, const char *rootfs, struct err *err)
{
	cleanup(fd_closep) int target = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (target < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_KERNEL, errno, rootfs,
			       "root.path, in the mount namespace that is joined");
	return mountfd_attach_at(target, root, rootfs, err);
}

int oci_shared_enter(int root, struct err *err)
{
	if (fchdir(root) < 0 || chroot(".") < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "chroot");
	return 0;
}

int oci_shared_take_back(const struct oci_shared *shared, const char *rootfs, struct err *err)
{
	cleanup(fd_closep) int ns = -1;
	int status = 0;
	struct stat st;
	pid_t child;

	if (!shared->inode)
		return 0;
	ns = open(shared->path ? shared->path : OWN_NAMESPACE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (ns < 0 || fstat(ns, &st) < 0 || st.st_ino != shared->inode)
		return 0;
	/* setns(2) changes root and working directory: in a process of its own */
	child = fork();
	if (child == 0)
		_exit(take_back_inside(shared, ns, rootfs));
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (child < 0 || !WIFEXITED(status))
		return err_sys(err, ERR_KERNEL, child < 0 ? errno : ECHILD, rootfs, "take back the mounts");
	return WEXITSTATUS(status) ? err_sys(err, ERR_KERNEL, WEXITSTATUS(status), rootfs, "take back the mounts")
				   : 0;
}

/* ----------------------------------------------------------------- helpers */

static int mount_id(int fd, uint64_t *ret_id)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID | STATX_MNT_ID_UNIQUE, &stx) < 0)
		return -errno;
	if (!(stx.stx_mask & (STATX_MNT_ID | STATX_MNT_ID_UNIQUE)))
		return -ENOTSUP;
	*ret_id = stx.stx_mnt_id;
	return 0;
}

/* Return: 0, or errno. Whatever is mounted on top of ours is somebody's who will take it away himself. */
static int take_back_inside(const struct oci_shared *shared, int ns, const char *rootfs)
{
	uint64_t id;
	int fd, rc;

	if (shared->path && setns(ns, CLONE_NEWNS) < 0)
		return errno;
	fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
	rc = mount_id(fd, &id);
	if (rc < 0)
		return -rc;
	if (id != shared->mount)
		return 0;
	return fchdir(fd) < 0 || umount2(".", MNT_DETACH) < 0 ? errno : 0;
}
