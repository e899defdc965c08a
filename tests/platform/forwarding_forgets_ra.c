/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host whose interfaces begin to forward IPv6 forgets the default route that a router advertised, and reads no advertisement
 * from then on, unless accept_ra is 2 (rt6_purge_dflt_routers(), ndisc_router_discovery()); force_forwarding (>= 6.17)
 * takes nothing. So lib/plan/desired.c sets accept_ra=2 first, and where it can forwards on single devices.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <sys/socket.h>

#include "tests/platform/platform.h"

static int open_router(int home, int outside)
{
	int fd, hops = 255, index;

	HOLDS(netns_enter(outside, NULL) == 0);
	fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	index = (int)if_nametoindex("out");
	HOLDS(fd >= 0 && index > 0);
	HOLDS(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) == 0);
	HOLDS(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index)) == 0);
	HOLDS(netns_enter(home, NULL) == 0);
	return fd;
}

/* An advertisement (RFC 4861, 4.2), and a moment for it to be heard. Return: is there a default route by one? */
static bool advertised(int router)
{
	const struct timespec moment = {.tv_nsec = 50000000};
	struct nd_router_advert advert = {.nd_ra_type = ND_ROUTER_ADVERT, .nd_ra_router_lifetime = htons(1800)};
	struct sockaddr_in6 all = {.sin6_family = AF_INET6};

	HOLDS(inet_pton(AF_INET6, "ff02::1", &all.sin6_addr) == 1);
	(void)!sendto(router, &advert, sizeof(advert), 0, (struct sockaddr *)&all, sizeof(all));
	nanosleep(&moment, NULL);
	return shell("ip -6 route show default | grep -q 'proto ra'") == 0;
}

static void set(enum sysctl_key key, const char *dev, int32_t value)
{
	struct obj obj = obj_sysctl(0, key, dev, value);

	HOLDS(sysctl_write(NULL, &obj.sysctl, NULL) == 0);
}

int main(void)
{
	bool force = access("/proc/sys/net/ipv6/conf/all/force_forwarding", F_OK) == 0;
	int home, outside, router;
	struct nlsock *sock;

	needs_tools("ip grep nsenter");
	home = private_world();
	sock = open_sock(NLSOCK_RTNL, home, home);
	HOLDS(netns_create(home, &outside, NULL) == 0);
	HOLDS(make_veth(sock, "eth0", "out", outside) == 0);
	set(SYSCTL_IPV6_ACCEPT_RA, "eth0", 1);
	HOLDS(shell("ip addr add fe80::2/64 dev eth0 nodad; ip link set eth0 up") == 0);
	HOLDS(shell_in(outside, "ip addr add fe80::1/64 dev out nodad; ip link set out up") == 0);
	router = open_router(home, outside);
	COMES(advertised(router));

	if (force) {
		set(SYSCTL_IPV6_FORCE_FORWARDING, "eth0", 1);
		HOLDS(shell("ip -6 route show default | grep -q 'proto ra'") == 0);
	}
	set(SYSCTL_IPV6_FORWARDING, "all", 1);
	HOLDS(shell("ip -6 route show default | grep -q 'proto ra'") != 0);
	for (int i = 0; i < 10; i++)
		HOLDS(!advertised(router));

	set(SYSCTL_IPV6_ACCEPT_RA, "eth0", 2);
	COMES(advertised(router));
	set(SYSCTL_IPV6_FORWARDING, "all", 0);
	set(SYSCTL_IPV6_FORWARDING, "all", 1);
	HOLDS(shell("ip -6 route show default | grep -q 'proto ra'") == 0);
	return 0;
}
