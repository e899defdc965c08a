// SPDX-License-Identifier: GPL-2.0-or-later
/* unpack - an archive into a tree. Floor F4. */
#include "runner/files/unpack.h"

#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/ds.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/files/tree.h"

#define WHITEOUT ".wh."
#define OPAQUE   ".wh..wh..opq"

/* Of one archive: @made: the paths it has brought so far; an opaque folder keeps these. */
struct run {
	struct unpack *unpack;
	struct archive *archive;
	struct arena *arena;
	struct table made;
};

static int entry_take(struct run *run, struct archive_entry *entry, struct err *err);
static int entry_make(struct run *run, struct archive_entry *entry, int folder, const char *name,
		      struct err *err);
static void made_add(struct run *run, const char *path);
static int whiteout(struct run *run, const char *path, int folder, const char *name);
static int opaque(struct run *run, const char *path, int folder);
static int folder_make(int folder, const char *name);
static int link_make(struct run *run, const char *target, int folder, const char *name);
static int file_write(struct run *run, struct archive_entry *entry, int fd);
static int attributes_set(const struct unpack *unpack, struct archive_entry *entry, int folder,
			  const char *name);
static char *path_clean(const struct unpack *unpack, struct arena *arena, const char *name,
			struct err *err);

void unpack_format(struct archive *archive)
{
	archive_read_support_format_tar(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
}

int unpack_archive(struct unpack *unpack, struct archive *archive, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct run run = {.unpack = unpack, .archive = archive, .arena = arena};
	mode_t mask = umask(0);
	int rc = 0;

	while (rc == 0) {
		struct archive_entry *entry;
		int got = archive_read_next_header(archive, &entry);

		if (got == ARCHIVE_EOF)
			break;
		if (got < ARCHIVE_WARN)
			rc = err_set(err, ERR_USAGE, EINVAL, NULL, "the archive: %s",
				     archive_error_string(archive));
		else if (++unpack->entries > UNPACK_ENTRIES_MAX)
			rc = err_set(err, ERR_LIMIT, E2BIG, NULL, "more than %d files",
				     UNPACK_ENTRIES_MAX);
		else
			rc = entry_take(&run, entry, err);
	}
	umask(mask);
	table_fini(&run.made);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static int entry_take(struct run *run, struct archive_entry *entry, struct err *err)
{
	const char *given = archive_entry_pathname(entry), *name;
	char *path = path_clean(run->unpack, run->arena, given ? given : "", err);
	int folder, rc = 0;

	if (!path)
		return -EINVAL;
	if (!*path) /* the top itself: it is there */
		return run->unpack->owners && archive_entry_filetype(entry) == AE_IFDIR
			       ? attributes_set(run->unpack, entry, run->unpack->root, ".")
			       : 0;
	if (run->unpack->top && str_eq(path, run->unpack->top)) {
		bool is_folder = archive_entry_filetype(entry) == AE_IFDIR;

		if (is_folder ? run->unpack->over_file : run->unpack->only_folder)
			return err_sys(err, ERR_CONFLICT, is_folder ? EEXIST : ENOTDIR, path,
				       is_folder ? "a folder over a file" : "a file as a folder");
	}
	folder = tree_parent(run->unpack->root, path, true, &name);
	if (folder < 0)
		return err_sys(err, ERR_IO, -folder, path, "folder of it");
	if (run->unpack->whiteouts && str_starts(name, WHITEOUT)) {
		rc = whiteout(run, path, folder, name);
		if (rc < 0)
			err_sys(err, ERR_IO, -rc, path, "whiteout");
	} else {
		rc = entry_make(run, entry, folder, name, err);
		made_add(run, path);
	}
	fd_close(folder);
	return rc;
}

static int entry_make(struct run *run, struct archive_entry *entry, int folder, const char *name,
		      struct err *err)
{
	const char *hard = archive_entry_hardlink(entry);
	unsigned int type = archive_entry_filetype(entry);
	const char *told = archive_entry_pathname(entry);
	int fd, rc = 0;

	/* Whatever was there makes room; but a folder stays one. */
	if ((hard || type != AE_IFDIR) && (rc = tree_remove(folder, name)) < 0)
		return err_sys(err, ERR_IO, -rc, told, "make room");
	if (hard) {
		rc = link_make(run, hard, folder, name);
		return rc < 0 ? err_sys(err, ERR_IO, -rc, told, "link to %s", hard) : 0;
	}
	switch (type) {
	case AE_IFDIR:
		rc = folder_make(folder, name);
		break;
	case AE_IFREG:
		fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
		rc = fd < 0 ? -errno : file_write(run, entry, fd);
		fd_close(fd);
		break;
	case AE_IFLNK:
		if (!archive_entry_symlink(entry) ||
		    symlinkat(archive_entry_symlink(entry), folder, name) < 0)
			rc = archive_entry_symlink(entry) ? -errno : -EINVAL;
		break;
	case AE_IFIFO:
		if (mkfifoat(folder, name, 0600) < 0)
			rc = -errno;
		break;
	default:
		/* Devices, sockets: a container has its own /dev. */
		run->unpack->devices++;
		return 0;
	}
	if (rc == -EFBIG)
		return err_set(err, ERR_LIMIT, EFBIG, told, "more than %lld bytes in all",
			       (long long)UNPACK_SIZE_MAX);
	if (rc == -EBADMSG)
		return err_set(err, ERR_USAGE, EINVAL, told, "the archive: %s",
			       archive_error_string(run->archive));
	if (rc == 0)
		rc = attributes_set(run->unpack, entry, folder, name);
	return rc < 0 ? err_sys(err, ERR_IO, -rc, told, "unpack") : 0;
}

/* With the folders it is in. */
static void made_add(struct run *run, const char *path)
{
	for (size_t len = strlen(path); len > 0; len--) {
		const char *part;

		if (path[len] != '/' && path[len] != '\0')
			continue;
		part = arena_strndup(run->arena, path, len);
		if (table_add_str(&run->made, part, run) < 0)
			return;
	}
}

static int whiteout(struct run *run, const char *path, int folder, const char *name)
{
	cleanup(mem_freep) char *hidden = NULL;

	if (str_eq(name, OPAQUE)) {
		cleanup(mem_freep) char *top =
			mem_strndup(path, strlen(path) - strlen(OPAQUE));

		return opaque(run, top, folder);
	}
	name += strlen(WHITEOUT);
	if (!*name || str_eq(name, ".") || str_eq(name, "..") || str_starts(name, WHITEOUT))
		return -EINVAL;
	hidden = mem_strdup(name);
	return tree_remove(folder, hidden);
}

/* What lower layers had in it goes; what this one has brought stays, whichever came first. @path ends with "/" or is "". */
static int opaque(struct run *run, const char *path, int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	int rc = 0;

	if (!stream) {
		rc = -errno;
		fd_close(fd);
		return rc;
	}
	while (rc == 0 && (entry = readdir(stream))) {
		cleanup(mem_freep) char *one = mem_printf("%s%s", path, entry->d_name);

		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, "..") &&
		    !table_find_str(&run->made, one))
			rc = tree_remove(fd, entry->d_name);
	}
	closedir(stream);
	return rc;
}

static int folder_make(int folder, const char *name)
{
	struct stat st;
	int rc;

	if (mkdirat(folder, name, 0700) == 0)
		return 0;
	if (errno != EEXIST || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return 0;
	rc = tree_remove(folder, name);
	return rc == 0 && mkdirat(folder, name, 0700) < 0 ? -errno : rc;
}

/* To what the name means inside; a link itself, where it is one. By /proc: AT_EMPTY_PATH wants a capability of the host. */
static int link_make(struct run *run, const char *target, int folder, const char *name)
{
	char *path = path_clean(run->unpack, run->arena, target, NULL);
	char by_number[40];
	int fd, rc = 0;

	if (!path || !*path)
		return -EINVAL;
	fd = tree_open(run->unpack->root, path, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	snprintf(by_number, sizeof(by_number), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, by_number, folder, name, AT_SYMLINK_FOLLOW) < 0)
		rc = -errno;
	fd_close(fd);
	return rc;
}

static int file_write(struct run *run, struct archive_entry *entry, int fd)
{
	int64_t size = archive_entry_size(entry);
	const void *data;
	size_t len;
	int64_t off;
	int got;

	if (size < 0 || size > UNPACK_SIZE_MAX - run->unpack->size)
		return -EFBIG;
	run->unpack->size += size;
	while ((got = archive_read_data_block(run->archive, &data, &len, &off)) == ARCHIVE_OK) {
		const char *at = data;

		/* What is left out is a hole. */
		if (off > size || (int64_t)len > size - off)
			return -EBADMSG;
		while (len > 0) {
			ssize_t n = pwrite(fd, at, len, off);

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return -errno;
			at += n;
			off += n;
			len -= (size_t)n;
		}
	}
	if (got != ARCHIVE_EOF)
		return -EBADMSG;
	return ftruncate(fd, size) < 0 ? -errno : 0;
}

static int attributes_set(const struct unpack *unpack, struct archive_entry *entry, int folder,
			  const char *name)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	mode_t mode = archive_entry_perm(entry) & (unpack->set_ids ? 07777 : 01777);
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
				    {.tv_sec = archive_entry_mtime(entry),
				     .tv_nsec = archive_entry_mtime_nsec(entry)}};

	if (unpack->owners) {
		if (uid < 0 || uid > UNPACK_ID_MAX || gid < 0 || gid > UNPACK_ID_MAX)
			return -EOVERFLOW;
		if (fchownat(folder, name, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
	}
	if (archive_entry_filetype(entry) != AE_IFLNK) {
		/* fchmodat(2) of this libc follows links; nobody but us changes the tree that has some, and none is here now. */
		int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		char by_number[40];
		int rc = 0;

		if (fd < 0)
			return -errno;
		snprintf(by_number, sizeof(by_number), "/proc/self/fd/%d", fd);
		if (chmod(by_number, mode) < 0)
			rc = -errno;
		fd_close(fd);
		if (rc < 0)
			return rc;
	}
	if (archive_entry_mtime_is_set(entry))
		(void)utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

/* Without "/" before and behind, "//" and "."; NULL, and the reason, for "..". Relative to @base, @top exchanged. */
static char *path_clean(const struct unpack *unpack, struct arena *arena, const char *name,
			struct err *err)
{
	cleanup(mem_freep) char *copy = mem_strdup(name);
	struct buf path = BUF_INIT;
	char *rest = copy, *part, *result;
	bool first = true;

	buf_str(&path, unpack->base);
	if (unpack->top)
		buf_printf(&path, "%s%s", path.size ? "/" : "", unpack->top);
	while ((part = strsep(&rest, "/"))) {
		if (!*part)
			continue;
		if (str_eq(part, "..")) {
			err_set(err, ERR_PERMISSION, EINVAL, name, "a name in the archive with \"..\"");
			buf_fini(&path);
			return NULL;
		}
		/* The first part is what @top stands for, be it "." or a name. */
		if (first && unpack->top) {
			first = false;
			continue;
		}
		first = false;
		if (!str_eq(part, "."))
			buf_printf(&path, "%s%s", path.size ? "/" : "", part);
	}
	if (path.size > UNPACK_PATH_MAX) {
		err_set(err, ERR_LIMIT, ENAMETOOLONG, NULL, "a name in the archive is too long");
		buf_fini(&path);
		return NULL;
	}
	result = arena_strdup(arena, buf_cstr(&path));
	buf_fini(&path);
	return result;
}
