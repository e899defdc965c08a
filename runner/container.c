// SPDX-License-Identifier: GPL-2.0-or-later
/* container - the asking side of containers. Floor F4. */
#include "runner/container.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/idrange.h"
#include "runner/join.h"
#include "runner/members.h"
#include "runner/rootfs.h"
#include "runner/shim.h"
#include "runner/stack.h"
#include "runner/sync.h"

enum { SHIM_WAIT_MS = 10000 }; /* for a shim to finish after its container has ended */

/* Signals that a foreground client hands on; the rest (its own stops, faults) are its own affair. */
static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};

struct sweep {
	const struct container_host *host;
	struct err *err;
	int rc;
};

static int folder_fill(const struct container_host *host, struct state_dir *dir,
		       const struct spec *spec, struct err *err);
static int shim_start(const struct container_host *host, const struct state_dir *dir,
		      bool attached, int *ret_control, struct err *err);
static int shim_watch(int control, bool attached, struct err *err);
static int watched(int control, struct err *err, bool attached, bool *ret_done);
static void signals_block(sigset_t *ret_before, int *ret_fd);
static int sweep_one(void *ctx, const struct name *name);
static int sweep_locked(const struct container_host *host, struct state_dir *dir,
			struct err *err);

char *container_shim_path(void)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash, *beside;

	if (len < 0)
		return mem_strdup("moat-shim");
	path[len] = '\0';
	slash = strrchr(path, '/');
	*slash = '\0';
	/* beside us in a build folder, in ../libexec/moat where it is installed */
	beside = mem_printf("%s/moat-shim", path);
	if (access(beside, X_OK) == 0)
		return beside;
	free(beside);
	return mem_printf("%s/../libexec/moat/moat-shim", path);
}

int container_run(const struct container_host *host, const struct spec *spec, struct err *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	int control, code = PROCESS_FAILED;
	int rc = state_dir_create(host->runtime_dir, &spec->name, &dir, err);

	if (rc == -EEXIST) {
		/* Perhaps it is only what a lost shim left. */
		(void)container_sweep(host, NULL);
		rc = state_dir_create(host->runtime_dir, &spec->name, &dir, err);
	}
	if (rc < 0)
		return PROCESS_FAILED;
	rc = folder_fill(host, &dir, spec, err);
	if (rc == 0) {
		rc = shim_start(host, &dir, spec->attached, &control, err);
		if (rc < 0) {
			struct state state;

			if (state_load(&dir, &state, NULL) == 0)
				(void)container_erase(&dir, spec->id, &state, NULL);
		}
	}
	/* The shim has the lock now by the descriptor it was born with. */
	state_dir_fini(&dir);
	if (rc == 0) {
		code = shim_watch(control, spec->attached, err);
		fd_close(control);
	}
	return code;
}

int container_stop(const struct container_host *host, const struct name *name,
		   unsigned timeout_ms, struct err *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	struct state state;
	struct pollfd ended = {.fd = -1, .events = POLLIN};
	int rc = state_dir_open(host->runtime_dir, name, &dir, err);

	if (rc == 0)
		rc = state_load(&dir, &state, err);
	if (rc == 0)
		ended.fd = state_pidfd(&state);
	if (rc == 0 && ended.fd >= 0) {
		/* Gone meanwhile is what was wanted. */
		if (pidfd_send_signal(ended.fd, SIGTERM, NULL, 0) == 0 &&
		    poll(&ended, 1, (int)timeout_ms) == 0)
			(void)pidfd_send_signal(ended.fd, SIGKILL, NULL, 0);
		while (poll(&ended, 1, -1) < 0 && errno == EINTR)
			;
	}
	fd_close(ended.fd < 0 ? -1 : ended.fd);
	if (rc == 0) {
		rc = state_dir_lock(&dir, SHIM_WAIT_MS, err);
		if (rc == -ENOENT) /* one with --rm: its shim took it away */
			rc = 0;
	}
	state_dir_fini(&dir);
	return rc;
}

int container_restart(const struct container_host *host, const struct name *name,
		      unsigned timeout_ms, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	struct state_dir dir = STATE_DIR_INIT;
	struct state state;
	struct spec spec;
	int control;
	int rc = state_dir_open(host->runtime_dir, name, &dir, err);

	if (rc == 0)
		rc = state_spec_load(&dir, arena, &doc, &spec, err);
	if (rc == 0 && spec.remove)
		rc = err_set(err, ERR_CONFLICT, EBUSY, name->name,
			     "the container goes when it stops (--rm)");
	if (rc == 0)
		rc = container_stop(host, name, timeout_ms, err);
	if (rc == 0)
		rc = state_dir_lock(&dir, SHIM_WAIT_MS, err);
	if (rc == 0)
		rc = sweep_locked(host, &dir, err);
	if (rc == 0)
		rc = state_load(&dir, &state, err);
	if (rc == 0) {
		spec.attached = false;
		spec.interactive = false;
		rc = state_spec_save(&dir, &spec, err);
	}
	if (rc == 0)
		rc = shim_start(host, &dir, false, &control, err);
	state_dir_fini(&dir);
	if (rc == 0) {
		*err = ERR_INIT;
		(void)shim_watch(control, false, err);
		rc = -err->no;
		fd_close(control);
	}
	return rc;
}

int container_remove(const struct container_host *host, const struct name *name, bool force,
		     struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	struct state_dir dir = STATE_DIR_INIT;
	struct state state;
	struct spec spec;
	int rc = state_dir_open(host->runtime_dir, name, &dir, err);

	if (rc < 0)
		return rc;
	rc = state_load(&dir, &state, err);
	if (rc == 0) {
		int pidfd = state_pidfd(&state);

		if (pidfd >= 0 && force)
			(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		if (pidfd >= 0 && !force)
			rc = err_set(err, ERR_CONFLICT, EBUSY, name->name,
				     "the container runs; stop it, or rm -f");
		fd_close(pidfd < 0 ? -1 : pidfd);
	}
	if (rc == 0)
		rc = state_dir_lock(&dir, SHIM_WAIT_MS, err);
	if (rc == 0)
		rc = state_spec_load(&dir, arena, &doc, &spec, err);
	if (rc == 0)
		rc = state_load(&dir, &state, err);
	if (rc == 0 && state.stack)
		rc = stack_delete(host->socket, &dir.name, err);
	if (rc == 0)
		rc = container_erase(&dir, spec.id, &state, err);
	state_dir_fini(&dir);
	return rc;
}

int container_sweep(const struct container_host *host, struct err *err)
{
	struct sweep sweep = {.host = host, .err = err};
	int rc = state_each(host->runtime_dir, sweep_one, &sweep, err);

	state_prune(host->runtime_dir);
	return rc < 0 ? rc : sweep.rc;
}

int container_erase(struct state_dir *dir, const char *id, const struct state *state,
		    struct err *err)
{
	int rc = state->mntns ? members_kill(state->mntns, state->mntns_id,
					     (uint32_t)state->id_base, err)
			      : 0;

	if (rc == 0 && state->layer)
		rc = rootfs_layer_unpin(dir, err);

	if (rc == 0 && state->id_base)
		rc = idrange_release(dir->containers, id, (uint32_t)state->id_base, err);
	if (rc == 0)
		rc = state_dir_remove(dir, err);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

/* spec.json before the range is taken, so that a sweep knows whose range it was. */
static int folder_fill(const struct container_host *host, struct state_dir *dir,
		       const struct spec *spec, struct err *err)
{
	struct state state = {.status = STATE_CREATED,
			      .created_ms = (int64_t)clock_realtime_ms()};
	uint32_t base = 0;
	int rc = state_spec_save(dir, spec, err);

	if (rc == 0)
		rc = spec_joins(spec)
			     ? join_range(host->runtime_dir, spec, &base, err)
			     : idrange_alloc(dir->containers, spec->id, &base, err);
	if (rc == 0) {
		state.id_base = base;
		rc = state_save(dir, &state, err);
	}
	if (rc < 0) {
		state.id_base = base;
		(void)container_erase(dir, spec->id, &state, NULL);
	}
	return rc;
}

static int shim_start(const struct container_host *host, const struct state_dir *dir,
		      bool attached, int *ret_control, struct err *err)
{
	cleanup(mem_freep) char *full = mem_printf("%s/%s", dir->name.tenant, dir->name.name);
	const char *const args[] = {"moat-shim", host->runtime_dir, host->socket, full, NULL};
	int ends[2], high[2], no = 0;
	pid_t pid;

	if (sync_pair(ends) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "socketpair");
	/* Out of the way of the numbers they shall have: dup2(2) onto itself would keep close-on-exec. */
	high[0] = fcntl(ends[1], F_DUPFD_CLOEXEC, 64);
	high[1] = fcntl(dir->lock, F_DUPFD_CLOEXEC, 64);
	/* Not posix_spawn(3): it looks at every signal twice, and spares nothing here. */
	pid = fork();
	if (pid == 0) {
		if (!attached) {
			int null = open("/dev/null", O_RDWR | O_CLOEXEC);

			for (int i = 0; i < 3; i++)
				(void)dup2(null, i);
		}
		/* Whatever else the caller let leak stays outside. */
		if (dup2(high[0], SHIM_FD_CONTROL) == SHIM_FD_CONTROL &&
		    dup2(high[1], SHIM_FD_LOCK) == SHIM_FD_LOCK &&
		    close_range(SHIM_FD_LOCK + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
			execv(host->shim, (char *const *)(uintptr_t)args);
		_exit(127);
	}
	if (pid < 0 || access(host->shim, X_OK) < 0)
		no = errno;
	fd_close(high[0]);
	fd_close(high[1]);
	fd_close(ends[1]);
	if (no) {
		fd_close(ends[0]);
		return err_sys(err, ERR_INTERNAL, no, host->shim, "start of the shim");
	}
	*ret_control = ends[0];
	return 0;
}

/* Until it runs (detached), or until it has ended (attached). Return: exit code. */
static int shim_watch(int control, bool attached, struct err *err)
{
	sigset_t before;
	int signals, code = PROCESS_FAILED;
	bool done = false;

	signals_block(&before, &signals);
	while (!done) {
		struct pollfd fds[2] = {{.fd = control, .events = POLLIN},
					{.fd = signals, .events = POLLIN}};
		struct signalfd_siginfo info;

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			code = watched(control, err, attached, &done);
		else if (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
			struct sync_msg msg = {.kind = SYNC_SIGNAL,
					       .value = (int32_t)info.ssi_signo};

			(void)sync_send(control, &msg, -1);
		}
	}
	fd_close(signals);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return code;
}

static int watched(int control, struct err *err, bool attached, bool *ret_done)
{
	struct sync_msg msg;
	int rc = sync_recv(control, &msg, NULL);

	*ret_done = true;
	if (rc != 1) {
		err_set(err, ERR_INTERNAL, EPIPE, NULL, "its shim was lost");
		return PROCESS_FAILED;
	}
	if (msg.kind == SYNC_EXITED)
		return msg.value;
	if (msg.kind == SYNC_FAILED) {
		*err = msg.err;
		return msg.value;
	}
	*ret_done = !attached;
	return 0;
}

static void signals_block(sigset_t *ret_before, int *ret_fd)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_COUNT(forwarded); i++)
		sigaddset(&set, forwarded[i]);
	(void)sigprocmask(SIG_BLOCK, &set, ret_before);
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC);
}

static int sweep_one(void *ctx, const struct name *name)
{
	struct sweep *sweep = ctx;
	struct state_dir dir = STATE_DIR_INIT;
	int rc;

	if (state_dir_open(sweep->host->runtime_dir, name, &dir, NULL) < 0)
		return 0;
	/* Held: its shim lives, or somebody works on it. */
	if (state_dir_lock(&dir, 0, NULL) == 0) {
		rc = sweep_locked(sweep->host, &dir, sweep->err);
		if (rc < 0)
			sweep->rc = rc;
	}
	state_dir_fini(&dir);
	return 0;
}

static int sweep_locked(const struct container_host *host, struct state_dir *dir,
			struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	struct state state = {0};
	struct spec spec;
	int rc;

	if (state_spec_load(dir, arena, &doc, &spec, NULL) < 0)
		return state_dir_remove(dir,
					err); /* its client was lost before it was anything */
	if (state_load(dir, &state, NULL) < 0) {
		idrange_forget(dir->containers, spec.id);
		return state_dir_remove(dir, err);
	}
	if (state.status == STATE_EXITED && !spec.remove)
		return 0;
	/*
	 * Its shim is gone, and with it, at the latest when the kernel is done, its first process (PR_SET_PDEATHSIG)
	 * and its layer. Where the daemon had been asked, and the shim was lost before it noted the answer, asking to
	 * delete what is not there is no harm.
	 */
	if (state.status == STATE_RUNNING) {
		int pidfd = state_pidfd(&state);

		if (pidfd >= 0) {
			struct pollfd ended = {.fd = pidfd, .events = POLLIN};

			(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
			(void)poll(&ended, 1, SHIM_WAIT_MS);
			fd_close(pidfd);
		}
	}
	if (spec.remove || state.status == STATE_CREATED) {
		rc = spec.net == SPEC_NET_JOIN || spec.net == SPEC_NET_HOST
			     ? 0
			     : stack_delete(host->socket, &dir->name, err);
		/* One with loopback alone may never have been the daemon's. */
		if (rc < 0 && (state.stack || spec.net != SPEC_NET_NONE))
			return rc;
		return container_erase(dir, spec.id, &state, err);
	}
	if (state.mntns) {
		rc = members_kill(state.mntns, state.mntns_id, (uint32_t)state.id_base, err);
		if (rc < 0)
			return rc;
		state.mntns = state.mntns_id = 0;
	}
	state.status = STATE_EXITED;
	state.exit_code = 128 + SIGKILL;
	state.finished_ms = (int64_t)clock_realtime_ms();
	return state_save(dir, &state, err);
}
