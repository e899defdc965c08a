/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * change - pieces that the methods which make and remove objects share: taking
 * objects into a transaction, rows and model along with it. Floor F4.
 */
#ifndef MOAT_ENGINE_CHANGE_H
#define MOAT_ENGINE_CHANGE_H

#include "netd/engine/txn.h"

/* What stands for the object becomes what the transaction removes; its row goes at the end. */
void change_drop_endpoint(struct txn *txn, const struct endpoint *endpoint);
void change_drop_stack(struct txn *txn, const struct stack *stack); /* with its endpoints */
void change_drop_network(struct txn *txn, const struct network *network);
/** change_drop_router() - of a tenant whose last network goes; the host's part too when no router remains */
void change_drop_router(struct txn *txn, const struct tenant *tenant);
/** change_release() - the hand keeps a container's namespace from ADOPT on: say that it need not */
void change_release(struct engine *engine, uint64_t ns);
/** change_mark() - rows of all dropped objects become "deleting", in one transaction of the store */
int change_mark(struct txn *txn, struct err *err);
/** change_add_router() - the router of @tenant unless it stands (or is on its way), and the host's part before the first */
void change_add_router(struct txn *txn, const struct tenant *tenant);

/** change_busy() - is something of the stack still on its way up, or a network of its being changed? */
bool change_busy(const struct stack *stack);
/** change_stack() - remove a stack with its endpoints (rules checked by the caller): runs, and answers @call */
void change_stack(struct call *call, struct stack *stack, const char *event);

struct stat;
/**
 * change_netns_known() - a namespace we know already: in the same stack an interface more is fine; anything else must
 * not be, or two tenants would meet in it. Inode numbers are used again, so a stack of somebody else's namespace that
 * may be gone is looked at first. Return: 0 go on, 1 the call waits, < 0.
 */
int change_netns_known(struct call *call, const struct name *name, const struct stat *st, struct err *err);

/** change_missing() - for "delete what is gone": success unless strict. Answers or returns an error. */
int change_missing(struct call *call, bool strict, const char *what, const char *name, struct err *err);

#endif
