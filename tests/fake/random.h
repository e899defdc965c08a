/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random - small worlds drawn from a seed: consistent desired states over one
 * set of names, so that any two of them can follow each other. For tests.
 */
#ifndef MOAT_TESTS_FAKE_RANDOM_H
#define MOAT_TESTS_FAKE_RANDOM_H

#include "lib/obj/obj.h"

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
/** rng_below() - 0..@n-1; 0 for 0 */
unsigned rng_below(struct rng *rng, unsigned n);
/** rng_chance() - true in @percent of 100 */
bool rng_chance(struct rng *rng, unsigned percent);
void rng_shuffle(struct rng *rng, void *items, size_t count, size_t size);

/** struct world - what may be: how many of each; names and namespaces follow from the number */
struct world {
	unsigned routers, bridges, pairs, wires;
};
struct world world_draw(struct rng *rng);

enum { WORLD_CONTAINERS = 2 };
/** world_adopted() - the namespaces that nobody makes: they stand in every state */
void world_adopted(struct objv *v);

/** world_state() - a state a planner could want: whatever stands in it has what it stands on */
void world_state(struct rng *rng, const struct world *world, struct objv *ret_state);

/** random_obj() - one valid object of @kind, out of no world */
struct obj random_obj(struct rng *rng, enum obj_kind kind);

#endif
