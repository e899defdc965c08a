/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hand_world - what the tests of moatd-hand have it make: a tenant's router, one network, one stack on it, one published port. */
#ifndef MOAT_TESTS_NETNS_HAND_WORLD_H
#define MOAT_TESTS_NETNS_HAND_WORLD_H

#include "tests/netns/kern/fake_engine.h"

static const uint64_t router = NS_ID(NS_ROUTER, 0xa1), stack = NS_ID(NS_STACK, 0xb1);
static const char uplink[] = "mu0000000000a1", bridge[] = "mb0000000000c1", port[] = "mp0000000000d1";

/** hand_world_enter() - a place of its own for the test; ends it, as skipped, where it is not root */
void hand_world_enter(void);

/* Objects, from texts. */
void add(struct objv *objs, struct obj obj);
struct prefix prefix(const char *text);
struct obj addr(uint64_t ns, const char *dev, const char *text);
struct obj elem(uint64_t ns, enum nft_set set, const char *dev, const struct mac *mac, const char *ip);
struct obj publish(uint16_t host_port, const char *to);
/** guarded() - a port of the router that is up, and what its guard lets pass */
void guarded(struct objv *objs, const char *dev, const struct mac *mac, const char *ip);

/** wanted() - all of it. build(), demolish(): by the hand, which must not fail */
void wanted(struct objv *objs);
void build(struct hand *hand, struct objv *want);
void demolish(struct hand *hand, struct objv *want);

/** standing() - everything that stands in host, router and stack, with the namespaces themselves */
void standing(struct hand *hand, const struct objv *want, struct objv *have);
/** assert_same() - no difference; as text when there is one. assert_stands(): between it and what stands; assert_empty(): nothing does */
void assert_same(struct objv *want, struct objv *have);
void assert_stands(struct hand *hand, struct objv *want);
void assert_empty(struct hand *hand);

#endif
