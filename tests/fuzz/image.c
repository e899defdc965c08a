/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target of the documents of an image layout: one input is read as an index, as a manifest and as a configuration.
 * Whatever passes must name blobs that cannot lead elsewhere, and be fit for a specification that survives its own JSON.
 */
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "runner/spec/image.h"
#include "tests/fuzz/fuzz.h"

static void blob_check(const struct image_blob *blob)
{
	struct err err = ERR_INIT;

	fuzz_check(image_digest_check(blob->digest, &err) == 0);
	fuzz_check(strlen(blob->digest) < IMAGE_DIGEST_SIZE && !strpbrk(blob->digest, "/."));
	fuzz_check(blob->size >= 0 && blob->media_type);
}

static void config_check(const struct image_config *config, struct arena *arena)
{
	static const char *none[] = {NULL};
	struct spec spec = {.name = {.tenant = "default", .name = "x"},
			    .id = "0123456789ab",
			    .args = none,
			    .env = none,
			    .publish = none,
			    .tmpfs = none,
			    .hostname = "x",
			    .stop_signal = 15};
	struct err err = ERR_INIT;

	if (image_apply(config, &spec, arena, &err) < 0) {
		fuzz_check(err.kind != ERR_NONE);
		return;
	}
	fuzz_check(spec.args[0] && spec.stop_signal >= 1 && spec.stop_signal <= 64);
	if (!spec.workdir)
		spec.workdir = "/";
	if (spec_check(&spec, &err) < 0)
		return;
	cleanup(json_freep) json_t *doc = spec_encode(&spec), *again = NULL;
	struct spec back;

	/* Strings of JSON tables are bounded, and may be refused; what is accepted is the same. */
	if (spec_decode(doc, arena, &back, &err) < 0)
		return;
	again = spec_encode(&back);
	fuzz_check(json_equal(doc, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	static const char *const tags[] = {NULL, "latest", "a"};
	struct image_manifest manifest;
	struct image_config config;
	struct image_blob blob;
	struct err err = ERR_INIT;

	if (json_parse((const char *)data, size, 0, &doc, &err) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_COUNT(tags); i++)
		if (image_index_find(doc, tags[i], "amd64", arena, &blob, &err) == 0)
			blob_check(&blob);
	if (image_manifest_decode(doc, arena, &manifest, &err) == 0) {
		blob_check(&manifest.config);
		fuzz_check(manifest.layer_count <= IMAGE_LAYERS_MAX);
		for (size_t i = 0; i < manifest.layer_count; i++)
			blob_check(&manifest.layers[i]);
	}
	if (image_config_decode(doc, arena, &config, &err) == 0)
		config_check(&config, arena);
	return 0;
}
