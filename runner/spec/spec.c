// SPDX-License-Identifier: GPL-2.0-or-later
/* spec - what a container shall be: what holds of it, whoever made it. Floor F4, pure. */
#include "runner/spec/spec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/process/landlock.h"

static int path_check(const char *what, const char *path, struct err *err);
static int place_check(const char *what, const char *path, struct err *err);
static int join_check(const struct spec *spec, const char *option, const char *join,
		      struct err *err);
static bool tmpfs_size_is(const char *option);
static bool tmpfs_mode_is(const char *option);
static int count_check(const char *what, size_t count, size_t max, struct err *err);
static size_t count_of(const char *const *strv);
static int strings_check(const char *what, const char *const *strv, struct err *err);

int spec_check(const struct spec *spec, struct err *err)
{
	struct spec_tmpfs tmpfs;
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
		rc = spec_tmpfs_parse(spec->tmpfs[i], &tmpfs, err);
	for (size_t i = 0; rc == 0 && i < spec->volume_count; i++)
		rc = spec_volume_check(&spec->volumes[i], err);
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

int spec_volume_check(const struct spec_volume *volume, struct err *err)
{
	int rc = path_check("volume", volume->source, err);

	return rc < 0 ? rc : place_check("volume", volume->target, err);
}

int spec_tmpfs_parse(const char *text, struct spec_tmpfs *ret_tmpfs, struct err *err)
{
	static const char *const granted[] = {"rw", "exec", "nosuid", "nodev"};
	struct spec_tmpfs tmpfs = {.size = "size=25%", .mode = "mode=1777"};
	size_t len = strcspn(text, ":");

	if (len >= sizeof(tmpfs.path))
		return err_set(err, ERR_LIMIT, ENAMETOOLONG, NULL, "tmpfs: the path is too long");
	memcpy(tmpfs.path, text, len);
	tmpfs.path[len] = '\0';
	for (const char *word = text + len; *word; word += len) {
		char option[SPEC_TMPFS_OPTION_SIZE];
		bool known = false;

		word++; /* ':' or ',' */
		len = strcspn(word, ",");
		snprintf(option, sizeof(option), "%.*s", (int)len, word);
		for (size_t i = 0; i < ARRAY_COUNT(granted); i++)
			known |= str_eq(option, granted[i]);
		if (str_eq(option, "noexec"))
			tmpfs.noexec = true;
		else if (len < sizeof(option) && tmpfs_size_is(option))
			memcpy(tmpfs.size, option, sizeof(option));
		else if (len < sizeof(option) && tmpfs_mode_is(option))
			memcpy(tmpfs.mode, option, sizeof(option));
		else if (!known)
			return err_set(err, ERR_USAGE, EINVAL, text,
				       "tmpfs: \"%s\": known are size=N, mode=M, noexec, exec, rw, nosuid and nodev", option);
	}
	if (place_check("tmpfs", tmpfs.path, err) < 0)
		return -EINVAL;
	*ret_tmpfs = tmpfs;
	return 0;
}

bool spec_joins(const struct spec *spec)
{
	return spec->net == SPEC_NET_JOIN || spec->pid == SPEC_NS_JOIN ||
	       spec->ipc == SPEC_NS_JOIN;
}

/* ----------------------------------------------------------------- helpers */

static int path_check(const char *what, const char *path, struct err *err)
{
	if (!path || path[0] != '/')
		return err_set(err, ERR_USAGE, EINVAL, path, "%s: an absolute path is needed",
			       what);
	if (strlen(path) >= SPEC_PATH_SIZE)
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

/* The kernel would take more: "size=" is no limit to it. */
static bool tmpfs_size_is(const char *option)
{
	const char *number = option + strlen("size=");
	size_t digits;

	if (!str_starts(option, "size="))
		return false;
	digits = strspn(number, "0123456789");
	return digits > 0 && (!number[digits] || (strchr("kKmMgG%", number[digits]) && !number[digits + 1])) &&
	       strspn(number, "0") < digits;
}

static bool tmpfs_mode_is(const char *option)
{
	const char *number = option + strlen("mode=");
	size_t digits;

	if (!str_starts(option, "mode="))
		return false;
	digits = strspn(number, "01234567");
	return digits > 0 && digits <= 4 && !number[digits];
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
