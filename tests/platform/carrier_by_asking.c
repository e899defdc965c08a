/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an interface sends after it got its carrier is thrown away until the kernel's link watch has run, in a work of its
 * own; who asks for that link by RTM_GETLINK makes it run first (rtnl_getlink() in net/core/rtnetlink.c, Linux >= 6.7).
 * So the hand asks at the end of an attach, and the first packet of a new endpoint is sent (netd/hand/exec.c).
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "tests/platform/platform.h"

enum { ROUNDS = 50, ETHERTYPE = 0x88b5 /* IEEE 802: local experimental */ };

static int packet_socket(const char *name)
{
	struct timeval patience = {.tv_sec = 10};
	struct sockaddr_ll self = {.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE), .sll_ifindex = (int)if_nametoindex(name)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	HOLDS(fd >= 0 && bind(fd, (struct sockaddr *)&self, sizeof(self)) == 0);
	HOLDS(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	return fd;
}

int main(void)
{
	uint8_t frame[60] = {0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, ETHERTYPE >> 8, ETHERTYPE & 0xff};
	unsigned major = 0, minor = 0;
	struct utsname name;
	struct nlsock *sock;

	HOLDS(uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2);
	if (major < 6 || (major == 6 && minor < 7))
		lacks("who asks for a link is told what is, and that it can send comes later (Linux < 6.7)");
	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	for (int i = 0; i < ROUNDS; i++) {
		struct nlbatch batch = {0};
		struct buf bytes = BUF_INIT;
		socklen_t size = sizeof(int);
		int in, out, error;

		HOLDS(make_veth(sock, "out", "in", -1) == 0);
		in = packet_socket("in");
		out = packet_socket("out");
		/* the error of a link that was not up when the socket was bound */
		HOLDS(getsockopt(in, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && getsockopt(out, SOL_SOCKET, SO_ERROR, &error, &size) == 0);
		rtnl_link_up(&batch, "in", true);
		HOLDS(run_one(sock, &batch) == 0);
		rtnl_link_up(&batch, "out", true);
		HOLDS(run_one(sock, &batch) == 0);
		HOLDS(rtnl_link_get(sock, "in", &bytes, NULL) == 0);
		HOLDS(send(in, frame, sizeof(frame), 0) == sizeof(frame));
		HOLDS(recv(out, frame, sizeof(frame), 0) == sizeof(frame));
		close(in);
		close(out);
		buf_fini(&bytes);
		rtnl_link_del(&batch, "out");
		HOLDS(run_one(sock, &batch) == 0);
	}
	return 0;
}
