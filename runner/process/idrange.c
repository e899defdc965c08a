// SPDX-License-Identifier: GPL-2.0-or-later
/* idrange - the registry of id ranges, in folders. Floor F4. */
#include "runner/process/idrange.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { RANGE_PATH_SIZE = 48 };

static int range_enter(int containers, const char *id, uint32_t base);

int idrange_alloc(int containers, const char *id, uint32_t *ret_base, struct err *err)
{
	uint64_t number;
	char path[RANGE_PATH_SIZE];

	if (str_hex48(id, &number) < 0)
		return err_set(err, ERR_INTERNAL, EINVAL, id, "not an id");
	if (mkdirat(containers, ".ids", 0700) < 0 && errno != EEXIST)
		return err_sys(err, ERR_IO, errno, ".ids", "mkdir");
	for (uint32_t i = 0; i < IDRANGE_COUNT; i++) {
		uint32_t base =
			IDRANGE_FIRST + (uint32_t)((number + i) % IDRANGE_COUNT) * IDRANGE_SIZE;
		int rc;

		snprintf(path, sizeof(path), ".ids/%x", base);
		if (mkdirat(containers, path, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			return err_sys(err, ERR_IO, errno, path, "mkdir");
		}
		rc = range_enter(containers, id, base);
		if (rc == -ENOENT) /* a sweep took the empty folder for a lost one */
			continue;
		if (rc < 0) {
			(void)unlinkat(containers, path, AT_REMOVEDIR);
			return err_sys(err, ERR_IO, -rc, path, "open");
		}
		*ret_base = base;
		return 0;
	}
	return err_set(err, ERR_EXHAUSTED, ENOSPC, NULL, "all %d id ranges are in use",
		       IDRANGE_COUNT);
}

int idrange_share(int containers, const char *id, uint32_t base, struct err *err)
{
	int rc = range_enter(containers, id, base);

	return rc < 0 ? err_sys(err, ERR_IO, -rc, id, "join the id range %x", base) : 0;
}

int idrange_release(int containers, const char *id, uint32_t base, struct err *err)
{
	char path[RANGE_PATH_SIZE];

	snprintf(path, sizeof(path), ".ids/%x/%s", base, id);
	if (unlinkat(containers, path, 0) < 0 && errno != ENOENT)
		return err_sys(err, ERR_IO, errno, path, "unlink");
	snprintf(path, sizeof(path), ".ids/%x", base);
	if (unlinkat(containers, path, AT_REMOVEDIR) < 0 && errno != ENOENT &&
	    errno != ENOTEMPTY)
		return err_sys(err, ERR_IO, errno, path, "rmdir");
	return 0;
}

void idrange_forget(int containers, const char *id)
{
	int fd = openat(containers, ".ids", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!stream) {
		fd_close(fd);
		return;
	}
	while ((entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			(void)idrange_release(containers, id,
					      (uint32_t)strtoul(entry->d_name, NULL, 16), NULL);
	closedir(stream);
}

void idrange_sole(int containers, uint32_t base, char ret_id[IDRANGE_ID_SIZE])
{
	char path[RANGE_PATH_SIZE];
	struct dirent *entry;
	size_t count = 0;
	DIR *stream;
	int fd;

	ret_id[0] = '\0';
	snprintf(path, sizeof(path), ".ids/%x", base);
	fd = openat(containers, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream) {
		fd_close(fd);
		return;
	}
	while ((entry = readdir(stream)))
		if (entry->d_name[0] != '.' && (count++ || str_copy(ret_id, IDRANGE_ID_SIZE, entry->d_name) < 0))
			ret_id[0] = '\0';
	closedir(stream);
}

/* The file that says who uses the range. */
static int range_enter(int containers, const char *id, uint32_t base)
{
	char path[RANGE_PATH_SIZE];
	int fd;

	snprintf(path, sizeof(path), ".ids/%x/%s", base, id);
	fd = openat(containers, path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	fd_close(fd);
	return 0;
}
