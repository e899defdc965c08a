/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify - what a service manager and we say to each other: the datagrams of sd_notify(3), the
 * descriptors of sd_listen_fds(3), the watchdog of sd_watchdog_enabled(3). Floor F4. Three
 * environment variables and a datagram: libsystemd, and what comes with it, is not linked for that.
 */
#ifndef MOAT_NETD_SUPERVISOR_NOTIFY_H
#define MOAT_NETD_SUPERVISOR_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	NOTIFY_NAME_MAX = 13, /* characters of a descriptor's name: a namespace's number in hex */
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
 * notify_store() - have the manager keep a copy of @fd under @name (FDSTORE=1)
 * notify_unstore() - and drop all of that name again
 * It says neither whether it did: NOTIFY_STORE_MAX is the caller's to keep to.
 * Return: as notify_send(); -ERANGE for a @name that is too long.
 */
int notify_store(const char *name, int fd);
int notify_unstore(const char *name);

typedef bool (*notify_fd_fn)(void *ctx, const char *name, int fd);

/**
 * notify_take() - what the manager kept over our last life, one call of @fn each
 * Takes LISTEN_* out of the environment. @fn returns true when it keeps the descriptor; otherwise that is closed, and
 * the manager is told to forget it.
 */
void notify_take(notify_fd_fn fn, void *ctx);

/** notify_watchdog_ms() - a "WATCHDOG=1" is due within that time, again and again; 0: nobody waits for one */
uint64_t notify_watchdog_ms(void);

#endif
