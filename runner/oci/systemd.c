// SPDX-License-Identifier: GPL-2.0-or-later
/* systemd - names of slices and scopes; the program that asks for them. Floor F4. */
#include "runner/oci/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/str.h"
#include "runner/process/helper.h"

enum {
	UNIT_NAME_MAX = 255, /* with its ending (systemd.unit(5)) */
	SCOPE_EXISTS = 2,    /* exit status of moat-scope */
};

#define SCOPE	      ".scope"
#define SLICE	      ".slice"
#define SLICE_DEFAULT "system.slice"

static int slice_path(const char *slice, struct buf *text, struct err *err);
static void name_escape(const char *name, struct buf *text);
static const char *unit_of(const char *path);
static int scope_run(const char **args, const char *unit, struct err *err);
static const char **args_make(struct arena *arena, const char *const *words, const struct cgroup_writes *writes);

int oci_systemd_path(const char *path, const char *id, char **ret_path, struct err *err)
{
	cleanup(mem_freep) char *copy = mem_strdup(path && *path ? path : SLICE_DEFAULT ":moat:");
	char *rest = copy, *slice = strsep(&rest, ":"), *prefix = strsep(&rest, ":"), *name = strsep(&rest, ":");
	cleanup(buf_fini) struct buf text = BUF_INIT;
	const char *unit;
	int rc;

	if (!name || rest || (path && *path && !*name))
		return err_set(err, ERR_USAGE, EINVAL, "linux.cgroupsPath",
			       "of systemd's manager is SLICE:PREFIX:NAME, not \"%.200s\"", path);
	rc = slice_path(*slice ? slice : SLICE_DEFAULT, &text, err);
	if (rc < 0)
		return rc;
	buf_str(&text, "/");
	if (*prefix) {
		name_escape(prefix, &text);
		buf_str(&text, "-");
	}
	name_escape(*name ? name : id, &text);
	buf_str(&text, SCOPE);
	unit = unit_of(buf_cstr(&text));
	if (unit[0] == '.' || strlen(unit) > UNIT_NAME_MAX)
		return err_set(err, ERR_USAGE, EINVAL, "linux.cgroupsPath",
			       "no name for a unit of systemd's, of at most %d characters: %.64s", UNIT_NAME_MAX, unit);
	*ret_path = mem_strdup(buf_cstr(&text));
	return 0;
}

int oci_systemd_start(const char *path, pid_t pid, const struct cgroup_writes *writes, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	const char *slice = strrchr(path, '/'), *above = slice;

	while (above > path && above[-1] != '/')
		above--;
	return scope_run(args_make(arena,
				   (const char *const[]){"moat-scope", "start", unit_of(path),
							 above == slice ? "-.slice"
									: arena_printf(arena, "%.*s", (int)(slice - above), above),
							 arena_printf(arena, "%d", (int)pid), NULL},
				   writes),
			 unit_of(path), err);
}

int oci_systemd_set(const char *path, const struct cgroup_writes *writes, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();

	return scope_run(args_make(arena, (const char *const[]){"moat-scope", "set", unit_of(path), NULL}, writes),
			 unit_of(path), err);
}

int oci_systemd_stop(const char *path, struct err *err)
{
	const char *args[] = {"moat-scope", "stop", unit_of(path), NULL};

	return scope_run(args, unit_of(path), err);
}

/* ----------------------------------------------------------------- helpers */

/* "a-b.slice" lies in "a.slice", "-.slice" is the root. */
static int slice_path(const char *slice, struct buf *text, struct err *err)
{
	size_t len = strlen(slice);

	if (str_eq(slice, "-" SLICE))
		return 0;
	if (len <= strlen(SLICE) || len > UNIT_NAME_MAX || !str_eq(slice + len - strlen(SLICE), SLICE) ||
	    slice[0] == '-' || slice[0] == '.' || strchr(slice, '/') || strstr(slice, "--") ||
	    slice[len - strlen(SLICE) - 1] == '-')
		return err_set(err, ERR_USAGE, EINVAL, "linux.cgroupsPath", "\"%.200s\" is no name of a slice", slice);
	for (size_t i = 0; i < len - strlen(SLICE); i++)
		if (slice[i] == '-')
			buf_printf(text, "/%.*s" SLICE, (int)i, slice);
	buf_printf(text, "/%s", slice);
	return 0;
}

/* systemd.unit(5): what a unit may not be called is written as \xNN. */
static void name_escape(const char *name, struct buf *text)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.-@";

	for (; *name; name++)
		if (strchr(fine, *name))
			buf_printf(text, "%c", *name);
		else
			buf_printf(text, "\\x%02x", (unsigned int)(unsigned char)*name);
}

static const char *unit_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static const char **args_make(struct arena *arena, const char *const *words, const struct cgroup_writes *writes)
{
	const char **args;
	size_t count = 0;

	while (words[count])
		count++;
	args = arena_array(arena, count + writes->count + 1, sizeof(*args));
	memcpy(args, words, count * sizeof(*args));
	for (size_t i = 0; i < writes->count; i++)
		if (writes->items[i].unified)
			args[count++] = arena_printf(arena, "%s=%s", writes->items[i].file, writes->items[i].value);
	return args;
}

/* What it says on standard error is the reason. */
static int scope_run(const char **args, const char *unit, struct err *err)
{
	cleanup(mem_freep) char *path = helper_path(args[0]);
	char text[200] = "";
	size_t size = 0;
	int ends[2], status = -1;
	pid_t child;
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "pipe");
	child = fork();
	if (child == 0) {
		if (dup2(ends[1], STDERR_FILENO) == STDERR_FILENO &&
		    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
			execv(path, (char *const *)(uintptr_t)args);
		_exit(127);
	}
	fd_close(ends[1]);
	do {
		n = size < sizeof(text) - 1 ? read(ends[0], text + size, sizeof(text) - 1 - size) : 0;
		size += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	fd_close(ends[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == SCOPE_EXISTS)
		return err_set(err, ERR_CONFLICT, EEXIST, unit, "systemd: %s", text);
	return err_set(err, ERR_UNAVAILABLE, EIO, unit, "systemd: %s",
		       *text ? text : "the program moat-scope does not run");
}
