// SPDX-License-Identifier: GPL-2.0-or-later
/* attached - staying with a process until it ends: run and exec without --detach. Floor F4. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "runner/oci/container.h"
#include "runner/process/sync.h"
#include "runner/terminal/terminal.h"

static int wait_plain(const struct oci_child *child);
static int wait_terminal(const struct oci_child *child, int master);
static int ended(const struct oci_child *child, int *ret_code);

int oci_child_waits(struct err *err)
{
	sigset_t all;

	sigfillset(&all);
	return sigprocmask(SIG_SETMASK, &all, NULL) < 0 ? err_sys(err, ERR_KERNEL, errno, NULL, "block signals") : 0;
}

int oci_child_wait(const struct oci_child *child, int master, const char *id, struct err *err)
{
	int rc = master < 0 ? wait_plain(child) : wait_terminal(child, master);

	return rc < 0 ? err_sys(err, ERR_KERNEL, -rc, id, "wait for its process") : rc;
}

int oci_preserve_check(unsigned int count, struct err *err)
{
	/* One that is close-on-exec is ours. */
	for (unsigned int i = 0; i < count; i++)
		if (fcntl(3 + (int)i, F_GETFD) != 0)
			return err_set(err, ERR_USAGE, EBADF, NULL,
				       "--preserve-fds %u: descriptor %u is not open", count,
				       3 + i);
	return 0;
}

int oci_child_tell(const struct oci_child *child, int kind, struct err *err)
{
	const struct sync_msg msg = {.kind = (enum sync_kind)kind};
	int rc = sync_send(child->sync, &msg, -1);

	if (rc == 0 || rc == -EPIPE || rc == -ECONNRESET)
		return 0;
	return err_sys(err, ERR_KERNEL, -rc, NULL, "speak to the container's process");
}

/* ----------------------------------------------------------------- helpers */

static int wait_plain(const struct oci_child *child)
{
	sigset_t all;
	int code, over;

	sigfillset(&all);
	for (;;) {
		siginfo_t info;
		int number = sigwaitinfo(&all, &info);

		/* All are blocked since before it was born: its end is not missed. */
		over = number == SIGCHLD ? ended(child, &code) : 0;
		if (over)
			return over < 0 ? over : code;
		if (number > 0 && number != SIGCHLD)
			(void)pidfd_send_signal(child->pidfd, number, NULL, 0);
	}
}

static int wait_terminal(const struct oci_child *child, int master)
{
	struct terminal terminal = TERMINAL_INIT;
	struct pollfd fds[1 + TERMINAL_POLLFDS];
	struct signalfd_siginfo info;
	sigset_t all;
	int code = 0, over;

	sigfillset(&all);
	terminal.input = isatty(STDIN_FILENO);
	terminal.output = master;
	(void)terminal_start(&terminal, master, NULL);
	fds[0] = (struct pollfd){.fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK),
				 .events = POLLIN};
	while ((over = ended(child, &code)) == 0) {
		terminal_pollfds(&terminal, fds + 1);
		if (poll(fds, 1 + TERMINAL_POLLFDS, -1) < 0)
			continue;
		(void)terminal_handle(&terminal, fds + 1);
		while (read(fds[0].fd, &info, sizeof(info)) == sizeof(info))
			if (info.ssi_signo != SIGCHLD &&
			    !terminal_signal(&terminal, (int)info.ssi_signo))
				(void)pidfd_send_signal(child->pidfd, (int)info.ssi_signo, NULL,
							0);
	}
	fd_close(fds[0].fd);
	terminal_fini(&terminal);
	return over < 0 ? over : code;
}

/* Return: 1, 0: not yet; -errno: nobody will know */
static int ended(const struct oci_child *child, int *ret_code)
{
	pid_t pid;
	int status;

	do
		pid = waitpid(child->pid, &status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return -errno;
	if (pid == 0)
		return 0;
	*ret_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 1;
}
