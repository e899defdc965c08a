// SPDX-License-Identifier: GPL-2.0-or-later
/* inspect - `moat inspect`: all that is known of a container, as JSON. Floor F5. */
#include <sys/capability.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/cli/container/container.h"
#include "runner/spec/signals.h"

static int inspect_run(struct cli *cli, int argc, char **argv);

const struct cli_verb cli_verb_inspect = {
	.name = "inspect",
	.summary = "tells all about a container",
	.usage = "moat inspect NAME\n"
		 "\n"
		 "One JSON document; its keys are told by moat-inspect(1).",
	.run = inspect_run,
};

static json_t *document(struct cli *cli, const struct state_dir *dir, const struct spec *spec,
			const struct state *state);
static json_t *config(const struct spec *spec);
static json_t *endpoints(struct cli *cli, const char *full);
static json_t *ns(enum spec_ns kind, const char *join);
static json_t *strings(const char *const *strv);
static json_t *caps(uint64_t mask);
static json_t *or_null(const char *text);

static int inspect_run(struct cli *cli, int argc, char **argv)
{
	static const char *const names[] = {"NAME", NULL};
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *spec_doc = NULL, *doc = NULL;
	struct state_dir dir = STATE_DIR_INIT;
	struct err err = ERR_INIT;
	struct state state;
	struct spec spec;
	int rc = cli_plain(cli, &cli_verb_inspect, argc, argv, names, 1);

	if (rc < 0)
		rc = cli_unplanned(cli);
	if (rc >= 0)
		return rc;
	rc = container_look(cli, argv[optind], &dir, &err);
	if (rc == 0)
		rc = state_load(&dir, &state, &err);
	if (rc == 0)
		rc = state_spec_load(&dir, arena, &spec_doc, &spec, &err);
	if (rc == 0) {
		doc = document(cli, &dir, &spec, &state);
		cli_print_json(doc);
	}
	state_dir_fini(&dir);
	return rc < 0 ? cli_fail(cli, &err) : CLI_OK;
}

/* ----------------------------------------------------------------- helpers */

static json_t *document(struct cli *cli, const struct state_dir *dir, const struct spec *spec,
			const struct state *state)
{
	cleanup(mem_freep) char *full = mem_printf("%s/%s", spec->name.tenant, spec->name.name);
	bool runs = state->status == STATE_RUNNING;
	const char *status = runs && container_paused(&spec->name, spec->id) ? "paused" : state_status_name(state->status);

	return json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}",
		"name", full, "id", spec->id, "status", status, "pid",
		runs ? json_integer(state->pid) : json_null(), "shimPid",
		state->status != STATE_EXITED ? json_integer(state->shim_pid) : json_null(),
		"exitCode",
		state->status == STATE_EXITED || state->status == STATE_RESTARTING
			? json_integer(state->exit_code)
			: json_null(),
		"oomKilled", state->oom_killed,
		"restartCount", (json_int_t)state->restarts, "createdMs",
		(json_int_t)state->created_ms, "startedMs", (json_int_t)state->started_ms,
		"finishedMs", (json_int_t)(runs ? 0 : state->finished_ms), "idBase",
		(json_int_t)state->id_base, "logPath", json_sprintf("%s/log", dir->path),
		"endpoints", state->stack ? endpoints(cli, full) : json_array(), "config",
		config(spec));
}

static json_t *config(const struct spec *spec)
{
	json_t *networks = json_array(), *volumes = json_array();
	json_t *doc = json_pack("{s:o, s:o, s:o, s:s, s:s, s:o}", "command",
				strings(spec->args), "env", strings(spec->env), "user",
				or_null(spec->user), "workdir", spec->workdir, "hostname",
				spec->hostname, "rootfs", or_null(spec->rootfs));
	char number[24];

	for (size_t i = 0; i < spec->network_count; i++) {
		const struct spec_network *network = &spec->networks[i];

		json_array_append_new(
			networks,
			json_pack("{s:s, s:o, s:o, s:o}", "network", network->network, "ips",
				  network->ips ? strings(network->ips) : json_array(), "mac",
				  or_null(network->mac), "ifname", or_null(network->ifname)));
	}
	for (size_t i = 0; i < spec->volume_count; i++)
		json_array_append_new(volumes,
				      json_pack("{s:s, s:s, s:b}", "source",
						spec->volumes[i].source, "target",
						spec->volumes[i].target, "readOnly",
						spec->volumes[i].read_only));
	json_object_set_new(doc, "image", or_null(spec->image_digest));
	json_object_set_new(doc, "expose", strings(spec->expose));
	json_object_update_new(
		doc,
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:o, s:s}",
			  "networks", networks, "net",
			  spec->net == SPEC_NET_JOIN   ? json_sprintf("container:%s", spec->join)
			  : spec->net == SPEC_NET_HOST ? json_string("host")
						       : json_null(),
			  "publish", strings(spec->publish), "volumes", volumes, "tmpfs",
			  strings(spec->tmpfs), "capabilities", caps(spec->caps), "readOnly",
			  spec->read_only, "remove", spec->remove, "interactive",
			  spec->interactive, "tty", spec->tty, "restart",
			  json_pack("{s:s, s:I}", "policy", spec_restart_name(spec->restart),
				    "times", (json_int_t)spec->restart_max),
			  "stopSignal", signal_print((int)spec->stop_signal, number)));
	json_object_update_new(doc, json_pack("{s:o, s:o, s:o, s:o, s:o}", "pidMode", ns(spec->pid, spec->pid_join), "ipcMode",
					      ns(spec->ipc, spec->ipc_join), "memoryBytes",
					      spec->memory ? json_integer(spec->memory) : json_null(), "cpus",
					      spec->cpus_milli ? json_real((double)spec->cpus_milli / 1000) : json_null(),
					      "pidsLimit", spec->pids ? json_integer(spec->pids) : json_null()));
	return doc;
}

/* As --pid and --ipc say it; null: its own */
static json_t *ns(enum spec_ns kind, const char *join)
{
	return kind == SPEC_NS_JOIN   ? json_sprintf("container:%s", join)
	       : kind == SPEC_NS_HOST ? json_string("host")
				      : json_null();
}

/* As the daemon tells them now; null where it does not answer. */
static json_t *endpoints(struct cli *cli, const char *full)
{
	cleanup(json_freep) json_t *reply = NULL;
	json_t *list = json_array();
	const json_t *name;
	size_t index;

	if (cli_connect(cli, NULL) < 0 ||
	    varlink_call(cli->client, "io.moat.StackShow", json_pack("{s:s}", "name", full), NULL,
			 0, &reply, NULL, NULL, NULL) < 0) {
		json_decref(list);
		return json_null();
	}
	json_array_foreach(json_object_get(json_object_get(reply, "stack"), "endpoints"), index,
			   name) {
		cleanup(json_freep) json_t *one = NULL;

		/* One that goes meanwhile is not told of. */
		if (varlink_call(cli->client, "io.moat.EndpointShow",
				 json_pack("{s:s}", "name", json_string_value(name)), NULL, 0, &one,
				 NULL, NULL, NULL) == 0)
			json_array_append(list, json_object_get(one, "endpoint"));
	}
	return list;
}

static json_t *strings(const char *const *strv)
{
	json_t *array = json_array();

	for (size_t i = 0; strv[i]; i++)
		json_array_append_new(array, json_string(strv[i]));
	return array;
}

static json_t *caps(uint64_t mask)
{
	json_t *array = json_array();

	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		char *name = mask & (UINT64_C(1) << cap) ? cap_to_name(cap) : NULL;

		if (name)
			json_array_append_new(array, json_string(name));
		cap_free(name);
	}
	return array;
}

static json_t *or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}
