/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTAX_MTU and RTAX_ADVMSS of a route. Deleting one that names neither takes it whatever it has (fib_table_delete(),
 * ip6_route_del()), so a change is that and a new one (lib/kern/rtnl.c, rtnl_route_set()). Of IPv6 one that is the same but for them is
 * refused, and changes nothing but the MTU (fib6_add_rt2node()); ways of one metric by next hops on two interfaces are told as one, with the
 * sizes of the first (lib/model/endpoint_route.c, sizes_differ()); and a link that gets a smaller MTU takes those of its routes along
 * (fib6_nh_mtu_change()): lib/plan/desired.c wants no more than the link's.
 */
#include "tests/platform/platform.h"

static struct obj way(const char *to, const char *by, const char *dev, uint32_t mtu, uint32_t advmss)
{
	struct prefix dst = {0};
	struct obj route;
	struct ip via;

	HOLDS(prefix_parse(to, &dst) == 0 && ip_parse(by, &via) == 0);
	route = obj_route_in(0, &dst, &via, dev, 9, 0);
	route.route.mtu = mtu;
	route.route.advmss = advmss;
	return route;
}

int main(void)
{
	static const char *const ways[] = {"10.9.0.0/16", "fd09::/32"}, *const hops[] = {"10.0.0.9", "fd00::9"};
	struct nlbatch batch = {0};
	struct nlsock *sock;
	uint32_t west, east;
	struct obj route;

	needs_tools("ip grep");
	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	HOLDS(make_veth(sock, "west", "east", -1) == 0);
	HOLDS(shell("ip link set east up; ip link set west up; ip addr add 10.0.0.1/24 dev west; ip addr add fd00::1/64 dev west nodad;"
		    "ip addr add fd01::1/64 dev east nodad") == 0);
	COMES(shell("ip -6 route get fd00::9 >/dev/null && ip -6 route get fd01::9 >/dev/null") == 0); /* once IPv6 has heard of the carrier */
	west = (uint32_t)nlsock_ifindex(sock, "west");
	east = (uint32_t)nlsock_ifindex(sock, "east");
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		const char *family = i ? "-6" : "-4";

		route = way(ways[i], hops[i], "west", 1400, 1300);
		rtnl_route_add(&batch, &route.route, west);
		HOLDS(run_one(sock, &batch) == 0);
		HOLDS(shell("ip %s route show %s | grep 'mtu 1400' | grep -q 'advmss 1300'", family, ways[i]) == 0);
		route = way(ways[i], hops[i], "west", 0, 0);
		rtnl_route_del(&batch, &route.route, west);
		HOLDS(run_one(sock, &batch) == 0);
		HOLDS(shell("ip %s route show %s | grep -q west", family, ways[i]) != 0);
	}
	route = way(ways[1], hops[1], "west", 1400, 0);
	rtnl_route_add(&batch, &route.route, west);
	HOLDS(run_one(sock, &batch) == 0);
	route = way(ways[1], hops[1], "west", 1380, 1300);
	rtnl_route_add(&batch, &route.route, west);
	HOLDS(run_one(sock, &batch) == -EEXIST);
	HOLDS(shell("ip -6 route show %s | grep -q 'advmss 1300'", ways[1]) != 0);
	HOLDS(shell("ip link set west mtu 1350") == 0);
	HOLDS(shell("ip -6 route show %s | grep -q 'mtu 1350'", ways[1]) == 0);
	route = way(ways[1], "fd01::9", "east", 1300, 0);
	rtnl_route_add(&batch, &route.route, east);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(shell("test $(ip -6 route show %s | grep -c nexthop) = 2", ways[1]) == 0);
	HOLDS(shell("test $(ip -6 route show %s | grep -o mtu | wc -l) = 1", ways[1]) == 0);
	return 0;
}
