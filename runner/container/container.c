// SPDX-License-Identifier: GPL-2.0-or-later
/* container - the asking side of containers. Floor F4. */
#include "runner/container/container.h"

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
#include "runner/container/control.h"
#include "runner/container/device.h"
#include "runner/container/join.h"
#include "runner/container/shim.h"
#include "runner/container/stack.h"
#include "runner/process/helper.h"
#include "runner/process/idrange.h"
#include "runner/process/sync.h"
#include "runner/root/rootfs.h"
#include "runner/state/limits.h"
#include "runner/state/members.h"
#include "runner/terminal/terminal.h"

enum {
	SHIM_WAIT_MS = 10000, /* for a shim to finish after its container has ended */
	SHIM_FORCE_MS = 3000, /* the same, by force */
	SHIM_LAST_MS = 500,   /* for one that has not answered */
};

/* Signals that a foreground client keeps: its own faults, stops and children, and what concerns its descriptors. */
static const int kept[] = {SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGTRAP, SIGSYS, SIGABRT, SIGKILL,
			   SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGCHLD, SIGURG, SIGPIPE};

struct sweep {
	const struct container_host *host;
	struct err *err;
	int rc;
};

static int folder_fill(const struct container_host *host, struct state_dir *dir,
		       const struct spec *spec, struct err *err);
static int shim_start(const struct container_host *host, const struct state_dir *dir,
		      const int streams[3], int *ret_control, struct err *err);
static int shim_streams(const struct spec *spec, struct terminal *terminal, int ret_streams[3],
			struct err *err);
static int shim_watch(int control, bool attached, struct terminal *terminal, struct err *err);
static int watched(int control, bool attached, struct terminal *terminal, bool *ret_done,
		   struct err *err);
static void signal_heard(int control, struct terminal *terminal, int number);
static void signals_block(bool terminal, sigset_t *ret_before, int *ret_fd);
static int attach_ask(const struct state_dir *dir, int output, struct err *err);
static int stop_alone(const struct state *state, unsigned timeout_ms);
static int shim_end(struct state_dir *dir, bool force, struct err *err);
static int remove_damaged(const struct container_host *host, struct state_dir *dir, struct err *err);
static int sweep_one(void *ctx, const struct name *name);
static int sweep_locked(const struct container_host *host, struct state_dir *dir,
			struct err *err);

int container_run(const struct container_host *host, const struct spec *spec, struct err *err)
{
	struct terminal terminal = TERMINAL_INIT;
	struct state_dir dir = STATE_DIR_INIT;
	int control, streams[3], code = PROCESS_FAILED;
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
		rc = shim_streams(spec, &terminal, streams, err);
		if (rc == 0)
			rc = shim_start(host, &dir, streams, &control, err);
		if (spec->tty)
			fd_close(streams[1]);
		if (rc < 0) {
			struct state state;

			if (state_load(&dir, &state, NULL) == 0)
				(void)container_erase(&dir, spec->id, &state, NULL);
		}
	}
	/* The shim has the lock now by the descriptor it was born with. */
	state_dir_fini(&dir);
	if (rc == 0) {
		code = shim_watch(control, spec->attached, &terminal, err);
		fd_close(control);
	}
	terminal_fini(&terminal);
	return code;
}

int container_attach(const struct container_host *host, const struct name *name, struct err *err)
{
	struct terminal terminal = TERMINAL_INIT;
	struct state_dir dir = STATE_DIR_INIT;
	int control = -1, code = PROCESS_FAILED, ends[2];
	int rc = state_dir_open(host->runtime_dir, name, &dir, err);

	if (rc == 0 && pipe2(ends, O_CLOEXEC) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "pipe");
	if (rc == 0) {
		terminal.output = ends[0];
		terminal.input = terminal.keys = true;
		control = attach_ask(&dir, ends[1], err);
		fd_close(ends[1]);
	}
	state_dir_fini(&dir);
	if (rc == 0 && control >= 0)
		code = shim_watch(control, true, &terminal, err);
	fd_close(control < 0 ? -1 : control);
	terminal_fini(&terminal);
	return code;
}

int container_stop(const struct container_host *host, const struct name *name,
		   unsigned timeout_ms, struct err *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	struct sync_msg answer;
	struct state state;
	int rc = state_dir_open(host->runtime_dir, name, &dir, err);

	if (rc == 0 && control_ask(&dir, SYNC_STOP, (int)timeout_ms,
				   (int)timeout_ms + SHIM_WAIT_MS, &answer) < 0) {
		/* There is no shim, or it is deaf. */
		rc = state_load(&dir, &state, err);
		if (rc == 0)
			rc = stop_alone(&state, timeout_ms);
	}
	if (rc == 0) {
		rc = state_dir_lock(&dir, SHIM_WAIT_MS, err);
		if (rc == -ENOENT) /* one with --rm: its shim took it away */
			rc = 0;
	}
	state_dir_fini(&dir);
	return rc;
}

int container_kill(const struct container_host *host, const struct name *name, int number,
		   struct err *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	struct sync_msg answer;
	struct state state;
	int rc = state_dir_open(host->runtime_dir, name, &dir, err);
	char text[NAME_FULL_SIZE];

	if (rc == 0)
		rc = state_load(&dir, &state, err);
	if (rc == 0 && control_ask(&dir, SYNC_KILL, number, SHIM_WAIT_MS, &answer) < 0)
		rc = err_set(err, ERR_CONFLICT, ESRCH, name_print(name, text), "the container does not run");
	state_dir_fini(&dir);
	return rc;
}

/* Of one that has ended, or is just ending: its lock, and its state as it stays. */
static int ended_load(const struct container_host *host, struct state_dir *dir, struct state *ret_state, struct err *err)
{
	int rc = state_dir_lock(dir, SHIM_WAIT_MS, err);

	if (rc == 0)
		rc = sweep_locked(host, dir, err);
	return rc < 0 ? rc : state_load(dir, ret_state, err);
}

int container_wait(const struct container_host *host, const struct name *name, int *ret_code,
		   struct err *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	struct sync_msg answer;
	struct state state;
	int rc = state_dir_open(host->runtime_dir, name, &dir, err);

	if (rc == 0 && control_ask(&dir, SYNC_WAIT, 0, -1, &answer) == 0) {
		*ret_code = answer.value;
		state_dir_fini(&dir);
		return 0;
	}
	/* It has ended already, or is just ending: its shim lets go of the lock last. */
	if (rc == 0)
		rc = ended_load(host, &dir, &state, err);
	if (rc == 0)
		*ret_code = (int)state.exit_code;
	state_dir_fini(&dir);
	return rc;
}

int container_restart(const struct container_host *host, const struct name *name,
		      unsigned timeout_ms, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	struct terminal terminal = TERMINAL_INIT;
	struct state_dir dir = STATE_DIR_INIT;
	const int streams[3] = {-1, -1, -1};
	struct sync_msg answer;
	struct state state;
	struct spec spec;
	int control;
	int rc = state_dir_open(host->runtime_dir, name, &dir, err);
	char text[NAME_FULL_SIZE];

	if (rc == 0)
		rc = state_spec_load(&dir, arena, &doc, &spec, err);
	if (rc == 0 && spec.remove)
		rc = err_set(err, ERR_CONFLICT, EBUSY, name_print(name, text),
			     "the container goes when it stops (--rm)");
	/* While it runs its shim has all that is needed, whatever the daemon does. */
	if (rc == 0 && control_ask(&dir, SYNC_RESTART, (int)timeout_ms, -1, &answer) == 0) {
		state_dir_fini(&dir);
		if (answer.kind == SYNC_STARTED)
			return 0;
		*err = answer.err;
		return -err->no;
	}
	if (rc == 0)
		rc = container_stop(host, name, timeout_ms, err);
	if (rc == 0)
		rc = ended_load(host, &dir, &state, err);
	if (rc == 0) {
		spec.attached = false;
		spec.interactive = false;
		rc = state_spec_save(&dir, &spec, err);
	}
	if (rc == 0)
		rc = shim_start(host, &dir, streams, &control, err);
	state_dir_fini(&dir);
	if (rc == 0) {
		*err = ERR_INIT;
		(void)shim_watch(control, false, &terminal, err);
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
	rc = shim_end(&dir, force, err);
	if (rc == -ENOENT) { /* one with --rm: its shim took it away */
		state_dir_fini(&dir);
		return 0;
	}
	if (rc == 0)
		rc = state_spec_load(&dir, arena, &doc, &spec, err);
	if (rc == 0)
		rc = state_load(&dir, &state, err);
	if (rc < 0 && force && dir.lock >= 0 && rc != -ENOENT) {
		rc = remove_damaged(host, &dir, err);
		state_dir_fini(&dir);
		return rc;
	}
	if (rc == 0)
		rc = devices_return(&dir, host->socket, -1, err);
	if (rc == 0 && state.stack)
		rc = stack_delete(host->socket, &dir.name, NULL, err);
	if (rc == 0)
		rc = container_erase(&dir, spec.id, &state, err);
	state_dir_fini(&dir);
	return rc;
}

/* One of which a file cannot be read: what the other, and the folder, tell of it goes. */
static int remove_damaged(const struct container_host *host, struct state_dir *dir, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	struct state state = {0};
	struct spec spec;
	int rc;

	*err = ERR_INIT;
	if (state_spec_load(dir, arena, &doc, &spec, NULL) < 0)
		spec = (struct spec){0};
	if (state_load(dir, &state, NULL) < 0)
		state = (struct state){0};
	if (!spec.id[0] && state.id_base)
		idrange_sole(dir->containers, (uint32_t)state.id_base, spec.id);
	rc = devices_return(dir, host->socket, -1, err);
	if (rc == 0)
		rc = stack_delete(host->socket, &dir->name, spec.id[0] ? spec.id : NULL, err);
	if (rc < 0)
		return rc;
	if (!spec.id[0]) {
		state.cgroup = false;
		state.id_base = 0;
	} else if (!state.id_base) {
		idrange_forget(dir->containers, spec.id);
	}
	return container_erase(dir, spec.id, &state, err);
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

	if (rc == 0 && state->cgroup)
		rc = limits_delete(&dir->name, id, err);

	if (rc == 0)
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
			      .cgroup = true,
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

/* Of one with a terminal, output comes by a pipe of ours: it may get another reader, and nobody else waits for our screen. */
static int shim_streams(const struct spec *spec, struct terminal *terminal, int ret_streams[3],
			struct err *err)
{
	int ends[2];

	for (int i = 0; i < 3; i++)
		ret_streams[i] = spec->attached && !spec->tty ? i : -1;
	if (!spec->tty || !spec->attached)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "pipe");
	terminal->output = ends[0];
	terminal->input = terminal->keys = spec->interactive;
	ret_streams[1] = ends[1];
	return 0;
}

/* @streams: its standard streams; -1: /dev/null */
static int shim_start(const struct container_host *host, const struct state_dir *dir,
		      const int streams[3], int *ret_control, struct err *err)
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
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		for (int i = 0; i < 3; i++)
			if (streams[i] != i)
				(void)dup2(streams[i] < 0 ? null : streams[i], i);
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
static int shim_watch(int control, bool attached, struct terminal *terminal, struct err *err)
{
	sigset_t before;
	int signals, code = 0;
	bool done = false;

	signals_block(terminal->output >= 0, &before, &signals);
	/* Who attaches to a running one: its answer came before the first signal could be lost. */
	while (!done) {
		struct pollfd fds[2 + TERMINAL_POLLFDS] = {{.fd = control, .events = POLLIN},
							   {.fd = signals, .events = POLLIN}};
		struct signalfd_siginfo info;

		terminal_pollfds(terminal, fds + 2);
		if (poll(fds, ARRAY_COUNT(fds), -1) < 0)
			continue;
		if (!terminal_handle(terminal, fds + 2)) {
			struct sync_msg msg = {.kind = SYNC_DETACH};

			(void)sync_send(control, &msg, -1);
			code = 0;
			break;
		}
		if (fds[0].revents)
			code = watched(control, attached, terminal, &done, err);
		else if (fds[1].revents &&
			 read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
			signal_heard(control, terminal, (int)info.ssi_signo);
	}
	fd_close(signals);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return code;
}

static int watched(int control, bool attached, struct terminal *terminal, bool *ret_done,
		   struct err *err)
{
	struct sync_msg msg;
	int fd;
	int rc = sync_recv(control, &msg, &fd);

	*ret_done = true;
	if (rc != 1) {
		err_set(err, ERR_INTERNAL, EPIPE, NULL, "its shim was lost");
		return PROCESS_FAILED;
	}
	switch ((int)msg.kind) {
	case SYNC_EXITED:
		return msg.value;
	case SYNC_DETACHED:
		err_set(err, ERR_CONFLICT, EBUSY, NULL, "somebody else has taken its terminal");
		return 0;
	case SYNC_FAILED:
		*err = msg.err;
		return msg.value;
	case SYNC_TTY:
		*ret_done = fd >= 0 && terminal_start(terminal, fd, err) < 0;
		return *ret_done ? PROCESS_FAILED : 0;
	default:
		*ret_done = !attached;
		return 0;
	}
}

static void signal_heard(int control, struct terminal *terminal, int number)
{
	struct sync_msg msg = {.kind = SYNC_SIGNAL, .value = number};

	if (terminal->output >= 0 && terminal_signal(terminal, number))
		return;
	(void)sync_send(control, &msg, -1);
}

/* @terminal: those about our own are wanted, too. */
static void signals_block(bool terminal, sigset_t *ret_before, int *ret_fd)
{
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < ARRAY_COUNT(kept); i++)
		sigdelset(&set, kept[i]);
	if (terminal) {
		sigaddset(&set, SIGTSTP);
		sigaddset(&set, SIGCONT);
	}
	(void)sigprocmask(SIG_BLOCK, &set, ret_before);
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC);
}

/* Return: the connection; its answer is yet to be read. */
static int attach_ask(const struct state_dir *dir, int output, struct err *err)
{
	struct sync_msg msg = {.kind = SYNC_ATTACH};
	int fd = control_open(dir);
	char text[NAME_FULL_SIZE];

	if (fd < 0)
		return err_set(err, ERR_CONFLICT, ESRCH, name_print(&dir->name, text),
			       "the container does not run");
	if (sync_send(fd, &msg, output) < 0) {
		fd_close(fd);
		return err_set(err, ERR_INTERNAL, EPIPE, name_print(&dir->name, text), "its shim was lost");
	}
	return fd;
}

/* Without its shim's help. Gone meanwhile is what was wanted. */
static int stop_alone(const struct state *state, unsigned timeout_ms)
{
	struct pollfd ended = {.fd = state_pidfd(state), .events = POLLIN};
	int shim = state_shim_pidfd(state);

	if (ended.fd >= 0) {
		if (pidfd_send_signal(ended.fd, SIGTERM, NULL, 0) == 0 &&
		    poll(&ended, 1, (int)timeout_ms) == 0)
			(void)pidfd_send_signal(ended.fd, SIGKILL, NULL, 0);
		(void)poll(&ended, 1, SHIM_WAIT_MS);
		fd_close(ended.fd);
	}
	/* One that does not hear may not see its container's end either: what it leaves is swept. */
	if (shim >= 0) {
		struct pollfd gone = {.fd = shim, .events = POLLIN};

		if (poll(&gone, 1, SHIM_LAST_MS) == 0)
			(void)pidfd_send_signal(shim, SIGKILL, NULL, 0);
		fd_close(shim);
	}
	return 0;
}

/* Before a container is removed: @force ends one that runs, else that is refused. Returns with its lock. */
static int shim_end(struct state_dir *dir, bool force, struct err *err)
{
	struct sync_msg answer;
	struct state state;
	int rc = state_load(dir, &state, err);
	char text[NAME_FULL_SIZE];

	if (rc < 0 && (!force || rc == -ENOENT))
		return rc;
	if (rc < 0)
		state = (struct state){0};
	if (force) {
		if (control_ask(dir, SYNC_STOP, 0, SHIM_FORCE_MS, &answer) < 0)
			(void)stop_alone(&state, 0);
	} else {
		int pidfd = state_pidfd(&state);

		fd_close(pidfd < 0 ? -1 : pidfd);
		if (pidfd >= 0 || state.status == STATE_RESTARTING)
			return err_set(err, ERR_CONFLICT, EBUSY, name_print(&dir->name, text),
				       "the container runs; stop it, or rm -f");
	}
	return state_dir_lock(dir, SHIM_WAIT_MS, err);
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

	rc = state_spec_load(dir, arena, &doc, &spec, err);
	if (rc == -ENOENT)
		return state_dir_remove(dir, err); /* its client was lost before it was anything */
	if (rc == 0)
		rc = state_load(dir, &state, err);
	if (rc == -ENOENT) {
		idrange_forget(dir->containers, spec.id);
		return state_dir_remove(dir, err);
	}
	if (rc < 0)
		return rc; /* not now, or not by this version, or damaged: it stays until rm -f */
	if (state.status == STATE_EXITED && !spec.remove)
		return devices_return(dir, host->socket, -1, err);
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
	rc = devices_return(dir, host->socket, -1, err);
	if (rc < 0)
		return rc;
	if (spec.remove || state.status == STATE_CREATED) {
		rc = spec.net == SPEC_NET_JOIN || spec.net == SPEC_NET_HOST
			     ? 0
			     : stack_delete(host->socket, &dir->name, state.stack ? NULL : spec.id, err);
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
	if (state.cgroup)
		rc = limits_delete(&dir->name, spec.id, err);
	else
		rc = 0;
	if (rc < 0)
		return rc;
	state.cgroup = false;
	state.layer = rootfs_layer_pinned(dir);
	state.status = STATE_EXITED;
	state.exit_code = 128 + SIGKILL;
	state.finished_ms = (int64_t)clock_realtime_ms();
	return state_save(dir, &state, err);
}
