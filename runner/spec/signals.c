// SPDX-License-Identifier: GPL-2.0-or-later
/* signals - their names. Floor F4, pure. */
#include "runner/spec/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/str.h"

int signal_parse(const char *text, int *ret_number, struct err *err)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint64_t value;

	if (str_u64(text, (uint64_t)SIGRTMAX, &value) == 0 && value > 0) {
		*ret_number = (int)value;
		return 0;
	}
	for (int number = 1; number < SIGRTMIN; number++) {
		const char *known = sigabbrev_np(number);

		if (known && strcasecmp(known, name) == 0) {
			*ret_number = number;
			return 0;
		}
	}
	if (strcasecmp(name, "RTMIN") == 0 || strcasecmp(name, "RTMAX") == 0) {
		*ret_number = strcasecmp(name, "RTMIN") == 0 ? SIGRTMIN : SIGRTMAX;
		return 0;
	}
	if ((strncasecmp(name, "RTMIN+", 6) == 0 || strncasecmp(name, "RTMAX-", 6) == 0) &&
	    str_u64(name + 6, (uint64_t)(SIGRTMAX - SIGRTMIN), &value) == 0) {
		*ret_number = name[5] == '+' ? SIGRTMIN + (int)value : SIGRTMAX - (int)value;
		return 0;
	}
	return err_set(err, ERR_USAGE, EINVAL, text, "no such signal");
}

const char *signal_print(int number, char dst[24])
{
	const char *known = number > 0 ? sigabbrev_np(number) : NULL;

	if (known)
		snprintf(dst, 24, "%s", known);
	else
		snprintf(dst, 24, "%d", number);
	return dst;
}
