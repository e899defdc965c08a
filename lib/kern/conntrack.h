/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conntrack - flows the kernel remembers, by ctnetlink: asked for with a filter
 * that the kernel applies, and forgotten one by one. Floor F2.
 *
 * A flow remembers where its first packet was led. A port that leads elsewhere,
 * or nowhere, from now on concerns first packets alone: of UDP, where a client
 * may use one port of its own for ever, the old way would hold for ever, too.
 *
 * Cost: the kernel walks its whole table, that of all namespaces, and tells of
 * what the filter lets pass.
 */
#ifndef MOAT_KERN_CONNTRACK_H
#define MOAT_KERN_CONNTRACK_H

#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/base/err.h"
#include "lib/kern/nlsock.h"

enum { CONNTRACK_FLOWS_MAX = 1 << 20 }; /* of one answer; what is beyond is not told of */

enum conntrack_which {
	CONNTRACK_LED,	/* whose destination was translated */
	CONNTRACK_VAIN, /* neither end translated, and nobody has answered yet */
	CONNTRACK_BACK, /* whose source was translated: @port is the one that answers are sent to */
	CONNTRACK_ANY,	/* whatever became of them */
};

/**
 * struct conntrack_query - which flows of a namespace
 * @family: 4 or 6
 * @to: who answers; family 0: whoever. Of IPv4: the kernel's filter takes IPv6 addresses the wrong way round (6.1 to
 *   6.18: ctnetlink_filter_match_tuple() has !ipv6_addr_cmp()), so that whoever asks for one gets all, and must look
 * @from: who asked first, as @to
 * @proto: IPPROTO_*; 0: any
 * @port: where the first packet was sent to; 0: any; only with @proto
 * @which: of those, see enum conntrack_which
 */
struct conntrack_query {
	uint8_t family;
	struct ip to, from;
	uint8_t proto;
	uint16_t port;
	enum conntrack_which which;
};

/**
 * struct conntrack_flow
 * @src: who sent the first packet
 * @dst, @port: where it was sent to
 * @to: who answers: @dst, or where it was led
 * @back, @back_port: where answers are sent to: the sender, or what its address was translated to
 * @offset: of its message in the bytes of the dump
 */
struct conntrack_flow {
	struct ip src, dst, to, back;
	uint16_t port, back_port;
	uint8_t proto;
	size_t offset;
};

/** conntrack_count() - flows of the socket's own namespace, without a walk. Return: their number, or -errno */
int conntrack_count(struct nlsock *sock);

/** conntrack_dump() - the kernel's messages appended; @sock: NLSOCK_NFT. Return: 0 or -errno (-EOPNOTSUPP without the module) */
int conntrack_dump(struct nlsock *sock, const struct conntrack_query *query, struct buf *bytes, struct err *err);

/** conntrack_list() - decode; flows without ports are left out. Pure. Return: their number and a malloc'ed array, or -EBADMSG */
int conntrack_list(const void *data, size_t size, struct conntrack_flow **ret_flows);

/** conntrack_del() - append the message that forgets one flow of a dump; run by nlsock_exec(), -ENOENT is gone already */
void conntrack_del(struct nlbatch *batch, const void *data, const struct conntrack_flow *flow);

#endif
