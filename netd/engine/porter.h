/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * porter - stands between the engine and everybody who is no administrator. Floor F4.
 *
 * What comes with a message by SCM_RIGHTS is let go of by whoever reads the message, or closes the socket in which it
 * lies unread, and that may take as long as the sender likes, even where no descriptor was made of it: a file of a FUSE
 * file system waits for its server, a TCP socket for SO_LINGER. So the engine neither reads such a client's socket nor is
 * the last to close it: a process of the connection's own does, and may hang alone. It passes on bytes as they come, and
 * of descriptors those of network namespaces; in place of another one goes /dev/null.
 */
#ifndef MOAT_ENGINE_PORTER_H
#define MOAT_ENGINE_PORTER_H

#include <stddef.h>

#include "lib/base/err.h"

enum { PORTER_RECORD_MAX = 16 * 1024 }; /* bytes of one record, either way */

/**
 * porter_start() - fork the process that makes the others; before there are threads or files that it should not have
 * @ret_channel: for porter_relay(); it ends when the engine does, and reads as ended when the porter has
 */
int porter_start(int *ret_channel, struct err *err);

/**
 * porter_relay() - give a client's socket away
 * @client: closed, but on failure
 * @ret_fd: what stands for it: records (SOCK_SEQPACKET) of at most PORTER_RECORD_MAX bytes either way, not blocking; who has
 *	enough of it shuts it down for writing and waits for its end, which comes when nothing of the client is left
 * Return: 0; -EAGAIN or -errno: try again a little later.
 */
int porter_relay(int channel, int client, int *ret_fd);

/** porter_drop() - have up to FDIO_FDS_MAX - 1 clients' sockets closed; as porter_relay() */
int porter_drop(int channel, const int *clients, size_t count);

#endif
