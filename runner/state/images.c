// SPDX-License-Identifier: GPL-2.0-or-later
/* images - names of unpacked images, and who has them. Floor F4. */
#include "runner/state/images.h"

#include <errno.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/state/state.h"

enum { ALGORITHM_LEN = sizeof("sha256-") - 1 };

struct search {
	const char *runtime_dir, *digest;
	int (*each)(void *ctx, const char *name);
	void *ctx;
};

static const char *digits_of(const char *text);
static int look(void *ctx, const struct name *name);

bool images_is_name(const char *folder)
{
	size_t digits = str_starts(folder, "sha256-") ? 64 : str_starts(folder, "sha512-") ? 128 : 0;

	return digits && strspn(folder + ALGORITHM_LEN, "0123456789abcdef") == digits && !folder[ALGORITHM_LEN + digits];
}

bool images_is_digest(const char *text)
{
	const char *digits = digits_of(text);
	size_t count = strlen(digits);

	return count >= IMAGES_PREFIX_MIN && strspn(digits, "0123456789abcdef") == count;
}

bool images_match(const char *folder, const char *text)
{
	const char *digits = digits_of(text);

	if (digits != text && strncmp(folder, text, ALGORITHM_LEN - 1) != 0)
		return false;
	return images_is_digest(text) && str_starts(folder + ALGORITHM_LEN, digits);
}

char *images_digest(const char *folder)
{
	char *digest = mem_strdup(folder);

	digest[ALGORITHM_LEN - 1] = ':';
	return digest;
}

int images_users(const char *runtime_dir, const char *folder, int (*each)(void *ctx, const char *name),
		 void *ctx, struct err *err)
{
	cleanup(mem_freep) char *digest = images_digest(folder);
	struct search search = {.runtime_dir = runtime_dir, .digest = digest, .each = each, .ctx = ctx};

	return state_each(runtime_dir, look, &search, err);
}

/* ----------------------------------------------------------------- helpers */

/* Behind the algorithm, where it is named. */
static const char *digits_of(const char *text)
{
	bool named = str_starts(text, "sha256:") || str_starts(text, "sha512:") || str_starts(text, "sha256-") ||
		     str_starts(text, "sha512-");

	return named ? text + ALGORITHM_LEN : text;
}

static int look(void *ctx, const struct name *name)
{
	const struct search *search = ctx;
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL;
	struct state_dir dir = STATE_DIR_INIT;
	char text[NAME_FULL_SIZE];
	struct spec spec;
	int rc = state_dir_open(search->runtime_dir, name, &dir, NULL);

	if (rc == 0)
		rc = state_spec_load(&dir, arena, &doc, &spec, NULL);
	state_dir_fini(&dir);
	if (rc == -ENOENT || (rc == 0 && !str_eq(spec.image_digest, search->digest)))
		return 0;
	return search->each(search->ctx, name_print(name, text));
}
