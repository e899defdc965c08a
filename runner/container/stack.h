/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stack - a container's stack at the daemon: made known, attached, opened
 * again, deleted; by io.moat over varlink. Floor F4. The daemon is asked at
 * start and at removal, never between: containers run on without it.
 */
#ifndef MOAT_RUNNER_CONTAINER_STACK_H
#define MOAT_RUNNER_CONTAINER_STACK_H

#include <jansson.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "runner/spec/spec.h"

struct varlink_client;

/**
 * stack_attach_begin() - send the first request of stack_attach(), which then waits for its answer
 * Return: the connection, for stack_attach() alone; NULL: nobody could be asked, and that says why.
 */
struct varlink_client *stack_attach_begin(const char *socket, const struct spec *spec, int netns, const char *request);

/**
 * stack_attach() - hand the new network namespace over and attach it to every network of @spec
 * @request: an id that no other stack of the caller's is asked for by; by it stack_delete() knows what came of this
 * @begun: of stack_attach_begin() with the same, closed here; or NULL
 * @ret_open: of a failure: the daemon was lost while it worked, so that there may be a stack when it is back
 * @hosts: lines for /etc/hosts are appended, and "nameserver IP" for /etc/resolv.conf where a gateway answers names
 * Without networks the stack is only made known. All or nothing: after a failure that leaves nothing open there is none.
 */
int stack_attach(const char *socket, const struct spec *spec, int netns, const char *request, struct varlink_client *begun,
		 bool *ret_open, struct buf *hosts, struct err *err);

/**
 * stack_plan(), stack_delete_plan() - the daemon's plans of stack_attach() and stack_delete(), appended to @plan
 * Nothing changes. The first asks with a network namespace that nobody else has, and that is gone afterwards.
 */
int stack_plan(const char *socket, const struct spec *spec, json_t *plan, struct err *err);
int stack_delete_plan(const char *socket, const struct name *name, json_t *plan, struct err *err);

/** stack_open() - the descriptors of a stack that stands. Return: 0, both the caller's. */
int stack_open(const char *socket, const struct name *name, int *ret_netns, int *ret_userns,
	       struct err *err);

/**
 * stack_servers() - "nameserver IP" for /etc/resolv.conf of who joins the stack @name, as stack_attach() gives them to its own
 * Without a daemon, or where no gateway answers names, there is none: that is no failure.
 */
void stack_servers(const char *socket, const struct name *name, struct buf *hosts);

/**
 * stack_delete() - with all its endpoints; what is gone is success
 * @request: only what stack_attach() made by it; NULL: the stack is known to be the caller's
 */
int stack_delete(const char *socket, const struct name *name, const char *request, struct err *err);

/**
 * stack_delete_begin(), stack_delete_end() - the same in two halves, of a stack known to be the caller's
 * Return: the connection, for stack_delete_end() alone; NULL: nobody could be asked.
 */
struct varlink_client *stack_delete_begin(const char *socket, const struct name *name);
int stack_delete_end(struct varlink_client *client, struct err *err); /* closes it */

#endif
