/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A netlink socket speaks to the namespace its thread was in when it was made, wherever that thread is when it is used, and by
 * whomever; and the namespace lives as long as the socket. So the hand keeps one in each, and the engine listens with those.
 */
#include "tests/platform/platform.h"

int main(void)
{
	int home = private_world(), other = -1;
	struct nlsock *here = open_sock(NLSOCK_RTNL, -1, -1), *there, *again;

	HOLDS(netns_create(home, &other, NULL) == 0);
	there = open_sock(NLSOCK_RTNL, other, home);
	HOLDS(make_veth(there, "a", "b", -1) == 0);
	HOLDS(nlsock_ifindex(here, "a") == -ENODEV);
	HOLDS(nlsock_ifindex(there, "a") > 0);
	again = open_sock(NLSOCK_RTNL, other, home);
	HOLDS(nlsock_ifindex(again, "a") > 0);
	nlsock_close(again);
	close(other);
	HOLDS(nlsock_ifindex(there, "a") > 0);
	HOLDS(make_veth(there, "c", "d", -1) == 0);
	return 0;
}
