/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlsock - netlink sockets: open in a namespace, send a batch, collect the
 * acknowledgements, dump. Floor F2. It moves bytes and knows no object: what
 * the bytes mean is the business of rtnl.h and nft.h.
 *
 * The kernel works on a batch inside sendmsg(2): when it returns, everything is
 * done and every ack lies in our receive queue. So nothing here ever waits.
 *
 * A socket belongs to one thread at a time.
 */
#ifndef MOAT_KERN_NLSOCK_H
#define MOAT_KERN_NLSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum nlsock_kind {
	NLSOCK_RTNL, /* NETLINK_ROUTE */
	NLSOCK_NFT,  /* NETLINK_NETFILTER */
};

enum {
	NLACK_TEXT_SIZE = 120,
	NLBATCH_CHUNK = 256, /* rtnetlink messages in one sendmsg(2) */
};

/**
 * struct nlbatch - messages one behind the other, as the encoders append them. Zero initialised is empty.
 * @count: of messages; sequence numbers are given when it is sent, the i-th message answers to acks[i]
 */
struct nlbatch {
	struct buf bytes;
	uint32_t count;
};
void nlbatch_fini(struct nlbatch *batch);
void nlbatch_clear(struct nlbatch *batch);

/** struct nlack - what became of one message: 0 or -errno, and the kernel's own words ("" when it has none) */
struct nlack {
	int status;
	char text[NLACK_TEXT_SIZE];
};

struct nlsock;

enum { NLSOCK_BESIDE = 3 }; /* sockets in one namespace beside the first */

/**
 * nlsock_open() - a socket in the namespace @ns_fd (-1: where the caller is), with extended acks and big buffers
 * @home_fd: the caller's own network namespace, to come back to; may be -1 when @ns_fd is
 * The socket stays in that namespace for good and keeps it alive.
 * Return: 0, or -errno with @err. Should the way home fail the process aborts: nothing good can come of going on.
 */
int nlsock_open(enum nlsock_kind kind, int ns_fd, int home_fd, struct nlsock **ret_sock,
		struct err *err);
/**
 * nlsock_open_beside() - for a thread beside: nlsock_open_monitor() knows what is done by it for ours
 * @number: below NLSOCK_BESIDE; there is one socket of each in a namespace
 */
int nlsock_open_beside(enum nlsock_kind kind, unsigned number, int ns_fd, int home_fd, struct nlsock **ret_sock,
		       struct err *err);
void nlsock_close(struct nlsock *sock); /* NULL is fine */

/**
 * nlsock_open_monitor() - a bare descriptor in @ns_fd that only listens: for the engine
 * NLSOCK_RTNL joins the link, address, route and neighbour groups, NLSOCK_NFT that of nftables. Non-blocking. What this
 * process did by its first socket there, or by one beside it, is not told, nor are new addresses and FDB entries, and neighbours that the
 * kernel makes and forgets by itself.
 */
int nlsock_open_monitor(enum nlsock_kind kind, int ns_fd, int home_fd, int *ret_fd,
			struct err *err);

/**
 * nlsock_exec() - send a batch of rtnetlink messages, and learn what became of each
 * @ret_acks: room for batch->count
 * Each message stands alone: later ones run although an earlier one failed.
 * Return: 0 when every ack came (look at each), 1 when at least one of them is a failure, or -errno when the socket
 * itself failed; then messages of which nothing is known have status -EIO.
 */
int nlsock_exec(struct nlsock *sock, struct nlbatch *batch, struct nlack *ret_acks);

/**
 * nlsock_exec_nft() - send an nftables transaction (nft_begin() ... nft_end()): all or nothing
 * @ret_index: the message that failed as counted by nlbatch.count before it was added, or UINT32_MAX
 * @ret_ack: its errno and text
 * Return: 0, or -errno (then nothing happened).
 */
int nlsock_exec_nft(struct nlsock *sock, struct nlbatch *batch, uint32_t *ret_index,
		    struct nlack *ret_ack);

/**
 * nlsock_dump() - run one dump request, append the answers raw (without NLMSG_DONE)
 * @request: one message (an nlbatch with count 1) with NLM_F_DUMP, or a plain get
 * A dump the kernel marks as interrupted (NLM_F_DUMP_INTR) is thrown away and taken again, up to 10 times.
 * Return: 0; -errno; -ENOENT of a plain get (or a dump of what is not there) is for the caller to judge.
 */
int nlsock_dump(struct nlsock *sock, const struct nlbatch *request, struct buf *bytes,
		struct err *err);

/** nlsock_ifindex() - of a link in the socket's namespace, by ioctl: about 1 us. Return: index > 0, or -ENODEV, -errno. */
int nlsock_ifindex(const struct nlsock *sock, const char *name);

#endif
