/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A veth's peer is made in another namespace by the creating message itself, and the name it takes there is its own. */
#include "tests/platform/platform.h"

int main(void)
{
	int home = private_world(), other = -1;
	struct nlsock *here = open_sock(NLSOCK_RTNL, -1, -1), *there;

	HOLDS(netns_create(home, &other, NULL) == 0);
	there = open_sock(NLSOCK_RTNL, other, home);
	HOLDS(make_veth(here, "near", "eth0", other) == 0);
	HOLDS(nlsock_ifindex(here, "near") > 0);
	HOLDS(nlsock_ifindex(here, "eth0") == -ENODEV);
	HOLDS(nlsock_ifindex(there, "eth0") > 0);
	/* A name that is taken there fails the whole: nothing is left here. */
	HOLDS(make_veth(here, "near2", "eth0", other) == -EEXIST);
	HOLDS(nlsock_ifindex(here, "near2") == -ENODEV);
	return 0;
}
