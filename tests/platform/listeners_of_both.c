/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The older question for listeners names no address family and is answered with those of both: one walk of the kernel's table. */
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/platform/platform.h"

enum { PORT4 = 4001, PORT6 = 6001 };

static void listen_at(int family, uint16_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	int on = 1, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	HOLDS(fd >= 0);
	if (family == AF_INET6)
		HOLDS(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0 &&
		      bind(fd, (const struct sockaddr *)&six, sizeof(six)) == 0);
	else
		HOLDS(bind(fd, (const struct sockaddr *)&four, sizeof(four)) == 0);
	HOLDS(listen(fd, 1) == 0);
}

/* Listeners of a part of the dump, into *@four and *@six. Return: whether it goes on. */
static int part_read(const uint8_t *data, ssize_t size, bool *four, bool *six)
{
	const struct nlmsghdr *nlh;
	size_t offset = 0;

	while ((nlh = message_next(data, (size_t)size, &offset))) {
		const struct inet_diag_msg *msg = message_body(nlh);

		if (nlh->nlmsg_type == NLMSG_DONE)
			return 0;
		HOLDS(nlh->nlmsg_type == TCPDIAG_GETSOCK && nlh->nlmsg_len >= NLMSG_LENGTH(sizeof(*msg)));
		*four |= msg->idiag_family == AF_INET && ntohs(msg->id.idiag_sport) == PORT4;
		*six |= msg->idiag_family == AF_INET6 && ntohs(msg->id.idiag_sport) == PORT6;
	}
	return 1;
}

int main(void)
{
	struct {
		struct nlmsghdr nlh;
		struct inet_diag_req request;
	} ask = { .nlh = { .nlmsg_len = sizeof(ask), .nlmsg_type = TCPDIAG_GETSOCK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		  .request = { .idiag_states = 1U << TCP_LISTEN } };
	_Alignas(struct nlmsghdr) uint8_t room[32768];
	bool four = false, six = false;
	ssize_t n;
	int sock;

	private_world();
	listen_at(AF_INET, PORT4);
	listen_at(AF_INET6, PORT6);
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	HOLDS(sock >= 0 && send(sock, &ask, sizeof(ask), 0) == (ssize_t)sizeof(ask));
	do {
		n = recv(sock, room, sizeof(room), MSG_DONTWAIT);
		HOLDS(n > 0);
	} while (part_read(room, n, &four, &six));
	HOLDS(four && six);
	return 0;
}
