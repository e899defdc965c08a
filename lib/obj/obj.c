/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * obj - constructors, order, equality and the tree of who dies with whom.
 * Floor F1, pure. What a kind is made of stands in fields.c, not here.
 */
#include "lib/obj/obj.h"

#include <assert.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/obj/fields.h"

void objv_fini(struct objv *v)
{
	free(v->items);
	*v = (struct objv){0};
}

void objv_clear(struct objv *v)
{
	v->count = 0;
}

void objv_add(struct objv *v, const struct obj *obj)
{
	struct obj copy = *obj; /* @obj may be an item of @v */

	if (v->count == v->capacity) {
		v->capacity = v->capacity ? v->capacity * 2 : 16;
		v->items = mem_grow(v->items, v->capacity, sizeof(*v->items));
	}
	v->items[v->count++] = copy;
}

/* Equal keys are ordered by all their bytes: the result never depends on the order of the input. */
static int sort_cmp(const void *a, const void *b)
{
	int cmp = obj_key_cmp(a, b);

	return cmp ? cmp : memcmp(a, b, sizeof(struct obj));
}

/* What is sorted already, as most that is sorted twice, is seen to be so in one pass. */
static bool is_sorted(const struct objv *v)
{
	for (size_t i = 1; i < v->count; i++)
		if (sort_cmp(&v->items[i - 1], &v->items[i]) > 0)
			return false;
	return true;
}

void objv_sort(struct objv *v)
{
	if (!is_sorted(v))
		qsort(v->items, v->count, sizeof(*v->items), sort_cmp);
}

static int find_cmp(const void *key, const void *item)
{
	return obj_key_cmp(key, item);
}

const struct obj *objv_find(const struct objv *v, const struct obj *key)
{
	return v->count ? bsearch(key, v->items, v->count, sizeof(*v->items), find_cmp) : NULL;
}

static struct obj obj_new(uint64_t ns, enum obj_kind kind)
{
	struct obj obj;

	memset(&obj, 0, sizeof(obj));
	obj.ns = ns;
	obj.kind = (uint16_t)kind;
	return obj;
}

static void put_str(char *dst, size_t size, const char *src)
{
	int r = str_copy(dst, size, src ? src : "");

	assert(r == 0 && "name too long");
	(void)r;
}

struct obj obj_netns(uint64_t ns)
{
	return obj_new(ns, OBJ_NETNS);
}

struct obj obj_bridge(uint64_t ns, const char *name, const struct mac *mac, uint32_t mtu,
		      const char *alias)
{
	struct obj obj = obj_new(ns, OBJ_LINK);

	put_str(obj.link.name, sizeof(obj.link.name), name);
	put_str(obj.link.alias, sizeof(obj.link.alias), alias);
	obj.link.type = LINK_BRIDGE;
	obj.link.mtu = mtu;
	if (mac)
		obj.link.mac = *mac;
	return obj;
}

struct obj obj_veth(uint64_t ns, const char *name, const struct mac *mac, uint64_t peer_ns,
		    const char *peer_name, const struct mac *peer_mac, uint32_t mtu,
		    const char *master, const char *alias)
{
	struct obj obj = obj_new(ns, OBJ_LINK);

	put_str(obj.link.name, sizeof(obj.link.name), name);
	put_str(obj.link.peer_name, sizeof(obj.link.peer_name), peer_name);
	put_str(obj.link.master, sizeof(obj.link.master), master);
	put_str(obj.link.alias, sizeof(obj.link.alias), alias);
	obj.link.type = LINK_VETH;
	obj.link.peer_ns = peer_ns;
	obj.link.mtu = mtu;
	if (mac)
		obj.link.mac = *mac;
	if (peer_mac)
		obj.link.peer_mac = *peer_mac;
	return obj;
}

struct obj obj_tap(uint64_t ns, const char *name, uint32_t mtu, const char *master,
		   const char *alias)
{
	struct obj obj = obj_bridge(ns, name, NULL, mtu, alias);

	put_str(obj.link.master, sizeof(obj.link.master), master);
	obj.link.type = LINK_TAP;
	return obj;
}

struct obj obj_sysctl(uint64_t ns, enum sysctl_key key, const char *dev, int32_t value)
{
	struct obj obj = obj_new(ns, OBJ_SYSCTL);

	put_str(obj.sysctl.dev, sizeof(obj.sysctl.dev), dev);
	obj.sysctl.key = (uint16_t)key;
	obj.sysctl.value = value;
	return obj;
}

struct obj obj_addr(uint64_t ns, const char *dev, const struct prefix *addr)
{
	struct obj obj = obj_new(ns, OBJ_ADDR);

	put_str(obj.addr.dev, sizeof(obj.addr.dev), dev);
	obj.addr.addr = *addr;
	return obj;
}

struct obj obj_up(uint64_t ns, const char *dev)
{
	struct obj obj = obj_new(ns, OBJ_UP);

	put_str(obj.up.dev, sizeof(obj.up.dev), dev);
	return obj;
}

struct obj obj_route(uint64_t ns, const struct prefix *dst, const struct ip *via,
		     const char *dev)
{
	struct obj obj = obj_new(ns, OBJ_ROUTE);

	put_str(obj.route.dev, sizeof(obj.route.dev), dev);
	obj.route.dst = *dst;
	if (via)
		obj.route.via = *via;
	return obj;
}

struct obj obj_route_in(uint64_t ns, const struct prefix *dst, const struct ip *via,
			const char *dev, uint32_t metric, uint32_t table)
{
	struct obj obj = obj_route(ns, dst, via, dev);

	/* IP6_RT_PRIO_USER, include/net/ip6_route.h: what IPv6 makes of none */
	obj.route.metric = dst->ip.family == 6 && metric == 1024 ? 0 : metric;
	obj.route.table = table;
	return obj;
}

struct obj obj_rule(uint64_t ns, const struct ip *src, uint32_t table)
{
	struct obj obj = obj_new(ns, OBJ_RULE);

	obj.rule.src = (struct prefix){.ip = *src, .len = src->family == 4 ? 32 : 128};
	obj.rule.table = table;
	return obj;
}

struct obj obj_neigh(uint64_t ns, const char *dev, const struct ip *ip, const struct mac *mac)
{
	struct obj obj = obj_new(ns, OBJ_NEIGH);

	put_str(obj.neigh.dev, sizeof(obj.neigh.dev), dev);
	obj.neigh.ip = *ip;
	obj.neigh.mac = *mac;
	return obj;
}

struct obj obj_proxy(uint64_t ns, const char *dev, const struct ip *ip)
{
	struct obj obj = obj_new(ns, OBJ_PROXY);

	put_str(obj.proxy.dev, sizeof(obj.proxy.dev), dev);
	obj.proxy.ip = *ip;
	return obj;
}

struct obj obj_fdb(uint64_t ns, const char *dev, const struct mac *mac)
{
	struct obj obj = obj_new(ns, OBJ_FDB);

	put_str(obj.fdb.dev, sizeof(obj.fdb.dev), dev);
	obj.fdb.mac = *mac;
	return obj;
}

/* Digest 1: a ruleset is wanted whole. */
struct obj obj_ruleset(uint64_t ns, enum ruleset_kind kind, uint16_t version)
{
	struct obj obj = obj_new(ns, OBJ_RULESET);

	obj.ruleset.kind = (uint16_t)kind;
	obj.ruleset.version = version;
	obj.ruleset.digest = 1;
	return obj;
}

struct obj obj_port(uint64_t ns, const char *dev)
{
	struct obj obj = obj_new(ns, OBJ_PORT);

	put_str(obj.port.dev, sizeof(obj.port.dev), dev);
	return obj;
}

struct obj obj_ifb(uint64_t ns, const char *name, uint32_t index, const char *alias)
{
	struct obj obj = obj_bridge(ns, name, NULL, 0, alias);

	obj.link.type = LINK_IFB;
	obj.link.index = index;
	return obj;
}

struct obj obj_qdisc(uint64_t ns, const char *dev, uint64_t rate, uint32_t burst, uint32_t limit)
{
	struct obj obj = obj_new(ns, OBJ_QDISC);

	put_str(obj.qdisc.dev, sizeof(obj.qdisc.dev), dev);
	obj.qdisc.rate = rate;
	obj.qdisc.burst = burst;
	obj.qdisc.limit = limit;
	return obj;
}

struct obj obj_redirect(uint64_t ns, const char *dev, uint32_t to)
{
	struct obj obj = obj_new(ns, OBJ_REDIRECT);

	put_str(obj.redirect.dev, sizeof(obj.redirect.dev), dev);
	obj.redirect.to = to;
	return obj;
}

struct obj obj_elem(uint64_t ns, enum nft_set set)
{
	struct obj obj = obj_new(ns, OBJ_ELEM);

	obj.elem.set = (uint16_t)set;
	return obj;
}

static int field_cmp(const struct obj *a, const struct obj *b, const struct field *field)
{
	int64_t x, y;

	if (field->type != FIELD_NUMBER && field->type != FIELD_ENUM)
		return memcmp((const uint8_t *)a + field->offset,
			      (const uint8_t *)b + field->offset, field->size);
	x = field_number(a, field);
	y = field_number(b, field);
	return (x > y) - (x < y);
}

/* The first rows of elem_fields written out, up to the port, which tell most apart: there may be a million of them. */
static int elem_key_cmp(const struct obj_elem *a, const struct obj_elem *b)
{
	int cmp = (a->set > b->set) - (a->set < b->set);

	if (!cmp)
		cmp = memcmp(a, b, offsetof(struct obj_elem, proto));
	if (!cmp)
		cmp = (a->len > b->len) - (a->len < b->len);
	if (!cmp)
		cmp = (a->proto > b->proto) - (a->proto < b->proto);
	return cmp ? cmp : (a->port > b->port) - (a->port < b->port);
}

int obj_key_cmp(const struct obj *a, const struct obj *b)
{
	const struct field *fields;
	int cmp;

	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == OBJ_ELEM) {
		cmp = elem_key_cmp(&a->elem, &b->elem);
		if (cmp)
			return cmp;
	}
	fields = fields_of(a->kind);
	if (!fields)
		return memcmp(a, b, sizeof(*a));
	for (const struct field *field = fields; field->name; field++) {
		cmp = field->flags & FIELD_KEY ? field_cmp(a, b, field) : 0;
		if (cmp)
			return cmp;
	}
	return 0;
}

static bool link_same(const struct obj_link *want, const struct obj_link *have)
{
	if (want->type != have->type ||
	    memcmp(want->master, have->master, sizeof(want->master)) != 0)
		return false;
	if ((want->flags ^ have->flags) & LINK_PORT_STATIC)
		return false;
	if (!mac_is_zero(&want->mac) && memcmp(&want->mac, &have->mac, sizeof(want->mac)) != 0)
		return false;
	if ((want->mtu && want->mtu != have->mtu) || want->index != have->index)
		return false;
	return !want->alias[0] || memcmp(want->alias, have->alias, sizeof(want->alias)) == 0;
}

bool obj_same(const struct obj *want, const struct obj *have)
{
	if (want->kind == OBJ_LINK)
		return link_same(&want->link, &have->link);
	for (const struct field *field = fields_of(want->kind); field && field->name; field++) {
		if (field_cmp(want, have, field) != 0)
			return false;
	}
	return true;
}

/* The device an object hangs on and dies with; NULL where it hangs on none. */
static const char *obj_device(const struct obj *obj)
{
	switch ((enum obj_kind)obj->kind) {
	case OBJ_LINK:
		return obj->link.name;
	case OBJ_SYSCTL:
		return obj->sysctl.dev;
	case OBJ_ADDR:
		return obj->addr.dev;
	case OBJ_UP:
		return obj->up.dev;
	case OBJ_ROUTE:
		return obj->route.dev;
	case OBJ_NEIGH:
		return obj->neigh.dev;
	case OBJ_FDB:
		return obj->fdb.dev;
	case OBJ_PORT:
		return obj->port.dev;
	case OBJ_QDISC:
		return obj->qdisc.dev;
	case OBJ_REDIRECT:
		return obj->redirect.dev;
	case OBJ_PROXY:
		return obj->proxy.dev;
	case OBJ_NONE:
	case OBJ_NETNS:
	case OBJ_RULE:
	case OBJ_RULESET:
	case OBJ_ELEM: /* names a device, and outlives it: a set knows only the name */
	case OBJ_KIND_COUNT:
		break;
	}
	return NULL;
}

static bool same_name(const char *a, const char *b)
{
	return a[0] && strncmp(a, b, OBJ_IFNAME_SIZE) == 0;
}

static bool link_implies(const struct obj *outer, const struct obj *inner)
{
	const char *dev = obj_device(inner);

	/* such a hook is bound by name since Linux 6.16: it stands without its device, and waits for another */
	if (!dev || inner->kind == OBJ_PORT || inner->kind == OBJ_REDIRECT)
		return false;
	if (outer->link.type == LINK_VETH && outer->link.peer_ns == inner->ns &&
	    same_name(outer->link.peer_name, dev))
		return true;
	return inner->kind != OBJ_LINK && outer->ns == inner->ns &&
	       same_name(outer->link.name, dev);
}

static bool ruleset_implies(const struct obj *outer, const struct obj *inner)
{
	const struct set_def *def;

	if (outer->ns != inner->ns)
		return false;
	if (inner->kind == OBJ_PORT || inner->kind == OBJ_REDIRECT)
		return outer->ruleset.kind == RULESET_GUARD;
	def = inner->kind == OBJ_ELEM ? set_def_get(inner->elem.set) : NULL;
	return def && def->in == outer->ruleset.kind;
}

bool obj_implies(const struct obj *outer, const struct obj *inner)
{
	switch ((enum obj_kind)outer->kind) {
	case OBJ_NETNS:
		return inner->ns == outer->ns && inner->kind != OBJ_NETNS;
	case OBJ_LINK:
		return link_implies(outer, inner);
	case OBJ_RULESET:
		return ruleset_implies(outer, inner);
	case OBJ_NONE:
	case OBJ_SYSCTL:
	case OBJ_ADDR:
	case OBJ_UP:
	case OBJ_ROUTE:
	case OBJ_RULE:
	case OBJ_NEIGH:
	case OBJ_FDB:
	case OBJ_ELEM:
	case OBJ_PORT:
	case OBJ_PROXY:
	case OBJ_QDISC:
	case OBJ_REDIRECT:
	case OBJ_KIND_COUNT:
		break;
	}
	return false;
}
