/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target of what a container runtime gives the CNI plugin. The input is NUL-separated: command,
 * container id, interface, namespace, CNI_ARGS, then the configuration; what is missing is as in an
 * ordinary ADD. Whatever passes must be fit for a request and for a result.
 */
#include <string.h>
#include <strings.h>

#include "cni/cni.h"
#include "cni/ports.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "tests/fuzz/fuzz.h"

enum { COMMAND, CONTAINER, IFNAME, NETNS, ARGS, FIELDS };

/* What we print any version of a plugin after us can read, and gets the same from. */
static void result_check(const char *version, size_t before, const json_t *result)
{
	cleanup(json_freep) json_t *parsed = NULL, *again = NULL;
	struct err err = ERR_INIT;

	fuzz_check(cni_result_parse(result, &parsed, &err) == CNI_OK);
	if (strcmp(version, "0.2.0") > 0)
		fuzz_check(json_array_size(json_object_get(parsed, "ips")) == before + 2);
	fuzz_check(cni_result_convert(parsed, version, &again, &err) == CNI_OK);
	fuzz_check(json_equal(again, result));
}

/* What a delegate gives has passed cni_result_parse(), as a prevResult has. */
static void given_check(struct cni_request *request)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	json_t *routes = json_incref(request->routes);
	bool default_route = request->default_route;
	struct err err = ERR_INIT;

	if (request->prev && cni_routes_given(request, request->prev, arena, &err) == CNI_OK)
		fuzz_check(json_array_size(request->routes) <= json_array_size(routes) + json_array_size(json_object_get(request->prev, "routes")) + 2);
	json_decref(routes);
	request->default_route = default_route;
}

static void request_check(struct cni_request *request)
{
	cleanup(json_freep) json_t *endpoint =
		json_pack("{s:s, s:[s, s], s:[s], s:i}", "mac", "02:00:00:00:00:01", "ips",
			  "10.0.0.5/24", "fd00::5/64", "gateways", "10.0.0.1", "mtu", 1500);
	cleanup(json_freep) json_t *result = NULL;
	struct err err = ERR_INIT;

	size_t before = json_array_size(json_object_get(request->prev, "ips"));

	fuzz_check(request->name && *request->name && request->tenant && request->network);
	fuzz_check(!request->stack || (strlen(request->stack) < CNI_STACK_SIZE && !strpbrk(request->stack, "/: ")));
	fuzz_check(request->verb != CNI_VERB_CHECK || request->prev);
	fuzz_check(request->verb == CNI_VERB_GC || !request->attachments_given);
	fuzz_check(strlen(request->network) <= 128 && !strchr(request->network, '/'));
	fuzz_check(request->subnets && request->gateways && request->ips && request->publish &&
		   request->socket);
	if (request->verb != CNI_VERB_ADD)
		return;
	for (const char *const *ip = request->ips; *ip; ip++)
		fuzz_check(!strchr(*ip, '/'));
	given_check(request);
	fuzz_check(cni_result_add(request, endpoint, NULL, true, &result, &err) == CNI_OK);
	result_check(request->version, before, result);
}

static json_t *member(json_t *object, const char *name)
{
	json_t *value, *last = NULL;
	const char *key;

	json_object_foreach(object, key, value)
		if (strcasecmp(key, name) == 0)
			last = value;
	return last;
}

/* Mappings taken out of the text are those that the parser would have found there, and nothing else is changed. */
static void ports_check(const char *text, size_t size)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *whole = NULL, *rest = NULL;
	const char *const *specs = NULL;
	struct err err = ERR_INIT;
	struct cni_ports ports;
	json_t *array;
	int rc;

	if (!cni_ports_take(text, size, arena, &ports))
		return;
	rc = json_parse(text, size, JSON_FOLD_DUPLICATES, &whole, NULL);
	fuzz_check((json_parse(ports.text, ports.size, JSON_FOLD_DUPLICATES, &rest, NULL) < 0) == (rc < 0));
	if (rc < 0)
		return;
	array = member(member(whole, "runtimeConfig"), "portMappings");
	fuzz_check(cni_ports_decode(array, arena, &specs, &err) == CNI_OK && specs[0]);
	for (size_t i = 0; specs[i] || ports.specs[i]; i++)
		fuzz_check(str_eq(specs[i], ports.specs[i]));
	json_array_clear(array);
	fuzz_check(json_equal(whole, rest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(mem_freep) char *copy = mem_alloc(size + 1);
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(cni_request_fini) struct cni_request request = {0};
	const char *fields[FIELDS] = {"ADD", "c1", "eth0", "/run/netns/x", ""};
	struct err err = ERR_INIT;
	char *rest = copy;
	int rc;

	memcpy(copy, data, size);
	for (size_t i = 0; i < FIELDS && strlen(rest) < (size_t)(copy + size - rest); i++) {
		if (*rest)
			fields[i] = rest;
		rest += strlen(rest) + 1;
	}
	const struct cni_env env = {
		.command = fields[COMMAND],
		.container_id = fields[CONTAINER],
		.ifname = fields[IFNAME],
		.netns = fields[NETNS],
		.args = fields[ARGS],
	};

	ports_check(rest, (size_t)(copy + size - rest));
	rc = cni_request_decode(&env, rest, (size_t)(copy + size - rest), arena, &request,
				&err);
	if (rc == CNI_OK) {
		request_check(&request);
	} else if (rc != CNI_OK) {
		cleanup(json_freep) json_t *doc =
			cni_result_error(request.version ? request.version : "1.1.0", rc, &err);

		fuzz_check(doc && err.kind != ERR_NONE && err.msg[0]);
	}
	return 0;
}
