/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runs - a set of 64-bit numbers, kept as its runs of consecutive ones in a
 * balanced tree. Floor F0. For sets that are dense in places and may lie
 * anywhere (the host numbers of a subnet): finding, adding, removing and the
 * next number that is *not* in it each take O(log runs), and memory is 48
 * bytes a run, of which there are never more than numbers.
 */
#ifndef MOAT_BASE_RUNS_H
#define MOAT_BASE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUNS_NONE UINT64_MAX /* no number of a set */

struct runs_node;

/** struct runs - zero initialised is empty; @count: numbers, @run_count: runs */
struct runs {
	struct runs_node *root;
	size_t count, run_count;
};

void runs_fini(struct runs *runs);
bool runs_has(const struct runs *runs, uint64_t n);
/** runs_add() - @n below RUNS_NONE. Return: false when it was in already. */
bool runs_add(struct runs *runs, uint64_t n);
/** runs_del() - Return: false when it was not in. */
bool runs_del(struct runs *runs, uint64_t n);
/** runs_gap() - the least number from @n on that is not in the set; RUNS_NONE where there is none */
uint64_t runs_gap(const struct runs *runs, uint64_t n);

#endif
