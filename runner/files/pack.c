// SPDX-License-Identifier: GPL-2.0-or-later
/* pack - a file or folder as an archive. Floor F4. */
#include "runner/files/pack.h"

#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/files/tree.h"

enum { CHUNK_SIZE = 128 * 1024, LINK_SIZE = 4096 };

static int one_pack(struct archive *archive, int folder, const char *name, const char *top,
		    int depth, struct err *err);
static int link_pack(struct archive *archive, struct archive_entry *entry, int folder,
		     const char *name);
static int file_pack(struct archive *archive, struct archive_entry *entry, int fd);
static int folder_pack(struct archive *archive, int fd, const char *top, int depth,
		       struct err *err);

int pack_tree(struct archive *archive, int folder, const char *name, const char *top,
	      struct err *err)
{
	return one_pack(archive, folder, name, top, 0, err);
}

/* ----------------------------------------------------------------- helpers */

/* What was opened is what is told of: a name may mean something else a moment later. */
static int one_pack(struct archive *archive, int folder, const char *name, const char *top,
		    int depth, struct err *err)
{
	struct archive_entry *entry;
	cleanup(fd_closep) int fd = -1;
	struct stat st;
	int rc = 0;

	if (depth > TREE_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, ELOOP, top, "more than %d folders in one another",
			       TREE_DEPTH_MAX);
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, errno, top, "stat");
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0)
			return err_sys(err, ERR_IO, errno, top, "open");
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
		return depth > 0 ? 0 : err_set(err, ERR_UNSUPPORTED, ENOTSUP, top, "sockets, FIFOs and devices are not copied");
	entry = archive_entry_new();
	archive_entry_set_pathname(entry, top);
	archive_entry_set_filetype(entry, (unsigned int)(st.st_mode & S_IFMT));
	archive_entry_set_perm(entry, st.st_mode & 07777);
	archive_entry_set_mtime(entry, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	if (S_ISLNK(st.st_mode)) {
		rc = link_pack(archive, entry, folder, name);
	} else if (S_ISREG(st.st_mode)) {
		archive_entry_set_size(entry, st.st_size);
		rc = file_pack(archive, entry, fd);
	} else if (archive_write_header(archive, entry) < ARCHIVE_WARN) {
		rc = -EPIPE;
	}
	archive_entry_free(entry);
	if (rc < 0)
		return err_sys(err, ERR_IO, -rc, top, "read");
	return S_ISDIR(st.st_mode) ? folder_pack(archive, fd, top, depth, err) : 0;
}

static int link_pack(struct archive *archive, struct archive_entry *entry, int folder,
		     const char *name)
{
	char target[LINK_SIZE];
	ssize_t len = readlinkat(folder, name, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	archive_entry_set_symlink(entry, target);
	return archive_write_header(archive, entry) < ARCHIVE_WARN ? -EPIPE : 0;
}

/* As many bytes as were told: of one that grows the rest is left out, what is missing of another are zeros. */
static int file_pack(struct archive *archive, struct archive_entry *entry, int fd)
{
	cleanup(mem_freep) char *data = NULL;
	int64_t left = archive_entry_size(entry);

	if (archive_write_header(archive, entry) < ARCHIVE_WARN)
		return -EPIPE;
	data = mem_alloc(CHUNK_SIZE);
	while (left > 0) {
		ssize_t n = read(fd, data, CHUNK_SIZE < left ? CHUNK_SIZE : (size_t)left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		if (archive_write_data(archive, data, (size_t)n) != n)
			return -EPIPE;
		left -= n;
	}
	return 0;
}

static int folder_pack(struct archive *archive, int fd, const char *top, int depth, struct err *err)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;
	int rc = 0;

	if (!stream) {
		rc = err_sys(err, ERR_IO, errno, top, "open");
		fd_close(again);
		return rc;
	}
	while (rc == 0 && (entry = readdir(stream))) {
		cleanup(mem_freep) char *below = mem_printf("%s/%s", top, entry->d_name);

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		rc = one_pack(archive, fd, entry->d_name, below, depth + 1, err);
		/* One that goes meanwhile is not told of. */
		if (rc == -ENOENT)
			rc = 0;
	}
	closedir(stream);
	return rc;
}
