/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desired_shape - the bandwidth of one endpoint, as objects. Floor F3, pure.
 *
 *                    router
 *                    -----------------------------------------------------
 *    to the stack    bridge or route --> [tbf] mpE ==> eth0
 *    from it         eth0 ==> mpE, guard, redirect --> [tbf] msE (ifb) --+
 *                             mpE, as if it had just come in  <----------+
 *
 * Both stand in the router, where nobody inside of the stack can reach them, and on the port itself, so that two stacks of one
 * host are held to it, too. A queue works on what leaves a device: for what leaves the port that is the port's own; what comes
 * in by it is sent through an ifb of the endpoint's own, which gives it back. By nftables and not by tc's mirred: that acts
 * before the guard's hook, and a packet that an ifb gave back meets no hook again, so nothing would be guarded
 * (tests/platform/ifb_skips_ingress.c).
 *
 * One bucket (TBF) a direction, and no classes: a bucket is all that one rate needs.
 */
#include <stdio.h>
#include <string.h>

#include "lib/plan/desired.h"

enum {
	FRAME_OVERHEAD = 18,	    /* Ethernet header, and a tag */
	TICKS_A_SECOND = 1000000000 / OBJ_TICK_NS,
	TICKS_MIN = 1000,	    /* 64 us: more than the kernel's clock and its rounding */
	BURST_MS = 20,		    /* of a rate that says none */
	WAIT_MS = 50,		    /* how long what waits may have to */
	WAIT_FRAMES = 16,	    /* but no fewer than these: TCP backs off by losses of single frames, not of all */
};
static const uint64_t RATE_MAX = 125000000000; /* bytes a second, 1 Tbit/s: above it no machine waits for a queue */

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* @rate, @burst: bits; 0 for a burst of BURST_MS. A bucket that holds no whole frame would let none pass. */
static struct obj bucket(uint64_t ns, const char *dev, uint64_t rate, uint64_t burst, uint32_t mtu)
{
	uint64_t bytes = least(rate / 8, RATE_MAX), frame = mtu + FRAME_OVERHEAD;
	uint64_t size = most(burst ? burst / 8 : bytes * BURST_MS / 1000, frame);
	uint64_t seconds = size / bytes, rest = size % bytes;
	uint64_t ticks = seconds * TICKS_A_SECOND + (rest * TICKS_A_SECOND + bytes - 1) / bytes;
	uint64_t wait = most(bytes * WAIT_MS / 1000, WAIT_FRAMES * frame);

	return obj_qdisc(ns, dev, bytes, (uint32_t)least(most(ticks, TICKS_MIN), INT32_MAX),
			 (uint32_t)least(size + wait, INT32_MAX));
}

void desired_shape(const struct endpoint *endpoint, struct objv *objs)
{
	const struct bandwidth *bandwidth = &endpoint->bandwidth;
	char port[OBJ_IFNAME_SIZE], shaper[OBJ_IFNAME_SIZE], alias[OBJ_ALIAS_SIZE];
	uint32_t index = endpoint_shaper_index(endpoint->id);
	uint64_t ns;
	struct obj obj;

	if (!endpoint->network)
		return;
	ns = NS_ID(NS_ROUTER, endpoint->network->tenant->id);
	model_ifname('p', endpoint->id, port);
	if (bandwidth->ingress_rate) {
		obj = bucket(ns, port, bandwidth->ingress_rate, bandwidth->ingress_burst, endpoint->mtu);
		objv_add(objs, &obj);
	}
	if (!bandwidth->egress_rate)
		return;
	model_ifname('s', endpoint->id, shaper);
	snprintf(alias, sizeof(alias), "%.62s/%.80s:%s", endpoint->stack->tenant->name, endpoint->stack->name, endpoint->ifname);
	obj = obj_ifb(ns, shaper, index, alias);
	objv_add(objs, &obj);
	obj = bucket(ns, shaper, bandwidth->egress_rate, bandwidth->egress_burst, endpoint->mtu);
	objv_add(objs, &obj);
	obj = obj_up(ns, shaper);
	objv_add(objs, &obj);
	obj = obj_redirect(ns, port, index);
	objv_add(objs, &obj);
}
