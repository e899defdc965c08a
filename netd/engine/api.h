/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * api - connections and calls. Floor F4. A call lives from its message to its
 * reply, which may come long after the method returned; its connection may be
 * gone by then, and the work is finished all the same.
 */
#ifndef MOAT_ENGINE_API_H
#define MOAT_ENGINE_API_H

#include "lib/base/json.h"
#include "lib/varlink/varlink.h"
#include "netd/engine/engine.h"

struct conn;

/**
 * struct call - one request on its way
 * @conn: NULL once the client has gone
 * @uid: of the client (SO_PEERCRED)
 * @admin: root, or in the admin group
 * @dry_run: show the plan, change nothing
 * @making: of its method: refused to tenants of whom not all is known
 * @user: the name of @uid, looked up when first asked for; "" where it has none
 */
struct call {
	struct engine *engine;
	struct conn *conn;
	struct varlink_call request;
	struct arena *arena;
	uint32_t uid;
	bool admin, dry_run, making, streaming;
	const char *user; /* in @arena */
	bool retried; /* it waited once for a look at the kernel */
	struct list link; /* in engine.gate, or in the list of listeners */
	int fds[VARLINK_FDS_PENDING_MAX]; /* taken from the connection, -1 where not; closed with the call */
};

/**
 * method_fn - the code of one method
 * Return: 0: answered, or will be (call_reply() or call_fail(), once); < 0: not taken, the caller answers with @err.
 */
typedef int (*method_fn)(struct call *call, struct err *err);

enum method_flag {
	METHOD_CHANGES = 1 << 0, /* waits while a check runs */
	/* may give out what a row of the tenant holds that could not be loaded, or remove what is there for it (aside.h) */
	METHOD_MAKES = 1 << 1,
	METHOD_SOON = 1 << 2, /* ends in a plan, and somebody waits for it */
};

/** struct method - one row of the table; who may call it each method judges itself */
struct method {
	const char *name; /* "io.moat.Version" */
	method_fn fn;
	unsigned int flags; /* METHOD_* */
};
const struct method *method_find(const char *name);
/** method_announced() - does @bytes, as they came from a client, hold the name of a method with METHOD_SOON? A hint, no more. */
bool method_announced(const void *bytes, size_t size);
extern const char moat_interface_description[]; /* netd/io.moat.varlink, made at build time */

void call_reply(struct call *call, json_t *parameters); /* steals @parameters, ends @call */
void call_fail(struct call *call, const struct err *err); /* ends @call */
void call_continue(struct call *call, const json_t *parameters); /* one of several replies */
int call_fd(struct call *call, int64_t index); /* a copy of the descriptor the client passed, the caller's; or -errno */
int call_pass_fd(struct call *call, int fd);   /* goes with the next reply; owned; its index */
/** call_params() - decode the parameters by @fields */
int call_params(struct call *call, const struct json_field *fields, void *dst, struct err *err);
/** call_allow() - may the caller change what belongs to tenant @name (NULL: everything)? 0, -EPERM, or as asides_refuse() */
int call_allow(struct call *call, const char *name, struct err *err);
/** call_sees() - may the caller know of @tenant and of what is in it? */
bool call_sees(struct call *call, const struct tenant *tenant);
/** call_allow_any() - is there anything the caller may know of? 0 or -EPERM; lists then hold what call_sees() */
int call_allow_any(struct call *call, struct err *err);

/** api_new() - @fd: the listening socket; nothing is accepted before api_open() */
struct api *api_new(struct engine *engine, int fd);
void api_open(struct api *api);
/** call_wait() - try the call again when a change has ended or the gate opens */
void call_wait(struct call *call);
/** api_ungate() - run the changing calls that waited */
void api_ungate(struct api *api);
void api_listen(struct api *api, struct call *call); /* io.moat.Events */
bool api_listened(const struct api *api); /* does anybody listen? */
void api_broadcast(struct api *api, const json_t *parameters);

#endif
