// SPDX-License-Identifier: GPL-2.0-or-later
/* setup - the container's own process, before it is its program. Floor F4. */
#include "runner/oci/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/oci/become.h"
#include "runner/oci/environ.h"
#include "runner/oci/hooks.h"
#include "runner/oci/network.h"
#include "runner/oci/terminal.h"
#include "runner/process/namespaces.h"
#include "runner/process/sync.h"

static int prepare(struct oci_setup *setup, struct buf *warnings, char **ret_path,
		   struct err *err);
static int enter(const struct oci_setup *setup, struct err *err);
static int names_set(const struct oci_config *config, struct err *err);
static int sysctls_set(const struct oci_setup *setup, bool late, struct err *err);
static int expect(int sync, enum sync_kind kind, struct err *err);
static int heard(int sync, enum sync_kind kind, struct sync_msg *ret_msg, struct err *err);
static int hooks_point(const struct oci_setup *setup, struct err *err);
static int hooks_inside(const struct oci_setup *setup, enum oci_hook_kind kind,
			enum oci_status status, struct err *err);
static int state_write(struct oci_setup *setup, struct err *err);
static int go_wait(struct oci_setup *setup, struct err *err);
static void tell(int sync, enum sync_kind kind, const struct err *err, const char *text);

int oci_setup_run(void *ctx)
{
	struct oci_setup *setup = ctx;
	const struct oci_config *config = setup->config;
	cleanup(buf_fini) struct buf warnings = BUF_INIT;
	cleanup(json_freep) json_t *report = NULL;
	cleanup(mem_freep) char *path = NULL;
	cleanup(mem_freep) char *text = NULL;
	struct err err = ERR_INIT;
	struct oci_become become = {
		.process = &config->process,
		.config = config,
		.seccomp = setup->seccomp,
		.host_proc = setup->host_proc,
		.preserve_fds = setup->preserve_fds,
		.keep_keyring = setup->keep_keyring,
		.bounded = setup->unasked,
		.userns = config->namespaces[OCI_NS_USER].wanted,
	};
	int rc;

	fd_close(setup->sync_other);
	fd_close(setup->image);
	fd_close(setup->dir->root);
	if (!setup->unasked)
		fd_close(setup->dir->fd);
	if (setup->seccomp && setup->seccomp->listener >= 0) {
		report = oci_state_report(setup->state, OCI_CREATING, config);
		text = json_text(report);
		become.listener_state = text;
	}
	rc = prepare(setup, &warnings, &path, &err);
	if (rc == 0 && config->process.args)
		become.env = oci_environ(&config->process);
	if (rc == 0)
		rc = oci_become(&become, &warnings, &path, &err);
	if (rc == 0) {
		become.ignored_known = setup->unasked;
		become.ignored = setup->ignored;
		tell(setup->sync, SYNC_READY, NULL, buf_cstr(&warnings));
		rc = go_wait(setup, &err);
	}
	if (rc == 0 && !path)
		rc = err_set(&err, ERR_USAGE, EINVAL, setup->state->id,
			     "process or process.args is unset: there is nothing to start");
	if (rc == 0)
		rc = hooks_inside(setup, OCI_HOOK_START_CONTAINER, OCI_CREATED, &err);
	if (rc == 0)
		rc = oci_become_exec(&become, path, &err);
	tell(setup->sync, SYNC_FAILED, &err, "");
	return 1;
}

/* ----------------------------------------------------------------- helpers */

static int prepare(struct oci_setup *setup, struct buf *warnings, char **ret_path,
		   struct err *err)
{
	const struct oci_config *config = setup->config;
	struct oci_terminal terminal = {-1, -1};
	int rc;

	(void)warnings;
	(void)ret_path;
	/* Should the runtime have died before this, the message below is missing. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "prctl(PR_SET_PDEATHSIG)");
	rc = enter(setup, err);
	/* While its network namespace is made. */
	if (rc == 0 && setup->unasked)
		rc = oci_become_bound(&config->process, err);
	if (rc == 0)
		rc = oci_tree_build(config, &setup->state->cgroup, setup->tree,
				    setup->plan->net_apart ? setup->sync : -1, setup->no_pivot, err);
	if (rc == 0 && setup->filter_later)
		rc = expect(setup->sync, SYNC_FILTER, err);
	if (rc == 0 && setup->stop_for_hooks)
		rc = hooks_point(setup, err);
	if (rc == 0 && setup->stop_for_hooks)
		rc = sysctls_set(setup, true, err);
	if (rc == 0)
		rc = hooks_inside(setup, OCI_HOOK_CREATE_CONTAINER, OCI_CREATING, err);
	if (rc == 0 && setup->console >= 0) {
		rc = oci_terminal_open(setup->tree->pts, setup->host_proc, &config->process, &terminal, err);
		if (rc == 0 && setup->tree->dev >= 0)
			rc = oci_terminal_bind(&terminal, setup->tree->dev, err);
	}
	if (rc == 0)
		rc = oci_tree_finish(config, setup->tree, setup->no_pivot, err);
	if (rc == 0 && setup->console >= 0)
		rc = oci_terminal_enter(&terminal, setup->console, err);
	if (rc == 0 && setup->unasked)
		rc = state_write(setup, err);
	/* Ways to the host's tree: none is open when the working directory is entered. */
	if (rc == 0) {
		oci_tree_fini(setup->tree);
		fd_close(setup->console);
	}
	return rc;
}

static int enter(const struct oci_setup *setup, struct err *err)
{
	const struct oci_config *config = setup->config;
	const struct oci_namespace *ns = config->namespaces;
	int rc = oci_ns_join(setup->plan, err);

	if (rc == 0 && setup->wait_for_mapped)
		rc = expect(setup->sync, SYNC_MAPPED, err);
	if (rc == 0 && ns[OCI_NS_USER].wanted) {
		if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
			rc = err_sys(err, ERR_KERNEL, errno, NULL,
				     "become root of the user namespace");
		/* Where setgroups(2) is denied, we have none that matter. */
		(void)setgroups(0, NULL);
	}
	/* A change of ids has cleared both. */
	if (rc == 0 && ns[OCI_NS_USER].wanted &&
	    (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	     prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0))
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "prctl");
	if (rc == 0 && ns[OCI_NS_CGROUP].wanted && !ns[OCI_NS_CGROUP].path &&
	    unshare(CLONE_NEWCGROUP) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "unshare the cgroup namespace");
	/* The leader of a session, so that no terminal of the caller's can be ours. */
	if (rc == 0 && setsid() < 0 && errno != EPERM)
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "setsid");
	if (rc == 0)
		rc = names_set(config, err);
	if (rc == 0 && ns[OCI_NS_NETWORK].wanted && !ns[OCI_NS_NETWORK].path && !setup->plan->net_apart)
		rc = oci_ns_loopback_up(err);
	return rc == 0 ? sysctls_set(setup, false, err) : rc;
}

static int names_set(const struct oci_config *config, struct err *err)
{
	if (config->hostname && *config->hostname &&
	    sethostname(config->hostname, strlen(config->hostname)) < 0)
		return err_sys(err, ERR_KERNEL, errno, config->hostname, "sethostname");
	if (config->domainname && *config->domainname &&
	    setdomainname(config->domainname, strlen(config->domainname)) < 0)
		return err_sys(err, ERR_KERNEL, errno, config->domainname, "setdomainname");
	return 0;
}

/* "net.ipv4.conf.eth0.forwarding": of an interface that may not be there yet */
static bool sysctl_of_device(const char *name)
{
	return strncmp(name, "net", 3) == 0 && (strstr(name, "conf") || strstr(name, "neigh"));
}

/*
 * By the host's /proc, which shows the namespaces of who looks; in a mount namespace of others anything may be called so. Names were checked by the decoder. What belongs to an
 * interface that netDevices or a network brings is set when it is there: @late.
 */
static int sysctls_set(const struct oci_setup *setup, bool late, struct err *err)
{
	const struct oci_config *config = setup->config;
	bool more = config->netdev_count || oci_network_wanted(config);

	for (size_t i = 0; i < config->sysctl_count; i++) {
		const struct oci_sysctl *sysctl = &config->sysctls[i];
		cleanup(mem_freep) char *path = mem_printf("sys/%s", sysctl->name);
		bool waits = more && sysctl_of_device(sysctl->name);
		int rc;

		if (late && !waits)
			continue;
		/* "a.b/c.d" has its slashes where they belong; "a.b.c" has none. */
		for (char *c = path + sizeof("sys/") - 1;
		     !strchr(sysctl->name, '/') && *c; c++)
			if (*c == '.')
				*c = '/';
		rc = file_put_at(setup->host_proc, path, sysctl->value);
		if (rc == -ENOENT && waits && !late)
			continue;
		if (rc < 0)
			return err_sys(err, ERR_KERNEL, -rc, sysctl->name,
				       "linux.sysctl: write of \"%.100s\"", sysctl->value);
	}
	return 0;
}

static int expect(int sync, enum sync_kind kind, struct err *err)
{
	struct sync_msg msg;

	return heard(sync, kind, &msg, err);
}

static int heard(int sync, enum sync_kind kind, struct sync_msg *ret_msg, struct err *err)
{
	int rc = sync_recv(sync, ret_msg, NULL);

	if (rc == 1 && ret_msg->kind == kind)
		return 0;
	return err_set(err, ERR_INTERNAL, EPIPE, NULL,
		       "the runtime is gone, or says what was not expected");
}

static int hooks_point(const struct oci_setup *setup, struct err *err)
{
	tell(setup->sync, SYNC_MOUNTED, NULL, "");
	return expect(setup->sync, SYNC_GO, err);
}

static int hooks_inside(const struct oci_setup *setup, enum oci_hook_kind kind,
			enum oci_status status, struct err *err)
{
	cleanup(json_freep) json_t *report = NULL;
	cleanup(mem_freep) char *text = NULL;
	struct oci_state state = *setup->state;

	if (!setup->config->hooks[kind].count)
		return 0;
	/* As seen from here: of a pid namespace of its own it is the first. */
	state.pid = getpid();
	report = oci_state_report(&state, status, setup->config);
	text = json_text(report);
	return oci_hooks_run(setup->config, kind, text, err);
}

/* Not before its root is changed: who execs into a container that has a state is inside. */
static int state_write(struct oci_setup *setup, struct err *err)
{
	struct sync_msg msg;
	int rc = heard(setup->sync, SYNC_GO, &msg, err);

	if (rc == 0)
		setup->ignored = strtoull(msg.text, NULL, 16);

	if (rc == 0)
		rc = oci_state_commit(setup->dir, err);
	fd_close(setup->dir->fd);
	return rc;
}

/* Whoever knocks and goes away without a word was killed: the next one may come. */
static int go_wait(struct oci_setup *setup, struct err *err)
{
	int rc = setup->unasked ? 0 : expect(setup->sync, SYNC_GO, err);

	/* It is written down: from here on the container is its own. */
	if (rc == 0 && prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "prctl(PR_SET_PDEATHSIG)");
	if (rc < 0 || setup->listener < 0)
		return rc;
	fd_close(setup->sync);
	for (;;) {
		setup->sync = accept4(setup->listener, NULL, NULL, SOCK_CLOEXEC);
		if (setup->sync < 0 && errno != EINTR && errno != ECONNABORTED)
			return err_sys(err, ERR_KERNEL, errno, NULL, "wait for the start");
		if (setup->sync < 0)
			continue;
		if (expect(setup->sync, SYNC_GO, NULL) == 0)
			return 0;
		fd_close(setup->sync);
	}
}

static void tell(int sync, enum sync_kind kind, const struct err *err, const char *text)
{
	struct sync_msg msg = {.kind = kind};

	if (err)
		msg.err = *err;
	snprintf(msg.text, sizeof(msg.text), "%s", text);
	(void)sync_send(sync, &msg, -1);
}
