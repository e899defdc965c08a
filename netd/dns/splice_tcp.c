/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * splice_tcp - connections to [::1], each led on by a second one; see splice.h. Floor F4.
 *
 * Each direction is read only while nothing of it waits to be written, so that who reads slowly slows who writes, and no more than one
 * chunk waits. The end of one direction is passed on behind its last byte (shutdown(2)); the other goes on until its own. What breaks
 * one connection breaks the other one, too (a reset, not an end: what had come is not all there is).
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "netd/dns/splice.h"

enum { ACCEPTS = 16, IDLE_S = 600, PROBE_S = 60, PROBES = 5 };

struct pair;

/**
 * struct end - one of the two connections
 * @waits: of @wait_size bytes for this end, those before @wait_from have gone; NULL: none; owned
 * @over: nothing more comes from this end
 */
struct end {
	struct pair *pair;
	int fd;
	struct loop_io *io;
	uint8_t *waits;
	size_t wait_from, wait_size;
	bool over;
};

/** struct pair - @ends: who connected to us, and whom we connected to; @stands: the second one does */
struct pair {
	struct list link;
	struct listener *listener;
	struct end ends[2];
	bool stands;
};

static void pair_free(struct pair *pair, bool whole)
{
	const struct linger reset = { .l_onoff = 1 };
	struct listener *listener = pair->listener;

	for (int i = 0; i < 2; i++) {
		struct end *end = &pair->ends[i];

		loop_io_free(end->io);
		if (!whole)
			(void)setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		fd_close(end->fd);
		free(end->waits);
	}
	list_remove(&pair->link);
	free(pair);
	splice_ended(listener);
}

static struct end *other(struct end *end) { return &end->pair->ends[end == &end->pair->ends[0]]; }

/* What is waited for, of both. */
static void watch(struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		struct end *end = &pair->ends[i];
		bool read = pair->stands && !end->over && !other(end)->waits;
		bool write = end->waits || (i == 1 && !pair->stands);

		loop_io_set(end->io, (read ? LOOP_READ : 0U) | (write ? LOOP_WRITE : 0U));
	}
}

static bool again(ssize_t n) { return n < 0 && (errno == EAGAIN || errno == EINTR); }

/* What waits for @end; behind it the end of the other one. Return: false when it broke. */
static bool flush(struct end *end)
{
	while (end->waits) {
		ssize_t n = send(end->fd, end->waits + end->wait_from, end->wait_size - end->wait_from, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return again(n);
		end->wait_from += (size_t)n;
		if (end->wait_from < end->wait_size)
			continue;
		free(end->waits);
		end->waits = NULL;
	}
	return !other(end)->over || shutdown(end->fd, SHUT_WR) == 0 || errno == ENOTCONN;
}

/* From @end to the other one. Return: false when either broke. */
static bool carry(struct end *end)
{
	struct splice *splice = end->pair->listener->splice;
	struct end *to = other(end);

	for (int turn = 0; turn < SPLICE_TURN && !to->waits && !end->over; turn++) {
		ssize_t n = recv(end->fd, splice->chunk, sizeof(splice->chunk), MSG_DONTWAIT), sent;

		if (n < 0)
			return again(n);
		if (n == 0) {
			end->over = true;
			return flush(to);
		}
		sent = send(to->fd, splice->chunk, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && !again(sent))
			return false;
		if (sent < 0)
			sent = 0;
		if (sent == n)
			continue;
		to->wait_size = (size_t)(n - sent);
		to->wait_from = 0;
		to->waits = mem_alloc(to->wait_size);
		memcpy(to->waits, splice->chunk + sent, to->wait_size);
	}
	return true;
}

static bool stands(struct pair *pair)
{
	int no = 0;
	socklen_t size = sizeof(no);

	if (getsockopt(pair->ends[1].fd, SOL_SOCKET, SO_ERROR, &no, &size) < 0 || no != 0)
		return false;
	pair->stands = true;
	return true;
}

static void on_end(void *ctx, unsigned events)
{
	struct end *end = ctx;
	struct pair *pair = end->pair;
	bool whole = pair->stands || stands(pair);

	if (whole && (events & LOOP_WRITE))
		whole = flush(end);
	if (whole && (events & LOOP_READ))
		whole = carry(end);
	if (whole && !(pair->ends[0].over && pair->ends[1].over && !pair->ends[0].waits && !pair->ends[1].waits))
		watch(pair);
	else
		pair_free(pair, whole);
}

static void option(int fd, int level, int name, int value) { (void)setsockopt(fd, level, name, &value, sizeof(value)); }

/* Small writes go at once, and a peer that has vanished is noticed some day. */
static void options(int fd)
{
	option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	option(fd, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S);
	option(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_S);
	option(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
}

static void pair_new(struct listener *listener, int in, int out)
{
	struct pair *pair = mem_alloc(sizeof(*pair));
	int r;

	pair->listener = listener;
	options(in);
	options(out);
	option(out, IPPROTO_TCP, TCP_SYNCNT, SPLICE_SYNS);
	r = connect(out, (const struct sockaddr *)&listener->to, sizeof(listener->to)) < 0 ? -errno : 0;
	for (int i = 0; i < 2; i++) {
		pair->ends[i].pair = pair;
		pair->ends[i].fd = i ? out : in;
		pair->ends[i].io = loop_io_new(listener->splice->dns->loop, i ? out : in, 0, on_end, &pair->ends[i]);
	}
	list_append(&listener->flows, &pair->link);
	splice_began(listener);
	if (r < 0 && r != -EINPROGRESS)
		pair_free(pair, false);
	else
		watch(pair);
}

void splice_tcp_accept(void *ctx, unsigned events)
{
	struct listener *listener = ctx;

	(void)events;
	for (int i = 0; i < ACCEPTS; i++) {
		int out = splice_take(listener), in;

		if (out < 0)
			return;
		in = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (in < 0 && errno == EMFILE) { /* in its place: whoever waits is told, not left in the queue for ever */
			fd_close(out);
			fd_close(accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
			return;
		}
		if (in < 0) {
			splice_give_back(listener, out);
			return;
		}
		pair_new(listener, in, out);
	}
}

void splice_tcp_end(struct listener *listener)
{
	list_each_safe(node, &listener->flows)
		pair_free(container_of(node, struct pair, link), false);
}
