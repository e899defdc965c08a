/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dnsrec - what engine and moatd-dns say to each other: records of one fixed
 * size over a SOCK_SEQPACKET pair that the supervisor made. Floor F4.
 *
 * The pair outlives both its ends: the supervisor keeps it, so a program that
 * was started again finds the socket of its predecessor, and in it perhaps
 * messages that were meant for that one. So dns begins with HELLO and a number
 * of its own, and believes nothing before a BEGIN that repeats it; an engine
 * that was started again sends a BEGIN with number 0. What follows up to END
 * is everything there is: a dns that has served all along goes on by what it
 * knows until then, and by its sockets until others come for them.
 *
 *   engine -> dns   BEGIN number | END | SERVERS ip... | OUTLETS kind, fds | ROUTER tenant, 2 fds
 *                   NETWORK | NETWORK_GONE | HOST | ALIAS | HOST_GONE | CLOSE tenant
 *                   LISTEN tenant, port, ip, fd | UNLISTEN tenant, port
 *   dns -> engine   HELLO number | CLOSED tenant | WANT kind
 *
 * A message is one record, or several without descriptors. Each side reads the
 * other's as hostile input: dnsrec_valid() is the judge of a record.
 */
#ifndef MOAT_NETD_SEAM_DNSREC_H
#define MOAT_NETD_SEAM_DNSREC_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/addr.h"

enum {
	DNSREC_MAGIC = 0x4d4f4e01, /* "MON" and the version of this layout */
	DNSREC_BATCH = 32,	   /* records in one message */
	DNSREC_IPS_MAX = 8,	   /* MODEL_IPS_MAX */
	DNSREC_NAME_SIZE = 129,	   /* NAME_SIZE */
	DNSREC_SERVERS_MAX = 3,	   /* resolv.conf(5): MAXNS */
	DNSREC_PREFIXES_MAX = 4,   /* MODEL_SUBNETS_MAX */
};

enum dnsrec_verb {
	DNSREC_NONE,
	DNSREC_BEGIN,	     /* @number */
	DNSREC_END,	     /* that was everything */
	DNSREC_SERVERS,	     /* @ip[@count]: the host's name servers, in order; none: nothing can be forwarded */
	DNSREC_OUTLETS,	     /* with sockets of the host: @flags is their kind */
	DNSREC_ROUTER,	     /* with two sockets in the router of @tenant: UDP, and TCP that listens */
	DNSREC_NETWORK,	     /* @network of @tenant: @name, @flags, subnets @ip[@count] with @len */
	DNSREC_NETWORK_GONE, /* @network of @tenant */
	DNSREC_HOST,	     /* endpoint @host of @network of @tenant: @name of its stack, @ip[@count]; @link its link-local */
	DNSREC_HOST_GONE,    /* @host of @tenant */
	DNSREC_CLOSE,	     /* @tenant: forget it, close its sockets, say CLOSED */
	DNSREC_HELLO,	     /* dns -> engine: @number; I know nothing */
	DNSREC_CLOSED,	     /* dns -> engine: @tenant */
	DNSREC_LISTEN,	     /* with a socket on [::1] of the host, @port of @proto, of @tenant: it leads to that port of @ip[0] */
	DNSREC_UNLISTEN,     /* @port of @proto, of @tenant: close it, and what goes by it */
	DNSREC_WANT,	     /* dns -> engine: sockets of the kind @flags run short */
	DNSREC_ALIAS,	     /* @host of @tenant, told before, is called @name, too */
	DNSREC_VERB_COUNT
};

/* Of a network. */
enum dnsrec_flag {
	DNSREC_INTERNAL = 1 << 0, /* own names only, REFUSED for the rest */
	DNSREC_REBIND = 1 << 1,	  /* answers from outside that hold private addresses are refused */
	DNSREC_FLAGS = 3,
};

/* Of sockets in the host. */
enum dnsrec_outlet {
	DNSREC_UDP4,
	DNSREC_UDP6,
	DNSREC_TCP4,
	DNSREC_TCP6,
	DNSREC_FORWARD_COUNT, /* up to here to name servers, each used again and again; from here on to published ports, once */
	DNSREC_SPLICE_TCP = DNSREC_FORWARD_COUNT,
	DNSREC_SPLICE_UDP,
	DNSREC_OUTLET_COUNT
};

/** struct dnsrec - one record; what a verb does not use is zero */
struct dnsrec {
	uint32_t magic;
	uint16_t verb;
	uint16_t flags;
	uint64_t number;
	uint64_t tenant, network, host; /* 48-bit ids */
	char name[DNSREC_NAME_SIZE];
	uint8_t count;
	uint8_t len[DNSREC_PREFIXES_MAX];
	struct ip ip[DNSREC_IPS_MAX];
	struct ip link;
	uint8_t proto; /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t port;
	uint8_t zero[6];
};

/** dnsrec_valid() - may the side named by @from_engine send this, beside @fd_count descriptors? */
bool dnsrec_valid(const struct dnsrec *rec, bool from_engine, size_t fd_count);

/**
 * dnsrec_send() - @count records and descriptors as one message, without waiting
 * Return: 0, -EAGAIN when there is no room, -errno.
 */
int dnsrec_send(int sock, const struct dnsrec *recs, size_t count, const int *fds, size_t fd_count);

/**
 * dnsrec_recv() - one message, without waiting
 * @ret_recs: room for DNSREC_BATCH
 * @ret_fds: room for FDIO_FDS_MAX; the caller's
 * Return: number of records, 0 at the end, -EAGAIN, -EPROTO (all descriptors are closed), -errno.
 */
int dnsrec_recv(int sock, bool from_engine, struct dnsrec *ret_recs, int *ret_fds, size_t *ret_fd_count);

#endif
