/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tap - tap devices of the namespace the calling thread is in (netns_enter()). Floor F2. */
#ifndef MOAT_KERN_TAP_H
#define MOAT_KERN_TAP_H

#include "lib/base/err.h"

/**
 * tap_make() - a persistent tap device of one queue, that nobody holds open
 * It has no owner: whoever is let into its namespace may open it, one at a time, and only for what it is. rtnetlink
 * makes none (drivers/net/tun.c, tun_validate()), but changes and removes it as any link.
 * Return: 0; -EEXIST where a link of that name stands; -errno.
 */
int tap_make(const char *name, struct err *err);

#endif
