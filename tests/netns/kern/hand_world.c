/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hand_world - a tenant's router and stack as objects; see hand_world.h. */
#include "tests/netns/kern/hand_world.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { SKIP = 77 };

void hand_world_enter(void)
{
	if (geteuid() != 0) {
		fputs("skipped: needs root\n", stderr);
		exit(str_eq(getenv("MOAT_MUST_WORK"), "1") ? 1 : SKIP);
	}
	place_make();
}

void add(struct objv *objs, struct obj obj)
{
	objv_add(objs, &obj);
}

struct prefix prefix(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix;
}

struct obj addr(uint64_t ns, const char *dev, const char *text)
{
	struct prefix p = prefix(text);

	return obj_addr(ns, dev, &p);
}

struct obj elem(uint64_t ns, enum nft_set set, const char *dev, const struct mac *mac,
		       const char *ip)
{
	struct obj obj = obj_elem(ns, set);

	if (dev != NULL)
		memcpy(obj.elem.dev, dev, strlen(dev));
	if (mac != NULL)
		obj.elem.mac = *mac;
	if (ip != NULL)
		obj.elem.ip = prefix(ip).ip;
	return obj;
}

struct obj publish(uint16_t host_port, const char *to)
{
	struct obj obj = obj_elem(0, SET_HOST_PUB4);

	obj.elem.proto = IPPROTO_TCP;
	obj.elem.port = host_port;
	obj.elem.to_ip = prefix(to).ip;
	obj.elem.to_port = host_port;
	return obj;
}

void guarded(struct objv *objs, const char *dev, const struct mac *mac, const char *ip)
{
	add(objs, elem(router, SET_GUARD_MAC, dev, mac, NULL));
	add(objs, elem(router, SET_GUARD_ARP, dev, mac, ip));
	add(objs, elem(router, SET_GUARD_IP4, dev, NULL, ip));
	add(objs, obj_port(router, dev));
	add(objs, obj_up(router, dev));
}

/* A tenant's router with its uplink, one network, one stack on it, one published port. */
void wanted(struct objv *objs)
{
	struct mac gateway = mac_from_id(0xc1), inner = mac_from_id(0xd1),
		   up_host = mac_from_id(0xa0), up_router = mac_from_id(0xa1);
	struct prefix all4 = prefix("0.0.0.0/0"), transit = prefix("10.97.0.0/31"),
		      gw = prefix("10.0.0.1/24"), own = prefix("10.0.0.2/24");
	struct obj veth = obj_veth(router, port, NULL, stack, "eth0", &inner, 1500, bridge,
				   "red/w1:eth0");

	veth.link.flags = LINK_PORT_STATIC;
	add(objs, obj_ruleset(0, RULESET_HOST, 4));
	add(objs, obj_veth(0, uplink, &up_host, router, "uplink", &up_router, 1500, "",
			   "red uplink"));
	add(objs, obj_sysctl(0, SYSCTL_IPV6_ADDR_GEN_MODE, uplink, 1));
	add(objs, obj_sysctl(0, SYSCTL_IPV4_FORWARDING, uplink, 1));
	add(objs, obj_sysctl(0, SYSCTL_IPV4_ROUTE_LOCALNET, uplink, 1));
	add(objs, addr(0, uplink, "10.97.0.0/31"));
	add(objs, obj_up(0, uplink));
	add(objs, elem(0, SET_HOST_UPLINK, uplink, NULL, NULL));
	add(objs, elem(0, SET_HOST_SRC4, uplink, NULL, "10.97.0.1/32"));
	add(objs, publish(8080, "10.97.0.1/32"));

	add(objs, obj_netns(router));
	add(objs, obj_sysctl(router, SYSCTL_IPV6_ADDR_GEN_MODE, "default", 1));
	add(objs, obj_sysctl(router, SYSCTL_IPV4_FORWARDING, "all", 1));
	add(objs, obj_up(router, "lo"));
	add(objs, addr(router, "uplink", "10.97.0.1/31"));
	add(objs, obj_up(router, "uplink"));
	add(objs, obj_route(router, &all4, &transit.ip, "uplink"));
	add(objs, obj_bridge(router, bridge, &gateway, 1500, "red/web"));
	add(objs, addr(router, bridge, "10.0.0.1/24"));
	add(objs, obj_up(router, bridge));
	objv_add(objs, &veth);
	add(objs, obj_fdb(router, port, &inner));
	add(objs, obj_neigh(router, bridge, &own.ip, &inner));
	add(objs, obj_ruleset(router, RULESET_ROUTER, 4));
	add(objs, obj_ruleset(router, RULESET_GUARD, 4));
	add(objs, elem(router, SET_ROUTER_EGRESS, bridge, NULL, NULL));
	guarded(objs, port, &inner, "10.0.0.2/32");

	add(objs, obj_netns(stack));
	add(objs, obj_sysctl(stack, SYSCTL_UNPRIVILEGED_PORT_START, "", 0));
	add(objs, obj_sysctl(stack, SYSCTL_IPV6_ADDR_GEN_MODE, "default", 1));
	add(objs, obj_up(stack, "lo"));
	add(objs, addr(stack, "eth0", "10.0.0.2/24"));
	add(objs, obj_up(stack, "eth0"));
	add(objs, obj_route(stack, &all4, &gw.ip, "eth0"));
	add(objs, obj_neigh(stack, "eth0", &gw.ip, &gateway));
}

/* Everything that stands in the three namespaces, with the namespaces themselves. */
void standing(struct hand *hand, const struct objv *want, struct objv *have)
{
	snapshot(hand, 0, want, have);
	if (registered(hand, router)) {
		add(have, obj_netns(router));
		snapshot(hand, router, want, have);
	}
	if (registered(hand, stack)) {
		add(have, obj_netns(stack));
		snapshot(hand, stack, want, have);
	}
}

/* No difference; as text when there is one. */
void assert_same(struct objv *want, struct objv *have)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	struct plan plan;

	plan_diff(want, have, &plan);
	plan_print(&plan, &text);
	if (plan.count != 0)
		fail_msg("what stands differs from what should by:\n%s", buf_cstr(&text));
	plan_fini(&plan);
}

void assert_stands(struct hand *hand, struct objv *want)
{
	struct objv have = {0};

	standing(hand, want, &have);
	assert_same(want, &have);
	objv_fini(&have);
}

void assert_empty(struct hand *hand)
{
	struct objv none = {0}, have = {0};

	standing(hand, &none, &have);
	assert_int_equal(have.count, 0);
	objv_fini(&have);
}

void build(struct hand *hand, struct objv *want)
{
	struct objv none = {0};
	struct seam_result result;

	wanted(want);
	result = run_diff(hand, want, &none);
	if (result.status != 0)
		fail_msg("op %u: %s", result.index, result.text);
}

void demolish(struct hand *hand, struct objv *want)
{
	struct objv none = {0};
	struct seam_result result = run_diff(hand, &none, want);

	if (result.status != 0 || result.index != UINT32_MAX)
		fail_msg("op %u: %s", result.index, result.text);
	objv_fini(want);
}
