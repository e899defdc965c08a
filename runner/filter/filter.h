/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter - the default system call filter, as a program for the kernel. Lowest
 * floor of F4. What it answers to each call: calls.h, docs/SECCOMP.md. It knows
 * no container; who may have what decides runner/spec/security.h.
 */
#ifndef MOAT_RUNNER_FILTER_H
#define MOAT_RUNNER_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "runner/filter/calls.h"

enum { FILTER_SIZE_MAX = 2048 }; /* instructions */

/** filter_group_parse() - by its name. Return: 0; -EINVAL with the name. */
int filter_group_parse(const char *name, enum filter_group *ret_group, struct err *err);

/**
 * filter_refused() - bit mask of the groups that are refused by default
 * @caps: with NET_RAW packet sockets, with NET_ADMIN nfnetlink and the rarer netlink sockets, with SYS_NICE the calls
 * about NUMA are let through
 * @volumes: it may write folders of the host, which other users of that may see
 */
uint32_t filter_refused(uint64_t caps, bool volumes);

/**
 * filter_make() - the filter: a list of what is let through, all else is refused
 * @refused: groups, as a bit mask; 0: no filter at all
 * The usual ones were compiled when Moat was built; others are now, by libseccomp (some ms). Made outside.
 * @program: its filter has room for FILTER_SIZE_MAX instructions; its len is set
 */
int filter_make(uint32_t refused, struct sock_fprog *program, struct err *err);

/** filter_compile() - the part that is not ready: as filter_make(), by libseccomp always */
int filter_compile(uint32_t refused, struct sock_fprog *program, struct err *err);

/** filter_ready() - the mask of the @index-th one that is compiled with Moat. Return: false where there are no more. */
bool filter_ready(unsigned int index, uint32_t *ret_refused);

#endif
