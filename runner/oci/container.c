// SPDX-License-Identifier: GPL-2.0-or-later
/* container - create, and what it takes back when it fails. Floor F4. The rest of a life is in life.c. */
#include "runner/oci/container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/cgroup/layout.h"
#include "runner/oci/become.h"
#include "runner/oci/beside.h"
#include "runner/oci/hooks.h"
#include "runner/oci/labels.h"
#include "runner/oci/network.h"
#include "runner/oci/ns.h"
#include "runner/oci/seccomp.h"
#include "runner/oci/setup.h"
#include "runner/oci/terminal.h"
#include "runner/oci/tree.h"
#include "runner/process/sync.h"

/* What a create holds; creation_undo() takes back what it had come to. */
struct creation {
	const struct oci_request *request;
	struct arena *arena;
	struct oci_config config;
	struct oci_state state;
	struct oci_dir dir;
	struct oci_ns_plan plan;
	struct oci_beside beside;
	struct oci_tree tree;
	struct oci_seccomp seccomp, *room; /* @room: shared with the container's process, which the filter is made beside; or NULL */
	struct oci_child child;
	int console, listener, host_proc;
	struct oci_netdevs netdevs;
	bool cgroup_made, stack_made;
	bool class_ours; /* as it is written down */
	bool unasked; /* for `run`: what is ready goes on, and is told so before */
};

static int creation_read(struct creation *creation, struct err *err);
static int creation_check(const struct creation *creation, bool attached, struct err *err);
static int creation_make(struct creation *creation, bool listening, struct buf *warnings,
			 struct err *err);
static bool leaves_something(const struct creation *creation);
static bool stops_for_hooks(const struct oci_config *config);
static bool goes_unasked(const struct creation *creation);
static int filter_give(struct creation *creation, struct err *err);
static int shared_note(struct creation *creation, struct buf *warnings, struct err *err);
static int console_make(struct creation *creation, struct err *err);
static bool net_apart(const struct creation *creation);
static int net_give(struct creation *creation, struct err *err);
static bool waits_for_mapped(const struct creation *creation);
static int child_spawn(struct creation *creation, struct err *err);
static int child_furnish(struct creation *creation, struct err *err);
static int child_finish(struct creation *creation, struct buf *warnings, struct err *err);
static int unasked_go(const struct creation *creation, struct err *err);
static int cgroup_give(const struct creation *creation, struct err *err);
static int state_prepare(struct creation *creation, struct err *err);
static int runtime_hooks(struct creation *creation, struct err *err);
static int hard_limits_raise(const struct creation *creation, struct err *err);
static int oom_set(const struct creation *creation, struct err *err);
static int reply(struct creation *creation, enum sync_kind kind, struct sync_msg *ret_msg,
		 struct err *err);
static int listener_open(const struct oci_dir *dir, struct err *err);
static void creation_undo(struct creation *creation);
static void creation_release(struct creation *creation);
static void creation_fini(struct creation *creation);
static int path_absolute(const char *path, char **ret_path, struct err *err);

int oci_create(const struct oci_request *request, struct oci_run *ret_run, struct buf *warnings, struct err *err)
{
	struct creation creation = {
		.request = request,
		.arena = arena_new(),
		.dir = OCI_DIR_INIT,
		.tree = OCI_TREE_INIT,
		.seccomp = {.listener = -1},
		.child = {.pid = 0, .pidfd = -1, .sync = -1, .console = -1},
		.netdevs = {.netns = -1},
		.console = -1,
		.listener = -1,
		.host_proc = -1,
	};
	int rc;

	for (size_t i = 0; i < OCI_NS_COUNT; i++)
		creation.plan.fds[i] = -1;
	rc = oci_id_check(request->id, err);
	if (rc == 0)
		rc = creation_read(&creation, err);
	if (rc == 0)
		rc = creation_check(&creation, ret_run && !request->detach, err);
	if (rc == 0)
		rc = oci_dir_create(request->root, request->id, &creation.dir, err);
	if (rc == -EEXIST && oci_sweep(request)) {
		*err = ERR_INIT;
		rc = oci_dir_create(request->root, request->id, &creation.dir, err);
	}
	if (rc == 0) {
		creation.unasked = ret_run && goes_unasked(&creation);
		rc = creation_make(&creation, !ret_run, warnings, err);
		if (rc < 0)
			creation_undo(&creation);
	}
	if (rc == 0 && ret_run) {
		oci_dir_unlock(&creation.dir);
		*ret_run = (struct oci_run){creation.child, creation.dir, creation.state, creation.unasked};
		ret_run->state.rdt.ours = creation.class_ours;
		creation.child.pidfd = creation.child.sync = creation.child.console = -1;
		creation.dir = OCI_DIR_INIT;
		creation.state = (struct oci_state){0};
	}
	creation_fini(&creation);
	return rc;
}

int oci_pid_file_write(const char *path, pid_t pid, struct err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return file_write_atomic(path, text, strlen(text), 0644, false, err);
}

int oci_pidfd_send(const char *path, int pidfd, struct err *err)
{
	cleanup(fd_closep) int sock = oci_console_connect(path, err);
	int rc = sock < 0 ? sock : fd_send(sock, "pidfd", sizeof("pidfd"), &pidfd, 1);

	return sock >= 0 && rc < 0 ? err_sys(err, ERR_IO, -rc, path, "send the pidfd") : rc;
}

/* ----------------------------------------------------------------- helpers */

static int creation_read(struct creation *creation, struct err *err)
{
	const struct oci_request *request = creation->request;
	struct oci_state *state = &creation->state;
	cleanup(mem_freep) char *path = NULL;
	int rc = path_absolute(request->bundle ? request->bundle : ".", &state->bundle, err);

	if (rc < 0)
		return rc;
	path = request->config ? mem_strdup(request->config)
			       : mem_printf("%s/config.json", state->bundle);
	rc = oci_config_read(AT_FDCWD, path, creation->arena, &creation->config, err);
	if (rc < 0)
		return rc;
	state->id = mem_strdup(request->id);
	state->no_later_hooks = !creation->config.hooks[OCI_HOOK_POSTSTART].count &&
				!creation->config.hooks[OCI_HOOK_POSTSTOP].count;
	state->created_ms = (int64_t)clock_realtime_ms();
	state->owner = (uid_t)getauxval(AT_UID);
	state->rootfs = creation->config.root_path[0] == '/'
				? mem_strdup(creation->config.root_path)
				: mem_printf("%s/%s", state->bundle, creation->config.root_path);
	if (oci_network_wanted(&creation->config))
		rc = oci_network_name(&creation->config, request->id, &state->stack, err);
	if (rc < 0)
		return rc;
	if (state->stack)
		state->stack_request = mem_printf("%012llx", (unsigned long long)random_id48());
	return oci_cgroup_plan(&creation->config, request->id, request->systemd_cgroup,
			       request->no_cgroup, &state->cgroup, err);
}

/* What can be told before anything is made. */
static int creation_check(const struct creation *creation, bool attached, struct err *err)
{
	const struct oci_request *request = creation->request;
	const struct oci_config *config = &creation->config;
	struct stat st;

	if (stat(creation->state.rootfs, &st) < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, errno,
			       creation->state.rootfs, "root.path");
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_USAGE, ENOTDIR, creation->state.rootfs,
			       "root.path: is no folder");
	if (oci_labels_check(config->process.selinux, config->mount_label, err) < 0)
		return -ENOTSUP;
	if (config->process.terminal && !request->console_socket && !attached)
		return err_set(err, ERR_USAGE, EINVAL, request->id,
			       "process.terminal needs --console-socket");
	if (!config->process.terminal && request->console_socket)
		return err_set(err, ERR_USAGE, EINVAL, request->id,
			       "--console-socket needs process.terminal");
	if (oci_preserve_check(request->preserve_fds, err) < 0)
		return err ? -err->no : -EBADF;
	if (oci_network_wanted(config) &&
	    (!config->namespaces[OCI_NS_NETWORK].wanted || config->namespaces[OCI_NS_NETWORK].path))
		return err_set(err, ERR_USAGE, EINVAL, "io.moat.network",
			       "needs a new network namespace");
	return 0;
}

/* The container's process dies with us: what does not, and whom hooks may ask about? */
static bool leaves_something(const struct creation *creation)
{
	const struct oci_cgroup *cgroup = &creation->state.cgroup;

	return (cgroup->path && *cgroup->path) || cgroup->systemd || creation->state.stack || creation->state.rdt.path ||
	       oci_mounts_shared(&creation->config) || stops_for_hooks(&creation->config) ||
	       creation->config.hooks[OCI_HOOK_CREATE_CONTAINER].count;
}

static int creation_make(struct creation *creation, bool listening, struct buf *warnings,
			 struct err *err)
{
	const struct oci_request *request = creation->request;
	struct oci_state *state = &creation->state;
	int rc = 0;

	creation->host_proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Only now: what a runtime that was killed left of this id is taken back. */
	if (creation->config.intel_rdt)
		rc = oci_rdt_plan(creation->config.intel_rdt, request->id, &state->rdt, err);
	if (rc < 0)
		return rc;
	/*
	 * Written down before anything is made: whoever finds it without a pid takes back what there is. A folder alone
	 * says as much where nothing will outlive us.
	 */
	rc = leaves_something(creation) ? oci_state_save(&creation->dir, state, err) : 0;
	if (rc == 0 && oci_seccomp_later(&creation->config))
		creation->room = oci_seccomp_room();
	else if (rc == 0)
		rc = oci_seccomp_make(&creation->config, request->root, &creation->seccomp, err);
	if (rc == 0)
		rc = oci_ns_plan_make(&creation->config, &creation->plan, err);
	if (rc == 0)
		rc = oci_tree_open(&creation->config, state->rootfs, state->bundle,
				   &creation->tree, err);
	if (rc == 0 && oci_mounts_shared(&creation->config))
		rc = shared_note(creation, warnings, err);
	if (rc == 0 && creation->config.process.terminal)
		rc = console_make(creation, err);
	if (rc == 0 && listening) {
		creation->listener = listener_open(&creation->dir, err);
		rc = creation->listener < 0 ? creation->listener : 0;
	}
	if (rc == 0) {
		rc = oci_cgroup_create(&state->cgroup, creation->config.resources, err);
		/* One that was refused is somebody else's, with his processes. */
		creation->cgroup_made = rc == 0 && !state->cgroup.systemd;
	}
	if (rc == 0 && creation->config.intel_rdt)
		rc = oci_rdt_make(creation->config.intel_rdt, request->id, &state->rdt, err);
	if (rc == 0)
		rc = child_spawn(creation, err);
	if (rc == 0)
		rc = child_furnish(creation, err);
	if (rc == 0 && creation->plan.net_apart)
		rc = net_give(creation, err);
	/* What can wait until the child is at work does: two processors are done sooner. */
	if (rc == 0 && creation->room)
		rc = filter_give(creation, err);
	if (rc == 0)
		rc = oci_state_config_save(&creation->dir, &creation->config.text, err);
	return rc == 0 ? child_finish(creation, warnings, err) : rc;
}

/* The filter takes up to a millisecond to be read out of the configuration and found, or many to be compiled. */
static int filter_give(struct creation *creation, struct err *err)
{
	int rc = oci_seccomp_make(&creation->config, creation->request->root, &creation->seccomp, err);

	if (rc < 0)
		return rc;
	oci_seccomp_share(&creation->seccomp, creation->room);
	return oci_child_tell(&creation->child, SYNC_FILTER, err);
}

/* Its mounts will be in a namespace of others: what is to be taken back is written down before it is there. */
static int shared_note(struct creation *creation, struct buf *warnings, struct err *err)
{
	const struct oci_process *process = &creation->config.process;
	int rc = oci_shared_note(&creation->config, creation->plan.fds[OCI_NS_MOUNT], creation->tree.root,
				 &creation->state.shared, err);

	if (!process->caps_given || process->caps[OCI_CAPS_BOUNDING] & UINT64_C(1) << CAP_SYS_CHROOT)
		buf_str(warnings, "its mount namespace is not its own: with CAP_SYS_CHROOT it can leave root.path\n");
	return rc == 0 ? oci_state_save(&creation->dir, &creation->state, err) : rc;
}

/* Where the master of its terminal goes: to whom we were told, or to ourselves. */
static int console_make(struct creation *creation, struct err *err)
{
	const struct oci_request *request = creation->request;
	int ends[2], rc;

	if (request->console_socket) {
		creation->console = oci_console_connect(request->console_socket, err);
		return creation->console < 0 ? creation->console : 0;
	}
	rc = sync_pair(ends);
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, NULL, "socketpair");
	creation->child.console = ends[0];
	creation->console = ends[1];
	return 0;
}

static bool stops_for_hooks(const struct oci_config *config)
{
	return config->hooks[OCI_HOOK_PRESTART].count ||
	       config->hooks[OCI_HOOK_CREATE_RUNTIME].count || config->netdev_count ||
	       oci_network_wanted(config);
}

/*
 * Is there nothing between ready and the program that others are promised, nor anything that is to be said first? Then the
 * word to go on lies in its connection before it is ready, it makes the prepared state the container's itself, with its root
 * changed and by our rights, and nobody waits for a sleeping processor twice.
 */
static bool goes_unasked(const struct creation *creation)
{
	const struct oci_request *request = creation->request;
	const struct oci_config *config = &creation->config;

	return !request->pid_file && !request->pidfd_socket && !config->process.terminal && !stops_for_hooks(config) &&
	       !config->namespaces[OCI_NS_USER].wanted && !config->hooks[OCI_HOOK_CREATE_CONTAINER].count &&
	       !config->hooks[OCI_HOOK_START_CONTAINER].count && !oci_become_warns(&config->process);
}

/* Can its network namespace come later? Where it belongs to ours, and nobody speaks of it before the mounts. */
static bool net_apart(const struct creation *creation)
{
	const struct oci_config *config = &creation->config;
	const struct oci_namespace *net = &config->namespaces[OCI_NS_NETWORK];

	return net->wanted && !net->path && !config->namespaces[OCI_NS_USER].wanted && !config->sysctl_count &&
	       !stops_for_hooks(config);
}

static int net_give(struct creation *creation, struct err *err)
{
	cleanup(fd_closep) int fresh = -1;
	int rc = oci_ns_net_make(creation->child.sync, &fresh, err);

	if (rc == 0)
		rc = oci_ns_net_give(creation->child.sync, fresh, err);
	/* It may be at the change of its root, which waits for a thread of RCU's, and that for its turn behind us. */
	(void)sched_yield();
	return rc;
}

/* Is there anything that child_furnish() gives it? */
static bool waits_for_mapped(const struct creation *creation)
{
	const struct oci_config *config = &creation->config;
	const char *cgroup = creation->state.cgroup.path;

	if (config->namespaces[OCI_NS_USER].wanted || config->process.oom_given || config->intel_rdt ||
	    (cgroup && *cgroup))
		return true;
	for (size_t i = 0; i < config->mount_count; i++)
		if (oci_mount_mapped(&config->mounts[i]))
			return true;
	return false;
}

static int child_spawn(struct creation *creation, struct err *err)
{
	struct oci_setup setup = {
		.config = &creation->config,
		.plan = &creation->plan,
		.state = &creation->state,
		.seccomp = creation->room	       ? creation->room
			   : creation->seccomp.program.len ? &creation->seccomp
							   : NULL,
		.filter_later = creation->room != NULL,
		.tree = &creation->tree,
		.dir = &creation->dir,
		.listener = creation->listener,
		.console = creation->console,
		.host_proc = creation->host_proc,
		.image = creation->request->image,
		.preserve_fds = creation->request->preserve_fds,
		.no_pivot = creation->request->no_pivot,
		.keep_keyring = creation->request->keep_keyring,
		.stop_for_hooks = stops_for_hooks(&creation->config),
		.wait_for_mapped = waits_for_mapped(creation),
		.unasked = creation->unasked,
	};
	int ends[2], rc = sync_pair(ends);

	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, NULL, "socketpair");
	/*
	 * Nobody inside may look at us on our way (CVE-2016-9962), nor reach our image by /proc/PID/exe. Without
	 * privilege of our own the mappings could not be written then: the child sees to it afterwards.
	 */
	if (getauxval(AT_EUID) == 0)
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	creation->plan.net_apart = net_apart(creation);
	setup.sync = ends[1];
	setup.sync_other = ends[0];
	creation->child.terminal = creation->config.process.terminal;
	/* Both have much to do at first: it at its mounts, we at its network namespace. */
	if (creation->plan.net_apart)
		oci_beside_begin(&creation->beside);
	rc = oci_ns_spawn(&creation->plan, oci_setup_run, &setup, &creation->child.pid,
			  &creation->child.pidfd, err);
	oci_beside_end(&creation->beside);
	fd_close(ends[1]);
	if (rc < 0)
		fd_close(ends[0]);
	else
		creation->child.sync = ends[0];
	return rc;
}

/* What only the host's root can give: ids, a cgroup, limits, mounts with other owners. */
static int child_furnish(struct creation *creation, struct err *err)
{
	const struct oci_namespace *userns = &creation->config.namespaces[OCI_NS_USER];
	pid_t pid = creation->child.pid;
	int rc = 0;

	if (userns->wanted && !userns->path)
		rc = oci_ns_map(pid, &creation->config.uids, &creation->config.gids, err);
	if (rc == 0 && creation->state.cgroup.systemd) {
		rc = oci_cgroup_begin(&creation->state.cgroup, creation->config.resources, pid, err);
		creation->cgroup_made = rc == 0;
	} else if (rc == 0) {
		rc = oci_cgroup_enter(&creation->state.cgroup, pid, false, err);
	}
	if (rc == 0)
		rc = cgroup_give(creation, err);
	if (rc == 0)
		rc = oci_rdt_enter(&creation->state.rdt, creation->state.id, pid, false, err);
	if (rc == 0)
		rc = oci_tree_idmap(&creation->config, &creation->tree, pid, err);
	if (rc == 0 && userns->wanted)
		rc = hard_limits_raise(creation, err);
	if (rc == 0 && creation->config.process.oom_given)
		rc = oom_set(creation, err);
	return rc == 0 && waits_for_mapped(creation)
		       ? oci_child_tell(&creation->child, SYNC_MAPPED, err)
		       : rc;
}

static int child_finish(struct creation *creation, struct buf *warnings, struct err *err)
{
	struct oci_state *state = &creation->state;
	struct sync_msg msg;
	int rc = 0;

	if (stops_for_hooks(&creation->config)) {
		rc = reply(creation, SYNC_MOUNTED, &msg, err);
		if (rc == 0)
			rc = runtime_hooks(creation, err);
		if (rc == 0)
			rc = oci_child_tell(&creation->child, SYNC_GO, err);
	}
	/* Of what it is to be told all is at hand when it is ready. */
	state->pid = creation->child.pid;
	if (rc == 0 && oci_pid_start(state->pid, &state->pid_start) < 0)
		rc = err_set(err, ERR_INTERNAL, ESRCH, state->id, "its process is gone");
	if (rc == 0)
		rc = state_prepare(creation, err);
	if (rc == 0 && creation->unasked)
		rc = unasked_go(creation, err);
	creation_release(creation);
	/* The last to close it waits for RCU. Now, as we wait anyway; the container's process did so as its first step. */
	fd_close(creation->request->image);
	/* Once it is ready nobody waits for us: we are woken when the program runs, by the end of the connection. */
	if (rc == 0 && creation->unasked)
		(void)poll(&(struct pollfd){.fd = creation->child.sync}, 1, -1);
	if (rc == 0)
		rc = reply(creation, SYNC_READY, &msg, err);
	if (rc < 0)
		return rc;
	buf_str(warnings, msg.text);
	if (creation->unasked)
		return 0;
	rc = oci_state_commit(&creation->dir, err);
	if (rc == 0 && creation->request->pid_file)
		rc = oci_pid_file_write(creation->request->pid_file, state->pid, err);
	if (rc == 0 && creation->request->pidfd_socket)
		rc = oci_pidfd_send(creation->request->pidfd_socket, creation->child.pidfd, err);
	if (rc < 0 || creation->listener < 0)
		return rc;
	/* It must have let go of us before we end: or it would end with us. */
	rc = oci_child_tell(&creation->child, SYNC_GO, err);
	if (rc < 0)
		return rc;
	rc = sync_recv(creation->child.sync, &msg, NULL);
	return rc == 0 ? 0
		       : err_set(err, ERR_INTERNAL, EPIPE, state->id, "its process was lost");
}

/* With what it would have to look up in /proc; it has something else to do as yet. */
static int unasked_go(const struct creation *creation, struct err *err)
{
	struct sync_msg msg = {.kind = SYNC_GO};
	int rc;

	snprintf(msg.text, sizeof(msg.text), "%llx", (unsigned long long)oci_become_ignored(creation->host_proc));
	rc = sync_send(creation->child.sync, &msg, -1);
	return rc == 0 || rc == -EPIPE || rc == -ECONNRESET
		       ? 0
		       : err_sys(err, ERR_KERNEL, -rc, NULL, "speak to the container's process");
}

/*
 * config-linux.md, Cgroup ownership: to the user of the program, where it has a cgroup namespace of its own and the file system
 * to write to. Who it is on the host only our own mappings tell.
 */
static int cgroup_give(const struct creation *creation, struct err *err)
{
	const struct oci_config *config = &creation->config;
	const struct oci_namespace *ns = config->namespaces;
	uid_t uid = config->process.uid;
	bool known = !ns[OCI_NS_USER].wanted, writable = false;

	for (size_t i = 0; i < config->mount_count; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		if (str_eq(mount->source, "cgroup") && str_eq(mount->destination, "/sys/fs/cgroup"))
			writable = !((mount->set | mount->rec_set) & MOUNT_ATTR_RDONLY);
	}
	if (!writable || !config->process_given || !ns[OCI_NS_CGROUP].wanted || ns[OCI_NS_CGROUP].path)
		return 0;
	for (size_t i = 0; !known && !ns[OCI_NS_USER].path && i < config->uids.count; i++) {
		const struct oci_idmap *map = &config->uids.items[i];

		if (config->process.uid - map->inside < map->size) {
			uid = map->outside + (config->process.uid - map->inside);
			known = true;
		}
	}
	return known ? oci_cgroup_own(&creation->state.cgroup, uid, err) : 0;
}

/* A class that closID names stays, once there is a container. Until then it is ours. */
static int state_prepare(struct creation *creation, struct err *err)
{
	struct oci_state state = creation->state;

	state.rdt.ours &= creation->config.intel_rdt && !creation->config.intel_rdt->clos;
	creation->class_ours = state.rdt.ours;
	return oci_state_prepare(&creation->dir, &state, err);
}

static int runtime_hooks(struct creation *creation, struct err *err)
{
	struct oci_state state = creation->state;
	cleanup(json_freep) json_t *report = NULL;
	cleanup(mem_freep) char *text = NULL;
	int rc;

	/* Before the hooks: they find the interfaces there. */
	if (state.stack) {
		bool open;

		rc = oci_network_attach(creation->request->daemon, &creation->config, state.id, state.stack_request,
					creation->child.pid, &open, err);
		/* One that was refused may be somebody else's. */
		creation->stack_made = rc == 0 || open;
		if (rc < 0)
			return rc;
	}
	if (creation->config.netdev_count) {
		rc = oci_netdevs_give(&creation->config, creation->child.pid, &creation->netdevs, err);
		if (rc < 0)
			return rc;
	}
	state.pid = creation->child.pid;
	report = oci_state_report(&state, OCI_CREATING, &creation->config);
	text = json_text(report);
	rc = oci_hooks_run(&creation->config, OCI_HOOK_PRESTART, text, err);
	return rc == 0 ? oci_hooks_run(&creation->config, OCI_HOOK_CREATE_RUNTIME, text, err) : rc;
}

/* In a user namespace of its own the process could not raise them; we perhaps can. It says so if not. */
static int hard_limits_raise(const struct creation *creation, struct err *err)
{
	const struct oci_process *process = &creation->config.process;

	(void)err;
	for (size_t i = 0; i < process->rlimit_count; i++) {
		enum __rlimit_resource resource =
			(enum __rlimit_resource)process->rlimits[i].resource;
		struct rlimit limit;

		if (prlimit(creation->child.pid, resource, NULL, &limit) < 0 ||
		    limit.rlim_max >= process->rlimits[i].hard)
			continue;
		limit.rlim_max = process->rlimits[i].hard;
		(void)prlimit(creation->child.pid, resource, &limit, NULL);
	}
	return 0;
}

static int oom_set(const struct creation *creation, struct err *err)
{
	char path[48], text[8];
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)creation->child.pid);
	snprintf(text, sizeof(text), "%d", creation->config.process.oom_score);
	rc = file_put_at(AT_FDCWD, path, text);
	return rc < 0 ? err_sys(err, ERR_KERNEL, -rc, "process.oomScoreAdj", "write of %s", text)
		      : 0;
}

static int reply(struct creation *creation, enum sync_kind kind, struct sync_msg *ret_msg,
		 struct err *err)
{
	int rc = sync_recv(creation->child.sync, ret_msg, NULL);

	if (rc == 1 && ret_msg->kind == kind)
		return 0;
	if (rc == 1 && ret_msg->kind == SYNC_FAILED && ret_msg->err.kind != ERR_NONE) {
		if (err)
			*err = ret_msg->err;
		return -ret_msg->err.no;
	}
	return err_set(err, ERR_INTERNAL, EPIPE, creation->state.id,
		       "its process was lost on the way (killed, or out of memory?)");
}

/* The name of a socket is short, an id need not be: by a descriptor of the folder. */
static int listener_open(const struct oci_dir *dir, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir->fd,
		 OCI_START_SOCKET);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 8) < 0) {
		int no = errno;

		fd_close(fd);
		return err_sys(err, ERR_IO, no, dir->id, "make %s", OCI_START_SOCKET);
	}
	return fd;
}

static void creation_undo(struct creation *creation)
{
	bool stays = false;

	oci_netdevs_back(&creation->netdevs);
	if (creation->child.pid > 0) {
		(void)kill(creation->child.pid, SIGKILL);
		while (waitpid(creation->child.pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	/* With the daemon lost the folder stays, as that of a runtime that was killed: whoever deletes it takes the stack along. */
	if (creation->stack_made)
		stays = oci_network_detach(creation->request->daemon, creation->state.stack,
					   creation->state.stack_request, NULL) < 0;
	(void)oci_shared_take_back(&creation->state.shared, creation->state.rootfs, NULL);
	(void)oci_rdt_remove(&creation->state.rdt, creation->state.id, false, NULL);
	if (creation->cgroup_made)
		(void)oci_cgroup_delete(&creation->state.cgroup, NULL);
	if (!stays)
		(void)oci_dir_remove(&creation->dir, NULL);
}

/* What only the child needs now, which has its own copy. */
static void creation_release(struct creation *creation)
{
	oci_seccomp_fini(&creation->seccomp);
	oci_tree_fini(&creation->tree);
	oci_config_fini(&creation->config);
	arena_free(creation->arena);
	creation->arena = NULL;
}

static void creation_fini(struct creation *creation)
{
	creation_release(creation);
	fd_close(creation->child.pidfd);
	fd_close(creation->child.sync);
	fd_close(creation->child.console);
	fd_close(creation->console);
	fd_close(creation->listener);
	fd_close(creation->host_proc);
	oci_netdevs_fini(&creation->netdevs);
	oci_ns_plan_fini(&creation->plan);
	oci_beside_fini(&creation->beside);
	oci_dir_fini(&creation->dir);
	oci_state_fini(&creation->state);
}

static int path_absolute(const char *path, char **ret_path, struct err *err)
{
	char *real = realpath(path, NULL);

	if (!real)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, errno, path,
			       "bundle");
	*ret_path = real;
	return 0;
}
