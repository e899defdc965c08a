/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * labels - SELinux and AppArmor: what a process becomes with its exec, and what
 * its file systems bear. Floor F4. It loads no policy and knows none: what a
 * label is worth the kernel says.
 */
#ifndef MOAT_RUNNER_OCI_LABELS_H
#define MOAT_RUNNER_OCI_LABELS_H

#include "lib/base/err.h"
#include "runner/oci/config.h"

/**
 * oci_labels_check() - process.selinuxLabel and linux.mountLabel, either of them NULL or empty where there is none
 * Return: 0; -ENOTSUP with the property's name where this kernel runs without SELinux.
 */
int oci_labels_check(const char *process_label, const char *mount_label, struct err *err);

/**
 * oci_labels_set() - of the calling process at its next exec, and of the keyrings that it makes until then
 * @host_proc: O_PATH of the host's /proc, beneath which it is done: what the container may have put in the place of its
 * own is not asked
 * Return: 0; -errno with the label that the kernel does not take.
 */
int oci_labels_set(int host_proc, const struct oci_process *process, struct err *err);

/**
 * oci_labels_mark() - the root of a file system whose super block is older than its mount (mqueue: the IPC namespace's)
 * @mount: descriptor of the mount; @path: for messages
 */
int oci_labels_mark(int mount, const char *label, const char *path, struct err *err);

#endif
