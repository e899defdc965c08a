/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target of netavark's documents: the input is one, and is read as that of each command. */
#include <string.h>

#include "cni/netavark.h"
#include "lib/base/json.h"
#include "tests/fuzz/fuzz.h"

static void decode(enum netavark_verb verb, const json_t *doc)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(cni_request_fini) struct cni_request request = {0};
	struct err err = ERR_INIT;

	if (netavark_decode(verb, doc, "/run/netns/x", arena, &request, &err) != CNI_OK) {
		fuzz_check(err.kind != ERR_NONE && err.msg[0]);
		return;
	}
	fuzz_check(request.network && *request.network && !strchr(request.network, '/') && request.tenant);
	if (verb == NETAVARK_CREATE)
		return;
	fuzz_check(strlen(request.stack) < CNI_STACK_SIZE && !strpbrk(request.stack, "/: "));
	fuzz_check(strlen(request.ifname) <= CNI_IFNAME_MAX && request.publish && request.ips && request.subnets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(json_freep) json_t *doc = NULL;

	if (json_parse((const char *)data, size, JSON_FOLD_DUPLICATES, &doc, NULL) < 0)
		return 0;
	decode(NETAVARK_CREATE, doc);
	decode(NETAVARK_SETUP, doc);
	decode(NETAVARK_TEARDOWN, doc);
	return 0;
}
