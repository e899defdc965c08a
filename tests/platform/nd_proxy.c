/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host answers neighbour solicitations for an address that is not its own when it has a proxy entry, and a route to the
 * address by another link, proxy_ndp, and conf.DEV.forwarding: force_forwarding alone, which is what lets packets pass, does
 * not do. proxy_delay 0 makes the answer come at once. The entry bears our protocol, its dump is one of its own, and it goes
 * when its link goes down.
 */
#include "tests/platform/platform.h"

static void set(enum sysctl_key key, const char *dev, int32_t value)
{
	struct obj obj = obj_sysctl(0, key, dev, value);

	HOLDS(sysctl_write(NULL, &obj.sysctl, NULL) == 0);
}

/* The proxies of this namespace, by the dump and decoder that the hand and the engine use. */
static struct obj proxies(struct nlsock *sock, size_t *ret_count)
{
	struct buf links = BUF_INIT, bytes = BUF_INIT;
	struct obj first = {0};
	struct objv objs = {0};
	struct rtnl_raw raw;

	HOLDS(rtnl_dump(sock, RTNL_LINKS, &links, NULL) == 0 && rtnl_dump(sock, RTNL_PROXIES, &bytes, NULL) == 0);
	raw = (struct rtnl_raw){.links = {links.data, links.size}, .neighs = {bytes.data, bytes.size}};
	HOLDS(rtnl_decode(&raw, 0, &objs, NULL) == 0);
	*ret_count = 0;
	for (size_t i = 0; i < objs.count; i++) {
		if (objs.items[i].kind != OBJ_PROXY)
			continue;
		first = objs.items[i];
		++*ret_count;
	}
	objv_fini(&objs);
	buf_fini(&links);
	buf_fini(&bytes);
	return first;
}

static int answered(int outside)
{
	return shell_in(outside, "ip neigh flush dev out nud all; ping -c1 -W2 2001:db8:51:0:1::5 >/dev/null") == 0;
}

int main(void)
{
	struct nlsock *sock;
	struct nlbatch batch = {0};
	struct obj proxy = {.kind = OBJ_PROXY}, found;
	int home, outside, inside, index;
	bool force = access("/proc/sys/net/ipv6/conf/all/force_forwarding", F_OK) == 0;
	size_t count;

	needs_tools("ip ping nsenter");
	home = private_world();
	sock = open_sock(NLSOCK_RTNL, home, home);
	HOLDS(netns_create(home, &outside, NULL) == 0 && netns_create(home, &inside, NULL) == 0);
	HOLDS(make_veth(sock, "eth0", "out", outside) == 0 && make_veth(sock, "mu", "in", inside) == 0);
	HOLDS(shell("ip addr add 2001:db8:51::2/64 dev eth0 nodad; ip link set eth0 up; ip link set mu up;"
		  "ip addr add fd00::0/127 dev mu nodad; ip -6 route add 2001:db8:51:0:1::/80 via fd00::1") == 0);
	HOLDS(shell_in(inside, "ip addr add fd00::1/127 dev in nodad; ip link set in up; ip -6 route add default via fd00::;"
			     "ip addr add 2001:db8:51:0:1::5/128 dev in nodad") == 0);
	HOLDS(shell_in(outside, "ip addr add 2001:db8:51::1/64 dev out nodad; ip link set out up") == 0);
	sleep(2); /* until IPv6 has heard of the carriers */
	if (force) {
		set(SYSCTL_IPV6_FORCE_FORWARDING, "eth0", 1);
		set(SYSCTL_IPV6_FORCE_FORWARDING, "mu", 1);
	} else {
		set(SYSCTL_IPV6_FORWARDING, "all", 1);
	}
	set(SYSCTL_IPV6_NEIGH_PROXY_DELAY, "eth0", 0);
	set(SYSCTL_IPV6_PROXY_NDP, "eth0", 1);
	HOLDS(!answered(outside));

	HOLDS(ip_parse("2001:db8:51:0:1::5", &proxy.proxy.ip) == 0);
	memcpy(proxy.proxy.dev, "eth0", 5);
	HOLDS((index = nlsock_ifindex(sock, "eth0")) > 0);
	for (int i = 0; i < 2; i++) { /* there already is no failure */
		rtnl_proxy_add(&batch, &proxy.proxy, (uint32_t)index);
		HOLDS(run_one(sock, &batch) == 0);
	}
	found = proxies(sock, &count);
	HOLDS(count == 1 && obj_key_cmp(&found, &proxy) == 0);
	if (force) {
		HOLDS(!answered(outside));
		set(SYSCTL_IPV6_FORWARDING, "eth0", 1);
	}
	HOLDS(answered(outside));

	rtnl_proxy_del(&batch, &proxy.proxy, (uint32_t)index);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(!answered(outside));
	rtnl_proxy_del(&batch, &proxy.proxy, (uint32_t)index);
	HOLDS(run_one(sock, &batch) == -ENOENT);
	/* somebody else's is not ours */
	HOLDS(shell("ip -6 neigh add proxy 2001:db8:51:0:1::6 dev eth0") == 0);
	proxies(sock, &count);
	HOLDS(count == 0);

	rtnl_proxy_add(&batch, &proxy.proxy, (uint32_t)index);
	HOLDS(run_one(sock, &batch) == 0);
	HOLDS(shell("ip link set eth0 down") == 0);
	proxies(sock, &count);
	HOLDS(count == 0);
	return 0;
}
