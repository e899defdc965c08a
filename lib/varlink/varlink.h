/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * varlink - the protocol of our API: NUL-terminated JSON messages on a Unix
 * stream socket, with descriptors beside them (https://varlink.org). Floor F2.
 *
 * The server half is a pure state machine: bytes and fds in, messages out; who
 * owns the sockets and the loop is the caller's affair (netd/loop/loop.c).
 * The client half is blocking and is what command line, runner and CNI plugin use.
 */
#ifndef MOAT_VARLINK_VARLINK_H
#define MOAT_VARLINK_VARLINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/fdio.h"

enum {
	VARLINK_MESSAGE_MAX = 4 << 20,	 /* bytes of one message (JSON_SIZE_MAX) */
	VARLINK_OUTPUT_MAX = 32 << 20,	 /* bytes waiting for a client that does not read: then it is dropped */
	VARLINK_CONNECTIONS_MAX = 4096,	 /* named limit of the engine */
	VARLINK_FDS_PENDING_MAX = 16,	 /* descriptors received and not yet claimed by a method */
};

/* ------------------------------------------------------------------ framing */

/**
 * struct varlink_conn - one connection's buffers (server side)
 * @in, @next, @scanned, @base, @current, @fds, @fd_of, @fd_count: private to varlink_conn_*()
 * @out: bytes for the socket; whoever writes them consumes them
 * @out_fds: descriptors for the socket
 */
struct varlink_conn {
	struct buf in;
	size_t next;	  /* where in @in the first message not yet taken begins */
	size_t scanned;	  /* no NUL in @in from @next up to here */
	uint64_t base;	  /* bytes of the stream before @in */
	uint64_t current; /* where in the stream the message taken last begins */
	struct buf out;
	int fds[VARLINK_FDS_PENDING_MAX];	 /* owned; -1 when a method took it */
	uint64_t fd_of[VARLINK_FDS_PENDING_MAX]; /* where in the stream the message of each begins */
	size_t fd_count;
	int out_fds[VARLINK_FDS_PENDING_MAX]; /* to go with the next byte written; owned */
	size_t out_fd_count;
};

void varlink_conn_init(struct varlink_conn *conn);
void varlink_conn_fini(struct varlink_conn *conn);

/**
 * varlink_conn_feed() - bytes and fds from the socket
 * @fds: of one fd_recv(); taken over, also on failure; they belong to the last message that begins in @data or before
 * Return: 0, -E2BIG when a limit is passed (drop the client). Take all whole messages before feeding again.
 */
int varlink_conn_feed(struct varlink_conn *conn, const void *data, size_t size, const int *fds, size_t fd_count);

/** struct varlink_call - one decoded request. @method and @parameters point into @doc. */
struct varlink_call {
	json_t *doc;
	const char *method;	  /* "io.moat.Version" */
	const json_t *parameters; /* an object, never NULL */
	bool more, oneway, upgrade;
};
void varlink_call_fini(struct varlink_call *call);

/**
 * varlink_conn_next() - the next whole request
 * Return: 1 and *ret_call; 0 when there is none yet; -EPROTO for one that is no varlink call (drop the client).
 */
int varlink_conn_next(struct varlink_conn *conn, struct varlink_call *ret_call, struct err *err);

/** varlink_conn_take_fd() - the descriptor at @index of those that came with the message; the caller's. -EBADF where none. */
int varlink_conn_take_fd(struct varlink_conn *conn, int64_t index);
/** varlink_conn_drop_fds() - close those nobody took (after each call) */
void varlink_conn_drop_fds(struct varlink_conn *conn);

/*
 * Replies: append to @out. @parameters is borrowed; NULL means {}. Return: 0, -E2BIG when the client does not read.
 * A call with @oneway gets none: the caller's affair.
 */
int varlink_reply(struct varlink_conn *conn, const json_t *parameters, bool continues);
int varlink_reply_error(struct varlink_conn *conn, const char *error, const json_t *parameters);
int varlink_reply_err(struct varlink_conn *conn, const struct err *err); /* io.moat.* with message and object */
int varlink_reply_no_method(struct varlink_conn *conn, const char *method); /* org.varlink.service.MethodNotFound */
int varlink_reply_fd(struct varlink_conn *conn, int fd); /* goes with the next reply, owned; returns its index or -E2BIG */

/* ----------------------------------------------------------------- dispatch */

/**
 * struct varlink_service - for org.varlink.service.GetInfo and GetInterfaceDescription
 * @description: text of the .varlink file
 */
struct varlink_service {
	const char *vendor, *product, *version, *url;
	const char *interface;
	const char *description;
};
/**
 * varlink_service_handle() - answers org.varlink.service.* calls, and refuses those to interfaces that are not there
 * Return: 1 when it did, 0 when the call is for @service->interface, -E2BIG as replies do.
 */
int varlink_service_handle(const struct varlink_service *service, struct varlink_conn *conn, const struct varlink_call *call);

/* ------------------------------------------------------------------- client */

struct varlink_client;

enum { VARLINK_UNREAD_MS = 60 * 1000 }; /* so long a request may lie there that nobody has read */

/**
 * struct varlink_patience - how long to wait for an answer of which nothing has come yet
 * @unread_ms: while nobody has even read the request (the service is not ready, or hangs); 0: for ever
 * @answer_ms: in all; 0: for ever
 * @note: called once, when nobody has read it for @note_ms; may be NULL
 * Who has waited too long gets ERR_UNAVAILABLE with ETIMEDOUT, and can only close: what was asked may yet be done.
 */
struct varlink_patience {
	uint64_t unread_ms, answer_ms, note_ms;
	void (*note)(void);
};

/** varlink_patience_set() - instead of VARLINK_UNREAD_MS alone */
void varlink_patience_set(struct varlink_client *client, const struct varlink_patience *patience);

/** varlink_connect() - to a socket path. Return: 0 or -errno; ERR_UNAVAILABLE with the path when nobody listens. */
int varlink_connect(const char *path, struct varlink_client **ret_client, struct err *err);
void varlink_close(struct varlink_client *client);
void varlink_closep(struct varlink_client **client);
int varlink_client_fd(const struct varlink_client *client);

/**
 * varlink_call() - one request, one reply
 * @method: full name; @parameters: stolen, may be NULL
 * @fds: passed with it, stay the caller's
 * @ret_reply: its parameters, the caller's; may be NULL
 * @ret_fds: descriptors that came back (room for FDIO_FDS_MAX), the caller's; may be NULL: closed then
 * An error reply becomes @err: kind by the error's name, object and message from its parameters.
 */
int varlink_call(struct varlink_client *client, const char *method, json_t *parameters, const int *fds, size_t fd_count,
		 json_t **ret_reply, int *ret_fds, size_t *ret_fd_count, struct err *err);

/**
 * varlink_call_begin(), varlink_call_end() - the two halves of varlink_call() without descriptors in the reply, for who has
 * other things to do while the service works. Nothing else may be asked on @client between.
 */
int varlink_call_begin(struct varlink_client *client, const char *method, json_t *parameters, const int *fds, size_t fd_count,
		       struct err *err);
int varlink_call_end(struct varlink_client *client, json_t **ret_reply, struct err *err);

/**
 * varlink_stream() - a call with "more"; @each for every reply until it returns non-zero (that is returned) or the end (0)
 * After a stop by @each the client is good for varlink_close() alone.
 */
int varlink_stream(struct varlink_client *client, const char *method, json_t *parameters,
		   int (*each)(void *ctx, const json_t *reply), void *ctx, struct err *err);

#endif
