/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcp - queries by TCP (RFC 7766): a length of two bytes, and the message.
 * Floor F4. One query of a connection is worked on at a time; the next one is
 * read when its answer has gone, so a client that does not read its answers
 * holds nothing but one of them.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "netd/dns/dns.h"

/**
 * struct connection - @link first: tenant.streams hands it out as such
 * @in: bytes of the query that is being read, with its length; @out, @sent: the answer that is being written
 * @waiting: its query is on its way to somebody else
 */
struct connection {
	struct list link;
	struct client client;
	int fd;
	struct loop_io *io;
	struct loop_timer *timer;
	uint8_t in[2 + MESSAGE_QUERY_MAX];
	size_t in_size;
	struct buf out;
	size_t sent;
	bool waiting;
};

static uint32_t *counter(const struct client *client)
{
	struct name_host *host = client->host ? names_host_find(&client->tenant->names, client->host) : NULL;

	return host ? &host->connections : &client->tenant->stranger_connections;
}

void tcp_free(struct connection *connection)
{
	struct tenant *tenant = connection->client.tenant;
	uint32_t *count = counter(&connection->client);

	forward_drop(tenant->dns->forward, tenant, connection);
	list_remove(&connection->link);
	loop_io_free(connection->io);
	loop_timer_free(connection->timer);
	fd_close(connection->fd);
	buf_fini(&connection->out);
	tenant->connections--;
	tenant->dns->connections--;
	if (*count) /* its endpoint may have gone in between, and another begun to count */
		--*count;
	free(connection);
}

static void on_idle(void *ctx) { tcp_free(ctx); }

/* Return: false when the connection is no more. */
static bool write_out(struct connection *connection)
{
	while (connection->sent < connection->out.size) {
		ssize_t n = send(connection->fd, connection->out.data + connection->sent,
				 connection->out.size - connection->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			loop_io_set(connection->io, LOOP_WRITE);
			return true;
		}
		if (n <= 0) {
			tcp_free(connection);
			return false;
		}
		connection->sent += (size_t)n;
	}
	buf_fini(&connection->out);
	connection->sent = 0;
	loop_io_set(connection->io, LOOP_READ);
	return true;
}

/* Behind its length. Return: false when the connection is no more. */
static bool answer_put(struct connection *connection, const uint8_t *data, size_t size)
{
	const uint8_t length[2] = { (uint8_t)(size >> 8), (uint8_t)size };

	buf_add(&connection->out, length, sizeof(length));
	buf_add(&connection->out, data, size);
	loop_timer_set(connection->timer, DNS_IDLE_MS);
	return write_out(connection);
}

/* A whole query is there. Return: false when the connection is no more, or has to wait. */
static bool take_query(struct connection *connection, size_t size)
{
	struct dns *dns = connection->client.tenant->dns;
	uint8_t answer[MESSAGE_EDNS_SIZE * 4];
	size_t answered;

	connection->waiting = true;
	answered = serve_query(dns, &connection->client, connection->in + 2, size, sizeof(answer), answer);
	connection->in_size -= 2 + size;
	memmove(connection->in, connection->in + 2 + size, connection->in_size);
	if (answered == 0) {
		loop_io_set(connection->io, 0); /* until forward.c brings the answer, or the timer ends it */
		return false;
	}
	connection->waiting = false;
	return answer_put(connection, answer, answered) && connection->out.size == 0;
}

static void take_queries(struct connection *connection)
{
	while (connection->in_size >= 2) {
		size_t size = (size_t)connection->in[0] << 8 | connection->in[1];

		if (size > MESSAGE_QUERY_MAX) {
			tcp_free(connection);
			return;
		}
		if (connection->in_size < 2 + size || !take_query(connection, size))
			return;
	}
}

void tcp_answer(struct connection *connection, const uint8_t *data, size_t size)
{
	connection->waiting = false;
	if (answer_put(connection, data, size) && connection->out.size == 0)
		take_queries(connection);
}

static void on_stream(void *ctx, unsigned events)
{
	struct connection *connection = ctx;
	ssize_t n;

	if (events & LOOP_WRITE) {
		if (write_out(connection) && connection->out.size == 0)
			take_queries(connection);
		return;
	}
	if (connection->waiting)
		return;
	n = recv(connection->fd, connection->in + connection->in_size, sizeof(connection->in) - connection->in_size,
		 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		tcp_free(connection);
		return;
	}
	connection->in_size += (size_t)n;
	take_queries(connection);
}

/*
 * The device the connection came in by: what the kernel notes of the SYN (tcp_v6_syn_recv_sock(), mcast_oif) and tells
 * in the old form of ancillary data on a stream (do_ipv6_getsockopt(), IPV6_2292PKTOPTIONS).
 */
static bool client_of(struct tenant *tenant, int fd, const struct sockaddr_in6 *from, struct client *ret_client)
{
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct msghdr msg = { .msg_control = control };
	socklen_t size = sizeof(control);

	if (getsockopt(fd, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, control, &size) < 0)
		return false;
	msg.msg_controllen = size;
	return client_fill(tenant, &msg, from, ret_client);
}

static bool may_connect(const struct dns *dns, const struct client *client)
{
	return dns->connections < DNS_CONNECTIONS_MAX && client->tenant->connections < DNS_TENANT_CONNECTIONS &&
	       *counter(client) < DNS_ASKER_CONNECTIONS;
}

void tcp_accept(void *ctx, unsigned events)
{
	struct tenant *tenant = ctx;
	struct dns *dns = tenant->dns;

	(void)events;
	for (int i = 0; i < DNS_BATCH; i++) {
		struct sockaddr_in6 from;
		socklen_t size = sizeof(from);
		int fd = accept4(tenant->tcp, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct connection *connection;
		struct client client;

		if (fd < 0)
			return;
		if (size != sizeof(from) || !client_of(tenant, fd, &from, &client) || !may_connect(dns, &client)) {
			fd_close(fd);
			continue;
		}
		connection = mem_alloc(sizeof(*connection));
		connection->client = client;
		connection->client.connection = connection;
		connection->fd = fd;
		connection->io = loop_io_new(dns->loop, fd, LOOP_READ, on_stream, connection);
		connection->timer = loop_timer_new(dns->loop, on_idle, connection);
		loop_timer_set(connection->timer, DNS_IDLE_MS);
		list_append(&tenant->streams, &connection->link);
		++*counter(&client);
		tenant->connections++;
		dns->connections++;
	}
}
