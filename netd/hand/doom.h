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
	 * Links in one deletion: 1,000 at once hold RTNL for a second, during which no attach goes on; one by one each
	 * waits 16 ms for RCU. An attach shall not be delayed for longer than a group of 100 takes, all in all; of 80 the
	 * lock is held for half to three quarters of that, and 1,000 links take no longer than in groups of 100.
	 */
	DOOM_CHUNK = 80,
};

/** doom_gather() - put links into the group, as doom_remove() wants it. Return: 0, see @ret_acks, or -errno: the socket failed. */
int doom_gather(struct nlsock *sock, const char *const *names, size_t count, struct nlack *ret_acks);
/**
 * doom_remove() - remove what was gathered; one link needs no group. One that is gone is success.
 * @count: DOOM_CHUNK at most
 * @acks: doom_gather()'s; room for @count
 * Waits for RCU: 16-20 ms.
 * Return: 0 when none is left, 1 when some remain (see @acks), -errno when the socket failed.
 */
int doom_remove(struct nlsock *sock, const char *const *names, size_t count, struct nlack *acks);

/**
 * doom_links() - gather and remove any number of links, chunk by chunk
 * @ret_acks: room for @count
 * Return: as doom_remove()
 */
int doom_links(struct nlsock *sock, const char *const *names, size_t count,
	       struct nlack *ret_acks);

#endif
