/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client - the blocking half: one connection, one call at a time. Floor F2. It trusts the service
 * (a socket that root made) with sizes up to a named limit, and with nothing that would crash it.
 */
#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/varlink/varlink.h"

enum {
	REPLY_MAX = VARLINK_OUTPUT_MAX, /* bytes of one reply: a list of everything there is */
	READ_SIZE = 64 * 1024,
};

/* in: bytes behind the last reply; fds: that came and were not handed out, owned */
struct varlink_client {
	int fd;
	char *path;
	struct varlink_patience patience;
	struct buf in;
	int fds[FDIO_FDS_MAX];
	size_t fd_count;
};

static int call_finish(struct varlink_client *client, const char *object, json_t **ret_reply, int *ret_fds,
		       size_t *ret_fd_count, struct err *err);
static int call_send(struct varlink_client *client, const char *method, json_t *parameters,
		     bool more, const int *fds, size_t fd_count, struct err *err);
static int reply_read(struct varlink_client *client, json_t **ret_parameters,
		      bool *ret_continues, struct err *err);
static int message_read(struct varlink_client *client, json_t **ret_message, struct err *err);
static int bytes_read(struct varlink_client *client, struct err *err);
static int error_decode(const char *error, const json_t *parameters, struct err *err);
static void fds_close(struct varlink_client *client);
static int kind_errno(enum err_kind kind);

int varlink_connect(const char *path, struct varlink_client **ret_client, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct varlink_client *client;
	int fd;

	if (str_copy(address.sun_path, sizeof(address.sun_path), path) < 0)
		return err_set(err, ERR_USAGE, ENAMETOOLONG, path,
			       "longer than a socket's path may be (%zu)",
			       sizeof(address.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "cannot make a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int no = errno;

		close(fd);
		return err_sys(err,
			       no == EACCES || no == EPERM ? ERR_PERMISSION : ERR_UNAVAILABLE,
			       no, path, "moatd does not answer at its socket");
	}
	client = mem_alloc(sizeof(*client));
	client->fd = fd;
	client->path = mem_strdup(path);
	client->patience.unread_ms = VARLINK_UNREAD_MS;
	*ret_client = client;
	return 0;
}

void varlink_close(struct varlink_client *client)
{
	if (!client)
		return;
	fds_close(client);
	fd_close(client->fd);
	buf_fini(&client->in);
	free(client->path);
	free(client);
}

void varlink_closep(struct varlink_client **client)
{
	varlink_close(*client);
}

void varlink_patience_set(struct varlink_client *client, const struct varlink_patience *patience)
{
	client->patience = *patience;
}

int varlink_client_fd(const struct varlink_client *client)
{
	return client->fd;
}

int varlink_call(struct varlink_client *client, const char *method, json_t *parameters,
		 const int *fds, size_t fd_count, json_t **ret_reply, int *ret_fds,
		 size_t *ret_fd_count, struct err *err)
{
	int rc = call_send(client, method, parameters, false, fds, fd_count, err);

	return rc < 0 ? rc : call_finish(client, method, ret_reply, ret_fds, ret_fd_count, err);
}

int varlink_call_begin(struct varlink_client *client, const char *method, json_t *parameters, const int *fds, size_t fd_count,
		       struct err *err)
{
	return call_send(client, method, parameters, false, fds, fd_count, err);
}

int varlink_call_end(struct varlink_client *client, json_t **ret_reply, struct err *err)
{
	return call_finish(client, client->path, ret_reply, NULL, NULL, err);
}

int varlink_stream(struct varlink_client *client, const char *method, json_t *parameters,
		   int (*each)(void *ctx, const json_t *reply), void *ctx, struct err *err)
{
	bool continues = true;
	int rc;

	rc = call_send(client, method, parameters, true, NULL, 0, err);
	while (rc == 0 && continues) {
		cleanup(json_freep) json_t *reply = NULL;

		rc = reply_read(client, &reply, &continues, err);
		fds_close(client);
		if (rc == 0)
			rc = each(ctx, reply);
	}
	return rc;
}

/* The one reply to what was sent. */
static int call_finish(struct varlink_client *client, const char *object, json_t **ret_reply, int *ret_fds,
		       size_t *ret_fd_count, struct err *err)
{
	cleanup(json_freep) json_t *reply = NULL;
	bool continues;
	int rc = reply_read(client, &reply, &continues, err);

	if (rc == 0 && continues)
		rc = err_set(err, ERR_INTERNAL, EPROTO, object, "the service streams though it was not asked to");
	if (rc < 0) {
		fds_close(client);
		return rc;
	}
	if (ret_fds) {
		memcpy(ret_fds, client->fds, client->fd_count * sizeof(int));
		*ret_fd_count = client->fd_count;
		client->fd_count = 0;
	}
	fds_close(client);
	if (ret_reply) {
		*ret_reply = reply;
		reply = NULL;
	}
	return 0;
}

/* Steals @parameters. */
static int call_send(struct varlink_client *client, const char *method, json_t *parameters,
		     bool more, const int *fds, size_t fd_count, struct err *err)
{
	cleanup(json_freep) json_t *message = json_object();
	cleanup(mem_freep) char *text = NULL;
	size_t size;
	int rc;

	json_object_set_new(message, "method", json_string(method));
	json_object_set_new(message, "parameters", parameters ? parameters : json_object());
	if (more)
		json_object_set_new(message, "more", json_true());
	text = json_text(message);
	size = strlen(text);
	if (size > VARLINK_MESSAGE_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, method,
			       "a request of %zu bytes; %d are the limit", size,
			       (int)VARLINK_MESSAGE_MAX);
	rc = fd_send(client->fd, text, size + 1, fds, fd_count);
	if (rc < 0 && rc != -EPIPE && rc != -ECONNRESET) /* the reason of those may be waiting to be read */
		return err_sys(err, ERR_UNAVAILABLE, -rc, client->path, "cannot send to moatd");
	return 0;
}

static int reply_read(struct varlink_client *client, json_t **ret_parameters,
		      bool *ret_continues, struct err *err)
{
	cleanup(json_freep) json_t *message = NULL;
	const json_t *continues;
	json_t *parameters, *error;
	int rc;

	rc = message_read(client, &message, err);
	if (rc < 0)
		return rc;
	parameters = json_object_get(message, "parameters");
	error = json_object_get(message, "error");
	continues = json_object_get(message, "continues");
	if (!json_is_object(message) || (parameters && !json_is_object(parameters)) ||
	    (error && !json_is_string(error)) || (continues && !json_is_boolean(continues)))
		return err_set(err, ERR_INTERNAL, EPROTO, client->path,
			       "the reply is no varlink reply");
	if (error)
		return error_decode(json_string_value(error), parameters, err);
	*ret_parameters = parameters ? json_incref(parameters) : json_object();
	*ret_continues = json_is_true(continues);
	return 0;
}

static int message_read(struct varlink_client *client, json_t **ret_message, struct err *err)
{
	size_t scanned = 0;
	const uint8_t *end;
	json_error_t error;
	size_t size;

	while (!(end = client->in.size > scanned ? memchr(client->in.data + scanned, '\0',
							  client->in.size - scanned)
						 : NULL)) {
		int rc;

		scanned = client->in.size;
		rc = bytes_read(client, err);
		if (rc < 0)
			return rc;
	}
	size = (size_t)(end - client->in.data);
	/* not json_parse(): its limits are for requests, and a list may be longer */
	*ret_message =
		json_loadb((const char *)client->in.data, size, JSON_REJECT_DUPLICATES, &error);
	buf_consume(&client->in, size + 1);
	if (!*ret_message)
		return err_set(err, ERR_INTERNAL, EPROTO, client->path,
			       "the reply is no JSON: %s", error.text);
	return 0;
}

/* Bytes that we sent leave the count of our socket when they are read (unix_outq_len() of the kernel). */
static bool is_unread(const struct varlink_client *client)
{
	int size;

	return ioctl(client->fd, SIOCOUTQ, &size) == 0 && size > 0;
}

/* The earlier of two times of which 0 is none. */
static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/*
 * A service that works on what it was asked may take its time. One that does not even read it is being started anew, which
 * takes a moment, or cannot be.
 */
static int answer_await(struct varlink_client *client, struct err *err)
{
	const struct varlink_patience *patience = &client->patience;
	uint64_t waited = 0, begun = clock_monotonic_ns(), note = patience->note ? patience->note_ms : 0, unread = patience->unread_ms;

	for (;;) {
		struct pollfd pfd = {.fd = client->fd, .events = POLLIN};
		uint64_t due = sooner(sooner(note, unread), patience->answer_ms);
		int n = poll(&pfd, 1, due == 0 ? -1 : due > waited ? (int)(due - waited) : 0);

		if (n > 0 || (n < 0 && errno != EINTR))
			return 0; /* a failure is recvmsg(2)'s to tell */
		waited = (clock_monotonic_ns() - begun) / 1000000;
		if (note != 0 && waited >= note) {
			note = 0;
			if (is_unread(client))
				patience->note();
		}
		if (patience->answer_ms != 0 && waited >= patience->answer_ms)
			return err_set(err, ERR_UNAVAILABLE, ETIMEDOUT, client->path, "moatd has not answered for %llu s",
				       (unsigned long long)patience->answer_ms / 1000);
		if (unread != 0 && waited >= unread) {
			unread = 0;
			if (is_unread(client))
				return err_set(err, ERR_UNAVAILABLE, ETIMEDOUT, client->path,
					       "moatd has taken no request for %llu s: it is not ready, or hangs",
					       (unsigned long long)patience->unread_ms / 1000);
		}
	}
}

static int bytes_read(struct varlink_client *client, struct err *err)
{
	cleanup(mem_freep) char *chunk = mem_room(READ_SIZE); /* not zeroed: a short reply touches one page */
	int fds[FDIO_FDS_MAX];
	size_t count = 0;
	ssize_t n;
	int rc = client->in.size == 0 ? answer_await(client, err) : 0;

	if (rc < 0)
		return rc;
	n = fd_recv(client->fd, chunk, READ_SIZE, fds, &count);
	if (n < 0)
		return err_sys(err, ERR_UNAVAILABLE, (int)-n, client->path,
			       "cannot read from moatd");
	for (size_t i = 0; i < count; i++) {
		if (client->fd_count < FDIO_FDS_MAX)
			client->fds[client->fd_count++] = fds[i];
		else
			fd_close(fds[i]);
	}
	if (n == 0)
		return err_set(err, ERR_UNAVAILABLE, ECONNRESET, client->path,
			       "moatd closed the connection before it answered");
	if ((size_t)n > (size_t)REPLY_MAX + 1 - client->in.size)
		return err_set(err, ERR_LIMIT, E2BIG, client->path,
			       "the reply has more than %d bytes", (int)REPLY_MAX);
	buf_add(&client->in, chunk, (size_t)n);
	return 0;
}

/* The standard's own errors become kinds of ours; every other name is looked up in err.h's table. */
static int error_decode(const char *error, const json_t *parameters, struct err *err)
{
	static const char standard[] = "org.varlink.service.";
	const char *message = json_string_value(json_object_get(parameters, "message"));
	const char *object = json_string_value(json_object_get(parameters, "object"));
	enum err_kind kind;

	if (str_starts(error, standard)) {
		const char *name = error + sizeof(standard) - 1;
		const char *method = json_string_value(json_object_get(parameters, "method"));
		const char *parameter =
			json_string_value(json_object_get(parameters, "parameter"));

		if (str_eq(name, "InvalidParameter"))
			return err_set(err, ERR_USAGE, EINVAL, parameter, "invalid parameter");
		if (str_eq(name, "PermissionDenied"))
			return err_set(err, ERR_PERMISSION, EACCES, method,
				       "permission denied");
		return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, method,
			       "moatd does not know this call (%s)", name);
	}
	kind = err_kind_parse(error);
	if (kind == ERR_INTERNAL && !str_eq(error, err_kind_name(ERR_INTERNAL)))
		return err_set(err, ERR_INTERNAL, EPROTO, object, "%s%s%s", error,
			       message ? ": " : "", message ? message : "");
	return err_set(err, kind, kind_errno(kind), object, "%s",
		       message ? message : "no reason given");
}

static void fds_close(struct varlink_client *client)
{
	for (size_t i = 0; i < client->fd_count; i++)
		fd_close(client->fds[i]);
	client->fd_count = 0;
}

/* The errno does not travel: the nearest one of each kind. */
static int kind_errno(enum err_kind kind)
{
	static const int numbers[] = {
		[ERR_NONE] = EINVAL,
		[ERR_USAGE] = EINVAL,
		[ERR_NAME] = EINVAL,
		[ERR_NOTFOUND] = ENOENT,
		[ERR_TAKEN] = EEXIST,
		[ERR_ADDRTAKEN] = EADDRINUSE,
		[ERR_PORTTAKEN] = EADDRINUSE,
		[ERR_EXHAUSTED] = ENOSPC,
		[ERR_PERMISSION] = EACCES,
		[ERR_QUOTA] = EDQUOT,
		[ERR_NOTEMPTY] = ENOTEMPTY,
		[ERR_CONFLICT] = EBUSY,
		[ERR_LIMIT] = E2BIG,
		[ERR_UNSUPPORTED] = EOPNOTSUPP,
		[ERR_UNAVAILABLE] = EAGAIN,
		[ERR_KERNEL] = EREMOTEIO,
		[ERR_IO] = EIO,
		[ERR_INTERNAL] = EPROTO,
	};

	static_assert(ARRAY_COUNT(numbers) == ERR_KIND_COUNT, "every kind has its number");
	return numbers[kind];
}
