// SPDX-License-Identifier: GPL-2.0-or-later
/* usage - pausing running containers, and what they use. Floor F4. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/container/container.h"
#include "runner/state/limits.h"

enum { NET_DEV_MAX = 1024 * 1024 }; /* bytes: thousands of links */

/* As the kernel writes "no limit" of v1: the largest multiple of a page. */
#define V1_NO_LIMIT (INT64_MAX - 4095)

static int running_open(const struct container_host *host, const struct name *name,
			struct state *ret_state, struct limits *ret_limits, struct err *err);
static int64_t number_at(const json_t *doc, const char *first, const char *second,
			 const char *third);
static void links_read(int64_t pid, struct container_usage *usage);

int container_pause(const struct container_host *host, const struct name *name, bool pause,
		    struct err *err)
{
	struct limits limits = LIMITS_INIT;
	struct state state;
	int rc = running_open(host, name, &state, &limits, err);

	if (rc == 0)
		rc = cgroup_freeze(&limits.cgroup, pause, err);
	limits_close(&limits);
	return rc;
}

int container_usage(const struct container_host *host, const struct name *name,
		    struct container_usage *ret_usage, struct err *err)
{
	struct limits limits = LIMITS_INIT;
	struct state state;
	int rc = running_open(host, name, &state, &limits, err);

	if (rc == 0) {
		cleanup(json_freep) json_t *stat = cgroup_stat(&limits.cgroup);
		struct container_usage usage = {
			.cpu_ns = number_at(stat, "cpu", "usage", "total"),
			.memory = number_at(stat, "memory", "usage", "usage"),
			.memory_limit = number_at(stat, "memory", "usage", "limit"),
			.pids = number_at(stat, "pids", "current", NULL),
			.pids_limit = number_at(stat, "pids", "limit", NULL),
		};

		if (usage.memory_limit >= V1_NO_LIMIT || usage.memory_limit == 0)
			usage.memory_limit = -1;
		if (usage.pids_limit == 0)
			usage.pids_limit = -1;
		links_read(state.pid, &usage);
		*ret_usage = usage;
	}
	limits_close(&limits);
	return rc;
}

bool container_paused(const struct name *name, const char *id)
{
	struct limits limits = LIMITS_INIT;
	bool paused = limits_open(name, id, &limits, NULL) == 0 && limits.there &&
		      cgroup_frozen(&limits.cgroup);

	limits_close(&limits);
	return paused;
}

/* ----------------------------------------------------------------- helpers */

static int running_open(const struct container_host *host, const struct name *name,
			struct state *ret_state, struct limits *ret_limits, struct err *err)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	const char *full = arena_printf(arena, "%s/%s", name->tenant, name->name);
	struct state_dir dir = STATE_DIR_INIT;
	struct spec spec;
	int rc = state_dir_open(host->runtime_dir, name, &dir, err);

	if (rc == 0)
		rc = state_load(&dir, ret_state, err);
	if (rc == 0)
		rc = state_spec_load(&dir, arena, &doc, &spec, err);
	state_dir_fini(&dir);
	if (rc == 0 && ret_state->status != STATE_RUNNING)
		return err_set(err, ERR_CONFLICT, ESRCH, full, "the container does not run");
	if (rc == 0)
		rc = limits_open(name, spec.id, ret_limits, err);
	if (rc == 0 && !ret_limits->there)
		return err_set(
			err, ERR_UNSUPPORTED, ENOTSUP, full,
			"it has no cgroups: this system has none, or none that can be written");
	return rc;
}

static int64_t number_at(const json_t *doc, const char *first, const char *second,
			 const char *third)
{
	const json_t *value = json_object_get(json_object_get(doc, first), second);

	return json_integer_value(third ? json_object_get(value, third) : value);
}

/* "  eth0: 1234 5 0 0 0 0 0 0 567 8 ...": received bytes first, sent bytes ninth (proc_pid_net(5)) */
static void links_read(int64_t pid, struct container_usage *usage)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	char path[48];
	char *rest, *line;

	snprintf(path, sizeof(path), "/proc/%lld/net/dev", (long long)pid);
	if (file_read(path, NET_DEV_MAX, &text) < 0 || !text.data)
		return;
	rest = (char *)text.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *numbers = strchr(line, ':');
		long long rx, tx;

		if (!numbers)
			continue;
		*numbers++ = '\0';
		line += strspn(line, " ");
		if (!str_eq(line, "lo") &&
		    sscanf(numbers, "%lld %*s %*s %*s %*s %*s %*s %*s %lld", &rx, &tx) == 2) {
			usage->rx += rx;
			usage->tx += tx;
		}
	}
}
