/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dump - answers to SEAM_DUMP; see dump.h. Floor F4. */
#include "netd/hand/dump.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/kern/nft.h"
#include "lib/kern/rtnl.h"
#include "lib/kern/sysctl.h"

enum {
	CHUNK_ALIGN = 8,
	PARTS_RTNL = SEAM_LINKS | SEAM_ADDRS | SEAM_ROUTES | SEAM_NEIGHS | SEAM_FDB |
		     SEAM_RULES | SEAM_QDISCS,
	PARTS_ALL = PARTS_RTNL | SEAM_NFT | SEAM_SYSCTLS | SEAM_REGISTRY | SEAM_RULES_ALL |
		    SEAM_DROPPED,
};

/* A chunk begins; its size is written when it ends. Return: where. */
static size_t chunk_begin(struct buf *bytes, enum seam_part part)
{
	struct seam_chunk chunk = {.part = (uint32_t)part};

	buf_add(bytes, &chunk, sizeof(chunk));
	return bytes->size - sizeof(chunk);
}

static int chunk_end(struct buf *bytes, size_t at, struct err *err)
{
	size_t size = bytes->size - at - sizeof(struct seam_chunk), odd = size % CHUNK_ALIGN;
	uint32_t stored = (uint32_t)size;

	if (bytes->size + CHUNK_ALIGN > SEAM_DUMP_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, NULL, "the dump is larger than %d bytes",
			       SEAM_DUMP_MAX);
	memcpy(bytes->data + at + offsetof(struct seam_chunk, size), &stored, sizeof(stored));
	if (odd != 0)
		buf_extend(bytes, CHUNK_ALIGN - odd);
	return 0;
}

static int take_rtnl(struct registry *reg, struct ns_entry *entry, uint32_t parts,
		     struct buf *bytes, struct err *err)
{
	static const struct {
		enum seam_part part;
		enum rtnl_part of;
	} rows[] = {
		{SEAM_LINKS, RTNL_LINKS},   {SEAM_ADDRS, RTNL_ADDRS},
		{SEAM_ROUTES, RTNL_ROUTES}, {SEAM_NEIGHS, RTNL_NEIGHS},
		{SEAM_FDB, RTNL_FDB},       {SEAM_RULES, RTNL_RULES},
		{SEAM_QDISCS, RTNL_QDISCS},
	};
	struct nlsock *sock;
	int r = registry_rtnl(reg, entry, &sock, err);

	for (size_t i = 0; r == 0 && i < ARRAY_COUNT(rows); i++) {
		size_t at;

		if ((parts & rows[i].part) == 0)
			continue;
		at = chunk_begin(bytes, rows[i].part);
		r = rtnl_dump(sock, rows[i].of, bytes, err);
		if (r == 0 && rows[i].of == RTNL_NEIGHS && entry->ns == NS_HOST)
			r = rtnl_dump(sock, RTNL_PROXIES, bytes, err);
		if (r == 0)
			r = chunk_end(bytes, at, err);
	}
	return r;
}

static int take_nft(struct registry *reg, struct ns_entry *entry, enum seam_part part,
		    struct buf *bytes, struct err *err)
{
	struct nlsock *sock;
	size_t at;
	int r = registry_nft(reg, entry, &sock, err);

	if (r < 0)
		return r;
	at = chunk_begin(bytes, part);
	r = part == SEAM_NFT       ? nft_dump(sock, bytes, err)
	    : part == SEAM_DROPPED ? nft_dump_counters(sock, bytes, err)
				   : nft_dump_foreign(sock, bytes, err);
	return r == 0 ? chunk_end(bytes, at, err) : r;
}

/* What is not there, or whose device is not, is left out. */
static int take_neighs(struct registry *reg, struct ns_entry *entry, const struct obj *named, size_t count,
		       struct buf *bytes, struct err *err)
{
	size_t at = chunk_begin(bytes, SEAM_NEIGHS);
	struct nlsock *sock;
	int r = registry_rtnl(reg, entry, &sock, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		int index;

		if (named[i].kind != OBJ_NEIGH)
			continue;
		index = nlsock_ifindex(sock, named[i].neigh.dev);
		r = index > 0 ? rtnl_neigh_get(sock, &named[i].neigh, (uint32_t)index, bytes, err) : index;
		if (r == -ENOENT || r == -ENODEV)
			r = 0;
	}
	return r == 0 ? chunk_end(bytes, at, err) : r;
}

static int take_sysctls(struct registry *reg, struct ns_entry *entry, const struct obj *named,
			size_t count, struct buf *bytes, struct err *err)
{
	size_t at = chunk_begin(bytes, SEAM_SYSCTLS);
	int r = entry->ns != 0 ? netns_enter(entry->fd, err) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		struct obj obj = named[i];

		/* One that is not there is left out, whatever the reason. */
		if (obj.kind == OBJ_SYSCTL && sysctl_read(&entry->dirs, &obj.sysctl, &obj.sysctl.value, NULL) == 0)
			buf_add(bytes, &obj, sizeof(obj));
	}
	if (entry->ns != 0)
		netns_leave(reg->host.fd);
	return chunk_end(bytes, at, err);
}

static int take_registry(const struct registry *reg, struct buf *bytes, struct err *err)
{
	const struct kern_features *have = &reg->features;
	struct seam_features features;
	size_t at = chunk_begin(bytes, SEAM_REGISTRY);

	memset(&features, 0, sizeof(features));
	features.nft_owner_persist = have->nft_owner_persist;
	features.netdev_device_add = have->netdev_device_add;
	features.force_forwarding = have->force_forwarding;
	features.ipv6 = have->ipv6;
	features.portid = (uint32_t)getpid(); /* what autobind gives the first socket of a namespace, net/netlink/af_netlink.c */
	features.br_netfilter = have->br_netfilter;
	_Static_assert(sizeof(features.release) == sizeof(have->release),
		       "the same room on both sides");
	memcpy(features.release, have->release, sizeof(features.release));
	buf_add(bytes, &features, sizeof(features));
	registry_info(reg, bytes);
	return chunk_end(bytes, at, err);
}

static bool may_be_named(const struct seam_scope *scope, const struct obj *obj)
{
	return obj_valid(obj) && obj->ns == scope->ns &&
	       (obj->kind == OBJ_SYSCTL || (obj->kind == OBJ_NEIGH && (scope->parts & SEAM_NEIGHS) == 0));
}

static int scope_check(const struct seam_scope *scope, const struct obj *named,
		       struct err *err)
{
	if ((scope->parts & ~(uint32_t)PARTS_ALL) != 0 ||
	    ((scope->parts & SEAM_RULES_ALL) != 0 && scope->ns != 0) ||
	    ((scope->parts & SEAM_DROPPED) != 0 && ns_class(scope->ns) != NS_ROUTER))
		return err_set(err, ERR_INTERNAL, EPROTO, NULL,
			       "a dump of parts 0x%x is not to be had there", scope->parts);
	for (uint32_t i = 0; i < scope->named; i++) {
		if (!may_be_named(scope, &named[i]))
			return err_set(err, ERR_INTERNAL, EPROTO, NULL,
				       "object %u of a dump is no switch or neighbour of its namespace", i);
	}
	return 0;
}

int dump_take(struct registry *reg, const struct seam_scope *scope, const struct obj *named,
	      struct buf *bytes, struct err *err)
{
	struct ns_entry *entry = registry_find(reg, scope->ns);
	char name[24];
	int r = scope_check(scope, named, err);

	buf_clear(bytes);
	if (r < 0)
		return r;
	if ((scope->parts & SEAM_REGISTRY) != 0)
		r = take_registry(reg, bytes, err);
	if (r < 0 || (scope->parts & ~(uint32_t)SEAM_REGISTRY) == 0)
		return r;
	if (entry == NULL) {
		ns_print(scope->ns, name);
		return err_set(err, ERR_NOTFOUND, ENOENT, name,
			       "namespace %s is not known here", name);
	}
	if ((scope->parts & PARTS_RTNL) != 0)
		r = take_rtnl(reg, entry, scope->parts, bytes, err);
	if (r == 0 && scope->named != 0 && (scope->parts & SEAM_NEIGHS) == 0)
		r = take_neighs(reg, entry, named, scope->named, bytes, err);
	if (r == 0 && (scope->parts & SEAM_NFT) != 0)
		r = take_nft(reg, entry, SEAM_NFT, bytes, err);
	if (r == 0 && (scope->parts & SEAM_RULES_ALL) != 0)
		r = take_nft(reg, entry, SEAM_RULES_ALL, bytes, err);
	if (r == 0 && (scope->parts & SEAM_DROPPED) != 0)
		r = take_nft(reg, entry, SEAM_DROPPED, bytes, err);
	if (r == 0 && (scope->parts & SEAM_SYSCTLS) != 0)
		r = take_sysctls(reg, entry, named, scope->named, bytes, err);
	registry_settle(reg, scope->ns);
	return r;
}
