// SPDX-License-Identifier: GPL-2.0-or-later
/* recipes - fresh state for services. Floor F4. */
#include "runner/recipes.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/str.h"

#define PG_LIB "/usr/lib/postgresql"

static const char *base_name(const char *path);
static int postgres_apply(struct spec *spec, const char *version, const char *const *more,
			  struct arena *arena, struct err *err);
static const char *postgres_newest(struct arena *arena);
static const char *variable(const struct spec *spec, const char *name);
static bool user_ids(const char *name, int64_t *ret_uid, int64_t *ret_gid);
static void seed_add(struct spec *spec, struct arena *arena, const struct spec_seed *seed);
static size_t count_of(const char *const *strv);

int recipes_apply(struct spec *spec, struct arena *arena, struct err *err)
{
	const char *name = base_name(spec->args[0]);
	size_t count = count_of(spec->args);

	if (spec->rootfs)
		return 0;
	if (str_eq(name, "postgres")) {
		/* Somebody who says where the cluster is, or asks for the version, knows what he does. */
		for (size_t i = 1; i < count; i++)
			if (str_starts(spec->args[i], "-D") ||
			    str_eq(spec->args[i], "--version") ||
			    str_eq(spec->args[i], "--help"))
				return 0;
		return postgres_apply(spec, postgres_newest(arena), spec->args + 1, arena, err);
	}
	if (str_eq(name, "pg_ctlcluster")) {
		static const char *const none[] = {NULL};

		if (count < 4 || !str_eq(spec->args[3], "start"))
			return err_set(
				err, ERR_UNSUPPORTED, ENOTSUP, name,
				"inside a container only: pg_ctlcluster VERSION NAME start");
		return postgres_apply(spec, spec->args[1], none, arena, err);
	}
	return 0;
}

/* ----------------------------------------------------------------- helpers */

static int postgres_apply(struct spec *spec, const char *version, const char *const *more,
			  struct arena *arena, struct err *err)
{
	const char *password = variable(spec, "POSTGRES_PASSWORD");
	const char *bin, *home = "/var/lib/postgresql", *top, *data, *hba, *secret, **initdb,
			 **args;
	struct spec_step *step;
	int64_t uid, gid;
	size_t n = 0;

	bin = version ? arena_printf(arena, PG_LIB "/%s/bin", version) : NULL;
	if (!bin || strchr(version, '/') ||
	    access(arena_printf(arena, "%s/postgres", bin), X_OK) < 0)
		return err_set(err, ERR_NOTFOUND, ENOENT, "postgres",
			       "no PostgreSQL %s below " PG_LIB, version ? version : "");
	if (!user_ids("postgres", &uid, &gid))
		return err_set(err, ERR_NOTFOUND, ENOENT, "postgres",
			       "the host has no user postgres");
	top = arena_printf(arena, "%s/%s", home, version);
	data = arena_printf(arena, "%s/main", top);
	hba = arena_printf(arena, "%s/pg_hba.conf", top);
	secret = arena_printf(arena, "%s/.password", top);

	seed_add(spec, arena,
		 &(struct spec_seed){.path = home, .uid = uid, .gid = gid, .mode = 0755});
	seed_add(spec, arena,
		 &(struct spec_seed){.path = top, .uid = uid, .gid = gid, .mode = 0755});
	seed_add(spec, arena,
		 &(struct spec_seed){
			 .path = "/run/postgresql", .uid = uid, .gid = gid, .mode = 02775});
	seed_add(spec, arena,
		 &(struct spec_seed){.path = hba,
				     .content = "local all all peer\n"
						"host all all 0.0.0.0/0 scram-sha-256\n"
						"host all all ::/0 scram-sha-256\n",
				     .uid = uid,
				     .gid = gid,
				     .mode = 0640});
	if (password && *password)
		seed_add(spec, arena,
			 &(struct spec_seed){.path = secret,
					     .content = arena_printf(arena, "%s\n", password),
					     .uid = uid,
					     .gid = gid,
					     .mode = 0600});

	/* No sync: the layer is memory. */
	initdb = arena_array(arena, 16, sizeof(*initdb));
	initdb[n++] = arena_printf(arena, "%s/initdb", bin);
	initdb[n++] = "--pgdata";
	initdb[n++] = data;
	initdb[n++] = "--username=postgres";
	initdb[n++] = "--auth-local=peer";
	initdb[n++] = "--auth-host=scram-sha-256";
	initdb[n++] = "--encoding=UTF8";
	initdb[n++] = "--locale=C.UTF-8";
	initdb[n++] = "--no-sync";
	initdb[n++] = "--no-instructions";
	if (password && *password)
		initdb[n++] = arena_printf(arena, "--pwfile=%s", secret);
	step = arena_array(arena, spec->step_count + 1, sizeof(*step));
	if (spec->step_count)
		memcpy(step, spec->steps, spec->step_count * sizeof(*step));
	step[spec->step_count++] = (struct spec_step){
		.args = initdb,
		.user = "postgres",
		.unless = arena_printf(arena, "%s/PG_VERSION", data),
	};
	spec->steps = step;

	n = 0;
	args = arena_array(arena, count_of(more) + 8, sizeof(*args));
	args[n++] = arena_printf(arena, "%s/postgres", bin);
	args[n++] = "-D";
	args[n++] = data;
	args[n++] = "-c";
	args[n++] = "listen_addresses=*";
	args[n++] = "-c";
	args[n++] = arena_printf(arena, "hba_file=%s", hba);
	for (size_t i = 0; more[i]; i++)
		args[n++] = more[i];
	spec->args = args;
	if (!spec->user)
		spec->user = "postgres";
	return 1;
}

/* The greatest number below PG_LIB that has a server. */
static const char *postgres_newest(struct arena *arena)
{
	DIR *stream = opendir(PG_LIB);
	const char *newest = NULL;
	struct dirent *entry;

	while (stream && (entry = readdir(stream))) {
		if (entry->d_name[0] == '.' ||
		    access(arena_printf(arena, PG_LIB "/%s/bin/postgres", entry->d_name),
			   X_OK) < 0)
			continue;
		if (!newest || strtod(entry->d_name, NULL) > strtod(newest, NULL))
			newest = arena_strdup(arena, entry->d_name);
	}
	if (stream)
		closedir(stream);
	return newest;
}

static const char *variable(const struct spec *spec, const char *name)
{
	size_t len = strlen(name);
	const char *value = NULL;

	for (size_t i = 0; spec->env[i]; i++)
		if (strncmp(spec->env[i], name, len) == 0 && spec->env[i][len] == '=')
			value = spec->env[i] + len + 1;
	return value;
}

/* /etc/passwd alone: inside there is nobody to ask for other databases. */
static bool user_ids(const char *name, int64_t *ret_uid, int64_t *ret_gid)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry;
	bool found = false;

	while (file && !found && (entry = fgetpwent(file)))
		if (str_eq(entry->pw_name, name) && entry->pw_uid < 65536 &&
		    entry->pw_gid < 65536) {
			*ret_uid = entry->pw_uid;
			*ret_gid = entry->pw_gid;
			found = true;
		}
	if (file)
		fclose(file);
	return found;
}

static void seed_add(struct spec *spec, struct arena *arena, const struct spec_seed *seed)
{
	struct spec_seed *all = arena_array(arena, spec->seed_count + 1, sizeof(*all));

	if (spec->seed_count)
		memcpy(all, spec->seeds, spec->seed_count * sizeof(*all));
	all[spec->seed_count++] = *seed;
	spec->seeds = all;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static size_t count_of(const char *const *strv)
{
	size_t count = 0;

	while (strv[count])
		count++;
	return count;
}
