// SPDX-License-Identifier: GPL-2.0-or-later
/* state - containers of the OCI runtime, written down. Floor F4. */
#include "runner/oci/state.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

enum { STAT_SIZE = 1024 };

#define STATE_NEW "state.json.new"

static int root_open(const char *root, bool make, struct err *err);
static int ids_compare(const void *a, const void *b);
static int folder_make(const char *path);
static bool still_there(const struct oci_dir *dir);
static void rdt_put(json_t *doc, const struct oci_rdt_place *rdt);
static int file_put(const struct oci_dir *dir, const char *name, const void *data, size_t size,
		    struct err *err);
static int document_read(int folder, const char *path, json_t **ret_doc, struct err *err);
static int text_read(int folder, const char *path, struct buf *ret_text, struct err *err);
static int process_look(pid_t pid, char *ret_state, int64_t *ret_start);
static void time_print(int64_t ms, char *text, size_t size);

int oci_id_check(const char *id, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-";
	size_t len = strlen(id);

	if (len == 0 || len > OCI_ID_MAX || strspn(id, allowed) != len || str_eq(id, ".") ||
	    str_eq(id, ".."))
		return err_set(err, ERR_NAME, EINVAL, len > OCI_ID_MAX ? NULL : id,
			       "an id has 1..%d characters of A-Z a-z 0-9 _ + . - and is neither \".\" nor \"..\"",
			       OCI_ID_MAX);
	return 0;
}

int oci_dir_create(const char *root, const char *id, struct oci_dir *ret_dir, struct err *err)
{
	struct oci_dir dir = OCI_DIR_INIT;
	int rc = oci_id_check(id, err);

	if (rc < 0)
		return rc;
	dir.root = root_open(root, true, err);
	if (dir.root < 0)
		return dir.root;
	dir.id = mem_strdup(id);
	if (mkdirat(dir.root, id, 0700) < 0)
		rc = errno == EEXIST ? err_set(err, ERR_TAKEN, EEXIST, id,
					       "a container of this id exists")
				     : err_sys(err, ERR_IO, errno, id, "make its folder");
	if (rc == 0) {
		dir.fd = openat(dir.root, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		rc = dir.fd < 0 ? err_sys(err, ERR_IO, errno, id, "open its folder")
				: oci_dir_lock(&dir, err);
	}
	if (rc < 0)
		oci_dir_fini(&dir);
	else
		*ret_dir = dir;
	return rc;
}

int oci_dir_open(const char *root, const char *id, struct oci_dir *ret_dir, struct err *err)
{
	struct oci_dir dir = OCI_DIR_INIT;
	int rc = oci_id_check(id, err);

	if (rc < 0)
		return rc;
	dir.root = root_open(root, false, err);
	if (dir.root >= 0)
		dir.fd = openat(dir.root, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir.fd < 0) {
		fd_close(dir.root);
		return err_set(err, ERR_NOTFOUND, ENOENT, id, "container does not exist");
	}
	dir.id = mem_strdup(id);
	*ret_dir = dir;
	return 0;
}

void oci_dir_fini(struct oci_dir *dir)
{
	fd_close(dir->fd);
	fd_close(dir->root);
	free(dir->id);
	*dir = OCI_DIR_INIT;
}

int oci_dir_lock(struct oci_dir *dir, struct err *err)
{
	while (flock(dir->fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(err, ERR_IO, errno, dir->id, "lock");
	dir->locked = true;
	if (!still_there(dir))
		return err_set(err, ERR_NOTFOUND, ENOENT, dir->id, "container does not exist");
	return 0;
}

void oci_dir_unlock(struct oci_dir *dir)
{
	if (dir->locked)
		(void)flock(dir->fd, LOCK_UN);
	dir->locked = false;
}

bool oci_dir_abandoned(struct oci_dir *dir)
{
	if (flock(dir->fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	dir->locked = true;
	return still_there(dir);
}

int oci_dir_remove(struct oci_dir *dir, struct err *err)
{
	static const char *const files[] = {"state.json", "config.json", OCI_START_SOCKET,
					    STATE_NEW};
	struct dirent *entry;
	DIR *stream;
	int copy;

	/* Of one that has run the last two are no more there, as a rule. */
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		(void)unlinkat(dir->fd, files[i], 0);
		if (i > 0 && (unlinkat(dir->root, dir->id, AT_REMOVEDIR) == 0 || errno == ENOENT))
			return 0;
	}
	copy = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Something of another version's, or of somebody's: files only, no folders. */
	stream = copy < 0 ? NULL : fdopendir(copy);
	while (stream && (entry = readdir(stream)))
		(void)unlinkat(dir->fd, entry->d_name, 0);
	if (stream)
		closedir(stream);
	else
		fd_close(copy);
	if (unlinkat(dir->root, dir->id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, ERR_IO, errno, dir->id, "remove its folder");
	return 0;
}

int oci_dir_each(const char *root, int (*each)(void *ctx, const char *id), void *ctx,
		 struct err *err)
{
	int fd = root_open(root, false, NULL), rc = 0;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	char **ids = NULL;
	size_t count = 0, room = 0;
	struct dirent *entry;

	if (fd < 0)
		return 0;
	if (!stream) {
		rc = err_sys(err, ERR_IO, errno, root, "read");
		fd_close(fd);
		return rc;
	}
	while (errno = 0, (entry = readdir(stream)))
		if (oci_id_check(entry->d_name, NULL) == 0) {
			if (count == room)
				ids = mem_grow(ids, room = room ? 2 * room : 16, sizeof(*ids));
			ids[count++] = mem_strdup(entry->d_name);
		}
	if (errno)
		rc = err_sys(err, ERR_IO, errno, root, "read");
	if (count)
		qsort(ids, count, sizeof(*ids), ids_compare);
	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			rc = each(ctx, ids[i]);
		free(ids[i]);
	}
	free(ids);
	closedir(stream);
	return rc;
}

static int ids_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ------------------------------------------------------------------- state */

void oci_state_fini(struct oci_state *state)
{
	free(state->id);
	free(state->bundle);
	free(state->rootfs);
	free(state->stack);
	free(state->stack_request);
	free(state->shared.path);
	oci_cgroup_fini(&state->cgroup);
	oci_rdt_fini(&state->rdt);
	*state = (struct oci_state){0};
}

int oci_state_save(const struct oci_dir *dir, const struct oci_state *state, struct err *err)
{
	int rc = oci_state_prepare(dir, state, err);

	return rc == 0 ? oci_state_commit(dir, err) : rc;
}

int oci_state_commit(const struct oci_dir *dir, struct err *err)
{
	if (renameat(dir->fd, STATE_NEW, dir->fd, "state.json") < 0)
		return err_sys(err, ERR_IO, errno, dir->id, "write state.json");
	return 0;
}

int oci_state_prepare(const struct oci_dir *dir, const struct oci_state *state, struct err *err)
{
	cleanup(json_freep) json_t *doc = json_pack(
		"{s:i, s:s, s:I, s:I, s:s, s:s, s:I, s:I, s:s, s:b, s:b, s:b}", "version", 1, "id",
		state->id, "pid", (json_int_t)state->pid, "pidStart",
		(json_int_t)state->pid_start, "bundle", state->bundle, "rootfs", state->rootfs,
		"createdMs", (json_int_t)state->created_ms, "owner", (json_int_t)state->owner,
		"cgroup", state->cgroup.path ? state->cgroup.path : "", "cgroupSystemd",
		state->cgroup.systemd, "cgroupDisabled", state->cgroup.disabled, "noLaterHooks",
		state->no_later_hooks);
	cleanup(mem_freep) char *text = NULL;

	if (!doc) /* a path that is not UTF-8 */
		return err_set(err, ERR_USAGE, EINVAL, state->id,
			       "the path of its bundle is not UTF-8");
	if (state->stack)
		json_object_set_new(doc, "stack", json_string(state->stack));
	if (state->stack_request)
		json_object_set_new(doc, "stackRequest", json_string(state->stack_request));
	if (state->shared.inode) {
		json_object_set_new(doc, "mountsInode", json_integer((json_int_t)state->shared.inode));
		json_object_set_new(doc, "mountsId", json_integer((json_int_t)state->shared.mount));
		if (state->shared.path)
			json_object_set_new(doc, "mountsNamespace", json_string(state->shared.path));
	}
	if (state->rdt.path)
		rdt_put(doc, &state->rdt);
	text = json_text(doc);
	return file_put(dir, STATE_NEW, text, strlen(text), err);
}

static void rdt_put(json_t *doc, const struct oci_rdt_place *rdt)
{
	json_object_set_new(doc, "rdtClass", json_string(rdt->path));
	json_object_set_new(doc, "rdtOurs", json_boolean(rdt->ours));
	json_object_set_new(doc, "rdtInode", json_integer((json_int_t)rdt->inode));
	json_object_set_new(doc, "rdtMonitored", json_boolean(rdt->monitored));
	json_object_set_new(doc, "rdtGroup", json_integer((json_int_t)rdt->group));
}

int oci_state_load(const struct oci_dir *dir, struct oci_state *ret_state, struct err *err)
{
	cleanup(json_freep) json_t *doc = NULL;
	int rc = document_read(dir->fd, "state.json", &doc, NULL);

	if (rc == 0)
		rc = oci_state_decode(doc, ret_state, err);
	else
		rc = err_set(err, rc == -ENOENT ? ERR_NOTFOUND : ERR_IO, -rc, dir->id,
			     rc == -ENOENT ? "container does not exist"
					   : "its state cannot be read");
	return rc;
}

int oci_state_decode(const json_t *doc, struct oci_state *ret_state, struct err *err)
{
	struct raw {
		const char *id, *bundle, *rootfs, *cgroup, *stack, *stack_request, *mounts_ns, *rdt_class;
		int64_t pid, pid_start, created, owner, mounts_inode, mounts_id, rdt_inode, rdt_group;
		bool systemd, disabled, no_later_hooks, rdt_ours, rdt_monitored;
	} raw = {0};
#define FIELD(key, member, kind_, ...)                                                         \
	{                                                                                      \
		.name = key, .kind = kind_, .offset = offsetof(struct raw, member), __VA_ARGS__ \
	}
	static const struct json_field fields[] = {
		FIELD("id", id, JSON_FIELD_STRING, .flags = JSON_REQUIRED, .min = 1,
		      .max = OCI_ID_MAX),
		FIELD("bundle", bundle, JSON_FIELD_STRING, .flags = JSON_REQUIRED),
		FIELD("rootfs", rootfs, JSON_FIELD_STRING, .flags = JSON_REQUIRED),
		FIELD("cgroup", cgroup, JSON_FIELD_STRING),
		FIELD("stack", stack, JSON_FIELD_STRING),
		FIELD("stackRequest", stack_request, JSON_FIELD_STRING),
		FIELD("pid", pid, JSON_FIELD_INT, .flags = JSON_REQUIRED, .min = 0,
		      .max = INT32_MAX),
		FIELD("pidStart", pid_start, JSON_FIELD_INT),
		FIELD("createdMs", created, JSON_FIELD_INT, .min = 0, .max = INT64_MAX / 1000),
		FIELD("owner", owner, JSON_FIELD_INT),
		FIELD("cgroupSystemd", systemd, JSON_FIELD_BOOL),
		FIELD("cgroupDisabled", disabled, JSON_FIELD_BOOL),
		FIELD("noLaterHooks", no_later_hooks, JSON_FIELD_BOOL),
		FIELD("mountsNamespace", mounts_ns, JSON_FIELD_STRING, .min = 1, .max = OCI_PATH_MAX),
		FIELD("mountsInode", mounts_inode, JSON_FIELD_INT, .min = 0, .max = INT64_MAX),
		FIELD("mountsId", mounts_id, JSON_FIELD_INT, .min = 0, .max = INT64_MAX),
		FIELD("rdtClass", rdt_class, JSON_FIELD_STRING, .min = 1, .max = OCI_PATH_MAX),
		FIELD("rdtOurs", rdt_ours, JSON_FIELD_BOOL),
		FIELD("rdtInode", rdt_inode, JSON_FIELD_INT, .min = 0, .max = INT64_MAX),
		FIELD("rdtMonitored", rdt_monitored, JSON_FIELD_BOOL),
		FIELD("rdtGroup", rdt_group, JSON_FIELD_INT, .min = 0, .max = INT64_MAX),
		{0},
	};
#undef FIELD
	cleanup(arena_freep) struct arena *arena = arena_new();
	int rc = json_decode(doc, fields, JSON_IGNORE_UNKNOWN, arena, &raw, err);

	if (rc == 0)
		rc = oci_id_check(raw.id, err);
	if (rc < 0)
		return err_wrap(err, "state.json");
	*ret_state = (struct oci_state){
		.id = mem_strdup(raw.id),
		.pid = (pid_t)raw.pid,
		.pid_start = raw.pid_start,
		.bundle = mem_strdup(raw.bundle),
		.rootfs = mem_strdup(raw.rootfs),
		.created_ms = raw.created,
		.owner = raw.owner,
		.cgroup = {.path = raw.cgroup && *raw.cgroup ? mem_strdup(raw.cgroup) : NULL,
			   .systemd = raw.systemd,
			   .disabled = raw.disabled},
		.stack = mem_strdup(raw.stack),
		.stack_request = mem_strdup(raw.stack_request),
		.shared = {.path = mem_strdup(raw.mounts_ns),
			   .inode = (uint64_t)raw.mounts_inode,
			   .mount = (uint64_t)raw.mounts_id},
		.rdt = {.path = mem_strdup(raw.rdt_class),
			.ours = raw.rdt_ours,
			.inode = (uint64_t)raw.rdt_inode,
			.monitored = raw.rdt_monitored,
			.group = (uint64_t)raw.rdt_group},
		.no_later_hooks = raw.no_later_hooks,
	};
	return 0;
}

int oci_state_config_save(const struct oci_dir *dir, const struct buf *text, struct err *err)
{
	int fd = openat(dir->fd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -errno : fd_write_file(fd, text->data, text->size);

	fd_close(fd);
	return rc < 0 ? err_sys(err, ERR_IO, -rc, dir->id, "keep its configuration") : 0;
}

int oci_state_config_load(const struct oci_dir *dir, struct arena *arena,
			  struct oci_config *ret_config, struct err *err)
{
	int rc = oci_config_read(dir->fd, "config.json", arena, ret_config, err);

	if (rc < 0)
		oci_config_fini(ret_config);
	return rc;
}

int oci_config_read(int folder, const char *path, struct arena *arena, struct oci_config *ret_config, struct err *err)
{
	struct oci_section aside = {0};
	struct buf text = BUF_INIT;
	json_t *doc = NULL;
	int rc = text_read(folder, path, &text, err);

	*ret_config = (struct oci_config){0};
	if (rc == 0)
		rc = oci_section_parse(&text, &aside, &doc, err) < 0 ? err_wrap(err, "%s", path) : 0;
	if (rc == 0)
		rc = oci_config_decode(doc, arena, ret_config, err);
	ret_config->text = text;
	ret_config->aside = aside;
	return rc;
}

int oci_document_read(const char *path, json_t **ret_doc, struct err *err)
{
	return document_read(AT_FDCWD, path, ret_doc, err);
}

static int document_read(int folder, const char *path, json_t **ret_doc, struct err *err)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	int rc = text_read(folder, path, &text, err);

	if (rc < 0)
		return rc;
	rc = oci_json_parse(&text, ret_doc, err);
	return rc < 0 ? err_wrap(err, "%s", path) : 0;
}

static int text_read(int folder, const char *path, struct buf *ret_text, struct err *err)
{
	/* A FIFO, a device, a folder: refused, nothing waits. */
	int rc = file_read_at(folder, path, JSON_SIZE_MAX, ret_text);

	return rc < 0 ? err_sys(err, rc == -ENOENT ? ERR_NOTFOUND : ERR_IO, -rc, path, "read") : 0;
}

int oci_json_parse(struct buf *text, json_t **ret_doc, struct err *err)
{
	/* 2^64 - 1, and as much in as many characters */
	static const char all_bits[] = "18446744073709551615", real[] = "1.84467440737095e+19";
	const size_t len = sizeof(all_bits) - 1;
	char *data = (char *)text->data;
	bool quoted = false;

	static_assert(sizeof(all_bits) == sizeof(real), "in place");
	for (size_t i = 0; i < text->size; i++) {
		if (quoted && data[i] == '\\')
			i++;
		else if (data[i] == '"')
			quoted = !quoted;
		else if (!quoted && text->size - i > len && memcmp(data + i, all_bits, len) == 0)
			memcpy(data + i, real, len);
	}
	return json_parse(buf_cstr(text), text->size, 0, ret_doc, err);
}

bool oci_state_alive(const struct oci_state *state)
{
	int64_t start;
	char letter;

	return state->pid > 0 && process_look(state->pid, &letter, &start) == 0 &&
	       start == state->pid_start && letter != 'Z' && letter != 'X';
}

int oci_pid_start(pid_t pid, int64_t *ret_start)
{
	char letter;

	return process_look(pid, &letter, ret_start);
}

int oci_state_pidfd(const struct oci_state *state)
{
	int fd = state->pid > 0 ? pidfd_open(state->pid, 0) : -1;

	/* Opened first, looked at then: the descriptor is of the one that is looked at. */
	if (fd < 0 || !oci_state_alive(state)) {
		fd_close(fd);
		return -ESRCH;
	}
	return fd;
}

enum oci_status oci_state_status(const struct oci_dir *dir, const struct oci_state *state)
{
	if (state->pid == 0) {
		struct oci_dir again = *dir;

		/* Whoever creates it holds the lock; of ours we know */
		again.fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (!dir->locked && again.fd >= 0 && oci_dir_abandoned(&again)) {
			fd_close(again.fd);
			return OCI_STOPPED;
		}
		fd_close(again.fd);
		return dir->locked ? OCI_STOPPED : OCI_CREATING;
	}
	if (!oci_state_alive(state))
		return OCI_STOPPED;
	if (faccessat(dir->fd, OCI_START_SOCKET, F_OK, 0) == 0)
		return OCI_CREATED;
	return oci_cgroup_frozen(&state->cgroup) ? OCI_PAUSED : OCI_RUNNING;
}

const char *oci_status_name(enum oci_status status)
{
	static const char *const names[] = {
		[OCI_CREATING] = "creating", [OCI_CREATED] = "created",
		[OCI_RUNNING] = "running",   [OCI_PAUSED] = "paused",
		[OCI_STOPPED] = "stopped",
	};

	return names[status];
}

json_t *oci_state_report(const struct oci_state *state, enum oci_status status,
			 const struct oci_config *config)
{
	json_t *doc = json_object();
	char created[48];

	time_print(state->created_ms, created, sizeof(created));
	json_object_set_new(doc, "ociVersion", json_string(config->version));
	json_object_set_new(doc, "id", json_string(state->id));
	json_object_set_new(doc, "status", json_string(oci_status_name(status)));
	/* runc leaves the dead one's out, too: podman reads 0 */
	json_object_set_new(doc, "pid", json_integer(status == OCI_STOPPED ? 0 : state->pid));
	json_object_set_new(doc, "bundle", json_string(state->bundle));
	json_object_set_new(doc, "rootfs", json_string(state->rootfs));
	json_object_set_new(doc, "created", json_string(created));
	if (config->annotations)
		json_object_set(doc, "annotations", (json_t *)(uintptr_t)config->annotations);
	return doc;
}

/* ----------------------------------------------------------------- helpers */

static int root_open(const char *root, bool make, struct err *err)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && make) {
		int rc = folder_make(root);

		if (rc < 0)
			return err_sys(err, ERR_IO, -rc, root, "make the folder of containers");
		fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return fd < 0 ? err_sys(err, ERR_IO, errno, root, "open") : fd;
}

static int folder_make(const char *path)
{
	cleanup(mem_freep) char *copy = mem_strdup(path);

	for (char *slash = copy + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* Another may have removed the folder, and even made a new one, while we waited for the lock. */
static bool still_there(const struct oci_dir *dir)
{
	struct stat ours, theirs;

	return fstat(dir->fd, &ours) == 0 &&
	       fstatat(dir->root, dir->id, &theirs, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static int file_put(const struct oci_dir *dir, const char *name, const void *data, size_t size,
		    struct err *err)
{
	int fd = openat(dir->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -errno : fd_write_file(fd, data, size);

	fd_close(fd);
	return rc < 0 ? err_sys(err, ERR_IO, -rc, dir->id, "write %s", name) : 0;
}

/* proc(5): after the name, which may hold anything, the state is field 3 and the start time 22. */
static int process_look(pid_t pid, char *ret_state, int64_t *ret_start)
{
	char path[32], text[STAT_SIZE];
	long long start;
	ssize_t n;
	char *at;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	fd_close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1,
			  " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d"
			  " %*d %*d %lld",
			  ret_state, &start) != 2)
		return -EPROTO;
	*ret_start = start;
	return 0;
}

static void time_print(int64_t ms, char *text, size_t size)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm parts;
	size_t len;

	gmtime_r(&seconds, &parts);
	len = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + len, size - len, ".%03dZ", (int)(ms % 1000));
}
