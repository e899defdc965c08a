// SPDX-License-Identifier: GPL-2.0-or-later
/* relay - standard streams carried by poll(2). Floor F4. */
#include "runner/terminal/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "runner/terminal/pty.h"

static void stream_close(struct relay_stream *stream);
static void stream_read(struct relay *relay, struct relay_stream *stream);
static void stream_write(struct relay_stream *stream);

int relay_init(struct relay *relay, const int caller[3], struct logfile *log, int ret_inside[3])
{
	*relay = RELAY_INIT;
	relay->log = log;
	for (int i = 0; i < 3; i++) {
		struct relay_stream *stream = &relay->streams[i];
		int ends[2];

		ret_inside[i] = -1;
		if (i == 0 && caller[0] < 0)
			continue;
		/*
		 * Anybody inside may open its own /dev/stdout: the pipe's inode is ours, and reached only through
		 * /proc/PID/fd of those who hold it.
		 */
		if (pipe2(ends, O_CLOEXEC) < 0 || fchmod(ends[0], 0666) < 0)
			return -errno;
		stream->from = i == 0 ? caller[0] : ends[0];
		stream->to = i == 0 ? ends[1] : caller[i];
		ret_inside[i] = i == 0 ? ends[0] : ends[1];
	}
	return 0;
}

void relay_fini(struct relay *relay)
{
	for (int i = 0; i < 3; i++)
		stream_close(&relay->streams[i]);
	fd_close(relay->peer);
	*relay = RELAY_INIT;
}

void relay_init_tty(struct relay *relay, int to, struct logfile *log)
{
	*relay = RELAY_INIT;
	relay->log = log;
	relay->streams[1].lasting = true;
	relay->streams[1].to = to;
}

void relay_tty(struct relay *relay, int master)
{
	relay->streams[1].from = master;
	relay->peer = pty_peer(master);
}

void relay_take(struct relay *relay, int to)
{
	relay_forget_caller(relay);
	relay->streams[1].to = to;
}

size_t relay_pollfds(const struct relay *relay, struct pollfd fds[RELAY_POLLFDS])
{
	for (int i = 0; i < RELAY_POLLFDS; i++) {
		const struct relay_stream *stream = &relay->streams[i];

		fds[i] = (struct pollfd){.fd = -1};
		if (stream->from < 0)
			continue;
		if (stream->len)
			fds[i] = (struct pollfd){.fd = stream->to, .events = POLLOUT};
		else
			fds[i] = (struct pollfd){.fd = stream->from, .events = POLLIN};
	}
	return RELAY_POLLFDS;
}

void relay_handle(struct relay *relay, const struct pollfd *fds, size_t count)
{
	for (size_t i = 0; i < count && i < RELAY_POLLFDS; i++) {
		struct relay_stream *stream = &relay->streams[i];

		if (fds[i].fd < 0 || !fds[i].revents || stream->from < 0)
			continue;
		if (stream->len)
			stream_write(stream);
		else
			stream_read(relay, stream);
	}
}

void relay_input_close(struct relay *relay)
{
	stream_close(&relay->streams[0]);
}

void relay_ending(struct relay *relay)
{
	relay_input_close(relay);
	relay->ending = true;
	fd_close(relay->peer);
	relay->peer = -1;
	for (int i = 1; i < 3; i++)
		if (relay->streams[i].from >= 0)
			(void)fd_nonblock(relay->streams[i].from, true);
}

void relay_forget_caller(struct relay *relay)
{
	relay_input_close(relay);
	for (int i = 1; i < 3; i++) {
		relay->streams[i].len = 0;
		fd_close(relay->streams[i].to);
		relay->streams[i].to = -1;
	}
}

bool relay_busy(const struct relay *relay)
{
	return relay->streams[1].from >= 0 || relay->streams[2].from >= 0;
}

/* ----------------------------------------------------------------- helpers */

/* Both sides: the writer inside gets SIGPIPE when the reader outside is gone, as in any pipeline. */
static void stream_close(struct relay_stream *stream)
{
	fd_close(stream->from);
	fd_close(stream->to);
	stream->from = stream->to = -1;
	stream->len = 0;
}

static void stream_read(struct relay *relay, struct relay_stream *stream)
{
	ssize_t n = read(stream->from, stream->data, sizeof(stream->data));

	if (n < 0 && (errno == EINTR || (errno == EAGAIN && !relay->ending)))
		return;
	if (n <= 0) {
		/* EAGAIN after relay_ending(): there is no more. */
		stream_close(stream);
		return;
	}
	/* A log that cannot be written (a full /run) must not stop the container. */
	if (relay->log && stream->number > 0)
		(void)logfile_add(relay->log, stream->number, stream->data, (size_t)n);
	if (stream->to >= 0) {
		stream->off = 0;
		stream->len = (size_t)n;
		stream_write(stream);
	}
}

static void stream_write(struct relay_stream *stream)
{
	struct pollfd ready = {.fd = stream->to, .events = POLLOUT};
	ssize_t n;

	if (poll(&ready, 1, 0) != 1)
		return;
	n = write(stream->to, stream->data + stream->off,
		  stream->len < RELAY_WRITE ? stream->len : RELAY_WRITE);
	if (n < 0) {
		if (errno == EINTR || errno == EAGAIN)
			return;
		if (!stream->lasting) {
			stream_close(stream);
			return;
		}
		fd_close(stream->to);
		stream->to = -1;
		stream->len = 0;
		return;
	}
	stream->off += (size_t)n;
	stream->len -= (size_t)n;
}
