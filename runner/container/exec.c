// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec - a command in a running container. Floor F4. The caller carries the
 * streams, the joining child is not dumpable and has no descriptor of the
 * host's but its pipes by the time it is inside.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/container/container.h"
#include "runner/process/namespaces.h"
#include "runner/process/privilege.h"
#include "runner/process/sync.h"
#include "runner/spec/security.h"
#include "runner/state/limits.h"
#include "runner/terminal/pty.h"
#include "runner/terminal/relay.h"
#include "runner/terminal/terminal.h"

struct joiner {
	const struct process *process;
	int sync;
	int streams[3];
	struct spec_size size;
};

static int target_open(const struct container_host *host, const struct name *name,
		       struct arena *arena, json_t **ret_doc, struct spec *ret_spec,
		       struct err *err);
static int join_run(void *ctx);
static int terminal_make(const struct joiner *joiner, struct err *err);
static int terminal_take(int sync, struct terminal *terminal, struct err *err);
static int watch(struct relay *relay, struct terminal *terminal, int sync, pid_t pid, int pidfd,
		 struct err *err);

int container_exec(const struct container_host *host, const struct name *name,
		   struct process *process, bool interactive, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	const bool tty = process->tty;
	const int caller[3] = {
		interactive && !tty ? fcntl(0, F_DUPFD_CLOEXEC, 5) : -1,
		tty ? -1 : fcntl(1, F_DUPFD_CLOEXEC, 5),
		tty ? -1 : fcntl(2, F_DUPFD_CLOEXEC, 5),
	};
	struct namespaces namespaces = {.userns = NAMESPACES_NEW, .target = -1};
	struct limits limits = LIMITS_INIT;
	struct joiner joiner = {.process = process, .streams = {-1, -1, -1}};
	struct terminal terminal = TERMINAL_INIT;
	struct sock_fprog *filter = privilege_filter_room();
	struct relay relay = RELAY_INIT;
	struct spec spec;
	int ends[2], pidfd = -1, rc;
	pid_t pid;

	namespaces.target = target_open(host, name, arena, &doc, &spec, err);
	if (namespaces.target < 0)
		return PROCESS_FAILED;
	process->caps = spec.caps;
	process->hostname = spec.hostname;
	if (!process->user)
		process->user = spec.user;
	if (!process->workdir)
		process->workdir = spec.workdir;
	process->filter = filter;
	process->landlock = spec.security.landlock;
	process->scopes = security_scopes(&spec, false);
	rc = limits_open(name, spec.id, &limits, err);
	/* Put there it would hang before it has said a word. */
	if (rc == 0 && limits.there && cgroup_frozen(&limits.cgroup))
		rc = err_set(err, ERR_CONFLICT, EBUSY, arena_printf(arena, "%s/%s", name->tenant, name->name),
			     "the container is paused; unpause it first");
	if (rc == 0)
		rc = security_filter_make(&spec, filter, err);
	if (rc == 0) {
		if (tty)
			joiner.size = terminal_size();
		else
			rc = relay_init(&relay, caller, NULL, joiner.streams);
		if (rc == 0)
			rc = sync_pair(ends);
		if (rc < 0)
			err_sys(err, ERR_KERNEL, -rc, NULL, "pipes");
	}
	if (rc == 0) {
		joiner.sync = ends[1];
		namespaces.cgroup = limits.unified < 0 ? 0 : limits.unified;
		namespaces.procs = limits.procs;
		namespaces.proc_count = limits.proc_count;
		rc = namespaces_spawn(&namespaces, join_run, &joiner, &pid, &pidfd, err);
		fd_close(ends[1]);
		for (int i = 0; i < 3; i++)
			fd_close(joiner.streams[i]);
	}
	fd_close(namespaces.target);
	limits_close(&limits);
	terminal.input = interactive;
	if (rc == 0 && tty && terminal_take(ends[0], &terminal, err) < 0) {
		(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		terminal.input = false;
	}
	rc = rc < 0 ? PROCESS_FAILED : watch(&relay, &terminal, ends[0], pid, pidfd, err);
	relay_fini(&relay);
	terminal_fini(&terminal);
	fd_close(pidfd);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static int target_open(const struct container_host *host, const struct name *name,
		       struct arena *arena, json_t **ret_doc, struct spec *ret_spec,
		       struct err *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	struct state state;
	int pidfd = -ESRCH;
	int rc = state_dir_open(host->runtime_dir, name, &dir, err);
	char text[NAME_FULL_SIZE];

	if (rc == 0)
		rc = state_load(&dir, &state, err);
	if (rc == 0)
		rc = state_spec_load(&dir, arena, ret_doc, ret_spec, err);
	state_dir_fini(&dir);
	if (rc < 0)
		return rc;
	pidfd = state_pidfd(&state);
	if (pidfd < 0)
		return err_set(err, ERR_CONFLICT, ESRCH, name_print(name, text),
			       "the container does not run");
	return pidfd;
}

static int join_run(void *ctx)
{
	const struct joiner *joiner = ctx;
	struct sync_msg msg = {.kind = SYNC_FAILED, .value = PROCESS_FAILED};
	int rc = namespaces_become_root(&msg.err);

	(void)setsid();
	for (int i = 0; rc == 0 && !joiner->process->tty && i < 3; i++) {
		int fd = joiner->streams[i] >= 0 ? joiner->streams[i]
						 : open("/dev/null", O_RDWR | O_CLOEXEC);

		if (fd < 0 || dup2(fd, i) < 0)
			rc = err_sys(&msg.err, ERR_KERNEL, errno, NULL,
				     "set up standard stream %d", i);
	}
	if (rc == 0 && joiner->process->tty)
		rc = terminal_make(joiner, &msg.err);
	if (rc == 0)
		msg.value = process_exec(joiner->process, &msg.err);
	(void)sync_send(joiner->sync, &msg, -1);
	return msg.value;
}

/* A pair of the container's devpts, as it is in there now: the master goes to the caller. */
static int terminal_make(const struct joiner *joiner, struct err *err)
{
	struct sync_msg msg = {.kind = SYNC_TTY};
	cleanup(fd_closep) int master = -1, slave = -1;
	int rc = pty_open(&joiner->size, &master, &slave, err);

	if (rc == 0)
		rc = pty_streams(slave, err);
	if (rc == 0 && sync_send(joiner->sync, &msg, master) < 0)
		rc = err_set(err, ERR_INTERNAL, EPIPE, NULL, "the caller is gone");
	return rc;
}

static int terminal_take(int sync, struct terminal *terminal, struct err *err)
{
	struct sync_msg msg;
	int fd;
	int rc = sync_recv(sync, &msg, &fd);

	if (rc == 1 && msg.kind == SYNC_FAILED) {
		*err = msg.err;
		return -EINVAL;
	}
	if (rc != 1 || msg.kind != SYNC_TTY || fd < 0)
		return err_set(err, ERR_INTERNAL, EPIPE, NULL, "it ended before it had a terminal");
	terminal->output = fd;
	return terminal_start(terminal, fd, err);
}

/* Until it has ended and all it wrote is out. */
static int watch(struct relay *relay, struct terminal *terminal, int sync, pid_t pid, int pidfd,
		 struct err *err)
{
	sigset_t set, before;
	struct sync_msg msg;
	siginfo_t info = {0};
	bool ended = false;
	int signals;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGPIPE);
	if (terminal->output >= 0) {
		sigaddset(&set, SIGWINCH);
		sigaddset(&set, SIGTSTP);
		sigaddset(&set, SIGCONT);
	}
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	sigdelset(&set, SIGPIPE);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	while (!ended || relay_busy(relay)) {
		struct pollfd fds[2 + TERMINAL_POLLFDS + RELAY_POLLFDS] = {
			{.fd = ended ? -1 : pidfd, .events = POLLIN},
			{.fd = signals, .events = POLLIN},
		};
		struct pollfd *streams = fds + 2 + TERMINAL_POLLFDS;
		size_t count = relay_pollfds(relay, streams);

		terminal_pollfds(terminal, fds + 2);
		if (poll(fds, 2 + TERMINAL_POLLFDS + count, -1) < 0)
			continue;
		(void)terminal_handle(terminal, fds + 2);
		relay_handle(relay, streams, count);
		if (fds[0].revents) {
			ended = true;
			relay_ending(relay);
		}
		if (fds[1].revents) {
			struct signalfd_siginfo one;

			if (read(signals, &one, sizeof(one)) == (ssize_t)sizeof(one) &&
			    !(terminal->master >= 0 &&
			      terminal_signal(terminal, (int)one.ssi_signo)))
				(void)pidfd_send_signal(pidfd, (int)one.ssi_signo, NULL, 0);
		}
	}
	fd_close(signals);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR)
		;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (sync_recv(sync, &msg, NULL) == 1 && msg.kind == SYNC_FAILED) {
		*err = msg.err;
		fd_close(sync);
		return msg.value;
	}
	fd_close(sync);
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
