/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compact - a system call filter with fewer instructions that answers the same. Lowest floor of F4. */
#ifndef MOAT_RUNNER_FILTER_COMPACT_H
#define MOAT_RUNNER_FILTER_COMPACT_H

#include <linux/filter.h>
#include <stddef.h>

/**
 * filter_compact() - in place
 * @filter: @count instructions, BPF_MAXINSNS at most, that the kernel would take
 * The answer to every architecture, number and argument is what it was. Where there is an instruction that is not
 * understood, or nothing to be won, they stay as they are. Return: how many there are now. Some ms.
 */
size_t filter_compact(struct sock_filter *filter, size_t count);

#endif
