/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * splice_udp - datagrams to [::1], led on by a socket of their own for each who sends; see splice.h. Floor F4.
 *
 * A session begins with the first datagram from an address and port, and ends when neither side has said anything for SPLICE_UDP_MS.
 * Datagrams that find no room, or come while no session can be had, are lost, as by any network.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "netd/dns/splice.h"

enum { READS = 32, MS = 1000000 };

struct session {
	struct list link;
	struct listener *listener;
	struct sockaddr_in6 from;
	int fd;
	struct loop_io *io;
	struct loop_timer *timer;
	uint64_t last; /* when either side said something */
};

static void session_free(struct session *session)
{
	struct listener *listener = session->listener;

	loop_io_free(session->io);
	loop_timer_free(session->timer);
	fd_close(session->fd);
	list_remove(&session->link);
	free(session);
	splice_ended(listener);
}

static void on_timer(void *ctx)
{
	struct session *session = ctx;
	uint64_t quiet = (clock_monotonic_ns() - session->last) / MS;

	if (quiet >= SPLICE_UDP_MS)
		session_free(session);
	else
		loop_timer_set(session->timer, SPLICE_UDP_MS - quiet);
}

/* Answers. An error is ICMP's word on one datagram, and the next may do better. */
static void on_answer(void *ctx, unsigned events)
{
	struct session *session = ctx;
	struct listener *listener = session->listener;
	uint8_t *chunk = listener->splice->chunk;

	(void)events;
	for (int i = 0; i < READS; i++) {
		ssize_t n = recv(session->fd, chunk, SPLICE_CHUNK, MSG_DONTWAIT);

		if (n < 0)
			return;
		session->last = clock_monotonic_ns();
		if (listener->fd >= 0)
			(void)sendto(listener->fd, chunk, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT,
				     (const struct sockaddr *)&session->from, sizeof(session->from));
	}
}

static struct session *session_find(const struct listener *listener, const struct sockaddr_in6 *from)
{
	list_each(node, &listener->flows) {
		struct session *session = container_of(node, struct session, link);

		if (session->from.sin6_port == from->sin6_port &&
		    memcmp(&session->from.sin6_addr, &from->sin6_addr, sizeof(from->sin6_addr)) == 0)
			return session;
	}
	return NULL;
}

static struct session *session_new(struct listener *listener, const struct sockaddr_in6 *from, int fd)
{
	struct session *session = mem_alloc(sizeof(*session));
	struct loop *loop = listener->splice->dns->loop;

	session->listener = listener;
	session->from = *from;
	session->fd = fd;
	session->io = loop_io_new(loop, fd, LOOP_READ, on_answer, session);
	session->timer = loop_timer_new(loop, on_timer, session);
	loop_timer_set(session->timer, SPLICE_UDP_MS);
	list_append(&listener->flows, &session->link);
	splice_began(listener);
	if (connect(fd, (const struct sockaddr *)&listener->to, sizeof(listener->to)) == 0)
		return session;
	session_free(session);
	return NULL;
}

void splice_udp_read(void *ctx, unsigned events)
{
	struct listener *listener = ctx;
	uint8_t *chunk = listener->splice->chunk;

	(void)events;
	for (int i = 0; i < READS; i++) {
		struct sockaddr_in6 from;
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(listener->fd, chunk, SPLICE_CHUNK, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
		struct session *session;

		if (n < 0)
			return;
		if (size != sizeof(from))
			continue;
		session = session_find(listener, &from);
		if (!session) {
			int fd = splice_take(listener);

			if (fd < 0)
				return;
			session = session_new(listener, &from, fd);
		}
		if (!session)
			continue;
		session->last = clock_monotonic_ns();
		/* the first failure may be ICMP's word on an earlier one */
		for (int tries = 0; tries < 2 && send(session->fd, chunk, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0; tries++)
			;
	}
}

void splice_udp_end(struct listener *listener)
{
	list_each_safe(node, &listener->flows)
		session_free(container_of(node, struct session, link));
}
