/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns - moatd-dns: the name service of every tenant. Floor F4. It has no
 * capability, no file, an empty network namespace, and cannot make a socket:
 * what it serves by came from the hand, through the engine.
 *
 *   control.c  what the engine says: tenants, names, sockets
 *   serve.c    queries by UDP, and the verdict on each: answer, refuse, forward
 *   tcp.c      queries by TCP
 *   forward.c  queries on their way to the host's name servers, and back
 *   splice*.c  ports published on [::1] of the host
 *   names, message   pure
 */
#ifndef MOAT_DNS_DNS_H
#define MOAT_DNS_DNS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "netd/dns/message.h"
#include "netd/dns/names.h"
#include "netd/loop/loop.h"

enum {
	DNS_TENANTS_MAX = 65536,
	DNS_BATCH = 32,		      /* datagrams read, and written, by one call */
	DNS_TURN = 4,		      /* batches of one tenant before it is another's turn */
	DNS_OUTSTANDING_MAX = 256,    /* queries on their way, in all */
	DNS_TENANT_MAX = 128,	      /* of one tenant */
	DNS_ASKER_MAX = 64,	      /* of one endpoint; of all whose address is no endpoint's together */
	DNS_CONNECTIONS_MAX = 1024,   /* TCP, in all */
	DNS_TENANT_CONNECTIONS = 256, /* of one tenant */
	DNS_ASKER_CONNECTIONS = 16,   /* of one endpoint */
	DNS_IDLE_MS = 10000,	      /* a TCP connection without a query is closed */
	DNS_TRY_MS = 1500,	      /* what a server gets for an answer */
	DNS_TRIES = 3,		      /* at least; and each server once */
	DNS_TICK_MS = 100,
	DNS_DEVICES = 64,	      /* slots of a tenant's memory of devices; a power of two */
};

struct dns;
struct connection;

/** struct device - what an interface of a router leads to; found by its name, which holds an id */
struct device {
	unsigned index;
	uint64_t network;
};

struct tenant {
	uint64_t id;
	struct dns *dns;
	struct names names, next; /* @next: between BEGIN and END */
	int udp, tcp; /* -1: not yet */
	struct loop_io *udp_io, *tcp_io;
	struct device devices[DNS_DEVICES];
	uint32_t outstanding, strangers; /* of them from addresses that are no endpoint's */
	uint32_t connections, stranger_connections;
	struct list streams; /* struct connection */
	bool told;	     /* since BEGIN */
};

/** struct client - who asked, and how the answer goes back */
struct client {
	struct tenant *tenant;
	struct connection *connection; /* NULL: by UDP */
	struct sockaddr_in6 address;
	struct in6_pktinfo local; /* what was asked, and on which device */
	uint64_t network, host;	  /* 0: none is known */
	uint16_t flags;		  /* of the network */
};

struct forward;
struct splice;

struct dns {
	struct loop *loop;
	struct table tenants;
	struct forward *forward;
	struct splice *splice;
	int control;
	struct loop_io *control_io;
	uint64_t number; /* of our HELLO */
	bool believed;	 /* BEGIN has come */
	bool beginning;	 /* and END has not */
	uint32_t connections;
	int status; /* exit status */
};

/* ---- control.c ---- */
void control_start(struct dns *dns, int fd);
/** control_want() - more sockets of this kind; whether they come is seen */
void control_want(struct dns *dns, enum dnsrec_outlet kind);

/* ---- serve.c ---- */
struct tenant *tenant_find(struct dns *dns, uint64_t id);
struct tenant *tenant_make(struct dns *dns, uint64_t id); /* NULL: too many */
void tenant_sockets(struct tenant *tenant, int udp, int tcp);
void tenant_free(struct tenant *tenant);
/**
 * client_fill() - who it is, by the device that @msg's ancillary data name and by the address
 * Return: is it on a network that we serve?
 */
bool client_fill(struct tenant *tenant, struct msghdr *msg, const struct sockaddr_in6 *from, struct client *ret_client);
/** tenant_network() - of the device @index, 0 where it is none we serve */
uint64_t tenant_network(struct tenant *tenant, unsigned index);
void tenant_forget_devices(struct tenant *tenant);
/**
 * serve_query() - decide on one query
 * @limit: bytes an answer of ours may have; 0: as many as its UDP client takes
 * @ret_answer: room for MESSAGE_MAX bytes
 * Return: size of the answer; 0 for none now: it is on its way, or gets none.
 */
size_t serve_query(struct dns *dns, const struct client *client, const uint8_t *data, size_t size, size_t limit,
		   uint8_t *ret_answer);
/** serve_send() - an answer to who asked by UDP; what cannot be sent is lost, as by any network */
void serve_send(const struct client *client, const uint8_t *data, size_t size);

/* ---- tcp.c ---- */
void tcp_accept(void *tenant, unsigned events);
void tcp_answer(struct connection *connection, const uint8_t *data, size_t size);
void tcp_free(struct connection *connection);

/* ---- forward.c ---- */
struct forward *forward_new(struct dns *dns);
void forward_servers(struct forward *forward, const struct ip *ips, size_t count);
void forward_outlet(struct forward *forward, enum dnsrec_outlet kind, int fd);
/** forward_renew() - other sockets will come: with the first of them these go, those in use after that */
void forward_renew(struct forward *forward);
/** forward_query() - Return: 0 on its way (or the same is already), < 0: no room, or nobody to ask. */
int forward_query(struct forward *forward, const struct client *client, const struct question *question,
		  const uint8_t *data, size_t size);
/** forward_drop() - queries of a tenant (@connection NULL) or of one connection are wanted no more */
void forward_drop(struct forward *forward, const struct tenant *tenant, const struct connection *connection);

/* ---- splice.c ---- */
struct splice *splice_new(struct dns *dns);
void splice_listen(struct splice *splice, const struct dnsrec *rec, int fd); /* @fd: owned from now on */
void splice_unlisten(struct splice *splice, const struct dnsrec *rec);
void splice_outlet(struct splice *splice, enum dnsrec_outlet kind, int fd);
/** splice_begin() - all is told anew: no listener of before, so that the ports can be had again; connections go on */
void splice_begin(struct splice *splice);
/** splice_end() - what is not told again soon is forgotten, with its connections */
void splice_end(struct splice *splice);

#endif
