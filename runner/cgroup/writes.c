// SPDX-License-Identifier: GPL-2.0-or-later
/* writes - limits to files and values: what both versions share. Floor F4 (runner/cgroup), pure. */
#include "runner/cgroup/writes.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "runner/cgroup/cgroup.h"

static bool needs(const struct cgroup_resources *r, enum cgroup_controller controller);
static int pair_check(const struct cgroup_resources *r, struct err *err);
static int unified_add(struct cgroup_writes *writes, const struct cgroup_resources *r,
		       const struct cgroup_layout *layout);

/*
 * The curve through (2, 1), (1024, 100) and (262144, 10000) that container engines agreed on after the straight line
 * had given a container of 1024 shares 39, where the kernel's default is 100.
 */
uint64_t cgroup_shares_to_weight(uint64_t shares)
{
	double l;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2((double)shares);
	/* exact powers give exact weights: round what the last bit of pow() left */
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0) - 1e-9);
}

uint64_t cgroup_io_weight(uint64_t weight)
{
	if (weight < 10)
		weight = 10;
	if (weight > 1000)
		weight = 1000;
	return 1 + (weight - 10) * 9999 / 990;
}

int cgroup_writes_build(const struct cgroup_resources *resources,
			const struct cgroup_layout *layout, struct arena *arena,
			struct cgroup_writes *ret_writes, struct err *err)
{
	struct cgroup_writes writes = {.arena = arena, .err = err};
	int rc = pair_check(resources, err);

	for (enum cgroup_controller c = 0; rc == 0 && c < CGROUP_CONTROLLER_COUNT; c++) {
		const struct cgroup_hierarchy *hierarchy = cgroup_layout_find(layout, c);

		if (!needs(resources, c))
			continue;
		/* on v2 devices are no controller but a program */
		if (c == CGROUP_DEVICES && !hierarchy && cgroup_layout_unified(layout))
			continue;
		if (!hierarchy)
			return err_set(err, ERR_UNSUPPORTED, ENOTSUP,
				       cgroup_controller_name(c, false),
				       "a limit needs this cgroup controller, which this "
				       "system has not (cgroups %s)",
				       cgroup_mode_name(layout->mode));
		rc = hierarchy->unified ? cgroup_writes_v2(&writes, c, resources)
					: cgroup_writes_v1(&writes, c, resources);
	}
	if (rc == 0)
		rc = unified_add(&writes, resources, layout);
	if (rc == 0)
		*ret_writes = writes;
	return rc;
}

unsigned int cgroup_needs(const struct cgroup_resources *resources)
{
	unsigned int bits = 0;

	for (enum cgroup_controller c = 0; c < CGROUP_CONTROLLER_COUNT; c++)
		if (needs(resources, c))
			bits |= CGROUP_BIT(c);
	for (size_t i = 0; i < resources->unified_count; i++) {
		const char *name = resources->unified[i].name;
		enum cgroup_controller c =
			cgroup_controller_find(name, strcspn(name, "."), true);

		if (c < CGROUP_CONTROLLER_COUNT)
			bits |= CGROUP_BIT(c);
	}
	return bits;
}

void cgroup_write_add(struct cgroup_writes *writes, enum cgroup_controller controller,
		      const char *file, const char *value)
{
	if (!value)
		return;
	if (writes->count == writes->room) {
		size_t room = writes->room ? writes->room * 2 : 16;
		struct cgroup_write *grown = arena_array(writes->arena, room, sizeof(*grown));

		if (writes->count)
			memcpy(grown, writes->items, writes->count * sizeof(*grown));
		writes->items = grown;
		writes->room = room;
	}
	writes->items[writes->count++] =
		(struct cgroup_write){.controller = controller, .file = file, .value = value};
}

void cgroup_write_int(struct cgroup_writes *writes, enum cgroup_controller controller,
		      const char *file, int64_t value)
{
	if (value != CGROUP_UNSET)
		cgroup_write_add(writes, controller, file,
				 arena_printf(writes->arena, "%lld", (long long)value));
}

/* ----------------------------------------------------------------- helpers */

static bool set(int64_t value)
{
	return value != CGROUP_UNSET;
}

static bool needs(const struct cgroup_resources *r, enum cgroup_controller controller)
{
	switch (controller) {
	case CGROUP_CPU:
		return (set(r->shares) && r->shares) || (set(r->quota) && r->quota) ||
		       (set(r->period) && r->period) || set(r->burst) ||
		       (set(r->rt_runtime) && r->rt_runtime) ||
		       (set(r->rt_period) && r->rt_period) || set(r->idle);
	case CGROUP_CPUSET:
		return (r->cpus && *r->cpus) || (r->mems && *r->mems);
	case CGROUP_MEMORY:
		return (set(r->memory) && r->memory) || (set(r->swap) && r->swap) ||
		       (set(r->reservation) && r->reservation) ||
		       (set(r->kernel_tcp) && r->kernel_tcp) || set(r->swappiness) ||
		       r->disable_oom == 1;
	case CGROUP_PIDS:
		return set(r->pids);
	case CGROUP_IO:
		return (set(r->io_weight) && r->io_weight) ||
		       (set(r->io_leaf_weight) && r->io_leaf_weight) || r->io_weight_count ||
		       r->io_rate_count;
	case CGROUP_HUGETLB:
		return r->hugepage_count > 0;
	case CGROUP_RDMA:
		return r->rdma_count > 0;
	case CGROUP_DEVICES:
		return r->device_count > 0;
	case CGROUP_NET_CLS:
		return set(r->class_id) && r->class_id;
	case CGROUP_NET_PRIO:
		return r->priority_count > 0;
	case CGROUP_CPUACCT:
	case CGROUP_FREEZER:
	case CGROUP_PERF_EVENT:
	case CGROUP_MISC:
	case CGROUP_CONTROLLER_COUNT:
		break;
	}
	return false;
}

/* swap counts memory too: less than memory cannot be. 0 is "nothing said" to the callers that always write the key. */
static int pair_check(const struct cgroup_resources *r, struct err *err)
{
	if (set(r->swap) && r->swap > 0 && set(r->memory) && r->memory > 0 &&
	    r->swap < r->memory)
		return err_set(err, ERR_USAGE, EINVAL, "memory.swap",
			       "%lld is memory and swap together: less than the memory limit "
			       "%lld cannot be",
			       (long long)r->swap, (long long)r->memory);
	return 0;
}

static int unified_add(struct cgroup_writes *writes, const struct cgroup_resources *r,
		       const struct cgroup_layout *layout)
{
	const struct cgroup_hierarchy *unified = cgroup_layout_unified(layout);

	for (size_t i = 0; i < r->unified_count; i++) {
		const char *name = r->unified[i].name;
		enum cgroup_controller c =
			cgroup_controller_find(name, strcspn(name, "."), true);

		if (!unified ||
		    (c < CGROUP_CONTROLLER_COUNT && !(unified->controllers & CGROUP_BIT(c))))
			return err_set(writes->err, ERR_UNSUPPORTED, ENOTSUP, name,
				       "no v2 cgroup here has this controller (cgroups %s)",
				       cgroup_mode_name(layout->mode));
		cgroup_write_add(writes, c, name, r->unified[i].value);
		writes->items[writes->count - 1].unified = true;
	}
	return 0;
}
