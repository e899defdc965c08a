// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inside - the container's first process. Floor F4.
 *
 *	shim                                  first process
 *	clone3                   ------>      waits
 *	uid_map, gid_map
 *	SYNC_MAPPED              ------>      becomes root of its user namespace
 *	                         <------      SYNC_NET: its network namespace is there
 *	SYNC_MOUNT root, volumes ------>      builds its tree, changes root
 *	attaches its stack (while that goes on)
 *	                         <------      SYNC_READY
 *	SYNC_GO, its addresses   ------>      recipe, command
 *	                         <------      end of file: the command runs
 *
 * A failure on either side ends the container: the shim hears SYNC_FAILED or
 * an end too early, the process sees the shim's end closed.
 */
#include "runner/container/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/container/init.h"
#include "runner/process/namespaces.h"
#include "runner/process/process.h"
#include "runner/process/sync.h"
#include "runner/root/mounts.h"
#include "runner/spec/security.h"
#include "runner/terminal/pty.h"

static int descriptors_keep(struct inside *inside, struct err *err);
static int prepare(const struct inside *inside, struct err *err);
static int net_make(int sync, struct err *err);
static int expect(int sync, enum sync_kind kind, struct sync_msg *ret_msg, int *ret_fd,
		  struct err *err);
static int mounts_take(const struct inside *inside, struct mounts *mounts, int *ret_root,
		       struct mounts_extra *extras, size_t *ret_count, struct err *err);
static int streams_set(const int streams[3], struct err *err);
static int terminal_set(const struct inside *inside, struct err *err);
static int lines_take(const char *text, struct err *err);

int inside_run(void *ctx)
{
	struct inside own = *(const struct inside *)ctx;
	const struct inside *inside = &own;
	struct sync_msg msg = {.kind = SYNC_FAILED, .value = PROCESS_FAILED};
	sigset_t all;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	/* The arguments name folders of the host. */
	memset(inside->title, 0, inside->title_size);
	strncpy(inside->title, "moat-init", inside->title_size);
	if (descriptors_keep(&own, &msg.err) < 0 || prepare(inside, &msg.err) < 0) {
		(void)sync_send(inside->sync, &msg, -1);
		return PROCESS_FAILED;
	}
	return init_run(inside->spec, inside->filter, inside->sync, inside->ending);
}

/* ----------------------------------------------------------------- helpers */

/*
 * Of the shim's descriptors none but ours stays, its end of our connection least of all: with that
 * open here we would wait for a dead shim for ever.
 */
static int descriptors_keep(struct inside *inside, struct err *err)
{
	int *const kept[] = {&inside->sync, &inside->streams[0], &inside->streams[1],
			     &inside->streams[2], &inside->ending};
	enum { FIRST = 3, ASIDE = 64 };

	for (size_t i = 0; i < ARRAY_COUNT(kept); i++)
		if (*kept[i] >= 0 && (*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, ASIDE)) < 0)
			return err_sys(err, ERR_KERNEL, errno, NULL, "dup");
	for (size_t i = 0; i < ARRAY_COUNT(kept); i++) {
		int number = FIRST + (int)i;

		if (*kept[i] < 0)
			(void)close(number);
		else if (dup3(*kept[i], number, O_CLOEXEC) < 0)
			return err_sys(err, ERR_KERNEL, errno, NULL, "dup");
		else
			*kept[i] = number;
	}
	if (close_range(FIRST + (unsigned int)ARRAY_COUNT(kept), ~0U, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "close_range");
	return 0;
}

static int prepare(const struct inside *inside, struct err *err)
{
	const struct spec *spec = inside->spec;
	struct mounts_extra extras[SPEC_VOLUMES_MAX];
	struct mounts mounts;
	struct sync_msg msg = {.kind = SYNC_READY};
	size_t extra_count = 0;
	int root = -1;
	int rc = expect(inside->sync, SYNC_MAPPED, &msg, NULL, err);

	if (rc == 0)
		rc = namespaces_become_root(err);
	/* After the change of ids, which clears it. Should the shim have died before, the next message is missing. */
	if (rc == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "prctl(PR_SET_PDEATHSIG)");
	if (rc == 0 && inside->make_net)
		rc = net_make(inside->sync, err);
	if (rc == 0 && (spec->net == SPEC_NET_NONE || spec->net == SPEC_NET_OWN))
		rc = namespaces_stack_defaults(err);
	if (rc == 0 && !spec_joins(spec) && security_seals(spec))
		rc = namespaces_seal(err);
	if (rc == 0 && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, spec->hostname, "sethostname");
	/* What needs no root yet is made while the shim is still busy with that. */
	if (rc == 0)
		rc = mounts_prepare(spec, &mounts, err);
	if (rc == 0)
		rc = mounts_take(inside, &mounts, &root, extras, &extra_count, err);
	if (rc == 0)
		rc = mounts_enter(spec, &mounts, root, extras, extra_count, err);
	/* The session's leader, so that no terminal of the shim's can be ours. */
	if (rc == 0 && setsid() < 0 && errno != EPERM)
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "setsid");
	if (rc == 0)
		rc = streams_set(inside->streams, err);
	if (rc == 0 && spec->tty)
		rc = terminal_set(inside, err);
	msg.kind = SYNC_READY;
	if (rc == 0 && sync_send(inside->sync, &msg, -1) < 0)
		rc = err_set(err, ERR_INTERNAL, EPIPE, NULL, "the shim is gone");
	if (rc == 0)
		rc = expect(inside->sync, SYNC_GO, &msg, NULL, err);
	if (rc == 0 && msg.text[0])
		rc = lines_take(msg.text, err);
	return rc;
}

static int net_make(int sync, struct err *err)
{
	const struct sync_msg msg = {.kind = SYNC_NET};
	int rc = namespaces_make_net(err);

	if (rc == 0 && sync_send(sync, &msg, -1) < 0)
		rc = err_set(err, ERR_INTERNAL, EPIPE, NULL, "the shim is gone");
	return rc;
}

static int expect(int sync, enum sync_kind kind, struct sync_msg *ret_msg, int *ret_fd,
		  struct err *err)
{
	int rc = sync_recv(sync, ret_msg, ret_fd);

	if (rc == 1 && ret_msg->kind == kind)
		return 0;
	return err_set(err, ERR_INTERNAL, EPIPE, NULL,
		       "the shim is gone, or says what was not expected");
}

static int mounts_take(const struct inside *inside, struct mounts *mounts, int *ret_root,
		       struct mounts_extra *extras, size_t *ret_count, struct err *err)
{
	int *const places[] = {
		[-SYNC_MOUNT_ROOT] = ret_root,         [-SYNC_MOUNT_PROC] = &mounts->proc,
		[-SYNC_MOUNT_SYS] = &mounts->sys,      [-SYNC_MOUNT_SHM] = &mounts->shm,
		[-SYNC_MOUNT_MQUEUE] = &mounts->mqueue,
	};
	struct sync_msg msg;

	for (;;) {
		int fd;
		int rc = expect(inside->sync, SYNC_MOUNT, &msg, &fd, err);

		if (rc < 0)
			return rc;
		if (msg.value == SYNC_MOUNT_DONE)
			return 0;
		if (fd < 0)
			return err_set(err, ERR_INTERNAL, EBADF, NULL,
				       "a mount without its descriptor");
		if (msg.value < 0) {
			if (-msg.value >= (int)ARRAY_COUNT(places))
				return err_set(err, ERR_INTERNAL, EINVAL, NULL,
					       "a mount of unknown kind");
			*places[-msg.value] = fd;
			continue;
		}
		if (*ret_count == SPEC_VOLUMES_MAX)
			return err_set(err, ERR_LIMIT, E2BIG, NULL, "more than %d volumes",
				       SPEC_VOLUMES_MAX);
		/* The copy lives as long as the process: a handful, once. */
		extras[(*ret_count)++] =
			(struct mounts_extra){.mount = fd, .target = mem_strdup(msg.text)};
	}
}

static int streams_set(const int streams[3], struct err *err)
{
	for (int i = 0; i < 3; i++) {
		int fd = streams[i] >= 0 ? streams[i]
					 : open("/dev/null", (i ? O_WRONLY : O_RDONLY) |
								     O_CLOEXEC | O_NOCTTY);

		if (fd < 0 || dup2(fd, i) < 0)
			return err_sys(err, ERR_KERNEL, errno, NULL,
				       "set up standard stream %d", i);
	}
	return 0;
}

/* A pair of the container's own devpts: the master goes to the shim, the other end is ours. */
static int terminal_set(const struct inside *inside, struct err *err)
{
	struct sync_msg msg = {.kind = SYNC_TTY};
	cleanup(fd_closep) int master = -1, slave = -1;
	int rc = pty_open(&inside->spec->size, &master, &slave, err);

	if (rc == 0)
		rc = pty_console(slave, err);
	if (rc == 0)
		rc = pty_streams(slave, err);
	if (rc == 0 && sync_send(inside->sync, &msg, master) < 0)
		rc = err_set(err, ERR_INTERNAL, EPIPE, NULL, "the shim is gone");
	return rc;
}

/* Its file, its rights: no following of what somebody may have put there. What cannot be written is its owner's will. */
static int file_put(const char *path, int flags, const struct buf *text, struct err *err)
{
	cleanup(fd_closep) int fd =
		open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | flags, 0644);
	int rc;

	if (fd < 0)
		return errno == EROFS || errno == ENOENT || errno == EACCES || errno == ELOOP
			       ? 0
			       : err_sys(err, ERR_IO, errno, path, "open");
	rc = fd_write_all(fd, text->data, text->size);
	return rc < 0 ? err_sys(err, ERR_IO, -rc, path, "write") : 0;
}

/* Its own names and who tells others', known only now. */
static int lines_take(const char *text, struct err *err)
{
	cleanup(buf_fini) struct buf hosts = BUF_INIT, servers = BUF_INIT;
	int rc = 0;

	for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1)
		buf_add(str_starts(text, "nameserver ") ? &servers : &hosts, text,
			(size_t)(end + 1 - text));
	if (hosts.size > 0)
		rc = file_put("/etc/hosts", O_APPEND, &hosts, err);
	if (rc == 0 && servers.size > 0)
		rc = file_put("/etc/resolv.conf", O_CREAT | O_TRUNC, &servers, err);
	return rc;
}
