/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target of what a container runtime gives the CNI plugin. The input is NUL-separated: command,
 * container id, interface, namespace, CNI_ARGS, then the configuration; what is missing is as in an
 * ordinary ADD. Whatever passes must be fit for a request and for a result.
 */
#include <string.h>

#include "cni/cni.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "tests/fuzz/fuzz.h"

enum { COMMAND, CONTAINER, IFNAME, NETNS, ARGS, FIELDS };

static void request_check(const struct cni_request *request)
{
	cleanup(json_freep) json_t *endpoint =
		json_pack("{s:s, s:[s, s], s:[s], s:i}", "mac", "02:00:00:00:00:01", "ips",
			  "10.0.0.5/24", "fd00::5/64", "gateways", "10.0.0.1", "mtu", 1500);
	cleanup(json_freep) json_t *result = NULL;
	struct err err = ERR_INIT;

	fuzz_check(request->name && *request->name && request->tenant && request->network &&
		   request->stack);
	fuzz_check(strlen(request->stack) < CNI_STACK_SIZE && !strpbrk(request->stack, "/: "));
	fuzz_check(strlen(request->network) <= 128 && !strchr(request->network, '/'));
	fuzz_check(request->subnets && request->gateways && request->ips && request->publish &&
		   request->socket);
	if (request->verb != CNI_VERB_ADD)
		return;
	for (const char *const *ip = request->ips; *ip; ip++)
		fuzz_check(!strchr(*ip, '/'));
	fuzz_check(cni_result_add(request, endpoint, NULL, true, &result, &err) == CNI_OK);
	fuzz_check(json_array_size(json_object_get(result, "ips")) == 2);
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

	rc = cni_request_decode(&env, rest, (size_t)(copy + size - rest), arena, &request,
				&err);
	if (rc == CNI_OK && (request.verb == CNI_VERB_ADD || request.verb == CNI_VERB_DEL)) {
		request_check(&request);
	} else if (rc != CNI_OK) {
		cleanup(json_freep) json_t *doc =
			cni_result_error(request.version ? request.version : "1.1.0", rc, &err);

		fuzz_check(doc && err.kind != ERR_NONE && err.msg[0]);
	}
	return 0;
}
