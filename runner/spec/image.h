/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image - OCI image layouts as values: index, manifest, configuration (image-spec 1.1), and what a configuration means
 * for a specification. Floor F4, pure: JSON in, structs out; all of it is input from outside. Blobs are read, verified and
 * unpacked by runner/files.
 */
#ifndef MOAT_RUNNER_SPEC_IMAGE_H
#define MOAT_RUNNER_SPEC_IMAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "runner/spec/spec.h"

enum {
	IMAGE_LAYERS_MAX = 256,
	IMAGE_MANIFESTS_MAX = 4096,
	IMAGE_DIGEST_SIZE = 7 + 128 + 1, /* "sha512:" and its hex digits */
};

/** struct image_blob - a descriptor. @size: bytes, exactly */
struct image_blob {
	char digest[IMAGE_DIGEST_SIZE];
	const char *media_type;
	int64_t size;
};

/** struct image_manifest - @layers: lowest first */
struct image_manifest {
	struct image_blob config;
	struct image_blob *layers;
	size_t layer_count;
};

/** struct image_config - of what a container of it shall be; vectors end with NULL, strings may be NULL; all in the arena */
struct image_config {
	const char **entrypoint, **command, **env, **ports;
	const char *user, *workdir, *stop_signal;
};

/** image_name_split() - "LAYOUT[:TAG]", "oci:" before it is left out; a folder of the whole name has no tag */
void image_name_split(const char *text, struct arena *arena, const char **ret_layout,
		      const char **ret_tag);

/** image_digest_check() - sha256 or sha512 in lower case hex, so that it may be a path */
int image_digest_check(const char *digest, struct err *err);

/**
 * image_index_find() - the manifest of @tag
 * @tag: as in its annotation org.opencontainers.image.ref.name; NULL: the only one, or that of tag "latest"
 * @architecture: in Go's words ("amd64"): which one where there are several, or NULL for this machine's
 * Return: 0; -ENOENT with the tags there are. *ret_blob's media_type tells whether it is an index again.
 */
int image_index_find(const json_t *doc, const char *tag, const char *architecture,
		     struct arena *arena, struct image_blob *ret_blob, struct err *err);
bool image_is_index(const struct image_blob *blob);

int image_manifest_decode(const json_t *doc, struct arena *arena,
			  struct image_manifest *ret_manifest, struct err *err);
int image_config_decode(const json_t *doc, struct arena *arena, struct image_config *ret_config,
			struct err *err);

/**
 * image_apply() - where the user has not said otherwise: Entrypoint before the command, Cmd where there is none, Env
 * below his, User, WorkingDir, StopSignal
 */
int image_apply(const struct image_config *config, struct spec *spec, struct arena *arena,
		struct err *err);

#endif
