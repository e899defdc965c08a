// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * copy - `moat cp`. Floor F4.
 *
 * What belongs to the container is touched by a process of the container: it joins its namespaces, or, where it does not
 * run, its tree in namespaces of its own (stopped.h); it is its root, not dumpable, and has no descriptor but a pipe; there is nothing outside that it could reach, whatever links the
 * container has laid. The other end of the pipe, an archive, is ours. What comes out is unpacked as anybody's archive.
 */
#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/files/files.h"
#include "runner/files/pack.h"
#include "runner/files/stopped.h"
#include "runner/files/tree.h"
#include "runner/files/unpack.h"
#include "runner/process/namespaces.h"
#include "runner/process/sync.h"
#include "runner/state/state.h"

enum { PIPE_CHUNK = 65536 };

/**
 * struct side - one end of a copy
 * @path: on this side; "-": our standard stream
 * @sends: it is read there, and goes into the pipe
 * @inside: of a container: paths are below its root
 * @pipe, @sync: its descriptors; @sync only inside
 */
struct side {
	const char *path;
	bool sends, inside;
	int pipe, sync;
};

/* Something that is named: an entry of a folder. @contents: what is in it, rather than itself. */
struct place {
	int folder;
	char *name;
	bool contents;
};

static bool side_parse(const char *text, struct name *ret_name, struct side *ret_side,
		       struct err *err);
static int container_open(const char *runtime_dir, const struct name *name, struct state_dir *dir, struct err *err);
static int inside_run(void *ctx);
static int side_do(const struct side *side, struct err *err);
static int send_tree(const struct side *side, int root, struct err *err);
static int receive_tree(const struct side *side, int root, bool raw, struct err *err);
static int place_find(int root, const char *path, struct place *ret_place, struct err *err);
static int at(int root, const char *path, uint64_t flags);
static int stream_carry(int from, int to, struct err *err);
static int answer_take(int sync, pid_t pid, struct err *err);

int files_copy(const char *runtime_dir, const char *from, const char *to, struct err *err)
{
	struct namespaces namespaces = {.userns = NAMESPACES_NEW, .target = -1};
	struct side source = {.sends = true}, sink = {0}, *ours, *theirs;
	struct state_dir dir = STATE_DIR_INIT;
	struct err inner = ERR_INIT;
	int pipes[2], syncs[2], pidfd = -1, rc, inner_rc;
	struct name name;
	pid_t pid;

	if (!side_parse(from, &name, &source, err) || !side_parse(to, &name, &sink, err))
		return -err->no;
	if (source.inside == sink.inside)
		return err_set(err, ERR_USAGE, EINVAL, NULL,
			       "one of both is NAME:PATH, the other a path of ours or -");
	ours = source.inside ? &sink : &source;
	theirs = source.inside ? &source : &sink;
	namespaces.target = container_open(runtime_dir, &name, &dir, err);
	if (namespaces.target < 0 && namespaces.target != -ESRCH)
		return namespaces.target;
	if (pipe2(pipes, O_CLOEXEC) < 0 || sync_pair(syncs) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "pipe");
	source.pipe = pipes[1];
	sink.pipe = pipes[0];
	theirs->sync = syncs[1];
	/* An archive of somebody's goes into a folder, one of ours is one thing with a name. */
	void *const given[] = {theirs, str_eq(ours->path, "-") ? theirs : NULL};

	rc = namespaces.target < 0
		     ? stopped_spawn(&dir, inside_run, (void *)(uintptr_t)given, &pid, &pidfd, err)
		     : namespaces_spawn(&namespaces, inside_run, (void *)(uintptr_t)given, &pid, &pidfd, err);
	fd_close(namespaces.target);
	fd_close(theirs->pipe);
	fd_close(syncs[1]);
	if (rc < 0)
		return rc;
	rc = side_do(ours, err);
	fd_close(ours->pipe);
	inner_rc = answer_take(syncs[0], pid, &inner);
	fd_close(syncs[0]);
	fd_close(pidfd);
	state_dir_fini(&dir);
	/* That the pipe broke is told by the one who did not break it. */
	if (inner_rc < 0 && (rc == 0 || rc == -EPIPE || theirs->sends)) {
		if (rc == 0 || inner.no != EPIPE) {
			*err = inner;
			rc = inner_rc;
		}
	}
	return rc;
}

/* ----------------------------------------------------------------- helpers */

/* "NAME:PATH" but for what plainly is a path: as docker cp takes it. Return: false with @err. */
static bool side_parse(const char *text, struct name *ret_name, struct side *ret_side,
		       struct err *err)
{
	const char *colon = strchr(text, ':');
	cleanup(mem_freep) char *name = NULL;

	ret_side->path = text;
	if (!colon || text[0] == '/' || text[0] == '.' || str_eq(text, "-"))
		return true;
	name = mem_strndup(text, (size_t)(colon - text));
	if (name_parse("container", name, false, ret_name, err) < 0)
		return false;
	ret_side->inside = true;
	ret_side->path = colon + 1;
	if (*ret_side->path)
		return true;
	err_set(err, ERR_USAGE, EINVAL, text, "a path is missing");
	return false;
}

/* Return: pidfd of its first process; -ESRCH: it does not run; another -errno. */
static int container_open(const char *runtime_dir, const struct name *name, struct state_dir *dir, struct err *err)
{
	struct state state;
	int rc = state_dir_open(runtime_dir, name, dir, err);

	if (rc == 0)
		rc = state_load(dir, &state, err);
	return rc == 0 ? state_pidfd(&state) : rc;
}

/* @ctx: the side, and itself once more where the archive is somebody's. */
static int inside_run(void *ctx)
{
	void *const *given = ctx;
	struct side side = *(const struct side *)given[0];
	bool raw = given[1] != NULL;
	struct sync_msg msg = {.kind = SYNC_DONE};
	int root = -1;
	int rc = namespaces_become_root(&msg.err);

	/* Nothing of the host's comes along. */
	side.pipe = fcntl(side.pipe, F_DUPFD_CLOEXEC, 64);
	side.sync = fcntl(side.sync, F_DUPFD_CLOEXEC, 64);
	if (rc == 0 && (dup2(side.pipe, 0) < 0 || dup2(side.sync, 1) < 0 ||
			close_range(2, ~0U, 0) < 0))
		rc = err_sys(&msg.err, ERR_KERNEL, errno, NULL, "descriptors");
	side.pipe = 0;
	side.sync = 1;
	if (rc == 0) {
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		rc = root < 0 ? err_sys(&msg.err, ERR_KERNEL, errno, "/", "open") : 0;
	}
	if (rc == 0)
		rc = side.sends ? send_tree(&side, root, &msg.err)
				: receive_tree(&side, root, raw, &msg.err);
	if (rc < 0)
		msg.kind = SYNC_FAILED;
	/* First: who hears of a failure must not see the pipe end as if all were there. */
	(void)sync_send(side.sync, &msg, -1);
	return rc < 0;
}

static int side_do(const struct side *side, struct err *err)
{
	if (str_eq(side->path, "-"))
		return side->sends ? stream_carry(STDIN_FILENO, side->pipe, err)
				   : stream_carry(side->pipe, STDOUT_FILENO, err);
	return side->sends ? send_tree(side, -1, err) : receive_tree(side, -1, false, err);
}

static int send_tree(const struct side *side, int root, struct err *err)
{
	struct archive *archive;
	struct place place;
	int rc = place_find(root, side->path, &place, err);

	if (rc < 0)
		return rc;
	archive = archive_write_new();
	archive_write_set_format_pax_restricted(archive);
	archive_write_set_bytes_in_last_block(archive, 1);
	if (archive_write_open_fd(archive, side->pipe) != ARCHIVE_OK)
		rc = err_set(err, ERR_INTERNAL, EIO, NULL, "%s", archive_error_string(archive));
	else
		rc = pack_tree(archive, place.folder, place.name, place.contents ? "." : place.name,
			       err);
	if (rc == 0 && archive_write_close(archive) != ARCHIVE_OK)
		rc = err_set(err, ERR_IO, EPIPE, side->path, "%s", archive_error_string(archive));
	archive_write_free(archive);
	fd_close(place.folder);
	free(place.name);
	return rc;
}

/*
 * Into a folder that is there, under the name it comes with; under the name that is asked for where that is nothing yet,
 * or a file. @raw: an archive as it is, into a folder.
 */
static int receive_tree(const struct side *side, int root, bool raw, struct err *err)
{
	struct unpack unpack = {.base = "", .set_ids = side->inside};
	struct archive *archive;
	struct place place = {.folder = -1};
	char rest[512];
	int rc = 0;

	unpack.root = at(root, side->path, O_PATH | O_DIRECTORY);
	if (unpack.root < 0) {
		size_t len = strlen(side->path);

		if (raw || (unpack.root != -ENOENT && unpack.root != -ENOTDIR))
			return err_sys(err, unpack.root == -ENOENT ? ERR_NOTFOUND : ERR_IO,
				       -unpack.root, side->path, "open");
		rc = place_find(root, side->path, &place, err);
		if (rc < 0)
			return rc;
		unpack.top = place.name;
		unpack.over_file = unpack.root == -ENOTDIR;
		unpack.only_folder = side->path[len - 1] == '/';
		unpack.root = place.folder;
	}
	archive = archive_read_new();
	unpack_format(archive);
	if (archive_read_open_fd(archive, side->pipe, PIPE_CHUNK) != ARCHIVE_OK)
		rc = err_set(err, ERR_USAGE, EINVAL, NULL, "the archive: %s",
			     archive_error_string(archive));
	else
		rc = unpack_archive(&unpack, archive, err);
	/* To the end, so that who sends is not cut off in the padding. */
	while (rc == 0 && read(side->pipe, rest, sizeof(rest)) > 0)
		;
	archive_read_free(archive);
	fd_close(unpack.root);
	free(place.name);
	return rc;
}

static int place_find(int root, const char *path, struct place *ret_place, struct err *err)
{
	cleanup(mem_freep) char *copy = mem_strdup(path);
	size_t len = strlen(copy);
	const char *name;
	char *slash;

	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	slash = strrchr(copy, '/');
	name = slash ? slash + 1 : copy;
	*ret_place = (struct place){.contents = !*name || str_eq(name, ".") || str_eq(name, "..")};
	if (ret_place->contents) {
		ret_place->folder = at(root, copy, O_PATH | O_DIRECTORY);
		ret_place->name = mem_strdup(".");
	} else {
		cleanup(mem_freep) char *parent =
			slash ? mem_strndup(copy, (size_t)(slash - copy) + (slash == copy)) : NULL;

		ret_place->folder = at(root, parent ? parent : ".", O_PATH | O_DIRECTORY);
		ret_place->name = mem_strdup(name);
	}
	if (ret_place->folder >= 0)
		return 0;
	free(ret_place->name);
	return err_sys(err, ret_place->folder == -ENOENT ? ERR_NOTFOUND : ERR_IO,
		       -ret_place->folder, path, "open");
}

/* Inside, as the container sees it; outside, as whoever calls us. Inside, what is not absolute is of "/". */
static int at(int root, const char *path, uint64_t flags)
{
	int fd;

	if (root >= 0)
		return tree_open(root, path, flags);
	fd = open(path, (int)flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int stream_carry(int from, int to, struct err *err)
{
	cleanup(mem_freep) char *data = mem_alloc(PIPE_CHUNK);
	ssize_t n;

	while ((n = read(from, data, PIPE_CHUNK)) != 0) {
		int rc;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, ERR_IO, errno, "-", "read");
		rc = fd_write_all(to, data, (size_t)n);
		if (rc < 0)
			return err_sys(err, ERR_IO, -rc, "-", "write");
	}
	return 0;
}

static int answer_take(int sync, pid_t pid, struct err *err)
{
	struct sync_msg msg;
	int rc = sync_recv(sync, &msg, NULL);

	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	if (rc != 1)
		return err_set(err, ERR_INTERNAL, EPIPE, NULL, "the process inside was lost");
	if (msg.kind == SYNC_DONE)
		return 0;
	*err = msg.err;
	return msg.err.no ? -msg.err.no : -EIO;
}
