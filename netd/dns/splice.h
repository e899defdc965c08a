/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * splice - ports published on [::1] of the host. Floor F4.
 *
 * nftables cannot lead a connection away that was begun from ::1: the answer would have to come in by a device, and the kernel takes
 * ::1 from lo alone. So somebody listens there, and begins a second connection, from the host's end of the tenant's uplink to the
 * router's, which leads on as for any published port. The listening sockets were opened by the hand, as were those that go out: a
 * pool of them is kept, each is used once, and more are asked for before it is empty. Where it is empty, who connects waits in the
 * listener's queue.
 *
 *   splice.c      listeners, the pool, what is told
 *   splice_tcp.c  connections: both directions, each with its own end, no more than SPLICE_CHUNK of each waiting
 *   splice_udp.c  sessions: who sent from one port is answered there, for as long as either side says something
 */
#ifndef MOAT_DNS_SPLICE_H
#define MOAT_DNS_SPLICE_H

#include <netinet/in.h>

#include "lib/base/ds.h"
#include "netd/dns/dns.h"

enum {
	SPLICE_LISTENERS_MAX = 512,   /* netd/engine/host/listen.h has the same for those who ask */
	SPLICE_MAX = 1024,	      /* connections and sessions, in all */
	SPLICE_TENANT_MAX = 256,      /* of one tenant */
	SPLICE_CHUNK = 65536,	      /* bytes read at once, and at most waiting in one direction */
	SPLICE_TURN = 4,	      /* chunks of one direction before it is another's turn */
	SPLICE_POOL = 128,	      /* sockets of a kind that wait; more are closed */
	SPLICE_POOL_LOW = 32,	      /* fewer: more are asked for */
	SPLICE_ASK_MS = 1000,	      /* not heard: asked again */
	SPLICE_SYNS = 3,	      /* a stack that does not take a connection: about 15 s */
	SPLICE_UDP_MS = 60000,	      /* a session without a word ends */
	SPLICE_FORGET_MS = 10000,     /* after END: a listener that was not told again, with its connections */
};

enum splice_kind { SPLICE_TCP, SPLICE_UDP, SPLICE_KINDS };

/**
 * struct listener - one port on ::1
 * @key: of splice.listeners: protocol and port
 * @to: the router's end, where the same port leads on
 * @fd: -1 between BEGIN and the LISTEN that tells it anew; connections go on
 * @flows: struct pair or struct session, by @kind; @count of them
 */
struct listener {
	uint32_t key;
	enum splice_kind kind;
	uint64_t tenant;
	struct sockaddr_in6 to;
	struct splice *splice;
	int fd;
	struct loop_io *io;
	struct list flows;
	unsigned count;
};

struct splice {
	struct dns *dns;
	struct table listeners;
	int pool[SPLICE_KINDS][SPLICE_POOL];
	unsigned pooled[SPLICE_KINDS];
	bool asked[SPLICE_KINDS];
	unsigned count; /* of all listeners */
	struct loop_timer *ask_timer, *forget_timer;
	uint8_t chunk[SPLICE_CHUNK];
};

/** splice_take() - one to go out by; -1: none, and a listener of TCP rests until there is one, or another flow has ended */
int splice_take(struct listener *listener);
void splice_give_back(struct listener *listener, int fd); /* unused */
/** splice_began(), splice_ended() - a flow of @listener: counted */
void splice_began(struct listener *listener);
void splice_ended(struct listener *listener);

void splice_tcp_accept(void *listener, unsigned events);
void splice_tcp_end(struct listener *listener); /* all its connections */
void splice_udp_read(void *listener, unsigned events);
void splice_udp_end(struct listener *listener);

#endif
