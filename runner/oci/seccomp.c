// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * seccomp - linux.seccomp of a configuration: decoded, compiled by libseccomp,
 * kept for the next container, installed. Floor F4.
 *
 * What a profile means where the specification leaves it open, as the runtimes
 * that profiles are written for do it:
 *	names this kernel's libraries do not know are left out;
 *	a rule with the default action is no rule;
 *	several conditions on one argument are alternatives (libseccomp cannot join them);
 *	a list of a hundred calls or more that refuses all others with an error number is
 *	one of a time: calls younger than its youngest get ENOSYS, so that libraries fall
 *	back to what it knows.
 */
#include "runner/oci/seccomp.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/filter/calls.h"
#include "runner/filter/compact.h"
#include "runner/oci/seccomp_cache.h"

enum {
	RULES_MAX = 2048,     /* entries of syscalls */
	NAMES_MAX = 2048,     /* of one of them */
	LIST_OF_A_TIME = 100, /* names */
	HEAD_SIZE = 6,        /* instructions before libseccomp's */
	PROGRAM_MAX = 4096,   /* instructions: BPF_MAXINSNS of the kernel */
};

#if defined(__x86_64__)
#define ARCH_NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH_NATIVE AUDIT_ARCH_AARCH64
#else
#define ARCH_NATIVE 0 /* no head */
#endif

static const struct {
	const char *name;
	uint32_t action;
	bool with_errno;
} actions[] = {
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true},
	{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, false},
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP, false},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG, false},
	{"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, false},
};

static const struct {
	const char *name;
	enum scmp_compare op;
} operators[] = {
	{"SCMP_CMP_NE", SCMP_CMP_NE},
	{"SCMP_CMP_LT", SCMP_CMP_LT},
	{"SCMP_CMP_LE", SCMP_CMP_LE},
	{"SCMP_CMP_EQ", SCMP_CMP_EQ},
	{"SCMP_CMP_GE", SCMP_CMP_GE},
	{"SCMP_CMP_GT", SCMP_CMP_GT},
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

static const struct {
	const char *name;
	unsigned int flag;
} flag_names[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
};

/* Architectures of the specification; the second: as libseccomp calls it. Those a library is too old for are left out. */
static const char *const architectures[][2] = {
	{"SCMP_ARCH_X86", "x86"},
	{"SCMP_ARCH_X86_64", "x86_64"},
	{"SCMP_ARCH_X32", "x32"},
	{"SCMP_ARCH_ARM", "arm"},
	{"SCMP_ARCH_AARCH64", "aarch64"},
	{"SCMP_ARCH_MIPS", "mips"},
	{"SCMP_ARCH_MIPS64", "mips64"},
	{"SCMP_ARCH_MIPS64N32", "mips64n32"},
	{"SCMP_ARCH_MIPSEL", "mipsel"},
	{"SCMP_ARCH_MIPSEL64", "mipsel64"},
	{"SCMP_ARCH_MIPSEL64N32", "mipsel64n32"},
	{"SCMP_ARCH_PPC", "ppc"},
	{"SCMP_ARCH_PPC64", "ppc64"},
	{"SCMP_ARCH_PPC64LE", "ppc64le"},
	{"SCMP_ARCH_S390", "s390"},
	{"SCMP_ARCH_S390X", "s390x"},
	{"SCMP_ARCH_PARISC", "parisc"},
	{"SCMP_ARCH_PARISC64", "parisc64"},
	{"SCMP_ARCH_RISCV64", "riscv64"},
	{"SCMP_ARCH_LOONGARCH64", "loongarch64"},
	{"SCMP_ARCH_M68K", "m68k"},
	{"SCMP_ARCH_SH", "sh"},
	{"SCMP_ARCH_SHEB", "sheb"},
};

json_t *oci_seccomp_features(void)
{
	json_t *names[] = {json_array(), json_array(), json_array(), json_array()};

	for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
		json_array_append_new(names[0], json_string(actions[i].name));
	for (size_t i = 0; i < ARRAY_COUNT(operators); i++)
		json_array_append_new(names[1], json_string(operators[i].name));
	for (size_t i = 0; i < ARRAY_COUNT(architectures); i++)
		if (seccomp_arch_resolve_name(architectures[i][1]))
			json_array_append_new(names[2], json_string(architectures[i][0]));
	for (size_t i = 0; i < ARRAY_COUNT(flag_names); i++)
		json_array_append_new(names[3], json_string(flag_names[i].name));
	return json_pack("{s:b, s:o, s:o, s:o, s:O, s:o}", "enabled", 1, "actions", names[0], "operators", names[1], "archs", names[2],
			 "knownFlags", names[3], "supportedFlags", names[3]);
}

/**
 * struct profile - what is found out while it is decoded
 * @fallback: the default action; @names: calls named; @youngest: the largest number of them; @notify: some action is
 */
struct profile {
	scmp_filter_ctx ctx;
	uint32_t fallback;
	size_t names;
	int youngest;
	bool notify;
	struct err *err;
};

static int filter_make(const json_t *doc, bool compile, struct oci_seccomp *filter, bool *notify, struct err *err);
static int profile_decode(struct profile *p, const json_t *doc);
static int action_decode(struct profile *p, const char *what, const json_t *doc,
			 const char *key, const char *errno_key, uint32_t *ret_action);
static int architectures_add(struct profile *p, const json_t *list);
static int rule_add(struct profile *p, const json_t *doc);
static int call_add(struct profile *p, uint32_t action, const char *name,
		    const struct scmp_arg_cmp *args, unsigned int count, bool alternatives);
static int args_decode(struct profile *p, const json_t *list, struct scmp_arg_cmp *args,
		       unsigned int *ret_count, bool *ret_alternatives);
static int flags_decode(const json_t *list, unsigned int *ret_flags, struct err *err);
static int program_take(struct profile *p, struct sock_fprog *ret_program);
static size_t head_write(const struct profile *p, struct sock_filter *to);
static int bad(struct err *err, const char *what, const char *why);

int oci_seccomp_compile(const json_t *doc, struct sock_fprog *ret_program, bool *ret_notify,
			struct err *err)
{
	struct profile p = {.err = err};
	int rc = profile_decode(&p, doc);

	if (rc == 0)
		rc = program_take(&p, ret_program);
	if (rc == 0)
		*ret_notify = p.notify;
	if (p.ctx)
		seccomp_release(p.ctx);
	return rc;
}

int oci_seccomp_make(const struct oci_config *config, const char *root, struct oci_seccomp *ret_filter, struct err *err)
{
	const json_t *doc = json_is_null(config->seccomp) ? NULL : config->seccomp;
	cleanup(mem_freep) char *folder = root ? mem_printf("%s/.seccomp", root) : NULL;
	cleanup(mem_freep) char *text = doc ? json_text(doc) : NULL;
	const struct oci_section known = text ? (struct oci_section){text, strlen(text)} : config->aside;
	struct oci_seccomp filter = {.listener = -1};
	cleanup(json_freep) json_t *own = NULL;
	bool notify = false, found;
	int rc = 0;

	found = known.size && oci_seccomp_cache_load(folder, &known, &filter, &notify) == 0;
	if (!doc && known.size && !found) {
		rc = oci_section_decode(&known, &own, err);
		doc = own;
	}
	if (rc == 0 && doc)
		rc = filter_make(doc, !found, &filter, &notify, err);
	if (rc < 0) {
		oci_seccomp_fini(&filter);
		return rc;
	}
	if (doc && !found)
		oci_seccomp_cache_save(folder, &known, &filter, notify);
	*ret_filter = filter;
	return 0;
}

bool oci_seccomp_later(const struct oci_config *config)
{
	return config->aside.size || (json_is_object(config->seccomp) && !json_object_get(config->seccomp, "listenerPath"));
}

struct oci_seccomp *oci_seccomp_room(void)
{
	struct oci_seccomp *room = mmap(NULL, sizeof(*room) + PROGRAM_MAX * sizeof(struct sock_filter),
					PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		abort(); /* as all our memory */
	room->listener = -1;
	room->program.filter = (struct sock_filter *)(void *)(room + 1);
	return room;
}

void oci_seccomp_share(const struct oci_seccomp *from, struct oci_seccomp *room)
{
	assert(from->program.len <= PROGRAM_MAX && from->listener < 0);
	memcpy(room->program.filter, from->program.filter, from->program.len * sizeof(*from->program.filter));
	room->program.len = from->program.len;
	room->flags = from->flags;
}

void oci_seccomp_fini(struct oci_seccomp *filter)
{
	free(filter->program.filter);
	fd_close(filter->listener);
	*filter = (struct oci_seccomp){.listener = -1};
}

/* ----------------------------------------------------------------- helpers */

/* @compile: it was not found */
static int filter_make(const json_t *doc, bool compile, struct oci_seccomp *filter, bool *notify, struct err *err)
{
	const json_t *path = json_object_get(doc, "listenerPath");
	const json_t *metadata = json_object_get(doc, "listenerMetadata");
	int rc;

	if (!json_is_object(doc))
		return bad(err, "linux.seccomp", "must be an object");
	if ((path && !json_is_string(path)) || (metadata && !json_is_string(metadata)))
		return bad(err, "linux.seccomp",
			   "listenerPath and listenerMetadata are strings");
	if (metadata && !path)
		return bad(err, "linux.seccomp.listenerMetadata", "needs a listenerPath");
	rc = flags_decode(json_object_get(doc, "flags"), &filter->flags, err);
	if (rc == 0 && compile)
		rc = oci_seccomp_compile(doc, &filter->program, notify, err);
	if (rc == 0 && *notify && !path)
		rc = bad(err, "linux.seccomp", "SCMP_ACT_NOTIFY needs a listenerPath");
	if (rc < 0 || !*notify)
		return rc;
	filter->metadata = json_string_value(metadata);
	return oci_seccomp_listener_open(json_string_value(path), &filter->listener, err);
}

static int profile_decode(struct profile *p, const json_t *doc)
{
	const json_t *rules = json_object_get(doc, "syscalls");
	int rc = action_decode(p, "linux.seccomp", doc, "defaultAction", "defaultErrnoRet",
			       &p->fallback);

	if (rc < 0)
		return rc;
	if (p->fallback == SCMP_ACT_NOTIFY)
		return bad(p->err, "linux.seccomp.defaultAction",
			   "cannot be SCMP_ACT_NOTIFY: the listener's own start would wait for "
			   "it");
	p->ctx = seccomp_init(p->fallback);
	if (!p->ctx)
		return err_set(p->err, ERR_INTERNAL, ENOMEM, "linux.seccomp", "seccomp_init");
	/* Whether there is no_new_privs is the process' configuration. */
	(void)seccomp_attr_set(p->ctx, SCMP_FLTATR_CTL_NNP, 0);
	rc = architectures_add(p, json_object_get(doc, "architectures"));
	if (rc < 0 || !rules || json_is_null(rules))
		return rc;
	if (!json_is_array(rules) || json_array_size(rules) > RULES_MAX)
		return bad(p->err, "linux.seccomp.syscalls",
			   "must be an array, of 2048 rules at most");
	for (size_t i = 0; rc == 0 && i < json_array_size(rules); i++)
		rc = rule_add(p, json_array_get(rules, i));
	return rc;
}

static int action_decode(struct profile *p, const char *what, const json_t *doc,
			 const char *key, const char *errno_key, uint32_t *ret_action)
{
	const char *name = json_string_value(json_object_get(doc, key));
	const json_t *no = json_object_get(doc, errno_key);
	json_int_t value = EPERM;

	for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
		if (!str_eq(actions[i].name, name))
			continue;
		if (no && !json_is_null(no)) {
			value = json_integer_value(no);
			if (!actions[i].with_errno)
				return err_set(p->err, ERR_USAGE, EINVAL, what,
					       "%s: %s takes no error number", errno_key, name);
			if (!json_is_integer(no) || value < 0 || value > 4095)
				return err_set(p->err, ERR_USAGE, EINVAL, what,
					       "%s must be 0 to 4095", errno_key);
		}
		*ret_action = actions[i].action | (actions[i].with_errno ? (uint32_t)value : 0);
		if (actions[i].action == SCMP_ACT_NOTIFY)
			p->notify = true;
		return 0;
	}
	return err_set(p->err, ERR_USAGE, EINVAL, what, "%s: %s", key,
		       name ? "no such action" : "is needed");
}

static int architectures_add(struct profile *p, const json_t *list)
{
	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return bad(p->err, "linux.seccomp.architectures", "must be an array");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		uint32_t arch;
		size_t at = 0;
		int rc;

		while (at < ARRAY_COUNT(architectures) && !str_eq(architectures[at][0], name))
			at++;
		if (at == ARRAY_COUNT(architectures))
			return err_set(p->err, ERR_USAGE, EINVAL, "linux.seccomp.architectures",
				       "\"%s\" is none", name ? name : "?");
		arch = seccomp_arch_resolve_name(architectures[at][1]);
		if (arch == 0)
			continue;
		rc = seccomp_arch_add(p->ctx, arch);
		/* of another order of bytes: no program of it runs here */
		if (rc < 0 && rc != -EEXIST && rc != -EDOM)
			return err_sys(p->err, ERR_INTERNAL, -rc, name, "seccomp_arch_add");
	}
	return 0;
}

static int rule_add(struct profile *p, const json_t *doc)
{
	const json_t *names = json_object_get(doc, "names");
	struct scmp_arg_cmp args[6];
	unsigned int count = 0;
	bool alternatives = false;
	uint32_t action;
	int rc = action_decode(p, "linux.seccomp.syscalls", doc, "action", "errnoRet", &action);

	if (rc == 0 && (!json_is_array(names) || json_array_size(names) == 0 ||
			json_array_size(names) > NAMES_MAX))
		rc = bad(p->err, "linux.seccomp.syscalls",
			 "names must be an array, of 1 to 2048 names");
	if (rc == 0)
		rc = args_decode(p, json_object_get(doc, "args"), args, &count, &alternatives);
	for (size_t i = 0; rc == 0 && i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (!name || !*name)
			return bad(p->err, "linux.seccomp.syscalls", "names are strings");
		rc = call_add(p, action, name, args, count, alternatives);
	}
	return rc;
}

static int call_add(struct profile *p, uint32_t action, const char *name,
		    const struct scmp_arg_cmp *args, unsigned int count, bool alternatives)
{
	int call = filter_call_number(name), rc = 0;

	if (call == __NR_SCMP_ERROR)
		return 0;
	p->names++;
	/* pseudo numbers, of calls this architecture has not, are negative */
	if (call > p->youngest)
		p->youngest = call;
	if (action == p->fallback)
		return 0;
	if (!alternatives)
		rc = seccomp_rule_add_array(p->ctx, action, call, count, args);
	for (unsigned int i = 0; alternatives && rc == 0 && i < count; i++)
		rc = seccomp_rule_add_array(p->ctx, action, call, 1, &args[i]);
	/* the same rule twice */
	if (rc == -EEXIST)
		rc = 0;
	if (rc < 0)
		return err_sys(p->err, rc == -ENOMEM ? ERR_INTERNAL : ERR_USAGE, -rc, name,
			       "linux.seccomp: rule");
	return 0;
}

static int args_decode(struct profile *p, const json_t *list, struct scmp_arg_cmp *args,
		       unsigned int *ret_count, bool *ret_alternatives)
{
	static const char what[] = "linux.seccomp.syscalls.args";
	unsigned int seen = 0;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_array_size(list) > 6)
		return bad(p->err, what, "must be an array, of 6 conditions at most");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *doc = json_array_get(list, i);
		const json_t *index = json_object_get(doc, "index");
		const json_t *value = json_object_get(doc, "value");
		const json_t *two = json_object_get(doc, "valueTwo");
		const char *op = json_string_value(json_object_get(doc, "op"));
		size_t at = 0;

		while (at < ARRAY_COUNT(operators) && !str_eq(operators[at].name, op))
			at++;
		if (!json_is_integer(index) || json_integer_value(index) < 0 ||
		    json_integer_value(index) > 5)
			return bad(p->err, what, "index must be 0 to 5");
		if (!json_is_integer(value) || (two && !json_is_integer(two)) ||
		    json_integer_value(value) < 0 || json_integer_value(two) < 0)
			return bad(p->err, what, "value and valueTwo are numbers");
		if (at == ARRAY_COUNT(operators))
			return bad(p->err, what, "op: no such operator");
		args[i] = (struct scmp_arg_cmp){
			.arg = (unsigned int)json_integer_value(index),
			.op = operators[at].op,
			.datum_a = (scmp_datum_t)json_integer_value(value),
			.datum_b = (scmp_datum_t)json_integer_value(two),
		};
		*ret_alternatives |= (seen & 1U << args[i].arg) != 0;
		seen |= 1U << args[i].arg;
	}
	*ret_count = (unsigned int)json_array_size(list);
	return 0;
}

static int flags_decode(const json_t *list, unsigned int *ret_flags, struct err *err)
{
	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return bad(err, "linux.seccomp.flags", "must be an array");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		size_t at = 0;

		while (at < ARRAY_COUNT(flag_names) && !str_eq(flag_names[at].name, name))
			at++;
		if (at == ARRAY_COUNT(flag_names))
			return err_set(err, ERR_USAGE, EINVAL, "linux.seccomp.flags",
				       "\"%s\" is none", name ? name : "?");
		*ret_flags |= flag_names[at].flag;
	}
	return 0;
}

static int program_take(struct profile *p, struct sock_fprog *ret_program)
{
	cleanup(fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
	struct sock_filter *filter;
	struct stat st;
	size_t head, count;
	int rc;

	/* A binary tree over the numbers: without it a call late in the list costs 0.1 us more. */
	(void)seccomp_attr_set(p->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	rc = fd < 0 ? -errno : seccomp_export_bpf(p->ctx, fd);
	if (rc == 0 && fstat(fd, &st) < 0)
		rc = -errno;
	if (rc < 0)
		return err_sys(p->err, ERR_INTERNAL, -rc, "linux.seccomp",
			       "making of the filter");
	count = (size_t)st.st_size / sizeof(*filter);
	if (count == 0 || count > PROGRAM_MAX - HEAD_SIZE)
		return err_set(p->err, ERR_LIMIT, E2BIG, "linux.seccomp",
			       "its filter has %zu instructions, at most %d are possible",
			       count, PROGRAM_MAX - HEAD_SIZE);
	filter = mem_array(count + HEAD_SIZE, sizeof(*filter));
	head = head_write(p, filter);
	if (pread(fd, filter + head, count * sizeof(*filter), 0) != st.st_size) {
		free(filter);
		return err_set(p->err, ERR_INTERNAL, EIO, "linux.seccomp",
			       "reading of the filter");
	}
	*ret_program = (struct sock_fprog){(unsigned short)filter_compact(filter, head + count), filter};
	return 0;
}

/* "native, and younger than the youngest of the list, and no call of x32: ENOSYS" */
static size_t head_write(const struct profile *p, struct sock_filter *to)
{
	const struct sock_filter head[HEAD_SIZE] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH_NATIVE, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (unsigned int)p->youngest, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};

	if (!ARCH_NATIVE || p->names < LIST_OF_A_TIME ||
	    (p->fallback & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO)
		return 0;
	memcpy(to, head, sizeof(head));
	return HEAD_SIZE;
}

static int bad(struct err *err, const char *what, const char *why)
{
	return err_set(err, ERR_USAGE, EINVAL, what, "%s", why);
}
