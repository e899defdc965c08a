/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NLM_F_CREATE | NLM_F_APPEND: a route to a destination that has one by another gateway stands beside it, and one that is the
 * same in all is refused (fib_table_insert(), fib6_add_rt2node()). So a plan may add the new way before it removes the old
 * one (lib/kern/rtnl.c). Of IPv6 the two are told as one with two next hops (lib/kern/rtnl_read.h, rtnl_read_hop()), of IPv4 as two. A route of IPv6 that names no metric has 1024, one of IPv4 none: `metric` of struct obj_route.
 */
#include "tests/platform/platform.h"

int main(void)
{
	static const struct {
		const char *dst, *first, *second;
	} ways[] = {{"10.9.0.0/16", "10.0.0.8", "10.0.0.9"}, {"fd09::/32", "fd00::8", "fd00::9"}};
	struct nlbatch batch = {0};
	struct nlsock *sock;

	needs_tools("ip grep");
	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	HOLDS(make_veth(sock, "west", "east", -1) == 0);
	HOLDS(shell("ip link set east up; ip link set west up; ip addr add 10.0.0.1/24 dev west; ip addr add fd00::1/64 dev west nodad") == 0);
	COMES(shell("ip -6 route get fd00::8 >/dev/null") == 0); /* once IPv6 has heard of the carrier */
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		struct prefix dst;
		struct ip via;
		struct obj route;

		HOLDS(prefix_parse(ways[i].dst, &dst) == 0 && ip_parse(ways[i].first, &via) == 0);
		route = obj_route(0, &dst, &via, "west");
		rtnl_route_add(&batch, &route.route, (uint32_t)nlsock_ifindex(sock, "west"));
		HOLDS(run_one(sock, &batch) == 0);
		rtnl_route_add(&batch, &route.route, (uint32_t)nlsock_ifindex(sock, "west"));
		HOLDS(run_one(sock, &batch) == -EEXIST);
		HOLDS(ip_parse(ways[i].second, &via) == 0);
		route = obj_route(0, &dst, &via, "west");
		rtnl_route_add(&batch, &route.route, (uint32_t)nlsock_ifindex(sock, "west"));
		HOLDS(run_one(sock, &batch) == 0);
		HOLDS(shell("{ ip route; ip -6 route; } | grep -q '%s'", ways[i].first) == 0);
		HOLDS(shell("{ ip route; ip -6 route; } | grep -q '%s'", ways[i].second) == 0);
	}
	HOLDS(shell("ip route show 10.9.0.0/16 | grep -q metric") != 0);
	HOLDS(shell("ip -6 route show fd09::/32 | grep -q 'metric 1024'") == 0);
	HOLDS(shell("test $(ip route show 10.9.0.0/16 | grep -c nexthop) = 0") == 0);
	HOLDS(shell("test $(ip -6 route show fd09::/32 | grep -c nexthop) = 2") == 0);
	return 0;
}
