// SPDX-License-Identifier: GPL-2.0-or-later
/* config_linux - linux: namespaces, mappings, devices, sysctl, paths. Floor F4, pure. */
#include <errno.h>
#include <linux/sched.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/oci/config.h"
#include "runner/oci/rdt.h"

const struct oci_ns_info oci_ns_info[OCI_NS_COUNT] = {
	[OCI_NS_USER] = {"user", "user", CLONE_NEWUSER},
	[OCI_NS_CGROUP] = {"cgroup", "cgroup", CLONE_NEWCGROUP},
	[OCI_NS_IPC] = {"ipc", "ipc", CLONE_NEWIPC},
	[OCI_NS_UTS] = {"uts", "uts", CLONE_NEWUTS},
	[OCI_NS_NETWORK] = {"network", "net", CLONE_NEWNET},
	[OCI_NS_PID] = {"pid", "pid", CLONE_NEWPID},
	[OCI_NS_TIME] = {"time", "time", CLONE_NEWTIME},
	[OCI_NS_MOUNT] = {"mount", "mnt", CLONE_NEWNS},
};

struct raw {
	const char *cgroups_path, *propagation, *mount_label;
	const json_t *namespaces, *uids, *gids, *devices, *netdevs, *resources, *seccomp, *rdt,
		*memory_policy, *sysctl, *masked, *readonly, *personality, *offsets;
};

#define ROW(key, member, kind_, ...)                                                           \
	{                                                                                      \
		.name = key, .kind = kind_, .offset = offsetof(struct raw, member), __VA_ARGS__ \
	}
static const struct json_field linux_fields[] = {
	ROW("namespaces", namespaces, JSON_FIELD_ARRAY),
	ROW("uidMappings", uids, JSON_FIELD_ARRAY),
	ROW("gidMappings", gids, JSON_FIELD_ARRAY),
	ROW("devices", devices, JSON_FIELD_ARRAY, .min = 0, .max = OCI_DEVICES_MAX),
	ROW("netDevices", netdevs, JSON_FIELD_OBJECT),
	ROW("cgroupsPath", cgroups_path, JSON_FIELD_STRING),
	ROW("resources", resources, JSON_FIELD_OBJECT),
	ROW("seccomp", seccomp, JSON_FIELD_OBJECT),
	ROW("intelRdt", rdt, JSON_FIELD_OBJECT),
	ROW("memoryPolicy", memory_policy, JSON_FIELD_OBJECT),
	ROW("sysctl", sysctl, JSON_FIELD_OBJECT),
	ROW("rootfsPropagation", propagation, JSON_FIELD_STRING),
	ROW("maskedPaths", masked, JSON_FIELD_ARRAY),
	ROW("readonlyPaths", readonly, JSON_FIELD_ARRAY),
	ROW("mountLabel", mount_label, JSON_FIELD_STRING),
	ROW("personality", personality, JSON_FIELD_OBJECT),
	ROW("timeOffsets", offsets, JSON_FIELD_OBJECT),
	{0},
};
#undef ROW

static int namespaces_decode(const json_t *array, struct oci_config *config, struct err *err);
static int devices_decode(const json_t *array, struct arena *arena, struct oci_config *config,
			  struct err *err);
static int device_decode(const json_t *object, struct arena *arena, struct oci_device *device,
			 struct err *err);
static int netdevs_decode(const json_t *object, struct arena *arena, struct oci_config *config,
			  struct err *err);
static int sysctls_decode(const json_t *object, struct arena *arena, struct oci_config *config,
			  struct err *err);
static int sysctl_check(const char *name, const struct oci_config *config, struct err *err);
static int paths_check(const char *const *paths, const char *what, struct err *err);
static int personality_decode(const json_t *object, struct oci_config *config, struct err *err);
static int offsets_decode(const json_t *object, struct oci_config *config, struct err *err);

int oci_linux_decode(const json_t *object, struct arena *arena, struct oci_config *config,
		     struct err *err)
{
	struct raw raw = {0};
	int rc = object ? json_decode(object, linux_fields, JSON_IGNORE_UNKNOWN, arena, &raw, err)
			: 0;

	if (rc < 0)
		return err_wrap(err, "linux");
	config->cgroups_path = raw.cgroups_path;
	config->resources = raw.resources;
	config->seccomp = raw.seccomp;
	config->mount_label = raw.mount_label;
	if (raw.propagation && *raw.propagation &&
	    !oci_propagation_parse(raw.propagation, &config->rootfs_propagation,
				   &config->rootfs_propagation_rec))
		return err_set(err, ERR_USAGE, EINVAL, "linux.rootfsPropagation",
			       "\"%s\" is not shared, slave, private or unbindable",
			       raw.propagation);
	rc = namespaces_decode(raw.namespaces, config, err);
	if (rc == 0)
		rc = oci_maps_decode(raw.uids, "linux.uidMappings", arena, &config->uids, err);
	if (rc == 0)
		rc = oci_maps_decode(raw.gids, "linux.gidMappings", arena, &config->gids, err);
	if (rc == 0)
		rc = devices_decode(raw.devices, arena, config, err);
	if (rc == 0)
		rc = netdevs_decode(raw.netdevs, arena, config, err);
	if (rc == 0)
		rc = sysctls_decode(raw.sysctl, arena, config, err);
	if (rc == 0)
		rc = oci_strv(raw.masked, "linux.maskedPaths", OCI_PATHS_MAX, arena,
			      &config->masked, err);
	if (rc == 0)
		rc = paths_check(config->masked, "linux.maskedPaths", err);
	if (rc == 0)
		rc = oci_strv(raw.readonly, "linux.readonlyPaths", OCI_PATHS_MAX, arena,
			      &config->readonly, err);
	if (rc == 0)
		rc = paths_check(config->readonly, "linux.readonlyPaths", err);
	if (rc == 0 && raw.personality)
		rc = personality_decode(raw.personality, config, err);
	if (rc == 0 && raw.memory_policy)
		rc = oci_mempolicy_decode(raw.memory_policy, arena, &config->memory_policy, err);
	if (rc == 0 && raw.rdt)
		rc = oci_rdt_decode(raw.rdt, arena, &config->intel_rdt, err);
	if (rc == 0 && raw.offsets)
		rc = offsets_decode(raw.offsets, config, err);
	return rc;
}

int oci_maps_decode(const json_t *array, const char *what, struct arena *arena,
		    struct oci_maps *ret_maps, struct err *err)
{
	size_t count = json_array_size(array);

	if (count > OCI_MAPS_MAX)
		return err_set(err, ERR_USAGE, EINVAL, what, "more than %d mappings",
			       OCI_MAPS_MAX);
	ret_maps->items = arena_array(arena, count + 1, sizeof(*ret_maps->items));
	for (size_t i = 0; i < count; i++) {
		const json_t *object = json_array_get(array, i);
		const json_t *inside = json_object_get(object, "containerID");
		const json_t *outside = json_object_get(object, "hostID");
		const json_t *size = json_object_get(object, "size");
		int64_t values[] = {json_integer_value(inside), json_integer_value(outside),
				    json_integer_value(size)};

		/* Go leaves a 0 out */
		if ((inside && !json_is_integer(inside)) ||
		    (outside && !json_is_integer(outside)) || !json_is_integer(size) ||
		    values[0] < 0 || values[1] < 0 || values[2] < 1 ||
		    values[0] + values[2] > UINT32_MAX || values[1] + values[2] > UINT32_MAX)
			return err_set(err, ERR_USAGE, EINVAL, what,
				       "needs containerID, hostID and size, of 32 bits");
		ret_maps->items[i] = (struct oci_idmap){.inside = (uint32_t)values[0],
							.outside = (uint32_t)values[1],
							.size = (uint32_t)values[2]};
	}
	ret_maps->count = count;
	return 0;
}

bool oci_propagation_parse(const char *text, uint64_t *ret_flag, bool *ret_recursive)
{
	static const struct {
		const char *name;
		uint64_t flag;
	} names[] = {{"shared", MS_SHARED},
		     {"slave", MS_SLAVE},
		     {"private", MS_PRIVATE},
		     {"unbindable", MS_UNBINDABLE}};
	bool recursive = text[0] == 'r';

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (str_eq(text + recursive, names[i].name)) {
			*ret_flag = names[i].flag;
			*ret_recursive = recursive;
			return true;
		}
	return false;
}

/* ----------------------------------------------------------------- helpers */

static int namespaces_decode(const json_t *array, struct oci_config *config, struct err *err)
{
	size_t index;
	json_t *item;

	json_array_foreach((json_t *)(uintptr_t)array, index, item) {
		const char *type = json_string_value(json_object_get(item, "type"));
		const json_t *path = json_object_get(item, "path");
		struct oci_namespace *found = NULL;

		for (size_t i = 0; type && i < OCI_NS_COUNT; i++)
			if (str_eq(type, oci_ns_info[i].name))
				found = &config->namespaces[i];
		if (!found)
			return err_set(err, ERR_USAGE, EINVAL, "linux.namespaces",
				       "no such namespace: \"%s\"", type ? type : "");
		if (found->wanted)
			return err_set(err, ERR_USAGE, EINVAL, "linux.namespaces",
				       "%s is there twice", type);
		found->wanted = true;
		if (!path || json_is_null(path) || (json_is_string(path) && json_string_length(path) == 0))
			continue;
		found->path = json_string_value(path);
		if (!found->path || found->path[0] != '/' || json_string_length(path) > OCI_PATH_MAX)
			return err_set(err, ERR_USAGE, EINVAL, "linux.namespaces",
				       "the path of %s must be absolute", type);
	}
	return 0;
}

static int devices_decode(const json_t *array, struct arena *arena, struct oci_config *config,
			  struct err *err)
{
	size_t count = json_array_size(array);

	config->devices = arena_array(arena, count + 1, sizeof(*config->devices));
	for (size_t i = 0; i < count; i++) {
		struct oci_device *device = &config->devices[i];
		int rc = device_decode(json_array_get(array, i), arena, device, err);

		if (rc < 0)
			return err_wrap(err, "linux.devices");
		for (size_t k = 0; k < i; k++)
			if (str_eq(config->devices[k].path, device->path))
				return err_set(err, ERR_USAGE, EINVAL, device->path,
					       "linux.devices: is there twice");
	}
	config->device_count = count;
	return 0;
}

static int device_decode(const json_t *object, struct arena *arena, struct oci_device *device,
			 struct err *err)
{
	struct raw_device {
		const char *type, *path;
		int64_t major, minor, mode, uid, gid;
	} raw = {.major = -1, .minor = -1, .mode = 0666};
#define NUMBER(key, member, high)                                                              \
	{                                                                                      \
		.name = key, .kind = JSON_FIELD_INT, .offset = offsetof(struct raw_device, member), \
		.min = 0, .max = high                                                          \
	}
	static const struct json_field fields[] = {
		{.name = "type",
		 .kind = JSON_FIELD_STRING,
		 .offset = offsetof(struct raw_device, type),
		 .flags = JSON_REQUIRED},
		{.name = "path",
		 .kind = JSON_FIELD_STRING,
		 .offset = offsetof(struct raw_device, path),
		 .flags = JSON_REQUIRED,
		 .min = 1,
		 .max = OCI_PATH_MAX},
		/* dev_t of the kernel: 12 and 20 bits */
		NUMBER("major", major, 4095),
		NUMBER("minor", minor, 1048575),
		/* engines put the kind of the file in, too */
		NUMBER("fileMode", mode, 0177777),
		NUMBER("uid", uid, 0xfffffffe),
		NUMBER("gid", gid, 0xfffffffe),
		{0},
	};
#undef NUMBER
	int rc = json_decode(object, fields, JSON_IGNORE_UNKNOWN, arena, &raw, err);

	if (rc < 0)
		return rc;
	if (raw.path[0] != '/')
		return err_set(err, ERR_USAGE, EINVAL, raw.path, "must be absolute");
	if (str_eq(raw.type, "c") || str_eq(raw.type, "u"))
		device->type = S_IFCHR;
	else if (str_eq(raw.type, "b"))
		device->type = S_IFBLK;
	else if (str_eq(raw.type, "p"))
		device->type = S_IFIFO;
	else
		return err_set(err, ERR_USAGE, EINVAL, raw.path,
			       "no such kind of device: \"%s\"", raw.type);
	if (device->type != S_IFIFO && (raw.major < 0 || raw.minor < 0))
		return err_set(err, ERR_USAGE, EINVAL, raw.path, "needs major and minor");
	device->path = raw.path;
	device->major = raw.major < 0 ? 0 : (unsigned int)raw.major;
	device->minor = raw.minor < 0 ? 0 : (unsigned int)raw.minor;
	device->mode = (mode_t)raw.mode & 07777;
	device->uid = (uid_t)raw.uid;
	device->gid = (gid_t)raw.gid;
	return 0;
}

/* @numbered: "eth%d" is for the kernel to number */
static bool ifname_valid(const char *name, bool numbered)
{
	const char *percent = strchr(name, '%');

	if (percent && (!numbered || !str_eq(percent, "%d") || percent == name))
		return false;
	return *name && strlen(name) < IFNAMSIZ && !str_eq(name, ".") && !str_eq(name, "..") &&
	       !name[strcspn(name, "/: \t\r\n\f\v")];
}

static int netdevs_decode(const json_t *object, struct arena *arena, struct oci_config *config,
			  struct err *err)
{
	size_t count = json_object_size(object);
	const char *host;
	json_t *value;

	config->netdevs = arena_array(arena, count + 1, sizeof(*config->netdevs));
	json_object_foreach((json_t *)(uintptr_t)object, host, value) {
		const json_t *given = json_object_get(value, "name");
		const char *name = json_string_value(given);

		if (!json_is_object(value) || (given && !json_is_null(given) && !name))
			return err_set(err, ERR_USAGE, EINVAL, host, "linux.netDevices: an object with a string name");
		if (name && !*name)
			name = NULL;
		if (!ifname_valid(host, false) || (name && !ifname_valid(name, true)))
			return err_set(err, ERR_USAGE, EINVAL, host,
				       "linux.netDevices: no valid name of an interface");
		for (size_t i = 0; i < config->netdev_count; i++) {
			const struct oci_netdev *other = &config->netdevs[i];

			if (str_eq(other->name ? other->name : other->host, name ? name : host) &&
			    !strchr(name ? name : host, '%'))
				return err_set(err, ERR_USAGE, EINVAL, host,
					       "linux.netDevices: two would be called %s inside",
					       name ? name : host);
		}
		config->netdevs[config->netdev_count++] =
			(struct oci_netdev){.host = host, .name = name};
	}
	return 0;
}

static int sysctls_decode(const json_t *object, struct arena *arena, struct oci_config *config,
			  struct err *err)
{
	size_t count = json_object_size(object);
	const char *name;
	json_t *value;

	config->sysctls = arena_array(arena, count + 1, sizeof(*config->sysctls));
	json_object_foreach((json_t *)(uintptr_t)object, name, value) {
		int rc;

		if (!json_is_string(value))
			return err_set(err, ERR_USAGE, EINVAL, name,
				       "linux.sysctl: the value must be a string");
		rc = sysctl_check(name, config, err);
		if (rc < 0)
			return rc;
		config->sysctls[config->sysctl_count++] =
			(struct oci_sysctl){.name = name, .value = json_string_value(value)};
	}
	return 0;
}

/*
 * Only what belongs to a namespace the container has for itself: everything else is the host's. Both spellings,
 * "net.ipv4.ip_forward" and "net/ipv4/conf/eth0.1/forwarding", are taken; no way out of the folder is.
 */
static int sysctl_check(const char *name, const struct oci_config *config, struct err *err)
{
	static const char *const ipc[] = {"kernel.msgmax", "kernel.msgmnb",
					  "kernel.msgmni", "kernel.sem",
					  "kernel.shmall", "kernel.shmmax",
					  "kernel.shmmni", "kernel.shm_rmid_forced",
					  "kernel.msg_next_id", "kernel.sem_next_id",
					  "kernel.shm_next_id"};
	const struct oci_namespace *ns = config->namespaces;
	char dotted[256];
	enum oci_ns needed = OCI_NS_COUNT;

	if (str_copy(dotted, sizeof(dotted), name) < 0 || !*name || name[0] == '.' ||
	    name[0] == '/' || strstr(name, "..") || strstr(name, "//") || strstr(name, "/.") ||
	    strstr(name, "./"))
		return err_set(err, ERR_USAGE, EINVAL, name, "linux.sysctl: no valid name");
	for (char *c = dotted; *c; c++)
		if (*c == '/')
			*c = '.';
	if (str_starts(dotted, "net."))
		needed = OCI_NS_NETWORK;
	else if (str_starts(dotted, "fs.mqueue."))
		needed = OCI_NS_IPC;
	else if (str_eq(dotted, "kernel.domainname") || str_eq(dotted, "kernel.hostname"))
		needed = OCI_NS_UTS;
	else if (str_starts(dotted, "user."))
		needed = OCI_NS_USER;
	for (size_t i = 0; i < ARRAY_COUNT(ipc); i++)
		if (str_eq(dotted, ipc[i]))
			needed = OCI_NS_IPC;
	if (needed == OCI_NS_COUNT)
		return err_set(err, ERR_USAGE, EINVAL, name,
			       "linux.sysctl: belongs to the host, not to a namespace");
	if (!ns[needed].wanted)
		return err_set(err, ERR_USAGE, EINVAL, name,
			       "linux.sysctl: needs a %s namespace of the container",
			       oci_ns_info[needed].name);
	return 0;
}

static int paths_check(const char *const *paths, const char *what, struct err *err)
{
	for (; *paths; paths++)
		if ((*paths)[0] != '/' || strlen(*paths) > OCI_PATH_MAX)
			return err_set(err, ERR_USAGE, EINVAL, what,
				       "\"%.200s\" is not an absolute path", *paths);
	return 0;
}

static int personality_decode(const json_t *object, struct oci_config *config, struct err *err)
{
	const char *domain = json_string_value(json_object_get(object, "domain"));
	const json_t *flags = json_object_get(object, "flags");

	if (flags && !json_is_null(flags) && (!json_is_array(flags) || json_array_size(flags) > 0))
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, "linux.personality",
			       "flags are not supported (the spec defines none)");
	if (domain && str_eq(domain, "LINUX"))
		config->personality = PER_LINUX;
	else if (domain && str_eq(domain, "LINUX32"))
		config->personality = PER_LINUX32;
	else
		return err_set(err, ERR_USAGE, EINVAL, "linux.personality",
			       "no such domain: \"%s\"", domain ? domain : "");
	config->personality_given = true;
	return 0;
}

static int offsets_decode(const json_t *object, struct oci_config *config, struct err *err)
{
	static const char *const clocks[] = {"monotonic", "boottime"};
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		const json_t *secs = json_object_get(value, "secs");
		const json_t *nanosecs = json_object_get(value, "nanosecs");
		json_int_t nanos = json_integer_value(nanosecs);
		size_t i = 0;

		while (i < ARRAY_COUNT(clocks) && !str_eq(key, clocks[i]))
			i++;
		if (i == ARRAY_COUNT(clocks))
			return err_set(err, ERR_USAGE, EINVAL, "linux.timeOffsets",
				       "no such clock: \"%s\"", key);
		if (!json_is_object(value) ||
		    (secs && !json_is_integer(secs)) || (nanosecs && !json_is_integer(nanosecs)) ||
		    nanos < 0 || nanos > 999999999)
			return err_set(err, ERR_USAGE, EINVAL, "linux.timeOffsets",
				       "%s needs secs, and nanosecs within 0..999999999", key);
		config->offsets[config->offset_count++] =
			(struct oci_time_offset){.clock = clocks[i],
						 .secs = json_integer_value(secs),
						 .nanosecs = (uint32_t)nanos};
	}
	return 0;
}
