// SPDX-License-Identifier: GPL-2.0-or-later
/* security - options and defaults. Floor F4, pure. */
#include "runner/spec/security.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"
#include "runner/filter/filter.h"
#include "runner/process/landlock.h"

static int seccomp_take(const char *value, struct spec *spec, struct err *err);
static int allow_take(const char *value, struct spec *spec, struct arena *arena, struct err *err);
static int paths_take(const char *text, const char *value, const char ***strv,
		      struct arena *arena, struct err *err);
static const char **strv_add(const char **strv, const char *item, struct arena *arena);

int security_option_take(const char *text, struct spec *spec, struct arena *arena, struct err *err)
{
	struct spec_security *security = &spec->security;
	size_t len = strcspn(text, "=:");
	const char *key = arena_strndup(arena, text, len);
	const char *value = text[len] ? text + len + 1 : "";

	if (str_eq(key, "seccomp"))
		return seccomp_take(value, spec, err);
	if (str_eq(key, "allow"))
		return allow_take(value, spec, arena, err);
	if (str_eq(key, "mask"))
		return paths_take(text, value, &security->mask, arena, err);
	if (str_eq(key, "unmask"))
		return paths_take(text, value, &security->unmask, arena, err);
	if (str_eq(key, "systempaths") && str_eq(value, "unconfined")) {
		security->unmask = strv_add(security->unmask, "ALL", arena);
		return 0;
	}
	if (str_eq(key, "no-new-privileges")) {
		if (!*value || str_eq(value, "true"))
			return 0;
		if (str_eq(value, "false"))
			return err_set(err, ERR_UNSUPPORTED, ENOTSUP, text,
				       "no container gains privileges by a program's mode");
	}
	/* What scripts for other hosts say, and nothing is to be done for here */
	if ((str_eq(key, "label") && str_eq(value, "disable")) ||
	    (str_eq(key, "apparmor") && str_eq(value, "unconfined")))
		return 0;
	if (str_eq(key, "label") || str_eq(key, "apparmor"))
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, text,
			       "Moat keeps containers apart without %s",
			       key[0] == 'l' ? "SELinux labels" : "AppArmor profiles");
	return err_set(err, ERR_USAGE, EINVAL, text,
		       "--security-opt: known are seccomp=, allow=, mask=, unmask=, systempaths=, "
		       "no-new-privileges");
}

int security_landlock_add(const char *text, struct spec *spec, struct arena *arena, struct err *err)
{
	const char *const one[] = {text, NULL};
	int rc = landlock_check(one, err);

	if (rc == 0)
		spec->security.landlock = strv_add(spec->security.landlock, text, arena);
	return rc;
}

uint32_t security_refused(const struct spec *spec)
{
	bool volumes = false;

	if (spec->security.unconfined)
		return 0;
	for (size_t i = 0; i < spec->volume_count; i++)
		volumes |= !spec->volumes[i].read_only;
	return filter_refused(spec->caps, volumes) & ~(uint32_t)spec->security.allow;
}

int security_filter_make(const struct spec *spec, struct sock_fprog *program, struct err *err)
{
	const char *text = spec->security.filter;
	size_t digits = text ? strlen(text) : 0;

	if (!text)
		return filter_make(security_refused(spec), program, err);
	if (digits % 16 || digits / 16 > SPEC_FILTER_MAX ||
	    strspn(text, "0123456789abcdef") != digits)
		return err_set(err, ERR_USAGE, EINVAL, "filter", "it is no compiled filter");
	for (size_t i = 0; i < digits / 16; i++, text += 16) {
		unsigned int code, jt, jf, k;

		if (sscanf(text, "%4x%2x%2x%8x", &code, &jt, &jf, &k) != 4)
			return err_set(err, ERR_USAGE, EINVAL, "filter", "it is no compiled filter");
		program->filter[i] = (struct sock_filter){.code = (uint16_t)code,
							  .jt = (uint8_t)jt,
							  .jf = (uint8_t)jf,
							  .k = k};
	}
	program->len = (unsigned short)(digits / 16);
	return 0;
}

/*
 * One that joined others is there to reach them: by signals and ptrace, which Landlock refuses between domains, by
 * abstract sockets of the stack.
 */
unsigned int security_scopes(const struct spec *spec, bool command)
{
	if (command)
		return spec_joins(spec) ? 0 : LANDLOCK_SCOPES_ABSTRACT | LANDLOCK_SCOPES_SIGNAL;
	return spec->net == SPEC_NET_HOST ? LANDLOCK_SCOPES_ABSTRACT : 0;
}

bool security_seals(const struct spec *spec)
{
	return !spec->security.unconfined &&
	       !(spec->security.allow & UINT64_C(1) << FILTER_NAMESPACES);
}

bool security_unmasked(const struct spec *spec, const char *path)
{
	const char *const *unmask = spec->security.unmask;

	for (size_t i = 0; unmask && unmask[i]; i++)
		if (str_eq(unmask[i], "ALL") || str_eq(unmask[i], path))
			return true;
	return false;
}

/* ----------------------------------------------------------------- helpers */

static int seccomp_take(const char *value, struct spec *spec, struct err *err)
{
	spec->security.filter = NULL;
	spec->security.unconfined = str_eq(value, "unconfined");
	if (spec->security.unconfined || str_eq(value, "default"))
		return 0;
	return err_set(err, ERR_USAGE, EINVAL, value, "seccomp is unconfined, default or FILE");
}

static int allow_take(const char *value, struct spec *spec, struct arena *arena, struct err *err)
{
	char *rest = arena_strdup(arena, value), *name;

	while ((name = strsep(&rest, ","))) {
		enum filter_group group;
		int rc = filter_group_parse(name, &group, err);

		if (rc < 0)
			return rc;
		spec->security.allow |= UINT64_C(1) << group;
	}
	return 0;
}

/* Separated by colons, as podman has it */
static int paths_take(const char *text, const char *value, const char ***strv,
		      struct arena *arena, struct err *err)
{
	char *rest = arena_strdup(arena, value), *path;

	while ((path = strsep(&rest, ":"))) {
		if (path[0] != '/' && !(str_eq(path, "ALL") && str_starts(text, "unmask")))
			return err_set(err, ERR_USAGE, EINVAL, text,
				       "\"%s\": an absolute path is needed", path);
		*strv = strv_add(*strv, path, arena);
	}
	return 0;
}

static const char **strv_add(const char **strv, const char *item, struct arena *arena)
{
	size_t count = 0;
	const char **grown;

	while (strv && strv[count])
		count++;
	grown = arena_array(arena, count + 2, sizeof(*grown));
	if (count)
		memcpy(grown, strv, count * sizeof(*grown));
	grown[count] = item;
	return grown;
}
