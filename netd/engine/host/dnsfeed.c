/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dnsfeed - what moatd-dns is told, and when; see dnsfeed.h. Floor F4.
 *
 * A generation begins with each BEGIN. Sockets that were asked of the hand in
 * an earlier one are for nobody, and closed when they come.
 */
#include "netd/engine/host/dnsfeed.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/host/listen.h"
#include "netd/engine/host/resolv.h"
#include "netd/seam/dnsrec.h"

enum {
	QUEUE_MAX = 65536,   /* messages that wait for room: a dns that lets so many lie is stuck */
	PATIENCE_MS = 2000,  /* for a dns that shall close, or does not read */
	RESOLV_MS = 2000,    /* how often resolv.conf is looked at */
	UDP_OUTLETS = 256,   /* sockets of a family: netd/dns/dns.h, DNS_OUTSTANDING_MAX */
	TCP_OUTLETS = 64,
	SPLICE_OUTLETS = 64, /* of a kind, each time they run short: netd/dns/splice.h, SPLICE_POOL */
};

struct message {
	struct list link;
	size_t count, fd_count;
	int fds[FDIO_FDS_MAX]; /* owned */
	struct dnsrec recs[];  /* DNSREC_BATCH, 1 beside descriptors */
};

/* A tenant whose sockets dns has, or shall get. */
struct open {
	uint64_t tenant;
	uint64_t asked; /* number of the last request to the hand */
};

struct dnsfeed {
	struct engine *engine;
	int fd;
	struct loop_io *io;
	struct loop_timer *patience, *resolv_timer;
	struct list queue;
	size_t queued, closing;
	uint64_t sent, sent_before; /* messages in all, and when patience began */
	struct table opens;
	uint64_t generation, asked;
	bool started, outlets[2]; /* of IPv4, of IPv6: asked for */
	bool news;		  /* of an endpoint that came, in the queue */
	struct resolv resolv;
};

/* A request to the hand on its way. */
struct asking {
	struct dnsfeed *feed;
	uint64_t generation, tenant, number;
	enum dnsrec_outlet kind;
};

/* ------------------------------------------------------------------------ out */

static void message_free(struct message *message)
{
	for (size_t i = 0; i < message->fd_count; i++)
		fd_close(message->fds[i]);
	list_remove(&message->link);
	free(message);
}

static void queue_clear(struct dnsfeed *feed)
{
	list_each_safe(node, &feed->queue)
		message_free(container_of(node, struct message, link));
	feed->queued = 0;
}

/* It comes back by itself, says HELLO, and is told everything. */
static void kill_dns(struct dnsfeed *feed, const char *why)
{
	log_error("moatd-dns %s: it is started again", why);
	queue_clear(feed);
	feed->closing = 0;
	if (feed->engine->ready_fd >= 0 && write(feed->engine->ready_fd, "K", 1) != 1)
		log_warn("the supervisor does not listen");
}

static void patience_start(struct dnsfeed *feed)
{
	if (loop_timer_armed(feed->patience))
		return;
	feed->sent_before = feed->sent;
	loop_timer_set(feed->patience, PATIENCE_MS);
}

static void on_patience(void *ctx)
{
	struct dnsfeed *feed = ctx;

	if (feed->queued && feed->sent != feed->sent_before)
		patience_start(feed); /* slow, but it reads */
	else if (feed->queued)
		kill_dns(feed, "does not read what it is told");
	else if (feed->closing)
		kill_dns(feed, "does not close a tenant's sockets");
}

static void flush(struct dnsfeed *feed)
{
	while (!list_empty(&feed->queue)) {
		struct message *message = container_of(feed->queue.next, struct message, link);
		int r = dnsrec_send(feed->fd, message->recs, message->count, message->fds, message->fd_count);

		if (r == -EAGAIN) {
			loop_io_set(feed->io, LOOP_READ | LOOP_WRITE);
			patience_start(feed);
			return;
		}
		if (r < 0 && r != -EPIPE && r != -ECONNRESET) { /* these: it is gone, and the next one is told everything */
			log_warn("moatd-dns cannot be told: %s", strerror(-r));
			kill_dns(feed, "has missed what it should know");
			return;
		}
		message_free(message);
		feed->queued--;
		feed->sent++;
	}
	loop_io_set(feed->io, LOOP_READ);
}

static void queue_add(struct dnsfeed *feed, const struct dnsrec *rec, const int *fds, size_t fd_count)
{
	struct message *last = list_empty(&feed->queue) ? NULL : container_of(feed->queue.prev, struct message, link);
	struct message *message;

	if (fd_count == 0 && last && last->fd_count == 0 && last->count < DNSREC_BATCH) {
		last->recs[last->count++] = *rec;
		return;
	}
	/* not zeroed, which is ten kilobytes: a record is read when it has been put down */
	message = mem_room(sizeof(*message) + (fd_count ? 1 : DNSREC_BATCH) * sizeof(*rec));
	message->recs[0] = *rec;
	message->count = 1;
	message->fd_count = fd_count;
	memcpy(message->fds, fds, fd_count * sizeof(*fds));
	list_append(&feed->queue, &message->link);
	if (++feed->queued > QUEUE_MAX)
		kill_dns(feed, "does not read what it is told");
}

static struct dnsrec record(enum dnsrec_verb verb, uint64_t tenant)
{
	return (struct dnsrec){ .magic = DNSREC_MAGIC, .verb = (uint16_t)verb, .tenant = tenant };
}

static void tell(struct dnsfeed *feed, const struct dnsrec *rec)
{
	queue_add(feed, rec, NULL, 0);
}

/* -------------------------------------------------------------------- sockets */

static void on_outlets(void *ctx, struct hand_answer *answer)
{
	struct asking *asking = ctx;
	struct dnsfeed *feed = asking->feed;
	struct dnsrec rec = record(DNSREC_OUTLETS, 0);

	rec.flags = (uint16_t)asking->kind;
	if (answer->result.status < 0) {
		log_warn("no sockets for forwarded names: %s", answer->result.text);
	} else if (asking->generation == feed->generation && answer->fd_count) {
		queue_add(feed, &rec, answer->fds, answer->fd_count);
		answer->fd_count = 0;
		flush(feed);
	}
	free(asking);
}

static void ask_outlets(struct dnsfeed *feed, enum dnsrec_outlet kind, size_t count)
{
	static const enum seam_open_what whats[DNSREC_OUTLET_COUNT] = {
		[DNSREC_UDP4] = SEAM_OPEN_UDP4,
		[DNSREC_UDP6] = SEAM_OPEN_UDP6,
		[DNSREC_TCP4] = SEAM_OPEN_TCP4,
		[DNSREC_TCP6] = SEAM_OPEN_TCP6,
		[DNSREC_SPLICE_TCP] = SEAM_OPEN_TCP6,
		[DNSREC_SPLICE_UDP] = SEAM_OPEN_UDP6,
	};

	for (size_t i = 0; i < count; i += FDIO_FDS_MAX) {
		struct asking *asking = mem_alloc(sizeof(*asking));

		*asking = (struct asking){ .feed = feed, .generation = feed->generation, .kind = kind };
		hand_open(feed->engine->hand, NS_HOST, whats[kind], on_outlets, asking);
	}
}

/* The sockets of the families that the name servers have, once there is somebody to forward for. */
static void need_outlets(struct dnsfeed *feed)
{
	for (size_t i = 0; i < feed->resolv.count && feed->opens.count; i++) {
		bool six = feed->resolv.servers[i].family == 6;

		if (feed->outlets[six])
			continue;
		feed->outlets[six] = true;
		ask_outlets(feed, six ? DNSREC_UDP6 : DNSREC_UDP4, UDP_OUTLETS);
		ask_outlets(feed, six ? DNSREC_TCP6 : DNSREC_TCP4, TCP_OUTLETS);
	}
}

static void on_router(void *ctx, struct hand_answer *answer)
{
	struct asking *asking = ctx;
	struct dnsfeed *feed = asking->feed;
	const struct open *open = table_find(&feed->opens, &asking->tenant, sizeof(asking->tenant));
	struct dnsrec rec = record(DNSREC_ROUTER, asking->tenant);

	if (asking->generation == feed->generation && open && open->asked == asking->number) {
		if (answer->result.status == 0 && answer->fd_count == 2) {
			queue_add(feed, &rec, answer->fds, 2);
			answer->fd_count = 0;
			flush(feed);
		} else {
			log_warn("no name service in router %llx: %s", (unsigned long long)asking->tenant,
				 answer->result.text);
		}
	}
	free(asking);
}

void dnsfeed_router(struct dnsfeed *feed, uint64_t tenant)
{
	struct open *open = table_find(&feed->opens, &tenant, sizeof(tenant));
	struct asking *asking;

	if (!open)
		return;
	open->asked = ++feed->asked;
	asking = mem_alloc(sizeof(*asking));
	*asking = (struct asking){
		.feed = feed, .generation = feed->generation, .tenant = tenant, .number = open->asked
	};
	hand_open(feed->engine->hand, NS_ID(NS_ROUTER, tenant), SEAM_OPEN_DNS, on_router, asking);
}

static void need_router(struct dnsfeed *feed, uint64_t tenant)
{
	struct open *open = table_find(&feed->opens, &tenant, sizeof(tenant));

	if (open)
		return;
	open = mem_alloc(sizeof(*open));
	open->tenant = tenant;
	table_add(&feed->opens, &open->tenant, sizeof(open->tenant), open);
	dnsfeed_router(feed, tenant);
	need_outlets(feed);
	if (!loop_timer_armed(feed->resolv_timer))
		loop_timer_set(feed->resolv_timer, RESOLV_MS);
}

/* ---------------------------------------------------------------------- names */

static void tell_network(struct dnsfeed *feed, const struct network *network)
{
	struct dnsrec rec = record(DNSREC_NETWORK, network->tenant->id);

	rec.network = network->id;
	rec.flags = (uint16_t)((network->internal ? DNSREC_INTERNAL : 0) | (network->dns_rebind_protect ? DNSREC_REBIND : 0));
	(void)str_copy(rec.name, sizeof(rec.name), network->name);
	rec.count = (uint8_t)network->subnet_count;
	for (size_t i = 0; i < network->subnet_count; i++) {
		rec.ip[i] = network->subnets[i].ip;
		rec.len[i] = network->subnets[i].len;
	}
	tell(feed, &rec);
	need_router(feed, network->tenant->id);
}

static void tell_endpoint(struct dnsfeed *feed, const struct endpoint *endpoint)
{
	struct dnsrec rec = record(DNSREC_HOST, endpoint->network->tenant->id);

	rec.network = endpoint->network->id;
	rec.host = endpoint->id;
	(void)str_copy(rec.name, sizeof(rec.name), endpoint->stack->name);
	rec.count = (uint8_t)endpoint->ip_count;
	for (size_t i = 0; i < endpoint->ip_count; i++)
		rec.ip[i] = endpoint->ips[i].ip;
	rec.link = ip6_linklocal(&endpoint->mac);
	tell(feed, &rec);
	for (size_t i = 0; i < endpoint->alias_count; i++) {
		struct dnsrec alias = record(DNSREC_ALIAS, endpoint->network->tenant->id);

		alias.host = endpoint->id;
		(void)str_copy(alias.name, sizeof(alias.name), endpoint->aliases[i]);
		tell(feed, &alias);
	}
}

void dnsfeed_network(struct dnsfeed *feed, const struct network *network)
{
	if (!feed->started || !network_has_dns(network))
		return;
	tell_network(feed, network);
	flush(feed);
}

/* Of a wire's end, and in a network without names, there is nothing to tell. */
static bool has_name(const struct endpoint *endpoint) { return endpoint->network && network_has_dns(endpoint->network); }

void dnsfeed_endpoint(struct dnsfeed *feed, const struct endpoint *endpoint)
{
	if (!feed->started || !has_name(endpoint))
		return;
	tell_endpoint(feed, endpoint);
	feed->news = true;
}

void dnsfeed_flush(struct dnsfeed *feed)
{
	feed->news = false;
	if (!list_empty(&feed->queue))
		flush(feed);
}

void dnsfeed_flush_news(struct dnsfeed *feed)
{
	if (feed->news)
		dnsfeed_flush(feed);
}

static void tell_endpoint_gone(struct dnsfeed *feed, const struct endpoint *endpoint)
{
	struct dnsrec rec = record(DNSREC_HOST_GONE, endpoint->network->tenant->id);

	rec.host = endpoint->id;
	tell(feed, &rec);
}

void dnsfeed_endpoint_gone(struct dnsfeed *feed, const struct endpoint *endpoint)
{
	if (feed->started && has_name(endpoint))
		tell_endpoint_gone(feed, endpoint);
}

/* With the last network that has names the tenant's sockets are closed: its router may go next. */
static void tell_network_gone(struct dnsfeed *feed, const struct network *network)
{
	struct dnsrec rec = record(DNSREC_NETWORK_GONE, network->tenant->id);
	const struct network *other;
	size_t cursor = 0;
	struct open *open;
	bool last = true;

	rec.network = network->id;
	while ((other = table_next(&network->tenant->networks, &cursor)))
		last = last && (other == network || !network_has_dns(other));
	if (last) {
		rec = record(DNSREC_CLOSE, network->tenant->id);
		open = table_del(&feed->opens, &network->tenant->id, sizeof(network->tenant->id));
		if (!open)
			return;
		free(open);
		feed->closing++;
		patience_start(feed);
	}
	tell(feed, &rec);
}

static void on_endpoint_gone(void *ctx, const struct endpoint *endpoint)
{
	struct dnsfeed *feed = ctx;

	listens_endpoint_gone(feed->engine->listens, endpoint);
	if (!has_name(endpoint))
		return;
	tell_endpoint_gone(feed, endpoint);
	if (!feed->engine->txns)
		flush(feed);
}

static void on_network_gone(void *ctx, const struct network *network)
{
	if (!network_has_dns(network))
		return;
	tell_network_gone(ctx, network);
	flush(ctx);
}

static void tell_network_all(struct dnsfeed *feed, const struct network *network)
{
	tell_network(feed, network);
	/* also those that are being made: they were told already, and will not be again */
	list_each(node, &network->endpoints)
		tell_endpoint(feed, container_of(node, struct endpoint, network_link));
}

static void tell_tenant(struct dnsfeed *feed, const struct tenant *tenant)
{
	const struct network *network;
	size_t cursor = 0;

	while ((network = table_next(&tenant->networks, &cursor)))
		if (network->life == LIFE_UP && network_has_dns(network))
			tell_network_all(feed, network);
}

/* Whatever it was before: what goes that is not known there is no failure. */
void dnsfeed_changed(struct dnsfeed *feed, const struct network *network)
{
	if (!feed->started)
		return;
	if (network_has_dns(network)) {
		tell_network_all(feed, network);
	} else {
		list_each(node, &network->endpoints)
			tell_endpoint_gone(feed, container_of(node, struct endpoint, network_link));
		tell_network_gone(feed, network);
	}
	flush(feed);
}

static void tell_servers(struct dnsfeed *feed)
{
	struct dnsrec rec = record(DNSREC_SERVERS, 0);

	rec.count = (uint8_t)feed->resolv.count;
	memcpy(rec.ip, feed->resolv.servers, feed->resolv.count * sizeof(*rec.ip));
	tell(feed, &rec);
}

/* A new generation: everything, and all sockets again. */
static void tell_all(struct dnsfeed *feed, uint64_t number)
{
	struct dnsrec rec = record(DNSREC_BEGIN, 0);
	const struct tenant *tenant;
	struct open *open;
	size_t cursor = 0;

	queue_clear(feed);
	feed->closing = 0;
	feed->generation++;
	feed->outlets[0] = feed->outlets[1] = false;
	while ((open = table_next(&feed->opens, &cursor))) {
		table_del(&feed->opens, &open->tenant, sizeof(open->tenant));
		free(open);
	}
	rec.number = number;
	tell(feed, &rec);
	(void)resolv_read(&feed->resolv);
	tell_servers(feed);
	cursor = 0;
	while ((tenant = table_next(&feed->engine->model.tenants, &cursor)))
		tell_tenant(feed, tenant);
	rec = record(DNSREC_END, 0);
	tell(feed, &rec);
	flush(feed);
	listens_tell(feed->engine->listens);
}

void dnsfeed_send(struct dnsfeed *feed, const struct dnsrec *rec, int fd)
{
	if (!feed->started) {
		fd_close(fd);
		return;
	}
	queue_add(feed, rec, &fd, fd >= 0);
	flush(feed);
}

/* ------------------------------------------------------------------------- in */

static void on_resolv(void *ctx)
{
	struct dnsfeed *feed = ctx;

	if (feed->opens.count)
		loop_timer_set(feed->resolv_timer, RESOLV_MS);
	if (!resolv_read(&feed->resolv))
		return;
	tell_servers(feed);
	need_outlets(feed);
	flush(feed);
}

static void on_said(void *ctx, unsigned events)
{
	struct dnsfeed *feed = ctx;
	struct dnsrec recs[DNSREC_BATCH];
	int fds[FDIO_FDS_MAX], n;
	size_t fd_count;

	if (events & LOOP_WRITE)
		flush(feed);
	if (!(events & LOOP_READ))
		return;
	n = dnsrec_recv(feed->fd, false, recs, fds, &fd_count);
	if (n == -EPROTO || n == -E2BIG) {
		kill_dns(feed, "says what it may not say");
		return;
	}
	if (n == 0)
		loop_io_set(feed->io, 0); /* the supervisor has gone, and so shall we */
	for (int i = 0; i < n; i++) {
		if (recs[i].verb == DNSREC_HELLO && feed->started)
			tell_all(feed, recs[i].number);
		else if (recs[i].verb == DNSREC_CLOSED && feed->closing)
			feed->closing--;
		else if (recs[i].verb == DNSREC_WANT && recs[i].flags >= DNSREC_FORWARD_COUNT)
			ask_outlets(feed, (enum dnsrec_outlet)recs[i].flags, SPLICE_OUTLETS);
	}
}

bool dnsfeed_serves(const struct dnsfeed *feed) { return feed->fd >= 0; }

size_t dnsfeed_closing(const struct dnsfeed *feed) { return feed->closing; }

void dnsfeed_start(struct dnsfeed *feed)
{
	if (feed->fd < 0)
		return;
	feed->started = true;
	feed->engine->model.watch = (struct model_watch){
		.ctx = feed, .endpoint_gone = on_endpoint_gone, .network_gone = on_network_gone
	};
	feed->io = loop_io_new(feed->engine->loop, feed->fd, LOOP_READ, on_said, feed);
	tell_all(feed, 0); /* to one that outlived an engine; one that is new asks for it */
}

struct dnsfeed *dnsfeed_new(struct engine *engine, int fd, const char *resolv_conf)
{
	struct dnsfeed *feed = mem_alloc(sizeof(*feed));

	feed->engine = engine;
	feed->fd = fd;
	list_init(&feed->queue);
	feed->resolv.path = resolv_conf;
	feed->patience = loop_timer_new(engine->loop, on_patience, feed);
	feed->resolv_timer = loop_timer_new(engine->loop, on_resolv, feed);
	if (fd >= 0)
		fd_nonblock(fd, true);
	return feed;
}
