/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message that gives a link a MAC address makes the kernel forget all neighbours of that link, permanent ones too, even
 * if it is the address it has already (NETDEV_CHANGEADDR, neigh_changeaddr() in net/core/neighbour.c). So netd/hand/apply.c
 * sends none that does not change.
 */
#include "tests/platform/platform.h"

int main(void)
{
	needs_tools("ip grep");
	private_world();
	HOLDS(shell("ip link add name west address 02:00:00:00:00:01 type veth peer name east && ip link set west up && ip link set east up") == 0);
	HOLDS(shell("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev west nud permanent") == 0);
	HOLDS(shell("ip neigh add fd00::9 lladdr 02:00:00:00:00:09 dev west nud permanent") == 0);
	HOLDS(shell("ip link set west mtu 1400 alias x") == 0);
	HOLDS(shell("ip neigh show dev west nud permanent | grep -q 10.0.0.9") == 0);
	HOLDS(shell("ip neigh show dev west nud permanent | grep -q fd00::9") == 0);
	HOLDS(shell("ip link set west address 02:00:00:00:00:01") == 0);
	HOLDS(shell("ip neigh show dev west nud permanent | grep -q .") != 0);
	return 0;
}
