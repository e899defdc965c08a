/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One string of the environment may have 128 kB with its NUL, whatever the limit of the stack (MAX_ARG_STRLEN,
 * include/uapi/linux/binfmts.h); one byte more, and execve() says E2BIG. A service manager returns the names of all
 * descriptors it kept in one string, so that decides how many namespaces may be kept (netd/supervisor/notify.h).
 */
#include <sys/wait.h>

#include "netd/supervisor/notify.h"
#include "tests/platform/platform.h"

enum { ENV_MAX = 131072 };

/* Execute /bin/true with one variable of that many bytes. Return: 0, or the errno of execve(). */
static int run(size_t size)
{
	char *text = mem_alloc(size), *argv[] = {(char[]){"true"}, NULL}, *envp[] = {text, NULL};
	int status = 0;
	pid_t pid;

	memset(text, 'x', size - 1);
	memcpy(text, "LISTEN_FDNAMES=", sizeof("LISTEN_FDNAMES=") - 1);
	text[size - 1] = '\0';
	pid = fork();
	if (pid == 0) {
		execve("/bin/true", argv, envp);
		_exit(errno);
	}
	HOLDS(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	free(text);
	return WEXITSTATUS(status);
}

int main(void)
{
	/* 13 digits and a colon each; the last colon is the NUL */
	HOLDS(run(sizeof("LISTEN_FDNAMES=") - 1 + NOTIFY_STORE_MAX * 14) == 0);
	HOLDS(run(ENV_MAX) == 0);
	HOLDS(run(ENV_MAX + 1) == E2BIG);
	return 0;
}
