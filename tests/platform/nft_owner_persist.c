/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NFT_TABLE_F_OWNER | NFT_TABLE_F_PERSIST (>= 6.9): the table outlives its socket, and the next one takes it over. */
#include "tests/platform/platform.h"

static int adopt(struct nlsock *sock, const struct kern_features *features)
{
	struct nlbatch batch = {0};
	int r;

	nft_begin(&batch);
	nft_ruleset_adopt(&batch, RULESET_ROUTER, features);
	nft_end(&batch);
	r = nft_exec(sock, &batch, NULL, NULL);
	nlbatch_fini(&batch);
	return r;
}

int main(void)
{
	const struct kern_features features = {.nft_owner_persist = true};
	struct obj ruleset = obj_ruleset(0, RULESET_ROUTER, NFT_RULESET_VERSION);
	struct nlbatch batch = {0};
	struct nlsock *first, *second, *third;
	int r;

	private_world();
	first = open_sock(NLSOCK_NFT, -1, -1);
	HOLDS(adopt(first, &features) == -ENOENT);
	nft_begin(&batch);
	HOLDS(nft_ruleset_add(&batch, &ruleset.ruleset, &features) == 0);
	nft_end(&batch);
	r = nft_exec(first, &batch, NULL, NULL);
	nlbatch_fini(&batch);
	if (r == -EOPNOTSUPP)
		lacks("no NFT_TABLE_F_PERSIST");
	HOLDS(r == 0);
	second = open_sock(NLSOCK_NFT, -1, -1);
	HOLDS(adopt(second, &features) == -EPERM);
	nlsock_close(first);
	HOLDS(adopt(second, &features) == 0);
	HOLDS(adopt(second, &features) == 0);
	third = open_sock(NLSOCK_NFT, -1, -1);
	HOLDS(adopt(third, &features) == -EPERM);
	return 0;
}
