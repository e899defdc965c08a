// SPDX-License-Identifier: GPL-2.0-or-later
/* state - folders, locks and files of containers. Floor F4. */
#include "runner/state/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

static const char *const status_names[] = {
	[STATE_CREATED] = "created",
	[STATE_RUNNING] = "running",
	[STATE_RESTARTING] = "restarting",
	[STATE_EXITED] = "exited",
};

/* Every file a container's folder may hold; fs/ is apart. */
static const char *const folder_files[] = {
	"spec.json", "state.json", "log", "log.1", "lock", "ctl", "spec.json.new", "state.json.new",
	"devices", "devices.new"};

struct state_raw {
	const char *status;
	struct state state;
};
#define RAW(field) offsetof(struct state_raw, state.field)
static const struct json_field state_fields[] = {
	{"status", JSON_FIELD_STRING, offsetof(struct state_raw, status), JSON_REQUIRED, 0, 0},
	{"pid", JSON_FIELD_INT, RAW(pid), 0, 0, INT32_MAX},
	{"pidStart", JSON_FIELD_INT, RAW(pid_start), 0, 0, INT64_MAX},
	{"shimPid", JSON_FIELD_INT, RAW(shim_pid), 0, 0, INT32_MAX},
	{"shimStart", JSON_FIELD_INT, RAW(shim_start), 0, 0, INT64_MAX},
	{"restarts", JSON_FIELD_INT, RAW(restarts), 0, 0, INT64_MAX},
	{"idBase", JSON_FIELD_INT, RAW(id_base), 0, 0, UINT32_MAX},
	{"mntns", JSON_FIELD_INT, RAW(mntns), 0, 0, INT64_MAX},
	{"mntnsId", JSON_FIELD_INT, RAW(mntns_id), 0, 0, INT64_MAX},
	{"stack", JSON_FIELD_BOOL, RAW(stack), 0, 0, 0},
	{"layer", JSON_FIELD_BOOL, RAW(layer), 0, 0, 0},
	{"cgroup", JSON_FIELD_BOOL, RAW(cgroup), 0, 0, 0},
	{"exitCode", JSON_FIELD_INT, RAW(exit_code), 0, 0, 255},
	{"oomKilled", JSON_FIELD_BOOL, RAW(oom_killed), 0, 0, 0},
	{"createdMs", JSON_FIELD_INT, RAW(created_ms), 0, 0, INT64_MAX},
	{"startedMs", JSON_FIELD_INT, RAW(started_ms), 0, 0, INT64_MAX},
	{"finishedMs", JSON_FIELD_INT, RAW(finished_ms), 0, 0, INT64_MAX},
	{0},
};

struct sorted {
	char **items;
	size_t count;
};

static int pidfd_of(int64_t pid, int64_t start);
static int folder_open(struct state_dir *dir, struct err *err);
static int json_save(const struct state_dir *dir, const char *file, json_t *doc,
		     struct err *err);
static int json_load(const struct state_dir *dir, const char *file, json_t **ret_doc,
		     struct err *err);
static int sorted_read(int parent, const char *path, struct sorted *ret_names);
static void sorted_fini(struct sorted *names);
static int by_name(const void *a, const void *b);

void state_dir_fini(struct state_dir *dir)
{
	fd_close(dir->lock);
	fd_close(dir->fd);
	fd_close(dir->containers);
	free(dir->path);
	*dir = STATE_DIR_INIT;
}

const char *state_status_name(enum state_status status)
{
	return status_names[status];
}

/* errno is of @call on @path */
static int root_failed(const char *path, const char *call, struct err *err)
{
	if (errno == EACCES)
		return err_set(err, ERR_PERMISSION, EACCES, path, "containers are root's: only root makes them, and sees them");
	return err_sys(err, ERR_IO, errno, path, "%s", call);
}

int state_root_open(const char *runtime_dir, struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/containers", runtime_dir);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return root_failed(path, "open", err);
	if (mkdir(runtime_dir, 0755) < 0 && errno != EEXIST)
		return root_failed(runtime_dir, "mkdir", err);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return root_failed(path, "mkdir", err);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 ? fd : root_failed(path, "open", err);
}

int state_dir_create(const char *runtime_dir, const struct name *name,
		     struct state_dir *ret_dir, struct err *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	cleanup(mem_freep) char *full = mem_printf("%s/%s", name->tenant, name->name);
	int rc;

	dir.name = *name;
	dir.path = mem_printf("%s/containers/%s", runtime_dir, full);
	dir.containers = state_root_open(runtime_dir, err);
	if (dir.containers < 0) {
		rc = dir.containers;
		goto fail;
	}
	/* A sweeper may take a folder that is not locked yet for a dead one: then once more. */
	for (int tries = 0;; tries++) {
		if (mkdirat(dir.containers, name->tenant, 0700) < 0 && errno != EEXIST) {
			rc = err_sys(err, ERR_IO, errno, dir.path,
				     "mkdir of the tenant's folder");
			goto fail;
		}
		if (mkdirat(dir.containers, full, 0700) < 0) {
			if (errno == ENOENT && tries < 10)
				continue;
			rc = errno == EEXIST ? err_set(err, ERR_TAKEN, EEXIST, full,
						       "a container has that name")
					     : err_sys(err, ERR_IO, errno, dir.path, "mkdir");
			goto fail;
		}
		rc = folder_open(&dir, err);
		if (rc == 0)
			rc = state_dir_lock(&dir, 0, err);
		if (rc == 0)
			break;
		fd_close(dir.fd);
		dir.fd = -1;
		if ((rc != -ENOENT && rc != -EWOULDBLOCK) || tries >= 10)
			goto fail;
	}
	if (err)
		*err = ERR_INIT;
	*ret_dir = dir;
	return 0;
fail:
	state_dir_fini(&dir);
	return rc;
}

int state_dir_open(const char *runtime_dir, const struct name *name, struct state_dir *ret_dir,
		   struct err *err)
{
	struct state_dir dir = STATE_DIR_INIT;
	int rc;

	dir.name = *name;
	dir.path = mem_printf("%s/containers/%s/%s", runtime_dir, name->tenant, name->name);
	dir.containers = state_root_open(runtime_dir, err);
	rc = dir.containers < 0 ? dir.containers : folder_open(&dir, err);
	if (rc < 0) {
		state_dir_fini(&dir);
		return rc;
	}
	*ret_dir = dir;
	return 0;
}

int state_dir_lock(struct state_dir *dir, unsigned wait_ms, struct err *err)
{
	cleanup(mem_freep) char *full = mem_printf("%s/%s", dir->name.tenant, dir->name.name);
	uint64_t until = clock_monotonic_ns() + (uint64_t)wait_ms * 1000000;
	int fd = openat(dir->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	if (fd < 0)
		return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, errno, full,
			       "no such container");
	/* A shim that ends lets go within milliseconds; flock(2) knows no time limit, so look again. */
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || clock_monotonic_ns() >= until) {
			int no = errno;

			fd_close(fd);
			return err_set(err, ERR_CONFLICT, no, full, "the container is in use");
		}
		poll(NULL, 0, 2);
	}
	if (fstat(fd, &st) < 0 || st.st_nlink == 0) {
		fd_close(fd);
		return err_set(err, ERR_NOTFOUND, ENOENT, full, "no such container");
	}
	fd_close(dir->lock);
	dir->lock = fd;
	return 0;
}

int state_dir_remove(struct state_dir *dir, struct err *err)
{
	cleanup(mem_freep) char *full = mem_printf("%s/%s", dir->name.tenant, dir->name.name);

	if (unlinkat(dir->fd, "fs", AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, ERR_IO, errno, full, "rmdir of fs");
	for (size_t i = 0; i < ARRAY_COUNT(folder_files); i++)
		if (unlinkat(dir->fd, folder_files[i], 0) < 0 && errno != ENOENT)
			return err_sys(err, ERR_IO, errno, full, "unlink of %s",
				       folder_files[i]);
	if (unlinkat(dir->containers, full, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, ERR_IO, errno, full, "rmdir");
	/* The tenant's folder goes with its last container. */
	if (unlinkat(dir->containers, dir->name.tenant, AT_REMOVEDIR) < 0 && errno != ENOENT &&
	    errno != ENOTEMPTY)
		return err_sys(err, ERR_IO, errno, dir->name.tenant, "rmdir");
	return 0;
}

int state_save(const struct state_dir *dir, const struct state *state, struct err *err)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "status", json_string(status_names[state->status]));
	json_object_set_new(doc, "pid", json_integer(state->pid));
	json_object_set_new(doc, "pidStart", json_integer(state->pid_start));
	json_object_set_new(doc, "shimPid", json_integer(state->shim_pid));
	json_object_set_new(doc, "shimStart", json_integer(state->shim_start));
	json_object_set_new(doc, "restarts", json_integer(state->restarts));
	json_object_set_new(doc, "idBase", json_integer(state->id_base));
	json_object_set_new(doc, "mntns", json_integer(state->mntns));
	json_object_set_new(doc, "mntnsId", json_integer(state->mntns_id));
	json_object_set_new(doc, "stack", json_boolean(state->stack));
	json_object_set_new(doc, "layer", json_boolean(state->layer));
	json_object_set_new(doc, "cgroup", json_boolean(state->cgroup));
	json_object_set_new(doc, "exitCode", json_integer(state->exit_code));
	json_object_set_new(doc, "oomKilled", json_boolean(state->oom_killed));
	json_object_set_new(doc, "createdMs", json_integer(state->created_ms));
	json_object_set_new(doc, "startedMs", json_integer(state->started_ms));
	json_object_set_new(doc, "finishedMs", json_integer(state->finished_ms));
	return json_save(dir, "state.json", doc, err);
}

int state_load(const struct state_dir *dir, struct state *ret_state, struct err *err)
{
	cleanup(json_freep) json_t *doc = NULL;
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct state_raw raw = {0};
	int rc = json_load(dir, "state.json", &doc, err);

	if (rc == 0)
		rc = json_decode(doc, state_fields, 0, arena, &raw, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < ARRAY_COUNT(status_names); i++)
		if (str_eq(status_names[i], raw.status)) {
			raw.state.status = (enum state_status)i;
			*ret_state = raw.state;
			return 0;
		}
	return err_set(err, ERR_INTERNAL, EINVAL, dir->path, "state.json: unknown status");
}

int state_spec_save(const struct state_dir *dir, const struct spec *spec, struct err *err)
{
	return json_save(dir, "spec.json", spec_encode(spec), err);
}

int state_spec_load(const struct state_dir *dir, struct arena *arena, json_t **ret_doc,
		    struct spec *ret_spec, struct err *err)
{
	json_t *doc = NULL;
	int rc = json_load(dir, "spec.json", &doc, err);

	if (rc == 0)
		rc = spec_decode(doc, arena, ret_spec, err);
	if (rc < 0) {
		json_decref(doc);
		return rc;
	}
	*ret_doc = doc;
	return 0;
}

int state_each(const char *runtime_dir, int (*each)(void *ctx, const struct name *name),
	       void *ctx, struct err *err)
{
	cleanup(fd_closep) int root = state_root_open(runtime_dir, err);
	struct sorted tenants = {0};
	int rc;

	if (root < 0)
		return root;
	rc = sorted_read(root, ".", &tenants);
	if (rc < 0)
		return err_sys(err, ERR_IO, -rc, runtime_dir, "read the containers");
	for (size_t i = 0; rc == 0 && i < tenants.count; i++) {
		struct sorted names = {0};
		struct name name = {0};

		/* Gone since it was listed: nothing of it to tell. */
		if (name_tenant_check(tenants.items[i], NULL) < 0 ||
		    sorted_read(root, tenants.items[i], &names) < 0)
			continue;
		for (size_t k = 0; rc == 0 && k < names.count; k++)
			if (str_copy(name.tenant, sizeof(name.tenant), tenants.items[i]) == 0 &&
			    str_copy(name.name, sizeof(name.name), names.items[k]) == 0)
				rc = each(ctx, &name);
		sorted_fini(&names);
	}
	sorted_fini(&tenants);
	return rc;
}

void state_prune(const char *runtime_dir)
{
	cleanup(fd_closep) int root = state_root_open(runtime_dir, NULL);
	struct sorted tenants = {0};

	if (root < 0 || sorted_read(root, ".", &tenants) < 0)
		return;
	/* One that is not empty stays; one that gets its first container now is made again by that. */
	for (size_t i = 0; i < tenants.count; i++)
		(void)unlinkat(root, tenants.items[i], AT_REMOVEDIR);
	sorted_fini(&tenants);
}

int state_pid_start(pid_t pid, int64_t *ret_start)
{
	cleanup(buf_fini) struct buf data = BUF_INIT;
	char path[32];
	const char *p;
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	rc = file_read(path, 4096, &data);
	if (rc < 0)
		return rc;
	/* The second field is a name that may hold anything; the last ')' ends it. Field 22 is the 20th behind. */
	p = strrchr(buf_cstr(&data), ')');
	for (int i = 0; p && i < 20; i++) {
		p = strchr(p + 1, ' ');
	}
	if (!p)
		return -EINVAL;
	*ret_start = strtoll(p + 1, NULL, 10);
	return 0;
}

int state_pidfd(const struct state *state)
{
	return state->status == STATE_RUNNING ? pidfd_of(state->pid, state->pid_start)
					      : -ESRCH;
}

int state_shim_pidfd(const struct state *state)
{
	return pidfd_of(state->shim_pid, state->shim_start);
}

/* ----------------------------------------------------------------- helpers */

static int pidfd_of(int64_t pid, int64_t start)
{
	int64_t now;
	int fd;

	if (pid <= 0)
		return -ESRCH;
	fd = pidfd_open((pid_t)pid, 0);
	if (fd < 0)
		return -errno;
	/* Looked at after the descriptor was taken: it is of this very process, or not of ours. */
	if (state_pid_start((pid_t)pid, &now) < 0 || now != start) {
		fd_close(fd);
		return -ESRCH;
	}
	return fd;
}

static int folder_open(struct state_dir *dir, struct err *err)
{
	cleanup(mem_freep) char *full = mem_printf("%s/%s", dir->name.tenant, dir->name.name);

	dir->fd =
		openat(dir->containers, full, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir->fd >= 0)
		return 0;
	if (errno == ENOENT)
		return err_set(err, ERR_NOTFOUND, ENOENT, full, "no such container");
	return err_sys(err, ERR_IO, errno, dir->path, "open");
}

/* Whole or not at all; no sync: what it tells of does not outlive a power cut either. */
static int json_save(const struct state_dir *dir, const char *file, json_t *doc,
		     struct err *err)
{
	cleanup(mem_freep) char *text = json_text(doc);
	cleanup(mem_freep) char *new = mem_printf("%s.new", file);
	int fd = openat(dir->fd, new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0600);
	int rc = fd < 0 ? -errno : fd_write_file(fd, text, strlen(text));

	json_decref(doc);
	fd_close(fd);
	if (rc == 0 && renameat(dir->fd, new, dir->fd, file) < 0)
		rc = -errno;
	if (rc < 0)
		return err_sys(err, ERR_IO, -rc, dir->path, "write %s", file);
	return 0;
}

static int json_load(const struct state_dir *dir, const char *file, json_t **ret_doc,
		     struct err *err)
{
	cleanup(buf_fini) struct buf data = BUF_INIT;
	cleanup(mem_freep) char *path = mem_printf("/proc/self/fd/%d/%s", dir->fd, file);
	int rc = file_read(path, JSON_SIZE_MAX, &data);

	if (rc == 0)
		return json_parse(buf_cstr(&data), data.size, 0, ret_doc, err);
	return err_set(err, rc == -ENOENT ? ERR_NOTFOUND : ERR_IO, -rc, dir->path,
		       "read %s: %s", file, strerror(-rc));
}

static int sorted_read(int parent, const char *path, struct sorted *ret_names)
{
	int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct sorted names = {0};
	struct dirent *entry;
	DIR *stream;

	if (fd < 0)
		return -errno;
	stream = fdopendir(fd);
	if (!stream) {
		fd_close(fd);
		return -errno;
	}
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == '.')
			continue;
		names.items = mem_grow(names.items, names.count + 1, sizeof(*names.items));
		names.items[names.count++] = mem_strdup(entry->d_name);
	}
	closedir(stream);
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), by_name);
	*ret_names = names;
	return 0;
}

static void sorted_fini(struct sorted *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}
