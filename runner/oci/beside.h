/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * beside - a child of ours begins on another processor. Floor F4. The scheduler leaves one that is born where its parent is, in
 * front of that, unless somebody else waits for a turn there: a thread does, that has nothing to do.
 */
#ifndef MOAT_RUNNER_OCI_BESIDE_H
#define MOAT_RUNNER_OCI_BESIDE_H

#include <stdatomic.h>
#include <stdbool.h>

/**
 * struct oci_beside - it stays where it is while the thread lives
 * @tid: the thread's, 0 when it has ended, or was not begun; @over: it has nothing to wait for any more
 */
struct oci_beside {
	atomic_int tid;
	atomic_bool over;
	void *stack;
};

/** oci_beside_begin() - of @beside, which is zero: before the child is born */
void oci_beside_begin(struct oci_beside *beside);

/** oci_beside_end() - it is born */
void oci_beside_end(struct oci_beside *beside);

/** oci_beside_fini() - no thread is left after this */
void oci_beside_fini(struct oci_beside *beside);

#endif
