// SPDX-License-Identifier: GPL-2.0-or-later
/* life - what becomes of a container that was created: start, signals, end. Floor F4. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/oci/container.h"
#include "runner/oci/hooks.h"
#include "runner/oci/network.h"
#include "runner/process/sync.h"

enum { END_WAIT_MS = 10000 }; /* of a process that was killed */

static int start_connect(const struct oci_dir *dir, struct err *err);
static int start_over(int sock, const char *id, bool told, struct err *err);
static int started(struct oci_dir *dir, const struct oci_state *state, struct err *err);
static int not_running(const struct oci_state *state, enum oci_status status, const char *verb,
		       struct err *err);
static int end_wait(int pidfd, const char *id, struct err *err);
static int delete_locked(const struct oci_request *request, struct oci_dir *dir, struct oci_state *state, bool known,
			 bool force, struct buf *warnings, struct err *err);
static int take_back(const struct oci_request *request, struct oci_state *state, struct err *err);
static void poststop(struct oci_dir *dir, const struct oci_state *state,
		     const struct oci_config *config, struct buf *warnings);

int oci_start(const struct oci_request *request, struct buf *warnings, struct err *err)
{
	struct oci_dir dir = OCI_DIR_INIT;
	struct oci_state state = {0};
	enum oci_status status;
	int sock = -1;
	int rc = oci_dir_open(request->root, request->id, &dir, err);

	(void)warnings;
	if (rc == 0)
		rc = oci_dir_lock(&dir, err);
	if (rc == 0)
		rc = oci_state_load(&dir, &state, err);
	if (rc == 0) {
		status = oci_state_status(&dir, &state);
		if (status != OCI_CREATED)
			rc = not_running(&state, status, "start", err);
	}
	if (rc == 0) {
		sock = start_connect(&dir, err);
		rc = sock < 0 ? sock : start_over(sock, state.id, false, err);
		/* As long as it is there the container is one that was not started. */
		if (unlinkat(dir.fd, OCI_START_SOCKET, 0) < 0 && errno != ENOENT && rc == 0)
			rc = err_sys(err, ERR_IO, errno, state.id, "it runs, but counts as created: remove %s",
				     OCI_START_SOCKET);
	}
	if (rc == 0)
		rc = started(&dir, &state, err);
	fd_close(sock);
	oci_state_fini(&state);
	oci_dir_fini(&dir);
	return rc;
}

int oci_start_run(struct oci_run *run, struct err *err)
{
	int rc = start_over(run->child.sync, run->state.id, run->unasked, err);

	return rc == 0 ? started(&run->dir, &run->state, err) : rc;
}

int oci_kill(const struct oci_request *request, int signal, bool all, struct err *err)
{
	struct oci_dir dir = OCI_DIR_INIT;
	struct oci_state state = {0};
	enum oci_status status;
	int pidfd = -1;
	int rc = oci_dir_open(request->root, request->id, &dir, err);

	if (rc == 0)
		rc = oci_state_load(&dir, &state, err);
	if (rc == 0) {
		status = oci_state_status(&dir, &state);
		/* Its children may outlive it, where the pid namespace is another's. */
		if (all && status == OCI_STOPPED)
			rc = oci_cgroup_kill(&state.cgroup, signal, err);
		else if (status == OCI_STOPPED || status == OCI_CREATING)
			rc = err_set(err, ERR_CONFLICT, ESRCH, state.id,
				     "container not running: it is %s",
				     oci_status_name(status));
		else if (all)
			rc = oci_cgroup_kill(&state.cgroup, signal, err);
		/* The first of its pid namespace takes all others with it; and there may be no cgroup. */
		if (rc == 0 && status != OCI_STOPPED) {
			pidfd = oci_state_pidfd(&state);
			if (pidfd >= 0 && pidfd_send_signal(pidfd, signal, NULL, 0) < 0 &&
			    errno != ESRCH)
				rc = err_sys(err, ERR_KERNEL, errno, state.id, "signal %d",
					     signal);
			else if (signal == SIGKILL && status == OCI_PAUSED)
				(void)oci_cgroup_freeze(&state.cgroup, false, NULL);
			else if (pidfd < 0 && !all)
				rc = err_set(err, ERR_CONFLICT, ESRCH, state.id,
					     "container not running: it is stopped");
		}
	}
	fd_close(pidfd);
	oci_state_fini(&state);
	oci_dir_fini(&dir);
	return rc;
}

int oci_delete(const struct oci_request *request, bool force, struct buf *warnings,
	       struct err *err)
{
	struct oci_dir dir = OCI_DIR_INIT;
	struct oci_state state = {0};
	int rc = oci_dir_open(request->root, request->id, &dir, err);

	if (rc == -ENOENT && force) {
		if (err)
			*err = ERR_INIT;
		return 0;
	}
	if (rc == 0)
		rc = oci_dir_lock(&dir, err);
	/* Without a state nothing else was made yet. */
	if (rc == 0)
		rc = delete_locked(request, &dir, &state, oci_state_load(&dir, &state, NULL) == 0, force, warnings, err);
	oci_state_fini(&state);
	oci_dir_fini(&dir);
	return rc;
}

int oci_delete_run(const struct oci_request *request, struct oci_run *run, struct buf *warnings, struct err *err)
{
	int rc = oci_dir_lock(&run->dir, err);

	if (rc == 0) {
		rc = delete_locked(request, &run->dir, &run->state, true, true, warnings, err);
	} else if (rc == -ENOENT) {
		/* somebody was faster */
		if (err)
			*err = ERR_INIT;
		rc = 0;
	}
	oci_state_fini(&run->state);
	oci_dir_fini(&run->dir);
	return rc;
}

int oci_sweep(const struct oci_request *request)
{
	struct oci_dir dir = OCI_DIR_INIT;
	struct oci_state state = {0};
	bool left = false;

	if (oci_dir_open(request->root, request->id, &dir, NULL) < 0)
		return 0;
	/* Locked: by its creator, who lives. With a pid: it was created. */
	if (oci_dir_abandoned(&dir)) {
		left = oci_state_load(&dir, &state, NULL) < 0 || state.pid == 0;
		if (left && state.id)
			(void)take_back(request, &state, NULL);
		if (left)
			(void)oci_dir_remove(&dir, NULL);
	}
	oci_state_fini(&state);
	oci_dir_fini(&dir);
	return left;
}

int oci_report(const char *root, const char *id, json_t **ret_doc, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct oci_config config = {0};
	struct oci_dir dir = OCI_DIR_INIT;
	struct oci_state state = {0};
	int rc = oci_dir_open(root, id, &dir, err);

	if (rc == 0)
		rc = oci_state_load(&dir, &state, err);
	if (rc == 0)
		rc = oci_state_config_load(&dir, arena, &config, err);
	if (rc == 0) {
		*ret_doc = oci_state_report(&state, oci_state_status(&dir, &state), &config);
		oci_config_fini(&config);
	}
	oci_state_fini(&state);
	oci_dir_fini(&dir);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static int start_connect(const struct oci_dir *dir, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir->fd,
		 OCI_START_SOCKET);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int no = errno;

		fd_close(fd);
		return err_sys(err, ERR_IO, no, dir->id, "start");
	}
	return fd;
}

/* The end of the connection is the exec: it is closed by that. @told: to go on it was told */
static int start_over(int sock, const char *id, bool told, struct err *err)
{
	struct sync_msg msg = {.kind = SYNC_GO};
	int rc = told ? 0 : sync_send(sock, &msg, -1);

	if (rc < 0)
		return err_sys(err, ERR_INTERNAL, -rc, id, "its process was lost");
	rc = sync_recv(sock, &msg, NULL);
	if (rc == 0)
		return 0;
	if (rc < 0 || msg.kind != SYNC_FAILED || msg.err.kind == ERR_NONE)
		return err_set(err, ERR_INTERNAL, EPROTO, id, "its process was lost");
	if (err)
		*err = msg.err;
	return -msg.err.no;
}

/* runtime.md, Lifecycle 9: a poststart hook that fails stops the container. */
static int started(struct oci_dir *dir, const struct oci_state *state, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *report = NULL;
	cleanup(mem_freep) char *text = NULL;
	struct oci_config config;
	int rc;

	if (state->no_later_hooks)
		return 0;
	rc = oci_state_config_load(dir, arena, &config, err);
	if (rc < 0)
		return rc;
	if (config.hooks[OCI_HOOK_POSTSTART].count) {
		report = oci_state_report(state, OCI_RUNNING, &config);
		text = json_text(report);
		rc = oci_hooks_run(&config, OCI_HOOK_POSTSTART, text, err);
		if (rc < 0)
			(void)kill(state->pid, SIGKILL);
	}
	oci_config_fini(&config);
	return rc;
}

static int not_running(const struct oci_state *state, enum oci_status status, const char *verb,
		       struct err *err)
{
	return err_set(err, ERR_CONFLICT, EBUSY, state->id,
		       "cannot %s a container that is %s", verb, oci_status_name(status));
}

static int end_wait(int pidfd, const char *id, struct err *err)
{
	struct pollfd wait = {.fd = pidfd, .events = POLLIN};
	int n;

	do
		n = poll(&wait, 1, END_WAIT_MS);
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0
		     : err_set(err, ERR_CONFLICT, EBUSY, id, "its process does not end");
}

static int delete_locked(const struct oci_request *request, struct oci_dir *dir, struct oci_state *state, bool known,
			 bool force, struct buf *warnings, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = NULL;
	struct oci_config config = {0};
	enum oci_status status = OCI_STOPPED;
	int pidfd, rc = 0;

	if (known && !request->ended)
		status = oci_state_status(dir, state);
	if (status != OCI_STOPPED && !force)
		return err_set(err, ERR_CONFLICT, EBUSY, state->id, "cannot delete container: it is %s, not stopped",
			       oci_status_name(status));
	pidfd = status == OCI_STOPPED ? -1 : oci_state_pidfd(state);
	if (pidfd >= 0) {
		(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		/* who is frozen by v1 does not even die */
		if (status == OCI_PAUSED)
			(void)oci_cgroup_freeze(&state->cgroup, false, NULL);
		rc = end_wait(pidfd, state->id, err);
		fd_close(pidfd);
	}
	if (rc == 0 && known) {
		if (!state->no_later_hooks)
			arena = arena_new();
		known = arena && oci_state_config_load(dir, arena, &config, NULL) == 0;
		rc = take_back(request, state, err);
		if (rc == 0 && known)
			poststop(dir, state, &config, warnings);
		if (known)
			oci_config_fini(&config);
	}
	return rc == 0 ? oci_dir_remove(dir, err) : rc;
}

static int take_back(const struct oci_request *request, struct oci_state *state, struct err *err)
{
	int rc = oci_cgroup_delete(&state->cgroup, err);

	if (rc == 0)
		rc = oci_rdt_remove(&state->rdt, state->id, state->pid == 0, err);
	if (rc == 0)
		rc = oci_shared_take_back(&state->shared, state->rootfs, err);
	if (rc == 0 && state->stack)
		rc = oci_network_detach(request->daemon, state->stack, state->stack_request, err);
	return rc;
}

/* Failures are told, and change nothing (runtime.md, Lifecycle 13). */
static void poststop(struct oci_dir *dir, const struct oci_state *state,
		     const struct oci_config *config, struct buf *warnings)
{
	cleanup(json_freep) json_t *report = NULL;
	cleanup(mem_freep) char *text = NULL;
	struct oci_config one = *config;

	(void)dir;
	if (!config->hooks[OCI_HOOK_POSTSTOP].count)
		return;
	report = oci_state_report(state, OCI_STOPPED, config);
	text = json_text(report);
	/* One by one: the others run, whatever becomes of this. */
	for (size_t i = 0; i < config->hooks[OCI_HOOK_POSTSTOP].count; i++) {
		struct err err = ERR_INIT;

		one.hooks[OCI_HOOK_POSTSTOP] = (struct oci_hooks){
			.items = &config->hooks[OCI_HOOK_POSTSTOP].items[i], .count = 1};
		if (oci_hooks_run(&one, OCI_HOOK_POSTSTOP, text, &err) < 0)
			buf_printf(warnings, "%s: %s\n", err.object, err.msg);
	}
}
