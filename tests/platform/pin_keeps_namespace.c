/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bind mount of an nsfs file keeps a namespace alive without any process or descriptor in it. */
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/platform/platform.h"

int main(void)
{
	int home = private_world(), fd = -1, again = -1;
	struct netns_id before, after;
	struct nlsock *sock;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
		lacks("cannot make a mount namespace");
	HOLDS(netns_pin_folder("/run/ns", NULL) == 0);
	HOLDS(netns_pin_folder("/run/ns", NULL) == 0); /* once only */
	HOLDS(netns_create(home, &fd, NULL) == 0);
	sock = open_sock(NLSOCK_RTNL, fd, home);
	HOLDS(make_veth(sock, "mark", "far", -1) == 0);
	nlsock_close(sock);
	HOLDS(netns_identify(fd, &before, NULL) == 0);
	HOLDS(netns_pin(fd, "/run/ns/x", NULL) == 0);
	HOLDS(netns_pin(fd, "/run/ns/x", NULL) == -EEXIST);
	close(fd);
	HOLDS(netns_open("/run/ns/x", &again, NULL) == 0);
	HOLDS(netns_identify(again, &after, NULL) == 0);
	HOLDS(before.ino == after.ino && before.dev == after.dev);
	sock = open_sock(NLSOCK_RTNL, again, home);
	HOLDS(nlsock_ifindex(sock, "mark") > 0);
	HOLDS(netns_unpin("/run/ns/x", NULL) == 0);
	HOLDS(netns_unpin("/run/ns/x", NULL) == 0);
	HOLDS(access("/run/ns/x", F_OK) < 0);
	HOLDS(netns_open("/proc/self/ns/user", &fd, NULL) == -EINVAL);
	HOLDS(netns_open("/dev/null", &fd, NULL) == -EINVAL);
	return 0;
}
