// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * images - unpacked images go. Floor F4.
 *
 * A container is written down before its shim mounts the image. So an image is first put aside, under a name that fetch.c
 * sweeps, and then it is looked once more who has it: whoever was written down before that has it back, whoever comes
 * after it does not find it and says so. Nobody ever runs on half an image.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "runner/files/files.h"
#include "runner/files/tree.h"
#include "runner/state/images.h"

static int used(void *ctx, const char *name);

int files_image_remove(const char *state_dir, const char *runtime_dir, const char *name, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/images", state_dir);
	cleanup(mem_freep) char *aside = mem_printf(".new-%012llx", (unsigned long long)random_id48());
	cleanup(fd_closep) int images = -1, lock = -1;
	int rc;

	if (!images_is_name(name))
		return err_set(err, ERR_USAGE, EINVAL, name, "is no name of an image");
	images = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	lock = images < 0 ? -1 : openat(images, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return err_sys(err, errno == EACCES ? ERR_PERMISSION : ERR_IO, errno, path, "lock of the images");
	rc = images_users(runtime_dir, name, used, err, err);
	if (rc < 0)
		return rc;
	if (renameat(images, name, images, aside) < 0)
		return errno == ENOENT ? 0 : err_sys(err, ERR_IO, errno, name, "put aside");
	rc = images_users(runtime_dir, name, used, err, err);
	if (rc < 0) {
		(void)renameat(images, aside, images, name);
		return rc;
	}
	rc = tree_remove(images, aside);
	return rc < 0 ? err_sys(err, ERR_IO, -rc, name, "remove") : 0;
}

/* ----------------------------------------------------------------- helpers */

static int used(void *ctx, const char *name)
{
	return err_set(ctx, ERR_CONFLICT, EBUSY, name, "the container has this image");
}
