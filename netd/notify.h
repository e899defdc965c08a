/* SPDX-License-Identifier: GPL-2.0-or-later */
/* notify - tell a service manager how we are, by the datagrams of sd_notify(3). Floor F4. */
#ifndef MOAT_NETD_NOTIFY_H
#define MOAT_NETD_NOTIFY_H

/**
 * notify_send() - one state, such as "READY=1"
 * Without NOTIFY_SOCKET in the environment nothing happens. Return: 1 sent, 0 nobody asked, -errno.
 */
int notify_send(const char *state);

#endif
