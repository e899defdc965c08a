// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ready - filters that were compiled when Moat was built: the default with and
 * without packet sockets, nfnetlink, modes of files. Lowest floor of F4, pure.
 * filters.inc is what generate.c writes; a unit test compares it with what
 * libseccomp makes of the table now.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "runner/filter/filter.h"

struct ready {
	uint32_t refused;
	unsigned short len;
	const struct sock_filter *filter;
};

#include "runner/filter/filters.inc" /* static const struct ready ready[] */

int filter_make(uint32_t refused, struct sock_fprog *program, struct err *err)
{
	if (refused == 0) {
		program->len = 0;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_COUNT(ready); i++)
		if (ready[i].refused == refused) {
			memcpy(program->filter, ready[i].filter, ready[i].len * sizeof(*program->filter));
			program->len = ready[i].len;
			return 0;
		}
	return filter_compile(refused, program, err);
}

bool filter_ready(unsigned int index, uint32_t *ret_refused)
{
	if (index >= ARRAY_COUNT(ready))
		return false;
	*ret_refused = ready[index].refused;
	return true;
}
