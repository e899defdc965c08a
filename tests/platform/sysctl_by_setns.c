/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/sys/net shows the namespace of the thread that opens it, whatever /proc was mounted from; an open file keeps it. */
#include "tests/platform/platform.h"

static char first_byte(int fd)
{
	char c = 0;

	HOLDS(pread(fd, &c, 1, 0) == 1);
	return c;
}

int main(void)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_forward";
	int home = private_world(), other = -1, here, there;

	HOLDS(netns_create(home, &other, NULL) == 0);
	here = open(path, O_RDWR | O_CLOEXEC);
	HOLDS(netns_enter(other, NULL) == 0);
	there = open(path, O_RDWR | O_CLOEXEC);
	HOLDS(here >= 0 && there >= 0);
	HOLDS(write(there, "1", 1) == 1);
	HOLDS(first_byte(there) == '1' && first_byte(here) == '0');
	netns_leave(home);
	HOLDS(first_byte(there) == '1' && first_byte(here) == '0');
	return 0;
}
