// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oom - being told when a container's memory ran out. Floor F4 (runner/cgroup).
 *
 *	v1   an eventfd(2) named in cgroup.event_control (Documentation/admin-guide/cgroup-v1/memory.rst, 10);
 *	     it is written to before somebody is killed, and when the folder is removed
 *	v2   inotify(7) of memory.events, whose oom_kill counts who was killed, in folders below too
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "runner/cgroup/cgroup.h"

static int open_v1(struct cgroup_oom *oom);
static int open_v2(struct cgroup_oom *oom);
static uint64_t killed(int dir);

int cgroup_oom_open(const struct cgroup *cgroup, struct cgroup_oom *ret_oom, struct err *err)
{
	const struct cgroup_dir *memory = cgroup_dir_of(cgroup, CGROUP_MEMORY);
	struct cgroup_oom oom = CGROUP_OOM_INIT;
	int rc;

	if (!memory)
		return err_set(err, ERR_NOTFOUND, ENOENT, cgroup->path, "no memory is counted there");
	oom.dir = fcntl(memory->fd, F_DUPFD_CLOEXEC, 3);
	oom.unified = memory->hierarchy->unified;
	rc = oom.dir < 0 ? -errno : oom.unified ? open_v2(&oom) : open_v1(&oom);
	if (rc < 0) {
		cgroup_oom_close(&oom);
		return err_sys(err, ERR_KERNEL, -rc, cgroup->path, "watch for the end of memory");
	}
	*ret_oom = oom;
	return 0;
}

void cgroup_oom_close(struct cgroup_oom *oom)
{
	fd_close(oom->fd);
	fd_close(oom->dir);
	*oom = CGROUP_OOM_INIT;
}

uint64_t cgroup_oom_take(struct cgroup_oom *oom)
{
	char notes[4096];
	uint64_t count = 0;

	if (oom->fd < 0)
		return 0;
	if (!oom->unified) {
		/* One that is removed has no file any more. */
		if (read(oom->fd, &count, sizeof(count)) != sizeof(count) ||
		    cgroup_file_read(oom->dir, "memory.oom_control", notes, sizeof(notes)) < 0)
			return 0;
		return count;
	}
	while (read(oom->fd, notes, sizeof(notes)) > 0)
		;
	count = killed(oom->dir);
	if (count <= oom->seen)
		return 0;
	count -= oom->seen;
	oom->seen += count;
	return count;
}

/* ----------------------------------------------------------------- helpers */

static int open_v1(struct cgroup_oom *oom)
{
	cleanup(fd_closep) int control = openat(oom->dir, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	char text[32];

	if (control < 0)
		return -errno;
	oom->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (oom->fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%d %d", oom->fd, control);
	return cgroup_file_write(oom->dir, "cgroup.event_control", text);
}

static int open_v2(struct cgroup_oom *oom)
{
	char path[64];

	oom->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/memory.events", oom->dir);
	if (oom->fd < 0 || inotify_add_watch(oom->fd, path, IN_MODIFY) < 0)
		return -errno;
	oom->seen = killed(oom->dir);
	return 0;
}

static uint64_t killed(int dir)
{
	char text[512];
	const char *line;

	if (cgroup_file_read(dir, "memory.events", text, sizeof(text)) <= 0)
		return 0;
	line = strstr(text, "oom_kill ");
	return line ? strtoull(line + sizeof("oom_kill ") - 1, NULL, 10) : 0;
}
