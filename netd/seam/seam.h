/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seam - the six verbs between engine and hand: SOON, DUMP, PLAN, OPEN, ADOPT, QUIT.
 *
 * A Unix stream socket made by the supervisor. Every message is a head and
 * `count` records of one fixed size, host byte order (one machine, one build:
 * the magic carries the layout's version). No JSON, no strings but names in
 * fixed fields. The hand reads it as hostile input. Requests are answered in
 * order; a PLAN is answered twice: COMMITTED when everything but the slow
 * removals is done (or FAILED, everything undone), DONE when those are, too.
 * DONE messages may come between other answers; `seq` tells whose they are.
 * Of a plan without removals DONE follows at once, and says that a packet sent
 * from then on arrives.
 *
 * SOON is no request, and is not answered: a plan is being made, and will be here before a processor that sleeps has
 * been woken. So the hand is awake by then, and has looked at what it will need.
 *
 * What follows a head, by verb (seam_head_check() is the judge):
 *
 *   SOON    nothing; @arg: SEAM_SOON_PUBLISHES, and from SEAM_SOON_CPU the engine's processor + 1, or 0
 *   DUMP    count bytes, size 1: struct seam_scope, then its `named` x struct obj
 *   PLAN    count x struct op
 *   OPEN    1 x struct seam_open; of LISTEN @arg = uid of the connection that asked
 *   ADOPT   1 x struct seam_adopt, one fd
 *   QUIT    nothing
 *   ANSWER  a failure of any verb: 1 x struct seam_result with status < 0
 *           DUMP: count bytes, size 1   PLAN, OPEN: 1 x struct seam_result   ADOPT: 1 x struct seam_nsinfo
 *   DONE    1 x struct seam_result: status < 0 names the first removal behind the answer that would not go
 *
 * A plan that failed (status < 0 in its answer) gets no DONE: nothing of it is left to do. One that was
 * committed and still has a removal from nftables that the kernel would not do has status 0, the op's index and the
 * text; other removals come behind the answer, and before anything else is begun.
 */
#ifndef MOAT_NETD_SEAM_H
#define MOAT_NETD_SEAM_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/plan/plan.h"

enum {
	SEAM_MAGIC = 0x4d4f4101,	/* "MOA" and the version of this layout */
	SEAM_OPS_MAX = 131072,		/* ops in one plan: a lab of some thousand nodes */
	SEAM_DUMP_MAX = 256 << 20,	/* bytes of one dump */
	SEAM_TEXT_SIZE = 200,
};

/*
 * Where the two ends of an uplink have their addresses: the engine chooses one of these for good, the hand refuses
 * all others. IPv6: fdXX:XXXX:XXXX:ffff::/64.
 */
#define SEAM_TRANSITS4 "10.97.0.0/16", "10.111.0.0/16", "172.29.0.0/16", "192.168.192.0/18"

enum seam_verb {
	SEAM_NONE,
	SEAM_DUMP,  /* engine -> hand: struct seam_scope + objs to read by name; answer: status head + raw bytes (see below) */
	SEAM_PLAN,  /* engine -> hand: ops; @arg = uid of the connection that asked, @commit = index */
	SEAM_OPEN,  /* engine -> hand: struct seam_open; answer carries one fd, or more */
	SEAM_ADOPT, /* engine -> hand: struct seam_adopt with one fd; answer: struct seam_nsinfo */
	SEAM_QUIT,  /* engine -> hand: finish removals and exit (the kernel state stays) */
	SEAM_ANSWER, /* hand -> engine: status of DUMP, OPEN, ADOPT; COMMITTED or FAILED of PLAN: struct seam_result */
	SEAM_DONE,  /* hand -> engine: the slow removals of plan `seq` are finished */
	SEAM_SOON,  /* engine -> hand: a plan will come */
	SEAM_VERB_COUNT
};

/* What SOON says beside its name. */
enum {
	SEAM_SOON_PUBLISHES = 1, /* the plan will publish ports */
	SEAM_SOON_CPU = 1,	 /* bits above this one: the processor that the engine runs on, + 1 */
	SEAM_SOON_MAX = 0x1ffff,
};

/**
 * struct seam_head
 * @seq: chosen by the engine, echoed
 * @count, @size: number and size of the records that follow; of an answered dump: @count bytes, @size 1
 * @arg: see the verb
 */
struct seam_head {
	uint32_t magic;
	uint16_t verb;
	uint16_t zero;
	uint32_t seq;
	uint32_t count;
	uint32_t size;
	uint32_t commit;
	uint64_t arg;
};

/** struct seam_result - @status 0 or -errno; @index of the op that failed (or UINT32_MAX); @text: the kernel's own words */
struct seam_result {
	int32_t status;
	uint32_t index;
	uint32_t undone; /* 1: all that was done before was undone; 0: something could not be (text says) */
	uint32_t refused; /* 1: the hand's own check refused it: nothing ran */
	char text[SEAM_TEXT_SIZE];
};

/* What a dump shall hold. */
enum seam_part {
	SEAM_LINKS = 1 << 0,
	SEAM_ADDRS = 1 << 1,
	SEAM_ROUTES = 1 << 2,
	SEAM_NEIGHS = 1 << 3,
	SEAM_FDB = 1 << 4,
	SEAM_NFT = 1 << 5,	/* our tables only: chains, rules, sets, elements */
	SEAM_SYSCTLS = 1 << 6,	/* the switches among the objs that follow the scope, read back */
	SEAM_REGISTRY = 1 << 7, /* ns ignored: struct seam_features, then one struct seam_nsinfo a namespace */
	SEAM_RULES = 1 << 10,	/* routing rules */
	SEAM_QDISCS = 1 << 11,	/* queues of devices */
	SEAM_RULES_ALL = 1 << 8, /* host only, for doctor: chains and rules of all tables */
	SEAM_DROPPED = 1 << 9,	/* a router's: what its guard dropped, by port and reason */
};

struct seam_scope {
	uint64_t ns;
	uint32_t parts; /* enum seam_part */
	uint32_t named; /* number of struct obj that follow in the same message: switches, and neighbours where not all are asked for */
};

/*
 * A dump's bytes: chunks, each a struct seam_chunk and then `size` bytes, padded to 8. Netlink parts hold the
 * kernel's messages as they came, SEAM_NEIGHS also those of neighbours asked for by name; SEAM_SYSCTLS holds struct obj records with the value read (a missing one is left out).
 */
struct seam_chunk {
	uint32_t part; /* one bit of enum seam_part */
	uint32_t size;
};

enum seam_open_what {
	SEAM_OPEN_MONITOR = 1, /* rtnetlink: link, address, route, neighbour, queue groups */
	SEAM_OPEN_NFTMON = 2,  /* nfnetlink: NFNLGRP_NFTABLES */
	SEAM_OPEN_NS = 3,      /* the namespace itself, then its owning user namespace where that is not the initial one */
	SEAM_OPEN_DNS = 4,     /* of a router: UDP port 53, then TCP port 53 that listens */
	SEAM_OPEN_UDP4 = 5,    /* of the host: up to FDIO_FDS_MAX sockets, neither bound nor connected */
	SEAM_OPEN_UDP6 = 6,
	SEAM_OPEN_TCP4 = 7,
	SEAM_OPEN_TCP6 = 8,
	SEAM_OPEN_LISTEN_TCP = 9, /* of the host: @port of [::1], listening; under the same rules as a published port */
	SEAM_OPEN_LISTEN_UDP = 10,
};
struct seam_open {
	uint64_t ns;
	uint32_t what;
	uint32_t port; /* of LISTEN; else zero */
};

/**
 * struct seam_adopt - take a namespace by fd
 * @ns: the number it shall have (NS_CONTAINER or NS_FOREIGN class)
 * @uid: of the connection that brought the fd: the owner of its user namespace must be that uid, unless 0
 * @hold: 1: kept by the supervisor until OBJ_NETNS is deleted (containers); 0: forgotten by the hand when
 *   the next PLAN that names it has been answered (foreign: we must not keep it alive)
 */
struct seam_adopt {
	uint64_t ns;
	uint32_t uid;
	uint32_t hold;
};

struct seam_nsinfo {
	uint64_t ns;
	uint64_t dev, ino;	/* of the nsfs file */
};

/** struct seam_features - what this kernel has, probed once by the hand */
struct seam_features {
	uint8_t nft_owner_persist; /* NFT_TABLE_F_OWNER|PERSIST */
	uint8_t netdev_device_add; /* devices can be added to a standing netdev chain */
	uint8_t force_forwarding;
	uint8_t ipv6;
	uint8_t br_netfilter;
	uint8_t zero[3];
	uint32_t portid;  /* netlink port of the hand's main sockets: its own changes bear it in the kernel's notifications */
	char release[64]; /* uname -r */
};

/* Framing, shared by both sides and by the fuzz target. */

/** seam_head_check() - is this head one that @from_engine may send: magic, verb, sizes, limits? Return: 0 or -EPROTO. */
int seam_head_check(const struct seam_head *head, int from_engine);
/** seam_send() - head and payload and fds, blocking. Return: 0 or -errno. */
int seam_send(int sock, const struct seam_head *head, const void *payload, const int *fds, size_t fd_count);
/** seam_send_whole() - the same of @size bytes that hold whole messages already */
int seam_send_whole(int sock, const void *data, size_t size);
/**
 * seam_recv() - one whole message, blocking
 * @payload: replaced by count x size bytes
 * @ret_fds: room for FDIO_FDS_MAX
 * Return: 0, -EPIPE at end, -EPROTO for a malformed one, -errno. On failure all received fds are closed.
 */
int seam_recv(int sock, int from_engine, struct seam_head *ret_head, struct buf *payload, int *ret_fds, size_t *ret_fd_count);

#endif
