/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text - a plan as lines, and back. Floor F3, pure. "+" adds, "~" sets, "-"
 * removes, "-!" removes a link or namespace without leaving it for later.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/plan/plan.h"

static const char commit_line[] = "commit";

static bool usually_slow(const struct obj *obj)
{
	return obj->kind == OBJ_LINK || obj->kind == OBJ_NETNS;
}

static const char *verb_text(const struct op *op)
{
	switch ((enum op_verb)op->verb) {
	case OP_ADD:
		return "+ ";
	case OP_SET:
		return "~ ";
	case OP_DEL:
		return !op->slow && usually_slow(&op->obj) ? "-! " : "- ";
	case OP_NONE:
	case OP_VERB_COUNT:
		break;
	}
	return "? ";
}

void op_print(const struct op *op, struct buf *text)
{
	buf_str(text, verb_text(op));
	obj_print(&op->obj, text);
}

void plan_print(const struct plan *plan, struct buf *text)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (i == plan->commit)
			buf_printf(text, "%s\n", commit_line);
		op_print(&plan->ops[i], text);
		buf_str(text, "\n");
	}
	if (plan->count && plan->commit == plan->count)
		buf_printf(text, "%s\n", commit_line);
}

static int op_parse(const char *line, struct op *ret_op, struct err *err)
{
	struct op op;
	size_t skip;
	int r;

	memset(&op, 0, sizeof(op));
	if (str_starts(line, "+ "))
		op.verb = OP_ADD;
	else if (str_starts(line, "~ "))
		op.verb = OP_SET;
	else if (str_starts(line, "- ") || str_starts(line, "-! "))
		op.verb = OP_DEL;
	else
		return err_set(err, ERR_USAGE, EINVAL, NULL, "neither +, ~, - nor -!");
	skip = line[1] == '!' ? 3 : 2;
	r = obj_parse(line + skip, &op.obj, err);
	if (r < 0)
		return r;
	op.slow = op.verb == OP_DEL && skip == 2 && usually_slow(&op.obj);
	if ((skip == 3 && !usually_slow(&op.obj)) || !op_valid(&op))
		return err_set(err, ERR_USAGE, EINVAL, NULL, "not something to do with a %s",
			       obj_kind_name((enum obj_kind)op.obj.kind));
	*ret_op = op;
	return 0;
}

/* One line; @committed tells whether the commit line came already. */
static int line_parse(struct plan *plan, const char *line, bool *committed, struct err *err)
{
	bool keep_slow;
	struct op op;
	int r;

	if (str_eq(line, commit_line) && !*committed) {
		*committed = true;
		return 0;
	}
	r = op_parse(line, &op, err);
	if (r < 0)
		return r;
	if ((op.verb == OP_DEL) != *committed)
		return err_set(err, ERR_USAGE, EINVAL, NULL,
			       "on the wrong side of the commit line");
	keep_slow = op.slow;
	plan_add(plan, (enum op_verb)op.verb, &op.obj);
	plan->ops[plan->count - 1].slow = keep_slow;
	return 0;
}

int plan_parse(const char *text, struct plan *ret_plan, struct err *err)
{
	cleanup(plan_fini) struct plan plan = {0};
	bool committed = false;
	size_t number = 1;
	int r = 0;

	for (const char *at = text; *at; number++) {
		size_t len = strcspn(at, "\n");
		cleanup(mem_freep) char *line = mem_strndup(at, len);

		if (at[len] != '\n')
			r = err_set(err, ERR_USAGE, EINVAL, NULL, "the line does not end");
		else
			r = line_parse(&plan, line, &committed, err);
		if (r < 0) {
			err_wrap(err, "line %zu", number);
			return r;
		}
		at += len + 1;
	}
	if (committed != (plan.count > 0))
		return err_set(err, ERR_USAGE, EINVAL, NULL, "%s",
			       plan.count ? "no commit line" : "nothing to commit");
	*ret_plan = plan;
	plan = (struct plan){0};
	return 0;
}
