/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control - what the engine says to moatd-dns; the protocol is in netd/seam/dnsrec.h. Floor F4. */
#include <errno.h>
#include <string.h>

#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/clock.h"
#include "netd/dns/dns.h"

/* Everything is told anew from here on; what is known is good for as long as that takes. */
static void begin(struct dns *dns)
{
	struct tenant *tenant;
	size_t cursor = 0;

	dns->believed = dns->beginning = true;
	while ((tenant = table_next(&dns->tenants, &cursor))) {
		names_fini(&tenant->next);
		tenant->next = (struct names){ 0 };
		tenant->told = false;
	}
	forward_renew(dns->forward);
	splice_begin(dns->splice);
}

static void end(struct dns *dns)
{
	struct tenant *tenant;
	size_t cursor = 0;

	if (!dns->beginning)
		return;
	dns->beginning = false;
	splice_end(dns->splice);
	while ((tenant = table_next(&dns->tenants, &cursor))) {
		if (!tenant->told) {
			tenant_free(tenant);
			continue;
		}
		names_fini(&tenant->names);
		tenant->names = tenant->next;
		tenant->next = (struct names){ 0 };
		tenant_forget_devices(tenant);
	}
}

static void fds_close(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fd_close(fds[i]);
}

static void say(struct dns *dns, enum dnsrec_verb verb, uint64_t number, uint64_t tenant)
{
	const struct dnsrec rec = { .magic = DNSREC_MAGIC, .verb = (uint16_t)verb, .number = number, .tenant = tenant };

	/* two words and an answer to each request: should there be no room for them, the engine starts us again */
	if (dnsrec_send(dns->control, &rec, 1, NULL, 0) < 0)
		log_warn("the engine does not listen");
}

void control_want(struct dns *dns, enum dnsrec_outlet kind)
{
	const struct dnsrec rec = { .magic = DNSREC_MAGIC, .verb = DNSREC_WANT, .flags = (uint16_t)kind };

	(void)dnsrec_send(dns->control, &rec, 1, NULL, 0); /* asked again when none come */
}

static void take_router(struct dns *dns, const struct dnsrec *rec, const int *fds)
{
	struct tenant *tenant = tenant_make(dns, rec->tenant);

	fd_nonblock(fds[0], true);
	fd_nonblock(fds[1], true);
	if (tenant)
		tenant_sockets(tenant, fds[0], fds[1]);
	else
		fds_close(fds, 2);
}

/* Of one tenant: a record of one that is not known makes it known. */
static void take_names(struct dns *dns, const struct dnsrec *rec)
{
	bool gone = rec->verb == DNSREC_NETWORK_GONE || rec->verb == DNSREC_HOST_GONE;
	struct tenant *tenant = gone ? tenant_find(dns, rec->tenant) : tenant_make(dns, rec->tenant);
	struct names *names;

	if (!tenant)
		return;
	names = dns->beginning ? &tenant->next : &tenant->names;
	tenant->told = true;
	if (rec->verb == DNSREC_NETWORK)
		names_network(names, rec);
	else if (rec->verb == DNSREC_NETWORK_GONE)
		names_network_gone(names, rec->network);
	else if (rec->verb == DNSREC_HOST)
		names_host(names, rec);
	else if (rec->verb == DNSREC_ALIAS)
		names_alias(names, rec);
	else
		names_host_gone(names, rec->host);
	tenant_forget_devices(tenant);
}

static void take(struct dns *dns, const struct dnsrec *rec, const int *fds, size_t fd_count)
{
	struct tenant *tenant;

	if (rec->verb == DNSREC_BEGIN && (rec->number == dns->number || (rec->number == 0 && dns->believed))) {
		begin(dns);
		return;
	}
	if (!dns->believed || rec->verb == DNSREC_BEGIN) {
		fds_close(fds, fd_count); /* it was meant for the one before us */
		return;
	}
	switch ((enum dnsrec_verb)rec->verb) {
	case DNSREC_END:
		end(dns);
		break;
	case DNSREC_SERVERS:
		forward_servers(dns->forward, rec->ip, rec->count);
		break;
	case DNSREC_OUTLETS:
		for (size_t i = 0; i < fd_count; i++)
			if (rec->flags < DNSREC_FORWARD_COUNT)
				forward_outlet(dns->forward, (enum dnsrec_outlet)rec->flags, fds[i]);
			else
				splice_outlet(dns->splice, (enum dnsrec_outlet)rec->flags, fds[i]);
		break;
	case DNSREC_LISTEN:
		splice_listen(dns->splice, rec, fds[0]);
		break;
	case DNSREC_UNLISTEN:
		splice_unlisten(dns->splice, rec);
		break;
	case DNSREC_ROUTER:
		take_router(dns, rec, fds);
		break;
	case DNSREC_NETWORK:
	case DNSREC_NETWORK_GONE:
	case DNSREC_HOST:
	case DNSREC_ALIAS:
	case DNSREC_HOST_GONE:
		take_names(dns, rec);
		break;
	case DNSREC_CLOSE:
		tenant = tenant_find(dns, rec->tenant);
		if (tenant)
			tenant_free(tenant);
		say(dns, DNSREC_CLOSED, 0, rec->tenant);
		break;
	case DNSREC_NONE:
	case DNSREC_BEGIN:
	case DNSREC_HELLO:
	case DNSREC_CLOSED:
	case DNSREC_WANT:
	case DNSREC_VERB_COUNT:
		break;
	}
}

/* The supervisor holds the engine's end, too, so an end of the channel is the supervisor's end. */
static void on_control(void *ctx, unsigned events)
{
	struct dns *dns = ctx;
	struct dnsrec recs[DNSREC_BATCH];
	int fds[FDIO_FDS_MAX], n;
	size_t fd_count;

	(void)events;
	n = dnsrec_recv(dns->control, true, recs, fds, &fd_count);
	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		if (n < 0)
			log_error("the engine sent what is no message: %s", strerror(-n));
		dns->status = n < 0;
		loop_stop(dns->loop);
		return;
	}
	for (int i = 0; i < n; i++)
		take(dns, &recs[i], fds, fd_count);
}

void control_start(struct dns *dns, int fd)
{
	dns->control = fd;
	dns->number = random_id48();
	fd_nonblock(fd, true);
	dns->control_io = loop_io_new(dns->loop, fd, LOOP_READ, on_control, dns);
	say(dns, DNSREC_HELLO, dns->number, 0);
}
