/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resolv - the host's name servers, from resolv.conf(5). Floor F4. */
#ifndef MOAT_ENGINE_RESOLV_H
#define MOAT_ENGINE_RESOLV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "netd/seam/dnsrec.h"

/** struct resolv - @servers in the file's order; @seen: which file that was (device, inode, size, time of change) */
struct resolv {
	const char *path;
	struct ip servers[DNSREC_SERVERS_MAX];
	size_t count;
	uint64_t seen[5];
};

/** resolv_parse() - the name servers of a text; none is 127.0.0.1, as for everybody else who reads the file */
void resolv_parse(char *text, struct resolv *resolv);
/** resolv_read() - look, and read where it is another file than before. Return: are the servers others than before? */
bool resolv_read(struct resolv *resolv);

#endif
