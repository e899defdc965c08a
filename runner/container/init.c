// SPDX-License-Identifier: GPL-2.0-or-later
/* init - process 1. Floor F4. */
#include "runner/container/init.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "runner/process/privilege.h"
#include "runner/process/process.h"
#include "runner/process/sync.h"
#include "runner/spec/security.h"

static int step_run(const struct spec *spec, const struct spec_step *step,
		    const struct sock_fprog *filter, int sync);
static pid_t start(const struct process *process, int sync);
static int tend(pid_t child, bool linger);
static int status_code(int status);
static void fail(int sync, int code, const struct err *err);

int init_run(const struct spec *spec, const struct sock_fprog *filter, int sync, int ending)
{
	const struct process command = {
		.args = spec->args,
		.env = spec->env,
		.user = spec->user,
		.workdir = spec->workdir,
		.hostname = spec->hostname,
		.caps = spec->caps,
		.tty = spec->tty,
		.landlock = spec->security.landlock,
		.scopes = security_scopes(spec, true),
		.filter = filter,
	};
	struct err err = ERR_INIT;
	pid_t child;
	int code;

	(void)prctl(PR_SET_NAME, "moat-init");
	/* Where we are not process 1 orphans would go to whoever that is. */
	if (getpid() != 1)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (size_t i = 0; i < spec->step_count; i++) {
		code = step_run(spec, &spec->steps[i], filter, sync);
		if (code)
			return code;
	}
	child = start(&command, sync);
	if (child < 0) {
		err_sys(&err, ERR_KERNEL, (int)-child, NULL, "fork");
		fail(sync, PROCESS_FAILED, &err);
		return PROCESS_FAILED;
	}
	/* Nothing else is left to hold, and nothing to be allowed but to signal and reap what is inside. */
	if (ending > 0)
		(void)close_range(0, (unsigned int)ending - 1, 0);
	(void)close_range((unsigned int)ending + 1, ~0U, 0);
	(void)privilege_set(UINT64_C(1) << CAP_KILL, NULL);
	code = tend(child, spec->linger);
	/* By exit(2) it would be closed behind the end of the namespaces (____fput() is a work of the task's, in exit_task_work()). */
	(void)close(ending);
	return code;
}

/* ----------------------------------------------------------------- helpers */

static int step_run(const struct spec *spec, const struct spec_step *step,
		    const struct sock_fprog *filter, int sync)
{
	const struct process process = {
		.args = step->args,
		.env = spec->env,
		.user = step->user,
		.workdir = "/",
		.hostname = spec->hostname,
		.caps = spec->caps,
		.filter = filter,
	};
	struct err err = ERR_INIT;
	pid_t child;
	int code;

	if (step->unless && access(step->unless, F_OK) == 0)
		return 0;
	child = start(&process, sync);
	if (child < 0) {
		err_sys(&err, ERR_KERNEL, (int)-child, NULL, "fork");
		fail(sync, PROCESS_FAILED, &err);
		return PROCESS_FAILED;
	}
	code = tend(child, false);
	if (code == 0)
		return 0;
	/* Where the exec failed its child has said so, and more exactly; the first word counts. */
	err_set(&err, ERR_INTERNAL, ECHILD, step->args[0],
		"the recipe's step ended with status %d", code);
	fail(sync, PROCESS_FAILED, &err);
	return PROCESS_FAILED;
}

static pid_t start(const struct process *process, int sync)
{
	pid_t child = fork();
	struct err err = ERR_INIT;
	int code;

	if (child < 0)
		return (pid_t)-errno;
	if (child > 0)
		return child;
	/* A session of its own: no terminal of anybody's, and signals to its group stay inside. */
	(void)setsid();
	code = process_exec(process, &err);
	fail(sync, code, &err);
	_exit(code);
}

/*
 * Waits for signals one by one. Process 1 of a pid namespace gets only those it asks for, so all are blocked
 * and taken by sigwaitinfo(2); SIGKILL from outside ends the namespace, whatever is done here.
 * @linger: an end with 0 is not the end: its daemons have become our children
 */
static int tend(pid_t child, bool linger)
{
	bool alone = false; /* the command has ended, what it started is still there */
	sigset_t all;

	sigfillset(&all);
	for (;;) {
		siginfo_t info;
		int signal_number = sigwaitinfo(&all, &info);
		int status, code = 0;
		pid_t pid;

		if (signal_number < 0)
			continue;
		if (signal_number != SIGCHLD) {
			/* -1 means everybody: in a pid namespace of our own that is the container. */
			if (!alone)
				(void)kill(child, signal_number);
			else if (getpid() == 1)
				(void)kill(-1, signal_number);
			continue;
		}
		/* Signals of one kind are merged: one SIGCHLD may stand for many. */
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid != child)
				continue;
			code = status_code(status);
			if (!linger || code)
				return code;
			alone = true;
		}
		if (alone && pid < 0)
			return 0;
	}
}

static int status_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void fail(int sync, int code, const struct err *err)
{
	struct sync_msg msg = {.kind = SYNC_FAILED, .value = code, .err = *err};

	(void)sync_send(sync, &msg, -1);
}
