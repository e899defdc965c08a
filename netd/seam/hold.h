/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hold - what supervisor and hand say to each other. Floor F4.
 *
 * Containers' network namespaces are not pinned by mounts (a thousand mounts
 * make every later clone of a mount namespace slow); while their processes
 * are between two lives, a descriptor in the supervisor holds them. The hand
 * sends KEEP and DROP over a SOCK_SEQPACKET pair; a new hand first gets
 * everything that is held, one KEEP each, and END.
 */
#ifndef MOAT_NETD_SEAM_HOLD_H
#define MOAT_NETD_SEAM_HOLD_H

#include <stddef.h>
#include <stdint.h>

enum {
	HOLD_MAX = 16384, /* namespaces held at once; RLIMIT_NOFILE may set a lower limit */
	HOLD_SPARE = 64,  /* descriptors a process of ours needs beside the held ones */
};

enum hold_verb {
	HOLD_NONE,
	HOLD_KEEP, /* with one descriptor */
	HOLD_DROP,
	HOLD_END, /* supervisor -> hand: that was all */
	HOLD_VERB_COUNT
};

struct hold_msg {
	uint32_t magic;
	uint32_t verb;
	uint64_t ns;
};

/** hold_send() - one message, with @fd unless it is -1. Return: 0 or -errno. */
int hold_send(int sock, enum hold_verb verb, uint64_t ns, int fd);

/**
 * hold_recv() - one message
 * @ret_fd: the caller's, or -1
 * Return: 0, -EPIPE at the end, -EAGAIN on a non-blocking socket, -EPROTO (nothing is left open), -errno.
 */
int hold_recv(int sock, struct hold_msg *ret_msg, int *ret_fd);

/** hold_limit() - how many namespaces this process may hold with its present RLIMIT_NOFILE. */
size_t hold_limit(void);

#endif
