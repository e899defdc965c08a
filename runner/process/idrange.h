/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idrange - which 65536 host ids a container's users are. Floor F4. A registry
 * of folders: CONTAINERS/.ids/BASE-IN-HEX/CONTAINER-ID. mkdir(2) is the lock,
 * so any number of programs may ask at once, and no two containers share ids
 * unless one says so by idrange_share().
 */
#ifndef MOAT_RUNNER_PROCESS_IDRANGE_H
#define MOAT_RUNNER_PROCESS_IDRANGE_H

#include <stdint.h>

#include "lib/base/err.h"

enum {
	IDRANGE_SIZE = 65536,
	IDRANGE_FIRST =
		0x10000000, /* above login users and /etc/subuid's usual ranges, below 2^31 */
	IDRANGE_COUNT = 0x5000,
	IDRANGE_ID_SIZE = 13, /* of a container */
};

/**
 * idrange_alloc() - a range nobody has
 * @containers: descriptor of the folder of containers; @id: of the container, 12 hex digits
 * Where to begin looking follows from @id, so that a run needs one mkdir(2) however many there are.
 * Return: 0 and *ret_base; -ENOSPC (ERR_EXHAUSTED).
 */
int idrange_alloc(int containers, const char *id, uint32_t *ret_base, struct err *err);

/** idrange_share() - one more user of the range at @base, which must have one. Return: 0, -ENOENT. */
int idrange_share(int containers, const char *id, uint32_t base, struct err *err);

/** idrange_release() - @id uses it no more; free when nobody does. What is gone is success. */
int idrange_release(int containers, const char *id, uint32_t base, struct err *err);

/** idrange_forget() - @id uses none any more, whichever it was (its owner was lost before that was written down) */
void idrange_forget(int containers, const char *id);

/** idrange_sole() - the container that alone uses the range at @base; "" when there are several, or none */
void idrange_sole(int containers, uint32_t base, char ret_id[IDRANGE_ID_SIZE]);

#endif
