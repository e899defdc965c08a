/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * obj_text - fuzz target of obj_parse() and plan_parse(). What they take is valid, and printed it is
 * the input again: there is one text for an object, and one for a plan.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/plan/plan.h"
#include "tests/fuzz/fuzz.h"

static void one_object(const char *line)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct obj obj;
	int r = obj_parse(line, &obj, &err);

	if (r < 0) {
		fuzz_check(r == -EINVAL && err.kind == ERR_USAGE && *err.msg);
		return;
	}
	fuzz_check(obj_valid(&obj));
	obj_print(&obj, &text);
	fuzz_check(strcmp(buf_cstr(&text), line) == 0);
}

static void whole_plan(const char *lines)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	cleanup(plan_fini) struct plan plan = {0};
	struct err err = ERR_INIT;
	int r = plan_parse(lines, &plan, &err);

	if (r < 0) {
		fuzz_check(r == -EINVAL && err.kind == ERR_USAGE && *err.msg);
		return;
	}
	for (size_t i = 0; i < plan.count; i++) {
		fuzz_check(op_valid(&plan.ops[i]));
		fuzz_check((plan.ops[i].verb == OP_DEL) == (i >= plan.commit));
	}
	plan_print(&plan, &text);
	fuzz_check(strcmp(buf_cstr(&text), lines) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(mem_freep) char *text = mem_alloc(size + 1);

	if (size)
		memcpy(text, data, size);
	one_object(text);
	whole_plan(text);
	return 0;
}
