/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bridge takes 1,023 ports and not one more (BR_MAX_PORTS, net/bridge/br_private.h): NETWORK_PORTS_MAX of lib/model/model.h. */
#include "lib/model/model.h"
#include "tests/platform/platform.h"

int main(void)
{
	struct obj obj = obj_bridge(0, "bridge", &(struct mac){0}, 1500, "");
	struct nlbatch batch = {0};
	struct nlsock *sock;
	uint32_t index;

	private_world();
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	rtnl_bridge_add(&batch, &obj.link);
	HOLDS(run_one(sock, &batch) == 0);
	index = (uint32_t)nlsock_ifindex(sock, "bridge");
	for (int i = 0; i <= NETWORK_PORTS_MAX; i++) {
		struct nlack acks[2] = {0};
		char name[16], peer[16];

		snprintf(name, sizeof(name), "p%d", i);
		snprintf(peer, sizeof(peer), "q%d", i);
		obj = veth(name, peer);
		rtnl_veth_add(&batch, &obj.link, index, -1);
		HOLDS(batch.count <= ARRAY_COUNT(acks) && nlsock_exec(sock, &batch, acks) >= 0);
		HOLDS(acks[0].status == (i < NETWORK_PORTS_MAX ? 0 : -EXFULL));
		nlbatch_fini(&batch);
	}
	return 0;
}
