/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nftables' ingress hook forwards to an ifb comes back on the device that it came in by, and meets no ingress hook there
 * again: else it would go round for ever. So a guard must stand before the redirection, which tc's own could not have.
 * An ifb may be made with a number of our choice.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/platform/platform.h"

enum { INDEX = 1 << 30, PORT = 4711, WAIT_MS = 10000, STEP_MS = 50 };

static void set_up(struct nlsock *sock, const char *name, const char *address)
{
	struct nlbatch batch = {0};
	struct prefix prefix;
	struct obj obj;
	int index = nlsock_ifindex(sock, name);

	HOLDS(index > 0);
	HOLDS(!address || prefix_parse(address, &prefix) == 0);
	if (address) {
		obj = obj_addr(0, name, &prefix);
		rtnl_addr_add(&batch, &obj.addr, (uint32_t)index);
	}
	rtnl_link_up(&batch, name, true);
	HOLDS(run_one(sock, &batch) == 0);
}

static void make_ifb(struct nlsock *sock)
{
	struct obj ifb = obj_ifb(0, "ifb7", INDEX, "");
	struct nlbatch batch = {0};
	int r;

	rtnl_ifb_add(&batch, &ifb.link);
	r = run_one(sock, &batch);
	if (r == -EOPNOTSUPP)
		lacks("this kernel has no ifb devices");
	HOLDS(r == 0);
	HOLDS(nlsock_ifindex(sock, "ifb7") == INDEX);
}

static void redirect(struct nlsock *nft)
{
	struct obj ruleset = obj_ruleset(1, RULESET_GUARD, NFT_RULESET_VERSION), to = obj_redirect(1, "p0", INDEX);
	struct kern_features features = {0};
	struct nlbatch batch = {0};
	struct err err = ERR_INIT;

	nft_begin(&batch);
	HOLDS(nft_ruleset_add(&batch, &ruleset.ruleset, &features) == 0);
	nft_redirect_add(&batch, &to.redirect);
	nft_end(&batch);
	if (nft_exec(nft, &batch, NULL, &err) < 0) {
		if (err.no == ENOENT)
			lacks("this kernel has no fwd of nftables");
		printf("%s\n", err.msg);
		exit(1);
	}
	nlbatch_fini(&batch);
}

int main(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int home = private_world(), fd, receiver, sender;
	struct nlsock *sock, *far;
	char text[8];

	HOLDS(netns_create(home, &fd, NULL) == 0);
	sock = open_sock(NLSOCK_RTNL, -1, -1);
	far = open_sock(NLSOCK_RTNL, fd, home);
	HOLDS(make_veth(sock, "p0", "x0", fd) == 0);
	make_ifb(sock);
	set_up(sock, "ifb7", NULL);
	set_up(sock, "p0", "10.0.0.1/24");
	set_up(far, "x0", "10.0.0.2/24");
	redirect(open_sock(NLSOCK_NFT, -1, -1));

	receiver = socket(AF_INET, SOCK_DGRAM, 0);
	HOLDS(bind(receiver, (struct sockaddr *)&address, sizeof(address)) == 0);
	HOLDS(netns_enter(fd, NULL) == 0);
	sender = socket(AF_INET, SOCK_DGRAM, 0);
	netns_leave(home);
	HOLDS(inet_pton(AF_INET, "10.0.0.1", &address.sin_addr) == 1);
	for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
		struct pollfd ready = {.fd = receiver, .events = POLLIN};

		(void)sendto(sender, "way", 3, 0, (struct sockaddr *)&address, sizeof(address));
		if (poll(&ready, 1, STEP_MS) == 1) {
			HOLDS(recv(receiver, text, sizeof(text), 0) == 3);
			return 0;
		}
	}
	return 1; /* the datagram did not come back */
}
