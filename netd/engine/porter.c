/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * porter - takes what users pass along, in processes that may be lost; see porter.h. Floor F4.
 *
 *	engine --- channel ---> a spare process waits at it, one at a time
 *	                        it has a client: the maker forks the next spare, and
 *	client <-- stream --> this one <-- records --> engine
 *
 * The maker never has a client's socket, so nothing can make it wait. Who has one must not let go of it as long as the engine
 * may still have its copy, lest the engine's close be the last after all: it waits for a byte, or for the end. And where it
 * has read nothing it ends by exit alone, since an ending process does not linger.
 *
 * None of them knows what the bytes mean. All have the engine's uid, no capability, an empty network namespace, no name of a file
 * (LOCKDOWN_PORTER), and die with the maker, which dies with the engine.
 */
#include "netd/engine/porter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/kern/lockdown.h"

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

enum {
	NOTHING = STDIN_FILENO, /* /dev/null: the supervisor gives it to each of its children */
	AGAIN_MS = 1,		/* until the engine has read what lies there */
	AGAIN_LATER_MS = 100,	/* after a fork that failed, or made nothing of it */
	CHANNEL = 3,
};

/** struct flow - one of the two directions; @sent: bytes of @data; the descriptors go with the first */
struct flow {
	int from, to;
	size_t size, sent, fd_count;
	int fds[FDIO_FDS_MAX];
	char data[PORTER_RECORD_MAX];
};

/* ------------------------------------------------------------------ of a client */

/* A file server may be asked by the very first of these, too: here that harms nobody else. */
static bool netns_is(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC && ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
}

/* Bytes and descriptors, when there is room for them. Return: false at the end. */
static bool flow_read(struct flow *flow)
{
	ssize_t n = fd_recv(flow->from, flow->data, sizeof(flow->data), flow->fds, &flow->fd_count);

	if (n == -EAGAIN)
		return true;
	flow->sent = 0;
	flow->size = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* Return: false at the end. What was sent is sent before anything is closed: a close that hangs keeps back only what comes after it. */
static bool flow_write(struct flow *flow, bool filtered)
{
	int fds[FDIO_FDS_MAX];
	ssize_t n;

	for (size_t i = 0; i < flow->fd_count; i++)
		fds[i] = filtered && !netns_is(flow->fds[i]) ? NOTHING : flow->fds[i];
	n = fd_send_once(flow->to, flow->data + flow->sent, flow->size - flow->sent, fds, flow->fd_count);
	if (n <= 0)
		return n == -EAGAIN;
	flow->sent += (size_t)n;
	if (flow->sent == flow->size)
		flow->size = 0;
	for (size_t i = 0; i < flow->fd_count; i++)
		fd_close(flow->fds[i]);
	flow->fd_count = 0;
	return true;
}

/*
 * What is under way counts against the engine's uid and RLIMIT_NOFILE (too_many_unix_fds() of Linux): of each
 * connection no more than one message's, lest the engine could pass none itself.
 */
static bool flow_waits(const struct flow *flow)
{
	int queued = 0;

	return flow->fd_count && ioctl(flow->to, SIOCOUTQ, &queued) == 0 && queued > 0;
}

/* Both ways, until one end is gone. What the engine has said before it left is said, as far as the client reads. */
static void relay(int client, int engine)
{
	static struct flow up, down; /* zeroed pages: what a connection does not use it does not have */

	up.from = down.to = client;
	up.to = down.from = engine;
	for (;;) {
		bool waits = up.size && flow_waits(&up);
		struct pollfd pfds[] = {
			/* looked at for what it is wanted for alone: that it has closed is told in any case, again and again */
			{ .fd = up.size && !down.size ? -1 : client,
			  .events = (short)((up.size ? 0 : POLLIN) | (down.size ? POLLOUT : 0)) },
			{ .fd = engine, .events = (short)((down.size ? POLLRDHUP : POLLIN | POLLRDHUP) | (up.size && !waits ? POLLOUT : 0)) },
		};

		if (poll(pfds, 2, waits ? AGAIN_MS : -1) < 0 && errno != EINTR)
			return;
		if (down.size && (pfds[0].revents & (POLLOUT | POLLERR)) && !flow_write(&down, false))
			return;
		if (!down.size && (pfds[1].revents & POLLIN) && !flow_read(&down))
			return;
		if (down.size && (pfds[1].revents & (POLLRDHUP | POLLHUP)) && !(pfds[0].revents & POLLOUT))
			return; /* it has left, and the client does not read */
		if (up.size && (pfds[1].revents & POLLOUT) && !flow_write(&up, true))
			return;
		if (!up.size && (pfds[0].revents & (POLLIN | POLLHUP | POLLERR)) && !flow_read(&up))
			return;
	}
}

/* ------------------------------------------------------------------- processes */

/* The spare one: it is told of a client, says so to the maker, and serves it. */
static _Noreturn void spare(int channel, int taken, pid_t maker)
{
	int fds[FDIO_FDS_MAX];
	size_t count = 0;
	char byte;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != maker)
		_exit(1);
	if (fd_recv(channel, &byte, 1, fds, &count) != 1 || count < 2)
		_exit(0); /* no byte to the maker: it looks whether the engine is gone */
	(void)!write(taken, "", 1);
	close(taken);
	close(channel);
	if (recv(fds[count - 1], &byte, 1, 0) == 1)
		relay(fds[0], fds[count - 1]);
	_exit(0);
}

static bool channel_ended(int channel)
{
	struct pollfd pfd = { .fd = channel };

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLHUP | POLLERR));
}

static _Noreturn void maker(int channel)
{
	pid_t self = getpid();
	struct err err = ERR_INIT;

	if (lockdown_apply(LOCKDOWN_PORTER, 0, &err) < 0) {
		log_failure(&err, "start of the porter");
		_exit(1);
	}
	for (;;) {
		int taken[2];
		char byte;
		pid_t pid;

		if (pipe2(taken, O_CLOEXEC) < 0)
			_exit(1);
		pid = fork();
		if (pid == 0) {
			close(taken[0]);
			spare(channel, taken[1], self);
		}
		close(taken[1]);
		if (pid < 0)
			poll(NULL, 0, AGAIN_LATER_MS); /* no process to be had now */
		else if (read(taken[0], &byte, 1) != 1) {
			if (channel_ended(channel))
				_exit(0);
			poll(NULL, 0, AGAIN_LATER_MS);
		}
		close(taken[0]);
	}
}

int porter_start(int *ret_channel, struct err *err)
{
	pid_t engine = getpid(), pid;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, ERR_INTERNAL, errno, "porter", "cannot make a channel");
	pid = fork();
	if (pid < 0)
		return err_sys(err, ERR_INTERNAL, errno, "porter", "cannot fork");
	if (pid == 0) {
		if (dup2(pair[1], CHANNEL) < 0 || close_range(CHANNEL + 1, ~0U, 0) < 0 ||
		    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != engine)
			_exit(1);
		prctl(PR_SET_NAME, "moatd-porter");
		signal(SIGCHLD, SIG_IGN); /* nobody waits for them */
		maker(CHANNEL);
	}
	close(pair[1]);
	fd_nonblock(pair[0], true);
	*ret_channel = pair[0];
	return 0;
}

/* ------------------------------------------------------------------- the engine */

/* Sockets, and the other end of @ret_fd behind them. Who gets them keeps them until a byte or the end comes by that. */
static int give(int channel, const int *clients, size_t count, int *ret_fd)
{
	int pair[2], fds[FDIO_FDS_MAX];
	ssize_t r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	memcpy(fds, clients, count * sizeof(*fds));
	fds[count] = pair[1];
	r = fd_send_once(channel, "c", 1, fds, count + 1);
	fd_close(pair[1]);
	if (r < 0) {
		fd_close(pair[0]);
		return (int)r;
	}
	for (size_t i = 0; i < count; i++)
		fd_close(clients[i]);
	*ret_fd = pair[0];
	return 0;
}

int porter_relay(int channel, int client, int *ret_fd)
{
	int fd, r = give(channel, &client, 1, &fd);

	if (r < 0)
		return r;
	fd_nonblock(fd, true);
	(void)!write(fd, "g", 1); /* where nobody reads it, the end of it is read next */
	*ret_fd = fd;
	return 0;
}

int porter_drop(int channel, const int *clients, size_t count)
{
	int fd, r = give(channel, clients, count, &fd);

	if (r == 0)
		fd_close(fd);
	return r;
}
