// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * writes_v1 - limits as files of v1 hierarchies (Documentation/admin-guide/
 * cgroup-v1 of the kernel). Floor F4 (runner/cgroup), pure.
 */
#include <errno.h>

#include "runner/cgroup/devices.h"
#include "runner/cgroup/writes.h"

#define ALL_ACCESS (CGROUP_ACCESS_READ | CGROUP_ACCESS_WRITE | CGROUP_ACCESS_MKNOD)

static int memory_add(struct cgroup_writes *w, const struct cgroup_resources *r);
static void cpu_add(struct cgroup_writes *w, const struct cgroup_resources *r);
static void io_add(struct cgroup_writes *w, const struct cgroup_resources *r);
static void rdma_add(struct cgroup_writes *w, const struct cgroup_resources *r);
static void devices_add(struct cgroup_writes *w, const struct cgroup_resources *r);
static void optional(struct cgroup_writes *w, size_t from);

int cgroup_writes_v1(struct cgroup_writes *w, enum cgroup_controller controller,
		     const struct cgroup_resources *r)
{
	size_t from = w->count;

	switch (controller) {
	case CGROUP_MEMORY:
		return memory_add(w, r);
	case CGROUP_CPU:
		cpu_add(w, r);
		break;
	case CGROUP_CPUSET:
		cgroup_write_add(w, controller, "cpuset.cpus",
				 r->cpus && *r->cpus ? r->cpus : NULL);
		cgroup_write_add(w, controller, "cpuset.mems",
				 r->mems && *r->mems ? r->mems : NULL);
		break;
	case CGROUP_PIDS:
		cgroup_write_add(w, controller, "pids.max",
				 r->pids <= 0
					 ? "max"
					 : arena_printf(w->arena, "%lld", (long long)r->pids));
		break;
	case CGROUP_IO:
		io_add(w, r);
		break;
	case CGROUP_HUGETLB:
		for (size_t i = 0; i < r->hugepage_count; i++) {
			cgroup_write_int(w, controller,
					 arena_printf(w->arena, "hugetlb.%s.limit_in_bytes",
						      r->hugepages[i].size),
					 r->hugepages[i].limit);
			from = w->count;
			cgroup_write_int(w, controller,
					 arena_printf(w->arena,
						      "hugetlb.%s.rsvd.limit_in_bytes",
						      r->hugepages[i].size),
					 r->hugepages[i].limit);
			optional(w, from); /* since 5.7 */
		}
		break;
	case CGROUP_RDMA:
		rdma_add(w, r);
		break;
	case CGROUP_DEVICES:
		devices_add(w, r);
		break;
	case CGROUP_NET_CLS:
		cgroup_write_int(w, controller, "net_cls.classid", r->class_id);
		break;
	case CGROUP_NET_PRIO:
		for (size_t i = 0; i < r->priority_count; i++)
			cgroup_write_add(w, controller, "net_prio.ifpriomap",
					 arena_printf(w->arena, "%s %lld",
						      r->priorities[i].ifname,
						      (long long)r->priorities[i].priority));
		break;
	case CGROUP_CPUACCT:
	case CGROUP_FREEZER:
	case CGROUP_PERF_EVENT:
	case CGROUP_MISC:
	case CGROUP_CONTROLLER_COUNT:
		break;
	}
	return 0;
}

/* ----------------------------------------------------------------- helpers */

static int memory_add(struct cgroup_writes *w, const struct cgroup_resources *r)
{
	/* 0 for swap is what callers write who mean nothing by it; memory+swap cannot be 0 */
	int64_t swap = r->swap == 0 ? CGROUP_UNSET : r->swap;
	int64_t memory = r->memory == 0 ? CGROUP_UNSET : r->memory;
	size_t from;

	/* no memory limit has no bound of memory and swap either */
	if (memory == -1 && swap == CGROUP_UNSET)
		swap = -1;
	cgroup_write_int(w, CGROUP_MEMORY, "memory.limit_in_bytes", memory);
	if (memory != CGROUP_UNSET && swap != CGROUP_UNSET)
		w->items[w->count - 1].with_next = true;
	from = w->count;
	cgroup_write_int(w, CGROUP_MEMORY, "memory.memsw.limit_in_bytes", swap);
	/* a kernel that does not account swap has no such limit to lift */
	if (swap == -1 || r->swap_optional)
		optional(w, from);
	cgroup_write_int(w, CGROUP_MEMORY, "memory.soft_limit_in_bytes",
			 r->reservation == 0 ? CGROUP_UNSET : r->reservation);
	/* gone from newer kernels, which count that memory with the rest */
	from = w->count;
	cgroup_write_int(w, CGROUP_MEMORY, "memory.kmem.tcp.limit_in_bytes",
			 r->kernel_tcp == 0 ? CGROUP_UNSET : r->kernel_tcp);
	optional(w, from);
	if (r->swappiness != CGROUP_UNSET && r->swappiness > 200)
		return err_set(w->err, ERR_USAGE, EINVAL, "memory.swappiness",
			       "must be 0 to 200");
	cgroup_write_int(w, CGROUP_MEMORY, "memory.swappiness", r->swappiness);
	if (r->disable_oom == 1)
		cgroup_write_add(w, CGROUP_MEMORY, "memory.oom_control", "1");
	return 0;
}

static void cpu_add(struct cgroup_writes *w, const struct cgroup_resources *r)
{
	size_t from;

	cgroup_write_int(w, CGROUP_CPU, "cpu.shares",
			 r->shares == 0 ? CGROUP_UNSET : r->shares);
	/* A quota is a share of its period: the period first, while the quota is still the loose one. */
	cgroup_write_int(w, CGROUP_CPU, "cpu.cfs_period_us",
			 r->period == 0 ? CGROUP_UNSET : r->period);
	cgroup_write_int(w, CGROUP_CPU, "cpu.cfs_quota_us",
			 r->quota == 0                              ? CGROUP_UNSET
			 : r->quota < 0 && r->quota != CGROUP_UNSET ? -1
								    : r->quota);
	cgroup_write_int(w, CGROUP_CPU, "cpu.cfs_burst_us", r->burst);
	cgroup_write_int(w, CGROUP_CPU, "cpu.rt_period_us",
			 r->rt_period == 0 ? CGROUP_UNSET : r->rt_period);
	cgroup_write_int(w, CGROUP_CPU, "cpu.rt_runtime_us",
			 r->rt_runtime == 0 ? CGROUP_UNSET : r->rt_runtime);
	from = w->count;
	cgroup_write_int(w, CGROUP_CPU, "cpu.idle", r->idle);
	if (r->idle == 0)
		optional(w, from);
}

static void io_add(struct cgroup_writes *w, const struct cgroup_resources *r)
{
	static const char *const files[] = {
		[CGROUP_READ_BPS] = "blkio.throttle.read_bps_device",
		[CGROUP_WRITE_BPS] = "blkio.throttle.write_bps_device",
		[CGROUP_READ_IOPS] = "blkio.throttle.read_iops_device",
		[CGROUP_WRITE_IOPS] = "blkio.throttle.write_iops_device",
	};

	/* The scheduler that had weights of its own is gone since 5.0; BFQ has them by these names. */
	cgroup_write_int(w, CGROUP_IO, "blkio.bfq.weight",
			 r->io_weight == 0 ? CGROUP_UNSET : r->io_weight);
	for (size_t i = 0; i < r->io_weight_count; i++)
		if (r->io_weights[i].weight != CGROUP_UNSET)
			cgroup_write_add(w, CGROUP_IO, "blkio.bfq.weight_device",
					 arena_printf(w->arena, "%lld:%lld %lld",
						      (long long)r->io_weights[i].major,
						      (long long)r->io_weights[i].minor,
						      (long long)r->io_weights[i].weight));
	for (size_t i = 0; i < r->io_rate_count; i++)
		cgroup_write_add(w, CGROUP_IO, files[r->io_rates[i].kind],
				 arena_printf(w->arena, "%lld:%lld %lld",
					      (long long)r->io_rates[i].major,
					      (long long)r->io_rates[i].minor,
					      (long long)r->io_rates[i].rate));
}

static void rdma_add(struct cgroup_writes *w, const struct cgroup_resources *r)
{
	for (size_t i = 0; i < r->rdma_count; i++) {
		const struct cgroup_rdma *row = &r->rdma[i];
		const char *value = row->device;

		if (row->handles != CGROUP_UNSET)
			value = arena_printf(w->arena, "%s hca_handle=%lld", value,
					     (long long)row->handles);
		if (row->objects != CGROUP_UNSET)
			value = arena_printf(w->arena, "%s hca_object=%lld", value,
					     (long long)row->objects);
		cgroup_write_add(w, CGROUP_RDMA, "rdma.max", value);
	}
}

/* The kernel reads a rule for all kinds of nodes as "all of them, all access", whatever stands behind the letter. */
static void devices_add(struct cgroup_writes *w, const struct cgroup_resources *r)
{
	for (size_t i = 0; i < r->device_count; i++) {
		struct cgroup_device rule = r->devices[i];
		const char *file = rule.allow ? "devices.allow" : "devices.deny";
		char text[CGROUP_DEVICE_TEXT_SIZE];
		bool all = rule.type == 'a' && rule.major < 0 && rule.minor < 0 &&
			   rule.access == ALL_ACCESS;

		if (all) {
			cgroup_write_add(w, CGROUP_DEVICES, file, "a");
			continue;
		}
		if (rule.type != 'a') {
			cgroup_write_add(
				w, CGROUP_DEVICES, file,
				arena_strdup(w->arena, cgroup_device_print(&rule, text)));
			continue;
		}
		rule.type = 'b';
		cgroup_write_add(w, CGROUP_DEVICES, file,
				 arena_strdup(w->arena, cgroup_device_print(&rule, text)));
		rule.type = 'c';
		cgroup_write_add(w, CGROUP_DEVICES, file,
				 arena_strdup(w->arena, cgroup_device_print(&rule, text)));
	}
}

static void optional(struct cgroup_writes *w, size_t from)
{
	for (; from < w->count; from++)
		w->items[from].optional = true;
}
