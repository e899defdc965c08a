// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * seccomp_cache - a folder of compiled filters. Floor F4.
 *
 *	struct head | makers and profile, head.text bytes | instructions, head.count of 8 bytes
 */
#include "runner/oci/seccomp_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"

enum {
	FILES_MAX = 64,         /* profiles of one machine; more are compiled each time */
	FILE_MAX = 1024 * 1024, /* bytes */
	INSTRUCTIONS_MAX = 4096,
	NAME_SIZE = 24,
};

struct head {
	char magic[8];
	uint32_t text, count;
	uint32_t notify, flags; /* SECCOMP_FILTER_FLAG_* */
};
static const char magic[8] = "moatbpf3";

/* What else decides on the outcome stands before the profile. */
static char *makers(void);
static void name_of(const char *makers, const struct oci_section *profile, char name[NAME_SIZE]);
static int folder_open(const char *folder, bool make);
static bool ours(int fd, mode_t kind);
static size_t files_in(int folder);

int oci_seccomp_cache_load(const char *folder, const struct oci_section *profile, struct oci_seccomp *filter, bool *ret_notify)
{
	cleanup(fd_closep) int dir = folder_open(folder, false);
	cleanup(fd_closep) int fd = -1;
	cleanup(mem_freep) char *by = NULL;
	cleanup(mem_freep) uint8_t *data = NULL;
	const uint8_t *program;
	struct head head;
	size_t len;
	struct stat st;
	char name[NAME_SIZE];

	if (dir < 0)
		return -ENOENT;
	by = makers();
	len = strlen(by);
	name_of(by, profile, name);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || !ours(fd, S_IFREG) || fstat(fd, &st) < 0 || st.st_size > FILE_MAX ||
	    st.st_size < (off_t)sizeof(head))
		return -ENOENT;
	data = mem_alloc((size_t)st.st_size);
	if (fd_read_all(fd, data, (size_t)st.st_size) < 0)
		return -EIO;
	memcpy(&head, data, sizeof(head));
	if (memcmp(head.magic, magic, sizeof(magic)) != 0 || head.count == 0 ||
	    head.count > INSTRUCTIONS_MAX || head.text != len + profile->size ||
	    sizeof(head) + head.text + head.count * sizeof(*filter->program.filter) != (size_t)st.st_size ||
	    memcmp(data + sizeof(head), by, len) != 0 ||
	    memcmp(data + sizeof(head) + len, profile->text, profile->size) != 0)
		return -ENOENT;
	program = data + sizeof(head) + head.text;
	filter->program.filter = mem_array(head.count, sizeof(*filter->program.filter));
	memcpy(filter->program.filter, program, head.count * sizeof(*filter->program.filter));
	filter->program.len = (unsigned short)head.count;
	filter->flags = head.flags;
	*ret_notify = head.notify != 0;
	return 0;
}

void oci_seccomp_cache_save(const char *folder, const struct oci_section *profile, const struct oci_seccomp *filter, bool notify)
{
	cleanup(fd_closep) int dir = folder_open(folder, true);
	cleanup(fd_closep) int fd = -1;
	cleanup(mem_freep) char *by = NULL;
	cleanup(buf_fini) struct buf data = BUF_INIT;
	struct head head = {.count = filter->program.len, .notify = notify, .flags = filter->flags};
	char name[NAME_SIZE], aside[NAME_SIZE + 16];

	if (dir < 0 || files_in(dir) >= FILES_MAX)
		return;
	by = makers();
	name_of(by, profile, name);
	memcpy(head.magic, magic, sizeof(magic));
	head.text = (uint32_t)(strlen(by) + profile->size);
	buf_add(&data, &head, sizeof(head));
	buf_str(&data, by);
	buf_add(&data, profile->text, profile->size);
	buf_add(&data, filter->program.filter, filter->program.len * sizeof(*filter->program.filter));
	snprintf(aside, sizeof(aside), "%s.%d", name, (int)getpid());
	fd = openat(dir, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	if (fd_write_file(fd, data.data, data.size) < 0 || renameat(dir, aside, dir, name) < 0)
		(void)unlinkat(dir, aside, 0);
}

/* ----------------------------------------------------------------- helpers */

static char *makers(void)
{
	const struct scmp_version *library = seccomp_version();

	return mem_printf("%s %u.%u.%u %#x ", MOAT_VERSION, library->major, library->minor, library->micro,
			  seccomp_arch_native());
}

/* FNV-1a of eight bytes at a time: only to find it */
static uint64_t hash_add(uint64_t hash, const char *text, size_t size)
{
	uint64_t word;

	for (; size; size -= size < sizeof(word) ? size : sizeof(word), text += sizeof(word)) {
		word = 0;
		memcpy(&word, text, size < sizeof(word) ? size : sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x100000001b3);
		hash ^= hash >> 32;
	}
	return hash;
}

static void name_of(const char *by, const struct oci_section *profile, char name[NAME_SIZE])
{
	uint64_t hash = hash_add(UINT64_C(0xcbf29ce484222325), by, strlen(by));

	snprintf(name, NAME_SIZE, "%016llx.bpf", (unsigned long long)hash_add(hash, profile->text, profile->size));
}

static int folder_open(const char *folder, bool make)
{
	int fd;

	if (!folder || (make && mkdir(folder, 0700) < 0 && errno != EEXIST))
		return -1;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && !ours(fd, S_IFDIR)) {
		fd_close(fd);
		fd = -1;
	}
	return fd;
}

static bool ours(int fd, mode_t kind)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == kind && st.st_uid == geteuid() &&
	       (st.st_mode & 022) == 0;
}

static size_t files_in(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t count = 0;

	if (!dir)
		return FILES_MAX;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}
