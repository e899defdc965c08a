/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * forward - queries on their way to the host's name servers. Floor F4.
 *
 * A query goes out as it came in, but for its id, and comes back the same way:
 * types, EDNS, truncation are the business of the two ends. What came by TCP
 * goes by TCP.
 *
 * Theory of operation. The sockets (outlets) are the host's and were opened
 * for us; each serves one query at a time, connected to the server that is
 * asked. Between two queries it is disconnected (connect(2), AF_UNSPEC), which
 * gives up its port: the next one gets another, chosen by the kernel at random
 * (tests/platform/outlet_new_port.c; tests/netns/network/dns.sh looks at them). So what a liar who does not see the
 * query must guess is port, id, and the server's address, for one answer
 * (RFC 5452); and no answer can be taken for that to another query.
 *
 *	          outlet free              answer fits, or the last try failed
 *	 QUERY ------------------> ASKED ------------------------------------> answered
 *	                           |   ^
 *	                           +---+ timeout, ICMP error, SERVFAIL: the next server
 *
 * Caps: DNS_ASKER_MAX, DNS_TENANT_MAX, DNS_OUTSTANDING_MAX, and what is still
 * free: nobody may have more on their way than is left for all others, so that
 * who asks in vain as fast as he can leaves room for those who come later
 * (of n tenants that do, each has one in n + 1; so with endpoints in one). A
 * query above any of them is answered SERVFAIL at once. The same query once
 * more from the same client is a repetition: it waits for the first one's
 * answer.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "netd/dns/dns.h"

enum { SERVER_PORT = 53, READS_MAX = 16 };

/** struct outlet - @query: whose it is, NULL while it is free */
struct outlet {
	struct list link; /* in forward.free[kind], or of its query */
	struct forward *forward;
	enum dnsrec_outlet kind;
	unsigned generation;
	int fd;
	struct loop_io *io;
	struct query *query;
};

/**
 * struct query - one on its way
 * @data: as it came, with our id in it; @question: where its question ends
 * @server, @tries: which one was asked, how many times one was
 * @in, @out_size: TCP: what has come of the answer, what was sent of the query
 */
struct query {
	struct list link;
	struct client client;
	struct outlet *outlet;
	uint16_t id, asked_id;
	size_t question, size;
	size_t server, tries;
	uint64_t deadline;
	struct buf in;
	size_t sent;
	uint8_t data[];
};

struct forward {
	struct dns *dns;
	struct ip servers[DNSREC_SERVERS_MAX];
	size_t server_count, good; /* @good: where the last answer came from */
	struct list idle[DNSREC_FORWARD_COUNT];
	struct list queries;
	size_t outstanding;
	unsigned generation, wanted; /* of outlets: what they are, what they shall be */
	struct loop_timer *tick;
	uint8_t room[2 + MESSAGE_MAX];
};

static void ask(struct query *query);
static void on_outlet(void *ctx, unsigned events);

/* --------------------------------------------------------------------- counting */

static uint32_t *counter(const struct client *client)
{
	struct name_host *host = client->host ? names_host_find(&client->tenant->names, client->host) : NULL;

	return host ? &host->outstanding : &client->tenant->strangers;
}

static bool may_ask(const struct forward *forward, const struct client *client)
{
	const struct tenant *tenant = client->tenant;

	return tenant->outstanding < DNS_OUTSTANDING_MAX - forward->outstanding && tenant->outstanding < DNS_TENANT_MAX &&
	       *counter(client) < DNS_TENANT_MAX - tenant->outstanding && *counter(client) < DNS_ASKER_MAX;
}

/* --------------------------------------------------------------------- outlets */

static void outlet_free(struct outlet *outlet)
{
	list_remove(&outlet->link);
	fd_close(outlet->fd);
	free(outlet);
}

/* Free again: no port, no peer, nothing left of the last answer. */
static void outlet_release(struct outlet *outlet)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	outlet->query = NULL;
	loop_io_free(outlet->io);
	outlet->io = NULL;
	if (outlet->generation != outlet->forward->generation) {
		outlet_free(outlet);
		return;
	}
	(void)connect(outlet->fd, &none, sizeof(none));
	list_append(&outlet->forward->idle[outlet->kind], &outlet->link);
}

static struct outlet *outlet_take(struct forward *forward, enum dnsrec_outlet kind, struct query *query)
{
	struct outlet *outlet;

	query->outlet = NULL;
	if (list_empty(&forward->idle[kind]))
		return NULL;
	outlet = container_of(forward->idle[kind].next, struct outlet, link);
	list_remove(&outlet->link); /* and initialised: removing it once more is fine */
	outlet->query = query;
	query->outlet = outlet;
	return outlet;
}

void forward_outlet(struct forward *forward, enum dnsrec_outlet kind, int fd)
{
	struct outlet *outlet = mem_alloc(sizeof(*outlet));

	if (forward->generation != forward->wanted) {
		forward->generation = forward->wanted;
		for (size_t i = 0; i < DNSREC_FORWARD_COUNT; i++)
			list_each_safe(node, &forward->idle[i])
				outlet_free(container_of(node, struct outlet, link));
	}
	fd_nonblock(fd, true);
	outlet->forward = forward;
	outlet->generation = forward->generation;
	outlet->kind = kind;
	outlet->fd = fd;
	list_append(&forward->idle[kind], &outlet->link);
}

static enum dnsrec_outlet kind_of(const struct query *query, const struct ip *server)
{
	if (query->client.connection)
		return server->family == 4 ? DNSREC_TCP4 : DNSREC_TCP6;
	return server->family == 4 ? DNSREC_UDP4 : DNSREC_UDP6;
}

static int outlet_connect(const struct outlet *outlet, const struct ip *server)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(SERVER_PORT) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(SERVER_PORT) };

	memcpy(&in.sin_addr, server->b, 4);
	memcpy(&in6.sin6_addr, server->b, 16);
	if (server->family == 4)
		return connect(outlet->fd, (const struct sockaddr *)&in, sizeof(in)) < 0 ? -errno : 0;
	return connect(outlet->fd, (const struct sockaddr *)&in6, sizeof(in6)) < 0 ? -errno : 0;
}

/* --------------------------------------------------------------------- queries */

static void query_free(struct query *query)
{
	struct forward *forward = query->client.tenant->dns->forward;
	uint32_t *count = counter(&query->client);

	if (query->outlet)
		outlet_release(query->outlet);
	list_remove(&query->link);
	forward->outstanding--;
	query->client.tenant->outstanding--;
	if (*count) /* its endpoint may have gone in between, and another begun to count */
		--*count;
	buf_fini(&query->in);
	free(query);
}

/* The end of a query: to whoever asked, under the id it asked with. */
static void deliver(struct query *query, uint8_t *data, size_t size)
{
	struct client client = query->client;

	message_set_id(data, query->asked_id);
	query_free(query);
	if (client.connection)
		tcp_answer(client.connection, data, size);
	else
		serve_send(&client, data, size);
}

static void fail(struct query *query)
{
	uint8_t answer[MESSAGE_UDP_SIZE];
	struct question question;

	if (message_parse(query->data, query->size, &question) != 0) {
		query_free(query);
		return;
	}
	deliver(query, answer,
		message_answer(query->data, &question, MESSAGE_SERVFAIL, NULL, sizeof(answer), answer));
}

/* Whether another server may be asked. */
static bool tries_left(const struct forward *forward, const struct query *query)
{
	return query->tries < (forward->server_count > DNS_TRIES ? forward->server_count : DNS_TRIES);
}

static void ask_next(struct query *query)
{
	struct forward *forward = query->client.tenant->dns->forward;

	if (query->outlet)
		outlet_release(query->outlet);
	query->outlet = NULL;
	query->sent = 0;
	buf_clear(&query->in);
	if (!tries_left(forward, query)) {
		fail(query);
		return;
	}
	if (forward->server_count > 1 && forward->good == query->server)
		forward->good = (query->server + 1) % forward->server_count;
	query->server = (query->server + 1) % forward->server_count;
	ask(query);
}

/* The same message to TCP and UDP; TCP goes on when the connection stands. Return: 0 or -errno. */
static int ask_write(struct query *query)
{
	struct outlet *outlet = query->outlet;
	bool tcp = query->client.connection != NULL;
	uint8_t length[2] = { (uint8_t)(query->size >> 8), (uint8_t)query->size };
	struct iovec iov[] = { { length, sizeof(length) }, { query->data, query->size } };
	struct msghdr msg = { .msg_iov = tcp ? iov : iov + 1, .msg_iovlen = tcp ? 2 : 1 };
	ssize_t n;

	if (tcp && query->sent) { /* an earlier call took a part: a socket that is new takes 4 kB at once */
		return query->sent == sizeof(length) + query->size ? 0 : -EIO;
	}
	n = sendmsg(outlet->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	query->sent = (size_t)n;
	return tcp && query->sent != sizeof(length) + query->size ? -EIO : 0;
}

static void ask(struct query *query)
{
	struct forward *forward = query->client.tenant->dns->forward;
	struct outlet *outlet;
	int r;

	if (forward->server_count == 0) {
		fail(query);
		return;
	}
	query->server %= forward->server_count;
	query->tries++;
	query->deadline = clock_monotonic_ns() + DNS_TRY_MS * 1000000ULL;
	outlet = outlet_take(forward, kind_of(query, &forward->servers[query->server]), query);
	if (!outlet)
		return; /* the deadline passes, and the next server has another kind perhaps, or one came free */
	if (getrandom(&query->id, sizeof(query->id), 0) != sizeof(query->id))
		abort();
	message_set_id(query->data, query->id);
	r = outlet_connect(outlet, &forward->servers[query->server]);
	if (r == 0 && !query->client.connection)
		r = ask_write(query);
	if (r < 0 && r != -EINPROGRESS)
		query->deadline = 0; /* the next tick goes on: no recursion through a list of dead servers */
	else
		outlet->io = loop_io_new(forward->dns->loop, outlet->fd, query->client.connection ? LOOP_WRITE : LOOP_READ,
					 on_outlet, outlet);
}

/* Repetitions: who does not hear at once asks again. */
static bool repeated(const struct forward *forward, const struct client *client, const struct question *question,
		     const uint8_t *data)
{
	if (client->connection)
		return false;
	list_each(node, &forward->queries) {
		const struct query *query = container_of(node, struct query, link);

		if (query->client.tenant == client->tenant && query->asked_id == question->id &&
		    query->question == question->size && !query->client.connection &&
		    memcmp(&query->client.address, &client->address, sizeof(client->address)) == 0 &&
		    memcmp(query->data + MESSAGE_HEAD_SIZE, data + MESSAGE_HEAD_SIZE,
			   question->size - MESSAGE_HEAD_SIZE) == 0)
			return true;
	}
	return false;
}

int forward_query(struct forward *forward, const struct client *client, const struct question *question,
		  const uint8_t *data, size_t size)
{
	struct query *query;

	if (forward->server_count == 0)
		return -ENETUNREACH;
	if (repeated(forward, client, question, data))
		return 0;
	if (!may_ask(forward, client))
		return -EBUSY;
	query = mem_alloc(sizeof(*query) + size);
	query->client = *client;
	query->asked_id = question->id;
	query->question = question->size;
	query->size = size;
	query->server = forward->good;
	memcpy(query->data, data, size);
	list_append(&forward->queries, &query->link);
	forward->outstanding++;
	client->tenant->outstanding++;
	++*counter(client);
	if (!loop_timer_armed(forward->tick))
		loop_timer_set(forward->tick, DNS_TICK_MS);
	ask(query);
	return 0;
}

void forward_drop(struct forward *forward, const struct tenant *tenant, const struct connection *connection)
{
	list_each_safe(node, &forward->queries) {
		struct query *query = container_of(node, struct query, link);

		if (query->client.tenant == tenant && (!connection || query->client.connection == connection))
			query_free(query);
	}
}

/* ---------------------------------------------------------------------- answers */

/* A server that will not or cannot say is no better than one that is silent, as long as there is another. */
static bool is_refusal(enum message_code code)
{
	return code == MESSAGE_SERVFAIL || code == MESSAGE_NOTIMP || code == MESSAGE_REFUSED;
}

/* Return: false when it is not the answer. */
static bool take(struct query *query, uint8_t *data, size_t size)
{
	struct forward *forward = query->client.tenant->dns->forward;

	if (!message_fits(data, size, query->data, query->question, query->id))
		return false;
	if (is_refusal(message_code(data)) && query->tries < forward->server_count) {
		ask_next(query);
		return true;
	}
	if ((query->client.flags & DNSREC_REBIND) && message_private(data, size)) {
		struct question question;

		if (message_parse(query->data, query->size, &question) == 0)
			size = message_answer(query->data, &question, MESSAGE_REFUSED, NULL, MESSAGE_UDP_SIZE, data);
	}
	forward->good = query->server;
	deliver(query, data, size);
	return true;
}

static void on_udp(struct outlet *outlet)
{
	struct forward *forward = outlet->forward;

	/* liars' answers are passed over, as many as come: the right one may be behind them */
	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(outlet->fd, forward->room, MESSAGE_MAX, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) { /* nobody listens there, by ICMP */
			ask_next(outlet->query);
			return;
		}
		if (take(outlet->query, forward->room, (size_t)n))
			return;
	}
}

static void on_tcp(struct outlet *outlet, unsigned events)
{
	struct query *query = outlet->query;
	struct forward *forward = outlet->forward;
	ssize_t n;
	size_t size;

	if (events & LOOP_WRITE) {
		if (ask_write(query) < 0)
			ask_next(query);
		else
			loop_io_set(outlet->io, LOOP_READ);
		return;
	}
	n = recv(outlet->fd, forward->room, sizeof(forward->room), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || query->in.size + (size_t)n > sizeof(forward->room)) {
		ask_next(query);
		return;
	}
	buf_add(&query->in, forward->room, (size_t)n);
	if (query->in.size < 2)
		return;
	size = (size_t)query->in.data[0] << 8 | query->in.data[1];
	if (query->in.size < 2 + size)
		return;
	memcpy(forward->room, query->in.data + 2, size);
	if (!take(query, forward->room, size))
		ask_next(query);
}

static void on_outlet(void *ctx, unsigned events)
{
	struct outlet *outlet = ctx;

	if (outlet->kind == DNSREC_UDP4 || outlet->kind == DNSREC_UDP6)
		on_udp(outlet);
	else
		on_tcp(outlet, events);
}

static void on_tick(void *ctx)
{
	struct forward *forward = ctx;
	uint64_t now = clock_monotonic_ns();
	struct list late;

	/* apart first: going on with one may end others (a connection with all it asked) */
	list_init(&late);
	list_each_safe(node, &forward->queries) {
		if (container_of(node, struct query, link)->deadline <= now) {
			list_remove(node);
			list_append(&late, node);
		}
	}
	while (!list_empty(&late)) {
		struct query *query = container_of(late.next, struct query, link);

		list_remove(&query->link);
		list_append(&forward->queries, &query->link);
		ask_next(query);
	}
	if (!list_empty(&forward->queries))
		loop_timer_set(forward->tick, DNS_TICK_MS);
}

/* ------------------------------------------------------------------- the whole */

void forward_servers(struct forward *forward, const struct ip *ips, size_t count)
{
	memcpy(forward->servers, ips, count * sizeof(*ips));
	forward->server_count = count;
	forward->good = 0;
}

void forward_renew(struct forward *forward) { forward->wanted++; }

struct forward *forward_new(struct dns *dns)
{
	struct forward *forward = mem_alloc(sizeof(*forward));

	forward->dns = dns;
	list_init(&forward->queries);
	for (size_t kind = 0; kind < DNSREC_FORWARD_COUNT; kind++)
		list_init(&forward->idle[kind]);
	forward->tick = loop_timer_new(dns->loop, on_tick, forward);
	return forward;
}
