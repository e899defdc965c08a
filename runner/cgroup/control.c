// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * control - the processes of a container's cgroup: who they are, stopping them,
 * killing them. Floor F4 (runner/cgroup). v2 does each by one word to the
 * kernel; v1 freezes, signals and thaws, again until nobody is left.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cgroup/cgroup.h"

struct pids {
	pid_t *items;
	size_t count, room;
};

static int signal_all(const struct cgroup *cgroup, int number, struct err *err);
static bool unified_frozen(int dir);
static bool v1_frozen(int dir);
static int unified_freeze(int dir, bool frozen);
static int v1_freeze(int dir, bool frozen);
static int pids_read(int dir, struct pids *pids, unsigned int depth);
static int pids_by_number(const void *a, const void *b);
static bool everywhere_empty(const struct cgroup *cgroup);

bool cgroup_frozen(const struct cgroup *cgroup)
{
	const struct cgroup_dir *v1 = cgroup_dir_of(cgroup, CGROUP_FREEZER);
	int unified = cgroup_unified(cgroup);

	return (unified >= 0 && unified_frozen(unified)) || (v1 && v1_frozen(v1->fd));
}

int cgroup_freeze(const struct cgroup *cgroup, bool frozen, struct err *err)
{
	const struct cgroup_dir *v1 = cgroup_dir_of(cgroup, CGROUP_FREEZER);
	int unified = cgroup_unified(cgroup);
	int rc = unified >= 0 ? unified_freeze(unified, frozen) : -ENOENT;

	/* before 5.2 a v2 cgroup cannot; thawing undoes whoever froze */
	if (v1 && (rc == -ENOENT || !frozen))
		rc = v1_freeze(v1->fd, frozen);
	if (rc == -ENOENT)
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, cgroup->path,
			       "neither v2 cgroups nor v1's freezer are there to pause it");
	if (rc == -ETIMEDOUT)
		return err_set(err, ERR_KERNEL, ETIMEDOUT, cgroup->path,
			       frozen ? "some of its processes cannot be stopped: all go on"
				      : "it does not go on: a cgroup above is frozen");
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, cgroup->path, "freeze of the cgroup");
	return 0;
}

int cgroup_processes(const struct cgroup *cgroup, pid_t **ret_pids, size_t *ret_count,
		     struct err *err)
{
	struct pids pids = {0};
	size_t kept = 0;
	int rc = 0;

	/* A process is in all of them, but for one that is on its way in. */
	for (size_t i = 0; rc == 0 && i < cgroup->count; i++)
		rc = pids_read(cgroup->dirs[i].fd, &pids, CGROUP_DEPTH_MAX);
	if (rc < 0) {
		free(pids.items);
		return err_sys(err, ERR_KERNEL, -rc, cgroup->path, "reading its processes");
	}
	if (pids.count)
		qsort(pids.items, pids.count, sizeof(*pids.items), pids_by_number);
	/* 0 is one that our namespace cannot see. */
	for (size_t i = 0; i < pids.count; i++)
		if (pids.items[i] && (!kept || pids.items[kept - 1] != pids.items[i]))
			pids.items[kept++] = pids.items[i];
	*ret_pids = pids.items;
	*ret_count = kept;
	return 0;
}

int cgroup_kill(const struct cgroup *cgroup, int number, struct err *err)
{
	uint64_t until = clock_monotonic_ns() + (uint64_t)CGROUP_WAIT_MS * 1000000;
	int unified = cgroup_unified(cgroup);
	const struct cgroup_dir *freezer = cgroup_dir_of(cgroup, CGROUP_FREEZER);
	int rc;

	if (number != SIGKILL)
		return signal_all(cgroup, number, err);
	do {
		/* All at once since 5.14; of v1, stopped, nobody has a child between our look and our signal. */
		bool at_once =
			unified >= 0 && cgroup_file_write(unified, "cgroup.kill", "1") == 0;

		if (!at_once && freezer)
			(void)v1_freeze(freezer->fd, true);
		rc = signal_all(cgroup, SIGKILL, err);
		if (freezer)
			(void)v1_freeze(freezer->fd, false);
		if (rc < 0 || everywhere_empty(cgroup))
			return rc;
		poll(NULL, 0, 1);
	} while (clock_monotonic_ns() < until);
	return err_set(err, ERR_KERNEL, ETIMEDOUT, cgroup->path,
		       "it has processes that SIGKILL does not end");
}

/* ----------------------------------------------------------------- helpers */

static int signal_all(const struct cgroup *cgroup, int number, struct err *err)
{
	pid_t *pids = NULL;
	size_t count = 0;
	int rc = cgroup_processes(cgroup, &pids, &count, err);

	for (size_t i = 0; i < count; i++)
		if (kill(pids[i], number) < 0 && errno != ESRCH)
			rc = err_sys(err, ERR_KERNEL, errno, cgroup->path, "kill of process %d",
				     (int)pids[i]);
	free(pids);
	return rc;
}

static bool unified_frozen(int dir)
{
	char text[256];

	return cgroup_file_read(dir, "cgroup.events", text, sizeof(text)) > 0 &&
	       strstr(text, "frozen 1");
}

static bool v1_frozen(int dir)
{
	char text[32];

	return cgroup_file_read(dir, "freezer.state", text, sizeof(text)) > 0 &&
	       !str_starts(text, "THAWED");
}

/* cgroup.events tells of a change by POLLPRI (cgroup-v2.rst) */
static int unified_freeze(int dir, bool frozen)
{
	uint64_t until = clock_monotonic_ns() + (uint64_t)CGROUP_WAIT_MS * 1000000;
	cleanup(fd_closep) int events =
		openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc = cgroup_file_write(dir, "cgroup.freeze", frozen ? "1" : "0");

	if (rc < 0 || events < 0)
		return rc < 0 ? rc : -ENOENT;
	while (unified_frozen(dir) != frozen) {
		struct pollfd changed = {.fd = events, .events = POLLPRI};
		char text[256];

		if (clock_monotonic_ns() >= until) {
			if (frozen)
				(void)cgroup_file_write(dir, "cgroup.freeze", "0");
			return -ETIMEDOUT;
		}
		(void)poll(&changed, 1, 20);
		(void)!pread(events, text, sizeof(text), 0);
	}
	return 0;
}

/* FREEZING stays where a child was born meanwhile: writing the word again makes the kernel look again. */
static int v1_freeze(int dir, bool frozen)
{
	uint64_t until = clock_monotonic_ns() + (uint64_t)CGROUP_WAIT_MS * 1000000;
	const char *word = frozen ? "FROZEN" : "THAWED";
	char text[32];

	for (;;) {
		int rc = cgroup_file_write(dir, "freezer.state", word);
		ssize_t n = cgroup_file_read(dir, "freezer.state", text, sizeof(text));

		if (rc < 0 || n < 0)
			return rc < 0 ? rc : (int)n;
		if (str_starts(text, word))
			return 0;
		if (clock_monotonic_ns() >= until) {
			if (frozen)
				(void)cgroup_file_write(dir, "freezer.state", "THAWED");
			return -ETIMEDOUT;
		}
		poll(NULL, 0, 1);
	}
}

static int pids_read(int dir, struct pids *pids, unsigned int depth)
{
	cleanup(mem_freep) char *text = cgroup_file_whole(dir, "cgroup.procs");
	char *rest = text, *line;
	DIR *below;
	int fd;

	/* one that goes while it is read has none; a threaded one lists its processes above */
	while (rest && (line = strsep(&rest, "\n")) != NULL) {
		uint64_t pid;

		if (!*line || str_u64(line, INT32_MAX, &pid) < 0)
			continue;
		if (pids->count == pids->room) {
			pids->room = pids->room ? pids->room * 2 : 64;
			pids->items = mem_grow(pids->items, pids->room, sizeof(*pids->items));
		}
		pids->items[pids->count++] = (pid_t)pid;
	}
	if (depth == 0)
		return 0;
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	below = fd < 0 ? NULL : fdopendir(fd);
	if (!below) {
		fd_close(fd);
		return fd < 0 && errno == ENOENT ? 0 : -errno;
	}
	for (struct dirent *entry; (entry = readdir(below)) != NULL;) {
		int child;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		child = openat(dir, entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (child >= 0)
			(void)pids_read(child, pids, depth - 1);
		fd_close(child);
	}
	closedir(below);
	return 0;
}

static int pids_by_number(const void *a, const void *b)
{
	pid_t one = *(const pid_t *)a, other = *(const pid_t *)b;

	return (one > other) - (one < other);
}

/* v2 says so by a word, which counts those too that our namespace cannot see. */
static bool everywhere_empty(const struct cgroup *cgroup)
{
	int unified = cgroup_unified(cgroup);
	char text[256];
	pid_t *pids = NULL;
	size_t count = 0;

	if (unified >= 0 &&
	    cgroup_file_read(unified, "cgroup.events", text, sizeof(text)) > 0 &&
	    strstr(text, "populated 1"))
		return false;
	if (cgroup_processes(cgroup, &pids, &count, NULL) < 0)
		return false;
	free(pids);
	return count == 0;
}
