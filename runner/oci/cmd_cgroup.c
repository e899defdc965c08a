// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_cgroup - commands that look at, stop or bound a container by its cgroup: ps, pause, resume, update. Floor F4. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/oci/cli.h"

enum { RESOURCES_MAX = 1024 * 1024 };

static int freeze(const struct oci_cli *cli, char **argv, bool frozen);
static void process_print(pid_t pid);
static int resources_read(const char *path, json_t **ret_doc, struct err *err);
static int flags_add(json_t *doc, const void *values, struct err *err);
static int schemata_update(const void *values, const struct oci_state *state, struct buf *ret_had, struct err *err);

int oci_cmd_ps(const struct oci_cli *cli, char **argv)
{
	struct values {
		const char *format;
	} values = {0};
	static const struct oci_option options[] = {
		{"format", 'f', OCI_OPTION_STRING, offsetof(struct values, format)}, {0}};
	struct oci_state state = {0};
	struct err err = ERR_INIT;
	enum oci_status status;
	pid_t *pids = NULL;
	size_t count = 0;
	int first = oci_options_parse(options, argv, &values, &err), rc = first;

	/* what follows the id are options of ps(1), which is not run */
	if (rc >= 0 && !argv[first])
		rc = oci_usage(&err, "ps [--format table|json] ID");
	if (rc >= 0 && values.format && !str_eq(values.format, "json") &&
	    !str_eq(values.format, "table"))
		rc = err_set(&err, ERR_USAGE, EINVAL, "--format", "is table or json");
	if (rc >= 0)
		rc = oci_cli_loaded(cli, argv[first], &state, &status, &err);
	if (rc == 0)
		rc = oci_cgroup_pids(&state.cgroup, &pids, &count, &err);
	if (rc == 0 && str_eq(values.format, "json")) {
		json_t *list = json_array();
		char *text;

		for (size_t i = 0; i < count; i++)
			json_array_append_new(list, json_integer(pids[i]));
		text = json_text(list);
		puts(text);
		free(text);
		json_decref(list);
	} else if (rc == 0) {
		printf("%-8s %s\n", "PID", "CMD");
		for (size_t i = 0; i < count; i++)
			process_print(pids[i]);
	}
	free(pids);
	oci_state_fini(&state);
	return rc < 0 ? oci_cli_error(cli, &err) : 0;
}

int oci_cmd_pause(const struct oci_cli *cli, char **argv)
{
	return freeze(cli, argv, true);
}

int oci_cmd_resume(const struct oci_cli *cli, char **argv)
{
	return freeze(cli, argv, false);
}

/* Flags of `update`, as runc has them, with their places in linux.resources */
struct update {
	const char *resources;
	const char *memory, *swap, *reservation, *shares, *quota, *period, *burst, *idle,
		*rt_period, *rt_runtime;
	const char *pids, *weight, *cpus, *mems;
	const char *l3, *mb; /* of linux.intelRdt */
};
static const struct {
	size_t offset;
	const char *part, *key;
	bool text;
} update_flags[] = {
	{offsetof(struct update, memory), "memory", "limit", false},
	{offsetof(struct update, swap), "memory", "swap", false},
	{offsetof(struct update, reservation), "memory", "reservation", false},
	{offsetof(struct update, shares), "cpu", "shares", false},
	{offsetof(struct update, quota), "cpu", "quota", false},
	{offsetof(struct update, period), "cpu", "period", false},
	{offsetof(struct update, burst), "cpu", "burst", false},
	{offsetof(struct update, idle), "cpu", "idle", false},
	{offsetof(struct update, rt_period), "cpu", "realtimePeriod", false},
	{offsetof(struct update, rt_runtime), "cpu", "realtimeRuntime", false},
	{offsetof(struct update, pids), "pids", "limit", false},
	{offsetof(struct update, weight), "blockIO", "weight", false},
	{offsetof(struct update, cpus), "cpu", "cpus", true},
	{offsetof(struct update, mems), "cpu", "mems", true},
};

int oci_cmd_update(const struct oci_cli *cli, char **argv)
{
	static const struct oci_option options[] = {
		{"resources", 'r', OCI_OPTION_STRING, offsetof(struct update, resources)},
		{"memory", 0, OCI_OPTION_STRING, offsetof(struct update, memory)},
		{"memory-swap", 0, OCI_OPTION_STRING, offsetof(struct update, swap)},
		{"memory-reservation", 0, OCI_OPTION_STRING,
		 offsetof(struct update, reservation)},
		{"cpu-share", 0, OCI_OPTION_STRING, offsetof(struct update, shares)},
		{"cpu-shares", 0, OCI_OPTION_STRING, offsetof(struct update, shares)},
		{"cpu-quota", 0, OCI_OPTION_STRING, offsetof(struct update, quota)},
		{"cpu-period", 0, OCI_OPTION_STRING, offsetof(struct update, period)},
		{"cpu-burst", 0, OCI_OPTION_STRING, offsetof(struct update, burst)},
		{"cpu-idle", 0, OCI_OPTION_STRING, offsetof(struct update, idle)},
		{"cpu-rt-period", 0, OCI_OPTION_STRING, offsetof(struct update, rt_period)},
		{"cpu-rt-runtime", 0, OCI_OPTION_STRING, offsetof(struct update, rt_runtime)},
		{"pids-limit", 0, OCI_OPTION_STRING, offsetof(struct update, pids)},
		{"blkio-weight", 0, OCI_OPTION_STRING, offsetof(struct update, weight)},
		{"cpuset-cpus", 0, OCI_OPTION_STRING, offsetof(struct update, cpus)},
		{"cpuset-mems", 0, OCI_OPTION_STRING, offsetof(struct update, mems)},
		{"l3-cache-schema", 0, OCI_OPTION_STRING, offsetof(struct update, l3)},
		{"mem-bw-schema", 0, OCI_OPTION_STRING, offsetof(struct update, mb)},
		{0},
	};
	cleanup(json_freep) json_t *doc = NULL;
	cleanup(buf_fini) struct buf had = BUF_INIT;
	struct update values = {0};
	struct oci_state state = {0};
	struct err err = ERR_INIT;
	enum oci_status status;
	int first = oci_cli_one_id(argv, options, &values,
			   "update [--resources -|FILE] [--memory N] ... ID", &err);
	int rc = first;

	if (rc >= 0 && values.resources)
		rc = resources_read(values.resources, &doc, &err);
	else if (rc >= 0)
		doc = json_object();
	if (rc >= 0)
		rc = flags_add(doc, &values, &err);
	if (rc == 0)
		rc = oci_cli_loaded(cli, argv[first], &state, &status, &err);
	if (rc == 0 && status == OCI_STOPPED)
		rc = err_set(&err, ERR_CONFLICT, ESRCH, state.id, "container not running");
	if (rc == 0 && (values.l3 || values.mb))
		rc = schemata_update(&values, &state, &had, &err);
	if (rc == 0 && json_object_size(doc) > 0)
		rc = oci_cgroup_update(&state.cgroup, doc, &err);
	if (rc < 0)
		oci_rdt_restore(&state.rdt, &had);
	oci_state_fini(&state);
	return rc < 0 ? oci_cli_error(cli, &err) : 0;
}

int oci_cli_loaded(const struct oci_cli *cli, const char *id, struct oci_state *ret_state,
		   enum oci_status *ret_status, struct err *err)
{
	struct oci_dir dir = OCI_DIR_INIT;
	int rc = oci_dir_open(cli->root, id, &dir, err);

	if (rc == 0)
		rc = oci_state_load(&dir, ret_state, err);
	if (rc == 0)
		*ret_status = oci_state_status(&dir, ret_state);
	oci_dir_fini(&dir);
	return rc;
}

int oci_cli_one_id(char **argv, const struct oci_option *options, void *values,
		   const char *usage, struct err *err)
{
	int first = oci_options_parse(options, argv, values, err);

	if (first >= 0 && (!argv[first] || argv[first + 1]))
		return oci_usage(err, usage);
	return first;
}

/* ----------------------------------------------------------------- helpers */

static int freeze(const struct oci_cli *cli, char **argv, bool frozen)
{
	static const struct oci_option options[] = {{0}};
	struct oci_state state = {0};
	struct err err = ERR_INIT;
	enum oci_status status;
	int first = oci_cli_one_id(argv, options, NULL, frozen ? "pause ID" : "resume ID", &err);
	int rc = first;

	if (rc >= 0)
		rc = oci_cli_loaded(cli, argv[first], &state, &status, &err);
	if (rc == 0 && frozen && status != OCI_RUNNING && status != OCI_CREATED)
		rc = err_set(&err, ERR_CONFLICT, ESRCH, state.id,
			     "container not running: it is %s", oci_status_name(status));
	if (rc == 0 && !frozen && status != OCI_PAUSED)
		rc = err_set(&err, ERR_CONFLICT, EINVAL, state.id,
			     "container not paused: it is %s", oci_status_name(status));
	if (rc == 0)
		rc = oci_cgroup_freeze(&state.cgroup, frozen, &err);
	oci_state_fini(&state);
	return rc < 0 ? oci_cli_error(cli, &err) : 0;
}

/* One that is gone by now is not told of. What is no text in its arguments is shown as a question mark. */
static void process_print(pid_t pid)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if (file_read(path, RESOURCES_MAX, &text) < 0)
		return;
	for (size_t i = 0; i + 1 < text.size; i++)
		if (text.data[i] == '\0')
			text.data[i] = ' ';
		else if (text.data[i] < ' ' || text.data[i] == 0x7f)
			text.data[i] = '?';
	printf("%-8d %s\n", (int)pid, buf_cstr(&text));
}

static int resources_read(const char *path, json_t **ret_doc, struct err *err)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	int rc = 0;

	if (!str_eq(path, "-"))
		return oci_document_read(path, ret_doc, err);
	while (text.size <= RESOURCES_MAX) {
		char part[4096];
		ssize_t n = read(STDIN_FILENO, part, sizeof(part));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, ERR_IO, errno, "--resources -", "read");
		if (n == 0)
			break;
		buf_add(&text, part, (size_t)n);
	}
	if (text.size > RESOURCES_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, "--resources -", "is too long");
	rc = json_parse(buf_cstr(&text), text.size, JSON_FOLD_DUPLICATES, ret_doc, err);
	return rc < 0 ? err_wrap(err, "--resources -") : 0;
}

/* As linux.intelRdt has them, and judged as there. @ret_had: what the class had, empty where nothing was written */
static int schemata_update(const void *values, const struct oci_state *state, struct buf *ret_had, struct err *err)
{
	const struct update *update = values;
	cleanup(json_freep) json_t *object = json_object();
	struct arena *arena = arena_new();
	const struct oci_rdt *rdt;
	int rc;

	if ((update->l3 && json_object_set_new(object, "l3CacheSchema", json_string(update->l3)) < 0) ||
	    (update->mb && json_object_set_new(object, "memBwSchema", json_string(update->mb)) < 0))
		rc = err_set(err, ERR_USAGE, EILSEQ, state->id, "a schema is no text");
	else
		rc = oci_rdt_decode(object, arena, &rdt, err);
	if (rc == 0)
		rc = oci_rdt_update(rdt, &state->rdt, ret_had, err);
	arena_free(arena);
	return rc;
}

static int flags_add(json_t *doc, const void *values, struct err *err)
{
	for (size_t i = 0; i < ARRAY_COUNT(update_flags); i++) {
		const char *part = update_flags[i].part;
		const char *text;
		char *end;
		json_t *object;
		long long value;

		memcpy(&text, (const char *)values + update_flags[i].offset, sizeof(text));
		if (!text)
			continue;
		object = json_object_get(doc, part);
		if (!json_is_object(object)) {
			object = json_object();
			json_object_set_new(doc, part, object);
		}
		if (update_flags[i].text) {
			json_object_set_new(object, update_flags[i].key, json_string(text));
			continue;
		}
		errno = 0;
		value = strtoll(text, &end, 10);
		if (errno || end == text || *end || *text == ' ' || *text == '+')
			return err_set(err, ERR_USAGE, EINVAL, text, "%s.%s is a number", part,
				       update_flags[i].key);
		json_object_set_new(object, update_flags[i].key, json_integer(value));
	}
	return 0;
}
