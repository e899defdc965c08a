/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An nftables dump, elements included, is refused without CAP_NET_ADMIN: so the hand dumps and the engine decodes. */
#include "lib/kern/caps.h"
#include "tests/platform/platform.h"

int main(void)
{
	struct obj ruleset = obj_ruleset(0, RULESET_GUARD, NFT_RULESET_VERSION);
	struct kern_features features = {0};
	struct nlbatch batch = {0};
	struct buf bytes = BUF_INIT;
	struct nlsock *before, *after;

	private_world();
	before = open_sock(NLSOCK_NFT, -1, -1);
	nft_begin(&batch);
	HOLDS(nft_ruleset_add(&batch, &ruleset.ruleset, &features) == 0);
	nft_end(&batch);
	if (nft_exec(before, &batch, NULL, NULL) < 0)
		lacks("no nftables");
	HOLDS(nft_dump(before, &bytes, NULL) == 0 && bytes.size > 1000);
	buf_clear(&bytes);
	HOLDS(caps_reduce(NULL, 0, NULL) == 0);
	after = open_sock(NLSOCK_NFT, -1, -1);
	HOLDS(nft_dump(after, &bytes, NULL) == -EPERM);
	/* nor through a socket from the days of power, should one be passed on */
	HOLDS(nft_dump(before, &bytes, NULL) == -EPERM);
	return 0;
}
