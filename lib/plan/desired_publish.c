/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desired_publish - published ports, as elements of the maps of host and router; see desired.h. Floor F3, pure.
 */
#include "lib/plan/desired.h"

/*
 * How many ports from @first on, at most @count, one element can shift: the kernel counts from the first port of the
 * target by the port modulo the length of the target's range (obj_valid()), so that @first must be a multiple of it.
 * A range that begins at a multiple of its length is one element; any other a few: 6 in the mean, 21 in 400,000 tried.
 */
static unsigned shift_piece(unsigned first, unsigned count)
{
	unsigned best = 1;

	for (unsigned d = 1; d * d <= first; d++) {
		if (first % d != 0)
			continue;
		if (d <= count && d > best)
			best = d;
		if (first / d <= count && first / d > best)
			best = first / d;
	}
	return best;
}

/* @to_port: 0 in a set whose elements let the port stay */
static void add_pub(struct objv *objs, uint64_t ns, enum nft_set set, const struct portspec *spec, const struct ip *ip,
		    const struct ip *to, uint16_t to_port)
{
	struct obj obj = obj_elem(ns, set);

	if (ip)
		obj.elem.ip = *ip;
	obj.elem.proto = spec->proto;
	obj.elem.port = spec->host_port;
	obj.elem.to_ip = *to;
	obj.elem.to_port = to_port;
	if (spec->more) {
		obj.elem.last = portspec_last(spec);
		obj.elem.to_last = to_port ? (uint16_t)(to_port + spec->more) : 0;
	}
	objv_add(objs, &obj);
}

/* The host leads on by the port it was sent to: a range of any length is one element. */
static void add_host_pub(struct objv *objs, const struct portspec *spec, const struct ip *transit)
{
	static const enum nft_set sets[2][2][2] = { /* range, one address, IPv6 */
		{ { SET_HOST_PUB4, SET_HOST_PUB6 }, { SET_HOST_PUBIP4, SET_HOST_PUBIP6 } },
		{ { SET_HOST_RANGE4, SET_HOST_RANGE6 }, { SET_HOST_RANGEIP4, SET_HOST_RANGEIP6 } },
	};
	enum nft_set set = sets[spec->more != 0][spec->host_ip.family != 0][transit->family == 6];

	add_pub(objs, NS_HOST, set, spec, spec->host_ip.family ? &spec->host_ip : NULL, transit,
		spec->more ? 0 : spec->host_port);
}

/* The router leads to the stack's port: a range that keeps its ports is one element, else see shift_piece(). */
static void add_router_pub(struct objv *objs, uint64_t ns, const struct portspec *spec, const struct ip *ip)
{
	bool six = ip->family == 6;
	unsigned done = 0, count = 1U + spec->more;

	if (spec->more && spec->host_port == spec->port) {
		add_pub(objs, ns, six ? SET_ROUTER_RANGE6 : SET_ROUTER_RANGE4, spec, NULL, ip, 0);
		return;
	}
	while (done < count) {
		unsigned n = shift_piece(spec->host_port + done, count - done);
		struct portspec piece = { .proto = spec->proto,
					  .host_port = (uint16_t)(spec->host_port + done),
					  .more = (uint16_t)(n - 1) };
		enum nft_set set = n == 1 ? (six ? SET_ROUTER_PUB6 : SET_ROUTER_PUB4)
					  : (six ? SET_ROUTER_SHIFT6 : SET_ROUTER_SHIFT4);

		add_pub(objs, ns, set, &piece, NULL, ip, (uint16_t)(spec->port + done));
		done += n;
	}
}

/* One look-up in the host (any address of it, or one), one in the router: both lead on by the host's port number. */
void desired_publish(const struct endpoint *endpoint, const struct portspec *spec, struct objv *objs)
{
	const struct tenant *tenant = endpoint->stack->tenant;
	bool done4 = false, done6 = false;

	for (size_t i = 0; i < endpoint->ip_count; i++) {
		const struct ip *ip = &endpoint->ips[i].ip;
		bool four = ip->family == 4;
		bool *done = four ? &done4 : &done6;
		struct prefix transit = four ? tenant_transit4(tenant, true) : tenant_transit6(tenant, true);

		if (*done || (spec->host_ip.family && spec->host_ip.family != ip->family))
			continue;
		*done = true;
		if (!portspec_is_loopback6(spec)) /* there somebody listens: netd/dns/splice.h */
			add_host_pub(objs, spec, &transit.ip);
		add_router_pub(objs, NS_ID(NS_ROUTER, tenant->id), spec, ip);
	}
}
