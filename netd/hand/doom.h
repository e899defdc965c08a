/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doom - remove many links with one wait for RCU. Floor F4. */
#ifndef MOAT_NETD_HAND_DOOM_H
#define MOAT_NETD_HAND_DOOM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/kern/nlsock.h"
#include "lib/obj/obj.h"

enum {
	DOOM_GROUP =
		0x4d4f4144, /* "MOAD": the link group of what is to go; nobody else's, as far as a number can be */
	/*
	 * Links in one deletion: 1,000 at once hold RTNL for 0.4 s, during which no attach goes on; one by one
	 * each waits 16 ms for RCU. Groups of 100: 0.66 s for 1,000, others wait 68 ms at worst.
	 */
	DOOM_CHUNK = 100,
};

/**
 * doom_links() - remove links by name; one that is gone is success
 * @ret_acks: room for @count
 * Waits for RCU: 16-20 ms a chunk.
 * Return: 0 when none is left, 1 when some remain (see @ret_acks), -errno when the socket failed.
 */
int doom_links(struct nlsock *sock, const char *const *names, size_t count,
	       struct nlack *ret_acks);

#endif
