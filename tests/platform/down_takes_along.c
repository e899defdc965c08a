/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A link that goes down loses its IPv6 addresses, its neighbours (permanent ones too) and the routes over it, and keeps its
 * IPv4 addresses; the last IPv4 address of a link that stays up takes neighbours and routes of IPv4 along
 * (addrconf_ifdown(), neigh_ifdown(), fib_disable_ip()). lib/plan/fake.c does the same, and what repair makes anew follows.
 */
#include "tests/platform/platform.h"

static void furnish(void)
{
	HOLDS(shell("ip link set west up && ip addr replace 10.0.0.1/24 dev west && ip addr add fd00::1/64 dev west nodad") == 0);
	HOLDS(shell("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev west nud permanent") == 0);
	HOLDS(shell("ip neigh add fd00::9 lladdr 02:00:00:00:00:09 dev west nud permanent") == 0);
	HOLDS(shell("ip route add 10.1.0.0/24 via 10.0.0.9") == 0);
	COMES(shell("ip -6 route add fd01::/64 via fd00::9") == 0); /* once IPv6 has heard of the carrier */
}

int main(void)
{
	needs_tools("ip grep");
	private_world();
	HOLDS(shell("ip link add name west type veth peer name east && ip link set east up") == 0);
	furnish();
	HOLDS(shell("ip link set west down") == 0);
	HOLDS(shell("ip addr show dev west | grep -q 10.0.0.1/24") == 0);
	HOLDS(shell("ip addr show dev west | grep -q fd00::1/64") != 0);
	HOLDS(shell("ip neigh show dev west nud permanent | grep -q .") != 0);
	HOLDS(shell("{ ip route; ip -6 route; } | grep -q west") != 0);

	furnish();
	HOLDS(shell("ip addr del 10.0.0.1/24 dev west") == 0);
	HOLDS(shell("ip -4 neigh show dev west nud permanent | grep -q .") != 0);
	HOLDS(shell("ip route | grep -q .") != 0);
	HOLDS(shell("ip -6 neigh show dev west nud permanent | grep -q fd00::9") == 0);
	HOLDS(shell("ip -6 route | grep -q fd01::/64") == 0);
	return 0;
}
