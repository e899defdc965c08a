// SPDX-License-Identifier: GPL-2.0-or-later
/* logs - `moat logs`: what a container wrote. Floor F5. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/container/container.h"
#include "runner/state/logfile.h"

static int logs_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_logs = {
	.name = "logs",
	.summary = "prints what a container wrote",
	.usage = "moat logs [-f] NAME\n"
		 "\n"
		 "  -f, --follow  go on until it has ended\n"
		 "\n"
		 "What it wrote to standard error goes to standard error. --json: each line an "
		 "object with time, stream, log.",
	.run = logs_run,
};

/* One file as it grows. */
struct reader {
	FILE *file;
	ino_t inode;
};

static int follow(const struct cli *cli, struct state_dir *dir, struct reader *reader,
		  struct err *err);
static void turned(const struct cli *cli, const struct state_dir *dir, struct reader *reader);
static void reader_open(struct reader *reader, int folder, const char *name);
static void reader_close(struct reader *reader);
static void reader_drain(const struct cli *cli, struct reader *reader);
static void record_print(const struct cli *cli, const char *line, size_t len);

static int logs_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{"follow", no_argument, NULL, 'f'},
		CLI_COMMON_LONG,
		{0},
	};
	static const char *const names[] = {"NAME", NULL};
	struct state_dir dir = STATE_DIR_INIT;
	struct reader reader = {0};
	struct err err = ERR_INIT;
	bool following = false;
	int letter, rc;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT "f", options, NULL)) !=
	       -1) {
		rc = -1;
		if (letter == 'f')
			following = true;
		else
			rc = cli_option(cli, &cli_verb_logs, letter);
		if (rc >= 0)
			return rc;
	}
	rc = cli_operands(cli, argc, argv, names, 1);
	if (rc < 0)
		rc = cli_unplanned(cli);
	if (rc >= 0)
		return rc;
	rc = container_look(cli, argv[optind], &dir, &err);
	if (rc == 0) {
		struct reader older = {0};

		/* In this order: should it be turned between, both are the same file, and turned() finds the new one. */
		reader_open(&reader, dir.fd, "log");
		reader_open(&older, dir.fd, "log.1");
		if (older.inode != reader.inode)
			reader_drain(cli, &older);
		reader_close(&older);
		reader_drain(cli, &reader);
		turned(cli, &dir, &reader);
		if (following)
			rc = follow(cli, &dir, &reader, &err);
		reader_close(&reader);
	}
	state_dir_fini(&dir);
	return rc < 0 ? cli_fail(cli, &err) : CLI_OK;
}

/* ----------------------------------------------------------------- helpers */

/* The watch is set before the last look at the state, so that no change falls between. */
static int follow(const struct cli *cli, struct state_dir *dir, struct reader *reader,
		  struct err *err)
{
	cleanup(fd_closep) int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd changed = {.fd = watch, .events = POLLIN};
	struct state state;

	if (watch < 0 || inotify_add_watch(watch, dir->path,
					   IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE) < 0)
		return err_sys(err, ERR_KERNEL, errno, dir->path, "inotify");
	for (;;) {
		/* The state first: what was written before it said "exited" is then read below. */
		bool ended = state_load(dir, &state, NULL) < 0 || state.status == STATE_EXITED;
		char events[4096];

		reader_drain(cli, reader);
		turned(cli, dir, reader);
		fflush(stdout);
		if (ended)
			return 0;
		if (poll(&changed, 1, -1) < 0 && errno != EINTR)
			return err_sys(err, ERR_KERNEL, errno, dir->path, "poll");
		while (read(watch, events, sizeof(events)) > 0)
			;
	}
}

/*
 * Where the log is another file than the one we read: the rest of that one, the one between if it was turned twice, and
 * the new one. Of more turns than that the files are gone.
 */
static void turned(const struct cli *cli, const struct state_dir *dir, struct reader *reader)
{
	struct stat st;

	if (fstatat(dir->fd, "log", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (reader->file && st.st_ino == reader->inode))
		return;
	reader_drain(cli, reader);
	if (reader->file && fstatat(dir->fd, "log.1", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ino != reader->inode) {
		reader_close(reader);
		reader_open(reader, dir->fd, "log.1");
		reader_drain(cli, reader);
	}
	reader_close(reader);
	reader_open(reader, dir->fd, "log");
	reader_drain(cli, reader);
}

static void reader_open(struct reader *reader, int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	reader->file = fd < 0 ? NULL : fdopen(fd, "re");
	reader->inode = reader->file && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static void reader_close(struct reader *reader)
{
	if (reader->file)
		fclose(reader->file);
	reader->file = NULL;
}

/* Whole lines only: half of one is read again when the rest is there. */
static void reader_drain(const struct cli *cli, struct reader *reader)
{
	cleanup(mem_freep) char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!reader->file)
		return;
	clearerr(reader->file);
	while ((len = getline(&line, &size, reader->file)) > 0) {
		if (line[len - 1] != '\n') {
			(void)fseek(reader->file, -len, SEEK_CUR);
			break;
		}
		record_print(cli, line, (size_t)len);
	}
}

static void record_print(const struct cli *cli, const char *line, size_t len)
{
	cleanup(json_freep) json_t *record = NULL;
	const char *text;
	size_t size;
	int stream;

	if (cli->json) {
		fwrite(line, 1, len, stdout);
		return;
	}
	record = logfile_record(line, len, &stream, &text, &size);
	if (record)
		fwrite(text, 1, size, stream == 2 ? stderr : stdout);
}
