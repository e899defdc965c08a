// SPDX-License-Identifier: GPL-2.0-or-later
/* moat-runtime - an OCI runtime: the table of commands, global options, errors. Floor F4. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/oci/cli.h"
#include "runner/oci/entry.h"
#include "runner/oci/seal.h"
#include "runner/process/helper.h"

/**
 * struct command - @sealed: it makes processes that a container can look at
 */
static const struct command {
	const char *name;
	int (*run)(const struct oci_cli *cli, char **argv);
	const char *usage;
	bool sealed;
} commands[] = {
	{"create", oci_cmd_create,
	 "create [--bundle DIR] [--pid-file FILE] [--console-socket SOCKET] [--preserve-fds N] [--no-pivot] [--no-new-keyring] ID",
	 true},
	{"run", oci_cmd_run,
	 "run [--bundle DIR] [--detach] [--pid-file FILE] [--console-socket SOCKET] [--preserve-fds N] [--no-pivot] "
	 "[--no-new-keyring] [--keep] ID",
	 true},
	{"start", oci_cmd_start, "start ID", false},
	{"state", oci_cmd_state, "state ID", false},
	{"kill", oci_cmd_kill, "kill [--all] ID [SIGNAL]", false},
	{"delete", oci_cmd_delete, "delete [--force] ID", false},
	{"exec", oci_cmd_exec,
	 "exec [--process FILE] [--detach] [--tty] [--user UID[:GID]] [--env NAME=VALUE] [--cwd DIR] [--pid-file FILE] "
	 "[--console-socket SOCKET] [--preserve-fds N] ID [COMMAND...]",
	 true},
	{"ps", oci_cmd_ps, "ps [--format table|json] ID", false},
	{"pause", oci_cmd_pause, "pause ID", false},
	{"resume", oci_cmd_resume, "resume ID", false},
	{"update", oci_cmd_update, "update [--resources -|FILE] [--memory N] ... ID", false},
	{"events", oci_cmd_events, "events [--stats] [--interval TIME] ID", false},
	{"list", oci_cmd_list, "list [--format table|json] [--quiet]", false},
	{"spec", oci_cmd_spec, "spec [--bundle DIR] [--rootless]", false},
	{"features", oci_cmd_features, "features", false},
};

static const struct oci_option global_options[] = {
	{"root", 0, OCI_OPTION_STRING, offsetof(struct oci_cli, root)},
	{"log", 0, OCI_OPTION_STRING, offsetof(struct oci_cli, log_path)},
	{"log-format", 0, OCI_OPTION_STRING, offsetof(struct oci_cli, log_format)},
	{"cgroup-manager", 0, OCI_OPTION_STRING, offsetof(struct oci_cli, cgroup_manager)},
	{"systemd-cgroup", 0, OCI_OPTION_FLAG, offsetof(struct oci_cli, systemd_cgroup)},
	{"debug", 0, OCI_OPTION_FLAG, offsetof(struct oci_cli, debug)},
	{"version", 'v', OCI_OPTION_FLAG, offsetof(struct oci_cli, version)},
	{"help", 'h', OCI_OPTION_FLAG, offsetof(struct oci_cli, help)},
	{"log-level", 0, OCI_OPTION_IGNORED, 0},
	{"criu", 0, OCI_OPTION_IGNORED, 0},
	{"rootless", 0, OCI_OPTION_IGNORED, 0},
	{0},
};

#ifndef MOAT_ENTRY
static void seal_early(int argc, char **argv) __attribute__((constructor(101)));
#endif
static int output_end(const struct oci_cli *cli, int code);
static int settings_check(struct oci_cli *cli, struct err *err);
static const char *root_default(void);
static int command_find(const char *name, const struct command **ret_command, struct err *err);
static void help_print(void);
static void record_write(const struct oci_cli *cli, const char *level, const char *text);

int main(int argc, char **argv)
{
	const struct oci_entry_seal *entry = oci_entry_sealed();
	struct oci_cli cli = {.log = -1, .image = entry ? entry->tree : -1, .argv = argv};
	const struct command *command;
	struct err err = ERR_INIT;
	int first;

	/* Our file lies nowhere: who looks for programs beside it is told where the first lay. */
	if (entry)
		(void)setenv(HELPER_ORIGIN, entry->origin, 1);
	if (argc < 1 || fd_streams_open(O_RDWR) < 0) {
		fprintf(stderr, "moat-runtime: standard streams: %s\n", strerror(errno));
		return OCI_FAILED;
	}
	first = oci_options_parse(global_options, argv, &cli, &err);
	if (first < 0 || settings_check(&cli, &err) < 0)
		return oci_cli_error(&cli, &err);
	if (cli.version || (argv[first] && str_eq(argv[first], "version"))) {
		printf("moat-runtime version %s\nspec: 1.3.0\n", MOAT_VERSION);
		return output_end(&cli, 0);
	}
	if (cli.help || !argv[first] || str_eq(argv[first], "help")) {
		help_print();
		return output_end(&cli, cli.help || argv[first] ? 0 : OCI_FAILED);
	}
	if (command_find(argv[first], &command, &err) < 0 ||
	    (command->sealed && !entry && oci_seal_self(argv, &err) < 0))
		return oci_cli_error(&cli, &err);
	if (argv[first + 1] && (str_eq(argv[first + 1], "--help") || str_eq(argv[first + 1], "-h"))) {
		printf("usage: moat-runtime %s\n", command->usage);
		return output_end(&cli, 0);
	}
	/* Events are documents as long as somebody looks; all else ends soon. */
	if (command->run != oci_cmd_events)
		json_keep();
	return output_end(&cli, command->run(&cli, argv + first));
}

int oci_cli_error(const struct oci_cli *cli, const struct err *err)
{
	cleanup(mem_freep) char *text =
		err->object[0] ? mem_printf("%s: %s", err->object, err->msg)
			       : mem_strdup(err->msg);

	fprintf(stderr, "moat-runtime: %s\n", text);
	record_write(cli, "error", text);
	return OCI_FAILED;
}

void oci_cli_warn(const struct oci_cli *cli, const struct buf *warnings)
{
	cleanup(mem_freep) char *copy = mem_strdup(buf_cstr(warnings));
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		/* Engines show our standard error as the container's: with a log it goes there alone. */
		if (cli->log < 0)
			fprintf(stderr, "moat-runtime: warning: %s\n", line);
		record_write(cli, "warning", line);
	}
}

struct oci_request oci_cli_request(const struct oci_cli *cli, const char *id)
{
	return (struct oci_request){
		.root = cli->root,
		.id = id,
		.daemon = cli->daemon,
		.image = cli->image,
		.systemd_cgroup = cli->systemd_cgroup,
		.no_cgroup = cli->cgroup_manager && str_eq(cli->cgroup_manager, "disabled"),
	};
}

/* ----------------------------------------------------------------- helpers */

#ifndef MOAT_ENTRY
/*
 * Before the constructors of libraries, which would run for nothing in a process that starts anew (libcap's asks for six
 * capabilities). A word that is no command, but an id or a file, does no harm; and what fails here main() does again, and
 * says why. glibc alone hands a constructor the arguments; where the program begins in entry.c, all this is done.
 */
static void seal_early(int argc, char **argv)
{
	for (int i = 1; i < argc && !oci_entry_sealed(); i++)
		for (size_t j = 0; j < ARRAY_COUNT(commands); j++)
			if (commands[j].sealed && str_eq(argv[i], commands[j].name)) {
				(void)oci_seal_self(argv, NULL);
				return;
			}
}
#endif

/* What was told is told, or it is a failure: of "state" whoever asked would take the half. */
static int output_end(const struct oci_cli *cli, int code)
{
	struct err err = ERR_INIT;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	err_sys(&err, ERR_IO, errno, NULL, "writing the output");
	(void)oci_cli_error(cli, &err);
	return code ? code : OCI_FAILED;
}

static int settings_check(struct oci_cli *cli, struct err *err)
{
	const char *format = cli->log_format ? cli->log_format : "text";
	const char *daemon = getenv("MOAT_SOCKET");

	if (!cli->root || !*cli->root)
		cli->root = root_default();
	cli->daemon = daemon && *daemon ? daemon : "/run/moat/moatd.sock";
	if (!str_eq(format, "json") && !str_eq(format, "text"))
		return err_set(err, ERR_USAGE, EINVAL, format, "--log-format is text or json");
	cli->json = str_eq(format, "json");
	if (cli->cgroup_manager && str_eq(cli->cgroup_manager, "systemd"))
		cli->systemd_cgroup = true;
	else if (cli->cgroup_manager && !str_eq(cli->cgroup_manager, "cgroupfs") &&
		 !str_eq(cli->cgroup_manager, "disabled"))
		return err_set(err, ERR_USAGE, EINVAL, cli->cgroup_manager,
			       "--cgroup-manager is cgroupfs, systemd or disabled");
	if (cli->log_path && *cli->log_path) {
		cli->log = open(cli->log_path,
				O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
				0644);
		if (cli->log < 0)
			return err_sys(err, ERR_IO, errno, cli->log_path, "open the log");
	}
	return 0;
}

static const char *root_default(void)
{
	const char *own = getenv("XDG_RUNTIME_DIR");

	return geteuid() == 0 || !own || !*own ? "/run/moat-runtime"
					       : mem_printf("%s/moat-runtime", own);
}

static int command_find(const char *name, const struct command **ret_command, struct err *err)
{
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
		if (str_eq(name, commands[i].name)) {
			*ret_command = &commands[i];
			return 0;
		}
	if (str_eq(name, "checkpoint") || str_eq(name, "restore"))
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, name,
			       "checkpoints are not supported by moat-runtime");
	return err_set(err, ERR_USAGE, EINVAL, name, "no such command");
}

static void help_print(void)
{
	printf("usage: moat-runtime [--root DIR] [--log FILE] [--log-format text|json] "
	       "[--systemd-cgroup] COMMAND ...\n\n");
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
		printf("  %s\n", commands[i].usage);
}

/* As logrus writes it: podman and containerd read the last record of level error. */
static void record_write(const struct oci_cli *cli, const char *level, const char *text)
{
	cleanup(mem_freep) char *line = NULL;
	cleanup(mem_freep) char *full = NULL;
	cleanup(json_freep) json_t *record = NULL;
	char now[32];
	time_t seconds = time(NULL);
	struct tm parts;

	if (cli->log < 0)
		return;
	gmtime_r(&seconds, &parts);
	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", &parts);
	if (cli->json) {
		record = json_pack("{s:s, s:s, s:s}", "level", level, "msg", text, "time", now);
		line = record ? json_text(record)
			      : mem_printf("{\"level\":\"%s\",\"msg\":\"a name that is not UTF-8\"}",
					   level);
		full = mem_printf("%s\n", line);
	} else {
		full = mem_printf("time=\"%s\" level=%s msg=\"%s\"\n", now, level, text);
	}
	(void)fd_write_all(cli->log, full, strlen(full));
}
