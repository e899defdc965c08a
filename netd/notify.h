/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify - what a service manager and we say to each other: the datagrams of sd_notify(3), the
 * descriptors of sd_listen_fds(3), the watchdog of sd_watchdog_enabled(3). Floor F4. Three
 * environment variables and a datagram: libsystemd, and what comes with it, is not linked for that.
 */
#ifndef MOAT_NETD_NOTIFY_H
#define MOAT_NETD_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

enum {
	/*
	 * Descriptors the manager may keep for us; configs/systemd/moatd.service repeats the number. It gives
	 * them back with all their names in one environment variable, and execve(2) takes 128 kB for one.
	 */
	NOTIFY_STORE_MAX = 9000,
};

/**
 * notify_send() - one state, such as "READY=1"
 * Without NOTIFY_SOCKET in the environment nothing happens. Return: 1 sent, 0 nobody asked, -errno.
 */
int notify_send(const char *state);

/**
 * notify_store() - have the manager keep a copy of @fd under the number @id (FDSTORE=1)
 * notify_unstore() - and drop it again
 * It says neither whether it did: NOTIFY_STORE_MAX is the caller's to keep to.
 * Return: as notify_send(); -ERANGE for an @id above 52 bits, whose name would be too long.
 */
int notify_store(uint64_t id, int fd);
int notify_unstore(uint64_t id);

typedef void (*notify_fd_fn)(void *ctx, uint64_t id, int fd);

/**
 * notify_take() - what the manager kept over our last life, one call of @fn each, which owns the descriptor
 * Takes LISTEN_* out of the environment. What has no name of ours is closed and given back to forget.
 * Return: number of calls.
 */
size_t notify_take(notify_fd_fn fn, void *ctx);

/** notify_watchdog_ms() - a "WATCHDOG=1" is due within that time, again and again; 0: nobody waits for one */
uint64_t notify_watchdog_ms(void);

#endif
