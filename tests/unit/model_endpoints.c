/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of lib/model: the rules of addresses, endpoints, ports and wires. Every refusal names its object and its reason,
 * and changes nothing.
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

/* ------------------------------------------------------------------ endpoints */

static void addresses(void **state)
{
	static const struct {
		const char *ips;
		enum err_kind kind;
		const char *words;
	} bad[] = {
		{ "10.0.1.5", ERR_USAGE, "10.0.1.5 is no host address of network red/web" },
		{ "10.0.0.0", ERR_USAGE, "10.0.0.0 is no host address" },
		{ "10.0.0.255", ERR_USAGE, "10.0.0.255 is no host address" },
		{ "fd00::", ERR_USAGE, "fd00:: is no host address" },
		{ "10.0.0.1", ERR_ADDRTAKEN, "10.0.0.1 is the gateway of network red/web" },
		{ "fd00::1", ERR_ADDRTAKEN, "fd00::1 is the gateway of network red/web" },
		{ "10.0.0.9", ERR_ADDRTAKEN, "10.0.0.9 is held by red/w1:eth0" },
		{ "10.0.0.77 10.0.0.77", ERR_USAGE, "10.0.0.77 is asked for twice" },
		{ "10.0.0.77 10.0.0.9", ERR_ADDRTAKEN, "10.0.0.9 is held by" },
		{ "10.0.0.20 10.0.0.21 10.0.0.22 10.0.0.23 10.0.0.24", ERR_LIMIT, "at most 4 addresses may be asked for" },
	};
	struct tenant *red = tenant_of(&model, "red", 1);
	struct network *web = network_of(&model, "red/web", 2, "10.0.0.0/24 fd00::/64");
	struct stack *w1 = stack_of(red, "w1", 3), *w2 = stack_of(red, "w2", 4);
	struct endpoint *endpoint;
	struct err err = ERR_INIT;

	(void)state;
	assert_ips(endpoint_of(w1, web, "eth0", 5, "10.0.0.9"), "10.0.0.9/24 fd00::2/64");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int r = endpoint_try(w2, web, "eth0", 6, bad[i].ips, &endpoint, &err);

		assert_refused(r, &err, bad[i].kind, "red/w2:eth0", bad[i].words);
		assert_int_equal(web->endpoint_count, 1);
		assert_int_equal(web->used.count, 2);
		assert_int_equal(red->endpoint_count, 1);
		assert_true(list_empty(&w2->endpoints));
	}
	/* asked for both, asked for one, asked for none; the last v6 address is no broadcast */
	assert_ips(endpoint_of(w2, web, "eth0", 6, "fd00::ffff:ffff:ffff:ffff 10.0.0.254"),
		   "fd00::ffff:ffff:ffff:ffff/64 10.0.0.254/24");
	assert_ips(endpoint_of(w2, web, "eth1", 7, "fd00::9"), "fd00::9/64 10.0.0.2/24");
	assert_ips(endpoint_of(w2, web, "eth2", 8, ""), "10.0.0.3/24 fd00::3/64");
}

/* An address just given back is the last to be given again. */
static void next_fit(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1);
	struct network *web = network_of(&model, "red/web", 2, "10.0.0.0/29");
	struct stack *w1 = stack_of(red, "w1", 3);
	struct endpoint *endpoint;
	struct err err = ERR_INIT;
	char ifname[16];

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		char expected[24];

		endpoint = endpoint_of(w1, web, "eth0", 100 + i, "");
		snprintf(expected, sizeof(expected), "10.0.0.%u/29", 2 + i % 5);
		assert_ips(endpoint, expected);
		model_endpoint_del(endpoint);
	}
	for (unsigned i = 0; i < 5; i++) {
		snprintf(ifname, sizeof(ifname), "e%u", i);
		endpoint_of(w1, web, ifname, 200 + i, "");
	}
	assert_refused(endpoint_try(w1, web, "e6", 300, "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/w1:e6",
		       "no address is left in 10.0.0.0/29 of network red/web");
	assert_int_equal(web->used.count, 5);
	/* the one hole is found wherever it is */
	for (unsigned i = 0; i < 5; i++) {
		snprintf(ifname, sizeof(ifname), "e%u", i);
		endpoint = stack_endpoint(w1, ifname);
		assert_non_null(endpoint);
		struct prefix hole = endpoint->ips[0];

		model_endpoint_del(endpoint);
		endpoint = endpoint_of(w1, web, ifname, 400 + i, "");
		assert_int_equal(ip_cmp(&endpoint->ips[0].ip, &hole.ip), 0);
	}
}

/* The smallest subnets, and a gateway in the middle. */
static void small(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1);
	struct network *four = network_of(&model, "red/four", 2, "10.0.0.0/30"), *six, *middle;
	struct stack *w1 = stack_of(red, "w1", 3);
	struct endpoint *endpoint;
	struct err err = ERR_INIT;

	(void)state;
	assert_ips(endpoint_of(w1, four, "a", 10, ""), "10.0.0.2/30");
	assert_refused(endpoint_try(w1, four, "b", 11, "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/w1:b", "10.0.0.0/30");
	six = network_of(&model, "red/six", 4, "fd00:1::/126");
	assert_ips(endpoint_of(w1, six, "c", 12, ""), "fd00:1::2/126");
	assert_ips(endpoint_of(w1, six, "d", 13, ""), "fd00:1::3/126");
	assert_refused(endpoint_try(w1, six, "e", 14, "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/w1:e", "fd00:1::/126");
	assert_int_equal(network_try(&model, "red/middle", 5, "10.1.0.0/29", "10.1.0.3", &middle, &err), 0);
	assert_ips(endpoint_of(w1, middle, "f", 15, ""), "10.1.0.1/29");
	assert_ips(endpoint_of(w1, middle, "g", 16, ""), "10.1.0.2/29");
	assert_ips(endpoint_of(w1, middle, "h", 17, ""), "10.1.0.4/29");
	/* of two subnets one is full: the endpoint gets none, and the other's address is free again */
	struct network *both = network_of(&model, "red/both", 6, "10.2.0.0/24 10.3.0.0/30");

	assert_ips(endpoint_of(w1, both, "i", 18, ""), "10.2.0.2/24 10.3.0.2/30");
	assert_refused(endpoint_try(w1, both, "j", 19, "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/w1:j", "10.3.0.0/30");
	assert_int_equal(both->used.count, 2);
}

/* What a neighbour remembers of an address stays true when somebody else has it, or the same one anew. */
static void macs(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1);
	struct network *web = network_of(&model, "red/web", 3, "10.0.0.0/24"), *other = network_of(&model, "red/other", 6, "10.0.1.0/24"),
		       *six = network_of(&model, "red/six", 7, "fd00::/64");
	struct stack *w1 = stack_of(red, "w1", 4), *w2 = stack_of(red, "w2", 5);
	struct endpoint *endpoint;
	struct mac first, mac;
	char text[MAC_STR_SIZE];

	(void)state;
	endpoint = endpoint_of(w1, web, "eth0", 10, "");
	first = endpoint->mac;
	assert_true(mac_is_unicast(&first) && (first.b[0] & 2));
	mac = endpoint_of(w1, web, "eth1", 11, "")->mac;
	assert_memory_not_equal(&first, &mac, sizeof(mac));
	mac = endpoint_of(w1, other, "eth2", 12, "")->mac;
	assert_memory_not_equal(&first, &mac, sizeof(mac));
	assert_string_not_equal(mac_print(&endpoint_of(w1, six, "eth3", 13, "")->mac, text), mac_print(&first, (char[MAC_STR_SIZE]){ 0 }));
	model_endpoint_del(endpoint);
	endpoint = endpoint_of(w2, web, "eth0", 14, "10.0.0.2");
	assert_memory_equal(&endpoint->mac, &first, sizeof(first));
	model_endpoint_del(endpoint);

	/* somebody asked for just that one: then it is another */
	const struct ip nine = { .family = 4, .b = { 10, 0, 0, 9 } };
	struct endpoint_want want = { .id = 15, .ifname = "eth0", .mac = first, .ips = &nine, .ip_count = 1 };
	struct err err = ERR_INIT;

	assert_int_equal(model_endpoint_add(w2, web, &want, &endpoint, &err), 0);
	endpoint = endpoint_of(w2, web, "eth1", 16, "10.0.0.2");
	mac = mac_from_id(16);
	assert_memory_equal(&endpoint->mac, &mac, sizeof(mac));
}

static void endpoints(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1), *blue = tenant_of(&model, "blue", 2);
	struct network *web = network_of(&model, "red/web", 3, "10.0.0.0/16");
	struct stack *w1 = stack_of(red, "w1", 4), *thief = stack_of(blue, "w1", 5);
	struct endpoint_want want = { .id = 10, .ifname = "eth0", .request_id = "again", .mac = { { 2, 0, 0, 0, 0, 9 } } };
	struct mac gateway_mac = mac_from_id(3);
	struct endpoint *endpoint, *other;
	struct err err = ERR_INIT;
	char labels[LABELS_SIZE + 1], request[REQUEST_ID_SIZE + 1], text[MAC_STR_SIZE + 40];

	(void)state;
	assert_refused(endpoint_try(thief, web, "eth0", 9, "", &other, &err), &err, ERR_PERMISSION, "web",
		       "different tenants");
	assert_int_equal(model_endpoint_add(w1, web, &want, &endpoint, &err), 0);
	assert_ptr_equal(model_request(red, 0, "again"), endpoint);
	assert_refused(model_endpoint_add(w1, web, &want, &other, &err), &err, ERR_TAKEN, "red/w1:eth0", "already");
	want.ifname = "eth1";
	assert_refused(model_endpoint_add(w1, web, &want, &other, &err), &err, ERR_INTERNAL, "red/w1:eth1", "id is taken");
	want.id = 11;
	assert_refused(model_endpoint_add(w1, web, &want, &other, &err), &err, ERR_USAGE, "red/w1:eth1", "requestId");
	/* another user's is another */
	assert_null(model_request(red, 1000, "again"));
	assert_null(model_request(blue, 0, "again"));
	want.request_id = NULL;
	assert_refused(model_endpoint_add(w1, web, &want, &other, &err), &err, ERR_ADDRTAKEN, "red/w1:eth1",
		       "MAC address 02:00:00:00:00:09 is taken in network red/web");
	want.mac = (struct mac){ { 1, 0, 0, 0, 0, 9 } };
	assert_refused(model_endpoint_add(w1, web, &want, &other, &err), &err, ERR_USAGE, "red/w1:eth1",
		       "01:00:00:00:00:09 is not a unicast MAC address");
	/* the gateway's own: frames for it would go to this port */
	want.mac = gateway_mac;
	snprintf(text, sizeof(text), "MAC address %s is that of the gateway", mac_print(&gateway_mac, labels));
	assert_refused(model_endpoint_add(w1, web, &want, &other, &err), &err, ERR_ADDRTAKEN, "red/w1:eth1", text);
	want.mac = (struct mac){ { 0 } };
	want.mtu = 1279;
	assert_refused(model_endpoint_add(w1, web, &want, &other, &err), &err, ERR_USAGE, "red/w1:eth1", "MTU");
	want.mtu = 0;
	memset(labels, 'x', LABELS_SIZE);
	labels[LABELS_SIZE] = '\0';
	want.labels = labels;
	assert_refused(model_endpoint_add(w1, web, &want, &other, &err), &err, ERR_LIMIT, "red/w1:eth1", "labels");
	want.labels = NULL;
	memset(request, 'x', REQUEST_ID_SIZE);
	request[REQUEST_ID_SIZE] = '\0';
	want.request_id = request;
	assert_refused(model_endpoint_add(w1, web, &want, &other, &err), &err, ERR_USAGE, "red/w1:eth1", "requestId");
	want.request_id = NULL;
	red->quota.endpoints = 1;
	assert_refused(model_endpoint_add(w1, web, &want, &other, &err), &err, ERR_QUOTA, "red/w1:eth1",
		       "may have 1 endpoints");
	red->quota.endpoints = -1;
	assert_int_equal(red->endpoint_count, 1);
	assert_int_equal(web->endpoint_count, 1);
	model_endpoint_del(endpoint);
	assert_null(model_request(red, 0, "again"));
	assert_int_equal(web->used.count + web->macs.count, 0);
}

/* A stack by the request that made it: of that user, in that tenant, and beside the endpoints' requests. */
static void stack_requests(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1), *blue = tenant_of(&model, "blue", 2);
	struct stack *w1 = stack_of(red, "w1", 3), *w2 = stack_of(red, "w2", 4), *other = stack_of(blue, "w1", 5);
	struct err err = ERR_INIT;
	char request[REQUEST_ID_SIZE + 1];

	(void)state;
	assert_int_equal(model_stack_request(w1, 1000, "again", &err), 0);
	assert_ptr_equal(model_stack_requested(red, 1000, "again"), w1);
	assert_null(model_stack_requested(red, 0, "again"));
	assert_null(model_stack_requested(blue, 1000, "again"));
	assert_null(model_request(red, 1000, "again"));
	assert_refused(model_stack_request(w2, 1000, "again", &err), &err, ERR_USAGE, "red/w2", "requestId");
	assert_int_equal(model_stack_request(w2, 0, "again", &err), 0);
	assert_int_equal(model_stack_request(other, 1000, "again", &err), 0);
	assert_ptr_equal(model_stack_requested(blue, 1000, "again"), other);
	/* an id that reads like another's key is not that one's */
	assert_null(model_stack_requested(red, 100, "0 red again"));
	memset(request, 'x', REQUEST_ID_SIZE);
	request[REQUEST_ID_SIZE] = '\0';
	assert_null(model_stack_requested(red, 1000, request));
	assert_refused(model_stack_request(stack_of(red, "w3", 6), 1000, request, &err), &err, ERR_USAGE, "red/w3", "requestId");
	model_stack_del(w1);
	assert_null(model_stack_requested(red, 1000, "again"));
	assert_int_equal(model.stack_requests.count, 2);
}

/* A bridge has 1023 ports; the refusal names what will have more. */
/* Whose default route a stack uses, and who has tables of their own. */
static void default_routes(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1);
	struct network *network = network_of(&model, "red/web", 2, "10.0.0.0/24");
	struct stack *stack = stack_of(red, "w", 3);
	struct endpoint_want want = { .id = 12, .ifname = "eth2", .default_route = true, .first_route = true };
	struct endpoint *first, *second, *third, *fourth;
	struct err err = ERR_INIT;

	(void)state;
	assert_null(model_default_endpoint(stack));
	first = endpoint_of(stack, network, "eth0", 10, "");
	second = endpoint_of(stack, network, "eth1", 11, "");
	assert_ptr_equal(model_default_endpoint(stack), first);
	assert_true(!first->own_table && second->own_table && first->metric < second->metric);
	assert_int_equal(model_endpoint_add(stack, network, &want, &third, &err), 0);
	assert_ptr_equal(model_default_endpoint(stack), third);
	assert_true(third->own_table && third->metric < first->metric);
	want = (struct endpoint_want){ .id = 13, .ifname = "eth3" };
	assert_int_equal(model_endpoint_add(stack, network, &want, &fourth, &err), 0);
	assert_true(!fourth->default_route && fourth->own_table && fourth->metric > second->metric);
	model_endpoint_del(third);
	assert_ptr_equal(model_default_endpoint(stack), first);
	model_endpoint_del(first);
	assert_ptr_equal(model_default_endpoint(stack), second);
	model_endpoint_del(second);
	assert_null(model_default_endpoint(stack));
	/* as the store held them, whatever stands by then */
	want = (struct endpoint_want){ .id = 14, .ifname = "eth4", .default_route = true, .metric = 1 };
	assert_int_equal(model_endpoint_add(stack, network, &want, &first, &err), 0);
	assert_true(first->metric == 1 && !first->own_table);
	want = (struct endpoint_want){ .id = 15, .ifname = "eth5", .default_route = true, .first_route = true };
	assert_refused(model_endpoint_add(stack, network, &want, &second, &err), &err, ERR_LIMIT, "red/w:eth5",
		       "used up the metrics");
	model_tenant_del(red);
	assert_empty(&model);
}

/* Beside a virtual machine nobody else lives in its stack, and what it does there is its own business. */
static void taps(void **state)
{
	struct endpoint_want want = { .id = 10, .ifname = "tap0", .default_route = true, .tap = true };
	struct endpoint *endpoint, *plain;
	struct network *network;
	struct stack *vm, *w, *c;
	struct tenant *red;
	struct err err = ERR_INIT;

	(void)state;
	red = tenant_of(&model, "red", 1);
	network = network_of(&model, "red/web", 2, "10.0.0.0/24");
	vm = stack_of(red, "vm", 3);
	w = stack_of(red, "w", 4);
	assert_int_equal(model_stack_add(red, "c", STACK_CONTAINER, 5, &c, &err), 0);
	assert_int_equal(model_endpoint_add(vm, network, &want, &endpoint, &err), 0);
	assert_true(endpoint->tap && !endpoint->default_route && !endpoint->own_table);
	/* the machine chooses its way out: however many it has, none is the stack's */
	want = (struct endpoint_want){ .id = 11, .ifname = "tap1", .first_route = true, .tap = true };
	assert_int_equal(model_endpoint_add(vm, network, &want, &endpoint, &err), 0);
	assert_false(endpoint->own_table);
	assert_null(model_default_endpoint(vm));
	want = (struct endpoint_want){ .id = 12, .ifname = "eth0" };
	assert_refused(model_endpoint_add(vm, network, &want, &plain, &err), &err, ERR_CONFLICT, "red/vm:eth0", "taps alone");
	assert_int_equal(model_endpoint_add(w, network, &want, &plain, &err), 0);
	want = (struct endpoint_want){ .id = 13, .ifname = "tap0", .tap = true };
	assert_refused(model_endpoint_add(w, network, &want, &endpoint, &err), &err, ERR_CONFLICT, "red/w:tap0", "no taps");
	assert_refused(model_endpoint_add(c, network, &want, &endpoint, &err), &err, ERR_CONFLICT, "red/c:tap0", "made for it");
	model_tenant_del(red);
	assert_empty(&model);
}

static void ports_of_a_bridge(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1);
	struct network *web = network_of(&model, "red/web", 2, "10.0.0.0/16");
	struct endpoint *endpoint;
	struct err err = ERR_INIT;
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 1023; i++) {
		snprintf(name, sizeof(name), "w%u", i);
		endpoint_of(stack_of(red, name, 1000 + i), web, "eth0", 10000 + i, "");
	}
	assert_refused(endpoint_try(stack_of(red, "last", 3000), web, "eth0", 3001, "", &endpoint, &err), &err, ERR_LIMIT,
		       "red/last:eth0", "routed");
}

static void modes(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1);
	struct network *flat = network_of(&model, "red/flat", 2, "routed 10.0.0.0/16 10.1.0.0/24 fd00::/64"), *network,
		       *segment = network_of(&model, "red/lab", 3, "l2"), *more;
	struct network_want want = { .name = { .tenant = "red", .name = "x" }, .id = 4, .mtu = 1500, .mode = NETWORK_ROUTED };
	struct prefix prefixes[] = { prefix_of("10.0.0.5/24"), prefix_of("fd00::5/64") };
	struct endpoint_want fixed = { .id = 5, .ifname = "eth0", .prefixes = prefixes, .prefix_count = 2 };
	struct stack *a = stack_of(red, "a", 10);
	struct endpoint *endpoint;
	struct err err = ERR_INIT;
	enum network_mode mode;

	(void)state;
	for (unsigned i = 0; i < NETWORK_MODE_COUNT; i++) {
		assert_int_equal(network_mode_parse(network_mode_name((enum network_mode)i), &mode), 0);
		assert_int_equal(mode, i);
	}
	assert_int_equal(network_mode_parse("macvlan", &mode), -EINVAL);
	/* the gateway is in no subnet, so the first address is free; each endpoint stands alone */
	assert_ips(endpoint_of(a, flat, "eth0", 11, ""), "10.0.0.1/32 10.1.0.1/32 fd00::1/128");
	assert_ips(endpoint_of(a, flat, "eth1", 12, "10.0.255.254"), "10.0.255.254/32 fd00::2/128");
	for (size_t i = 0; i < flat->subnet_count; i++) {
		struct ip gateway = network_gateway(flat->subnets[i].ip.family);

		assert_int_equal(ip_cmp(&flat->gateways[i], &gateway), 0);
	}
	assert_true(network_goes_out(flat));
	want.subnets = prefixes;
	want.gateways = &prefixes[0].ip;
	prefixes[0] = prefix_of("10.9.0.0/24");
	want.subnet_count = want.gateway_count = 1;
	assert_refused(model_network_add(&model, &want, &network, &err), &err, ERR_USAGE, "red/x", "169.254.1.1 and fe80::1");
	/* a segment without anything but what is asked for */
	assert_int_equal(segment->subnet_count, 0);
	assert_false(network_goes_out(segment));
	want.mode = NETWORK_L2;
	assert_refused(model_network_add(&model, &want, &network, &err), &err, ERR_USAGE, "red/x", "has no subnet");
	want.subnet_count = want.gateway_count = 0;
	want.guard = true;
	assert_refused(model_network_add(&model, &want, &network, &err), &err, ERR_USAGE, "red/x", "has no guard");
	prefixes[0] = prefix_of("10.0.0.5/24");
	assert_int_equal(model_endpoint_add(stack_of(red, "b", 13), segment, &fixed, &endpoint, &err), 0);
	assert_ips(endpoint, "10.0.0.5/24 fd00::5/64");
	assert_refused(publish_try(endpoint, "80:80", &err), &err, ERR_CONFLICT, "80:80/tcp", "mode l2, has none");
	assert_ips(endpoint_of(stack_of(red, "c", 14), segment, "eth0", 15, ""), "");
	assert_refused(endpoint_try(stack_of(red, "d", 16), segment, "eth0", 17, "10.0.0.7", &endpoint, &err), &err,
		       ERR_USAGE, "red/d:eth0", "no host address");
	/* 10,000 in one network, and not one more */
	more = network_of(&model, "red/more", 20, "routed 10.2.0.0/16");
	for (unsigned i = 0; i < NETWORK_ROUTED_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "m%u", i);
		endpoint_of(stack_of(red, name, 100000 + i), more, "eth0", 200000 + i, "");
	}
	assert_refused(endpoint_try(stack_of(red, "last", 21), more, "eth0", 22, "", &endpoint, &err), &err, ERR_LIMIT,
		       "red/last:eth0", "10000 endpoints");
}

static void namespaces(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1);
	struct stack *a = stack_of(red, "a", 2), *b = stack_of(red, "b", 3);

	(void)state;
	assert_null(model_stack_by_netns(&model, 4, 77));
	model_stack_set_netns(a, 4, 77);
	model_stack_set_netns(b, 4, 77); /* the first of a namespace is found */
	assert_ptr_equal(model_stack_by_netns(&model, 4, 77), a);
	model_stack_del(b);
	assert_ptr_equal(model_stack_by_netns(&model, 4, 77), a);
	model_stack_del(a);
	assert_null(model_stack_by_netns(&model, 4, 77));
}

/* ----------------------------------------------------------------------- ports */

/* The ports that a tenant may publish: all of a range in them, whatever pieces they are in. */
static void ports_allowed(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1);
	struct network *web = network_of(&model, "red/web", 3, "10.0.0.0/24");
	struct endpoint *endpoint = endpoint_of(stack_of(red, "w1", 5), web, "eth0", 6, "");
	static const char *const ranges[] = { "8100-8199", "8000-8099", "53/udp", "443/tcp" };
	char text[PORT_RANGE_SIZE];
	struct port_range range;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(publish_try(endpoint, "9000:80", &err), 0); /* none: any */
	for (size_t i = 0; i < ARRAY_COUNT(ranges); i++) {
		assert_int_equal(port_range_parse(ranges[i], &red->allow_ports[red->allow_ports_count++], &err), 0);
		assert_string_equal(port_range_print(&red->allow_ports[i], text), ranges[i]);
	}
	assert_int_equal(publish_try(endpoint, "8000-8199:1-200", &err), 0); /* over two that touch */
	assert_int_equal(publish_try(endpoint, "8100:80/udp", &err), 0);
	assert_int_equal(publish_try(endpoint, "192.0.2.1:443:443", &err), 0);
	assert_int_equal(publish_try(endpoint, "53:53/udp", &err), 0);
	assert_refused(publish_try(endpoint, "53:53", &err), &err, ERR_PERMISSION, "53:53/tcp",
		       "port 53 is not among those that tenant red may publish");
	assert_refused(publish_try(endpoint, "443:443/udp", &err), &err, ERR_PERMISSION, "443:443/udp", "port 443 is not among");
	assert_refused(publish_try(endpoint, "7999-8000:1-2/udp", &err), &err, ERR_PERMISSION, "7999-8000:1-2/udp", "port 7999 is not");
	assert_refused(publish_try(endpoint, "8190-8209:1-20/sctp", &err), &err, ERR_PERMISSION, "8190-8209:1-20/sctp", "port 8200 is not");
	assert_refused(publish_try(endpoint, "65535:1", &err), &err, ERR_PERMISSION, "65535:1/tcp", "port 65535 is not");
	assert_int_equal(endpoint->publish_count, 5); /* what was there before stays */
	assert_int_equal(port_range_parse("1-65535", &red->allow_ports[0], &err), 0);
	red->allow_ports_count = 1;
	assert_int_equal(publish_try(endpoint, "65535:1", &err), 0);
	assert_refused(port_range_parse("80-79", &range, &err), &err, ERR_USAGE, "80-79", "");
	assert_refused(port_range_parse("80/icmp", &range, &err), &err, ERR_USAGE, "80/icmp", "");
}

static void publishing(void **state)
{
	struct tenant *red = tenant_of(&model, "red", 1), *blue = tenant_of(&model, "blue", 2);
	struct network *web = network_of(&model, "red/web", 3, "10.0.0.0/24"),
		       *both = network_of(&model, "blue/web", 4, "10.0.0.0/24 fd00::/64");
	struct endpoint *r1 = endpoint_of(stack_of(red, "w1", 5), web, "eth0", 6, ""),
			*r2 = endpoint_of(stack_of(red, "w2", 7), web, "eth0", 8, ""),
			*b1 = endpoint_of(stack_of(blue, "w1", 9), both, "eth0", 10, "");
	struct portspec specs[3], spec;
	struct network *inner;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(publish_try(r1, "8080:80", &err), 0);
	assert_refused(publish_try(b1, "8080:80", &err), &err, ERR_PORTTAKEN, "8080:80/tcp",
		       "port 8080 is published by red/w1:eth0");
	assert_refused(publish_try(b1, "192.0.2.1:8080:80", &err), &err, ERR_PORTTAKEN, "192.0.2.1:8080:80/tcp", "red/w1:eth0");
	assert_refused(publish_try(b1, "[2001:db8::1]:8080:80", &err), &err, ERR_PORTTAKEN, "[2001:db8::1]:8080:80/tcp",
		       "red/w1:eth0");
	assert_refused(publish_try(r1, "8080:80", &err), &err, ERR_PORTTAKEN, "8080:80/tcp", "red/w1:eth0");
	assert_int_equal(publish_try(b1, "8080:80/udp", &err), 0);
	/* one address each: two tenants may, one tenant may not */
	assert_int_equal(publish_try(r1, "192.0.2.1:443:443", &err), 0);
	assert_int_equal(publish_try(b1, "192.0.2.2:443:443", &err), 0);
	assert_int_equal(publish_try(b1, "[2001:db8::1]:444:443", &err), 0);
	assert_refused(publish_try(b1, "192.0.2.1:443:443", &err), &err, ERR_PORTTAKEN, "192.0.2.1:443:443/tcp", "red/w1:eth0");
	assert_refused(publish_try(r2, "192.0.2.3:443:443", &err), &err, ERR_PORTTAKEN, "192.0.2.3:443:443/tcp",
		       "red/w1:eth0 on 192.0.2.1; a tenant has a port on one address of a family");
	assert_refused(publish_try(b1, "[fe80::1]:447:443", &err), &err, ERR_USAGE, "[fe80::1]:447:443/tcp", "link-local");
	assert_refused(publish_try(r2, "443:443", &err), &err, ERR_PORTTAKEN, "443:443/tcp", "is published by");
	assert_refused(publish_try(r2, "[2001:db8::1]:445:443", &err), &err, ERR_USAGE, "[2001:db8::1]:445:443/tcp",
		       "the endpoint has no IPv6 address");
	/* all or none */
	/* of two families the router tells apart */
	assert_int_equal(publish_try(b1, "127.0.0.1:446:443", &err), 0);
	assert_int_equal(publish_try(b1, "[::1]:446:443", &err), 0);
	assert_refused(publish_try(b1, "[2001:db8::1]:446:443", &err), &err, ERR_PORTTAKEN, "[2001:db8::1]:446:443/tcp", "blue/");
	assert_refused(publish_try(r1, "446:443", &err), &err, ERR_PORTTAKEN, "446:443/tcp", "blue/");
	assert_int_equal(portspec_parse("127.0.0.1:446:443", &spec, &err), 0);
	assert_true(model_unpublish(b1, &spec));
	assert_refused(publish_try(b1, "446:443", &err), &err, ERR_PORTTAKEN, "446:443/tcp", "blue/");
	assert_int_equal(portspec_parse("[::1]:446:443", &spec, &err), 0);
	assert_true(model_unpublish(b1, &spec));
	assert_int_equal(publish_try(b1, "446:443", &err), 0);
	assert_int_equal(portspec_parse("446:443", &spec, &err), 0);
	assert_true(model_unpublish(b1, &spec));
	assert_int_equal(portspec_parse("9001:1", &specs[0], &err), 0);
	assert_int_equal(portspec_parse("9002:2", &specs[1], &err), 0);
	assert_int_equal(portspec_parse("9001:3", &specs[2], &err), 0);
	assert_refused(model_publish(r2, specs, 3, &err), &err, ERR_PORTTAKEN, "9001:3/tcp", "red/w2:eth0");
	assert_int_equal(r2->publish_count, 0);
	assert_int_equal(red->port_count, 2);
	/* quota */
	red->quota.ports = 3;
	assert_refused(model_publish(r2, specs, 2, &err), &err, ERR_QUOTA, "9001:1/tcp", "tenant red may publish 3 ports");
	assert_int_equal(model_publish(r2, specs, 1, &err), 0);
	/* taking back: only the very same */
	assert_int_equal(portspec_parse("9001:2", &spec, &err), 0);
	assert_false(model_unpublish(r2, &spec));
	assert_int_equal(portspec_parse("127.0.0.1:9001:1", &spec, &err), 0);
	assert_false(model_unpublish(r2, &spec));
	assert_true(model_unpublish(r2, &specs[0]));
	assert_false(model_unpublish(r2, &specs[0]));
	assert_int_equal(red->port_count, 2);
	/* ranges: each port counts, and clashes */
	red->quota.ports = 12;
	assert_refused(publish_try(r2, "9100-9110:1-11", &err), &err, ERR_QUOTA, "9100-9110:1-11/tcp", "tenant red may publish 12");
	assert_int_equal(publish_try(r2, "9100-9109:1-10", &err), 0);
	assert_int_equal(red->port_count, 12);
	assert_refused(publish_try(b1, "9109:80", &err), &err, ERR_PORTTAKEN, "9109:80/tcp",
		       "port 9109 is published by red/w2:eth0, as part of 9100-9109:1-10/tcp");
	assert_refused(publish_try(b1, "192.0.2.9:9050-9100:1-51", &err), &err, ERR_PORTTAKEN, "192.0.2.9:9050-9100:1-51/tcp",
		       "port 9100 is published by red/w2:eth0");
	assert_refused(publish_try(b1, "8000-9000:8000-9000", &err), &err, ERR_PORTTAKEN, "8000-9000:8000-9000/tcp",
		       "port 8080 is published by red/w1:eth0");
	assert_refused(publish_try(b1, "442-444:1-3", &err), &err, ERR_PORTTAKEN, "442-444:1-3/tcp", "port 443 is published by");
	assert_int_equal(publish_try(b1, "9100-9109:1-10/sctp", &err), 0);
	assert_int_equal(portspec_parse("9100-9108:1-9", &spec, &err), 0);
	assert_null(endpoint_publishes(r2, &spec));
	assert_non_null(endpoint_publishes_part(r2, &spec));
	assert_null(endpoint_publishes_part(r1, &spec));
	assert_false(model_unpublish(r2, &spec));
	assert_int_equal(portspec_parse("9100-9109:1-10", &spec, &err), 0);
	assert_true(model_unpublish(r2, &spec));
	assert_int_equal(red->port_count, 2);
	/* no way out, no way in */
	inner = network_of(&model, "red/inner", 20, "10.9.0.0/24");
	inner->internal = true;
	red->quota.ports = -1;
	assert_refused(publish_try(endpoint_of(stack_of(red, "w3", 21), inner, "eth0", 22, ""), "9009:1", &err), &err,
		       ERR_CONFLICT, "9009:1/tcp", "network red/inner is internal");
	model_endpoint_del(r1);
	assert_int_equal(red->port_count, 0);
	assert_int_equal(publish_try(r2, "8080:80", &err), 0);
}

/* ----------------------------------------------------------------------- wires */

static void wires(void **state)
{
	struct tenant *lab = tenant_of(&model, "lab", 1), *red = tenant_of(&model, "red", 2);
	struct stack *a = stack_of(lab, "a", 3), *b = stack_of(lab, "b", 4), *far = stack_of(red, "c", 5);
	struct prefix prefixes[2] = { prefix_of("10.0.0.1/31"), prefix_of("10.0.0.0/31") };
	struct prefix bad[] = { prefix_of("224.0.0.1/4"), prefix_of("0.0.0.0/8"), prefix_of("10.0.0.1/0") };
	struct endpoint_want want_a = { .id = 10, .ifname = "eth0", .prefixes = &prefixes[0], .prefix_count = 1 },
			     want_b = { .id = 11, .ifname = "eth7", .prefixes = &prefixes[1], .prefix_count = 1 };
	struct endpoint *end;
	struct err err = ERR_INIT;

	(void)state;
	assert_refused(model_wire_add(a, &want_a, far, &want_b, &end, &err), &err, ERR_PERMISSION, "a", "two tenants");
	assert_refused(model_wire_add(a, &want_a, a, &want_b, &end, &err), &err, ERR_USAGE, "a", "two different stacks");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char text[PREFIX_STR_SIZE + 20], prefix[PREFIX_STR_SIZE];

		want_b.prefixes = &bad[i];
		snprintf(text, sizeof(text), "%s is no host address", prefix_print(&bad[i], prefix));
		assert_refused(model_wire_add(a, &want_a, b, &want_b, &end, &err), &err, ERR_USAGE, "lab/b:eth7", text);
		assert_int_equal(lab->endpoint_count, 0);
		assert_true(list_empty(&a->endpoints) && list_empty(&b->endpoints));
	}
	want_b.prefixes = &prefixes[1];
	want_a.mtu = want_b.mtu = 67; /* no kernel makes such a link */
	assert_refused(model_wire_add(a, &want_a, b, &want_b, &end, &err), &err, ERR_USAGE, "lab/a:eth0", "MTU");
	want_a.mtu = want_b.mtu = 0;
	lab->quota.endpoints = 1;
	assert_refused(model_wire_add(a, &want_a, b, &want_b, &end, &err), &err, ERR_QUOTA, "lab/b:eth7", "1 endpoints");
	lab->quota.endpoints = -1;
	assert_int_equal(lab->endpoint_count, 0);
	assert_int_equal(model_wire_add(a, &want_a, b, &want_b, &end, &err), 0);
	assert_true(end->wire_first && !end->peer->wire_first && end->peer->peer == end);
	assert_int_equal(end->mtu, 1500);
	assert_int_equal(lab->endpoint_count, 2);
	want_a.id = 20;
	want_b.id = 21;
	assert_refused(model_wire_add(a, &want_a, b, &want_b, &end, &err), &err, ERR_TAKEN, "lab/a:eth0", "already");
	assert_refused(publish_try(stack_endpoint(b, "eth7"), "80:80", &err), &err, ERR_CONFLICT, "80:80/tcp", "way out");
	/* whichever end goes takes the other along */
	model_endpoint_del(stack_endpoint(b, "eth7"));
	assert_int_equal(lab->endpoint_count, 0);
	assert_true(list_empty(&a->endpoints) && list_empty(&b->endpoints));
	want_a.id = 20;
	want_b.id = 21;
	assert_int_equal(model_wire_add(a, &want_a, b, &want_b, &end, &err), 0);
	model_stack_del(a);
	assert_true(list_empty(&b->endpoints));
	model_tenant_del(lab);
	model_tenant_del(red);
	assert_empty(&model);
}

/* Two stacks that wires join twice and thrice: the end of one while the other's list is walked. */
static void wires_many(void **state)
{
	struct tenant *lab = tenant_of(&model, "lab", 1);
	struct stack *a = stack_of(lab, "a", 2), *b = stack_of(lab, "b", 3);
	struct err err = ERR_INIT;
	struct endpoint *end;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		char name[16];

		snprintf(name, sizeof(name), "eth%u", i);
		struct endpoint_want want_a = { .id = 10 + 2 * i, .ifname = name }, want_b = { .id = 11 + 2 * i, .ifname = name };

		assert_int_equal(model_wire_add(i % 2 ? a : b, &want_a, i % 2 ? b : a, &want_b, &end, &err), 0);
	}
	model_tenant_del(lab);
	assert_empty(&model);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses), TEST(next_fit), TEST(small), TEST(macs), TEST(endpoints), TEST(stack_requests), TEST(default_routes),
		TEST(taps), TEST(ports_of_a_bridge), TEST(modes), TEST(namespaces), TEST(ports_allowed),
		TEST(publishing), TEST(wires), TEST(wires_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
