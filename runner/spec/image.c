// SPDX-License-Identifier: GPL-2.0-or-later
/* image - OCI image layouts as values. Floor F4, pure. */
#include "runner/spec/image.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/spec/signals.h"

static const char ref_name[] = "org.opencontainers.image.ref.name";

/* What JSON says of a descriptor. */
struct descriptor {
	const char *media_type, *digest;
	int64_t size;
	const json_t *platform, *annotations;
};
#define RAW(field) offsetof(struct descriptor, field)
static const struct json_field descriptor_fields[] = {
	{"mediaType", JSON_FIELD_STRING, RAW(media_type), 0, 0, 0},
	{"digest", JSON_FIELD_STRING, RAW(digest), JSON_REQUIRED, 0, 0},
	{"size", JSON_FIELD_INT, RAW(size), JSON_REQUIRED, 0, INT64_MAX},
	{"platform", JSON_FIELD_OBJECT, RAW(platform), 0, 0, 0},
	{"annotations", JSON_FIELD_OBJECT, RAW(annotations), 0, 0, 0},
	{0},
};

static int descriptor_decode(const json_t *object, struct arena *arena,
			     struct descriptor *ret_descriptor, struct err *err);
static void blob_set(struct image_blob *blob, const struct descriptor *descriptor);
static const char *tag_of(const struct descriptor *descriptor);
static bool platform_fits(const struct descriptor *descriptor, const char *architecture);
static const char *machine(struct arena *arena);
static int strings_take(const char *what, const json_t *array, struct arena *arena,
			const char ***ret_strings, struct err *err);
static const char **joined(struct arena *arena, const char **first, const char **second);
static size_t count_of(const char **strings);

void image_name_split(const char *text, struct arena *arena, const char **ret_layout,
		      const char **ret_tag)
{
	const char *colon;
	struct stat st;

	if (str_starts(text, "oci:"))
		text += strlen("oci:");
	colon = strrchr(text, ':');
	*ret_tag = NULL;
	*ret_layout = text;
	if (!colon || strchr(colon, '/') || stat(text, &st) == 0)
		return;
	*ret_layout = arena_strndup(arena, text, (size_t)(colon - text));
	*ret_tag = colon + 1;
}

int image_digest_check(const char *digest, struct err *err)
{
	size_t digits = str_starts(digest, "sha256:")	? 64
			: str_starts(digest, "sha512:") ? 128
							: 0;

	if (digits && strlen(digest + 7) == digits &&
	    strspn(digest + 7, "0123456789abcdef") == digits)
		return 0;
	return err_set(err, ERR_USAGE, EINVAL, digest, "no digest of sha256 or sha512");
}

int image_index_find(const json_t *doc, const char *tag, const char *architecture,
		     struct arena *arena, struct image_blob *ret_blob, struct err *err)
{
	const json_t *manifests = json_object_get(doc, "manifests");
	size_t count = json_array_size(manifests), found = 0;
	struct descriptor chosen = {0};
	struct buf tags = BUF_INIT;
	bool any = !tag;
	int rc = 0;

	if (!architecture)
		architecture = machine(arena);
	if (!json_is_array(manifests) || count == 0 || count > IMAGE_MANIFESTS_MAX)
		return err_set(err, ERR_USAGE, EINVAL, "manifests",
			       "an array of 1 to %d descriptors is needed", IMAGE_MANIFESTS_MAX);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct descriptor one = {0};
		const char *name;

		rc = descriptor_decode(json_array_get(manifests, i), arena, &one, err);
		if (rc < 0)
			break;
		name = tag_of(&one);
		if (name && tags.size < 200)
			buf_printf(&tags, "%s%.64s", tags.size ? ", " : "", name);
		if (!platform_fits(&one, architecture))
			continue;
		if (any ? !name || !chosen.digest || str_eq(name, "latest") : str_eq(name, tag))
			chosen = one;
		found += any || str_eq(name, tag);
		if (any && str_eq(name, "latest")) {
			found = 1;
			break;
		}
	}
	if (rc == 0 && any && found > 1)
		rc = err_set(err, ERR_USAGE, EINVAL, NULL,
			     "the layout has several images; say which: %s",
			     tags.size ? buf_cstr(&tags) : "(they have no tags)");
	else if (rc == 0 && !chosen.digest)
		rc = err_set(err, ERR_NOTFOUND, ENOENT, tag, "no such image for %s; there are: %s",
			     architecture, tags.size ? buf_cstr(&tags) : "none with a tag");
	if (rc == 0)
		blob_set(ret_blob, &chosen);
	buf_fini(&tags);
	return rc;
}

bool image_is_index(const struct image_blob *blob)
{
	return str_eq(blob->media_type, "application/vnd.oci.image.index.v1+json") ||
	       str_eq(blob->media_type,
		      "application/vnd.docker.distribution.manifest.list.v2+json");
}

int image_manifest_decode(const json_t *doc, struct arena *arena,
			  struct image_manifest *ret_manifest, struct err *err)
{
	const json_t *layers = json_object_get(doc, "layers");
	struct image_manifest manifest = {.layer_count = json_array_size(layers)};
	struct descriptor one = {0};
	int rc = descriptor_decode(json_object_get(doc, "config"), arena, &one, err);

	if (rc < 0)
		return err_wrap(err, "config");
	blob_set(&manifest.config, &one);
	if (!json_is_array(layers) || manifest.layer_count > IMAGE_LAYERS_MAX)
		return err_set(err, ERR_USAGE, EINVAL, "layers",
			       "an array of at most %d descriptors is needed", IMAGE_LAYERS_MAX);
	manifest.layers = arena_array(arena, manifest.layer_count + 1, sizeof(*manifest.layers));
	for (size_t i = 0; i < manifest.layer_count; i++) {
		struct descriptor layer = {0};

		rc = descriptor_decode(json_array_get(layers, i), arena, &layer, err);
		if (rc < 0)
			return err_wrap(err, "layer %zu", i);
		blob_set(&manifest.layers[i], &layer);
	}
	*ret_manifest = manifest;
	return 0;
}

int image_config_decode(const json_t *doc, struct arena *arena, struct image_config *ret_config,
			struct err *err)
{
	const json_t *object = json_object_get(doc, "config");
	json_t *exposed = json_object_get(object, "ExposedPorts");
	const char *const texts[] = {"User", "WorkingDir", "StopSignal"};
	struct image_config config = {0};
	const char **const places[] = {&config.user, &config.workdir, &config.stop_signal};
	size_t n = 0;
	int rc;

	if (!json_is_object(doc) || (object && !json_is_object(object) && !json_is_null(object)))
		return err_set(err, ERR_USAGE, EINVAL, "config", "must be an object");
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		const json_t *value = json_object_get(object, texts[i]);

		if (value && !json_is_string(value) && !json_is_null(value))
			return err_set(err, ERR_USAGE, EINVAL, texts[i], "must be a string");
		/* Go's empty string is its absence. */
		if (json_string_length(value) > 0)
			*places[i] = arena_strdup(arena, json_string_value(value));
	}
	rc = strings_take("Entrypoint", json_object_get(object, "Entrypoint"), arena,
			  &config.entrypoint, err);
	if (rc == 0)
		rc = strings_take("Cmd", json_object_get(object, "Cmd"), arena, &config.command,
				  err);
	if (rc == 0)
		rc = strings_take("Env", json_object_get(object, "Env"), arena, &config.env, err);
	if (rc < 0)
		return rc;
	if (json_object_size(exposed) > SPEC_ARGS_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, "ExposedPorts", "more than %d",
			       SPEC_ARGS_MAX);
	config.ports = arena_array(arena, json_object_size(exposed) + 1, sizeof(*config.ports));
	for (void *at = json_object_iter(exposed); at;
	     at = json_object_iter_next(exposed, at))
		config.ports[n++] = arena_strdup(arena, json_object_iter_key(at));
	*ret_config = config;
	return 0;
}

int image_apply(const struct image_config *config, struct spec *spec, struct arena *arena,
		struct err *err)
{
	int number;

	if (!spec->args[0])
		spec->args = config->command;
	spec->args = joined(arena, config->entrypoint, spec->args);
	if (!spec->args[0])
		return err_set(err, ERR_USAGE, EINVAL, NULL,
			       "COMMAND is missing, and the image has none");
	spec->env = joined(arena, config->env, spec->env);
	spec->expose = config->ports;
	if (!spec->user)
		spec->user = config->user;
	if (!spec->workdir)
		spec->workdir = config->workdir;
	if (config->stop_signal) {
		if (signal_parse(config->stop_signal, &number, err) < 0)
			return err_wrap(err, "StopSignal");
		spec->stop_signal = number;
	}
	return 0;
}

/* ----------------------------------------------------------------- helpers */

static int descriptor_decode(const json_t *object, struct arena *arena,
			     struct descriptor *ret_descriptor, struct err *err)
{
	int rc;

	if (!json_is_object(object))
		return err_set(err, ERR_USAGE, EINVAL, NULL, "a descriptor must be an object");
	rc = json_decode(object, descriptor_fields, JSON_IGNORE_UNKNOWN, arena, ret_descriptor,
			 err);
	if (rc == 0)
		rc = image_digest_check(ret_descriptor->digest, err);
	return rc;
}

static void blob_set(struct image_blob *blob, const struct descriptor *descriptor)
{
	*blob = (struct image_blob){.size = descriptor->size,
				    .media_type = descriptor->media_type
							  ? descriptor->media_type
							  : ""};
	(void)str_copy(blob->digest, sizeof(blob->digest), descriptor->digest);
}

static const char *tag_of(const struct descriptor *descriptor)
{
	return json_string_value(json_object_get(descriptor->annotations, ref_name));
}

static bool platform_fits(const struct descriptor *descriptor, const char *architecture)
{
	const char *os = json_string_value(json_object_get(descriptor->platform, "os"));
	const char *one = json_string_value(json_object_get(descriptor->platform, "architecture"));

	return (!os || str_eq(os, "linux")) && (!one || str_eq(one, architecture));
}

/* Go's names for what uname(2) says. */
static const char *machine(struct arena *arena)
{
	static const char *const names[][2] = {{"x86_64", "amd64"},   {"aarch64", "arm64"},
					       {"armv7l", "arm"},     {"i686", "386"},
					       {"ppc64le", "ppc64le"}, {"riscv64", "riscv64"}};
	struct utsname uts;

	if (uname(&uts) < 0)
		return "amd64";
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (str_eq(names[i][0], uts.machine))
			return names[i][1];
	return arena_strdup(arena, uts.machine);
}

static int strings_take(const char *what, const json_t *array, struct arena *arena,
			const char ***ret_strings, struct err *err)
{
	size_t count = json_array_size(array);
	const char **strings;

	if (array && !json_is_array(array) && !json_is_null(array))
		return err_set(err, ERR_USAGE, EINVAL, what, "must be an array of strings");
	if (count > SPEC_ARGS_MAX)
		return err_set(err, ERR_LIMIT, E2BIG, what, "more than %d", SPEC_ARGS_MAX);
	strings = arena_array(arena, count + 1, sizeof(*strings));
	for (size_t i = 0; i < count; i++) {
		const char *one = json_string_value(json_array_get(array, i));

		if (!one)
			return err_set(err, ERR_USAGE, EINVAL, what,
				       "must be an array of strings");
		strings[i] = arena_strdup(arena, one);
	}
	*ret_strings = strings;
	return 0;
}

static const char **joined(struct arena *arena, const char **first, const char **second)
{
	size_t a = count_of(first), b = count_of(second);
	const char **all = arena_array(arena, a + b + 1, sizeof(*all));

	if (a)
		memcpy(all, first, a * sizeof(*all));
	if (b)
		memcpy(all + a, second, b * sizeof(*all));
	return all;
}

static size_t count_of(const char **strings)
{
	size_t count = 0;

	while (strings[count])
		count++;
	return count;
}
