/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor_attach - one endpoint with its published ports, by the fewest kernel calls there are.
 *
 * Timed is what must be done for the endpoint, and nothing else:
 *
 *   router   sendmsg  veth with its peer made in place; alias and port flags
 *   stack    setns, write accept_ra, socket, setns back
 *            sendmsg  address generation mode, up, addresses, neighbours and default routes, both families
 *   router   sendmsg  FDB entry, neighbours on the bridge (routed: on the port)
 *            sendmsg  one nftables transaction: guard's elements, the port bound, the published ports
 *   host     sendmsg  one nftables transaction: the published ports
 *   router   sendmsg  host end up (routed: routes to it)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/floor.h"

enum { HOST_PORT = 20000, ROUTED_PORT = 2000, INNER_PORT = 80, NUMBERS = 1100 };

/* Everything an endpoint's number decides. */
struct endpoint {
	char port[OBJ_IFNAME_SIZE];
	struct mac mac;
	struct prefix ip4, ip6, ll;
	uint16_t host_port; /* the first of them */
	unsigned ports;
};

/* Ports of two numbers do not meet while they are less than NUMBERS apart; bench.py counts in the same way. */
static struct endpoint endpoint_of(const struct world *w, unsigned n)
{
	unsigned first = w->routed ? ROUTED_PORT + n * w->stride : HOST_PORT + n % NUMBERS * w->stride;
	struct endpoint e = { .host_port = (uint16_t)first, .ports = w->ports };
	uint64_t id = 0xf10000000000ULL + n;

	snprintf(e.port, sizeof(e.port), "mp%012llx", (unsigned long long)id);
	e.mac = mac_from_id(id);
	if (first + w->ports > UINT16_MAX)
		die("no ports for endpoint %u", n);
	e.ip4.len = w->routed ? 32 : 16;
	e.ip6.len = w->routed ? 128 : 64;
	if (ip_add(&w->subnets[0].ip, n + 1, &e.ip4.ip) < 0 || ip_add(&w->subnets[1].ip, n + 1, &e.ip6.ip) < 0)
		die("no address for endpoint %u", n);
	e.ll = (struct prefix){ .ip = ip6_linklocal(&e.mac), .len = 64 };
	return e;
}

/* Keys and data of concatenations: each field rounded up to 4 bytes. */

static void elem_dev_mac(struct msgs *m, bool add, const struct endpoint *e)
{
	uint8_t key[16 + 8] = { 0 };

	memcpy(key, e->port, sizeof(e->port));
	memcpy(key + 16, e->mac.b, 6);
	put_elem(m, add, NFPROTO_NETDEV, "mac_ok", key, sizeof(key), NULL, 0);
}

static void elem_dev_mac_ip(struct msgs *m, bool add, const struct endpoint *e)
{
	uint8_t key[16 + 8 + 4] = { 0 };

	memcpy(key, e->port, sizeof(e->port));
	memcpy(key + 16, e->mac.b, 6);
	memcpy(key + 24, e->ip4.ip.b, 4);
	put_elem(m, add, NFPROTO_NETDEV, "arp_ok", key, sizeof(key), NULL, 0);
}

static void elem_dev_ip(struct msgs *m, bool add, const struct endpoint *e, const struct ip *ip)
{
	uint8_t key[16 + 16] = { 0 };

	memcpy(key, e->port, sizeof(e->port));
	memcpy(key + 16, ip->b, ip_size(ip));
	put_elem(m, add, NFPROTO_NETDEV, ip->family == 4 ? "ip4_ok" : "ip6_ok", key, 16 + ip_size(ip), NULL, 0);
}

static void elem_dev(struct msgs *m, bool add, const struct endpoint *e, uint8_t family, const char *set)
{
	uint8_t key[16] = { 0 };

	memcpy(key, e->port, sizeof(e->port));
	put_elem(m, add, family, set, key, sizeof(key), NULL, 0);
}

/* What makes a port one of its network, where no bridge does. */
static void elems_routed(struct msgs *m, const struct world *w, bool add, const struct endpoint *e)
{
	uint8_t member[16 + 4] = { 0 };

	memcpy(member, e->port, sizeof(e->port));
	memcpy(member + 16, &w->mark, sizeof(w->mark));
	elem_dev(m, add, e, NFPROTO_NETDEV, "routed");
	elem_dev(m, add, e, NFPROTO_INET, "egress");
	elem_dev(m, add, e, NFPROTO_INET, "dns");
	put_elem(m, add, NFPROTO_INET, "network_of", member, 16, &w->mark, sizeof(w->mark));
	put_elem(m, add, NFPROTO_INET, "members", member, sizeof(member), NULL, 0);
}

static void elem_pub(struct msgs *m, bool add, uint16_t port, const struct ip *to, uint16_t to_port)
{
	uint8_t key[8] = { IPPROTO_TCP }, data[16 + 4] = { 0 };
	uint16_t port_be = htons(port), to_port_be = htons(to_port);

	memcpy(key + 4, &port_be, 2);
	memcpy(data, to->b, ip_size(to));
	memcpy(data + ip_size(to), &to_port_be, 2);
	put_elem(m, add, NFPROTO_INET, to->family == 4 ? "pub4" : "pub6", key, sizeof(key), data, ip_size(to) + 4);
}

static void router_elems(struct msgs *m, const struct world *w, bool add, const struct endpoint *e)
{
	elem_dev_mac(m, add, e);
	elem_dev_mac_ip(m, add, e);
	elem_dev_ip(m, add, e, &e->ip4.ip);
	elem_dev_ip(m, add, e, &e->ll.ip);
	elem_dev_ip(m, add, e, &e->ip6.ip);
	if (w->routed)
		elems_routed(m, w, add, e);
	for (uint16_t i = 0; i < e->ports; i++) {
		elem_pub(m, add, (uint16_t)(e->host_port + i), &e->ip4.ip, (uint16_t)(INNER_PORT + i));
		elem_pub(m, add, (uint16_t)(e->host_port + i), &e->ip6.ip, (uint16_t)(INNER_PORT + i));
	}
}

static void host_elems(struct msgs *m, const struct world *w, bool add, const struct endpoint *e)
{
	for (uint16_t i = 0; i < e->ports; i++) {
		elem_pub(m, add, (uint16_t)(e->host_port + i), &w->transit4, (uint16_t)(e->host_port + i));
		elem_pub(m, add, (uint16_t)(e->host_port + i), &w->transit6, (uint16_t)(e->host_port + i));
	}
}

static void inner_end(struct msgs *m, const struct world *w, const struct endpoint *e, int sock)
{
	static const struct prefix any4 = { .ip = { .family = 4 } }, any6 = { .ip = { .family = 6 } };
	static const struct ip nothing = { .family = 0 };
	struct prefix gateway = { .ip = w->gateway4, .len = 32 };
	uint32_t index = ifindex(sock, "eth0");

	put_addr_gen_mode(m, index, 1);
	/* Up first: addresses that were there before would get their routes by atomic allocations, which may fail. */
	put_up(m, index);
	put_addr(m, index, &e->ip4);
	put_addr(m, index, &e->ip6);
	put_addr(m, index, &e->ll);
	if (w->routed)
		put_route(m, index, &gateway, &nothing, 1024, false);
	put_route(m, index, &any4, &w->gateway4, 1024, w->routed);
	put_route(m, index, &any6, &w->gateway6, 0, false);
	if (w->routed) {
		put_route(m, index, &w->subnets[0], &w->gateway4, 1024, true);
		put_route(m, index, &w->subnets[1], &w->gateway6, 0, false);
	}
	put_neigh(m, true, index, &w->gateway4, &w->gateway_mac);
	put_neigh(m, true, index, &w->gateway6, &w->gateway_mac);
	msgs_run(m, sock, "the stack's end");
}

static void routes(struct msgs *m, const struct endpoint *e, uint32_t index)
{
	static const struct ip nothing = { .family = 0 };

	put_route(m, index, &e->ip4, &nothing, 0, false);
	put_route(m, index, &e->ip6, &nothing, 0, false);
}

uint64_t attach(struct world *w, unsigned n, const char *path)
{
	static struct msgs m;
	struct endpoint e = endpoint_of(w, n);
	struct obj_link link = { .mtu = w->mtu, .peer_mac = e.mac, .flags = w->routed ? 0 : LINK_PORT_STATIC };
	int ns = open(path, O_RDONLY | O_CLOEXEC), sock;
	uint64_t start, spent;
	uint32_t index;

	if (ns < 0)
		die("%s: %s", path, strerror(errno));
	memcpy(link.name, e.port, sizeof(e.port));
	memcpy(link.peer_name, "eth0", sizeof("eth0"));
	snprintf(link.alias, sizeof(link.alias), "floor/f%u:eth0", n);
	if (w->routed)
		link.mac = w->gateway_mac;

	start = now_ns();
	put_veth(&m, &link, w->routed ? 0 : w->bridge, ns);
	msgs_run(&m, w->router_rt, "veth");
	ns_enter(ns);
	sysctl_put_in(w->roots.fds[n % w->roots.count], "ipv6/conf/eth0/accept_ra", "0");
	sock = netlink_open(NETLINK_ROUTE);
	ns_enter(w->home);
	inner_end(&m, w, &e, sock);
	index = ifindex(w->router_rt, e.port);
	if (!w->routed)
		put_fdb(&m, index, &e.mac);
	put_neigh(&m, true, w->routed ? index : w->bridge, &e.ip4.ip, &e.mac);
	put_neigh(&m, true, w->routed ? index : w->bridge, &e.ip6.ip, &e.mac);
	msgs_run(&m, w->router_rt, "neighbours");
	nft_open(&m);
	router_elems(&m, w, true, &e);
	put_port(&m, true, e.port, w->listed);
	nft_close(&m);
	msgs_run(&m, w->router_nft, "guard");
	nft_open(&m);
	host_elems(&m, w, true, &e);
	nft_close(&m);
	msgs_run(&m, w->host_nft, "published port");
	put_up(&m, index);
	if (w->routed)
		routes(&m, &e, index);
	msgs_run(&m, w->router_rt, "host end up");
	spent = now_ns() - start;

	close(sock);
	close(ns);
	return spent;
}

static void host_off(struct msgs *m, const struct world *w, const struct endpoint *e)
{
	nft_open(m);
	host_elems(m, w, false, e);
	nft_close(m);
	msgs_run(m, w->host_nft, "published port");
}

static void guard_off(struct msgs *m, const struct world *w, const struct endpoint *e)
{
	nft_open(m);
	router_elems(m, w, false, e);
	put_port(m, false, e->port, w->listed);
	nft_close(m);
	msgs_run(m, w->router_nft, "guard");
}

static void neighbours_off(struct msgs *m, const struct world *w, const struct endpoint *e)
{
	if (w->routed)
		return; /* neighbours and routes go with the link */
	put_neigh(m, false, w->bridge, &e->ip4.ip, &e->mac);
	put_neigh(m, false, w->bridge, &e->ip6.ip, &e->mac);
	msgs_run(m, w->router_rt, "neighbours");
}

static void link_off(struct msgs *m, const struct world *w, const struct endpoint *e)
{
	put_link_del(m, ifindex(w->router_rt, e->port));
	msgs_run(m, w->router_rt, "link");
}

static void cut_off(struct msgs *m, const struct world *w, const struct endpoint *e)
{
	host_off(m, w, e);
	guard_off(m, w, e);
	neighbours_off(m, w, e);
}

void cut(struct world *w, unsigned n)
{
	static struct msgs m;
	struct endpoint e = endpoint_of(w, n);

	guard_off(&m, w, &e);
}

void cut_rest(struct world *w, unsigned n)
{
	static struct msgs m;
	struct endpoint e = endpoint_of(w, n);

	host_off(&m, w, &e);
	neighbours_off(&m, w, &e);
	link_off(&m, w, &e);
}

uint64_t detach(struct world *w, unsigned n, uint64_t *ret_all)
{
	static struct msgs m;
	struct endpoint e = endpoint_of(w, n);
	uint64_t start = now_ns(), spent;

	cut_off(&m, w, &e);
	spent = now_ns() - start;
	link_off(&m, w, &e);
	*ret_all = now_ns() - start;
	return spent;
}

uint64_t drop(struct world *w, unsigned first, unsigned count, uint64_t *ret_all)
{
	enum { DROP_GROUP = 7, PER_MESSAGE = 500 };
	static struct msgs m;
	uint64_t start, grouped;

	for (unsigned i = 0; i < count; i++) {
		struct endpoint e = endpoint_of(w, first + i);

		cut_off(&m, w, &e);
	}
	start = now_ns();
	for (unsigned i = 0; i < count; i++) {
		struct endpoint e = endpoint_of(w, first + i);

		put_link_group(&m, ifindex(w->router_rt, e.port), DROP_GROUP);
		if ((i + 1) % PER_MESSAGE == 0 || i + 1 == count)
			msgs_run(&m, w->router_rt, "group");
	}
	grouped = now_ns();
	put_group_del(&m, DROP_GROUP);
	msgs_run(&m, w->router_rt, "links of a group");
	*ret_all = now_ns() - start;
	return now_ns() - grouped;
}
