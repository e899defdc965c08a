/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule that sets the segment size of a connection that begins lowers it and never raises it (nft_exthdr_tcp_set_eval()): so
 * the router's one rule `rt mtu` may meet every connection (lib/kern/nft_skeleton.h).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tests/platform/platform.h"

/* What the kernel of who is connected to takes for the other's segment size; @own: what the other asks for, 0: what it likes. */
static int segment(int own)
{
	struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(80)};
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1, accepted, found = 0;
	socklen_t size = sizeof(found);

	HOLDS(server >= 0 && client >= 0);
	HOLDS(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
	HOLDS(bind(server, (struct sockaddr *)&self, sizeof(self)) == 0 && listen(server, 1) == 0);
	HOLDS(own == 0 || setsockopt(client, IPPROTO_TCP, TCP_MAXSEG, &own, sizeof(own)) == 0);
	HOLDS(connect(client, (struct sockaddr *)&self, sizeof(self)) == 0);
	HOLDS((accepted = accept(server, NULL, NULL)) >= 0);
	HOLDS(getsockopt(accepted, IPPROTO_TCP, TCP_MAXSEG, &found, &size) == 0);
	close(accepted);
	close(client);
	close(server);
	return found;
}

int main(void)
{
	needs_tools("ip nft");
	private_world();
	HOLDS(shell("ip link set lo up && echo 0 >/proc/sys/net/ipv4/tcp_timestamps") == 0);
	HOLDS(segment(0) > 1460 && segment(800) == 800);
	HOLDS(shell("nft add table inet t && nft add chain inet t c '{ type filter hook output priority 0; }' &&"
		  "nft add rule inet t c tcp flags syn tcp option maxseg size set 1000") == 0);
	HOLDS(segment(0) == 1000 && segment(800) == 800);
	return 0;
}
