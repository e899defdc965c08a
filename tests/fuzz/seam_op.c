/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seam_op - fuzz target of op_valid() and obj_valid(), the hand's decoders of hostile records, on raw
 * bytes. What they take goes through text and back unchanged, names no path outside its folder, and a
 * fake kernel can be asked to do it; what they refuse can still be printed for the log.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/plan/fake.h"
#include "tests/fuzz/fuzz.h"

static void prints_plainly(const struct op *op)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;

	op_print(op, &text);
	for (size_t i = 0; i < text.size; i++)
		fuzz_check(text.data[i] >= ' ' && text.data[i] <= '~');
}

static void comes_back(const struct op *op)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;
	cleanup(plan_fini) struct plan plan = {0};
	cleanup(plan_fini) struct plan parsed = {0};

	plan_add(&plan, (enum op_verb)op->verb, &op->obj);
	plan.ops[0].slow = op->slow;
	fuzz_check(memcmp(&plan.ops[0], op, sizeof(*op)) == 0);
	plan_print(&plan, &text);
	fuzz_check(plan_parse(buf_cstr(&text), &parsed, NULL) == 0);
	fuzz_check(parsed.count == 1 && parsed.commit == plan.commit);
	fuzz_check(memcmp(&parsed.ops[0], op, sizeof(*op)) == 0);
}

static void path_stays_inside(const struct obj *obj)
{
	char path[96];

	if (obj->kind != OBJ_SYSCTL)
		return;
	fuzz_check(obj_sysctl_path(&obj->sysctl, path, sizeof(path)) == 0);
	fuzz_check(str_starts(path, "net/") && !strstr(path, "/../") && !strstr(path, "//"));
}

static void one(struct fake *kernel, const struct op *op)
{
	struct op undo;
	bool valid = op_valid(op);

	prints_plainly(op);
	fuzz_check(!valid || obj_valid(&op->obj));
	fuzz_check((fake_apply_op(kernel, op, NULL) != -EINVAL) || !valid);
	if (!valid)
		return;
	comes_back(op);
	path_stays_inside(&op->obj);
	fuzz_check(obj_key_cmp(&op->obj, &op->obj) == 0 && obj_same(&op->obj, &op->obj));
	fuzz_check(!obj_implies(&op->obj, &op->obj));
	if (op_undo(op, NULL, &undo))
		fuzz_check(op_valid(&undo));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(fake_fini) struct fake kernel = {0};
	struct op op;

	for (; size >= sizeof(op); data += sizeof(op), size -= sizeof(op)) {
		memcpy(&op, data, sizeof(op));
		one(&kernel, &op);
	}
	return 0;
}
