// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * seccomp_apply - installing a filter, and handing its notify descriptor to the
 * one who listens. Floor F4.
 *
 * From the moment the filter holds, any call of ours may wait for the listener,
 * who has no descriptor yet: sendmsg(2) too. So a child with the same table of
 * descriptors, born before, sends it; the two speak through a page of memory,
 * without a call.
 */
#include "runner/oci/seccomp.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"

enum { WAIT_MS = 10000 }; /* for the listener to take it */

/* @fd: of the notify descriptor plus 1; @done: 1 sent, else -errno */
struct page {
	_Atomic int fd, done;
};

static int install(const struct oci_seccomp *filter, unsigned int flags);
static int install_and_tell(const struct oci_seccomp *filter, unsigned int flags,
			    const char *state, struct err *err);
static void sender(struct page *page, int listener, const char *state)
	__attribute__((noreturn));

int oci_seccomp_listener_open(const char *path, int *ret_sock, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock;

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_USAGE, ENAMETOOLONG, path, "listenerPath is too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "socket");
	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int rc = err_sys(err, ERR_IO, errno, path, "listenerPath: connect");

		fd_close(sock);
		return rc;
	}
	*ret_sock = sock;
	return 0;
}

int oci_seccomp_apply(const struct oci_seccomp *filter, const char *state, struct err *err)
{
	unsigned int flags = filter->flags;
	int fd;

	if (filter->program.len == 0)
		return 0;
	if (filter->listener >= 0) {
		/* There is one thread: nothing to bring in line; and the two flags exclude each other (seccomp(2)). */
		flags &= ~(unsigned int)SECCOMP_FILTER_FLAG_TSYNC;
		return install_and_tell(filter, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, state,
					err);
	}
	/* which without a listener says nothing, and is refused */
	flags &= ~(unsigned int)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	fd = install(filter, flags);
	if (fd < 0)
		return err_sys(err, ERR_KERNEL, -fd, "linux.seccomp", "install of the filter");
	return 0;
}

/* ----------------------------------------------------------------- helpers */

static int install(const struct oci_seccomp *filter, unsigned int flags)
{
	long rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter->program);

	return rc < 0 ? -errno : (int)rc;
}

static int install_and_tell(const struct oci_seccomp *filter, unsigned int flags,
			    const char *state, struct err *err)
{
	struct page *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct clone_args args = {.flags = CLONE_FILES, .exit_signal = SIGCHLD};
	uint64_t until = clock_monotonic_ns() + (uint64_t)2 * WAIT_MS * 1000000;
	long pid;
	int fd, done;

	if (page == MAP_FAILED)
		return err_sys(err, ERR_KERNEL, errno, NULL, "mmap");
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		sender(page, filter->listener, state);
	if (pid < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "clone3");
	fd = install(filter, flags);
	atomic_store(&page->fd, fd < 0 ? fd : fd + 1);
	/* Not to wait for ever should the child be killed; the clock needs no call (vdso(7)). */
	while ((done = atomic_load(&page->done)) == 0 && clock_monotonic_ns() < until)
		;
	if (done == 0)
		done = -ETIMEDOUT;
	/* From here on the listener answers, whatever it is asked about. */
	while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)munmap(page, sizeof(*page));
	if (fd < 0)
		return err_sys(err, ERR_KERNEL, -fd, "linux.seccomp", "install of the filter");
	fd_close(fd);
	if (done < 0)
		return err_sys(err, ERR_IO, -done, "linux.seccomp",
			       "handing the notify descriptor to the listener");
	return 0;
}

static void sender(struct page *page, int listener, const char *state)
{
	const struct timeval limit = {.tv_sec = WAIT_MS / 1000};
	int fd, rc;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)setsockopt(listener, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	while ((fd = atomic_load(&page->fd)) == 0)
		(void)sched_yield();
	if (fd > 0) {
		fd--;
		rc = fd_send(listener, state, strlen(state), &fd, 1);
	} else {
		rc = 0;
	}
	atomic_store(&page->done, rc < 0 ? rc : 1);
	_exit(0);
}
