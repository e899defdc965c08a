/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nftables: one batch is one transaction: a failing message in it undoes the others, and is named. */
#include "tests/platform/platform.h"

int main(void)
{
	struct obj ruleset = obj_ruleset(0, RULESET_GUARD, NFT_RULESET_VERSION),
		   elem = obj_elem(0, SET_GUARD_IP4);
	struct kern_features features = {0};
	struct nlbatch batch = {0};
	struct buf bytes = BUF_INIT;
	struct nlsock *sock;
	uint32_t index = 0;

	private_world();
	sock = open_sock(NLSOCK_NFT, -1, -1);
	elem.elem.ip = ip4_make(0x0a000001);
	nft_begin(&batch);
	HOLDS(nft_ruleset_add(&batch, &ruleset.ruleset, &features) == 0);
	nft_elem_add(&batch, &elem.elem);
	nft_elem_del(&batch, &elem.elem);
	nft_elem_del(&batch, &elem.elem); /* gone by now */
	nft_end(&batch);
	HOLDS(nft_exec(sock, &batch, &index, NULL) == -ENOENT);
	HOLDS(index == batch.count - 2);
	HOLDS(nft_dump(sock, &bytes, NULL) == 0 && bytes.size == 0);
	return 0;
}
