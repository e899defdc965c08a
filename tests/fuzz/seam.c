/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seam - fuzz target of the hand's door: seam_recv() on whatever an engine may write, op_valid() and
 * check_plan() on what it takes for a plan. What the check lets pass touches nothing of the host's own.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "netd/hand/check.h"
#include "tests/fuzz/fuzz.h"

enum { FUZZ_SIZE_MAX = 128 << 10 }; /* what a socket takes without a reader */

static bool known(void *ctx, uint64_t ns)
{
	(void)ctx;
	return (ns & 1) != 0;
}

static uint16_t reserved(void *ctx, uint8_t proto, uint16_t first, uint16_t last)
{
	(void)ctx;
	return proto == 6 && first <= 22 && 22 <= last ? 22 : 0;
}

static bool allowed(void *ctx, uint32_t uid, uint8_t proto, uint16_t first, uint16_t last)
{
	(void)ctx, (void)uid, (void)proto, (void)first;
	return !(last & 2);
}

static bool leads(void *ctx, const struct prefix *prefix)
{
	(void)ctx;
	return prefix->ip.b[1] & 1;
}

static bool proxied(void *ctx, const struct obj_proxy *proxy)
{
	(void)ctx;
	return proxy->ip.b[15] == 1;
}

static bool opens(void *ctx, uint8_t family, bool all)
{
	(void)ctx;
	return family == 4 || all;
}

static int busy(void *ctx, const struct obj_elem *elem, uint8_t family)
{
	(void)ctx;
	return elem->port == 8080 && family == 4;
}

/* Said here once more, in other words than in check.c. */
static void harmless(const struct op *op)
{
	const struct obj *obj = &op->obj;

	fuzz_check(op_valid(op));
	if (obj->ns != 0)
		return;
	fuzz_check(obj->kind != OBJ_NETNS && obj->kind != OBJ_FDB && obj->kind != OBJ_PORT && obj->kind != OBJ_QDISC &&
		   obj->kind != OBJ_REDIRECT);
	if (obj->kind == OBJ_LINK)
		fuzz_check(str_starts(obj->link.name, "mu") && obj->link.master[0] == '\0');
	if (obj->kind == OBJ_UP)
		fuzz_check(str_starts(obj->up.dev, "mu"));
	if (obj->kind == OBJ_ADDR)
		fuzz_check(str_starts(obj->addr.dev, "mu") && obj->addr.addr.len >= 16);
	if (obj->kind == OBJ_ROUTE)
		fuzz_check(str_starts(obj->route.dev, "mu") && obj->route.dst.len >= 16);
	if (obj->kind == OBJ_PROXY) /* nothing is routed here */
		fuzz_check(op->verb == OP_DEL && obj->proxy.ip.b[15] == 1);
	if (obj->kind == OBJ_RULESET)
		fuzz_check(obj->ruleset.kind == RULESET_HOST);
	if (obj->kind == OBJ_SYSCTL && obj->sysctl.key == SYSCTL_IPV4_ROUTE_LOCALNET)
		fuzz_check(str_starts(obj->sysctl.dev, "mu"));
	if (obj->kind == OBJ_ELEM && obj->elem.proto == 6 && op->verb != OP_DEL)
		fuzz_check(obj->elem.port != 22 && !(obj->elem.port < 22 && obj->elem.last >= 22));
}

static void plan(const struct seam_head *head, const struct buf *payload)
{
	static const struct settings settings;
	static const struct check_world world = {
		.settings = &settings, .known = known, .reserved = reserved, .allowed = allowed, .opens = opens, .leads = leads,
		.proxied = proxied,
		.busy = busy};
	const struct op *ops = (const void *)payload->data;
	struct seam_result result;

	fuzz_check(payload->size == (size_t)head->count * sizeof(*ops));
	if (check_plan(ops, head->count, head->commit, (uint32_t)head->arg, &world, &result) <
	    0) {
		fuzz_check(result.refused == 1 && result.status < 0 &&
			   result.index < head->count);
		fuzz_check(memchr(result.text, '\0', sizeof(result.text)) != NULL);
		return;
	}
	for (uint32_t i = 0; i < head->count; i++)
		harmless(&ops[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buf_fini) struct buf payload = BUF_INIT;
	struct seam_head head;
	int pair[2], fds[FDIO_FDS_MAX], r;
	size_t fd_count;

	if (size > FUZZ_SIZE_MAX ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	fuzz_check(fd_write_all(pair[0], data, size) == 0);
	close(pair[0]);
	while ((r = seam_recv(pair[1], 1, &head, &payload, fds, &fd_count)) == 0) {
		fuzz_check(fd_count == 0);
		fuzz_check(seam_head_check(&head, 1) == 0);
		fuzz_check(payload.size == (size_t)head.count * head.size);
		if (head.verb == SEAM_PLAN)
			plan(&head, &payload);
	}
	fuzz_check(r == -EPIPE || r == -EPROTO);
	close(pair[1]);
	return 0;
}
