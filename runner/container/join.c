// SPDX-License-Identifier: GPL-2.0-or-later
/* join - the namespaces of other containers. Floor F4. */
#include "runner/container/join.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "runner/process/idrange.h"
#include "runner/process/namespaces.h"
#include "runner/process/sync.h"
#include "runner/state/state.h"

enum { OPTIONS = 3 };

/* struct target - a container that is joined. @pidfd: of its init */
struct target {
	const char *name;
	struct state state;
	int containers, pidfd;
};

/* struct wanted - what is taken of them. @base: of their ids; 0: not known yet */
struct wanted {
	const struct spec *spec;
	int64_t base;
	struct join join;
};

/* @index: which option names it */
typedef int take_fn(const struct target *target, size_t index, struct wanted *wanted, struct err *err);

static int each_target(const char *runtime_dir, const struct spec *spec, take_fn *take, struct wanted *wanted,
		       struct err *err);
static int range_take(const struct target *target, size_t index, struct wanted *wanted, struct err *err);
static int namespaces_take(const struct target *target, size_t index, struct wanted *wanted, struct err *err);
static const char *option_name(const struct spec *spec, size_t index);
static int target_open(const char *runtime_dir, const char *name, struct target *ret_target,
		       struct err *err);
static void target_fini(struct target *target);
static int target_take(const struct target *target, size_t index, struct join *join,
		       struct err *err);
static int userns_take(const struct target *target, struct join *join, struct err *err);
static int shm_take(const struct target *target, int *ret_mount, struct err *err);
static void shm_send(int sock, int pidfd) __attribute__((noreturn));

void join_fini(struct join *join)
{
	fd_close(join->userns);
	fd_close(join->netns);
	fd_close(join->pidns);
	fd_close(join->ipcns);
	fd_close(join->shm);
	*join = JOIN_INIT;
}

int join_range(const char *runtime_dir, const struct spec *spec, uint32_t *ret_base,
	       struct err *err)
{
	struct wanted wanted = {.spec = spec};
	int rc = each_target(runtime_dir, spec, range_take, &wanted, err);

	/* Also where it failed: what was taken is the caller's to release. */
	*ret_base = (uint32_t)wanted.base;
	return rc;
}

int join_open(const char *runtime_dir, const struct spec *spec, uint32_t base,
	      struct join *ret_join, struct err *err)
{
	struct wanted wanted = {.spec = spec, .base = base, .join = JOIN_INIT};
	int rc = each_target(runtime_dir, spec, namespaces_take, &wanted, err);

	if (rc < 0) {
		join_fini(&wanted.join);
		return rc;
	}
	*ret_join = wanted.join;
	return 0;
}

/* ----------------------------------------------------------------- helpers */

/* Those that @spec joins, one option after the other, until one says no. */
static int each_target(const char *runtime_dir, const struct spec *spec, take_fn *take, struct wanted *wanted,
		       struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < OPTIONS; i++) {
		const char *name = option_name(spec, i);
		struct target target;

		if (!name)
			continue;
		rc = target_open(runtime_dir, name, &target, err);
		if (rc < 0)
			break;
		rc = take(&target, i, wanted, err);
		target_fini(&target);
	}
	return rc;
}

static int range_take(const struct target *target, size_t index, struct wanted *wanted, struct err *err)
{
	(void)index;
	if (wanted->base == 0) {
		wanted->base = target->state.id_base;
		return idrange_share(target->containers, wanted->spec->id, (uint32_t)wanted->base, err);
	}
	if (wanted->base != target->state.id_base)
		return err_set(err, ERR_CONFLICT, EINVAL, target->name,
			       "its user namespace is not that of the other container "
			       "to join");
	return 0;
}

static int namespaces_take(const struct target *target, size_t index, struct wanted *wanted, struct err *err)
{
	int rc;

	/* Another one of that name by now: our ids are not its. */
	if (target->state.id_base != wanted->base)
		return err_set(err, ERR_CONFLICT, EINVAL, target->name,
			       "it is not the container that was joined before");
	rc = userns_take(target, &wanted->join, err);
	if (rc == 0)
		rc = target_take(target, index, &wanted->join, err);
	/* Were they those of the process we looked at? It runs still, so its number was not another's. */
	if (rc == 0 && pidfd_send_signal(target->pidfd, 0, NULL, 0) < 0)
		rc = err_set(err, ERR_CONFLICT, ESRCH, target->name,
			     "the container to join has just ended");
	return rc;
}

static const char *option_name(const struct spec *spec, size_t index)
{
	const char *const names[OPTIONS] = {spec->join, spec->pid_join, spec->ipc_join};

	return names[index];
}

static int target_open(const char *runtime_dir, const char *name, struct target *ret_target,
		       struct err *err)
{
	struct target target = {.name = name, .containers = -1, .pidfd = -1};
	struct state_dir dir = STATE_DIR_INIT;
	struct name parsed;
	int rc = name_parse("container", name, false, &parsed, err);

	if (rc == 0)
		rc = state_dir_open(runtime_dir, &parsed, &dir, err);
	if (rc == 0)
		rc = state_load(&dir, &target.state, err);
	if (rc == 0) {
		target.pidfd = state_pidfd(&target.state);
		if (target.pidfd < 0)
			rc = err_set(err, ERR_CONFLICT, ESRCH, name,
				     "the container to join does not run");
	}
	if (rc == 0) {
		target.containers = dir.containers;
		dir.containers = -1;
		*ret_target = target;
	}
	state_dir_fini(&dir);
	return rc;
}

static void target_fini(struct target *target)
{
	fd_close(target->containers);
	fd_close(target->pidfd);
}

static int target_take(const struct target *target, size_t index, struct join *join,
		       struct err *err)
{
	static const char *const files[OPTIONS] = {"net", "pid", "ipc"};
	int *const places[OPTIONS] = {&join->netns, &join->pidns, &join->ipcns};
	int fd = namespaces_open((pid_t)target->state.pid, files[index], err);

	if (fd < 0)
		return fd;
	*places[index] = fd;
	/* Segments by name are files on a mount of its, and only together with those by key what IPC means. */
	return index == 2 ? shm_take(target, &join->shm, err) : 0;
}

/* One for all: names of different containers may well lie in the same. */
static int userns_take(const struct target *target, struct join *join, struct err *err)
{
	int fd = namespaces_open((pid_t)target->state.pid, "user", err);
	struct stat first, second;

	if (fd < 0)
		return fd;
	if (join->userns < 0) {
		join->userns = fd;
		return 0;
	}
	if (fstat(join->userns, &first) < 0 || fstat(fd, &second) < 0 ||
	    first.st_dev != second.st_dev || first.st_ino != second.st_ino) {
		fd_close(fd);
		return err_set(err, ERR_CONFLICT, EINVAL, target->name,
			       "its user namespace is not that of the other container to join");
	}
	fd_close(fd);
	return 0;
}

/*
 * A mount can be copied by who is in its mount namespace alone, and who went there does not come back: a child
 * does it. It is not dumpable, as the shim is, and nobody inside sees it: its pid namespace is ours.
 */
static int shm_take(const struct target *target, int *ret_mount, struct err *err)
{
	struct sync_msg msg;
	int ends[2], rc, fd = -1;
	pid_t child;

	rc = sync_pair(ends);
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, NULL, "socketpair");
	child = fork();
	if (child == 0)
		shm_send(ends[1], target->pidfd);
	fd_close(ends[1]);
	if (child < 0) {
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "fork");
		fd_close(ends[0]);
		return rc;
	}
	rc = sync_recv(ends[0], &msg, &fd);
	fd_close(ends[0]);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (rc == 1 && fd >= 0) {
		*ret_mount = fd;
		return 0;
	}
	if (rc == 1 && err)
		*err = msg.err;
	return rc == 1 ? -msg.err.no
		       : err_set(err, ERR_INTERNAL, ECHILD, target->name,
				 "the process that fetches its /dev/shm was lost");
}

/* /dev and /dev/shm are mounts there: its root can put nothing else in their place. */
static void shm_send(int sock, int pidfd)
{
	struct sync_msg msg = {.kind = SYNC_MOUNT};
	int mount = -1;

	if (setns(pidfd, CLONE_NEWNS) < 0)
		err_sys(&msg.err, ERR_KERNEL, errno, NULL,
			"setns into the mount namespace to join");
	else
		mount = open_tree(AT_FDCWD, "/dev/shm",
				  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (mount < 0 && msg.err.kind == ERR_NONE)
		err_sys(&msg.err, ERR_KERNEL, errno, "/dev/shm", "copy of the mount to join");
	_exit(sync_send(sock, &msg, mount) < 0);
}
