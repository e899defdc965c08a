/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve - one request after the other; see serve.h. Floor F4.
 *
 * Requests are answered in order. Between them come the reports of the
 * reaper. What is malformed ends the program: the engine that sent it is not
 * to be talked to, and the supervisor starts both again.
 */
#include "netd/hand/serve.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/kern/rtnl.h"
#include "lib/kern/rtnl_decode.h"
#include "lib/kern/sysctl.h"
#include "netd/hand/check.h"
#include "netd/hand/dump.h"
#include "netd/hand/exec.h"
#include "netd/hand/flows.h"
#include "netd/hand/sockets.h"

enum {
	REFUSED_PLAN_LOG_MAX = 1000, /* lines of a refused plan that are logged */
	HELD_MAX = 4096,	     /* bytes of an answer that joins a held one */
	PLACED_MS = 1000,	     /* for which it is remembered where the engine was */
	SOON_NS = 300000,	     /* for which a plan that was announced is looked for: an engine with cold caches takes 200 us */
};

static int held_send(struct serve *serve)
{
	int r = seam_send_whole(serve->seam, serve->held.data, serve->held.size);

	buf_clear(&serve->held);
	return r;
}

/* Every message to the engine goes by here, behind what was held. */
static int answer(struct serve *serve, const struct seam_head *head, const void *payload, const int *fds, size_t fd_count)
{
	size_t size = (size_t)head->count * head->size;
	int r = 0;

	if (serve->held.size > 0 && fd_count == 0 && size <= HELD_MAX) {
		buf_add(&serve->held, head, sizeof(*head));
		buf_add(&serve->held, payload, size);
		return held_send(serve);
	}
	if (serve->held.size > 0)
		r = held_send(serve);
	return r < 0 ? r : seam_send(serve->seam, head, payload, fds, fd_count);
}

static int send_result(struct serve *serve, enum seam_verb verb, uint32_t seq,
		       const struct seam_result *result, const int *fds, size_t fd_count)
{
	struct seam_head head = {
		.magic = SEAM_MAGIC,
		.verb = (uint16_t)verb,
		.seq = seq,
		.count = 1,
		.size = sizeof(*result),
	};

	return answer(serve, &head, result, fds, fd_count);
}

static int send_failure(struct serve *serve, uint32_t seq, int r, const struct err *err)
{
	struct seam_result result = {.status = r, .index = UINT32_MAX};

	snprintf(result.text, sizeof(result.text), "%.*s", SEAM_TEXT_SIZE - 1, err->msg);
	return send_result(serve, SEAM_ANSWER, seq, &result, NULL, 0);
}

/* ---- DUMP ---- */

static int serve_dump(struct serve *serve, const struct seam_head *head,
		      const struct buf *payload)
{
	struct seam_head reply = {
		.magic = SEAM_MAGIC, .verb = SEAM_ANSWER, .seq = head->seq, .size = 1};
	const struct seam_scope *scope = (const void *)payload->data;
	const struct obj *named = (const void *)(payload->data + sizeof(*scope));
	cleanup(buf_fini) struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	int r;

	if (scope->named != (payload->size - sizeof(*scope)) / sizeof(*named))
		return -EPROTO;
	/* What is on its way out is gone to whoever asks. */
	if ((scope->parts & SEAM_LINKS) != 0)
		reaper_wait(serve->reaper);
	r = dump_take(serve->reg, scope, named, &bytes, &err);
	if (r < 0)
		return send_failure(serve, head->seq, r, &err);
	reply.count = (uint32_t)bytes.size;
	return answer(serve, &reply, bytes.data, NULL, 0);
}

/* ---- PLAN ---- */

static bool world_known(void *ctx, uint64_t ns)
{
	const struct serve *serve = ctx;

	return registry_find(serve->reg, ns) != NULL;
}

static uint16_t world_reserved(void *ctx, uint8_t proto, uint16_t first, uint16_t last)
{
	const struct serve *serve = ctx;

	return ports_reserved(serve->ports, proto, first, last);
}

static bool world_allowed(void *ctx, uint32_t uid, uint8_t proto, uint16_t first, uint16_t last)
{
	const struct serve *serve = ctx;

	return ports_allowed(serve->ports, uid, proto, first, last);
}

/* Read at each question: there are few, of a host's first network and of its last. */
static bool world_opens(void *ctx, uint8_t family, bool all)
{
	const struct serve *serve = ctx;
	bool each6 = serve->reg->features.force_forwarding;
	struct obj obj = obj_sysctl(NS_HOST, family == 4 ? SYSCTL_IPV4_FORWARDING : SYSCTL_IPV6_FORWARDING, "all", 0);

	if (family == 6 && all)
		return !each6;
	if (all || (family == 6 && !each6))
		return false;
	return sysctl_read(&serve->reg->host.dirs, &obj.sysctl, &obj.sysctl.value, NULL) == 0 && obj.sysctl.value == 0;
}

/* Asked for where a network is given access to the host, and when such a one comes back: a dump of the host's routes each. */
static bool world_leads(void *ctx, const struct prefix *prefix)
{
	enum { TYPE_UNICAST = 1, TYPE_LOCAL = 2 };
	const struct serve *serve = ctx;
	cleanup(buf_fini) struct buf bytes = BUF_INIT;
	cleanup(mem_freep) struct rtnl_route_info *routes = NULL;
	struct nlsock *sock;
	int count = -1;

	if (registry_rtnl(serve->reg, registry_find(serve->reg, NS_HOST), &sock, NULL) == 0 &&
	    rtnl_dump(sock, RTNL_ROUTES, &bytes, NULL) == 0)
		count = rtnl_list_routes((struct rtnl_slice){bytes.data, bytes.size}, &routes);
	for (int i = 0; i < count; i++)
		if (routes[i].dst.len > 0 && routes[i].protocol != OBJ_ROUTE_PROTO &&
		    (routes[i].type == TYPE_UNICAST || routes[i].type == TYPE_LOCAL) &&
		    prefix_overlaps(&routes[i].dst, prefix))
			return true;
	return count < 0; /* what cannot be read may be anything */
}

/* Ours bear our protocol. Asked only for what is to go and is no longer among the routed-prefixes. */
static bool world_proxied(void *ctx, const struct obj_proxy *proxy)
{
	const struct serve *serve = ctx;
	cleanup(buf_fini) struct buf links = BUF_INIT, proxies = BUF_INIT;
	struct objv objs = {0};
	struct rtnl_raw raw;
	struct nlsock *sock;
	int index, r = registry_rtnl(serve->reg, registry_find(serve->reg, NS_HOST), &sock, NULL);

	if (r < 0)
		return false;
	index = nlsock_ifindex(sock, proxy->dev);
	if (index <= 0 || rtnl_link_get(sock, proxy->dev, &links, NULL) < 0 ||
	    rtnl_proxy_get(sock, proxy, (uint32_t)index, &proxies, NULL) < 0)
		return false;
	raw = (struct rtnl_raw){.links = {links.data, links.size}, .neighs = {proxies.data, proxies.size}};
	r = rtnl_decode(&raw, NS_HOST, &objs, NULL);
	for (size_t i = 0; r == 0 && i < objs.count; i++)
		r = objs.items[i].kind == OBJ_PROXY;
	objv_fini(&objs);
	return r == 1;
}

static int world_busy(void *ctx, const struct obj_elem *elem, uint8_t family)
{
	const struct serve *serve = ctx;

	return ports_busy(serve->ports, elem, family);
}

static struct check_world world_of(const struct serve *serve)
{
	return (struct check_world){
		.ctx = (void *)(uintptr_t)serve,
		.settings = &serve->settings,
		.known = world_known,
		.reserved = world_reserved,
		.opens = world_opens,
		.leads = world_leads,
		.proxied = world_proxied,
		.allowed = world_allowed,
		.busy = world_busy,
	};
}

/* A plan that is refused for what it is, not for a port that is taken, is a bug of the engine's, or worse: logged whole. */
static void refused_log(const struct op *ops, size_t count, const struct seam_result *result)
{
	log_error("a plan was refused: operation %u: %s", result->index, result->text);
	for (size_t i = 0; i < count && i < REFUSED_PLAN_LOG_MAX; i++) {
		cleanup(buf_fini) struct buf text = BUF_INIT;

		if (op_valid(&ops[i]))
			op_print(&ops[i], &text);
		log_error("  %zu%s %.*s", i, i == result->index ? " (this)" : "",
			  (int)strcspn(buf_cstr(&text), "\n"),
			  text.size > 0 ? buf_cstr(&text) : "malformed");
	}
}

/*
 * What the client brought was no namespace to take, which it is told; nothing is wrong with the plan that came behind, and a
 * client shall not fill the log.
 */
static bool wants_unadopted(const struct serve *serve, const struct op *ops, size_t count, const struct seam_result *result)
{
	const struct obj *obj = result->index < count ? &ops[result->index].obj : NULL;

	return obj && serve->unadopted != 0 &&
	       (obj->ns == serve->unadopted || (obj->kind == OBJ_LINK && obj->link.peer_ns == serve->unadopted));
}

/* The answer of a plan on its way: exec says when. @sent: 0 or -errno of the sending, @status: what was told. */
struct plan_answer {
	struct serve *serve;
	uint32_t seq;
	int sent, status;
};

static void plan_answer(void *ctx, const struct seam_result *result)
{
	struct plan_answer *told = ctx;

	told->status = result->status;
	told->sent = send_result(told->serve, SEAM_ANSWER, told->seq, result, NULL, 0);
}

static int serve_plan(struct serve *serve, const struct seam_head *head,
		      const struct buf *payload)
{
	const struct check_world world = world_of(serve);
	const struct op *ops = (const void *)payload->data;
	struct plan_answer told = {.serve = serve, .seq = head->seq};
	struct seam_result result, done;
	bool later;
	int r = check_plan(ops, head->count, head->commit, (uint32_t)head->arg, &world,
			   &result);

	ports_forget(serve->ports);
	serve->soon_ns = 0;
	if (r < 0) {
		if (r == -ENOENT && wants_unadopted(serve, ops, head->count, &result))
			log_debug("a plan waited for a namespace that was not taken");
		else if (r != -EADDRINUSE && r != -EACCES)
			refused_log(ops, head->count, &result);
		for (uint32_t i = 0; i < head->count; i++) {
			if (op_valid(&ops[i]))
				exec_settle(serve->reg, &ops[i], 1);
		}
		return send_result(serve, SEAM_ANSWER, head->seq, &result, NULL, 0);
	}
	later = exec_plan(serve->reg, serve->reaper, serve->side, head->seq, ops, head->count, head->commit, plan_answer,
			  &told, &done);
	if (told.status == 0)
		flows_late_add(&serve->late, ops, head->count, clock_monotonic_ns() / 1000000);
	if (!later && told.sent == 0 && told.status == 0)
		told.sent = send_result(serve, SEAM_DONE, head->seq, &done, NULL, 0);
	exec_settle(serve->reg, ops, head->count); /* nobody waits for that */
	return told.sent;
}

/* ---- OPEN ---- */

/* The namespace itself, for a program of the host that is to run in it; with its user namespace where it has one. */
static int open_ns(const struct ns_entry *entry, int *fds, size_t *fd_count, struct err *err)
{
	int r;

	if (entry->ns == 0)
		return err_set(err, ERR_PERMISSION, EPERM, NULL,
			       "the host's namespace is not handed out");
	fds[0] = dup(entry->fd);
	if (fds[0] < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "cannot copy a descriptor");
	*fd_count = 1;
	if (netns_user_is_own(entry->fd))
		return 0;
	r = netns_user(entry->fd, &fds[1], err);
	if (r == 0)
		*fd_count = 2;
	return r;
}

/* A socket that listens keeps its namespace alive, so there is none for a foreign one. */
static int open_monitor(const struct serve *serve, const struct ns_entry *entry,
			enum nlsock_kind kind, int *fds, size_t *fd_count, struct err *err)
{
	int r;

	if (ns_class(entry->ns) == NS_FOREIGN)
		return err_set(err, ERR_PERMISSION, EPERM, NULL,
			       "a foreign namespace is not listened to");
	r = nlsock_open_monitor(kind, entry->fd, serve->reg->host.fd, &fds[0], err);
	if (r == 0)
		*fd_count = 1;
	return r;
}

static int open_dns(const struct serve *serve, const struct ns_entry *entry, int *fds,
		    size_t *fd_count, struct err *err)
{
	int r = sockets_dns(serve->reg, entry, fds, err);

	if (r == 0)
		*fd_count = 2;
	return r;
}

static int open_outlets(const struct ns_entry *entry, enum seam_open_what what, int *fds,
			size_t *fd_count, struct err *err)
{
	if (entry->ns != 0)
		return err_set(err, ERR_PERMISSION, EPERM, NULL,
			       "name servers are asked from the host alone");
	return sockets_outlets(what, fds, fd_count, err);
}

/* A port of [::1] is published, so the rules are those of a plan; they are told as a plan's. */
static int open_listen(struct serve *serve, const struct seam_head *head, const struct seam_open *request)
{
	const struct check_world world = world_of(serve);
	uint8_t proto = request->what == SEAM_OPEN_LISTEN_TCP ? IPPROTO_TCP : IPPROTO_UDP;
	struct seam_result result = {.index = UINT32_MAX};
	struct err err = ERR_INIT;
	int fd = -1, r;

	if (request->ns != NS_HOST)
		return -EPROTO;
	r = check_listen(proto, request->port, (uint32_t)head->arg, &world, &result);
	ports_forget(serve->ports);
	if (r < 0)
		return send_result(serve, SEAM_ANSWER, head->seq, &result, NULL, 0);
	r = sockets_listen(request->what, (uint16_t)request->port, &fd, &err);
	if (r < 0)
		return send_failure(serve, head->seq, r, &err);
	r = send_result(serve, SEAM_ANSWER, head->seq, &result, &fd, 1);
	fd_close(fd);
	return r;
}

static int serve_open(struct serve *serve, const struct seam_head *head,
		      const struct buf *payload)
{
	const struct seam_open *request = (const void *)payload->data;
	const struct ns_entry *entry = registry_find(serve->reg, request->ns);
	struct seam_result result = {.index = UINT32_MAX};
	struct err err = ERR_INIT;
	size_t fd_count = 0;
	int fds[FDIO_FDS_MAX], r;

	if (request->what == SEAM_OPEN_LISTEN_TCP || request->what == SEAM_OPEN_LISTEN_UDP)
		return open_listen(serve, head, request);
	if (request->port != 0 || head->arg != 0)
		return -EPROTO;
	if (entry == NULL)
		r = err_set(&err, ERR_NOTFOUND, ENOENT, NULL,
			    "that namespace is not known here");
	else if (request->what == SEAM_OPEN_MONITOR)
		r = open_monitor(serve, entry, NLSOCK_RTNL, fds, &fd_count, &err);
	else if (request->what == SEAM_OPEN_NFTMON)
		r = open_monitor(serve, entry, NLSOCK_NFT, fds, &fd_count, &err);
	else if (request->what == SEAM_OPEN_NS)
		r = open_ns(entry, fds, &fd_count, &err);
	else if (request->what == SEAM_OPEN_DNS)
		r = open_dns(serve, entry, fds, &fd_count, &err);
	else if (request->what >= SEAM_OPEN_UDP4 && request->what <= SEAM_OPEN_TCP6)
		r = open_outlets(entry, request->what, fds, &fd_count, &err);
	else
		r = -EPROTO;
	if (r == 0)
		r = send_result(serve, SEAM_ANSWER, head->seq, &result, fds, fd_count);
	else if (r != -EPROTO)
		r = send_failure(serve, head->seq, r, &err);
	for (size_t i = 0; i < fd_count; i++)
		fd_close(fds[i]);
	return r;
}

/* ---- ADOPT ---- */

/* The plan that is to use it is mostly behind it: one answer, then, for both. */
static int serve_adopt(struct serve *serve, const struct seam_head *head,
		       const struct buf *payload, int fd)
{
	const struct seam_head reply = {
		.magic = SEAM_MAGIC,
		.verb = SEAM_ANSWER,
		.seq = head->seq,
		.count = 1,
		.size = sizeof(struct seam_nsinfo),
	};
	struct seam_nsinfo info;
	struct err err = ERR_INIT;
	int r = registry_adopt(serve->reg, (const void *)payload->data, fd, &info, &err);

	serve->unadopted = 0;
	if (r < 0) {
		serve->unadopted = ((const struct seam_adopt *)(const void *)payload->data)->ns;
		return send_failure(serve, head->seq, r, &err);
	}
	buf_add(&serve->held, &reply, sizeof(reply));
	buf_add(&serve->held, &info, sizeof(info));
	return 0;
}

/* ---- SOON ---- */

/* @cpu: -1 for not known */
static void engine_seen(struct serve *serve, int cpu)
{
	if (serve->engine_cpu == cpu)
		return;
	serve->engine_cpu = cpu;
	reaper_keep_off(serve->reaper, cpu);
}

/*
 * A plan is on its way. A processor that went to sleep meanwhile would have to be woken again, which takes as long as the
 * plan does; so the hand stays awake, and does what needs no plan. What it looked at is forgotten if none comes.
 */
static void serve_soon(struct serve *serve, const struct seam_head *head)
{
	serve->soon_ns = clock_monotonic_ns() + SOON_NS;
	engine_seen(serve, (int)(head->arg >> SEAM_SOON_CPU) - 1);
	if (head->arg & SEAM_SOON_PUBLISHES)
		ports_look(serve->ports, IPPROTO_TCP);
}

static void soon_expire(struct serve *serve)
{
	if (serve->soon_ns != 0 && clock_monotonic_ns() >= serve->soon_ns) {
		serve->soon_ns = 0;
		ports_forget(serve->ports);
	}
}

/* Looks for something to come, and lets whoever else waits for this processor have it. Return: whether something has come. */
static bool soon_wait(struct serve *serve, struct pollfd *pfds, nfds_t count)
{
	while (serve->soon_ns != 0) {
		if (poll(pfds, count, 0) > 0)
			return true;
		sched_yield();
		soon_expire(serve);
	}
	return false;
}

/* What is there already is told without sleeping; and an answer that is held does not wait. As poll(2). */
static int wait_for(struct serve *serve, struct pollfd *pfds, nfds_t count, int timeout_ms)
{
	int r;

	if (serve->held.size == 0 && soon_wait(serve, pfds, count))
		return 1;
	r = poll(pfds, count, 0);
	if (r != 0 || serve->held.size > 0)
		return r;
	/* a link that goes lets nobody else on its processor: then anywhere */
	place_not(&serve->place, reaper_idle(serve->reaper) ? serve->engine_cpu : -1);
	if (serve->engine_cpu >= 0 && (timeout_ms < 0 || timeout_ms > PLACED_MS))
		timeout_ms = PLACED_MS;
	r = poll(pfds, count, timeout_ms);
	if (r == 0 && timeout_ms == PLACED_MS)
		engine_seen(serve, -1); /* nothing was asked for a while: where it is now nobody knows */
	return r;
}

/* ---- the loop ---- */

/* Return: 1 to end, 0 to go on, -errno. */
static int serve_one(struct serve *serve, struct buf *payload)
{
	struct seam_head head;
	int fds[FDIO_FDS_MAX];
	size_t fd_count;
	int r = seam_recv(serve->seam, 1, &head, payload, fds, &fd_count);

	if (r == -EPIPE)
		return 1;
	if (r < 0)
		return r;
	soon_expire(serve);
	switch ((enum seam_verb)head.verb) {
	case SEAM_DUMP:
		return serve_dump(serve, &head, payload);
	case SEAM_PLAN:
		return serve_plan(serve, &head, payload);
	case SEAM_OPEN:
		return serve_open(serve, &head, payload);
	case SEAM_ADOPT:
		return serve_adopt(serve, &head, payload,
				   fds[0]); /* one descriptor: seam_recv() has seen to it */
	case SEAM_SOON:
		serve_soon(serve, &head);
		return 0;
	case SEAM_QUIT:
		return 1;
	case SEAM_NONE:
	case SEAM_ANSWER:
	case SEAM_DONE:
	case SEAM_VERB_COUNT:
		break;
	}
	return -EPROTO;
}

static int send_finished(struct serve *serve)
{
	struct registry_loan loan;
	struct seam_result result;
	uint32_t seq;
	int r = 0;

	while (r == 0 && reaper_next(serve->reaper, &seq, &result, &loan)) {
		registry_take_back(serve->reg, &loan);
		if (result.status != 0)
			log_warn("a removal was given up: %s", result.text);
		r = send_result(serve, SEAM_DONE, seq, &result, NULL, 0);
	}
	return r;
}

int serve_loop(struct serve *serve, struct err *err)
{
	cleanup(buf_fini) struct buf payload = BUF_INIT;
	int r = 0;

	while (r == 0) {
		struct pollfd pfds[] = {
			{.fd = serve->seam, .events = POLLIN},
			{.fd = reaper_fd(serve->reaper), .events = POLLIN},
			{.fd = serve->reg->control,
			 .events = 0}, /* nothing comes any more but its end */
		};
		uint64_t now = clock_monotonic_ns() / 1000000;
		int next = registry_expire(serve->reg, now);
		/* an answer that is held does not wait for it */
		int due = serve->held.size > 0 ? 0 : flows_late_run(&serve->late, serve->reg, now);

		if (next < 0 || (due >= 0 && due < next))
			next = due;
		if (wait_for(serve, pfds, ARRAY_COUNT(pfds), next) < 0) {
			if (errno == EINTR)
				continue;
			r = -errno;
			break;
		}
		if (serve->held.size > 0 && pfds[0].revents == 0)
			r = held_send(serve);
		if (r == 0 && pfds[1].revents != 0)
			r = send_finished(serve);
		if (r == 0 && pfds[0].revents != 0)
			r = serve_one(serve, &payload);
		if (r == 0 && pfds[2].revents != 0)
			r = 1;
		/* A large plan's memory goes back. */
		if (payload.capacity > (1 << 20))
			buf_fini(&payload);
	}
	buf_fini(&serve->held);
	flows_late_fini(&serve->late);
	/* The engine that stops does not wait for what it has been told already. */
	if (r == -EPIPE || r == -ECONNRESET)
		r = 1;
	return r < 0 ? err_sys(err, ERR_INTERNAL, -r, NULL, "the seam is broken") : 0;
}
