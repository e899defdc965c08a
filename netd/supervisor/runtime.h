/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime - the folders, the lock and the listening socket that outlive engine and hand. Floor F4. */
#ifndef MOAT_NETD_SUPERVISOR_RUNTIME_H
#define MOAT_NETD_SUPERVISOR_RUNTIME_H

#include <sys/types.h>

#include "lib/base/err.h"

/**
 * struct runtime_ids - who the engine is, and who may administer
 * @admin_gid: (gid_t)-1: nobody but root
 */
struct runtime_ids {
	uid_t engine_uid;
	gid_t engine_gid;
	uid_t dns_uid;
	gid_t dns_gid;
	gid_t admin_gid;
};

/**
 * runtime_ids_find() - names to numbers
 * @engine_user, @dns_user: name or number; root is refused, and one for both
 *	NULL for the latter: "moat-dns"; where it does not exist the next number above the engine's that is nobody's
 * @admin_group: name or number; one that does not exist leaves root alone as administrator
 */
int runtime_ids_find(const char *engine_user, const char *dns_user, const char *admin_group,
		     struct runtime_ids *ret_ids, struct err *err);

/**
 * runtime_make() - make and check the folders, take the lock
 *
 *   RUNTIME             0755 root
 *   RUNTIME/ns          0700 root, a shared mount: pinned network namespaces
 *   RUNTIME/containers  0700 root
 *   RUNTIME/engine      0700 engine: its volatile store
 *   STATE               0755 root
 *   STATE/engine        0700 engine: its durable store
 *
 * @ret_lock: a descriptor; the lock on RUNTIME/moatd.lock lasts as long as it is open
 * Return: 0, or -errno; -EBUSY when another moatd runs there.
 */
int runtime_make(const char *runtime_dir, const char *state_dir, const struct runtime_ids *ids,
		 int *ret_lock, struct err *err);

/**
 * runtime_listen() - the API socket RUNTIME/moatd.sock, listening
 * @kept: one of an earlier life, owned, or -1: used where it is still what clients reach by that path
 * Return: 0, 1 when it is @kept, -errno.
 */
int runtime_listen(const char *runtime_dir, int kept, int *ret_fd, struct err *err);

#endif
