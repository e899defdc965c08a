/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * moatd-hand - executes plans. Floor F4. The only program of ours that keeps
 * privilege: it is started by moatd as root, reads no byte that a client
 * wrote, and links no library that parses text from outside.
 *
 * In order: know the namespaces, give up every capability but three, probe the
 * kernel, start the two threads, filter system calls, serve.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/capability.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/caps.h"
#include "lib/kern/lockdown.h"
#include "netd/hand/serve.h"
#include "netd/seam/loglevel.h"

static const char usage[] = "usage: moatd-hand --seam-fd N --runtime-dir DIR [--control-fd N] "
			    "[--reserved-ports FILE]\n"
			    "                  [--allowed-ports FILE] [--log-level error|warn|info|debug]\n"
			    "Started by moatd; not a command of its own.\n";

struct hand_options {
	int seam, control;
	const char *runtime_dir, *reserved_ports, *allowed_ports, *config;
	enum log_level level;
};

enum option_kind { OPT_SEAM = 256, OPT_CONTROL, OPT_RUNTIME, OPT_CONFIG, OPT_RESERVED, OPT_ALLOWED, OPT_LEVEL };

static const struct option options[] = {
	{"seam-fd", required_argument, NULL, OPT_SEAM},
	{"control-fd", required_argument, NULL, OPT_CONTROL},
	{"runtime-dir", required_argument, NULL, OPT_RUNTIME},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"reserved-ports", required_argument, NULL, OPT_RESERVED},
	{"allowed-ports", required_argument, NULL, OPT_ALLOWED},
	{"log-level", required_argument, NULL, OPT_LEVEL},
	{NULL, 0, NULL, 0},
};

static int fd_parse(const char *text, int *ret_fd)
{
	uint64_t fd;
	int r = str_u64(text, 1 << 20, &fd);

	if (r == 0)
		*ret_fd = (int)fd;
	return r;
}

static int options_parse(int argc, char **argv, struct hand_options *o)
{
	int opt, r = 0;

	while (r == 0 && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case OPT_SEAM:
			r = fd_parse(optarg, &o->seam);
			break;
		case OPT_CONTROL:
			r = fd_parse(optarg, &o->control);
			break;
		case OPT_RUNTIME:
			o->runtime_dir = optarg;
			break;
		case OPT_CONFIG:
			o->config = optarg;
			break;
		case OPT_RESERVED:
			o->reserved_ports = optarg;
			break;
		case OPT_ALLOWED:
			o->allowed_ports = optarg;
			break;
		case OPT_LEVEL:
			r = loglevel_parse(optarg, &o->level);
			break;
		default:
			r = -EINVAL;
			break;
		}
	}
	return r == 0 && optind == argc && o->seam >= 0 && o->runtime_dir != NULL ? 0 : -EINVAL;
}

/*
 * What is left of root, and what each is for; every other one was taken away
 * and the tests passed.
 *
 *   CAP_NET_ADMIN  rtnetlink, nftables, /proc/sys/net, in our namespaces and, since those belong to descendants
 *                  of our user namespace, in containers'
 *   CAP_NET_BIND_SERVICE  port 53 in routers, for moatd-dns
 *   CAP_SYS_ADMIN  setns(2), unshare(CLONE_NEWNET), mount(2) and umount(2) of pins
 *
 * Not needed: CAP_DAC_OVERRIDE (RUNTIME/ns is root's), CAP_SYS_PTRACE (the only thing under another's /proc we look at
 * is process 1's, before this), CAP_SETPCAP (after this).
 */
static int privilege_drop(struct err *err)
{
	static const int keep[] = {CAP_NET_ADMIN, CAP_NET_BIND_SERVICE, CAP_SYS_ADMIN};

	return caps_reduce(keep, ARRAY_COUNT(keep), err);
}

static int hand_run(const struct hand_options *o, struct registry *reg, struct ports *ports,
		    struct err *err)
{
	struct reaper *reaper = NULL;
	struct serve serve = {.seam = o->seam, .reg = reg, .ports = ports, .engine_cpu = -1};
	int pins, holds = 0, r;

	r = privilege_drop(err);
	if (r == 0)
		r = features_probe(reg->host.fd, &reg->features, err);
	if (r == 0)
		r = ports_reserve_file(ports, o->reserved_ports, err);
	if (r == 0)
		r = ports_allow_file(ports, o->allowed_ports, err);
	if (r == 0)
		r = settings_load(o->config, &serve.settings, err);
	pins = r == 0 ? registry_load_pins(reg, err) : r;
	if (pins < 0)
		return pins;
	r = reaper_start(reg->host.fd, &reaper, err);
	if (r < 0)
		return r;
	serve.reaper = reaper;
	r = side_start(&serve.side, err);
	if (r == 0)
		r = lockdown_apply(LOCKDOWN_HAND, 0, err);
	if (r == 0 && o->control >= 0) {
		holds = registry_load_holds(reg, err);
		r = holds < 0 ? holds : 0;
	}
	if (r == 0) {
		log_debug("serving: %d pinned namespaces, %d held", pins, holds);
		r = serve_loop(&serve, err);
	}
	side_stop(serve.side);
	reaper_stop(reaper);
	return r;
}

int main(int argc, char **argv)
{
	struct hand_options o = {
		.seam = -1,
		.control = -1,
		.config = SETTINGS_FILE,
		.reserved_ports = "/etc/moat/reserved-ports",
		.allowed_ports = "/etc/moat/allowed-ports",
		.level = LOG_LEVEL_INFO,
	};
	struct registry reg;
	struct ports ports;
	struct err err = ERR_INIT;
	int r;

	if (options_parse(argc, argv, &o) < 0) {
		fputs(usage, stderr);
		return 2;
	}
	log_init("moatd-hand", o.level, getenv("JOURNAL_STREAM") != NULL);
	mem_keep_little();
	place_start();
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	r = registry_init(&reg, o.runtime_dir, o.control, &err);
	if (r == 0)
		r = ports_init(&ports, &err);
	if (r == 0) {
		r = hand_run(&o, &reg, &ports, &err);
		ports_fini(&ports);
		registry_fini(&reg);
	}
	if (r < 0) {
		log_failure(&err, "cannot go on");
		return 1;
	}
	return 0;
}
