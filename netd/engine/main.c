/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * moatd-engine - the part of the daemon that decides. Floor F4. The supervisor
 * starts it as a user of its own, without capabilities, in an empty network
 * namespace, with four descriptors: the listening socket, the seam, a line to the supervisor
 * and one to moatd-dns.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "netd/seam/place.h"
#include "lib/base/str.h"
#include "lib/kern/lockdown.h"
#include "netd/engine/api.h"
#include "netd/engine/compare/monitor.h"
#include "netd/engine/compare/reconcile.h"
#include "netd/engine/host/dnsfeed.h"
#include "netd/engine/host/listen.h"
#include "netd/engine/methods/methods.h"
#include "netd/engine/porter.h"
#include "netd/engine/start.h"
#include "netd/engine/store/store.h"
#include "netd/seam/loglevel.h"

static void on_porter_gone(void *ctx, unsigned events)
{
	(void)events;
	log_error("the porter is gone");
	engine_die(ctx);
}

static void on_hand_gone(void *ctx) { engine_die(ctx); }

static void on_term(void *ctx)
{
	struct engine *engine = ctx;

	loop_stop(engine->loop);
}

/* The first comparison is through: the world may come in. */
static void on_started(struct engine *engine)
{
	monitor_sync(engine->monitor);
	network_set_resume(engine);
	api_open(engine->api);
	if (engine->ready_fd >= 0 && write(engine->ready_fd, "1", 1) != 1)
		log_warn("the supervisor does not listen");
	dnsfeed_start(engine->dnsfeed);
	log_info("ready");
}

/* The supervisor asks whether this loop still turns: the byte goes back. */
static void on_asked(void *ctx, unsigned events)
{
	struct engine *engine = ctx;
	char byte;

	(void)events;
	if (read(engine->ready_fd, &byte, 1) == 1 && write(engine->ready_fd, &byte, 1) == 1)
		return;
	loop_io_set(engine->line, 0); /* its end is ours, too: the kernel sees to that */
}

struct options {
	const char *state_dir, *runtime_dir, *config, *resolv_conf;
	int seam_fd, listen_fd, ready_fd, dns_fd;
	int64_t admin_gid;
	enum log_level level;
};

static int number(const char *s)
{
	uint64_t value;

	return str_u64(s, INT32_MAX, &value) == 0 ? (int)value : -1;
}

static bool parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "seam-fd", required_argument, NULL, 's' },	 { "listen-fd", required_argument, NULL, 'l' },
		{ "ready-fd", required_argument, NULL, 'r' },	 { "state-dir", required_argument, NULL, 'S' },
		{ "runtime-dir", required_argument, NULL, 'R' }, { "admin-gid", required_argument, NULL, 'g' },
		{ "dns-fd", required_argument, NULL, 'd' },	 { "resolv-conf", required_argument, NULL, 'e' },
		{ "config", required_argument, NULL, 'C' },	 { "log-level", required_argument, NULL, 'L' },
		{ 0 },
	};
	int letter;

	*options = (struct options){ .seam_fd = -1, .listen_fd = -1, .ready_fd = -1, .dns_fd = -1, .admin_gid = -1, .level = LOG_LEVEL_INFO,
				      .config = SETTINGS_FILE };
	while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (letter) {
		case 's': options->seam_fd = number(optarg); break;
		case 'l': options->listen_fd = number(optarg); break;
		case 'r': options->ready_fd = number(optarg); break;
		case 'S': options->state_dir = optarg; break;
		case 'R': options->runtime_dir = optarg; break;
		case 'C': options->config = optarg; break;
		case 'g': options->admin_gid = number(optarg); break;
		case 'd': options->dns_fd = number(optarg); break;
		case 'e': options->resolv_conf = optarg; break;
		case 'L':
			if (loglevel_parse(optarg, &options->level) < 0)
				return false;
			break;
		default: return false;
		}
	}
	return options->seam_fd >= 0 && options->listen_fd >= 0 && options->state_dir && options->runtime_dir;
}

int main(int argc, char **argv)
{
	struct engine engine = { .ready_fd = -1, .porter = -1 };
	struct options options;
	struct err err = ERR_INIT;

	if (!parse(argc, argv, &options)) {
		fprintf(stderr, "moatd-engine: it is started by moatd\n");
		return 2;
	}
	log_init("moatd-engine", options.level, getenv("JOURNAL_STREAM") != NULL);
	mem_keep_little();
	place_start();
	signal(SIGPIPE, SIG_IGN);
	if (porter_start(&engine.porter, &err) < 0) {
		log_failure(&err, "start");
		return 1;
	}
	list_init(&engine.endings);
	list_init(&engine.gate);
	engine.admin_gid = options.admin_gid < 0 ? (gid_t)-1 : (gid_t)options.admin_gid;
	engine.ready_fd = options.ready_fd;
	if (str_copy(engine.runtime_dir, sizeof(engine.runtime_dir), options.runtime_dir) < 0) {
		log_error("the name of the runtime directory is too long");
		return 2;
	}
	if (settings_load(options.config, &engine.settings, &err) < 0) {
		log_failure(&err, "start");
		return 1;
	}
	if (store_open(options.state_dir, options.runtime_dir, &engine.store, &err) < 0) {
		log_failure(&err, "start");
		return 1;
	}
	engine.loop = loop_new();
	engine.hand = hand_new(engine.loop, options.seam_fd, on_hand_gone, &engine);
	if (engine.ready_fd >= 0)
		engine.line = loop_io_new(engine.loop, engine.ready_fd, LOOP_READ, on_asked, &engine);
	engine.porter_io = loop_io_new(engine.loop, engine.porter, LOOP_READ, on_porter_gone, &engine);
	engine.api = api_new(&engine, options.listen_fd);
	engine.monitor = monitor_new(&engine);
	engine.listens = listens_new(&engine);
	engine.dnsfeed = dnsfeed_new(&engine, options.dns_fd, options.resolv_conf ? options.resolv_conf : "/etc/resolv.conf");
	engine.reconcile = reconcile_new(&engine, on_started);
	loop_on_signal(engine.loop, SIGTERM, on_term, &engine);
	loop_on_signal(engine.loop, SIGINT, on_term, &engine);
	/* what it has it got from its parent; from here on it opens files of its store, and no socket but Unix ones */
	if (lockdown_apply(LOCKDOWN_ENGINE, 0, &err) < 0) {
		log_failure(&err, "start");
		return 1;
	}
	start(&engine);
	if (loop_run(engine.loop) < 0)
		engine.status = 1;
	/* what is under way is finished or undone by the next start; the system takes the memory */
	store_close(engine.store);
	return engine.status;
}
