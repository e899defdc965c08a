/* SPDX-License-Identifier: GPL-2.0-or-later */
/* random - see random.h. Not linked into any product. */
#include "tests/fake/random.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

/* splitmix64, Sebastiano Vigna, public domain */
uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

unsigned rng_below(struct rng *rng, unsigned n)
{
	return n ? (unsigned)(rng_next(rng) % n) : 0;
}

bool rng_chance(struct rng *rng, unsigned percent)
{
	return rng_below(rng, 100) < percent;
}

void rng_shuffle(struct rng *rng, void *items, size_t count, size_t size)
{
	uint8_t *at = items;
	uint8_t tmp[512];

	for (size_t i = count; i > 1; i--) {
		size_t j = (size_t)(rng_next(rng) % i);

		memcpy(tmp, at + (i - 1) * size, size);
		memcpy(at + (i - 1) * size, at + j * size, size);
		memcpy(at + j * size, tmp, size);
	}
}

/*
 * Worlds
 */

struct world world_draw(struct rng *rng)
{
	return (struct world){
		.routers = 1 + rng_below(rng, 3),
		.bridges = 1 + rng_below(rng, 2),
		.pairs = rng_below(rng, 5),
		.wires = rng_below(rng, 3),
	};
}

struct name {
	char s[OBJ_IFNAME_SIZE];
};

static struct name name_of(const char *kind, unsigned a, unsigned b)
{
	struct name name;

	snprintf(name.s, sizeof(name.s), "%s%u%u", kind, a % 1000, b % 1000);
	return name;
}

static uint64_t router_ns(unsigned r)
{
	return NS_ID(NS_ROUTER, 0x100 + r);
}

static uint64_t stack_ns(unsigned i)
{
	/* three in four are stacks; a container's stands in every state */
	return i % 4 == 3 ? NS_ID(NS_CONTAINER, 0x300 + i % WORLD_CONTAINERS)
			  : NS_ID(NS_STACK, 0x200 + i);
}

void world_adopted(struct objv *v)
{
	for (unsigned i = 0; i < WORLD_CONTAINERS; i++) {
		struct obj obj = obj_netns(NS_ID(NS_CONTAINER, 0x300 + i));

		objv_add(v, &obj);
	}
}

static void add(struct objv *v, struct obj obj)
{
	for (size_t i = 0; i < v->count; i++) {
		if (obj_key_cmp(&v->items[i], &obj) == 0)
			return;
	}
	objv_add(v, &obj);
}

static bool holds(const struct objv *v, struct obj key)
{
	for (size_t i = 0; i < v->count; i++) {
		if (obj_key_cmp(&v->items[i], &key) == 0)
			return true;
	}
	return false;
}

static struct ip ip4_of(unsigned net, unsigned host)
{
	return ip4_make(10U << 24 | net << 8 | host);
}

static struct ip ip6_of(unsigned net, unsigned host)
{
	struct ip ip = {.family = 6, .b = {0xfd, [7] = (uint8_t)net, [15] = (uint8_t)host}};

	return ip;
}

static struct prefix with_len(struct ip ip, uint8_t len)
{
	return (struct prefix){.ip = ip, .len = len};
}

static uint32_t some_mtu(struct rng *rng)
{
	static const uint32_t mtus[] = {0, 1500, 1400, 9000};

	return mtus[rng_below(rng, ARRAY_COUNT(mtus))];
}

static const char *some_alias(struct rng *rng)
{
	static const char *const aliases[] = {"", "red/web", "say \"hi\" \\o/", "caf\xc3\xa9"};

	return aliases[rng_below(rng, ARRAY_COUNT(aliases))];
}

static void add_switches(struct rng *rng, struct objv *v, uint64_t ns, const char *dev)
{
	static const enum sysctl_key keys[] = {
		SYSCTL_IPV4_FORWARDING, SYSCTL_IPV6_ADDR_GEN_MODE, SYSCTL_IPV4_RP_FILTER};

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		if (rng_chance(rng, 30))
			add(v, obj_sysctl(ns, keys[i], dev, (int32_t)rng_below(rng, 2)));
	}
}

/* Addresses of both families or fewer, and what needs them; what can only stand on a link that is up brings it up. */
static void add_addresses(struct rng *rng, struct objv *v, uint64_t ns, const char *dev,
			  unsigned net)
{
	struct mac mac = mac_from_id(net);
	struct prefix p4 = with_len(ip4_of(net, 1 + rng_below(rng, 3)), 24);
	struct prefix p6 = with_len(ip6_of(net, 1 + rng_below(rng, 3)), 64);
	bool has4 = rng_chance(rng, 60), has6 = rng_chance(rng, 60), needs_up = has6;

	if (has4)
		add(v, obj_addr(ns, dev, &p4));
	if (has6)
		add(v, obj_addr(ns, dev, &p6));
	if (has4 && rng_chance(rng, 40)) {
		struct ip via = ip4_of(net, 200 + rng_below(rng, 3));
		struct prefix far = with_len(ip4_make(0), 0);

		add(v, obj_route(ns, &far, &via, dev));
		needs_up = true;
	}
	if (has4 && rng_chance(rng, 40)) {
		struct prefix near = with_len(ip4_make(172U << 24 | 16U << 16 | net << 8), 24);
		struct prefix far = with_len(ip4_make(11U << 24 | net << 8), 24);
		struct ip via = ip4_make(172U << 24 | 16U << 16 | net << 8 | 9);

		add(v, obj_route(ns, &near, NULL, dev));
		if (rng_chance(rng, 50))
			add(v, obj_route(ns, &far, &via,
					 dev)); /* reached by the route above alone */
		needs_up = true;
	}
	if (has6 && rng_chance(rng, 40)) {
		struct ip via = ip6_linklocal(&mac);
		struct prefix any = with_len((struct ip){.family = 6}, 0);

		add(v, obj_route(ns, &any, &via, dev));
	}
	if (has4 && rng_chance(rng, 40)) {
		struct ip ip = ip4_of(net, 77);

		mac = mac_from_id(net * 4 + rng_below(rng, 2));
		add(v, obj_neigh(ns, dev, &ip, &mac));
		needs_up = true;
	}
	if (needs_up || rng_chance(rng, 50))
		add(v, obj_up(ns, dev));
}

static void add_router(struct rng *rng, const struct world *world, struct objv *v, unsigned r)
{
	uint64_t ns = router_ns(r);

	add(v, obj_netns(ns));
	add_switches(rng, v, ns, "all");
	if (rng_chance(rng, 70))
		add(v, obj_ruleset(ns, RULESET_ROUTER, (uint16_t)(1 + rng_below(rng, 2))));
	if (rng_chance(rng, 80))
		add(v, obj_ruleset(ns, RULESET_GUARD, (uint16_t)(1 + rng_below(rng, 2))));
	for (unsigned b = 0; b < world->bridges; b++) {
		struct name name = name_of("mb", r, b);
		struct mac mac = mac_from_id(0x1000 + r * 16 + b + rng_below(rng, 2) * 0x100);

		if (rng_chance(rng, 30))
			continue;
		add(v, obj_bridge(ns, name.s, rng_chance(rng, 50) ? &mac : NULL, some_mtu(rng),
				  some_alias(rng)));
		add_switches(rng, v, ns, name.s);
		add_addresses(rng, v, ns, name.s, r * 8 + b);
		if (holds(v, obj_ruleset(ns, RULESET_ROUTER, 0)) && rng_chance(rng, 50)) {
			struct obj elem = obj_elem(ns, SET_ROUTER_EGRESS);

			str_copy(elem.elem.dev, sizeof(elem.elem.dev), name.s);
			add(v, elem);
		}
	}
}

static void add_published(struct rng *rng, struct objv *v, uint64_t ns, enum nft_set set,
			  unsigned port)
{
	struct obj elem = obj_elem(ns, set);

	elem.elem.proto = rng_chance(rng, 50) ? 6 : 17;
	elem.elem.port = (uint16_t)(8000 + port);
	elem.elem.to_ip = set_def_get(set)->family == 4 ? ip4_of(1, 2) : ip6_of(1, 2);
	elem.elem.to_port = (uint16_t)(80 + rng_below(rng, 2));
	add(v, elem);
}

/* What an endpoint's guard holds, where its router has one. */
static void add_guard(struct rng *rng, struct objv *v, uint64_t ns, const char *dev,
		      const struct mac *mac)
{
	static const enum nft_set sets[] = {SET_GUARD_MAC, SET_GUARD_ARP, SET_GUARD_IP4,
					    SET_GUARD_IP6};

	if (!holds(v, obj_ruleset(ns, RULESET_GUARD, 0)))
		return;
	for (size_t i = 0; i < ARRAY_COUNT(sets); i++) {
		const struct set_def *def = set_def_get(sets[i]);
		struct obj elem = obj_elem(ns, sets[i]);

		if (rng_chance(rng, 30))
			continue;
		str_copy(elem.elem.dev, sizeof(elem.elem.dev), dev);
		if (def->key & ELEM_MAC)
			elem.elem.mac = *mac;
		if (def->key & ELEM_IP)
			elem.elem.ip = def->family == 4 ? ip4_of(9, 2) : ip6_of(9, 2);
		add(v, elem);
	}
	if (rng_chance(rng, 70))
		add(v, obj_port(ns, dev));
}

/* The far end given as an object of its own: it may ask for more than its maker can say. */
static void add_far_end(struct rng *rng, struct objv *v, const struct obj *link, bool mutual)
{
	struct obj far = obj_veth(
		link->link.peer_ns, link->link.peer_name, &link->link.peer_mac, 0, NULL, NULL,
		rng_chance(rng, 50) ? link->link.mtu : some_mtu(rng), NULL, some_alias(rng));

	if (mutual) {
		far.link.peer_ns = link->ns;
		memcpy(far.link.peer_name, link->link.name, sizeof(far.link.peer_name));
		far.link.peer_mac = link->link.mac;
	}
	add(v, far);
}

static void add_endpoint(struct rng *rng, const struct world *world, struct objv *v, unsigned i)
{
	unsigned r = i % world->routers;
	uint64_t ns = router_ns(r), far_ns = stack_ns(i);
	struct name name = name_of("mp", r, i), far = name_of("eth", 0, i), bridge;
	struct mac mac = mac_from_id(0x2000 + i), far_mac = mac_from_id(0x3000 + i);
	struct obj link;

	if (!holds(v, obj_netns(ns)) || !holds(v, obj_netns(far_ns)))
		return;
	bridge = name_of("mb", r, rng_below(rng, world->bridges));
	if (!holds(v, obj_bridge(ns, bridge.s, NULL, 0, NULL)) || rng_chance(rng, 20))
		bridge.s[0] = '\0';
	link = obj_veth(ns, name.s, &mac, far_ns, far.s, &far_mac, some_mtu(rng), bridge.s,
			some_alias(rng));
	if (bridge.s[0] && rng_chance(rng, 80))
		link.link.flags = LINK_PORT_STATIC;
	add(v, link);
	if (bridge.s[0] && rng_chance(rng, 80))
		add(v, obj_fdb(ns, name.s, &far_mac));
	add_guard(rng, v, ns, name.s, &far_mac);
	add_switches(rng, v, ns, name.s);
	if (rng_chance(rng, 30))
		add_addresses(rng, v, ns, name.s, 64 + i);
	else
		add(v, obj_up(ns, name.s));
	if (rng_chance(rng, 40))
		add_far_end(rng, v, &link, rng_chance(rng, 30));
	add_addresses(rng, v, far_ns, far.s, 96 + i);
	if (holds(v, obj_ruleset(ns, RULESET_ROUTER, 0)))
		add_published(rng, v, ns,
			      rng_chance(rng, 50) ? SET_ROUTER_PUB4 : SET_ROUTER_PUB6, i);
	if (holds(v, obj_ruleset(0, RULESET_HOST, 0)))
		add_published(rng, v, 0, rng_chance(rng, 50) ? SET_HOST_PUB4 : SET_HOST_PUB6,
			      i);
}

/* A veth from stack to stack, or from a router to the host. */
static void add_wire(struct rng *rng, struct objv *v, unsigned i, uint64_t ns, uint64_t far_ns,
		     const char *kind)
{
	struct name name = name_of(kind, i, 0), far = name_of(kind, i, 1);
	struct mac mac = mac_from_id(0x4000 + i), far_mac = mac_from_id(0x5000 + i);
	struct obj link = obj_veth(ns, name.s, &mac, far_ns, far.s, &far_mac, some_mtu(rng),
				   NULL, some_alias(rng));

	if ((ns && !holds(v, obj_netns(ns))) || (far_ns && !holds(v, obj_netns(far_ns))) ||
	    rng_chance(rng, 20))
		return;
	add(v, link);
	if (rng_chance(rng, 60))
		add_far_end(rng, v, &link, rng_chance(rng, 50));
	add_addresses(rng, v, ns, name.s, 128 + i);
	add_addresses(rng, v, far_ns, far.s, 160 + i);
}

void world_state(struct rng *rng, const struct world *world, struct objv *ret_state)
{
	struct objv v = {0};

	world_adopted(&v);
	if (rng_chance(rng, 70))
		add(&v, obj_ruleset(0, RULESET_HOST, (uint16_t)(1 + rng_below(rng, 2))));
	add_switches(rng, &v, 0, "default");
	for (unsigned r = 0; r < world->routers; r++) {
		if (rng_chance(rng, 75))
			add_router(rng, world, &v, r);
	}
	for (unsigned i = 0; i < world->pairs + world->wires + 1; i++) {
		if (ns_class(stack_ns(i)) == NS_STACK && rng_chance(rng, 80))
			add(&v, obj_netns(stack_ns(i)));
	}
	for (unsigned i = 0; i < world->pairs; i++) {
		if (rng_chance(rng, 75))
			add_endpoint(rng, world, &v, i);
	}
	for (unsigned i = 0; i < world->wires; i++)
		add_wire(rng, &v, i, stack_ns(i + 1), stack_ns(i),
			 "wi"); /* the later namespace names the earlier one */
	for (unsigned r = 0; r < world->routers; r++)
		add_wire(rng, &v, 32 + r, 0, router_ns(r), "mu");
	rng_shuffle(rng, v.items, v.count, sizeof(*v.items));
	*ret_state = v;
}

/*
 * Single objects
 */

static struct name random_name(struct rng *rng)
{
	static const char chars[] = "abcxyz0189_-.@\"\\=~";
	unsigned len = 1 + rng_below(rng, OBJ_IFNAME_SIZE - 1);
	struct name name = {""};

	for (unsigned i = 0; i < len; i++)
		name.s[i] = chars[rng_below(rng, sizeof(chars) - 1)];
	if (name.s[0] == '.')
		name.s[0] = 'm';
	return name;
}

static struct ip random_ip(struct rng *rng, unsigned family)
{
	struct ip ip = {.family = (uint8_t)family};

	for (size_t i = 0; i < ip_size(&ip); i++)
		ip.b[i] = (uint8_t)rng_below(rng, rng_chance(rng, 50) ? 2 : 256);
	if (ip_is_multicast(&ip))
		ip.b[0] = 1;
	ip.b[3] |= 1;
	return ip;
}

static unsigned random_family(struct rng *rng)
{
	return rng_chance(rng, 50) ? 4 : 6;
}

static struct mac random_mac(struct rng *rng)
{
	return mac_from_id(rng_next(rng) & 0xffffffffffffULL);
}

static uint64_t random_ns(struct rng *rng)
{
	unsigned class_ = rng_below(rng, 5);

	return class_ == NS_HOST ? 0 : NS_ID(class_, 1 + rng_next(rng) % 0xffffffffffffULL);
}

static struct obj random_link(struct rng *rng, uint64_t ns)
{
	struct name name = random_name(rng), peer = random_name(rng), master = random_name(rng);
	struct mac mac = random_mac(rng), peer_mac = random_mac(rng);
	bool has_peer = rng_chance(rng, 60),
	     is_port = rng_chance(rng, 50) && strcmp(name.s, master.s) != 0;
	char alias[OBJ_ALIAS_SIZE] = "";
	struct obj obj;

	for (unsigned i = 0, len = rng_below(rng, OBJ_ALIAS_SIZE); i < len; i++) {
		uint8_t c = (uint8_t)(' ' + rng_below(rng, 0x100 - ' '));

		alias[i] = c == 0x7f ? '"' : (char)c;
	}
	if (rng_chance(rng, 10))
		return obj_ifb(ns, name.s, 1 + rng_below(rng, INT32_MAX - 1), alias);
	if (rng_chance(rng, 30))
		return obj_bridge(ns, name.s, rng_chance(rng, 50) ? &mac : NULL, some_mtu(rng),
				  alias);
	obj = obj_veth(ns, name.s, rng_chance(rng, 50) ? &mac : NULL,
		       has_peer ? NS_ID(NS_STACK, 7) : 0, has_peer ? peer.s : NULL,
		       has_peer && rng_chance(rng, 50) ? &peer_mac : NULL, some_mtu(rng),
		       is_port ? master.s : NULL, alias);
	if (is_port && rng_chance(rng, 50))
		obj.link.flags = LINK_PORT_STATIC;
	return obj;
}

static struct obj random_sysctl(struct rng *rng, uint64_t ns)
{
	enum sysctl_key key = (enum sysctl_key)(1 + rng_below(rng, SYSCTL_KEY_COUNT - 1));
	struct obj obj = obj_sysctl(ns, key, "eth0", (int32_t)rng_below(rng, 2));

	if (!obj_valid(&obj))
		memset(obj.sysctl.dev, 0, sizeof(obj.sysctl.dev));
	return obj;
}

static struct obj random_route(struct rng *rng, uint64_t ns)
{
	struct name dev = random_name(rng);
	struct ip dst = random_ip(rng, random_family(rng)), via = random_ip(rng, dst.family);
	struct prefix prefix = with_len(dst, (uint8_t)rng_below(rng, ip_bits(&dst) + 1U));
	bool has_via = rng_chance(rng, 60);

	struct obj route;

	prefix = prefix_network(&prefix);
	route = obj_route_in(ns, &prefix, has_via ? &via : NULL,
			     has_via && rng_chance(rng, 30) ? NULL : dev.s,
			     rng_chance(rng, 20) ? 1 + rng_below(rng, 1000) : 0,
			     rng_chance(rng, 20) ? OBJ_TABLE_FIRST + rng_below(rng, 65536) : 0);
	route.route.mtu = rng_chance(rng, 20) ? 1280 + rng_below(rng, 9000) : 0;
	route.route.advmss = rng_chance(rng, 20) ? 1 + rng_below(rng, 9000) : 0;
	return route;
}

static struct obj random_elem(struct rng *rng)
{
	enum nft_set set = (enum nft_set)(1 + rng_below(rng, SET_COUNT - 1));
	const struct set_def *def = set_def_get(set);
	struct obj obj = obj_elem(def->in == RULESET_HOST ? 0 : NS_ID(NS_ROUTER, 5), set);
	unsigned fields = def->key | def->data;
	struct name dev = random_name(rng);

	if (fields & ELEM_DEV)
		memcpy(obj.elem.dev, dev.s, sizeof(obj.elem.dev));
	if (fields & ELEM_MAC)
		obj.elem.mac = random_mac(rng);
	if (fields & ELEM_IP)
		obj.elem.ip = random_ip(rng, def->family);
	if (fields & ELEM_PROTO)
		obj.elem.proto = rng_chance(rng, 50) ? 6 : 17;
	if (fields & ELEM_PORT)
		obj.elem.port = (uint16_t)(1 + rng_below(rng, 65535));
	if (fields & ELEM_TO_IP)
		obj.elem.to_ip = random_ip(rng, def->family);
	if (fields & ELEM_FAMILY)
		obj.elem.family = rng_chance(rng, 50) ? 2 : 10;
	if (fields & ELEM_TO_PORT)
		obj.elem.to_port = (uint16_t)(1 + rng_below(rng, 65535));
	return obj;
}

struct obj random_obj(struct rng *rng, enum obj_kind kind)
{
	uint64_t ns = random_ns(rng), not_host = NS_ID(NS_ROUTER, 1 + rng_below(rng, 1000));
	struct name dev = random_name(rng);
	struct ip ip = random_ip(rng, random_family(rng));
	struct prefix addr = with_len(ip, (uint8_t)(1 + rng_below(rng, ip_bits(&ip))));
	struct mac mac = random_mac(rng);
	struct obj obj;

	switch (kind) {
	case OBJ_NETNS:
		return obj_netns(ns);
	case OBJ_LINK:
		return random_link(rng, ns);
	case OBJ_SYSCTL:
		return random_sysctl(rng, ns);
	case OBJ_ADDR:
		return obj_addr(ns, dev.s, &addr);
	case OBJ_UP:
		return obj_up(ns, dev.s);
	case OBJ_ROUTE:
		return random_route(rng, ns);
	case OBJ_RULE:
		return obj_rule(ns, &ip, OBJ_TABLE_FIRST + rng_below(rng, 65536));
	case OBJ_NEIGH:
		return obj_neigh(ns, dev.s, &ip, &mac);
	case OBJ_PROXY:
		ip = random_ip(rng, 6);
		ip.b[0] = 0x20;
		return obj_proxy(NS_HOST, dev.s, &ip);
	case OBJ_FDB:
		return obj_fdb(ns, dev.s, &mac);
	case OBJ_RULESET:
		obj = rng_chance(rng, 30) ? obj_ruleset(0, RULESET_HOST, 1)
					  : obj_ruleset(not_host,
							rng_chance(rng, 50) ? RULESET_ROUTER
									    : RULESET_GUARD,
							7);
		obj.ruleset.digest = rng_below(rng, 2);
		return obj;
	case OBJ_ELEM:
		return random_elem(rng);
	case OBJ_PORT:
		return obj_port(not_host, dev.s);
	case OBJ_QDISC:
		return obj_qdisc(ns, dev.s, 1 + rng_next(rng) % 1000000000000ULL, 1 + rng_below(rng, 1000000),
				 1 + rng_below(rng, 1000000));
	case OBJ_REDIRECT:
		return obj_redirect(not_host, dev.s, 1 + rng_below(rng, 1000000));
	case OBJ_NONE:
	case OBJ_KIND_COUNT:
		break;
	}
	return obj_netns(ns);
}
