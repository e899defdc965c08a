/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resolv - read resolv.conf, and notice that it changed; see resolv.h. Floor F4. */
#include "netd/engine/host/resolv.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"

enum { RESOLV_SIZE_MAX = 65536, WORD_SIZE = 64 };

void resolv_parse(char *text, struct resolv *resolv)
{
	char *line;

	resolv->count = 0;
	memset(resolv->servers, 0, sizeof(resolv->servers));
	while ((line = strsep(&text, "\n")) && resolv->count < DNSREC_SERVERS_MAX) {
		char word[WORD_SIZE];

		/* one with a zone (fe80::1%eth0) is passed over: we have no device to tell it by */
		if (sscanf(line, "nameserver %63s", word) == 1 && ip_parse(word, &resolv->servers[resolv->count]) == 0)
			resolv->count++;
	}
	if (resolv->count == 0)
		resolv->servers[resolv->count++] = ip4_make(0x7f000001);
}

bool resolv_read(struct resolv *resolv)
{
	struct buf data cleanup(buf_fini) = BUF_INIT;
	struct resolv before = *resolv;
	struct stat st;

	/* gone for a moment, while somebody writes it anew: what was known stands */
	if (stat(resolv->path, &st) < 0)
		return false;
	resolv->seen[0] = st.st_dev;
	resolv->seen[1] = st.st_ino;
	resolv->seen[2] = (uint64_t)st.st_size;
	resolv->seen[3] = (uint64_t)st.st_mtim.tv_sec;
	resolv->seen[4] = (uint64_t)st.st_mtim.tv_nsec;
	if (memcmp(resolv->seen, before.seen, sizeof(before.seen)) == 0)
		return false;
	if (file_read(resolv->path, RESOLV_SIZE_MAX, &data) < 0) {
		memcpy(resolv->seen, before.seen, sizeof(before.seen));
		return false;
	}
	resolv_parse(data.data ? (char *)data.data : (char[]){ "" }, resolv);
	return resolv->count != before.count || memcmp(resolv->servers, before.servers, sizeof(before.servers)) != 0;
}
