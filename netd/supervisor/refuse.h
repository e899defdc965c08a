/* SPDX-License-Identifier: GPL-2.0-or-later */
/* refuse - an answer to clients while there is no engine that could give one. Floor F4. */
#ifndef MOAT_NETD_SUPERVISOR_REFUSE_H
#define MOAT_NETD_SUPERVISOR_REFUSE_H

enum { REFUSE_REASON_SIZE = 512 };

/**
 * refuse_waiting() - take the connections that wait at @listen, tell each why, and end it; no byte of theirs is read
 * @listen: does not block
 * @reason: what is no printable ASCII goes as '?'
 * Return: 0; -errno where none can be taken (what waits goes on to wait).
 */
int refuse_waiting(int listen, const char *reason);

#endif
