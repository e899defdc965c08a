// SPDX-License-Identifier: GPL-2.0-or-later
/* device - who moves interfaces, and where it is written down. Floor F4. */
#include "runner/container/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/container/stack.h"
#include "runner/process/helper.h"

static int program_run(const char *const *args, int netns, struct device_mark *ret_mark,
		       struct err *err);
static int mark_run(const char *verb, const struct device_mark *mark, int netns,
		    struct device_mark *ret_mark, struct err *err);
static void marks_print(const struct device_mark *marks, size_t count, struct buf *text);
static size_t marks_read(char *text, struct device_mark *marks);
static int file_put(const struct state_dir *dir, const struct buf *text, struct err *err);
static int one_take(struct device_mark *mark, int netns, struct err *err);

int device_parse(const char *text, char ret_name[16], bool *ret_force, struct err *err)
{
	size_t len = strcspn(text, ",");
	char name[16] = "";

	if (len >= sizeof(name) || (text[len] && !str_eq(text + len, ",force")))
		return err_set(err, ERR_USAGE, EINVAL, text, "--device-net is NAME or NAME,force");
	memcpy(name, text, len);
	if (name_ifname_check(name, err) < 0)
		return -EINVAL;
	memcpy(ret_name, name, sizeof(name));
	*ret_force = text[len] != '\0';
	return 0;
}

int devices_take(const struct state_dir *dir, const struct spec *spec, int netns, struct err *err)
{
	struct device_mark marks[SPEC_DEVICES_MAX];
	cleanup(buf_fini) struct buf text = BUF_INIT;
	size_t count = 0;
	int rc = 0;

	for (; rc == 0 && spec->devices && spec->devices[count]; count++) {
		char name[16];
		bool force;

		rc = device_parse(spec->devices[count], name, &force, err);
		if (rc == 0) {
			const char *const args[] = {"moat-device", "look", name, force ? "1" : "0",
						    NULL};

			rc = program_run(args, netns, &marks[count], err);
		}
	}
	if (rc < 0 || count == 0)
		return rc;
	marks_print(marks, count, &text);
	rc = file_put(dir, &text, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = one_take(&marks[i], netns, err);
	/* Again, with what they are inside: by that they are known, whatever they are called there. */
	if (rc == 0) {
		buf_clear(&text);
		marks_print(marks, count, &text);
		rc = file_put(dir, &text, err);
	}
	if (rc < 0)
		(void)devices_return(dir, NULL, netns, NULL);
	return rc;
}

int devices_return(const struct state_dir *dir, const char *socket, int netns, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/" DEVICE_FILE, dir->path);
	cleanup(buf_fini) struct buf text = BUF_INIT;
	struct device_mark marks[SPEC_DEVICES_MAX];
	int rc = file_read(path, DEVICE_FILE_MAX, &text);
	int userns = -1, opened = -1;
	size_t count;

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return err_sys(err, ERR_IO, -rc, path, "read");
	count = text.size ? marks_read((char *)text.data, marks) : 0;
	rc = 0;
	if (netns < 0) {
		struct err why = ERR_INIT;

		rc = stack_open(socket, &dir->name, &opened, &userns, &why);
		/* Its namespace is gone, and with it what was in there: the kernel has given back what it could. */
		if (rc < 0 && why.kind == ERR_NOTFOUND) {
			count = 0;
			rc = 0;
		}
		if (rc < 0 && err)
			*err = why;
		netns = opened;
	}
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = mark_run("return", &marks[i], netns, NULL, err);
	fd_close(opened);
	fd_close(userns);
	if (rc == 0 && unlinkat(dir->fd, DEVICE_FILE, 0) < 0 && errno != ENOENT)
		rc = err_sys(err, ERR_IO, errno, path, "remove");
	return rc;
}

int device_hand_over(int netns, const char *host, const char *as, struct device_mark *ret_mark, struct err *err)
{
	const char *const args[] = {"moat-device", "give", host, as, NULL};

	return program_run(args, netns, ret_mark, err);
}

int device_hand_back(int netns, const struct device_mark *mark, struct err *err)
{
	return mark_run("back", mark, netns, NULL, err);
}

/* ----------------------------------------------------------------- helpers */

static int one_take(struct device_mark *mark, int netns, struct err *err)
{
	return mark_run("take", mark, netns, mark, err);
}

static int mark_run(const char *verb, const struct device_mark *mark, int netns,
		    struct device_mark *ret_mark, struct err *err)
{
	char index[12], link[12];
	const char *const args[] = {"moat-device", verb, mark->name, *mark->kind ? mark->kind : "-", index,
				    link, mark->far ? "1" : "0", mark->up ? "1" : "0", NULL};

	snprintf(index, sizeof(index), "%u", mark->index);
	snprintf(link, sizeof(link), "%u", mark->link);
	return program_run(args, netns, ret_mark, err);
}

static int program_run(const char *const *args, int netns, struct device_mark *ret_mark,
		       struct err *err)
{
	cleanup(mem_freep) char *path = helper_path("moat-device");
	struct device_answer answer;
	int ends[2], rc;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "pipe");
	child = fork();
	if (child == 0) {
		/* First out of the way of the numbers they shall have */
		int high[2] = {fcntl(netns, F_DUPFD_CLOEXEC, 64), fcntl(ends[1], F_DUPFD_CLOEXEC, 64)};

		if (dup2(high[0], DEVICE_FD_NETNS) == DEVICE_FD_NETNS &&
		    dup2(high[1], DEVICE_FD_ANSWER) == DEVICE_FD_ANSWER &&
		    close_range(DEVICE_FD_ANSWER + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
			execv(path, (char *const *)(uintptr_t)args);
		_exit(127);
	}
	fd_close(ends[1]);
	rc = child < 0 ? -errno : fd_read_all(ends[0], &answer, sizeof(answer));
	fd_close(ends[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (rc < 0)
		return err_sys(err, ERR_INTERNAL, -rc, path, "run of the program");
	if (answer.rc < 0) {
		if (err)
			*err = answer.err;
		return answer.rc;
	}
	if (ret_mark)
		*ret_mark = answer.mark;
	return 0;
}

static void marks_print(const struct device_mark *marks, size_t count, struct buf *text)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(text, "%s %s %u %u %d %d\n", marks[i].name,
			   *marks[i].kind ? marks[i].kind : "-", marks[i].index, marks[i].link,
			   marks[i].far, marks[i].up);
}

/* Our own file in root's own folder; what is no mark is skipped. */
static size_t marks_read(char *text, struct device_mark *marks)
{
	size_t count = 0;
	char *line;

	while (count < SPEC_DEVICES_MAX && (line = strsep(&text, "\n"))) {
		struct device_mark mark = {0};
		unsigned int far, up;

		if (sscanf(line, "%15s %15s %u %u %u %u", mark.name, mark.kind, &mark.index,
			   &mark.link, &far, &up) != DEVICE_MARK_WORDS)
			continue;
		if (str_eq(mark.kind, "-"))
			mark.kind[0] = '\0';
		mark.far = far != 0;
		mark.up = up != 0;
		marks[count++] = mark;
	}
	return count;
}

static int file_put(const struct state_dir *dir, const struct buf *text, struct err *err)
{
	cleanup(fd_closep) int fd = openat(dir->fd, DEVICE_FILE ".new",
					   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -errno : fd_write_all(fd, text->data, text->size);

	if (rc == 0 && renameat(dir->fd, DEVICE_FILE ".new", dir->fd, DEVICE_FILE) < 0)
		rc = -errno;
	return rc < 0 ? err_sys(err, ERR_IO, -rc, DEVICE_FILE, "write") : 0;
}
