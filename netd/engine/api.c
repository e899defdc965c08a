/* SPDX-License-Identifier: GPL-2.0-or-later */
/* api - connections of clients and the calls they make. Floor F4. */
#include "netd/engine/api.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/engine/porter.h"

enum {
	API_READ_SIZE = 16 * 1024,
	API_GROUPS_MAX = 256,
	API_LISTENERS_MAX = 256,
	API_UNREAD_MAX = 1 << 20, /* bytes of answers that wait for a client before its next request is taken up */
	API_USER_INPUT_MAX = 1 << 20, /* bytes of requests of one who is no administrator: then it is dropped */
	API_USER_HELD_MAX = 32 << 20, /* bytes of requests and answers that wait on all connections of such a one */
	API_ANNOUNCED_MAX = 4096, /* bytes of a read in which a request that ends in a plan is looked for */
	API_TURN_MAX = 64,	/* requests of one connection before others have their turn ... */
	API_TURN_USER = 1,	/* ... and of one that is no administrator's */
	API_AGAIN_MS = 10,	/* when the porter has no room: connections wait in the kernel's queue */
	API_TURNED_MAX = FDIO_FDS_MAX - 1, /* clients turned away before the porter gets them; a process for all ... */
	API_TURNED_MS = 100,		   /* ... or after so long */
	API_USERS_MAX = 1024,	/* connections of those who are no administrators ... */
	API_USER_MAX = 64,	/* ... and of one of them: they shall not keep root out */
};

/* Read as far as a call has filled it: not zeroed, as all of a stack's memory is else. */
#define UNSET __attribute__((uninitialized))

struct conn {
	struct list link;
	struct api *api;
	int fd; /* the client's socket; of one who is no administrator, what the porter gave for it */
	struct loop_io *io;
	struct varlink_conn wire;
	uint32_t uid;
	bool admin;
	struct call *call; /* the one that is being answered; requests behind it wait */
	struct loop_timer *again; /* more requests wait than one turn takes */
	bool closing;		  /* when all is written */
	bool advancing, dead;	  /* conn_advance() is at work, and frees it when that is called for meanwhile */
	bool left; /* served no more, and counted until the porter has let go of what the client passed */
};

struct api {
	struct engine *engine;
	int fd;
	struct loop_io *io;
	struct visitor {
		int fd;
		uint32_t uid;
		bool admin;
	} visitor; /* came in last */
	struct loop_timer *again;
	int turned[API_TURNED_MAX]; /* sockets of those turned away, shut down; the porter's to close */
	size_t turned_count;
	struct loop_timer *turned_timer;
	struct list conns;
	size_t conn_count;
	struct list listeners; /* struct call */
	size_t listener_count;
};

static void conn_advance(struct conn *conn);

/* ------------------------------------------------------------------ connections */

/* Nothing of it is left anywhere. */
static void conn_gone(struct conn *conn)
{
	list_remove(&conn->link);
	conn->api->conn_count--;
	loop_io_free(conn->io);
	fd_close(conn->fd);
	free(conn);
}

static void conn_free(struct conn *conn)
{
	if (conn->advancing) {
		conn->dead = true;
		return;
	}
	if (conn->call) {
		conn->call->conn = NULL;
		if (conn->call->streaming)
			call_reply(conn->call, NULL);
	}
	conn->call = NULL;
	loop_timer_free(conn->again);
	conn->again = NULL;
	varlink_conn_fini(&conn->wire);
	if (conn->admin) {
		conn_gone(conn);
		return;
	}
	conn->left = true;
	shutdown(conn->fd, SHUT_WR);
	loop_io_set(conn->io, LOOP_READ);
}

/* Do more bytes wait on all connections of this user than he may have? */
static bool user_fills_us(const struct conn *conn)
{
	size_t held = 0;

	if (conn->admin)
		return false;
	list_each(node, &conn->api->conns) {
		const struct conn *other = container_of(node, struct conn, link);

		if (!other->admin && other->uid == conn->uid)
			held += other->wire.in.size + other->wire.out.size;
	}
	return held > API_USER_HELD_MAX;
}

/* Write what can be written. Return: false when the connection is gone. */
static bool conn_flush(struct conn *conn)
{
	struct varlink_conn *wire = &conn->wire;

	while (wire->out.size) {
		size_t size = conn->admin || wire->out.size < PORTER_RECORD_MAX ? wire->out.size : PORTER_RECORD_MAX;
		ssize_t n = fd_send_once(conn->fd, wire->out.data, size, wire->out_fds, wire->out_fd_count);

		if (n == -EAGAIN && !user_fills_us(conn)) {
			loop_io_set(conn->io, LOOP_READ | LOOP_WRITE);
			return true;
		}
		if (n < 0) {
			conn_free(conn);
			return false;
		}
		for (size_t i = 0; i < wire->out_fd_count; i++)
			fd_close(wire->out_fds[i]);
		wire->out_fd_count = 0;
		buf_consume(&wire->out, (size_t)n);
	}
	if (conn->closing) {
		conn_free(conn);
		return false;
	}
	loop_io_set(conn->io, LOOP_READ);
	return true;
}

/* What still comes is for nobody. */
static void conn_drain(struct conn *conn)
{
	UNSET char data[API_READ_SIZE];
	int fds[FDIO_FDS_MAX];
	size_t fd_count = 0;
	ssize_t n = fd_recv(conn->fd, data, sizeof(data), fds, &fd_count);

	for (size_t i = 0; i < fd_count; i++)
		fd_close(fds[i]);
	if (n <= 0 && n != -EAGAIN)
		conn_gone(conn);
}

/*
 * Before a byte is decoded, the hand is told that a plan will come: it has to be woken first. What only looks like such a
 * request costs it 0.3 ms of looking out. Who is not known to be allowed anything shall keep nothing awake.
 */
static void announce(struct engine *engine, const void *bytes, size_t size)
{
	static const char publish[] = "\"publish\"";

	if (size <= API_ANNOUNCED_MAX && !engine->gated && method_announced(bytes, size))
		hand_soon(engine->hand, memmem(bytes, size, publish, sizeof(publish) - 1) != NULL);
}

static void on_conn(void *ctx, unsigned events)
{
	struct conn *conn = ctx;
	UNSET char data[API_READ_SIZE];
	int fds[FDIO_FDS_MAX];
	size_t fd_count = 0;
	ssize_t n;

	if (conn->left) {
		conn_drain(conn);
		return;
	}
	if ((events & LOOP_WRITE) && !conn_flush(conn))
		return;
	if (!(events & LOOP_READ)) {
		conn_advance(conn); /* it reads again: what it asked for meanwhile */
		return;
	}
	n = fd_recv(conn->fd, data, sizeof(data), fds, &fd_count);
	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n > 0 && conn->admin && !conn->call)
		announce(conn->api->engine, data, (size_t)n);
	if (n <= 0 || varlink_conn_feed(&conn->wire, data, (size_t)n, fds, fd_count) < 0 ||
	    (!conn->admin && conn->wire.in.size > API_USER_INPUT_MAX) || user_fills_us(conn)) {
		conn_free(conn);
		return;
	}
	conn_advance(conn);
}

/* Is the peer in group @gid, by its primary or its supplementary groups (SO_PEERGROUPS, socket(7))? */
static bool peer_in_group(int fd, gid_t primary, gid_t gid)
{
	gid_t groups[API_GROUPS_MAX];
	socklen_t size = sizeof(groups);

	if (gid == (gid_t)-1)
		return false;
	if (primary == gid)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(*groups); i++)
		if (groups[i] == gid)
			return true;
	return false;
}

/* Has this user, or have all who are no administrators, as many connections as they may? */
static bool user_full(const struct api *api, uint32_t uid)
{
	size_t users = 0, same = 0;

	list_each(node, &api->conns) {
		const struct conn *conn = container_of(node, struct conn, link);

		users += !conn->admin;
		same += !conn->admin && conn->uid == uid;
	}
	return users >= API_USERS_MAX || same >= API_USER_MAX;
}

static void conn_new(struct api *api, const struct visitor *visitor, int fd)
{
	struct conn *conn = mem_alloc(sizeof(*conn));

	conn->api = api;
	conn->fd = fd;
	conn->uid = visitor->uid;
	conn->admin = visitor->admin;
	varlink_conn_init(&conn->wire);
	list_append(&api->conns, &conn->link);
	api->conn_count++;
	conn->io = loop_io_new(api->engine->loop, fd, LOOP_READ, on_conn, conn);
	if (!conn->admin)
		loop_io_patient(conn->io);
}

/* Return: false when the porter has no room. */
static bool turned_pass(struct api *api)
{
	if (api->turned_count && porter_drop(api->engine->porter, api->turned, api->turned_count) < 0)
		return false;
	api->turned_count = 0;
	return true;
}

static void on_turned(void *ctx)
{
	struct api *api = ctx;

	if (!turned_pass(api))
		loop_timer_set(api->turned_timer, API_TURNED_MS);
}

/* What he has sent already must not be ours to let go of; that he is turned away he sees at once. */
static bool turn_away(struct api *api, int fd)
{
	if (api->turned_count == API_TURNED_MAX && !turned_pass(api))
		return false;
	shutdown(fd, SHUT_RDWR);
	api->turned[api->turned_count++] = fd;
	if (api->turned_count == API_TURNED_MAX)
		turned_pass(api);
	else if (!loop_timer_armed(api->turned_timer))
		loop_timer_set(api->turned_timer, API_TURNED_MS);
	return true;
}

/* Make a connection of who came in, or turn him away. Return: false when the porter has no room. */
static bool visitor_place(struct api *api, const struct visitor *visitor)
{
	bool full = api->conn_count >= VARLINK_CONNECTIONS_MAX;
	int fd = visitor->fd;

	if (!visitor->admin && (full || user_full(api, visitor->uid)))
		return turn_away(api, fd);
	if (full) {
		fd_close(fd);
		return true;
	}
	if (!visitor->admin && porter_relay(api->engine->porter, visitor->fd, &fd) < 0)
		return false;
	conn_new(api, visitor, fd);
	return true;
}

/* No other comes in before this one has his place. */
static void visitor_admit(void *ctx)
{
	struct api *api = ctx;
	bool placed = visitor_place(api, &api->visitor);

	loop_io_set(api->io, placed ? LOOP_READ : 0);
	if (!placed)
		loop_timer_set(api->again, API_AGAIN_MS);
}

static void on_listen(void *ctx, unsigned events)
{
	struct api *api = ctx;
	struct ucred cred = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t size = sizeof(cred);
	int fd;

	(void)events;
	fd = accept4(api->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size);
	api->visitor = (struct visitor){ .fd = fd, .uid = cred.uid,
					 .admin = cred.uid == 0 || peer_in_group(fd, cred.gid, api->engine->admin_gid) };
	visitor_admit(api);
}

struct api *api_new(struct engine *engine, int fd)
{
	struct api *api = mem_alloc(sizeof(*api));

	api->engine = engine;
	api->fd = fd;
	api->again = loop_timer_new(engine->loop, visitor_admit, api);
	api->turned_timer = loop_timer_new(engine->loop, on_turned, api);
	list_init(&api->conns);
	list_init(&api->listeners);
	fd_nonblock(fd, true);
	return api;
}

void api_open(struct api *api)
{
	if (!api->io)
		api->io = loop_io_new(api->engine->loop, api->fd, LOOP_READ, on_listen, api);
}

/* ------------------------------------------------------------------------ calls */

static void call_free(struct call *call)
{
	if (call->streaming) {
		list_remove(&call->link);
		call->engine->api->listener_count--;
	}
	for (size_t i = 0; i < ARRAY_COUNT(call->fds); i++)
		fd_close(call->fds[i]);
	varlink_call_fini(&call->request);
	arena_free(call->arena);
	free(call);
}

static void on_again(void *ctx) { conn_advance(ctx); }

/* Go on with what the connection has sent when the loop comes round. */
static void conn_again(struct conn *conn)
{
	if (!conn->again) {
		conn->again = loop_timer_new(conn->api->engine->loop, on_again, conn);
		if (!conn->admin)
			loop_timer_patient(conn->again);
	}
	loop_timer_set(conn->again, 0);
}

/* The call is over: free it and go on with the connection's next one. */
static void call_end(struct call *call)
{
	struct conn *conn = call->conn;

	call_free(call);
	if (!conn)
		return;
	conn->call = NULL;
	varlink_conn_drop_fds(&conn->wire);
	if (conn->closing) /* it does not read: what waits for it would wait for ever */
		conn_free(conn);
	else if (!conn->dead && conn_flush(conn) && !conn->advancing && conn->wire.in.size)
		conn_again(conn); /* not at once: whoever answered has more to do with what the next request may remove */
}

void call_reply(struct call *call, json_t *parameters)
{
	if (call->conn && !call->request.oneway && varlink_reply(&call->conn->wire, parameters, false) < 0)
		call->conn->closing = true;
	json_decref(parameters);
	call_end(call);
}

void call_fail(struct call *call, const struct err *err)
{
	if (err->kind == ERR_INTERNAL)
		log_failure(err, "%s", call->request.method);
	if (call->conn && !call->request.oneway && varlink_reply_err(&call->conn->wire, err) < 0)
		call->conn->closing = true;
	call_end(call);
}

void call_continue(struct call *call, const json_t *parameters)
{
	struct conn *conn = call->conn;

	if (!conn)
		return;
	if (varlink_reply(&conn->wire, parameters, true) < 0)
		conn->closing = true; /* it does not read: its output limit is passed */
	if (conn->closing)
		conn_free(conn);
	else
		conn_flush(conn);
}

int call_fd(struct call *call, int64_t index)
{
	int fd;

	if (index < 0 || index >= VARLINK_FDS_PENDING_MAX)
		return -EBADF;
	if (call->fds[index] < 0)
		call->fds[index] = call->conn ? varlink_conn_take_fd(&call->conn->wire, index) : -EBADF;
	if (call->fds[index] < 0)
		return -EBADF;
	fd = fcntl(call->fds[index], F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

int call_pass_fd(struct call *call, int fd)
{
	if (call->conn)
		return varlink_reply_fd(&call->conn->wire, fd);
	fd_close(fd);
	return 0;
}

int call_params(struct call *call, const struct json_field *fields, void *dst, struct err *err)
{
	int r = json_decode(call->request.parameters, fields, 0, call->arena, dst, err);

	return r;
}

/* Once a request: where users are in a directory of the network, each look costs a question to it. */
static const char *call_user(struct call *call)
{
	if (!call->user) {
		const struct passwd *user = getpwuid(call->uid);

		call->user = arena_strdup(call->arena, user ? user->pw_name : "");
	}
	return call->user;
}

int call_allow(struct call *call, const char *name, struct err *err)
{
	const struct tenant *tenant = name ? model_tenant(&call->engine->model, name) : NULL;

	if (call->admin || (tenant && tenant->delegate[0] && str_eq(tenant->delegate, call_user(call))))
		return call->making && name ? asides_refuse(&call->engine->asides, name, err) : 0;
	return err_set(err, ERR_PERMISSION, EPERM, name,
		       "only root, the members of the admin group and the user a tenant is delegated to may do this");
}

bool call_sees(struct call *call, const struct tenant *tenant)
{
	return call_allow(call, tenant->name, NULL) == 0;
}

int call_allow_any(struct call *call, struct err *err)
{
	const struct tenant *tenant;
	size_t cursor = 0;

	if (call->admin)
		return 0;
	while ((tenant = table_next(&call->engine->model.tenants, &cursor)))
		if (call_sees(call, tenant))
			return 0;
	return err_set(err, ERR_PERMISSION, EPERM, call->request.method,
		       "only root, the members of the admin group and users to whom a tenant is delegated may ask this");
}

static void call_run(struct call *call, const struct method *method)
{
	struct err err = ERR_INIT;

	if (method->fn(call, &err) < 0)
		call_fail(call, &err);
}

static const struct varlink_service service = {
	.vendor = "Moat",
	.product = "moatd",
	.version = MOAT_VERSION,
	.url = "https://varlink.org",
	.interface = "io.moat",
	.description = moat_interface_description,
};

static void call_start(struct conn *conn, const struct varlink_call *request, const struct method *method)
{
	struct engine *engine = conn->api->engine;
	struct call *call = mem_alloc(sizeof(*call));

	call->engine = engine;
	call->conn = conn;
	call->request = *request;
	call->arena = arena_new();
	call->uid = conn->uid;
	call->admin = conn->admin;
	call->making = method->flags & METHOD_MAKES;
	call->dry_run = json_is_true(json_object_get(request->parameters, "dryRun"));
	list_init(&call->link);
	memset(call->fds, -1, sizeof(call->fds));
	conn->call = call;
	if (method->flags & METHOD_CHANGES && engine->gated) {
		list_append(&engine->gate, &call->link);
		return;
	}
	call_run(call, method);
}

/* One request, if a whole one has come. Return: false when there is no more to do now. */
static bool conn_step(struct conn *conn)
{
	struct varlink_call request = { 0 };
	const struct method *method;
	struct err err = ERR_INIT;
	int r = varlink_conn_next(&conn->wire, &request, &err);

	if (r < 0)
		conn_free(conn);
	if (r <= 0)
		return false;
	method = method_find(request.method);
	if (method) {
		call_start(conn, &request, method);
		return true;
	}
	/* 0: a method of ours, and there is none of that name */
	if (varlink_service_handle(&service, &conn->wire, &request) == 0 && !request.oneway)
		varlink_reply_no_method(&conn->wire, request.method);
	varlink_call_fini(&request);
	varlink_conn_drop_fds(&conn->wire);
	return conn_flush(conn);
}

/*
 * Take up the connection's requests while there are whole ones and none is being answered; no more than a turn's, so
 * that a client who sends thousands at once does not keep the others waiting. An answer given at once comes back here
 * by call_end(): that is no recursion but one more turn of the loop.
 */
static void conn_advance(struct conn *conn)
{
	int turns = conn->admin ? API_TURN_MAX : API_TURN_USER;

	if (conn->advancing)
		return;
	conn->advancing = true;
	while (!conn->call && !conn->closing && !conn->dead && conn->wire.out.size < API_UNREAD_MAX && turns-- > 0)
		if (!conn_step(conn))
			break;
	conn->advancing = false;
	if (conn->dead) {
		conn_free(conn);
	} else if (turns < 0) {
		conn_again(conn);
	}
}

void call_wait(struct call *call) { list_append(&call->engine->gate, &call->link); }

void api_ungate(struct api *api)
{
	struct engine *engine = api->engine;
	size_t count = 0;

	/* those that stand here now; one that must wait again goes to the end */
	list_each(node, &engine->gate)
		count++;
	while (count-- && !engine->gated && !list_empty(&engine->gate)) {
		struct call *call = container_of(engine->gate.next, struct call, link);

		list_remove(&call->link);
		call_run(call, method_find(call->request.method));
	}
}

/* ----------------------------------------------------------------------- events */

void api_listen(struct api *api, struct call *call)
{
	if (api->listener_count >= API_LISTENERS_MAX || !call->conn) {
		struct err err = ERR_INIT;

		err_set(&err, ERR_LIMIT, EMFILE, "", "at most %d may listen to events", API_LISTENERS_MAX);
		call_fail(call, &err);
		return;
	}
	call->streaming = true;
	api->listener_count++;
	list_append(&api->listeners, &call->link);
}

bool api_listened(const struct api *api) { return api->listener_count > 0; }

void api_broadcast(struct api *api, const json_t *parameters)
{
	list_each_safe(node, &api->listeners)
		call_continue(container_of(node, struct call, link), parameters);
}
