/* SPDX-License-Identifier: GPL-2.0-or-later */
/* splice - listeners on [::1] of the host, and the pool of sockets that go out; see splice.h. Floor F4. */
#include "netd/dns/splice.h"

#include <string.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"

static uint32_t key_of(const struct dnsrec *rec) { return (uint32_t)rec->proto << 16 | rec->port; }

/* -------------------------------------------------------------------- the pool */

static void ask(struct splice *splice, enum splice_kind kind)
{
	if (splice->asked[kind] || splice->pooled[kind] >= SPLICE_POOL_LOW)
		return;
	splice->asked[kind] = true;
	control_want(splice->dns, kind == SPLICE_TCP ? DNSREC_SPLICE_TCP : DNSREC_SPLICE_UDP);
	if (!loop_timer_armed(splice->ask_timer))
		loop_timer_set(splice->ask_timer, SPLICE_ASK_MS);
}

static bool is_used(const struct splice *splice, enum splice_kind kind)
{
	const struct listener *listener;
	size_t cursor = 0;

	while ((listener = table_next(&splice->listeners, &cursor)))
		if (listener->kind == kind)
			return true;
	return false;
}

/* The hand may have been away, or has no descriptors left. */
static void on_ask(void *ctx)
{
	struct splice *splice = ctx;

	for (int kind = 0; kind < SPLICE_KINDS; kind++) {
		splice->asked[kind] = false;
		if (is_used(splice, (enum splice_kind)kind))
			ask(splice, (enum splice_kind)kind);
	}
}

/* There is room again, or a socket: whoever rests looks for himself. */
static void wake(struct splice *splice)
{
	struct listener *listener;
	size_t cursor = 0;

	while ((listener = table_next(&splice->listeners, &cursor)))
		if (listener->io)
			loop_io_set(listener->io, LOOP_READ);
}

void splice_outlet(struct splice *splice, enum dnsrec_outlet outlet, int fd)
{
	enum splice_kind kind = outlet == DNSREC_SPLICE_TCP ? SPLICE_TCP : SPLICE_UDP;

	splice->asked[kind] = false;
	if (splice->pooled[kind] == SPLICE_POOL) {
		fd_close(fd);
		return;
	}
	fd_nonblock(fd, true);
	splice->pool[kind][splice->pooled[kind]++] = fd;
	wake(splice);
}

static unsigned tenant_count(const struct splice *splice, uint64_t tenant)
{
	const struct listener *listener;
	size_t cursor = 0;
	unsigned count = 0;

	while ((listener = table_next(&splice->listeners, &cursor)))
		if (listener->tenant == tenant)
			count += listener->count;
	return count;
}

int splice_take(struct listener *listener)
{
	struct splice *splice = listener->splice;
	int fd = -1;

	if (splice->count < SPLICE_MAX && splice->pooled[listener->kind] &&
	    tenant_count(splice, listener->tenant) < SPLICE_TENANT_MAX)
		fd = splice->pool[listener->kind][--splice->pooled[listener->kind]];
	else if (listener->kind == SPLICE_TCP && listener->io)
		loop_io_set(listener->io, 0); /* of UDP those who have a session are served on */
	ask(splice, listener->kind);
	return fd;
}

void splice_give_back(struct listener *listener, int fd)
{
	struct splice *splice = listener->splice;

	splice->pool[listener->kind][splice->pooled[listener->kind]++] = fd;
}

void splice_began(struct listener *listener)
{
	listener->count++;
	listener->splice->count++;
}

void splice_ended(struct listener *listener)
{
	listener->count--;
	listener->splice->count--;
	wake(listener->splice);
}

/* ------------------------------------------------------------------- listeners */

static void listener_mute(struct listener *listener)
{
	loop_io_free(listener->io);
	listener->io = NULL;
	fd_close(listener->fd);
	listener->fd = -1;
}

static void flows_end(struct listener *listener)
{
	if (listener->kind == SPLICE_TCP)
		splice_tcp_end(listener);
	else
		splice_udp_end(listener);
}

static void listener_free(struct listener *listener)
{
	listener_mute(listener);
	flows_end(listener);
	table_del(&listener->splice->listeners, &listener->key, sizeof(listener->key));
	free(listener);
}

void splice_listen(struct splice *splice, const struct dnsrec *rec, int fd)
{
	uint32_t key = key_of(rec);
	struct listener *listener = table_find(&splice->listeners, &key, sizeof(key));
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(rec->port) };

	memcpy(&to.sin6_addr, rec->ip[0].b, sizeof(to.sin6_addr));
	if (listener && (listener->tenant != rec->tenant || memcmp(&listener->to, &to, sizeof(to)) != 0)) {
		listener_free(listener); /* it was another's */
		listener = NULL;
	}
	if (!listener && splice->listeners.count >= SPLICE_LISTENERS_MAX) {
		fd_close(fd);
		return;
	}
	if (!listener) {
		listener = mem_alloc(sizeof(*listener));
		*listener = (struct listener){ .key = key, .tenant = rec->tenant, .to = to, .splice = splice, .fd = -1 };
		listener->kind = rec->proto == IPPROTO_TCP ? SPLICE_TCP : SPLICE_UDP;
		list_init(&listener->flows);
		table_add(&splice->listeners, &listener->key, sizeof(listener->key), listener);
	}
	listener_mute(listener);
	if (listener->kind == SPLICE_UDP)
		flows_end(listener); /* they answer by the listener's socket, which is another now */
	fd_nonblock(fd, true);
	listener->fd = fd;
	listener->io = loop_io_new(splice->dns->loop, fd, LOOP_READ,
				   listener->kind == SPLICE_TCP ? splice_tcp_accept : splice_udp_read, listener);
	ask(splice, listener->kind);
}

void splice_unlisten(struct splice *splice, const struct dnsrec *rec)
{
	uint32_t key = key_of(rec);
	struct listener *listener = table_find(&splice->listeners, &key, sizeof(key));

	if (listener && listener->tenant == rec->tenant)
		listener_free(listener);
}

void splice_begin(struct splice *splice)
{
	struct listener *listener;
	size_t cursor = 0;

	while ((listener = table_next(&splice->listeners, &cursor)))
		listener_mute(listener);
}

void splice_end(struct splice *splice) { loop_timer_set(splice->forget_timer, SPLICE_FORGET_MS); }

static void on_forget(void *ctx)
{
	struct splice *splice = ctx;
	struct listener *listener;
	size_t cursor = 0;

	while ((listener = table_next(&splice->listeners, &cursor)))
		if (listener->fd < 0)
			listener_free(listener);
}

struct splice *splice_new(struct dns *dns)
{
	struct splice *splice = mem_alloc(sizeof(*splice));

	splice->dns = dns;
	splice->ask_timer = loop_timer_new(dns->loop, on_ask, splice);
	splice->forget_timer = loop_timer_new(dns->loop, on_forget, splice);
	return splice;
}
