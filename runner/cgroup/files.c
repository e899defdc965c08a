// SPDX-License-Identifier: GPL-2.0-or-later
/* files - one file of one cgroup, by the descriptor of its folder. Floor F4 (runner/cgroup). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "runner/cgroup/cgroup.h"

enum { WHOLE_MAX = 4 * 1024 * 1024 }; /* cgroup.procs of 500,000 processes */

/* One write(2) is one command to the kernel. */
int cgroup_file_write(int dir, const char *file, const char *value)
{
	cleanup(fd_closep) int fd = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	while (write(fd, value, strlen(value)) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

ssize_t cgroup_file_read(int dir, const char *file, char *text, size_t size)
{
	cleanup(fd_closep) int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	do
		n = read(fd, text, size - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return n;
}

char *cgroup_file_whole(int dir, const char *file)
{
	cleanup(fd_closep) int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t size = 0, room = 4096;
	char *text = NULL;
	ssize_t n = 1;

	if (fd < 0)
		return NULL;
	while (n > 0 && room <= WHOLE_MAX) {
		text = mem_grow(text, room, 1);
		n = read(fd, text + size, room - size - 1);
		if (n < 0 && errno == EINTR) {
			n = 1;
			continue;
		}
		if (n > 0)
			size += (size_t)n;
		if (size + 1 == room)
			room *= 2;
	}
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	return text;
}
