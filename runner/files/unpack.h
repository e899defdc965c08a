/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unpack - an archive into a tree, by libarchive. Floor F4. The archive is
 * hostile: names are resolved by tree.h, so that nothing is made, changed or
 * linked to outside of the root; no device is made; counts and sizes have limits.
 */
#ifndef MOAT_RUNNER_FILES_UNPACK_H
#define MOAT_RUNNER_FILES_UNPACK_H

#include <archive.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

enum {
	UNPACK_ENTRIES_MAX = 4 << 20,
	UNPACK_PATH_MAX = 4095,
	UNPACK_ID_MAX = 65535,
};
#define UNPACK_SIZE_MAX (INT64_C(64) << 30) /* bytes of content */

/**
 * struct unpack - what is done with what comes
 * @root: descriptor of the tree's top; @base: folder below it that names are relative to, "" for the top
 * @top: where not NULL, the first part of every name is this instead ("." means: put it before)
 * @over_file: what @top names is no folder, and no folder may take its place; @only_folder: it may only be one
 * @whiteouts: ".wh.NAME" removes NAME, ".wh..wh..opq" what its folder had before (image-spec, layer.md)
 * @owners: owners as in the archive, which must be 0..65535; else whoever unpacks
 * @set_ids: set-user-ID and set-group-ID bits are kept
 * @entries, @size: so far, over several archives
 * @devices: left out
 */
struct unpack {
	int root;
	const char *base, *top;
	bool over_file, only_folder;
	bool whiteouts, owners, set_ids;
	uint64_t entries, devices;
	int64_t size;
};

/** unpack_format() - tar, plain or packed by gzip, zstd, bzip2, xz: all that we read */
void unpack_format(struct archive *archive);

/** unpack_archive() - all of it; @archive is open. Return: 0 or -errno with the entry's name. */
int unpack_archive(struct unpack *unpack, struct archive *archive, struct err *err);

#endif
