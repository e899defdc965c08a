/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Property test of lib/model: thousands of random operations, each judged by a
 * naive model that looks at everything anew. What one takes the other must
 * take, what stands must be the same, and at the end nothing may be left.
 */
#include "tests/unit/model_unit.h"

#include "lib/base/str.h"
#include "tests/fake/random.h"

enum { TENANTS = 3, NETWORKS = 2, STACKS = 4, IFACES = 3, OPERATIONS = 4000, ROUNDS = 12 };

/* The naive model: small arrays of what stands, by number. A /28 and a /125 a network: 13 and 6 addresses to give. */
struct naive_endpoint {
	bool stands;
	unsigned network;
	struct ip ips[2];
	struct portspec specs[8];
	size_t spec_count;
};
struct naive {
	bool tenants[TENANTS], networks[TENANTS][NETWORKS], stacks[TENANTS][STACKS];
	int64_t quota[TENANTS];
	struct naive_endpoint ends[TENANTS][STACKS][IFACES];
};

static struct model model;
static struct naive naive;
static struct rng rng;
static uint64_t next_id;

static const char *tenant_name(unsigned t)
{
	static const char *const names[] = { "red", "blue", "green" };

	return names[t];
}

static struct tenant *tenant_at(unsigned t) { return model_tenant(&model, tenant_name(t)); }

static struct network *network_at(unsigned t, unsigned n)
{
	struct name name = { 0 };

	snprintf(name.tenant, sizeof(name.tenant), "%s", tenant_name(t));
	snprintf(name.name, sizeof(name.name), "n%u", n);
	return model_network(&model, &name);
}

static struct stack *stack_at(unsigned t, unsigned s)
{
	struct name name = { 0 };

	snprintf(name.tenant, sizeof(name.tenant), "%s", tenant_name(t));
	snprintf(name.name, sizeof(name.name), "s%u", s);
	return model_stack(&model, &name);
}

static struct endpoint *endpoint_at(unsigned t, unsigned s, unsigned i)
{
	char ifname[16];

	snprintf(ifname, sizeof(ifname), "eth%u", i);
	return stack_at(t, s) ? stack_endpoint(stack_at(t, s), ifname) : NULL;
}

static size_t naive_count(unsigned t)
{
	size_t count = 0;

	for (unsigned s = 0; s < STACKS; s++)
		for (unsigned i = 0; i < IFACES; i++)
			count += naive.ends[t][s][i].stands;
	return count;
}

static bool naive_holds(unsigned t, unsigned n, const struct ip *ip)
{
	for (unsigned s = 0; s < STACKS; s++)
		for (unsigned i = 0; i < IFACES; i++) {
			const struct naive_endpoint *end = &naive.ends[t][s][i];

			if (end->stands && end->network == n &&
			    (ip_cmp(&end->ips[0], ip) == 0 || ip_cmp(&end->ips[1], ip) == 0))
				return true;
		}
	return false;
}

/* Every host address but the gateway: is there a free one of this family? */
static bool naive_free(unsigned t, unsigned n, uint8_t family)
{
	struct prefix subnet = network_at(t, n)->subnets[family == 4 ? 0 : 1];

	for (uint64_t k = 2; k <= (family == 4 ? 14 : 7); k++) {
		struct ip ip;

		assert_int_equal(ip_add(&subnet.ip, k, &ip), 0);
		if (!naive_holds(t, n, &ip))
			return true;
	}
	return false;
}

static bool naive_port_free(unsigned t, const struct portspec *spec)
{
	for (unsigned o = 0; o < TENANTS; o++)
		for (unsigned s = 0; s < STACKS; s++)
			for (unsigned i = 0; i < IFACES; i++)
				for (size_t k = 0; naive.ends[o][s][i].stands && k < naive.ends[o][s][i].spec_count; k++) {
					const struct portspec *held = &naive.ends[o][s][i].specs[k];
					bool any = !held->host_ip.family || !spec->host_ip.family;

					if (held->proto == spec->proto && held->host_port <= portspec_last(spec) &&
					    spec->host_port <= portspec_last(held) &&
					    (o == t || any || ip_cmp(&held->host_ip, &spec->host_ip) == 0))
						return false;
				}
	return true;
}

/* ------------------------------------------------------------------ operations */

static void do_tenant(unsigned t)
{
	struct tenant_want want = { .name = tenant_name(t), .id = next_id++, .transit = -1 };
	struct tenant *tenant;
	struct err err = ERR_INIT;
	int r;

	if (naive.tenants[t] && rng_chance(&rng, 15)) {
		model_tenant_del(tenant_at(t));
		naive.tenants[t] = false;
		memset(naive.networks[t], 0, sizeof(naive.networks[t]));
		memset(naive.stacks[t], 0, sizeof(naive.stacks[t]));
		memset(naive.ends[t], 0, sizeof(naive.ends[t]));
		return;
	}
	want.quota = (struct quota){ rng_chance(&rng, 50) ? -1 : (int64_t)rng_below(&rng, 8), -1, -1 };
	r = model_tenant_add(&model, &want, &tenant, &err);
	assert_int_equal(r, naive.tenants[t] ? -EEXIST : 0);
	if (r == 0) {
		naive.tenants[t] = true;
		naive.quota[t] = want.quota.endpoints;
	}
}

static void do_network(unsigned t)
{
	unsigned n = rng_below(&rng, NETWORKS);
	struct network *network = network_at(t, n);
	char full[32], subnets[64];
	struct err err = ERR_INIT;
	int r;

	assert_int_equal(network != NULL, naive.networks[t][n]);
	if (network && list_empty(&network->endpoints) && rng_chance(&rng, 30)) {
		model_network_del(network);
		naive.networks[t][n] = false;
		return;
	}
	snprintf(full, sizeof(full), "%s/n%u", tenant_name(t), n);
	snprintf(subnets, sizeof(subnets), "10.%u.0.0/28 fd00:%u::/125", n, n);
	r = network_try(&model, full, next_id++, subnets, "", &network, &err);
	assert_int_equal(r, !naive.tenants[t] ? -ENOENT : naive.networks[t][n] ? -EEXIST : 0);
	naive.networks[t][n] = naive.networks[t][n] || r == 0;
}

static void do_stack(unsigned t)
{
	unsigned s = rng_below(&rng, STACKS);
	struct stack *stack = stack_at(t, s);
	struct err err = ERR_INIT;
	char name[8];
	int r;

	assert_int_equal(stack != NULL, naive.stacks[t][s]);
	if (!naive.tenants[t])
		return;
	if (stack && rng_chance(&rng, 20)) {
		model_stack_del(stack);
		naive.stacks[t][s] = false;
		memset(naive.ends[t][s], 0, sizeof(naive.ends[t][s]));
		return;
	}
	snprintf(name, sizeof(name), "s%u", s);
	r = model_stack_add(tenant_at(t), name, STACK_BARE, next_id++, &stack, &err);
	assert_int_equal(r, naive.stacks[t][s] ? -EEXIST : 0);
	naive.stacks[t][s] = true;
}

/* May it be attached, and which of its addresses are fixed? */
static bool naive_attach_ok(unsigned t, unsigned s, unsigned i, unsigned n, const struct ip *asked)
{
	if (naive.ends[t][s][i].stands || (naive.quota[t] >= 0 && (int64_t)naive_count(t) >= naive.quota[t]))
		return false;
	if (asked && naive_holds(t, n, asked))
		return false;
	return (asked || naive_free(t, n, 4)) && naive_free(t, n, 6);
}

static void do_attach(unsigned t)
{
	unsigned s = rng_below(&rng, STACKS), i = rng_below(&rng, IFACES), n = rng_below(&rng, NETWORKS);
	struct naive_endpoint *end = &naive.ends[t][s][i];
	struct endpoint *endpoint = NULL;
	struct err err = ERR_INIT;
	char ifname[16], text[IP_STR_SIZE] = "";
	bool ok, ask = rng_chance(&rng, 40);
	struct ip ip;

	if (!naive.stacks[t][s] || !naive.networks[t][n])
		return;
	assert_int_equal(ip_add(&network_at(t, n)->subnets[0].ip, 2 + rng_below(&rng, 13), &ip), 0);
	if (ask)
		ip_print(&ip, text);
	ok = naive_attach_ok(t, s, i, n, ask ? &ip : NULL);
	snprintf(ifname, sizeof(ifname), "eth%u", i);
	if ((endpoint_try(stack_at(t, s), network_at(t, n), ifname, next_id++, text, &endpoint, &err) == 0) != ok)
		fail_msg("%s/s%u:%s %s: naively %s; the model: %s", tenant_name(t), s, ifname, text, ok ? "yes" : "no",
			 err.kind ? err.msg : "yes");
	if (!ok)
		return;
	assert_int_equal(endpoint->ip_count, 2);
	for (unsigned k = 0; k < 2; k++) {
		assert_false(naive_holds(t, n, &endpoint->ips[k].ip));
		assert_int_not_equal(ip_cmp(&endpoint->ips[k].ip, &network_at(t, n)->gateways[endpoint->ips[k].ip.family == 6]),
				     0);
		end->ips[k] = endpoint->ips[k].ip;
	}
	if (ask)
		assert_int_equal(ip_cmp(&endpoint->ips[0].ip, &ip), 0);
	end->stands = true;
	end->network = n;
	end->spec_count = 0;
}

static void do_detach(unsigned t)
{
	unsigned s = rng_below(&rng, STACKS), i = rng_below(&rng, IFACES);

	assert_int_equal(endpoint_at(t, s, i) != NULL, naive.ends[t][s][i].stands);
	if (!naive.ends[t][s][i].stands)
		return;
	model_endpoint_del(endpoint_at(t, s, i));
	naive.ends[t][s][i] = (struct naive_endpoint){ 0 };
}

static void do_publish(unsigned t)
{
	unsigned s = rng_below(&rng, STACKS), i = rng_below(&rng, IFACES);
	struct naive_endpoint *end = &naive.ends[t][s][i];
	struct portspec spec = { .proto = rng_chance(&rng, 50) ? 6 : 17, .host_port = (uint16_t)(1 + rng_below(&rng, 6)), .port = 80 };
	struct err err = ERR_INIT;
	bool ok;

	if (rng_chance(&rng, 30))
		spec.more = (uint16_t)rng_below(&rng, 5);
	if (rng_chance(&rng, 60))
		spec.host_ip = ip_of(rng_chance(&rng, 50) ? "192.0.2.1" : "192.0.2.2");
	if (!end->stands)
		return;
	if (end->spec_count && rng_chance(&rng, 40)) {
		size_t which = rng_below(&rng, (unsigned)end->spec_count);

		assert_true(model_unpublish(endpoint_at(t, s, i), &end->specs[which]));
		end->specs[which] = end->specs[--end->spec_count];
		return;
	}
	ok = naive_port_free(t, &spec);
	if (end->spec_count == 8)
		return;
	assert_int_equal(model_publish(endpoint_at(t, s, i), &spec, 1, &err) == 0, ok);
	if (ok)
		end->specs[end->spec_count++] = spec;
}

/* All counters and look-ups against the arrays. */
static void compare(void)
{
	size_t ids = 0, transits = 0;

	for (unsigned t = 0; t < TENANTS; t++) {
		size_t ports = 0, used[NETWORKS] = { 0 };

		assert_int_equal(tenant_at(t) != NULL, naive.tenants[t]);
		if (!naive.tenants[t])
			continue;
		ids++;
		transits++;
		assert_int_equal(tenant_at(t)->endpoint_count, naive_count(t));
		for (unsigned s = 0; s < STACKS; s++) {
			ids += naive.stacks[t][s];
			for (unsigned i = 0; i < IFACES; i++) {
				const struct naive_endpoint *end = &naive.ends[t][s][i];

				assert_int_equal(endpoint_at(t, s, i) != NULL, end->stands);
				if (!end->stands)
					continue;
				ids++;
				for (size_t k = 0; k < end->spec_count; k++)
					ports += 1U + end->specs[k].more;
				used[end->network]++;
				assert_int_equal(endpoint_at(t, s, i)->publish_count, end->spec_count);
			}
		}
		for (unsigned n = 0; n < NETWORKS; n++) {
			ids += naive.networks[t][n];
			if (!naive.networks[t][n])
				continue;
			assert_int_equal(network_at(t, n)->endpoint_count, used[n]);
			assert_int_equal(network_at(t, n)->used.count, 2 * used[n]);
			assert_int_equal(network_at(t, n)->macs.count, used[n]);
		}
		assert_int_equal(tenant_at(t)->port_count, ports);
	}
	assert_int_equal(model.ids.count, ids);
	assert_int_equal(model.transits.count, transits);
}

static void operations(void **state)
{
	const struct pools pools = small_pools();

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		rng.state = 1000 + round;
		next_id = 1;
		memset(&naive, 0, sizeof(naive));
		model_init(&model, &pools);
		for (unsigned i = 0; i < OPERATIONS; i++) {
			unsigned t = rng_below(&rng, TENANTS), what = rng_below(&rng, 100);

			if (what < 4)
				do_tenant(t);
			else if (what < 10)
				do_network(t);
			else if (what < 20)
				do_stack(t);
			else if (what < 60)
				do_attach(t);
			else if (what < 72)
				do_detach(t);
			else
				do_publish(t);
			if (i % 16 == 0)
				compare();
		}
		compare();
		for (unsigned t = 0; t < TENANTS; t++)
			if (tenant_at(t))
				model_tenant_del(tenant_at(t));
		assert_empty(&model);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(operations) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
