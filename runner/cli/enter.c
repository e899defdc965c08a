/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * enter - `moat enter TENANT/NAME -- CMD`: a command of the host inside a stack. Floor F5.
 *
 * Order: the network namespace first, then a private mount namespace with a sysfs of it (mounting
 * one asks for rights over the owner of the network namespace, and over the mount namespace), and
 * the stack's user namespace last, where there is one: from then on the process has no right over
 * anything of the host, and its root is the stack's.
 */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/cli.h"

enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NO_COMMAND = 127 };

static int enter_run(struct cli *cli, int argc, char **argv);
static int stack_enter(struct cli *cli, const char *name, struct err *err);
static int namespaces_join(const char *name, int netns, int userns, struct err *err);
static int root_become(const char *name, struct err *err);
static int fd_of(const json_t *reply, const char *key, const int *fds, size_t count);

const struct cli_verb cli_verb_enter = {
	.name = "enter",
	.summary = "runs a command of the host inside a stack",
	.usage = "moat enter TENANT/NAME -- CMD [ARG...]\n\n"
		 "  In the stack's network namespace, and in its user namespace where it has "
		 "one; /sys shows its interfaces.\n"
		 "  Exit: the command's own; 125 moat failed, 126 the command cannot be run, "
		 "127 there is none.",
	.run = enter_run,
};

static int enter_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {CLI_COMMON_LONG, {0}};
	struct err err = ERR_INIT;
	const char *name;
	int letter;

	while ((letter = getopt_long(argc, argv, CLI_COMMON_SHORT, options, NULL)) != -1) {
		int rc = cli_option(cli, &cli_verb_enter, letter);

		if (rc >= 0)
			return rc == CLI_OK ? CLI_OK : CLI_RUN_FAILED;
	}
	if (cli_unplanned(cli) < 0 && optind >= argc)
		cli_usage(cli, "TENANT/NAME is missing");
	if (cli->dry_run || optind >= argc)
		return CLI_RUN_FAILED;
	name = argv[optind++];
	if (argv[optind] && strcmp(argv[optind], "--") == 0)
		optind++;
	if (!argv[optind]) {
		cli_usage(cli, "CMD is missing: what to run in %s?", name);
		return CLI_RUN_FAILED;
	}
	if (stack_enter(cli, name, &err) < 0) {
		cli_fail(cli, &err);
		return CLI_RUN_FAILED;
	}
	varlink_close(cli->client);
	cli->client = NULL;
	execvp(argv[optind], argv + optind);
	err_sys(&err, ERR_IO, errno, argv[optind], "cannot run it");
	cli_fail(cli, &err);
	return err.no == ENOENT || err.no == ENOTDIR ? EXIT_NO_COMMAND : EXIT_NOT_EXECUTABLE;
}

static int stack_enter(struct cli *cli, const char *name, struct err *err)
{
	cleanup(json_freep) json_t *reply = NULL;
	int fds[FDIO_FDS_MAX];
	size_t count = 0;
	int rc;

	if (geteuid() != 0)
		return err_set(err, ERR_PERMISSION, EPERM, name,
			       "only root may join namespaces: run it as root");
	rc = cli_connect(cli, err);
	if (rc == 0)
		rc = varlink_call(cli->client, "io.moat.StackOpen",
				  json_pack("{s:s}", "name", name), NULL, 0, &reply, fds,
				  &count, err);
	if (rc < 0)
		return rc;
	rc = namespaces_join(name, fd_of(reply, "netnsFd", fds, count),
			     fd_of(reply, "usernsFd", fds, count), err);
	for (size_t i = 0; i < count; i++)
		fd_close(fds[i]);
	return rc;
}

static int namespaces_join(const char *name, int netns, int userns, struct err *err)
{
	if (netns < 0)
		return err_set(err, ERR_INTERNAL, EPROTO, name,
			       "moatd passed no network namespace");
	if (setns(netns, CLONE_NEWNET) < 0)
		return err_sys(err, ERR_KERNEL, errno, name,
			       "cannot join its network namespace");
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(err, ERR_KERNEL, errno, name, "cannot make a mount namespace");
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(err, ERR_KERNEL, errno, name, "cannot make the mounts private");
	if (mount("moat", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return err_sys(err, ERR_KERNEL, errno, name, "cannot mount its /sys");
	if (userns < 0)
		return 0;
	if (setns(userns, CLONE_NEWUSER) < 0)
		return err_sys(err, ERR_KERNEL, errno, name, "cannot join its user namespace");
	return root_become(name, err);
}

/* Our uid has no number in there: become the root of that place. */
static int root_become(const char *name, struct err *err)
{
	/* a namespace made without privilege forbids it, and then has no groups of ours to lose */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return err_sys(err, ERR_KERNEL, errno, name, "cannot drop the groups");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, name, "cannot become its root");
	return 0;
}

/* The descriptor whose index the member @key is. Return: -1 where there is none. */
static int fd_of(const json_t *reply, const char *key, const int *fds, size_t count)
{
	const json_t *value = json_object_get(reply, key);
	json_int_t index = json_integer_value(value);

	if (!json_is_integer(value) || index < 0 || (size_t)index >= count)
		return -1;
	return fds[index];
}
