/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model_endpoint_route - which ways beside its default route an endpoint may have, and by what they lead */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "tests/unit/model_unit.h"

/* What stands behind @sign, which ends @word then; 0 where there is none. */
static uint32_t number_take(char *word, char sign)
{
	char *at = strchr(word, sign);

	if (!at)
		return 0;
	*at = '\0';
	return (uint32_t)strtoul(at + 1, NULL, 10);
}

/* @routes: "DST[=VIA][@METRIC][%MTU][^ADVMSS]" with blanks between */
static void routes_of(const char *routes, struct endpoint_want *want, struct stack_route *dst)
{
	char text[4096], *word, *rest, *via;

	snprintf(text, sizeof(text), "%s", routes);
	want->routes = dst;
	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		struct stack_route *route = &dst[want->route_count++];

		*route = (struct stack_route){ 0 };
		route->advmss = number_take(word, '^');
		route->mtu = number_take(word, '%');
		route->metric = number_take(word, '@');
		via = strchr(word, '=');
		if (via) {
			*via = '\0';
			route->via = ip_of(via + 1);
		}
		assert_int_equal(allow_parse(word, &route->dst), 0);
	}
}

static int route_try(struct stack *stack, struct network *network, const char *ips, const char *routes, struct endpoint **ret_endpoint,
		     struct err *err)
{
	struct stack_route list[ENDPOINT_ROUTES_MAX + 1];
	struct endpoint_want want = { .id = 10, .ifname = "eth0", .default_route = true };
	struct prefix prefixes[4];
	struct ip asked[4];
	char text[256], *word, *rest;

	snprintf(text, sizeof(text), "%s", ips);
	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		if (strchr(word, '/'))
			prefixes[want.prefix_count++] = prefix_of(word);
		else
			asked[want.ip_count++] = ip_of(word);
	want.ips = asked;
	want.prefixes = prefixes;
	routes_of(routes, &want, list);
	return model_endpoint_add(stack, network, &want, ret_endpoint, err);
}

struct scene {
	struct model model;
	struct network *web, *old, *flat, *segment;
	struct stack *w1;
};

static void scene_init(struct scene *scene)
{
	const struct pools pools = small_pools();
	struct tenant *red;

	model_init(&scene->model, &pools);
	red = tenant_of(&scene->model, "red", 1);
	scene->web = network_of(&scene->model, "red/web", 3, "10.0.0.0/24 fd00:a::/64");
	scene->old = network_of(&scene->model, "red/old", 4, "10.0.1.0/24");
	scene->flat = network_of(&scene->model, "red/flat", 5, "routed 10.0.2.0/24");
	scene->segment = network_of(&scene->model, "red/segment", 6, "l2");
	scene->w1 = stack_of(red, "w1", 8);
}

static void refused(void **state)
{
	static const struct {
		const char *network, *routes;
		enum err_kind kind;
		const char *words;
	} rows[] = {
		{ "web", "10.9.0.1/16", ERR_USAGE, "route to 10.9.0.1/16: it has host bits set; the prefix is 10.9.0.0/16" },
		{ "web", "127.0.0.0/8", ERR_USAGE, "route to 127.0.0.0/8: there is no way to such addresses" },
		{ "web", "224.0.0.0/4", ERR_USAGE, "there is no way to such addresses" },
		{ "web", "ff00::/8", ERR_USAGE, "there is no way to such addresses" },
		{ "web", "fe80::/64", ERR_USAGE, "there is no way to such addresses" },
		{ "web", "::1", ERR_USAGE, "there is no way to such addresses" },
		{ "web", "10.9.0.0/16=10.0.1.9", ERR_USAGE, "route to 10.9.0.0/16: 10.0.1.9 is beside no address of the interface" },
		{ "web", "10.9.0.0/16=10.0.0.7", ERR_USAGE, "10.0.0.7 is the interface's own address" },
		{ "web", "10.9.0.0/16=fd00:a::1", ERR_USAGE, "fd00:a::1 is no next hop for it" },
		{ "web", "10.9.0.0/16=0.0.0.0", ERR_USAGE, "0.0.0.0 is no next hop for it" },
		{ "web", "10.9.0.0/16=224.0.0.5", ERR_USAGE, "224.0.0.5 is no next hop for it" },
		{ "web", "10.9.0.0/16 10.8.0.0/16 10.9.0.0/16=10.0.0.9", ERR_USAGE, "route to 10.9.0.0/16: it is there twice" },
		{ "web", "10.9.0.0/16 10.9.0.0/16=10.0.0.9@1024", ERR_USAGE, "route to 10.9.0.0/16: it is there twice" },
		{ "web", "10.9.0.0/16@2147483648", ERR_USAGE, "route to 10.9.0.0/16: its metric is more than 2147483647" },
		{ "web", "10.9.0.0/16%67", ERR_USAGE, "route to 10.9.0.0/16: its MTU is 67, and must be within 68..1500" },
		{ "web", "10.9.0.0/16%1501", ERR_USAGE, "route to 10.9.0.0/16: its MTU is 1501, and must be within 68..1500" },
		{ "web", "fd09::/64%1279", ERR_USAGE, "route to fd09::/64: its MTU is 1279, and must be within 1280..1500" },
		{ "web", "10.9.0.0/16^65496", ERR_USAGE, "route to 10.9.0.0/16: its advmss is more than 65495" },
		{ "web", "10.9.0.0/16=10.0.0.255", ERR_USAGE, "10.0.0.255 is all of the link" },
		{ "web", "10.0.0.1", ERR_USAGE, "route to 10.0.0.1/32: it would lead away from 10.0.0.1, a next hop on the link" },
		{ "web", "10.0.0.0/25", ERR_USAGE, "it would lead away from 10.0.0.1, a next hop on the link" },
		{ "web", "fd00:a::1=fd00:a::9", ERR_USAGE, "it would lead away from fd00:a::1, a next hop on the link" },
		{ "web", "fd00:a::/64@256", ERR_USAGE, "it would lead away from fd00:a::1, a next hop on the link" },
		{ "web", "10.0.0.128/25 10.9.0.0/16=10.0.0.200", ERR_USAGE, "it would lead away from 10.0.0.200, a next hop on the link" },
		{ "flat", "169.254.1.1", ERR_USAGE, "it would lead away from 169.254.1.1, a next hop on the link" },
		{ "segment", "10.5.0.0/24 10.5.0.0/24=10.0.3.1@5 10.6.0.0/16=10.5.0.1", ERR_USAGE, "it would lead away from 10.5.0.1" },
		{ "old", "fd99::/64", ERR_USAGE, "the interface has no address of IPv6" },
		{ "flat", "10.9.0.0/16=10.0.2.9", ERR_USAGE, "in a routed network there is no next hop but the gateway" },
		{ "segment", "10.0.3.0/24", ERR_USAGE, "that is its link, which it reaches anyway" },
		{ "segment", "fd99::/64", ERR_USAGE, "the interface has no address of IPv6" },
	};
	struct scene scene;

	(void)state;
	scene_init(&scene);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct network *network = strcmp(rows[i].network, "web") == 0	 ? scene.web
					  : strcmp(rows[i].network, "old") == 0	 ? scene.old
					  : strcmp(rows[i].network, "flat") == 0 ? scene.flat
										 : scene.segment;
		const char *ips = network == scene.web ? "10.0.0.7" : network == scene.segment ? "10.0.3.7/24" : "";
		struct endpoint *endpoint;
		struct err err = ERR_INIT;

		assert_refused(route_try(scene.w1, network, ips, rows[i].routes, &endpoint, &err), &err, rows[i].kind, "red/w1:eth0",
			       rows[i].words);
		assert_int_equal(network->endpoint_count, 0);
	}
	model_fini(&scene.model);
}

/* The next hop of each; "-" is on link. */
static void assert_vias(const struct endpoint *endpoint, const char *expected)
{
	char text[512] = "";

	for (size_t i = 0; i < endpoint->route_count; i++) {
		const struct ip *via = endpoint_route_via(endpoint, &endpoint->routes[i]);
		char ip[IP_STR_SIZE];

		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", via ? ip_print(via, ip) : "-");
	}
	assert_string_equal(text, expected);
}

static void taken(void **state)
{
	static const struct {
		const char *network, *ips, *routes, *vias;
	} rows[] = {
		{ "web", "10.0.0.7", "10.9.0.0/16 10.8.0.1 fd99::/64", "10.0.0.1 10.0.0.1 fd00:a::1" },
		{ "web", "10.0.0.7", "10.9.0.0/16=10.0.0.9 0.0.0.0/0=10.0.0.9 ::/0=fe80::9", "10.0.0.9 10.0.0.9 fe80::9" },
		{ "web", "10.0.0.7", "10.9.0.0/16=10.0.0.9@5 10.9.0.0/16=10.0.0.8@6 169.254.169.254", "10.0.0.9 10.0.0.8 10.0.0.1" },
		{ "web", "10.0.0.7", "10.0.0.0/24 fd00:a::/64 fd00:a::/64@257", "10.0.0.1 fd00:a::1 fd00:a::1" },
		{ "web", "10.0.0.7", "10.0.0.128/25 10.0.0.99=10.0.0.98 fd00:a::9", "10.0.0.1 10.0.0.98 fd00:a::1" },
		{ "flat", "", "169.254.0.0/16", "169.254.1.1" },
		{ "flat", "", "10.9.0.0/16 10.8.0.0/16=169.254.1.1", "169.254.1.1 169.254.1.1" },
		{ "segment", "10.0.3.7/24", "10.9.0.0/16=10.0.3.1 10.8.0.0/16", "10.0.3.1 -" },
		/* a lease of one address, whose gateway has a route of its own */
		{ "segment", "10.0.3.7/32", "0.0.0.0/0=10.0.4.1 10.0.4.1/32", "10.0.4.1 -" },
	};
	struct scene scene;

	(void)state;
	scene_init(&scene);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct network *network = strcmp(rows[i].network, "web") == 0	 ? scene.web
					  : strcmp(rows[i].network, "flat") == 0 ? scene.flat
										 : scene.segment;
		struct endpoint *endpoint;
		struct err err = ERR_INIT;

		if (route_try(scene.w1, network, rows[i].ips, rows[i].routes, &endpoint, &err) < 0)
			fail_msg("%s: %s", rows[i].routes, err.msg);
		assert_vias(endpoint, rows[i].vias);
		model_endpoint_del(endpoint);
	}
	model_fini(&scene.model);
}

static void limits(void **state)
{
	struct endpoint_want tap = { .id = 10, .ifname = "tap0", .tap = true };
	struct stack_route route = { .dst = prefix_of("10.9.0.0/16") };
	struct endpoint *endpoint;
	struct err err = ERR_INIT;
	char many[2048] = "";
	struct scene scene;

	(void)state;
	scene_init(&scene);
	for (int i = 0; i <= ENDPOINT_ROUTES_MAX; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "10.9.%d.0/24 ", i);
	assert_refused(route_try(scene.w1, scene.web, "", many, &endpoint, &err), &err, ERR_LIMIT, "red/w1:eth0", "at most 64 routes");
	many[strlen(many) - strlen("10.9.64.0/24 ")] = '\0';
	assert_int_equal(route_try(scene.w1, scene.web, "", many, &endpoint, &err), 0);
	model_endpoint_del(endpoint);
	tap.routes = &route;
	tap.route_count = 1;
	err = (struct err)ERR_INIT;
	assert_refused(model_endpoint_add(scene.w1, scene.web, &tap, &endpoint, &err), &err, ERR_USAGE, "red/w1:tap0",
		       "a tap has no routes");
	model_fini(&scene.model);
}

/* Addresses that come later, of a network that gives none. */
static void later(void **state)
{
	struct prefix prefixes[] = { prefix_of("10.0.3.7/24"), prefix_of("fd99::7/64"), prefix_of("10.0.3.7/24"), prefix_of("224.0.0.1/24") };
	struct endpoint *endpoint, *other, *held;
	struct err err = ERR_INIT;
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_int_equal(route_try(scene.w1, scene.segment, "", "", &endpoint, &err), 0);
	held = endpoint_of(stack_of(scene.web->tenant, "w2", 20), scene.web, "eth0", 21, "");
	assert_refused(model_endpoint_ips_set(held, prefixes, 1, "x", &err), &err, ERR_CONFLICT, "x", "its network gives it its addresses");
	assert_refused(model_endpoint_ips_set(endpoint, prefixes, 3, "x", &err), &err, ERR_USAGE, "x", "10.0.3.7 is there twice");
	assert_refused(model_endpoint_ips_set(endpoint, &prefixes[3], 1, "x", &err), &err, ERR_USAGE, "x", "is no host address");
	assert_int_equal(endpoint->ip_count, 0);
	assert_int_equal(model_endpoint_ips_set(endpoint, prefixes, 2, "x", &err), 0);
	model_endpoint_ips_settle(endpoint, false);
	assert_int_equal(endpoint->ip_count, 0);
	assert_int_equal(model_endpoint_ips_set(endpoint, prefixes, 2, "x", &err), 0);
	model_endpoint_ips_settle(endpoint, true);
	assert_int_equal(endpoint->ip_count, 2);
	assert_refused(model_endpoint_ips_set(endpoint, prefixes, 1, "x", &err), &err, ERR_CONFLICT, "x", "it has addresses");
	assert_int_equal(model_endpoint_add(stack_of(scene.web->tenant, "w3", 22), scene.segment,
					    &(struct endpoint_want){ .id = 23, .ifname = "eth0" }, &other, &err), 0);
	assert_refused(model_endpoint_ips_set(other, prefixes, 1, "x", &err), &err, ERR_ADDRTAKEN, "x", "10.0.3.7 is taken");
	/* those that go are nobody else's while that may still fail: whoever had got them would stand beside the one who has them again */
	assert_int_equal(model_endpoint_ips_set(endpoint, NULL, 0, "x", &err), 0);
	assert_int_equal(endpoint->ip_count, 0);
	assert_refused(model_endpoint_ips_set(other, prefixes, 1, "x", &err), &err, ERR_ADDRTAKEN, "x", "10.0.3.7 is taken");
	model_endpoint_ips_settle(endpoint, false);
	assert_int_equal(endpoint->ip_count, 2);
	assert_int_equal(model_endpoint_ips_set(endpoint, NULL, 0, "x", &err), 0);
	model_endpoint_ips_settle(endpoint, true);
	assert_int_equal(model_endpoint_ips_set(other, prefixes, 1, "x", &err), 0);
	model_endpoint_ips_settle(other, true);
	assert_int_equal(model_endpoint_ips_set(other, NULL, 0, "x", &err), 0);
	model_endpoint_del(other);
	assert_int_equal(model_endpoint_ips_set(endpoint, prefixes, 1, "x", &err), 0);
	model_endpoint_ips_settle(endpoint, true);
	model_fini(&scene.model);
}

/* Of IPv6 ways of one metric by two interfaces are one to the kernel, and have one size. */
static void sizes(void **state)
{
	static const struct {
		const char *first, *second;
		bool taken;
	} rows[] = {
		{ "fd09::/64@9%1400", "fd09::/64@9", false },      { "fd09::/64@9", "fd09::/64@9^1300", false },
		{ "fd09::/64@9%1400", "fd09::/64@9%1400", true },  { "fd09::/64@9%1400", "fd09::/64@10", true },
		{ "10.9.0.0/16@9%1400", "10.9.0.0/16@9", true },   { "fd09::/64@9%1500", "fd08::/64@9", true },
	};
	struct scene scene;

	(void)state;
	scene_init(&scene);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct endpoint_want want = { .id = 11, .ifname = "eth1" };
		struct stack_route route;
		struct endpoint *first, *second;
		struct err err = ERR_INIT;
		int r;

		assert_int_equal(route_try(scene.w1, scene.web, "", rows[i].first, &first, &err), 0);
		routes_of(rows[i].second, &want, &route);
		r = model_endpoint_add(scene.w1, scene.web, &want, &second, &err);
		if (rows[i].taken) {
			assert_int_equal(r, 0);
			model_endpoint_del(second);
		} else {
			assert_refused(r, &err, ERR_USAGE, "red/w1:eth1", "by eth0 it has the same metric, and another mtu or advmss");
		}
		model_endpoint_del(first);
	}
	model_fini(&scene.model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(taken),
		cmocka_unit_test(limits),
		cmocka_unit_test(later),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
