// SPDX-License-Identifier: GPL-2.0-or-later
/* environ - the environment of a container's program. Floor F4. */
#include "runner/oci/environ.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

enum {
	PASSWD_MAX = 4 * 1024 * 1024, /* bytes of /etc/passwd: fifty thousand users */
	MORE_MAX = 3,
};

static bool is_set(const char *const *env, const char *name);
static char *home_find(uid_t uid);
static bool passwd_read(struct buf *text);

const char **oci_environ(const struct oci_process *process)
{
	const char *sockets = getenv("LISTEN_FDS");
	size_t count = 0;
	const char **env;
	uint64_t number;

	while (process->env && process->env[count])
		count++;
	env = mem_array(count + MORE_MAX + 1, sizeof(*env));
	if (count)
		memcpy(env, process->env, count * sizeof(*env));
	if (!is_set(env, "HOME"))
		env[count++] = home_find(process->uid);
	/* sd_listen_fds(3): they are those of the process that LISTEN_PID names, by its number inside. */
	if (sockets && str_u64(sockets, 65536, &number) == 0 && number > 0) {
		if (!is_set(env, "LISTEN_FDS"))
			env[count++] = mem_printf("LISTEN_FDS=%s", sockets);
		if (!is_set(env, "LISTEN_PID"))
			env[count++] = mem_printf("LISTEN_PID=%d", (int)getpid());
	}
	return env;
}

/* ----------------------------------------------------------------- helpers */

static bool is_set(const char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return true;
	return false;
}

/* name:password:UID:GID:comment:HOME:shell. "/" where nobody has that number, or a home without a path. */
static char *home_find(uid_t uid)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	char *line, *rest;

	if (!passwd_read(&text))
		return mem_strdup("HOME=/");
	(void)buf_cstr(&text);
	rest = (char *)text.data;
	while ((line = strsep(&rest, "\n"))) {
		const char *field[6];
		uint64_t number;
		size_t i = 0;

		while (i < ARRAY_COUNT(field) && (field[i] = strsep(&line, ":")))
			i++;
		if (i == ARRAY_COUNT(field) && str_u64(field[2], UINT32_MAX, &number) == 0 && number == uid)
			return mem_printf("HOME=%s", *field[5] ? field[5] : "/");
	}
	return mem_strdup("HOME=/");
}

/* It is the container's, and may be anything: no FIFO, no file without end, no link of /proc that leads out. */
static bool passwd_read(struct buf *text)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	cleanup(fd_closep) int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof(how));
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > PASSWD_MAX)
		return false;
	while (text->size < (size_t)st.st_size) {
		char part[4096];
		ssize_t n = read(fd, part, sizeof(part));

		if (n <= 0)
			break;
		buf_add(text, part, (size_t)n);
	}
	return text->size > 0;
}
