// SPDX-License-Identifier: GPL-2.0-or-later
/* properties - cgroup v2 to systemd. Floor F4. */
#include "runner/systemd/properties.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

enum { CPUS_MAX = 8192, USEC_PER_SEC = 1000000 };

static int number(const char *text, uint64_t *ret_value);
static int quota_append(sd_bus_message *message, const char *value);
static int list_append(sd_bus_message *message, const char *name, const char *value);

int property_append(sd_bus_message *message, const char *file, const char *value)
{
	static const struct {
		const char *file, *name;
	} rows[] = {
		{"memory.max", "MemoryMax"}, {"memory.high", "MemoryHigh"},	     {"memory.low", "MemoryLow"},
		{"memory.min", "MemoryMin"}, {"memory.swap.max", "MemorySwapMax"}, {"pids.max", "TasksMax"},
		{"cpu.weight", "CPUWeight"}, {"io.weight", "IOWeight"},
	};
	uint64_t count;

	if (str_eq(file, "cpu.max"))
		return quota_append(message, value);
	if (str_eq(file, "cpuset.cpus"))
		return list_append(message, "AllowedCPUs", value);
	if (str_eq(file, "cpuset.mems"))
		return list_append(message, "AllowedMemoryNodes", value);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (!str_eq(file, rows[i].file))
			continue;
		if (number(str_starts(value, "default ") ? value + strlen("default ") : value, &count) < 0)
			return -EINVAL;
		return sd_bus_message_append(message, "(sv)", rows[i].name, "t", count);
	}
	return 0;
}

/* ----------------------------------------------------------------- helpers */

/* "max" is infinity, which both write as the biggest number there is. */
static int number(const char *text, uint64_t *ret_value)
{
	if (!str_eq(text, "max"))
		return str_u64(text, UINT64_MAX - 1, ret_value);
	*ret_value = UINT64_MAX;
	return 0;
}

/* "QUOTA PERIOD" in microseconds, or "QUOTA"; to microseconds a second */
static int quota_append(sd_bus_message *message, const char *value)
{
	cleanup(mem_freep) char *copy = mem_strdup(value);
	char *rest = copy, *first = strsep(&rest, " ");
	uint64_t quota, period = 100000;

	if (number(first, &quota) < 0 || (rest && number(rest, &period) < 0) || period == 0)
		return -EINVAL;
	/* __int128: of any quota the kernel takes */
	if (quota != UINT64_MAX)
		quota = (uint64_t)((unsigned __int128)quota * USEC_PER_SEC / period);
	return sd_bus_message_append(message, "(sv)(sv)", "CPUQuotaPerSecUSec", "t", quota, "CPUQuotaPeriodUSec", "t",
				     period);
}

/* "0-3,7" to bits, the first in the lowest of the first byte */
static int list_append(sd_bus_message *message, const char *name, const char *value)
{
	uint8_t bits[CPUS_MAX / 8] = {0};
	const char *at = value;
	size_t size = 0;
	int rc;

	while (*at && *at != '\n') {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end == at)
			return -EINVAL;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (first > last || last >= CPUS_MAX)
			return -EINVAL;
		for (; first <= last; first++)
			bits[first / 8] |= (uint8_t)(1U << first % 8);
		size = last / 8 + 1 > size ? last / 8 + 1 : size;
		at = end + (*end == ',');
	}
	rc = sd_bus_message_open_container(message, 'r', "sv");
	if (rc >= 0)
		rc = sd_bus_message_append(message, "s", name);
	if (rc >= 0)
		rc = sd_bus_message_open_container(message, 'v', "ay");
	if (rc >= 0)
		rc = sd_bus_message_append_array(message, 'y', bits, size);
	if (rc >= 0)
		rc = sd_bus_message_close_container(message);
	return rc < 0 ? rc : sd_bus_message_close_container(message);
}
