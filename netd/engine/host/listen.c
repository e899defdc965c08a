/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen - ports on [::1] of the host; see listen.h. Floor F4. */
#include "netd/engine/host/listen.h"

#include <errno.h>
#include <netinet/in.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "netd/engine/host/dnsfeed.h"

enum { AGAIN_MS = 50, AGAIN_MOST_MS = 2000, CLOSING_MS = 2000 };

/**
 * struct listen - one port
 * @key: protocol and port, of listens.table
 * @to: the router's end of the uplink
 * @told: dns has its socket
 * @asked: the hand was asked for it
 */
struct listen {
	uint32_t key;
	uint64_t tenant;
	struct ip to;
	bool told, asked, failed;
};

/* @closing_ns: until when a port that is taken may be by a socket that dns was told to close */
struct listens {
	struct engine *engine;
	struct table table;
	struct loop_timer *timer;
	uint64_t delay_ms, generation, closing_ns;
};

struct listen_ask {
	struct listens *listens;
	struct listen *items;
	int *fds; /* -1: not yet, or dns's */
	size_t count, answered;
	uint32_t uid;
	struct loop_timer *timer; /* until they are asked for again */
	struct seam_result result;
	listen_fn done;
	void *ctx;
};

/* A single one on its way that is asked for again. */
struct again {
	struct listens *listens;
	uint64_t generation;
	uint32_t key;
};

static uint32_t key_of(uint8_t proto, unsigned port) { return (uint32_t)proto << 16 | port; }

static enum seam_open_what what_of(uint32_t key)
{
	return key >> 16 == IPPROTO_TCP ? SEAM_OPEN_LISTEN_TCP : SEAM_OPEN_LISTEN_UDP;
}

static struct dnsrec record(enum dnsrec_verb verb, const struct listen *listen)
{
	return (struct dnsrec){ .magic = DNSREC_MAGIC, .verb = (uint16_t)verb, .tenant = listen->tenant,
				.proto = (uint8_t)(listen->key >> 16), .port = (uint16_t)listen->key };
}

static void tell(struct listens *listens, struct listen *listen, int fd)
{
	struct dnsrec rec = record(DNSREC_LISTEN, listen);

	rec.count = 1;
	rec.ip[0] = listen->to;
	listen->told = true;
	dnsfeed_send(listens->engine->dnsfeed, &rec, fd);
}

/* dns is another process, which has not heard yet. */
static void closing(struct listens *listens)
{
	listens->closing_ns = clock_monotonic_ns() + CLOSING_MS * 1000000ULL;
}

static struct listen *listen_add(struct listens *listens, const struct listen *from)
{
	struct listen *listen = table_find(&listens->table, &from->key, sizeof(from->key));

	if (listen)
		return listen;
	listen = mem_alloc(sizeof(*listen));
	*listen = *from;
	table_add(&listens->table, &listen->key, sizeof(listen->key), listen);
	return listen;
}

/* ------------------------------------------------------------------- once more */

static void again_soon(struct listens *listens)
{
	if (loop_timer_armed(listens->timer))
		return;
	loop_timer_set(listens->timer, listens->delay_ms);
	listens->delay_ms = listens->delay_ms * 2 < AGAIN_MOST_MS ? listens->delay_ms * 2 : AGAIN_MOST_MS;
}

static void on_again(void *ctx, struct hand_answer *answer)
{
	struct again *again = ctx;
	struct listens *listens = again->listens;
	struct listen *listen = table_find(&listens->table, &again->key, sizeof(again->key));

	if (again->generation == listens->generation && listen && !listen->told) {
		listen->asked = false;
		if (answer->result.status == 0 && answer->fd_count == 1) {
			tell(listens, listen, answer->fds[0]);
			answer->fd_count = 0;
		} else {
			/* the first time it may be the socket of before, which is about to be closed */
			if (listen->failed && listens->delay_ms == AGAIN_MOST_MS)
				log_warn("nobody listens on port %u of [::1], tried again: %s", listen->key & 0xffff,
					 answer->result.text);
			listen->failed = true;
			again_soon(listens);
		}
	}
	free(again);
}

/* It was allowed once; who asked then is not known any more. */
static void ask_again(struct listens *listens, struct listen *listen)
{
	struct again *again;

	if (listen->told || listen->asked)
		return;
	listen->asked = true;
	again = mem_alloc(sizeof(*again));
	*again = (struct again){ .listens = listens, .generation = listens->generation, .key = listen->key };
	hand_listen(listens->engine->hand, what_of(listen->key), (uint16_t)listen->key, 0, on_again, again);
}

static void on_timer(void *ctx)
{
	struct listens *listens = ctx;
	struct listen *listen;
	size_t cursor = 0;

	while ((listen = table_next(&listens->table, &cursor)))
		ask_again(listens, listen);
}

/* --------------------------------------------------------------------- the model */

static struct listen listen_of(const struct tenant *tenant, uint8_t proto, unsigned port)
{
	return (struct listen){ .key = key_of(proto, port), .tenant = tenant->id, .to = tenant_transit6(tenant, true).ip };
}

static void add_endpoint(struct listens *listens, const struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->publish_count; i++) {
		const struct portspec *spec = &endpoint->publish[i]->spec;

		for (unsigned port = spec->host_port; portspec_is_loopback6(spec) && port <= portspec_last(spec); port++) {
			struct listen listen = listen_of(endpoint->stack->tenant, spec->proto, port);

			listen_add(listens, &listen);
		}
	}
}

void listens_tell(struct listens *listens)
{
	const struct tenant *tenant;
	struct listen *listen;
	size_t cursor = 0;

	listens->generation++;
	listens->delay_ms = AGAIN_MS;
	closing(listens);
	while ((listen = table_next(&listens->table, &cursor))) {
		table_del(&listens->table, &listen->key, sizeof(listen->key));
		free(listen);
	}
	cursor = 0;
	while ((tenant = table_next(&listens->engine->model.tenants, &cursor)))
		list_each(node, &tenant->stack_order)
			list_each(link, &container_of(node, struct stack, order)->endpoints)
			{
				const struct endpoint *endpoint = container_of(link, struct endpoint, stack_link);

				if (endpoint->life == LIFE_UP)
					add_endpoint(listens, endpoint);
			}
	on_timer(listens);
}

void listens_close(struct listens *listens, const struct tenant *tenant, const struct portspec *spec)
{
	for (unsigned port = spec->host_port; portspec_is_loopback6(spec) && port <= portspec_last(spec); port++) {
		uint32_t key = key_of(spec->proto, port);
		struct listen *listen = table_find(&listens->table, &key, sizeof(key));
		struct dnsrec rec;

		if (!listen || listen->tenant != tenant->id)
			continue;
		table_del(&listens->table, &key, sizeof(key));
		rec = record(DNSREC_UNLISTEN, listen);
		dnsfeed_send(listens->engine->dnsfeed, &rec, -1);
		closing(listens);
		free(listen);
	}
}

void listens_endpoint_gone(struct listens *listens, const struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->publish_count; i++)
		listens_close(listens, endpoint->stack->tenant, &endpoint->publish[i]->spec);
}

static size_t ports_of(const struct portspec *specs, size_t count)
{
	size_t ports = 0;

	for (size_t i = 0; i < count; i++)
		ports += portspec_is_loopback6(&specs[i]) ? 1U + specs[i].more : 0;
	return ports;
}

int listens_allow(const struct listens *listens, const struct tenant *tenant, const struct portspec *specs, size_t count,
		  struct err *err)
{
	size_t ports = ports_of(specs, count), own = 0, cursor = 0;
	const struct listen *listen;
	char text[PORTSPEC_SIZE];

	for (size_t i = 0; i < count; i++)
		if (portspec_is_loopback6(&specs[i]) && specs[i].proto != IPPROTO_TCP && specs[i].proto != IPPROTO_UDP)
			return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, portspec_print(&specs[i], text),
				       "only ports of tcp and udp are published on [::1]");
	if (ports && !dnsfeed_serves(listens->engine->dnsfeed))
		return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, tenant->name, "there is no moatd-dns, which listens on [::1]");
	while ((listen = table_next(&listens->table, &cursor)))
		own += listen->tenant == tenant->id;
	if (ports == 0 || (own + ports <= LISTEN_TENANT_MAX && listens->table.count + ports <= LISTEN_MAX))
		return 0;
	return err_set(err, ERR_LIMIT, E2BIG, tenant->name,
		       "on [::1] a tenant publishes at most %d ports, all together %d: each is a socket", LISTEN_TENANT_MAX, LISTEN_MAX);
}

struct listens *listens_new(struct engine *engine)
{
	struct listens *listens = mem_alloc(sizeof(*listens));

	listens->engine = engine;
	listens->delay_ms = AGAIN_MS;
	listens->timer = loop_timer_new(engine->loop, on_timer, listens);
	return listens;
}

/* ------------------------------------------------------------------- of a change */

struct listen_ask *listen_ask_new(struct listens *listens, const struct endpoint *endpoint, const struct portspec *specs, size_t count)
{
	size_t ports = ports_of(specs, count);
	struct listen_ask *ask;

	if (ports == 0)
		return NULL;
	ask = mem_alloc(sizeof(*ask));
	ask->listens = listens;
	ask->items = mem_array(ports, sizeof(*ask->items));
	ask->fds = mem_array(ports, sizeof(*ask->fds));
	for (size_t i = 0; i < count; i++)
		for (unsigned port = specs[i].host_port; portspec_is_loopback6(&specs[i]) && port <= portspec_last(&specs[i]); port++) {
			ask->fds[ask->count] = -1;
			ask->items[ask->count++] = listen_of(endpoint->stack->tenant, specs[i].proto, port);
		}
	return ask;
}

struct listen_ask *listen_ask_endpoint(struct listens *listens, const struct endpoint *endpoint)
{
	struct portspec *specs cleanup(mem_freep) = mem_array(endpoint->publish_count + 1, sizeof(*specs));

	for (size_t i = 0; i < endpoint->publish_count; i++)
		specs[i] = endpoint->publish[i]->spec;
	return listen_ask_new(listens, endpoint, specs, endpoint->publish_count);
}

/*
 * Answers come in the order of the questions. Who publishes again what was unpublished a moment ago shall not be told that it
 * is taken, by ourselves: while dns may still be closing something, all are asked for once more.
 */
static void on_listen(void *ctx, struct hand_answer *answer)
{
	struct listen_ask *ask = ctx;

	if (answer->result.status == 0 && answer->fd_count == 1) {
		ask->fds[ask->answered] = answer->fds[0];
		answer->fd_count = 0;
	} else if (ask->result.status == 0) {
		ask->result = answer->result;
	}
	if (++ask->answered < ask->count)
		return;
	if (ask->result.status == -EADDRINUSE && clock_monotonic_ns() < ask->listens->closing_ns)
		loop_timer_set(ask->timer, AGAIN_MS);
	else
		ask->done(ask->ctx, &ask->result);
}

static void ask_all(struct listen_ask *ask)
{
	ask->answered = 0;
	ask->result = (struct seam_result){ 0 };
	for (size_t i = 0; i < ask->count; i++) {
		fd_close(ask->fds[i]);
		ask->fds[i] = -1;
	}
	for (size_t i = 0; i < ask->count; i++)
		hand_listen(ask->listens->engine->hand, what_of(ask->items[i].key), (uint16_t)ask->items[i].key, ask->uid, on_listen,
			    ask);
}

static void on_ask_again(void *ctx) { ask_all(ctx); }

void listen_ask_run(struct listen_ask *ask, uint32_t uid, listen_fn done, void *ctx)
{
	ask->uid = uid;
	ask->done = done;
	ask->ctx = ctx;
	ask->timer = loop_timer_new(ask->listens->engine->loop, on_ask_again, ask);
	ask_all(ask);
}

void listen_ask_commit(struct listen_ask *ask)
{
	for (size_t i = 0; i < ask->count; i++) {
		struct listen *listen = listen_add(ask->listens, &ask->items[i]);

		tell(ask->listens, listen, ask->fds[i]);
		ask->fds[i] = -1;
	}
}

void listen_ask_free(struct listen_ask *ask)
{
	if (!ask)
		return;
	for (size_t i = 0; i < ask->count; i++)
		fd_close(ask->fds[i]);
	loop_timer_free(ask->timer);
	free(ask->fds);
	free(ask->items);
	free(ask);
}
