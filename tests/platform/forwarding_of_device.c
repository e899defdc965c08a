/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 forwards what comes in by a device whose conf.DEV.forwarding is 1. IPv6 does so since 6.17 where force_forwarding of that
 * device is 1; before, and by conf.DEV.forwarding, it forwards everywhere or nowhere: conf.all.forwarding alone decides.
 */
#include "tests/platform/platform.h"

static void set(enum sysctl_key key, const char *dev, int32_t value)
{
	struct obj obj = obj_sysctl(0, key, dev, value);

	HOLDS(sysctl_write(NULL, &obj.sysctl, NULL) == 0);
}

/* Does an answer come from the other side, both directions through us? */
static bool passes(int from, const char *to)
{
	char command[128];

	snprintf(command, sizeof(command), "ping -c1 -W1 %s >/dev/null", to);
	return shell_in(from, command) == 0;
}

int main(void)
{
	bool force = access("/proc/sys/net/ipv6/conf/all/force_forwarding", F_OK) == 0;
	int home, west, east;
	struct nlsock *sock;

	needs_tools("ip ping nsenter");
	home = private_world();
	sock = open_sock(NLSOCK_RTNL, home, home);
	HOLDS(netns_create(home, &west, NULL) == 0 && netns_create(home, &east, NULL) == 0);
	HOLDS(make_veth(sock, "w", "out", west) == 0 && make_veth(sock, "e", "out", east) == 0);
	HOLDS(shell("ip addr add 10.0.1.1/24 dev w; ip addr add fd00:1::1/64 dev w nodad; ip link set w up;"
		  "ip addr add 10.0.2.1/24 dev e; ip addr add fd00:2::1/64 dev e nodad; ip link set e up") == 0);
	HOLDS(shell_in(west, "ip addr add 10.0.1.2/24 dev out; ip addr add fd00:1::2/64 dev out nodad; ip link set out up;"
			   "ip route add default via 10.0.1.1; ip -6 route add default via fd00:1::1") == 0);
	HOLDS(shell_in(east, "ip addr add 10.0.2.2/24 dev out; ip addr add fd00:2::2/64 dev out nodad; ip link set out up;"
			   "ip route add default via 10.0.2.1; ip -6 route add default via fd00:2::1") == 0);
	COMES(passes(west, "10.0.1.1") && passes(west, "fd00:1::1"));
	COMES(passes(east, "10.0.2.1") && passes(east, "fd00:2::1"));

	HOLDS(!passes(west, "10.0.2.2"));
	set(SYSCTL_IPV4_FORWARDING, "w", 1);
	HOLDS(!passes(west, "10.0.2.2")); /* the answer comes in by the other one */
	set(SYSCTL_IPV4_FORWARDING, "e", 1);
	COMES(passes(west, "10.0.2.2"));

	set(SYSCTL_IPV6_FORWARDING, "w", 1);
	set(SYSCTL_IPV6_FORWARDING, "e", 1);
	HOLDS(!passes(west, "fd00:2::2"));
	if (force) {
		set(SYSCTL_IPV6_FORCE_FORWARDING, "w", 1);
		HOLDS(!passes(west, "fd00:2::2"));
		set(SYSCTL_IPV6_FORCE_FORWARDING, "e", 1);
	} else {
		set(SYSCTL_IPV6_FORWARDING, "all", 1);
	}
	COMES(passes(west, "fd00:2::2"));
	return 0;
}
