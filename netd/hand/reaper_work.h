/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reaper_work - what is to go of one plan, as the reaper's threads have it: a
 * list of removals and the namespaces they are in. Floor F4. It removes
 * nothing itself; for who fills one see reaper.h.
 */
#ifndef MOAT_NETD_HAND_REAPER_WORK_H
#define MOAT_NETD_HAND_REAPER_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/ds.h"
#include "netd/hand/reaper.h"

/** struct removal - a neighbour (@neigh.dev not empty), a link (@name) or a pin (@path). @fd: of the namespace, the work's. */
struct removal {
	uint64_t ns;
	int fd;
	uint32_t index;
	char name[OBJ_IFNAME_SIZE];
	struct obj_neigh neigh;
	char *path;
	struct reaper_work *work;
};

/** struct reaper_work - @fds: one a namespace, shared by what goes in it; @links: how many there are; @place: where the first is; @loan: a socket there */
struct reaper_work {
	struct list node;
	uint32_t seq;
	struct removal *removals;
	size_t count, capacity, links;
	int *fds;
	size_t fd_count;
	uint64_t last_ns, place;
	struct registry_loan loan;
	struct seam_result result;
};

/** reaper_work_close() - its removals are done, or given up: descriptors and paths go, the result stays */
void reaper_work_close(struct reaper_work *work);
/** reaper_work_neigh_in() - does it remove that neighbour? */
bool reaper_work_neigh_in(const struct reaper_work *work, uint64_t ns, const struct obj_neigh *neigh);

/**
 * reaper_works_sorted() - the neighbours and links of some works, by place and neighbours first; no pins
 * @ret_removals: to be freed; those of one place follow one another as long as reaper_same_place()
 * Return: how many.
 */
size_t reaper_works_sorted(const struct list *works, struct removal ***ret_removals);
bool reaper_same_place(const struct removal *a, const struct removal *b);

static inline bool removal_is_neigh(const struct removal *removal)
{
	return removal->neigh.dev[0] != '\0';
}

#endif
