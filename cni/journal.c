/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal - deletions that the daemon was not there for. Floor F5.
 *
 * STATE/cni/TENANT:STACK:IFNAME.del holds one; its text names the socket it was meant for. None of
 * the three names may have a ':' or a '/'. The folder is root's alone and is held by its
 * descriptor: the daemon's unprivileged half may write beside it, so no path is followed twice.
 *
 * The lock: who replays lists, deletes and unlinks under it. An ADD of an attachment therefore
 * either finds its entry and carries it out first, or waits until somebody else has.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cni/cni.h"
#include "cni/verbs.h"
#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

enum { ENTRY_SIZE_MAX = 8192 };

#define SUFFIX ".del"

static int folder_open(const struct cni_request *request, bool create, int *ret_fd,
		       struct err *err);
static int folder_check(int fd, const char *path, struct err *err);
static bool folder_is_empty(int fd);
static DIR *folder_list(int fd);
static bool is_entry(const char *name);
static int entry_replay(const struct cni_request *request, int folder, const char *name,
			struct varlink_client *client, struct err *err);
static bool entry_is_for(int folder, const char *name, const char *socket);
static char *entry_name(const struct cni_request *request);
static int folder_lock(int folder, const struct cni_request *request, struct err *err);

int cni_journal_add(const struct cni_request *request, struct err *err)
{
	cleanup(mem_freep) char *name = entry_name(request);
	cleanup(mem_freep) char *path = NULL, *text = NULL;
	cleanup(json_freep) json_t *doc = json_pack("{s:s}", "socket", request->socket);
	cleanup(fd_closep) int folder = -1;
	int rc;

	rc = folder_open(request, true, &folder, err);
	if (rc != CNI_OK)
		return rc;
	rc = folder_lock(folder, request, err);
	if (rc != CNI_OK)
		return rc;
	path = mem_printf("/proc/self/fd/%d/%s", folder, name);
	text = json_text(doc);
	if (file_write_atomic(path, text, strlen(text), 0600, true, err) < 0)
		return CNI_IO;
	*err = ERR_INIT;
	return CNI_OK;
}

int cni_journal_replay(const struct cni_request *request, struct varlink_client *client,
		       struct err *err)
{
	cleanup(mem_freep) char *own = entry_name(request);
	cleanup(fd_closep) int folder = -1;
	const struct dirent *entry;
	int rc = CNI_OK;
	DIR *list;

	/* no folder: nothing was ever journalled */
	if (folder_open(request, false, &folder, err) != CNI_OK) {
		bool none = err->no == ENOENT;

		*err = none ? ERR_INIT : *err;
		return none ? CNI_OK : CNI_IO;
	}
	if (folder_is_empty(folder))
		return CNI_OK;
	rc = folder_lock(folder, request, err);
	if (rc != CNI_OK)
		return rc;
	list = folder_list(folder);
	while (rc == CNI_OK && list && (entry = readdir(list))) {
		if (!is_entry(entry->d_name) ||
		    !entry_is_for(folder, entry->d_name, request->socket))
			continue;
		rc = entry_replay(request, folder, entry->d_name, client, err);
		/* another's that fails stays for the next time; ours must be out of the way first */
		if (rc != CNI_OK && rc != CNI_TRY_AGAIN && !str_eq(entry->d_name, own)) {
			*err = ERR_INIT;
			rc = CNI_OK;
		}
	}
	if (list)
		closedir(list);
	return rc;
}

static int entry_replay(const struct cni_request *request, int folder, const char *name,
			struct varlink_client *client, struct err *err)
{
	cleanup(mem_freep) char *copy = mem_strndup(name, strlen(name) - strlen(SUFFIX));
	char *rest = copy;
	const char *tenant = strsep(&rest, ":"), *stack = strsep(&rest, ":"), *ifname = rest;
	int rc = CNI_OK;

	(void)request;
	if (tenant && stack && ifname)
		rc = cni_detach(client, tenant, stack, ifname, err);
	/* what the daemon calls malformed was never written by us */
	if (rc == CNI_OK || rc == CNI_CONFIG)
		unlinkat(folder, name, 0);
	return rc;
}

static bool entry_is_for(int folder, const char *name, const char *socket)
{
	cleanup(mem_freep) char *path = mem_printf("/proc/self/fd/%d/%s", folder, name);
	cleanup(buf_fini) struct buf text = BUF_INIT;
	cleanup(json_freep) json_t *doc = NULL;

	if (file_read(path, ENTRY_SIZE_MAX, &text) < 0 ||
	    json_parse(buf_cstr(&text), text.size, 0, &doc, NULL) < 0)
		return false;
	return str_eq(json_string_value(json_object_get(doc, "socket")), socket);
}

/* STATE itself may be the daemon's; STATE/cni is ours. */
static int folder_open(const struct cni_request *request, bool create, int *ret_fd,
		       struct err *err)
{
	cleanup(mem_freep) char *path = mem_printf("%s/cni", request->state_dir);
	cleanup(fd_closep) int fd = -1;
	int rc;

	if (create && mkdir(request->state_dir, 0755) < 0 && errno != EEXIST) {
		err_sys(err, ERR_IO, errno, request->state_dir,
			"cannot make the folder of the journal");
		return CNI_IO;
	}
	if (create && mkdir(path, 0700) < 0 && errno != EEXIST) {
		err_sys(err, ERR_IO, errno, path, "cannot make the folder of the journal");
		return CNI_IO;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		err_sys(err, ERR_IO, errno, path, "cannot open the folder of the journal");
		return CNI_IO;
	}
	rc = folder_check(fd, path, err);
	if (rc == CNI_OK) {
		*ret_fd = fd;
		fd = -1;
	}
	return rc;
}

static int folder_check(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		err_sys(err, ERR_IO, errno, path, "cannot examine the folder of the journal");
		return CNI_IO;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 077)) {
		err_set(err, ERR_PERMISSION, EPERM, path,
			"the folder of the journal must be the caller's alone (0700)");
		return CNI_IO;
	}
	return CNI_OK;
}

/* Who has it may be waiting for the daemon, and others for him: not all of them one after the other. */
static int folder_lock(int folder, const struct cni_request *request, struct err *err)
{
	uint64_t until = clock_monotonic_ns() + CNI_STATUS_S * UINT64_C(1000000000);

	while (flock(folder, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			err_sys(err, ERR_IO, errno, request->state_dir, "cannot lock the journal");
			return CNI_IO;
		}
		if (clock_monotonic_ns() >= until) {
			err_set(err, ERR_UNAVAILABLE, ETIMEDOUT, request->state_dir,
				"others have had the journal locked for %d s", CNI_STATUS_S);
			return CNI_TRY_AGAIN;
		}
		cni_moment_wait();
	}
	return CNI_OK;
}

static bool folder_is_empty(int fd)
{
	DIR *list = folder_list(fd);
	const struct dirent *entry;
	bool empty = true;

	while (list && empty && (entry = readdir(list)))
		empty = !is_entry(entry->d_name);
	if (list)
		closedir(list);
	return empty;
}

/* From the beginning, whoever read before. */
static DIR *folder_list(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy >= 0 ? fdopendir(copy) : NULL;

	if (!list)
		fd_close(copy);
	return list;
}

static bool is_entry(const char *name)
{
	size_t len = strlen(name), tail = strlen(SUFFIX);

	return len > tail && name[0] != '.' && strcmp(name + len - tail, SUFFIX) == 0;
}

static char *entry_name(const struct cni_request *request)
{
	return mem_printf("%s:%s:%s" SUFFIX, request->tenant, request->stack, request->ifname);
}
