/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor - signs of drift. Floor F4.
 *
 * Our own changes make the same messages as anybody's, and the kernel's own
 * housekeeping makes more; looking each time would cost a comparison a request.
 * So a message is judged by who asked for it (its netlink port): what the hand
 * did is known, what the kernel did by itself follows from a link, which counts
 * when it ends, or is another than it was made, while the model has its id. All
 * else is somebody's and counts when it takes something away. Where the kernel
 * does not tell who asked, it is taken for us while a change of ours is on its
 * way. Of most sysctls the kernel tells nothing: `check` reads them.
 *
 * Nothing is read while a plan of ours is with the hand, but for every REST_MS:
 * making a link tells five times or more, and each would wake us, at the cost of
 * who makes it. So all watches are in one epoll instance of their own, and that
 * is what the loop looks at, or for a while does not.
 */
#include "netd/engine/compare/monitor.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/nft_decode.h"
#include "lib/kern/rtnl_decode.h"
#include "netd/engine/compare/reconcile.h"

enum {
	MONITOR_READ_SIZE = 32 * 1024,
	/*
	 * The kernel queues the messages of a change before the hand can answer, so they are read within a few turns
	 * of the loop. What comes later is not ours; were this longer, a busy daemon would see no drift at all.
	 */
	QUIET_MS = 25,
	REST_MS = 10, /* below QUIET_MS: what our own change said is read as such */
	WATCHES_AT_ONCE = 16,
	READS_MAX = 1024, /* of so many watches, after a rest */
};

struct watch {
	struct list link;
	struct monitor *monitor;
	uint64_t ns;
	enum seam_open_what what;
	int fd; /* -1: asked for and not yet there */
	bool dropped;
};

struct monitor {
	struct engine *engine;
	struct list watches;
	struct loop_timer *quiet, *rest;
	int epoll; /* of all watches */
	bool rested; /* what is being read came while a plan of ours was on its way, however late it is read */
	struct loop_io *io;
	char data[MONITOR_READ_SIZE];
};

/* Is a change of ours on its way, or just over? */
static bool own_change(struct monitor *monitor)
{
	struct engine *engine = monitor->engine;

	return engine->txns || engine->gated || monitor->rested ||
	       clock_monotonic_ns() - hand_planned_ns(engine->hand) < QUIET_MS * 1000000ULL;
}

static void on_quiet(void *ctx)
{
	struct monitor *monitor = ctx;

	if (own_change(monitor))
		loop_timer_set(monitor->quiet, QUIET_MS);
	else
		reconcile_soon(monitor->engine);
}

static void sign(struct monitor *monitor)
{
	if (!own_change(monitor))
		reconcile_soon(monitor->engine);
	else if (!loop_timer_armed(monitor->quiet))
		loop_timer_set(monitor->quiet, QUIET_MS);
}

static const struct network *network_by_id(const struct model *model, uint64_t id)
{
	const struct tenant *tenant;
	size_t cursor = 0;

	while ((tenant = table_next(&model->tenants, &cursor))) {
		const struct network *network;
		size_t at = 0;

		while ((network = table_next(&tenant->networks, &at)))
			if (network->id == id)
				return network;
	}
	return NULL;
}

/* Does a port, or bridge, of this id differ from what it was made as? */
static bool link_differs(const struct model *model, uint64_t id, const struct rtnl_event *event)
{
	const struct endpoint *endpoint = model_endpoint_by_id(model, id);
	const struct network *network = endpoint ? endpoint->network : network_by_id(model, id);

	if (endpoint && network && network->mode != NETWORK_ROUTED && !event->master)
		return true;
	return network && event->mtu != (endpoint ? endpoint->mtu : network->mtu);
}

/* The id of an endpoint that has gone is taken still, where its addresses are remembered for its name: that link may end. */
static bool is_known(const struct model *model, char kind, uint64_t id)
{
	return kind == 'p' ? model_endpoint_by_id(model, id) != NULL : model_id_taken(model, id);
}

/*
 * Does a link that the model knows end, or differ from what it was made as? The carrier is its other end's affair,
 * and so a stack's: that it comes and goes must cost nothing.
 */
static bool link_counts(struct monitor *monitor, const struct rtnl_event *event)
{
	bool uplink = str_eq(event->name, UPLINK_NAME);
	uint64_t id = 0;

	if (!uplink && str_eq(event->name, monitor->engine->facts.mtu_dev)) /* the host's own way out: the uplinks follow */
		return !event->removed && !event->port_only && event->mtu != monitor->engine->facts.mtu_link;
	if (!uplink && (event->name[0] != 'm' || !event->name[1] || str_hex48(event->name + 2, &id) < 0 ||
			!is_known(&monitor->engine->model, event->name[1], id)))
		return false;
	if (event->removed)
		return !uplink; /* its other end, in the host, tells */
	/* while a change of ours is on its way, links differ because they are being made; but none is ever set down by us */
	if (own_change(monitor) && !event->set_down)
		return false;
	if (event->port_only)
		return event->loose;
	if (event->down)
		return true;
	if (event->name[1] == 's') /* of a shaper nothing else counts */
		return false;
	if (uplink || event->name[1] == 'u')
		return monitor->engine->facts.mtu && event->mtu != monitor->engine->facts.mtu;
	return link_differs(&monitor->engine->model, id, event);
}

/* A prefix came to a link of the host, or went: whether it answers there for endpoints may have changed. */
static bool concerns_routed(const struct monitor *monitor, const struct rtnl_event *event)
{
	const struct model *model = &monitor->engine->model;

	for (size_t i = 0; event->on_link.ip.family == 6 && i < model->routed_count; i++)
		if (prefix_overlaps(&model->routed[i], &event->on_link))
			return true;
	return false;
}

static void on_rtnl(struct watch *watch, const void *data, size_t size)
{
	struct monitor *monitor = watch->monitor;
	struct rtnl_event event;
	size_t cursor = 0;

	while (rtnl_event_next(data, size, &cursor, &event)) {
		bool counts = false;

		switch ((enum rtnl_event_part)event.part) {
		case RTNL_EVENT_LINK:
			counts = link_counts(monitor, &event);
			break;
		case RTNL_EVENT_ROUTE:
			/* one of the kernel's that somebody asked to be removed may be that of an address of ours */
			counts = event.removed && event.portid &&
				 (event.protocol == OBJ_ROUTE_PROTO || event.protocol == RTPROT_KERNEL);
			/* the host's own way out may change: what must forward changes with it */
			if (event.protocol != OBJ_ROUTE_PROTO && watch->ns == NS_HOST)
				counts = counts || event.is_default || concerns_routed(monitor, &event);
			break;
		case RTNL_EVENT_ADDR: /* of IPv6 it is not told who asked */
			counts = event.removed && (event.portid || !own_change(monitor));
			break;
		case RTNL_EVENT_NEIGH: /* a removal that was asked for tells itself as a change, with who asked */
			counts = event.portid != 0;
			break;
		case RTNL_EVENT_QDISC: /* the kernel's own tell nothing; on the host's devices they are its administrator's */
			counts = event.portid != 0 && watch->ns != NS_HOST;
			break;
		case RTNL_EVENT_CONF: /* never tells who; but a host that becomes a router, or ends to be one, is not our doing */
			counts = !own_change(monitor) || (watch->ns == NS_HOST && event.index == RTNL_CONF_ALL);
			break;
		case RTNL_EVENT_FDB: /* never tells who; ours are static, so they go by a hand or with their port */
			counts = event.removed && !own_change(monitor) && list_empty(&monitor->engine->endings);
			break;
		}
		if (counts && event.portid != monitor->engine->features.portid) {
			log_debug("a sign of drift in %llx: part %u of %s, asked for by %u", (unsigned long long)watch->ns,
				  event.part, event.name, event.portid);
			sign(monitor);
		}
	}
}

static void watch_read(struct watch *watch)
{
	char *data = watch->monitor->data;

	/* after a rest all of it: what was left would be read as news, and not as what we did ourselves */
	for (int i = 0; i < 16 || watch->monitor->rested; i++) {
		ssize_t n = recv(watch->fd, data, MONITOR_READ_SIZE, MSG_DONTWAIT);

		if (n < 0 && errno == ENOBUFS) {
			sign(watch->monitor); /* messages were lost: who knows what they said */
			continue;
		}
		if (n <= 0)
			return;
		if (watch->what == SEAM_OPEN_MONITOR)
			on_rtnl(watch, data, (size_t)n);
		else if (nft_event_foreign(data, (size_t)n, watch->monitor->engine->features.portid))
			sign(watch->monitor);
	}
}

/* Return: how many watches there was something to read of. */
static int monitor_read(struct monitor *monitor)
{
	struct epoll_event events[WATCHES_AT_ONCE];
	int n = epoll_wait(monitor->epoll, events, WATCHES_AT_ONCE, 0);

	for (int i = 0; i < n; i++)
		watch_read(events[i].data.ptr);
	return n;
}

static void on_watches(void *ctx, unsigned events)
{
	(void)events;
	monitor_read(ctx);
}

static void on_rest(void *ctx)
{
	struct monitor *monitor = ctx;

	monitor->rested = true;
	for (int i = 0; i < READS_MAX && monitor_read(monitor) > 0; i++)
		;
	monitor->rested = false;
	if (monitor->engine->txns)
		loop_timer_set(monitor->rest, REST_MS);
	else
		loop_io_set(monitor->io, LOOP_READ);
}

void monitor_rest(struct monitor *monitor)
{
	if (loop_timer_armed(monitor->rest))
		return;
	loop_io_set(monitor->io, 0);
	loop_timer_set(monitor->rest, REST_MS);
}

static void watch_free(struct watch *watch)
{
	list_remove(&watch->link);
	/* the hand may not have closed its own yet, and as long as that stands, it would stay in there */
	if (watch->fd >= 0)
		(void)epoll_ctl(watch->monitor->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	fd_close(watch->fd);
	free(watch);
}

static void on_opened(void *ctx, struct hand_answer *answer)
{
	struct watch *watch = ctx;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

	if (watch->dropped || answer->result.status < 0 || answer->fd_count < 1) {
		if (!watch->dropped)
			log_warn("no monitor in namespace %llx: %s", (unsigned long long)watch->ns, answer->result.text);
		watch_free(watch);
		return;
	}
	watch->fd = answer->fds[0];
	answer->fds[0] = -1;
	fd_nonblock(watch->fd, true);
	if (epoll_ctl(watch->monitor->epoll, EPOLL_CTL_ADD, watch->fd, &event) < 0) {
		log_warn("no monitor in namespace %llx: %s", (unsigned long long)watch->ns, strerror(errno));
		watch_free(watch);
	}
}

static void watch_new(struct monitor *monitor, uint64_t ns, enum seam_open_what what)
{
	struct watch *watch = mem_alloc(sizeof(*watch));

	watch->monitor = monitor;
	watch->ns = ns;
	watch->what = what;
	watch->fd = -1;
	list_append(&monitor->watches, &watch->link);
	hand_open(monitor->engine->hand, ns, what, on_opened, watch);
}

static bool watched(const struct monitor *monitor, uint64_t ns)
{
	list_each(node, &monitor->watches) {
		const struct watch *watch = container_of(node, struct watch, link);

		if (watch->ns == ns && !watch->dropped)
			return true;
	}
	return false;
}

static void monitor_add(struct monitor *monitor, uint64_t ns)
{
	if (watched(monitor, ns))
		return;
	watch_new(monitor, ns, SEAM_OPEN_MONITOR);
	watch_new(monitor, ns, SEAM_OPEN_NFTMON);
}

void monitor_sync(struct monitor *monitor)
{
	const struct tenant *tenant;
	size_t cursor = 0;

	monitor_add(monitor, NS_HOST);
	while ((tenant = table_next(&monitor->engine->model.tenants, &cursor))) {
		const struct network *network;
		size_t at = 0;

		while ((network = table_next(&tenant->networks, &at)))
			if (network->life == LIFE_UP) {
				monitor_add(monitor, NS_ID(NS_ROUTER, tenant->id));
				break;
			}
	}
}

void monitor_drop(struct monitor *monitor, uint64_t ns)
{
	list_each_safe(node, &monitor->watches) {
		struct watch *watch = container_of(node, struct watch, link);

		if (watch->ns != ns)
			continue;
		if (watch->fd >= 0)
			watch_free(watch);
		else
			watch->dropped = true; /* its answer is still on the way */
	}
}

struct monitor *monitor_new(struct engine *engine)
{
	struct monitor *monitor = mem_alloc(sizeof(*monitor));

	monitor->engine = engine;
	list_init(&monitor->watches);
	monitor->quiet = loop_timer_new(engine->loop, on_quiet, monitor);
	monitor->rest = loop_timer_new(engine->loop, on_rest, monitor);
	monitor->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (monitor->epoll < 0)
		abort(); /* as the loop's own: nothing is begun yet */
	monitor->io = loop_io_new(engine->loop, monitor->epoll, LOOP_READ, on_watches, monitor);
	return monitor;
}
