/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sockdiag - which ports do sockets of this namespace hold? sock_diag(7).
 * Floor F2. It needs no privilege, and says who holds a port without trying
 * to take it.
 */
#ifndef MOAT_KERN_SOCKDIAG_H
#define MOAT_KERN_SOCKDIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/base/err.h"

/**
 * struct sockdiag_local - a socket that waits for strangers: TCP listening, UDP bound and not connected
 * @ip: the unspecified address for "any"
 * @v6only: of the IPv6 unspecified address: it does not take IPv4 as well
 */
struct sockdiag_local {
	struct ip ip;
	uint16_t port;
	uint8_t proto; /* IPPROTO_* */
	bool v6only;
};

/** sockdiag_open() - a descriptor in the caller's namespace */
int sockdiag_open(int *ret_fd, struct err *err);

/**
 * sockdiag_list() - all such sockets of one protocol, both families
 * @ret_locals: malloc'ed; NULL for none
 * Cost: one dump, linear in the sockets of that kind.
 * Return: their number, or -errno; -ENOENT where the kernel cannot tell for this protocol.
 */
int sockdiag_list(int fd, uint8_t proto, struct sockdiag_local **ret_locals, struct err *err);

/** sockdiag_conflicts() - could @ip:@port (@ip family 0: any address of @family) not be bound beside @local? Pure. */
bool sockdiag_conflicts(const struct sockdiag_local *local, uint8_t family, const struct ip *ip,
			uint16_t port);

#endif
