/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main - the CNI plugin `moat`: environment and standard input in, one document on standard output.
 * Floor F5. An error is a document on standard output too, as every runtime reads it. With arguments it is netavark's plugin.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cni/cni.h"
#include "cni/netavark.h"
#include "cni/ports.h"
#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

static int run(const struct cni_env *env, const struct buf *input);
static int netavark_run(int argc, char **argv, const struct cni_env *env);
static enum netavark_verb netavark_verb_parse(int argc, char **argv);
static int netavark_fail(const struct err *err);
static int input_read(struct buf *ret_input, struct err *err);
static int version_run(const struct buf *input);
static int fail(const char *version, int code, const struct err *err);
static int untold(const struct cni_request *request);
static bool print(const json_t *doc);
static void about(void);

int main(int argc, char **argv)
{
	const struct cni_env env = {
		.command = getenv("CNI_COMMAND"),
		.container_id = getenv("CNI_CONTAINERID"),
		.netns = getenv("CNI_NETNS"),
		.ifname = getenv("CNI_IFNAME"),
		.args = getenv("CNI_ARGS"),
		.path = getenv("CNI_PATH"),
		.netns_override = getenv("CNI_NETNS_OVERRIDE"),
		.socket = getenv("MOAT_SOCKET"),
		.state_dir = getenv("MOAT_STATE_DIR"),
	};
	cleanup(buf_fini) struct buf input = BUF_INIT;
	struct err err = ERR_INIT;
	int rc;

	(void)fd_streams_open(O_RDONLY);
	json_keep();
	if (argc > 1)
		return netavark_run(argc, argv, &env);
	if (!env.command || !*env.command) {
		about();
		return EXIT_SUCCESS;
	}
	rc = input_read(&input, &err);
	if (rc != CNI_OK)
		return fail("1.1.0", rc, &err);
	if (cni_verb_parse(env.command) == CNI_VERB_VERSION)
		return version_run(&input);
	return run(&env, &input);
}

static int run(const struct cni_env *env, const struct buf *input)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(cni_request_fini) struct cni_request request = {0};
	cleanup(json_freep) json_t *result = NULL;
	struct err err = ERR_INIT;
	int rc;

	rc = cni_request_decode(env, buf_cstr(input), input->size, arena, &request, &err);
	if (rc != CNI_OK)
		return fail(request.version, rc, &err);
	switch (request.verb) {
	case CNI_VERB_ADD:
		rc = cni_add(&request, &result, &err);
		break;
	case CNI_VERB_DEL:
		rc = cni_del(&request, &err);
		break;
	case CNI_VERB_CHECK:
		rc = cni_check(&request, &err);
		break;
	case CNI_VERB_STATUS:
		rc = cni_status(&request, &err);
		break;
	case CNI_VERB_GC:
		rc = cni_gc(&request, &err);
		break;
	case CNI_VERB_NONE:
	case CNI_VERB_VERSION:
		break; /* refused when decoded, and answered before */
	}
	if (rc != CNI_OK)
		return fail(request.version, rc, &err);
	if (!result || print(result))
		return EXIT_SUCCESS;
	return untold(&request);
}

/* A result that nobody could be told of: what stands for it may not stay. */
static int untold(const struct cni_request *request)
{
	struct err ignored = ERR_INIT;

	(void)cni_del(request, &ignored);
	return EXIT_FAILURE;
}

/* Called by netavark. Its errors are documents of another shape. */
static int netavark_run(int argc, char **argv, const struct cni_env *env)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(cni_request_fini) struct cni_request request = {0};
	cleanup(json_freep) json_t *doc = NULL, *result = NULL, *status = NULL;
	cleanup(buf_fini) struct buf input = BUF_INIT;
	enum netavark_verb verb = netavark_verb_parse(argc, argv);
	struct err err = ERR_INIT;
	int rc;

	if (verb == NETAVARK_NONE) {
		err_set(&err, ERR_USAGE, EINVAL, NULL,
			"netavark's commands are create, setup NETNS, teardown NETNS and info; CNI's come by CNI_COMMAND");
		return netavark_fail(&err);
	}
	if (verb == NETAVARK_INFO) {
		result = json_pack("{s:s, s:s}", "version", MOAT_VERSION, "api_version", "1.0.0");
		return print(result) ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	rc = input_read(&input, &err);
	if (rc == CNI_OK && json_parse(buf_cstr(&input), input.size, JSON_FOLD_DUPLICATES, &doc, &err) < 0)
		rc = CNI_DECODE;
	request.socket = env->socket && *env->socket ? env->socket : "/run/moat/moatd.sock";
	request.state_dir = env->state_dir && *env->state_dir ? env->state_dir : "/var/lib/moat";
	if (rc == CNI_OK)
		rc = netavark_decode(verb, doc, argc > 2 ? argv[2] : NULL, arena, &request, &err);
	request.doc = doc ? json_incref(doc) : NULL;
	if (rc == CNI_OK && verb == NETAVARK_SETUP)
		rc = cni_add(&request, &result, &err);
	else if (rc == CNI_OK && verb == NETAVARK_TEARDOWN)
		rc = cni_del(&request, &err);
	if (rc != CNI_OK)
		return netavark_fail(&err);
	if (verb == NETAVARK_CREATE)
		return print(doc) ? EXIT_SUCCESS : EXIT_FAILURE;
	if (verb == NETAVARK_SETUP)
		status = netavark_result(result, request.ifname);
	return !status || print(status) ? EXIT_SUCCESS : untold(&request);
}

static enum netavark_verb netavark_verb_parse(int argc, char **argv)
{
	if (argc == 2 && str_eq(argv[1], "info"))
		return NETAVARK_INFO;
	if (argc == 2 && str_eq(argv[1], "create"))
		return NETAVARK_CREATE;
	if (argc == 3 && str_eq(argv[1], "setup"))
		return NETAVARK_SETUP;
	return argc == 3 && str_eq(argv[1], "teardown") ? NETAVARK_TEARDOWN : NETAVARK_NONE;
}

static int netavark_fail(const struct err *err)
{
	cleanup(mem_freep) char *text =
		mem_printf("moat: %s%s%s", err->object, err->object[0] ? ": " : "", err->msg);
	cleanup(json_freep) json_t *doc = json_pack("{s:s}", "error", text);

	(void)print(doc);
	return EXIT_FAILURE;
}

static int input_read(struct buf *ret_input, struct err *err)
{
	char chunk[16 * 1024];

	for (;;) {
		ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));

		if (n == 0)
			return CNI_OK;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_sys(err, ERR_IO, errno, "stdin",
				"cannot read the network configuration");
			return CNI_IO;
		}
		if (ret_input->size + (size_t)n > JSON_SIZE_MAX) {
			err_set(err, ERR_LIMIT, E2BIG, "stdin",
				"a network configuration of more than %d bytes",
				(int)JSON_SIZE_MAX);
			return CNI_DECODE;
		}
		buf_add(ret_input, chunk, (size_t)n);
	}
}

/* Answers whatever stands on standard input, also nothing: a runtime asks before it has a configuration. */
static int version_run(const struct buf *input)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL, *result = NULL;
	struct cni_ports rest = {.text = buf_cstr(input), .size = input->size};
	const char *version = NULL;

	(void)cni_ports_take(rest.text, rest.size, arena, &rest);
	if (json_parse(rest.text, rest.size, JSON_FOLD_DUPLICATES, &doc, NULL) == 0)
		version = json_string_value(json_object_get(doc, "cniVersion"));
	result = cni_result_version(version && *version ? version : "1.1.0");
	return print(result) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int fail(const char *version, int code, const struct err *err)
{
	cleanup(json_freep) json_t *doc =
		cni_result_error(version ? version : "1.1.0", code, err);

	(void)print(doc);
	return EXIT_FAILURE;
}

static bool print(const json_t *doc)
{
	cleanup(mem_freep) char *text = json_text(doc);

	return printf("%s\n", text) >= 0 && fflush(stdout) == 0;
}

static void about(void)
{
	fprintf(stderr, "CNI plugin moat %s; versions of the specification:", MOAT_VERSION);
	for (size_t i = 0; cni_versions[i]; i++)
		fprintf(stderr, " %s", cni_versions[i]);
	fprintf(stderr, "\n");
}
