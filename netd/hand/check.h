/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check - may this plan run at all? Floor F4, pure: what it must know of the
 * machine it asks through struct check_world.
 *
 * The engine reads what strangers send, so the hand takes it for taken. A plan
 * that passes op_valid() is well formed; here is decided whether it stays
 * within what Moat ever does: its own link names, its own tables, no bridge
 * and no ruleset in a stack, nothing in the host but the provider's edge, no
 * port that is somebody's. One refused record refuses the plan: nothing runs.
 *
 * What remains: a taken engine can still do what a connected administrator
 * could have asked for. It can join stacks to networks of other tenants,
 * publish free ports, and take what we made down. It cannot leave our
 * namespaces, touch the host's own links, addresses, routes and rules, lead
 * to a router what the administrator did not say is routed here, but for
 * private prefixes to which the host does not lead itself, take
 * over a port something listens on, or bring a rule of its own.
 */
#ifndef MOAT_NETD_HAND_CHECK_H
#define MOAT_NETD_HAND_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/plan/plan.h"
#include "netd/seam/seam.h"
#include "netd/seam/settings.h"

/**
 * struct check_world - what the check must ask
 * @settings: what the administrator wrote
 * @known: is the namespace in the registry?
 * @reserved: the lowest port of @first..@last that the administrator reserved, 0 for none
 * @allowed: may this user publish all of @first..@last? What is below 1024 is not asked for.
 * @opens: may we forward in this family (4, 6) where the host does not: on single devices, or on @all? Not where the host
 *   itself is a router, nor on all devices where single ones can.
 * @leads: does the host itself lead somewhere in @prefix, by whatever route but its default and ours?
 * @proxied: does the host answer there for this address since we asked it to?
 * @busy: the lowest port that a socket of the host holds and the publishing element would take; 0: none; -errno
 */
struct check_world {
	void *ctx;
	const struct settings *settings;
	bool (*known)(void *ctx, uint64_t ns);
	uint16_t (*reserved)(void *ctx, uint8_t proto, uint16_t first, uint16_t last);
	bool (*allowed)(void *ctx, uint32_t uid, uint8_t proto, uint16_t first, uint16_t last);
	bool (*opens)(void *ctx, uint8_t family, bool all);
	bool (*leads)(void *ctx, const struct prefix *prefix);
	bool (*proxied)(void *ctx, const struct obj_proxy *proxy);
	int (*busy)(void *ctx, const struct obj_elem *elem, uint8_t family);
};

/**
 * check_plan() - judge every record
 * @uid: of the connection that asked for it
 * @ret_result: on refusal filled with index, status, text and refused = 1
 * Return: 0; -EPROTO malformed; -EPERM outside of what we do; -ENOENT unknown namespace; -EACCES a port that is not the
 * asker's to publish; -EADDRINUSE a port something listens on.
 */
int check_plan(const struct op *ops, size_t count, size_t commit, uint32_t uid,
	       const struct check_world *world, struct seam_result *ret_result);

/**
 * check_listen() - may @uid have @port of [::1] of the host, @proto TCP or UDP? As check_plan() judges a port published there.
 * Return: 0; -EACCES; -EADDRINUSE; -EPERM for what is no port; -errno.
 */
int check_listen(uint8_t proto, uint32_t port, uint32_t uid, const struct check_world *world, struct seam_result *ret_result);

/** check_publishes() - is it the host's half of a published port? */
bool check_publishes(const struct obj *obj);

#endif
