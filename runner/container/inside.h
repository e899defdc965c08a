/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inside - what a container's first process does from its birth to its command. Floor F4. */
#ifndef MOAT_RUNNER_CONTAINER_INSIDE_H
#define MOAT_RUNNER_CONTAINER_INSIDE_H

#include <linux/filter.h>

#include "runner/spec/spec.h"

/** struct inside - what it is given; copied by the fork */
struct inside {
	const struct spec *spec;
	const struct sock_fprog *filter;
	int sync;       /* its end of the pair with the shim */
	int streams[3]; /* standard streams of the command; -1: /dev/null */
	int ending;     /* held until the command has ended, which its other end hears before the namespaces are taken down */
	bool make_net;  /* NAMESPACES_LATER: SYNC_NET is said when it is there */
	char *title;    /* memory of its command line */
	size_t title_size;
};

/** inside_run() - for namespaces_spawn(): @ctx is a struct inside. Return: the container's exit status. */
int inside_run(void *ctx);

#endif
