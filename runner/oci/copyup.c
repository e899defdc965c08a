// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * copyup - the option tmpcopyup: a tmpfs begins with what was in the folder it
 * covers. Floor F4. By descriptors, no link is followed; devices, sockets and
 * FIFOs are left out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/str.h"
#include "runner/oci/tree.h"

enum { DEPTH_MAX = 64 };

static int folder_copy(int from, int to, int depth);
static int entry_copy(int from, int to, const char *name, int depth);
static int file_copy(int from, int to, const char *name, const struct stat *st);
static int below_copy(int from, int to, const char *name, const struct stat *st, int depth);
static int link_copy(int from, int to, const char *name, const struct stat *st);

int oci_copyup(int from, int to, const char *what, struct err *err)
{
	/* What fsmount(2) gives can only be walked from. */
	cleanup(fd_closep) int top = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int rc = top < 0 || fstat(from, &st) < 0 ? -errno : folder_copy(from, top, 0);

	if (rc == 0 &&
	    (fchown(top, st.st_uid, st.st_gid) < 0 || fchmod(top, st.st_mode & 07777) < 0))
		rc = -errno;
	return rc < 0 ? err_sys(err, ERR_IO, -rc, what, "tmpcopyup") : 0;
}

/* ----------------------------------------------------------------- helpers */

static int folder_copy(int from, int to, int depth)
{
	int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	int rc = 0;
	DIR *stream;

	if (depth > DEPTH_MAX) {
		fd_close(copy);
		return -ELOOP;
	}
	stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream) {
		rc = -errno;
		fd_close(copy);
		return rc;
	}
	while (rc == 0 && (errno = 0, entry = readdir(stream)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			rc = entry_copy(from, to, entry->d_name, depth);
	if (rc == 0 && errno)
		rc = -errno;
	closedir(stream);
	return rc;
}

static int entry_copy(int from, int to, const char *name, int depth)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISREG(st.st_mode))
		return file_copy(from, to, name, &st);
	if (S_ISDIR(st.st_mode))
		return below_copy(from, to, name, &st, depth);
	return S_ISLNK(st.st_mode) ? link_copy(from, to, name, &st) : 0;
}

static int file_copy(int from, int to, const char *name, const struct stat *st)
{
	cleanup(fd_closep) int in =
		openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	cleanup(fd_closep) int out =
		openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	off_t left = st->st_size;

	if (in < 0 || out < 0)
		return -errno;
	while (left > 0) {
		ssize_t n = sendfile(out, in, NULL, (size_t)left);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		left -= n;
	}
	return fchown(out, st->st_uid, st->st_gid) < 0 || fchmod(out, st->st_mode & 07777) < 0
		       ? -errno
		       : 0;
}

static int below_copy(int from, int to, const char *name, const struct stat *st, int depth)
{
	cleanup(fd_closep) int in =
		openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	cleanup(fd_closep) int out = -1;
	int rc;

	if (in < 0 || mkdirat(to, name, 0700) < 0)
		return -errno;
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (out < 0)
		return -errno;
	rc = folder_copy(in, out, depth + 1);
	if (rc == 0 && (fchown(out, st->st_uid, st->st_gid) < 0 ||
			fchmod(out, st->st_mode & 07777) < 0))
		rc = -errno;
	return rc;
}

static int link_copy(int from, int to, const char *name, const struct stat *st)
{
	char target[4096];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, to, name) < 0 ||
			       fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0
		       ? -errno
		       : 0;
}
