/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flows - see flows.h. Floor F4.
 *
 * Elements are grouped by where one look at the table tells of all of them: a
 * namespace and an address led to, or the UDP of the host. So a thousand ports
 * of one endpoint cost two looks. Few ports are looked for one by one.
 */
#include "netd/hand/flows.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/kern/conntrack.h"
#include "lib/kern/rtnl.h"
#include "lib/kern/rtnl_decode.h"

enum { PORTS_FEW = 8 };

/* Addresses of the host, asked for when first needed. */
struct locals {
	struct rtnl_addr_info *items;
	int count; /* -1: not asked yet */
};

/* Of the plan's operations those that matter, in groups side by side. */
struct work {
	struct registry *reg;
	const struct op **ops;
	size_t count;
	struct locals locals;
};

static bool leads(const struct op *op)
{
	const struct set_def *def = op->obj.kind == OBJ_ELEM ? set_def_get(op->obj.elem.set) : NULL;

	if (def == NULL || !(def->key & ELEM_PORT) || !(def->data & ELEM_TO_IP))
		return false;
	return op->obj.elem.proto == IPPROTO_UDP &&
	       (op->verb == OP_DEL || op->verb == OP_ADD);
}

/* One look at the table serves two operations that are equal in this. */
static int group_cmp(const struct op *a, const struct op *b)
{
	uint8_t family_a = set_def_get(a->obj.elem.set)->family, family_b = set_def_get(b->obj.elem.set)->family;

	/* routers first: what they still led back would be a flow of its own in the host, which leads there again */
	if (a->obj.ns != b->obj.ns)
		return a->obj.ns > b->obj.ns ? -1 : 1;
	if (a->verb != b->verb)
		return a->verb < b->verb ? -1 : 1;
	if (family_a != family_b)
		return family_a < family_b ? -1 : 1;
	return a->verb == OP_DEL ? ip_cmp(&a->obj.elem.to_ip, &b->obj.elem.to_ip) : 0;
}

static int op_cmp(const void *pa, const void *pb)
{
	const struct op *a = *(const struct op *const *)pa, *b = *(const struct op *const *)pb;
	int cmp = group_cmp(a, b);

	if (cmp == 0)
		cmp = a->obj.elem.proto - b->obj.elem.proto;
	return cmp != 0 ? cmp : a->obj.elem.port - b->obj.elem.port;
}

/* The elements of a group are in order of protocol and first port. Return: the one that has @flow's, NULL for none. */
static const struct obj_elem *elem_find(const struct op *const *ops, size_t count, const struct conntrack_flow *flow)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct obj_elem *elem = &ops[mid]->obj.elem;

		if (elem->proto < flow->proto || (elem->proto == flow->proto && elem->port <= flow->port))
			low = mid + 1;
		else
			high = mid;
	}
	/* of several with one port and different addresses any will do: they lead to one tenant */
	for (; low-- > 0 && ops[low]->obj.elem.proto == flow->proto;) {
		const struct obj_elem *elem = &ops[low]->obj.elem;

		if (flow->port <= (elem->last != 0 ? elem->last : elem->port) &&
		    (elem->ip.family == 0 || ip_cmp(&elem->ip, &flow->dst) == 0))
			return elem;
		if (elem->port < flow->port)
			return NULL;
	}
	return NULL;
}

static void locals_ask(struct work *work)
{
	struct locals *locals = &work->locals;
	cleanup(buf_fini) struct buf bytes = BUF_INIT;
	struct nlsock *sock;
	int r;

	if (locals->count >= 0)
		return;
	r = registry_rtnl(work->reg, &work->reg->host, &sock, NULL);
	if (r == 0)
		r = rtnl_dump(sock, RTNL_ADDRS, &bytes, NULL);
	if (r == 0)
		r = rtnl_list_addrs((struct rtnl_slice){bytes.data, bytes.size}, &locals->items);
	locals->count = r < 0 ? 0 : r;
}

static bool is_local(struct work *work, const struct ip *ip)
{
	const struct locals *locals = &work->locals;

	if (ip_is_loopback(ip))
		return true;
	locals_ask(work);
	for (int i = 0; i < locals->count; i++) {
		if (ip_cmp(&locals->items[i].addr.ip, ip) == 0)
			return true;
	}
	return false;
}

/* Of one look at the table those that @ours names are forgotten. Return: 0 or -errno. */
static int query_forget(struct nlsock *sock, const struct conntrack_query *query,
			bool (*ours)(const void *ctx, const struct conntrack_flow *flow), const void *ctx)
{
	cleanup(buf_fini) struct buf bytes = BUF_INIT;
	cleanup(mem_freep) struct conntrack_flow *flows = NULL;
	cleanup(mem_freep) struct nlack *acks = NULL;
	struct nlbatch batch = {0};
	int r = conntrack_dump(sock, query, &bytes, NULL);
	int n = r == 0 ? conntrack_list(bytes.data, bytes.size, &flows) : r;

	for (int i = 0; i < n; i++)
		if (ours(ctx, &flows[i]))
			conntrack_del(&batch, bytes.data, &flows[i]);
	if (batch.count > 0) {
		acks = mem_array(batch.count, sizeof(*acks));
		r = nlsock_exec(sock, &batch, acks); /* one that is gone already is no failure */
		n = r < 0 ? r : n;
	}
	nlbatch_fini(&batch);
	return n < 0 ? n : 0;
}

/* Ports of one namespace, and what is looked for. */
struct group {
	struct work *work;
	const struct conntrack_query *query;
	const struct op *const *ops;
	size_t count;
};

static bool is_of_group(const void *ctx, const struct conntrack_flow *flow)
{
	const struct group *group = ctx;
	struct conntrack_flow met = *flow;

	if (group->query->which == CONNTRACK_BACK) {
		met.dst = flow->back;
		met.port = flow->back_port;
	}
	return elem_find(group->ops, group->count, &met) != NULL &&
	       (group->query->which != CONNTRACK_LED || ip_cmp(&met.to, &group->query->to) == 0) &&
	       (group->query->which != CONNTRACK_VAIN || is_local(group->work, &met.dst));
}

static int ports_forget(struct work *work, struct nlsock *sock, const struct conntrack_query *query,
			const struct op *const *ops, size_t count)
{
	const struct group group = {.work = work, .query = query, .ops = ops, .count = count};

	return query_forget(sock, query, is_of_group, &group);
}

/* A look for each port, where they are few: then the kernel tells of none that is not ours, whoever fills its table. */
static int few_forget(struct work *work, struct nlsock *sock, struct conntrack_query *query, const struct op *const *ops,
		      size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct obj_elem *elem = &ops[i]->obj.elem;
		unsigned last = elem->last != 0 ? elem->last : elem->port;

		for (unsigned port = elem->port; r == 0 && port <= last; port++) {
			query->port = (uint16_t)port;
			r = ports_forget(work, sock, query, ops, count);
		}
	}
	return r;
}

/* Return: 0 or -errno. */
static int group_forget(struct work *work, const struct op *const *ops, size_t count)
{
	const struct op *op = ops[0];
	struct ns_entry *entry = registry_find(work->reg, op->obj.ns);
	struct conntrack_query query = {
		.family = set_def_get(op->obj.elem.set)->family,
		.proto = IPPROTO_UDP,
		.which = op->verb == OP_DEL ? CONNTRACK_LED : CONNTRACK_BACK,
	};
	struct nlsock *sock;
	size_t ports = 0;
	int r, flows = 0;

	if (entry == NULL)
		return 0; /* gone with all its flows */
	if (op->verb == OP_DEL)
		query.to = op->obj.elem.to_ip;
	for (size_t i = 0; i < count; i++)
		ports += ops[i]->obj.elem.last != 0 ? 1U + ops[i]->obj.elem.last - ops[i]->obj.elem.port : 1U;
	r = registry_nft(work->reg, entry, &sock, NULL);
	if (r == 0)
		r = flows = conntrack_count(sock);
	if (flows > 0)
		r = ports <= PORTS_FEW ? few_forget(work, sock, &query, ops, count)
				       : ports_forget(work, sock, &query, ops, count);
	if (r < 0 || flows == 0 || op->verb == OP_DEL || op->obj.ns != NS_HOST)
		return r < 0 ? r : 0;
	query.which = CONNTRACK_VAIN;
	query.port = 0;
	r = ports <= PORTS_FEW ? few_forget(work, sock, &query, ops, count) : ports_forget(work, sock, &query, ops, count);
	return r < 0 ? r : 0;
}

/* The host's end of an uplink that is to go. */
static bool is_uplink_gone(const struct op *op)
{
	return op->verb == OP_DEL && op->obj.kind == OBJ_LINK && op->obj.ns == NS_HOST;
}

/* From @ctx, a router, or led to it. */
static bool is_of_router(const void *ctx, const struct conntrack_flow *flow)
{
	return ip_cmp(&flow->src, ctx) == 0 || ip_cmp(&flow->to, ctx) == 0;
}

/*
 * The host's flows of a router that goes: one of TCP would stay for five days, and lead to the next tenant that is
 * given the same address. Of IPv6 the kernel cannot be asked by address (conntrack.h): one look tells of all.
 */
static void router_forget(struct registry *reg, const struct ip *router)
{
	struct conntrack_query query = {.family = router->family, .which = CONNTRACK_ANY};
	struct nlsock *sock;
	int r = registry_nft(reg, &reg->host, &sock, NULL);

	if (r == 0)
		r = conntrack_count(sock);
	if (r > 0) {
		query.to = *router;
		r = query_forget(sock, &query, is_of_router, router);
	}
	if (r == 0 && router->family == 4 && query.to.family != 0) {
		query.to = (struct ip){0};
		query.from = *router;
		r = query_forget(sock, &query, is_of_router, router);
	}
	if (r < 0)
		log_warn("flows of a router that is gone are not forgotten: %s", strerror(-r));
}

/* The link between the two has two addresses of each family: this is the other one. */
static struct ip other_end(const struct prefix *own)
{
	struct ip ip = own->ip;

	ip.b[ip_size(&ip) - 1] ^= 1;
	return ip;
}

static void uplink_look(struct work *work, const char *name, struct flows_gone *gone)
{
	struct nlsock *sock;
	int index = registry_rtnl(work->reg, &work->reg->host, &sock, NULL);

	if (index == 0)
		index = nlsock_ifindex(sock, name);
	locals_ask(work);
	for (int i = 0; index > 0 && i < work->locals.count; i++) {
		const struct rtnl_addr_info *info = &work->locals.items[i];
		struct ip router = other_end(&info->addr);

		if (info->index != (uint32_t)index || ip_is_linklocal(&router))
			continue;
		gone->routers = mem_grow(gone->routers, gone->count + 1, sizeof(*gone->routers));
		gone->routers[gone->count++] = router;
	}
}

void flows_look(struct registry *reg, const struct op *ops, size_t count, struct flows_gone *ret_gone)
{
	struct work work = {.reg = reg, .locals.count = -1};

	*ret_gone = (struct flows_gone){0};
	for (size_t i = 0; i < count; i++)
		if (is_uplink_gone(&ops[i]))
			uplink_look(&work, ops[i].obj.link.name, ret_gone);
	free(work.locals.items);
}

void flows_gone_forget(struct registry *reg, struct flows_gone *gone)
{
	for (size_t i = 0; i < gone->count; i++)
		router_forget(reg, &gone->routers[i]);
	free(gone->routers);
	*gone = (struct flows_gone){0};
}

void flows_forget(struct registry *reg, const struct op *ops, size_t count)
{
	struct work work = {.reg = reg, .locals.count = -1};

	for (size_t i = 0; i < count; i++)
		work.count += leads(&ops[i]);
	if (work.count == 0)
		return;
	work.ops = mem_array(work.count, sizeof(*work.ops));
	work.count = 0;
	for (size_t i = 0; i < count; i++) {
		if (leads(&ops[i]))
			work.ops[work.count++] = &ops[i];
	}
	qsort(work.ops, work.count, sizeof(*work.ops), op_cmp);
	for (size_t from = 0, to; from < work.count; from = to) {
		int r;

		for (to = from + 1; to < work.count && group_cmp(work.ops[from], work.ops[to]) == 0; to++)
			;
		r = group_forget(&work, work.ops + from, to - from);
		if (r < 0)
			log_warn("flows by ports that were published are not forgotten: %s", strerror(-r));
	}
	free(work.locals.items);
	free(work.ops);
}

void flows_late_add(struct flows_late *late, const struct op *ops, size_t count, uint64_t now_ms)
{
	for (size_t i = 0; i < count && late->count < FLOWS_LATE_MAX; i++) {
		if (ops[i].verb != OP_DEL || !leads(&ops[i]))
			continue;
		if (late->count == 0)
			late->due_ms = now_ms + FLOWS_LATE_MS;
		late->ops = mem_grow(late->ops, late->count + 1, sizeof(*late->ops));
		late->ops[late->count] = ops[i];
		late->ops[late->count++].verb = OP_ADD; /* what a new holder of the port begins with */
	}
}

int flows_late_run(struct flows_late *late, struct registry *reg, uint64_t now_ms)
{
	if (late->count == 0)
		return -1;
	if (now_ms < late->due_ms)
		return (int)(late->due_ms - now_ms);
	flows_forget(reg, late->ops, late->count);
	flows_late_fini(late);
	return -1;
}

void flows_late_fini(struct flows_late *late)
{
	free(late->ops);
	*late = (struct flows_late){0};
}
