/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine - the part of the daemon that decides: model, store, planner, API.
 * Floor F4. It has no capability: what the kernel is to do goes to the hand as
 * a plan, and what the kernel holds comes back as bytes.
 *
 *   api.c      connections; calls in, replies out
 *   porter.c   takes what users pass along, in processes that may be lost
 *   methods/   what a call does, one file a subject; model to JSON
 *   change.c   pieces that the methods which make and remove share
 *   txn.c      its life: store, plan, hand, model, reply
 *   store/     SQLite: what must survive us, and rows of it that cannot be loaded
 *   start.c    from nothing to a model
 *   compare/   start, check, repair: desired against snapshot; what the kernel tells of drift
 *   host/      what we know of the host, listen to on it, and tell moatd-dns
 */
#ifndef MOAT_ENGINE_ENGINE_H
#define MOAT_ENGINE_ENGINE_H

#include <sys/types.h>

#include "lib/model/model.h"
#include "lib/plan/desired.h"
#include "netd/engine/hand.h"
#include "netd/engine/store/aside.h"
#include "netd/loop/loop.h"
#include "netd/seam/settings.h"

struct api;
struct store;
struct reconcile;
struct monitor;
struct dnsfeed;
struct listens;

/**
 * struct engine - the one object of the program, in main()'s memory
 * @txns: changes whose plan has not been answered
 * @changes: counts changes begun: equal before and after means that nothing happened between
 * @trimmed: what that was when a crowd's memory was given back
 * @ready_fd, @line: a pair with the supervisor: one byte when we are ready, and back whatever it sends; -1 for none
 * @porter: channel to the process that stands between us and users
 * @endings: slow removals under way (struct ending in txn.c)
 */
struct engine {
	struct loop *loop;
	struct hand *hand;
	struct store *store;
	struct api *api;
	struct reconcile *reconcile;
	struct monitor *monitor;
	struct dnsfeed *dnsfeed;
	struct listens *listens;
	struct model model;
	struct asides asides;
	struct settings settings;
	struct host_facts facts;
	struct seam_features features;
	gid_t admin_gid;
	char runtime_dir[256];
	int ready_fd, porter;
	struct loop_io *line, *porter_io;
	size_t txns;
	uint64_t changes, trimmed;
	struct list endings;
	struct list gate; /* struct call: changing calls that wait until a check is through */
	bool gated;
	int status; /* exit status */
};

/** engine_id() - a random id that nothing in the model has */
uint64_t engine_id(const struct engine *engine);
/** engine_routers() - tenants that have a router; those who are not known count as one */
size_t engine_routers(const struct engine *engine);
/** engine_event() - tell everybody who listens: io.moat.Events */
void engine_event(struct engine *engine, const char *event, const char *object, const char *detail);
/** engine_ignore() - for answers of the hand that a later answer will speak of */
void engine_ignore(void *ctx, struct hand_answer *answer);
/** engine_die() - leave the loop with status 1: the supervisor starts us again */
void engine_die(struct engine *engine);

#endif
