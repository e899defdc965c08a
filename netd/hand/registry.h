/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * registry - the namespaces the hand may touch, and its sockets in them.
 * Floor F4.
 *
 * The host is number 0. Routers and stacks are pinned under RUNTIME/ns by
 * their number in 16 hex digits, and found there again by a new hand.
 * Containers come by descriptor and are held by the supervisor. Foreign ones
 * come by descriptor for one plan and are forgotten after it: a descriptor of
 * ours would keep alive what somebody else believes to be gone.
 */
#ifndef MOAT_NETD_HAND_REGISTRY_H
#define MOAT_NETD_HAND_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/ds.h"
#include "lib/base/err.h"
#include "lib/kern/features.h"
#include "lib/kern/netns.h"
#include "lib/kern/nlsock.h"
#include "lib/kern/sysctl.h"
#include "netd/seam/seam.h"

enum {
	REGISTRY_MAX = 65536, /* namespaces in all */
	REGISTRY_FOREIGN_MS =
		30000, /* an adopted foreign one that no plan asked for is forgotten after this time */
	REGISTRY_LOAN = 2, /* nlsock_open_beside()'s number of what is lent; those below are the reaper's threads' own */
};

/**
 * struct ns_entry - one namespace
 * @fd: of the nsfs file
 * @rtnl, @nft, @dirs: sockets in it and its switches, opened when first needed; kept for host and routers only
 * @loan: a router's that other threads may borrow, NULL for none and as long as it is @lent
 * @held: the supervisor has a descriptor, too
 * @foreign: in the registry's list of those; @adopted_ms: when it came
 */
struct ns_entry {
	uint64_t ns;
	int fd;
	struct list foreign;
	struct netns_id id;
	struct nlsock *rtnl, *nft, *loan;
	struct sysctl_dirs dirs;
	bool held, lent;
	uint64_t adopted_ms;
};

/** struct registry_loan - a socket that somebody has borrowed, and whose it is; @sock NULL for none */
struct registry_loan {
	struct nlsock *sock;
	uint64_t ns;
	struct netns_id id;
};

/**
 * struct registry
 * @entries: by number; @by_id: the same by dev and ino (struct netns_id begins with them)
 * @foreign: those of class NS_FOREIGN, the one that was asked for longest ago first
 * @folder: RUNTIME/ns
 * @control: socket of the supervisor
 * @roots: where the switches of namespaces are reached
 * @features: read by registry_nft(); may be filled after registry_init()
 */
struct registry {
	struct table entries, by_id;
	struct list foreign;
	struct ns_entry host;
	char *folder;
	int control;
	size_t held_count;
	struct netns_id initial; /* of process 1 */
	bool initial_known;
	struct sysctl_roots roots;
	struct kern_features features;
};

/** registry_init() - only the host is in it. @control: borrowed; -1: none (then nothing can be held). */
int registry_init(struct registry *reg, const char *runtime_dir, int control, struct err *err);
void registry_fini(struct registry *reg);

/** registry_load_pins() - everything under RUNTIME/ns; what is broken there is removed. Return: number found, or -errno. */
int registry_load_pins(struct registry *reg, struct err *err);

/** registry_load_holds() - what the supervisor hands over, up to its END. Return: number, or -errno. */
int registry_load_holds(struct registry *reg, struct err *err);

/** registry_find() - the entry of @ns, NULL when it is unknown */
struct ns_entry *registry_find(struct registry *reg, uint64_t ns);

/** registry_make() - a new router or stack, pinned. Return: 0, -EEXIST, -errno. */
int registry_make(struct registry *reg, uint64_t ns, struct err *err);

/**
 * registry_adopt() - take @fd (which is the registry's from here on, whatever happens) as @adopt says
 * Refused: what is no network namespace, the host's own, one whose user namespace is not the asker's, one that
 * is known by another number, a number that is another namespace's. The same under the same number again is fine.
 */
int registry_adopt(struct registry *reg, const struct seam_adopt *adopt, int fd,
		   struct seam_nsinfo *ret_info, struct err *err);

/**
 * registry_forget() - close all we have of it; the supervisor drops it, too; a pin stays
 * @ret_pin: path of the pin that is to be removed by netns_unpin(), the caller's; NULL when there is none
 * A namespace that is not known is fine.
 */
void registry_forget(struct registry *reg, uint64_t ns, char **ret_pin);

/** registry_rest() - close the sockets in @ns, unless it is the host or a router: others are visited too rarely to keep them */
void registry_rest(struct registry *reg, uint64_t ns);
/** registry_settle() - after a plan: as registry_rest(), and a foreign one is forgotten */
void registry_settle(struct registry *reg, uint64_t ns);

/** registry_expire() - forget foreign ones nobody asked for. Return: ms to the next, -1 when there is none. */
int registry_expire(struct registry *reg, uint64_t now_ms);

/* Sockets in a namespace, opened when needed. The nft socket first adopts the tables a dead hand left. */
int registry_rtnl(struct registry *reg, struct ns_entry *entry, struct nlsock **ret_sock,
		  struct err *err);
/** registry_rtnl_here() - that of @entry, which the caller has entered: it will be wanted, and spares two more switches */
void registry_rtnl_here(struct ns_entry *entry);
int registry_nft(struct registry *reg, struct ns_entry *entry, struct nlsock **ret_sock,
		 struct err *err);

/**
 * registry_loan_open() - have a socket to lend in a router; elsewhere, and where there is one, nothing happens
 * To open one takes as long as half of what a link's removal waits for otherwise: so it is done when nobody waits.
 */
void registry_loan_open(struct registry *reg, uint64_t ns);
/** registry_lend() - @ret_loan is another thread's from here on; there is none where @entry has none to lend */
void registry_lend(struct ns_entry *entry, struct registry_loan *ret_loan);
/** registry_take_back() - the loan is over, and closed when its namespace is not known any more */
void registry_take_back(struct registry *reg, struct registry_loan *loan);

/** registry_info() - one record a namespace but the host, appended */
void registry_info(const struct registry *reg, struct buf *bytes);

#endif
