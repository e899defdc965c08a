// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * writes_v2 - limits, given in the terms of v1, as files of the v2 hierarchy
 * (Documentation/admin-guide/cgroup-v2.rst of the kernel). Floor F4
 * (runner/cgroup), pure. What v2 has no word for and no need of (kernel memory,
 * swappiness, the OOM switch) is left out; what it has no word for and would
 * change the outcome (real-time shares, class ids) is refused.
 */
#include <errno.h>

#include "runner/cgroup/writes.h"

static int memory_add(struct cgroup_writes *w, const struct cgroup_resources *r);
static int cpu_add(struct cgroup_writes *w, const struct cgroup_resources *r);
static void io_add(struct cgroup_writes *w, const struct cgroup_resources *r);
static void hugetlb_add(struct cgroup_writes *w, const struct cgroup_resources *r);
static const char *amount(struct cgroup_writes *w, int64_t value);

int cgroup_writes_v2(struct cgroup_writes *w, enum cgroup_controller controller,
		     const struct cgroup_resources *r)
{
	size_t from = w->count;
	int rc = 0;

	switch (controller) {
	case CGROUP_MEMORY:
		rc = memory_add(w, r);
		break;
	case CGROUP_CPU:
		rc = cpu_add(w, r);
		break;
	case CGROUP_IO:
		io_add(w, r);
		break;
	case CGROUP_HUGETLB:
		hugetlb_add(w, r);
		break;
	case CGROUP_CPUSET:
	case CGROUP_PIDS:
	case CGROUP_RDMA:
		/* same files, same words */
		rc = cgroup_writes_v1(w, controller, r);
		break;
	case CGROUP_CPUACCT:
	case CGROUP_DEVICES:
	case CGROUP_FREEZER:
	case CGROUP_NET_CLS:
	case CGROUP_NET_PRIO:
	case CGROUP_PERF_EVENT:
	case CGROUP_MISC:
	case CGROUP_CONTROLLER_COUNT:
		break;
	}
	for (; from < w->count; from++)
		w->items[from].unified = true;
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static int memory_add(struct cgroup_writes *w, const struct cgroup_resources *r)
{
	int64_t memory = r->memory == 0 ? CGROUP_UNSET : r->memory;
	int64_t swap = r->swap == 0 ? CGROUP_UNSET : r->swap;
	size_t from;

	/* v2 counts swap alone, the specification both together */
	if (swap > 0 && memory <= 0)
		return err_set(w->err, ERR_USAGE, EINVAL, "memory.swap",
			       "a limit of memory and swap together needs one of memory");
	if (memory == -1 && swap == CGROUP_UNSET)
		swap = -1;
	from = w->count;
	if (swap != CGROUP_UNSET)
		cgroup_write_add(w, CGROUP_MEMORY, "memory.swap.max",
				 amount(w, swap < 0 ? -1 : swap - memory));
	/* A kernel built without swap has none to bound. */
	for (; from < w->count; from++)
		w->items[from].optional = swap < 0 || swap == memory || r->swap_optional;
	cgroup_write_add(w, CGROUP_MEMORY, "memory.max", amount(w, memory));
	cgroup_write_add(w, CGROUP_MEMORY, "memory.low",
			 amount(w, r->reservation == 0 ? CGROUP_UNSET : r->reservation));
	return 0;
}

static int cpu_add(struct cgroup_writes *w, const struct cgroup_resources *r)
{
	if ((r->rt_runtime != CGROUP_UNSET && r->rt_runtime) ||
	    (r->rt_period != CGROUP_UNSET && r->rt_period))
		return err_set(w->err, ERR_UNSUPPORTED, ENOTSUP, "cpu.realtimeRuntime",
			       "v2 cgroups have no shares of real time");
	/* idle first: a cgroup that was idle takes no weight */
	cgroup_write_int(w, CGROUP_CPU, "cpu.idle", r->idle);
	if (r->idle == 0)
		w->items[w->count - 1].optional = true;
	if (r->shares != CGROUP_UNSET && r->shares > 0 && r->idle != 1)
		cgroup_write_int(w, CGROUP_CPU, "cpu.weight",
				 (int64_t)cgroup_shares_to_weight((uint64_t)r->shares));
	if ((r->quota != CGROUP_UNSET && r->quota) ||
	    (r->period != CGROUP_UNSET && r->period)) {
		const char *quota =
			r->quota > 0 ? arena_printf(w->arena, "%lld", (long long)r->quota)
				     : "max";

		/* the period alone may change: the file takes one word or two, and the first is the quota */
		cgroup_write_add(
			w, CGROUP_CPU, "cpu.max",
			r->period != CGROUP_UNSET && r->period
				? arena_printf(w->arena, "%s %lld", quota, (long long)r->period)
				: quota);
	}
	cgroup_write_int(w, CGROUP_CPU, "cpu.max.burst", r->burst);
	return 0;
}

static void io_add(struct cgroup_writes *w, const struct cgroup_resources *r)
{
	static const char *const words[] = {
		[CGROUP_READ_BPS] = "rbps",
		[CGROUP_WRITE_BPS] = "wbps",
		[CGROUP_READ_IOPS] = "riops",
		[CGROUP_WRITE_IOPS] = "wiops",
	};

	/* BFQ takes the number as it is; io.weight (iocost) is another scale. Whichever the kernel has. */
	if (r->io_weight != CGROUP_UNSET && r->io_weight > 0) {
		size_t from = w->count;

		cgroup_write_int(w, CGROUP_IO, "io.bfq.weight", r->io_weight);
		cgroup_write_int(w, CGROUP_IO, "io.weight",
				 (int64_t)cgroup_io_weight((uint64_t)r->io_weight));
		w->items[from].either = true;
	}
	for (size_t i = 0; i < r->io_weight_count; i++)
		if (r->io_weights[i].weight != CGROUP_UNSET)
			cgroup_write_add(w, CGROUP_IO, "io.bfq.weight",
					 arena_printf(w->arena, "%lld:%lld %lld",
						      (long long)r->io_weights[i].major,
						      (long long)r->io_weights[i].minor,
						      (long long)r->io_weights[i].weight));
	for (size_t i = 0; i < r->io_rate_count; i++)
		cgroup_write_add(
			w, CGROUP_IO, "io.max",
			arena_printf(
				w->arena, "%lld:%lld %s=%s", (long long)r->io_rates[i].major,
				(long long)r->io_rates[i].minor, words[r->io_rates[i].kind],
				r->io_rates[i].rate ? amount(w, r->io_rates[i].rate) : "max"));
}

static void hugetlb_add(struct cgroup_writes *w, const struct cgroup_resources *r)
{
	for (size_t i = 0; i < r->hugepage_count; i++) {
		cgroup_write_int(w, CGROUP_HUGETLB,
				 arena_printf(w->arena, "hugetlb.%s.max", r->hugepages[i].size),
				 r->hugepages[i].limit);
		cgroup_write_int(
			w, CGROUP_HUGETLB,
			arena_printf(w->arena, "hugetlb.%s.rsvd.max", r->hugepages[i].size),
			r->hugepages[i].limit);
		w->items[w->count - 1].optional = true; /* since 5.7 */
	}
}

static const char *amount(struct cgroup_writes *w, int64_t value)
{
	if (value == CGROUP_UNSET)
		return NULL;
	return value < 0 ? "max" : arena_printf(w->arena, "%lld", (long long)value);
}
