/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dnschild - moatd-dns as the supervisor sees it: a child that lives and dies
 * by itself. Floor F4. Engine and hand are not asked: the channel to the
 * engine (netd/seam/dnsrec.h) belongs to the supervisor and outlives both its
 * ends, so whoever of the two comes back takes up the same socket.
 */
#ifndef MOAT_NETD_SUPERVISOR_DNSCHILD_H
#define MOAT_NETD_SUPERVISOR_DNSCHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

/**
 * struct dnschild
 * @pid: 0 while it is not there
 * @engine, @dns: the two ends of the channel
 * @start_at: when to start it, 0 while it lives or shall not
 * @young: deaths in a row that came too soon
 */
struct dnschild {
	pid_t pid;
	int engine, dns;
	uint64_t started_at, start_at;
	unsigned young;
};

#define DNSCHILD_INIT ((struct dnschild){ .engine = -1, .dns = -1 })

/** dnschild_open() - make the channel */
int dnschild_open(struct dnschild *child, struct err *err);
void dnschild_fini(struct dnschild *child); /* kills it where it lives */
/** dnschild_start() - now; a failure is logged and tried again later: the network does without names */
void dnschild_start(struct dnschild *child, const char *libexec, const char *log_level, uid_t uid, gid_t gid);
/** dnschild_reaped() - is it this one that ended? Then it comes back, unless @stopping */
bool dnschild_reaped(struct dnschild *child, pid_t pid, int status, bool stopping);
/** dnschild_kill() - the engine says that it must go */
void dnschild_kill(const struct dnschild *child);

#endif
