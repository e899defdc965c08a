/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clab_yaml - fuzz target of containerlab's YAML: runner/cli/lab/clab with envsubst and yaml, and
 * routes behind it. What is taken as it stands is taken with --bare, too.
 */
#include "tests/fuzz/lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool strict = lab_try("fuzz.yml", data, size, false);
	bool bare = lab_try("fuzz.yml", data, size, true);

	fuzz_check(bare || !strict);
	return 0;
}
