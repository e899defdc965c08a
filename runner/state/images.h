/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images - unpacked images, and which containers have them. Floor F4. They are
 * folders STATE_DIR/images/ALGORITHM-HEX (runner/files/fetch.c makes them); to
 * people they are called by their digest, ALGORITHM:HEX.
 */
#ifndef MOAT_RUNNER_STATE_IMAGES_H
#define MOAT_RUNNER_STATE_IMAGES_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { IMAGES_PREFIX_MIN = 4 }; /* digits of a digest that may stand for all */

/** images_is_name() - of a folder: "sha256-" or "sha512-" and its hexadecimal digits */
bool images_is_name(const char *folder);

/** images_is_digest() - can @text mean an image: a digest, or its first digits, IMAGES_PREFIX_MIN at least? */
bool images_is_digest(const char *text);

/** images_digest() - of a folder that images_is_name(): "sha256:" and its digits; the caller's, by free(3) */
char *images_digest(const char *folder);

/** images_match() - is @folder meant by @text: its digest or name, or the first digits of that */
bool images_match(const char *folder, const char *text);

/**
 * images_users() - the containers, running or not, that have an image
 * @each: gets their full names; its first answer that is not 0 ends it, and is returned
 * One whose specification cannot be read counts: nobody knows what it has.
 */
int images_users(const char *runtime_dir, const char *folder, int (*each)(void *ctx, const char *name),
		 void *ctx, struct err *err);

#endif
