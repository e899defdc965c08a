/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dnsfeed - keeps moatd-dns told: names, networks, name servers, and the
 * sockets that the hand opens for it. Floor F4. The protocol is in
 * netd/seam/dnsrec.h. Everything is sent once when dns or engine starts, and
 * from then on each change by itself, so that an attach costs one record
 * however many endpoints there are.
 *
 * A dns that does not take what it is told, or does not say in time that it
 * has closed a tenant's sockets, is killed (by the supervisor, who may): one
 * open socket keeps a router's namespace, and all in it, alive.
 */
#ifndef MOAT_ENGINE_DNSFEED_H
#define MOAT_ENGINE_DNSFEED_H

#include "netd/engine/engine.h"
#include "netd/seam/dnsrec.h"

struct dnsfeed;

/** dnsfeed_new() - @fd: the engine's end of the channel; @resolv_conf: the host's, as in resolv.conf(5); NULL @fd -1: no dns */
struct dnsfeed *dnsfeed_new(struct engine *engine, int fd, const char *resolv_conf);
/** dnsfeed_start() - the model is loaded and the kernel compared: tell everything */
void dnsfeed_start(struct dnsfeed *feed);

/* What came to stand; what goes is told by the model itself (struct model_watch). */
void dnsfeed_network(struct dnsfeed *feed, const struct network *network);
void dnsfeed_endpoint(struct dnsfeed *feed, const struct endpoint *endpoint);
/** dnsfeed_endpoint_gone() - one that was told, and never came to stand */
void dnsfeed_endpoint_gone(struct dnsfeed *feed, const struct endpoint *endpoint);
/**
 * dnsfeed_flush() - send what has been put down. Of single endpoints that is all, since the process that this wakes is not to run
 * before who waits for the answer to a removal: while changes are under way (engine.txns), who ends one calls this behind it.
 */
void dnsfeed_flush(struct dnsfeed *feed);
/** dnsfeed_flush_news() - the same before an answer: where somebody came, whoever is told of it may ask for the name at once */
void dnsfeed_flush_news(struct dnsfeed *feed);
/** dnsfeed_changed() - the definition of a network that stands is another: all of it anew */
void dnsfeed_changed(struct dnsfeed *feed, const struct network *network);
/** dnsfeed_router() - the router of @tenant was made by a repair: its sockets, too; where names are served */
void dnsfeed_router(struct dnsfeed *feed, uint64_t tenant);
/** dnsfeed_closing() - how many tenants' sockets are not known to be closed yet */
size_t dnsfeed_closing(const struct dnsfeed *feed);

bool dnsfeed_serves(const struct dnsfeed *feed); /* is there a dns at all? */
/** dnsfeed_send() - one record; @fd: becomes ours, -1 for none */
void dnsfeed_send(struct dnsfeed *feed, const struct dnsrec *rec, int fd);

#endif
