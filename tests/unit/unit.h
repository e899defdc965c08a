/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unit - what every cmocka program of this folder needs. Not linked into any product. */
#ifndef MOAT_TESTS_UNIT_UNIT_H
#define MOAT_TESTS_UNIT_UNIT_H

/* the order that cmocka.h asks for */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/** entries() - of a folder, "." and ".." with them; of /proc/self/fd: how many descriptors are open, none may be lost */
static inline size_t entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/** aborts() - does @fn end its process by SIGABRT? Runs it in a child whose stderr is closed. */
static inline bool aborts(void (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		fn();
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGABRT;
}

#endif
