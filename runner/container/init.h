/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * init - the container's process 1: hands signals on, reaps orphans, ends with
 * its command. Floor F4. It stays the shim's image, not dumpable, without
 * capability and without descriptors, so that nothing inside can reach it.
 */
#ifndef MOAT_RUNNER_CONTAINER_INIT_H
#define MOAT_RUNNER_CONTAINER_INIT_H

#include <linux/filter.h>

#include "lib/base/err.h"
#include "runner/spec/spec.h"

/**
 * init_run() - steps of the recipe, then the command; returns when it has ended
 * @sync: SYNC_FAILED is said here when the command could not be started; closed as soon as it was
 * @ending: with us alone it stays open until the command has ended
 * All signals must be blocked. Return: exit status for the whole container: the command's, or 128 + its signal.
 */
int init_run(const struct spec *spec, const struct sock_fprog *filter, int sync, int ending);

#endif
