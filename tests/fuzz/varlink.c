/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target of the API's outermost decoder: the first byte cuts the stream into reads, then
 * feed, next, the standard's own interface, and decoding of parameters by a table with a row of
 * every kind. Descriptors come with every third read; none may be left open.
 */
#include <assert.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/varlink/varlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct all {
	const char *name;
	const char **ips;
	bool create;
	int guard;
	int64_t mtu, netns;
	const json_t *any, *array, *object;
};

static const struct json_field rows[] = {
	{"name", JSON_FIELD_STRING, offsetof(struct all, name), 0, 1, 16},
	{"ips", JSON_FIELD_STRV, offsetof(struct all, ips), 0, 0, 3},
	{"create", JSON_FIELD_BOOL, offsetof(struct all, create), 0, 0, 0},
	{"guard", JSON_FIELD_TRI, offsetof(struct all, guard), 0, 0, 0},
	{"mtu", JSON_FIELD_INT, offsetof(struct all, mtu), 0, 68, 65535},
	{"netnsFd", JSON_FIELD_INT, offsetof(struct all, netns), 0, 0, 0},
	{"any", JSON_FIELD_ANY, offsetof(struct all, any), 0, 0, 0},
	{"array", JSON_FIELD_ARRAY, offsetof(struct all, array), 0, 0, 4},
	{"object", JSON_FIELD_OBJECT, offsetof(struct all, object), 0, 0, 0},
	{0},
};

static const struct varlink_service service = {
	.vendor = "v",
	.product = "p",
	.version = "1",
	.url = "u",
	.interface = "io.moat",
	.description = "interface io.moat\n",
};

static void serve(struct varlink_conn *conn, const struct varlink_call *call)
{
	struct arena *arena = arena_new();
	struct all all = {.netns = -1};
	struct err err = ERR_INIT;

	if (varlink_service_handle(&service, conn, call) == 0) {
		if (json_decode(call->parameters, rows, 0, arena, &all, &err) < 0) {
			assert(err.kind != ERR_NONE && err.msg[0]);
			varlink_reply_err(conn, &err);
		} else {
			int fd = varlink_conn_take_fd(conn, all.netns);

			assert(all.guard >= -1 && all.guard <= 1 &&
			       (!all.name || strlen(all.name) <= 16));
			if (fd >= 0)
				close(fd);
			varlink_reply(conn, call->parameters, call->more);
		}
	}
	varlink_conn_drop_fds(conn);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before = dup(0), after;
	struct varlink_conn conn;
	size_t step;
	bool live = true;

	if (before >= 0)
		close(before);
	if (size == 0)
		return 0;
	step = (size_t)data[0] + 1;
	varlink_conn_init(&conn);
	for (size_t i = 1, read = 0; live && i < size; i += step, read++) {
		size_t part = size - i < step ? size - i : step;
		int fd = read % 3 == 2 ? dup(0) : -1;

		live = varlink_conn_feed(&conn, data + i, part, &fd, fd >= 0) == 0;
		while (live) {
			struct varlink_call call = {0};
			struct err err = ERR_INIT;
			int rc = varlink_conn_next(&conn, &call, &err);

			live = rc >= 0;
			if (rc <= 0)
				break;
			serve(&conn, &call);
			varlink_call_fini(&call);
		}
	}
	varlink_conn_fini(&conn);
	after = dup(0);
	assert(after == before);
	if (after >= 0)
		close(after);
	return 0;
}
