/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz - what libFuzzer calls, and replay.c where there is no libFuzzer. */
#ifndef MOAT_TESTS_FUZZ_FUZZ_H
#define MOAT_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/** LLVMFuzzerTestOneInput() - run the decoder on one input. Return: 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold, in every kind of build. */
#define fuzz_check(condition)                                                                  \
	do {                                                                                   \
		if (!(condition))                                                              \
			abort();                                                               \
	} while (0)

#endif
