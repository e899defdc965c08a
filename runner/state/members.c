// SPDX-License-Identifier: GPL-2.0-or-later
/* members - who is of a container, and their end. Floor F4. */
#include "runner/state/members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "runner/process/idrange.h"

/* linux/nsfs.h since 6.11, with the same number */
#ifndef NS_GET_MNTNS_ID
#define NS_GET_MNTNS_ID _IOR(NSIO, 0x5, __u64)
#endif

#define KILL_PATIENCE_NS UINT64_C(5000000000)
enum { KILL_PAUSE_NS = 2000000 };

static bool is_member(pid_t pid, int64_t mntns, int64_t mntns_id, uint32_t base);
static int kill_round(int64_t mntns, int64_t mntns_id, uint32_t base, size_t *ret_found,
		      struct err *err);
static int mark_read(int proc, int64_t *ret_mntns, int64_t *ret_mntns_id);

int members_mark(pid_t pid, int64_t *ret_mntns, int64_t *ret_mntns_id, struct err *err)
{
	char path[32];
	int proc, rc;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	rc = proc < 0 ? -errno : mark_read(proc, ret_mntns, ret_mntns_id);
	fd_close(proc);
	return rc < 0 ? err_sys(err, ERR_KERNEL, -rc, path, "look at its mount namespace") : 0;
}

int members_kill(int64_t mntns, int64_t mntns_id, uint32_t base, struct err *err)
{
	uint64_t until = clock_monotonic_ns() + KILL_PATIENCE_NS;
	const struct timespec pause = {.tv_nsec = KILL_PAUSE_NS};
	size_t found;

	for (;;) {
		int rc = kill_round(mntns, mntns_id, base, &found, err);

		if (rc < 0 || found == 0)
			return rc;
		if (clock_monotonic_ns() > until)
			return err_set(err, ERR_CONFLICT, EBUSY, NULL,
				       "%zu processes of the container do not end", found);
		nanosleep(&pause, NULL);
	}
}

/* ----------------------------------------------------------------- helpers */

static int kill_round(int64_t mntns, int64_t mntns_id, uint32_t base, size_t *ret_found,
		      struct err *err)
{
	DIR *stream = opendir("/proc");
	struct dirent *entry;

	*ret_found = 0;
	if (!stream)
		return err_sys(err, ERR_KERNEL, errno, "/proc", "open");
	while ((entry = readdir(stream))) {
		pid_t pid = (pid_t)atoi(entry->d_name);
		int pidfd;

		if (pid <= 0 || !is_member(pid, mntns, mntns_id, base))
			continue;
		pidfd = pidfd_open(pid, 0);
		/* Again, now that its number cannot become another's. */
		if (pidfd >= 0 && is_member(pid, mntns, mntns_id, base)) {
			(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
			(*ret_found)++;
		}
		fd_close(pidfd);
	}
	closedir(stream);
	return 0;
}

/* A zombie has no namespaces any more, and counts as gone. */
static bool is_member(pid_t pid, int64_t mntns, int64_t mntns_id, uint32_t base)
{
	int64_t its_mntns, its_id;
	struct stat st;
	char path[32];
	bool member;
	int proc;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	member = proc >= 0 && fstat(proc, &st) == 0 && st.st_uid >= base &&
		 st.st_uid - base < IDRANGE_SIZE && mark_read(proc, &its_mntns, &its_id) == 0 &&
		 its_mntns == mntns && its_id == mntns_id;
	fd_close(proc);
	return member;
}

static int mark_read(int proc, int64_t *ret_mntns, int64_t *ret_mntns_id)
{
	int fd = openat(proc, "ns/mnt", O_RDONLY | O_CLOEXEC);
	struct stat st;
	__u64 id = 0;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	if (rc == 0 && ioctl(fd, NS_GET_MNTNS_ID, &id) < 0)
		id = 0;
	fd_close(fd);
	if (rc < 0)
		return rc;
	*ret_mntns = (int64_t)st.st_ino;
	*ret_mntns_id = (int64_t)id;
	return 0;
}
