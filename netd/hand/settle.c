/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settle - the first packet after an answer arrives; see settle.h. Floor F4.
 *
 * Two things the kernel does in works of its own, later on a busy machine than a packet comes. Neither tells when.
 */
#include "netd/hand/settle.h"

#include "lib/base/mem.h"
#include "lib/kern/rtnl.h"

enum { EARLY_S = 10 }; /* after which the kernel has its own, however busy the machine */

static struct nlsock *sock_of(struct registry *reg, uint64_t ns)
{
	struct ns_entry *entry = registry_find(reg, ns);
	struct nlsock *sock = NULL;

	return entry != NULL && registry_rtnl(reg, entry, &sock, NULL) == 0 ? sock : NULL;
}

/*
 * One end came up before the other, without a carrier, and until the kernel's link watch has seen that there is one by now
 * all that it sends is thrown away. A port that the watch has seen without one is disabled in its bridge as long, and a bridge
 * whose ports all are has no carrier itself. Who asks for a link makes that happen first (rtnl_getlink(),
 * net/core/rtnetlink.c, Linux >= 6.7).
 */
static void carrier(struct registry *reg, uint64_t ns, const char *name)
{
	struct nlsock *sock = sock_of(reg, ns);
	cleanup(buf_fini) struct buf bytes = BUF_INIT;

	if (sock != NULL)
		(void)rtnl_link_get(sock, name, &bytes, NULL);
}

/*
 * An IPv6 address is there at once, and may be sent from; but only addrconf_dad_work() (net/ipv6/addrconf.c), nodad or not, makes
 * the namespace take what comes to it: until then the first answer is thrown away. Waiting for it costs a third of an attach on a
 * busy machine. So what that does at its end is done here, by a route that ends by itself and is worse than the kernel's own. Without it a
 * router sends on what came to its new gateway's address, back to where it came from.
 */
static void address(struct registry *reg, uint64_t ns, const struct obj_addr *addr)
{
	struct nlsock *sock = sock_of(reg, ns);
	int index = sock != NULL ? nlsock_ifindex(sock, addr->dev) : 0;
	struct nlbatch batch = {0};
	struct nlack ack;

	if (index <= 0)
		return;
	rtnl_addr_early(&batch, &addr->addr.ip, (uint32_t)index, EARLY_S);
	(void)nlsock_exec(sock, &batch, &ack);
	nlbatch_fini(&batch);
}

static bool is_stack(uint64_t ns) { return ns != NS_HOST && ns_class(ns) != NS_ROUTER; }

static void settle_one(struct registry *reg, const struct obj *obj)
{
	const struct obj_link *link = &obj->link;

	if (obj->kind == OBJ_ADDR) {
		if (obj->ns != NS_HOST && obj->addr.addr.ip.family == 6 && !ip_is_linklocal(&obj->addr.addr.ip))
			address(reg, obj->ns, &obj->addr);
	} else if (obj->kind == OBJ_LINK && link->peer_name[0] != '\0' && !is_stack(obj->ns)) {
		carrier(reg, link->peer_ns, link->peer_name);
		carrier(reg, obj->ns, link->name);
		if (link->master[0] != '\0') /* whose own carrier is that of its first port */
			carrier(reg, obj->ns, link->master);
	}
}

void settle(struct registry *reg, const struct op *ops, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ops[i].verb == OP_ADD)
			settle_one(reg, &ops[i].obj);
}
