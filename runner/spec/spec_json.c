// SPDX-License-Identifier: GPL-2.0-or-later
/* spec_json - what a container shall be, as JSON and back: printer and parser are inverses. Floor F4, pure. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/spec/spec.h"

static const char *const net_names[] = {
	[SPEC_NET_NONE] = "none",
	[SPEC_NET_OWN] = "own",
	[SPEC_NET_JOIN] = "join",
	[SPEC_NET_HOST] = "host",
};
static const char *const ns_names[] = {
	[SPEC_NS_OWN] = "own",
	[SPEC_NS_JOIN] = "join",
	[SPEC_NS_HOST] = "host",
};

enum { TERMINAL_SIDE_MAX = 65535, SIGNAL_MAX = 64 };

/* What JSON says before it is a spec: the rows of the decode table point here. */
struct spec_raw {
	const char *tenant, *name, *id, *user, *workdir, *hostname, *rootfs, *join, *net, *caps;
	const char *filter;
	const char *allow, **mask, **unmask, **landlock;
	bool unconfined;
	const char *pid, *pid_join, *ipc, *ipc_join, *restart, *image, *image_digest;
	const char **publish, **tmpfs, **devices, **expose;
	const json_t *args, *env, *networks, *volumes, *steps, *seeds, *x11;
	bool read_only, remove, interactive, attached, linger, tty;
	struct spec_size size;
	int64_t restart_max, stop_signal, memory, pids, cpus_milli;
};

#define RAW(field) offsetof(struct spec_raw, field)
static const struct json_field spec_fields[] = {
	{"tenant", JSON_FIELD_STRING, RAW(tenant), JSON_REQUIRED, 0, 0},
	{"name", JSON_FIELD_STRING, RAW(name), JSON_REQUIRED, 0, 0},
	{"id", JSON_FIELD_STRING, RAW(id), JSON_REQUIRED, 12, 12},
	{"args", JSON_FIELD_ARRAY, RAW(args), JSON_REQUIRED, 1, SPEC_ARGS_MAX},
	{"env", JSON_FIELD_ARRAY, RAW(env), 0, 0, SPEC_ARGS_MAX},
	{"user", JSON_FIELD_STRING, RAW(user), 0, 0, 0},
	{"workdir", JSON_FIELD_STRING, RAW(workdir), 0, 0, 0},
	{"hostname", JSON_FIELD_STRING, RAW(hostname), 0, 0, SPEC_HOSTNAME_MAX},
	{"rootfs", JSON_FIELD_STRING, RAW(rootfs), 0, 0, 0},
	{"image", JSON_FIELD_STRING, RAW(image), 0, 0, 0},
	{"imageDigest", JSON_FIELD_STRING, RAW(image_digest), 0, 0, 0},
	{"expose", JSON_FIELD_STRV, RAW(expose), 0, 0, SPEC_ARGS_MAX},
	{"join", JSON_FIELD_STRING, RAW(join), 0, 0, 0},
	{"net", JSON_FIELD_STRING, RAW(net), JSON_REQUIRED, 0, 0},
	{"pid", JSON_FIELD_STRING, RAW(pid), 0, 0, 0},
	{"pidJoin", JSON_FIELD_STRING, RAW(pid_join), 0, 0, 0},
	{"ipc", JSON_FIELD_STRING, RAW(ipc), 0, 0, 0},
	{"ipcJoin", JSON_FIELD_STRING, RAW(ipc_join), 0, 0, 0},
	{"x11", JSON_FIELD_OBJECT, RAW(x11), 0, 0, 0},
	{"allow", JSON_FIELD_STRING, RAW(allow), 0, 1, 16},
	{"filter", JSON_FIELD_STRING, RAW(filter), 0, 16, 16 * SPEC_FILTER_MAX},
	{"unconfined", JSON_FIELD_BOOL, RAW(unconfined), 0, 0, 0},
	{"mask", JSON_FIELD_STRV, RAW(mask), 0, 0, SPEC_PATHS_MAX},
	{"unmask", JSON_FIELD_STRV, RAW(unmask), 0, 0, SPEC_PATHS_MAX},
	{"landlock", JSON_FIELD_STRV, RAW(landlock), 0, 0, SPEC_PATHS_MAX},
	{"caps", JSON_FIELD_STRING, RAW(caps), JSON_REQUIRED, 1, 16},
	{"readOnly", JSON_FIELD_BOOL, RAW(read_only), 0, 0, 0},
	{"remove", JSON_FIELD_BOOL, RAW(remove), 0, 0, 0},
	{"interactive", JSON_FIELD_BOOL, RAW(interactive), 0, 0, 0},
	{"attached", JSON_FIELD_BOOL, RAW(attached), 0, 0, 0},
	{"linger", JSON_FIELD_BOOL, RAW(linger), 0, 0, 0},
	{"tty", JSON_FIELD_BOOL, RAW(tty), 0, 0, 0},
	{"rows", JSON_FIELD_INT, RAW(size.rows), 0, 0, TERMINAL_SIDE_MAX},
	{"columns", JSON_FIELD_INT, RAW(size.columns), 0, 0, TERMINAL_SIDE_MAX},
	{"restart", JSON_FIELD_STRING, RAW(restart), 0, 0, 0},
	{"memory", JSON_FIELD_INT, RAW(memory), 0, 0, INT64_MAX},
	{"pidsLimit", JSON_FIELD_INT, RAW(pids), 0, 0, SPEC_PIDS_MAX},
	{"cpusMilli", JSON_FIELD_INT, RAW(cpus_milli), 0, 0, SPEC_CPUS_MAX},
	{"restartMax", JSON_FIELD_INT, RAW(restart_max), 0, 0, SPEC_RESTART_TIMES_MAX},
	{"stopSignal", JSON_FIELD_INT, RAW(stop_signal), 0, 0, SIGNAL_MAX},
	{"publish", JSON_FIELD_STRV, RAW(publish), 0, 0, SPEC_ARGS_MAX},
	{"tmpfs", JSON_FIELD_STRV, RAW(tmpfs), 0, 0, SPEC_VOLUMES_MAX},
	{"devices", JSON_FIELD_STRV, RAW(devices), 0, 0, SPEC_DEVICES_MAX},
	{"networks", JSON_FIELD_ARRAY, RAW(networks), 0, 0, SPEC_NETWORKS_MAX},
	{"volumes", JSON_FIELD_ARRAY, RAW(volumes), 0, 0, SPEC_VOLUMES_MAX},
	{"steps", JSON_FIELD_ARRAY, RAW(steps), 0, 0, SPEC_STEPS_MAX},
	{"seeds", JSON_FIELD_ARRAY, RAW(seeds), 0, 0, SPEC_SEEDS_MAX},
	{0},
};

static const struct json_field network_fields[] = {
	{"network", JSON_FIELD_STRING, offsetof(struct spec_network, network), JSON_REQUIRED, 0,
	 0},
	{"ips", JSON_FIELD_STRV, offsetof(struct spec_network, ips), 0, 0, 64},
	{"aliases", JSON_FIELD_STRV, offsetof(struct spec_network, aliases), 0, 0, 64},
	{"routes", JSON_FIELD_STRV, offsetof(struct spec_network, routes), 0, 0, 64},
	{"ingressRateBits", JSON_FIELD_INT, offsetof(struct spec_network, bandwidth[0]), 0, 0, INT64_MAX},
	{"ingressBurstBits", JSON_FIELD_INT, offsetof(struct spec_network, bandwidth[1]), 0, 0, INT64_MAX},
	{"egressRateBits", JSON_FIELD_INT, offsetof(struct spec_network, bandwidth[2]), 0, 0, INT64_MAX},
	{"egressBurstBits", JSON_FIELD_INT, offsetof(struct spec_network, bandwidth[3]), 0, 0, INT64_MAX},
	{"mac", JSON_FIELD_STRING, offsetof(struct spec_network, mac), 0, 0, 0},
	{"ifname", JSON_FIELD_STRING, offsetof(struct spec_network, ifname), 0, 0, 0},
	{0},
};

static const struct json_field volume_fields[] = {
	{"source", JSON_FIELD_STRING, offsetof(struct spec_volume, source), JSON_REQUIRED, 0,
	 0},
	{"target", JSON_FIELD_STRING, offsetof(struct spec_volume, target), JSON_REQUIRED, 0,
	 0},
	{"readOnly", JSON_FIELD_BOOL, offsetof(struct spec_volume, read_only), 0, 0, 0},
	{0},
};

static const struct json_field step_fields[] = {
	{"args", JSON_FIELD_STRV, offsetof(struct spec_step, args), JSON_REQUIRED, 1,
	 SPEC_ARGS_MAX},
	{"user", JSON_FIELD_STRING, offsetof(struct spec_step, user), 0, 0, 0},
	{"unless", JSON_FIELD_STRING, offsetof(struct spec_step, unless), 0, 0, 0},
	{0},
};

static const struct json_field seed_fields[] = {
	{"path", JSON_FIELD_STRING, offsetof(struct spec_seed, path), JSON_REQUIRED, 0, 0},
	{"content", JSON_FIELD_STRING, offsetof(struct spec_seed, content), 0, 0,
	 SPEC_SEED_MAX},
	{"uid", JSON_FIELD_INT, offsetof(struct spec_seed, uid), 0, 0, 65535},
	{"gid", JSON_FIELD_INT, offsetof(struct spec_seed, gid), 0, 0, 65535},
	{"mode", JSON_FIELD_INT, offsetof(struct spec_seed, mode), 0, 0, 07777},
	{0},
};

static const struct json_field x11_fields[] = {
	{"display", JSON_FIELD_INT, offsetof(struct spec_x11, display), JSON_REQUIRED, 0,
	 SPEC_DISPLAY_MAX},
	{"cookie", JSON_FIELD_STRING, offsetof(struct spec_x11, cookie), 0, 2,
	 2 * SPEC_COOKIE_MAX},
	{0},
};

static int ns_decode(const char *key, const char *text, const char *join, enum spec_ns *ret_ns,
		     struct err *err);
static json_t *strv_encode(const char *const *strv);
static int strv_decode(const char *what, const json_t *array, struct arena *arena,
		       const char ***ret_strv, struct err *err);
static void set_string(json_t *object, const char *key, const char *value);
static int rows_decode(const json_t *array, const struct json_field *fields, size_t size,
		       struct arena *arena, void **ret_rows, size_t *ret_count,
		       struct err *err);
static const char **strv_or_empty(const char **strv, struct arena *arena);

json_t *spec_encode(const struct spec *spec)
{
	json_t *doc = json_object();
	json_t *networks = json_array(), *volumes = json_array(), *steps = json_array(),
	       *seeds = json_array();
	char caps[17];

	set_string(doc, "tenant", spec->name.tenant);
	set_string(doc, "name", spec->name.name);
	set_string(doc, "id", spec->id);
	json_object_set_new(doc, "args", strv_encode(spec->args));
	json_object_set_new(doc, "env", strv_encode(spec->env));
	set_string(doc, "user", spec->user);
	set_string(doc, "workdir", spec->workdir);
	set_string(doc, "hostname", spec->hostname);
	set_string(doc, "rootfs", spec->rootfs);
	set_string(doc, "image", spec->image);
	set_string(doc, "imageDigest", spec->image_digest);
	if (spec->expose && spec->expose[0])
		json_object_set_new(doc, "expose", strv_encode(spec->expose));
	set_string(doc, "join", spec->join);
	set_string(doc, "net", net_names[spec->net]);
	set_string(doc, "pid", ns_names[spec->pid]);
	set_string(doc, "pidJoin", spec->pid_join);
	set_string(doc, "ipc", ns_names[spec->ipc]);
	set_string(doc, "ipcJoin", spec->ipc_join);
	if (spec->x11) {
		json_t *x11 = json_pack("{s:I}", "display", (json_int_t)spec->x11->display);

		set_string(x11, "cookie", spec->x11->cookie);
		json_object_set_new(doc, "x11", x11);
	}
	snprintf(caps, sizeof(caps), "%llx", (unsigned long long)spec->caps);
	set_string(doc, "caps", caps);
	snprintf(caps, sizeof(caps), "%llx", (unsigned long long)spec->security.allow);
	set_string(doc, "allow", caps);
	set_string(doc, "filter", spec->security.filter);
	json_object_set_new(doc, "unconfined", json_boolean(spec->security.unconfined));
	if (spec->security.mask)
		json_object_set_new(doc, "mask", strv_encode(spec->security.mask));
	if (spec->security.unmask)
		json_object_set_new(doc, "unmask", strv_encode(spec->security.unmask));
	if (spec->security.landlock)
		json_object_set_new(doc, "landlock", strv_encode(spec->security.landlock));
	json_object_set_new(doc, "readOnly", json_boolean(spec->read_only));
	json_object_set_new(doc, "remove", json_boolean(spec->remove));
	json_object_set_new(doc, "interactive", json_boolean(spec->interactive));
	json_object_set_new(doc, "attached", json_boolean(spec->attached));
	json_object_set_new(doc, "linger", json_boolean(spec->linger));
	json_object_set_new(doc, "tty", json_boolean(spec->tty));
	json_object_set_new(doc, "rows", json_integer(spec->size.rows));
	json_object_set_new(doc, "columns", json_integer(spec->size.columns));
	set_string(doc, "restart", spec_restart_name(spec->restart));
	json_object_set_new(doc, "memory", json_integer(spec->memory));
	json_object_set_new(doc, "pidsLimit", json_integer(spec->pids));
	json_object_set_new(doc, "cpusMilli", json_integer(spec->cpus_milli));
	json_object_set_new(doc, "restartMax", json_integer(spec->restart_max));
	json_object_set_new(doc, "stopSignal", json_integer(spec->stop_signal));
	json_object_set_new(doc, "publish", strv_encode(spec->publish));
	json_object_set_new(doc, "tmpfs", strv_encode(spec->tmpfs));
	if (spec->devices)
		json_object_set_new(doc, "devices", strv_encode(spec->devices));
	for (size_t i = 0; i < spec->network_count; i++) {
		const struct spec_network *network = &spec->networks[i];
		json_t *row = json_object();

		set_string(row, "network", network->network);
		if (network->ips)
			json_object_set_new(row, "ips", strv_encode(network->ips));
		if (network->aliases)
			json_object_set_new(row, "aliases", strv_encode(network->aliases));
		if (network->routes)
			json_object_set_new(row, "routes", strv_encode(network->routes));
		for (size_t k = 0; k < SPEC_BANDWIDTH_COUNT; k++)
			if (network->bandwidth[k])
				json_object_set_new(row, spec_bandwidth[k].key, json_integer(network->bandwidth[k]));
		set_string(row, "mac", network->mac);
		set_string(row, "ifname", network->ifname);
		json_array_append_new(networks, row);
	}
	for (size_t i = 0; i < spec->volume_count; i++) {
		json_t *row = json_object();

		set_string(row, "source", spec->volumes[i].source);
		set_string(row, "target", spec->volumes[i].target);
		json_object_set_new(row, "readOnly", json_boolean(spec->volumes[i].read_only));
		json_array_append_new(volumes, row);
	}
	for (size_t i = 0; i < spec->step_count; i++) {
		json_t *row = json_object();

		json_object_set_new(row, "args", strv_encode(spec->steps[i].args));
		set_string(row, "user", spec->steps[i].user);
		set_string(row, "unless", spec->steps[i].unless);
		json_array_append_new(steps, row);
	}
	for (size_t i = 0; i < spec->seed_count; i++) {
		const struct spec_seed *seed = &spec->seeds[i];
		json_t *row = json_object();

		set_string(row, "path", seed->path);
		set_string(row, "content", seed->content);
		json_object_set_new(row, "uid", json_integer(seed->uid));
		json_object_set_new(row, "gid", json_integer(seed->gid));
		json_object_set_new(row, "mode", json_integer(seed->mode));
		json_array_append_new(seeds, row);
	}
	json_object_set_new(doc, "networks", networks);
	json_object_set_new(doc, "volumes", volumes);
	json_object_set_new(doc, "steps", steps);
	json_object_set_new(doc, "seeds", seeds);
	return doc;
}

int spec_decode(const json_t *doc, struct arena *arena, struct spec *ret_spec, struct err *err)
{
	struct spec_raw raw = {0};
	struct spec spec = {0};
	void *rows;
	char *end;
	int rc = json_decode(doc, spec_fields, 0, arena, &raw, err);

	if (rc < 0)
		return rc;
	rc = name_tenant_check(raw.tenant, err);
	if (rc == 0)
		rc = name_check("container", raw.name, err);
	if (rc < 0)
		return rc;
	(void)str_copy(spec.name.tenant, sizeof(spec.name.tenant), raw.tenant);
	(void)str_copy(spec.name.name, sizeof(spec.name.name), raw.name);
	(void)str_copy(spec.id, sizeof(spec.id), raw.id);
	rc = strv_decode("args", raw.args, arena, &spec.args, err);
	if (rc == 0)
		rc = strv_decode("env", raw.env, arena, &spec.env, err);
	if (rc < 0)
		return rc;
	spec.publish = strv_or_empty(raw.publish, arena);
	spec.tmpfs = strv_or_empty(raw.tmpfs, arena);
	spec.devices = raw.devices;
	spec.user = raw.user;
	spec.workdir = raw.workdir ? raw.workdir : "/";
	spec.hostname = raw.hostname ? raw.hostname : "";
	spec.rootfs = raw.rootfs;
	spec.image = raw.image;
	spec.image_digest = raw.image_digest;
	spec.expose = strv_or_empty(raw.expose, arena);
	spec.join = raw.join;
	spec.pid_join = raw.pid_join;
	spec.ipc_join = raw.ipc_join;
	spec.read_only = raw.read_only;
	spec.remove = raw.remove;
	spec.interactive = raw.interactive;
	spec.attached = raw.attached;
	spec.linger = raw.linger;
	spec.tty = raw.tty;
	spec.size = raw.size;
	if (raw.restart)
		while (!str_eq(spec_restart_name(spec.restart), raw.restart))
			if (spec.restart++ == SPEC_RESTART_ALWAYS) /* the last */
				return err_set(err, ERR_USAGE, EINVAL, "restart",
					       "unknown policy \"%s\"", raw.restart);
	spec.memory = raw.memory;
	spec.pids = raw.pids;
	spec.cpus_milli = raw.cpus_milli;
	spec.restart_max = raw.restart_max;
	spec.stop_signal = raw.stop_signal ? raw.stop_signal : SIGTERM;
	spec.caps = strtoull(raw.caps, &end, 16);
	if (*end)
		return err_set(err, ERR_USAGE, EINVAL, "caps", "not a hexadecimal number");
	for (spec.net = 0;
	     spec.net < ARRAY_COUNT(net_names) && !str_eq(net_names[spec.net], raw.net);)
		spec.net++;
	if (spec.net == ARRAY_COUNT(net_names))
		return err_set(err, ERR_USAGE, EINVAL, "net", "unknown kind of stack \"%s\"",
			       raw.net);
	if ((spec.net == SPEC_NET_JOIN) != (spec.join != NULL))
		return err_set(err, ERR_USAGE, EINVAL, "join",
			       "the container to join is given where the stack is joined");

	spec.security = (struct spec_security){.unconfined = raw.unconfined,
					       .mask = raw.mask,
					       .unmask = raw.unmask,
					       .landlock = raw.landlock,
					       .filter = raw.filter};
	spec.security.allow = raw.allow ? strtoull(raw.allow, &end, 16) : 0;
	if (raw.allow && *end)
		return err_set(err, ERR_USAGE, EINVAL, "allow", "not a hexadecimal number");
	rc = ns_decode("pid", raw.pid, raw.pid_join, &spec.pid, err);
	if (rc == 0)
		rc = ns_decode("ipc", raw.ipc, raw.ipc_join, &spec.ipc, err);
	if (rc == 0 && raw.x11) {
		struct spec_x11 *x11 = arena_array(arena, 1, sizeof(*x11));

		rc = json_decode(raw.x11, x11_fields, 0, arena, x11, err);
		spec.x11 = x11;
	}
	if (rc < 0)
		return rc;

	rc = rows_decode(raw.networks, network_fields, sizeof(*spec.networks), arena, &rows,
			 &spec.network_count, err);
	if (rc < 0)
		return rc;
	spec.networks = rows;
	rc = rows_decode(raw.volumes, volume_fields, sizeof(*spec.volumes), arena, &rows,
			 &spec.volume_count, err);
	if (rc < 0)
		return rc;
	spec.volumes = rows;
	rc = rows_decode(raw.steps, step_fields, sizeof(*spec.steps), arena, &rows,
			 &spec.step_count, err);
	if (rc < 0)
		return rc;
	spec.steps = rows;
	rc = rows_decode(raw.seeds, seed_fields, sizeof(*spec.seeds), arena, &rows,
			 &spec.seed_count, err);
	if (rc < 0)
		return rc;
	spec.seeds = rows;
	rc = spec_check(&spec, err);
	if (rc == 0)
		*ret_spec = spec;
	return rc;
}

/* ----------------------------------------------------------------- helpers */

static int ns_decode(const char *key, const char *text, const char *join, enum spec_ns *ret_ns,
		     struct err *err)
{
	enum spec_ns ns = SPEC_NS_OWN;

	if (text)
		for (ns = 0; ns < ARRAY_COUNT(ns_names) && !str_eq(ns_names[ns], text);)
			ns++;
	if (ns == ARRAY_COUNT(ns_names))
		return err_set(err, ERR_USAGE, EINVAL, key, "unknown kind of namespace \"%s\"",
			       text);
	if ((ns == SPEC_NS_JOIN) != (join != NULL))
		return err_set(err, ERR_USAGE, EINVAL, key,
			       "the container to join is given where it is joined");
	*ret_ns = ns;
	return 0;
}

static json_t *strv_encode(const char *const *strv)
{
	json_t *array = json_array();

	for (size_t i = 0; strv[i]; i++)
		json_array_append_new(array, json_string(strv[i]));
	return array;
}

/* json_decode()'s own vectors bound each string to 4096 characters: too few for `sh -c SCRIPT`. */
static int strv_decode(const char *what, const json_t *array, struct arena *arena,
		       const char ***ret_strv, struct err *err)
{
	size_t count = json_array_size(array);
	const char **strv = arena_array(arena, count + 1, sizeof(*strv));

	for (size_t i = 0; i < count; i++) {
		strv[i] = json_string_value(json_array_get(array, i));
		if (!strv[i])
			return err_set(err, ERR_USAGE, EINVAL, what,
				       "must be an array of strings");
	}
	*ret_strv = strv;
	return 0;
}

static void set_string(json_t *object, const char *key, const char *value)
{
	if (value)
		json_object_set_new(object, key, json_string(value));
}

static int rows_decode(const json_t *array, const struct json_field *fields, size_t size,
		       struct arena *arena, void **ret_rows, size_t *ret_count, struct err *err)
{
	size_t count = json_array_size(array);
	char *rows = arena_array(arena, count ? count : 1, size);

	for (size_t i = 0; i < count; i++) {
		int rc = json_decode(json_array_get(array, i), fields, 0, arena,
				     rows + i * size, err);

		if (rc < 0)
			return rc;
	}
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

static const char **strv_or_empty(const char **strv, struct arena *arena)
{
	return strv ? strv : arena_array(arena, 1, sizeof(*strv));
}
