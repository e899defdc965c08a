// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shim_loop - the shim while its container runs, or rests: streams are carried,
 * the client it was born with and those who come to `ctl` are heard. Floor F4.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "runner/container/shim_own.h"
#include "runner/process/process.h"
#include "runner/state/members.h"

enum {
	POLL_CONTROL,
	POLL_SIGNALS,
	POLL_LISTENER,
	POLL_CLIENTS,
	POLL_COUNT = POLL_CLIENTS + SHIM_CLIENTS_MAX,
};

static const uint64_t NS_A_MS = 1000000;
/* What a terminal's reader has not taken so long after the end is in the log alone. */
enum { LAST_WORDS_MS = 2000 };

static void members_end(struct shim *shim);
static int listener_make(const struct state_dir *dir);
static void others_pollfds(const struct shim *shim, struct pollfd fds[POLL_COUNT]);
static void others_handle(struct shim *shim, const struct pollfd fds[POLL_COUNT]);
static int patience_ms(const struct shim *shim, uint64_t until);
static void patience_check(struct shim *shim);
static void control_heard(struct shim *shim);
static bool client_heard(struct shim *shim, struct shim_client *client);
static bool client_asks(struct shim *shim, struct shim_client *client, const struct sync_msg *msg,
			int fd);
static void terminal_give(struct shim *shim, struct shim_client *client, int output);
static void client_gone(struct shim *shim, size_t index);
static void stop_begin(struct shim *shim, int patience);
static void signal_send(const struct shim *shim, int number);

int shim_listen(struct shim *shim, struct err *err)
{
	int fd = listener_make(&shim->dir);

	if (fd < 0)
		return err_sys(err, ERR_KERNEL, -fd, shim->dir.path, "socket ctl");
	shim->listener = fd;
	return 0;
}

int shim_heard(struct shim *shim, struct sync_msg *ret_msg, int *ret_fd)
{
	for (;;) {
		struct pollfd fds[POLL_COUNT + 1];

		others_pollfds(shim, fds);
		fds[POLL_COUNT] = (struct pollfd){.fd = shim->sync, .events = POLLIN};
		if (poll(fds, POLL_COUNT + 1, patience_ms(shim, 0)) < 0)
			continue;
		if (fds[POLL_COUNT].revents)
			return sync_recv(shim->sync, ret_msg, ret_fd);
		others_handle(shim, fds);
		patience_check(shim);
	}
}

int shim_loop(struct shim *shim)
{
	int code = 128 + SIGKILL;
	uint64_t last = 0;

	fd_close(shim->sync);
	shim->sync = -1;
	while (last == 0 || relay_busy(&shim->relay)) {
		struct pollfd fds[POLL_COUNT + 2 + RELAY_POLLFDS];
		struct pollfd *end = &fds[POLL_COUNT], *ending = end + 1, *streams = ending + 1;
		size_t count = relay_pollfds(&shim->relay, streams);

		others_pollfds(shim, fds);
		*end = (struct pollfd){.fd = last ? -1 : shim->pidfd, .events = POLLIN};
		*ending = (struct pollfd){.fd = shim->ending};
		if (poll(fds, POLL_COUNT + 2 + count,
			 patience_ms(shim, shim->spec.tty ? last : 0)) < 0)
			continue;
		if (ending->revents)
			shim_ending(shim);
		relay_handle(&shim->relay, streams, count);
		others_handle(shim, fds);
		if (last == 0)
			patience_check(shim);
		if (end->revents) {
			code = shim_reap(shim);
			last = clock_monotonic_ns() + LAST_WORDS_MS * NS_A_MS;
			relay_ending(&shim->relay);
		}
		if (last && shim->spec.tty && clock_monotonic_ns() >= last)
			relay_forget_caller(&shim->relay);
	}
	shim->kill_at = 0;
	return code;
}

bool shim_rest(struct shim *shim, uint64_t ms)
{
	uint64_t until = clock_monotonic_ns() + ms * NS_A_MS;

	while (!shim->stopping && clock_monotonic_ns() < until) {
		struct pollfd fds[POLL_COUNT];

		others_pollfds(shim, fds);
		if (poll(fds, POLL_COUNT, patience_ms(shim, until)) > 0)
			others_handle(shim, fds);
	}
	return !shim->stopping;
}

void shim_tell(struct shim *shim, enum sync_kind kind, int value, const struct err *err)
{
	struct sync_msg msg = {.kind = kind, .value = value};

	if (shim->control < 0)
		return;
	if (err)
		msg.err = *err;
	(void)sync_send(shim->control, &msg, -1);
}

void shim_answer(struct shim *shim, enum sync_kind asked, enum sync_kind kind, int value,
		 const struct err *err)
{
	struct sync_msg msg = {.kind = kind, .value = value};

	if (err)
		msg.err = *err;
	for (size_t i = shim->client_count; i-- > 0;)
		if (shim->clients[i].asked == asked) {
			(void)sync_send(shim->clients[i].fd, &msg, -1);
			client_gone(shim, i);
		}
}

int shim_reap(struct shim *shim)
{
	siginfo_t info = {0};
	int code;

	while (waitid(P_PID, (id_t)shim->pid, &info, WEXITED) < 0)
		if (errno != EINTR)
			return 128 + SIGKILL;
	code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	shim->pid = 0;
	members_end(shim);
	return code;
}

/* ----------------------------------------------------------------- helpers */

/* In a pid namespace of its own the end of process 1 was that of all. */
static void members_end(struct shim *shim)
{
	if (shim->state.mntns &&
	    members_kill(shim->state.mntns, shim->state.mntns_id,
			 (uint32_t)shim->state.id_base, NULL) == 0)
		shim->state.mntns = shim->state.mntns_id = 0;
}

/* By the folder's descriptor: a path may be longer than an address of a socket can be. */
static int listener_make(const struct state_dir *dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = 0;

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/ctl", dir->fd);
	if ((unlinkat(dir->fd, "ctl", 0) < 0 && errno != ENOENT) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, SHIM_CLIENTS_MAX) < 0)
		rc = -errno;
	if (rc < 0) {
		fd_close(fd);
		return rc;
	}
	return fd;
}

static void others_pollfds(const struct shim *shim, struct pollfd fds[POLL_COUNT])
{
	bool room = shim->client_count < SHIM_CLIENTS_MAX;

	fds[POLL_CONTROL] = (struct pollfd){.fd = shim->control, .events = POLLIN};
	fds[POLL_SIGNALS] = (struct pollfd){.fd = shim->signals, .events = POLLIN};
	fds[POLL_LISTENER] =
		(struct pollfd){.fd = room ? shim->listener : -1, .events = POLLIN};
	for (size_t i = 0; i < SHIM_CLIENTS_MAX; i++)
		fds[POLL_CLIENTS + i] = (struct pollfd){
			.fd = i < shim->client_count ? shim->clients[i].fd : -1,
			.events = POLLIN,
		};
}

static void others_handle(struct shim *shim, const struct pollfd fds[POLL_COUNT])
{
	/* From the last on: who goes leaves its place to one that was seen to already. */
	for (size_t i = shim->client_count; i-- > 0;)
		if (fds[POLL_CLIENTS + i].revents && i < shim->client_count &&
		    shim->clients[i].fd == fds[POLL_CLIENTS + i].fd &&
		    !client_heard(shim, &shim->clients[i]))
			client_gone(shim, i);
	if (fds[POLL_CONTROL].revents && shim->control >= 0)
		control_heard(shim);
	if (fds[POLL_LISTENER].revents && shim->client_count < SHIM_CLIENTS_MAX) {
		int fd = accept4(shim->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			shim->clients[shim->client_count++] = (struct shim_client){.fd = fd};
	}
	if (fds[POLL_SIGNALS].revents) {
		struct signalfd_siginfo info;

		if (read(shim->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
			stop_begin(shim, 0);
	}
}

/* Until @until (0: none) or the end of patience, whichever is first; rounded up, so that it has come by then. */
static int patience_ms(const struct shim *shim, uint64_t until)
{
	uint64_t now = clock_monotonic_ns(), first = until;

	if (shim->kill_at && (first == 0 || shim->kill_at < first))
		first = shim->kill_at;
	if (first == 0)
		return -1;
	return first <= now ? 0 : (int)((first - now) / NS_A_MS + 1);
}

static void patience_check(struct shim *shim)
{
	if (shim->kill_at == 0 || clock_monotonic_ns() < shim->kill_at)
		return;
	shim->kill_at = 0;
	signal_send(shim, SIGKILL);
}

/* The client we were born with. Of one that watches, the end is the container's. */
static void control_heard(struct shim *shim)
{
	struct sync_msg msg;
	int rc = sync_recv(shim->control, &msg, NULL);

	if (rc == 1 && msg.kind == SYNC_SIGNAL) {
		signal_send(shim, msg.value);
		return;
	}
	if (rc == 1 && msg.kind != SYNC_DETACH)
		return;
	fd_close(shim->control);
	shim->control = -1;
	if (!shim->spec.attached)
		return;
	shim->spec.attached = false;
	relay_forget_caller(&shim->relay);
	if (rc != 1)
		stop_begin(shim, 0);
}

/* Return: false when the client is to be let go. */
static bool client_heard(struct shim *shim, struct shim_client *client)
{
	struct sync_msg msg;
	int fd = -1;
	int rc = sync_recv(client->fd, &msg, &fd);
	bool stays = rc == 1 && client_asks(shim, client, &msg, fd);

	if (rc == 1 && msg.kind == SYNC_ATTACH)
		return stays;
	fd_close(fd);
	return stays;
}

static bool client_asks(struct shim *shim, struct shim_client *client, const struct sync_msg *msg,
			int fd)
{
	struct sync_msg done = {.kind = SYNC_DONE};

	switch ((int)msg->kind) {
	case SYNC_SIGNAL:
		signal_send(shim, msg->value);
		return true;
	case SYNC_ATTACH:
		terminal_give(shim, client, fd);
		return true;
	case SYNC_KILL:
		/* What ends it shall end it for good; any other signal is the command's own affair. */
		if (msg->value == SIGKILL || msg->value == shim->spec.stop_signal)
			shim->stopping = true;
		signal_send(shim, msg->value);
		(void)sync_send(client->fd, &done, -1);
		return true;
	case SYNC_RESTART:
		shim->again = true;
		client->asked = SYNC_RESTART;
		stop_begin(shim, msg->value);
		return true;
	case SYNC_STOP:
		shim->again = false;
		client->asked = SYNC_WAIT;
		stop_begin(shim, msg->value);
		return true;
	case SYNC_WAIT:
		client->asked = SYNC_WAIT;
		return true;
	default:
		return false;
	}
}

/* One reader at a time: who comes takes it from whom it was. */
static void terminal_give(struct shim *shim, struct shim_client *client, int output)
{
	struct sync_msg msg = {.kind = SYNC_TTY};
	int master = shim->spec.tty ? shim->relay.streams[1].from : -1;
	char text[NAME_FULL_SIZE];

	if (master < 0 || output < 0) {
		fd_close(output);
		msg.kind = SYNC_FAILED;
		msg.value = PROCESS_FAILED;
		err_set(&msg.err, ERR_CONFLICT, ENOTTY, name_print(&shim->dir.name, text),
			shim->spec.tty ? "the container does not run"
				       : "the container has no terminal: it was made without -t");
		(void)sync_send(client->fd, &msg, -1);
		return;
	}
	relay_take(&shim->relay, output);
	if (shim->spec.attached) {
		shim_tell(shim, SYNC_DETACHED, 0, NULL);
		fd_close(shim->control);
		shim->control = -1;
		shim->spec.attached = false;
	}
	for (size_t i = 0; i < shim->client_count; i++)
		if (shim->clients[i].asked == SYNC_ATTACH) {
			struct sync_msg detached = {.kind = SYNC_DETACHED};

			(void)sync_send(shim->clients[i].fd, &detached, -1);
			/* It hangs up. Until then it has nothing to say. */
			shim->clients[i].asked = 0;
		}
	client->asked = SYNC_ATTACH;
	(void)sync_send(client->fd, &msg, master);
}

static void client_gone(struct shim *shim, size_t index)
{
	if (shim->clients[index].asked == SYNC_ATTACH)
		relay_forget_caller(&shim->relay);
	fd_close(shim->clients[index].fd);
	shim->clients[index] = shim->clients[--shim->client_count];
}

/* @patience: ms until KILL; 0: at once */
static void stop_begin(struct shim *shim, int patience)
{
	uint64_t at = clock_monotonic_ns() + (uint64_t)(patience < 0 ? 0 : patience) * NS_A_MS;

	shim->stopping = true;
	limits_thaw(&shim->limits);
	if (patience <= 0) {
		signal_send(shim, SIGKILL);
		return;
	}
	signal_send(shim, (int)shim->spec.stop_signal);
	if (shim->kill_at == 0 || at < shim->kill_at)
		shim->kill_at = at;
}

/* While it is on its way a signal waits inside, blocked, until there is a command or a step to have it. */
static void signal_send(const struct shim *shim, int number)
{
	if (shim->pidfd >= 0 && shim->pid > 0)
		(void)pidfd_send_signal(shim->pidfd, number, NULL, 0);
	if (number == SIGKILL)
		limits_thaw(&shim->limits);
}
