/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * txn - the life of one change. Floor F4.
 *
 *   method: model changed (pending), plan computed
 *     -> store: rows pending / deleting      } of an eager change the plan goes first, and the
 *     -> hand: namespace, then the plan      } rows are written while the hand works (an attach's: all but the commit)
 *     -> committed: store rows up, model LIFE_UP, reply    | failed: rows and model as before, error
 *     -> slow removals done: rows removed
 *
 * A dry run stops before the store and puts the model back.
 */
#ifndef MOAT_ENGINE_TXN_H
#define MOAT_ENGINE_TXN_H

#include "netd/engine/api.h"
#include "netd/engine/host/listen.h"

struct txn;

/**
 * struct txn_ops - what is particular to one kind of change; every member may be NULL
 * @prepare: write what must be known before the kernel is touched (rows pending or deleting; what is deleted leaves
 *   the model here); a failure ends the change
 * @stands: asked again after a wait for sockets on [::1], in which other changes ran: does what it is about still stand? 0 or
 *   -errno, which ends the change before its plan. Not needed by what others wait for.
 * @commit: the kernel has it: rows and model say so; fills the reply; a failure is told to the client
 * @abort: nothing was done: model and rows as before
 * @finish: the slow removals are done
 * @forgive: the plan failed and all of it was undone: take out of txn->plan what may fail. Return: whether the rest shall
 *   be tried
 * @eager: the rows need not stand before the kernel is touched, or not before it is done. Cut off in between, a start finds
 *   kernel objects that no row speaks of (they go), or a row whose objects are gone (they are made again): either way the change that nobody
 *   was told of has not been. Not for definitions: a full disk must be told before anything is done.
 */
struct txn_ops {
	int (*prepare)(struct txn *txn, struct err *err);
	int (*stands)(struct txn *txn, struct err *err);
	int (*commit)(struct txn *txn, json_t *reply, struct err *err);
	void (*abort)(struct txn *txn);
	void (*finish)(struct txn *txn);
	bool (*forgive)(struct txn *txn, const struct seam_result *result);
	bool eager;
};

/**
 * struct txn - one change
 * @object: what the change is about, for the ops
 * @name: its full name, for messages and events
 * @event: told when committed, NULL for none
 * @want, @have: the objects of the change; txn_run() makes the plan of them
 * @adopt_ns, @adopt_fd: a namespace the hand must take on before the plan, as @uid's; -1 for none; owned
 * @adopt_fresh: nothing of that number can be known to the hand: the plan may follow at once, it fails where this does
 * @adopted: what the hand said of it
 * @adopting: it has not yet; @over: but for that answer the change has ended, and is freed with it
 * @listen: sockets on [::1] that are opened before the plan, and told when it is committed; NULL: none; owned
 * @unstored: the rows of an eager change could not be written
 * @ending_dev, @ending_ino, @ending_ifname: of a removal: the interface ("": all) that is on its way out of a namespace
 */
struct txn {
	struct engine *engine;
	struct call *call; /* NULL for changes of our own */
	const struct txn_ops *ops;
	void *object;
	char name[NAME_FULL_SIZE];
	const char *event;
	struct objv want, have;
	struct plan plan, after; /* @after: when the slow removals are done */
	uint32_t uid;
	uint64_t *ids; /* rows to remove at the end; owned */
	size_t id_count;
	bool definitions; /* a tenant or network is among them */
	struct list link; /* in engine.endings while slow removals are under way */
	uint64_t adopt_ns;
	int adopt_fd;
	bool adopt_fresh, adopting, over;
	struct seam_result adopted;
	json_t *reply; /* of a plan that removes nothing: until DONE says that the first packet arrives */
	struct listen_ask *listen;
	bool unstored;
	struct err store_err;
	struct cooling **cooling; /* addresses that are free when the slow removals are done; owned */
	size_t cooling_count;
	uint64_t ending_dev, ending_ino;
	char ending_ifname[NAME_IFNAME_SIZE];
};

struct txn *txn_new(struct call *call, const struct txn_ops *ops, void *object, const char *event);
struct txn *txn_new_own(struct engine *engine, const struct txn_ops *ops, void *object, const char *event);
/** txn_name() - "tenant/name" pieces into @name */
void txn_name(struct txn *txn, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void txn_add_id(struct txn *txn, uint64_t id);
/** txn_cool() - of an endpoint about to leave the model: its addresses are not given away before its link has gone */
void txn_cool(struct txn *txn, const struct endpoint *endpoint);
/** txn_discard() - one that was not run; its call stays the caller's */
void txn_discard(struct txn *txn);
/**
 * txn_adopt() - where that can be (@adopt_fresh), give the namespace to the hand already: it works on it, 0.1 ms, while the plan
 * is made. What ends without a plan then must let go of it: a foreign one is let go of by the hand itself.
 */
void txn_adopt(struct txn *txn);
/** txn_run() - from here the transaction owns itself and its call. */
void txn_run(struct txn *txn);

/** txn_ending() - is an interface @ifname on its way out of the namespace (@dev, @ino)? */
bool txn_ending(const struct engine *engine, uint64_t dev, uint64_t ino, const char *ifname);

#endif
