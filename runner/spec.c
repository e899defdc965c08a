// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * spec - a container's specification: checks, JSON, the two option texts that
 * are more than a word. Floor F4, pure.
 */
#include "runner/spec.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/landlock.h"

enum {
	MEMORY_MIN = 64 * 1024,
	PIDS_MAX = 4194304,
	CPUS_MIN = 10, /* thousandths: a quota of 1 ms in a period of 100 */
	CPUS_MAX = 1000000,
};

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

static const char *const restart_names[] = {
	[SPEC_RESTART_NO] = "no",
	[SPEC_RESTART_ON_FAILURE] = "on-failure",
	[SPEC_RESTART_ALWAYS] = "always",
};

enum { TERMINAL_SIDE_MAX = 65535, RESTART_TIMES_MAX = 1000000, SIGNAL_MAX = 64 };

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
	{"pidsLimit", JSON_FIELD_INT, RAW(pids), 0, 0, PIDS_MAX},
	{"cpusMilli", JSON_FIELD_INT, RAW(cpus_milli), 0, 0, CPUS_MAX},
	{"restartMax", JSON_FIELD_INT, RAW(restart_max), 0, 0, RESTART_TIMES_MAX},
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

static int path_check(const char *what, const char *path, struct err *err);
static int place_check(const char *what, const char *path, struct err *err);
static int join_check(const struct spec *spec, const char *option, const char *join,
		      struct err *err);
static int ns_decode(const char *key, const char *text, const char *join, enum spec_ns *ret_ns,
		     struct err *err);
static int count_check(const char *what, size_t count, size_t max, struct err *err);
static size_t count_of(const char *const *strv);
static int strings_check(const char *what, const char *const *strv, struct err *err);
static json_t *strv_encode(const char *const *strv);
static int strv_decode(const char *what, const json_t *array, struct arena *arena,
		       const char ***ret_strv, struct err *err);
static void set_string(json_t *object, const char *key, const char *value);
static int rows_decode(const json_t *array, const struct json_field *fields, size_t size,
		       struct arena *arena, void **ret_rows, size_t *ret_count,
		       struct err *err);
static const char **strv_or_empty(const char **strv, struct arena *arena);
static void network_ip_add(struct spec_network *network, const char *ip, struct arena *arena);

int spec_check(const struct spec *spec, struct err *err)
{
	int rc = count_check("arguments", count_of(spec->args), SPEC_ARGS_MAX, err);

	if (rc == 0 && !spec->args[0])
		rc = err_set(err, ERR_USAGE, EINVAL, NULL, "a command is needed");
	if (rc == 0)
		rc = count_check("variables", count_of(spec->env), SPEC_ARGS_MAX, err);
	if (rc == 0)
		rc = count_check("networks", spec->network_count, SPEC_NETWORKS_MAX, err);
	if (rc == 0)
		rc = count_check("volumes", spec->volume_count, SPEC_VOLUMES_MAX, err);
	if (rc == 0)
		rc = count_check("tmpfs", count_of(spec->tmpfs), SPEC_VOLUMES_MAX, err);
	if (rc == 0)
		rc = strings_check("argument", spec->args, err);
	if (rc == 0)
		rc = strings_check("variable", spec->env, err);
	for (size_t i = 0; rc == 0 && spec->env[i]; i++)
		if (spec->env[i][0] == '=' || !strchr(spec->env[i], '='))
			rc = err_set(err, ERR_USAGE, EINVAL, spec->env[i],
				     "a variable is NAME=VALUE");
	for (size_t i = 0; rc == 0 && spec->tmpfs[i]; i++)
		rc = place_check("tmpfs", spec->tmpfs[i], err);
	for (size_t i = 0; rc == 0 && i < spec->volume_count; i++) {
		rc = path_check("volume", spec->volumes[i].source, err);
		if (rc == 0)
			rc = place_check("volume", spec->volumes[i].target, err);
	}
	if (rc == 0 && spec->rootfs)
		rc = path_check("rootfs", spec->rootfs, err);
	if (rc == 0 && spec->image)
		rc = path_check("image", spec->image, err);
	if (rc == 0 && spec->image && spec->rootfs)
		rc = err_set(err, ERR_USAGE, EINVAL, NULL,
			     "--rootfs and --image exclude each other");
	if (rc == 0)
		rc = path_check("workdir", spec->workdir, err);
	if (rc == 0 &&
	    (strlen(spec->hostname) > SPEC_HOSTNAME_MAX || strpbrk(spec->hostname, " \t\n/")))
		rc = err_set(err, ERR_NAME, EINVAL, spec->hostname,
			     "a host name is at most %d characters, no space",
			     SPEC_HOSTNAME_MAX);
	if (rc == 0 && spec->devices)
		rc = count_check("interfaces", count_of(spec->devices), SPEC_DEVICES_MAX, err);
	if (rc == 0 && spec->devices && spec->devices[0] &&
	    (spec->net == SPEC_NET_JOIN || spec->net == SPEC_NET_HOST))
		rc = err_set(err, ERR_USAGE, EINVAL, spec->devices[0],
			     "--device-net: an interface goes to a stack of the container's own");
	if (rc == 0 && spec->security.landlock)
		rc = landlock_check(spec->security.landlock, err);
	for (size_t i = 0; rc == 0 && spec->security.mask && spec->security.mask[i]; i++)
		rc = path_check("mask", spec->security.mask[i], err);
	if (rc == 0)
		rc = join_check(spec, "--net", spec->join, err);
	if (rc == 0)
		rc = join_check(spec, "--pid", spec->pid_join, err);
	if (rc == 0)
		rc = join_check(spec, "--ipc", spec->ipc_join, err);
	if (rc == 0 && spec->network_count &&
	    (spec->net == SPEC_NET_JOIN || spec->net == SPEC_NET_HOST))
		rc = err_set(err, ERR_USAGE, EINVAL, spec->networks[0].network,
			     "a network goes to a stack of its own: not with --net %s",
			     spec->net == SPEC_NET_HOST ? "host" : "container:NAME");
	if (rc == 0 && spec->publish[0] && spec->network_count == 0)
		rc = err_set(err, ERR_USAGE, EINVAL, spec->publish[0],
			     "a port is published on a network: add --network");
	return rc;
}

bool spec_joins(const struct spec *spec)
{
	return spec->net == SPEC_NET_JOIN || spec->pid == SPEC_NS_JOIN ||
	       spec->ipc == SPEC_NS_JOIN;
}

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
	set_string(doc, "restart", restart_names[spec->restart]);
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
		while (!str_eq(restart_names[spec.restart], raw.restart))
			if (++spec.restart == ARRAY_COUNT(restart_names))
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

int spec_network_parse(const char *text, struct arena *arena, struct spec_network *ret_network,
		       struct err *err)
{
	struct spec_network network = {0};
	char *rest = arena_strdup(arena, text);
	struct name name;
	struct mac mac;
	struct ip ip;
	int rc;

	network.network = strsep(&rest, ",");
	rc = name_parse("network", network.network, false, &name, err);
	if (rc < 0)
		return rc;
	while (rest) {
		char *value = strsep(&rest, ",");
		const char *key = strsep(&value, "=");

		if (!value || !*value)
			return err_set(err, ERR_USAGE, EINVAL, text, "\"%s\" is not KEY=VALUE",
				       key);
		if (str_eq(key, "ip")) {
			if (ip_parse(value, &ip) < 0)
				return err_set(err, ERR_USAGE, EINVAL, text,
					       "\"%s\" is no address", value);
			network_ip_add(&network, value, arena);
		} else if (str_eq(key, "mac") && !network.mac) {
			if (mac_parse(value, &mac) < 0 || !mac_is_unicast(&mac))
				return err_set(err, ERR_USAGE, EINVAL, text,
					       "\"%s\" is no unicast MAC address", value);
			network.mac = value;
		} else if (str_eq(key, "ifname") && !network.ifname) {
			rc = name_ifname_check(value, err);
			if (rc < 0)
				return rc;
			network.ifname = value;
		} else {
			return err_set(err, ERR_USAGE, EINVAL, text,
				       "\"%s\": known are ip (repeated), mac and ifname", key);
		}
	}
	*ret_network = network;
	return 0;
}

int spec_volume_parse(const char *text, struct arena *arena, struct spec_volume *ret_volume,
		      struct err *err)
{
	struct spec_volume volume = {0};
	char *rest = arena_strdup(arena, text);
	const char *mode;

	volume.source = strsep(&rest, ":");
	volume.target = strsep(&rest, ":");
	mode = strsep(&rest, ":");
	if (!volume.target || rest || (mode && !str_eq(mode, "ro") && !str_eq(mode, "rw")))
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "a volume is SRC:DST or SRC:DST:ro");
	volume.read_only = str_eq(mode, "ro");
	if (path_check("volume", volume.source, err) < 0 ||
	    place_check("volume", volume.target, err) < 0)
		return -EINVAL;
	*ret_volume = volume;
	return 0;
}

int spec_memory_parse(const char *text, int64_t *ret_bytes, struct err *err)
{
	static const char units[] = "bkmgt";
	size_t digits = strspn(text, "0123456789");
	char number[24];
	uint64_t value;
	unsigned int shift = 0;

	if (text[digits]) {
		const char *unit = strchr(units, text[digits] | 0x20);

		if (!unit || text[digits + 1])
			digits = 0;
		else
			shift = 10 * (unsigned int)(unit - units);
	}
	if (digits == 0 || digits >= sizeof(number))
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "an amount of memory is a number, with b, k, m, g or t behind it");
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (str_u64(number, (uint64_t)INT64_MAX >> shift, &value) < 0)
		return err_set(err, ERR_USAGE, ERANGE, text, "no such amount of memory");
	value <<= shift;
	if (value < MEMORY_MIN)
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "a container needs %d bytes at least to be started", MEMORY_MIN);
	*ret_bytes = (int64_t)value;
	return 0;
}

int spec_cpus_parse(const char *text, int64_t *ret_milli, struct err *err)
{
	size_t whole = strspn(text, "0123456789");
	size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	int64_t milli = 0;

	if (whole > 6 || part > 3 || whole + part == 0 ||
	    text[whole + part + (text[whole] == '.')])
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "processors are a number, with three decimals at most");
	for (size_t i = 0; i < whole; i++)
		milli = milli * 10 + (text[i] - '0');
	for (size_t i = 0; i < 3; i++)
		milli = milli * 10 + (i < part ? text[whole + 1 + i] - '0' : 0);
	if (milli < CPUS_MIN || milli > CPUS_MAX)
		return err_set(err, ERR_USAGE, ERANGE, text,
			       "from 0.01 processors (the kernel's least quota) to %d are possible",
			       CPUS_MAX / 1000);
	*ret_milli = milli;
	return 0;
}

int spec_pids_parse(const char *text, int64_t *ret_pids, struct err *err)
{
	uint64_t value = 0;

	if (!str_eq(text, "-1") && str_u64(text, PIDS_MAX, &value) < 0)
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "a limit of processes is 1 to %d; 0 or -1: none", PIDS_MAX);
	*ret_pids = (int64_t)value;
	return 0;
}

int spec_restart_parse(const char *text, struct spec *spec, struct err *err)
{
	const char *number = strchr(text, ':');
	size_t len = number ? (size_t)(number - text) : strlen(text);
	uint64_t times = 0;

	for (size_t i = 0; i < ARRAY_COUNT(restart_names); i++) {
		if (strlen(restart_names[i]) != len || !str_starts(text, restart_names[i]) ||
		    (number && (i != SPEC_RESTART_ON_FAILURE ||
				str_u64(number + 1, RESTART_TIMES_MAX, &times) < 0)))
			continue;
		spec->restart = (enum spec_restart)i;
		spec->restart_max = (int64_t)times;
		return 0;
	}
	return err_set(err, ERR_USAGE, EINVAL, text,
		       "--restart is no, on-failure, on-failure:TIMES or always");
}

const char *spec_restart_name(enum spec_restart restart)
{
	return restart_names[restart];
}

/* ----------------------------------------------------------------- helpers */

static int path_check(const char *what, const char *path, struct err *err)
{
	if (!path || path[0] != '/')
		return err_set(err, ERR_USAGE, EINVAL, path, "%s: an absolute path is needed",
			       what);
	if (strlen(path) >= 4096)
		return err_set(err, ERR_LIMIT, ENAMETOOLONG, NULL, "%s: the path is too long",
			       what);
	return 0;
}

/* What is joined is of the same tenant: names say so, and a name is all that counts. */
static int join_check(const struct spec *spec, const char *option, const char *join,
		      struct err *err)
{
	struct name name;

	if (!join)
		return 0;
	if (name_parse("container", join, false, &name, err) < 0)
		return -EINVAL;
	if (!str_eq(name.tenant, spec->name.tenant))
		return err_set(err, ERR_PERMISSION, EACCES, join,
			       "%s: a container of another tenant than %s/%s", option,
			       spec->name.tenant, spec->name.name);
	if (str_eq(name.name, spec->name.name))
		return err_set(err, ERR_USAGE, EINVAL, join, "%s: it cannot join itself",
			       option);
	return 0;
}

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

/* Where something is mounted inside: below /, and by a path that says so. */
static int place_check(const char *what, const char *path, struct err *err)
{
	bool below = false;
	int rc = path_check(what, path, err);

	for (const char *part = path; rc == 0 && *part;) {
		size_t len;

		part += strspn(part, "/");
		len = strcspn(part, "/");
		if (len == 2 && strncmp(part, "..", 2) == 0)
			return err_set(err, ERR_USAGE, EINVAL, path, "%s: \"..\" in a path inside",
				       what);
		below |= len > 0 && !(len == 1 && *part == '.');
		part += len;
	}
	if (rc == 0 && !below)
		rc = err_set(err, ERR_USAGE, EINVAL, path, "%s: it cannot be on / itself", what);
	return rc;
}

static int count_check(const char *what, size_t count, size_t max, struct err *err)
{
	if (count <= max)
		return 0;
	return err_set(err, ERR_LIMIT, E2BIG, NULL, "%zu %s, at most %zu", count, what, max);
}

static size_t count_of(const char *const *strv)
{
	size_t count = 0;

	while (strv[count])
		count++;
	return count;
}

/* The kernel bounds one string; JSON bounds its bytes to UTF-8. */
static int strings_check(const char *what, const char *const *strv, struct err *err)
{
	for (size_t i = 0; strv[i]; i++) {
		json_t *item;

		if (strlen(strv[i]) > SPEC_STRING_MAX)
			return err_set(err, ERR_LIMIT, E2BIG, NULL,
				       "%s %zu is longer than %d bytes", what, i,
				       SPEC_STRING_MAX);
		item = json_string(strv[i]);
		if (!item)
			return err_set(err, ERR_USAGE, EILSEQ, strv[i], "%s %zu is not UTF-8",
				       what, i);
		json_decref(item);
	}
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

static void network_ip_add(struct spec_network *network, const char *ip, struct arena *arena)
{
	size_t count = network->ips ? count_of(network->ips) : 0;
	const char **ips = arena_array(arena, count + 2, sizeof(*ips));

	for (size_t i = 0; i < count; i++)
		ips[i] = network->ips[i];
	ips[count] = ip;
	network->ips = ips;
}
