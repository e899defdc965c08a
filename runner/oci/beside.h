/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * beside - a network namespace that a thread of ours makes on another processor, while we do all else. Floor F4. It takes
 * the kernel most of what all namespaces together do. If there is no other processor, or none is free by the time the
 * namespace is wanted, we make it ourselves.
 */
#ifndef MOAT_RUNNER_OCI_BESIDE_H
#define MOAT_RUNNER_OCI_BESIDE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

enum { OCI_BESIDE_WORD_BITS = 8 * sizeof(unsigned long), OCI_BESIDE_WORDS = 8192 / OCI_BESIDE_WORD_BITS /* of CONFIG_NR_CPUS */ };

/* Who makes it: nobody yet, the thread, or its maker; REFUSED: not the thread, which ends */
enum oci_beside_turn { OCI_BESIDE_OPEN, OCI_BESIDE_THREAD, OCI_BESIDE_MAKER, OCI_BESIDE_REFUSED };

/**
 * struct oci_beside - it stays where it is while the thread lives
 * @tid: the thread's, 0 when it has ended, or was not begun
 * @turn: of enum oci_beside_turn, by whoever asks first
 * @asked: its result was taken
 * @proc: a descriptor of /proc
 * @here: the processor of who began it; @others: those we may run on besides, @count of them in @size bytes
 * @result: the descriptor, or -errno; the thread's until that has ended
 */
struct oci_beside {
	atomic_int tid;
	atomic_int turn;
	bool asked;
	void *stack;
	int proc, result;
	unsigned int here, count;
	size_t size;
	unsigned long others[OCI_BESIDE_WORDS];
};

/** oci_beside_begin() - of @beside, which is zero; nothing, where there is one processor. @proc is used until the end. */
void oci_beside_begin(int proc, struct oci_beside *beside);

/**
 * oci_beside_end() - wait for it, if the thread has begun with it
 * Return: a descriptor of the namespace, its loopback up, the caller's; -errno; 0: it was not begun, and is no more.
 */
int oci_beside_end(struct oci_beside *beside, struct err *err);

/** oci_beside_fini() - no thread is left after this */
void oci_beside_fini(struct oci_beside *beside);

#endif
