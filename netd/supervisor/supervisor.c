/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * supervisor - three children, one loop. Floor F4.
 *
 * Engine and hand live and die together: each keeps state about what the
 * other has answered, and starting both is cheap and always right, since an
 * engine that starts dumps the kernel and finishes what was begun. When one
 * dies the other is killed, and both are started at once; only children that
 * die young again and again have to wait, a second at most.
 *
 *	           start both
 *	  DOWN ------------------> UP ---- SIGTERM ----> ENGINE STOPS -> HAND STOPS -> return
 *	   ^                       |
 *	   +-- both are dead ------+ one died: the other gets SIGKILL
 *
 * moatd-dns stands apart: it comes and goes alone (netd/supervisor/dnschild.h).
 *
 * Clients never see that: their connections wait in the queue of the
 * listening socket, which is ours, and packets do not ask either of them.
 * But where no engine gets ready, however often it is started or however long
 * it takes, nobody waits for ever: the clients are told so (refuse.h), until
 * one is ready.
 */
#include "netd/supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/supervisor/dnschild.h"
#include "netd/seam/hold.h"
#include "netd/seam/settings.h"
#include "netd/supervisor/holds.h"
#include "netd/supervisor/notify.h"
#include "netd/supervisor/refuse.h"
#include "netd/supervisor/runtime.h"
#include "netd/supervisor/replay.h"
#include "netd/supervisor/spawn.h"

#define MS 1000000ULL /* nanoseconds */

enum {
	YOUNG_MS = 1000,      /* a child that dies earlier counts as dead young */
	BACKOFF_STEP_MS = 50, /* doubled with each young death after the first */
	BACKOFF_MAX_MS = 1000,
	BACKOFF_READY_MS = 100, /* the most for an engine that had got ready: it can live */
	STOP_MS = 10000,        /* what each child gets to end by itself */
	HOLD_SEND_S = 10,
	BEATS = 4, /* signs of life in the time the service manager gives */
	DEATH_SIZE = 128,
	FAILED_MAX = 5,		/* starts in a row without getting ready that clients wait out; some half a second */
	UNREADY_MAX_MS = 30000, /* and how long they wait where it lives */
};

#define API_NAME "api" /* of the listening socket, in the service manager's store */

enum child_kind { CHILD_ENGINE, CHILD_HAND, CHILD_COUNT };

static const char *const child_names[CHILD_COUNT] = {
	[CHILD_ENGINE] = "moatd-engine",
	[CHILD_HAND] = "moatd-hand",
};

/**
 * struct supervisor
 * @pid: of each child, 0 while it is not there
 * @death: how each ended, until both have and it is logged
 * @control: our end of the pair with the hand; -1
 * @line: our end of the pair with the engine: its first byte means that it is ready, and later it gives back
 *	whatever byte it is sent; a 'K' means that moatd-dns must go; -1
 * @young: deaths in a row that came too soon
 * @served: the present engine got ready
 * @start_at: when to start the children, 0 while they live
 * @stop_at: when patience with the child that is being stopped ends, 0 while nothing stops
 * @beat_ms: how often the service manager is told that we live; 0: it does not wait for that
 * @beat_at: when next
 * @api_stored: the service manager has a copy of @listen
 * @failed: starts in a row that got no engine ready; @unready_at: since when there is none
 * @refusing: clients are answered by us, with @reason
 * @asked: the engine was sent a byte and has not given it back
 */
struct supervisor {
	const struct supervisor_options *options;
	struct runtime_ids ids;
	struct holds holds;
	struct dnschild dns;
	pid_t pid[CHILD_COUNT];
	char death[CHILD_COUNT][DEATH_SIZE];
	int lock, listen, signals, control, line;
	uint64_t started_at, start_at, stop_at, beat_ms, beat_at, unready_at;
	unsigned young, failed;
	char reason[REFUSE_REASON_SIZE];
	bool stopping, announced, served, asked, api_stored, refusing;
};

static int signals_open(int *ret_fd, struct err *err);
static void nofile_raise(void);
static int api_open(struct supervisor *s, struct err *err);
static int children_start(struct supervisor *s, struct err *err);
static void dns_start(struct supervisor *s);
static void loop(struct supervisor *s);

int supervisor_run(const struct supervisor_options *options, struct err *err)
{
	struct supervisor s = {.options = options,
			       .lock = -1,
			       .listen = -1,
			       .signals = -1,
			       .control = -1,
			       .line = -1,
			       .dns = DNSCHILD_INIT,
			       .beat_ms = notify_watchdog_ms() / BEATS};
	int r;

	nofile_raise();
	r = runtime_ids_find(options->engine_user, options->dns_user, options->admin_group, &s.ids,
			     err);
	if (r == 0)
		r = runtime_make(options->runtime_dir, options->state_dir, &s.ids, &s.lock,
				 err);
	if (r == 0)
		r = signals_open(&s.signals, err);
	if (r == 0)
		r = api_open(&s, err);
	if (r == 0)
		r = dnschild_open(&s.dns, err);
	if (r == 0)
		r = children_start(&s, err);
	if (r == 0) {
		if (s.ids.admin_gid == (gid_t)-1)
			log_info("there is no group \"%s\": root alone administers",
				 options->admin_group);
		dns_start(&s);
		loop(&s);
		log_info("stopped; what stands in the kernel stays");
	}
	/* What the service manager keeps goes on to take connections: they wait for our next life. */
	if (s.listen >= 0 && !s.api_stored) {
		cleanup(mem_freep) char *path =
			mem_printf("%s/moatd.sock", options->runtime_dir);

		unlink(path);
	}
	for (enum child_kind kind = 0; kind < CHILD_COUNT; kind++) {
		if (s.pid[kind] > 0) {
			kill(s.pid[kind], SIGKILL);
			waitpid(s.pid[kind], NULL, 0);
		}
	}
	dnschild_fini(&s.dns);
	holds_fini(&s.holds);
	fd_close(s.control);
	fd_close(s.line);
	fd_close(s.signals);
	fd_close(s.listen);
	fd_close(s.lock);
	return r;
}

/* SIGHUP is taken and dropped: a terminal that goes must not take the network's keeper along. */
static int signals_open(int *ret_fd, struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return err_sys(err, ERR_INTERNAL, errno, NULL, "cannot block signals");
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_sys(err, ERR_INTERNAL, errno, NULL,
			       "cannot make a signal descriptor");
	*ret_fd = fd;
	return 0;
}

/* One descriptor a container, here and in the hand, which inherits the limit. */
static void nofile_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Of what the service manager kept: the listening socket and containers' namespaces. */
static bool take(void *ctx, const char *name, int fd)
{
	struct supervisor *s = ctx;

	if (!str_eq(name, API_NAME))
		return holds_take(&s->holds, name, fd);
	if (s->listen >= 0)
		return false;
	s->listen = fd;
	return true;
}

static int api_open(struct supervisor *s, struct err *err)
{
	int kept, r;

	notify_take(take, s);
	if (s->holds.table.count > 0)
		log_info("%zu namespaces of containers are back", s->holds.table.count);
	kept = s->listen;
	s->listen = -1;
	r = runtime_listen(s->options->runtime_dir, kept, &s->listen, err);
	if (r < 0)
		return r;
	s->api_stored = r > 0;
	if (!s->api_stored) {
		notify_unstore(API_NAME);
		s->api_stored = notify_store(API_NAME, s->listen) == 1;
	}
	return 0;
}

/* ---- children ---- */

static int hand_start(struct supervisor *s, int seam, int control, struct err *err)
{
	const struct supervisor_options *o = s->options;
	cleanup(mem_freep) char *path =
		mem_printf("%s/%s", o->libexec, child_names[CHILD_HAND]);
	const char *argv[] = {
		child_names[CHILD_HAND],
		"--seam-fd",
		"3",
		"--control-fd",
		"4",
		"--runtime-dir",
		o->runtime_dir,
		"--log-level",
		o->log_level,
		"--config",
		o->config,
		NULL, /* room for two more, each with its value */
		NULL,
		NULL,
		NULL,
		NULL,
	};
	size_t argc = 11;
	int fds[] = {seam, control};
	struct spawn spawn = {.path = path, .fds = fds, .fd_count = ARRAY_COUNT(fds)};

	if (o->reserved_ports != NULL) {
		argv[argc++] = "--reserved-ports";
		argv[argc++] = o->reserved_ports;
	}
	if (o->allowed_ports != NULL) {
		argv[argc++] = "--allowed-ports";
		argv[argc++] = o->allowed_ports;
	}
	spawn.argv = (char *const *)(uintptr_t)argv;
	return spawn_start(&spawn, &s->pid[CHILD_HAND], err);
}

static int engine_start(struct supervisor *s, int seam, int line, struct err *err)
{
	const struct supervisor_options *o = s->options;
	cleanup(mem_freep) char *path =
		mem_printf("%s/%s", o->libexec, child_names[CHILD_ENGINE]);
	cleanup(mem_freep) char *gid = mem_printf("%u", s->ids.admin_gid);
	const char *argv[] = {
		child_names[CHILD_ENGINE],
		"--seam-fd",
		"3",
		"--listen-fd",
		"4",
		"--ready-fd",
		"5",
		"--dns-fd",
		"6",
		"--resolv-conf",
		o->resolv_conf,
		"--runtime-dir",
		o->runtime_dir,
		"--state-dir",
		o->state_dir,
		"--log-level",
		o->log_level,
		"--config",
		o->config,
		s->ids.admin_gid != (gid_t)-1 ? "--admin-gid" : NULL,
		gid,
		NULL,
	};
	int fds[] = {seam, s->listen, line, s->dns.engine};
	struct spawn spawn = {
		.path = path,
		.fds = fds,
		.fd_count = ARRAY_COUNT(fds),
		.unprivileged = true,
		.uid = s->ids.engine_uid,
		.gid = s->ids.engine_gid,
	};

	spawn.argv = (char *const *)(uintptr_t)argv;
	return spawn_start(&spawn, &s->pid[CHILD_ENGINE], err);
}

static void dns_start(struct supervisor *s)
{
	dnschild_start(&s->dns, s->options->libexec, s->options->log_level, s->ids.dns_uid,
		       s->ids.dns_gid);
}

/* All that is held, then END: the hand serves nobody before it has them. */
static int holds_hand_over(struct supervisor *s, struct err *err)
{
	struct timeval limit = {.tv_sec = HOLD_SEND_S};
	int r;

	if (setsockopt(s->control, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return err_sys(err, ERR_INTERNAL, errno, NULL,
			       "cannot limit the time to hand over namespaces");
	r = holds_send(&s->holds, s->control);
	if (r < 0)
		return err_sys(err, ERR_INTERNAL, -r, NULL,
			       "cannot hand over the held namespaces");
	return 0;
}

static int children_start(struct supervisor *s, struct err *err)
{
	cleanup(fd_closep) int seam_hand = -1, seam_engine = -1, control_hand = -1,
			       line_engine = -1;
	int seam[2], control[2], line[2], r;

	s->start_at = 0;
	s->served = s->asked = false;
	s->started_at = clock_monotonic_ns();
	if (s->unready_at == 0)
		s->unready_at = s->started_at;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, seam) < 0)
		return err_sys(err, ERR_INTERNAL, errno, NULL, "cannot make the seam");
	seam_hand = seam[0];
	seam_engine = seam[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		return err_sys(err, ERR_INTERNAL, errno, NULL,
			       "cannot make the hand's control socket");
	s->control = control[0];
	control_hand = control[1];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) < 0)
		return err_sys(err, ERR_INTERNAL, errno, NULL,
			       "cannot make the engine's life line");
	s->line = line[0];
	line_engine = line[1];

	r = hand_start(s, seam_hand, control_hand, err);
	if (r == 0)
		r = engine_start(s, seam_engine, line_engine, err);
	/* Ours must be closed first: a hand that died would never be an error to write to. */
	fd_closep(&control_hand);
	control_hand = -1;
	if (r == 0)
		r = holds_hand_over(s, err);
	if (r == 0)
		log_debug("started %s (%d) and %s (%d)", child_names[CHILD_HAND],
			  s->pid[CHILD_HAND], child_names[CHILD_ENGINE], s->pid[CHILD_ENGINE]);
	return r;
}

static void death_print(struct supervisor *s, enum child_kind kind, pid_t pid, int status)
{
	char *text = s->death[kind];

	if (WIFSIGNALED(status))
		snprintf(text, DEATH_SIZE, "%s (%d) was killed by signal %d (%s)",
			 child_names[kind], pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, DEATH_SIZE, "%s (%d) ended with status %d", child_names[kind],
			 pid, WEXITSTATUS(status));
}

/*
 * One line when both are gone. A process that dies closes its sockets before
 * its parent hears of it, so the other may well have ended first, for that
 * reason: which of the two was the cause is for the reader, who sees both.
 */
static void deaths_log(struct supervisor *s, enum child_kind last)
{
	enum child_kind first = CHILD_COUNT - 1 - last;

	log_error("%s%s%s: starting both again", s->death[first],
		  s->death[first][0] != '\0' ? ", " : "", s->death[last]);
	snprintf(s->reason, sizeof(s->reason), "%s%s%s; its log says why", s->death[first],
		 s->death[first][0] != '\0' ? ", " : "", s->death[last]);
	s->death[first][0] = s->death[last][0] = '\0';
}

/* ---- while there is no engine ---- */

/* The commonest cause is looked at here: what the children said of it went to the log, not to who asks. */
static void refuse_begin(struct supervisor *s)
{
	struct err err = ERR_INIT;
	struct settings settings;

	if (settings_load(s->options->config, &settings, &err) < 0)
		snprintf(s->reason, sizeof(s->reason), "%s", err.msg);
	if (!s->refusing)
		log_error("no engine gets ready, and clients are told so: %s", s->reason);
	s->refusing = true;
}

static uint64_t unready_due(const struct supervisor *s)
{
	return s->unready_at != 0 && !s->refusing ? s->unready_at + UNREADY_MAX_MS * MS : 0;
}

static void unready_check(struct supervisor *s)
{
	uint64_t due = unready_due(s);

	if (due == 0 || clock_monotonic_ns() < due)
		return;
	snprintf(s->reason, sizeof(s->reason), "it has been starting for %d seconds; its log may say why",
		 UNREADY_MAX_MS / 1000);
	refuse_begin(s);
}

/* What cannot be taken (no descriptor is free) waits on, until the next death or for as long again. */
static void refuse(struct supervisor *s)
{
	if (refuse_waiting(s->listen, s->reason) < 0) {
		s->refusing = false;
		s->unready_at = clock_monotonic_ns();
	}
}

/* Both are gone: when shall they come back? */
static void start_plan(struct supervisor *s)
{
	uint64_t now = clock_monotonic_ns(), delay = 0;
	uint64_t most = s->served ? BACKOFF_READY_MS : BACKOFF_MAX_MS;

	s->young = now - s->started_at < YOUNG_MS * MS ? s->young + 1 : 0;
	if (s->young > 1) {
		unsigned shift = s->young - 2 < 5 ? s->young - 2 : 5;

		delay = (uint64_t)BACKOFF_STEP_MS << shift;
		if (delay > most)
			delay = most;
	}
	s->start_at = now + delay * MS;
	s->failed = s->served ? 0 : s->failed + 1;
	if (s->failed >= FAILED_MAX)
		refuse_begin(s);
	s->served = false;
}

static void control_read(struct supervisor *s);

static void children_reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		enum child_kind kind = pid == s->pid[CHILD_ENGINE] ? CHILD_ENGINE : CHILD_HAND,
				other = CHILD_COUNT - 1 - kind;

		if (dnschild_reaped(&s->dns, pid, status, s->stopping) || pid != s->pid[kind])
			continue;
		s->pid[kind] = 0;
		death_print(s, kind, pid, status);
		if (s->stopping) {
			if (status != 0)
				log_warn("%s", s->death[kind]);
		} else if (s->pid[other] > 0) {
			kill(s->pid[other], SIGKILL);
		} else {
			deaths_log(s, kind);
			start_plan(s);
		}
	}
	if (s->pid[CHILD_HAND] == 0 && s->control >= 0) {
		control_read(s); /* its last words count: a namespace it took is ours to hold */
		fd_closep(&s->control);
		s->control = -1;
	}
	if (s->pid[CHILD_ENGINE] == 0) {
		fd_closep(&s->line);
		s->line = -1;
	}
	if (s->stopping)
		s->stop_at = clock_monotonic_ns() + STOP_MS * MS; /* the next one's turn */
}

static void children_restart(struct supervisor *s)
{
	struct err err = ERR_INIT;
	int r = children_start(s, &err);

	if (r == 0)
		return;
	log_failure(&err, "cannot start engine and hand");
	snprintf(s->reason, sizeof(s->reason), "%s", err.msg);
	for (enum child_kind kind = 0; kind < CHILD_COUNT; kind++) {
		if (s->pid[kind] > 0)
			kill(s->pid[kind],
			     SIGKILL); /* the way back leads over children_reap() */
	}
	if (s->pid[CHILD_ENGINE] == 0 && s->pid[CHILD_HAND] == 0) {
		fd_closep(&s->control);
		fd_closep(&s->line);
		s->control = s->line = -1;
		start_plan(s);
	}
}

/* ---- what the children say ---- */

/* Everything that lies there. The hand is root: what is malformed is a bug of ours, and it is started anew. */
static void control_read(struct supervisor *s)
{
	struct hold_msg msg;
	int fd, r;

	for (;;) {
		struct pollfd pfd = {.fd = s->control, .events = POLLIN};

		if (poll(&pfd, 1, 0) <= 0 || (pfd.revents & POLLIN) == 0)
			return;
		r = hold_recv(s->control, &msg, &fd);
		/* It ended, before it had read all of ours in the second case: children_reap() tells of it. */
		if (r == -EPIPE || r == -ECONNRESET)
			return;
		if (r < 0) {
			log_error("bad message from %s: %s", child_names[CHILD_HAND],
				  strerror(-r));
			if (s->pid[CHILD_HAND] > 0)
				kill(s->pid[CHILD_HAND], SIGKILL);
			return;
		}
		if (msg.verb == HOLD_KEEP)
			holds_keep(&s->holds, msg.ns, fd);
		else if (msg.verb == HOLD_DROP)
			holds_drop(&s->holds, msg.ns);
	}
}

static void engine_ready(struct supervisor *s)
{
	s->served = true;
	s->refusing = false;
	s->unready_at = 0;
	s->failed = 0;
	log_info("ready: %s/moatd.sock", s->options->runtime_dir);
	if (!s->announced) {
		s->announced = true;
		if (notify_send("READY=1") < 0)
			log_warn("cannot tell the service manager that we are ready");
	}
	replay_start(s->options->libexec, s->options->runtime_dir, s->options->state_dir);
}

static void line_read(struct supervisor *s)
{
	char byte;
	ssize_t n = read(s->line, &byte, 1);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n == 1 && !s->served) {
		engine_ready(s);
	} else if (n == 1 && byte == 'K') {
		dnschild_kill(&s->dns);
	} else if (n == 1) {
		s->asked = false;
	} else {
		fd_closep(&s->line);
		s->line = -1;
	}
}

/*
 * A sign of life is given only while the engine gives back what it was sent last time: a loop that hangs stops them,
 * and the service manager starts all of us anew. Before an engine is ready, and between two, they come all the same:
 * to start it, later and later if need be, is just what we live for, and a slow first comparison is no hang.
 */
static void beat(struct supervisor *s)
{
	s->beat_at = clock_monotonic_ns() + s->beat_ms * MS;
	if (s->asked)
		return;
	notify_send("WATCHDOG=1");
	if (s->served && s->line >= 0)
		s->asked = send(s->line, "?", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

/* ---- the end ---- */

static void stop_begin(struct supervisor *s)
{
	if (s->stopping)
		return;
	log_info("stopping");
	notify_send("STOPPING=1");
	s->stopping = true;
	s->start_at = 0;
	s->stop_at = clock_monotonic_ns() + STOP_MS * MS;
	if (s->pid[CHILD_ENGINE] > 0)
		kill(s->pid[CHILD_ENGINE], SIGTERM);
}

/*
 * The engine first, so that no request is cut. The hand ends by itself when
 * its seam does, after the removals it has still to do.
 */
static void stop_continue(struct supervisor *s)
{
	static const enum child_kind order[] = {CHILD_ENGINE, CHILD_HAND};

	if (clock_monotonic_ns() < s->stop_at)
		return;
	for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
		if (s->pid[order[i]] > 0) {
			log_warn("%s does not end: killed", child_names[order[i]]);
			kill(s->pid[order[i]], SIGKILL);
			break;
		}
	}
	s->stop_at = clock_monotonic_ns() + STOP_MS * MS;
}

/* ---- the loop ---- */

static void signals_read(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			stop_begin(s);
		else if (info.ssi_signo == SIGCHLD)
			children_reap(s);
	}
}

/* Milliseconds to the next thing that is due, -1 for none. */
static int loop_timeout(const struct supervisor *s)
{
	uint64_t due = s->stopping ? s->stop_at : s->start_at, now = clock_monotonic_ns();

	if (s->beat_ms != 0 && (due == 0 || s->beat_at < due))
		due = s->beat_at;
	if (!s->stopping && s->dns.start_at != 0 && (due == 0 || s->dns.start_at < due))
		due = s->dns.start_at;
	if (!s->stopping && unready_due(s) != 0 && (due == 0 || unready_due(s) < due))
		due = unready_due(s);
	if (due == 0)
		return -1;
	return due <= now ? 0 : (int)((due - now) / MS) + 1;
}

static void loop(struct supervisor *s)
{
	while (!s->stopping || s->pid[CHILD_ENGINE] > 0 || s->pid[CHILD_HAND] > 0) {
		struct pollfd pfds[] = {
			{.fd = s->signals, .events = POLLIN},
			{.fd = s->control, .events = POLLIN},
			{.fd = s->line, .events = POLLIN},
			{.fd = s->refusing && !s->stopping ? s->listen : -1, .events = POLLIN},
		};

		if (poll(pfds, ARRAY_COUNT(pfds), loop_timeout(s)) < 0 && errno != EINTR) {
			log_error("cannot poll: %s", strerror(errno));
			return;
		}
		if (pfds[2].revents != 0)
			line_read(s);
		if ((pfds[1].revents & POLLIN) != 0)
			control_read(s);
		if (pfds[0].revents != 0)
			signals_read(s);
		if (s->refusing && pfds[3].revents != 0)
			refuse(s);
		if (s->beat_ms != 0 && clock_monotonic_ns() >= s->beat_at)
			beat(s);
		if (!s->stopping)
			unready_check(s);
		if (!s->stopping && s->dns.start_at != 0 && clock_monotonic_ns() >= s->dns.start_at)
			dns_start(s);
		if (s->stopping)
			stop_continue(s);
		else if (s->start_at != 0 && clock_monotonic_ns() >= s->start_at)
			children_restart(s);
	}
}
