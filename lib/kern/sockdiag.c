/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockdiag - sock_diag(7) dumps of waiting sockets. Floor F2. */
#include "lib/kern/sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"

enum {
	SOCKDIAG_ROOM = 32 << 10,
	SOCKDIAG_MAX = 1 << 20, /* sockets of one protocol we are ready to hear of */
};

struct locals {
	struct sockdiag_local *items;
	size_t count, capacity;
};

int sockdiag_open(int *ret_fd, struct err *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "sock_diag socket");
	*ret_fd = fd;
	return 0;
}

/*
 * Of TCP the older question, which names no family, is asked: it means both (inet_diag_dump_compat(), net/ipv4/inet_diag.c),
 * and the kernel walks its table of listeners, up to a megabyte, once instead of twice.
 */
static int request_send(int fd, uint8_t family, uint8_t proto)
{
	static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	uint8_t room[256] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(room);

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (family == AF_UNSPEC) {
		struct inet_diag_req *request = mnl_nlmsg_put_extra_header(nlh, sizeof(*request));

		nlh->nlmsg_type = TCPDIAG_GETSOCK;
		request->idiag_states = 1U << TCP_LISTEN;
	} else {
		struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(nlh, sizeof(*request));

		nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
		request->sdiag_family = family;
		request->sdiag_protocol = proto;
		request->idiag_states = 1U << (proto == IPPROTO_UDP ? TCP_CLOSE : TCP_LISTEN);
	}
	if (sendto(fd, nlh, nlh->nlmsg_len, 0, (const struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

static int attr_v6only(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == INET_DIAG_SKV6ONLY &&
	    mnl_attr_get_payload_len(attr) >= 1)
		*(bool *)data = mnl_attr_get_u8(attr) != 0;
	return MNL_CB_OK;
}

static void local_add(struct locals *locals, const struct nlmsghdr *nlh, uint8_t proto)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	struct sockdiag_local local = {.proto = proto};

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg) || msg->id.idiag_sport == 0 ||
	    (msg->idiag_family != AF_INET && msg->idiag_family != AF_INET6) || locals->count == SOCKDIAG_MAX)
		return;
	local.ip.family = msg->idiag_family == AF_INET ? 4 : 6;
	memcpy(local.ip.b, msg->id.idiag_src, ip_size(&local.ip));
	local.port = ntohs(msg->id.idiag_sport);
	mnl_attr_parse(nlh, sizeof(*msg), attr_v6only, &local.v6only);
	if (locals->count == locals->capacity) {
		locals->capacity = locals->capacity != 0 ? 2 * locals->capacity : 32;
		locals->items =
			mem_grow(locals->items, locals->capacity, sizeof(*locals->items));
	}
	locals->items[locals->count++] = local;
}

/* Return: 1 at the end of the dump, 0 to go on, -errno. */
static int part_read(const uint8_t *data, int size, uint8_t proto, struct locals *locals)
{
	const struct nlmsghdr *nlh = (const void *)data;

	for (; mnl_nlmsg_ok(nlh, size); nlh = mnl_nlmsg_next(nlh, &size)) {
		if (nlh->nlmsg_type == NLMSG_DONE)
			return 1;
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *failure = mnl_nlmsg_get_payload(nlh);

			return mnl_nlmsg_get_payload_len(nlh) >= sizeof(*failure) &&
					       failure->error < 0
				       ? failure->error
				       : -EBADMSG;
		}
		if (nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY || nlh->nlmsg_type == TCPDIAG_GETSOCK)
			local_add(locals, nlh, proto);
	}
	return 0;
}

static int family_list(int fd, uint8_t family, uint8_t proto, struct locals *locals)
{
	cleanup(mem_freep) uint8_t *room = mem_room(SOCKDIAG_ROOM);
	int r = request_send(fd, family, proto);

	while (r == 0) {
		ssize_t n = recv(fd, room, SOCKDIAG_ROOM, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -errno : part_read(room, (int)n, proto, locals);
	}
	return r < 0 ? r : 0;
}

int sockdiag_list(int fd, uint8_t proto, struct sockdiag_local **ret_locals, struct err *err)
{
	struct locals locals = {0};
	bool both = proto == IPPROTO_TCP;
	int r = family_list(fd, both ? AF_UNSPEC : AF_INET, proto, &locals);

	if (r == 0 && !both)
		r = family_list(fd, AF_INET6, proto, &locals);
	if (r < 0) {
		free(locals.items);
		return err_sys(err, ERR_KERNEL, -r, NULL, "list sockets of protocol %u", proto);
	}
	*ret_locals = locals.items;
	return (int)locals.count;
}

bool sockdiag_conflicts(const struct sockdiag_local *local, uint8_t family, const struct ip *ip,
			uint16_t port)
{
	bool any = ip_is_unspecified(&local->ip);

	if (local->port != port)
		return false;
	if (local->ip.family != family)
		return local->ip.family == 6 && any &&
		       !local->v6only; /* [::] takes IPv4 as well */
	return any || ip_is_none(ip) || ip_is_unspecified(ip) || ip_cmp(&local->ip, ip) == 0;
}
