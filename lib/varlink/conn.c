/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conn - framing of the server half: bytes and descriptors in, calls out; replies in, bytes out.
 * Floor F2. Touches no socket and no clock, and knows no method.
 *
 * On a Unix stream the bytes of two sends may arrive in one read, but a read ends behind the first
 * send that bears descriptors (unix_stream_read_generic() of Linux). So descriptors belong to the
 * last message of what was read with them, and a client that sends several calls at once keeps its
 * own apart. That is what @fd_of records.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/varlink/varlink.h"

enum {
	METHOD_MAX = 255, /* bytes of a method's full name */
	INPUT_MAX = 2 * (VARLINK_MESSAGE_MAX +
			 1), /* bytes waiting while the caller does not take them */
};

/* What may stand in a call; everything else is refused. */
struct call_fields {
	const char *method;
	const json_t *parameters;
	bool more, oneway, upgrade;
};
static const struct json_field call_fields[] = {
	{"method", JSON_FIELD_STRING, offsetof(struct call_fields, method), JSON_REQUIRED, 3,
	 METHOD_MAX},
	{"parameters", JSON_FIELD_OBJECT, offsetof(struct call_fields, parameters), 0, 0, 0},
	{"more", JSON_FIELD_BOOL, offsetof(struct call_fields, more), 0, 0, 0},
	{"oneway", JSON_FIELD_BOOL, offsetof(struct call_fields, oneway), 0, 0, 0},
	{"upgrade", JSON_FIELD_BOOL, offsetof(struct call_fields, upgrade), 0, 0, 0},
	{0},
};

static int fds_accept(struct varlink_conn *conn, const uint8_t *data, size_t size,
		      const int *fds, size_t fd_count);
static void fds_drop(struct varlink_conn *conn, uint64_t until);
static int call_decode(const char *text, size_t size, struct varlink_call *ret_call,
		       struct err *err);
static int message_append(struct varlink_conn *conn, json_t *message);

void varlink_conn_init(struct varlink_conn *conn)
{
	memset(conn, 0, sizeof(*conn));
}

void varlink_conn_fini(struct varlink_conn *conn)
{
	fds_drop(conn, UINT64_MAX);
	for (size_t i = 0; i < conn->out_fd_count; i++)
		fd_close(conn->out_fds[i]);
	buf_fini(&conn->in);
	buf_fini(&conn->out);
	varlink_conn_init(conn);
}

int varlink_conn_feed(struct varlink_conn *conn, const void *data, size_t size, const int *fds,
		      size_t fd_count)
{
	const uint8_t *end;
	int rc;

	buf_consume(&conn->in, conn->next);
	conn->base += conn->next;
	conn->scanned -= conn->next;
	conn->next = 0;

	rc = fds_accept(conn, data, size, fds, fd_count);
	if (rc < 0)
		return rc;
	if (size > (size_t)INPUT_MAX - conn->in.size)
		return -E2BIG;
	if (size == 0)
		return 0;
	buf_add(&conn->in, data, size);
	end = memchr(conn->in.data + conn->scanned, '\0', conn->in.size - conn->scanned);
	conn->scanned = end ? (size_t)(end - conn->in.data) : conn->in.size;
	return conn->scanned > VARLINK_MESSAGE_MAX ? -E2BIG : 0;
}

int varlink_conn_next(struct varlink_conn *conn, struct varlink_call *ret_call, struct err *err)
{
	const char *text;
	const uint8_t *end;
	size_t size;
	int rc;

	if (conn->scanned == conn->in.size)
		return 0;
	end = memchr(conn->in.data + conn->scanned, '\0', conn->in.size - conn->scanned);
	if (!end) {
		conn->scanned = conn->in.size;
		return 0;
	}
	text = (const char *)conn->in.data + conn->next;
	size = (size_t)((const char *)end - text);
	conn->current = conn->base + conn->next;
	conn->next += size + 1;
	conn->scanned = conn->next;
	if (conn->current > 0)
		fds_drop(conn, conn->current - 1);
	rc = call_decode(text, size, ret_call, err);
	if (rc < 0) {
		err_wrap(err, "not a varlink call");
		return -EPROTO;
	}
	return 1;
}

void varlink_call_fini(struct varlink_call *call)
{
	json_decref(call->doc);
	memset(call, 0, sizeof(*call));
}

int varlink_conn_take_fd(struct varlink_conn *conn, int64_t index)
{
	int fd;

	if (index < 0 || (uint64_t)index >= conn->fd_count ||
	    conn->fd_of[index] != conn->current)
		return -EBADF;
	fd = conn->fds[index];
	conn->fds[index] = -1;
	return fd >= 0 ? fd : -EBADF;
}

void varlink_conn_drop_fds(struct varlink_conn *conn)
{
	fds_drop(conn, conn->current);
}

int varlink_reply(struct varlink_conn *conn, const json_t *parameters, bool continues)
{
	json_t *message = json_object();

	/* borrowed: counted up for the time of writing; const only in our promise */
	json_object_set_new(message, "parameters",
			    parameters ? json_incref((json_t *)(uintptr_t)parameters)
				       : json_object());
	if (continues)
		json_object_set_new(message, "continues", json_true());
	return message_append(conn, message);
}

int varlink_reply_error(struct varlink_conn *conn, const char *error, const json_t *parameters)
{
	json_t *message = json_object();

	json_object_set_new(message, "error", json_string(error));
	json_object_set_new(message, "parameters",
			    parameters ? json_incref((json_t *)(uintptr_t)parameters)
				       : json_object());
	return message_append(conn, message);
}

int varlink_reply_err(struct varlink_conn *conn, const struct err *err)
{
	cleanup(json_freep) json_t *parameters =
		json_pack("{s:s, s:s}", "message", err->msg, "object", err->object);

	assert(err->kind != ERR_NONE);
	return varlink_reply_error(conn, err_kind_name(err->kind), parameters);
}

int varlink_reply_no_method(struct varlink_conn *conn, const char *method)
{
	cleanup(json_freep) json_t *parameters = json_pack("{s:s}", "method", method);

	return varlink_reply_error(conn, "org.varlink.service.MethodNotFound", parameters);
}

int varlink_reply_fd(struct varlink_conn *conn, int fd)
{
	if (conn->out_fd_count >= VARLINK_FDS_PENDING_MAX) {
		fd_close(fd);
		return -E2BIG;
	}
	conn->out_fds[conn->out_fd_count] = fd;
	return (int)conn->out_fd_count++;
}

/* Takes @fds over, to the last message that begins in @data or before it. */
static int fds_accept(struct varlink_conn *conn, const uint8_t *data, size_t size,
		      const int *fds, size_t fd_count)
{
	const uint8_t *nul = size > 1 ? memrchr(data, '\0', size - 1) : NULL;
	uint64_t start;

	if (nul) {
		start = conn->base + conn->in.size + (size_t)(nul - data) + 1;
	} else {
		/* The message that was under way, if the caller took all whole ones as asked. */
		nul = conn->in.size > 0 ? memrchr(conn->in.data, '\0', conn->in.size) : NULL;
		start = conn->base + (nul ? (size_t)(nul - conn->in.data) + 1 : 0);
	}
	if (fd_count > VARLINK_FDS_PENDING_MAX - conn->fd_count) {
		for (size_t i = 0; i < fd_count; i++)
			fd_close(fds[i]);
		return -E2BIG;
	}
	for (size_t i = 0; i < fd_count; i++) {
		conn->fds[conn->fd_count] = fds[i];
		conn->fd_of[conn->fd_count++] = start;
	}
	return 0;
}

/* Closes what came with messages that begin at @until or before. */
static void fds_drop(struct varlink_conn *conn, uint64_t until)
{
	size_t kept = 0;

	for (size_t i = 0; i < conn->fd_count; i++) {
		if (conn->fd_of[i] <= until) {
			fd_close(conn->fds[i]);
			continue;
		}
		conn->fds[kept] = conn->fds[i];
		conn->fd_of[kept++] = conn->fd_of[i];
	}
	conn->fd_count = kept;
}

static int call_decode(const char *text, size_t size, struct varlink_call *ret_call,
		       struct err *err)
{
	cleanup(json_freep) json_t *doc = NULL;
	struct call_fields fields = {0};
	const char *dot;
	int rc;

	rc = json_parse(text, size, 0, &doc, err);
	if (rc < 0)
		return rc;
	rc = json_decode(doc, call_fields, 0, NULL, &fields, err);
	if (rc < 0)
		return rc;
	dot = strrchr(fields.method, '.');
	if (!dot || dot == fields.method || !dot[1])
		return err_set(err, ERR_USAGE, EINVAL, "method", "must be INTERFACE.METHOD");
	if (fields.more && fields.oneway)
		return err_set(err, ERR_USAGE, EINVAL, "oneway", "excludes \"more\"");
	if (!fields.parameters) {
		json_object_set_new(doc, "parameters", json_object());
		fields.parameters = json_object_get(doc, "parameters");
	}
	*ret_call = (struct varlink_call){
		.doc = doc,
		.method = fields.method,
		.parameters = fields.parameters,
		.more = fields.more,
		.oneway = fields.oneway,
		.upgrade = fields.upgrade,
	};
	doc = NULL;
	return 0;
}

/* Steals @message. What does not fit is not begun: the client is dropped, never sent half a reply. */
static int message_append(struct varlink_conn *conn, json_t *message)
{
	cleanup(mem_freep) char *text = json_text(message);
	size_t size = strlen(text) + 1;

	json_decref(message);
	if (conn->out.size > VARLINK_OUTPUT_MAX || size > VARLINK_OUTPUT_MAX - conn->out.size)
		return -E2BIG;
	buf_add(&conn->out, text, size);
	return 0;
}
