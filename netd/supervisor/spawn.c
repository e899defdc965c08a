/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spawn - fork and exec for the supervisor. Floor F4.
 *
 * The child reports the step that failed over a pipe that exec closes, so
 * that "no such file" is said by the parent, with the program's name.
 */
#include "netd/supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"

enum { SPAWN_FD_FIRST = 3, SPAWN_FD_ASIDE = 100, SPAWN_CAP_LAST = 63 };

/* What the child could not do; the numbers travel over the pipe. */
enum spawn_step {
	STEP_SIGNALS,
	STEP_FDS,
	STEP_NETNS,
	STEP_IDS,
	STEP_PARENT,
	STEP_EXEC,
	STEP_COUNT
};

static const char *const step_names[STEP_COUNT] = {
	[STEP_SIGNALS] = "reset signals",
	[STEP_FDS] = "arrange descriptors",
	[STEP_NETNS] = "make an empty network namespace",
	[STEP_IDS] = "give up privilege",
	[STEP_PARENT] = "tie it to its parent",
	[STEP_EXEC] = "execute",
};

struct spawn_report {
	int step;
	int no;
};

/* Ignored signals survive exec, and so does the mask. */
static int signals_reset(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * All are first put aside, since a source may be another's target. Behind those that were asked for come two
 * that exec closes: the program itself and the report pipe.
 */
static int fds_arrange(const struct spawn *spawn, int *program, int *report)
{
	int count = (int)spawn->fd_count, null;
	int aside[FDIO_FDS_MAX + 2];

	for (int i = 0; i < count + 2; i++) {
		int fd = i < count ? spawn->fds[i] : i == count ? *program : *report;

		aside[i] = fcntl(fd, F_DUPFD_CLOEXEC, SPAWN_FD_ASIDE);
		if (aside[i] < 0)
			return -1;
	}
	*report = aside[count + 1];
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return -1;
	for (int i = 0; i < count + 2; i++) {
		int target = SPAWN_FD_FIRST + i;

		if (dup3(aside[i], target, i < count ? 0 : O_CLOEXEC) < 0)
			return -1;
	}
	*program = SPAWN_FD_FIRST + count;
	*report = SPAWN_FD_FIRST + count + 1;
	return close_range((unsigned)*report + 1, ~0U, 0);
}

static int ids_drop(const struct spawn *spawn)
{
	/* EINVAL: no such capability on this kernel. */
	for (int cap = 0; cap <= SPAWN_CAP_LAST; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return -1;
	}
	if (setgroups(0, NULL) < 0 || setresgid(spawn->gid, spawn->gid, spawn->gid) < 0 ||
	    setresuid(spawn->uid, spawn->uid, spawn->uid) < 0)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* A change of uid clears the death signal, so this comes after it; the parent may be gone by then. */
static int parent_tie(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -1;
	if (getppid() != parent) {
		errno = ESRCH;
		return -1;
	}
	return 0;
}

/* The program was opened by its parent's right: a tree below a closed home must not stop the engine. */
static void program_exec(const struct spawn *spawn, int program, char *const *envp)
{
	execve(spawn->path, spawn->argv, envp);
	if (errno == EACCES)
		execveat(program, "", spawn->argv, envp, AT_EMPTY_PATH);
}

static _Noreturn void child_run(const struct spawn *spawn, int program, int report,
				pid_t parent, char *const *envp)
{
	struct spawn_report what = {.step = STEP_SIGNALS};

	if (signals_reset() < 0)
		goto fail;
	what.step = STEP_NETNS;
	if (spawn->unprivileged && unshare(CLONE_NEWNET) < 0)
		goto fail;
	what.step = STEP_FDS;
	if (fds_arrange(spawn, &program, &report) < 0)
		goto fail;
	what.step = STEP_IDS;
	if (spawn->unprivileged && ids_drop(spawn) < 0)
		goto fail;
	what.step = STEP_PARENT;
	if (parent_tie(parent) < 0)
		goto fail;
	what.step = STEP_EXEC;
	program_exec(spawn, program, envp);
fail:
	what.no = errno;
	(void)!write(report, &what, sizeof(what));
	_exit(127);
}

/* Nothing comes when the program runs: exec has closed the pipe. */
static int report_read(int fd, const struct spawn *spawn, struct err *err)
{
	struct spawn_report what;
	int r = fd_read_all(fd, &what, sizeof(what));

	if (r == -EPIPE)
		return 0;
	if (r < 0)
		return err_sys(err, ERR_INTERNAL, -r, spawn->path,
			       "cannot learn whether %s runs", spawn->path);
	return err_sys(err, ERR_IO, what.no, spawn->path, "%s: cannot %s", spawn->path,
		       what.step >= 0 && what.step < STEP_COUNT ? step_names[what.step]
								: "start");
}

int spawn_start(const struct spawn *spawn, pid_t *ret_pid, struct err *err)
{
	char journal[128] = "JOURNAL_STREAM=";
	char *envp[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, NULL, NULL};
	const char *stream = getenv("JOURNAL_STREAM");
	cleanup(fd_closep) int program = -1;
	pid_t parent = getpid(), pid;
	int report[2], r;

	if (spawn->fd_count > FDIO_FDS_MAX)
		return err_set(err, ERR_INTERNAL, E2BIG, spawn->path,
			       "too many descriptors for one child");
	program = open(spawn->path, O_PATH | O_CLOEXEC);
	if (program < 0)
		return err_sys(err, ERR_IO, errno, spawn->path, "cannot open %s", spawn->path);
	if (stream != NULL && strlen(stream) < sizeof(journal) - strlen(journal)) {
		strcat(journal, stream);
		envp[1] = journal;
	}
	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(err, ERR_IO, errno, spawn->path, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		child_run(spawn, program, report[1], parent, envp);
	fd_close(report[1]);
	r = pid < 0 ? err_sys(err, ERR_IO, errno, spawn->path, "cannot fork")
		    : report_read(report[0], spawn, err);
	fd_close(report[0]);
	if (r < 0 && pid > 0)
		waitpid(pid, NULL, 0);
	if (r == 0)
		*ret_pid = pid;
	return r;
}
