/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program sends to 127.0.0.1 can be led away by a rule, and the answer comes back, where the one device it comes in by
 * has route_localnet; of [::1] no answer comes, whatever is set: ::1 is taken from lo alone. So a port published on [::1] is
 * somebody who listens there (netd/dns/splice.h).
 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/platform/platform.h"

enum { PORT = 80 };

static struct sockaddr_in6 address(const char *text)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};

	HOLDS(inet_pton(AF_INET6, text, &to.sin6_addr) == 1);
	return to;
}

/* A datagram to somebody, who is asked at @server and answers. Return: did the answer come? */
static bool answered(const char *to_text, int server)
{
	struct sockaddr_in6 to = address(to_text), from;
	struct timeval patience = {.tv_sec = 1};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(from);
	char text[8];
	bool came = false;

	HOLDS(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	HOLDS(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	while (recv(server, text, sizeof(text), MSG_DONTWAIT) >= 0) /* of a try before, which came too late */
		;
	if (send(fd, "ask", 3, 0) == 3 && recvfrom(server, text, sizeof(text), 0, (struct sockaddr *)&from, &size) == 3) {
		HOLDS(sendto(server, "told", 4, 0, (struct sockaddr *)&from, size) == 4);
		came = recv(fd, text, sizeof(text), 0) == 4;
	}
	close(fd);
	return came;
}

int main(void)
{
	struct sockaddr_in6 self = address("::");
	struct timeval patience = {.tv_sec = 1};
	int home, other, server;
	struct nlsock *sock;

	needs_tools("ip nft nsenter");
	home = private_world();
	sock = open_sock(NLSOCK_RTNL, home, home);
	HOLDS(netns_create(home, &other, NULL) == 0);
	HOLDS(make_veth(sock, "near", "far", other) == 0);
	HOLDS(shell("ip link set lo up; ip addr add 10.0.0.1/24 dev near; ip addr add fd00::1/64 dev near nodad; ip link set near up") == 0);
	HOLDS(shell_in(other, "ip addr add 10.0.0.2/24 dev far; ip addr add fd00::2/64 dev far nodad; ip link set far up") == 0);
	HOLDS(netns_enter(other, NULL) == 0);
	server = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	HOLDS(server >= 0 && bind(server, (struct sockaddr *)&self, sizeof(self)) == 0);
	HOLDS(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	HOLDS(netns_enter(home, NULL) == 0);
	COMES(answered("::ffff:10.0.0.2", server) && answered("fd00::2", server));

	HOLDS(shell("nft add table inet t && nft add chain inet t out '{ type nat hook output priority -100; }' &&"
		  "nft add chain inet t post '{ type nat hook postrouting priority 100; }' &&"
		  "nft add rule inet t out ip daddr 127.0.0.1 udp dport 80 dnat ip to 10.0.0.2 &&"
		  "nft add rule inet t out ip6 daddr ::1 udp dport 80 dnat ip6 to fd00::2 &&"
		  "nft add rule inet t post oifname near masquerade") == 0);
	HOLDS(!answered("::ffff:127.0.0.1", server));
	HOLDS(shell("echo 1 >/proc/sys/net/ipv4/conf/near/route_localnet") == 0);
	COMES(answered("::ffff:127.0.0.1", server));
	HOLDS(!answered("::1", server));
	return 0;
}
