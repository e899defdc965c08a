/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connected socket that connect(2) with AF_UNSPEC takes its peer from gives up its port, too, and the next connect(2) draws another
 * one at random; nothing that was sent to the old port reaches the socket after that. So moatd-dns, which can open no socket, asks each
 * of its questions from a new port (netd/dns/forward.c). Of TCP, the socket can be connected again after a connection that was used.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/platform/platform.h"

enum { DRAWS = 64, DRAWS_LEAST = 48 }; /* of 28,232 ports: two of 64 alike by chance in one run of fourteen, 16 never */

static struct sockaddr_storage loopback(int family, uint16_t port, socklen_t *ret_size)
{
	struct sockaddr_storage any = {0};
	struct sockaddr_in *in = (void *)&any;
	struct sockaddr_in6 *in6 = (void *)&any;

	any.ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		in->sin_port = htons(port);
	} else {
		in6->sin6_addr = in6addr_loopback;
		in6->sin6_port = htons(port);
	}
	*ret_size = family == AF_INET ? sizeof(*in) : sizeof(*in6);
	return any;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 in6 = {0}; /* the port is at the same place in both */
	socklen_t size = sizeof(in6);

	HOLDS(getsockname(fd, (struct sockaddr *)&in6, &size) == 0);
	return ntohs(in6.sin6_port);
}

static int server(int family, int type, struct sockaddr_storage *ret_address, socklen_t *ret_size)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	HOLDS(fd >= 0);
	*ret_address = loopback(family, 0, ret_size);
	HOLDS(bind(fd, (const struct sockaddr *)ret_address, *ret_size) == 0);
	HOLDS(type == SOCK_DGRAM || listen(fd, DRAWS) == 0);
	*ret_address = loopback(family, port_of(fd), ret_size);
	return fd;
}

/* What the server still says to the port of before must be for nobody. */
static void late_answer(int family, int from, int fd, uint16_t port)
{
	socklen_t size;
	struct sockaddr_storage old = loopback(family, port, &size);
	char byte;

	(void)sendto(from, "x", 1, 0, (const struct sockaddr *)&old, size);
	HOLDS(recv(fd, &byte, 1, MSG_DONTWAIT) < 0);
}

static void draw(int family, int type)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct sockaddr_storage address;
	uint16_t ports[DRAWS];
	socklen_t size;
	int listener = server(family, type, &address, &size), fd = socket(family, type | SOCK_CLOEXEC, 0), different = 0;

	HOLDS(fd >= 0);
	for (int i = 0; i < DRAWS; i++) {
		HOLDS(connect(fd, (const struct sockaddr *)&address, size) == 0);
		ports[i] = port_of(fd);
		HOLDS(ports[i] != 0);
		HOLDS(send(fd, "q", 1, MSG_NOSIGNAL) == 1);
		if (type == SOCK_STREAM) {
			int accepted = accept(listener, NULL, NULL);

			HOLDS(accepted >= 0);
			close(accepted);
		}
		HOLDS(connect(fd, &none, sizeof(none)) == 0);
		if (type == SOCK_STREAM)
			continue; /* getsockname(2) goes on to tell the last one; the next is another all the same */
		HOLDS(port_of(fd) == 0);
		late_answer(family, listener, fd, ports[i]);
	}
	for (int i = 0; i < DRAWS; i++) {
		bool again = false;

		for (int j = 0; j < i; j++)
			again = again || ports[j] == ports[i];
		different += !again;
	}
	printf("%s, %s: %d ports of %d connections\n", family == AF_INET ? "IPv4" : "IPv6", type == SOCK_DGRAM ? "UDP" : "TCP",
	       different, DRAWS);
	HOLDS(different >= DRAWS_LEAST);
	close(fd);
	close(listener);
}

int main(void)
{
	struct nlbatch batch = {0};
	struct nlsock *sock;

	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	rtnl_link_up(&batch, "lo", true);
	HOLDS(run_one(sock, &batch) == 0);
	draw(AF_INET, SOCK_DGRAM);
	draw(AF_INET6, SOCK_DGRAM);
	draw(AF_INET, SOCK_STREAM);
	draw(AF_INET6, SOCK_STREAM);
	return 0;
}
