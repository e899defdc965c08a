// SPDX-License-Identifier: GPL-2.0-or-later
/* cgroup_writes - linux.resources to the files that make it so, on v1, v2 and both. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "runner/cgroup/writes.h"

#define ALL_V2                                                                                 \
	(CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUSET) | CGROUP_BIT(CGROUP_MEMORY) |      \
	 CGROUP_BIT(CGROUP_PIDS) | CGROUP_BIT(CGROUP_IO) | CGROUP_BIT(CGROUP_HUGETLB) |        \
	 CGROUP_BIT(CGROUP_RDMA))

static struct cgroup_hierarchy v1_items[] = {{.controllers = CGROUP_ALL, .mount = "/v1"}};
static struct cgroup_hierarchy v2_items[] = {
	{.controllers = ALL_V2, .unified = true, .mount = "/v2"}};
static struct cgroup_hierarchy hybrid_items[] = {
	{.controllers = CGROUP_BIT(CGROUP_MEMORY), .mount = "/memory"},
	{.controllers = CGROUP_BIT(CGROUP_HUGETLB), .unified = true, .mount = "/unified"},
};
static const struct cgroup_layout v1 = {CGROUP_MODE_V1, v1_items, 1};
static const struct cgroup_layout v2 = {CGROUP_MODE_V2, v2_items, 1};
static const struct cgroup_layout hybrid = {CGROUP_MODE_HYBRID, hybrid_items, 2};

/* The plan as text, "file=value" a line; or "-errno object: message" */
static char *plan(const struct cgroup_layout *layout, const char *text)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	struct cgroup_resources resources;
	struct cgroup_writes writes;
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	int rc;

	assert_int_equal(json_parse(text, strlen(text), 0, &doc, &err), 0);
	rc = cgroup_resources_decode(doc, arena, &resources, &err);
	if (rc == 0)
		rc = cgroup_writes_build(&resources, layout, arena, &writes, &err);
	if (rc < 0) {
		assert_true(*err.msg && *err.object);
		return mem_printf("%d %s", rc, err.object);
	}
	for (size_t i = 0; i < writes.count; i++)
		buf_printf(&out, "%s%s=%s%s\n", writes.items[i].unified ? "" : "v1 ",
			   writes.items[i].file, writes.items[i].value,
			   writes.items[i].optional ? " ?" : "");
	return out.data ? (char *)out.data : mem_strdup("");
}

#define check(layout, text, expected)                                                          \
	do {                                                                                   \
		cleanup(mem_freep) char *got = plan(layout, text);                             \
		assert_string_equal(got, expected);                                            \
	} while (0)

static void memory(void **state)
{
	(void)state;
	check(&v1, "{\"memory\":{\"limit\":1048576,\"swap\":2097152,\"reservation\":4096}}",
	      "v1 memory.limit_in_bytes=1048576\nv1 memory.memsw.limit_in_bytes=2097152\n"
	      "v1 memory.soft_limit_in_bytes=4096\n");
	check(&v2, "{\"memory\":{\"limit\":1048576,\"swap\":2097152,\"reservation\":4096}}",
	      "memory.swap.max=1048576\nmemory.max=1048576\nmemory.low=4096\n");
	check(&v2, "{\"memory\":{\"limit\":-1}}", "memory.swap.max=max ?\nmemory.max=max\n");
	check(&v1, "{\"memory\":{\"limit\":-1}}",
	      "v1 memory.limit_in_bytes=-1\nv1 memory.memsw.limit_in_bytes=-1 ?\n");
	check(&v2, "{\"memory\":{\"limit\":-1,\"useHierarchy\":true}}", "memory.swap.max=max ?\nmemory.max=max\n");
	check(&v2, "{\"memory\":{\"useHierarchy\":false}}", "-22 memory.useHierarchy");
	check(&v1, "{\"memory\":{\"swappiness\":60,\"disableOOMKiller\":true}}",
	      "v1 memory.swappiness=60\nv1 memory.oom_control=1\n");
	check(&v1, "{\"memory\":{\"limit\":4096,\"swap\":1}}", "-22 memory.swap");
	check(&v2, "{\"memory\":{\"swap\":4096}}", "-22 memory.swap");
	check(&v1, "{\"memory\":{\"swappiness\":201}}", "-22 memory.swappiness");
	check(&hybrid, "{\"memory\":{\"limit\":4096}}", "v1 memory.limit_in_bytes=4096\n");
	/* what callers write who mean nothing */
	check(&v2,
	      "{\"memory\":{\"limit\":0,\"swap\":0,\"reservation\":0},\"cpu\":{\"shares\":0}}",
	      "");
	check(&v2, "{\"memory\":null,\"pids\":null,\"devices\":null,\"nobody\":{\"knows\":1}}",
	      "");
}

static void cpu(void **state)
{
	(void)state;
	check(&v1,
	      "{\"cpu\":{\"shares\":512,\"quota\":50000,\"period\":100000,\"cpus\":\"0-1\"}}",
	      "v1 cpu.shares=512\nv1 cpu.cfs_period_us=100000\nv1 cpu.cfs_quota_us=50000\n"
	      "v1 cpuset.cpus=0-1\n");
	check(&v2,
	      "{\"cpu\":{\"shares\":1024,\"quota\":50000,\"period\":100000,\"mems\":\"0\"}}",
	      "cpu.weight=100\ncpu.max=50000 100000\ncpuset.mems=0\n");
	check(&v2, "{\"cpu\":{\"quota\":-1}}", "cpu.max=max\n");
	check(&v1, "{\"cpu\":{\"quota\":-5}}", "v1 cpu.cfs_quota_us=-1\n");
	check(&v2, "{\"cpu\":{\"idle\":1,\"shares\":1024,\"burst\":1000}}",
	      "cpu.idle=1\ncpu.max.burst=1000\n");
	check(&v1, "{\"cpu\":{\"realtimeRuntime\":1000,\"realtimePeriod\":100000}}",
	      "v1 cpu.rt_period_us=100000\nv1 cpu.rt_runtime_us=1000\n");
	check(&v2, "{\"cpu\":{\"realtimeRuntime\":1000}}", "-95 cpu.realtimeRuntime");
	check(&v2, "{\"cpu\":{\"idle\":2}}", "-22 cpu");
	check(&hybrid, "{\"cpu\":{\"shares\":512}}", "-95 cpu");
}

static void the_others(void **state)
{
	(void)state;
	check(&v1, "{\"pids\":{\"limit\":-1}}", "v1 pids.max=max\n");
	check(&v2, "{\"pids\":{\"limit\":7}}", "pids.max=7\n");
	check(&v2, "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]}",
	      "hugetlb.2MB.max=4194304\nhugetlb.2MB.rsvd.max=4194304 ?\n");
	check(&v1, "{\"hugepageLimits\":[{\"pageSize\":\"../x\",\"limit\":1}]}",
	      "-22 hugepageLimits.pageSize");
	check(&v2, "{\"rdma\":{\"mlx5\":{\"hcaHandles\":3,\"hcaObjects\":10000}}}",
	      "rdma.max=mlx5 hca_handle=3 hca_object=10000\n");
	check(&v2,
	      "{\"blockIO\":{\"weight\":1000,\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":"
	      "0,"
	      "\"rate\":600}],\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":16,\"rate\":"
	      "30}]}}",
	      "io.bfq.weight=1000\nio.weight=10000\nio.max=8:0 rbps=600\nio.max=8:16 "
	      "wiops=30\n");
	check(&v1,
	      "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":500}],"
	      "\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":600}]}}",
	      "v1 blkio.bfq.weight_device=8:0 500\nv1 blkio.throttle.read_iops_device=8:0 "
	      "600\n");
	check(&v1,
	      "{\"network\":{\"classID\":1048577,\"priorities\":[{\"name\":\"eth0\","
	      "\"priority\":5}]}}",
	      "v1 net_cls.classid=1048577\nv1 net_prio.ifpriomap=eth0 5\n");
	check(&v2, "{\"network\":{\"classID\":1}}", "-95 net_cls");
	check(&v2, "{\"unified\":{\"memory.high\":\"9M\",\"cgroup.max.depth\":\"3\"}}",
	      "memory.high=9M\ncgroup.max.depth=3\n");
	check(&hybrid, "{\"unified\":{\"memory.high\":\"9M\"}}", "-95 memory.high");
	check(&hybrid, "{\"unified\":{\"hugetlb.2MB.max\":\"0\"}}", "hugetlb.2MB.max=0\n");
	check(&v1, "{\"unified\":{\"memory.high\":\"9M\"}}", "-95 memory.high");
	check(&v2, "{\"unified\":{\"../memory.high\":\"9M\"}}", "-22 unified");
	check(&v2, "{\"unified\":{\"cgroup.procs\":\"1\"}}", "-22 unified");
	check(&v2, "{\"unified\":{\"memory.high\":9}}", "-22 unified");
	check(&v2, "{\"memory\":[]}", "-22 memory");
	check(&v2, "{\"memory\":{\"limit\":\"1\"}}", "-22 memory");
	check(&v2, "{\"devices\":{}}", "-22 devices");
}

static void devices(void **state)
{
	(void)state;
	check(&v1,
	      "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},"
	      "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"rw\"},"
	      "{\"allow\":true,\"type\":\"b\",\"major\":8,\"minor\":-1,\"access\":\"r\"},"
	      "{\"allow\":true,\"type\":\"a\",\"major\":7,\"access\":\"m\"}]}",
	      "v1 devices.deny=a\nv1 devices.allow=c 1:3 rw\nv1 devices.allow=b 8:* r\n"
	      "v1 devices.allow=b 7:* m\nv1 devices.allow=c 7:* m\n");
	/* to v1 "a" is everything, whatever stands behind it */
	check(&v1, "{\"devices\":[{\"allow\":true,\"access\":\"m\"}]}",
	      "v1 devices.allow=b *:* m\nv1 devices.allow=c *:* m\n");
	check(&v2, "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}", "");
	check(&v1, "{\"devices\":[{\"allow\":true,\"type\":\"x\"}]}", "-22 devices.type");
	check(&v1, "{\"devices\":[{\"allow\":true,\"access\":\"rwx\"}]}", "-22 devices.access");
	check(&v1, "{\"devices\":[{\"type\":\"c\"}]}", "-22 devices.allow");
	check(&v1, "{\"devices\":[7]}", "-22 devices");
}

static void scales(void **state)
{
	(void)state;
	/* the points that every engine agrees on */
	assert_int_equal(cgroup_shares_to_weight(2), 1);
	assert_int_equal(cgroup_shares_to_weight(1024), 100);
	assert_int_equal(cgroup_shares_to_weight(262144), 10000);
	assert_int_equal(cgroup_shares_to_weight(0), 1);
	assert_int_equal(cgroup_shares_to_weight(UINT64_MAX), 10000);
	for (uint64_t shares = 3; shares < 262144; shares++)
		assert_true(cgroup_shares_to_weight(shares) >=
			    cgroup_shares_to_weight(shares - 1));
	assert_int_equal(cgroup_io_weight(10), 1);
	assert_int_equal(cgroup_io_weight(1000), 10000);
	assert_int_equal(cgroup_io_weight(5), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory),     cmocka_unit_test(cpu),
		cmocka_unit_test(the_others), cmocka_unit_test(devices),
		cmocka_unit_test(scales),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
