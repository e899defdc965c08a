/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of a TCP connection over IPv6 the kernel notes the device its SYN came in by, and tells it in the old form of ancillary data
 * (tcp_v6_syn_recv_sock(), IPV6_2292PKTOPTIONS), where the listening socket has IPV6_RECVPKTINFO; of IPv4, too, by an IPv6 socket.
 * So moatd-dns knows from which network a question by TCP comes (netd/dns/tcp.c).
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/platform/platform.h"

/* in glibc's headers for the kernel's own programs alone: linux/in6.h */
#ifndef IPV6_2292PKTOPTIONS
#define IPV6_2292PKTOPTIONS 6
#endif
enum { PORT = 53 };

static int connected(const char *text)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	HOLDS(inet_pton(AF_INET6, text, &to.sin6_addr) == 1);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int device_of(int fd)
{
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct msghdr msg = {.msg_control = control};
	socklen_t size = sizeof(control);

	HOLDS(getsockopt(fd, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, control, &size) == 0);
	msg.msg_controllen = size;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg); cmsg != NULL; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		struct in6_pktinfo info;

		if (cmsg->cmsg_level != IPPROTO_IPV6 || cmsg->cmsg_len < CMSG_LEN(sizeof(info)))
			continue;
		memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
		return (int)info.ipi6_ifindex;
	}
	return 0;
}

int main(void)
{
	static const char *const addresses[] = {"fd00:1::1", "::ffff:10.0.1.1", "fd00:2::1", "::ffff:10.0.2.1"};
	struct sockaddr_in6 self = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	int home, other, server, one = 1;
	struct nlsock *sock;

	needs_tools("ip nsenter");
	home = private_world();
	sock = open_sock(NLSOCK_RTNL, home, home);
	HOLDS(netns_create(home, &other, NULL) == 0);
	HOLDS(make_veth(sock, "p1", "far1", other) == 0 && make_veth(sock, "p2", "far2", other) == 0);
	for (int i = 1; i <= 2; i++) {
		char text[256];

		HOLDS(shell("ip addr add 10.0.%d.1/24 dev p%d; ip addr add fd00:%d::1/64 dev p%d nodad; ip link set p%d up", i, i, i, i, i) == 0);
		snprintf(text, sizeof(text), "ip addr add 10.0.%d.2/24 dev far%d; ip addr add fd00:%d::2/64 dev far%d nodad; ip link set far%d up",
			 i, i, i, i, i);
		HOLDS(shell_in(other, text) == 0);
	}
	server = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	HOLDS(server >= 0 && setsockopt(server, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one)) == 0);
	HOLDS(bind(server, (struct sockaddr *)&self, sizeof(self)) == 0 && listen(server, 16) == 0);
	for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
		int client, accepted;

		HOLDS(netns_enter(other, NULL) == 0);
		COMES((client = connected(addresses[i])) >= 0);
		HOLDS(netns_enter(home, NULL) == 0);
		HOLDS((accepted = accept(server, NULL, NULL)) >= 0);
		HOLDS(device_of(accepted) == (int)if_nametoindex(i < 2 ? "p1" : "p2"));
		close(accepted);
		close(client);
	}
	return 0;
}
