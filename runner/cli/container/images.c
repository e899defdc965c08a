// SPDX-License-Identifier: GPL-2.0-or-later
/* images - `moat image list|rm|prune`: the images that `moat run --image` has unpacked. Floor F5. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/cli/container/container.h"
#include "runner/container/files_client.h"
#include "runner/process/helper.h"
#include "runner/state/images.h"

enum {
	SHORT_DIGEST = 19, /* "sha256:" and 12 digits */
	BLOCK_SIZE = 512,  /* bytes of one of st_blocks: inode(7) */
	DEPTH_MAX = 128,   /* folders in one another, each a descriptor */
};

static int list_run(struct cli *cli, int argc, char **argv);
static int rm_run(struct cli *cli, int argc, char **argv);
static int prune_run(struct cli *cli, int argc, char **argv);

enum { LIST, RM, PRUNE };
static const struct cli_verb subs[] = {
	[LIST] = {"list", "lists the unpacked images", "moat image list", NULL, list_run},
	[RM] = {"rm", "removes unpacked images",
		"moat image rm DIGEST... [--strict]\n\n"
		"  DIGEST    as moat image list has it, or its first digits, four at least\n"
		"  --strict  fail when there is none such",
		NULL, rm_run},
	[PRUNE] = {"prune", "removes the images that no container has", "moat image prune", NULL, prune_run},
	{0},
};

const struct cli_verb cli_verb_image = {
	.name = "image",
	.summary = "the images that moat run --image has unpacked",
	.usage = "moat image list|rm|prune ...",
	.sub = subs,
};

static int folders_read(const struct cli *cli, struct dirent ***ret_entries, struct err *err);
static void folders_free(struct dirent **entries, int count);
static int is_folder(const struct dirent *entry);
static json_t *row_new(const struct cli *cli, const char *folder, struct err *err);
static int user_add(void *ctx, const char *name);
static int64_t size_of(int parent, const char *name, unsigned int depth);
static int image_remove(const struct cli *cli, const char *folder, json_t *removed, struct err *err);
static void removed_print(const struct cli *cli, json_t *removed);

static int list_run(struct cli *cli, int argc, char **argv)
{
	static const char *const none[] = {NULL};
	static const char *const headers[] = {"DIGEST", "SIZE", "USED BY", NULL};
	cleanup(json_freep) json_t *doc = NULL;
	json_t *rows = json_array();
	struct dirent **entries;
	struct cli_table *table;
	struct err err = ERR_INIT;
	const json_t *row;
	size_t index;
	int count, rc = cli_plain(cli, &subs[LIST], argc, argv, none, 0);

	doc = json_pack("{s:o}", "images", rows);
	if (rc >= 0)
		return rc;
	count = folders_read(cli, &entries, &err);
	for (int i = 0; err.kind == ERR_NONE && i < count; i++)
		json_array_append_new(rows, row_new(cli, entries[i]->d_name, &err));
	folders_free(entries, count);
	if (err.kind != ERR_NONE)
		return cli_fail(cli, &err);
	if (cli->json) {
		cli_print_json(doc);
		return CLI_OK;
	}
	table = cli->quiet ? NULL : cli_table_new(headers);
	json_array_foreach(rows, index, row) {
		const char *digest = json_string_value(json_object_get(row, "digest"));
		cleanup(mem_freep) char *users = cli_cell(json_object_get(row, "containers"));
		cleanup(mem_freep) char *brief = mem_strndup(digest, SHORT_DIGEST);
		cleanup(mem_freep) char *size = mem_printf(
			"%.1fM", (double)json_integer_value(json_object_get(row, "sizeBytes")) / (1024 * 1024));

		if (cli->quiet)
			printf("%s\n", digest);
		else
			cli_table_row(table, (const char *const[]){brief, size, *users ? users : "-", NULL});
	}
	if (table)
		cli_table_print(table);
	return CLI_OK;
}

static int rm_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"strict", no_argument, NULL, 's'}, CLI_COMMON_LONG, {0}};
	cleanup(json_freep) json_t *removed = json_array();
	struct dirent **entries;
	struct err err = ERR_INIT;
	bool strict = false;
	int letter, count, rc = 0;

	while ((letter = getopt_long(argc, argv, CLI_ANYWHERE_SHORT, options, NULL)) != -1) {
		rc = letter == 's' ? -1 : cli_option(cli, &subs[RM], letter);
		strict |= letter == 's';
		if (rc >= 0)
			return rc;
	}
	if (!argv[optind])
		return cli_usage(cli, "DIGEST is missing");
	count = folders_read(cli, &entries, &err);
	rc = count < 0 ? count : 0;
	for (; rc == 0 && argv[optind]; optind++) {
		const char *found = NULL;

		if (!images_is_digest(argv[optind]))
			rc = err_set(&err, ERR_USAGE, EINVAL, argv[optind],
				     "is no digest of an image, nor the first digits of one; moat image list has them");
		for (int i = 0; rc == 0 && i < count; i++) {
			if (!images_match(entries[i]->d_name, argv[optind]))
				continue;
			if (found)
				rc = err_set(&err, ERR_CONFLICT, EEXIST, argv[optind], "more than one image begins so");
			found = entries[i]->d_name;
		}
		if (rc == 0 && found)
			rc = image_remove(cli, found, removed, &err);
		else if (rc == 0 && strict)
			rc = err_set(&err, ERR_NOTFOUND, ENOENT, argv[optind], "there is no such image");
	}
	folders_free(entries, count);
	if (rc == 0 || !cli->json)
		removed_print(cli, removed);
	return rc < 0 ? cli_fail(cli, &err) : CLI_OK;
}

static int prune_run(struct cli *cli, int argc, char **argv)
{
	static const char *const none[] = {NULL};
	cleanup(json_freep) json_t *removed = json_array();
	struct dirent **entries;
	struct err err = ERR_INIT;
	int count, rc = cli_plain(cli, &subs[PRUNE], argc, argv, none, 0);

	if (rc >= 0)
		return rc;
	count = folders_read(cli, &entries, &err);
	rc = count < 0 ? count : 0;
	for (int i = 0; rc == 0 && i < count; i++) {
		json_t *users = json_array();

		rc = images_users(cli->runtime_dir, entries[i]->d_name, user_add, users, &err);
		if (rc == 0 && json_array_size(users) == 0)
			rc = image_remove(cli, entries[i]->d_name, removed, &err);
		/* Somebody took it meanwhile: then it is not one of those. */
		if (rc == -EBUSY) {
			err = ERR_INIT;
			rc = 0;
		}
		json_decref(users);
	}
	folders_free(entries, count);
	if (rc == 0 || !cli->json)
		removed_print(cli, removed);
	return rc < 0 ? cli_fail(cli, &err) : CLI_OK;
}

/* ----------------------------------------------------------------- helpers */

/* Return: how many, none where no image was ever unpacked; -errno. */
static int folders_read(const struct cli *cli, struct dirent ***ret_entries, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/images", cli->state_dir);
	int count;

	*ret_entries = NULL;
	container_swept(cli);
	count = scandir(path, ret_entries, is_folder, alphasort);
	if (count < 0 && errno == ENOENT)
		return 0;
	return count < 0 ? err_sys(err, errno == EACCES ? ERR_PERMISSION : ERR_IO, errno, path, "read") : count;
}

static void folders_free(struct dirent **entries, int count)
{
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}

static int is_folder(const struct dirent *entry)
{
	return images_is_name(entry->d_name);
}

static json_t *row_new(const struct cli *cli, const char *folder, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/images/%s", cli->state_dir, folder);
	cleanup(mem_freep) char *digest = images_digest(folder);
	json_t *users = json_array();
	struct stat st;

	(void)images_users(cli->runtime_dir, folder, user_add, users, err);
	return json_pack("{s:s, s:I, s:I, s:o}", "digest", digest, "sizeBytes", (json_int_t)size_of(AT_FDCWD, path, 0),
			 "unpackedMs", stat(path, &st) == 0 ? (json_int_t)st.st_mtime * 1000 : 0, "containers", users);
}

static int user_add(void *ctx, const char *name)
{
	json_array_append_new(ctx, json_string(name));
	return 0;
}

/* What it takes on the disk; hard links to one file share it. Beyond DEPTH_MAX folders, one in another, nothing is counted. */
static int64_t size_of(int parent, const char *name, unsigned int depth)
{
	cleanup(fd_closep) int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int64_t bytes = 0;
	struct stat st;

	if (!stream)
		return 0;
	while ((entry = readdir(stream))) {
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, "..") ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!S_ISDIR(st.st_mode))
			bytes += (int64_t)st.st_blocks * BLOCK_SIZE / (int64_t)(st.st_nlink ? st.st_nlink : 1);
		else if (depth < DEPTH_MAX)
			bytes += size_of(fd, entry->d_name, depth + 1);
	}
	closedir(stream);
	fd = -1;
	return bytes;
}

static int image_remove(const struct cli *cli, const char *folder, json_t *removed, struct err *err)
{
	const char *const args[] = {"moat-files", "image-rm", cli->state_dir, cli->runtime_dir, folder, NULL};
	cleanup(mem_freep) char *program = helper_path("moat-files");
	cleanup(mem_freep) char *digest = images_digest(folder);
	struct sync_msg answer;
	int rc = cli->dry_run ? 0 : files_ask(program, args, &answer, err);

	if (rc == 0)
		json_array_append_new(removed, json_string(digest));
	return rc;
}

static void removed_print(const struct cli *cli, json_t *removed)
{
	const json_t *digest;
	size_t index;

	if (cli->json) {
		cleanup(json_freep) json_t *doc = json_pack("{s:O}", cli->dry_run ? "wouldRemove" : "removed", removed);

		cli_print_json(doc);
		return;
	}
	json_array_foreach(removed, index, digest)
		if (!cli->quiet)
			printf("%s%s\n", cli->dry_run ? "would remove " : "", json_string_value(digest));
}
