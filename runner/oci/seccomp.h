/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seccomp - linux.seccomp as a filter. Floor F4. Compiled by the runtime before
 * the container's process is born, installed by that process: as its last step
 * before exec with no_new_privs, else before it drops its capabilities.
 */
#ifndef MOAT_RUNNER_OCI_SECCOMP_H
#define MOAT_RUNNER_OCI_SECCOMP_H

#include <jansson.h>
#include <linux/filter.h>
#include <stdbool.h>

#include "lib/base/err.h"
#include "runner/oci/config.h"

/**
 * struct oci_seccomp - a compiled filter
 * @program: len 0: none
 * @flags: SECCOMP_FILTER_FLAG_*
 * @listener: socket connected to listenerPath, or -1; @metadata: listenerMetadata, or NULL (of the document)
 */
struct oci_seccomp {
	struct sock_fprog program;
	unsigned int flags;
	int listener;
	const char *metadata;
};

/**
 * oci_seccomp_make() - compile the profile of @config, where it has one, or find it compiled
 * @root: folder of containers, in which .seccomp holds compiled ones (no id begins with a dot); NULL: nothing is kept
 * Return: 0; -EINVAL with what is wrong.
 */
int oci_seccomp_make(const struct oci_config *config, const char *root, struct oci_seccomp *ret_filter, struct err *err);
void oci_seccomp_fini(struct oci_seccomp *filter);

/**
 * oci_seccomp_later() - can it be made when the container's process is born already, and shared with it then?
 * Where it has a listener it cannot: that descriptor is inherited.
 */
bool oci_seccomp_later(const struct oci_config *config);
/** oci_seccomp_room() - memory for a filter shared with processes forked later; none yet. Never fails; freed with the process. */
struct oci_seccomp *oci_seccomp_room(void);
/** oci_seccomp_share() - the filter of @from into @room */
void oci_seccomp_share(const struct oci_seccomp *from, struct oci_seccomp *room);

/**
 * oci_seccomp_compile() - the part without descriptors and files: syscalls, actions, architectures to instructions
 * @ret_program: its filter is malloc'ed; @ret_notify: some call waits for a listener
 */
int oci_seccomp_compile(const json_t *seccomp, struct sock_fprog *ret_program, bool *ret_notify,
			struct err *err);

/** oci_seccomp_features() - what is understood, as runtime-spec's features.md has it. Return: a new object. */
json_t *oci_seccomp_features(void);

/** oci_seccomp_listener_open() - connect to the socket at @path. Return: 0. */
int oci_seccomp_listener_open(const char *path, int *ret_sock, struct err *err);

/**
 * oci_seccomp_apply() - install it, for good; and hand the notify descriptor to the listener
 * @state: the container process state for the listener, in JSON; used only where there is one
 */
int oci_seccomp_apply(const struct oci_seccomp *filter, const char *state, struct err *err);

#endif
