/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot - a dump's bytes to objects and to facts about the host. Floor F4,
 * pure: it decodes what the hand brought.
 */
#ifndef MOAT_ENGINE_SNAPSHOT_H
#define MOAT_ENGINE_SNAPSHOT_H

#include "lib/kern/nft_decode.h"
#include "lib/plan/desired.h"
#include "netd/seam/seam.h"
#include "netd/seam/settings.h"

/** snapshot_decode() - the objects of @ns in the dump */
int snapshot_decode(const uint8_t *data, size_t size, uint64_t ns, struct objv *objs, struct err *err);
/** snapshot_registry() - features, and the namespaces the hand has; *ret_infos is malloc'ed */
int snapshot_registry(const uint8_t *data, size_t size, struct seam_features *ret_features, struct seam_nsinfo **ret_infos,
		      size_t *ret_count, struct err *err);
/** snapshot_host() - egress devices, their MTU, RA routes, what of the routed-prefixes is on links; from links and routes */
int snapshot_host(const uint8_t *data, size_t size, const struct seam_features *features,
		  const struct settings *settings, struct host_facts *ret_facts, struct err *err);
/**
 * snapshot_pools() - pools that overlap no route and no address of the host
 * @settings: pools given there are not chosen
 * @seed: random, for the unique local prefix of RFC 4193
 */
int snapshot_pools(const uint8_t *data, size_t size, uint64_t seed, const struct settings *settings,
		   struct pools *ret_pools, struct err *err);
/** snapshot_pools_given() - what the administrator wrote takes the place of what was chosen */
void snapshot_pools_given(const struct settings *settings, struct pools *pools);
/**
 * struct pool_overlap - a route of the host's, not by an uplink, that overlaps a pool
 * @transit: the pool of uplinks' addresses; else one that networks get their subnets from
 */
struct pool_overlap {
	struct prefix route, pool;
	char dev[OBJ_IFNAME_SIZE];
	bool transit;
	char remedy[160];
};
/** snapshot_overlaps() - all of them; *ret_overlaps is malloc'ed */
int snapshot_overlaps(const uint8_t *data, size_t size, const struct pools *pools, struct pool_overlap **ret_overlaps,
		      size_t *ret_count, struct err *err);
/** snapshot_chains() - foreign base chains of all kinds; *ret_chains is malloc'ed */
int snapshot_chains(const uint8_t *data, size_t size, struct nft_base_chain **ret_chains, size_t *ret_count, struct err *err);

/**
 * snapshot_dropped() - packets of @port that the guard dropped, from a dump of SEAM_DROPPED
 * @ret_packets: one number a reason, in the order of nft_counter_reason(); room for SNAPSHOT_REASONS_MAX
 */
enum { SNAPSHOT_REASONS_MAX = 16 };
int snapshot_dropped(const uint8_t *data, size_t size, const char *port, uint64_t *ret_packets, struct err *err);

#endif
