/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor_dump - what it costs to ask the kernel for all that a comparison looks at, and nothing else: no comparison, no
 * decoding, no model. By Moat's own dump functions (lib/kern), which add nothing to the kernel's bytes; one socket of a kind for each
 * namespace, as there must be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/nft.h"
#include "lib/kern/nlsock.h"
#include "lib/kern/rtnl.h"
#include "tests/bench/floor.h"

enum what { WHAT_HOST, WHAT_ROUTER, WHAT_STACK };

struct dump {
	int home;
	const struct sysctl_roots *roots;
	struct objv named; /* of any stack */
	struct buf bytes;
	uint64_t size;
	unsigned number;
};

static void must(int r, const char *what, const struct err *err)
{
	if (r < 0)
		die("dump of %s: %s", what, err->msg[0] ? err->msg : strerror(-r));
}

static void take_named(struct dump *d, int ns, struct nlsock *sock)
{
	struct sysctl_dirs dirs;
	struct err err = ERR_INIT;

	sysctl_dirs_init(&dirs, d->roots, d->number++);
	for (size_t i = 0; i < d->named.count; i++) {
		const struct obj *obj = &d->named.items[i];

		if (obj->kind == OBJ_NEIGH)
			must(rtnl_neigh_get(sock, &obj->neigh, (uint32_t)nlsock_ifindex(sock, obj->neigh.dev), &d->bytes, &err),
			     "a neighbour", &err);
	}
	ns_enter(ns);
	for (size_t i = 0; i < d->named.count; i++) {
		int32_t value;

		if (d->named.items[i].kind == OBJ_SYSCTL)
			must(sysctl_read(&dirs, &d->named.items[i].sysctl, &value, &err), "a switch", &err);
	}
	ns_enter(d->home);
	sysctl_dirs_close(&dirs);
}

static void take(struct dump *d, enum what what, const char *path)
{
	static const enum rtnl_part parts[] = { RTNL_LINKS, RTNL_ADDRS, RTNL_ROUTES, RTNL_RULES, RTNL_NEIGHS, RTNL_FDB };
	static const size_t counts[] = { [WHAT_HOST] = 5, [WHAT_ROUTER] = 6, [WHAT_STACK] = 4 };
	int ns = open(path, O_RDONLY | O_CLOEXEC);
	struct nlsock *rtnl, *nft;
	struct err err = ERR_INIT;

	if (ns < 0)
		die("%s: %s", path, strerror(errno));
	buf_clear(&d->bytes);
	must(nlsock_open(NLSOCK_RTNL, ns, d->home, &rtnl, &err), path, &err);
	for (size_t i = 0; i < counts[what]; i++)
		if (parts[i] != RTNL_RULES || what == WHAT_STACK)
			must(rtnl_dump(rtnl, parts[i], &d->bytes, &err), path, &err);
	if (what == WHAT_STACK) {
		take_named(d, ns, rtnl);
	} else {
		must(nlsock_open(NLSOCK_NFT, ns, d->home, &nft, &err), path, &err);
		must(nft_dump(nft, &d->bytes, &err), path, &err);
		nlsock_close(nft);
	}
	nlsock_close(rtnl);
	close(ns);
	d->size += d->bytes.size;
}

uint64_t dump(int home, const struct sysctl_roots *roots, const char *file, uint64_t *ret_size)
{
	struct dump d = { .home = home, .roots = roots };
	FILE *list = fopen(file, "re");
	char line[512], word[16], path[256];
	uint64_t start = now_ns(), spent;

	if (!list)
		die("%s: %s", file, strerror(errno));
	while (fgets(line, sizeof(line), list)) {
		struct obj obj;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%15s %255s", word, path) != 2)
			die("dump: not understood: %s", line);
		if (str_eq(word, "host"))
			take(&d, WHAT_HOST, path);
		else if (str_eq(word, "router"))
			take(&d, WHAT_ROUTER, path);
		else if (str_eq(word, "stack"))
			take(&d, WHAT_STACK, path);
		else if (obj_parse(line, &obj, NULL) == 0)
			objv_add(&d.named, &obj);
		else
			die("dump: no object: %s", line);
	}
	spent = now_ns() - start;
	fclose(list);
	*ret_size = d.size;
	objv_fini(&d.named);
	buf_fini(&d.bytes);
	return spent;
}
