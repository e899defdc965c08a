/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A failure is told whether an ack was asked for or not, and before the ack of the last message: so one ack, at the end,
 * says of all messages before it of which nothing was said that they succeeded.
 */
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/platform/platform.h"

enum { LO = 1, NOBODY = 4711 };

/* Link @index goes up. Return: bytes of the message. */
static size_t put_up(void *at, uint32_t seq, uint16_t flags, int index)
{
	struct nlmsghdr *nlh = at;
	struct ifinfomsg *ifi = NLMSG_DATA(nlh);

	memset(at, 0, NLMSG_SPACE(sizeof(*ifi)));
	nlh->nlmsg_len = NLMSG_LENGTH(sizeof(*ifi));
	nlh->nlmsg_type = RTM_SETLINK;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nlh->nlmsg_seq = seq;
	ifi->ifi_index = index;
	ifi->ifi_flags = ifi->ifi_change = 1; /* IFF_UP */
	return NLMSG_SPACE(sizeof(*ifi));
}

/* The next message of the queue. Return: its sequence number, 0 when there is none. */
static uint32_t told(int sock, int *ret_status)
{
	_Alignas(struct nlmsghdr) uint8_t room[4096];
	const struct nlmsghdr *nlh = (void *)room;
	ssize_t n = recv(sock, room, sizeof(room), MSG_DONTWAIT);

	if (n < 0)
		return 0;
	HOLDS((size_t)n >= NLMSG_LENGTH(sizeof(struct nlmsgerr)) && nlh->nlmsg_type == NLMSG_ERROR);
	*ret_status = ((const struct nlmsgerr *)message_body(nlh))->error;
	return nlh->nlmsg_seq;
}

int main(void)
{
	_Alignas(struct nlmsghdr) uint8_t room[512];
	int sock, status = 1;
	size_t size = 0;

	private_world();
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	HOLDS(sock >= 0);
	size += put_up(room + size, 1, 0, LO);
	size += put_up(room + size, 2, 0, NOBODY);
	size += put_up(room + size, 3, 0, LO);
	size += put_up(room + size, 4, NLM_F_ACK, LO);
	HOLDS(send(sock, room, size, 0) == (ssize_t)size);
	HOLDS(told(sock, &status) == 2 && status == -ENODEV);
	HOLDS(told(sock, &status) == 4 && status == 0);
	HOLDS(told(sock, &status) == 0);
	return 0;
}
