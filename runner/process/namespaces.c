// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * namespaces - clone3(2) into all of them at once; joining by setns(2) from a
 * process between. Floor F4.
 */
#include "runner/process/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "runner/process/idrange.h"

enum {
	/* always its own */
	FLAGS_OWN = CLONE_NEWNS | CLONE_NEWUTS,
	/* all but the cgroup namespace */
	FLAGS_JOIN_REST =
		FLAGS_OWN | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWNET,
};

/* What the process between tells its parent. */
struct joined {
	int32_t pid; /* of the child */
	struct err err;
};

/* What the process between does. */
struct joiner {
	const struct namespaces *namespaces;
	int (*run)(void *ctx);
	void *ctx;
};

static uint64_t flags_new(const struct namespaces *namespaces);
static int join_one(int fd, int type, const char *what, struct err *err);
static pid_t spawn_timed(uint64_t flags, unsigned int signal, int cgroup, int *ret_pidfd);
static int cgroups_enter(const struct namespaces *namespaces, int cgroupns);
static int cgroupns_open(int target);
static pid_t join_and_spawn(void *ctx, int report, struct err *err);
static int text_write(const char *path, const char *text);
static int loopback_up(void);

int namespaces_spawn(const struct namespaces *namespaces, int (*run)(void *ctx), void *ctx,
		     pid_t *ret_pid, int *ret_pidfd, struct err *err)
{
	struct joiner joiner = {.namespaces = namespaces, .run = run, .ctx = ctx};

	if (namespaces->target < 0 && namespaces->userns < 0) {
		pid_t pid = spawn_timed(flags_new(namespaces) | CLONE_NEWUSER, SIGCHLD,
					namespaces->cgroup, ret_pidfd);

		if (pid == 0) {
			if (cgroups_enter(namespaces, -1) < 0)
				_exit(1);
			_exit(run(ctx));
		}
		if (pid < 0)
			return err_sys(err, ERR_KERNEL, (int)-pid, NULL,
				       "clone3 into new namespaces");
		*ret_pid = pid;
		return 0;
	}

	return namespaces_between(join_and_spawn, &joiner, true, ret_pid, ret_pidfd, err);
}

int namespaces_between(pid_t (*make)(void *ctx, int report, struct err *err), void *ctx, bool times,
		       pid_t *ret_pid, int *ret_pidfd, struct err *err)
{
	const int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	struct joined joined = {0};
	int report[2], rc;
	pid_t between;

	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "pipe");
	/* In our memory while we wait, which is what it would have copied for two system calls (a sixth of all of an exec). */
	between = times ? fork() : vfork();
	if (between == 0) {
		joined.pid = make(ctx, report[1], &joined.err);
		_exit(fd_write_all(report[1], &joined, sizeof(joined)) < 0 || joined.pid < 0);
	}
	if (!times)
		(void)prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0); /* of memory, and it was one with us */
	close(report[1]);
	if (between < 0) {
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "fork");
		close(report[0]);
		return rc;
	}
	rc = fd_read_all(report[0], &joined, sizeof(joined));
	close(report[0]);
	while (waitpid(between, NULL, 0) < 0 && errno == EINTR)
		;
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, NULL, "the joining process was lost");
	if (joined.pid <= 0) {
		if (err)
			*err = joined.err;
		return -joined.err.no;
	}
	*ret_pidfd = pidfd_open(joined.pid, 0);
	if (*ret_pidfd < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "pidfd_open");
	*ret_pid = joined.pid;
	return 0;
}

int namespaces_map(pid_t pid, uint32_t base, struct err *err)
{
	static const char *const files[] = {"uid_map", "gid_map"};
	char path[48], text[48];

	snprintf(text, sizeof(text), "0 %u %d", base, IDRANGE_SIZE);
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		int rc;

		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
		rc = text_write(path, text);
		if (rc < 0)
			return err_sys(err, ERR_KERNEL, -rc, files[i], "write of \"%s\"", text);
	}
	return 0;
}

int namespaces_become_root(struct err *err)
{
	if (setgroups(0, NULL) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "setgroups");
	if (setresgid(0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "setresgid");
	if (setresuid(0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "setresuid");
	/* A change of ids makes a process dumpable anew according to fs.suid_dumpable. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "prctl(PR_SET_DUMPABLE)");
	return 0;
}

int namespaces_make_net(struct err *err)
{
	return unshare(CLONE_NEWNET) < 0 ? err_sys(err, ERR_KERNEL, errno, NULL, "unshare of the network namespace") : 0;
}

int namespaces_open(pid_t pid, const char *name, struct err *err)
{
	char path[48];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "open");
	return fd;
}

int namespaces_stack_defaults(struct err *err)
{
	static const char *const values[][2] = {
		{"/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"},
		{"/proc/sys/net/ipv4/ping_group_range", "0 65535"},
	};
	int rc = loopback_up();

	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, "lo", "set up");
	for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
		rc = text_write(values[i][0], values[i][1]);
		if (rc < 0)
			return err_sys(err, ERR_KERNEL, -rc, values[i][0], "write of \"%s\"",
				       values[i][1]);
	}
	return 0;
}

int namespaces_seal(struct err *err)
{
	static const char path[] = "/proc/sys/user/max_user_namespaces";
	int rc = text_write(path, "0");

	return rc < 0 ? err_sys(err, ERR_KERNEL, -rc, path, "write of \"0\"") : 0;
}

/* ----------------------------------------------------------------- helpers */

/* What is neither joined nor the host's */
static uint64_t flags_new(const struct namespaces *namespaces)
{
	uint64_t flags = FLAGS_OWN;

	if (namespaces->netns == NAMESPACES_NEW)
		flags |= CLONE_NEWNET;
	if (namespaces->pidns == NAMESPACES_NEW)
		flags |= CLONE_NEWPID;
	if (namespaces->ipcns == NAMESPACES_NEW)
		flags |= CLONE_NEWIPC;
	return flags;
}

static int join_one(int fd, int type, const char *what, struct err *err)
{
	if (fd < 0 || setns(fd, type) == 0)
		return 0;
	return err_sys(err, ERR_KERNEL, errno, NULL, "setns into the %s namespace to join",
		       what);
}

pid_t namespaces_clone(uint64_t flags, unsigned int signal, int cgroup, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = signal,
	};
	long pid;

	/* Born there: moving somebody later takes the kernel milliseconds (a grace period of RCU). */
	if (cgroup > 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)cgroup;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		return (pid_t)-errno;
	if (pid > 0)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}

/* A time namespace is the newest (5.6) and the only one a kernel may be built without in practice. */
static pid_t spawn_timed(uint64_t flags, unsigned int signal, int cgroup, int *ret_pidfd)
{
	pid_t pid = namespaces_clone(flags | CLONE_NEWTIME, signal, cgroup, ret_pidfd);

	return pid == -EINVAL ? namespaces_clone(flags, signal, cgroup, ret_pidfd) : pid;
}

/*
 * A file opened by the host's root is written with that one's right, whoever does it (cgroup1_procs_write() of the
 * kernel), and we are nobody there any more. The cgroup namespace comes last: a new one's root is where its maker is then;
 * and from inside one that is joined nobody is born in, or moved from, what lies outside (ENOENT, where cgroup2 is mounted
 * with nsdelegate, as systemd does).
 */
static int cgroups_enter(const struct namespaces *namespaces, int cgroupns)
{
	for (size_t i = 0; i < namespaces->proc_count; i++)
		if (write(namespaces->procs[i], "0", 1) != 1)
			return -errno;
	if (namespaces->target >= 0) {
		int rc = setns(cgroupns, CLONE_NEWCGROUP) < 0 ? -errno : 0;

		fd_close(cgroupns);
		return rc;
	}
	return unshare(CLONE_NEWCGROUP) < 0 ? -errno : 0;
}

/* By going there and back: who has become root of the container alone may not look at its first process any more. */
static int cgroupns_open(int target)
{
	cleanup(fd_closep) int ours = open("/proc/self/ns/cgroup", O_RDONLY | O_CLOEXEC);
	int theirs;

	if (ours < 0 || setns(target, CLONE_NEWCGROUP) < 0)
		return -errno;
	theirs = open("/proc/self/ns/cgroup", O_RDONLY | O_CLOEXEC);
	if (theirs >= 0 && setns(ours, CLONE_NEWCGROUP) == 0)
		return theirs;
	fd_close(theirs);
	return -EPERM;
}

static pid_t join_and_spawn(void *ctx, int report, struct err *err)
{
	const struct joiner *joiner = ctx;
	const struct namespaces *namespaces = joiner->namespaces;
	uint64_t flags = CLONE_PARENT;
	int pidfd = -1, cgroupns = -1, rc = 0;

	/* Nobody inside may look at, or trace, who comes in (CVE-2016-9962). */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (namespaces->target >= 0) {
		cgroupns = cgroupns_open(namespaces->target);
		if (cgroupns < 0)
			rc = err_sys(err, ERR_KERNEL, -cgroupns, NULL,
				     "the container's cgroup namespace");
		else if (setns(namespaces->target, FLAGS_JOIN_REST) < 0)
			rc = err_sys(err, ERR_KERNEL, errno, NULL,
				     "setns into the container's namespaces");
	} else {
		flags |= flags_new(namespaces);
		rc = join_one(namespaces->userns, CLONE_NEWUSER, "user", err);
		if (rc == 0)
			rc = join_one(namespaces->netns, CLONE_NEWNET, "network", err);
		if (rc == 0)
			rc = join_one(namespaces->ipcns, CLONE_NEWIPC, "IPC", err);
		if (rc == 0)
			rc = join_one(namespaces->pidns, CLONE_NEWPID, "pid", err);
	}
	if (rc == 0) {
		pid_t pid = namespaces->target >= 0
				    ? namespaces_clone(flags, 0, namespaces->cgroup, &pidfd)
				    : spawn_timed(flags, 0, namespaces->cgroup, &pidfd);

		if (pid == 0) {
			close(report);
			if (cgroups_enter(namespaces, cgroupns) < 0)
				_exit(1);
			_exit(joiner->run(joiner->ctx));
		}
		return pid < 0 ? err_sys(err, ERR_KERNEL, (int)-pid, NULL, "clone3") : pid;
	}
	return rc;
}

static int text_write(const char *path, const char *text)
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

static int loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = 0;

	if (fd < 0)
		return -errno;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		rc = -errno;
	fd_close(fd);
	return rc;
}
