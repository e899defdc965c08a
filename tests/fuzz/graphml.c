/* SPDX-License-Identifier: GPL-2.0-or-later */
/* graphml - fuzz target of runner/cli/lab/graphml, and of addresses and routes behind it. */
#include "tests/fuzz/lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lab_try("fuzz.graphml", data, size, false);
	return 0;
}
