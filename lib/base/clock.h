/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock - time and randomness, the two things pure code may not read for itself. Floor F0. */
#ifndef MOAT_BASE_CLOCK_H
#define MOAT_BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_monotonic_ns(void);
uint64_t clock_realtime_ms(void);
/** random_id48() - 48 random bits from getrandom(2), never 0. */
uint64_t random_id48(void);
/** clock_boot_id() - the boot id as 36 characters and NUL. Return: 0 or -errno. */
int clock_boot_id(char dst[37]);

#endif
