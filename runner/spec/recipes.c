// SPDX-License-Identifier: GPL-2.0-or-later
/* recipes - fresh state for services. Floor F4. */
#include "runner/spec/recipes.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/process/idrange.h"
#include "runner/spec/recipe.h"

#define FRR_LIB "/usr/lib/frr/"
#define PG_LIB "/usr/lib/postgresql"

static int folder_copy(struct spec *spec, struct arena *arena, const char *path, int depth,
		       int *count, struct err *err);
static int file_copy(struct spec *spec, struct arena *arena, const char *path,
		     const struct stat *st, struct err *err);
static int64_t id_of(uint32_t id);
static int recipe_postgres(struct spec *spec, uint64_t dropped, struct arena *arena,
			   struct err *err);
static int recipe_pg_ctlcluster(struct spec *spec, uint64_t dropped, struct arena *arena,
				struct err *err);
static const char *base_name(const char *path);
static int postgres_apply(struct spec *spec, const char *version, const char *const *more,
			  struct arena *arena, struct err *err);
static const char *postgres_newest(struct arena *arena);
static const char *variable(const struct spec *spec, const char *name);
static size_t count_of(const char *const *strv);

/* By the command's base name. @folder: below which it must lie where its name alone is too common; or NULL */
static const struct {
	const char *name, *folder;
	int (*apply)(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err);
} recipes[] = {
	{"postgres", NULL, recipe_postgres},
	{"pg_ctlcluster", NULL, recipe_pg_ctlcluster},
	{"redis-server", NULL, recipe_redis},
	{"haproxy", NULL, recipe_haproxy},
	{"sshd", NULL, recipe_sshd},
	{"frrinit.sh", NULL, recipe_frrinit},
	{"frr", "/etc/init.d/", recipe_frrinit},
	{"", FRR_LIB, recipe_frr},
};

int recipes_apply(struct spec *spec, uint64_t dropped, struct arena *arena, struct err *err)
{
	const char *name = base_name(spec->args[0]);

	/* A root of its own has what it needs, or its maker knows better. */
	if (spec->rootfs || spec->image)
		return 0;
	for (size_t i = 0; i < ARRAY_COUNT(recipes); i++)
		if ((!*recipes[i].name || str_eq(recipes[i].name, name)) &&
		    (!recipes[i].folder || str_starts(spec->args[0], recipes[i].folder)))
			return recipes[i].apply(spec, dropped, arena, err);
	return 0;
}

void recipe_step(struct spec *spec, struct arena *arena, const struct spec_step *step)
{
	struct spec_step *all = arena_array(arena, spec->step_count + 1, sizeof(*all));

	if (spec->step_count)
		memcpy(all, spec->steps, spec->step_count * sizeof(*all));
	all[spec->step_count++] = *step;
	spec->steps = all;
}

int recipe_folder_copy(struct spec *spec, struct arena *arena, const char *path, struct err *err)
{
	int count = 0;

	return folder_copy(spec, arena, path, 0, &count, err);
}

void recipe_args(struct spec *spec, struct arena *arena, const char *const *more)
{
	size_t count = count_of(spec->args), extra = count_of(more);
	const char **args = arena_array(arena, count + extra + 1, sizeof(*args));

	memcpy(args, spec->args, count * sizeof(*args));
	memcpy(args + count, more, extra * sizeof(*args));
	spec->args = args;
}

bool recipe_has_arg(const struct spec *spec, const char *arg)
{
	for (size_t i = 1; spec->args[i]; i++)
		if (str_eq(spec->args[i], arg))
			return true;
	return false;
}

/* ----------------------------------------------------------------- helpers */

static int folder_copy(struct spec *spec, struct arena *arena, const char *path, int depth,
		       int *count, struct err *err)
{
	DIR *stream = opendir(path);
	struct dirent *entry;
	struct stat st;
	int rc = 0;

	if (!stream)
		return errno == ENOENT ? 0 : err_sys(err, ERR_IO, errno, path, "open");
	if (fstat(dirfd(stream), &st) == 0)
		recipe_seed(spec, arena,
			    &(struct spec_seed){.path = arena_strdup(arena, path),
						.uid = id_of(st.st_uid),
						.gid = id_of(st.st_gid),
						.mode = st.st_mode & 07777});
	while (rc == 0 && (entry = readdir(stream))) {
		const char *file = arena_printf(arena, "%s/%s", path, entry->d_name);

		/* Links lead to files that are seen anyway, or are not the service's own. */
		if (entry->d_name[0] == '.' || lstat(file, &st) < 0 ||
		    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
			continue;
		if (++*count > RECIPE_FILES_MAX || depth == RECIPE_DEPTH_MAX)
			rc = err_set(err, ERR_LIMIT, E2BIG, path,
				     "to copy: more than %d files, or %d folders deep",
				     RECIPE_FILES_MAX, RECIPE_DEPTH_MAX);
		else if (S_ISDIR(st.st_mode))
			rc = folder_copy(spec, arena, file, depth + 1, count, err);
		else
			rc = file_copy(spec, arena, file, &st, err);
	}
	closedir(stream);
	return rc;
}

static int file_copy(struct spec *spec, struct arena *arena, const char *path,
		     const struct stat *st, struct err *err)
{
	cleanup(buf_fini) struct buf data = BUF_INIT;
	int rc = file_read(path, SPEC_SEED_MAX, &data);

	if (rc < 0)
		return err_sys(err, ERR_IO, -rc, path, "copy for the container");
	cleanup(json_freep) json_t *text = json_stringn(buf_cstr(&data), data.size);

	if (!text || memchr(buf_cstr(&data), 0, data.size))
		return err_set(err, ERR_UNSUPPORTED, EILSEQ, path,
			       "copy for the container: it is no UTF-8 text");
	recipe_seed(spec, arena,
		    &(struct spec_seed){.path = path,
					.content = arena_strdup(arena, buf_cstr(&data)),
					.uid = id_of(st->st_uid),
					.gid = id_of(st->st_gid),
					.mode = st->st_mode & 0777});
	return 0;
}

/* An id of the host as the same number inside; root where it has no place there. */
static int64_t id_of(uint32_t id)
{
	return id < IDRANGE_SIZE ? id : 0;
}

static int recipe_postgres(struct spec *spec, uint64_t dropped, struct arena *arena,
			   struct err *err)
{
	(void)dropped;
	/* Somebody who says where the cluster is, or asks for the version, knows what he does. */
	for (size_t i = 1; spec->args[i]; i++)
		if (str_starts(spec->args[i], "-D") || str_eq(spec->args[i], "--version") ||
		    str_eq(spec->args[i], "--help"))
			return 0;
	return postgres_apply(spec, postgres_newest(arena), spec->args + 1, arena, err);
}

static int recipe_pg_ctlcluster(struct spec *spec, uint64_t dropped, struct arena *arena,
				struct err *err)
{
	static const char *const none[] = {NULL};

	(void)dropped;
	if (count_of(spec->args) < 4 || !str_eq(spec->args[3], "start"))
		return err_set(err, ERR_UNSUPPORTED, ENOTSUP, spec->args[0],
			       "inside a container only: pg_ctlcluster VERSION NAME start");
	return postgres_apply(spec, spec->args[1], none, arena, err);
}

static int postgres_apply(struct spec *spec, const char *version, const char *const *more,
			  struct arena *arena, struct err *err)
{
	const char *password = variable(spec, "POSTGRES_PASSWORD");
	const char *bin, *home = "/var/lib/postgresql", *top, *data, *hba, *secret, **initdb,
			 **args;
	int64_t uid, gid;
	size_t n = 0;

	bin = version ? arena_printf(arena, PG_LIB "/%s/bin", version) : NULL;
	if (!bin || strchr(version, '/') ||
	    access(arena_printf(arena, "%s/postgres", bin), X_OK) < 0)
		return err_set(err, ERR_NOTFOUND, ENOENT, "postgres",
			       "no PostgreSQL %s below " PG_LIB, version ? version : "");
	if (!recipe_user_ids("postgres", &uid, &gid))
		return err_set(err, ERR_NOTFOUND, ENOENT, "postgres",
			       "the host has no user postgres");
	top = arena_printf(arena, "%s/%s", home, version);
	data = arena_printf(arena, "%s/main", top);
	hba = arena_printf(arena, "%s/pg_hba.conf", top);
	secret = arena_printf(arena, "%s/.password", top);

	recipe_seed(spec, arena,
		 &(struct spec_seed){.path = home, .uid = uid, .gid = gid, .mode = 0755});
	recipe_seed(spec, arena,
		 &(struct spec_seed){.path = top, .uid = uid, .gid = gid, .mode = 0755});
	recipe_seed(spec, arena,
		 &(struct spec_seed){
			 .path = "/run/postgresql", .uid = uid, .gid = gid, .mode = 02775});
	recipe_seed(spec, arena,
		 &(struct spec_seed){.path = hba,
				     .content = "local all all peer\n"
						"host all all 0.0.0.0/0 scram-sha-256\n"
						"host all all ::/0 scram-sha-256\n",
				     .uid = uid,
				     .gid = gid,
				     .mode = 0640});
	if (password && *password)
		recipe_seed(spec, arena,
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
	recipe_step(spec, arena,
		    &(struct spec_step){.args = initdb,
					.user = "postgres",
					.unless = arena_printf(arena, "%s/PG_VERSION", data)});

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
bool recipe_user_ids(const char *name, int64_t *ret_uid, int64_t *ret_gid)
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

void recipe_seed(struct spec *spec, struct arena *arena, const struct spec_seed *seed)
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
