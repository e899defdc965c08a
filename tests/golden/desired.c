/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a model means as kernel objects: one of each kind as text that was read
 * by a human, and random models: every object is valid, one key has one value,
 * what stands needs nothing done, and the hand takes every plan between two
 * of them, on a fake kernel too.
 */
#include "tests/unit/model_unit.h"

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/plan/desired.h"
#include "lib/plan/fake.h"
#include "lib/plan/plan.h"
#include "netd/hand/check.h"
#include "tests/fake/random.h"

static const struct host_facts facts_old = { .egress = { "eth0" }, .egress_count = 1, .ra = { "eth0" }, .ra_count = 1,
					     .opened4 = { { "eth0" }, 1 }, .opened_all6 = true, .connections = 16384,
					     .ipv6 = true, .br_netfilter = true, .mtu = 1400 };
static const struct host_facts facts_new = { .egress = { "eth0", "wlan0" }, .egress_count = 2, .force_forwarding = true,
					     .opened6 = { { "wlan0" }, 1 }, .ipv6 = true, .mtu = 1500 };

static const struct host_facts facts_proxy = { .egress = { "eth0" }, .egress_count = 1, .ra = { "eth0" }, .ra_count = 1,
					       .proxies = { { "eth0" }, 1 }, .proxies_opened = { { "eth0" }, 1 },
					       .routers6 = { { "eth0" }, 1 }, .force_forwarding = true, .ipv6 = true,
					       .mtu = 1500 };

/* --------------------------------------------------------------------- golden */

static void print_objs(struct buf *text, const char *title, struct objv *objs)
{
	buf_printf(text, "# %s\n", title);
	for (size_t i = 0; i < objs->count; i++) {
		if (!obj_valid(&objs->items[i])) {
			cleanup(buf_fini) struct buf line = BUF_INIT;

			obj_print(&objs->items[i], &line);
			fail_msg("%s: not valid: %s", title, buf_cstr(&line));
		}
		obj_print(&objs->items[i], text);
		buf_printf(text, "\n");
	}
	objv_clear(objs);
}

/* Ways beside the default route: by the gateway, by a neighbour, one that takes its place; in the second interface's table, too. */
static void ways_golden(struct buf *text, struct network *web, struct network *segment, struct objv *objs)
{
	struct stack_route ways[] = { { prefix_of("10.5.0.0/16"), { 0 }, 0, 1400, 1360 }, { prefix_of("10.6.0.0/16"), ip_of("10.0.0.20"), 7, 0, 0 },
				      { prefix_of("::/0"), ip_of("fd00::20"), 0, 0, 0 } };
	struct stack_route more[] = { { prefix_of("0.0.0.0/0"), ip_of("192.168.9.1"), 0, 1280, 0 }, { prefix_of("10.5.0.0/16"), { 0 }, 0, 0, 0 } };
	struct prefix prefix = prefix_of("192.168.9.7/24");
	struct endpoint_want first = { .id = 0x50, .ifname = "eth0", .default_route = true, .routes = ways, .route_count = 3 };
	struct endpoint_want second = { .id = 0x51, .ifname = "eth1", .default_route = true, .routes = more, .route_count = 2,
					.prefixes = &prefix, .prefix_count = 1 };
	struct stack *stack = stack_of(web->tenant, "w5", 0x3b);
	struct endpoint *endpoint;
	struct err err = ERR_INIT;

	assert_int_equal(model_endpoint_add(stack, web, &first, &endpoint, &err), 0);
	desired_endpoint(endpoint, objs);
	print_objs(text, "an endpoint with ways of its own: by the gateway, by a neighbour, and one instead of the default route", objs);
	assert_int_equal(model_endpoint_add(stack, segment, &second, &endpoint, &err), 0);
	desired_endpoint(endpoint, objs);
	print_objs(text, "a second one of its stack, of mode l2, with a way out and one on its link", objs);
}

static void golden(void **state)
{
	const char *out = getenv("MOAT_GOLDEN_OUT"), *top = getenv("MOAT_SOURCE_DIR");
	cleanup(mem_freep) char *path = mem_printf("%s/tests/golden/desired.txt", top ? top : ".");
	cleanup(buf_fini) struct buf text = BUF_INIT, expected = BUF_INIT;
	const struct pools pools = small_pools();
	struct prefix prefixes[] = { prefix_of("10.9.0.0/31"), prefix_of("10.9.0.1/31") };
	struct endpoint_want a = { .id = 0xa1, .ifname = "to-b", .prefixes = &prefixes[0], .prefix_count = 1, .mtu = 9000 },
			     b = { .id = 0xa2, .ifname = "to-a", .prefixes = &prefixes[1], .prefix_count = 1, .mtu = 9000 };
	struct prefix allow[] = { prefix_of("10.9.0.0/16"), prefix_of("2001:db8:9::/64"), prefix_of("10.0.0.200/32") };
	struct endpoint_want machine, with = { .id = 0x42, .ifname = "eth0", .allow = allow, .allow_count = 3 };
	struct objv objs = { 0 };
	struct err err = ERR_INIT;
	struct model model;
	struct tenant *red;
	struct network *web, *inner, *flat, *segment, *own;
	struct stack *bare, *node, *other;
	struct endpoint *endpoint, *free_one, *allowed;
	struct ip_range excluded;

	(void)state;
	model_init(&model, &pools);
	red = tenant_of(&model, "red", 0x10);
	assert_int_equal(network_try(&model, "red/web", 0x20, "10.0.0.0/24 fd00::/64", "", &web, &err), 0);
	inner = network_of(&model, "red/inner", 0x21, "10.1.0.0/24");
	inner->internal = true;
	inner->guard = false;
	bare = stack_of(red, "w1", 0x30);
	assert_int_equal(ip_range_parse("10.0.0.200", &excluded), 0);
	ipam_exclude(web, &excluded, 1);
	endpoint = endpoint_of(bare, web, "eth0", 0x40, "10.0.0.9");
	assert_int_equal(model_endpoint_add(stack_of(red, "w2", 0x33), web, &with, &allowed, &err), 0);
	assert_int_equal(publish_try(endpoint, "8080:80", &err), 0);
	assert_int_equal(publish_try(endpoint, "192.0.2.1:53:5353/udp", &err), 0);
	assert_int_equal(publish_try(endpoint, "[2001:db8::1]:443:8443", &err), 0);
	assert_int_equal(publish_try(endpoint, "30000-30099:30000-30099/sctp", &err), 0);
	assert_int_equal(publish_try(endpoint, "192.0.2.1:8100-8199:80-179", &err), 0);
	assert_int_equal(publish_try(endpoint, "[2001:db8::1]:9001-9003:1-3", &err), 0);
	free_one = endpoint_of(bare, inner, "eth1", 0x41, "");
	free_one->default_route = false;
	node = stack_of(red, "n1", 0x31);
	other = stack_of(red, "n2", 0x32);
	node->forwarding = true;
	node->loopback[0] = prefix_of("10.255.0.1/32");
	node->loopback_count = 1;
	node->routes = mem_array(2, sizeof(*node->routes));
	node->routes[0] = (struct stack_route){ prefix_of("10.255.0.2/32"), ip_of("10.9.0.1"), 0, 0, 0 };
	node->routes[1] = (struct stack_route){ prefix_of("0.0.0.0/0"), ip_of("192.0.2.1"), 0, 0, 0 };
	node->route_count = 2;
	assert_int_equal(model_wire_add(node, &a, other, &b, &endpoint, &err), 0);

	desired_host(&facts_old, &objs);
	print_objs(&text, "the host: one way out, learnt by router advertisement; Linux 6.1", &objs);
	desired_host(&facts_new, &objs);
	print_objs(&text, "the host: two ways out; Linux 6.17", &objs);
	desired_host(&facts_proxy, &objs);
	print_objs(&text, "the host: endpoints have addresses of its link; Linux 6.17", &objs);
	desired_host_closed(&facts_proxy, &objs);
	print_objs(&text, "the same when the last router has gone", &objs);
	desired_router(red, &facts_old, &objs);
	print_objs(&text, "the router of a tenant; br_netfilter is loaded", &objs);
	desired_network(web, &objs);
	print_objs(&text, "a network of two families", &objs);
	desired_network(inner, &objs);
	print_objs(&text, "an internal network", &objs);
	desired_stack(bare, &objs);
	print_objs(&text, "a bare stack", &objs);
	desired_endpoint(stack_endpoint(bare, "eth0"), &objs);
	print_objs(&text, "an endpoint with three ports: of any address, of one IPv4, of one IPv6", &objs);
	desired_endpoint(free_one, &objs);
	print_objs(&text, "an endpoint without guard and default route", &objs);
	desired_endpoint(allowed, &objs);
	print_objs(&text, "an endpoint with prefixes behind it, and another address of the subnet", &objs);
	allowed->bandwidth = (struct bandwidth){ .ingress_rate = 10000000, .egress_rate = 1000000000, .egress_burst = 8000000 };
	desired_shape(allowed, &objs);
	print_objs(&text, "the bandwidth of an endpoint: 10 Mbit/s to it, 1 Gbit/s from it and a burst of 1 MB", &objs);
	allowed->bandwidth = (struct bandwidth){ .ingress_rate = 1000, .egress_rate = 1000000000000000 };
	desired_shape(allowed, &objs);
	print_objs(&text, "the least there is to it, and the most from it", &objs);
	flat = network_of(&model, "red/flat", 0x22, "routed 10.2.0.0/16 fd02::/64");
	segment = network_of(&model, "red/lab", 0x23, "l2");
	endpoint = endpoint_of(bare, flat, "eth2", 0x44, "10.2.7.9");
	assert_int_equal(publish_try(endpoint, "8081:80", &err), 0);
	desired_network(flat, &objs);
	print_objs(&text, "a routed network", &objs);
	desired_endpoint(endpoint, &objs);
	print_objs(&text, "an endpoint of it, with the default route", &objs);
	endpoint->default_route = false;
	flat->internal = true;
	desired_endpoint(endpoint, &objs);
	print_objs(&text, "the same without default route, the network internal", &objs);
	desired_network(segment, &objs);
	print_objs(&text, "a network of mode l2", &objs);
	model.routed[0] = prefix_of("192.0.2.0/24");
	model.routed[1] = prefix_of("2001:db8:1::/48");
	model.routed_count = 2;
	own = network_of(&model, "red/own", 0x24, "routed 192.0.2.64/26 2001:db8:1:2::/64");
	own->masquerade = false;
	own->host_access = true;
	network_route(own);
	desired_network(own, &objs);
	print_objs(&text, "a network that leaves with its own addresses, and reaches the host", &objs);
	model.links.onlink[0].prefix = prefix_of("2001:db8:1::/56");
	strcpy(model.links.onlink[0].dev, "eth0");
	model.links.onlink_count = 1;
	desired_endpoint(endpoint_of(stack_of(red, "w4", 0x3a), own, "eth0", 0x4a, ""), &objs);
	print_objs(&text, "an endpoint of it, whose address is on a link of the host", &objs);
	desired_endpoint(endpoint_of(bare, segment, "eth3", 0x45, ""), &objs);
	print_objs(&text, "an endpoint of that", &objs);
	machine = (struct endpoint_want){ .id = 0x46, .ifname = "tap0", .tap = true, .default_route = true };
	assert_int_equal(model_endpoint_add(stack_of(red, "vm", 0x34), inner, &machine, &endpoint, &err), 0);
	desired_endpoint(endpoint, &objs);
	print_objs(&text, "a virtual machine's tap", &objs);
	endpoint = stack_endpoint(node, "to-b");
	desired_stack(node, &objs);
	print_objs(&text, "a lab's node that routes: one route by its wire, one by nobody knows what", &objs);
	desired_endpoint(endpoint, &objs);
	print_objs(&text, "a wire", &objs);
	desired_endpoint(endpoint->peer, &objs);
	print_objs(&text, "the wire's other end: nothing of its own", &objs);
	ways_golden(&text, web, segment, &objs);
	objv_fini(&objs);
	model_fini(&model);

	if (out) {
		cleanup(mem_freep) char *to = mem_printf("%s/desired.txt", out);

		assert_int_equal(file_write_atomic(to, text.data, text.size, 0644, false, NULL), 0);
	}
	if (file_read(path, 1 << 20, &expected) < 0)
		fail_msg("cannot read %s", path);
	assert_string_equal(buf_cstr(&text), buf_cstr(&expected));
}

/* --------------------------------------------------------------- random models */

static uint16_t none_reserved(void *ctx, uint8_t proto, uint16_t first, uint16_t last)
{
	(void)ctx, (void)proto, (void)first, (void)last;
	return 0;
}

static bool all_allowed(void *ctx, uint32_t uid, uint8_t proto, uint16_t first, uint16_t last)
{
	(void)ctx, (void)uid, (void)proto, (void)first, (void)last;
	return true;
}

static bool any_opens(void *ctx, uint8_t family, bool all)
{
	(void)ctx;
	(void)family;
	(void)all;
	return true;
}

static bool none_leads(void *ctx, const struct prefix *prefix)
{
	(void)ctx;
	(void)prefix;
	return false;
}

static bool none_proxied(void *ctx, const struct obj_proxy *proxy)
{
	(void)ctx;
	(void)proxy;
	return false;
}

static int none_busy(void *ctx, const struct obj_elem *elem, uint8_t family)
{
	(void)ctx;
	(void)elem;
	(void)family;
	return 0;
}

/* What the hand has in its registry: what the plans before have made, and every container. */
static bool in_registry(void *ctx, uint64_t ns)
{
	const struct fake *kernel = ctx;
	struct obj self = obj_netns(ns);

	return ns_class(ns) == NS_CONTAINER || objv_find(&kernel->objs, &self) != NULL;
}

static void add_wire(struct rng *rng, struct model *model, struct tenant *lab, uint64_t id)
{
	struct prefix prefixes[2] = { { .ip = ip4_make((10u << 24) + (200u << 16) + 2u * (uint32_t)id), .len = 31 } };
	struct endpoint_want a = { .id = id, .prefixes = &prefixes[0], .prefix_count = 1 },
			     b = { .id = id + 1, .prefixes = &prefixes[1], .prefix_count = 1 };
	char ifname[16], name_a[16], name_b[16];
	struct name full_a = { 0 }, full_b = { 0 };
	struct endpoint *end;
	struct stack *stack_a, *stack_b;
	struct err err = ERR_INIT;

	prefixes[1] = prefixes[0];
	assert_int_equal(ip_add(&prefixes[0].ip, 1, &prefixes[1].ip), 0);
	snprintf(ifname, sizeof(ifname), "w%u", (unsigned)id);
	a.ifname = b.ifname = ifname;
	/* one id, one pair of nodes */
	snprintf(name_a, sizeof(name_a), "n%u", (unsigned)(id >> 8) % 3);
	snprintf(name_b, sizeof(name_b), "n%u", 3 - (unsigned)(id >> 8) % 2);
	str_copy(full_a.tenant, sizeof(full_a.tenant), lab->name);
	str_copy(full_b.tenant, sizeof(full_b.tenant), lab->name);
	str_copy(full_a.name, sizeof(full_a.name), name_a);
	str_copy(full_b.name, sizeof(full_b.name), name_b);
	stack_a = model_stack(model, &full_a);
	stack_b = model_stack(model, &full_b);
	if (!stack_a || !stack_b || stack_a == stack_b || rng_chance(rng, 30))
		return;
	if (model_wire_add(stack_a, &a, stack_b, &b, &end, &err) < 0)
		return;
	end->life = end->peer->life = LIFE_UP;
	if (rng_chance(rng, 50)) {
		stack_a->routes = mem_grow(stack_a->routes, stack_a->route_count + 1, sizeof(*stack_a->routes));
		stack_a->routes[stack_a->route_count++] =
			(struct stack_route){ { ip4_make((10u << 24) + (201u << 16) + (uint32_t)id), 32 }, prefixes[1].ip, 0, 0, 0 };
	}
}

/* A way by the gateway, or on the link of a segment; and sometimes one instead of the default route. */
static void add_ways(struct rng *rng, struct endpoint *endpoint)
{
	unsigned sized = rng_below(rng, 2);
	struct stack_route ways[2] = { { prefix_of("10.77.0.0/16"), { 0 }, sized * 9, sized * 1280, sized * 1220 }, { { { 0 }, 0 }, { 0 }, 0, 0, 0 } };
	struct err err = ERR_INIT;

	if (endpoint->tap || !endpoint->ip_count || !rng_chance(rng, 40))
		return;
	if (endpoint->ips[0].ip.family == 6)
		ways[0].dst = prefix_of("fd77::/32");
	ways[1].dst.ip.family = endpoint->ips[0].ip.family;
	assert_int_equal(endpoint_routes_take(endpoint, ways, endpoint->default_route ? 2 : 1, "x", &err), 0);
}

/* A model drawn from a seed. Ids depend on what they are for, so that two models share much. */
static void draw(struct rng *rng, struct model *model)
{
	static const char *const networks[] = { "10.0.0.0/24 fd00::/64", "10.1.0.0/28", "fd01::/120", "",
						"routed 10.2.0.0/24 fd02::/64", "routed fd03::/64", "l2" };
	/* as netd/engine/compare/snapshot.c chooses them: the hand knows no other transit */
	const struct pools pools = {
		.transit4 = prefix_of("10.97.0.0/16"),
		.transit6 = prefix_of("fd12:3456:789a:ffff::/64"),
		.nets4 = prefix_of("10.64.0.0/12"),
		.nets6 = prefix_of("fd12:3456:789a::/49"),
	};

	model_init(model, &pools);
	for (uint64_t t = 1; t <= 1 + rng_below(rng, 3); t++) {
		struct tenant_want want = { .quota = { -1, -1, -1 }, .id = t << 24, .transit = (int64_t)t,
					    .kind = t == 3 ? TENANT_LAB : TENANT_PLAIN };
		char name[16], full[40];
		struct tenant *tenant;
		struct err err = ERR_INIT;

		snprintf(name, sizeof(name), "t%u", (unsigned)t);
		want.name = name;
		assert_int_equal(model_tenant_add(model, &want, &tenant, &err), 0);
		tenant->life = LIFE_UP;
		for (uint64_t n = 0; n < ARRAY_COUNT(networks) && want.kind == TENANT_PLAIN; n++) {
			struct network *network;

			snprintf(full, sizeof(full), "%s/n%u", name, (unsigned)n);
			if (rng_chance(rng, 50) ||
			    network_try(model, full, (t << 24) + (n << 16) + 1, networks[n], "", &network, &err) < 0)
				continue;
			network->life = rng_chance(rng, 90) ? LIFE_UP : LIFE_PENDING;
			network->guard = network->mode != NETWORK_L2 && rng_chance(rng, 80);
			network->masquerade = rng_chance(rng, 80);
			network->internal = rng_chance(rng, 20);
		}
		for (uint64_t s = 0; s < 4; s++) {
			enum stack_kind kind = s == 3 && want.kind == TENANT_PLAIN ? STACK_CONTAINER : STACK_BARE;
			struct stack *stack;
			struct network *network;
			size_t at = 0;
			uint64_t e = 0;

			snprintf(full, sizeof(full), "n%u", (unsigned)s);
			if (rng_chance(rng, 30) ||
			    model_stack_add(tenant, full, kind, (t << 24) + (s << 8) + 2, &stack, &err) < 0)
				continue;
			stack->life = LIFE_UP;
			stack->forwarding = rng_chance(rng, 20);
			if (want.kind == TENANT_LAB) {
				stack->loopback[0] = (struct prefix){ ip4_make((10u << 24) + (250u << 16) + (uint32_t)s), 32 };
				stack->loopback_count = 1;
			}
			while ((network = table_next(&tenant->networks, &at))) {
				struct endpoint *endpoint;
				char ifname[16];
				/* one address for one id: what differs between models is what was meant to */
				uint64_t id = network->id + (s << 8) + 0x40;
				struct endpoint_want one = { .id = id, .ifname = ifname,
							     .tap = s == 2 && want.kind == TENANT_PLAIN };

				/* by network: additions come before removals, so a name is never taken over in one plan */
				snprintf(ifname, sizeof(ifname), "eth%c", network->name[1]);
				e++;
				if (network->life != LIFE_UP || rng_chance(rng, 40) ||
				    model_endpoint_add(stack, network, &one, &endpoint, &err) < 0)
					continue;
				endpoint->life = rng_chance(rng, 90) ? LIFE_UP : LIFE_PENDING;
				endpoint->default_route = e == 1 && network->mode != NETWORK_L2 && !one.tap;
				add_ways(rng, endpoint);
				for (unsigned p = 0; p < rng_below(rng, 4) && endpoint->ip_count; p++) {
					snprintf(full, sizeof(full), "%s%u:%u%s", rng_chance(rng, 30) ? "192.0.2.1:" : "",
						 8000 + rng_below(rng, 20), 80 + p, rng_chance(rng, 50) ? "/udp" : "");
					(void)publish_try(endpoint, full, &err);
				}
			}
		}
		for (uint64_t w = 0; w < 6 && want.kind == TENANT_LAB; w++)
			add_wire(rng, model, tenant, (t << 24) + (w << 8) + 0x80);
	}
}

static void assert_sound(const struct objv *objs)
{
	for (size_t i = 0; i < objs->count; i++) {
		cleanup(buf_fini) struct buf line = BUF_INIT;
		const struct obj *obj = &objs->items[i];

		obj_print(obj, &line);
		if (!obj_valid(obj))
			fail_msg("not valid: %s", buf_cstr(&line));
		if (i && obj_key_cmp(&objs->items[i - 1], obj) == 0 &&
		    memcmp(&objs->items[i - 1], obj, sizeof(*obj)) != 0)
			fail_msg("one key, two values: %s", buf_cstr(&line));
	}
}

/* The hand's check takes it, and a kernel in the state before can do it. */
static void assert_taken(const struct plan *plan, struct fake *kernel, unsigned seed)
{
	static const struct settings settings = { .connections = 16384 };
	const struct check_world world = { .ctx = kernel, .settings = &settings, .known = in_registry, .reserved = none_reserved,
					   .opens = any_opens, .proxied = none_proxied, .leads = none_leads, .allowed = all_allowed, .busy = none_busy };
	struct seam_result result = { 0 };
	struct err err = ERR_INIT;

	if (check_plan(plan->ops, plan->count, plan->commit, 1000, &world, &result) < 0) {
		cleanup(buf_fini) struct buf line = BUF_INIT;

		op_print(&plan->ops[result.index], &line);
		fail_msg("seed %u: the hand refuses: %s: %s", seed, result.text, buf_cstr(&line));
	}
	if (fake_apply(kernel, plan, SIZE_MAX, &err) < 0)
		fail_msg("seed %u: no kernel does that: %s: %s", seed, err.object, err.msg);
}

static void random_models(void **state)
{
	size_t most = 0, plans = 0;

	(void)state;
	for (unsigned seed = 1; seed <= 100; seed++) {
		struct rng rng = { .state = seed };
		const struct host_facts *facts = seed % 2 ? &facts_old : &facts_new;
		struct fake kernel = { 0 };
		struct objv have = { 0 };

		/* from nothing to one model, and on to two others, and back to nothing */
		for (unsigned step = 0; step < 4; step++) {
			struct objv want = { 0 }, again = { 0 };
			struct plan plan;
			struct model model;

			draw(&rng, &model);
			if (step < 3)
				desired_all(&model, facts, &want);
			objv_sort(&want);
			assert_sound(&want);
			most = want.count > most ? want.count : most;
			for (size_t i = 0; i < want.count; i++)
				objv_add(&again, &want.items[i]);
			plan_diff(&want, &again, &plan);
			assert_int_equal(plan.count, 0);
			plan_fini(&plan);
			for (size_t i = 0; i < facts->egress_count && step == 0; i++) {
				struct obj link = obj_veth(NS_HOST, facts->egress[i], NULL, 0, NULL, NULL, 1500, NULL, NULL);

				objv_add(&kernel.objs, &link);
				objv_sort(&kernel.objs);
			}
			/* containers' namespaces are nobody's to make */
			for (uint64_t t = 1; t <= 3; t++) {
				struct obj self = obj_netns(NS_ID(NS_CONTAINER, (t << 24) + (3 << 8) + 2));
				struct obj lo = obj_bridge(self.ns, "lo", NULL, 0, NULL);

				lo.link.type = LINK_LOOPBACK;
				if (!objv_find(&kernel.objs, &self)) {
					objv_add(&kernel.objs, &self);
					objv_add(&kernel.objs, &lo);
					objv_sort(&kernel.objs);
				}
			}
			plan_diff(&want, &have, &plan);
			plans++;
			assert_taken(&plan, &kernel, seed);
			plan_fini(&plan);
			objv_fini(&have);
			objv_fini(&again);
			have = want;
			model_fini(&model);
		}
		objv_fini(&have);
		fake_fini(&kernel);
	}
	assert_true(most > 150);
	assert_int_equal(plans, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(random_models),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
