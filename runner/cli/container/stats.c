// SPDX-License-Identifier: GPL-2.0-or-later
/* stats - `moat stats`: what containers use. Floor F5. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/container/container.h"

enum { SAMPLE_MS = 500, STATS_MAX = 4096 };

static int stats_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_stats = {
	.name = "stats",
	.summary = "shows what containers use",
	.usage = "moat stats [NAME...]\n"
		 "\n"
		 "All that run, or these: processor time (100% is one processor, over half a "
		 "second), memory,\n"
		 "processes, bytes received and sent since its start.",
	.run = stats_run,
};

/* One container, looked at twice; @failed: it ended meanwhile */
struct sample {
	struct name name;
	struct container_usage first, second;
	uint64_t first_ns, second_ns;
	bool failed;
};

struct samples {
	const struct cli *cli;
	struct sample *items;
	size_t count;
};

static int running_add(void *ctx, const struct name *name);
static int samples_take(struct cli *cli, const struct container_host *host,
			struct samples *samples, bool named);
static json_t *row_new(const struct sample *sample);
static void row_print(struct cli_table *table, const struct sample *sample);
static char *amount(int64_t bytes);

static int stats_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {CLI_COMMON_LONG, {0}};
	static const char *const headers[] = {"NAME", "CPU", "MEMORY", "LIMIT",
					      "PIDS", "RX",  "TX",     NULL};
	struct samples samples = {.cli = cli};
	struct container_host host;
	struct cli_table *table;
	struct err err = ERR_INIT;
	json_t *rows;
	int letter, rc = CLI_OK;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		rc = cli_option(cli, &cli_verb_stats, letter);
		if (rc >= 0)
			return rc;
	}
	rc = cli_unplanned(cli);
	if (rc >= 0)
		return rc;
	rc = CLI_OK;
	samples.items = mem_array(STATS_MAX, sizeof(*samples.items));
	container_host_init(&host, cli);
	(void)container_sweep(&host, NULL);
	for (int i = optind; i < argc && rc == CLI_OK && samples.count < STATS_MAX; i++)
		if (name_parse("container", argv[i], false,
			       &samples.items[samples.count++].name, &err) < 0)
			rc = cli_fail(cli, &err);
	if (optind == argc && state_each(cli->runtime_dir, running_add, &samples, &err) < 0)
		rc = cli_fail(cli, &err);
	if (rc == CLI_OK)
		rc = samples_take(cli, &host, &samples, optind < argc);
	container_host_fini(&host);
	if (rc == CLI_OK && cli->json) {
		rows = json_array();
		for (size_t i = 0; i < samples.count; i++)
			if (!samples.items[i].failed)
				json_array_append_new(rows, row_new(&samples.items[i]));
		cli_print_json(json_pack("{s:o}", "containers", rows));
	} else if (rc == CLI_OK) {
		table = cli_table_new(headers);
		for (size_t i = 0; i < samples.count; i++)
			if (!samples.items[i].failed)
				row_print(table, &samples.items[i]);
		cli_table_print(table);
	}
	free(samples.items);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static int running_add(void *ctx, const struct name *name)
{
	struct samples *samples = ctx;
	struct state_dir dir = STATE_DIR_INIT;
	struct state state;

	if (samples->count < STATS_MAX &&
	    state_dir_open(samples->cli->runtime_dir, name, &dir, NULL) == 0 &&
	    state_load(&dir, &state, NULL) == 0 && state.status == STATE_RUNNING)
		samples->items[samples->count++].name = *name;
	state_dir_fini(&dir);
	return 0;
}

/* @named: the caller named them: one that does not run is a failure. */
static int samples_take(struct cli *cli, const struct container_host *host,
			struct samples *samples, bool named)
{
	for (size_t i = 0; i < samples->count; i++) {
		struct sample *sample = &samples->items[i];
		struct err err = ERR_INIT;

		sample->first_ns = clock_monotonic_ns();
		sample->failed = container_usage(host, &sample->name, &sample->first, &err) < 0;
		/* One that has just ended is not told of; a system without cgroups is. */
		if (sample->failed && (named || err.kind == ERR_UNSUPPORTED))
			return cli_fail(cli, &err);
	}
	if (samples->count)
		poll(NULL, 0, SAMPLE_MS);
	for (size_t i = 0; i < samples->count; i++) {
		struct sample *sample = &samples->items[i];

		sample->second_ns = clock_monotonic_ns();
		if (!sample->failed)
			sample->failed =
				container_usage(host, &sample->name, &sample->second, NULL) < 0;
	}
	return CLI_OK;
}

static double percent(const struct sample *sample)
{
	return 100.0 * (double)(sample->second.cpu_ns - sample->first.cpu_ns) /
	       (double)(sample->second_ns - sample->first_ns);
}

static json_t *row_new(const struct sample *sample)
{
	const struct container_usage *usage = &sample->second;

	return json_pack("{s:o, s:f, s:I, s:I, s:o, s:I, s:o, s:I, s:I}", "name",
			 json_sprintf("%s/%s", sample->name.tenant, sample->name.name),
			 "cpuPercent", percent(sample), "cpuNs", (json_int_t)usage->cpu_ns,
			 "memoryBytes", (json_int_t)usage->memory, "memoryLimitBytes",
			 usage->memory_limit < 0 ? json_null()
						 : json_integer(usage->memory_limit),
			 "pids", (json_int_t)usage->pids, "pidsLimit",
			 usage->pids_limit < 0 ? json_null() : json_integer(usage->pids_limit),
			 "rxBytes", (json_int_t)usage->rx, "txBytes", (json_int_t)usage->tx);
}

static void row_print(struct cli_table *table, const struct sample *sample)
{
	const struct container_usage *usage = &sample->second;
	cleanup(mem_freep) char *name =
		mem_printf("%s/%s", sample->name.tenant, sample->name.name);
	cleanup(mem_freep) char *cpu = mem_printf("%.1f%%", percent(sample));
	cleanup(mem_freep) char *memory = amount(usage->memory);
	cleanup(mem_freep) char *limit = amount(usage->memory_limit);
	cleanup(mem_freep) char *pids = mem_printf("%lld", (long long)usage->pids);
	cleanup(mem_freep) char *rx = amount(usage->rx);
	cleanup(mem_freep) char *tx = amount(usage->tx);
	const char *const cells[] = {name, cpu, memory, limit, pids, rx, tx, NULL};

	cli_table_row(table, cells);
}

static char *amount(int64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes < 0)
		return mem_strdup("-");
	for (; value >= 1024 && unit + 1 < ARRAY_COUNT(units); unit++)
		value /= 1024;
	return mem_printf(unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}
