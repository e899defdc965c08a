/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlsock - netlink sockets. Floor F2.
 *
 * Theory of operation. rtnetlink and nfnetlink work on a request inside
 * sendmsg(2), in our own context: when it returns, every acknowledgement has
 * been put into our receive queue, and a dump's next part is made inside
 * recvmsg(2). So receiving never needs to wait, and every receive here is
 * MSG_DONTWAIT: an empty queue means that no more will come.
 *
 * A failure is always told, so an ack is asked for of the last message alone:
 * when that is there, and the queue has not overflowed (ENOBUFS), everything
 * before it of which nothing was said has succeeded (platform/batch_acks.c).
 * A failure costs about 1 kB of the queue, so rtnetlink batches are cut into
 * chunks of NLBATCH_CHUNK, each with an ack of its own.
 */
#include "lib/kern/nlsock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/kern/netns.h"
#include "lib/kern/nlbuf.h"

enum {
	RECEIVE_BUFFER = 8 << 20,
	MONITOR_BUFFER = 4 << 20,
	SEND_BUFFER = 64 << 20, /* an nft transaction is one message */
	DUMP_ROOM = 64 << 10,
	DUMP_TRIES = 10,
	ACK_ROOM = 8192,
	UNSAID = 1, /* status of a message whose ack has not come; the kernel's are 0 and below */
};

struct nlsock {
	int fd;
	enum nlsock_kind kind;
	uint32_t seq;
	uint8_t *room; /* DUMP_ROOM bytes to receive into; not zeroed: one socket is opened for each attach */
};

/*
 * Of sockets beside the first in one namespace: a bit above the process id, which has 22 bits at most. So it is no
 * process id, and none of those the kernel chooses (they are negative).
 */
static const uint32_t beside_bits[NLSOCK_BESIDE] = {1U << 30, 1U << 29, 1U << 28};

/* @portid: 0 lets the kernel choose. */
static int open_fd(enum nlsock_kind kind, int ns_fd, int home_fd, int flags, uint32_t portid, int *ret_fd,
		   struct err *err)
{
	int protocol = kind == NLSOCK_RTNL ? NETLINK_ROUTE : NETLINK_NETFILTER;
	struct sockaddr_nl self = {.nl_family = AF_NETLINK, .nl_pid = portid};
	int fd, r;

	if (ns_fd >= 0) {
		r = netns_enter(ns_fd, err);
		if (r < 0)
			return r;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, protocol);
	r = fd < 0 ? -errno : 0;
	if (ns_fd >= 0)
		netns_leave(home_fd);
	if (r < 0)
		return err_sys(err, ERR_KERNEL, -r, NULL, "netlink socket");
	if (bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0) {
		r = err_sys(err, ERR_KERNEL, errno, NULL, "bind netlink socket");
		fd_close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* The FORCE variants need CAP_NET_ADMIN in the namespace's owner; without it the limits of the machine hold. */
static void set_buffer(int fd, int force, int plain, int size)
{
	if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
}

static int set_on(int fd, int option)
{
	int on = 1;

	return setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

static int open_sock(enum nlsock_kind kind, int ns_fd, int home_fd, uint32_t portid, struct nlsock **ret_sock,
		     struct err *err)
{
	struct nlsock *sock;
	int fd, r;

	r = open_fd(kind, ns_fd, home_fd, 0, portid, &fd, err);
	if (r < 0)
		return r;
	r = set_on(fd, NETLINK_EXT_ACK);
	if (r == 0)
		r = set_on(fd, NETLINK_CAP_ACK);
	if (r == 0 && kind == NLSOCK_RTNL)
		r = set_on(fd, NETLINK_GET_STRICT_CHK);
	if (r < 0) {
		fd_close(fd);
		return err_sys(err, ERR_KERNEL, -r, NULL, "netlink socket options");
	}
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER);
	if (kind == NLSOCK_NFT)
		set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER);
	sock = mem_alloc(sizeof(*sock));
	*sock = (struct nlsock){.fd = fd, .kind = kind, .seq = 1, .room = mem_room(DUMP_ROOM)};
	*ret_sock = sock;
	return 0;
}

int nlsock_open(enum nlsock_kind kind, int ns_fd, int home_fd, struct nlsock **ret_sock,
		struct err *err)
{
	return open_sock(kind, ns_fd, home_fd, 0, ret_sock, err);
}

int nlsock_open_beside(enum nlsock_kind kind, unsigned number, int ns_fd, int home_fd, struct nlsock **ret_sock,
		       struct err *err)
{
	return open_sock(kind, ns_fd, home_fd, beside_bits[number] | (uint32_t)getpid(), ret_sock, err);
}

void nlsock_close(struct nlsock *sock)
{
	if (!sock)
		return;
	fd_close(sock->fd);
	free(sock->room);
	free(sock);
}

/*
 * What this process did itself, and what nobody will ever judge, shall not wake the listener: an attach alone makes
 * some twenty messages. Classic BPF on the message's header; it loads in network order, hence hton*(). Who asked is in
 * nlmsg_pid: our first socket in a namespace has the process id there (net/netlink/af_netlink.c, netlink_autobind()),
 * those beside it one of beside_bits[] more.
 * Not told: new addresses; new FDB entries; neighbours that come and go by the kernel's own doing.
 */
static int filter_own(int fd, enum nlsock_kind kind)
{
	enum { TYPE = offsetof(struct nlmsghdr, nlmsg_type), PORTID = offsetof(struct nlmsghdr, nlmsg_pid) };
	enum { FAMILY = sizeof(struct nlmsghdr) + offsetof(struct ndmsg, ndm_family) };
	struct sock_filter filter[] = {
		/*  0 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, PORTID),
		/*  1 */ BPF_STMT(BPF_ALU | BPF_AND | BPF_K, htonl(~(beside_bits[0] | beside_bits[1] | beside_bits[2]))),
		/*  2 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl((uint32_t)getpid()), 12, kind == NLSOCK_NFT ? 11 : 0),
		/*  3 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, TYPE),
		/*  4 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWADDR), 10, 0),
		/*  5 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEIGH), 2, 0),
		/*  6 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELNEIGH), 3, 0),
		/*  7 */ BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		/*  8 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FAMILY), /* new: of a bridge not told */
		/*  9 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_BRIDGE, 5, 2),
		/* 10 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FAMILY), /* gone: of a bridge told */
		/* 11 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_BRIDGE, 2, 0),
		/* 12 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, PORTID), /* else told when somebody asked for it */
		/* 13 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		/* 14 */ BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		/* 15 */ BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = ARRAY_COUNT(filter), .filter = filter};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

int nlsock_open_monitor(enum nlsock_kind kind, int ns_fd, int home_fd, int *ret_fd,
			struct err *err)
{
	static const int rtnl_groups[] = {
		RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,  RTNLGRP_NEIGH,
		RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF, RTNLGRP_TC,
	};
	static const int nft_groups[] = {NFNLGRP_NFTABLES};
	const int *groups = kind == NLSOCK_RTNL ? rtnl_groups : nft_groups;
	size_t count = kind == NLSOCK_RTNL ? ARRAY_COUNT(rtnl_groups) : ARRAY_COUNT(nft_groups);
	int fd, r;

	r = open_fd(kind, ns_fd, home_fd, SOCK_NONBLOCK, 0, &fd, err);
	if (r < 0)
		return r;
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, MONITOR_BUFFER);
	r = filter_own(fd, kind);
	if (r < 0) {
		fd_close(fd);
		return err_sys(err, ERR_KERNEL, -r, NULL, "filter of the netlink monitor");
	}
	for (size_t i = 0; i < count; i++) {
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])) < 0) {
			r = err_sys(err, ERR_KERNEL, errno, NULL, "join netlink group %d",
				    groups[i]);
			fd_close(fd);
			return r;
		}
	}
	*ret_fd = fd;
	return 0;
}

/* Sequence numbers, and an ack wanted of the last of each chunk, or of the last but one (an nft batch's last real message). */
static void number_messages(struct nlsock *sock, struct nlbatch *batch, bool chunks)
{
	size_t offset = 0;
	uint32_t i = 0;

	for (; offset < batch->bytes.size; i++) {
		struct nlmsghdr *nlh = (void *)(batch->bytes.data + offset);

		bool last = chunks ? i + 1 == batch->count || (i + 1) % NLBATCH_CHUNK == 0 : i + 2 == batch->count;

		nlh->nlmsg_seq = sock->seq + i;
		if (last)
			nlh->nlmsg_flags |= NLM_F_ACK;
		offset += nlbuf_align(nlh->nlmsg_len);
	}
}

static int send_bytes(const struct nlsock *sock, const void *data, size_t size)
{
	static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent;

	do {
		sent = sendto(sock->fd, data, size, 0, (const struct sockaddr *)&kernel,
			      sizeof(kernel));
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* One datagram. Return: its size, 0 when the queue is empty, -ENOBUFS, -errno. */
static ssize_t receive(const struct nlsock *sock)
{
	for (;;) {
		ssize_t n = recv(sock->fd, sock->room, DUMP_ROOM, MSG_DONTWAIT | MSG_TRUNC);

		if (n >= 0)
			return n > DUMP_ROOM ? -EMSGSIZE : n;
		if (errno == EINTR)
			continue;
		return errno == EAGAIN ? 0 : -errno;
	}
}

static void ack_read(const struct nlmsghdr *nlh, struct nlack *ret_ack)
{
	const struct nlmsgerr *nlerr = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[NLMSGERR_ATTR_MAX + 1];
	size_t header = sizeof(*nlerr);

	ret_ack->status = nlerr->error;
	ret_ack->text[0] = '\0';
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		header += nlerr->msg.nlmsg_len - sizeof(nlerr->msg);
	nlbuf_attrs(nlh, header, attrs, ARRAY_COUNT(attrs));
	if (attrs[NLMSGERR_ATTR_MSG]) {
		const char *text = nlbuf_payload(attrs[NLMSGERR_ATTR_MSG], 1);

		if (text)
			snprintf(ret_ack->text, sizeof(ret_ack->text), "%.*s",
				 (int)(attrs[NLMSGERR_ATTR_MSG]->nla_len -
				       sizeof(struct nlattr)),
				 text);
	}
}

/* What is said of @count messages numbered from @base, up to the ack of the last. Return: 0 when all is known. */
static int collect_acks(const struct nlsock *sock, uint32_t base, uint32_t count, struct nlack *acks)
{
	int status = 0;
	bool whole = false;

	while (!whole) {
		ssize_t n = receive(sock);
		const struct nlmsghdr *nlh;
		size_t offset = 0;
		bool bad = false;

		if (n == -ENOBUFS) { /* some were lost; those that came are still there */
			status = -ENOBUFS;
			continue;
		}
		if (n <= 0)
			return n < 0 ? (int)n : status < 0 ? status : -EIO;
		while ((nlh = nlbuf_next(sock->room, (size_t)n, &offset, &bad))) {
			uint32_t i = nlh->nlmsg_seq - base;

			if (nlh->nlmsg_type != NLMSG_ERROR || i >= count ||
			    nlh->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
				continue;
			ack_read(nlh, &acks[i]);
			whole |= i + 1 == count;
		}
	}
	return status;
}

/* Nothing of an earlier exchange may be taken for an answer of this one. */
static void drain(const struct nlsock *sock)
{
	ssize_t n;

	do {
		n = receive(sock);
	} while (n > 0 || n == -ENOBUFS || n == -EMSGSIZE);
}

/* Of what nothing was said. */
static void acks_settle(struct nlack *acks, uint32_t count, int status)
{
	for (uint32_t i = 0; i < count; i++)
		if (acks[i].status == UNSAID)
			acks[i].status = status;
}

int nlsock_exec(struct nlsock *sock, struct nlbatch *batch, struct nlack *ret_acks)
{
	size_t offset = 0, total = batch->bytes.size;
	uint32_t done = 0;
	int worst = 0;

	number_messages(sock, batch, true);
	for (uint32_t i = 0; i < batch->count; i++)
		ret_acks[i] = (struct nlack){.status = UNSAID};
	while (offset < total) {
		size_t end = offset;
		uint32_t count = 0;
		int r;

		for (; end < total && count < NLBATCH_CHUNK; count++) {
			const struct nlmsghdr *nlh = (const void *)(batch->bytes.data + end);

			end += nlbuf_align(nlh->nlmsg_len);
		}
		r = send_bytes(sock, batch->bytes.data + offset, end - offset);
		if (r == 0)
			r = collect_acks(sock, sock->seq + done, count, ret_acks + done);
		if (r < 0) {
			sock->seq += batch->count;
			drain(sock);
			acks_settle(ret_acks + done, batch->count - done, -EIO);
			return r;
		}
		acks_settle(ret_acks + done, count, 0);
		done += count;
		offset = end;
	}
	sock->seq += batch->count;
	for (uint32_t i = 0; i < batch->count; i++)
		worst |= ret_acks[i].status != 0;
	return worst;
}

int nlsock_exec_nft(struct nlsock *sock, struct nlbatch *batch, uint32_t *ret_index,
		    struct nlack *ret_ack)
{
	uint32_t base = sock->seq;
	bool acked = false, whole = false;
	int r;

	*ret_index = UINT32_MAX;
	*ret_ack = (struct nlack){0};
	if (batch->count <= 2) /* begin and end: nothing to do */
		return 0;
	number_messages(sock, batch, false);
	sock->seq += batch->count;
	r = send_bytes(sock, batch->bytes.data, batch->bytes.size);
	if (r < 0) {
		ret_ack->status = r;
		return r;
	}
	while (!whole) {
		ssize_t n = receive(sock);
		const struct nlmsghdr *nlh;
		size_t offset = 0;
		bool bad = false;

		if (n == -ENOBUFS)
			continue;
		if (n <= 0)
			break; /* the answer is lost, whyever: it may have happened, which is what -EIO says below */
		while ((nlh = nlbuf_next(sock->room, (size_t)n, &offset, &bad))) {
			uint32_t i = nlh->nlmsg_seq - base;
			struct nlack ack;

			if (nlh->nlmsg_type != NLMSG_ERROR || i >= batch->count ||
			    nlh->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
				continue;
			ack_read(nlh, &ack);
			whole |= i + 2 == batch->count; /* the last of the kernel's own list */
			if (ack.status == 0) {
				acked = true;
			} else if (ret_ack->status == 0) { /* the first failure is the cause */
				*ret_ack = ack;
				*ret_index = i;
			}
		}
	}
	if (ret_ack->status == 0 && !acked)
		ret_ack->status = -EIO;
	return ret_ack->status;
}

/* One try. Return: 0, -EINTR when it was interrupted by a change, -errno. */
static int dump_once(struct nlsock *sock, struct nlbatch *request, struct buf *bytes,
		     struct nlack *ret_ack)
{
	const struct nlmsghdr *asked = (const void *)request->bytes.data;
	bool dump = (asked->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	uint32_t seq = sock->seq++;
	bool interrupted = false;
	int r;

	((struct nlmsghdr *)(void *)request->bytes.data)->nlmsg_seq = seq;
	r = send_bytes(sock, request->bytes.data, request->bytes.size);
	if (r < 0)
		return r;
	for (;;) {
		ssize_t n = receive(sock);
		const struct nlmsghdr *nlh;
		size_t offset = 0, start = 0;
		bool bad = false;

		if (n == 0)
			return dump ? -EIO : 0;
		if (n < 0)
			return n == -ENOBUFS ? -EINTR : (int)n;
		while ((nlh = nlbuf_next(sock->room, (size_t)n, &offset, &bad))) {
			if (nlh->nlmsg_seq != seq) {
				start = offset;
				continue;
			}
			interrupted |= (nlh->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (nlh->nlmsg_type == NLMSG_DONE) {
				int status = 0;

				if (nlh->nlmsg_len >= NLMSG_LENGTH(sizeof(status)))
					memcpy(&status, mnl_nlmsg_get_payload(nlh),
					       sizeof(status));
				buf_add(bytes, sock->room + start,
					(size_t)((const uint8_t *)nlh - sock->room) - start);
				return status < 0 ? status : interrupted ? -EINTR : 0;
			}
			if (nlh->nlmsg_type == NLMSG_ERROR &&
			    nlh->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
				ack_read(nlh, ret_ack);
				return ret_ack->status;
			}
		}
		if (bad)
			return -EBADMSG;
		buf_add(bytes, sock->room + start, (size_t)n - start);
		if (!dump && start < (size_t)n)
			return 0; /* one answer is all there is to a question for one */
	}
}

int nlsock_dump(struct nlsock *sock, const struct nlbatch *request, struct buf *bytes,
		struct err *err)
{
	size_t before = bytes->size;
	struct nlbatch copy = {0};
	struct nlack ack = {0};
	int r = -EINTR;

	buf_add(&copy.bytes, request->bytes.data, request->bytes.size);
	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
		bytes->size = before;
		r = dump_once(sock, &copy, bytes, &ack);
		if (r < 0)
			drain(sock);
	}
	nlbatch_fini(&copy);
	if (r == 0)
		return 0;
	bytes->size = before;
	if (r == -EINTR)
		r = -EBUSY;
	return err_sys(err, ERR_KERNEL, -r, NULL, "netlink dump%s%s", ack.text[0] ? ": " : "",
		       ack.text);
}

int nlsock_ifindex(const struct nlsock *sock, const char *name)
{
	struct ifreq ifr = {0};

	if (strlen(name) >= sizeof(ifr.ifr_name))
		return -ENODEV;
	memcpy(ifr.ifr_name, name, strlen(name));
	if (ioctl(sock->fd, SIOCGIFINDEX, &ifr) < 0)
		return -errno;
	return ifr.ifr_ifindex;
}
