/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnschild - start moatd-dns, again and again; see dnschild.h. Floor F4. */
#include "netd/supervisor/dnschild.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "netd/supervisor/spawn.h"

#define MS 1000000ULL /* nanoseconds */

enum {
	YOUNG_MS = 1000, /* one that dies earlier died young */
	STEP_MS = 50,	 /* doubled with each young death after the first */
	MOST_MS = 500,	 /* names are answered again within a second, if it can live at all */
};

int dnschild_open(struct dnschild *child, struct err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, ERR_INTERNAL, errno, NULL, "cannot make the name service's channel");
	child->engine = pair[0];
	child->dns = pair[1];
	return 0;
}

void dnschild_fini(struct dnschild *child)
{
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
	fd_close(child->engine);
	fd_close(child->dns);
}

static void plan(struct dnschild *child)
{
	uint64_t now = clock_monotonic_ns(), delay = 0;

	child->young = now - child->started_at < YOUNG_MS * MS ? child->young + 1 : 0;
	if (child->young > 1) {
		delay = (uint64_t)STEP_MS << (child->young - 2 < 4 ? child->young - 2 : 4);
		if (delay > MOST_MS)
			delay = MOST_MS;
	}
	child->start_at = now + delay * MS;
}

void dnschild_start(struct dnschild *child, const char *libexec, const char *log_level, uid_t uid, gid_t gid)
{
	cleanup(mem_freep) char *path = mem_printf("%s/moatd-dns", libexec);
	const char *argv[] = { "moatd-dns", "--control-fd", "3", "--log-level", log_level, NULL };
	struct spawn spawn = { .path = path, .fds = &child->dns, .fd_count = 1, .unprivileged = true, .uid = uid, .gid = gid };
	struct err err = ERR_INIT;

	child->start_at = 0;
	child->started_at = clock_monotonic_ns();
	spawn.argv = (char *const *)(uintptr_t)argv;
	if (spawn_start(&spawn, &child->pid, &err) == 0)
		return;
	/* said once: it is tried for as long as we live */
	if (child->young == 0)
		log_failure(&err, "no name service");
	plan(child);
}

bool dnschild_reaped(struct dnschild *child, pid_t pid, int status, bool stopping)
{
	if (pid != child->pid || pid <= 0)
		return false;
	child->pid = 0;
	if (stopping)
		return true;
	if (WIFSIGNALED(status))
		log_error("moatd-dns (%d) was killed by signal %d (%s): starting it again", pid, WTERMSIG(status),
			  strsignal(WTERMSIG(status)));
	else
		log_error("moatd-dns (%d) ended with status %d: starting it again", pid, WEXITSTATUS(status));
	plan(child);
	return true;
}

void dnschild_kill(const struct dnschild *child)
{
	if (child->pid > 0)
		kill(child->pid, SIGKILL);
}
