// SPDX-License-Identifier: GPL-2.0-or-later
/* ns - clone3(2), setns(2) and a process between. Floor F4. */
#include "runner/oci/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "runner/oci/shared.h"
#include "runner/process/namespaces.h"
#include "runner/process/sync.h"

/* What it does before it makes the child. */
struct joint {
	const struct oci_ns_plan *plan; /* or NULL: */
	int pidfd, root;
	unsigned int flags;
	int (*run)(void *ctx); /* what the child does */
	void *ctx;
};

static bool between_needed(const struct oci_ns_plan *plan);
static pid_t between(void *ctx, int report, struct err *err);
static int between_run(const struct joint *joint, struct err *err);
static int joins(const struct oci_ns_plan *plan, struct err *err);
static int offsets_write(const struct oci_ns_plan *plan, struct err *err);
static int file_put(const char *path, const char *text);
static int map_write(pid_t pid, const char *file, const struct oci_maps *maps, struct err *err);
static int map_helper(pid_t pid, const char *helper, const struct oci_maps *maps,
		      struct err *err);

int oci_ns_plan_make(const struct oci_config *config, struct oci_ns_plan *ret_plan,
		     struct err *err)
{
	struct oci_ns_plan plan = {.offsets = config->offsets,
				   .offset_count = config->offset_count};

	for (size_t i = 0; i < OCI_NS_COUNT; i++)
		plan.fds[i] = -1;
	for (size_t i = 0; i < OCI_NS_COUNT; i++) {
		const struct oci_namespace *ns = &config->namespaces[i];
		int rc = 0, type;

		if (!ns->wanted)
			continue;
		if (!ns->path) {
			plan.fresh |= oci_ns_info[i].flag;
			continue;
		}
		plan.fds[i] = open(ns->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (plan.fds[i] < 0)
			rc = err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_KERNEL, errno,
				     ns->path, "open the %s namespace", oci_ns_info[i].name);
		else if ((type = ioctl(plan.fds[i], NS_GET_NSTYPE)) < 0 ||
			 (unsigned int)type != oci_ns_info[i].flag)
			rc = err_set(err, ERR_USAGE, EINVAL, ns->path, "is no %s namespace",
				     oci_ns_info[i].name);
		if (rc < 0) {
			oci_ns_plan_fini(&plan);
			return rc;
		}
	}
	*ret_plan = plan;
	return 0;
}

void oci_ns_plan_fini(struct oci_ns_plan *plan)
{
	for (size_t i = 0; i < OCI_NS_COUNT; i++)
		fd_close(plan->fds[i]);
}

int oci_ns_spawn(struct oci_ns_plan *plan, int (*run)(void *ctx), void *ctx, pid_t *ret_pid,
		 int *ret_pidfd, struct err *err)
{
	struct joint joint = {.plan = plan, .pidfd = -1, .run = run, .ctx = ctx};
	pid_t pid;

	plan->late = !between_needed(plan);
	plan->net_apart &= plan->late;
	if (!plan->late)
		return namespaces_between(between, &joint, plan->offset_count || plan->fds[OCI_NS_TIME] >= 0,
					  ret_pid, ret_pidfd, err);
	pid = namespaces_clone(plan->fresh & ~(unsigned int)(CLONE_NEWCGROUP | (plan->net_apart ? CLONE_NEWNET : 0)),
			       SIGCHLD, 0, ret_pidfd);
	if (pid < 0)
		return err_sys(err, ERR_KERNEL, (int)-pid, NULL, "clone3 into new namespaces");
	if (pid == 0)
		_exit(run(ctx));
	*ret_pid = pid;
	return 0;
}

int oci_ns_net_make(int sock, int *ret_fresh, struct err *err)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	cleanup(fd_closep) int home = ioctl(sock, SIOCGSKNS);
	cleanup(fd_closep) int inside = -1;
	int fresh = -1, rc = 0;

	*ret_fresh = -1;
	/* That asks for the right over it which setns(2) asks for, too. */
	if (home < 0)
		return 0;
	if (unshare(CLONE_NEWNET) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "a new network namespace");
	inside = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (inside < 0 || ioctl(inside, SIOCSIFFLAGS, &request) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, "lo", "set up");
	/* Of a socket its namespace is asked for: /proc costs six times as much. */
	if (rc == 0) {
		fresh = ioctl(inside, SIOCGSKNS);
		rc = fresh < 0 ? err_sys(err, ERR_KERNEL, errno, NULL, "open the network namespace") : 0;
	}
	if (setns(home, CLONE_NEWNET) < 0 && rc == 0)
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "return from the new network namespace");
	if (rc < 0)
		fd_close(fresh);
	else
		*ret_fresh = fresh;
	return rc;
}

int oci_ns_net_give(int sync, int fresh, struct err *err)
{
	const struct sync_msg msg = {.kind = SYNC_NET};
	int rc = sync_send(sync, &msg, fresh);

	/* Why it is gone, it has said: that is read next. */
	if (rc == 0 || rc == -EPIPE || rc == -ECONNRESET)
		return 0;
	return err_sys(err, ERR_KERNEL, -rc, NULL, "speak to the container's process");
}

int oci_ns_net_take(int sync, struct err *err)
{
	cleanup(fd_closep) int fd = -1;
	struct sync_msg msg;

	if (sync_recv(sync, &msg, &fd) != 1 || msg.kind != SYNC_NET)
		return err_set(err, ERR_INTERNAL, EPIPE, NULL, "the runtime is gone, or says what was not expected");
	if (fd < 0)
		return unshare(CLONE_NEWNET) < 0 ? err_sys(err, ERR_KERNEL, errno, NULL, "a new network namespace")
						 : oci_ns_loopback_up(err);
	return setns(fd, CLONE_NEWNET) < 0
		       ? err_sys(err, ERR_KERNEL, errno, NULL, "enter the new network namespace")
		       : 0;
}

int oci_ns_loopback_up(struct err *err)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	cleanup(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_sys(err, ERR_KERNEL, errno, "lo", "set up");
	return 0;
}

int oci_ns_join(const struct oci_ns_plan *plan, struct err *err)
{
	return plan->late ? joins(plan, err) : 0;
}

int oci_ns_join_spawn(int pidfd, unsigned int flags, int root, int (*run)(void *ctx), void *ctx,
		      pid_t *ret_pid, int *ret_pidfd, struct err *err)
{
	struct joint joint = {.pidfd = pidfd, .root = root, .flags = flags, .run = run, .ctx = ctx};

	return namespaces_between(between, &joint, flags & CLONE_NEWTIME, ret_pid, ret_pidfd, err);
}

int oci_ns_map(pid_t pid, const struct oci_maps *uids, const struct oci_maps *gids,
	       struct err *err)
{
	char path[48];
	int rc = map_write(pid, "uid_map", uids, NULL);

	if (rc == -EPERM)
		rc = map_helper(pid, "newuidmap", uids, err);
	else if (rc < 0)
		rc = err_sys(err, ERR_KERNEL, -rc, "linux.uidMappings", "write uid_map");
	if (rc < 0)
		return rc;
	rc = map_write(pid, "gid_map", gids, NULL);
	if (rc != -EPERM)
		return rc < 0 ? err_sys(err, ERR_KERNEL, -rc, "linux.gidMappings",
					"write gid_map")
			      : 0;
	rc = map_helper(pid, "newgidmap", gids, NULL);
	if (rc == 0)
		return 0;
	/* Without privilege one's own group alone may be mapped, by one who gave up setgroups(2). */
	snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	rc = file_put(path, "deny");
	return rc < 0 ? err_sys(err, ERR_KERNEL, -rc, "linux.gidMappings", "deny setgroups")
		      : map_write(pid, "gid_map", gids, err);
}

int oci_ns_mapped(const struct oci_maps *uids, const struct oci_maps *gids, struct err *err)
{
	int pidfd = -1, fd = -1, rc;
	pid_t pid = namespaces_clone(CLONE_NEWUSER, SIGCHLD, 0, &pidfd);
	char path[48];

	if (pid < 0)
		return err_sys(err, ERR_KERNEL, (int)-pid, NULL, "clone3 into a user namespace");
	if (pid == 0)
		for (;;)
			pause();
	rc = oci_ns_map(pid, uids, gids, err);
	if (rc == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			rc = err_sys(err, ERR_KERNEL, errno, path, "open");
	}
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	fd_close(pidfd);
	return rc < 0 ? rc : fd;
}

/* ----------------------------------------------------------------- helpers */

static bool between_needed(const struct oci_ns_plan *plan)
{
	if (plan->fds[OCI_NS_USER] >= 0 || plan->fds[OCI_NS_PID] >= 0 ||
	    plan->fds[OCI_NS_TIME] >= 0 || plan->offset_count > 0)
		return true;
	for (size_t i = 0; i < OCI_NS_COUNT; i++)
		if (plan->fds[i] >= 0 && plan->fresh & CLONE_NEWUSER)
			return true;
	return false;
}

static pid_t between(void *ctx, int report, struct err *err)
{
	const struct joint *joint = ctx;
	const struct oci_ns_plan *plan = joint->plan;
	uint64_t flags = CLONE_PARENT; /* the child's end is told to whoever is its parent: us */
	int pidfd, rc = between_run(joint, err);
	pid_t pid;

	if (rc < 0)
		return rc;
	if (plan)
		flags |= plan->fresh & ~(unsigned int)(CLONE_NEWCGROUP |
						       (plan->offset_count ? CLONE_NEWTIME : 0));
	pid = namespaces_clone(flags, 0, 0, &pidfd);
	if (pid == 0) {
		close(report);
		_exit(joint->run(joint->ctx));
	}
	return pid < 0 ? err_sys(err, ERR_KERNEL, (int)-pid, NULL, "clone3 into new namespaces")
		       : pid;
}

static int between_run(const struct joint *joint, struct err *err)
{
	/* Nobody inside may look at, or trace, who comes in (CVE-2016-9962). */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (!joint->plan) {
		int rc = setns(joint->pidfd, (int)joint->flags);

		/* Those that belong to the host's root let nobody in who has become another's. */
		if (rc < 0 && errno == EPERM && joint->flags & CLONE_NEWUSER)
			rc = setns(joint->pidfd, (int)joint->flags & ~CLONE_NEWUSER) < 0
				     ? -1
				     : setns(joint->pidfd, CLONE_NEWUSER);
		if (rc < 0)
			return err_sys(err, ERR_KERNEL, errno, NULL, "setns into the container's namespaces");
		return joint->root >= 0 ? oci_shared_enter(joint->root, err) : 0;
	}
	if (joint->plan->offset_count) {
		int rc;

		if (unshare(CLONE_NEWTIME) < 0)
			return err_sys(err, ERR_KERNEL, errno, "linux.timeOffsets",
				       "unshare the time namespace");
		rc = offsets_write(joint->plan, err);
		if (rc < 0)
			return rc;
	}
	return joins(joint->plan, err);
}

/*
 * The namespaces may belong to our user namespace or to the one that is joined: those that let us in are joined
 * before it, the others after.
 */
static int joins(const struct oci_ns_plan *plan, struct err *err)
{
	bool done[OCI_NS_COUNT] = {false};

	for (int round = 0; round < 2; round++) {
		for (size_t i = OCI_NS_COUNT; i-- > 0;) {
			bool user = i == OCI_NS_USER;

			if (plan->fds[i] < 0 || done[i])
				continue;
			if (setns(plan->fds[i], (int)oci_ns_info[i].flag) == 0) {
				done[i] = true;
				continue;
			}
			/* our own already: nothing to do */
			if (user && errno == EINVAL) {
				done[i] = true;
				continue;
			}
			if (round == 0 && !user && errno == EPERM)
				continue;
			return err_sys(err, ERR_KERNEL, errno, NULL, "join the %s namespace",
				       oci_ns_info[i].name);
		}
	}
	return 0;
}

static int offsets_write(const struct oci_ns_plan *plan, struct err *err)
{
	char text[128];
	int rc;

	for (size_t i = 0; i < plan->offset_count; i++) {
		const struct oci_time_offset *offset = &plan->offsets[i];

		snprintf(text, sizeof(text), "%s %lld %u\n", offset->clock,
			 (long long)offset->secs, offset->nanosecs);
		rc = file_put("/proc/self/timens_offsets", text);
		if (rc < 0)
			return err_sys(err, ERR_KERNEL, -rc, "linux.timeOffsets",
				       "write of \"%s %lld\"", offset->clock,
				       (long long)offset->secs);
	}
	return 0;
}

static int file_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	fd_close(fd);
	return rc;
}

static int map_write(pid_t pid, const char *file, const struct oci_maps *maps, struct err *err)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	char path[48];
	int rc;

	for (size_t i = 0; i < maps->count; i++)
		buf_printf(&text, "%u %u %u\n", maps->items[i].inside, maps->items[i].outside,
			   maps->items[i].size);
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	rc = file_put(path, buf_cstr(&text));
	return rc < 0 ? err_sys(err, ERR_KERNEL, -rc, file, "write") : 0;
}

static int map_helper(pid_t pid, const char *helper, const struct oci_maps *maps,
		      struct err *err)
{
	char **args = mem_array(maps->count * 3 + 3, sizeof(*args));
	size_t count = 0;
	int status = -1;
	pid_t child;

	args[count++] = mem_strdup(helper);
	args[count++] = mem_printf("%d", (int)pid);
	for (size_t i = 0; i < maps->count; i++) {
		args[count++] = mem_printf("%u", maps->items[i].inside);
		args[count++] = mem_printf("%u", maps->items[i].outside);
		args[count++] = mem_printf("%u", maps->items[i].size);
	}
	child = vfork();
	if (child == 0) {
		execvp(helper, args);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	for (size_t i = 0; i < count; i++)
		free(args[i]);
	free(args);
	if (status != 0)
		return err_set(err, ERR_PERMISSION, EPERM, helper,
			       "the mappings were refused, or there is no %s", helper);
	return 0;
}
