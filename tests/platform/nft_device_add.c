/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices are added to a standing netdev chain that has none yet (>= 6.4), and the chain survives the last one's end.
 * Since 6.16 a device that ends leaves its name in the list, and another of that name is bound again: so ports are
 * removed from the list by us, always.
 */
#include "tests/platform/platform.h"

static int transaction(struct nlsock *sock, struct nlbatch *batch)
{
	int r;

	nft_end(batch);
	r = nft_exec(sock, batch, NULL, NULL);
	nlbatch_fini(batch);
	return r;
}

static bool port_is_listed(struct nlsock *sock, bool *ret_intact)
{
	struct buf bytes = BUF_INIT;
	struct objv objs = {0};
	bool listed = false;

	HOLDS(nft_dump(sock, &bytes, NULL) == 0);
	HOLDS(nft_decode(bytes.data, bytes.size, NS_ID(NS_ROUTER, 1), &objs, NULL) == 0);
	*ret_intact = false;
	for (size_t i = 0; i < objs.count; i++) {
		listed |= objs.items[i].kind == OBJ_PORT;
		*ret_intact |=
			objs.items[i].kind == OBJ_RULESET && objs.items[i].ruleset.digest == 1;
	}
	return listed;
}

int main(void)
{
	struct obj ruleset = obj_ruleset(0, RULESET_GUARD, NFT_RULESET_VERSION),
		   port = obj_port(0, "a");
	const struct kern_features features = {.netdev_device_add = true};
	struct nlbatch batch = {0};
	struct nlsock *nft, *rtnl;
	bool intact;

	private_world();
	nft = open_sock(NLSOCK_NFT, -1, -1);
	rtnl = open_sock(NLSOCK_RTNL, -1, -1);
	nft_begin(&batch);
	HOLDS(nft_ruleset_add(&batch, &ruleset.ruleset, &features) == 0);
	if (transaction(nft, &batch) < 0)
		lacks("no netdev chain without a device");
	HOLDS(make_veth(rtnl, "a", "b", -1) == 0);
	nft_begin(&batch);
	nft_port_add(&batch, &port.port, &features);
	if (transaction(nft, &batch) < 0)
		lacks("no device is added to a standing chain");
	HOLDS(port_is_listed(nft, &intact) && intact);
	nft_begin(&batch);
	nft_port_add(&batch, &port.port, &features);
	HOLDS(transaction(nft, &batch) == 0); /* twice is once */
	rtnl_link_del(&batch, "a");
	HOLDS(run_one(rtnl, &batch) == 0);
	printf("a device's end %s\n", port_is_listed(nft, &intact)
					      ? "leaves its name in the list"
					      : "takes it out of the list");
	if (!intact)
		lacks("the chain ends with its last device");
	return 0;
}
