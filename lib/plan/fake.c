/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake - a kernel made of a sorted array of objects. Floor F3, pure. It knows
 * what must exist before what, what a deletion takes along, and nothing of
 * packets. Where it refuses, it does so with the kernel's own errno:
 *
 *   ENONET      no such namespace (the hand finds this, not the kernel)
 *   ENODEV      no such link, or no such bridge to be a port of
 *   EEXIST      added, but there already (not for ruleset, switch, up)
 *   ENETDOWN    a route on a link that is down
 *   ENETUNREACH, EHOSTUNREACH  a gateway that nothing on link covers
 *   EOPNOTSUPP  an FDB entry on a link that is no port; another type for a link
 *   ENOENT      an element or port of no ruleset; a change of what is not there
 *
 * Namespaces of the classes container and foreign are adopted: a test puts
 * their object into the array by hand.
 *
 * A link that is brought down loses its routes, neighbours and IPv6 addresses
 * (net/ipv6/addrconf.c: addrconf_ifdown(), net/core/neighbour.c: neigh_ifdown());
 * the last IPv4 address of a link takes its IPv4 routes and neighbours along
 * (net/ipv4/fib_frontend.c: fib_disable_ip()).
 */
#include "lib/plan/fake.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { MTU_DEFAULT = 1500 };

void fake_fini(struct fake *fake)
{
	objv_fini(&fake->objs);
}

/*
 * Objects as a sorted array
 */

static struct obj *find(const struct fake *fake, const struct obj *key)
{
	const struct obj *found = objv_find(&fake->objs, key);

	return found ? &fake->objs.items[found - fake->objs.items] : NULL;
}

/* Put at its place; the value of one that is there is replaced. */
static void put(struct fake *fake, const struct obj *obj)
{
	struct objv *v = &fake->objs;
	struct obj copy = *obj, *there = find(fake, obj);
	size_t low = 0, high = v->count;

	if (there) {
		*there = copy;
		return;
	}
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (obj_key_cmp(&v->items[mid], &copy) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	objv_add(v, &copy);
	memmove(&v->items[low + 1], &v->items[low], (v->count - 1 - low) * sizeof(copy));
	v->items[low] = copy;
}

/*
 * Take out all that @match says yes to; into @swept where that is given.
 * Linear: the fake is for thousands of objects, not for millions.
 */
static void sweep(struct fake *fake, bool (*match)(const struct obj *, const struct obj *),
		  const struct obj *arg, struct objv *swept)
{
	struct objv *v = &fake->objs;
	size_t count = 0;

	for (size_t i = 0; i < v->count; i++) {
		if (!match(&v->items[i], arg))
			v->items[count++] = v->items[i];
		else if (swept)
			objv_add(swept, &v->items[i]);
	}
	v->count = count;
}

static bool is_key(const struct obj *obj, const struct obj *arg)
{
	return obj_key_cmp(obj, arg) == 0;
}

static bool is_implied(const struct obj *obj, const struct obj *arg)
{
	return obj_implies(arg, obj);
}

static bool is_fdb_of(const struct obj *obj, const struct obj *link)
{
	return obj->kind == OBJ_FDB && obj->ns == link->ns &&
	       str_eq(obj->fdb.dev, link->link.name);
}

/* What a link that goes down loses. */
static bool falls_with_up(const struct obj *obj, const struct obj *up)
{
	if (obj->ns != up->ns)
		return false;
	if (obj->kind == OBJ_ROUTE)
		return str_eq(obj->route.dev, up->up.dev);
	if (obj->kind == OBJ_NEIGH)
		return str_eq(obj->neigh.dev, up->up.dev);
	return obj->kind == OBJ_ADDR && obj->addr.addr.ip.family == 6 &&
	       str_eq(obj->addr.dev, up->up.dev);
}

/* What a link without IPv4 address loses. */
static bool falls_with_ip4(const struct obj *obj, const struct obj *addr)
{
	if (obj->ns != addr->ns)
		return false;
	if (obj->kind == OBJ_ROUTE)
		return obj->route.dst.ip.family == 4 && str_eq(obj->route.dev, addr->addr.dev);
	return obj->kind == OBJ_NEIGH && obj->neigh.ip.family == 4 &&
	       str_eq(obj->neigh.dev, addr->addr.dev);
}

/*
 * What stands where
 */

static bool has_ns(const struct fake *fake, uint64_t ns)
{
	struct obj key = obj_netns(ns);

	return ns_class(ns) == NS_HOST || find(fake, &key);
}

static struct obj *find_link(const struct fake *fake, uint64_t ns, const char *name)
{
	struct obj key = obj_bridge(ns, name, NULL, 0, NULL);

	return find(fake, &key);
}

static bool has_ruleset(const struct fake *fake, uint64_t ns, enum ruleset_kind kind)
{
	struct obj key = obj_ruleset(ns, kind, 0);

	return find(fake, &key);
}

static bool has_ip4(const struct fake *fake, uint64_t ns, const char *dev)
{
	for (size_t i = 0; i < fake->objs.count; i++) {
		const struct obj *obj = &fake->objs.items[i];

		if (obj->ns == ns && obj->kind == OBJ_ADDR && obj->addr.addr.ip.family == 4 &&
		    str_eq(obj->addr.dev, dev))
			return true;
	}
	return false;
}

/* Is @via on link by an address or a route without gateway of the device, or of any where none is named? */
static bool covers(const struct fake *fake, const struct obj *route)
{
	const struct ip *via = &route->route.via;

	/* of IPv4 by RTNH_F_ONLINK (lib/kern/rtnl.c) */
	if (ip_is_linklocal(via) && route->route.dev[0])
		return true;
	for (size_t i = 0; i < fake->objs.count; i++) {
		const struct obj *obj = &fake->objs.items[i];
		const struct prefix *prefix = NULL;
		const char *dev = NULL;

		if (obj->ns != route->ns)
			continue;
		if (obj->kind == OBJ_ADDR) {
			prefix = &obj->addr.addr;
			dev = obj->addr.dev;
		} else if (obj->kind == OBJ_ROUTE && ip_is_none(&obj->route.via)) {
			prefix = &obj->route.dst;
			dev = obj->route.dev;
		}
		if (prefix && (!route->route.dev[0] || str_eq(dev, route->route.dev)) &&
		    prefix_contains(prefix, via))
			return true;
	}
	return false;
}

/*
 * Links
 */

/* An address nobody asked for: the kernel draws one at random; here it follows from the name. */
static struct mac own_mac(uint64_t ns, const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ULL ^ ns;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3ULL;
	return mac_from_id(hash & 0xffffffffffffULL);
}

/* As a dump would show it: nothing is left unasked. */
static void put_link(struct fake *fake, struct obj obj)
{
	if (mac_is_zero(&obj.link.mac) && obj.link.type != LINK_LOOPBACK)
		obj.link.mac = own_mac(obj.ns, obj.link.name);
	if (!obj.link.mtu)
		obj.link.mtu = obj.link.type == LINK_LOOPBACK ? 65536 : MTU_DEFAULT;
	put(fake, &obj);
}

static int check_master(const struct fake *fake, const struct obj *obj, struct err *err)
{
	const struct obj *master;

	if (!obj->link.master[0])
		return 0;
	master = find_link(fake, obj->ns, obj->link.master);
	if (!master)
		return err_set(err, ERR_KERNEL, ENODEV, obj->link.name, "no such bridge: %s",
			       obj->link.master);
	if (master->link.type != LINK_BRIDGE)
		return err_set(err, ERR_KERNEL, EOPNOTSUPP, obj->link.name, "not a bridge: %s",
			       obj->link.master);
	return 0;
}

static int add_link(struct fake *fake, const struct obj *obj, struct err *err)
{
	const struct obj_link *link = &obj->link;
	struct obj peer;
	int r = check_master(fake, obj, err);

	if (r < 0)
		return r;
	if (link->type == LINK_VETH) {
		if (!has_ns(fake, link->peer_ns))
			return err_set(err, ERR_KERNEL, ENONET, link->name,
				       "no such namespace for the peer");
		if (find_link(fake, link->peer_ns, link->peer_name))
			return err_set(err, ERR_KERNEL, EEXIST, link->name,
				       "the peer exists: %s", link->peer_name);
		peer = obj_veth(link->peer_ns, link->peer_name, &link->peer_mac, obj->ns,
				link->name, &link->mac, link->mtu, NULL, NULL);
		put_link(fake, peer);
	}
	put_link(fake, *obj);
	return 0;
}

static int set_link(struct fake *fake, const struct obj *obj, struct objv *swept,
		    struct err *err)
{
	struct obj *old = find(fake, obj), now;
	int r = check_master(fake, obj, err);
	bool moved;

	if (r < 0)
		return r;
	if (old->link.type != obj->link.type)
		return err_set(err, ERR_KERNEL, EOPNOTSUPP, obj->link.name,
			       "the type of a link cannot change");
	if (old->link.type == LINK_IFB) { /* made anew */
		sweep(fake, is_implied, obj, swept);
		put_link(fake, *obj);
		return 0;
	}
	moved = memcmp(old->link.master, obj->link.master, sizeof(old->link.master)) != 0;
	now = *old;
	if (!mac_is_zero(&obj->link.mac))
		now.link.mac = obj->link.mac;
	if (obj->link.mtu)
		now.link.mtu = obj->link.mtu;
	now.link.flags = obj->link.flags;
	memcpy(now.link.master, obj->link.master, sizeof(now.link.master));
	memcpy(now.link.alias, obj->link.alias, sizeof(now.link.alias));
	*old = now;
	if (moved)
		sweep(fake, is_fdb_of, obj, swept);
	return 0;
}

/* With all that hangs on it; ports of a bridge are set free. */
static void del_link(struct fake *fake, struct obj link)
{
	for (size_t i = 0; link.link.type == LINK_BRIDGE && i < fake->objs.count; i++) {
		struct obj port = fake->objs.items[i];

		if (port.kind != OBJ_LINK || port.ns != link.ns ||
		    !str_eq(port.link.master, link.link.name))
			continue;
		memset(port.link.master, 0, sizeof(port.link.master));
		port.link.flags = 0;
		fake->objs.items[i] = port;
		sweep(fake, is_fdb_of, &port,
		      NULL); /* FDB entries stand behind links: the index stays true */
	}
	sweep(fake, is_implied, &link, NULL); /* the far end and what hangs on it, too */
	sweep(fake, is_key, &link, NULL);
}

/*
 * Verbs
 */

static int add_netns(struct fake *fake, const struct obj *obj)
{
	struct obj lo = obj_bridge(obj->ns, "lo", NULL, 0, NULL);

	lo.link.type = LINK_LOOPBACK;
	put(fake, obj);
	put_link(fake, lo);
	return 0;
}

static void del_netns(struct fake *fake, const struct obj *obj)
{
	/* veths first, for the sake of their ends elsewhere; each deletion moves the array */
	for (size_t i = 0; i < fake->objs.count; i++) {
		struct obj link = fake->objs.items[i];

		if (link.kind != OBJ_LINK || link.ns != obj->ns || link.link.type != LINK_VETH)
			continue;
		del_link(fake, link);
		i = SIZE_MAX;
	}
	sweep(fake, is_implied, obj, NULL);
	sweep(fake, is_key, obj, NULL);
}

static int need_link(const struct fake *fake, uint64_t ns, const char *name, int no,
		     struct err *err)
{
	if (find_link(fake, ns, name))
		return 0;
	return err_set(err, ERR_KERNEL, no, name, "no such link");
}

static int add_route(struct fake *fake, const struct obj *obj, struct err *err)
{
	const struct obj_route *route = &obj->route;
	struct obj up;
	int r;

	if (route->dev[0]) {
		r = need_link(fake, obj->ns, route->dev, ENODEV, err);
		if (r < 0)
			return r;
		up = obj_up(obj->ns, route->dev);
		if (!find(fake, &up))
			return err_set(err, ERR_KERNEL, ENETDOWN, route->dev,
				       "the link is down");
	}
	if (!ip_is_none(&route->via) && !covers(fake, obj))
		return err_set(err, ERR_KERNEL,
			       route->via.family == 4 ? ENETUNREACH : EHOSTUNREACH, route->dev,
			       "the gateway is not on link");
	put(fake, obj);
	return 0;
}

static int add_fdb(struct fake *fake, const struct obj *obj, struct err *err)
{
	const struct obj *link = find_link(fake, obj->ns, obj->fdb.dev);

	if (!link)
		return err_set(err, ERR_KERNEL, ENODEV, obj->fdb.dev, "no such link");
	if (!link->link.master[0])
		return err_set(err, ERR_KERNEL, EOPNOTSUPP, obj->fdb.dev,
			       "not a port of a bridge");
	put(fake, obj);
	return 0;
}

/* Elements and ports of it go: it is laid anew. */
static int lay_ruleset(struct fake *fake, const struct obj *obj, struct objv *swept)
{
	sweep(fake, is_implied, obj, swept);
	put(fake, obj);
	return 0;
}

static int add_elem(struct fake *fake, const struct obj *obj, struct err *err)
{
	const struct set_def *def = set_def_get(obj->elem.set);

	if (!has_ruleset(fake, obj->ns, def->in))
		return err_set(err, ERR_KERNEL, ENOENT, def->name,
			       "no ruleset to hold the set");
	put(fake, obj);
	return 0;
}

static int add_port(struct fake *fake, const struct obj *obj, struct err *err)
{
	int r;

	if (!has_ruleset(fake, obj->ns, RULESET_GUARD))
		return err_set(err, ERR_KERNEL, ENOENT, obj->port.dev,
			       "no guard to bind the port to");
	r = need_link(fake, obj->ns, obj->port.dev, ENOENT, err);
	if (r == 0)
		put(fake, obj);
	return r;
}

/* Behind the guard, in its table. */
static int add_redirect(struct fake *fake, const struct obj *obj, struct err *err)
{
	int r;

	if (!has_ruleset(fake, obj->ns, RULESET_GUARD))
		return err_set(err, ERR_KERNEL, ENOENT, obj->redirect.dev, "no table to hold the redirection");
	r = need_link(fake, obj->ns, obj->redirect.dev, ENOENT, err);
	if (r == 0)
		put(fake, obj);
	return r;
}

static int put_sysctl(struct fake *fake, const struct obj *obj, struct err *err)
{
	const char *dev = obj->sysctl.dev;
	int r = 0;

	if (dev[0] && !str_eq(dev, "all") && !str_eq(dev, "default"))
		r = need_link(fake, obj->ns, dev, ENOENT, err);
	if (r == 0)
		put(fake, obj);
	return r;
}

/* Of what hangs on a link and asks for nothing more. */
static int put_on_link(struct fake *fake, const struct obj *obj, const char *dev,
		       struct err *err)
{
	int r = need_link(fake, obj->ns, dev, ENODEV, err);

	if (r == 0)
		put(fake, obj);
	return r;
}

static int add(struct fake *fake, const struct obj *obj, struct objv *swept, struct err *err)
{
	bool again = obj->kind == OBJ_RULESET || obj->kind == OBJ_SYSCTL || obj->kind == OBJ_UP ||
		     obj->kind == OBJ_RULE;

	if (!again && find(fake, obj))
		return err_set(err, ERR_KERNEL, EEXIST, NULL, "the %s exists",
			       obj_kind_name((enum obj_kind)obj->kind));
	switch ((enum obj_kind)obj->kind) {
	case OBJ_NETNS:
		return add_netns(fake, obj);
	case OBJ_LINK:
		return add_link(fake, obj, err);
	case OBJ_SYSCTL:
		return put_sysctl(fake, obj, err);
	case OBJ_ADDR:
		return put_on_link(fake, obj, obj->addr.dev, err);
	case OBJ_UP:
		return put_on_link(fake, obj, obj->up.dev, err);
	case OBJ_ROUTE:
		return add_route(fake, obj, err);
	case OBJ_RULE:
		put(fake, obj);
		return 0;
	case OBJ_NEIGH:
		return put_on_link(fake, obj, obj->neigh.dev, err);
	case OBJ_PROXY: /* on a device of the host, of which no more is told here */
		put(fake, obj);
		return 0;
	case OBJ_FDB:
		return add_fdb(fake, obj, err);
	case OBJ_RULESET:
		return lay_ruleset(fake, obj, swept);
	case OBJ_ELEM:
		return add_elem(fake, obj, err);
	case OBJ_PORT:
		return add_port(fake, obj, err);
	case OBJ_QDISC:
		return put_on_link(fake, obj, obj->qdisc.dev, err);
	case OBJ_REDIRECT:
		return add_redirect(fake, obj, err);
	case OBJ_NONE:
	case OBJ_KIND_COUNT:
		break;
	}
	return -EINVAL;
}

static int set(struct fake *fake, const struct obj *obj, struct objv *swept, struct err *err)
{
	if (obj->kind == OBJ_SYSCTL)
		return put_sysctl(fake, obj, err);
	if (!find(fake, obj))
		return err_set(err, ERR_KERNEL, obj->kind == OBJ_LINK ? ENODEV : ENOENT, NULL,
			       "no such %s to change", obj_kind_name((enum obj_kind)obj->kind));
	if (obj->kind == OBJ_LINK)
		return set_link(fake, obj, swept, err);
	if (obj->kind == OBJ_RULESET)
		return lay_ruleset(fake, obj, swept);
	put(fake, obj);
	return 0;
}

static void del(struct fake *fake, const struct obj *obj)
{
	const struct obj *there = find(fake, obj);

	if (!there)
		return;
	if (obj->kind == OBJ_NETNS) {
		del_netns(fake, obj);
	} else if (obj->kind == OBJ_LINK) {
		del_link(fake, *there);
	} else if (obj->kind != OBJ_SYSCTL) {
		if (obj->kind == OBJ_RULESET)
			sweep(fake, is_implied, obj, NULL);
		sweep(fake, is_key, obj, NULL);
		if (obj->kind == OBJ_UP)
			sweep(fake, falls_with_up, obj, NULL);
		if (obj->kind == OBJ_ADDR && !has_ip4(fake, obj->ns, obj->addr.dev))
			sweep(fake, falls_with_ip4, obj, NULL);
	}
}

/* @swept: what a change took along, for undo; may be NULL */
static int apply(struct fake *fake, const struct op *op, struct objv *swept, struct err *err)
{
	if (!op_valid(op))
		return err_set(err, ERR_INTERNAL, EINVAL, NULL, "not a valid operation");
	if (op->verb == OP_DEL) {
		del(fake, &op->obj);
		return 0;
	}
	if (op->obj.kind != OBJ_NETNS && !has_ns(fake, op->obj.ns))
		return err_set(err, ERR_KERNEL, ENONET, NULL, "no such namespace");
	if (op->verb == OP_SET)
		return set(fake, &op->obj, swept, err);
	return add(fake, &op->obj, swept, err);
}

int fake_apply_op(struct fake *fake, const struct op *op, struct err *err)
{
	return apply(fake, op, NULL, err);
}

/** struct done - what undo must know of an executed op */
struct done {
	struct obj old;
	bool had_old;
	struct objv swept;
};

static int run(struct fake *fake, const struct op *op, struct done *done, bool fail,
	       struct err *err)
{
	const struct obj *old = find(fake, &op->obj);

	if (fail)
		return err_set(err, ERR_KERNEL, EIO, NULL, "failure injected");
	done->had_old = old;
	if (old)
		done->old = *old;
	return apply(fake, op, &done->swept, err);
}

static void undo(struct fake *fake, const struct op *op, struct done *done)
{
	struct op inverse;
	int r;

	if (op_undo(op, done->had_old ? &done->old : NULL, &inverse)) {
		r = fake_apply_op(fake, &inverse, NULL);
		assert(r == 0);
		(void)r;
	} else if (!done->had_old) {
		/* a switch whose value before nobody knew: unknown again */
		sweep(fake, is_key, &op->obj, NULL);
	}
	for (size_t i = 0; i < done->swept.count; i++)
		put(fake, &done->swept.items[i]);
}

/* Removals; one that fails is tried again after the others, as the hand does. */
static void remove_all(struct fake *fake, const struct plan *plan, size_t fail_at)
{
	for (size_t i = plan->commit; i < plan->count; i++) {
		if (i != fail_at)
			fake_apply_op(fake, &plan->ops[i], NULL);
	}
	if (fail_at >= plan->commit && fail_at < plan->count)
		fake_apply_op(fake, &plan->ops[fail_at], NULL);
}

int fake_apply(struct fake *fake, const struct plan *plan, size_t fail_at, struct err *err)
{
	struct done *done = mem_array(plan->commit + 1, sizeof(*done));
	size_t i;
	int r = 0;

	for (i = 0; i < plan->commit; i++) {
		r = run(fake, &plan->ops[i], &done[i], i == fail_at, err);
		if (r < 0)
			break;
	}
	if (r == 0)
		remove_all(fake, plan, fail_at);
	for (size_t j = r < 0 ? i : 0; j > 0; j--)
		undo(fake, &plan->ops[j - 1], &done[j - 1]);
	for (size_t j = 0; j < plan->commit; j++)
		objv_fini(&done[j].swept);
	free(done);
	return r;
}
