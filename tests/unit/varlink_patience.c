/* SPDX-License-Identifier: GPL-2.0-or-later */
/* varlink_patience - how long a client waits for a service that takes nobody, or takes its time. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/varlink/varlink.h"

static unsigned noted;
static void note(void) { noted++; }

/* A service that takes nobody; one that has read, and works; by turns with the request that nobody reads. */
static void test_client_patience(void **state)
{
	static const struct {
		bool reads;
		struct varlink_patience patience;
		unsigned notes;
		const char *part;
	} rows[] = {
		{false, {.unread_ms = 50, .note_ms = 10, .note = note}, 1, "has taken no request"},
		{false, {.unread_ms = 50}, 0, "has taken no request"},
		{false, {.answer_ms = 50, .unread_ms = 60000}, 0, "has not answered"},
		{true, {.unread_ms = 10, .note_ms = 10, .note = note, .answer_ms = 100}, 0, "has not answered"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		struct varlink_client *client = NULL;
		int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), sock = -1;
		char folder[] = "/tmp/moat-varlink-XXXXXX", request[256];
		struct err err = ERR_INIT;

		noted = 0;
		assert_non_null(mkdtemp(folder));
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
		assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
		assert_int_equal(listen(listener, 1), 0);
		assert_int_equal(varlink_connect(address.sun_path, &client, &err), 0);
		varlink_patience_set(client, &rows[i].patience);
		assert_int_equal(varlink_call_begin(client, "io.test.A", NULL, NULL, 0, &err), 0);
		if (rows[i].reads) {
			sock = accept(listener, NULL, NULL);
			assert_true(recv(sock, request, sizeof(request), 0) > 0);
		}
		assert_true(varlink_call_end(client, NULL, &err) < 0);
		assert_int_equal(err.kind, ERR_UNAVAILABLE);
		assert_int_equal(err.no, ETIMEDOUT);
		assert_non_null(strstr(err.msg, rows[i].part));
		assert_int_equal(noted, rows[i].notes);
		varlink_close(client);
		fd_close(sock);
		close(listener);
		unlink(address.sun_path);
		rmdir(folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_patience),
	};

	return cmocka_run_group_tests_name("varlink_patience", tests, NULL, NULL);
}
