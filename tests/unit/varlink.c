/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of lib/varlink: framing whatever way bytes arrive, limits, descriptors, the standard's own interface, the client. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/varlink/varlink.h"

static const struct varlink_service service = {
	.vendor = "vendor",
	.product = "product",
	.version = "1",
	.url = "https://example.org",
	.interface = "io.test",
	.description = "interface io.test\nmethod A() -> ()\n",
};

/* ---------------------------------------------------------------- helpers */

static int feed(struct varlink_conn *conn, const char *text)
{
	return varlink_conn_feed(conn, text, strlen(text) + 1, NULL, 0);
}

static void next_is(struct varlink_conn *conn, const char *method)
{
	struct varlink_call call = {0};
	struct err err = ERR_INIT;

	assert_int_equal(varlink_conn_next(conn, &call, &err), 1);
	assert_string_equal(call.method, method);
	assert_non_null(call.parameters);
	varlink_call_fini(&call);
}

static void next_is_none(struct varlink_conn *conn)
{
	struct varlink_call call = {0};
	struct err err = ERR_INIT;

	assert_int_equal(varlink_conn_next(conn, &call, &err), 0);
}

static void refused(const char *text)
{
	struct varlink_conn conn;
	struct varlink_call call = {0};
	struct err err = ERR_INIT;

	varlink_conn_init(&conn);
	assert_int_equal(feed(&conn, text), 0);
	if (varlink_conn_next(&conn, &call, &err) != -EPROTO)
		fail_msg("not refused: %s", text);
	assert_true(err.msg[0]);
	assert_null(call.doc);
	varlink_conn_fini(&conn);
}

static bool fd_is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* The first reply that waits in @conn. */
static json_t *out_pop(struct varlink_conn *conn)
{
	json_t *doc = NULL;
	struct err err = ERR_INIT;
	size_t size;

	assert_true(conn->out.size > 0);
	size = strlen((const char *)conn->out.data);
	assert_true(size < conn->out.size);
	assert_int_equal(json_parse((const char *)conn->out.data, size, 0, &doc, &err), 0);
	buf_consume(&conn->out, size + 1);
	return doc;
}

static const char *member(const json_t *doc, const char *a, const char *b)
{
	const json_t *value = json_object_get(doc, a);

	return json_string_value(b ? json_object_get(value, b) : value);
}

/* ---------------------------------------------------------------- framing */

static void test_split_bytes(void **state)
{
	static const char text[] =
		"{\"method\":\"io.test.A\",\"parameters\":{\"x\":\"\\u00e4\"},\"more\":true}";
	struct varlink_conn conn;
	struct varlink_call call = {0};
	struct err err = ERR_INIT;

	(void)state;
	varlink_conn_init(&conn);
	for (size_t i = 0; i < sizeof(text); i++) {
		next_is_none(&conn);
		assert_int_equal(varlink_conn_feed(&conn, text + i, 1, NULL, 0), 0);
	}
	assert_int_equal(varlink_conn_next(&conn, &call, &err), 1);
	assert_string_equal(call.method, "io.test.A");
	assert_string_equal(json_string_value(json_object_get(call.parameters, "x")),
			    "\xc3\xa4");
	assert_true(call.more && !call.oneway && !call.upgrade);
	varlink_call_fini(&call);
	next_is_none(&conn);
	varlink_conn_fini(&conn);
}

/* Two messages in every split into two reads, and both in one. */
static void test_several_in_one_read(void **state)
{
	static const char text[] = "{\"method\":\"io.test.A\"}\0{\"method\":\"io.test.B\"}";

	(void)state;
	for (size_t cut = 0; cut <= sizeof(text); cut++) {
		struct varlink_conn conn;
		size_t taken = 0;

		varlink_conn_init(&conn);
		assert_int_equal(varlink_conn_feed(&conn, text, cut, NULL, 0), 0);
		for (int round = 0; round < 2; round++) {
			struct varlink_call call = {0};
			struct err err = ERR_INIT;

			while (varlink_conn_next(&conn, &call, &err) == 1) {
				assert_string_equal(call.method,
						    taken++ ? "io.test.B" : "io.test.A");
				varlink_call_fini(&call);
			}
			if (round == 0)
				assert_int_equal(varlink_conn_feed(&conn, text + cut,
								   sizeof(text) - cut, NULL, 0),
						 0);
		}
		assert_int_equal(taken, 2);
		varlink_conn_fini(&conn);
	}
}

static void test_not_taken_at_once(void **state)
{
	struct varlink_conn conn;

	(void)state;
	varlink_conn_init(&conn);
	assert_int_equal(feed(&conn, "{\"method\":\"io.test.A\"}"), 0);
	assert_int_equal(feed(&conn, "{\"method\":\"io.test.B\"}"), 0);
	next_is(&conn, "io.test.A");
	assert_int_equal(feed(&conn, "{\"method\":\"io.test.C\"}"), 0);
	next_is(&conn, "io.test.B");
	next_is(&conn, "io.test.C");
	next_is_none(&conn);
	varlink_conn_fini(&conn);
}

static void test_not_a_call(void **state)
{
	static const char *const texts[] = {
		"",
		"x",
		"[]",
		"\"io.test.A\"",
		"{}",
		"{\"method\":1}",
		"{\"method\":\"A\"}",
		"{\"method\":\".A\"}",
		"{\"method\":\"io.test.\"}",
		"{\"method\":\"io.test.A\",\"parameters\":[]}",
		"{\"method\":\"io.test.A\",\"parameters\":\"x\"}",
		"{\"method\":\"io.test.A\",\"more\":1}",
		"{\"method\":\"io.test.A\",\"more\":true,\"oneway\":true}",
		"{\"method\":\"io.test.A\",\"extra\":1}",
		"{\"method\":\"io.test.A\"} x",
		"{\"method\":\"io.test.A\"}{\"method\":\"io.test.B\"}",
		"{\"method\":\"io.test.A\",\"method\":\"io.test.B\"}",
		"{\"method\":\"io.test.A\",\"parameters\":{\"a\":1,\"a\":2}}",
		"{\"method\":\"io.test.A\",\"parameters\":{\"a\":\"\\u0000\"}}",
		"{\"method\":\"io.test.A\",\"parameters\":{\"a\":\"\xff\"}}",
		"{\"method\":\"io.test.A\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		refused(texts[i]);
}

static void test_deep_json(void **state)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;

	(void)state;
	buf_str(&text, "{\"method\":\"io.test.A\",\"parameters\":{\"a\":");
	for (int i = 0; i < 100000; i++)
		buf_str(&text, "[");
	refused(buf_cstr(&text));
}

static void test_oversize(void **state)
{
	struct varlink_conn conn;
	struct varlink_call call = {0};
	struct err err = ERR_INIT;
	char *chunk = mem_alloc(65536);
	size_t fed = 0;
	int rc = 0;

	(void)state;
	memset(chunk, ' ', 65536);
	varlink_conn_init(&conn);
	while (rc == 0 && fed < 4 * (size_t)VARLINK_MESSAGE_MAX) {
		rc = varlink_conn_feed(&conn, chunk, 65536, NULL, 0);
		fed += 65536;
		next_is_none(&conn);
	}
	assert_int_equal(rc, -E2BIG);
	assert_true(fed <= (size_t)VARLINK_MESSAGE_MAX + 65536);
	varlink_conn_fini(&conn);

	/* with its end in the very read that passes the limit, it is no call either */
	varlink_conn_init(&conn);
	for (fed = 0; fed < VARLINK_MESSAGE_MAX; fed += 65536)
		assert_int_equal(varlink_conn_feed(&conn, chunk, 65536, NULL, 0), 0);
	rc = varlink_conn_feed(&conn, " \0", 2, NULL, 0);
	assert_true(rc == -E2BIG || varlink_conn_next(&conn, &call, &err) == -EPROTO);
	varlink_conn_fini(&conn);

	/* whole messages that nobody takes do not pile up for ever */
	varlink_conn_init(&conn);
	chunk[65535] = '\0';
	for (fed = 0, rc = 0; rc == 0 && fed < 64 * (size_t)VARLINK_MESSAGE_MAX; fed += 65536)
		rc = varlink_conn_feed(&conn, chunk, 65536, NULL, 0);
	assert_int_equal(rc, -E2BIG);
	varlink_conn_fini(&conn);
	free(chunk);
}

/* The largest message there may be is taken. */
static void test_largest(void **state)
{
	static const char head[] = "{\"method\":\"io.test.A\"}";
	char *text = mem_alloc(VARLINK_MESSAGE_MAX + 1);
	struct varlink_conn conn;

	(void)state;
	memset(text, ' ', VARLINK_MESSAGE_MAX);
	memcpy(text, head, sizeof(head) - 1);
	varlink_conn_init(&conn);
	assert_int_equal(varlink_conn_feed(&conn, text, VARLINK_MESSAGE_MAX + 1, NULL, 0), 0);
	next_is(&conn, "io.test.A");
	varlink_conn_fini(&conn);
	free(text);
}

/* ------------------------------------------------------------ descriptors */

static void test_fds(void **state)
{
	struct varlink_conn conn;
	int fds[2] = {dup(0), dup(0)};
	int got;

	(void)state;
	varlink_conn_init(&conn);
	assert_int_equal(varlink_conn_feed(&conn, "{\"method\":\"io.test.A\"}", 23, fds, 2), 0);
	next_is(&conn, "io.test.A");
	assert_int_equal(varlink_conn_take_fd(&conn, -1), -EBADF);
	assert_int_equal(varlink_conn_take_fd(&conn, 2), -EBADF);
	assert_int_equal(varlink_conn_take_fd(&conn, INT64_MAX), -EBADF);
	got = varlink_conn_take_fd(&conn, 1);
	assert_int_equal(got, fds[1]);
	assert_int_equal(varlink_conn_take_fd(&conn, 1), -EBADF);
	varlink_conn_drop_fds(&conn);
	assert_false(fd_is_open(fds[0]));
	assert_true(fd_is_open(fds[1]));
	assert_int_equal(varlink_conn_take_fd(&conn, 0), -EBADF);
	close(got);
	varlink_conn_fini(&conn);
}

/* Of two calls in one read the descriptor is the second's: the first can neither take nor close it. */
static void test_fds_of_second(void **state)
{
	static const char text[] = "{\"method\":\"io.test.A\"}\0{\"method\":\"io.test.B\"}";

	(void)state;
	for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
		struct varlink_conn conn;
		int fd = dup(0);

		varlink_conn_init(&conn);
		assert_int_equal(varlink_conn_feed(&conn, text, cut, NULL, 0), 0);
		assert_int_equal(
			varlink_conn_feed(&conn, text + cut, sizeof(text) - cut, &fd, 1), 0);
		next_is(&conn, "io.test.A");
		assert_int_equal(varlink_conn_take_fd(&conn, 0), -EBADF);
		varlink_conn_drop_fds(&conn);
		assert_true(fd_is_open(fd));
		next_is(&conn, "io.test.B");
		assert_int_equal(varlink_conn_take_fd(&conn, 0), fd);
		close(fd);
		varlink_conn_fini(&conn);
	}
}

/* One of the first's may not reach the second. */
static void test_fds_not_inherited(void **state)
{
	struct varlink_conn conn;
	int fd = dup(0);

	(void)state;
	varlink_conn_init(&conn);
	assert_int_equal(varlink_conn_feed(&conn, "{\"method\":\"io.test.A\"}", 23, &fd, 1), 0);
	next_is(&conn, "io.test.A");
	assert_int_equal(feed(&conn, "{\"method\":\"io.test.B\"}"), 0);
	next_is(&conn, "io.test.B");
	assert_int_equal(varlink_conn_take_fd(&conn, 0), -EBADF);
	assert_false(fd_is_open(fd));
	varlink_conn_fini(&conn);
}

static void test_fds_limit(void **state)
{
	struct varlink_conn conn;
	int fds[VARLINK_FDS_PENDING_MAX];
	int more = dup(0);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
		fds[i] = dup(0);
	varlink_conn_init(&conn);
	assert_int_equal(varlink_conn_feed(&conn, "{", 1, fds, ARRAY_COUNT(fds)), 0);
	assert_int_equal(varlink_conn_feed(&conn, "}", 1, &more, 1), -E2BIG);
	assert_false(fd_is_open(more));
	assert_true(fd_is_open(fds[0]));
	varlink_conn_fini(&conn);
	for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
		assert_false(fd_is_open(fds[i]));
}

static void test_reply_fds(void **state)
{
	struct varlink_conn conn;
	int last = -1;

	(void)state;
	varlink_conn_init(&conn);
	for (int i = 0; i < VARLINK_FDS_PENDING_MAX; i++) {
		last = dup(0);
		assert_int_equal(varlink_reply_fd(&conn, last), i);
	}
	assert_true(fd_is_open(last));
	assert_int_equal(varlink_reply_fd(&conn, dup(0)), -E2BIG);
	varlink_conn_fini(&conn);
	assert_false(fd_is_open(last));
}

/* ---------------------------------------------------------------- replies */

static void test_replies(void **state)
{
	struct varlink_conn conn;
	json_t *parameters = json_pack("{s:i}", "x", 1), *doc;
	struct err err = ERR_INIT;

	(void)state;
	varlink_conn_init(&conn);
	assert_int_equal(varlink_reply(&conn, parameters, true), 0);
	assert_int_equal(varlink_reply(&conn, NULL, false), 0);
	err_set(&err, ERR_TAKEN, EEXIST, "red/web", "there is one of that name");
	assert_int_equal(varlink_reply_err(&conn, &err), 0);
	assert_int_equal(varlink_reply_no_method(&conn, "io.test.X"), 0);
	assert_int_equal((int)parameters->refcount, 1);
	json_decref(parameters);

	doc = out_pop(&conn);
	assert_true(json_is_true(json_object_get(doc, "continues")));
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(doc, "parameters"), "x")),
		1);
	json_decref(doc);
	doc = out_pop(&conn);
	assert_null(json_object_get(doc, "continues"));
	assert_int_equal(json_object_size(json_object_get(doc, "parameters")), 0);
	json_decref(doc);
	doc = out_pop(&conn);
	assert_string_equal(member(doc, "error", NULL), "io.moat.NameTaken");
	assert_string_equal(member(doc, "parameters", "object"), "red/web");
	assert_string_equal(member(doc, "parameters", "message"), "there is one of that name");
	json_decref(doc);
	doc = out_pop(&conn);
	assert_string_equal(member(doc, "error", NULL), "org.varlink.service.MethodNotFound");
	assert_string_equal(member(doc, "parameters", "method"), "io.test.X");
	json_decref(doc);
	assert_int_equal(conn.out.size, 0);
	varlink_conn_fini(&conn);
}

/* A client that does not read: a named limit, and never half a message. */
static void test_output_limit(void **state)
{
	struct varlink_conn conn;
	char *text = mem_alloc(1 << 20);
	json_t *parameters;
	int rc = 0, count = 0;

	(void)state;
	memset(text, 'x', (1 << 20) - 1);
	parameters = json_pack("{s:s}", "x", text);
	varlink_conn_init(&conn);
	while (rc == 0 && count < 100) {
		rc = varlink_reply(&conn, parameters, true);
		count++;
	}
	assert_int_equal(rc, -E2BIG);
	assert_int_equal(count, 32);
	assert_true(conn.out.size <= VARLINK_OUTPUT_MAX);
	assert_int_equal(conn.out.data[conn.out.size - 1], 0);
	json_decref(parameters);
	free(text);
	varlink_conn_fini(&conn);
}

/* ---------------------------------------------------------------- service */

static json_t *ask(const char *text, int outcome)
{
	struct varlink_conn conn;
	struct varlink_call call = {0};
	struct err err = ERR_INIT;
	json_t *doc = NULL;

	varlink_conn_init(&conn);
	assert_int_equal(feed(&conn, text), 0);
	assert_int_equal(varlink_conn_next(&conn, &call, &err), 1);
	assert_int_equal(varlink_service_handle(&service, &conn, &call), outcome);
	varlink_call_fini(&call);
	if (conn.out.size > 0)
		doc = out_pop(&conn);
	assert_int_equal(conn.out.size, 0);
	varlink_conn_fini(&conn);
	return doc;
}

static void asked_error(const char *text, const char *error, const char *key, const char *value)
{
	json_t *doc = ask(text, 1);

	assert_non_null(doc);
	assert_string_equal(member(doc, "error", NULL), error);
	assert_string_equal(member(doc, "parameters", key), value);
	json_decref(doc);
}

static void test_service(void **state)
{
	json_t *doc, *interfaces;

	(void)state;
	doc = ask("{\"method\":\"org.varlink.service.GetInfo\"}", 1);
	assert_string_equal(member(doc, "parameters", "vendor"), "vendor");
	interfaces = json_object_get(json_object_get(doc, "parameters"), "interfaces");
	assert_int_equal(json_array_size(interfaces), 2);
	assert_string_equal(json_string_value(json_array_get(interfaces, 1)), "io.test");
	json_decref(doc);

	doc = ask("{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{"
		  "\"interface\":\"io.test\"}}",
		  1);
	assert_string_equal(member(doc, "parameters", "description"), service.description);
	json_decref(doc);
	doc = ask("{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		  "\"parameters\":{\"interface\":\"org.varlink.service\"}}",
		  1);
	assert_non_null(strstr(member(doc, "parameters", "description"), "method GetInfo()"));
	json_decref(doc);

	asked_error("{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		    "\"parameters\":{\"interface\":\"x.y\"}}",
		    "org.varlink.service.InterfaceNotFound", "interface", "x.y");
	asked_error("{\"method\":\"org.varlink.service.GetInterfaceDescription\"}",
		    "org.varlink.service.InvalidParameter", "parameter", "interface");
	asked_error("{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{\"x\":1}}",
		    "org.varlink.service.InvalidParameter", "parameter", "x");
	asked_error("{\"method\":\"org.varlink.service.Nothing\"}",
		    "org.varlink.service.MethodNotFound", "method",
		    "org.varlink.service.Nothing");
	asked_error("{\"method\":\"io.other.A\"}", "org.varlink.service.InterfaceNotFound",
		    "interface", "io.other");
	asked_error("{\"method\":\"io.test.sub.A\"}", "org.varlink.service.InterfaceNotFound",
		    "interface", "io.test.sub");
	assert_null(ask("{\"method\":\"io.test.A\"}", 0));
	assert_null(ask("{\"method\":\"org.varlink.service.GetInfo\",\"oneway\":true}", 1));
}

/* ----------------------------------------------------------------- client */

/* One connection served by a thread: canned bytes in pieces, with a descriptor if asked for. */
struct peer {
	int listener;
	char path[64];
	const char *reply;
	size_t size, piece;
	bool with_fd;
	char request[512];
	pthread_t thread;
};

static void *peer_run(void *arg)
{
	struct peer *peer = arg;
	int sock = accept(peer->listener, NULL, NULL);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ssize_t n = recv(sock, peer->request, sizeof(peer->request) - 1, 0);

	for (size_t i = 0; n > 0 && i < peer->size; i += peer->piece) {
		size_t size = peer->size - i < peer->piece ? peer->size - i : peer->piece;

		if (fd_send(sock, peer->reply + i, size, &fd, peer->with_fd && i == 0) < 0)
			break;
	}
	close(fd);
	close(sock);
	return NULL;
}

static void peer_start(struct peer *peer, const char *reply, size_t size, size_t piece)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char folder[] = "/tmp/moat-varlink-XXXXXX";

	assert_non_null(mkdtemp(folder));
	snprintf(peer->path, sizeof(peer->path), "%s/s", folder);
	memcpy(address.sun_path, peer->path, strlen(peer->path) + 1);
	peer->reply = reply;
	peer->size = size;
	peer->piece = piece;
	peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(peer->listener, 1), 0);
	assert_int_equal(pthread_create(&peer->thread, NULL, peer_run, peer), 0);
}

static void peer_stop(struct peer *peer)
{
	pthread_join(peer->thread, NULL);
	close(peer->listener);
	unlink(peer->path);
	*strrchr(peer->path, '/') = '\0';
	rmdir(peer->path);
}

static int call_once(const char *reply, size_t size, size_t piece, json_t **ret_reply,
		     struct err *err)
{
	struct peer peer = {0};
	struct varlink_client *client = NULL;
	int rc;

	peer_start(&peer, reply, size, piece);
	assert_int_equal(varlink_connect(peer.path, &client, err), 0);
	rc = varlink_call(client, "io.test.A", json_pack("{s:i}", "x", 7), NULL, 0, ret_reply,
			  NULL, NULL, err);
	varlink_close(client);
	peer_stop(&peer);
	assert_string_equal(peer.request,
			    "{\"method\":\"io.test.A\",\"parameters\":{\"x\":7}}");
	return rc;
}

static void test_client_call(void **state)
{
	static const char text[] = "{\"parameters\":{\"y\":\"z\"}}";

	(void)state;
	for (size_t piece = 1; piece <= sizeof(text); piece += 5) {
		struct err err = ERR_INIT;
		json_t *reply = NULL;

		assert_int_equal(call_once(text, sizeof(text), piece, &reply, &err), 0);
		assert_string_equal(member(reply, "y", NULL), "z");
		json_decref(reply);
	}
}

static void test_client_errors(void **state)
{
	static const struct {
		const char *reply;
		enum err_kind kind;
		const char *object, *part;
	} rows[] = {
		{"{\"error\":\"io.moat.NoSuchObject\",\"parameters\":{\"message\":\"gone\","
		 "\"object\":\"red\"}}",
		 ERR_NOTFOUND, "red", "gone"},
		{"{\"error\":\"io.moat.PortTaken\"}", ERR_PORTTAKEN, "", "no reason"},
		{"{\"error\":\"io.moat.Internal\",\"parameters\":{\"message\":\"m\"}}",
		 ERR_INTERNAL, "", "m"},
		{"{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":"
		 "\"io.test.A\"}}",
		 ERR_UNSUPPORTED, "io.test.A", "MethodNotFound"},
		{"{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{"
		 "\"parameter\":\"x\"}}",
		 ERR_USAGE, "x", "invalid"},
		{"{\"error\":\"io.other.Odd\",\"parameters\":{}}", ERR_INTERNAL, "",
		 "io.other.Odd"},
		{"{\"error\":1}", ERR_INTERNAL, NULL, "no varlink reply"},
		{"[]", ERR_INTERNAL, NULL, "no varlink reply"},
		{"{\"parameters\":[]}", ERR_INTERNAL, NULL, "no varlink reply"},
		{"{\"parameters\":{},\"continues\":true}", ERR_INTERNAL, "io.test.A",
		 "streams"},
		{"x", ERR_INTERNAL, NULL, "no JSON"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct err err = ERR_INIT;
		json_t *reply = NULL;

		assert_true(call_once(rows[i].reply, strlen(rows[i].reply) + 1, 4096, &reply,
				      &err) < 0);
		assert_null(reply);
		assert_int_equal(err.kind, rows[i].kind);
		if (rows[i].object)
			assert_string_equal(err.object, rows[i].object);
		if (!strstr(err.msg, rows[i].part))
			fail_msg("\"%s\" is not in \"%s\"", rows[i].part, err.msg);
	}
}

static void test_client_lost(void **state)
{
	struct varlink_client *client = NULL;
	struct err err = ERR_INIT;
	json_t *reply = NULL;
	char path[200];

	(void)state;
	assert_true(call_once("{\"para", 6, 4096, &reply, &err) < 0);
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	assert_null(reply);

	assert_true(varlink_connect("/nonexistent/moatd.sock", &client, &err) < 0);
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	assert_string_equal(err.object, "/nonexistent/moatd.sock");
	assert_null(client);

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_true(varlink_connect(path, &client, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
}

static void test_client_fds(void **state)
{
	static const char text[] = "{\"parameters\":{\"netnsFd\":0}}";
	struct peer peer = {.with_fd = true};
	struct varlink_client *client = NULL;
	struct err err = ERR_INIT;
	int fds[FDIO_FDS_MAX];
	size_t count = 0;
	struct stat a, b;

	(void)state;
	peer_start(&peer, text, sizeof(text), 4096);
	assert_int_equal(varlink_connect(peer.path, &client, &err), 0);
	assert_true(varlink_client_fd(client) >= 0);
	assert_int_equal(
		varlink_call(client, "io.test.A", NULL, NULL, 0, NULL, fds, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(fstat(fds[0], &a), 0);
	assert_int_equal(stat("/dev/null", &b), 0);
	assert_int_equal(a.st_rdev, b.st_rdev);
	assert_int_equal(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fds[0]);
	varlink_close(client);
	peer_stop(&peer);
}

static int each(void *ctx, const json_t *reply)
{
	int *sum = ctx;

	*sum = *sum * 10 + (int)json_integer_value(json_object_get(reply, "n"));
	return *sum >= 123 ? 9 : 0;
}

static void stream_once(const char *text, size_t size, int outcome, int sum_wanted,
			enum err_kind kind)
{
	struct peer peer = {0};
	struct varlink_client *client = NULL;
	struct err err = ERR_INIT;
	int sum = 0, rc;

	peer_start(&peer, text, size, 7);
	assert_int_equal(varlink_connect(peer.path, &client, &err), 0);
	rc = varlink_stream(client, "io.test.Events", NULL, each, &sum, &err);
	assert_int_equal(rc < 0 ? -1 : rc, outcome);
	assert_int_equal(sum, sum_wanted);
	assert_int_equal(err.kind, kind);
	varlink_close(client);
	peer_stop(&peer);
	assert_non_null(strstr(peer.request, "\"more\":true"));
}

static void test_client_stream(void **state)
{
	static const char two[] =
		"{\"parameters\":{\"n\":1},\"continues\":true}\0{\"parameters\":{\"n\":2}}";
	static const char four[] =
		"{\"parameters\":{\"n\":1},\"continues\":true}\0{\"parameters\":{\"n\":2},"
		"\"continues\":true}\0"
		"{\"parameters\":{\"n\":3},\"continues\":true}\0{\"parameters\":{\"n\":4}}";
	static const char cut[] = "{\"parameters\":{\"n\":1},\"continues\":true}\0{\"par";

	(void)state;
	stream_once(two, sizeof(two), 0, 12, ERR_NONE);
	stream_once(four, sizeof(four), 9, 123, ERR_NONE);
	stream_once(cut, sizeof(cut) - 1, -1, 1, ERR_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_bytes),
		cmocka_unit_test(test_several_in_one_read),
		cmocka_unit_test(test_not_taken_at_once),
		cmocka_unit_test(test_not_a_call),
		cmocka_unit_test(test_deep_json),
		cmocka_unit_test(test_oversize),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_fds),
		cmocka_unit_test(test_fds_of_second),
		cmocka_unit_test(test_fds_not_inherited),
		cmocka_unit_test(test_fds_limit),
		cmocka_unit_test(test_reply_fds),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_output_limit),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_client_call),
		cmocka_unit_test(test_client_errors),
		cmocka_unit_test(test_client_lost),
		cmocka_unit_test(test_client_fds),
		cmocka_unit_test(test_client_stream),
	};

	return cmocka_run_group_tests_name("varlink", tests, NULL, NULL);
}
