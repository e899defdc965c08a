// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * seccomp_cache - a folder of compiled filters. Floor F4.
 *
 *	struct head | profile, head.text bytes | instructions, head.count of 8 bytes
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
#include "lib/base/json.h"
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
	uint32_t notify, zero;
};
static const char magic[8] = "moatbpf2";

static char *text_of(const json_t *profile);
static void name_of(const char *text, char name[NAME_SIZE]);
static int folder_open(const char *folder, bool make);
static bool ours(int fd, mode_t kind);
static size_t files_in(int folder);

int oci_seccomp_cache_load(const char *folder, const json_t *profile,
			   struct sock_fprog *ret_program, bool *ret_notify)
{
	cleanup(fd_closep) int dir = folder_open(folder, false);
	cleanup(fd_closep) int fd = -1;
	cleanup(mem_freep) char *text = NULL;
	cleanup(mem_freep) uint8_t *data = NULL;
	struct sock_filter *filter;
	struct head head;
	struct stat st;
	char name[NAME_SIZE];

	if (dir < 0)
		return -ENOENT;
	text = text_of(profile);
	name_of(text, name);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || !ours(fd, S_IFREG) || fstat(fd, &st) < 0 || st.st_size > FILE_MAX ||
	    st.st_size < (off_t)sizeof(head))
		return -ENOENT;
	data = mem_alloc((size_t)st.st_size);
	if (fd_read_all(fd, data, (size_t)st.st_size) < 0)
		return -EIO;
	memcpy(&head, data, sizeof(head));
	if (memcmp(head.magic, magic, sizeof(magic)) != 0 || head.count == 0 ||
	    head.count > INSTRUCTIONS_MAX || head.text != strlen(text) ||
	    sizeof(head) + head.text + head.count * sizeof(*filter) != (size_t)st.st_size ||
	    memcmp(data + sizeof(head), text, head.text) != 0)
		return -ENOENT;
	filter = mem_array(head.count, sizeof(*filter));
	memcpy(filter, data + sizeof(head) + head.text, head.count * sizeof(*filter));
	*ret_program = (struct sock_fprog){(unsigned short)head.count, filter};
	*ret_notify = head.notify != 0;
	return 0;
}

void oci_seccomp_cache_save(const char *folder, const json_t *profile,
			    const struct sock_fprog *program, bool notify)
{
	cleanup(fd_closep) int dir = folder_open(folder, true);
	cleanup(fd_closep) int fd = -1;
	cleanup(mem_freep) char *text = NULL;
	cleanup(buf_fini) struct buf data = BUF_INIT;
	struct head head = {.count = program->len, .notify = notify};
	char name[NAME_SIZE], aside[NAME_SIZE + 16];

	if (dir < 0 || files_in(dir) >= FILES_MAX)
		return;
	text = text_of(profile);
	name_of(text, name);
	memcpy(head.magic, magic, sizeof(magic));
	head.text = (uint32_t)strlen(text);
	buf_add(&data, &head, sizeof(head));
	buf_add(&data, text, head.text);
	buf_add(&data, program->filter, program->len * sizeof(*program->filter));
	snprintf(aside, sizeof(aside), "%s.%d", name, (int)getpid());
	fd = openat(dir, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	if (fd_write_file(fd, data.data, data.size) < 0 || renameat(dir, aside, dir, name) < 0)
		(void)unlinkat(dir, aside, 0);
}

/* ----------------------------------------------------------------- helpers */

/* The profile, and what else decides on the outcome. */
static char *text_of(const json_t *profile)
{
	const struct scmp_version *library = seccomp_version();
	cleanup(mem_freep) char *text = json_text(profile);

	return mem_printf("%s %u.%u.%u %#x %s", MOAT_VERSION, library->major, library->minor,
			  library->micro, seccomp_arch_native(), text);
}

/* FNV-1a, 64 bits: only to find it */
static void name_of(const char *text, char name[NAME_SIZE])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	snprintf(name, NAME_SIZE, "%016llx.bpf", (unsigned long long)hash);
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
