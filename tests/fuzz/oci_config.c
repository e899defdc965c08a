/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oci_config - fuzz target of the OCI runtime's decoders: config.json, process.json, state.json,
 * and the texts of options. Checks that what is taken keeps what the rest of the runtime relies on.
 */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "lib/base/json.h"
#include "runner/oci/config.h"
#include "runner/oci/state.h"
#include "tests/fuzz/fuzz.h"

static void config_check(const struct oci_config *config)
{
	fuzz_check(config->version && config->root_path && *config->root_path);
	fuzz_check(config->masked && config->readonly);
	for (size_t i = 0; i < config->mount_count; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		fuzz_check(mount->destination[0] == '/' && !strstr(mount->destination, "/../"));
		fuzz_check(mount->bind || mount->remount || *mount->type);
		fuzz_check(!mount->bind || mount->remount || *mount->source);
		fuzz_check(mount->flags && mount->data && mount->uids.items);
		fuzz_check(!(mount->set & mount->clear & MOUNT_ATTR_RDONLY));
	}
	for (size_t i = 0; i < config->device_count; i++)
		fuzz_check(config->devices[i].path[0] == '/');
	for (size_t i = 0; i < config->sysctl_count; i++)
		fuzz_check(!strstr(config->sysctls[i].name, ".."));
	for (size_t i = 0; config->masked[i]; i++)
		fuzz_check(config->masked[i][0] == '/');
	for (size_t kind = 0; kind < OCI_HOOK_COUNT; kind++)
		for (size_t i = 0; i < config->hooks[kind].count; i++)
			fuzz_check(config->hooks[kind].items[i].path[0] == '/' &&
				   config->hooks[kind].items[i].args[0]);
}

static void process_check(const struct oci_process *process)
{
	fuzz_check(process->cwd[0] == '/' && process->env);
	fuzz_check(!process->args || process->args[0]);
	fuzz_check(process->rlimit_count <= OCI_RLIMITS);
	for (size_t i = 0; i < process->rlimit_count; i++)
		fuzz_check(process->rlimits[i].soft <= process->rlimits[i].hard);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct oci_process process = {0};
	struct oci_config config;
	struct oci_state state = {0};
	struct err err = ERR_INIT;
	json_t *doc;
	cleanup(buf_fini) struct buf text = BUF_INIT;
	int rc;

	buf_add(&text, data, size);
	rc = oci_json_parse(&text, &doc, &err);
	if (rc < 0)
		return 0;
	rc = oci_process_decode(doc, arena, &process, &err);
	fuzz_check(rc == 0 || (rc < 0 && *err.msg));
	if (rc == 0)
		process_check(&process);
	err = ERR_INIT;
	rc = oci_state_decode(doc, &state, &err);
	fuzz_check(rc == 0 || (rc < 0 && *err.msg));
	fuzz_check(rc < 0 || (oci_id_check(state.id, NULL) == 0 && state.pid >= 0));
	oci_state_fini(&state);
	err = ERR_INIT;
	rc = oci_config_decode(doc, arena, &config, &err);
	fuzz_check(rc == 0 || (rc < 0 && *err.msg && err.no == -rc));
	if (rc == 0)
		config_check(&config);
	if (rc == 0 && config.intel_rdt && config.intel_rdt->l3 && config.intel_rdt->mb)
		(void)oci_rdt_matches(config.intel_rdt->l3, config.intel_rdt->mb);
	oci_config_fini(&config);
	return 0;
}
