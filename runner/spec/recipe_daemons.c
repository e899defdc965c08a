// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * recipe_daemons - servers that want no more than files only root may read, and
 * folders that a unit of theirs would make. Floor F4.
 */
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "runner/spec/recipe.h"

#define SSHD "/usr/sbin/sshd"
#define SSHD_KEY "/run/sshd/ssh_host_ed25519_key"

static void run_folder(struct spec *spec, struct arena *arena, const char *path,
		       const char *user, int64_t mode);
static const char *shadow_text(struct arena *arena);
static bool has_any(const struct spec *spec, const char *const *args);

/* As redis-server.service: the user, the folders, in the foreground. */
int recipe_redis(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err)
{
	static const char *const foreground[] = {"--daemonize", "no", NULL};
	static const char *const questions[] = {"--version", "-v", "--help", "-h", NULL};
	int rc;

	(void)dropped;
	if (has_any(spec, questions))
		return 0;
	rc = recipe_folder_copy(spec, arena, "/etc/redis", err);
	if (rc < 0)
		return rc;
	run_folder(spec, arena, "/run/redis", "redis", 02755);
	if (!recipe_has_arg(spec, "--daemonize"))
		recipe_args(spec, arena, foreground);
	if (!spec->user)
		spec->user = "redis";
	return 1;
}

int recipe_haproxy(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err)
{
	/* Modes of its own; Debian's file says "daemon", and its unit -Ws against that. */
	static const char *const modes[] = {"-db", "-D", "-Ws", "-c", "-v", "-vv", NULL};
	static const char *const foreground[] = {"-db", NULL};
	int rc;

	(void)dropped;
	rc = recipe_folder_copy(spec, arena, "/etc/haproxy", err);
	if (rc < 0)
		return rc;
	run_folder(spec, arena, "/run/haproxy", "haproxy", 02775);
	if (!has_any(spec, modes))
		recipe_args(spec, arena, foreground);
	return 1;
}

/* A host key of its own: the host's would make the container the host to every client that knows it. */
int recipe_sshd(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err)
{
	static const char *const keygen[] = {"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N",
					     "", "-f", SSHD_KEY, NULL};
	/* Keys open it, passwords do not. */
	static const char *const more[] = {"-D", "-e", "-h", SSHD_KEY, "-o", "UsePAM=no", NULL};
	static const char *const others[] = {"-t", "-T", "-h", "-V", NULL};
	const char **step = arena_array(arena, ARRAY_COUNT(keygen), sizeof(*step));

	(void)dropped;
	(void)err;
	if (has_any(spec, others))
		return 0;
	run_folder(spec, arena, "/run/sshd", NULL, 0755);
	recipe_seed(spec, arena,
		    &(struct spec_seed){
			    .path = "/etc/shadow", .content = shadow_text(arena), .mode = 0640});
	memcpy(step, keygen, sizeof(keygen));
	recipe_step(spec, arena, &(struct spec_step){.args = step, .unless = SSHD_KEY});
	/* It executes itself anew for each connection, and wants to know where it lies. */
	if (!strchr(spec->args[0], '/'))
		spec->args[0] = SSHD;
	recipe_args(spec, arena, more);
	return 1;
}

/* One of its daemons in the foreground, or watchfrr. */
int recipe_frr(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err)
{
	/* The stack is the container's own; SYS_ADMIN they only insist on having. */
	const uint64_t caps = UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_NET_RAW |
			      UINT64_C(1) << CAP_SYS_ADMIN;
	int rc = recipe_folder_copy(spec, arena, "/etc/frr", err);

	if (rc < 0)
		return rc;
	run_folder(spec, arena, "/run/frr", "frr", 0755);
	spec->caps |= caps & ~dropped;
	return 1;
}

/* The usual init: it starts daemons and ends, they stay. */
int recipe_frrinit(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err)
{
	if (!spec->args[1] || !str_eq(spec->args[1], "start"))
		return 0;
	spec->linger = true;
	return recipe_frr(spec, dropped, arena, err);
}

/* ----------------------------------------------------------------- helpers */

/* Every user of the host, without a password: who has no line, or whose line cannot be read, is locked out. */
static const char *shadow_text(struct arena *arena)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry;

	while (file && (entry = fgetpwent(file)))
		buf_printf(&text, "%s:*:::::::\n", entry->pw_name);
	if (file)
		fclose(file);
	return arena_strdup(arena, buf_cstr(&text));
}

/* What tmpfiles.d or a unit's RuntimeDirectory= would make; /run begins empty. */
static void run_folder(struct spec *spec, struct arena *arena, const char *path,
		       const char *user, int64_t mode)
{
	struct spec_seed seed = {.path = path, .mode = mode};

	if (user)
		(void)recipe_user_ids(user, &seed.uid, &seed.gid);
	recipe_seed(spec, arena, &seed);
}

static bool has_any(const struct spec *spec, const char *const *args)
{
	for (size_t i = 0; args[i]; i++)
		if (recipe_has_arg(spec, args[i]))
			return true;
	return false;
}
