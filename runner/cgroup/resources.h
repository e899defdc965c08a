/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resources - what a container may use, as a value, and how the OCI runtime
 * specification writes it (linux.resources of config.json, 1.0 to 1.3). Floor
 * F4 (runner/cgroup), pure.
 */
#ifndef MOAT_RUNNER_CGROUP_RESOURCES_H
#define MOAT_RUNNER_CGROUP_RESOURCES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define CGROUP_UNSET INT64_MIN /* nothing was said */

enum {
	CGROUP_DEVICES_MAX = 512,
	CGROUP_LIST_MAX = 256,   /* of the other lists */
	CGROUP_VALUE_MAX = 4096, /* characters of a value of `unified` */
};

enum { CGROUP_ACCESS_MKNOD = 1, CGROUP_ACCESS_READ = 2, CGROUP_ACCESS_WRITE = 4 };

/**
 * struct cgroup_device - one rule; a later one overrides earlier ones where they meet
 * @type: 'a' all, 'b' block, 'c' character; @major, @minor: -1 any; @access: CGROUP_ACCESS_*
 */
struct cgroup_device {
	char type;
	bool allow;
	int64_t major, minor;
	unsigned int access;
};

enum cgroup_throttle_kind {
	CGROUP_READ_BPS,
	CGROUP_WRITE_BPS,
	CGROUP_READ_IOPS,
	CGROUP_WRITE_IOPS,
	CGROUP_THROTTLE_COUNT
};

/** struct cgroup_io_rate - bytes or operations a second on one block device */
struct cgroup_io_rate {
	enum cgroup_throttle_kind kind;
	int64_t major, minor, rate;
};

/** struct cgroup_io_weight - 10..1000; CGROUP_UNSET what was not said */
struct cgroup_io_weight {
	int64_t major, minor, weight, leaf_weight;
};

struct cgroup_hugepage {
	const char *size; /* "2MB" */
	int64_t limit;
};

struct cgroup_rdma {
	const char *device;
	int64_t handles, objects;
};

struct cgroup_priority {
	const char *ifname;
	int64_t priority;
};

/** struct cgroup_file - a file of v2 and what is written into it, as it is */
struct cgroup_file {
	const char *name, *value;
};

/**
 * struct cgroup_resources - limits; integers are CGROUP_UNSET, strings NULL where nothing was said
 * @memory, @swap: bytes, -1 unlimited; @swap is of memory and swap together, as v1 counts
 * @quota: us of cpu time in @period us, -1 unlimited
 * @swap_optional: a kernel that does not account swap has none to bound
 * @disable_oom: -1 nothing said
 * Strings live in the document decoded or in an arena of the caller's.
 */
struct cgroup_resources {
	int64_t memory, swap, reservation, kernel, kernel_tcp, swappiness;
	int disable_oom, check_before_update;
	bool swap_optional;
	int64_t shares, quota, period, burst, rt_runtime, rt_period, idle;
	const char *cpus, *mems;
	int64_t pids;
	int64_t io_weight, io_leaf_weight;
	int64_t class_id;
	struct cgroup_io_weight *io_weights;
	struct cgroup_io_rate *io_rates;
	struct cgroup_hugepage *hugepages;
	struct cgroup_rdma *rdma;
	struct cgroup_priority *priorities;
	struct cgroup_file *unified;
	struct cgroup_device *devices;
	size_t io_weight_count, io_rate_count, hugepage_count, rdma_count, priority_count,
		unified_count, device_count;
};

/** cgroup_resources_init() - nothing said */
void cgroup_resources_init(struct cgroup_resources *resources);

/**
 * cgroup_resources_decode() - linux.resources
 * @doc: an object, or NULL: nothing said. Unknown keys are no mistake, as the specification demands.
 * @arena: for the lists; strings point into @doc
 * Return: 0; -EINVAL with the key; *ret_resources is then untouched.
 */
int cgroup_resources_decode(const json_t *doc, struct arena *arena,
			    struct cgroup_resources *ret_resources, struct err *err);

#endif
