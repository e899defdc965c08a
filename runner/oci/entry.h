/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * entry - where moat-runtime begins, if it is linked statically: what seal.h is
 * for, without a new start, before the C library is there. Floor F4. oci_entry
 * is what the header of the program names; it goes on to the library's _start.
 */
#ifndef MOAT_RUNNER_OCI_ENTRY_H
#define MOAT_RUNNER_OCI_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct oci_entry_seal - an image whose program file is one on a read-only mount that nobody can reach
 * @tree: what holds that mount, open: to let go of it the kernel takes its time (it waits for RCU), which is well spent
 * while a container's process is waited for
 * @origin: where the program file lies
 */
struct oci_entry_seal {
	bool done;
	int tree;
	char origin[4096];
};

/** oci_entry_seal() - of this process, if its command wants that and it is not so yet; @stack as of an exec */
void oci_entry_seal(long *stack);

/** oci_entry_sealed() - Return: what came of it; NULL: nothing, or we are linked in another way */
#ifdef MOAT_ENTRY
const struct oci_entry_seal *oci_entry_sealed(void);
#else
static inline const struct oci_entry_seal *oci_entry_sealed(void)
{
	return NULL;
}
#endif

#endif
