/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setup - what a container's process does from its birth to its program. Floor
 * F4. The same process all the way: there is no init of ours in an OCI container.
 *
 *	runtime                               container's process
 *	spawn                    ------>      waits
 *	mappings, cgroup, idmaps
 *	SYNC_MAPPED, if there were  --->      ids, namespaces, mounts, devices
 *	                         <------      SYNC_MOUNTED, if there are hooks or a stack
 *	prestart, createRuntime,
 *	the stack
 *	SYNC_GO                  ------>      createContainer; root, terminal, ids, limits
 *	                         <------      SYNC_READY; text: warnings
 *	state, pid file
 *	SYNC_GO                  ------>      lives on without the runtime from here on
 *	create ends              <------      end of file; waits for a connection to start.sock
 *
 *	start: SYNC_GO           ------>      startContainer hooks, filter, exec
 *	                         <------      end of file: the program runs; or SYNC_FAILED
 *
 * `run` says start's SYNC_GO at once. Until then the process dies with the runtime. Where nothing has to happen between the
 * two, `run` says it while the process is at work (@unasked); the state is prepared then, and written by who has its root. It
 * says SYNC_READY as ever, but is heard when it has become its program, or has failed.
 */
#ifndef MOAT_RUNNER_OCI_SETUP_H
#define MOAT_RUNNER_OCI_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "runner/oci/cgroup.h"
#include "runner/oci/config.h"
#include "runner/oci/ns.h"
#include "runner/oci/seccomp.h"
#include "runner/oci/state.h"
#include "runner/oci/tree.h"

/**
 * struct oci_setup - what it is given; a copy, by the fork
 * @sync: our end of the connection; @sync_other: the runtime's, to be closed
 * @dir: the container's folder, to be closed: its lock is the runtime's
 * @unasked: SYNC_GO is not waited for when it is ready, but before its rights are dropped: it commits the state then; with it comes
 * @ignored, as of struct oci_become
 * @listener: of start.sock, or -1
 * @console: where the terminal's master goes, or -1
 * @host_proc: O_PATH of the host's /proc
 * @image: as of the request
 * @wait_for_mapped: there are mappings, a cgroup, idmaps or the like; @stop_for_hooks: there is something to do when the
 * mounts are there
 */
struct oci_setup {
	const struct oci_config *config;
	const struct oci_ns_plan *plan;
	const struct oci_state *state;
	const struct oci_seccomp *seccomp; /* NULL: none; @filter_later: there when SYNC_FILTER is said */
	bool filter_later;
	struct oci_tree *tree;
	const struct oci_dir *dir;
	int sync, sync_other;
	int listener, console, host_proc, image;
	unsigned int preserve_fds;
	bool no_pivot, keep_keyring, wait_for_mapped, stop_for_hooks, unasked;
	uint64_t ignored;
};

/** oci_setup_run() - for oci_ns_spawn(): @ctx is a struct oci_setup. Returns only after a failure. */
int oci_setup_run(void *ctx);

#endif
