// SPDX-License-Identifier: GPL-2.0-or-later
/* stopped - a container's tree without the container. Floor F4. */
#include "runner/files/stopped.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/process/namespaces.h"
#include "runner/process/sync.h"
#include "runner/root/mountfd.h"
#include "runner/root/rootfs.h"

enum { LOCK_WAIT_MS = 5000 }; /* of another copy, or a shim that ends */

/* What the process is told first. @sync: its end; @other: ours, to be closed */
struct inner {
	int sync, other;
	int (*run)(void *ctx);
	void *ctx;
};

static int tree_give(struct state_dir *dir, const struct spec *spec, uint32_t base, pid_t pid, int sync,
		     struct err *err);
static int root_open(struct state_dir *dir, const struct spec *spec, int userns, int *ret_root, struct err *err);
static int mount_give(void *sync, int mount, const char *path, struct err *err);
static int inner_run(void *ctx);
static int tree_take(int sync, struct err *err);

int stopped_spawn(struct state_dir *dir, int (*run)(void *ctx), void *ctx, pid_t *ret_pid, int *ret_pidfd,
		  struct err *err)
{
	const struct namespaces namespaces = {.userns = NAMESPACES_NEW,
					      .netns = NAMESPACES_NEW,
					      .pidns = NAMESPACES_NEW,
					      .ipcns = NAMESPACES_NEW,
					      .target = -1};
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	struct inner inner = {.run = run, .ctx = ctx};
	struct sync_msg msg;
	struct state state;
	struct spec spec;
	int ends[2];
	int rc = state_dir_lock(dir, LOCK_WAIT_MS, err);

	if (rc == 0)
		rc = state_load(dir, &state, err);
	if (rc == 0)
		rc = state_spec_load(dir, arena, &doc, &spec, err);
	if (rc < 0)
		return rc;
	if (state.status != STATE_EXITED || state.id_base <= 0)
		return err_set(err, ERR_CONFLICT, EBUSY, dir->name.name, "the container neither runs nor rests");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || sync_pair(ends) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "a mount namespace");
	inner.sync = ends[1];
	inner.other = ends[0];
	rc = namespaces_spawn(&namespaces, inner_run, &inner, ret_pid, ret_pidfd, err);
	fd_close(ends[1]);
	if (rc == 0) {
		rc = tree_give(dir, &spec, (uint32_t)state.id_base, *ret_pid, ends[0], err);
		if (rc == 0 && (sync_recv(ends[0], &msg, NULL) != 1 || msg.kind != SYNC_READY))
			rc = msg.kind == SYNC_FAILED && msg.err.no
				     ? (*err = msg.err, -msg.err.no)
				     : err_set(err, ERR_INTERNAL, EPIPE, NULL, "the process inside was lost");
		if (rc < 0) {
			(void)kill(*ret_pid, SIGKILL);
			while (waitpid(*ret_pid, NULL, 0) < 0 && errno == EINTR)
				;
			fd_close(*ret_pidfd);
		}
	}
	fd_close(ends[0]);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static int tree_give(struct state_dir *dir, const struct spec *spec, uint32_t base, pid_t pid, int sync,
		     struct err *err)
{
	const struct sync_msg mapped = {.kind = SYNC_MAPPED}, done = {.kind = SYNC_MOUNT, .value = SYNC_MOUNT_DONE};
	struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
	cleanup(fd_closep) int userns = -1;
	int mount, rc = namespaces_map(pid, base, err);

	if (rc == 0) {
		userns = namespaces_open(pid, "user", err);
		rc = userns < 0 ? userns : sync_send(sync, &mapped, -1);
	}
	if (rc == 0)
		rc = root_open(dir, spec, userns, &mount, err);
	/* What is mounted below it has its place since the first start. */
	if (rc == 0 && spec->read_only && mount_setattr(mount, "", AT_EMPTY_PATH, &sealed, sizeof(sealed)) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, "/", "mount_setattr");
	if (rc == 0)
		rc = mount_give(&sync, mount, "/", err);
	if (rc == 0 && !spec->rootfs && !spec->image)
		rc = rootfs_host_mounts(mount_give, &sync, err);
	for (size_t i = 0; rc == 0 && i < spec->volume_count; i++) {
		const struct spec_volume *volume = &spec->volumes[i];

		rc = rootfs_folder(volume->source, userns, volume->read_only, &mount, err);
		if (rc == 0)
			rc = mount_give(&sync, mount, volume->target, err);
	}
	return rc == 0 ? sync_send(sync, &done, -1) : rc;
}

/* In the mount namespace that is ours alone: there its layer is mounted where it rests, and stays. */
static int root_open(struct state_dir *dir, const struct spec *spec, int userns, int *ret_root, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/fs", dir->path);
	cleanup(fd_closep) int layer = -1;

	if (spec->rootfs)
		return rootfs_folder(spec->rootfs, userns, false, ret_root, err);
	if (!rootfs_layer_pinned(dir))
		return err_set(err, ERR_NOTFOUND, ENOENT, dir->path, "the container has left no files");
	/* Not by the folder's descriptor, which is of the mount namespace we came from: the overlay takes none of there. */
	layer = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (layer < 0)
		return err_sys(err, ERR_IO, errno, path, "open of the layer");
	return spec->image ? rootfs_image(spec, layer, userns, ret_root, err)
			   : rootfs_view(layer, ret_root, err);
}

static int mount_give(void *sync, int mount, const char *path, struct err *err)
{
	struct sync_msg msg = {.kind = SYNC_MOUNT};
	int rc = 0;

	if (strlen(path) >= sizeof(msg.text))
		rc = err_set(err, ERR_LIMIT, ENAMETOOLONG, NULL, "the path to mount on is too long");
	if (rc == 0) {
		memcpy(msg.text, path, strlen(path) + 1);
		rc = sync_send(*(int *)sync, &msg, mount);
		/* why, it says itself */
		if (rc == -EPIPE)
			rc = 0;
	}
	fd_close(mount);
	return rc;
}

static int inner_run(void *ctx)
{
	const struct inner *inner = ctx;
	struct sync_msg msg = {.kind = SYNC_READY};
	int rc;

	fd_close(inner->other);
	rc = sync_recv(inner->sync, &msg, NULL) == 1 && msg.kind == SYNC_MAPPED
		     ? namespaces_become_root(&msg.err)
		     : err_set(&msg.err, ERR_INTERNAL, EPIPE, NULL, "who reads the archive is gone");
	if (rc == 0)
		rc = tree_take(inner->sync, &msg.err);
	msg.kind = rc == 0 ? SYNC_READY : SYNC_FAILED;
	if (sync_send(inner->sync, &msg, -1) < 0 || rc < 0)
		return 1;
	fd_close(inner->sync);
	return inner->run(inner->ctx);
}

/* The first is the root. After success nothing of the host's tree is reachable. */
static int tree_take(int sync, struct err *err)
{
	struct sync_msg msg;
	int root = -1, mount, rc = 0;
	/* Unpacking needs it; and the kernel gives one only as long as the host's is in sight. */
	cleanup(fd_closep) int proc = mountfd_new("proc", NULL, NULL,
						  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
							  MOUNT_ATTR_NOEXEC,
						  err);

	if (proc < 0)
		return proc;
	while (rc == 0) {
		if (sync_recv(sync, &msg, &mount) != 1 || msg.kind != SYNC_MOUNT)
			return err_set(err, ERR_INTERNAL, EPIPE, NULL, "who reads the archive is gone");
		if (msg.value == SYNC_MOUNT_DONE)
			break;
		if (root < 0) {
			root = mount;
			rc = move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0
				     ? err_sys(err, ERR_KERNEL, errno, NULL, "mount of the root")
				     : mountfd_attach(root, "proc", proc, err);
		} else {
			rc = mountfd_attach(root, msg.text, mount, err);
			fd_close(mount);
		}
	}
	return rc == 0 ? mountfd_root_change(root, err) : rc;
}
