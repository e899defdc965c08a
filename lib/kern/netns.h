/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns - network namespaces as descriptors: make, pin, visit, identify. Floor F2.
 * Everything acts on the calling thread only.
 */
#ifndef MOAT_KERN_NETNS_H
#define MOAT_KERN_NETNS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

/** netns_home() - descriptor of the calling thread's network namespace (O_CLOEXEC) */
int netns_home(int *ret_fd, struct err *err);

/** netns_create() - a new namespace, lo down; the thread is back at @home_fd afterwards. 0.35 ms. */
int netns_create(int home_fd, int *ret_fd, struct err *err);

/** netns_is_none() - certainly no namespace lies at @path; false where it cannot be told */
bool netns_is_none(const char *path);
/** netns_open() - a namespace by path; anything but a network namespace on nsfs is refused with -EINVAL */
int netns_open(const char *path, int *ret_fd, struct err *err);
/** netns_check() - is @fd a network namespace? Return: 0, -EINVAL, -errno. */
int netns_check(int fd, struct err *err);

/** netns_enter() - the calling thread moves to @fd. Return: 0 or -errno. netns_leave() goes back and aborts if it cannot. */
int netns_enter(int fd, struct err *err);
void netns_leave(int home_fd);

/**
 * netns_pin() - bind mount of @fd at @path, which must not exist and is made; netns_unpin() undoes it
 * The folder must lie on a private mount (netns_pin_folder()), or each pin shows in every mount namespace.
 * netns_unpin(): gone already is success. The kernel clears the namespace in the background. A failure is tried again
 * some times within 10 ms.
 */
int netns_pin(int fd, const char *path, struct err *err);
int netns_unpin(const char *path, struct err *err);
/** netns_pin_folder() - make @path a private mount point of its own unless it is one already; for the supervisor's start */
int netns_pin_folder(const char *path, struct err *err);

/** struct netns_id - what a namespace is, whoever holds it */
struct netns_id {
	uint64_t dev, ino; /* of the nsfs file */
};
int netns_identify(int fd, struct netns_id *ret_id, struct err *err);
/** netns_owner() - whose the user namespace is that owns it, as seen from ours (NS_GET_OWNER_UID) */
int netns_owner(int fd, uint32_t *ret_uid, struct err *err);
/** netns_user_is_own() - is the user namespace that owns it the caller's? false where that cannot be told */
bool netns_user_is_own(int fd);
bool netns_same(int fd_a, int fd_b);
/** netns_user() - descriptor of the user namespace that owns @fd (NS_GET_USERNS). Return: 0, -EPERM outside ours, -errno. */
int netns_user(int fd, int *ret_userns_fd, struct err *err);

#endif
