/* SPDX-License-Identifier: GPL-2.0-or-later */
/* notify - see notify.h. Floor F4. */
#include "netd/supervisor/notify.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

enum {
	SEND_S = 5,	   /* patience with a manager whose queue is full */
	LISTEN_FIRST = 3,  /* SD_LISTEN_FDS_START */
	ENV_MAX = 131072,  /* MAX_ARG_STRLEN, include/uapi/linux/binfmts.h */
	LISTEN_MAX = 1 << 20,
};
static_assert(sizeof("LISTEN_FDNAMES=") + NOTIFY_STORE_MAX * (NOTIFY_NAME_MAX + 1) <= ENV_MAX,
	      "with so many descriptors in the store execve() of our next life would fail with E2BIG");

static int send_with(const char *state, int fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = SEND_S};
	const char *path = getenv("NOTIFY_SOCKET");
	cleanup(fd_closep) int sock = -1;
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)state, .iov_len = strlen(state)};
	struct msghdr msg = {.msg_name = &addr, .msg_iov = &iov, .msg_iovlen = 1};

	if (path == NULL || path[0] == '\0')
		return 0;
	if ((path[0] != '/' && path[0] != '@') ||
	    str_copy(addr.sun_path, sizeof(addr.sun_path), path) < 0)
		return -EINVAL;
	msg.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (path[0] == '@')
		addr.sun_path[0] = '\0'; /* the abstract namespace: no final NUL in the size */
	if (fd >= 0) {
		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
	    sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		return -errno;
	return 1;
}

int notify_send(const char *state) { return send_with(state, -1); }

int notify_store(const char *name, int fd)
{
	/* FDPOLL=0: none of ours ever hangs up, and a namespace's cannot even be polled for it. */
	cleanup(mem_freep) char *state = mem_printf("FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);

	return strlen(name) > NOTIFY_NAME_MAX ? -ERANGE : send_with(state, fd);
}

int notify_unstore(const char *name)
{
	cleanup(mem_freep) char *state = mem_printf("FDSTOREREMOVE=1\nFDNAME=%s", name);

	return send_with(state, -1);
}

/* Is the variable a number that speaks of this process? */
static bool is_for_us(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t pid;

	return text != NULL && str_u64(text, INT32_MAX, &pid) == 0 && pid == (uint64_t)getpid();
}

void notify_take(notify_fd_fn fn, void *ctx)
{
	const char *number = getenv("LISTEN_FDS"), *text = getenv("LISTEN_FDNAMES");
	cleanup(mem_freep) char *names = mem_strdup(text != NULL ? text : "");
	bool ours = is_for_us("LISTEN_PID");
	char *rest = names;
	uint64_t count;

	if (!ours || number == NULL || str_u64(number, LISTEN_MAX, &count) < 0)
		count = 0;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	for (int fd = LISTEN_FIRST; fd < LISTEN_FIRST + (int)count; fd++) {
		const char *name = rest != NULL ? strsep(&rest, ":") : "";

		if (fd_cloexec(fd, true) < 0)
			continue;
		if (!fn(ctx, name, fd)) {
			fd_close(fd);
			notify_unstore(name);
		}
	}
}

uint64_t notify_watchdog_ms(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	uint64_t usec;

	if (text == NULL || str_u64(text, UINT64_MAX, &usec) < 0 ||
	    (getenv("WATCHDOG_PID") != NULL && !is_for_us("WATCHDOG_PID")))
		return 0;
	return usec / 1000;
}
