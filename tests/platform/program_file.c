/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PR_SET_MM_MAP changes what /proc/self/exe is, as soon as nothing of the old file is mapped: refused before; then it is a
 * file of a read-only mount, which nobody opens for writing. By a copy of this program on a mount of its own, which maps
 * each part of itself anew. runner/oci/entry.c does so before its image is written to, and need not keep what was.
 */
#include <linux/prctl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "tests/platform/platform.h"

enum { MAPPINGS_MAX = 64 };

/* A sanitizer minds that we read what lies between our variables. */
#define AS_IT_IS __attribute__((no_sanitize("address")))

struct mapping {
	uintptr_t begin, end;
	long protection, offset;
	char *content;
};

/* By the kernel alone: what is mapped here may be the table that a call of the C library goes by. */
static inline long plain(long number, long a, long b, long c, long d, long e, long f)
{
#ifdef __x86_64__
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
#else
	return syscall(number, a, b, c, d, e, f);
#endif
}

static bool own_path(const char *path, size_t size)
{
	static char now[4096];
	ssize_t n = readlink("/proc/self/exe", now, sizeof(now) - 1);

	return n > 0 && (size_t)n == size && strncmp(now, path, size) == 0;
}

static AS_IT_IS void content_read(const struct mapping *one)
{
	const volatile char *from = (const volatile char *)one->begin;

	for (size_t i = 0; i < one->end - one->begin; i++)
		one->content[i] = from[i];
}

static size_t mappings_read(struct mapping *mappings)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[4400], rights[8];
	size_t count = 0;
	int path;

	HOLDS(maps);
	while (fgets(line, sizeof(line), maps)) {
		struct mapping *one = &mappings[count];

		path = 0;
		HOLDS(count < MAPPINGS_MAX);
		if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %n", &one->begin, &one->end, rights, (unsigned long *)&one->offset,
			   &path) < 4 ||
		    !path || !own_path(line + path, strcspn(line + path, "\n")))
			continue;
		one->protection = (rights[0] == 'r' ? PROT_READ : 0) | (rights[1] == 'w' ? PROT_WRITE : 0) |
				  (rights[2] == 'x' ? PROT_EXEC : 0);
		one->content = malloc(one->end - one->begin);
		HOLDS(one->content);
		content_read(one);
		count++;
	}
	fclose(maps);
	return count;
}

static AS_IT_IS void map_anew(const struct mapping *one, int fd)
{
	const long size = (long)(one->end - one->begin);
	const bool code = one->protection & PROT_EXEC;
	volatile char *at = (volatile char *)one->begin;

	if (plain(SYS_mmap, (long)one->begin, size, code ? one->protection : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
		  fd, one->offset) != (long)one->begin)
		__builtin_trap();
	for (long i = 0; i < size && !code; i++)
		at[i] = one->content[i];
	if (!code && plain(SYS_mprotect, (long)one->begin, size, one->protection, 0, 0, 0) != 0)
		__builtin_trap();
}

static int file_set(int fd)
{
	const uintptr_t here = (uintptr_t)&file_set, heap = (uintptr_t)sbrk(0), stack = (uintptr_t)&fd;
	struct prctl_mm_map map = {
		.start_code = here,
		.end_code = here + 1,
		.start_data = here,
		.end_data = here + 1,
		.start_brk = heap,
		.brk = heap,
		.start_stack = stack,
		.arg_start = stack,
		.arg_end = stack,
		.env_start = stack,
		.env_end = stack,
		.exe_fd = (uint32_t)fd,
	};

	return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0 ? -errno : 0;
}

int main(void)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	struct mapping mappings[MAPPINGS_MAX];
	struct statvfs st;
	char path[32];
	size_t count;
	int tree, fd, rc;

#ifndef __x86_64__
	lacks("written for x86-64");
#endif
	tree = open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		lacks("may not copy mounts");
	HOLDS(mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", tree);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	HOLDS(fd >= 0);
	rc = file_set(fd);
	if (rc == -EINVAL || rc == -EPERM)
		lacks("a kernel without CONFIG_CHECKPOINT_RESTORE, or no right to it");
	HOLDS(rc == -EBUSY);
	count = mappings_read(mappings);
	HOLDS(count >= 3);
	for (size_t i = 0; i < count; i++)
		map_anew(&mappings[i], fd);
	HOLDS(file_set(fd) == 0);
	close(fd);
	close(tree);
	HOLDS(statvfs("/proc/self/exe", &st) == 0 && st.f_flag & ST_RDONLY);
	HOLDS(open("/proc/self/exe", O_WRONLY | O_CLOEXEC) < 0 && (errno == EROFS || errno == ETXTBSY));
	for (size_t i = 0; i < count; i++)
		free(mappings[i].content);
	return 0;
}
