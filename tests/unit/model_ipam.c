/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of lib/model/ipam and network_def: who is given which address,
 * and who is told why not.
 */
#include "tests/unit/model_unit.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"

static struct model model;
static struct tenant *red;
static struct network *web;
static uint64_t next_id;

static int setup(void **state)
{
	struct pools pools = small_pools();

	(void)state;
	model_init(&model, &pools);
	next_id = 100;
	red = tenant_of(&model, "red", 1);
	web = network_of(&model, "red/web", 2, "10.0.0.0/29");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	model_tenant_del(red);
	assert_empty(&model);
	model_fini(&model);
	return 0;
}

/* Attach and detach as the engine does: the stack comes and goes with its endpoint. */
static int come_try(const char *name, const char *ips, struct endpoint **ret_endpoint, struct err *err)
{
	struct stack *stack = table_find_str(&red->stacks, name);
	bool made = !stack;
	int r;

	if (made)
		stack = stack_of(red, name, next_id++);
	r = endpoint_try(stack, web, "eth0", next_id++, ips, ret_endpoint, err);
	if (r < 0 && made)
		model_stack_del(stack);
	else if (r == 0)
		model_endpoint_up(*ret_endpoint);
	return r;
}

static struct endpoint *come(const char *name, const char *ips)
{
	struct endpoint *endpoint = NULL;
	struct err err = ERR_INIT;

	if (come_try(name, ips, &endpoint, &err) < 0)
		fail_msg("%s: %s", err.object, err.msg);
	return endpoint;
}

static void go(const char *name) { model_stack_del(table_find_str(&red->stacks, name)); }

static struct cooling *go_slowly(const char *name)
{
	struct stack *stack = table_find_str(&red->stacks, name);
	struct cooling *cooling = cooling_begin(stack_endpoint(stack, "eth0"));

	model_stack_del(stack);
	return cooling;
}

static void alter(struct network_def *def, const char *what, struct err *err, int *r)
{
	struct ipam_reserve reserve;
	struct ip_range range;
	const char *value = strchr(what, ' ') + 1;

	if (str_starts(what, "exclude")) {
		assert_int_equal(ip_range_parse(value, &range), 0);
		*r = network_def_exclude(def, web, &range, err);
	} else if (str_starts(what, "unexclude")) {
		assert_int_equal(ip_range_parse(value, &range), 0);
		*r = network_def_unexclude(def, web, &range, err);
	} else if (str_starts(what, "remove")) {
		struct prefix prefix = prefix_of(value);

		*r = network_def_subnet_remove(def, web, &prefix, err);
	} else if (str_starts(what, "subnet")) {
		struct prefix prefix = prefix_of(value);

		*r = network_def_subnet_add(def, web, &prefix, NULL, err);
	} else {
		assert_int_equal(ipam_reserve_parse(value, &reserve, err), 0);
		*r = str_starts(what, "reserve") ? network_def_reserve(def, web, &reserve, err) :
						   network_def_unreserve(def, web, &reserve, err);
	}
}

static int set_try(const char *what, struct err *err)
{
	struct network_def def;
	int r = 0;

	network_def_get(web, &def);
	alter(&def, what, err, &r);
	if (r == 0)
		r = network_def_check(&def, web, err);
	if (r == 0)
		network_def_apply(&def, web);
	network_def_fini(&def);
	return r;
}

static void set(const char *what)
{
	struct err err = ERR_INIT;

	if (set_try(what, &err) < 0)
		fail_msg("%s: %s", what, err.msg);
}

/* ---------------------------------------------------------------------- sticky */

static void sticky(void **state)
{
	(void)state;
	assert_ips(come("a", ""), "10.0.0.2/29");
	assert_ips(come("b", ""), "10.0.0.3/29");
	go("a");
	go("b");
	/* the fresh ones first, then those who were remembered first */
	assert_ips(come("c", ""), "10.0.0.4/29");
	assert_ips(come("b", ""), "10.0.0.3/29");
	assert_ips(come("d", ""), "10.0.0.5/29");
	assert_ips(come("e", ""), "10.0.0.6/29");
	go("c");
	assert_ips(come("f", ""), "10.0.0.2/29");
	assert_ips(come("g", ""), "10.0.0.4/29");
	assert_int_equal(web->ipam.memory_count, 0);
	/* its own is taken: as any other */
	go("e");
	assert_ips(come("a", ""), "10.0.0.6/29");
	go("a");
	assert_ips(come("e", ""), "10.0.0.6/29");
}

/* A subnet goes from the middle, with what was remembered of it; taken back, or come again, it has its place and its memories. */
static void subnets_go(void **state)
{
	struct network_def before;
	struct err err = ERR_INIT;
	struct endpoint *endpoint;

	(void)state;
	set("subnet 10.8.0.0/24");
	set("subnet fd00:8::/64");
	come("a", "10.0.0.4 fd00:8::2");
	endpoint = come("b", "10.0.0.5 fd00:8::9");
	assert_ips(endpoint, "10.0.0.5/29 fd00:8::9/64");
	assert_refused(set_try("remove fd00:8::/64", &err), &err, ERR_CONFLICT, "red/web",
		       "fd00:8::2 of subnet fd00:8::/64 is held by red/a:eth0");
	assert_refused(set_try("remove 10.0.0.0/30", &err), &err, ERR_USAGE, "red/web", "its subnet is 10.0.0.0/29, and not 10.0.0.0/30");
	come("c", "10.8.0.7 fd00:8::7");
	assert_refused(set_try("remove 10.8.0.0/24", &err), &err, ERR_CONFLICT, "red/web", "10.8.0.7 of subnet 10.8.0.0/24 is held by red/c:eth0");
	go("c");
	network_def_get(web, &before);
	set("remove 10.8.0.0/24");
	assert_int_equal(web->subnet_count, 2);
	assert_int_equal(web->ipam.busy[0].count, 2); /* a's and b's */
	set("remove 10.9.0.0/24"); /* gone already */
	network_def_apply(&before, web);
	assert_int_equal(web->subnet_count, 3);
	assert_memory_equal(web->subnets, before.subnets, sizeof(web->subnets));
	assert_memory_equal(web->gateways, before.gateways, sizeof(web->gateways));
	network_def_fini(&before);
	assert_ips(come("c", "10.8.0.7 fd00:8::7"), "10.8.0.7/24 fd00:8::7/64");
	go("a");
	go("b");
	go("c");
	set("remove 10.0.0.0/29");
	set("remove fd00:8::/64");
	assert_refused(set_try("remove 10.8.0.0/24", &err), &err, ERR_CONFLICT, "red/web", "10.8.0.0/24 is its only subnet");
}

/* What never stood is not remembered, and takes nobody's memory: a failed attach, a dry run. */
static void sticky_pending(void **state)
{
	struct endpoint *endpoint;
	struct stack *x;
	uint64_t cursor;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		char name[2] = { (char)('a' + i), 0 };

		come(name, "");
		go(name);
	}
	cursor = web->cursor[0];
	x = stack_of(red, "x", next_id++);
	for (unsigned i = 0; i < 3; i++) {
		endpoint = endpoint_of(x, web, "eth0", next_id++, "");
		assert_ips(endpoint, "10.0.0.2/29");
		model_endpoint_del(endpoint);
		assert_int_equal(web->ipam.memory_count, 5);
	}
	assert_int_equal(web->cursor[0], cursor);
	assert_ips(come("a", ""), "10.0.0.2/29");
	/* asked for is asked for, whoever had it last */
	assert_ips(come("x", "10.0.0.3"), "10.0.0.3/29");
	assert_int_equal(web->ipam.memory_count, 3);
	assert_ips(come("b", ""), "10.0.0.4/29");
}

/* No more names than the limit; what the daemon named itself is not worth one. */
static void sticky_bounded(void **state)
{
	char name[16], text[32];

	(void)state;
	web = network_of(&model, "red/large", 3, "10.1.0.0/16");
	come("ep-0123456789ab", "");
	go("ep-0123456789ab");
	assert_int_equal(web->ipam.memory_count, 0);
	for (unsigned i = 0; i < 3 * IPAM_MEMORIES_MAX; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		come(name, "");
		go(name);
	}
	assert_int_equal(web->ipam.memory_count, IPAM_MEMORIES_MAX);
	assert_int_equal(web->ipam.slots.count, IPAM_MEMORIES_MAX);
	assert_int_equal(web->ipam.busy[0].count, IPAM_MEMORIES_MAX);
	snprintf(name, sizeof(name), "n%d", 2 * IPAM_MEMORIES_MAX);
	snprintf(text, sizeof(text), "10.1.%d.%d/16", (2 * IPAM_MEMORIES_MAX + 3) / 256, (2 * IPAM_MEMORIES_MAX + 3) % 256);
	assert_ips(come(name, ""), text);
}

/* Two interfaces of one stack on one network: each has its own again, whichever comes first. */
static void sticky_interfaces(void **state)
{
	struct stack *w = stack_of(red, "w", 50);

	(void)state;
	model_endpoint_up(endpoint_of(w, web, "eth0", 51, ""));
	model_endpoint_up(endpoint_of(w, web, "eth1", 52, ""));
	model_stack_del(w);
	w = stack_of(red, "w", 53);
	assert_ips(endpoint_of(w, web, "eth1", 54, ""), "10.0.0.3/29");
	assert_ips(endpoint_of(w, web, "other", 55, ""), "10.0.0.2/29");
	assert_ips(endpoint_of(w, web, "eth0", 56, ""), "10.0.0.4/29");
}

/* --------------------------------------------------------- reserved and excluded */

static void reserved(void **state)
{
	struct endpoint *endpoint;
	struct err err = ERR_INIT;

	(void)state;
	set("reserve db=10.0.0.2");
	set("reserve db=10.0.0.2"); /* once more: nothing */
	assert_int_equal(web->ipam.reserved_count, 1);
	assert_ips(come("a", ""), "10.0.0.3/29");
	assert_refused(come_try("b", "10.0.0.2", &endpoint, &err), &err, ERR_ADDRTAKEN, "red/b:eth0",
		       "10.0.0.2 is reserved for stack red/db");
	come("b", "");
	come("c", "");
	assert_false(ipam_is_exhausted(web, 0));
	come("d", "");
	assert_true(ipam_is_exhausted(web, 0));
	assert_refused(come_try("e", "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/e:eth0",
		       "no address is left in 10.0.0.0/29 of network red/web: 4 held, 0 excluded, 1 reserved for others");
	assert_ips(come("db", ""), "10.0.0.2/29");
	go("db");
	assert_refused(come_try("e", "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/e:eth0", "1 reserved");
	assert_ips(come("db", "10.0.0.2"), "10.0.0.2/29");
	go("db");
	set("unreserve db");
	assert_false(ipam_is_exhausted(web, 0));
	assert_ips(come("e", ""), "10.0.0.2/29");
	assert_true(ipam_is_exhausted(web, 0));
	/* a name that has gone keeps its own before what another reserves of it: the reservation wins */
	go("e");
	set("reserve db=10.0.0.2");
	assert_refused(come_try("e", "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/e:eth0", "1 reserved");
	assert_refused(set_try("reserve x=10.0.0.3", &err), &err, ERR_ADDRTAKEN, "red/web",
		       "10.0.0.3, to be reserved for x, is held by red/a:eth0");
	set("reserve a=10.0.0.3");
	assert_refused(set_try("reserve x=10.0.0.2", &err), &err, ERR_ADDRTAKEN, "red/web",
		       "10.0.0.2 is reserved for stack red/db");
	assert_refused(set_try("unreserve x=10.0.0.2", &err), &err, ERR_USAGE, "red/web",
		       "10.0.0.2 is reserved for stack red/db, not for x");
	assert_refused(set_try("reserve x=10.0.0.1", &err), &err, ERR_ADDRTAKEN, "red/web", "is the gateway");
	assert_refused(set_try("reserve x=10.0.0.7", &err), &err, ERR_USAGE, "red/web", "is no host address of the network");
	assert_refused(set_try("reserve x=10.0.1.2", &err), &err, ERR_USAGE, "red/web", "is no host address of the network");
	assert_int_equal(web->ipam.reserved_count, 2);
}

static void excluded(void **state)
{
	struct endpoint *endpoint;
	struct err err = ERR_INIT;

	(void)state;
	come("a", ""); /* 10.0.0.2, and keeps it */
	set("exclude 10.0.0.2-10.0.0.4");
	set("exclude 10.0.0.2-10.0.0.4");
	assert_int_equal(web->ipam.excluded_count, 1);
	assert_ips(come("b", ""), "10.0.0.5/29");
	assert_refused(come_try("c", "10.0.0.3", &endpoint, &err), &err, ERR_ADDRTAKEN, "red/c:eth0",
		       "10.0.0.3 is in 10.0.0.2-10.0.0.4, which network red/web excludes");
	assert_false(ipam_is_exhausted(web, 0)); /* what is held of the excluded counts once */
	assert_ips(come("c", ""), "10.0.0.6/29");
	assert_true(ipam_is_exhausted(web, 0));
	assert_refused(come_try("d", "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/d:eth0",
		       "no address is left in 10.0.0.0/29 of network red/web: 3 held, 3 excluded, 0 reserved for others");
	/* what is remembered of an excluded address does not count */
	go("a");
	assert_refused(come_try("a", "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/a:eth0", "2 held, 3 excluded");
	assert_refused(set_try("exclude 10.0.0.4/30", &err), &err, ERR_CONFLICT, "red/web",
		       "10.0.0.4-10.0.0.7 overlaps 10.0.0.2-10.0.0.4, which is excluded already");
	assert_refused(set_try("exclude 10.0.0.6-10.0.0.9", &err), &err, ERR_USAGE, "red/web", "lies in no subnet");
	assert_refused(set_try("exclude 10.0.1.9", &err), &err, ERR_USAGE, "red/web", "10.0.1.9 lies in no subnet");
	assert_refused(set_try("reserve db=10.0.0.3", &err), &err, ERR_CONFLICT, "red/web",
		       "10.0.0.3, reserved for db, is in 10.0.0.2-10.0.0.4, which is excluded");
	assert_refused(set_try("unexclude 10.0.0.2", &err), &err, ERR_USAGE, "red/web", "what is excluded is 10.0.0.2-10.0.0.4");
	set("unexclude 10.0.0.2-10.0.0.4");
	set("unexclude 10.0.0.2-10.0.0.4");
	assert_ips(come("a", ""), "10.0.0.2/29");
	assert_ips(come("d", ""), "10.0.0.3/29");
	set("reserve db=10.0.0.4");
	assert_refused(set_try("exclude 10.0.0.4", &err), &err, ERR_CONFLICT, "red/web", "reserved for db");
}

/* The gateway in the middle of what is excluded around it, and nothing of either is given. */
static void gateway_inside(void **state)
{
	struct endpoint *endpoint;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(network_try(&model, "red/mid", 3, "10.1.0.0/29", "10.1.0.4", &web, &err), 0);
	set("exclude 10.1.0.2-10.1.0.3");
	set("exclude 10.1.0.5");
	assert_ips(come("a", ""), "10.1.0.1/29");
	assert_ips(come("b", ""), "10.1.0.6/29");
	assert_refused(come_try("c", "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/c:eth0", "2 held, 3 excluded");
	set("unexclude 10.1.0.5");
	assert_ips(come("c", ""), "10.1.0.5/29");
}

/* --------------------------------------------------------------------- cooling */

static void cooling(void **state)
{
	struct cooling *a, *b, *again;
	struct endpoint *endpoint;
	struct err err = ERR_INIT;

	(void)state;
	come("a", "");
	come("b", "");
	come("c", "");
	come("d", "");
	come("e", "");
	a = go_slowly("a");
	b = go_slowly("b");
	/* nobody else is given it, even when asked for: it waits; its last holder's name is */
	assert_refused(come_try("x", "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/x:eth0", "3 held");
	assert_int_equal(err.no, EAGAIN);
	assert_refused(come_try("x", "10.0.0.2", &endpoint, &err), &err, ERR_ADDRTAKEN, "red/x:eth0", "on its way out");
	assert_int_equal(err.no, EAGAIN);
	assert_ips(come("a", ""), "10.0.0.2/29");
	again = go_slowly("a");
	cooling_end(a);
	assert_refused(come_try("x", "10.0.0.2", &endpoint, &err), &err, ERR_ADDRTAKEN, "red/x:eth0", "on its way out");
	cooling_end(again);
	assert_ips(come("x", ""), "10.0.0.2/29");
	/* only b's is left, and cools */
	assert_refused(come_try("y", "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/y:eth0", "");
	assert_int_equal(err.no, EAGAIN);
	/* reserved for somebody else meanwhile: nothing to wait for; for oneself: that is waited for */
	set("reserve db=10.0.0.3");
	assert_refused(come_try("y", "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/y:eth0", "");
	assert_int_equal(err.no, ENOSPC);
	assert_refused(come_try("db", "", &endpoint, &err), &err, ERR_ADDRTAKEN, "red/db:eth0", "which is its own");
	assert_int_equal(err.no, EAGAIN);
	cooling_end(b);
	assert_ips(come("db", ""), "10.0.0.3/29");
	/* a network that goes leaves nothing behind */
	a = go_slowly("db");
	while (!list_empty(&red->stack_order))
		model_stack_del(container_of(red->stack_order.next, struct stack, order));
	model_network_del(web);
	assert_null(a->network);
	cooling_end(a);
	cooling_end(NULL);
}

/* ------------------------------------------------------------- subnets, small ones */

static void smallest(void **state)
{
	struct endpoint *endpoint;
	struct err err = ERR_INIT;

	(void)state;
	web = network_of(&model, "red/two", 3, "10.1.0.0/31 fd00:1::/127");
	assert_ips(come("a", ""), "10.1.0.1/31 fd00:1::1/127");
	assert_refused(come_try("b", "", &endpoint, &err), &err, ERR_EXHAUSTED, "red/b:eth0", "10.1.0.0/31");
	assert_int_equal(network_try(&model, "red/other", 4, "10.2.0.0/31 fd00:2::/127", "10.2.0.1 fd00:2::1", &web, &err), 0);
	assert_ips(come("b", ""), "10.2.0.0/31 fd00:2::/127");
}

static void subnet_added(void **state)
{
	struct network_def before;
	struct endpoint *endpoint;
	struct err err = ERR_INIT;

	(void)state;
	assert_ips(come("a", ""), "10.0.0.2/29");
	network_def_get(web, &before);
	set("subnet fd00:5::/64");
	set("subnet fd00:5::/64");
	assert_int_equal(web->subnet_count, 2);
	assert_int_equal(model.nets.count, 2);
	assert_ips(come("b", ""), "10.0.0.3/29 fd00:5::2/64");
	assert_refused(set_try("subnet 10.0.0.0/28", &err), &err, ERR_CONFLICT, "red/web", "overlaps");
	assert_refused(set_try("subnet 100.72.0.0/29", &err), &err, ERR_CONFLICT, "red/web", "uplinks");
	/* taken back, as when the kernel refuses it; what it remembers there does not hurt */
	go("b");
	network_def_apply(&before, web);
	assert_int_equal(web->subnet_count, 1);
	assert_int_equal(model.nets.count, 1);
	assert_ips(come("b", ""), "10.0.0.3/29");
	assert_refused(come_try("c", "fd00:5::2", &endpoint, &err), &err, ERR_USAGE, "red/c:eth0", "no host address");
	go("b");
	set("subnet fd00:5::/64");
	assert_ips(come("c", ""), "10.0.0.4/29 fd00:5::2/64");
	network_def_fini(&before);
}

static void mtu(void **state)
{
	struct endpoint_want want = { .id = 60, .ifname = "eth1", .mtu = 1400 };
	struct endpoint *follows = come("a", ""), *own;
	struct network_def before, def;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(model_endpoint_add(follows->stack, web, &want, &own, &err), 0);
	network_def_get(web, &before);
	network_def_get(web, &def);
	def.mtu = 1400;
	network_def_apply(&def, web);
	assert_int_equal(follows->mtu, 1400);
	network_def_apply(&before, web);
	assert_int_equal(follows->mtu, 1500);
	assert_int_equal(own->mtu, 1400);
	/* nobody who publishes loses the way out */
	assert_int_equal(publish_try(follows, "8080:80", &err), 0);
	def.mtu = 1400;
	def.internal = true;
	assert_refused(network_def_check(&def, web, &err), &err, ERR_CONFLICT, "red/web", "red/a:eth0 publishes ports");
	def.internal = false;
	def.mtu = 1279;
	assert_refused(network_def_check(&def, web, &err), &err, ERR_USAGE, "red/web", "MTU must be from 1280");
	network_def_fini(&def);
	network_def_fini(&before);
}

static void texts(void **state)
{
	static const char *const bad[] = { "", "-", "10.0.0.1-", "10.0.0.5-10.0.0.4", "10.0.0.1-fd00::1", "10.0.0.1/24", "x",
					   "10.0.0.0/33", "10.0.0.1-10.0.0.2-10.0.0.3",
					   "1111111111111111111111111111111111111111111111111111-10.0.0.1" };
	static const char *const bad_reserve[] = { "db=", "=10.0.0.1", "db=x", "-x=10.0.0.1", "", "a/b=10.0.0.1" };
	struct ipam_reserve reserve;
	struct ip_range range;
	struct err err = ERR_INIT;
	char text[IP_RANGE_STR_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(ip_range_parse(bad[i], &range), -EINVAL);
	assert_int_equal(ip_range_parse(NULL, &range), -EINVAL);
	for (size_t i = 0; i < sizeof(bad_reserve) / sizeof(*bad_reserve); i++)
		assert_true(ipam_reserve_parse(bad_reserve[i], &reserve, &err) < 0);
	assert_int_equal(ip_range_parse("fd00::/126", &range), 0);
	assert_string_equal(ip_range_print(&range, text), "fd00::-fd00::3");
	assert_int_equal(ip_range_parse("10.0.0.9", &range), 0);
	assert_string_equal(ip_range_print(&range, text), "10.0.0.9");
	assert_int_equal(ipam_reserve_parse("db", &reserve, &err), 0);
	assert_int_equal(reserve.ip.family, 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(sticky),	TEST(sticky_pending), TEST(sticky_bounded), TEST(sticky_interfaces), TEST(reserved),
		TEST(excluded), TEST(gateway_inside), TEST(cooling),	    TEST(smallest),	     TEST(subnet_added),
		TEST(mtu),	TEST(texts), TEST(subnets_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
