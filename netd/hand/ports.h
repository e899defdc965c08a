/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ports - ports of the host that must not be published: reserved ones, those
 * outside of what a user was allowed, and those of the host's own sockets.
 * Floor F4.
 *
 * Both files are root's: neither the engine nor whoever asks can widen them.
 * Whose uid it is, the engine tells.
 */
#ifndef MOAT_NETD_HAND_PORTS_H
#define MOAT_NETD_HAND_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/kern/sockdiag.h"
#include "lib/obj/obj.h"

enum {
	PORTS_PROTOS = 3,	   /* tcp, udp, sctp */
	PORTS_ALLOWED_MAX = 65536, /* lines of the file of allowances */
};

/** struct portset - a bit a port */
struct portset {
	uint8_t bits[65536 / 8];
};

/** struct port_allowance - @uid may publish @first..@last; @everybody: who else is not named, too */
struct port_allowance {
	uint32_t uid;
	bool everybody;
	uint8_t proto; /* 0: each */
	uint16_t first, last;
};

/**
 * struct port_sockets - the host's sockets of one protocol, as far as they were asked for since ports_forget()
 * @held: their ports, so that most answers need no look at @items
 */
struct port_sockets {
	struct sockdiag_local *items;
	int count;
	bool known;
	struct portset held;
};

/**
 * struct ports
 * @diag: descriptor of sockdiag_open()
 * @limited: there is a file of allowances: who is not named in it may publish nothing
 */
struct ports {
	int diag;
	struct portset reserved[PORTS_PROTOS];
	struct port_allowance *allowed;
	size_t allowed_count;
	bool limited;
	struct port_sockets sockets[PORTS_PROTOS];
};

int ports_init(struct ports *ports, struct err *err);
void ports_fini(struct ports *ports);

/**
 * ports_reserve() - text of a reserved-ports file: a line each "22/tcp" or "8000-8099/udp"; empty lines and '#' to the
 * end of the line ignored
 * Return: 0, or -EINVAL with the line in @err.
 */
int ports_reserve(struct ports *ports, const char *text, struct err *err);

/** ports_reserve_file() - the same from a file, which must belong to root and be nobody else's to write; none is fine */
int ports_reserve_file(struct ports *ports, const char *path, struct err *err);

/**
 * ports_allow() - text of an allowed-ports file: a line each "USER PORT[-PORT][/PROTO]", USER a name of /etc/passwd, a uid, or '*' for
 * everybody
 * Return: 0, or -EINVAL with the line in @err.
 */
int ports_allow(struct ports *ports, const char *text, struct err *err);
/** ports_allow_file() - the same from a file of root's; without one everybody may publish what is free from 1024 on */
int ports_allow_file(struct ports *ports, const char *path, struct err *err);

/** ports_reserved() - Return: the lowest of @first..@last that is reserved, 0 when none is */
uint16_t ports_reserved(const struct ports *ports, uint8_t proto, uint16_t first, uint16_t last);
/** ports_allowed() - may @uid publish all of @first..@last? root may. */
bool ports_allowed(const struct ports *ports, uint32_t uid, uint8_t proto, uint16_t first, uint16_t last);

/** ports_look() - ask the kernel now what the next ports_busy() of @proto would ask */
void ports_look(struct ports *ports, uint8_t proto);
/** ports_busy() - Return: the lowest port @elem would publish that a socket of the host holds, 0 for none, -errno. */
int ports_busy(struct ports *ports, const struct obj_elem *elem, uint8_t family);
/** ports_forget() - the next ports_busy() asks the kernel again */
void ports_forget(struct ports *ports);

#endif
