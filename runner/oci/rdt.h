/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rdt - linux.intelRdt: the class of service (share of cache and of memory
 * bandwidth) that a container's processes have, and a group in which they are
 * counted. Floor F4. Folders of the resctrl file system that somebody has mounted
 * (Documentation/filesystems/resctrl.rst); it mounts none.
 *
 *	oci_rdt_plan()    what there is, and what would be made: nothing is touched. Written into state.json before anything is
 *	oci_rdt_make()    the folders, the schemata
 *	oci_rdt_enter()   a process that waits: the container's, exec's
 *	oci_rdt_remove()  by delete, and after a failure
 *
 * config-linux.md: a class that closID names outlives the container, one called by the container's id goes with it.
 */
#ifndef MOAT_RUNNER_OCI_RDT_H
#define MOAT_RUNNER_OCI_RDT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

/**
 * struct oci_rdt - linux.intelRdt. What is unset or empty is NULL
 * @clos: name of a class, "/": the root
 * @lines: of schemata, NULL-terminated
 */
struct oci_rdt {
	const char *clos, *l3, *mb;
	const char **lines;
	bool monitored;
};

/**
 * struct oci_rdt_place - what delete must know; a part of state.json
 * @path: folder of the class, malloc'ed; NULL: the container has none of this
 * @root: length of the part of it that is the mount point; not kept
 * @ours: the class is to be removed; @inode: of its folder, 0 until it is made
 * @group: inode of the monitoring group, 0 until it is made
 */
struct oci_rdt_place {
	char *path;
	size_t root;
	bool ours, monitored;
	uint64_t inode, group;
};
void oci_rdt_fini(struct oci_rdt_place *place);

/** oci_rdt_decode() - the object (pure). Return: 0 and one of @arena; -EINVAL. */
int oci_rdt_decode(const json_t *object, struct arena *arena, const struct oci_rdt **ret_rdt, struct err *err);

/**
 * oci_rdt_plan() - for container @id
 * Return: 0; -ENOTSUP: no resctrl is mounted; -ENOENT: no such class, and nothing that says what it were to be;
 * -EEXIST: its monitoring group is there.
 */
int oci_rdt_plan(const struct oci_rdt *rdt, const char *id, struct oci_rdt_place *ret_place, struct err *err);
/** oci_rdt_make() - after a failure what is written is taken back; what is made, by oci_rdt_remove() */
int oci_rdt_make(const struct oci_rdt *rdt, const char *id, struct oci_rdt_place *place, struct err *err);
/**
 * oci_rdt_update() - other schemata for a container that has a class (@rdt: l3 and mb alone)
 * @ret_had: what the class had before, for oci_rdt_restore(), should this fail, or what belongs with it; else empty
 * Return: 0; -ENOENT: it has no class; -errno.
 */
int oci_rdt_update(const struct oci_rdt *rdt, const struct oci_rdt_place *place, struct buf *ret_had, struct err *err);
void oci_rdt_restore(const struct oci_rdt_place *place, struct buf *had);
/** oci_rdt_enter() - move a process in. @exec: a later one, for which a class that is gone is none */
int oci_rdt_enter(const struct oci_rdt_place *place, const char *id, pid_t pid, bool exec, struct err *err);
/** oci_rdt_remove() - what we made; where no inode was noted any more (@killed), only what nobody is in */
int oci_rdt_remove(const struct oci_rdt_place *place, const char *id, bool killed, struct err *err);

/** oci_rdt_matches() - does a schemata file say what these lines say, of the caches that they name? Pure. */
bool oci_rdt_matches(const char *schemata, const char *lines);

#endif
