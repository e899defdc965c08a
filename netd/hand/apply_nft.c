/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply_nft - groups of operations in nftables, which is a transaction: all of a group or nothing; see apply.h. Floor F4. */
#include <errno.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/kern/nft.h"
#include "netd/hand/apply_part.h"

enum {
	NFT_GROUP_MAX = 1024, /* operations in one transaction */
	/*
	 * Of one that lays a ruleset anew: its elements and ports go with it, or packets would meet a ruleset that lets
	 * everything pass or nothing. An operation takes some 150 bytes of the 64 MB that a socket sends at once.
	 */
	NFT_RULESET_MAX = SEAM_OPS_MAX,
};

static int encode_nft(struct apply *apply, struct nlbatch *batch, const struct op *op)
{
	const struct kern_features *features = &apply->reg->features;
	const struct obj *obj = &op->obj;
	bool del = op->verb == OP_DEL;

	switch ((enum obj_kind)obj->kind) {
	case OBJ_RULESET:
		if (!del)
			return nft_ruleset_add(batch, &obj->ruleset, features);
		nft_ruleset_del(batch, (enum ruleset_kind)obj->ruleset.kind);
		break;
	case OBJ_ELEM:
		(del                  ? nft_elem_del
		 : op->verb == OP_SET ? nft_elem_set
				      : nft_elem_add)(batch, &obj->elem);
		break;
	case OBJ_PORT:
		(del ? nft_port_del : nft_port_add)(batch, &obj->port, features);
		break;
	case OBJ_REDIRECT:
		(del                  ? nft_redirect_del
		 : op->verb == OP_SET ? nft_redirect_set
				      : nft_redirect_add)(batch, &obj->redirect);
		break;
	case OBJ_QDISC:
	case OBJ_NONE:
	case OBJ_NETNS:
	case OBJ_LINK:
	case OBJ_SYSCTL:
	case OBJ_ADDR:
	case OBJ_UP:
	case OBJ_ROUTE:
	case OBJ_RULE:
	case OBJ_NEIGH:
	case OBJ_PROXY:
	case OBJ_FDB:
	case OBJ_KIND_COUNT:
		break;
	}
	return 0;
}

/* One transaction: all or nothing. Return: index of the op that failed, @count when none did. */
static size_t nft_transaction(struct apply *apply, struct nlsock *sock, const struct op *ops,
			      size_t count, struct outcome *out)
{
	cleanup(mem_freep) uint32_t *first = mem_array(count, sizeof(*first));
	struct nlbatch batch = {0};
	struct err err = ERR_INIT;
	uint32_t index = 0;
	size_t bad = count;
	bool lost = false; /* no answer came: it may stand or not */
	int r = 0;

	nft_begin(&batch);
	for (size_t i = 0; r == 0 && i < count; i++) {
		first[i] = batch.count;
		r = encode_nft(apply, &batch, &ops[i]);
		if (r < 0) {
			outcome_fail(&out[i], r,
			     "this ruleset, or this version of it, is not known here");
			bad = i;
		}
	}
	nft_end(&batch);
	if (r == 0 && nft_exec(sock, &batch, &index, &err) < 0) {
		for (bad = count - 1; bad > 0 && first[bad] > index; bad--)
			;
		lost = err.no == EIO;
		outcome_fail_err(&out[bad], &err);
		outcome_fail_shaping(&out[bad], &ops[bad]);
	}
	nlbatch_fini(&batch);
	for (size_t i = 0; i < count; i++) {
		out[i].touched = bad == count || lost;
		if (bad != count && i != bad)
			out[i].status = -ECANCELED;
	}
	return bad;
}

/* What packets have left of ports that are bound no more. It is nobody's object: a failure costs their memory, no more. */
static void ports_forget(struct nlsock *sock, const struct op *ops, size_t count)
{
	struct nlbatch batch = {0};
	size_t ports = 0;

	nft_begin(&batch);
	for (size_t i = 0; i < count; i++) {
		if (ops[i].verb == OP_DEL && ops[i].obj.kind == OBJ_PORT) {
			nft_port_forget(&batch, &ops[i].obj.port);
			ports++;
		}
	}
	nft_end(&batch);
	if (ports > 0 && nft_exec(sock, &batch, NULL, NULL) < 0)
		log_debug("what packets left of %zu ports stays until their router goes", ports);
	nlbatch_fini(&batch);
}

size_t apply_nft_group(struct apply *apply, struct ns_entry *entry, const struct op *ops,
			size_t count, bool go_on, struct outcome *out)
{
	struct err err = ERR_INIT;
	struct nlsock *sock;

	if (registry_nft(apply->reg, entry, &sock, &err) < 0) {
		outcome_fail_err(&out[0], &err);
		return 1;
	}
	for (size_t from = 0, n; from < count; from += n) {
		size_t max = ops[from].obj.kind == OBJ_RULESET ? NFT_RULESET_MAX : NFT_GROUP_MAX;

		n = count - from < max ? count - from : max;
		if (nft_transaction(apply, sock, ops + from, n, out + from) != n) {
			if (!go_on)
				return from + n;
			/* One that is gone already must not keep the others: each by itself. */
			for (size_t i = from; i < from + n; i++) {
				out[i] = (struct outcome){0};
				nft_transaction(apply, sock, ops + i, 1, out + i);
			}
		}
		ports_forget(sock, ops + from, n);
	}
	return count;
}
