/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden plans: what attach, detach and a tenant's first network do to the
 * kernel, as text that was read by a human. States are built from the
 * constructors of lib/obj alone; the plan's text must be the file's, byte by
 * byte. MOAT_GOLDEN_OUT=FOLDER writes what came out there, to be read and
 * compared.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/plan/fake.h"

static const uint64_t router = NS_ID(NS_ROUTER, 0x0000000000a1);
static const uint64_t stack = NS_ID(NS_STACK, 0x0000000000e1);
static const char uplink_host[] = "mu0000000000a1", uplink[] = "uplink";
static const char bridge[] = "mb0000000000b1", port[] = "mp0000000000e1", eth[] = "eth0";

static struct ip ip(const char *s)
{
	struct ip ip;

	assert_int_equal(ip_parse(s, &ip), 0);
	return ip;
}

static struct prefix prefix(const char *s)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(s, &prefix), 0);
	return prefix;
}

static void add(struct objv *v, struct obj obj)
{
	assert_true(obj_valid(&obj));
	objv_add(v, &obj);
}

static void add_addr(struct objv *v, uint64_t ns, const char *dev, const char *addr)
{
	struct prefix p = prefix(addr);

	add(v, obj_addr(ns, dev, &p));
}

static void add_route(struct objv *v, uint64_t ns, const char *dst, const char *via,
		      const char *dev)
{
	struct prefix p = prefix(dst);
	struct ip gateway = {0};

	if (via)
		gateway = ip(via);
	add(v, obj_route(ns, &p, via ? &gateway : NULL, dev));
}

static void add_neigh(struct objv *v, uint64_t ns, const char *dev, const char *addr,
		      const struct mac *mac)
{
	struct ip a = ip(addr);

	add(v, obj_neigh(ns, dev, &a, mac));
}

/* An element of a set; what the set does not hold is not taken. */
static void add_elem(struct objv *v, uint64_t ns, enum nft_set set, const char *dev,
		     const struct mac *mac, const char *addr)
{
	const struct set_def *def = set_def_get(set);
	struct obj obj = obj_elem(ns, set);

	str_copy(obj.elem.dev, sizeof(obj.elem.dev), dev);
	if (def->key & ELEM_MAC)
		obj.elem.mac = *mac;
	if (def->key & ELEM_IP)
		obj.elem.ip = ip(addr);
	add(v, obj);
}

static void add_published(struct objv *v, uint64_t ns, enum nft_set set, uint16_t from,
			  const char *to, uint16_t to_port)
{
	struct obj obj = obj_elem(ns, set);

	obj.elem.proto = 6;
	obj.elem.port = from;
	obj.elem.to_ip = ip(to);
	obj.elem.to_port = to_port;
	add(v, obj);
}

/* A tenant's router and its uplink, no network yet. */
static void add_tenant(struct objv *v)
{
	struct mac near = mac_from_id(0xa10), far = mac_from_id(0xa11);

	add(v, obj_ruleset(0, RULESET_HOST, 4));
	add(v, obj_sysctl(0, SYSCTL_IPV4_FORWARDING, uplink_host, 1));
	add(v,
	    obj_veth(0, uplink_host, &near, router, uplink, &far, 1500, NULL, "red: uplink"));
	add_addr(v, 0, uplink_host, "100.72.0.0/31");
	add(v, obj_up(0, uplink_host));
	add_neigh(v, 0, uplink_host, "100.72.0.1", &far);
	add_elem(v, 0, SET_HOST_UPLINK, uplink_host, NULL, NULL);
	add_elem(v, 0, SET_HOST_SRC4, uplink_host, NULL, "100.72.0.1");

	add(v, obj_netns(router));
	add(v, obj_sysctl(router, SYSCTL_IPV6_ADDR_GEN_MODE, "default", 1));
	add(v, obj_sysctl(router, SYSCTL_IPV4_FORWARDING, "all", 1));
	add(v, obj_sysctl(router, SYSCTL_CT_TCP_LOOSE, "", 0));
	add_addr(v, router, uplink, "100.72.0.1/31");
	add(v, obj_up(router, "lo"));
	add(v, obj_up(router, uplink));
	add_route(v, router, "0.0.0.0/0", "100.72.0.0", uplink);
	add_neigh(v, router, uplink, "100.72.0.0", &near);
	add(v, obj_ruleset(router, RULESET_ROUTER, 4));
	add(v, obj_ruleset(router, RULESET_GUARD, 4));
}

static void add_network(struct objv *v)
{
	struct mac mac = mac_from_id(0xb1);

	add(v, obj_bridge(router, bridge, &mac, 1500, "red/web"));
	add_addr(v, router, bridge, "10.0.0.1/24");
	add_addr(v, router, bridge, "fd00:a1::1/64");
	add(v, obj_up(router, bridge));
	add_elem(v, router, SET_ROUTER_EGRESS, bridge, NULL, NULL);
}

static void add_endpoint(struct objv *v)
{
	struct mac near = mac_from_id(0xe10), far = mac_from_id(0xe11),
		   gateway = mac_from_id(0xb1);
	struct obj link =
		obj_veth(router, port, &near, stack, eth, &far, 1500, bridge, "red/w1:eth0");

	link.link.flags = LINK_PORT_STATIC;
	add(v, link);
	add(v, obj_fdb(router, port, &far));
	add_neigh(v, router, bridge, "10.0.0.11", &far);
	add_neigh(v, router, bridge, "fd00:a1::11", &far);
	add_elem(v, router, SET_GUARD_MAC, port, &far, NULL);
	add_elem(v, router, SET_GUARD_ARP, port, &far, "10.0.0.11");
	add_elem(v, router, SET_GUARD_IP4, port, NULL, "10.0.0.11");
	add_elem(v, router, SET_GUARD_IP6, port, NULL, "fd00:a1::11");
	add(v, obj_port(router, port));
	add(v, obj_up(router, port));

	add(v, obj_netns(stack));
	add(v, obj_sysctl(stack, SYSCTL_UNPRIVILEGED_PORT_START, "", 0));
	add(v, obj_up(stack, "lo"));
	add_addr(v, stack, eth, "10.0.0.11/24");
	add_addr(v, stack, eth, "fd00:a1::11/64");
	add(v, obj_up(stack, eth));
	add_route(v, stack, "0.0.0.0/0", "10.0.0.1", eth);
	add_route(v, stack, "::/0", "fd00:a1::1", eth);
	add_neigh(v, stack, eth, "10.0.0.1", &gateway);

	add_published(v, 0, SET_HOST_PUB4, 8081, "100.72.0.1", 8081);
	add_published(v, router, SET_ROUTER_PUB4, 8081, "10.0.0.11", 80);
}

/* The plan between two states: its text, and that a kernel in the first takes it. */
static void golden(const char *name, struct objv *want, struct objv *have)
{
	const char *out = getenv("MOAT_GOLDEN_OUT");
	const char *top = getenv("MOAT_SOURCE_DIR");
	cleanup(mem_freep) char *path = mem_printf("%s/tests/golden/%s", top ? top : ".", name);
	cleanup(buf_fini) struct buf expected = BUF_INIT;
	cleanup(buf_fini) struct buf text = BUF_INIT;
	cleanup(fake_fini) struct fake kernel = {0};
	cleanup(plan_fini) struct plan plan = {0};
	struct objv nothing = {0};
	struct err err = ERR_INIT;

	plan_diff(have, &nothing, &plan);
	assert_int_equal(fake_apply(&kernel, &plan, SIZE_MAX, &err), 0);
	plan_fini(&plan);
	plan_diff(want, have, &plan);
	if (fake_apply(&kernel, &plan, SIZE_MAX, &err) < 0)
		fail_msg("%s: %s: %s", name, err.object, err.msg);
	plan_print(&plan, &text);
	if (out) {
		cleanup(mem_freep) char *to = mem_printf("%s/%s", out, name);

		assert_int_equal(file_write_atomic(to, text.data, text.size, 0644, false, NULL),
				 0);
	}
	if (file_read(path, 1 << 20, &expected) < 0)
		fail_msg("cannot read %s", path);
	assert_string_equal(buf_cstr(&text), buf_cstr(&expected));
	objv_fini(want);
	objv_fini(have);
	objv_fini(&nothing);
}

static void new_tenant(void **state)
{
	struct objv want = {0}, have = {0};

	(void)state;
	add_tenant(&want);
	add_network(&want);
	golden("new-tenant.plan", &want, &have);
}

static void attach(void **state)
{
	struct objv want = {0}, have = {0};

	(void)state;
	add_tenant(&have);
	add_network(&have);
	add_tenant(&want);
	add_network(&want);
	add_endpoint(&want);
	golden("attach.plan", &want, &have);
}

static void detach(void **state)
{
	struct objv want = {0}, have = {0};

	(void)state;
	add_tenant(&want);
	add_network(&want);
	add_tenant(&have);
	add_network(&have);
	add_endpoint(&have);
	golden("detach.plan", &want, &have);
}

static void last_of_tenant(void **state)
{
	struct objv want = {0}, have = {0};

	(void)state;
	add(&want, obj_ruleset(0, RULESET_HOST, 4));
	add_tenant(&have);
	add_network(&have);
	add_endpoint(&have);
	golden("delete-tenant.plan", &want, &have);
}

/* Somebody flushed the router's rules: all that stood in them is added again. */
static void repair(void **state)
{
	struct objv want = {0}, have = {0};

	(void)state;
	add_tenant(&want);
	add_network(&want);
	add_endpoint(&want);
	add_tenant(&have);
	add_network(&have);
	add_endpoint(&have);
	for (size_t i = 0; i < have.count; i++) {
		if (have.items[i].kind == OBJ_RULESET && have.items[i].ns == router)
			have.items[i].ruleset.digest = 0;
	}
	golden("repair-rules.plan", &want, &have);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_tenant), cmocka_unit_test(attach),
		cmocka_unit_test(detach),     cmocka_unit_test(last_of_tenant),
		cmocka_unit_test(repair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
