/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * delegate - run the plugin that `ipam.type` names. Floor F5. The only program that this one ever executes, and only where
 * the configuration names one.
 *
 * It gets our environment with another CNI_COMMAND, the whole configuration on standard input, our standard error. An
 * older one that does not know the configuration's version is asked once more in 1.0.0: its results have the same shape.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cni/cni.h"
#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

enum { OUTPUT_MAX = 1024 * 1024, ENVIRONMENT_MAX = 4096 };

static const char *const commands[] = {
	[CNI_VERB_NONE] = "",     [CNI_VERB_ADD] = "ADD",       [CNI_VERB_DEL] = "DEL", [CNI_VERB_CHECK] = "CHECK",
	[CNI_VERB_STATUS] = "STATUS", [CNI_VERB_GC] = "GC", [CNI_VERB_VERSION] = "VERSION",
};

static bool knows_1_1(const struct cni_request *request);
static int run(const struct cni_request *request, const char *const set[3], const json_t *conf, json_t **ret_doc,
	       struct err *err);
static int execute(const char *program, char *const *environment, int input, struct buf *ret_output, int *ret_status,
		   struct err *err);
static int input_make(const json_t *conf, struct err *err);
static char **environment_make(const char *const set[3]);
static json_t *conf_of_1_0(const json_t *conf);
static int failure_tell(const struct cni_request *request, const json_t *doc, int status, struct err *err);

const char *cni_delegate_find(const char *path, const char *type, struct arena *arena)
{
	const char *rest = path;

	if (strchr(type, '/') || str_eq(type, ".") || str_eq(type, ".."))
		return NULL;
	while (rest && *rest) {
		size_t len = strcspn(rest, ":");
		const char *file = arena_printf(arena, "%.*s/%s", (int)len, rest, type);
		struct stat st;

		if (len > 0 && len < PATH_MAX && stat(file, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111))
			return file;
		rest += len + (rest[len] == ':');
	}
	return NULL;
}

int cni_delegate(const struct cni_request *request, enum cni_verb verb, const char *container, const char *ifname,
		 json_t **ret_result, struct err *err)
{
	cleanup(mem_freep) char *command = mem_printf("CNI_COMMAND=%s", commands[verb]);
	cleanup(mem_freep) char *id = container ? mem_printf("CNI_CONTAINERID=%s", container) : NULL;
	cleanup(mem_freep) char *interface = ifname ? mem_printf("CNI_IFNAME=%s", ifname) : NULL;
	const char *const set[3] = {command, id, interface};
	cleanup(json_freep) json_t *doc = NULL, *older = NULL;
	int rc;

	if (!request->delegate)
		return CNI_OK;
	if ((verb == CNI_VERB_GC || verb == CNI_VERB_STATUS) && !knows_1_1(request))
		return CNI_OK;
	rc = run(request, set, request->doc, &doc, err);
	if (rc == CNI_VERSION && str_eq(request->version, "1.1.0")) {
		*err = ERR_INIT;
		older = conf_of_1_0(request->doc);
		rc = run(request, set, older, &doc, err);
	}
	if (rc != CNI_OK || !ret_result)
		return rc;
	rc = cni_result_parse(doc, ret_result, err);
	if (rc != CNI_OK)
		err_wrap(err, "the result of plugin %s", request->ipam_type);
	return rc;
}

/* GC and STATUS came with 1.1.0. Asked for by VERSION: to a verb that they do not know older ones say anything. */
static bool knows_1_1(const struct cni_request *request)
{
	const char *const set[3] = {"CNI_COMMAND=VERSION", NULL, NULL};
	cleanup(json_freep) json_t *doc = NULL;
	struct err ignored = ERR_INIT;
	const json_t *version;
	size_t i;

	if (run(request, set, request->doc, &doc, &ignored) != CNI_OK)
		return false;
	json_array_foreach(json_object_get(doc, "supportedVersions"), i, version)
		if (str_eq(json_string_value(version), "1.1.0"))
			return true;
	return false;
}

/* @set: variables "KEY=VALUE" that replace ours, some may be NULL. @ret_doc: what it printed, or NULL. */
static int run(const struct cni_request *request, const char *const set[3], const json_t *conf, json_t **ret_doc,
	       struct err *err)
{
	cleanup(buf_fini) struct buf output = BUF_INIT;
	cleanup(fd_closep) int input = input_make(conf, err);
	cleanup(json_freep) json_t *doc = NULL;
	char **environment;
	int status = 0, rc;

	if (input < 0)
		return CNI_IO;
	environment = environment_make(set);
	rc = execute(request->delegate, environment, input, &output, &status, err);
	free(environment);
	if (rc != CNI_OK)
		return rc;
	(void)json_parse(buf_cstr(&output), output.size, JSON_FOLD_DUPLICATES, &doc, NULL);
	if (status != 0)
		return failure_tell(request, doc, status, err);
	*ret_doc = doc;
	doc = NULL;
	return CNI_OK;
}

static int execute(const char *program, char *const *environment, int input, struct buf *ret_output, int *ret_status,
		   struct err *err)
{
	char *const argv[] = {(char *)(uintptr_t)program, NULL};
	posix_spawn_file_actions_t actions;
	cleanup(fd_closep) int from = -1;
	int pipes[2], no;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0) {
		err_sys(err, ERR_IO, errno, program, "cannot make a pipe");
		return CNI_IO;
	}
	from = pipes[0];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
	no = posix_spawn(&pid, program, &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	fd_close(pipes[1]);
	if (no != 0) {
		err_sys(err, ERR_IO, no, program, "cannot execute the plugin");
		return CNI_IO;
	}
	for (;;) {
		char chunk[4096];
		ssize_t n = read(from, chunk, sizeof(chunk));

		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		if (n > 0 && ret_output->size < OUTPUT_MAX) /* the rest is read and thrown away: it shall not wait for us */
			buf_add(ret_output, chunk, (size_t)n);
	}
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return CNI_OK;
}

/* A file without a name: however long the configuration is, nobody waits for a reader. */
static int input_make(const json_t *conf, struct err *err)
{
	cleanup(mem_freep) char *text = json_text(conf);
	int fd = memfd_create("cni", MFD_CLOEXEC), r;

	if (fd < 0)
		return err_sys(err, ERR_IO, errno, "stdin", "cannot make the plugin's input");
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	fd_close(fd);
	return err_sys(err, ERR_IO, r < 0 ? -r : errno, "stdin", "cannot make the plugin's input");
}

static char **environment_make(const char *const set[3])
{
	char **list = mem_array(ENVIRONMENT_MAX + 4, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < 3; i++)
		if (set[i])
			list[count++] = (char *)(uintptr_t)set[i];
	for (char **old = environ; *old && count < ENVIRONMENT_MAX + 3; old++) {
		bool replaced = false;

		for (size_t i = 0; i < 3; i++)
			replaced |= set[i] && strncmp(*old, set[i], strcspn(set[i], "=") + 1) == 0;
		if (!replaced)
			list[count++] = *old;
	}
	list[count] = NULL;
	return list;
}

/* prevResult is read by its own version; what is new in it an older reader passes over. */
static json_t *conf_of_1_0(const json_t *conf)
{
	json_t *copy = json_pack("{s:s}", "cniVersion", "1.0.0");
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)conf, key, value) {
		if (strcasecmp(key, "cniVersion") == 0)
			continue;
		if (strcasecmp(key, "prevResult") == 0 && json_is_object(value))
			json_object_set_new(copy, key, conf_of_1_0(value));
		else
			json_object_set(copy, key, (json_t *)(uintptr_t)value);
	}
	return copy;
}

/* Its own code and words where it gave some. */
static int failure_tell(const struct cni_request *request, const json_t *doc, int status, struct err *err)
{
	const char *msg = json_string_value(json_object_get(doc, "msg"));
	const char *details = json_string_value(json_object_get(doc, "details"));
	json_int_t code = json_integer_value(json_object_get(doc, "code"));

	if (msg)
		err_set(err, ERR_IO, EIO, request->ipam_type, "plugin %s: %.300s%s%.150s", request->ipam_type, msg,
			details && *details ? "; " : "", details ? details : "");
	else
		err_set(err, ERR_IO, EIO, request->ipam_type, "plugin %s ended with status %d and said nothing",
			request->ipam_type, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return code > 0 && code <= INT_MAX ? (int)code : CNI_IO;
}
