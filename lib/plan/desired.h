/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desired - from intent to kernel objects: what must stand for a tenant, a
 * network, a stack, an endpoint. Floor F3, pure.
 *
 * This is the only place that knows the layout. Attach asks for the objects
 * of one endpoint; repair, check and recovery ask for all of them: the same
 * functions, so that they cannot disagree.
 */
#ifndef MOAT_PLAN_DESIRED_H
#define MOAT_PLAN_DESIRED_H

#include "lib/model/model.h"
#include "lib/obj/obj.h"

enum {
	RULESET_HOST_VERSION = 4,
	RULESET_ROUTER_VERSION = 4,
	RULESET_GUARD_VERSION = 4,
};

enum { HOST_DEVS_MAX = 8 };

/** struct host_devs - some of the host's devices, by name */
struct host_devs {
	char names[HOST_DEVS_MAX][OBJ_IFNAME_SIZE];
	size_t count;
};

/**
 * struct host_facts - what the layout must know of the host; from a dump at start
 * @egress: devices with a default route: traffic comes back in through them, so they must forward
 * @ra: of those, devices whose default route came by router advertisement (accept_ra must become 2 before they forward)
 * @force_forwarding: the kernel can forward IPv6 for single devices (>= 6.17)
 * @opened4, @opened6: devices that did not forward before us, in that family
 * @links: what of the routed-prefixes is on links of the host
 * @proxies: devices with such a prefix, on which the host answers for endpoints
 * @proxies_opened: devices that did not answer for anybody before us; @routers6: did not forward, in the sense that makes a
 *   kernel of >= 6.17 answer (before it, opened_all6 says it)
 * @opened_all6: the same of IPv6 on kernels that forward on all devices or on none
 * @connections: at most through one uplink; 0: no cap
 * @mtu: of the way out: of its route where that has one (`ip route ... mtu`), else of its link; 1500 where there is none
 * @mtu_dev, @mtu_link: that link, and its own MTU
 */
struct host_facts {
	char egress[HOST_DEVS_MAX][OBJ_IFNAME_SIZE];
	size_t egress_count;
	char ra[HOST_DEVS_MAX][OBJ_IFNAME_SIZE];
	size_t ra_count;
	struct host_devs opened4, opened6, proxies, proxies_opened, routers6;
	struct host_links links;
	bool opened_all6;
	uint32_t connections;
	bool force_forwarding, ipv6, br_netfilter;
	uint32_t mtu, mtu_link;
	char mtu_dev[OBJ_IFNAME_SIZE];
};

/** desired_host() - what stands once a first router does: the host's ruleset and forwarding */
void desired_host(const struct host_facts *facts, struct objv *objs);
/** desired_host_closed() - what stands when the last router has gone: what we opened is closed again */
void desired_host_closed(const struct host_facts *facts, struct objv *objs);
/** desired_router() - a tenant's router and its uplink; asked for from the first network on */
void desired_router(const struct tenant *tenant, const struct host_facts *facts, struct objv *objs);
void desired_network(const struct network *network, struct objv *objs);
/** desired_stack() - the namespace itself where it is ours, its loopback, its own routes */
void desired_stack(const struct stack *stack, struct objv *objs);
/** desired_endpoint() - one endpoint, or a whole wire (of its first end; nothing of its second), with its ports */
void desired_endpoint(const struct endpoint *endpoint, struct objv *objs);
/** desired_own_table() - the routing table and rules of an endpoint that has its own */
void desired_own_table(const struct endpoint *endpoint, struct objv *objs);
/**
 * desired_inner_mtu() - the MTU of the end inside of the stack, as a link of its own of which nothing else is said, and behind it its
 * routes that have one, which is no larger
 * Only for a change of it: the end is made with the pair, and what its owner does with it afterwards is not judged.
 */
void desired_inner_mtu(const struct endpoint *endpoint, struct objv *objs);
/** desired_shape() - what holds an endpoint to its bandwidth */
void desired_shape(const struct endpoint *endpoint, struct objv *objs);
/** desired_publish() - the elements of one published port */
void desired_publish(const struct endpoint *endpoint, const struct portspec *spec, struct objv *objs);
/** desired_all() - everything that stands (LIFE_UP) in @model */
void desired_all(const struct model *model, const struct host_facts *facts, struct objv *objs);
/** tenant_has_router() - is there a network that needs one? */
bool tenant_has_router(const struct tenant *tenant);

#endif
