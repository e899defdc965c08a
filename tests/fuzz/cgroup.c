// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgroup - fuzz target of runner/cgroup: the texts of /proc (divided from each other by the first NUL) to a layout, and
 * linux.resources to files and values. What is taken keeps its promises.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/json.h"
#include "runner/cgroup/cgroup.h"
#include "runner/cgroup/devices.h"
#include "runner/cgroup/writes.h"
#include "tests/fuzz/fuzz.h"

static struct cgroup_hierarchy both[] = {
	{.controllers = CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_DEVICES) |
			CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_NET_PRIO) |
			CGROUP_BIT(CGROUP_NET_CLS),
	 .mount = "/v1"},
	{.controllers = CGROUP_ALL, .unified = true, .mount = "/v2"},
};
static const struct cgroup_layout layout = {CGROUP_MODE_HYBRID, both, 2};

static void layout_of(const uint8_t *data, size_t size, struct arena *arena)
{
	char *cgroups = arena_strndup(arena, (const char *)data, size);
	size_t len = strlen(cgroups);
	const char *mounts =
		len < size ? arena_strndup(arena, (const char *)data + len + 1, size - len - 1)
			   : "";
	struct cgroup_layout got;
	struct err err = ERR_INIT;
	int rc = cgroup_layout_parse(cgroups, mounts, NULL, arena, &got, &err);

	fuzz_check(rc == 0 || ((rc == -EINVAL || rc == -E2BIG) && *err.msg));
	for (size_t i = 0; rc == 0 && i < got.count; i++) {
		fuzz_check(!got.items[i].mount || got.items[i].mount[0] == '/');
		fuzz_check(!got.items[i].own ||
			   (got.items[i].mount && got.items[i].own[0] == '/'));
	}
}

static void resources_of(const uint8_t *data, size_t size, struct arena *arena)
{
	cleanup(json_freep) json_t *doc = NULL;
	struct cgroup_resources resources;
	struct cgroup_writes writes;
	struct err err = ERR_INIT;
	struct bpf_insn *program;

	if (json_parse((const char *)data, size, JSON_FOLD_DUPLICATES, &doc, NULL) < 0)
		return;
	if (cgroup_resources_decode(doc, arena, &resources, &err) < 0) {
		fuzz_check(err.kind != ERR_NONE && *err.msg);
		return;
	}
	if (cgroup_writes_build(&resources, &layout, arena, &writes, &err) == 0)
		for (size_t i = 0; i < writes.count; i++) {
			fuzz_check(!strchr(writes.items[i].file, '/') &&
				   writes.items[i].file[0] != '.');
			fuzz_check(writes.items[i].value != NULL);
		}
	else
		fuzz_check(err.kind != ERR_NONE && *err.msg);
	program = arena_array(arena, CGROUP_PROGRAM_MAX, sizeof(*program));
	fuzz_check(cgroup_devices_program(resources.devices, resources.device_count, program) <=
		   CGROUP_PROGRAM_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_freep) struct arena *arena = arena_new();

	if (size == 0)
		return 0;
	layout_of(data, size, arena);
	resources_of(data, size, arena);
	(void)cgroup_path_check(arena_strndup(arena, (const char *)data, size), NULL);
	return 0;
}
