/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds an open tap keeps the namespace alive in which it was opened, the device deleted or not; a persistent tap
 * that nobody holds open keeps nothing. So no virtual machine's tap stands in a tenant's router.
 */
#include <net/if.h>
#include <sys/ioctl.h>
/* after net/if.h, whose definitions it would repeat */
#include <linux/if_tun.h>

#include "lib/kern/tap.h"
#include "tests/platform/platform.h"

/* A namespace with a tap and one end of a veth, whose other end is here; nobody else knows of it. Return: of an open tap. */
static int make(int home, struct nlsock *here, const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = -1, tap;

	HOLDS(netns_create(home, &fd, NULL) == 0);
	HOLDS(make_veth(here, name, "far", fd) == 0);
	HOLDS(netns_enter(fd, NULL) == 0);
	HOLDS(tap_make("tap0", NULL) == 0);
	HOLDS(tap_make("tap0", NULL) == -EEXIST);
	HOLDS(tap_make("far", NULL) == -EEXIST);
	memcpy(request.ifr_name, "tap0", 5);
	tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	HOLDS(tap >= 0 && ioctl(tap, TUNSETIFF, &request) == 0);
	netns_leave(home);
	close(fd);
	return tap;
}

/* A veth goes with its other end's namespace, which the kernel clears in the background. */
static bool gone(struct nlsock *here, const char *name)
{
	for (int i = 0; i < 500; i++) {
		if (nlsock_ifindex(here, name) <= 0)
			return true;
		usleep(10000);
	}
	return false;
}

int main(void)
{
	int home = private_world(), held, closed;
	struct nlsock *here = open_sock(NLSOCK_RTNL, home, home);

	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		lacks("no /dev/net/tun");
	held = make(home, here, "held");
	closed = make(home, here, "closed");
	close(closed);
	HOLDS(gone(here, "closed"));
	/* what was let go first is cleared first; the other had as much time */
	HOLDS(nlsock_ifindex(here, "held") > 0);
	close(held);
	HOLDS(gone(here, "held"));
	nlsock_close(here);
	return 0;
}
