/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ports - ports of the host that must not be published: reserved ones, and those of the host's own sockets. Floor F4. */
#ifndef MOAT_NETD_HAND_PORTS_H
#define MOAT_NETD_HAND_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/kern/sockdiag.h"
#include "lib/obj/obj.h"

enum { PORTS_RESERVED_MAX = 65536 };

struct port_reserved {
	uint16_t port;
	uint8_t proto;
};

/**
 * struct ports
 * @diag: descriptor of sockdiag_open()
 * @locals: the host's sockets by protocol, as far as they were asked for since ports_forget()
 */
struct ports {
	int diag;
	struct port_reserved *reserved;
	size_t reserved_count;
	struct {
		struct sockdiag_local *items;
		int count;
		bool known;
	} tcp, udp;
};

int ports_init(struct ports *ports, struct err *err);
void ports_fini(struct ports *ports);

/**
 * ports_reserve() - text of a reserved-ports file: a line each "22/tcp"; empty lines and '#' to the end of the line ignored
 * Return: 0, or -EINVAL with the line in @err.
 */
int ports_reserve(struct ports *ports, const char *text, struct err *err);

/** ports_reserve_file() - the same from a file, which must belong to root and be nobody else's to write; none is fine */
int ports_reserve_file(struct ports *ports, const char *path, struct err *err);

bool ports_reserved(const struct ports *ports, uint8_t proto, uint16_t port);

/** ports_busy() - does a socket of the host hold what @elem would publish? Return: 0, 1, -errno. */
int ports_busy(struct ports *ports, const struct obj_elem *elem, uint8_t family);
/** ports_forget() - the next ports_busy() asks the kernel again */
void ports_forget(struct ports *ports);

#endif
