/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IPv6 address that was added, nodad, is the namespace's own some time later: addrconf_dad_work() (net/ipv6/addrconf.c) makes it
 * hear who searches for it, and then takes what comes to it, by a route to the address. A route like it that somebody else made is
 * enough, and ends by itself; the kernel's own comes all the same, before it. netd/hand/settle.c makes one.
 */
#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/fdio.h"
#include "tests/platform/platform.h"

enum { ADDRESSES = 50 };

static void early(struct nlsock *sock, uint32_t index)
{
	uint64_t until = clock_monotonic_ns() + 20000000000ULL;
	struct nlbatch batch = {0};
	struct prefix other;

	/* of an address that is nowhere */
	HOLDS(prefix_parse("fd00::ffff/64", &other) == 0);
	HOLDS(rtnl_local(sock, &other.ip, NULL) == 0);
	rtnl_addr_early(&batch, &other.ip, index, 1);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(rtnl_local(sock, &other.ip, NULL) == 1);
	while (rtnl_local(sock, &other.ip, NULL) == 1 && clock_monotonic_ns() < until)
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	HOLDS(rtnl_local(sock, &other.ip, NULL) == 0);
	/* of one that is there already: beside the kernel's */
	HOLDS(prefix_parse("fd00::1/64", &other) == 0);
	rtnl_addr_early(&batch, &other.ip, index, 1);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(rtnl_local(sock, &other.ip, NULL) == 1);
}

int main(void)
{
	int home = private_world(), late = 0;
	struct nlsock *sock = open_sock(NLSOCK_RTNL, home, home);
	struct obj obj = {.kind = OBJ_ADDR};
	uint32_t index;

	HOLDS(make_veth(sock, "va", "vb", home) == 0);
	HOLDS(system("ip link set va up && ip link set vb up") == 0);
	index = (uint32_t)nlsock_ifindex(sock, "va");
	strcpy(obj.addr.dev, "va");
	for (unsigned i = 1; i <= ADDRESSES; i++) {
		uint64_t until = clock_monotonic_ns() + 20000000000ULL;
		struct nlbatch batch = {0};
		struct buf groups = BUF_INIT;
		char text[64];
		int local;

		snprintf(text, sizeof(text), "fd00::%x/64", i);
		HOLDS(prefix_parse(text, &obj.addr.addr) == 0);
		rtnl_addr_add(&batch, &obj.addr, index);
		HOLDS(run_one(sock, &batch) == 0);
		local = rtnl_local(sock, &obj.addr.addr.ip, NULL);
		late += local == 0;
		while (local == 0 && clock_monotonic_ns() < until) {
			nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
			local = rtnl_local(sock, &obj.addr.addr.ip, NULL);
		}
		HOLDS(local == 1);
		HOLDS(file_read("/proc/thread-self/net/igmp6", 1 << 20, &groups) == 0);
		buf_add(&groups, "", 1);
		snprintf(text, sizeof(text), "ff0200000000000000000001ff%06x", i);
		HOLDS(strstr((char *)groups.data, text) != NULL);
		buf_fini(&groups);
	}
	early(sock, index);
	printf("%d of %d were late\n", late, ADDRESSES);
	return 0;
}
