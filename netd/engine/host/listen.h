/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listen - ports published on [::1] of the host: the sockets that moatd-dns listens on there. Floor F4.
 *
 * All other ports are elements of sets, and a change brings them by its plan. Here a change first asks the hand for the sockets, which
 * judges them as it does published ports; then comes its plan, with the router's part; and when that is committed, they are given to
 * dns. A dns or an engine that was started again gets them anew: a port that cannot be had then is tried again until it can.
 */
#ifndef MOAT_ENGINE_LISTEN_H
#define MOAT_ENGINE_LISTEN_H

#include "netd/engine/engine.h"

enum {
	LISTEN_MAX = 512,	/* a socket each: netd/dns/splice.h, SPLICE_LISTENERS_MAX */
	LISTEN_TENANT_MAX = 64,
};

struct listens;
struct listen_ask;
typedef void (*listen_fn)(void *ctx, const struct seam_result *result);

struct listens *listens_new(struct engine *engine);
/** listens_tell() - dns knows of none: all that the model has */
void listens_tell(struct listens *listens);
/** listens_close() - one that ends, with its connections; no matter whether it stands */
void listens_close(struct listens *listens, const struct tenant *tenant, const struct portspec *spec);
void listens_endpoint_gone(struct listens *listens, const struct endpoint *endpoint);
/** listens_allow() - is there room for those of @specs? Return: 0, -E2BIG, -EOPNOTSUPP */
int listens_allow(const struct listens *listens, const struct tenant *tenant, const struct portspec *specs, size_t count,
		  struct err *err);

/** listen_ask_new() - the sockets that @specs need; NULL: none */
struct listen_ask *listen_ask_new(struct listens *listens, const struct endpoint *endpoint, const struct portspec *specs, size_t count);
/** listen_ask_endpoint() - those of all it publishes */
struct listen_ask *listen_ask_endpoint(struct listens *listens, const struct endpoint *endpoint);
/** listen_ask_run() - @done is called once, with status 0 or the first failure; @ask must live until then */
void listen_ask_run(struct listen_ask *ask, uint32_t uid, listen_fn done, void *ctx);
/** listen_ask_commit() - they are dns's from now on */
void listen_ask_commit(struct listen_ask *ask);
void listen_ask_free(struct listen_ask *ask);

#endif
