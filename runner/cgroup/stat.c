// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stat - what a container used, in the JSON that runc's `events --stats` made
 * common (go-runc and containerd read it by these keys). Floor F4
 * (runner/cgroup). What a hierarchy does not tell is 0 there, as in runc's.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cgroup/cgroup.h"

enum {
	TICKS_NS = 10000000
}; /* cpuacct.stat counts in USER_HZ, which is 100 for every program */

static json_t *cpu_stat(const struct cgroup *cgroup, json_t **ret_throttling);
static json_t *memory_v1(int dir);
static json_t *memory_v2(int dir);
static json_t *usage_v1(int dir, const char *prefix);
static json_t *pids_stat(int dir);
static json_t *io_v1(int dir);
static json_t *io_v2(int dir);
static json_t *hugetlb_stat(const struct cgroup_dir *dir);
static json_int_t number(int dir, const char *file);
static json_t *table(int dir, const char *file);
static json_int_t of(const json_t *table, const char *key);
static json_t *json_u64(uint64_t value);

json_t *cgroup_stat(const struct cgroup *cgroup)
{
	const struct cgroup_dir *memory = cgroup_dir_of(cgroup, CGROUP_MEMORY);
	const struct cgroup_dir *pids = cgroup_dir_of(cgroup, CGROUP_PIDS);
	const struct cgroup_dir *io = cgroup_dir_of(cgroup, CGROUP_IO);
	json_t *throttling, *usage = cpu_stat(cgroup, &throttling);

	return json_pack("{s:{s:o, s:o}, s:{}, s:o, s:o, s:o, s:o, s:{}, s:n}", "cpu", "usage",
			 usage, "throttling", throttling, "cpuset", "memory",
			 !memory                      ? json_object()
			 : memory->hierarchy->unified ? memory_v2(memory->fd)
						      : memory_v1(memory->fd),
			 "pids", pids ? pids_stat(pids->fd) : json_object(), "blkio",
			 !io                      ? json_object()
			 : io->hierarchy->unified ? io_v2(io->fd)
						  : io_v1(io->fd),
			 "hugetlb", hugetlb_stat(cgroup_dir_of(cgroup, CGROUP_HUGETLB)),
			 "intel_rdt", "network_interfaces");
}

/* ----------------------------------------------------------------- helpers */

/* cpu.stat is in every v2 cgroup; of v1 cpuacct counts and cpu throttles. */
static json_t *cpu_stat(const struct cgroup *cgroup, json_t **ret_throttling)
{
	const struct cgroup_dir *acct = cgroup_dir_of(cgroup, CGROUP_CPUACCT);
	const struct cgroup_dir *cpu = cgroup_dir_of(cgroup, CGROUP_CPU);
	int unified = cgroup_unified(cgroup);
	bool v1 = acct && !acct->hierarchy->unified;
	json_t *stat = cpu            ? table(cpu->fd, "cpu.stat")
		       : unified >= 0 ? table(unified, "cpu.stat")
				      : json_object();
	json_t *usage;

	*ret_throttling =
		json_pack("{s:I, s:I, s:I}", "periods", of(stat, "nr_periods"),
			  "throttledPeriods", of(stat, "nr_throttled"), "throttledTime",
			  cpu && !cpu->hierarchy->unified ? of(stat, "throttled_time")
							  : of(stat, "throttled_usec") * 1000);
	if (v1) {
		json_t *split = table(acct->fd, "cpuacct.stat");

		usage = json_pack("{s:I, s:I, s:I}", "total", number(acct->fd, "cpuacct.usage"),
				  "kernel", of(split, "system") * TICKS_NS, "user",
				  of(split, "user") * TICKS_NS);
		json_decref(split);
	} else {
		json_t *split = unified >= 0 ? table(unified, "cpu.stat") : json_object();

		usage = json_pack("{s:I, s:I, s:I}", "total", of(split, "usage_usec") * 1000,
				  "kernel", of(split, "system_usec") * 1000, "user",
				  of(split, "user_usec") * 1000);
		json_decref(split);
	}
	json_decref(stat);
	return usage;
}

static json_t *memory_v1(int dir)
{
	json_t *raw = table(dir, "memory.stat");

	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "cache", of(raw, "cache"), "usage",
			 usage_v1(dir, "memory."), "swap", usage_v1(dir, "memory.memsw."),
			 "kernel", usage_v1(dir, "memory.kmem."), "kernelTCP",
			 usage_v1(dir, "memory.kmem.tcp."), "raw", raw);
}

static json_t *usage_v1(int dir, const char *prefix)
{
	static const struct {
		const char *key, *file;
	} parts[] = {{"limit", "limit_in_bytes"},
		     {"usage", "usage_in_bytes"},
		     {"max", "max_usage_in_bytes"},
		     {"failcnt", "failcnt"}};
	json_t *usage = json_object();

	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		char file[64];

		snprintf(file, sizeof(file), "%s%s", prefix, parts[i].file);
		json_object_set_new(usage, parts[i].key, json_integer(number(dir, file)));
	}
	return usage;
}

/* As runc maps v2: swap is memory and swap together; "max" is the largest number there is. */
static json_t *memory_v2(int dir)
{
	json_t *raw = table(dir, "memory.stat"), *events = table(dir, "memory.events");
	json_int_t usage = number(dir, "memory.current"), limit = number(dir, "memory.max");
	json_int_t swap = number(dir, "memory.swap.current");
	json_int_t swap_limit = number(dir, "memory.swap.max");
	json_t *stat = json_pack(
		"{s:I, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I}, "
		"s:{s:I, s:I, s:I, s:I}, "
		"s:O}",
		"cache", of(raw, "file"), "usage", "limit", limit, "usage", usage, "max",
		number(dir, "memory.peak"), "failcnt", of(events, "max"), "swap", "limit",
		limit > LLONG_MAX - swap_limit ? LLONG_MAX : limit + swap_limit, "usage",
		usage + swap, "max", (json_int_t)0, "failcnt", (json_int_t)0, "kernel", "limit",
		(json_int_t)0, "usage", of(raw, "kernel_stack") + of(raw, "slab"), "max",
		(json_int_t)0, "failcnt", (json_int_t)0, "kernelTCP", "limit", (json_int_t)0,
		"usage", of(raw, "sock"), "max", (json_int_t)0, "failcnt", (json_int_t)0, "raw",
		raw);

	json_decref(raw);
	json_decref(events);
	return stat;
}

/* No limit is none: runc writes 0 for it here. */
static json_t *pids_stat(int dir)
{
	json_int_t limit = number(dir, "pids.max");

	return json_pack("{s:I, s:I}", "current", number(dir, "pids.current"), "limit",
			 limit == LLONG_MAX ? 0 : limit);
}

/* "8:0 Read 4096", "Total 4096" */
static json_t *io_v1(int dir)
{
	static const struct {
		const char *key, *file;
	} parts[] = {
		{"ioServiceBytesRecursive", "blkio.throttle.io_service_bytes_recursive"},
		{"ioServicedRecursive", "blkio.throttle.io_serviced_recursive"},
	};
	json_t *stat = json_object();

	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		cleanup(mem_freep) char *text = cgroup_file_whole(dir, parts[i].file);
		json_t *rows = json_array();
		char *rest = text, *line;

		while (rest && (line = strsep(&rest, "\n")) != NULL) {
			unsigned int major, minor;
			unsigned long long value;
			char op[16];

			if (sscanf(line, "%u:%u %15s %llu", &major, &minor, op, &value) == 4)
				json_array_append_new(rows,
						      json_pack("{s:I, s:I, s:s, s:o}", "major",
								(json_int_t)major, "minor",
								(json_int_t)minor, "op", op,
								"value", json_u64(value)));
		}
		json_object_set_new(stat, parts[i].key, rows);
	}
	return stat;
}

/* "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0" */
static json_t *io_v2(int dir)
{
	static const struct {
		const char *word, *op;
		bool bytes;
	} words[] = {{"rbytes=", "Read", true},    {"wbytes=", "Write", true},
		     {"rios=", "Read", false},     {"wios=", "Write", false},
		     {"dbytes=", "Discard", true}, {"dios=", "Discard", false}};
	cleanup(mem_freep) char *text = cgroup_file_whole(dir, "io.stat");
	json_t *bytes = json_array(), *operations = json_array();
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n")) != NULL) {
		unsigned int major, minor;
		char *word;

		if (sscanf(line, "%u:%u", &major, &minor) != 2)
			continue;
		(void)strsep(&line, " ");
		while ((word = strsep(&line, " ")) != NULL)
			for (size_t i = 0; i < ARRAY_COUNT(words); i++)
				if (str_starts(word, words[i].word))
					json_array_append_new(
						words[i].bytes ? bytes : operations,
						json_pack(
							"{s:I, s:I, s:s, s:o}", "major",
							(json_int_t)major, "minor",
							(json_int_t)minor, "op", words[i].op,
							"value",
							json_u64(strtoull(strchr(word, '=') + 1,
									  NULL, 10))));
	}
	return json_pack("{s:o, s:o}", "ioServiceBytesRecursive", bytes, "ioServicedRecursive",
			 operations);
}

/* One object for each size of page that has files: "hugetlb.2MB.current" */
static json_t *hugetlb_stat(const struct cgroup_dir *dir)
{
	json_t *stat = json_object();
	bool v2 = dir && dir->hierarchy->unified;
	const char *end = v2 ? ".current" : ".usage_in_bytes";
	int fd = dir ? openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *files = fd < 0 ? NULL : fdopendir(fd);

	if (!files)
		return stat;
	for (struct dirent *entry; (entry = readdir(files)) != NULL;) {
		char size[32], file[128], line[32];
		size_t len = strlen(entry->d_name), tail = strlen(end);
		json_int_t failed;

		if (!str_starts(entry->d_name, "hugetlb.") || len <= 8 + tail ||
		    !str_eq(entry->d_name + len - tail, end) ||
		    strstr(entry->d_name, ".rsvd.") || len - 8 - tail >= sizeof(size))
			continue;
		memcpy(size, entry->d_name + 8, len - 8 - tail);
		size[len - 8 - tail] = '\0';
		snprintf(file, sizeof(file), v2 ? "hugetlb.%s.events" : "hugetlb.%s.failcnt",
			 size);
		if (v2)
			failed = cgroup_file_read(dir->fd, file, line, sizeof(line)) > 4
					 ? strtoll(line + 4, NULL, 10)
					 : 0;
		else
			failed = number(dir->fd, file);
		snprintf(file, sizeof(file), "hugetlb.%s.max_usage_in_bytes", size);
		json_object_set_new(
			stat, size,
			json_pack("{s:I, s:I, s:I}", "usage", number(dir->fd, entry->d_name),
				  "max", v2 ? 0 : number(dir->fd, file), "failcnt", failed));
	}
	closedir(files);
	return stat;
}

/* 0 where there is none; "max", and what is larger than JSON's integers here, is the largest. */
static json_int_t number(int dir, const char *file)
{
	char text[64];
	unsigned long long value;

	if (cgroup_file_read(dir, file, text, sizeof(text)) <= 0)
		return 0;
	if (str_starts(text, "max"))
		return LLONG_MAX;
	value = strtoull(text, NULL, 10);
	return value > LLONG_MAX ? LLONG_MAX : (json_int_t)value;
}

/* "key number" a line */
static json_t *table(int dir, const char *file)
{
	cleanup(mem_freep) char *text = cgroup_file_whole(dir, file);
	json_t *rows = json_object();
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n")) != NULL) {
		const char *key = strsep(&line, " ");

		if (line && *key)
			json_object_set_new(rows, key, json_u64(strtoull(line, NULL, 10)));
	}
	return rows;
}

static json_int_t of(const json_t *rows, const char *key)
{
	return json_integer_value(json_object_get(rows, key));
}

static json_t *json_u64(uint64_t value)
{
	return json_integer(value > LLONG_MAX ? LLONG_MAX : (json_int_t)value);
}
