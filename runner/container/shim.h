/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shim - one small process a container: starts it, keeps its files, carries its
 * streams, knows when it ended and with what. Floor F4. Nothing depends on the
 * daemon staying up, nor on the client that asked; but a client that watches
 * (a foreground run) and dies takes the container with it.
 */
#ifndef MOAT_RUNNER_CONTAINER_SHIM_H
#define MOAT_RUNNER_CONTAINER_SHIM_H

#include <stddef.h>

#include "lib/model/names.h"

enum {
	/* descriptors a shim is born with, besides the standard streams */
	SHIM_FD_CONTROL = 3, /* one end of a sync_pair() with the client */
	SHIM_FD_LOCK = 4,    /* the container's lock, held */
};

/**
 * struct shim_args - what it was called with
 * @title, @title_size: the memory of its arguments, which the container's first process writes over: inside, they are
 *                      nobody's business
 */
struct shim_args {
	const char *runtime_dir;
	const char *socket;
	const struct name *name;
	char *title;
	size_t title_size;
};

/** shim_run() - the whole life. Return: exit status of the shim program. */
int shim_run(const struct shim_args *args);

#endif
