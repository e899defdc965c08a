/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * endpoint_check - io.moat.EndpointCheck: does the kernel still hold what one endpoint needs? Floor F4.
 *
 * As reconcile.c, desired against snapshot, but of one endpoint and what it hangs on (stack, network, router, host), so
 * what others have is no difference. Nothing is closed meanwhile: a change of that endpoint is waited for, and changes
 * of others do not touch these objects. Into a namespace that is not ours it looks by the descriptor that came along,
 * which the hand drops after the one dump; without one the inside is not judged.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "netd/engine/change.h"
#include "netd/engine/compare/owner.h"
#include "netd/engine/compare/snapshot.h"
#include "netd/engine/hand.h"
#include "netd/engine/methods/methods.h"

/**
 * struct look - one call on its way
 * @stack_ns: 0 where its inside is not looked at
 * @asked: namespaces whose dump has been asked for; @open: answers that are awaited
 */
struct look {
	struct call *call;
	const char *name;
	uint64_t stack_ns;
	struct objv have;
	size_t open;
	struct err failure;
};

struct dump_ctx {
	struct look *look;
	uint64_t ns;
};

/* The end inside bears the MAC address it was given; what else its owner does with the link is not judged. */
static struct obj inner_end(const struct endpoint *endpoint)
{
	return obj_veth(endpoint->stack->ns, endpoint->ifname, &endpoint->mac, 0, NULL, NULL, endpoint->mtu, NULL, NULL);
}

static void want_get(const struct engine *engine, const struct endpoint *endpoint, struct objv *want)
{
	struct obj inner = inner_end(endpoint);

	desired_stack(endpoint->stack, want);
	desired_endpoint(endpoint, want);
	if (endpoint->network) {
		desired_network(endpoint->network, want);
		desired_router(endpoint->stack->tenant, &engine->facts, want);
		desired_host(&engine->facts, want);
		objv_add(want, &inner);
	}
	objv_sort(want);
}

/* Sysctls inside of a stack are its owner's (plugins that come after ours set them, too). */
static bool is_judged(const struct look *look, const struct obj *obj)
{
	if (!owner_is_stack(obj->ns))
		return true;
	return look->stack_ns == obj->ns && obj->kind != OBJ_SYSCTL && obj->kind != OBJ_NETNS;
}

static char *text_of(const struct obj *obj)
{
	struct buf text = BUF_INIT;

	obj_print(obj, &text);
	while (text.size && text.data[text.size - 1] == '\n')
		text.data[--text.size] = '\0';
	return (char *)text.data;
}

static json_t *differences_get(const struct look *look, const struct objv *want)
{
	json_t *list = json_array();

	for (size_t i = 0; i < want->count; i++) {
		const struct obj *obj = &want->items[i], *have = objv_find(&look->have, obj);
		char *object cleanup(mem_freep) = NULL, *old cleanup(mem_freep) = NULL;
		char owner[NAME_FULL_SIZE];
		json_t *row;

		if (!is_judged(look, obj) || (have && obj_same(obj, have)))
			continue;
		object = text_of(obj);
		old = have ? text_of(have) : NULL;
		owner_print(&look->call->engine->model, obj, owner);
		row = json_pack("{s:s, s:s, s:s}", "what", have ? "differs" : "missing", "owner", owner, "object", object);
		json_object_set_new(row, "have", old ? json_string(old) : json_null());
		json_array_append_new(list, row);
	}
	return list;
}

static void look_free(struct look *look)
{
	objv_fini(&look->have);
	free(look);
}

static void look_end(struct look *look)
{
	struct endpoint *endpoint;
	struct objv want = { 0 };

	endpoint = look->failure.kind == ERR_NONE ? method_endpoint(look->call, look->name, &look->failure) : NULL;
	if (!endpoint) {
		call_fail(look->call, &look->failure);
		look_free(look);
		return;
	}
	want_get(look->call->engine, endpoint, &want);
	objv_sort(&look->have);
	call_reply(look->call, json_pack("{s:o}", "differences", differences_get(look, &want)));
	objv_fini(&want);
	look_free(look);
}

static void on_dump(void *ctx, struct hand_answer *answer)
{
	struct dump_ctx *dump = ctx;
	struct look *look = dump->look;
	struct obj self = obj_netns(dump->ns);
	int r = 0;

	if (answer->result.status == 0) {
		objv_add(&look->have, &self);
		r = snapshot_decode(answer->data, answer->size, dump->ns, &look->have, &look->failure);
	} else if (answer->result.status != -ENOENT) { /* gone: then it is missing */
		r = hand_result_err(&answer->result, look->name, "dump", &look->failure);
	}
	(void)r;
	free(dump);
	if (--look->open == 0)
		look_end(look);
}

static void ask(struct look *look, const struct objv *want, uint64_t ns)
{
	uint32_t parts = SEAM_LINKS | SEAM_ADDRS | SEAM_ROUTES | SEAM_NEIGHS | SEAM_SYSCTLS;
	struct dump_ctx *dump = mem_alloc(sizeof(*dump));
	struct objv sysctls = { 0 };

	parts |= owner_is_stack(ns) ? SEAM_RULES : SEAM_NFT;
	if (ns_class(ns) == NS_ROUTER)
		parts |= SEAM_FDB | SEAM_QDISCS;
	for (size_t i = 0; i < want->count; i++)
		if (want->items[i].kind == OBJ_SYSCTL && want->items[i].ns == ns && !owner_is_stack(ns))
			objv_add(&sysctls, &want->items[i]);
	dump->look = look;
	dump->ns = ns;
	look->open++;
	hand_dump(look->call->engine->hand, ns, parts, sysctls.items, sysctls.count, on_dump, dump);
	objv_fini(&sysctls);
}

/* Asked for one after the other, answered in that order: the last answer ends it. */
static void ask_all(struct look *look, const struct endpoint *endpoint)
{
	struct objv want = { 0 };

	want_get(look->call->engine, endpoint, &want);
	if (look->stack_ns)
		ask(look, &want, look->stack_ns);
	if (endpoint->network) {
		ask(look, &want, NS_HOST);
		ask(look, &want, NS_ID(NS_ROUTER, endpoint->stack->tenant->id));
	}
	objv_fini(&want);
	if (look->open == 0)
		look_end(look);
}

static void on_adopted(void *ctx, struct hand_answer *answer)
{
	struct look *look = ctx;
	struct endpoint *endpoint = NULL;

	if (hand_result_err(&answer->result, look->name, "looking into its namespace", &look->failure) == 0)
		endpoint = method_endpoint(look->call, look->name, &look->failure);
	if (endpoint) {
		ask_all(look, endpoint);
		return;
	}
	call_fail(look->call, &look->failure);
	look_free(look);
}

int method_endpoint_netns(struct call *call, const struct endpoint *endpoint, int64_t index, int *ret_fd, struct err *err)
{
	const struct stack *stack = endpoint->stack;
	struct stat st;

	*ret_fd = -1;
	if (index < 0)
		return 0;
	*ret_fd = call_fd(call, index);
	if (*ret_fd < 0 || fstat(*ret_fd, &st) < 0) {
		fd_close(*ret_fd);
		return err_set(err, ERR_USAGE, EBADF, stack->name, "no descriptor %lld came with the message",
			       (long long)index);
	}
	if (stack->kind == STACK_FOREIGN && st.st_dev == stack->netns[0] && st.st_ino == stack->netns[1])
		return 0;
	fd_close(*ret_fd);
	*ret_fd = -1;
	if (stack->kind != STACK_FOREIGN) /* which the hand has */
		return 0;
	return err_set(err, ERR_CONFLICT, ESTALE, stack->name, "it was attached in another namespace than this");
}

int method_endpoint_check(struct call *call, struct err *err)
{
	struct {
		const char *name;
		int64_t netns_fd;
	} params = { 0 };
	static const struct json_field fields[] = {
		{ "name", JSON_FIELD_STRING, 0, JSON_REQUIRED, 0, 0 },
		{ "netnsFd", JSON_FIELD_INT, sizeof(const char *), 0, 0, FDIO_FDS_MAX },
		{ 0 },
	};
	const struct endpoint *endpoint = NULL;
	struct look *look;
	int fd = -1, r = call_params(call, fields, &params, err);

	if (r == 0 && !json_object_get(call->request.parameters, "netnsFd"))
		params.netns_fd = -1;
	if (r == 0)
		endpoint = method_endpoint(call, params.name, err);
	if (r < 0 || !endpoint)
		return r < 0 ? r : -ENOENT;
	if (change_busy(endpoint->stack)) {
		call_wait(call);
		return 0;
	}
	r = method_endpoint_netns(call, endpoint, params.netns_fd, &fd, err);
	if (r < 0)
		return r;
	look = mem_alloc(sizeof(*look));
	look->call = call;
	look->name = params.name;
	look->stack_ns = endpoint->stack->kind != STACK_FOREIGN || fd >= 0 ? endpoint->stack->ns : 0;
	if (fd >= 0)
		hand_adopt(call->engine->hand, look->stack_ns, call->uid, false, fd, on_adopted, look);
	else
		ask_all(look, endpoint);
	return 0;
}
