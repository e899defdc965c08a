// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec - one more process in a running container. Floor F4. It joins the
 * namespaces by the pidfd of the container's process, in a process between that
 * nobody inside may look at; its cgroup, ids, limits and filter are those of the
 * container unless its own description says otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "runner/oci/become.h"
#include "runner/oci/container.h"
#include "runner/oci/environ.h"
#include "runner/oci/labels.h"
#include "runner/oci/ns.h"
#include "runner/oci/terminal.h"
#include "runner/process/sync.h"

/* What the new process is given; a copy, by the fork. */
struct joiner {
	struct oci_become become;
	int sync, sync_other, console, image;
	bool mapped; /* in a user namespace */
};

static int exec_in(const struct oci_request *request, struct oci_dir *dir, struct oci_state *state,
		   struct oci_config *config, const struct oci_process *process, int console,
		   struct oci_child *child, struct buf *warnings, struct err *err);
static int running(const struct oci_dir *dir, const struct oci_state *state, struct err *err);
static unsigned int kinds_to_join(const struct oci_config *config, pid_t pid);
static bool another(pid_t pid, const char *file);
static int root_open(int host_proc, pid_t pid, int *ret_root, struct err *err);
static int child_start(const struct oci_request *request, const struct oci_state *state,
		       const struct oci_process *process, struct oci_child *child,
		       struct buf *warnings, struct err *err);
static int answer(int sync, enum sync_kind kind, const char *id, struct sync_msg *ret_msg,
		  struct err *err);
static int joiner_run(void *ctx);
static int joiner_prepare(struct joiner *joiner, struct err *err);
static int cpus_set(pid_t pid, const char *list, struct err *err);

int oci_exec(const struct oci_request *request, const struct oci_process *process, int console,
	     struct oci_child *ret_child, struct buf *warnings, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct oci_child child = {.pidfd = -1, .sync = -1};
	struct oci_dir dir = OCI_DIR_INIT;
	struct oci_state state = {0};
	struct oci_config config = {0};
	struct oci_process own = *process;
	int rc = oci_dir_open(request->root, request->id, &dir, err);

	if (rc == 0)
		rc = oci_state_load(&dir, &state, err);
	if (rc == 0)
		rc = running(&dir, &state, err);
	if (rc == 0)
		rc = oci_preserve_check(request->preserve_fds, err);
	if (rc == 0)
		rc = oci_labels_check(process->selinux, NULL, err);
	if (rc == 0)
		rc = oci_state_config_load(&dir, arena, &config, err);
	if (rc == 0) {
		/* A process.json that names none: the container's, never the runtime's. */
		if (!own.caps_given)
			memcpy(own.caps, config.process.caps, sizeof(own.caps));
		own.caps_given = true;
		rc = exec_in(request, &dir, &state, &config, &own, console, &child, warnings,
			     err);
		oci_config_fini(&config);
	}
	if (rc < 0 && child.pid > 0) {
		(void)kill(child.pid, SIGKILL);
		while (waitpid(child.pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (rc < 0) {
		fd_close(child.pidfd);
		fd_close(child.sync);
	} else {
		*ret_child = child;
	}
	oci_state_fini(&state);
	oci_dir_fini(&dir);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static int running(const struct oci_dir *dir, const struct oci_state *state, struct err *err)
{
	enum oci_status status = oci_state_status(dir, state);

	if (status == OCI_RUNNING || status == OCI_CREATED)
		return 0;
	return err_set(err, ERR_CONFLICT, status == OCI_PAUSED ? EBUSY : ESRCH, state->id,
		       "cannot exec in a container that is %s", oci_status_name(status));
}

static int exec_in(const struct oci_request *request, struct oci_dir *dir, struct oci_state *state,
		   struct oci_config *config, const struct oci_process *process, int console,
		   struct oci_child *child, struct buf *warnings, struct err *err)
{
	cleanup(fd_closep) int target = oci_state_pidfd(state);
	cleanup(fd_closep) int host_proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup(fd_closep) int theirs = -1, root = -1;
	struct oci_seccomp seccomp = {.listener = -1};
	cleanup(json_freep) json_t *report = NULL;
	cleanup(mem_freep) char *text = NULL;
	int ends[2], rc;

	if (target < 0)
		return err_set(err, ERR_CONFLICT, ESRCH, state->id,
			       "container not running: it is stopped");
	rc = oci_mounts_shared(config) ? root_open(host_proc, state->pid, &root, err) : 0;
	if (rc == 0)
		rc = oci_seccomp_make(config, request->root, &seccomp, err);
	if (rc == 0 && process->terminal && request->console_socket) {
		theirs = oci_console_connect(request->console_socket, err);
		rc = theirs < 0 ? theirs : 0;
	}
	if (rc == 0 && (rc = sync_pair(ends)) < 0)
		err_sys(err, ERR_KERNEL, -rc, NULL, "socketpair");
	if (rc < 0) {
		oci_seccomp_fini(&seccomp);
		return rc;
	}
	if (seccomp.listener >= 0) {
		report = oci_state_report(state, OCI_RUNNING, config);
		text = json_text(report);
	}
	struct joiner joiner = {
		.become = {.process = process,
			   .config = config,
			   .seccomp = seccomp.program.len ? &seccomp : NULL,
			   .host_proc = host_proc,
			   .preserve_fds = request->preserve_fds,
			   .keep_keyring = request->keep_keyring,
			   .listener_state = text},
		.sync = ends[1],
		.sync_other = ends[0],
		.console = !process->terminal ? -1 : theirs >= 0 ? theirs : console,
		.image = request->image,
		.mapped = config->namespaces[OCI_NS_USER].wanted,
	};
	if (geteuid() == 0)
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	rc = oci_ns_join_spawn(target, kinds_to_join(config, state->pid), root, joiner_run, &joiner,
			       &child->pid, &child->pidfd, err);
	fd_close(ends[1]);
	child->sync = ends[0];
	child->terminal = process->terminal;
	(void)dir;
	if (rc == 0)
		rc = child_start(request, state, process, child, warnings, err);
	oci_seccomp_fini(&seccomp);
	return rc;
}

/*
 * Those it does not share with us: a user namespace that is ours already cannot be joined. One that was made for it is
 * another's, and to join the same once more does no harm: that is not asked for.
 */
static unsigned int kinds_to_join(const struct oci_config *config, pid_t pid)
{
	unsigned int flags = 0;

	for (size_t i = 0; i < OCI_NS_COUNT; i++)
		if (config->namespaces[i].wanted &&
		    ((!config->namespaces[i].path && i != OCI_NS_USER) ||
		     another(pid, oci_ns_info[i].file)))
			flags |= oci_ns_info[i].flag;
	return flags;
}

static bool another(pid_t pid, const char *file)
{
	struct stat ours, theirs;
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", file);
	if (stat(path, &ours) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, file);
	return stat(path, &theirs) < 0 || ours.st_ino != theirs.st_ino;
}

/* Its root is not that of its mount namespace (shared.h). */
static int root_open(int host_proc, pid_t pid, int *ret_root, struct err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "%d/root", (int)pid);
	*ret_root = openat(host_proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret_root < 0 ? err_sys(err, ERR_KERNEL, errno, path, "open the container's root") : 0;
}

static int child_start(const struct oci_request *request, const struct oci_state *state,
		       const struct oci_process *process, struct oci_child *child,
		       struct buf *warnings, struct err *err)
{
	struct sync_msg msg;
	int rc = process->cpu_initial ? cpus_set(child->pid, process->cpu_initial, err) : 0;

	if (rc == 0)
		rc = oci_cgroup_enter(&state->cgroup, child->pid, true, err);
	if (rc == 0)
		rc = oci_rdt_enter(&state->rdt, state->id, child->pid, true, err);
	if (rc == 0 && process->cpu_final)
		rc = cpus_set(child->pid, process->cpu_final, err);
	if (rc < 0)
		return rc;
	rc = oci_child_tell(child, SYNC_MAPPED, err);
	if (rc < 0)
		return rc;
	fd_close(request->image); /* as in a create: who closes it last waits for RCU */
	rc = answer(child->sync, SYNC_READY, state->id, &msg, err);
	if (rc < 0)
		return rc;
	buf_str(warnings, msg.text);
	if (request->pid_file)
		rc = oci_pid_file_write(request->pid_file, child->pid, err);
	if (rc < 0)
		return rc;
	if (request->pidfd_socket)
		rc = oci_pidfd_send(request->pidfd_socket, child->pidfd, err);
	if (rc < 0)
		return rc;
	rc = oci_child_tell(child, SYNC_GO, err);
	if (rc < 0)
		return rc;
	return answer(child->sync, 0, state->id, &msg, err);
}

/* @kind 0: its end, which is the exec. */
static int answer(int sync, enum sync_kind kind, const char *id, struct sync_msg *ret_msg,
		  struct err *err)
{
	int rc = sync_recv(sync, ret_msg, NULL);

	if ((rc == 1 && ret_msg->kind == kind) || (rc == 0 && kind == 0))
		return 0;
	if (rc == 1 && ret_msg->kind == SYNC_FAILED && ret_msg->err.kind != ERR_NONE) {
		if (err)
			*err = ret_msg->err;
		return -ret_msg->err.no;
	}
	return err_set(err, ERR_INTERNAL, EPIPE, id, "the new process was lost on the way");
}

static int joiner_run(void *ctx)
{
	struct joiner *joiner = ctx;
	cleanup(buf_fini) struct buf warnings = BUF_INIT;
	cleanup(mem_freep) char *path = NULL;
	struct sync_msg msg = {.kind = SYNC_READY};
	int rc;

	fd_close(joiner->sync_other);
	fd_close(joiner->image);
	rc = joiner_prepare(joiner, &msg.err);
	if (rc == 0)
		joiner->become.env = oci_environ(joiner->become.process);
	if (rc == 0)
		rc = oci_become(&joiner->become, &warnings, &path, &msg.err);
	if (rc == 0) {
		snprintf(msg.text, sizeof(msg.text), "%s", buf_cstr(&warnings));
		(void)sync_send(joiner->sync, &msg, -1);
		if (sync_recv(joiner->sync, &msg, NULL) != 1 || msg.kind != SYNC_GO)
			return 1;
		msg.err = ERR_INIT;
		(void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
		if (path)
			oci_become_exec(&joiner->become, path, &msg.err);
		else
			err_set(&msg.err, ERR_USAGE, EINVAL, "process.args", "is unset");
	}
	msg.kind = SYNC_FAILED;
	(void)sync_send(joiner->sync, &msg, -1);
	return 1;
}

static int joiner_prepare(struct joiner *joiner, struct err *err)
{
	struct oci_terminal terminal = {-1, -1};
	struct sync_msg msg;
	int rc;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "prctl(PR_SET_PDEATHSIG)");
	if (sync_recv(joiner->sync, &msg, NULL) != 1 || msg.kind != SYNC_MAPPED)
		return err_set(err, ERR_INTERNAL, EPIPE, NULL, "the runtime is gone");
	if (joiner->mapped) {
		if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
			return err_sys(err, ERR_KERNEL, errno, NULL,
				       "become root of the user namespace");
		(void)setgroups(0, NULL);
		if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
			return err_sys(err, ERR_KERNEL, errno, NULL, "prctl");
	}
	if (setsid() < 0 && errno != EPERM)
		return err_sys(err, ERR_KERNEL, errno, NULL, "setsid");
	if (joiner->console < 0)
		return 0;
	rc = oci_terminal_open(-1, joiner->become.host_proc, joiner->become.process, &terminal,
			       err);
	return rc == 0 ? oci_terminal_enter(&terminal, joiner->console, err) : rc;
}

/* "0-3,7": checked by the decoder to consist of digits, "-" and ",". */
static int cpus_set(pid_t pid, const char *list, struct err *err)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (const char *at = list; *at; at += strspn(at, ",")) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end == at)
			return err_set(err, ERR_USAGE, EINVAL, list, "execCPUAffinity");
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= CPU_SETSIZE || (*end && *end != ','))
			return err_set(err, ERR_USAGE, EINVAL, list, "execCPUAffinity");
		for (unsigned long cpu = first; cpu <= last; cpu++)
			CPU_SET(cpu, &set);
		at = end;
	}
	if (sched_setaffinity(pid, sizeof(set), &set) < 0)
		return err_sys(err, ERR_KERNEL, errno, list, "execCPUAffinity");
	return 0;
}
