/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnl_decode - raw rtnetlink dumps to objects. Floor F2, pure: no socket, no
 * clock; what the engine may link. It reads bytes a kernel wrote and survives
 * any others.
 *
 * What counts as ours, by the class of the namespace:
 *   host       links mu[0-9a-f]{12}, and addresses, routes, permanent neighbours on them; proxies with protocol
 *              OBJ_ROUTE_PROTO on any other link
 *   router     links m[a-z][0-9a-f]{12} and "uplink"; addresses and neighbours on them, root queues of type tbf; static FDB; lo only as OBJ_UP
 *   stack, container, foreign  every veth and bridge; addresses, permanent neighbours on them; lo only as OBJ_UP
 * Routes and rules always only with protocol OBJ_ROUTE_PROTO, in the main table and our own. Kernel-made things (prefix routes, local
 * table, non-permanent neighbours, learned or local FDB entries) never. A kernel-made fe80 address cannot be told
 * from ours by its bytes: it is shown, so that drift shows.
 */
#ifndef MOAT_KERN_RTNL_DECODE_H
#define MOAT_KERN_RTNL_DECODE_H

#include "lib/kern/rtnl_list.h"
#include "lib/obj/obj.h"

/**
 * struct rtnl_raw - the dumps of one namespace. All but routes and links want @links too, since messages bear
 * indices and objects names.
 */
struct rtnl_raw {
	struct rtnl_slice links, addrs, routes, neighs, fdb, rules, qdiscs;
};

/**
 * rtnl_decode() - append OBJ_LINK, OBJ_UP, OBJ_ADDR, OBJ_ROUTE, OBJ_RULE, OBJ_NEIGH, OBJ_PROXY, OBJ_FDB, OBJ_QDISC of @ns
 * Return: 0, or -EBADMSG with @err for bytes that are no netlink messages.
 */
int rtnl_decode(const struct rtnl_raw *raw, uint64_t ns, struct objv *objs, struct err *err);

#endif
