/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet's mark ends where it leaves its namespace through a veth (skb_scrub_packet() in net/core/skbuff.c): what a stack or
 * the host marks means nothing to the router's rules, which tell networks apart by marks of their own.
 */
#include "tests/platform/platform.h"

int main(void)
{
	int home, other;
	struct nlsock *sock;

	needs_tools("ip nft ping nsenter");
	home = private_world();
	sock = open_sock(NLSOCK_RTNL, home, home);
	HOLDS(netns_create(home, &other, NULL) == 0);
	HOLDS(make_veth(sock, "near", "far", other) == 0);
	HOLDS(shell("ip addr add 10.0.0.1/24 dev near; ip link set near up") == 0);
	HOLDS(shell_in(other, "ip addr add 10.0.0.2/24 dev far; ip link set far up") == 0);
	COMES(shell("ping -c1 -W1 10.0.0.2 >/dev/null") == 0);
	if (shell("ping -m 7 -c1 -W1 10.0.0.2 >/dev/null") != 0)
		lacks("ping cannot mark");
	HOLDS(shell_in(other, "nft add table inet t && nft add chain inet t c \"{ type filter hook input priority 0; }\" &&"
			    "nft add rule inet t c meta mark 7 drop") == 0);
	HOLDS(shell("ping -m 7 -c1 -W5 10.0.0.2 >/dev/null") == 0);
	HOLDS(shell("nft add table inet t && nft add chain inet t c '{ type filter hook output priority 0; }' &&"
		  "nft add rule inet t c meta mark 7 drop") == 0);
	HOLDS(shell("ping -m 7 -c1 -W1 10.0.0.2 >/dev/null") != 0);
	return 0;
}
