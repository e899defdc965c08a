/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor_world - the place the floor works in: a tenant's router with one network, laid by Moat's own
 * desired objects and encoders, so that an attach meets the same rules, sets and bridge. None of it is timed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/kern/features.h"
#include "lib/kern/netns.h"
#include "lib/kern/nft.h"
#include "lib/kern/rtnl.h"
#include "lib/kern/sysctl.h"
#include "lib/plan/desired.h"
#include "lib/plan/plan.h"
#include "tests/bench/floor.h"

enum { TENANT_ID = 0xf10000000001ULL & 0x7fffffff, NETWORK_ID = 0x7f000002 };

/* The two namespaces of the plan and their sockets: 0 the host, 1 the router. */
struct place {
	int fd;
	struct nlsock *rt, *nft;
};

struct maker {
	int home;
	struct kern_features features;
	struct place places[2];
};

static void must(int r, const struct err *err)
{
	if (r < 0)
		die("the world: %s", err->msg[0] ? err->msg : strerror(-r));
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	if (prefix_parse(text, &prefix) < 0)
		die("bad prefix %s", text);
	return prefix;
}

static void rt_run(struct nlsock *sock, struct nlbatch *batch, const struct op *op)
{
	struct nlack acks[4];

	if (batch->count > 4)
		die("a message too many");
	if (nlsock_exec(sock, batch, acks) == 0) {
		nlbatch_fini(batch);
		return;
	}
	for (uint32_t i = 0; i < batch->count; i++)
		if (acks[i].status)
			die("the world: %s: %s %s", obj_kind_name((enum obj_kind)op->obj.kind),
			    strerror(-acks[i].status), acks[i].text);
	die("the world: the socket failed");
}

static uint32_t index_in(const struct place *place, const char *name)
{
	int index = nlsock_ifindex(place->rt, name);

	if (index < 0)
		die("the world: no link %s", name);
	return (uint32_t)index;
}

static void make_netns(struct maker *maker)
{
	struct err err = ERR_INIT;
	struct place *place = &maker->places[1];

	must(netns_create(maker->home, &place->fd, &err), &err);
	must(nlsock_open(NLSOCK_RTNL, place->fd, maker->home, &place->rt, &err), &err);
	must(nlsock_open(NLSOCK_NFT, place->fd, maker->home, &place->nft, &err), &err);
}

static void make_sysctl(struct maker *maker, const struct place *place, const struct op *op)
{
	struct err err = ERR_INIT;

	must(netns_enter(place->fd, &err), &err);
	must(sysctl_write(NULL, &op->obj.sysctl, &err), &err);
	netns_leave(maker->home);
}

static void make_nft(struct maker *maker, const struct place *place, const struct op *op)
{
	/* No owner: the table is to be changed by sockets that are not these. */
	struct kern_features features = maker->features;
	struct nlbatch batch = { 0 };
	struct err err = ERR_INIT;

	features.nft_owner_persist = false;
	nft_begin(&batch);
	if (op->obj.kind == OBJ_ELEM)
		nft_elem_add(&batch, &op->obj.elem);
	else
		must(nft_ruleset_add(&batch, &op->obj.ruleset, &features), &err);
	nft_end(&batch);
	must(nft_exec(place->nft, &batch, NULL, &err), &err);
	nlbatch_fini(&batch);
}

static void make_link(struct maker *maker, const struct place *place, const struct op *op)
{
	struct nlbatch batch = { 0 };

	if (op->obj.link.type == LINK_BRIDGE)
		rtnl_bridge_add(&batch, &op->obj.link);
	else
		rtnl_veth_add(&batch, &op->obj.link, 0, maker->places[1].fd);
	rt_run(place->rt, &batch, op);
}

static void make(struct maker *maker, const struct op *op)
{
	struct place *place = &maker->places[op->obj.ns != NS_HOST];
	const struct obj *obj = &op->obj;
	struct nlbatch batch = { 0 };

	switch ((enum obj_kind)obj->kind) {
	case OBJ_NETNS:
		make_netns(maker);
		return;
	case OBJ_LINK:
		make_link(maker, place, op);
		return;
	case OBJ_SYSCTL:
		make_sysctl(maker, place, op);
		return;
	case OBJ_RULESET:
	case OBJ_ELEM:
		make_nft(maker, place, op);
		return;
	case OBJ_ADDR:
		rtnl_addr_add(&batch, &obj->addr, index_in(place, obj->addr.dev));
		break;
	case OBJ_UP:
		rtnl_link_up(&batch, obj->up.dev, true);
		break;
	case OBJ_ROUTE:
		rtnl_route_add(&batch, &obj->route, index_in(place, obj->route.dev));
		break;
	case OBJ_NEIGH:
		rtnl_neigh_add(&batch, &obj->neigh, index_in(place, obj->neigh.dev));
		break;
	case OBJ_RULE:
	case OBJ_FDB:
	case OBJ_PORT:
	case OBJ_PROXY:
	case OBJ_QDISC:
	case OBJ_REDIRECT:
	case OBJ_NONE:
	case OBJ_KIND_COUNT:
		die("the world has no %s", obj_kind_name((enum obj_kind)obj->kind));
	}
	rt_run(place->rt, &batch, op);
}

/* The router under a name, for those who want to look at it; gone with the mount namespace. */
static void show(int router)
{
	const char *path = "/run/netns/floor-router";
	char self[64];
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0400);

	snprintf(self, sizeof(self), "/proc/self/fd/%d", router);
	if (fd < 0 || mount(self, path, NULL, MS_BIND, NULL) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static struct network *model_make(struct model *model, const struct host_facts *facts, bool routed)
{
	struct pools pools = {
		.transit4 = prefix_of("100.126.0.0/16"),
		.transit6 = prefix_of("fd00:f100::/64"),
		.nets4 = prefix_of("10.64.0.0/12"),
		.nets6 = prefix_of("fd00:f101::/48"),
	};
	struct prefix subnets[] = { prefix_of("10.66.0.0/16"), prefix_of("fd66::/64") };
	struct tenant_want want_tenant = { .name = "floor", .quota = { -1, -1, -1 }, .id = TENANT_ID, .transit = -1 };
	struct network_want want = {
		.name = { .tenant = "floor", .name = "net" },
		.id = NETWORK_ID,
		.subnets = subnets,
		.subnet_count = 2,
		.mode = routed ? NETWORK_ROUTED : NETWORK_BRIDGE,
		.mtu = facts->mtu,
		.guard = true,
		.masquerade = true,
		.dns = true,
	};
	struct err err = ERR_INIT;
	struct network *network;
	struct tenant *tenant;

	model_init(model, &pools);
	must(model_tenant_add(model, &want_tenant, &tenant, &err), &err);
	must(model_network_add(model, &want, &network, &err), &err);
	return network;
}

void world_make(struct world *w, bool routed)
{
	struct host_facts facts = { .mtu = 1500, .ipv6 = true };
	struct objv want = { 0 }, none = { 0 };
	struct plan plan = { 0 };
	struct model model = { 0 };
	struct err err = ERR_INIT;
	struct network *network;
	struct maker maker = { 0 };

	must(netns_home(&maker.home, &err), &err);
	must(features_probe(maker.home, &maker.features, &err), &err);
	maker.places[0].fd = maker.home;
	must(nlsock_open(NLSOCK_RTNL, -1, -1, &maker.places[0].rt, &err), &err);
	must(nlsock_open(NLSOCK_NFT, -1, -1, &maker.places[0].nft, &err), &err);
	facts.force_forwarding = maker.features.force_forwarding;
	network = model_make(&model, &facts, routed);
	/* Moat's table has the same name and may stand already: the floor has a host of its own. */
	desired_host(&facts, &want);
	desired_router(network->tenant, &facts, &want);
	desired_network(network, &want);
	plan_diff(&want, &none, &plan);
	for (size_t i = 0; i < plan.count; i++)
		make(&maker, &plan.ops[i]);
	show(maker.places[1].fd);

	*w = (struct world){
		.home = maker.home,
		.router = maker.places[1].fd,
		.gateway_mac = mac_from_id(NETWORK_ID),
		.ports = 1,
		.stride = 1,
		.routed = routed,
		.mark = network_mark(NETWORK_ID),
		.subnets = { network->subnets[0], network->subnets[1] },
		.gateway4 = network->gateways[0],
		.gateway6 = network->gateways[1],
		.transit4 = tenant_transit4(network->tenant, true).ip,
		.transit6 = tenant_transit6(network->tenant, true).ip,
		.mtu = facts.mtu,
		.listed = maker.features.netdev_device_add,
	};
	model_ifname('b', NETWORK_ID, w->bridge_name);
	w->host_nft = netlink_open(NETLINK_NETFILTER);
	ns_enter(w->router);
	w->router_rt = netlink_open(NETLINK_ROUTE);
	w->router_nft = netlink_open(NETLINK_NETFILTER);
	ns_enter(w->home);
	if (!routed)
		w->bridge = ifindex(w->router_rt, w->bridge_name);
	sysctl_roots_open(&w->roots);
	if (!w->roots.count)
		die("no instance of proc");
	for (int i = 0; i < 2; i++) {
		nlsock_close(maker.places[i].rt);
		nlsock_close(maker.places[i].nft);
	}
	plan_fini(&plan);
	objv_fini(&want);
	model_fini(&model);
}
