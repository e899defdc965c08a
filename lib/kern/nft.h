/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft - rulesets, set elements, guarded ports as nftables transactions. Floor F2.
 *
 * A ruleset is a constant of this library (ruleset_*.c): what is laid into a
 * kernel is named by (kind, version) and nobody can hand in a rule. Endpoints,
 * ports and tenants are elements of its sets. Encoders are pure; a batch is
 * everything between nft_begin() and nft_end(), and happens whole or not at all.
 *
 * Where the kernel has owner and persist, the tables belong to the socket that
 * made them: a foreign "nft flush ruleset" goes by, and they outlive the socket.
 * A hand that starts anew adopts them with nft_ruleset_adopt() first.
 */
#ifndef MOAT_KERN_NFT_H
#define MOAT_KERN_NFT_H

#include "lib/kern/features.h"
#include "lib/kern/nlsock.h"
#include "lib/obj/obj.h"

enum { NFT_RULESET_VERSION = 4 }; /* of every kind laid by this build */

void nft_begin(struct nlbatch *batch);
void nft_end(struct nlbatch *batch);

/**
 * nft_ruleset_add() - lay the whole skeleton; a table of that name is replaced, with all its elements and ports
 * @ruleset: kind and version; a version this build does not know is refused
 * Return: 0 or -EINVAL.
 */
int nft_ruleset_add(struct nlbatch *batch, const struct obj_ruleset *ruleset,
		    const struct kern_features *features);
/** nft_ruleset_del() - the table with everything in it; gone already is -ENOENT from the kernel */
void nft_ruleset_del(struct nlbatch *batch, enum ruleset_kind kind);
/**
 * nft_ruleset_adopt() - take over a table whose owner died (owner+persist kernels; else appends nothing)
 * A transaction of its own: -ENOENT: there is none, -EPERM: another living socket owns it.
 * On a table this socket owns already it does nothing.
 */
void nft_ruleset_adopt(struct nlbatch *batch, enum ruleset_kind kind,
		       const struct kern_features *features);

void nft_elem_add(struct nlbatch *batch, const struct obj_elem *elem); /* exclusive: -EEXIST */
void nft_elem_del(struct nlbatch *batch,
		  const struct obj_elem *elem); /* by key; -ENOENT when gone */
/** nft_elem_set() - other data for a standing key: removed and added in the same transaction (two messages) */
void nft_elem_set(struct nlbatch *batch, const struct obj_elem *elem);

/**
 * nft_port_add() - bind a device to the guard; must exist in that namespace
 * features->netdev_device_add: into the device list of one of the chains "guard_N"; else a base chain "p_DEV" of its own.
 */
void nft_port_add(struct nlbatch *batch, const struct obj_port *port,
		  const struct kern_features *features);
void nft_port_del(struct nlbatch *batch, const struct obj_port *port,
		  const struct kern_features *features);

/**
 * nft_redirect_add() - what comes in by a device, and passed its guard, goes through the ifb of index redirect->to
 * By a base chain "s_DEV" of its own in the guard's table, behind the guard. The device must exist in that namespace, the ifb need not:
 * what is sent to none is dropped.
 */
void nft_redirect_add(struct nlbatch *batch, const struct obj_redirect *redirect);
void nft_redirect_set(struct nlbatch *batch, const struct obj_redirect *redirect); /* to another ifb */
void nft_redirect_del(struct nlbatch *batch, const struct obj_redirect *redirect);

/**
 * nft_port_forget() - remove what packets of a port left in the guard's tallies; of one that left nothing, too
 * For a port that is bound no more, in a transaction of its own.
 */
void nft_port_forget(struct nlbatch *batch, const struct obj_port *port);

/** nft_exec() - nlsock_exec_nft(), with the failure as an err: "set ip4_ok: File exists". */
int nft_exec(struct nlsock *sock, struct nlbatch *batch, uint32_t *ret_index, struct err *err);

/**
 * nft_dump() - everything of our tables in the socket's namespace, raw, appended: tables, chains, rules, sets,
 * elements; not what packets have left in tallies. Needs CAP_NET_ADMIN there. Taken again when the generation changed meanwhile.
 */
int nft_dump(struct nlsock *sock, struct buf *bytes, struct err *err);

/** nft_dump_counters() - what the guard of the socket's namespace dropped, raw, appended; nothing where there is none */
int nft_dump_counters(struct nlsock *sock, struct buf *bytes, struct err *err);

/** nft_dump_foreign() - every chain and rule of every table, raw, appended: for doctor */
int nft_dump_foreign(struct nlsock *sock, struct buf *bytes, struct err *err);

/** nft_ruleset_print() - a skeleton as text through libnftnl, without a kernel: the golden listing */
int nft_ruleset_print(enum ruleset_kind kind, uint16_t version,
		      const struct kern_features *features, struct buf *text);

#endif
