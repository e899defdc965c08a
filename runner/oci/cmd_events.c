// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_events - what a container uses, and when its memory ran out, a line of JSON each, as runc tells it. Floor F4. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cgroup/cgroup.h"
#include "runner/oci/cli.h"

enum { INTERVAL_MS = 5000, INTERVAL_MAX_MS = 86400000 };

static int follow(const struct oci_state *state, int interval, struct err *err);
static int stats_print(const struct oci_state *state, struct err *err);
static int oom_print(const struct oci_state *state, struct cgroup_oom *oom);
static int line_print(const json_t *line);
static int interval_parse(const char *text, int *ret_ms, struct err *err);

int oci_cmd_events(const struct oci_cli *cli, char **argv)
{
	struct values {
		bool stats;
		const char *interval;
	} values = {0};
	static const struct oci_option options[] = {
		{"stats", 0, OCI_OPTION_FLAG, offsetof(struct values, stats)},
		{"interval", 0, OCI_OPTION_STRING, offsetof(struct values, interval)},
		{0}};
	struct oci_state state = {0};
	struct err err = ERR_INIT;
	enum oci_status status;
	int interval = INTERVAL_MS;
	int first = oci_cli_one_id(argv, options, &values, "events [--stats] [--interval TIME] ID", &err);
	int rc = first;

	if (rc >= 0 && values.interval)
		rc = interval_parse(values.interval, &interval, &err);
	if (rc >= 0)
		rc = oci_cli_loaded(cli, argv[first], &state, &status, &err);
	if (rc == 0 && status == OCI_STOPPED)
		rc = err_set(&err, ERR_CONFLICT, ESRCH, state.id, "container not running");
	if (rc == 0)
		rc = values.stats ? stats_print(&state, &err) : follow(&state, interval, &err);
	oci_state_fini(&state);
	return rc < 0 ? oci_cli_error(cli, &err) : 0;
}

/* ----------------------------------------------------------------- helpers */

/* To the end of the container, or of who reads. */
static int follow(const struct oci_state *state, int interval, struct err *err)
{
	cleanup(fd_closep) int pidfd = oci_state_pidfd(state);
	struct cgroup_oom oom = CGROUP_OOM_INIT;
	int rc = oci_cgroup_oom(&state->cgroup, &oom, err);
	uint64_t due = 0;

	while (rc == 0) {
		struct pollfd wait[] = {
			{.fd = oom.fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}, {.fd = 1, .events = 0}};
		uint64_t now = clock_monotonic_ns() / 1000000;

		if (now >= due) {
			rc = stats_print(state, err);
			due = now + (uint64_t)interval;
			continue;
		}
		if (poll(wait, ARRAY_COUNT(wait), (int)(due - now)) < 0 && errno != EINTR)
			rc = err_sys(err, ERR_KERNEL, errno, state->id, "poll");
		/* Who was killed for memory ends: that is told first. */
		if (rc == 0 && (oom_print(state, &oom) < 0 || wait[2].revents || wait[1].revents || pidfd < 0))
			break;
	}
	cgroup_oom_close(&oom);
	return rc;
}

static int stats_print(const struct oci_state *state, struct err *err)
{
	cleanup(json_freep) json_t *line = NULL;
	json_t *stat = NULL;
	int rc = oci_cgroup_stat(&state->cgroup, &stat, err);

	if (rc < 0)
		return rc;
	line = json_pack("{s:s, s:s, s:o}", "type", "stats", "id", state->id, "data", stat);
	rc = line_print(line);
	return rc < 0 ? err_sys(err, ERR_IO, -rc, state->id, "write") : 0;
}

static int oom_print(const struct oci_state *state, struct cgroup_oom *oom)
{
	uint64_t count = cgroup_oom_take(oom);
	int rc = 0;

	while (rc == 0 && count-- > 0) {
		cleanup(json_freep) json_t *line = json_pack("{s:s, s:s}", "type", "oom", "id", state->id);

		rc = line_print(line);
	}
	return rc;
}

static int line_print(const json_t *line)
{
	cleanup(mem_freep) char *text = json_text(line);

	return puts(text) < 0 || fflush(stdout) != 0 ? -EIO : 0;
}

/* "5s", "500ms", "1m": what Go writes for a duration, of one unit */
static int interval_parse(const char *text, int *ret_ms, struct err *err)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
	char number[16];
	size_t digits = strspn(text, "0123456789");
	uint64_t value;

	for (size_t i = 0; digits > 0 && digits < sizeof(number) && i < ARRAY_COUNT(units);
	     i++) {
		memcpy(number, text, digits);
		number[digits] = '\0';
		if (str_eq(text + digits, units[i].name) &&
		    str_u64(number, INTERVAL_MAX_MS / units[i].ms, &value) == 0 && value > 0) {
			*ret_ms = (int)(value * units[i].ms);
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, EINVAL, text,
		       "--interval is a time such as 5s or 500ms");
}
