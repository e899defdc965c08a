/* SPDX-License-Identifier: GPL-2.0-or-later */
/* moatd - the command line of the supervisor. Floor F4. */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "netd/seam/loglevel.h"
#include "netd/seam/settings.h"
#include "netd/supervisor/supervisor.h"

static const char usage[] = "usage: moatd [--runtime-dir DIR] [--state-dir DIR] [--engine-user "
			    "NAME|UID] [--dns-user NAME|UID]\n"
			    "             [--admin-group NAME|GID] [--libexec DIR] [--config FILE] "
			    "[--reserved-ports FILE]\n"
			    "             [--allowed-ports FILE] [--resolv-conf FILE]\n"
			    "             [--log-level error|warn|info|debug] [--foreground]\n"
			    "             [--version] [-h|--help]\n"
			    "Keeps moatd-hand, moatd-engine and moatd-dns running and the socket "
			    "DIR/moatd.sock open. Needs root.\n";

enum option_kind {
	OPT_RUNTIME = 256,
	OPT_STATE,
	OPT_USER,
	OPT_DNS_USER,
	OPT_RESOLV,
	OPT_GROUP,
	OPT_LIBEXEC,
	OPT_CONFIG,
	OPT_RESERVED,
	OPT_ALLOWED,
	OPT_LEVEL,
	OPT_FOREGROUND,
	OPT_VERSION,
	OPT_HELP,
};

static const struct option options[] = {
	{"runtime-dir", required_argument, NULL, OPT_RUNTIME},
	{"state-dir", required_argument, NULL, OPT_STATE},
	{"engine-user", required_argument, NULL, OPT_USER},
	{"dns-user", required_argument, NULL, OPT_DNS_USER},
	{"resolv-conf", required_argument, NULL, OPT_RESOLV},
	{"admin-group", required_argument, NULL, OPT_GROUP},
	{"libexec", required_argument, NULL, OPT_LIBEXEC},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"reserved-ports", required_argument, NULL, OPT_RESERVED},
	{"allowed-ports", required_argument, NULL, OPT_ALLOWED},
	{"log-level", required_argument, NULL, OPT_LEVEL},
	{"foreground", no_argument, NULL, OPT_FOREGROUND}, /* the default, and all there is */
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

/* Where its helpers are: beside it in a build folder, in ../libexec/moat where it is installed. */
static char *own_folder(void)
{
	char path[4096], *folder, *helper;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	bool beside;

	if (n <= 0)
		return mem_strdup("/usr/libexec/moat");
	path[n] = '\0';
	folder = dirname(path);
	helper = mem_printf("%s/moatd-hand", folder);
	beside = access(helper, X_OK) == 0;
	free(helper);
	return beside ? mem_strdup(folder) : mem_printf("%s/../libexec/moat", folder);
}

/* Return: -1 to go on, else the exit status. */
static int options_parse(int argc, char **argv, struct supervisor_options *o)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (opt) {
		case OPT_RUNTIME:
			o->runtime_dir = optarg;
			break;
		case OPT_STATE:
			o->state_dir = optarg;
			break;
		case OPT_USER:
			o->engine_user = optarg;
			break;
		case OPT_DNS_USER:
			o->dns_user = optarg;
			break;
		case OPT_RESOLV:
			o->resolv_conf = optarg;
			break;
		case OPT_GROUP:
			o->admin_group = optarg;
			break;
		case OPT_LIBEXEC:
			o->libexec = optarg;
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
			o->log_level = optarg;
			break;
		case OPT_FOREGROUND:
			break;
		case OPT_VERSION:
			printf("moatd %s\n", MOAT_VERSION);
			return 0;
		case OPT_HELP:
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind != argc || o->runtime_dir[0] != '/' || o->state_dir[0] != '/') {
		fputs(optind != argc ? usage : "moatd: folders are given as absolute paths\n",
		      stderr);
		return 2;
	}
	return -1;
}

int main(int argc, char **argv)
{
	cleanup(mem_freep) char *folder = own_folder();
	struct supervisor_options o = {
		.runtime_dir = "/run/moat",
		.state_dir = "/var/lib/moat",
		.config = SETTINGS_FILE,
		.engine_user = "moat-engine",
		.resolv_conf = "/etc/resolv.conf",
		.admin_group = "moat-admin",
		.libexec = folder,
		.log_level = "info",
	};
	struct err err = ERR_INIT;
	enum log_level level;
	int status = options_parse(argc, argv, &o);

	if (status >= 0)
		return status;
	if (loglevel_parse(o.log_level, &level) < 0) {
		fputs(usage, stderr);
		return 2;
	}
	umask(022);
	log_init("moatd", level, getenv("JOURNAL_STREAM") != NULL);
	if (geteuid() != 0) {
		log_error("moatd must be started as root");
		return 1;
	}
	if (supervisor_run(&o, &err) < 0) {
		log_failure(&err, "cannot start");
		return err_exit_code(err.kind);
	}
	return 0;
}
