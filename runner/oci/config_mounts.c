// SPDX-License-Identifier: GPL-2.0-or-later
/* config_mounts - mounts and their options. Floor F4, pure. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/oci/config.h"

/*
 * Options that are bits of a mount. "r" before a name: of all mounts below, too (config.md, Mounts). The three
 * ways of atime exclude each other: to set one is to clear the field.
 */
static const struct {
	const char *name;
	uint64_t set, clear;
} bits[] = {
	{"ro", MOUNT_ATTR_RDONLY, 0},
	{"rw", 0, MOUNT_ATTR_RDONLY},
	{"nosuid", MOUNT_ATTR_NOSUID, 0},
	{"suid", 0, MOUNT_ATTR_NOSUID},
	{"nodev", MOUNT_ATTR_NODEV, 0},
	{"dev", 0, MOUNT_ATTR_NODEV},
	{"noexec", MOUNT_ATTR_NOEXEC, 0},
	{"exec", 0, MOUNT_ATTR_NOEXEC},
	{"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
	{"diratime", 0, MOUNT_ATTR_NODIRATIME},
	{"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
	{"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
	{"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
	{"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
	{"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	/* back to the kernel's way, which is relatime */
	{"atime", 0, MOUNT_ATTR__ATIME},
	{"nostrictatime", 0, MOUNT_ATTR__ATIME},
	{"norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
};

/* Bits of the superblock; NULL: that is how it is anyhow, or (silent) of mount(2) alone. */
static const struct {
	const char *name, *flag;
} flags[] = {
	{"sync", "sync"},	  {"dirsync", "dirsync"}, {"lazytime", "lazytime"},
	{"mand", "mand"},	  {"iversion", NULL},	  {"silent", NULL},
	{"async", "async"},	  {"nomand", "nomand"},	  {"noiversion", NULL},
	{"nolazytime", "nolazytime"}, {"loud", NULL},	  {"defaults", NULL},
};

/* For `features`: all of the above, those with "r", propagation, and what is no bit. */
static const char *const all_options[] = {
	"async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "idmap",
	"iversion", "lazytime", "loud", "mand", "noatime", "nodev", "nodiratime", "noexec",
	"noiversion", "nolazytime", "nomand", "norelatime", "nostrictatime", "nosuid",
	"nosymfollow", "private", "ratime", "rbind", "rdev", "rdiratime", "relatime", "remount",
	"rexec", "ridmap", "rnoatime", "rnodev", "rnodiratime", "rnoexec", "rnorelatime",
	"rnostrictatime", "rnosuid", "rnosymfollow", "ro", "rprivate", "rrelatime", "rro", "rrw",
	"rshared", "rslave", "rstrictatime", "rsuid", "rsymfollow", "runbindable", "rw", "shared",
	"silent", "slave", "strictatime", "suid", "symfollow", "sync", "tmpcopyup", "unbindable",
	NULL};

struct raw {
	const char *destination, *type, *source;
	const json_t *options, *uids, *gids;
};

#define ROW(key, member, kind_, ...)                                                           \
	{                                                                                      \
		.name = key, .kind = kind_, .offset = offsetof(struct raw, member), __VA_ARGS__ \
	}
static const struct json_field mount_fields[] = {
	ROW("destination", destination, JSON_FIELD_STRING, .flags = JSON_REQUIRED, .min = 1,
	    .max = OCI_PATH_MAX),
	ROW("type", type, JSON_FIELD_STRING),
	ROW("source", source, JSON_FIELD_STRING, .min = 0, .max = OCI_PATH_MAX),
	ROW("options", options, JSON_FIELD_ARRAY),
	ROW("uidMappings", uids, JSON_FIELD_ARRAY),
	ROW("gidMappings", gids, JSON_FIELD_ARRAY),
	{0},
};
#undef ROW

static int mount_decode(const json_t *object, struct arena *arena, struct oci_mount *mount,
			struct err *err);
static void option_decode(const char *option, struct oci_mount *mount, size_t *flag_count,
			  size_t *data_count);
static void bit_take(uint64_t set, uint64_t clear, uint64_t *all_set, uint64_t *all_clear);
static bool bit_decode(const char *option, struct oci_mount *mount);
static int mount_check(const struct oci_mount *mount, struct err *err);

int oci_mounts_decode(const json_t *array, struct arena *arena, struct oci_config *config,
		      struct err *err)
{
	size_t count = json_array_size(array);

	if (count > OCI_MOUNTS_MAX)
		return err_set(err, ERR_USAGE, EINVAL, "mounts", "more than %d", OCI_MOUNTS_MAX);
	config->mounts = arena_array(arena, count + 1, sizeof(*config->mounts));
	for (size_t i = 0; i < count; i++) {
		int rc = mount_decode(json_array_get(array, i), arena, &config->mounts[i], err);

		if (rc < 0)
			return err_wrap(err, "mounts[%zu]", i);
	}
	config->mount_count = count;
	return 0;
}

bool oci_mount_mapped(const struct oci_mount *mount)
{
	return mount->idmap || mount->ridmap || mount->uids.count;
}

const char *const *oci_mount_options(void)
{
	return all_options;
}

/* ----------------------------------------------------------------- helpers */

static int mount_decode(const json_t *object, struct arena *arena, struct oci_mount *mount,
			struct err *err)
{
	struct raw raw = {0};
	size_t count, flag_count = 0, data_count = 0;
	const char **options;
	int rc = json_decode(object, mount_fields, JSON_IGNORE_UNKNOWN, arena, &raw, err);

	if (rc == 0)
		rc = oci_strv(raw.options, "options", 1024, arena, &options, err);
	if (rc == 0)
		rc = oci_maps_decode(raw.uids, "uidMappings", arena, &mount->uids, err);
	if (rc == 0)
		rc = oci_maps_decode(raw.gids, "gidMappings", arena, &mount->gids, err);
	if (rc < 0)
		return rc;
	/* "SHOULD be absolute"; one that is not is taken as of the root (config.md, Mounts) */
	mount->destination = raw.destination[0] == '/'
				     ? raw.destination
				     : arena_printf(arena, "/%s", raw.destination);
	mount->type = raw.type;
	mount->source = raw.source;
	count = json_array_size(raw.options);
	mount->flags = arena_array(arena, count + 1, sizeof(*mount->flags));
	mount->data = arena_array(arena, count + 1, sizeof(*mount->data));
	for (size_t i = 0; i < count; i++)
		option_decode(options[i], mount, &flag_count, &data_count);
	/* Older configurations say it by the type alone. */
	if (mount->type && str_eq(mount->type, "bind"))
		mount->bind = true;
	return mount_check(mount, err);
}

static void option_decode(const char *option, struct oci_mount *mount, size_t *flag_count,
			  size_t *data_count)
{
	if (str_eq(option, "bind") || str_eq(option, "rbind")) {
		mount->bind = true;
		mount->recursive = option[0] == 'r';
	} else if (str_eq(option, "remount")) {
		mount->remount = true;
	} else if (str_eq(option, "tmpcopyup")) {
		mount->tmpcopyup = true;
	} else if (str_eq(option, "idmap")) {
		mount->idmap = true;
	} else if (str_eq(option, "ridmap")) {
		mount->ridmap = true;
	} else if (!bit_decode(option, mount) &&
		   !oci_propagation_parse(option, &mount->propagation,
					  &mount->propagation_rec)) {
		for (size_t i = 0; i < ARRAY_COUNT(flags); i++)
			if (str_eq(option, flags[i].name)) {
				if (flags[i].flag)
					mount->flags[(*flag_count)++] = flags[i].flag;
				return;
			}
		/* "the runtime MUST pass unknown options to the file system" */
		mount->data[(*data_count)++] = option;
	}
}

/* The later one wins, as with mount(8). mount_setattr(2) wants the whole field of atime cleared where it is set. */
static void bit_take(uint64_t set, uint64_t clear, uint64_t *all_set, uint64_t *all_clear)
{
	*all_clear = (*all_clear | clear) & ~(set & ~(uint64_t)MOUNT_ATTR__ATIME);
	*all_set = (*all_set & ~clear) | set;
}

static bool bit_decode(const char *option, struct oci_mount *mount)
{
	for (size_t i = 0; i < ARRAY_COUNT(bits); i++) {
		if (str_eq(option, bits[i].name)) {
			bit_take(bits[i].set, bits[i].clear, &mount->set, &mount->clear);
			return true;
		}
		if (option[0] == 'r' && str_eq(option + 1, bits[i].name)) {
			bit_take(bits[i].set, bits[i].clear, &mount->rec_set, &mount->rec_clear);
			return true;
		}
	}
	return false;
}

static bool of_namespace(const char *type)
{
	static const char *const types[] = {"proc", "sysfs", "mqueue", "devpts", "cgroup", "cgroup2"};

	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		if (str_eq(type, types[i]))
			return true;
	return false;
}

static int mount_check(const struct oci_mount *mount, struct err *err)
{
	const char *at = mount->destination;
	bool mapped = mount->uids.count || mount->gids.count;

	for (const char *p = at; (p = strstr(p, "..")); p += 2)
		if (p[-1] == '/' && (p[2] == '/' || p[2] == '\0'))
			return err_set(err, ERR_USAGE, EINVAL, at,
				       "\"..\" in the destination of a mount");
	if (mount->bind && (!mount->source || !*mount->source))
		return err_set(err, ERR_USAGE, EINVAL, at, "a bind mount needs a source");
	if (!mount->bind && !mount->remount && (!mount->type || !*mount->type))
		return err_set(err, ERR_USAGE, EINVAL, at, "a mount needs a type");
	if (mapped && (!mount->uids.count || !mount->gids.count))
		return err_set(err, ERR_USAGE, EINVAL, at,
			       "uidMappings and gidMappings only together");
	if (oci_mount_mapped(mount) && mount->remount)
		return err_set(err, ERR_USAGE, EINVAL, at, "idmap: of a mount that is there nothing is mapped anew");
	/* They are made by the container's process, in its namespaces, where nobody may map ids of theirs. */
	if (oci_mount_mapped(mount) && !mount->bind && of_namespace(mount->type))
		return err_set(err, ERR_USAGE, EINVAL, at, "idmap: %s belongs to a namespace of the container",
			       mount->type);
	if (mount->tmpcopyup && (mount->bind || !str_eq(mount->type, "tmpfs")))
		return err_set(err, ERR_USAGE, EINVAL, at, "tmpcopyup is for tmpfs only");
	return 0;
}
