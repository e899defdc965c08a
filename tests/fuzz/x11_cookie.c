/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x11_cookie - fuzz target of runner/x11: a file of cookies; and one found comes back from the file made of it. */
#include <string.h>

#include "lib/base/mem.h"
#include "runner/spec/x11.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(buf_fini) struct buf file = BUF_INIT;
	struct spec_x11 x11 = {.display = 7};
	const char *again;

	if (x11_cookie_find(data, size, x11.display, arena, &x11.cookie) == 0) {
		fuzz_check(x11_authority_make(&x11, &file) == 0);
		fuzz_check(x11_cookie_find(file.data, file.size, x11.display, arena, &again) == 0);
		fuzz_check(strcmp(again, x11.cookie) == 0);
	}
	return 0;
}
