/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot - decode dumps. Floor F4, pure; the netlink part is lib/kern's decoders. */
#include "netd/engine/compare/snapshot.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/kern/nft_decode.h"
#include "lib/kern/rtnl_decode.h"

enum { ROUTE_PROTO_RA = 9, ROUTE_TABLE_MAIN = 254, ROUTE_TABLE_LOCAL = 255, ROUTE_TYPE_UNICAST = 1, ROUTE_TYPE_LOCAL = 2 };

/* The parts of a dump, each where it lies. */
struct parts {
	struct rtnl_raw raw;
	struct rtnl_slice nft, rules, dropped, sysctls, registry;
};

static int parts_find(const uint8_t *data, size_t size, struct parts *ret_parts, struct err *err)
{
	size_t offset = 0;

	*ret_parts = (struct parts){ 0 };
	while (offset < size) {
		struct seam_chunk chunk;
		struct rtnl_slice *slice = NULL;

		if (size - offset < sizeof(chunk))
			return err_set(err, ERR_INTERNAL, EBADMSG, NULL, "a dump of the hand is cut off");
		memcpy(&chunk, data + offset, sizeof(chunk));
		offset += sizeof(chunk);
		if (size - offset < chunk.size)
			return err_set(err, ERR_INTERNAL, EBADMSG, NULL, "a dump of the hand is cut off");
		switch (chunk.part) {
		case SEAM_LINKS: slice = &ret_parts->raw.links; break;
		case SEAM_ADDRS: slice = &ret_parts->raw.addrs; break;
		case SEAM_ROUTES: slice = &ret_parts->raw.routes; break;
		case SEAM_NEIGHS: slice = &ret_parts->raw.neighs; break;
		case SEAM_FDB: slice = &ret_parts->raw.fdb; break;
		case SEAM_RULES: slice = &ret_parts->raw.rules; break;
		case SEAM_QDISCS: slice = &ret_parts->raw.qdiscs; break;
		case SEAM_NFT: slice = &ret_parts->nft; break;
		case SEAM_SYSCTLS: slice = &ret_parts->sysctls; break;
		case SEAM_REGISTRY: slice = &ret_parts->registry; break;
		case SEAM_RULES_ALL: slice = &ret_parts->rules; break;
		case SEAM_DROPPED: slice = &ret_parts->dropped; break;
		default: break;
		}
		if (slice)
			*slice = (struct rtnl_slice){ data + offset, chunk.size };
		offset += (chunk.size + 7) & ~(size_t)7;
	}
	return 0;
}

int snapshot_decode(const uint8_t *data, size_t size, uint64_t ns, struct objv *objs, struct err *err)
{
	struct parts parts;
	int r = parts_find(data, size, &parts, err);

	if (r == 0)
		r = rtnl_decode(&parts.raw, ns, objs, err);
	if (r == 0 && parts.nft.data)
		r = nft_decode(parts.nft.data, parts.nft.size, ns, objs, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i + sizeof(struct obj) <= parts.sysctls.size; i += sizeof(struct obj)) {
		struct obj obj;

		memcpy(&obj, (const uint8_t *)parts.sysctls.data + i, sizeof(obj));
		if (obj.kind == OBJ_SYSCTL && obj.ns == ns && obj_valid(&obj))
			objv_add(objs, &obj);
	}
	return 0;
}

int snapshot_registry(const uint8_t *data, size_t size, struct seam_features *ret_features, struct seam_nsinfo **ret_infos,
		      size_t *ret_count, struct err *err)
{
	struct parts parts;
	size_t rest;
	int r = parts_find(data, size, &parts, err);

	if (r < 0)
		return r;
	if (parts.registry.size < sizeof(*ret_features))
		return err_set(err, ERR_INTERNAL, EBADMSG, NULL, "the hand's registry is cut off");
	memcpy(ret_features, parts.registry.data, sizeof(*ret_features));
	ret_features->release[sizeof(ret_features->release) - 1] = '\0';
	rest = parts.registry.size - sizeof(*ret_features);
	*ret_count = rest / sizeof(**ret_infos);
	*ret_infos = mem_array(*ret_count + 1, sizeof(**ret_infos));
	memcpy(*ret_infos, (const uint8_t *)parts.registry.data + sizeof(*ret_features), *ret_count * sizeof(**ret_infos));
	return 0;
}

/* ------------------------------------------------------------------------- host */

static const struct rtnl_link_info *link_by_index(const struct rtnl_link_info *links, int count, uint32_t index)
{
	for (int i = 0; i < count; i++)
		if (links[i].index == index)
			return &links[i];
	return NULL;
}

/* Add @name to a list of device names once; a list that is full keeps what it has. */
static void dev_add(char devs[HOST_DEVS_MAX][OBJ_IFNAME_SIZE], size_t *count, const char *name)
{
	for (size_t i = 0; i < *count; i++)
		if (str_eq(devs[i], name))
			return;
	if (*count < HOST_DEVS_MAX)
		(void)str_copy(devs[(*count)++], OBJ_IFNAME_SIZE, name);
}

/* Of two default routes: the one of IPv4, and of one family that with the smaller metric. */
static bool route_before(const struct rtnl_route_info *a, const struct rtnl_route_info *b)
{
	if (a->dst.ip.family != b->dst.ip.family)
		return a->dst.ip.family == 4;
	return a->metric < b->metric;
}

/* No tenant's link is made narrower than IPv6 allows, whatever the way out is. */
static void mtu_of(struct host_facts *facts, const struct rtnl_route_info *route, const struct rtnl_link_info *link)
{
	enum { IPV6_MTU_MIN = 1280 };
	uint32_t mtu = route->mtu && route->mtu < link->mtu ? route->mtu : link->mtu;

	facts->mtu = mtu < IPV6_MTU_MIN ? IPV6_MTU_MIN : mtu > 65535 ? 65535 : mtu;
	facts->mtu_link = link->mtu;
	(void)str_copy(facts->mtu_dev, sizeof(facts->mtu_dev), link->name);
}

static bool is_uplink(const char *name);

static bool among(const struct settings *settings, const struct prefix *prefix)
{
	for (size_t i = 0; i < settings->routed_count; i++)
		if (prefix_overlaps(prefix, &settings->routed[i]))
			return true;
	return false;
}

static void held_add(struct host_links *links, const struct settings *settings, const struct ip *ip)
{
	struct prefix host = { .ip = *ip, .len = ip_bits(ip) };

	if (ip->family && links->held_count < MODEL_HELD_MAX && among(settings, &host))
		links->held[links->held_count++] = *ip;
}

static bool is_egress(const struct host_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->egress_count; i++)
		if (str_eq(facts->egress[i], name))
			return true;
	return false;
}

/* What of the routed-prefixes the host's own links have. Prefixes of a link are routes without a gateway. */
static void links_of(const struct rtnl_route_info *routes, int route_count, const struct rtnl_link_info *links, int link_count,
		     const struct settings *settings, struct host_facts *facts)
{
	struct host_links *own = &facts->links;

	for (int i = 0; i < route_count; i++) {
		const struct rtnl_route_info *route = &routes[i];
		const struct rtnl_link_info *link = link_by_index(links, link_count, route->index);

		if (!link || is_uplink(link->name))
			continue;
		if (prefix_is_private(&route->dst) && (route->type == ROUTE_TYPE_UNICAST || route->type == ROUTE_TYPE_LOCAL)) {
			own->routes_more = own->routes_more || own->routes_count == MODEL_ROUTES_MAX;
			if (own->routes_count < MODEL_ROUTES_MAX)
				own->routes[own->routes_count++] = route->dst;
		}
		if (route->table == ROUTE_TABLE_LOCAL && route->type == ROUTE_TYPE_LOCAL && route->dst.len == ip_bits(&route->dst.ip))
			held_add(own, settings, &route->dst.ip);
		if (route->table != ROUTE_TABLE_MAIN || route->type != ROUTE_TYPE_UNICAST)
			continue;
		held_add(own, settings, &route->via);
		if (route->via.family || route->dst.ip.family != 6 || !route->dst.len || ip_is_linklocal(&route->dst.ip) ||
		    !is_egress(facts, link->name) || !among(settings, &route->dst) || own->onlink_count == MODEL_ONLINK_MAX)
			continue;
		own->onlink[own->onlink_count].prefix = route->dst;
		(void)str_copy(own->onlink[own->onlink_count++].dev, OBJ_IFNAME_SIZE, link->name);
		dev_add(facts->proxies.names, &facts->proxies.count, link->name);
	}
}

int snapshot_host(const uint8_t *data, size_t size, const struct seam_features *features,
		  const struct settings *settings, struct host_facts *ret_facts, struct err *err)
{
	struct host_facts facts = { .mtu = 1500,
				    .force_forwarding = features->force_forwarding,
				    .ipv6 = features->ipv6,
				    .br_netfilter = features->br_netfilter };
	struct rtnl_link_info *links cleanup(mem_freep) = NULL;
	struct rtnl_route_info *routes cleanup(mem_freep) = NULL;
	struct parts parts;
	const struct rtnl_route_info *way_out = NULL;
	int link_count, route_count;
	int r = parts_find(data, size, &parts, err);

	if (r < 0)
		return r;
	link_count = rtnl_list_links(parts.raw.links, &links);
	route_count = rtnl_list_routes(parts.raw.routes, &routes);
	if (link_count < 0 || route_count < 0)
		return err_set(err, ERR_INTERNAL, EBADMSG, "host", "the host's routes cannot be read");
	for (int i = 0; i < route_count; i++) {
		const struct rtnl_link_info *link = link_by_index(links, link_count, routes[i].index);

		if (routes[i].table != ROUTE_TABLE_MAIN || routes[i].dst.len != 0 || routes[i].type != ROUTE_TYPE_UNICAST ||
		    !link || link->loopback)
			continue;
		if (!way_out || route_before(&routes[i], way_out)) {
			way_out = &routes[i];
			mtu_of(&facts, way_out, link);
		}
		dev_add(facts.egress, &facts.egress_count, link->name);
		if (routes[i].protocol == ROUTE_PROTO_RA)
			dev_add(facts.ra, &facts.ra_count, link->name);
	}
	links_of(routes, route_count, links, link_count, settings, &facts);
	*ret_facts = facts;
	return 0;
}

/* ------------------------------------------------------------------------ pools */

/*
 * Left out on purpose: 100.64/10 (Tailscale, OVN-Kubernetes), 10.128/9 (Google Cloud), 172.17-19/16 (Docker),
 * 10.42/16, 10.43/16, 10.244/16, 10.88/16 (k3s, flannel, podman), 192.168.0-1/24 (homes).
 */
static const char *const transits4[] = { SEAM_TRANSITS4 };
static const char *const nets4[] = { "10.64.0.0/12", "10.112.0.0/13", "172.24.0.0/14", "192.168.128.0/18" };

/* "mu" and twelve hex digits: ours. */
static bool is_uplink(const char *name)
{
	uint64_t id;

	return name[0] == 'm' && name[1] == 'u' && str_hex48(name + 2, &id) == 0;
}

static bool prefix_free(const struct prefix *candidate, const struct rtnl_route_info *routes, int route_count,
			const struct rtnl_addr_info *addrs, int addr_count)
{
	for (int i = 0; i < route_count; i++)
		if (routes[i].dst.ip.family == candidate->ip.family && routes[i].dst.len > 0 &&
		    prefix_overlaps(&routes[i].dst, candidate))
			return false;
	for (int i = 0; i < addr_count; i++)
		if (prefix_contains(candidate, &addrs[i].addr.ip))
			return false;
	return true;
}

void snapshot_pools_given(const struct settings *settings, struct pools *pools)
{
	if (settings->transit4.ip.family)
		pools->transit4 = settings->transit4;
	if (settings->transit6.ip.family)
		pools->transit6 = settings->transit6;
	if (settings->networks4.ip.family)
		pools->nets4 = settings->networks4;
	if (settings->networks6.ip.family)
		pools->nets6 = settings->networks6;
}

int snapshot_pools(const uint8_t *data, size_t size, uint64_t seed, const struct settings *settings,
		   struct pools *ret_pools, struct err *err)
{
	struct rtnl_route_info *routes cleanup(mem_freep) = NULL;
	struct rtnl_addr_info *addrs cleanup(mem_freep) = NULL;
	struct pools pools = { 0 };
	struct parts parts;
	int route_count, addr_count;
	int r = parts_find(data, size, &parts, err);

	if (r < 0)
		return r;
	route_count = rtnl_list_routes(parts.raw.routes, &routes);
	addr_count = rtnl_list_addrs(parts.raw.addrs, &addrs);
	if (route_count < 0 || addr_count < 0)
		return err_set(err, ERR_INTERNAL, EBADMSG, "host", "the host's routes cannot be read");
	snapshot_pools_given(settings, &pools);
	for (size_t i = 0; i < ARRAY_COUNT(transits4) && !pools.transit4.ip.family; i++) {
		struct prefix candidate;

		if (prefix_parse(transits4[i], &candidate) == 0 &&
		    prefix_free(&candidate, routes, route_count, addrs, addr_count))
			pools.transit4 = candidate;
	}
	for (size_t i = 0; i < ARRAY_COUNT(nets4) && !pools.nets4.ip.family; i++) {
		struct prefix candidate;

		if (prefix_parse(nets4[i], &candidate) == 0 && !prefix_overlaps(&candidate, &pools.transit4) &&
		    prefix_free(&candidate, routes, route_count, addrs, addr_count))
			pools.nets4 = candidate;
	}
	if (!pools.transit4.ip.family || !pools.nets4.ip.family)
		return err_set(err, ERR_CONFLICT, EADDRNOTAVAIL, "host",
			       "every address pool Moat knows overlaps a route of this host");
	/* fd + 40 random bits + subnet 0xffff for uplinks, the others for networks (RFC 4193 3.1) */
	pools.nets6.ip.family = 6;
	pools.nets6.ip.b[0] = 0xfd;
	for (int i = 0; i < 5; i++)
		pools.nets6.ip.b[1 + i] = (uint8_t)(seed >> (8 * i));
	pools.nets6.len = 49; /* its upper half is for the uplinks */
	pools.transit6 = pools.nets6;
	pools.transit6.ip.b[6] = pools.transit6.ip.b[7] = 0xff;
	pools.transit6.len = 64;
	*ret_pools = pools;
	return 0;
}

/* ------------------------------------------------------------------------ guard */

int snapshot_dropped(const uint8_t *data, size_t size, const char *port, uint64_t *ret_packets, struct err *err)
{
	struct nft_counter *counters cleanup(mem_freep) = NULL;
	struct parts parts;
	int count, r = parts_find(data, size, &parts, err);

	if (r < 0)
		return r;
	count = nft_list_counters(parts.dropped.data, parts.dropped.size, &counters);
	if (count < 0)
		return err_set(err, ERR_INTERNAL, EBADMSG, port, "what the guard dropped cannot be read");
	for (size_t i = 0; nft_counter_reason(i); i++) {
		ret_packets[i] = 0;
		for (int c = 0; c < count; c++)
			if (str_eq(counters[c].dev, port) && str_eq(counters[c].reason, nft_counter_reason(i)))
				ret_packets[i] = counters[c].packets;
	}
	return 0;
}

/* ----------------------------------------------------------------------- doctor */

/* The first candidate that nothing of the host overlaps, as a line of moatd.yaml. */
static void remedy_print(struct pool_overlap *overlap, const char *key, const char *const *candidates, size_t count,
			 const struct rtnl_route_info *routes, int route_count, const struct rtnl_addr_info *addrs,
			 int addr_count)
{
	for (size_t i = 0; i < count; i++) {
		struct prefix candidate;

		if (prefix_parse(candidates[i], &candidate) < 0 || prefix_overlaps(&candidate, &overlap->pool) ||
		    !prefix_free(&candidate, routes, route_count, addrs, addr_count))
			continue;
		snprintf(overlap->remedy, sizeof(overlap->remedy),
			 "write '%s: %s' into /etc/moat/moatd.yaml and restart moatd", key, candidates[i]);
		return;
	}
	snprintf(overlap->remedy, sizeof(overlap->remedy),
		 "write '%s: ' and a free prefix into /etc/moat/moatd.yaml and restart moatd", key);
}

int snapshot_overlaps(const uint8_t *data, size_t size, const struct pools *pools, struct pool_overlap **ret_overlaps,
		      size_t *ret_count, struct err *err)
{
	const struct {
		const struct prefix *pool;
		const char *key;
		const char *const *candidates;
		size_t count;
		bool transit;
	} rows[] = {
		{ &pools->transit4, "transit4", transits4, ARRAY_COUNT(transits4), true },
		{ &pools->transit6, "transit6", NULL, 0, true },
		{ &pools->nets4, "networks4", nets4, ARRAY_COUNT(nets4), false },
		{ &pools->nets6, "networks6", NULL, 0, false },
	};
	struct rtnl_link_info *links cleanup(mem_freep) = NULL;
	struct rtnl_route_info *routes cleanup(mem_freep) = NULL;
	struct rtnl_addr_info *addrs cleanup(mem_freep) = NULL;
	struct pool_overlap *overlaps = NULL;
	struct parts parts;
	int link_count, route_count, addr_count, r = parts_find(data, size, &parts, err);
	size_t count = 0;

	if (r < 0)
		return r;
	link_count = rtnl_list_links(parts.raw.links, &links);
	route_count = rtnl_list_routes(parts.raw.routes, &routes);
	addr_count = rtnl_list_addrs(parts.raw.addrs, &addrs);
	if (link_count < 0 || route_count < 0 || addr_count < 0)
		return err_set(err, ERR_INTERNAL, EBADMSG, "host", "the host's routes cannot be read");
	for (int i = 0; i < route_count; i++) {
		const struct rtnl_link_info *link = link_by_index(links, link_count, routes[i].index);

		if (routes[i].dst.len == 0 || routes[i].type != ROUTE_TYPE_UNICAST || !link || link->loopback ||
		    is_uplink(link->name))
			continue;
		for (size_t k = 0; k < ARRAY_COUNT(rows); k++) {
			struct pool_overlap *overlap;

			if (rows[k].pool->ip.family != routes[i].dst.ip.family ||
			    !prefix_overlaps(rows[k].pool, &routes[i].dst))
				continue;
			overlaps = mem_grow(overlaps, count + 1, sizeof(*overlaps));
			overlap = &overlaps[count++];
			*overlap = (struct pool_overlap){ .route = routes[i].dst, .pool = *rows[k].pool,
							  .transit = rows[k].transit };
			(void)str_copy(overlap->dev, sizeof(overlap->dev), link->name);
			remedy_print(overlap, rows[k].key, rows[k].candidates, rows[k].count, routes, route_count, addrs,
				     addr_count);
		}
	}
	*ret_overlaps = overlaps;
	*ret_count = count;
	return 0;
}

int snapshot_chains(const uint8_t *data, size_t size, struct nft_base_chain **ret_chains, size_t *ret_count, struct err *err)
{
	struct parts parts;
	int count, r = parts_find(data, size, &parts, err);

	*ret_chains = NULL;
	*ret_count = 0;
	if (r < 0)
		return r;
	count = nft_list_base_chains(parts.rules.data, parts.rules.size, ret_chains);
	if (count < 0)
		return err_set(err, ERR_INTERNAL, EBADMSG, "host", "the host's rules cannot be read");
	*ret_count = (size_t)count;
	return 0;
}
