// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * profile - docker's form to the runtime specification's, which is compiled.
 * Floor F5. Docker's has conditions beside each rule (capabilities, machine,
 * kernel) and a table of architectures; the rest is the same.
 */
#include "runner/cli/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/filter/filter.h"
#include "runner/oci/seccomp.h"
#include "runner/process/privilege.h"

#if defined(__x86_64__)
#define MACHINE "amd64"
#define NATIVE "SCMP_ARCH_X86_64"
#elif defined(__aarch64__)
#define MACHINE "arm64"
#define NATIVE "SCMP_ARCH_AARCH64"
#else
#define MACHINE ""
#define NATIVE ""
#endif

static json_t *profile_convert(const json_t *profile, const struct spec *spec);
static json_t *architectures(const json_t *map);
static bool condition_holds(const json_t *rule, const struct spec *spec);
static bool has_machine(const json_t *arches);
static bool caps_match(const json_t *caps, const struct spec *spec, bool all);
static bool kernel_reaches(const char *wanted);

int profile_take(const char *path, struct spec *spec, struct arena *arena, struct err *err)
{
	cleanup(buf_fini) struct buf data = BUF_INIT, text = BUF_INIT;
	cleanup(json_freep) json_t *profile = NULL, *converted = NULL;
	struct sock_fprog program = {0};
	bool notify = false;
	int rc = file_read(path, PROFILE_SIZE_MAX, &data);

	if (rc < 0)
		return err_sys(err, rc == -ENOENT ? ERR_NOTFOUND : ERR_IO, -rc, path,
			       "seccomp profile");
	rc = json_parse(buf_cstr(&data), data.size, 0, &profile, err);
	if (rc < 0)
		return err_wrap(err, "%s: seccomp profile", path);
	converted = profile_convert(profile, spec);
	if (!converted)
		return err_set(err, ERR_USAGE, EINVAL, path, "seccomp profile: no defaultAction, or no object");
	rc = oci_seccomp_compile(converted, &program, &notify, err);
	if (rc < 0)
		err_wrap(err, "%s: seccomp profile", path);
	if (rc == 0 && notify)
		rc = err_set(err, ERR_UNSUPPORTED, ENOTSUP, path,
			     "seccomp profile: nobody listens here for SCMP_ACT_NOTIFY");
	if (rc == 0 && program.len > FILTER_SIZE_MAX)
		rc = err_set(err, ERR_LIMIT, E2BIG, path, "seccomp profile: %u instructions, at most %d",
			     program.len, FILTER_SIZE_MAX);
	if (rc == 0) {
		for (size_t i = 0; i < program.len; i++)
			buf_printf(&text, "%04x%02x%02x%08x", program.filter[i].code,
				   program.filter[i].jt, program.filter[i].jf, program.filter[i].k);
		spec->security.filter = arena_strdup(arena, buf_cstr(&text));
	}
	free(program.filter);
	return rc;
}

/* ----------------------------------------------------------------- helpers */

/* Return: NULL where it is no profile. What the compiler does not know it refuses itself. */
static json_t *profile_convert(const json_t *profile, const struct spec *spec)
{
	static const char *const kept[] = {"defaultAction", "defaultErrnoRet", "flags"};
	static const char *const of_rule[] = {"action", "errnoRet", "args", "names"};
	json_t *converted = json_object(), *rules = json_array();
	const json_t *rule;
	size_t index;

	for (size_t i = 0; i < ARRAY_COUNT(kept); i++)
		if (json_object_get(profile, kept[i]))
			json_object_set(converted, kept[i], json_object_get(profile, kept[i]));
	json_object_set_new(converted, "architectures",
			    architectures(json_object_get(profile, "archMap")));
	json_array_foreach(json_object_get(profile, "syscalls"), index, rule) {
		json_t *row;

		if (!condition_holds(rule, spec))
			continue;
		row = json_object();
		for (size_t i = 0; i < ARRAY_COUNT(of_rule); i++) {
			json_t *value = json_object_get(rule, of_rule[i]);

			if (value && !json_is_null(value) &&
			    !(json_is_array(value) && json_array_size(value) == 0))
				json_object_set(row, of_rule[i], value);
		}
		if (json_object_get(rule, "name"))
			json_object_set_new(row, "names", json_pack("[O]", json_object_get(rule, "name")));
		json_array_append_new(rules, row);
	}
	if (json_array_size(rules))
		json_object_set(converted, "syscalls", rules);
	json_decref(rules);
	if (json_object_get(profile, "defaultAction"))
		return converted;
	json_decref(converted);
	return NULL;
}

/* Ours, and those the profile names beside it: 32-bit programs, where somebody asked for them. */
static json_t *architectures(const json_t *map)
{
	json_t *list = json_pack("[s]", NATIVE);
	const json_t *row;
	json_t *sub;
	size_t index, at;

	json_array_foreach(map, index, row) {
		const char *name = json_string_value(json_object_get(row, "architecture"));

		if (name && str_eq(name, NATIVE))
			json_array_foreach(json_object_get(row, "subArchitectures"), at, sub)
				json_array_append(list, sub);
	}
	return list;
}

static bool condition_holds(const json_t *rule, const struct spec *spec)
{
	const json_t *with = json_object_get(rule, "includes"), *without = json_object_get(rule, "excludes");
	const char *kernel = json_string_value(json_object_get(with, "minKernel"));
	const char *below = json_string_value(json_object_get(without, "minKernel"));

	if (json_array_size(json_object_get(with, "arches")) && !has_machine(json_object_get(with, "arches")))
		return false;
	if (has_machine(json_object_get(without, "arches")))
		return false;
	if (json_array_size(json_object_get(with, "caps")) &&
	    !caps_match(json_object_get(with, "caps"), spec, true))
		return false;
	if (caps_match(json_object_get(without, "caps"), spec, false))
		return false;
	return (!kernel || kernel_reaches(kernel)) && (!below || !kernel_reaches(below));
}

static bool has_machine(const json_t *arches)
{
	const json_t *name;
	size_t index;

	json_array_foreach(arches, index, name)
		if (json_string_value(name) && str_eq(json_string_value(name), MACHINE))
			return true;
	return false;
}

/* @all: all of them; else any */
static bool caps_match(const json_t *caps, const struct spec *spec, bool all)
{
	const json_t *name;
	size_t index;

	json_array_foreach(caps, index, name) {
		uint64_t mask = 0;
		bool held = json_string_value(name) &&
			    privilege_caps_parse(json_string_value(name), &mask, NULL) == 0 &&
			    (spec->caps & mask) == mask;

		if (held != all)
			return !all;
	}
	return all;
}

static bool kernel_reaches(const char *wanted)
{
	unsigned int major = 0, minor = 0, want_major = 0, want_minor = 0;
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) < 1 ||
	    sscanf(wanted, "%u.%u", &want_major, &want_minor) < 1)
		return false;
	return major > want_major || (major == want_major && minor >= want_minor);
}
