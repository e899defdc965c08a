/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aside - rows of the store that cannot be loaded, and what is not done because of them. Floor F4, pure.
 *
 * One tenant's broken row is no reason to stop serving the others, and none to guess. A row that cannot be read, that says
 * what this program does not know, or that the model refuses stays in its file as it is and is tried again at each start. So does
 * what belongs to it and cannot be loaded without it. While it stands there,
 *
 * - a comparison with the kernel leaves alone what may be its: in the routers and stacks concerned, and in the host
 *   whatever nobody who is known answers for;
 * - its tenant can take away but not make: addresses, ports and names that the row holds are not known, and would be given
 *   twice. Nobody can make a tenant of that name;
 * - `moat check` names it, `moat doctor` with the remedy, `moat tenant show` counts it.
 *
 * What is of all tenants has nobody else to go on for: a file that is broken, its version, the boot, the pools. There the
 * engine stops, and touches nothing (store.c).
 */
#ifndef MOAT_ENGINE_ASIDE_H
#define MOAT_ENGINE_ASIDE_H

#include <jansson.h>

#include "lib/model/model.h"

/**
 * struct aside - one such row
 * @id: 0 where that cannot be read: then it may be anything's
 * @row: the same as it stands there, what is not printable as '?'
 * @kind: likewise
 * @path: of its file
 * @tenant: whose; "" where that is not known
 * @holds: something in the kernel may be there for it
 * @transit: the uplink's number that it says, -1 for none: who is given it must not be another
 * @dependent: nothing is wrong with it, but what it belongs to is not there
 * @reason: why; owned
 */
struct aside {
	uint64_t id;
	char row[48], kind[24];
	char path[512];
	char tenant[NAME_TENANT_SIZE];
	int64_t transit;
	bool holds, dependent;
	char *reason;
};

/** struct asides - all of them, as they were found; ids: those that hold something */
struct asides {
	struct aside **rows;
	size_t count;
	struct table ids;
	bool anything; /* one that holds something has no id that can be read */
};

/** asides_add() - a copy of @row; @reason too */
void asides_add(struct asides *asides, const struct aside *row, const char *reason);
void asides_fini(struct asides *asides);
/** asides_hold() - may anything in the kernel be there for one of them? */
bool asides_hold(const struct asides *asides);
/** asides_of() - how many hold something of the tenant */
size_t asides_of(const struct asides *asides, const char *tenant);
/** asides_may_own() - may what belongs to the tenant, and is not known, belong to one of them? */
bool asides_may_own(const struct asides *asides, const char *tenant);
/** asides_refuse() - nothing new for the tenant while one of them holds something of it. Return: 0 or -EBUSY. */
int asides_refuse(const struct asides *asides, const char *tenant, struct err *err);
/**
 * asides_hold_uplinks() - what they have of the host's uplinks is given to nobody
 * @host: objects of the host: an uplink of no tenant that is known keeps its number. Sets model.strangers.
 */
void asides_hold_uplinks(const struct asides *asides, struct model *model, const struct objv *host);
/**
 * asides_keep() - what of @have nobody wants, and one of them may, is wanted as it is
 * Finds out besides, by the router that it has something in, whose a row is that does not say so. Sorts both.
 */
void asides_keep(struct asides *asides, const struct model *model, struct objv *want, struct objv *have);
/** asides_report() - one row of io.moat.Check each, of one tenant or ("") all. Return: how many. */
size_t asides_report(const struct asides *asides, const char *tenant, json_t *differences);
/** aside_print() - "row 00000000000f, a tenant (red), of FILE" */
void aside_print(const struct aside *aside, struct buf *text);

#endif
