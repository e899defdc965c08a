/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config - config.json and process.json of the OCI runtime-spec (1.0 to 1.3) as
 * plain values. Floor F4, pure: no descriptor, no kernel. Properties it does not
 * know are ignored, as the spec says; what is there must be valid. Two parts stay
 * JSON for those who know them: linux.resources (cgroup.h) and linux.seccomp
 * (seccomp.h). Split by subject: config.c, config_process.c, config_linux.c,
 * config_mounts.c.
 */
#ifndef MOAT_RUNNER_OCI_CONFIG_H
#define MOAT_RUNNER_OCI_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "runner/oci/section.h"
#include "lib/base/mem.h"
#include "runner/oci/mempolicy.h"

enum {
	OCI_STRING_MAX = 128 * 1024, /* an argument or variable: the kernel's MAX_ARG_STRLEN */
	OCI_PATH_MAX = 4095,
	OCI_ARGS_MAX = 65536,	  /* arguments; variables */
	OCI_MOUNTS_MAX = 4096,
	OCI_DEVICES_MAX = 4096,
	OCI_PATHS_MAX = 4096, /* masked; read-only */
	OCI_HOOKS_MAX = 256,  /* of one kind */
	OCI_MAPS_MAX = 340,   /* lines the kernel takes in uid_map */
	OCI_GROUPS_MAX = 65536,
	OCI_RLIMITS = 16, /* kinds there are */
};

struct oci_rdt;

enum oci_ns {
	OCI_NS_USER,
	OCI_NS_CGROUP,
	OCI_NS_IPC,
	OCI_NS_UTS,
	OCI_NS_NETWORK,
	OCI_NS_PID,
	OCI_NS_TIME,
	OCI_NS_MOUNT,
	OCI_NS_COUNT,
};

/** struct oci_ns_info - what is known of a kind. @flag: CLONE_NEW*; @file: below /proc/PID/ns */
struct oci_ns_info {
	const char *name; /* in config.json */
	const char *file;
	unsigned int flag;
};
extern const struct oci_ns_info oci_ns_info[OCI_NS_COUNT];

/** struct oci_namespace - @wanted: listed; @path: join this one; NULL: a new one */
struct oci_namespace {
	bool wanted;
	const char *path;
};

struct oci_idmap {
	uint32_t inside, outside, size;
};

/** struct oci_maps - lines of uid_map or gid_map */
struct oci_maps {
	struct oci_idmap *items;
	size_t count;
};

enum oci_capset {
	OCI_CAPS_BOUNDING,
	OCI_CAPS_EFFECTIVE,
	OCI_CAPS_INHERITABLE,
	OCI_CAPS_PERMITTED,
	OCI_CAPS_AMBIENT,
	OCI_CAPS_COUNT,
};

struct oci_rlimit {
	int resource;
	const char *name;
	uint64_t soft, hard;
};

/** struct oci_scheduler - process.scheduler. @policy: SCHED_*, -1: not given; @flags: SCHED_FLAG_* */
struct oci_scheduler {
	int policy;
	uint64_t flags;
	int nice, priority;
	uint64_t runtime, deadline, period;
};

/**
 * struct oci_process - process, or the whole of process.json
 * @args: NULL where process or process.args is unset
 * @caps: masks; without @caps_given process.capabilities is unset, in a process.json: as of the container
 * @caps_unknown: names this kernel or we do not know, to be warned of; NULL-terminated
 * @umask: -1: 0022 (the spec leaves it to the runtime)
 * @ioprio_class: IOPRIO_CLASS_*, -1: not given
 * @cpu_initial, @cpu_final: execCPUAffinity as a list ("0-3,7"), or NULL
 */
struct oci_process {
	const char **args;
	const char **env;
	const char *cwd;
	bool terminal;
	unsigned short rows, columns; /* consoleSize; 0: not given */
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t group_count;
	int64_t umask;
	uint64_t caps[OCI_CAPS_COUNT];
	bool caps_given;
	const char **caps_unknown;
	struct oci_rlimit rlimits[OCI_RLIMITS];
	size_t rlimit_count;
	bool no_new_privs;
	const char *apparmor;
	const char *selinux;
	bool oom_given;
	int oom_score;
	struct oci_scheduler scheduler;
	int ioprio_class;
	int ioprio_level;
	const char *cpu_initial, *cpu_final;
};

/**
 * struct oci_mount - one of mounts, its options decoded
 * @destination: absolute ("/"-relative ones of old configurations are made so)
 * @set, @clear: MOUNT_ATTR_* of the mount; @rec_set, @rec_clear: of all below it too
 * @propagation: MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, or 0; @propagation_rec: of all below too
 * @bind, @recursive: bind, rbind
 * @idmap, @ridmap: by @uids, @gids, where empty by those of the container
 * @flags: names of options without a value for the superblock ("sync", "dirsync"), NULL-terminated
 * @data: "key=value" or "key" for the file system, NULL-terminated
 */
struct oci_mount {
	const char *destination, *type, *source;
	uint64_t set, clear, rec_set, rec_clear;
	uint64_t propagation;
	bool propagation_rec;
	bool bind, recursive, remount;
	bool tmpcopyup;
	bool idmap, ridmap;
	const char **flags;
	const char **data;
	struct oci_maps uids, gids;
};

/** struct oci_device - linux.devices. @type: S_IFCHR, S_IFBLK, S_IFIFO; @mode: permissions */
struct oci_device {
	const char *path;
	mode_t type;
	unsigned int major, minor;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

struct oci_sysctl {
	const char *name, *value;
};

/** struct oci_netdev - a host's interface to move in; @name: its name inside, or NULL */
struct oci_netdev {
	const char *host, *name;
};

/** struct oci_time_offset - of the clocks of a time namespace */
struct oci_time_offset {
	const char *clock; /* "monotonic", "boottime" */
	int64_t secs;
	uint32_t nanosecs;
};

enum oci_hook_kind {
	OCI_HOOK_PRESTART,
	OCI_HOOK_CREATE_RUNTIME,
	OCI_HOOK_CREATE_CONTAINER,
	OCI_HOOK_START_CONTAINER,
	OCI_HOOK_POSTSTART,
	OCI_HOOK_POSTSTOP,
	OCI_HOOK_COUNT,
};

/** struct oci_hook - @args: never empty ([0] is @path where none are given); @timeout: seconds, 0: none */
struct oci_hook {
	const char *path;
	const char **args;
	const char **env;
	int64_t timeout;
};

struct oci_hooks {
	struct oci_hook *items;
	size_t count;
};

/**
 * struct oci_config - config.json. Strings live in @doc and in the caller's arena.
 * @process_given: process was there
 * @root_path: as written, relative to the bundle where not absolute
 * @rootfs_propagation: MS_SHARED and so on, 0: not given
 * @cgroups_path: as written, NULL: the runtime's choice
 * @resources, @seccomp: as written, or NULL
 * @text: of the file, where it was read from one; @aside: linux.seccomp within it, not in @doc and not decoded (section.h)
 * @annotations: an object or NULL, values are strings
 */
struct oci_config {
	json_t *doc;
	const char *version;
	bool process_given;
	struct oci_process process;
	const char *root_path;
	bool root_readonly;
	const char *hostname, *domainname;
	struct oci_mount *mounts;
	size_t mount_count;
	struct oci_hooks hooks[OCI_HOOK_COUNT];
	const json_t *annotations;

	struct oci_namespace namespaces[OCI_NS_COUNT];
	struct oci_maps uids, gids;
	struct oci_device *devices;
	size_t device_count;
	struct oci_netdev *netdevs;
	size_t netdev_count;
	const char *cgroups_path;
	const json_t *resources;
	const json_t *seccomp;
	struct buf text;
	struct oci_section aside;
	const struct oci_rdt *intel_rdt;	   /* or NULL */
	const struct oci_mempolicy *memory_policy; /* or NULL */
	struct oci_sysctl *sysctls;
	size_t sysctl_count;
	uint64_t rootfs_propagation;
	bool rootfs_propagation_rec;
	const char **masked;
	const char **readonly;
	const char *mount_label;
	bool personality_given;
	unsigned long personality;
	struct oci_time_offset offsets[2];
	size_t offset_count;
};

/**
 * oci_config_decode() - the whole document
 * @doc: taken: config.doc, on failure too (oci_config_fini())
 * Return: 0; -EINVAL with the property's name. *ret_config may be used only after success.
 */
int oci_config_decode(json_t *doc, struct arena *arena, struct oci_config *ret_config,
		      struct err *err);
void oci_config_fini(struct oci_config *config); /* lets go of the document and the text */

/** oci_process_decode() - process, or process.json; @what: "process", for messages */
int oci_process_decode(const json_t *object, struct arena *arena, struct oci_process *ret_process,
		       struct err *err);

/** oci_user_parse() - "UID[:GID]" of exec --user: digits alone. Return: 0, -EINVAL. */
int oci_user_parse(const char *text, uid_t *ret_uid, gid_t *ret_gid, struct err *err);

/** oci_annotation() - its value, or NULL */
const char *oci_annotation(const struct oci_config *config, const char *key);

/* Parts, each in a file of its own; called by oci_config_decode(). */
int oci_linux_decode(const json_t *object, struct arena *arena, struct oci_config *config,
		     struct err *err);
int oci_mounts_decode(const json_t *array, struct arena *arena, struct oci_config *config,
		      struct err *err);
int oci_hooks_decode(const json_t *object, struct arena *arena, struct oci_config *config,
		     struct err *err);
int oci_maps_decode(const json_t *array, const char *what, struct arena *arena,
		    struct oci_maps *ret_maps, struct err *err);
/** oci_propagation_parse() - "rslave" and so on. Return: true when it is one. */
bool oci_propagation_parse(const char *text, uint64_t *ret_flag, bool *ret_recursive);
/** oci_mount_mapped() - are ids of it mapped, by its own mappings or the container's? */
bool oci_mount_mapped(const struct oci_mount *mount);
/** oci_mount_options() - names of every option we know, for `features`; NULL-terminated, static */
const char *const *oci_mount_options(void);

/**
 * oci_strv() - an array of strings
 * Return: 0 and a NULL-terminated vector in @arena (empty where @array is NULL); -EINVAL with @what.
 */
int oci_strv(const json_t *array, const char *what, size_t max, struct arena *arena,
	     const char ***ret_strv, struct err *err);

#endif
