// SPDX-License-Identifier: GPL-2.0-or-later
/* config_process - process and process.json. Floor F4, pure. */
#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/oci/config.h"
#include "runner/process/privilege.h"

enum {
	ID_MAX = 0xfffffffe,  /* (uid_t)-1 means "leave it" to the kernel */
	SCHED_EXT_POLICY = 7, /* 6.12; younger than our headers */
};

static int user_decode(const json_t *object, struct arena *arena, struct oci_process *process,
		       struct err *err);
static int caps_decode(const json_t *object, struct arena *arena, struct oci_process *process,
		       struct err *err);
static int rlimits_decode(const json_t *array, struct oci_process *process, struct err *err);
static int scheduler_decode(const json_t *object, struct arena *arena,
			    struct oci_process *process, struct err *err);
static int ioprio_decode(const json_t *object, struct oci_process *process, struct err *err);
static int affinity_decode(const json_t *object, struct oci_process *process, struct err *err);
static int cpus_check(const char *text, struct err *err);

static const struct {
	const char *name;
	int resource;
} rlimit_names[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
};
static_assert(ARRAY_COUNT(rlimit_names) <= OCI_RLIMITS, "each kind once");

struct raw {
	const char *cwd, *apparmor, *selinux;
	bool terminal, no_new_privs;
	const json_t *args, *env, *size, *user, *caps, *rlimits, *oom, *scheduler, *ioprio,
		*affinity;
};

#define ROW(key, member, kind_, ...)                                                           \
	{                                                                                      \
		.name = key, .kind = kind_, .offset = offsetof(struct raw, member), __VA_ARGS__ \
	}

static const struct json_field process_fields[] = {
	ROW("cwd", cwd, JSON_FIELD_STRING, .flags = JSON_REQUIRED, .min = 1, .max = OCI_PATH_MAX),
	ROW("apparmorProfile", apparmor, JSON_FIELD_STRING),
	ROW("selinuxLabel", selinux, JSON_FIELD_STRING),
	ROW("terminal", terminal, JSON_FIELD_BOOL),
	ROW("noNewPrivileges", no_new_privs, JSON_FIELD_BOOL),
	ROW("args", args, JSON_FIELD_ARRAY),
	ROW("env", env, JSON_FIELD_ARRAY),
	ROW("consoleSize", size, JSON_FIELD_OBJECT),
	ROW("user", user, JSON_FIELD_OBJECT),
	ROW("capabilities", caps, JSON_FIELD_OBJECT),
	ROW("rlimits", rlimits, JSON_FIELD_ARRAY),
	ROW("oomScoreAdj", oom, JSON_FIELD_ANY),
	ROW("scheduler", scheduler, JSON_FIELD_OBJECT),
	ROW("ioPriority", ioprio, JSON_FIELD_OBJECT),
	ROW("execCPUAffinity", affinity, JSON_FIELD_OBJECT),
	{0},
};
#undef ROW

int oci_process_decode(const json_t *object, struct arena *arena, struct oci_process *ret_process,
		       struct err *err)
{
	struct oci_process process = {
		.umask = -1, .scheduler = {.policy = -1}, .ioprio_class = -1};
	struct raw raw = {0};
	int rc = json_decode(object, process_fields, JSON_IGNORE_UNKNOWN, arena, &raw, err);

	if (rc < 0)
		return err_wrap(err, "process");
	if (raw.cwd[0] != '/')
		return err_set(err, ERR_USAGE, EINVAL, "process.cwd",
			       "must be absolute, not \"%s\"", raw.cwd);
	process.cwd = raw.cwd;
	process.apparmor = raw.apparmor;
	process.selinux = raw.selinux;
	process.terminal = raw.terminal;
	process.no_new_privs = raw.no_new_privs;
	rc = oci_strv(raw.env, "process.env", OCI_ARGS_MAX, arena, &process.env, err);
	if (rc == 0 && json_array_size(raw.args) > 0)
		rc = oci_strv(raw.args, "process.args", OCI_ARGS_MAX, arena, &process.args,
			      err);
	if (rc == 0 && raw.oom) {
		json_int_t score = json_integer_value(raw.oom);

		if (!json_is_integer(raw.oom) || score < -1000 || score > 1000)
			return err_set(err, ERR_USAGE, EINVAL, "process.oomScoreAdj",
				       "must be within -1000..1000");
		process.oom_given = true;
		process.oom_score = (int)score;
	}
	/* The spec: ignored unless there is a terminal. */
	if (rc == 0 && raw.size && raw.terminal) {
		const json_t *height = json_object_get(raw.size, "height"), *width = json_object_get(raw.size, "width");
		json_int_t rows = json_integer_value(height), columns = json_integer_value(width);

		if ((height && !json_is_integer(height)) || (width && !json_is_integer(width)) || rows < 0 || rows > UINT16_MAX || columns < 0 || columns > UINT16_MAX)
			return err_set(err, ERR_USAGE, EINVAL, "process.consoleSize",
				       "height and width must be within 0..65535");
		process.rows = (unsigned short)rows;
		process.columns = (unsigned short)columns;
	}
	if (rc == 0 && raw.user)
		rc = user_decode(raw.user, arena, &process, err);
	if (rc == 0 && raw.caps)
		rc = caps_decode(raw.caps, arena, &process, err);
	if (rc == 0 && raw.rlimits)
		rc = rlimits_decode(raw.rlimits, &process, err);
	if (rc == 0 && raw.scheduler)
		rc = scheduler_decode(raw.scheduler, arena, &process, err);
	if (rc == 0 && raw.ioprio)
		rc = ioprio_decode(raw.ioprio, &process, err);
	if (rc == 0 && raw.affinity)
		rc = affinity_decode(raw.affinity, &process, err);
	if (rc == 0)
		*ret_process = process;
	return rc;
}

int oci_user_parse(const char *text, uid_t *ret_uid, gid_t *ret_gid, struct err *err)
{
	const char *colon = strchr(text, ':');
	char uid_text[16] = "";
	uint64_t uid, gid = 0;
	size_t len = colon ? (size_t)(colon - text) : strlen(text);

	if (len < sizeof(uid_text))
		memcpy(uid_text, text, len);
	if (str_u64(uid_text, ID_MAX, &uid) < 0 ||
	    (colon && str_u64(colon + 1, ID_MAX, &gid) < 0))
		return err_set(err, ERR_USAGE, EINVAL, text,
			       "a user is UID or UID:GID, in digits, below 4294967295");
	*ret_uid = (uid_t)uid;
	*ret_gid = (gid_t)gid;
	return 0;
}

/* ----------------------------------------------------------------- helpers */

static int user_decode(const json_t *object, struct arena *arena, struct oci_process *process,
		       struct err *err)
{
	struct user {
		int64_t uid, gid, umask;
		const json_t *groups;
	} user = {.umask = -1};
	static const struct json_field fields[] = {
		{.name = "uid",
		 .kind = JSON_FIELD_INT,
		 .offset = offsetof(struct user, uid),
		 .max = ID_MAX},
		{.name = "gid",
		 .kind = JSON_FIELD_INT,
		 .offset = offsetof(struct user, gid),
		 .max = ID_MAX},
		{.name = "umask",
		 .kind = JSON_FIELD_INT,
		 .offset = offsetof(struct user, umask),
		 .max = 0777},
		{.name = "additionalGids",
		 .kind = JSON_FIELD_ARRAY,
		 .offset = offsetof(struct user, groups)},
		{0},
	};
	int rc = json_decode(object, fields, JSON_IGNORE_UNKNOWN, arena, &user, err);
	size_t count = json_array_size(user.groups);

	if (rc < 0)
		return err_wrap(err, "process.user");
	if (count > OCI_GROUPS_MAX)
		return err_set(err, ERR_USAGE, EINVAL, "process.user.additionalGids",
			       "more than %d groups", OCI_GROUPS_MAX);
	process->uid = (uid_t)user.uid;
	process->gid = (gid_t)user.gid;
	process->umask = user.umask;
	process->groups = arena_array(arena, count + 1, sizeof(*process->groups));
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(user.groups, i);
		json_int_t gid = json_integer_value(item);

		if (!json_is_integer(item) || gid < 0 || gid > ID_MAX)
			return err_set(err, ERR_USAGE, EINVAL, "process.user.additionalGids",
				       "must be numbers of groups");
		process->groups[process->group_count++] = (gid_t)gid;
	}
	return 0;
}

/* Names that nobody knows are no failure: "the runtime SHOULD log a warning" (config.md, Linux Process). */
static int caps_decode(const json_t *object, struct arena *arena, struct oci_process *process,
		       struct err *err)
{
	static const char *const names[OCI_CAPS_COUNT] = {
		[OCI_CAPS_BOUNDING] = "bounding",       [OCI_CAPS_EFFECTIVE] = "effective",
		[OCI_CAPS_INHERITABLE] = "inheritable", [OCI_CAPS_PERMITTED] = "permitted",
		[OCI_CAPS_AMBIENT] = "ambient",
	};
	size_t unknown = 0;

	process->caps_given = true;
	process->caps_unknown = arena_array(arena, CAP_LAST_CAP + 2, sizeof(char *));
	for (size_t set = 0; set < OCI_CAPS_COUNT; set++) {
		const char **list;
		int rc = oci_strv(json_object_get(object, names[set]), names[set], 1024, arena,
				  &list, err);

		if (rc < 0)
			return err_wrap(err, "process.capabilities");
		for (; *list; list++) {
			uint64_t bit = 0;

			/* "ALL" is moat run's, not the spec's. */
			if (str_starts(*list, "CAP_") &&
			    privilege_caps_parse(*list, &bit, NULL) == 0)
				process->caps[set] |= bit;
			else if (unknown <= CAP_LAST_CAP)
				process->caps_unknown[unknown++] = *list;
		}
	}
	return 0;
}

/* jansson's integers are signed; RLIM_INFINITY is written 18446744073709551615 by Go and is a real number to it. */
static int rlimit_value(const json_t *value, uint64_t *ret_value)
{
	if (json_is_integer(value) && json_integer_value(value) >= -1) {
		*ret_value = (uint64_t)json_integer_value(value);
		return 0;
	}
	if (json_is_real(value) && json_real_value(value) >= 9.2e18 &&
	    json_real_value(value) <= 1.8446744073709552e19) {
		*ret_value = RLIM_INFINITY;
		return 0;
	}
	return -EINVAL;
}

static int rlimits_decode(const json_t *array, struct oci_process *process, struct err *err)
{
	size_t index;
	json_t *item;

	json_array_foreach((json_t *)(uintptr_t)array, index, item) {
		const char *type = json_string_value(json_object_get(item, "type"));
		struct oci_rlimit limit = {.resource = -1};

		for (size_t i = 0; type && i < ARRAY_COUNT(rlimit_names); i++)
			if (str_eq(type, rlimit_names[i].name))
				limit.resource = rlimit_names[i].resource;
		if (limit.resource < 0)
			return err_set(err, ERR_USAGE, EINVAL, "process.rlimits",
				       "no such limit: \"%s\"", type ? type : "");
		limit.name = type;
		for (size_t i = 0; i < process->rlimit_count; i++)
			if (process->rlimits[i].resource == limit.resource)
				return err_set(err, ERR_USAGE, EINVAL, "process.rlimits",
					       "%s is there twice", type);
		if (rlimit_value(json_object_get(item, "soft"), &limit.soft) < 0 ||
		    rlimit_value(json_object_get(item, "hard"), &limit.hard) < 0)
			return err_set(err, ERR_USAGE, EINVAL, "process.rlimits",
				       "%s needs numbers soft and hard", type);
		if (limit.soft > limit.hard)
			return err_set(err, ERR_USAGE, EINVAL, "process.rlimits",
				       "%s: soft is above hard", type);
		process->rlimits[process->rlimit_count++] = limit;
	}
	return 0;
}

static int scheduler_decode(const json_t *object, struct arena *arena,
			    struct oci_process *process, struct err *err)
{
	static const struct {
		const char *name;
		int value;
	} policies[] = {
		{"SCHED_OTHER", SCHED_NORMAL}, {"SCHED_FIFO", SCHED_FIFO},
		{"SCHED_RR", SCHED_RR},	       {"SCHED_BATCH", SCHED_BATCH},
		{"SCHED_ISO", 4},	       {"SCHED_IDLE", SCHED_IDLE},
		{"SCHED_DEADLINE", SCHED_DEADLINE},
	}, flags[] = {
		{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
		{"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
		{"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
		{"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
		{"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
		{"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
		{"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
	};
	struct raw_scheduler {
		const char *policy;
		const json_t *flags;
		int64_t nice, priority, runtime, deadline, period;
	} raw = {0};
#define NUMBER(key, low, high)                                                                 \
	{                                                                                      \
		.name = #key, .kind = JSON_FIELD_INT, .offset = offsetof(struct raw_scheduler, key), \
		.min = low, .max = high                                                        \
	}
	static const struct json_field fields[] = {
		{.name = "policy",
		 .kind = JSON_FIELD_STRING,
		 .offset = offsetof(struct raw_scheduler, policy),
		 .flags = JSON_REQUIRED},
		{.name = "flags",
		 .kind = JSON_FIELD_ARRAY,
		 .offset = offsetof(struct raw_scheduler, flags)},
		NUMBER(nice, -20, 19),
		NUMBER(priority, 0, 99),
		NUMBER(runtime, 0, INT64_MAX),
		NUMBER(deadline, 0, INT64_MAX),
		NUMBER(period, 0, INT64_MAX),
		{0},
	};
#undef NUMBER
	struct oci_scheduler *scheduler = &process->scheduler;
	const char **names;
	int rc = json_decode(object, fields, JSON_IGNORE_UNKNOWN, arena, &raw, err);

	if (rc == 0)
		rc = oci_strv(raw.flags, "flags", 64, arena, &names, err);
	if (rc < 0)
		return err_wrap(err, "process.scheduler");
	if (str_eq(raw.policy, "SCHED_EXT"))
		scheduler->policy = SCHED_EXT_POLICY;
	for (size_t i = 0; i < ARRAY_COUNT(policies); i++)
		if (str_eq(raw.policy, policies[i].name))
			scheduler->policy = policies[i].value;
	if (scheduler->policy < 0)
		return err_set(err, ERR_USAGE, EINVAL, "process.scheduler",
			       "no such policy: \"%s\"", raw.policy);
	for (; *names; names++) {
		size_t i = 0;

		while (i < ARRAY_COUNT(flags) && !str_eq(*names, flags[i].name))
			i++;
		if (i == ARRAY_COUNT(flags))
			return err_set(err, ERR_USAGE, EINVAL, "process.scheduler",
				       "no such flag: \"%s\"", *names);
		scheduler->flags |= (uint64_t)flags[i].value;
	}
	if (raw.priority && raw.policy[0] && scheduler->policy != SCHED_FIFO &&
	    scheduler->policy != SCHED_RR)
		return err_set(err, ERR_USAGE, EINVAL, "process.scheduler",
			       "priority is for SCHED_FIFO and SCHED_RR");
	if ((raw.runtime || raw.deadline || raw.period) && scheduler->policy != SCHED_DEADLINE)
		return err_set(err, ERR_USAGE, EINVAL, "process.scheduler",
			       "runtime, deadline and period are for SCHED_DEADLINE");
	scheduler->nice = (int)raw.nice;
	scheduler->priority = (int)raw.priority;
	scheduler->runtime = (uint64_t)raw.runtime;
	scheduler->deadline = (uint64_t)raw.deadline;
	scheduler->period = (uint64_t)raw.period;
	return 0;
}

static int ioprio_decode(const json_t *object, struct oci_process *process, struct err *err)
{
	static const struct {
		const char *name;
		int value;
	} classes[] = {{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
		       {"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
		       {"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE}};
	const char *name = json_string_value(json_object_get(object, "class"));
	const json_t *level = json_object_get(object, "priority");

	for (size_t i = 0; name && i < ARRAY_COUNT(classes); i++)
		if (str_eq(name, classes[i].name))
			process->ioprio_class = classes[i].value;
	if (process->ioprio_class < 0)
		return err_set(err, ERR_USAGE, EINVAL, "process.ioPriority",
			       "no such class: \"%s\"", name ? name : "");
	if (level && (!json_is_integer(level) || json_integer_value(level) < 0 ||
		      json_integer_value(level) > 7))
		return err_set(err, ERR_USAGE, EINVAL, "process.ioPriority",
			       "priority must be within 0..7");
	process->ioprio_level = (int)json_integer_value(level);
	return 0;
}

static int affinity_decode(const json_t *object, struct oci_process *process, struct err *err)
{
	const struct {
		const char *key;
		const char **place;
	} rows[] = {{"initial", &process->cpu_initial}, {"final", &process->cpu_final}};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const json_t *value = json_object_get(object, rows[i].key);

		if (!value || json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0))
			continue;
		if (!json_is_string(value) || cpus_check(json_string_value(value), err) < 0)
			return err_set(err, ERR_USAGE, EINVAL, "process.execCPUAffinity",
				       "%s must be a list such as \"0-3,7\"", rows[i].key);
		*rows[i].place = json_string_value(value);
	}
	return 0;
}

static int cpus_check(const char *text, struct err *err)
{
	if (!*text || strlen(text) > OCI_PATH_MAX || text[strspn(text, "0123456789-,")])
		return err_set(err, ERR_USAGE, EINVAL, text, "no list of CPUs");
	return 0;
}
