/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * writes - limits as the files and values that make them so: a plan, computed
 * without looking at any cgroup, that tests can read. Floor F4 (runner/cgroup),
 * pure.
 */
#ifndef MOAT_RUNNER_CGROUP_WRITES_H
#define MOAT_RUNNER_CGROUP_WRITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "runner/cgroup/layout.h"
#include "runner/cgroup/resources.h"

/**
 * struct cgroup_write - one file of one cgroup
 * @controller: whose hierarchy; CGROUP_CONTROLLER_COUNT: the v2 hierarchy, whatever it has
 * @unified: a file of v2
 * @optional: where the kernel has no such file there is nothing to do
 * @with_next: one of a pair with a bound between them (memory and memory+swap): where it is refused, the next is written
 *             first
 * @either: this file or the next: a kernel has one of them
 */
struct cgroup_write {
	enum cgroup_controller controller;
	bool unified, optional, with_next, either;
	const char *file;
	const char *value;
};

struct cgroup_writes {
	struct arena *arena;
	struct cgroup_write *items;
	size_t count, room;
	struct err *err;
};

/** cgroup_shares_to_weight() - cpu.shares (2..262144, 1024) to cpu.weight (1..10000, 100): ends and middle agree, log2
 *  of one is a square polynomial of log2 of the other */
uint64_t cgroup_shares_to_weight(uint64_t shares);

/** cgroup_io_weight() - blkio.weight (10..1000) to io.weight (1..10000), a line */
uint64_t cgroup_io_weight(uint64_t weight);

/**
 * cgroup_writes_build() - all of them, in the order they are to be written
 * @layout: says for each controller whether v1 or v2 has it
 * Device rules are not among them on v2 (cgroup_devices_program()).
 * Return: 0; -ENOTSUP naming the controller that a limit needs and nobody has; -EINVAL for a limit that cannot be.
 */
int cgroup_writes_build(const struct cgroup_resources *resources,
			const struct cgroup_layout *layout, struct arena *arena,
			struct cgroup_writes *ret_writes, struct err *err);

/* For writes_v1.c and writes_v2.c: one more. NULL @value: nothing to write. */
void cgroup_write_add(struct cgroup_writes *writes, enum cgroup_controller controller,
		      const char *file, const char *value);
void cgroup_write_int(struct cgroup_writes *writes, enum cgroup_controller controller,
		      const char *file, int64_t value); /* CGROUP_UNSET: nothing */
int cgroup_writes_v1(struct cgroup_writes *writes, enum cgroup_controller controller,
		     const struct cgroup_resources *resources);
int cgroup_writes_v2(struct cgroup_writes *writes, enum cgroup_controller controller,
		     const struct cgroup_resources *resources);

#endif
