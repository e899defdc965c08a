/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oci_section - fuzz target of runner/oci/section.h: a configuration whose linux.seccomp is put aside, and decoded by itself,
 * is taken exactly where the whole of it is, and is the same document then.
 */
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/oci/section.h"
#include "runner/oci/state.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	cleanup(buf_fini) struct buf whole_text = BUF_INIT;
	cleanup(json_freep) json_t *doc = NULL;
	cleanup(json_freep) json_t *whole = NULL;
	cleanup(json_freep) json_t *part = NULL;
	struct oci_section section;
	struct err err = ERR_INIT;
	bool takes, takes_whole;

	buf_add(&text, data, size);
	buf_add(&whole_text, data, size);
	takes = oci_section_parse(&text, &section, &doc, &err) == 0;
	fuzz_check(takes || (section.size == 0 && *err.msg));
	if (takes && section.size) {
		json_t *linux_part = json_object_get(doc, "linux");

		fuzz_check(section.text[0] == '{' && memcmp(text.data, data, size) == 0);
		fuzz_check(json_is_null(json_object_get(linux_part, "seccomp")));
		fuzz_check(!memmem(section.text, section.size, "listenerPath", strlen("listenerPath")));
		takes = oci_section_decode(&section, &part, &err) == 0;
		fuzz_check(!takes || json_is_object(part));
		if (takes)
			json_object_set(linux_part, "seccomp", part);
	}
	takes_whole = oci_json_parse(&whole_text, &whole, &err) == 0;
	fuzz_check(takes == takes_whole);
	fuzz_check(!takes || json_equal(doc, whole));
	return 0;
}
