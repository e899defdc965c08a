/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Property test of lib/model/ipam: random sequences of comings and goings,
 * fast and slow, dry runs, reservations and exclusions, each judged by arrays
 * that are looked at anew; and a hundred thousand addresses, of which the last
 * may not cost much more than the thousandth.
 */
#include "tests/unit/model_unit.h"

#include <stdlib.h>
#include <time.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/fake/random.h"

enum { ADDRESSES = 64, NAMES = 80, COOLING = 12, OPERATIONS = 20000, NOBODY = -1 };

/* The naive model, by the last number of an address. */
struct naive {
	int holder[ADDRESSES]; /* name */
	int reserved[ADDRESSES];
	bool excluded[ADDRESSES];
	int last[NAMES]; /* what the name had, while nobody else has had it since */
	struct {
		struct cooling *cooling;
		int address, name;
		unsigned begun; /* the later one counts */
	} doomed[COOLING];
	unsigned clock;
};

static struct model model;
static struct naive naive;
static struct tenant *red;
static struct network *web;
static struct rng rng;
static uint64_t next_id;
static int first, last, gateway; /* what may be given at all */

static const char *name_of(int name)
{
	static char text[8];

	snprintf(text, sizeof(text), "n%d", name);
	return text;
}

static struct ip address_of(int k)
{
	struct ip ip;

	assert_int_equal(ip_add(&web->subnets[0].ip, (uint64_t)k, &ip), 0);
	return ip;
}

static int number_of(const struct ip *ip)
{
	uint64_t n = ip_diff(ip, &web->subnets[0].ip);

	assert_true(n < ADDRESSES);
	return (int)n;
}

static bool stands(int name) { return table_find_str(&red->stacks, name_of(name)) != NULL; }

/* Does a link of somebody else's still bear it? Of several links the one that began last says whose it is. */
static bool cools_for_others(int k, int name)
{
	unsigned latest = 0;
	int whose = NOBODY;

	for (int i = 0; i < COOLING; i++)
		if (naive.doomed[i].cooling && naive.doomed[i].address == k && naive.doomed[i].begun > latest) {
			latest = naive.doomed[i].begun;
			whose = naive.doomed[i].name;
		}
	return whose != NOBODY && whose != name;
}

/* May the name have it? -EAGAIN: soon. */
static int naive_may(int k, int name)
{
	if (k < first || k > last || k == gateway)
		return -EINVAL;
	if (naive.holder[k] != NOBODY || naive.excluded[k])
		return -EADDRINUSE;
	if (naive.reserved[k] != NOBODY && naive.reserved[k] != name)
		return -EADDRINUSE;
	return cools_for_others(k, name) ? -EAGAIN : 0;
}

/* What an attach without a wish must come to: 0, -EAGAIN or -ENOSPC, and *ret_k where one address alone is right. */
static int naive_choice(int name, int *ret_k)
{
	int r = -ENOSPC;

	*ret_k = NOBODY;
	for (int k = 0; k < ADDRESSES; k++) {
		int may = naive_may(k, name);

		if (may == 0 || (may == -EAGAIN && r == -ENOSPC))
			r = may;
		if (naive.reserved[k] == name && (may == 0 || may == -EAGAIN)) {
			*ret_k = may == 0 ? k : NOBODY;
			return may;
		}
	}
	if (naive.last[name] != NOBODY && naive_may(naive.last[name], name) == 0)
		*ret_k = naive.last[name];
	return r;
}

static bool reserved_twice(int name)
{
	int count = 0;

	for (int k = 0; k < ADDRESSES; k++)
		count += naive.reserved[k] == name;
	return count > 1;
}

static void do_come(bool dry_run)
{
	int name = (int)rng_below(&rng, NAMES), asked = NOBODY, only, r, expected, k;
	struct stack *stack;
	struct endpoint *endpoint = NULL;
	struct err err = ERR_INIT;
	char text[IP_STR_SIZE] = "";
	uint64_t cursor = web->cursor[0];
	struct ip ip;

	if (stands(name))
		return;
	expected = naive_choice(name, &only);
	if (rng_chance(&rng, 25)) {
		asked = (int)rng_below(&rng, ADDRESSES);
		ip = address_of(asked);
		ip_print(&ip, text);
		expected = naive_may(asked, name);
		if (asked == gateway)
			expected = -EADDRINUSE;
		only = asked;
	}
	stack = stack_of(red, name_of(name), next_id++);
	r = endpoint_try(stack, web, "eth0", next_id++, text, &endpoint, &err);
	if (r != expected)
		fail_msg("n%d %s: naively %d; the model: %d %s", name, text, expected, r, err.kind ? err.msg : "");
	if (r < 0) {
		model_stack_del(stack);
		return;
	}
	k = number_of(&endpoint->ips[0].ip);
	assert_int_equal(naive_may(k, name), 0);
	if (only != NOBODY && !(asked == NOBODY && reserved_twice(name)))
		assert_int_equal(k, only);
	if (dry_run) {
		model_stack_del(stack);
		web->cursor[0] = cursor;
		return;
	}
	model_endpoint_up(endpoint);
	naive.holder[k] = name;
	for (int n = 0; n < NAMES; n++)
		if (naive.last[n] == k)
			naive.last[n] = NOBODY;
	naive.last[name] = NOBODY;
}

static void do_go(bool slow)
{
	int name = (int)rng_below(&rng, NAMES), k = 0, slot = 0;
	struct stack *stack = table_find_str(&red->stacks, name_of(name));

	if (!stack)
		return;
	while (naive.holder[k] != name)
		k++;
	while (slot < COOLING && naive.doomed[slot].cooling)
		slot++;
	if (slow && slot < COOLING) {
		naive.doomed[slot].cooling = cooling_begin(stack_endpoint(stack, "eth0"));
		naive.doomed[slot].address = k;
		naive.doomed[slot].name = name;
		naive.doomed[slot].begun = ++naive.clock;
	}
	model_stack_del(stack);
	naive.holder[k] = NOBODY;
	naive.last[name] = k;
}

/* Links go in the order in which they were doomed. */
static void do_gone(void)
{
	int oldest = NOBODY;

	for (int i = 0; i < COOLING; i++)
		if (naive.doomed[i].cooling && (oldest == NOBODY || naive.doomed[i].begun < naive.doomed[oldest].begun))
			oldest = i;
	if (oldest == NOBODY)
		return;
	cooling_end(naive.doomed[oldest].cooling);
	naive.doomed[oldest].cooling = NULL;
}

/* A change of the definition, sometimes taken back as after a failure. */
static void do_set(void)
{
	int a = (int)rng_below(&rng, ADDRESSES), b = a + (int)rng_below(&rng, 5), name = (int)rng_below(&rng, NAMES);
	struct network_def before, def;
	struct naive was = naive;
	struct err err = ERR_INIT;
	struct ip_range range;
	struct ipam_reserve reserve = { .ip = address_of(a) };
	bool ok = true;
	int r;

	if (b >= ADDRESSES)
		b = ADDRESSES - 1;
	range = (struct ip_range){ address_of(a), address_of(b) };
	str_copy(reserve.name, sizeof(reserve.name), name_of(name));
	network_def_get(web, &before);
	network_def_get(web, &def);
	if (rng_chance(&rng, 40)) {
		for (int k = a; k <= b; k++) {
			ok = ok && !naive.excluded[k] && naive.reserved[k] == NOBODY;
			was.excluded[k] = true;
		}
		r = network_def_exclude(&def, web, &range, &err);
	} else if (def.excluded_count && rng_chance(&rng, 60)) {
		range = def.excluded[rng_below(&rng, (unsigned)def.excluded_count)];
		for (int k = number_of(&range.first); k <= number_of(&range.last); k++)
			was.excluded[k] = false;
		r = network_def_unexclude(&def, web, &range, &err);
	} else if (rng_chance(&rng, 50)) {
		ok = a >= first && a <= last && a != gateway && !naive.excluded[a] &&
		     (naive.holder[a] == NOBODY || naive.holder[a] == name) &&
		     (naive.reserved[a] == NOBODY || naive.reserved[a] == name);
		was.reserved[a] = name;
		r = network_def_reserve(&def, web, &reserve, &err);
	} else {
		reserve.ip = (struct ip){ 0 };
		for (int k = 0; k < ADDRESSES; k++)
			if (was.reserved[k] == name)
				was.reserved[k] = NOBODY;
		r = network_def_unreserve(&def, web, &reserve, &err);
	}
	/* the same range once more is no failure: then nothing changes */
	if (r == 0)
		r = network_def_check(&def, web, &err);
	if (r == 0 && def.excluded_count == before.excluded_count && def.reserved_count == before.reserved_count) {
		network_def_fini(&before);
		network_def_fini(&def);
		return;
	}
	if ((r == 0) != ok)
		fail_msg("set %d-%d n%d: naively %s; the model: %s", a, b, name, ok ? "yes" : "no", r < 0 ? err.msg : "yes");
	if (r == 0) {
		network_def_apply(&def, web);
		if (rng_chance(&rng, 30))
			network_def_apply(&before, web);
		else
			naive = was;
	}
	network_def_fini(&before);
	network_def_fini(&def);
}

static void compare(void)
{
	size_t held = 0, reserved = 0;

	for (int k = 0; k < ADDRESSES; k++) {
		struct ip ip = address_of(k);
		const struct endpoint *holder = table_find(&web->used, &ip, sizeof(ip));
		const char *for_name = ipam_reserved_for(web, &ip);

		held += naive.holder[k] != NOBODY;
		reserved += naive.reserved[k] != NOBODY;
		assert_int_equal(holder != NULL, naive.holder[k] != NOBODY);
		if (holder)
			assert_string_equal(holder->stack->name, name_of(naive.holder[k]));
		assert_int_equal(for_name != NULL, naive.reserved[k] != NOBODY);
		if (for_name)
			assert_string_equal(for_name, name_of(naive.reserved[k]));
		assert_int_equal(ipam_excluded(web, &ip) != NULL, naive.excluded[k]);
	}
	assert_int_equal(web->ipam.held[0], held);
	assert_int_equal(web->ipam.reserved_count, reserved);
	assert_int_equal(web->ipam.busy[0].count, web->ipam.slots.count);
}

static void run(const char *subnet, int first_, int last_, int gateway_, uint64_t seed)
{
	const struct pools pools = small_pools();

	first = first_;
	last = last_;
	gateway = gateway_;
	rng.state = seed;
	next_id = 10;
	memset(&naive, 0, sizeof(naive));
	memset(naive.holder, 0xff, sizeof(naive.holder));
	memset(naive.reserved, 0xff, sizeof(naive.reserved));
	memset(naive.last, 0xff, sizeof(naive.last));
	model_init(&model, &pools);
	red = tenant_of(&model, "red", 1);
	web = network_of(&model, "red/web", 2, subnet);
	for (unsigned i = 0; i < OPERATIONS; i++) {
		unsigned what = rng_below(&rng, 100);

		if (what < 45)
			do_come(what < 5);
		else if (what < 75)
			do_go(what < 60);
		else if (what < 93)
			do_gone();
		else
			do_set();
		if (i % 8 == 0)
			compare();
	}
	model_tenant_del(red);
	for (int i = 0; i < COOLING; i++)
		cooling_end(naive.doomed[i].cooling);
	assert_empty(&model);
	model_fini(&model);
}

static void sequences(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		run("10.0.0.0/26", 1, 62, 1, 1000 + seed);
		run("fd00::/122", 1, 63, 1, 2000 + seed);
	}
}

/* ------------------------------------------------------------ a hundred thousand */

enum { MANY = 100000, BATCH = 1000, FEW = 1000 };

/* Of a network that is no bridge: endpoints without a link, which only have addresses. */
static struct endpoint *many[MANY];
static struct stack *nameless;

static void many_take(size_t i)
{
	static const struct endpoint_want want;
	struct endpoint *endpoint = mem_alloc(sizeof(*endpoint));
	struct err err = ERR_INIT;

	endpoint->id = 1000 + i;
	endpoint->stack = nameless;
	endpoint->network = web;
	if (ipam_choose(endpoint, &want, "red/x:eth0", &err) < 0)
		fail_msg("%s", err.msg);
	ipam_hold(endpoint);
	endpoint->life = LIFE_UP;
	ipam_up(endpoint);
	many[i] = endpoint;
}

static void many_give(size_t i)
{
	ipam_release(many[i]);
	free(many[i]);
	many[i] = NULL;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One of @held goes and another comes, at random; in nanoseconds, the best of some batches, for the machine is noisy. */
static double pair_cost(size_t held)
{
	double best = 1e9;

	for (int batch = 0; batch < 10; batch++) {
		double begun = seconds(), cost;

		for (int i = 0; i < BATCH; i++) {
			size_t which = rng_below(&rng, (unsigned)held);

			many_give(which);
			if (i % 10 == 0)
				web->cursor[0] = web->cursor[1] = 1; /* before all that is held: it is not walked over */
			many_take(which);
		}
		cost = (seconds() - begun) / BATCH;
		best = cost < best ? cost : best;
	}
	return best * 1e9;
}

static void hundred_thousand(void **state)
{
	const struct pools pools = small_pools();
	double few, all;

	(void)state;
	rng.state = 77;
	model_init(&model, &pools);
	red = tenant_of(&model, "red", 1);
	web = network_of(&model, "red/web", 2, "10.0.0.0/14 fd00:1::/64");
	nameless = stack_of(red, "ep-000000000001", 3); /* of a name that is not remembered */
	for (size_t i = 0; i < FEW; i++)
		many_take(i);
	few = pair_cost(FEW);
	for (size_t i = FEW; i < MANY; i++) {
		many_take(i);
		if (rng_chance(&rng, 20)) {
			size_t which = rng_below(&rng, (unsigned)i);

			many_give(which);
			many_take(which);
		}
	}
	all = pair_cost(MANY);
	printf("a release and an allocation, IPv4 and IPv6: with %d held %.0f ns, with %d held %.0f ns: %.1f times; %zu runs\n", FEW,
	       few, MANY, all, all / few, web->ipam.busy[0].run_count);
	/* a walk would cost a hundred times; the tree costs its depth, and the processor its caches: 8 times, 21 on a busy machine */
	assert_true(all < 50 * few);
	assert_int_equal(web->ipam.held[0], MANY);
	assert_int_equal(web->ipam.busy[0].count, MANY);
	for (size_t i = 0; i < MANY; i++)
		many_give(i);
	assert_int_equal(web->ipam.slots.count, 0);
	assert_int_equal(web->ipam.busy[0].count + web->ipam.busy[1].count, 0);
	model_tenant_del(red);
	assert_empty(&model);
	model_fini(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(sequences), cmocka_unit_test(hundred_thousand) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
