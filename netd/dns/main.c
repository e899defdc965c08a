/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * moatd-dns - answers names. Floor F4. The supervisor starts it as a user of
 * its own, without capabilities, in an empty network namespace, with one
 * descriptor: its end of the channel to the engine. All others come by that.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/lockdown.h"
#include "netd/dns/dns.h"
#include "netd/seam/loglevel.h"

static const char usage[] = "usage: moatd-dns --control-fd N [--log-level error|warn|info|debug]\n"
			    "Started by moatd; not a command of its own.\n";

static bool options_parse(int argc, char **argv, int *ret_fd, enum log_level *ret_level)
{
	static const struct option options[] = {
		{ "control-fd", required_argument, NULL, 'c' },
		{ "log-level", required_argument, NULL, 'L' },
		{ 0 },
	};
	uint64_t number;
	int letter;

	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (letter == 'c' && str_u64(optarg, 1 << 20, &number) == 0)
			*ret_fd = (int)number;
		else if (letter != 'L' || loglevel_parse(optarg, ret_level) < 0)
			return false;
	}
	return optind == argc && *ret_fd >= 0;
}

static void on_term(void *ctx) { loop_stop(((struct dns *)ctx)->loop); }

int main(int argc, char **argv)
{
	enum log_level level = LOG_LEVEL_INFO;
	struct err err = ERR_INIT;
	struct dns dns = { 0 };
	int fd = -1;

	if (!options_parse(argc, argv, &fd, &level)) {
		fputs(usage, stderr);
		return 2;
	}
	log_init("moatd-dns", level, getenv("JOURNAL_STREAM") != NULL);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	dns.loop = loop_new();
	dns.forward = forward_new(&dns);
	dns.splice = splice_new(&dns);
	loop_on_signal(dns.loop, SIGTERM, on_term, &dns);
	loop_on_signal(dns.loop, SIGINT, on_term, &dns);
	if (lockdown_files(&err) < 0 || lockdown_apply(LOCKDOWN_DNS, 0, &err) < 0) {
		log_failure(&err, "start");
		return 1;
	}
	control_start(&dns, fd);
	if (loop_run(dns.loop) < 0)
		dns.status = 1;
	return dns.status;
}
