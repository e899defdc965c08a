/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signals - their names as people and images write them. Floor F4, pure. */
#ifndef MOAT_RUNNER_SPEC_SIGNALS_H
#define MOAT_RUNNER_SPEC_SIGNALS_H

#include "lib/base/err.h"

/** signal_parse() - "TERM", "SIGTERM", "15", "RTMIN+3"; case does not matter. Return: 0; -EINVAL with the text. */
int signal_parse(const char *text, int *ret_number, struct err *err);

/** signal_print() - "TERM", or the number. @dst: room for 24 characters. Return: @dst. */
const char *signal_print(int number, char dst[24]);

#endif
