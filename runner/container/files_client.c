// SPDX-License-Identifier: GPL-2.0-or-later
/* files_client - asking moat-files. Floor F4. */
#include "runner/container/files_client.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"

int files_ask(const char *program, const char *const *args, struct sync_msg *ret_answer,
	      struct err *err)
{
	int ends[2], high, rc;
	pid_t pid;

	if (access(program, X_OK) < 0)
		return err_sys(err, ERR_INTERNAL, errno, program, "start of moat-files");
	if (sync_pair(ends) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "socketpair");
	/* Out of the way of the number it shall have: dup2(2) onto itself would keep close-on-exec. */
	high = fcntl(ends[1], F_DUPFD_CLOEXEC, 64);
	pid = fork();
	if (pid == 0) {
		if (dup2(high, FILES_FD_ANSWER) == FILES_FD_ANSWER &&
		    close_range(FILES_FD_ANSWER + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
			execv(program, (char *const *)(uintptr_t)args);
		_exit(127);
	}
	fd_close(high);
	fd_close(ends[1]);
	rc = pid < 0 ? -1 : sync_recv(ends[0], ret_answer, NULL);
	fd_close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (rc != 1)
		return err_set(err, ERR_INTERNAL, EPIPE, program, "it was lost");
	if (ret_answer->kind == SYNC_FAILED) {
		*err = ret_answer->err;
		return err->no ? -err->no : -EIO;
	}
	return 0;
}
