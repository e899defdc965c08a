/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sockets - sockets opened for moatd-dns, which can open none. Floor F4.
 * The name service's port in a router, in the host sockets without port or
 * peer, and of the host's own addresses ::1 alone, the port judged before.
 */
#ifndef MOAT_NETD_HAND_SOCKETS_H
#define MOAT_NETD_HAND_SOCKETS_H

#include "netd/hand/registry.h"

/**
 * sockets_dns() - UDP, and TCP that listens, at port 53 of every address of router @entry, both families
 * @ret_fds: two; they keep the namespace alive
 */
int sockets_dns(const struct registry *reg, const struct ns_entry *entry, int ret_fds[2], struct err *err);

/** sockets_outlets() - FDIO_FDS_MAX sockets of the host, as @what says, or fewer where there are no more descriptors */
int sockets_outlets(enum seam_open_what what, int *ret_fds, size_t *ret_count, struct err *err);

/** sockets_listen() - @port of [::1] of the host, as @what says; -EADDRINUSE where it is somebody's */
int sockets_listen(enum seam_open_what what, uint16_t port, int *ret_fd, struct err *err);

#endif
