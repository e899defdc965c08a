/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of runner/security and the texts of runner/landlock: options, defaults, what is refused. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/capability.h>

#include "lib/base/mem.h"
#include "runner/filter/filter.h"
#include "runner/process/landlock.h"
#include "runner/spec/security.h"

#define GROUP(name) (UINT32_C(1) << FILTER_##name)

static void defaults_are_closed(void **state)
{
	static struct spec_volume written = {"/a", "/b", false}, read = {"/a", "/b", true};
	struct spec spec = {0};

	(void)state;
	assert_int_equal(security_refused(&spec), ((UINT32_C(1) << FILTER_GROUPS) - 1) & ~GROUP(SETID));
	spec.caps = UINT64_C(1) << CAP_NET_RAW;
	assert_false(security_refused(&spec) & GROUP(PACKET));
	assert_true(security_refused(&spec) & GROUP(NETFILTER));
	spec.volumes = &read;
	spec.volume_count = 1;
	assert_false(security_refused(&spec) & GROUP(SETID));
	spec.volumes = &written;
	assert_true(security_refused(&spec) & GROUP(SETID));
	assert_true(security_seals(&spec));
	assert_int_equal(security_scopes(&spec, true), LANDLOCK_SCOPES_ABSTRACT | LANDLOCK_SCOPES_SIGNAL);
	assert_int_equal(security_scopes(&spec, false), 0);
	spec.net = SPEC_NET_HOST;
	assert_int_equal(security_scopes(&spec, false), LANDLOCK_SCOPES_ABSTRACT);
	spec.pid = SPEC_NS_JOIN;
	assert_int_equal(security_scopes(&spec, true), 0);
}

static void options_are_taken(void **state)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct spec spec = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(security_option_take("allow=bpf,io_uring", &spec, arena, &err), 0);
	assert_int_equal(spec.security.allow, GROUP(BPF) | GROUP(IO_URING));
	assert_true(security_seals(&spec));
	assert_int_equal(security_option_take("allow=namespaces", &spec, arena, &err), 0);
	assert_false(security_seals(&spec));
	assert_false(security_refused(&spec) & (GROUP(BPF) | GROUP(NAMESPACES)));
	assert_int_equal(security_option_take("seccomp=unconfined", &spec, arena, &err), 0);
	assert_int_equal(security_refused(&spec), 0);
	assert_int_equal(security_option_take("seccomp:default", &spec, arena, &err), 0);
	assert_int_not_equal(security_refused(&spec), 0);
	assert_int_equal(security_option_take("mask=/a:/b", &spec, arena, &err), 0);
	assert_int_equal(security_option_take("mask=/c", &spec, arena, &err), 0);
	assert_string_equal(spec.security.mask[2], "/c");
	assert_null(spec.security.mask[3]);
	assert_int_equal(security_option_take("unmask=/proc/keys", &spec, arena, &err), 0);
	assert_true(security_unmasked(&spec, "/proc/keys"));
	assert_false(security_unmasked(&spec, "/proc/kcore"));
	assert_int_equal(security_option_take("unmask=ALL", &spec, arena, &err), 0);
	assert_true(security_unmasked(&spec, "/proc/kcore"));
}

static void others_are_refused(void **state)
{
	static const char *const bad[] = {"", "allow", "allow=", "allow=bpf,", "allow=BPF", "mask=x", "mask=ALL", "unmask=/a:b",
					  "no-new-privileges=maybe", "seccomp", "seccomp=/x", "systempaths=x", "x=y"};
	static const char *const absent[] = {"no-new-privileges=false", "label=type:t", "apparmor=p"};
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct spec spec = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct err err = ERR_INIT;

		assert_true(security_option_take(bad[i], &spec, arena, &err) < 0);
		assert_string_not_equal(err.msg, "");
	}
	for (size_t i = 0; i < ARRAY_COUNT(absent); i++)
		assert_int_equal(security_option_take(absent[i], &spec, arena, NULL), -ENOTSUP);
}

static void landlock_rules_parse(void **state)
{
	static const char *const good[] = {"ro=/", "rw=/a b,ro=/c", "connect=0,bind=65535", NULL};
	static const char *const bad[] = {"", "ro", "ro=", "ro=a", "rw=/a,", "connect=", "connect=65536", "bind=-1", "x=/a"};

	(void)state;
	assert_int_equal(landlock_check(good, NULL), 0);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		const char *const one[] = {bad[i], NULL};

		assert_int_equal(landlock_check(one, NULL), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_closed),
		cmocka_unit_test(options_are_taken),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(landlock_rules_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
