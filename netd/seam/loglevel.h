/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loglevel - the words of --log-level, the same for all three programs of the daemon. Floor F4. */
#ifndef MOAT_NETD_SEAM_LOGLEVEL_H
#define MOAT_NETD_SEAM_LOGLEVEL_H

#include <errno.h>

#include "lib/base/log.h"
#include "lib/base/str.h"

/** loglevel_parse() - Return: 0 or -EINVAL. */
static inline int loglevel_parse(const char *word, enum log_level *ret_level)
{
	if (str_eq(word, "error"))
		*ret_level = LOG_LEVEL_ERROR;
	else if (str_eq(word, "warn"))
		*ret_level = LOG_LEVEL_WARN;
	else if (str_eq(word, "info"))
		*ret_level = LOG_LEVEL_INFO;
	else if (str_eq(word, "debug"))
		*ret_level = LOG_LEVEL_DEBUG;
	else
		return -EINVAL;
	return 0;
}

#endif
