/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnl - links, addresses, routes, neighbours, FDB entries as rtnetlink
 * messages. Floor F2. Encoders are pure: const values in, one message appended
 * to a batch; they read no kernel, so indices come from the caller
 * (nlsock_ifindex()). Where a name is enough the message bears the name.
 * Decoding is in rtnl_decode.h, without any socket.
 */
#ifndef MOAT_KERN_RTNL_H
#define MOAT_KERN_RTNL_H

#include "lib/kern/nlsock.h"
#include "lib/obj/obj.h"

/*
 * Links. Each appends one message, the two that make a link may append a second one for what the kernel does not
 * take while creating (alias, port flags). When the first of the two worked and the second did not, the link stands.
 */

/** rtnl_bridge_add() - STP off, no VLAN filtering, no reserved-address forwarding, ageing irrelevant (static FDB) */
void rtnl_bridge_add(struct nlbatch *batch, const struct obj_link *link);

/**
 * rtnl_veth_add() - both ends, one queue each, the peer made in place in its own namespace
 * @master_index: of the bridge link->master, 0 for none
 * @peer_ns_fd: namespace of the peer; -1: the same as this socket's
 * LINK_PORT_STATIC: learning off, unicast flooding off, multicast and broadcast flooding on, BPDU guard, root block.
 * Both ends are down afterwards (IFF_UP on the peer half fails with ENOTCONN).
 * IPv6 link-local addresses are not generated if net.ipv6.conf.default.addr_gen_mode was 1 in that end's namespace.
 */
void rtnl_veth_add(struct nlbatch *batch, const struct obj_link *link, uint32_t master_index,
		   int peer_ns_fd);

/** rtnl_ifb_add() - with one queue, and the index that it says. Down afterwards. */
void rtnl_ifb_add(struct nlbatch *batch, const struct obj_link *link);

/**
 * rtnl_link_set() - give a standing link this value: MAC, MTU where asked for, alias, port flags, and its master
 * @master_index: 0 releases it from its bridge
 * One message, or two where it becomes a port and gets its flags.
 */
void rtnl_link_set(struct nlbatch *batch, const struct obj_link *link, uint32_t master_index);
void rtnl_link_mtu(struct nlbatch *batch, const char *name, uint32_t mtu); /* and nothing else of it */
void rtnl_link_up(struct nlbatch *batch, const char *name, bool up);
/** rtnl_link_move() - to the namespace @ns_fd; @name: what it is called there, NULL: as here. It is down afterwards, without addresses. */
void rtnl_link_move(struct nlbatch *batch, uint32_t index, const char *name, int ns_fd);
/** rtnl_link_carry() - the same, with the number it has there: one that is free */
void rtnl_link_carry(struct nlbatch *batch, uint32_t index, const char *name, int ns_fd, uint32_t new_index);
/** rtnl_link_gen_mode() - how IPv6 makes link-local addresses: IN6_ADDR_GEN_MODE_*. The link must stand: EAFNOSUPPORT before. */
void rtnl_link_gen_mode(struct nlbatch *batch, const char *name, uint8_t mode);
void rtnl_link_del(struct nlbatch *batch,
		   const char *name); /* waits for RCU: 16-20 ms; for many use a group */
void rtnl_link_group(struct nlbatch *batch, const char *name, uint32_t group);
void rtnl_group_del(
	struct nlbatch *batch,
	uint32_t group); /* every link of the group in this namespace: one wait for all */

/* The rest: @index is that of obj's dev. */
void rtnl_addr_add(struct nlbatch *batch, const struct obj_addr *addr,
		   uint32_t index); /* IPv6: nodad */
void rtnl_addr_del(struct nlbatch *batch, const struct obj_addr *addr, uint32_t index);
/**
 * rtnl_addrs_keep() - once more, on link @to, the permanent addresses of global scope that a dump shows on link @from
 * @raw, @size: of RTNL_ADDRS. Peer, broadcast, metric and lifetime of preference are theirs; DAD was done.
 */
void rtnl_addrs_keep(struct nlbatch *batch, const void *raw, size_t size, uint32_t from, uint32_t to);

/**
 * rtnl_route_add() - protocol OBJ_ROUTE_PROTO, main table; -EEXIST for the same, not for one by another gateway
 * @index: 0 where route->dev is "": the kernel takes the device by the gateway
 * A gateway that is link-local (169.254/16, fe80::/10) on a named device is set on-link.
 */
void rtnl_route_add(struct nlbatch *batch, const struct obj_route *route, uint32_t index);
/** rtnl_route_del() - whatever its MTU and segment are */
void rtnl_route_del(struct nlbatch *batch, const struct obj_route *route, uint32_t index);
/** rtnl_route_set() - another MTU or segment: two messages, the first of which may find nothing (-ESRCH) */
void rtnl_route_set(struct nlbatch *batch, const struct obj_route *route, uint32_t index);

void rtnl_rule_add(struct nlbatch *batch, const struct obj_rule *rule);
void rtnl_rule_del(struct nlbatch *batch, const struct obj_rule *rule);

void rtnl_neigh_add(struct nlbatch *batch, const struct obj_neigh *neigh,
		    uint32_t index); /* permanent, exclusive */
void rtnl_neigh_set(struct nlbatch *batch, const struct obj_neigh *neigh,
		    uint32_t index); /* permanent, make or replace */
void rtnl_neigh_del(struct nlbatch *batch, const struct obj_neigh *neigh, uint32_t index);
/* Of a proxy the kernel makes no difference between new and there already. */
void rtnl_proxy_add(struct nlbatch *batch, const struct obj_proxy *proxy, uint32_t index);
void rtnl_proxy_del(struct nlbatch *batch, const struct obj_proxy *proxy, uint32_t index);
void rtnl_fdb_add(struct nlbatch *batch, const struct obj_fdb *fdb,
		  uint32_t index); /* exclusive */
void rtnl_fdb_del(struct nlbatch *batch, const struct obj_fdb *fdb, uint32_t index);

/* The root queue of a device: make it, or change it where it is such a one; what else stood there goes. */
void rtnl_qdisc_set(struct nlbatch *batch, const struct obj_qdisc *qdisc, uint32_t index);
void rtnl_qdisc_del(struct nlbatch *batch, uint32_t index);

/* Requests for nlsock_dump(). */
enum rtnl_part {
	RTNL_LINKS,
	RTNL_ADDRS,
	RTNL_ROUTES, /* both families; the decoder takes the main table and ours */
	RTNL_NEIGHS,
	RTNL_PROXIES, /* entries for which solicitations are answered, IPv6: in the form of neighbours */
	RTNL_FDB,
	RTNL_RULES,  /* both families */
	RTNL_QDISCS,
	RTNL_PART_COUNT
};

/** rtnl_dump() - all of one part of the socket's namespace, raw, appended. Return: 0 or -errno. */
int rtnl_dump(struct nlsock *sock, enum rtnl_part part, struct buf *bytes, struct err *err);

/** rtnl_proxy_get() - one of RTNL_PROXIES, raw, appended. Return: 0, -ENOENT, -errno. */
int rtnl_proxy_get(struct nlsock *sock, const struct obj_proxy *proxy, uint32_t index, struct buf *bytes, struct err *err);
/**
 * rtnl_neigh_get() - one neighbour, raw, appended; cheap, where a dump walks the neighbours of all namespaces (neigh_dump_table())
 * @index: of its device. Return: 0, -ENOENT, -errno.
 */
int rtnl_neigh_get(struct nlsock *sock, const struct obj_neigh *neigh, uint32_t index, struct buf *bytes, struct err *err);

/**
 * rtnl_addr_early() - have packets to an IPv6 address taken, for so many seconds, before the kernel does it by itself
 * It is the route that the address gets (addrconf_f6i_alloc() of Linux) with a worse metric, so both may stand, and an end.
 */
void rtnl_addr_early(struct nlbatch *batch, const struct ip *ip, uint32_t index, uint32_t seconds);

/**
 * rtnl_addr_connect() - the route to those on the link that the kernel makes with an address, of one that stands without it
 * @addr: host bits kept. It is made as the kernel's (fib_add_ifaddr(), addrconf_prefix_route()), which takes it away with the address.
 */
void rtnl_addr_connect(struct nlbatch *batch, const struct prefix *addr, uint32_t index);

/** rtnl_local() - does the namespace take packets to @ip for its own? Return: 1, 0, -errno. */
int rtnl_local(struct nlsock *sock, const struct ip *ip, struct err *err);

/** rtnl_link_get() - one link by name, raw, appended. Return: 0, -ENODEV, -errno. */
int rtnl_link_get(struct nlsock *sock, const char *name, struct buf *bytes, struct err *err);

#endif
