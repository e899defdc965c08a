// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shim - start and end of one container, once or as often as its policy says. Floor F4.
 *
 * Whatever fails before the command runs undoes everything: the first process
 * is killed (its namespaces and mounts with it), the daemon forgets the stack,
 * folder and id range are free again. A container that has run before (restart)
 * stays, as exited.
 */
#include "runner/container/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/container/container.h"
#include "runner/container/device.h"
#include "runner/container/inside.h"
#include "runner/container/join.h"
#include "runner/container/shim_own.h"
#include "runner/container/stack.h"
#include "runner/process/idrange.h"
#include "runner/process/namespaces.h"
#include "runner/process/privilege.h"
#include "runner/process/process.h"
#include "runner/root/rootfs.h"
#include "runner/spec/security.h"
#include "runner/state/members.h"

/* As docker does: 0.1 s at first, twice as long each time, and anew after a run of ten seconds. */
enum { REST_FIRST_MS = 100, REST_MAX_MS = 60000, REST_RESET_MS = 10000 };

/**
 * struct asking - a new stack, of which the daemon is asked as early as can be
 * @wanted: there will be one; @heard: 1: its namespace is there; -errno: with @code and @err, what came instead
 * @begun: the connection on which the first request is under way, or NULL
 */
struct asking {
	struct shim *shim;
	bool wanted;
	int heard, code;
	struct err err;
	struct varlink_client *begun;
};

static int known(struct shim *shim, struct err *err);
static int setup(struct shim *shim, struct err *err);
static int start(struct shim *shim, int *ret_code, struct err *err);
static int devices_get(struct shim *shim, struct err *err);
static int cgroups_make(struct shim *shim, struct err *err);
static void last_words(struct asking *asking, int *ret_code, struct err *err);
static int spawn(struct shim *shim, struct err *err);
static int streams_leave(struct err *err);
static int namespaces_find(struct shim *shim, struct err *err);
static int stack_stand(struct shim *shim, struct err *err);
static int stack_make(struct asking *asking, struct buf *hosts, int *ret_code, struct err *err);
static void stack_ask(void *ctx);
static int stack_answer(struct asking *asking, struct buf *hosts, struct err *err);
static int heard(struct shim *shim, enum sync_kind want, int *ret_code, struct err *err);
static void restarts_take(struct shim *shim);
static bool again(struct shim *shim, int *code);
static bool policy_wants(const struct shim *shim, int code);
static void run_end(struct shim *shim, int code);
static int stack_end(struct shim *shim, struct err *err);
static void cgroups_end(struct shim *shim);
static void undo(struct shim *shim);
static void finish(struct shim *shim, int code);

int shim_run(const struct shim_args *args)
{
	struct shim shim = {
		.args = args,
		.runtime_dir = args->runtime_dir,
		.socket = args->socket,
		.dir = STATE_DIR_INIT,
		.control = SHIM_FD_CONTROL,
		.mntns = -1,
		.userns = -1,
		.netns = -1,
		.join = JOIN_INIT,
		.limits = LIMITS_INIT,
		.oom = CGROUP_OOM_INIT,
		.layer_mount = -1,
		.layer = -1,
		.sync = -1,
		.pidfd = -1,
		.signals = -1,
		.listener = -1,
		.ending = -1,
		.relay = RELAY_INIT,
		.delay_ms = REST_FIRST_MS,
	};
	struct err err = ERR_INIT;
	int code = PROCESS_FAILED;
	int rc;

	(void)fd_cloexec(SHIM_FD_CONTROL, true);
	(void)fd_cloexec(SHIM_FD_LOCK, true);
	rc = state_dir_open(args->runtime_dir, args->name, &shim.dir, &err);
	if (rc == 0) {
		shim.dir.lock = SHIM_FD_LOCK;
		rc = known(&shim, &err);
	}
	/* Who does not know what there is takes nothing of it away: the next command's sweep does. */
	if (rc < 0) {
		shim_tell(&shim, SYNC_FAILED, code, &err);
		return 1;
	}
	rc = setup(&shim, &err);
	if (rc == 0)
		rc = shim_listen(&shim, &err);
	if (rc == 0)
		rc = start(&shim, &code, &err);
	if (rc < 0) {
		undo(&shim);
		shim_tell(&shim, SYNC_FAILED, code, &err);
		return 1;
	}
	shim_tell(&shim, SYNC_STARTED, 0, NULL);
	do {
		code = shim_loop(&shim);
		run_end(&shim, code);
	} while (again(&shim, &code));
	finish(&shim, code);
	shim_tell(&shim, SYNC_EXITED, code, NULL);
	shim_answer(&shim, SYNC_ATTACH, SYNC_EXITED, code, NULL);
	shim_answer(&shim, SYNC_WAIT, SYNC_EXITED, code, NULL);
	return 0;
}

/* ------------------------------------------------------------------- start */

/* What is written down of it. */
static int known(struct shim *shim, struct err *err)
{
	int rc;

	shim->arena = arena_new();
	rc = state_spec_load(&shim->dir, shim->arena, &shim->doc, &shim->spec, err);
	return rc < 0 ? rc : state_load(&shim->dir, &shim->state, err);
}

/* Ourselves, and what can be had before there is a container. */
static int setup(struct shim *shim, struct err *err)
{
	sigset_t handled;
	int rc = 0;

	logfile_init(&shim->log, shim->dir.fd);
	/* The first process is a copy of us: nobody may look into it. No terminal is ours either. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	(void)setsid();
	/* Nor its caller's folder and mask. */
	if (chdir("/") < 0)
		return err_sys(err, ERR_KERNEL, errno, "/", "chdir");
	umask(022);
	sigemptyset(&handled);
	sigaddset(&handled, SIGTERM);
	sigaddset(&handled, SIGINT);
	sigaddset(&handled, SIGHUP);
	sigaddset(&handled, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &handled, NULL);
	sigdelset(&handled, SIGPIPE);
	shim->signals = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
	shim->mntns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (shim->signals < 0 || shim->mntns < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "set up of the shim");
	shim->filter = privilege_filter_room();
	if (shim->state.layer) {
		rc = rootfs_layer_take(&shim->dir, &shim->layer_mount, err);
		if (rc == 0) {
			shim->state.layer = false;
			rc = state_save(&shim->dir, &shim->state, err);
		}
	}
	if (rc < 0)
		return rc;
	/* Ours from here: what we mount for the container is seen by nobody, and goes when we go. */
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "unshare of the mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, ERR_KERNEL, errno, "/", "make private");
	return 0;
}

static int start(struct shim *shim, int *ret_code, struct err *err)
{
	struct asking asking = {.shim = shim};
	struct sync_msg msg = {.kind = SYNC_MAPPED};
	cleanup(buf_fini) struct buf hosts = BUF_INIT;
	struct name joined;
	int rc = namespaces_find(shim, err);
	bool userns_new = shim->userns < 0, stack_new;
	int sent = 0;

	asking.wanted = stack_new = shim->netns < 0 && shim->spec.net != SPEC_NET_HOST;
	/* Those of the run before are empty, and as good. */
	if (rc == 0 && !shim->limits.there)
		rc = cgroups_make(shim, err);
	if (rc == 0)
		rc = spawn(shim, err);
	if (rc == 0 && userns_new)
		rc = namespaces_map(shim->pid, (uint32_t)shim->state.id_base, err);
	/* That our words do not arrive means that it ended: what it said last tells why. */
	if (rc == 0 && (sent = sync_send(shim->sync, &msg, -1)) == -EPIPE)
		return heard(shim, SYNC_READY, ret_code, err);
	if (rc == 0 && sent < 0)
		rc = err_sys(err, ERR_KERNEL, -sent, NULL, "a word to the container's first process");
	if (rc == 0 && userns_new) {
		shim->userns = namespaces_open(shim->pid, "user", err);
		rc = shim->userns < 0 ? shim->userns : 0;
	}
	if (rc == 0)
		rc = shim_mounts_send(shim, stack_ask, &asking, err);
	/* From here on the first process is busy with its mounts: what it needs only later is made meanwhile. */
	if (rc == 0)
		rc = security_filter_make(&shim->spec, shim->filter, err);
	if (rc == 0 && stack_new)
		rc = stack_make(&asking, &hosts, ret_code, err);
	else if (rc == 0 && shim->spec.join && name_parse("container", shim->spec.join, false, &joined, NULL) == 0)
		stack_servers(shim->socket, &joined, &hosts);
	if (rc == 0)
		rc = heard(shim, SYNC_READY, ret_code, err);
	else
		last_words(&asking, ret_code, err);
	if (rc < 0)
		return rc;

	rc = devices_get(shim, err);
	if (rc < 0)
		return rc;

	msg.kind = SYNC_GO;
	/* Lines that do not fit are left out: whole ones only. */
	while (hosts.size >= sizeof(msg.text)) {
		char *last;

		hosts.data[--hosts.size] = '\0';
		last = strrchr((char *)hosts.data, '\n');
		hosts.size = last ? (size_t)(last - (char *)hosts.data) + 1 : 0;
		hosts.data[hosts.size] = '\0';
	}
	memcpy(msg.text, buf_cstr(&hosts), hosts.size);
	/* The pid must be known to `stop` while the recipe runs. */
	shim->state.status = STATE_RUNNING;
	shim->state.pid = shim->pid;
	shim->state.shim_pid = getpid();
	shim->state.started_ms = (int64_t)clock_realtime_ms();
	shim->state.exit_code = 0;
	shim->state.oom_killed = false;
	if (state_pid_start(shim->pid, &shim->state.pid_start) < 0 ||
	    state_pid_start(getpid(), &shim->state.shim_start) < 0)
		return err_set(err, ERR_KERNEL, ESRCH, NULL,
			       "the container's first process is gone");
	if (shim->spec.pid != SPEC_NS_OWN)
		rc = members_mark(shim->pid, &shim->state.mntns, &shim->state.mntns_id, err);
	if (rc == 0)
		rc = state_save(&shim->dir, &shim->state, err);
	if (rc == 0 && sync_send(shim->sync, &msg, -1) < 0)
		rc = err_set(err, ERR_INTERNAL, EPIPE, NULL,
			     "the container's first process is gone");
	if (rc == 0)
		rc = heard(shim, SYNC_END, ret_code, err);
	return rc;
}

/* Those that are still there from the run before need not be fetched again. */
static int devices_get(struct shim *shim, struct err *err)
{
	if (!shim->spec.devices || !shim->spec.devices[0] ||
	    faccessat(shim->dir.fd, DEVICE_FILE, F_OK, 0) == 0)
		return 0;
	/* Should the shim be killed, the stack must stand until somebody has brought them back. */
	if (!shim->state.stack)
		return err_set(err, ERR_UNAVAILABLE, ENOTCONN, shim->spec.devices[0],
			       "--device-net: moatd must run and know the tenant: it keeps the "
			       "stack until the interface is back");
	return devices_take(&shim->dir, &shim->spec, shim->netns, err);
}

/* Whoever finds it lost shall know that there may be some. */
static int cgroups_make(struct shim *shim, struct err *err)
{
	int rc = 0;

	if (!shim->state.cgroup) {
		shim->state.cgroup = true;
		rc = state_save(&shim->dir, &shim->state, err);
	}
	if (rc == 0)
		rc = limits_create(&shim->spec, &shim->limits, err);
	/* Told in `inspect`; where the kernel cannot say it nobody is kept from running. */
	if (rc == 0 && shim->limits.there && shim->spec.memory > 0)
		(void)cgroup_oom_open(&shim->limits.cgroup, &shim->oom, NULL);
	return rc;
}

/* What failed here may have failed since the first process ended: then its own word tells why. */
static void last_words(struct asking *asking, int *ret_code, struct err *err)
{
	struct shim *shim = asking->shim;
	struct pollfd said = {.fd = shim->sync, .events = POLLIN};
	struct sync_msg msg;
	int fd;

	/* What is asked for stands or falls before it is taken back. */
	if (asking->begun)
		(void)stack_answer(asking, NULL, &(struct err){0});
	if (asking->heard < 0) {
		*err = asking->err;
		*ret_code = asking->code;
	}
	while (shim->sync >= 0 && poll(&said, 1, 0) == 1 && sync_recv(shim->sync, &msg, &fd) == 1) {
		fd_close(fd);
		if (msg.kind != SYNC_FAILED)
			continue;
		*err = msg.err;
		*ret_code = msg.value;
		return;
	}
}

static int spawn(struct shim *shim, struct err *err)
{
	const struct spec *spec = &shim->spec;
	const bool make_net = spec->net != SPEC_NET_HOST && shim->netns < 0;
	const struct namespaces namespaces = {
		.userns = shim->userns,
		.netns = spec->net == SPEC_NET_HOST ? NAMESPACES_HOST : make_net ? NAMESPACES_LATER : shim->netns,
		.pidns = spec->pid == SPEC_NS_HOST ? NAMESPACES_HOST : shim->join.pidns,
		.ipcns = spec->ipc == SPEC_NS_HOST ? NAMESPACES_HOST : shim->join.ipcns,
		.target = -1,
		.cgroup = shim->limits.unified < 0 ? 0 : shim->limits.unified,
		.procs = shim->limits.procs,
		.proc_count = shim->limits.proc_count,
	};
	const bool tty = spec->tty, attached = spec->attached;
	const int caller[3] = {
		shim->spec.interactive && !tty ? fcntl(0, F_DUPFD_CLOEXEC, 5) : -1,
		attached ? fcntl(1, F_DUPFD_CLOEXEC, 5) : -1,
		attached && !tty ? fcntl(2, F_DUPFD_CLOEXEC, 5) : -1,
	};
	struct inside inside = {.spec = &shim->spec,
				.filter = shim->filter,
				.streams = {-1, -1, -1},
				.make_net = make_net,
				.title = shim->args->title,
				.title_size = shim->args->title_size};
	int ends[2], ending[2], rc = 0;

	if (tty)
		relay_init_tty(&shim->relay, caller[1], &shim->log);
	else
		rc = relay_init(&shim->relay, caller, &shim->log, inside.streams);
	if (rc == 0)
		rc = sync_pair(ends);
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, NULL, "pipes");
	inside.sync = ends[1];
	shim->sync = ends[0];
	if (pipe2(ending, O_CLOEXEC) < 0) {
		fd_close(ends[1]);
		return err_sys(err, ERR_KERNEL, errno, NULL, "pipes");
	}
	inside.ending = ending[1];
	shim->ending = ending[0];
	rc = namespaces_spawn(&namespaces, inside_run, &inside, &shim->pid, &shim->pidfd, err);
	fd_close(ends[1]);
	fd_close(ending[1]);
	for (int i = 0; i < 3; i++)
		fd_close(inside.streams[i]);
	/* The relay has the caller's streams now; when it lets go of them, whoever reads them sees the end. */
	if (rc == 0)
		rc = streams_leave(err);
	return rc;
}

static int streams_leave(struct err *err)
{
	cleanup(fd_closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3; i++)
		if (null < 0 || dup2(null, i) < 0)
			return err_sys(err, ERR_KERNEL, errno, "/dev/null", "open");
	return 0;
}

/*
 * Those that stand already: other containers', and our own stack from before; what stays -1 is made. From its second run on, and whatever the daemon does, we have its stack ourselves; but
 * whom it joins may have other processes and IPC objects by now.
 */
static int namespaces_find(struct shim *shim, struct err *err)
{
	bool joins_more = shim->spec.pid == SPEC_NS_JOIN || shim->spec.ipc == SPEC_NS_JOIN;
	int rc = 0;

	if (shim->userns >= 0 && !joins_more)
		return 0;
	if (shim->userns >= 0 && shim->userns != shim->join.userns)
		fd_close(shim->userns);
	if (shim->netns >= 0 && shim->netns != shim->join.netns)
		fd_close(shim->netns);
	join_fini(&shim->join);
	if (spec_joins(&shim->spec))
		rc = join_open(shim->runtime_dir, &shim->spec, (uint32_t)shim->state.id_base,
			       &shim->join, err);
	shim->userns = shim->join.userns;
	shim->netns = shim->join.netns;
	if (rc == 0 && shim->state.stack)
		rc = stack_stand(shim, err);
	return rc;
}

static int stack_stand(struct shim *shim, struct err *err)
{
	struct stat stack, joined;
	int userns;
	int rc = stack_open(shim->socket, &shim->spec.name, &shim->netns, &userns, err);
	char text[NAME_FULL_SIZE];

	if (rc < 0)
		return rc;
	if (shim->userns >= 0 && (fstat(userns, &stack) < 0 || fstat(shim->userns, &joined) < 0 ||
				  stack.st_dev != joined.st_dev || stack.st_ino != joined.st_ino))
		return err_set(err, ERR_CONFLICT, EINVAL, name_print(&shim->spec.name, text),
			       "its stack lies in a user namespace that the container to join "
			       "has left; rm it and run it anew");
	shim->userns = userns;
	return 0;
}

/*
 * Before the daemon knows it, the namespace has no link but loopback: nothing can flow. A stack with loopback alone
 * needs no daemon, and no tenant at the daemon; then only nobody keeps it when the container stops.
 */
static int stack_make(struct asking *asking, struct buf *hosts, int *ret_code, struct err *err)
{
	struct shim *shim = asking->shim;
	int rc = asking->heard;

	if (rc == 0)
		rc = heard(shim, SYNC_NET, ret_code, err);
	if (rc < 0 && asking->heard < 0) {
		*err = asking->err;
		*ret_code = asking->code;
	}
	if (rc < 0)
		return rc;
	if (shim->netns < 0)
		shim->netns = namespaces_open(shim->pid, "net", err);
	if (shim->netns < 0)
		return shim->netns;
	rc = stack_answer(asking, hosts, err);
	if (rc < 0 && !shim->stack_here && shim->spec.net == SPEC_NET_NONE &&
	    (err->kind == ERR_UNAVAILABLE || err->kind == ERR_NOTFOUND)) {
		*err = ERR_INIT;
		return 0;
	}
	if (rc < 0)
		return rc;
	/* Written down with "running". Until then "created" is word enough for a sweep; "exited" is not. */
	return shim->state.status == STATE_CREATED ? 0
						   : state_save(&shim->dir, &shim->state, err);
}

/*
 * While the layer is filled: once the network namespace is there the daemon is asked, and works while we go on. What comes
 * of that is seen in stack_make().
 */
static void stack_ask(void *ctx)
{
	struct asking *asking = ctx;
	struct shim *shim = asking->shim;
	struct pollfd said = {.fd = shim->sync, .events = POLLIN};

	if (!asking->wanted || asking->heard || poll(&said, 1, 0) != 1)
		return;
	asking->heard = heard(shim, SYNC_NET, &asking->code, &asking->err);
	if (asking->heard < 0)
		return;
	asking->heard = 1;
	shim->netns = namespaces_open(shim->pid, "net", NULL);
	if (shim->netns >= 0)
		asking->begun = stack_attach_begin(shim->socket, &shim->spec, shim->netns, shim->spec.id);
}

/* @hosts: NULL: of a start that failed */
static int stack_answer(struct asking *asking, struct buf *hosts, struct err *err)
{
	cleanup(buf_fini) struct buf unused = BUF_INIT;
	struct shim *shim = asking->shim;
	bool open;
	int rc = stack_attach(shim->socket, &shim->spec, shim->netns, shim->spec.id, asking->begun, &open,
			      hosts ? hosts : &unused, err);

	asking->begun = NULL;
	/* What nobody knows of is asked to be taken back as if it stood. */
	shim->stack_here = rc == 0 || open;
	shim->state.stack = rc == 0;
	return rc;
}

/*
 * The first process' next word. @want: SYNC_NET; SYNC_READY, before which it may hand out its terminal; or SYNC_END: that
 * the command runs.
 */
static int heard(struct shim *shim, enum sync_kind want, int *ret_code, struct err *err)
{
	bool watched = shim->spec.attached;
	struct sync_msg msg;
	int fd, rc;

	for (;;) {
		rc = shim_heard(shim, &msg, &fd);
		if (rc != 1 || msg.kind != SYNC_TTY || fd < 0)
			break;
		relay_tty(&shim->relay, fd);
		if (shim->spec.attached)
			(void)sync_send(shim->control, &msg, fd);
	}
	fd_close(fd);
	if (rc == 1 && msg.kind == SYNC_FAILED) {
		if (err)
			*err = msg.err;
		*ret_code = msg.value;
		return msg.err.no ? -msg.err.no : -EINVAL;
	}
	if (watched && shim->control < 0 && shim->stopping)
		return err_set(err, ERR_INTERNAL, ECANCELED, NULL, "the client is gone");
	if (want == SYNC_END ? rc == 0 : rc == 1 && msg.kind == want)
		return 0;
	return err_set(err, ERR_INTERNAL, ESRCH, NULL,
		       "the container's first process ended early");
}

/* ------------------------------------------------------------------- again */

/* What belonged to one run. The stack, the layer and the log stay. */
static void run_end(struct shim *shim, int code)
{
	relay_fini(&shim->relay);
	fd_close(shim->pidfd);
	fd_close(shim->sync);
	fd_close(shim->ending);
	shim->pidfd = shim->sync = shim->ending = -1;
	shim->state.exit_code = code;
	shim->state.oom_killed = cgroup_oom_take(&shim->oom) > 0;
	shim->state.finished_ms = (int64_t)clock_realtime_ms();
}

/* Who has asked for a restart until now waits for this start. Who asks while it is under way ends it, and waits for the next. */
static void restarts_take(struct shim *shim)
{
	for (size_t i = 0; i < shim->client_count; i++)
		if (shim->clients[i].asked == SYNC_RESTART)
			shim->clients[i].asked = SYNC_STARTED;
}

/*
 * Whether it runs once more, because somebody asked or by its policy; if so it does. Nobody else is needed for it: the
 * namespaces of its stack are open here.
 * Return: false when that was its end; *code is the last one.
 */
static bool again(struct shim *shim, int *code)
{
	for (;;) {
		bool asked = shim->again;
		struct err err = ERR_INIT;
		int failed = PROCESS_FAILED;

		if (!asked && (shim->stopping || !policy_wants(shim, *code)))
			return false;
		/* Who watched has seen it end. */
		shim_tell(shim, SYNC_EXITED, *code, NULL);
		fd_close(shim->control);
		shim->control = -1;
		shim->spec.attached = false;
		shim_answer(shim, SYNC_ATTACH, SYNC_EXITED, *code, NULL);
		if (!asked) {
			if (shim->state.finished_ms - shim->state.started_ms >= REST_RESET_MS)
				shim->delay_ms = REST_FIRST_MS;
			shim->state.status = STATE_RESTARTING;
			(void)state_save(&shim->dir, &shim->state, NULL);
			if (!shim_rest(shim, shim->delay_ms))
				continue;
			shim->delay_ms *= 2;
			if (shim->delay_ms > REST_MAX_MS)
				shim->delay_ms = REST_MAX_MS;
			shim->state.restarts++;
		}
		shim->again = shim->stopping = false;
		shim->kill_at = 0;
		restarts_take(shim);
		if (start(shim, &failed, &err) == 0) {
			shim_answer(shim, SYNC_STARTED, SYNC_STARTED, 0, NULL);
			return true;
		}
		if (shim->pid > 0) {
			(void)pidfd_send_signal(shim->pidfd, SIGKILL, NULL, 0);
			(void)shim_reap(shim);
		}
		*code = failed;
		run_end(shim, failed);
		if (!shim->again)
			shim_answer(shim, SYNC_STARTED, SYNC_FAILED, failed, &err);
	}
}

static bool policy_wants(const struct shim *shim, int code)
{
	switch (shim->spec.restart) {
	case SPEC_RESTART_ALWAYS:
		return true;
	case SPEC_RESTART_ON_FAILURE:
		return code != 0 && (shim->spec.restart_max == 0 ||
				     shim->state.restarts < shim->spec.restart_max);
	case SPEC_RESTART_NO:
		break;
	}
	return false;
}

/* --------------------------------------------------------------------- end */

static void undo(struct shim *shim)
{
	struct err err = ERR_INIT;
	bool first = shim->state.finished_ms == 0;

	if (shim->pid > 0) {
		(void)pidfd_send_signal(shim->pidfd, SIGKILL, NULL, 0);
		(void)shim_reap(shim);
	}
	relay_fini(&shim->relay);
	cgroups_end(shim);
	if (shim->netns >= 0)
		(void)devices_return(&shim->dir, shim->socket, shim->netns, &err);
	if (shim->stack_here && stack_delete(shim->socket, &shim->spec.name, shim->spec.id, &err) == 0)
		shim->stack_here = shim->state.stack = false;
	if (first && !shim->stack_here) {
		(void)container_erase(&shim->dir, shim->spec.id, &shim->state, &err);
		return;
	}
	if (first) {
		/* The daemon is down. As if we were lost before it was asked: then the next command's sweep sees to all of it. */
		shim->state.status = STATE_CREATED;
		shim->state.stack = false;
		(void)state_save(&shim->dir, &shim->state, &err);
		return;
	}
	/* One that ran before. */
	if (shim->layer >= 0 || shim->layer_mount >= 0)
		shim->state.layer =
			rootfs_layer_pin(&shim->dir,
					 shim->layer >= 0 ? shim->layer : shim->layer_mount,
					 shim->mntns, &err) == 0;
	shim->state.status = STATE_EXITED;
	shim->state.exit_code = PROCESS_FAILED;
	shim->state.finished_ms = (int64_t)clock_realtime_ms();
	(void)state_save(&shim->dir, &shim->state, &err);
}

/* With --rm its stack goes, whatever is asked from now on; but not before interfaces of the host are back there. */
void shim_ending(struct shim *shim)
{
	fd_close(shim->ending);
	shim->ending = -1;
	if (shim->spec.remove && shim->spec.restart == SPEC_RESTART_NO && shim->state.stack &&
	    !(shim->spec.devices && shim->spec.devices[0]))
		shim->leaving = stack_delete_begin(shim->socket, &shim->spec.name);
}

/* What was asked at the first sign of the end is answered by now; what was not is asked again. */
static int stack_end(struct shim *shim, struct err *err)
{
	struct varlink_client *leaving = shim->leaving;

	shim->leaving = NULL;
	if (!shim->state.stack || (leaving && stack_delete_end(leaving, err) == 0))
		return 0;
	return stack_delete(shim->socket, &shim->spec.name, NULL, err);
}

/* What cannot be removed now is removed with the container, or by a sweep. */
static void cgroups_end(struct shim *shim)
{
	cgroup_oom_close(&shim->oom);
	if (limits_end(&shim->limits, NULL) == 0)
		shim->state.cgroup = false;
}

static void finish(struct shim *shim, int code)
{
	struct err err = ERR_INIT;

	int back = devices_return(&shim->dir, shim->socket, shim->netns, &err);

	logfile_fini(&shim->log);
	cgroups_end(shim);
	shim->state.status = STATE_EXITED;
	shim->state.exit_code = code;
	if (shim->spec.remove) {
		/* What cannot be taken away now (the daemon is down) is taken by the next command's sweep. */
		if (back < 0 || stack_end(shim, &err) < 0 ||
		    container_erase(&shim->dir, shim->spec.id, &shim->state, &err) < 0)
			(void)state_save(&shim->dir, &shim->state, &err);
		return;
	}
	if (shim->layer >= 0)
		shim->state.layer =
			rootfs_layer_pin(&shim->dir, shim->layer, shim->mntns, &err) == 0;
	(void)state_save(&shim->dir, &shim->state, &err);
}
