// SPDX-License-Identifier: GPL-2.0-or-later
/* oci_systemd - names of slices and scopes, from cgroupsPath. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "runner/oci/systemd.h"

static void is(const char *path, const char *wanted)
{
	struct err err = ERR_INIT;
	char *got = NULL;

	assert_int_equal(oci_systemd_path(path, "i+d", &got, &err), 0);
	assert_string_equal(got, wanted);
	free(got);
}

static void refused(const char *path)
{
	struct err err = ERR_INIT;
	char *got = NULL;

	assert_int_equal(oci_systemd_path(path, "id", &got, &err), -EINVAL);
	assert_null(got);
	assert_string_equal(err.object, "linux.cgroupsPath");
}

static void paths(void **state)
{
	(void)state;
	is(NULL, "/system.slice/moat-i\\x2bd.scope");
	is("", "/system.slice/moat-i\\x2bd.scope");
	is("machine.slice:libpod:abc", "/machine.slice/libpod-abc.scope");
	is("a-b-c.slice:p:n", "/a.slice/a-b.slice/a-b-c.slice/p-n.scope");
	is("-.slice:p:n", "/p-n.scope");
	is(":p:n", "/system.slice/p-n.scope");
	is("user.slice::n", "/user.slice/n.scope");
	is("a.slice:p:x/y z", "/a.slice/p-x\\x2fy\\x20z.scope");
}

static void none(void **state)
{
	char longest[300];

	(void)state;
	refused("/a/b");
	refused("a.slice:p");
	refused("a.slice:p:n:x");
	refused("a.slice:p:");
	refused("a:p:n");
	refused(".slice:p:n");
	refused("-a.slice:p:n");
	refused("a-.slice:p:n");
	refused("a--b.slice:p:n");
	refused("../a.slice:p:n");
	refused("a/b.slice:p:n");
	refused("a.slice::.hidden");
	refused("a.slice:..:n");
	memset(longest, 'n', sizeof(longest));
	memcpy(longest, "a.slice:p:", strlen("a.slice:p:"));
	longest[sizeof(longest) - 1] = '\0';
	refused(longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
