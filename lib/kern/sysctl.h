/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctl - the net sysctls of obj.h, of the namespace the calling thread is in
 * (netns_enter()). Floor F2. /proc/sys/net follows the thread that opens it, so
 * any /proc will do.
 */
#ifndef MOAT_KERN_SYSCTL_H
#define MOAT_KERN_SYSCTL_H

#include "lib/base/err.h"
#include "lib/obj/obj.h"

/**
 * sysctl_read() - the value that stands
 * Return: 0; -ENOENT where this kernel or namespace has no such key (net.bridge.* then counts as 0 and is returned
 * so); -errno.
 */
int sysctl_read(const struct obj_sysctl *sysctl, int32_t *ret_value, struct err *err);

/**
 * sysctl_write() - write and read back
 * Return: 0; -ENOENT as above (net.bridge.* = 0 without br_netfilter is success); -EIO when another value was read
 * back; -errno.
 */
int sysctl_write(const struct obj_sysctl *sysctl, struct err *err);

#endif
