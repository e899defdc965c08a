/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * files - what moat-files does for `moat`: images to folders, files in and out
 * of containers. Floor F4. A program of its own, since libarchive with all that
 * packs and unpacks is two dozen mappings that no other command needs.
 */
#ifndef MOAT_RUNNER_FILES_FILES_H
#define MOAT_RUNNER_FILES_FILES_H

#include "lib/base/err.h"

/**
 * files_image() - an image of a layout, verified and unpacked below STATE_DIR/images, unless it is there already
 * @tag: NULL: the only one, or "latest"
 * @ret_digest: IMAGE_DIGEST_SIZE bytes: its manifest's; STATE_DIR/images/DIGEST has rootfs/ and config.json
 */
int files_image(const char *state_dir, const char *layout, const char *tag, char *ret_digest,
		struct err *err);

/** files_image_find() - the digest of one, verified down to its manifest; nothing is unpacked */
int files_image_find(const char *layout, const char *tag, char *ret_digest, struct err *err);

/**
 * files_image_remove() - an unpacked image, unless a container has it (-EBUSY); what is gone is success
 * @name: of its folder
 */
int files_image_remove(const char *state_dir, const char *runtime_dir, const char *name, struct err *err);

/** files_copy() - `moat cp`: one of @from, @to is NAME:PATH; "-" is an archive on our standard streams */
int files_copy(const char *runtime_dir, const char *from, const char *to, struct err *err);

#endif
