/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settle - the first packet after an answer arrives; see settle.h. Floor F4.
 *
 * Two things the kernel does in works of its own, later on a busy machine than a packet comes. Neither tells when.
 */
#include "netd/hand/settle.h"

#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/kern/rtnl.h"

enum {
	SETTLE_MS = 100,   /* in all: such a work waits for those who change links, and they take as long at times */
	SETTLE_STEP = 50000, /* nanoseconds between two looks: of a quiet machine the first one sees it done */
};

static struct nlsock *sock_of(struct registry *reg, uint64_t ns)
{
	struct ns_entry *entry = registry_find(reg, ns);
	struct nlsock *sock = NULL;

	return entry != NULL && registry_rtnl(reg, entry, &sock, NULL) == 0 ? sock : NULL;
}

/*
 * The end inside came up before the other, without a carrier, and until the kernel's link watch has seen that there is one by
 * now all that the stack sends is thrown away. Who asks for a link makes that happen first (rtnl_getlink(),
 * net/core/rtnetlink.c, Linux >= 6.7).
 */
static void carrier(struct registry *reg, const struct obj_link *link)
{
	struct nlsock *sock = sock_of(reg, link->peer_ns);
	cleanup(buf_fini) struct buf bytes = BUF_INIT;

	if (sock != NULL)
		(void)rtnl_link_get(sock, link->peer_name, &bytes, NULL);
}

/*
 * An IPv6 address is there at once, and may be sent from; but only addrconf_dad_work() (net/ipv6/addrconf.c), nodad or not, makes
 * the namespace hear who searches for it and, last, take what comes to it: until then the first answer is thrown away.
 */
static void address(struct registry *reg, uint64_t ns, const struct ip *ip, uint64_t until)
{
	static const struct timespec step = {.tv_nsec = SETTLE_STEP};
	struct nlsock *sock = sock_of(reg, ns);

	while (sock != NULL && rtnl_local(sock, ip, NULL) == 0 && clock_monotonic_ns() < until)
		nanosleep(&step, NULL);
}

void settle(struct registry *reg, const struct op *ops, size_t count)
{
	uint64_t until = clock_monotonic_ns() + SETTLE_MS * 1000000ULL;

	for (size_t i = 0; i < count; i++) {
		const struct obj *obj = &ops[i].obj;

		if (ops[i].verb != OP_ADD)
			continue;
		if (obj->kind == OBJ_LINK && obj->link.peer_name[0] != '\0' && ns_class(obj->ns) == NS_ROUTER)
			carrier(reg, &obj->link);
		else if (obj->kind == OBJ_ADDR && obj->addr.addr.ip.family == 6 && !ip_is_linklocal(&obj->addr.addr.ip))
			address(reg, obj->ns, &obj->addr.addr.ip, until);
	}
}
