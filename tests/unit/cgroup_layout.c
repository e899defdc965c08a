// SPDX-License-Identifier: GPL-2.0-or-later
/* cgroup_layout - the three arrangements of cgroups, and what is none of them. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "runner/cgroup/cgroup.h"
#include "runner/cgroup/layout.h"

static const char hybrid_cgroups[] =
	"9:name=systemd:/\n8:pids:/\n4:memory:/session/a:b\n2:cpuacct,cpu:/x\n"
	"3:unknown:/\n0::/\n";
static const char hybrid_mounts[] =
	"23 1 0:5 / / rw shared:1 - ext4 /dev/vda rw\n"
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup "
	"rw,cpu,cpuacct\n"
	"35 31 0:32 / /sys/fs/cgroup/my\\040memory rw,relatime - cgroup cgroup rw,memory\n"
	"39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
	"40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static struct cgroup_layout parsed(const char *cgroups, const char *mounts, struct arena *arena)
{
	struct cgroup_layout layout;
	struct err err = ERR_INIT;

	assert_int_equal(cgroup_layout_parse(cgroups, mounts, NULL, arena, &layout, &err), 0);
	return layout;
}

static void hybrid(void **state)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct cgroup_layout layout = parsed(hybrid_cgroups, hybrid_mounts, arena);

	(void)state;
	assert_int_equal(layout.mode, CGROUP_MODE_HYBRID);
	assert_int_equal(layout.count, 6);
	assert_string_equal(layout.items[0].name, "systemd");
	assert_string_equal(cgroup_layout_find(&layout, CGROUP_MEMORY)->mount,
			    "/sys/fs/cgroup/my memory");
	assert_string_equal(cgroup_layout_find(&layout, CGROUP_MEMORY)->own, "/session/a:b");
	assert_ptr_equal(cgroup_layout_find(&layout, CGROUP_CPU),
			 cgroup_layout_find(&layout, CGROUP_CPUACCT));
	assert_null(cgroup_layout_find(&layout, CGROUP_DEVICES));
	assert_string_equal(cgroup_layout_unified(&layout)->mount, "/sys/fs/cgroup/unified");
	assert_string_equal(cgroup_layout_unified(&layout)->own, "/");
}

static void v2_alone(void **state)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct cgroup_layout layout = parsed(
		"0::/user.slice/x.scope\n",
		"30 23 0:26 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
		arena);

	(void)state;
	assert_int_equal(layout.mode, CGROUP_MODE_V2);
	assert_string_equal(layout.items[0].own, "/user.slice/x.scope");
}

/* A part of a hierarchy bound to another place, as in a container without a cgroup namespace */
static void part_of_a_hierarchy(void **state)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct cgroup_layout layout =
		parsed("0::/docker/abc/x\n",
		       "30 23 0:26 /docker/abc /cg rw - cgroup2 cgroup2 rw\n", arena);

	(void)state;
	assert_string_equal(layout.items[0].own, "/x");
	layout = parsed("0::/docker/abcd\n",
			"30 23 0:26 /docker/abc /cg rw - cgroup2 cgroup2 rw\n", arena);
	assert_null(layout.items[0].own);
	assert_string_equal(layout.items[0].mount, "/cg");
	layout = parsed("0::/docker/abc\n", "30 23 0:26 /docker/abc /cg rw - cgroup2 none rw\n",
			arena);
	assert_string_equal(layout.items[0].own, "/");
}

static void nothing_mounted(void **state)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct cgroup_layout layout = parsed(hybrid_cgroups, "", arena);

	(void)state;
	assert_int_equal(layout.mode, CGROUP_MODE_NONE);
	assert_null(layout.items[0].mount);
	assert_null(layout.items[0].own);
	assert_int_equal(parsed("4:memory:/\n0::/\n", hybrid_mounts, arena).mode,
			 CGROUP_MODE_HYBRID);
	assert_int_equal(parsed("4:memory:/\n", hybrid_mounts, arena).mode, CGROUP_MODE_V1);
}

static bool covered(const char *point, unsigned int major, unsigned int minor)
{
	(void)point;
	return !(major == 0 && minor == 32);
}

/* A mount that lies below another one is listed, too, and is not there */
static void one_that_is_covered(void **state)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct cgroup_layout layout;
	struct err err = ERR_INIT;
	cleanup(mem_freep) char *mounts = mem_printf(
		"%s45 31 0:77 / /elsewhere rw - cgroup cgroup rw,memory\n", hybrid_mounts);

	(void)state;
	assert_int_equal(
		cgroup_layout_parse(hybrid_cgroups, mounts, covered, arena, &layout, &err), 0);
	assert_string_equal(cgroup_layout_find(&layout, CGROUP_MEMORY)->mount, "/elsewhere");
}

static void not_understood(void **state)
{
	static const char *const bad[] = {"x\n", "1:memory\n", "a:memory:/\n", "1:memory:rel\n",
					  ":\n", "-1::/\n"};
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct cgroup_layout layout;
	struct err err = ERR_INIT;
	char many[40 * 9 + 1] = "";

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(cgroup_layout_parse(bad[i], "", NULL, arena, &layout, &err),
				 -EINVAL);
	for (size_t i = 0; i < 40; i++)
		strcat(many, "1:pids:/\n");
	assert_int_equal(cgroup_layout_parse(many, "", NULL, arena, &layout, &err), -E2BIG);
}

static void names_and_bits(void **state)
{
	(void)state;
	assert_int_equal(cgroup_controllers_parse("cpuset cpu io memory pids rdma misc dmem\n"),
			 CGROUP_BIT(CGROUP_CPUSET) | CGROUP_BIT(CGROUP_CPU) |
				 CGROUP_BIT(CGROUP_IO) | CGROUP_BIT(CGROUP_MEMORY) |
				 CGROUP_BIT(CGROUP_PIDS) | CGROUP_BIT(CGROUP_RDMA) |
				 CGROUP_BIT(CGROUP_MISC));
	assert_int_equal(cgroup_controllers_parse(""), 0);
	assert_int_equal(cgroup_controller_find("blkio", 5, false), CGROUP_IO);
	assert_int_equal(cgroup_controller_find("blkio", 5, true), CGROUP_CONTROLLER_COUNT);
	assert_int_equal(cgroup_controller_find("io.max", 2, true), CGROUP_IO);
}

static void paths(void **state)
{
	static const char *const good[] = {"/a", "/moat/red.web", "/a/..b", "/a b/c",
					   "/machine.slice/x:y.scope"};
	static const char *const bad[] = {"",    "/",       "a",    "/a/",   "//a",  "/a//b",
					  "/..", "/a/../b", "/a/.", "/a\nb", "/a/.."};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++)
		assert_int_equal(cgroup_path_check(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(cgroup_path_check(bad[i], NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hybrid),
		cmocka_unit_test(v2_alone),
		cmocka_unit_test(part_of_a_hierarchy),
		cmocka_unit_test(nothing_mounted),
		cmocka_unit_test(one_that_is_covered),
		cmocka_unit_test(not_understood),
		cmocka_unit_test(names_and_bits),
		cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
