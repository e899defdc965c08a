// SPDX-License-Identifier: GPL-2.0-or-later
/* config - the top of config.json: version, root, names, hooks, annotations. Floor F4. */
#include "runner/oci/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/str.h"

static int version_check(const char *version, struct err *err);
static int root_decode(const json_t *object, struct arena *arena, struct oci_config *config,
		       struct err *err);
static int hook_decode(const json_t *object, const char *kind, struct arena *arena,
		       struct oci_hook *hook, struct err *err);
static int annotations_check(const json_t *object, struct err *err);
static int config_check(const struct oci_config *config, struct err *err);

struct top {
	const char *version, *hostname, *domainname;
	const json_t *process, *root, *mounts, *hooks, *annotations, *linux_part;
};

#define ROW(key, member, kind_, ...)                                                           \
	{                                                                                      \
		.name = key, .kind = kind_, .offset = offsetof(struct top, member), __VA_ARGS__ \
	}

static const struct json_field top_fields[] = {
	ROW("ociVersion", version, JSON_FIELD_STRING, .flags = JSON_REQUIRED, .min = 1, .max = 64),
	/* what the kernel takes: __NEW_UTS_LEN */
	ROW("hostname", hostname, JSON_FIELD_STRING, .min = 0, .max = 64),
	ROW("domainname", domainname, JSON_FIELD_STRING, .min = 0, .max = 64),
	ROW("process", process, JSON_FIELD_OBJECT),
	ROW("root", root, JSON_FIELD_OBJECT),
	ROW("mounts", mounts, JSON_FIELD_ARRAY),
	ROW("hooks", hooks, JSON_FIELD_OBJECT),
	ROW("annotations", annotations, JSON_FIELD_OBJECT),
	ROW("linux", linux_part, JSON_FIELD_OBJECT),
	{0},
};
#undef ROW

static const char *const hook_names[OCI_HOOK_COUNT] = {
	[OCI_HOOK_PRESTART] = "prestart",
	[OCI_HOOK_CREATE_RUNTIME] = "createRuntime",
	[OCI_HOOK_CREATE_CONTAINER] = "createContainer",
	[OCI_HOOK_START_CONTAINER] = "startContainer",
	[OCI_HOOK_POSTSTART] = "poststart",
	[OCI_HOOK_POSTSTOP] = "poststop",
};

int oci_config_decode(json_t *doc, struct arena *arena, struct oci_config *ret_config,
		      struct err *err)
{
	struct top top = {0};
	int rc;

	*ret_config = (struct oci_config){.doc = doc};
	ret_config->process.umask = -1;
	ret_config->process.scheduler.policy = -1;
	ret_config->process.ioprio_class = -1;
	rc = json_decode(doc, top_fields, JSON_IGNORE_UNKNOWN, arena, &top, err);
	if (rc == 0)
		rc = version_check(top.version, err);
	if (rc < 0)
		return rc;
	ret_config->version = top.version;
	ret_config->hostname = top.hostname;
	ret_config->domainname = top.domainname;
	ret_config->annotations = top.annotations;
	rc = root_decode(top.root, arena, ret_config, err);
	if (rc == 0 && top.process) {
		ret_config->process_given = true;
		rc = oci_process_decode(top.process, arena, &ret_config->process, err);
		/* Unset they are none, as crun and runc have it: whoever forgets them shall not have given all. */
		ret_config->process.caps_given = true;
	}
	if (rc == 0)
		rc = annotations_check(top.annotations, err);
	if (rc == 0)
		rc = oci_linux_decode(top.linux_part, arena, ret_config, err);
	if (rc == 0)
		rc = oci_mounts_decode(top.mounts, arena, ret_config, err);
	if (rc == 0)
		rc = oci_hooks_decode(top.hooks, arena, ret_config, err);
	return rc < 0 ? rc : config_check(ret_config, err);
}

void oci_config_fini(struct oci_config *config)
{
	json_decref(config->doc);
	config->doc = NULL;
	buf_fini(&config->text);
	config->aside = (struct oci_section){0};
}

const char *oci_annotation(const struct oci_config *config, const char *key)
{
	return json_string_value(json_object_get(config->annotations, key));
}

int oci_strv(const json_t *array, const char *what, size_t max, struct arena *arena,
	     const char ***ret_strv, struct err *err)
{
	size_t count = json_array_size(array);
	const char **strv;

	if (array && !json_is_null(array) && !json_is_array(array))
		return err_set(err, ERR_USAGE, EINVAL, what, "must be an array of strings");
	if (count > max)
		return err_set(err, ERR_USAGE, EINVAL, what, "more than %zu strings", max);
	strv = arena_array(arena, count + 1, sizeof(*strv));
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(array, i);

		if (!json_is_string(item))
			return err_set(err, ERR_USAGE, EINVAL, what,
				       "must be an array of strings");
		if (json_string_length(item) >= OCI_STRING_MAX)
			return err_set(err, ERR_USAGE, EINVAL, what,
				       "a string of more than %d bytes", OCI_STRING_MAX - 1);
		strv[i] = json_string_value(item);
	}
	*ret_strv = strv;
	return 0;
}

int oci_hooks_decode(const json_t *object, struct arena *arena, struct oci_config *config,
		     struct err *err)
{
	for (size_t kind = 0; kind < OCI_HOOK_COUNT; kind++) {
		const json_t *array = json_object_get(object, hook_names[kind]);
		struct oci_hooks *hooks = &config->hooks[kind];
		size_t count = json_array_size(array);

		if (!array || json_is_null(array))
			continue;
		if (!json_is_array(array) || count > OCI_HOOKS_MAX)
			return err_set(err, ERR_USAGE, EINVAL, hook_names[kind],
				       "must be an array of at most %d hooks", OCI_HOOKS_MAX);
		hooks->items = arena_array(arena, count + 1, sizeof(*hooks->items));
		for (size_t i = 0; i < count; i++) {
			int rc = hook_decode(json_array_get(array, i), hook_names[kind], arena,
					     &hooks->items[i], err);

			if (rc < 0)
				return rc;
		}
		hooks->count = count;
	}
	return 0;
}

/* ----------------------------------------------------------------- helpers */

/*
 * Semantic versioning: every 1.x is understood, since unknown properties are ignored. The spec lets a runtime
 * refuse others; what 2.0 would mean nobody knows.
 */
static int version_check(const char *version, struct err *err)
{
	size_t minor = strspn(version + (str_starts(version, "1.") ? 2 : 0), "0123456789");
	const char *rest = version + 2 + minor;
	size_t patch;

	if (!str_starts(version, "1.") || minor == 0 || *rest != '.')
		return err_set(err, ERR_USAGE, EINVAL, "ociVersion",
			       "\"%s\" is not a version 1.x.y", version);
	patch = strspn(rest + 1, "0123456789");
	rest += 1 + patch;
	if (patch == 0 || (*rest && *rest != '-' && *rest != '+'))
		return err_set(err, ERR_USAGE, EINVAL, "ociVersion",
			       "\"%s\" is not a version 1.x.y", version);
	return 0;
}

static int root_decode(const json_t *object, struct arena *arena, struct oci_config *config,
		       struct err *err)
{
	struct root {
		const char *path;
		bool readonly;
	} root = {0};
	static const struct json_field fields[] = {
		{.name = "path",
		 .kind = JSON_FIELD_STRING,
		 .offset = offsetof(struct root, path),
		 .flags = JSON_REQUIRED,
		 .min = 1,
		 .max = OCI_PATH_MAX},
		{.name = "readonly",
		 .kind = JSON_FIELD_BOOL,
		 .offset = offsetof(struct root, readonly)},
		{0},
	};
	int rc;

	if (!object)
		return err_set(err, ERR_USAGE, EINVAL, "root", "missing");
	rc = json_decode(object, fields, JSON_IGNORE_UNKNOWN, arena, &root, err);
	if (rc < 0)
		return err_wrap(err, "root");
	config->root_path = root.path;
	config->root_readonly = root.readonly;
	return 0;
}

static int hook_decode(const json_t *object, const char *kind, struct arena *arena,
		       struct oci_hook *hook, struct err *err)
{
	struct raw {
		const char *path;
		const json_t *args, *env;
		int64_t timeout;
	} raw = {.timeout = 0};
	static const struct json_field fields[] = {
		{.name = "path",
		 .kind = JSON_FIELD_STRING,
		 .offset = offsetof(struct raw, path),
		 .flags = JSON_REQUIRED,
		 .min = 1,
		 .max = OCI_PATH_MAX},
		{.name = "args",
		 .kind = JSON_FIELD_ARRAY,
		 .offset = offsetof(struct raw, args)},
		{.name = "env", .kind = JSON_FIELD_ARRAY, .offset = offsetof(struct raw, env)},
		{.name = "timeout",
		 .kind = JSON_FIELD_INT,
		 .offset = offsetof(struct raw, timeout),
		 .min = 1,
		 .max = 365 * 86400},
		{0},
	};
	int rc = json_decode(object, fields, JSON_IGNORE_UNKNOWN, arena, &raw, err);

	if (rc < 0)
		return err_wrap(err, "hooks.%s", kind);
	if (raw.path[0] != '/')
		return err_set(err, ERR_USAGE, EINVAL, kind,
			       "the path of a hook must be absolute, not \"%s\"", raw.path);
	*hook = (struct oci_hook){.path = raw.path, .timeout = raw.timeout};
	rc = oci_strv(raw.args, kind, OCI_ARGS_MAX, arena, &hook->args, err);
	if (rc == 0)
		rc = oci_strv(raw.env, kind, OCI_ARGS_MAX, arena, &hook->env, err);
	if (rc == 0 && !hook->args[0]) {
		hook->args = arena_array(arena, 2, sizeof(*hook->args));
		hook->args[0] = hook->path;
	}
	return rc;
}

static int annotations_check(const json_t *object, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (!*key)
			return err_set(err, ERR_USAGE, EINVAL, "annotations",
				       "a key must not be empty");
		if (!json_is_string(value))
			return err_set(err, ERR_USAGE, EINVAL, key,
				       "the value of an annotation must be a string");
	}
	return 0;
}

/* What concerns more than one part. */
static int config_check(const struct oci_config *config, struct err *err)
{
	const struct oci_namespace *ns = config->namespaces;

	if ((!ns[OCI_NS_MOUNT].wanted || ns[OCI_NS_MOUNT].path) && ns[OCI_NS_USER].wanted && !ns[OCI_NS_USER].path)
		return err_set(err, ERR_USAGE, EINVAL, "linux.namespaces",
			       "a new user namespace may mount nothing in a mount namespace that is not new: join the one that owns it");
	/* It is to be found where the runtime is; there whoever owns that namespace would say what it is, and it is ours. */
	if (ns[OCI_NS_MOUNT].path && config->hooks[OCI_HOOK_CREATE_CONTAINER].count)
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, "hooks.createContainer",
			       "cannot be run in a mount namespace that is joined by path");
	/* Better not at all than without what was asked for. */
	if (config->netdev_count && !ns[OCI_NS_NETWORK].wanted)
		return err_set(err, ERR_USAGE, EINVAL, config->netdevs[0].host,
			       "linux.netDevices needs a network namespace of the container");
	if (config->hostname && *config->hostname && !ns[OCI_NS_UTS].wanted)
		return err_set(err, ERR_USAGE, EINVAL, "hostname",
			       "needs a uts namespace, or it would be the host's");
	if (config->domainname && *config->domainname && !ns[OCI_NS_UTS].wanted)
		return err_set(err, ERR_USAGE, EINVAL, "domainname",
			       "needs a uts namespace, or it would be the host's");
	if (config->offset_count && (!ns[OCI_NS_TIME].wanted || ns[OCI_NS_TIME].path))
		return err_set(err, ERR_USAGE, EINVAL, "linux.timeOffsets",
			       "needs a new time namespace");
	if ((config->uids.count || config->gids.count) &&
	    (!ns[OCI_NS_USER].wanted || ns[OCI_NS_USER].path))
		return ns[OCI_NS_USER].path ? 0
					    : err_set(err, ERR_USAGE, EINVAL,
						      config->uids.count ? "linux.uidMappings"
									 : "linux.gidMappings",
						      "needs a user namespace");
	if (ns[OCI_NS_USER].wanted && !ns[OCI_NS_USER].path &&
	    (!config->uids.count || !config->gids.count))
		return err_set(err, ERR_USAGE, EINVAL, "linux.uidMappings",
			       "a new user namespace needs uidMappings and gidMappings");
	for (size_t i = 0; i < config->mount_count; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		if ((mount->idmap || mount->ridmap) && !mount->uids.count &&
		    !ns[OCI_NS_USER].wanted)
			return err_set(err, ERR_USAGE, EINVAL, mount->destination,
				       "idmap without mappings needs a user namespace");
	}
	return 0;
}
