/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shim_mounts - what the container's first process puts in place: its root, what shows the host's namespaces, volumes, an X
 * socket. Floor F4. It makes none of them itself, since it has no right to.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/fdio.h"
#include "runner/container/shim_own.h"
#include "runner/root/mounts.h"
#include "runner/root/rootfs.h"
#include "runner/spec/x11.h"

/* That it is gone is no failure here: the next word it is heard by tells why. Any other is, or both would wait for a word for ever. */
static int word_send(struct shim *shim, const struct sync_msg *msg, int fd, struct err *err)
{
	int rc = sync_send(shim->sync, msg, fd);

	return rc == 0 || rc == -EPIPE
		       ? 0
		       : err_sys(err, ERR_KERNEL, -rc, NULL, "a word to the container's first process");
}

static int mount_send(struct shim *shim, int mount, int index, const char *target,
		      struct err *err)
{
	struct sync_msg msg = {.kind = SYNC_MOUNT, .value = index};
	int rc;

	if (strlen(target) >= sizeof(msg.text)) {
		fd_close(mount);
		return err_set(err, ERR_LIMIT, ENAMETOOLONG, NULL,
			       "the path to mount on is too long");
	}
	memcpy(msg.text, target, strlen(target) + 1);
	rc = word_send(shim, &msg, mount, err);
	fd_close(mount);
	return rc;
}

static int extra_send(void *ctx, int mount, const char *path, struct err *err)
{
	return mount_send(ctx, mount, 0, path, err);
}

static int layer_make(struct shim *shim, void (*between)(void *ctx), void *ctx, struct err *err)
{
	int rc = rootfs_layer_mount(&shim->dir, &shim->layer, err);

	return rc < 0 ? rc
		      : rootfs_layer_seed(&shim->spec, (uint32_t)shim->state.id_base, shim->layer, between, ctx, err);
}

/* What shows namespaces that are not its own: its root could not make these, or would make others. */
static int host_mounts_send(struct shim *shim, struct err *err)
{
	const struct spec *spec = &shim->spec;
	const struct {
		bool wanted;
		enum sync_mount kind;
		int (*make)(int *ret_mount, struct err *err);
	} mounts[] = {
		{spec->pid == SPEC_NS_HOST, SYNC_MOUNT_PROC, mounts_host_proc},
		{spec->net == SPEC_NET_HOST, SYNC_MOUNT_SYS, mounts_host_sys},
		{spec->ipc == SPEC_NS_HOST, SYNC_MOUNT_SHM, mounts_host_shm},
		{spec->ipc == SPEC_NS_HOST, SYNC_MOUNT_MQUEUE, mounts_host_mqueue},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(mounts); i++) {
		int mount = -1;

		if (!mounts[i].wanted)
			continue;
		rc = mounts[i].make(&mount, err);
		if (rc == 0)
			rc = mount_send(shim, mount, mounts[i].kind, "", err);
	}
	if (rc == 0 && shim->join.shm >= 0) {
		rc = mount_send(shim, shim->join.shm, SYNC_MOUNT_SHM, "", err);
		shim->join.shm = -1;
	}
	return rc;
}

int shim_mounts_send(struct shim *shim, void (*between)(void *ctx), void *ctx, struct err *err)
{
	const struct spec *spec = &shim->spec;
	struct sync_msg done = {.kind = SYNC_MOUNT, .value = SYNC_MOUNT_DONE};
	int mount = -1, rc;

	if (spec->rootfs) {
		rc = rootfs_folder(spec->rootfs, shim->userns, false, &mount, err);
	} else {
		bool fresh = shim->layer_mount < 0 && shim->layer < 0;

		rc = 0;
		if (fresh)
			rc = layer_make(shim, between, ctx, err);
		else if (shim->layer < 0)
			rc = rootfs_layer_put(&shim->dir, shim->layer_mount, &shim->layer, err);
		if (rc == 0 && spec->image)
			rc = rootfs_image(spec, shim->layer, shim->userns, &mount, err);
		else if (rc == 0)
			rc = rootfs_view(shim->layer, &mount, err);
	}
	if (rc == 0)
		rc = mount_send(shim, mount, SYNC_MOUNT_ROOT, "/", err);
	if (rc == 0)
		rc = host_mounts_send(shim, err);
	if (rc == 0 && !spec->rootfs && !spec->image)
		rc = rootfs_host_mounts(extra_send, shim, err);
	for (size_t i = 0; rc == 0 && i < spec->volume_count; i++) {
		const struct spec_volume *volume = &spec->volumes[i];

		rc = rootfs_folder(volume->source, shim->userns, volume->read_only, &mount,
				   err);
		if (rc == 0)
			rc = mount_send(shim, mount, (int)i, volume->target, err);
	}
	if (rc == 0 && spec->x11) {
		char path[32];

		x11_socket_path(spec->x11, path);
		rc = rootfs_socket(path, &mount, err);
		if (rc == 0)
			rc = mount_send(shim, mount, 0, path, err);
	}
	if (rc == 0)
		rc = word_send(shim, &done, -1, err);
	return rc;
}
