// SPDX-License-Identifier: GPL-2.0-or-later
/* hooks - running them. Floor F4. */
#include "runner/oci/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"

static int hook_run(const struct oci_hook *hook, int input, int output, struct err *err);
static void hook_exec(const struct oci_hook *hook, int input, int output)
	__attribute__((noreturn));
static int hook_wait(const struct oci_hook *hook, pid_t child, struct err *err);
static void last_line(int output, char *line, size_t size);

int oci_hooks_run(const struct oci_config *config, enum oci_hook_kind kind, const char *state,
		  struct err *err)
{
	const struct oci_hooks *hooks = &config->hooks[kind];

	for (size_t i = 0; i < hooks->count; i++) {
		/* In memory: one that does not read its input keeps nobody waiting. */
		cleanup(fd_closep) int input = memfd_create("state", MFD_CLOEXEC);
		cleanup(fd_closep) int output = memfd_create("output", MFD_CLOEXEC);
		int rc;

		if (input < 0 || output < 0)
			return err_sys(err, ERR_KERNEL, errno, hooks->items[i].path, "memfd");
		rc = fd_write_all(input, state, strlen(state));
		if (rc == 0 && lseek(input, 0, SEEK_SET) < 0)
			rc = -errno;
		if (rc < 0)
			return err_sys(err, ERR_KERNEL, -rc, hooks->items[i].path,
				       "write the state");
		rc = hook_run(&hooks->items[i], input, output, err);
		if (rc < 0)
			return err_wrap(err, "%s hook", oci_hook_name(kind));
	}
	return 0;
}

const char *oci_hook_name(enum oci_hook_kind kind)
{
	static const char *const names[OCI_HOOK_COUNT] = {
		[OCI_HOOK_PRESTART] = "prestart",
		[OCI_HOOK_CREATE_RUNTIME] = "createRuntime",
		[OCI_HOOK_CREATE_CONTAINER] = "createContainer",
		[OCI_HOOK_START_CONTAINER] = "startContainer",
		[OCI_HOOK_POSTSTART] = "poststart",
		[OCI_HOOK_POSTSTOP] = "poststop",
	};

	return names[kind];
}

/* ----------------------------------------------------------------- helpers */

static int hook_run(const struct oci_hook *hook, int input, int output, struct err *err)
{
	pid_t child = fork();
	char line[160] = "";
	int rc;

	if (child < 0)
		return err_sys(err, ERR_KERNEL, errno, hook->path, "fork");
	if (child == 0)
		hook_exec(hook, input, output);
	rc = hook_wait(hook, child, err);
	if (rc <= 0)
		return rc;
	last_line(output, line, sizeof(line));
	return err_set(err, ERR_INTERNAL, ECHILD, hook->path, "ended with status %d%s%s", rc,
		       *line ? ": " : "", line);
}

static void hook_exec(const struct oci_hook *hook, int input, int output)
{
	sigset_t none;
	int no;

	/* A group of its own: what it started ends with it. */
	(void)setpgid(0, 0);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ||
	    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		_exit(127);
	execve(hook->path, (char *const *)(uintptr_t)hook->args,
	       (char *const *)(uintptr_t)hook->env);
	no = errno;
	dprintf(2, "exec: %s\n", strerror(no));
	_exit(127);
}

/* Return: 0; above 0 the status; -errno with @err set. */
static int hook_wait(const struct oci_hook *hook, pid_t child, struct err *err)
{
	bool late = false;
	int status;

	if (hook->timeout) {
		struct pollfd wait = {.fd = pidfd_open(child, 0), .events = POLLIN};
		int n;

		do
			n = poll(&wait, 1, (int)(hook->timeout > INT32_MAX / 1000
							 ? INT32_MAX
							 : hook->timeout * 1000));
		while (n < 0 && errno == EINTR);
		late = n == 0;
		fd_close(wait.fd);
		if (late)
			(void)kill(-child, SIGKILL);
		if (late)
			(void)kill(child, SIGKILL);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, ERR_KERNEL, errno, hook->path, "wait");
	if (late)
		return err_set(err, ERR_INTERNAL, ETIMEDOUT, hook->path,
			       "killed after its timeout of %lld s", (long long)hook->timeout);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void last_line(int output, char *line, size_t size)
{
	off_t end = lseek(output, 0, SEEK_END);
	off_t from = end > (off_t)size - 1 ? end - (off_t)size + 1 : 0;
	ssize_t n = end > 0 ? pread(output, line, size - 1, from) : 0;
	char *start;

	line[n > 0 ? n : 0] = '\0';
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == ' '))
		line[--n] = '\0';
	start = strrchr(line, '\n');
	if (start)
		memmove(line, start + 1, strlen(start));
}
