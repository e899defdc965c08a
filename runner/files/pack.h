/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pack - a file or folder as an archive, by libarchive. Floor F4. Links are told as links, never followed. */
#ifndef MOAT_RUNNER_FILES_PACK_H
#define MOAT_RUNNER_FILES_PACK_H

#include <archive.h>

#include "lib/base/err.h"

/**
 * pack_tree() - @name in @folder, with all below, as @top and "@top/..." in the archive
 * Files, folders and symbolic links; sockets, FIFOs and devices are left out. Owners are not told.
 */
int pack_tree(struct archive *archive, int folder, const char *name, const char *top,
	      struct err *err);

#endif
