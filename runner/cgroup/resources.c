// SPDX-License-Identifier: GPL-2.0-or-later
/* resources - linux.resources of the OCI specification to a value. Floor F4 (runner/cgroup), pure. */
#include "runner/cgroup/resources.h"

#include <errno.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/str.h"

/* Keys of integers that say nothing when absent: json_decode() cannot tell 0 from that, so they are read apart. */
struct number {
	const char *key;
	size_t offset;
	int64_t min, max;
};

#define NUMBER(key, field, min, max)                                                           \
	{                                                                                      \
		key, offsetof(struct cgroup_resources, field), min, max                        \
	}
static const struct number memory_numbers[] = {
	NUMBER("limit", memory, -1, INT64_MAX),
	NUMBER("swap", swap, -1, INT64_MAX),
	NUMBER("reservation", reservation, -1, INT64_MAX),
	NUMBER("kernel", kernel, -1, INT64_MAX),
	NUMBER("kernelTCP", kernel_tcp, -1, INT64_MAX),
	NUMBER("swappiness", swappiness, 0, INT64_MAX),
	{0},
};
static const struct number cpu_numbers[] = {
	NUMBER("shares", shares, 0, INT64_MAX),
	NUMBER("quota", quota, INT64_MIN + 1, INT64_MAX),
	NUMBER("period", period, 0, INT64_MAX),
	NUMBER("burst", burst, 0, INT64_MAX),
	NUMBER("realtimeRuntime", rt_runtime, INT64_MIN + 1, INT64_MAX),
	NUMBER("realtimePeriod", rt_period, 0, INT64_MAX),
	NUMBER("idle", idle, 0, 1),
	{0},
};
static const struct number pids_numbers[] = {NUMBER("limit", pids, INT64_MIN + 1, INT64_MAX),
					     {0}};
static const struct number io_numbers[] = {
	NUMBER("weight", io_weight, 0, 1000),
	NUMBER("leafWeight", io_leaf_weight, 0, 1000),
	{0},
};
static const struct number network_numbers[] = {NUMBER("classID", class_id, 0, UINT32_MAX),
						{0}};

static const char *const throttle_keys[] = {
	[CGROUP_READ_BPS] = "throttleReadBpsDevice",
	[CGROUP_WRITE_BPS] = "throttleWriteBpsDevice",
	[CGROUP_READ_IOPS] = "throttleReadIOPSDevice",
	[CGROUP_WRITE_IOPS] = "throttleWriteIOPSDevice",
};

struct decoder {
	struct arena *arena;
	struct cgroup_resources *to;
	struct err *err;
};

static int memory_decode(struct decoder *d, const json_t *doc);
static int cpu_decode(struct decoder *d, const json_t *doc);
static int io_decode(struct decoder *d, const json_t *doc);
static int io_rates_decode(struct decoder *d, const json_t *list,
			   enum cgroup_throttle_kind kind);
static int network_decode(struct decoder *d, const json_t *doc);
static int hugepages_decode(struct decoder *d, const json_t *list);
static int rdma_decode(struct decoder *d, const json_t *doc);
static int unified_decode(struct decoder *d, const json_t *doc);
static int devices_decode(struct decoder *d, const json_t *list);
static int device_decode(struct decoder *d, const json_t *row,
			 struct cgroup_device *ret_device);
static int numbers_decode(struct decoder *d, const char *what, const json_t *doc,
			  const struct number *numbers, void *to);
static int integer(struct decoder *d, const char *what, const json_t *doc, const char *key,
		   int64_t min, int64_t max, int64_t *ret_value);
static int string(struct decoder *d, const char *what, const json_t *doc, const char *key,
		  const char **ret_value);
static int list_room(struct decoder *d, const char *what, const json_t *list, size_t max,
		     size_t size, size_t had, void *rows, size_t *ret_count);
static int bad(struct decoder *d, const char *what, const char *why);

void cgroup_resources_init(struct cgroup_resources *resources)
{
	*resources = (struct cgroup_resources){
		.memory = CGROUP_UNSET,
		.swap = CGROUP_UNSET,
		.reservation = CGROUP_UNSET,
		.kernel = CGROUP_UNSET,
		.kernel_tcp = CGROUP_UNSET,
		.swappiness = CGROUP_UNSET,
		.disable_oom = -1,
		.check_before_update = -1,
		.shares = CGROUP_UNSET,
		.quota = CGROUP_UNSET,
		.period = CGROUP_UNSET,
		.burst = CGROUP_UNSET,
		.rt_runtime = CGROUP_UNSET,
		.rt_period = CGROUP_UNSET,
		.idle = CGROUP_UNSET,
		.pids = CGROUP_UNSET,
		.io_weight = CGROUP_UNSET,
		.io_leaf_weight = CGROUP_UNSET,
		.class_id = CGROUP_UNSET,
	};
}

int cgroup_resources_decode(const json_t *doc, struct arena *arena,
			    struct cgroup_resources *ret_resources, struct err *err)
{
	static const struct {
		const char *key;
		int (*decode)(struct decoder *d, const json_t *value);
		bool list;
	} parts[] = {
		{"memory", memory_decode, false},  {"cpu", cpu_decode, false},
		{"blockIO", io_decode, false},     {"network", network_decode, false},
		{"rdma", rdma_decode, false},      {"unified", unified_decode, false},
		{"devices", devices_decode, true}, {"hugepageLimits", hugepages_decode, true},
	};
	struct cgroup_resources resources;
	struct decoder d = {.arena = arena, .to = &resources, .err = err};
	const json_t *pids;
	int rc = 0;

	cgroup_resources_init(&resources);
	if (doc && !json_is_object(doc))
		return bad(&d, "linux.resources", "must be an object");
	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(parts); i++) {
		const json_t *value = json_object_get(doc, parts[i].key);

		if (!value || json_is_null(value))
			continue;
		if (parts[i].list ? !json_is_array(value) : !json_is_object(value))
			return bad(&d, parts[i].key,
				   parts[i].list ? "must be an array" : "must be an object");
		rc = parts[i].decode(&d, value);
	}
	pids = json_object_get(doc, "pids");
	if (rc == 0 && pids && !json_is_null(pids))
		rc = numbers_decode(&d, "pids", pids, pids_numbers, &resources);
	if (rc == 0)
		*ret_resources = resources;
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static int memory_decode(struct decoder *d, const json_t *doc)
{
	const json_t *oom = json_object_get(doc, "disableOOMKiller");
	const json_t *check = json_object_get(doc, "checkBeforeUpdate");
	const json_t *hierarchy = json_object_get(doc, "useHierarchy");

	if (oom && !json_is_null(oom)) {
		if (!json_is_boolean(oom))
			return bad(d, "memory.disableOOMKiller", "must be true or false");
		d->to->disable_oom = json_is_true(oom);
	}
	if (check && !json_is_null(check)) {
		if (!json_is_boolean(check))
			return bad(d, "memory.checkBeforeUpdate", "must be true or false");
		d->to->check_before_update = json_is_true(check);
	}
	/* v2 knows nothing else, v1 has it from 5.11 on */
	if (hierarchy && !json_is_null(hierarchy) && !json_is_true(hierarchy))
		return bad(d, "memory.useHierarchy", "is as memory is counted, and cannot be turned off");
	return numbers_decode(d, "memory", doc, memory_numbers, d->to);
}

static int cpu_decode(struct decoder *d, const json_t *doc)
{
	int rc = numbers_decode(d, "cpu", doc, cpu_numbers, d->to);

	if (rc == 0)
		rc = string(d, "cpu", doc, "cpus", &d->to->cpus);
	return rc == 0 ? string(d, "cpu", doc, "mems", &d->to->mems) : rc;
}

static int io_decode(struct decoder *d, const json_t *doc)
{
	const json_t *weights = json_object_get(doc, "weightDevice");
	int rc = numbers_decode(d, "blockIO", doc, io_numbers, d->to);

	if (rc == 0)
		rc = list_room(d, "blockIO.weightDevice", weights, CGROUP_LIST_MAX,
			       sizeof(*d->to->io_weights), 0, &d->to->io_weights,
			       &d->to->io_weight_count);
	for (size_t i = 0; rc == 0 && i < d->to->io_weight_count; i++) {
		static const struct number numbers[] = {
			{"major", offsetof(struct cgroup_io_weight, major), 0, UINT32_MAX},
			{"minor", offsetof(struct cgroup_io_weight, minor), 0, UINT32_MAX},
			{"weight", offsetof(struct cgroup_io_weight, weight), 0, 1000},
			{"leafWeight", offsetof(struct cgroup_io_weight, leaf_weight), 0, 1000},
			{0},
		};
		struct cgroup_io_weight *row = &d->to->io_weights[i];

		*row = (struct cgroup_io_weight){CGROUP_UNSET, CGROUP_UNSET, CGROUP_UNSET,
						 CGROUP_UNSET};
		rc = numbers_decode(d, "blockIO.weightDevice", json_array_get(weights, i),
				    numbers, row);
		if (rc == 0 && (row->major == CGROUP_UNSET || row->minor == CGROUP_UNSET))
			rc = bad(d, "blockIO.weightDevice", "major and minor are needed");
	}
	for (enum cgroup_throttle_kind kind = 0; rc == 0 && kind < CGROUP_THROTTLE_COUNT;
	     kind++)
		rc = io_rates_decode(d, json_object_get(doc, throttle_keys[kind]), kind);
	return rc;
}

static int io_rates_decode(struct decoder *d, const json_t *list,
			   enum cgroup_throttle_kind kind)
{
	const char *what = throttle_keys[kind];
	size_t had = d->to->io_rate_count;
	int rc = list_room(d, what, list, CGROUP_LIST_MAX, sizeof(*d->to->io_rates), had,
			   &d->to->io_rates, &d->to->io_rate_count);

	for (size_t i = had; rc == 0 && i < d->to->io_rate_count; i++) {
		const json_t *doc = json_array_get(list, i - had);
		struct cgroup_io_rate *row = &d->to->io_rates[i];

		row->kind = kind;
		rc = integer(d, what, doc, "major", 0, UINT32_MAX, &row->major);
		if (rc == 0)
			rc = integer(d, what, doc, "minor", 0, UINT32_MAX, &row->minor);
		if (rc == 0)
			rc = integer(d, what, doc, "rate", 0, INT64_MAX, &row->rate);
	}
	return rc;
}

static int network_decode(struct decoder *d, const json_t *doc)
{
	const json_t *list = json_object_get(doc, "priorities");
	int rc = numbers_decode(d, "network", doc, network_numbers, d->to);

	if (rc == 0)
		rc = list_room(d, "network.priorities", list, CGROUP_LIST_MAX,
			       sizeof(*d->to->priorities), 0, &d->to->priorities,
			       &d->to->priority_count);
	for (size_t i = 0; rc == 0 && i < d->to->priority_count; i++) {
		struct cgroup_priority *row = &d->to->priorities[i];
		const json_t *item = json_array_get(list, i);

		rc = string(d, "network.priorities", item, "name", &row->ifname);
		if (rc == 0 && (!row->ifname || !*row->ifname || strpbrk(row->ifname, " \n")))
			rc = bad(d, "network.priorities", "name is needed, without spaces");
		if (rc == 0)
			rc = integer(d, "network.priorities", item, "priority", 0, UINT32_MAX,
				     &row->priority);
	}
	return rc;
}

/* "2MB", "64KB", "1GB": it becomes a part of a file's name */
static int hugepages_decode(struct decoder *d, const json_t *list)
{
	int rc =
		list_room(d, "hugepageLimits", list, CGROUP_LIST_MAX, sizeof(*d->to->hugepages),
			  0, &d->to->hugepages, &d->to->hugepage_count);

	for (size_t i = 0; rc == 0 && i < d->to->hugepage_count; i++) {
		struct cgroup_hugepage *row = &d->to->hugepages[i];
		const json_t *item = json_array_get(list, i);
		size_t digits;

		rc = string(d, "hugepageLimits", item, "pageSize", &row->size);
		if (rc == 0 && !row->size)
			rc = bad(d, "hugepageLimits", "pageSize is needed");
		if (rc < 0)
			break;
		digits = strspn(row->size, "0123456789");
		if (digits == 0 || digits > 10 ||
		    (!str_eq(row->size + digits, "KB") && !str_eq(row->size + digits, "MB") &&
		     !str_eq(row->size + digits, "GB")))
			return bad(d, "hugepageLimits.pageSize",
				   "must be a number and KB, MB or GB");
		rc = integer(d, "hugepageLimits", item, "limit", 0, INT64_MAX, &row->limit);
	}
	return rc;
}

static int rdma_decode(struct decoder *d, const json_t *doc)
{
	/* only reads: jansson's iterator takes no const */
	json_t *open = (json_t *)(uintptr_t)doc, *item;
	const char *key;
	size_t i = 0;

	if (json_object_size(doc) > CGROUP_LIST_MAX)
		return bad(d, "rdma", "too many devices");
	d->to->rdma = arena_array(d->arena, json_object_size(doc) + 1, sizeof(*d->to->rdma));
	json_object_foreach(open, key, item) {
		static const struct number numbers[] = {
			{"hcaHandles", offsetof(struct cgroup_rdma, handles), 0, UINT32_MAX},
			{"hcaObjects", offsetof(struct cgroup_rdma, objects), 0, UINT32_MAX},
			{0},
		};
		struct cgroup_rdma *row = &d->to->rdma[i++];
		int rc;

		*row = (struct cgroup_rdma){key, CGROUP_UNSET, CGROUP_UNSET};
		if (!*key || strpbrk(key, " \n"))
			return bad(d, "rdma", "no name of a device");
		rc = numbers_decode(d, "rdma", item, numbers, row);
		if (rc < 0)
			return rc;
	}
	d->to->rdma_count = i;
	return 0;
}

/* A name with a slash would be a file elsewhere; the core's own files are not limits. */
static int unified_decode(struct decoder *d, const json_t *doc)
{
	json_t *open = (json_t *)(uintptr_t)doc, *item;
	const char *key;
	size_t i = 0;

	if (json_object_size(doc) > CGROUP_LIST_MAX)
		return bad(d, "unified", "too many files");
	d->to->unified =
		arena_array(d->arena, json_object_size(doc) + 1, sizeof(*d->to->unified));
	json_object_foreach(open, key, item) {
		const char *value = json_string_value(item);

		if (strchr(key, '/') || key[0] == '.' || strlen(key) > 255 || !strchr(key, '.'))
			return bad(d, "unified",
				   "must name files such as memory.high, no paths");
		if (!value || json_string_length(item) > CGROUP_VALUE_MAX)
			return bad(d, "unified",
				   "values are strings of 4096 characters at most");
		if (str_eq(key, "cgroup.procs") || str_eq(key, "cgroup.threads") ||
		    str_eq(key, "cgroup.subtree_control") || str_eq(key, "cgroup.kill") ||
		    str_eq(key, "cgroup.freeze"))
			return bad(d, "unified", "the runtime's own files are no limits");
		d->to->unified[i++] = (struct cgroup_file){key, value};
	}
	d->to->unified_count = i;
	return 0;
}

static int devices_decode(struct decoder *d, const json_t *list)
{
	int rc = list_room(d, "devices", list, CGROUP_DEVICES_MAX, sizeof(*d->to->devices), 0,
			   &d->to->devices, &d->to->device_count);

	for (size_t i = 0; rc == 0 && i < d->to->device_count; i++)
		rc = device_decode(d, json_array_get(list, i), &d->to->devices[i]);
	return rc;
}

static int device_decode(struct decoder *d, const json_t *row, struct cgroup_device *ret_device)
{
	static const struct number numbers[] = {
		{"major", offsetof(struct cgroup_device, major), -1, UINT32_MAX},
		{"minor", offsetof(struct cgroup_device, minor), -1, UINT32_MAX},
		{0},
	};
	struct cgroup_device device = {
		.type = 'a', .major = CGROUP_UNSET, .minor = CGROUP_UNSET};
	const json_t *allow = json_object_get(row, "allow");
	const char *type = NULL, *access = NULL;
	int rc = numbers_decode(d, "devices", row, numbers, &device);

	if (rc == 0)
		rc = string(d, "devices", row, "type", &type);
	if (rc == 0)
		rc = string(d, "devices", row, "access", &access);
	if (rc < 0)
		return rc;
	if (!json_is_boolean(allow))
		return bad(d, "devices.allow", "must be true or false");
	device.allow = json_is_true(allow);
	if (type && *type) {
		/* u is another word of mknod(1) for c */
		if (!strchr("abcu", type[0]) || type[1])
			return bad(d, "devices.type", "must be a, b, c or u");
		device.type = type[0] == 'u' ? 'c' : type[0];
	}
	for (; access && *access; access++) {
		if (!strchr("rwm", *access))
			return bad(d, "devices.access", "must be of r, w and m");
		device.access |= *access == 'r'   ? CGROUP_ACCESS_READ
				 : *access == 'w' ? CGROUP_ACCESS_WRITE
						  : CGROUP_ACCESS_MKNOD;
	}
	/* absent: every kind of access */
	if (!device.access)
		device.access = CGROUP_ACCESS_READ | CGROUP_ACCESS_WRITE | CGROUP_ACCESS_MKNOD;
	if (device.major == CGROUP_UNSET)
		device.major = -1;
	if (device.minor == CGROUP_UNSET)
		device.minor = -1;
	*ret_device = device;
	return 0;
}

static int numbers_decode(struct decoder *d, const char *what, const json_t *doc,
			  const struct number *numbers, void *to)
{
	if (!json_is_object(doc))
		return bad(d, what, "must be an object");
	for (; numbers->key; numbers++) {
		int64_t *value = (int64_t *)(void *)((char *)to + numbers->offset);
		const json_t *item = json_object_get(doc, numbers->key);
		int rc;

		if (!item || json_is_null(item))
			continue;
		rc = integer(d, what, doc, numbers->key, numbers->min, numbers->max, value);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int integer(struct decoder *d, const char *what, const json_t *doc, const char *key,
		   int64_t min, int64_t max, int64_t *ret_value)
{
	const json_t *item = json_object_get(doc, key);

	if (!json_is_integer(item) || json_integer_value(item) < min ||
	    json_integer_value(item) > max)
		return err_set(d->err, ERR_USAGE, EINVAL, what,
			       "%s must be an integer from %lld to %lld", key, (long long)min,
			       (long long)max);
	*ret_value = json_integer_value(item);
	return 0;
}

static int string(struct decoder *d, const char *what, const json_t *doc, const char *key,
		  const char **ret_value)
{
	const json_t *item = json_object_get(doc, key);

	if (!item || json_is_null(item))
		return 0;
	if (!json_is_string(item) || json_string_length(item) > CGROUP_VALUE_MAX)
		return err_set(d->err, ERR_USAGE, EINVAL, what,
			       "%s must be a string of %d characters at most", key,
			       CGROUP_VALUE_MAX);
	*ret_value = json_string_value(item);
	return 0;
}

/* Room for the rows of @list behind the @had ones; @rows is the address of their pointer. An absent list has none. */
static int list_room(struct decoder *d, const char *what, const json_t *list, size_t max,
		     size_t size, size_t had, void *rows, size_t *ret_count)
{
	size_t count = json_array_size(list);
	void *before, *grown;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return bad(d, what, "must be an array");
	if (count > max)
		return err_set(d->err, ERR_LIMIT, E2BIG, what, "%zu rows, at most %zu", count,
			       max);
	memcpy(&before, rows, sizeof(before));
	grown = arena_array(d->arena, had + count + 1, size);
	if (had)
		memcpy(grown, before, had * size);
	memcpy(rows, &grown, sizeof(grown));
	*ret_count = had + count;
	return 0;
}

static int bad(struct decoder *d, const char *what, const char *why)
{
	return err_set(d->err, ERR_USAGE, EINVAL, what, "%s", why);
}
