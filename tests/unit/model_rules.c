/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of lib/model: the rules of tenants and networks. Every refusal names its object and its reason, and changes nothing.
 */
#include "tests/unit/model_unit.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"

static struct model model;

static int setup(void **state)
{
	struct pools pools = small_pools();

	(void)state;
	model_init(&model, &pools);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	model_fini(&model);
	return 0;
}

/* -------------------------------------------------------------------- tenants */

static void tenants(void **state)
{
	struct tenant_want want = { .name = "red", .quota = { -1, -1, -1 }, .id = 1, .transit = -1 };
	struct tenant *red, *other;
	struct err err = ERR_INIT;

	(void)state;
	red = tenant_of(&model, "red", 1);
	assert_ptr_equal(model_tenant(&model, "red"), red);
	assert_refused(model_tenant_add(&model, &want, &other, &err), &err, ERR_TAKEN, "red", "exists already");
	want.name = "blue";
	assert_refused(model_tenant_add(&model, &want, &other, &err), &err, ERR_INTERNAL, "blue", "the id is taken");
	want.id = 0;
	assert_refused(model_tenant_add(&model, &want, &other, &err), &err, ERR_INTERNAL, "blue", "the id is taken");
	want.id = 2;
	want.name = "Blue";
	assert_refused(model_tenant_add(&model, &want, &other, &err), &err, ERR_NAME, "Blue", "a tenant's name is");
	want.name = "blue";
	want.delegate = "a-user-whose-name-is-longer-than-any-name-may-be";
	assert_refused(model_tenant_add(&model, &want, &other, &err), &err, ERR_USAGE, "blue", "delegate is too long");
	assert_int_equal(model.tenants.count, 1);
	assert_int_equal(model.ids.count, 1);
	model_tenant_del(red);
	assert_empty(&model);
}

/* Eight pairs in a /28; a pair just given back is not the next to be given; what the store held is kept. */
static void transits(void **state)
{
	struct tenant_want want = { .name = "stored", .quota = { -1, -1, -1 }, .id = 100, .transit = 5 };
	struct tenant *tenants[8], *other;
	struct prefix side;
	struct err err = ERR_INIT;
	char name[8], text[PREFIX_STR_SIZE];

	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		tenants[i] = tenant_of(&model, name, i + 1);
		assert_int_equal(tenants[i]->transit, i);
	}
	side = tenant_transit4(tenants[3], false);
	assert_string_equal(prefix_print(&side, text), "100.72.0.6/31");
	side = tenant_transit4(tenants[3], true);
	assert_string_equal(prefix_print(&side, text), "100.72.0.7/31");
	side = tenant_transit6(tenants[7], true);
	assert_string_equal(prefix_print(&side, text), "fd00:7::f/127");
	want.transit = -1;
	assert_refused(model_tenant_add(&model, &want, &other, &err), &err, ERR_EXHAUSTED, "stored",
		       "no uplink address is left for another tenant (8 tenants stand)");
	want.transit = 5;
	assert_refused(model_tenant_add(&model, &want, &other, &err), &err, ERR_CONFLICT, "stored", "uplink number 5 is taken");
	want.transit = 8;
	assert_refused(model_tenant_add(&model, &want, &other, &err), &err, ERR_INTERNAL, "stored", "outside the pool");
	model_tenant_del(tenants[5]);
	model_tenant_del(tenants[2]);
	other = tenant_of(&model, "next", 50);
	assert_int_equal(other->transit, 2);
	want.transit = 5;
	assert_int_equal(model_tenant_add(&model, &want, &other, &err), 0);
	assert_int_equal(other->transit, 5);
}

/* ------------------------------------------------------------------- networks */

static void subnets(void **state)
{
	static const struct {
		const char *subnets, *gateways;
		enum err_kind kind;
		const char *words;
	} bad[] = {
		{ "10.0.0.1/24", "", ERR_USAGE, "10.0.0.1/24 has host bits set; the network is 10.0.0.0/24" },
		{ "10.0.0.0/32", "", ERR_USAGE, "the prefix length must be from 8 to 31" },
		{ "0.0.0.0/0", "", ERR_USAGE, "the prefix length must be from 8 to 31" },
		{ "fd00::/128", "", ERR_USAGE, "the prefix length must be from 8 to 127" },
		{ "224.0.0.0/24", "", ERR_USAGE, "is not one that hosts may have" },
		{ "127.0.0.0/24", "", ERR_USAGE, "is not one that hosts may have" },
		{ "169.254.0.0/16", "", ERR_USAGE, "is not one that hosts may have" },
		{ "0.0.0.0/8", "", ERR_USAGE, "is not one that hosts may have" },
		{ "fe80::/64", "", ERR_USAGE, "is not one that hosts may have" },
		{ "ff02::/64", "", ERR_USAGE, "is not one that hosts may have" },
		{ "::/96", "", ERR_USAGE, "is not one that hosts may have" },
		{ "10.0.0.0/24 10.0.0.0/25", "", ERR_USAGE, "subnets 10.0.0.0/24 and 10.0.0.0/25 overlap" },
		{ "10.0.0.0/24 fd00::/64 10.0.0.0/16", "", ERR_USAGE, "overlap" },
		{ "10.1.0.0/25", "", ERR_CONFLICT, "overlaps 10.1.0.0/24 of network red/taken" },
		{ "10.0.0.0/8", "", ERR_CONFLICT, "overlaps 10.1.0.0/24 of network red/taken" },
		{ "100.72.0.0/24", "", ERR_CONFLICT, "overlaps the addresses of the uplinks" },
		{ "fd00:7::/48", "", ERR_CONFLICT, "overlaps the addresses of the uplinks" },
		{ "10.0.0.0/24", "10.0.1.1", ERR_USAGE, "gateway 10.0.1.1 is no host address of its subnet" },
		{ "10.0.0.0/24", "10.0.0.0", ERR_USAGE, "gateway 10.0.0.0 is no host address of its subnet" },
		{ "10.0.0.0/24", "10.0.0.255", ERR_USAGE, "gateway 10.0.0.255 is no host address of its subnet" },
		{ "fd00::/64", "fd00::", ERR_USAGE, "gateway fd00:: is no host address of its subnet" },
		{ "fd00::/64 10.0.0.0/24", "10.0.0.1 fd00::1", ERR_USAGE, "gateway 10.0.0.1 is no host address of its subnet" },
		{ "10.0.0.0/24", "10.0.0.1 10.0.0.2", ERR_USAGE, "more gateways than subnets" },
		{ "10.2.0.0/24 10.3.0.0/24 10.4.0.0/24 10.5.0.0/24 10.6.0.0/24", "", ERR_LIMIT, "at most 4 subnets" },
	};
	struct network *network;
	struct err err = ERR_INIT;

	(void)state;
	tenant_of(&model, "red", 1);
	network_of(&model, "red/taken", 2, "10.1.0.0/24");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int r = network_try(&model, "red/web", 10, bad[i].subnets, bad[i].gateways, &network, &err);

		assert_refused(r, &err, bad[i].kind, "red/web", bad[i].words);
		assert_int_equal(model.ids.count, 2);
		assert_int_equal(model.nets.count, 1);
	}
}

static void networks(void **state)
{
	struct network_want want = { .name = { .tenant = "red", .name = "web" }, .id = 10, .mtu = 1500 };
	struct tenant_want lab = { .name = "lab", .kind = TENANT_LAB, .quota = { -1, -1, -1 }, .id = 7, .transit = -1 };
	struct tenant *red, *tenant;
	struct network *web, *other;
	struct err err = ERR_INIT;
	char text[IP_STR_SIZE];

	(void)state;
	assert_refused(model_network_add(&model, &want, &web, &err), &err, ERR_NOTFOUND, "red", "there is no tenant");
	red = tenant_of(&model, "red", 1);
	tenant_of(&model, "blue", 2);
	assert_int_equal(model_tenant_add(&model, &lab, &tenant, &err), 0);
	/* two tenants, one subnet; another gateway where one is named */
	network_of(&model, "blue/web", 3, "10.0.0.0/24 fd00::/64");
	assert_int_equal(network_try(&model, "red/web", 4, "10.0.0.0/24 fd00::/64", "10.0.0.254", &web, &err), 0);
	assert_string_equal(ip_print(&web->gateways[0], text), "10.0.0.254");
	assert_string_equal(ip_print(&web->gateways[1], text), "fd00::1");
	assert_refused(model_network_add(&model, &want, &other, &err), &err, ERR_TAKEN, "red/web", "exists already");
	want.name = (struct name){ .tenant = "lab", .name = "web" };
	assert_refused(model_network_add(&model, &want, &other, &err), &err, ERR_CONFLICT, "lab/web", "'lab' is a lab");
	want.name = (struct name){ .tenant = "red", .name = "db" };
	want.mtu = 1279;
	assert_refused(model_network_add(&model, &want, &other, &err), &err, ERR_USAGE, "red/db", "MTU must be from 1280");
	want.mtu = 65536;
	assert_refused(model_network_add(&model, &want, &other, &err), &err, ERR_USAGE, "red/db", "to 65535");
	want.mtu = 1500;
	want.id = 1;
	assert_refused(model_network_add(&model, &want, &other, &err), &err, ERR_INTERNAL, "red/db", "the id is taken");
	red->quota.networks = 1;
	want.id = 11;
	assert_refused(model_network_add(&model, &want, &other, &err), &err, ERR_QUOTA, "red/db",
		       "the tenant may have 1 networks and has them");
	red->quota.networks = 2;
	assert_int_equal(model_network_add(&model, &want, &other, &err), 0);
	assert_int_equal(other->subnet_count, 2);
}

/* Four /24 in the pool: given one after the other, none twice, none that the tenant uses already; then it is told. */
/* Prefixes that the administrator says are routed here: for networks without masquerade, one at a time. */
static void routed(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1);
	struct network *own, *other;
	struct network_def def;
	struct err err = ERR_INIT;

	(void)state;
	tenant_of(&model, "blue", 2);
	(void)red;
	model.routed[0] = prefix_of("192.0.2.0/24");
	model.routed_count = 1;
	assert_int_equal(network_try(&model, "red/own", 11, "192.0.2.0/26 2001:db8:9::/64", "", &own, &err), 0);
	assert_false(network_is_routed(own)); /* masqueraded, as by default */
	network_def_get(own, &def);
	def.masquerade = false;
	assert_int_equal(network_def_check(&def, own, &err), 0);
	network_def_apply(&def, own);
	assert_true(own->routed[0] && !own->routed[1]);

	/* with access to the host: masqueraded only with private subnets, else only with some that are routed */
	def.host_access = true;
	assert_int_equal(network_def_check(&def, own, &err), 0);
	def.masquerade = true;
	assert_refused(network_def_check(&def, own, &err), &err, ERR_UNSUPPORTED, "red/own", "host access to 192.0.2.0/26, which is not private");
	def.masquerade = false;
	def.internal = true;
	assert_refused(network_def_check(&def, own, &err), &err, ERR_UNSUPPORTED, "red/own", "an internal network has no access");
	model.routed_count = 0;
	def.internal = false;
	assert_refused(network_def_check(&def, own, &err), &err, ERR_UNSUPPORTED, "red/own", "host access without masquerade is for");
	model.routed_count = 1;

	/* another tenant may have the same addresses, but not have them routed */
	assert_int_equal(network_try(&model, "blue/same", 12, "192.0.2.0/25", "", &other, &err), 0);
	network_def_fini(&def);
	network_def_get(other, &def);
	def.masquerade = false;
	assert_refused(network_def_check(&def, other, &err), &err, ERR_CONFLICT, "blue/same",
		       "subnet 192.0.2.0/25 is routed to network red/own already");
	network_def_apply(&def, other); /* as when a changed file makes it so */
	assert_false(network_is_routed(other));
	own->internal = true;
	network_route(own);
	assert_false(network_is_routed(own));
	network_route(other);
	assert_true(network_is_routed(other));
	network_def_fini(&def);
}

/* The host reaches a masqueraded network by its private addresses, where these lead to one network, and nowhere of its own. */
static void reached(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1);
	struct network *web, *other;
	struct network_def def;
	struct err err = ERR_INIT;

	(void)state;
	(void)red;
	tenant_of(&model, "blue", 2);
	web = network_of(&model, "red/web", 11, "10.0.0.0/24 fd00:a::/64");
	other = network_of(&model, "blue/web", 12, "10.0.0.128/25");
	network_def_get(web, &def);
	def.host_access = true;
	assert_int_equal(network_def_check(&def, web, &err), 0);
	network_def_apply(&def, web);
	assert_true(web->reached[0] && web->reached[1] && !web->routed[0] && !web->routed[1]);
	/* an address leads to one of them */
	network_def_fini(&def);
	network_def_get(other, &def);
	def.host_access = true;
	assert_refused(network_def_check(&def, other, &err), &err, ERR_CONFLICT, "blue/web",
		       "the host reaches 10.0.0.128/25, or a part of it, in network red/web already, and can reach it in one alone");
	network_def_apply(&def, other);
	assert_false(other->reached[0]);
	/* the host has a route of its own by now */
	model.links.routes[model.links.routes_count++] = prefix_of("10.0.0.0/16");
	model_route_all(&model);
	assert_true(!web->reached[0] && web->reached[1] && !other->reached[0]);
	network_def_fini(&def);
	network_def_get(web, &def);
	assert_refused(network_def_check(&def, web, &err), &err, ERR_CONFLICT, "red/web",
		       "10.0.0.0/24, or a part of it, is reached from the host by its own route to 10.0.0.0/16");
	model.links.routes_count = 0;
	model.links.routes_more = true;
	assert_refused(network_def_check(&def, web, &err), &err, ERR_UNSUPPORTED, "red/web", "more than 64 routes");
	model_route_all(&model);
	assert_false(web->reached[1]);
	network_def_fini(&def);
}

/* Prefixes of which the host's own link has the whole, or an address: a part alone may be a network's. */
static void routed_on_link(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1);
	struct network *network;
	struct network_def def;
	struct ip ip = ip_of("2001:db8:51:0:1::5");
	struct err err = ERR_INIT;

	(void)state;
	model.routed[0] = prefix_of("2001:db8:51::/64");
	model.routed[1] = prefix_of("2001:db8:7::/48");
	model.routed_count = 2;
	model.links.onlink[0].prefix = prefix_of("2001:db8:51::/64");
	strcpy(model.links.onlink[0].dev, "eth0");
	model.links.onlink_count = 1;
	model.links.held[0] = ip_of("2001:db8:51::2");
	model.links.held_count = 1;
	network = network_of(&model, "red/part", 11, "2001:db8:51:0:1::/80");
	assert_null(network_proxy_dev(network, &ip)); /* masqueraded */
	network_def_get(network, &def);
	def.masquerade = false;
	assert_int_equal(network_def_check(&def, network, &err), 0);
	network_def_apply(&def, network);
	assert_string_equal(network_proxy_dev(network, &ip), "eth0");
	ip = ip_of("2001:db8:51:0:2::5");
	assert_null(network_proxy_dev(network, &ip)); /* of no subnet */
	def.subnets[0] = prefix_of("2001:db8:51::/64");
	assert_refused(network_route_check(&model, network, &def.subnets[0], "red/all", &err), &err, ERR_CONFLICT, "red/all",
		       "subnet 2001:db8:51::/64 is that of the host's link eth0: give it a part of it, such as a /80");
	def.subnets[0] = prefix_of("2001:db8:51::/80");
	assert_refused(network_route_check(&model, network, &def.subnets[0], "red/host", &err), &err, ERR_CONFLICT, "red/host",
		       "2001:db8:51::2 of subnet 2001:db8:51::/80 is the host's own, or its gateway's");
	def.subnets[0] = prefix_of("2001:db8:7:1::/64");
	assert_int_equal(network_route_check(&model, NULL, &def.subnets[0], "red/far", &err), 0);
	network_def_fini(&def);
	network = network_of(&model, "red/far", 12, "2001:db8:7:1::/64");
	network->masquerade = false;
	network_route(network);
	ip = ip_of("2001:db8:7:1::5");
	assert_true(network->routed[0]);
	assert_null(network_proxy_dev(network, &ip)); /* routed here, on no link */
	(void)red;
}

static void pools(void **state)
{
	struct network *network, *first;
	struct err err = ERR_INIT;
	char text[PREFIX_STR_SIZE];

	(void)state;
	tenant_of(&model, "red", 1);
	tenant_of(&model, "blue", 2);
	network_of(&model, "red/own", 3, "10.64.1.128/25");
	first = network_of(&model, "red/a", 4, "");
	assert_string_equal(prefix_print(&first->subnets[0], text), "10.64.0.0/24");
	assert_string_equal(prefix_print(&first->subnets[1], text), "fd00:64::/64");
	network = network_of(&model, "red/b", 5, "");
	assert_string_equal(prefix_print(&network->subnets[0], text), "10.64.2.0/24");
	assert_string_equal(prefix_print(&network->subnets[1], text), "fd00:64:0:1::/64");
	model_network_del(first);
	network = network_of(&model, "red/c", 6, "");
	assert_string_equal(prefix_print(&network->subnets[0], text), "10.64.3.0/24");
	network = network_of(&model, "red/d", 7, "");
	assert_string_equal(prefix_print(&network->subnets[0], text), "10.64.0.0/24");
	assert_refused(network_try(&model, "red/e", 8, "", "", &network, &err), &err, ERR_EXHAUSTED, "red/e",
		       "no subnet is left in the pools; ask for one");
	/* another tenant may have what this one could not */
	network = network_of(&model, "blue/a", 9, "");
	assert_string_equal(prefix_print(&network->subnets[0], text), "10.64.1.0/24");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tenants), TEST(transits), TEST(subnets), TEST(networks), TEST(pools), TEST(routed),
		TEST(routed_on_link), TEST(reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
