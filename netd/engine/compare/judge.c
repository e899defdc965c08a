/* SPDX-License-Identifier: GPL-2.0-or-later */
/* judge - what is left out of a comparison, and of a mending. Floor F4, pure. */
#include "netd/engine/compare/judge.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/ds.h"
#include "lib/base/mem.h"
#include "netd/engine/compare/owner.h"

static int link_end_cmp(const void *a, const void *b)
{
	const struct obj *x = a, *y = b;

	if (x->link.peer_ns != y->link.peer_ns)
		return x->link.peer_ns < y->link.peer_ns ? -1 : 1;
	return strcmp(x->link.peer_name, y->link.peer_name);
}

void judge_have(struct objv *want, struct objv *have)
{
	struct objv ends = { 0 };
	size_t kept = 0;

	objv_sort(want);
	for (size_t i = 0; i < want->count; i++)
		if (want->items[i].kind == OBJ_LINK && want->items[i].link.type == LINK_VETH)
			objv_add(&ends, &want->items[i]);
	if (ends.count)
		qsort(ends.items, ends.count, sizeof(*ends.items), link_end_cmp);
	for (size_t i = 0; i < have->count; i++) {
		const struct obj *obj = &have->items[i];
		bool wanted = objv_find(want, obj) != NULL;

		/* a stack nobody wants goes as a whole: what an attach cut off made */
		if (!wanted && owner_is_stack(obj->ns) && obj->kind != OBJ_NETNS)
			continue;
		if (!wanted && obj->kind == OBJ_LINK && ends.count) {
			struct obj key = { 0 };

			key.link.peer_ns = obj->ns;
			memcpy(key.link.peer_name, obj->link.name, sizeof(key.link.peer_name));
			if (bsearch(&key, ends.items, ends.count, sizeof(*ends.items), link_end_cmp))
				continue;
		}
		have->items[kept++] = *obj;
	}
	have->count = kept;
	objv_fini(&ends);
}

void judge_plan(struct plan *plan)
{
	struct table made = { 0 };
	size_t kept = 0, commit = plan->commit, key_count = 0;
	uint64_t *keys = mem_array(2 * plan->count + 1, sizeof(*keys));

	for (size_t i = 0; i < plan->count; i++) {
		const struct op *op = &plan->ops[i];

		if (op->verb != OP_ADD || (op->obj.kind != OBJ_LINK && op->obj.kind != OBJ_NETNS))
			continue;
		keys[key_count++] = op->obj.ns; /* of a wire both ends are in stacks */
		if (op->obj.kind == OBJ_LINK)
			keys[key_count++] = op->obj.link.peer_ns;
	}
	for (size_t i = 0; i < key_count; i++)
		(void)table_add(&made, &keys[i], sizeof(keys[i]), plan);
	for (size_t i = 0; i < plan->count; i++) {
		const struct op *op = &plan->ops[i];

		if (owner_is_stack(op->obj.ns) && op->obj.kind != OBJ_NETNS && op->obj.kind != OBJ_LINK &&
		    !table_find(&made, &op->obj.ns, sizeof(op->obj.ns)))
			plan->commit -= i < commit;
		else
			plan->ops[kept++] = *op;
	}
	plan->count = kept;
	table_fini(&made);
	free(keys);
}

bool judge_way(const struct plan *plan, size_t *at, struct plan *ret_one)
{
	while (*at < plan->commit) {
		const struct op *op = &plan->ops[(*at)++];

		if (op->verb != OP_SET || op->obj.kind != OBJ_ROUTE || !owner_is_stack(op->obj.ns))
			continue;
		*ret_one = (struct plan){ 0 };
		plan_add(ret_one, OP_SET, &op->obj);
		plan_order(ret_one);
		return true;
	}
	return false;
}
