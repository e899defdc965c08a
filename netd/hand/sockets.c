/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockets - for the name service; see sockets.h. Floor F4. */
#include "netd/hand/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"

enum { DNS_PORT = 53, DNS_BACKLOG = 256, DNS_BUFFER = 1 << 20 };

static int option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* One socket for IPv4, too, whose addresses are mapped; told where each packet came in and what it was sent to. */
static int dns_socket(int type, int *ret_fd)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT)};
	cleanup(fd_closep) int fd =
		socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = fd < 0 ? -errno : 0;

	if (r == 0)
		r = option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	if (r == 0)
		r = option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	/* an engine that was started again asks anew while the old ones still serve; they go when these have come */
	if (r == 0)
		r = option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	/* and what is half closed of a dead one's connections must not keep the port */
	if (r == 0 && type == SOCK_STREAM)
		r = option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0 && type == SOCK_DGRAM)
		(void)option(fd, SOL_SOCKET, SO_RCVBUFFORCE, DNS_BUFFER);
	if (r == 0 && bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		r = -errno;
	if (r == 0 && type == SOCK_STREAM && listen(fd, DNS_BACKLOG) < 0)
		r = -errno;
	if (r < 0)
		return r;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int sockets_dns(const struct registry *reg, const struct ns_entry *entry, int ret_fds[2],
		struct err *err)
{
	cleanup(fd_closep) int udp = -1;
	int tcp, r;

	if (ns_class(entry->ns) != NS_ROUTER)
		return err_set(err, ERR_PERMISSION, EPERM, NULL,
			       "names are served in routers alone");
	r = netns_enter(entry->fd, err);
	if (r < 0)
		return r;
	r = dns_socket(SOCK_DGRAM, &udp);
	if (r == 0)
		r = dns_socket(SOCK_STREAM, &tcp);
	netns_leave(reg->host.fd);
	if (r < 0)
		return err_sys(err, ERR_KERNEL, -r, NULL, "sockets of the name service");
	ret_fds[0] = udp;
	ret_fds[1] = tcp;
	udp = -1;
	return 0;
}

int sockets_outlets(enum seam_open_what what, int *ret_fds, size_t *ret_count, struct err *err)
{
	bool udp = what == SEAM_OPEN_UDP4 || what == SEAM_OPEN_UDP6;
	int family = what == SEAM_OPEN_UDP4 || what == SEAM_OPEN_TCP4 ? AF_INET : AF_INET6;
	size_t count = 0;

	while (count < FDIO_FDS_MAX) {
		int fd = socket(family,
				(udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd < 0)
			break;
		ret_fds[count++] = fd;
	}
	if (count == 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "sockets to ask name servers by");
	*ret_count = count;
	return 0;
}

/* No SO_REUSEPORT: with it a program of root's that has it, too, would share its port with us. */
int sockets_listen(enum seam_open_what what, uint16_t port, int *ret_fd, struct err *err)
{
	struct sockaddr_in6 loopback = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
	int type = what == SEAM_OPEN_LISTEN_TCP ? SOCK_STREAM : SOCK_DGRAM;
	cleanup(fd_closep) int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = fd < 0 ? -errno : 0;

	if (r == 0)
		r = option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	/* connections of the last one that wait for their end: of UDP it would mean to share the port */
	if (r == 0 && type == SOCK_STREAM)
		r = option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0 && bind(fd, (const struct sockaddr *)&loopback, sizeof(loopback)) < 0)
		r = -errno;
	if (r == 0 && type == SOCK_STREAM && listen(fd, DNS_BACKLOG) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, ERR_KERNEL, -r, NULL, "port %u of [::1]", port);
	*ret_fd = fd;
	fd = -1;
	return 0;
}
