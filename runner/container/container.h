/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * container - what front ends do with containers: run, stop, start again, run
 * a command inside, remove, sweep. Floor F4. The work on the container's side
 * is its shim's; this is the side of the one who asks.
 */
#ifndef MOAT_RUNNER_CONTAINER_H
#define MOAT_RUNNER_CONTAINER_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "runner/process/process.h"
#include "runner/spec/spec.h"
#include "runner/state/state.h"

/** struct container_host - where things are. @shim: path of moat-shim; @socket: of the daemon */
struct container_host {
	const char *runtime_dir;
	const char *socket;
	const char *shim;
};

/**
 * container_run() - make and start it; an attached one is watched to its end
 * @spec: id and name must be set
 * Return: the exit code of the attached command; 0 for a detached one that runs; else PROCESS_* with @err set. After
 * a failure to start nothing is left.
 */
int container_run(const struct container_host *host, const struct spec *spec, struct err *err);

/**
 * container_attach() - our standard streams to the terminal of a running container, until it ends or the detach keys
 * Return: its exit code; 0 when detached; PROCESS_FAILED with @err.
 */
int container_attach(const struct container_host *host, const struct name *name, struct err *err);

/** container_kill() - a signal to its command; KILL, or its stop signal, ends it for good. -ESRCH: it does not run. */
int container_kill(const struct container_host *host, const struct name *name, int number,
		   struct err *err);

/** container_wait() - until it has ended for good. Return: 0 and its exit code; -ENOENT. */
int container_wait(const struct container_host *host, const struct name *name, int *ret_code,
		   struct err *err);

/**
 * container_stop() - its stop signal, after @timeout_ms KILL; returns when its shim is done too. No policy starts it
 * again afterwards. One that does not run: 0.
 */
int container_stop(const struct container_host *host, const struct name *name,
		   unsigned timeout_ms, struct err *err);

/** container_restart() - stop, and start again detached: same stack, same files, same ids */
int container_restart(const struct container_host *host, const struct name *name,
		      unsigned timeout_ms, struct err *err);

/** container_remove() - stack, files, id range. @force: kill it first. Return: 0; -ENOENT where there is none. */
int container_remove(const struct container_host *host, const struct name *name, bool force,
		     struct err *err);

/**
 * container_exec() - a command in a running container, watched to its end
 * @process: filter and caps are filled in here from the container's
 * @interactive: our standard input is its; with process->tty it gets a terminal of its own
 * Return: exit code; PROCESS_* with @err set.
 */
int container_exec(const struct container_host *host, const struct name *name,
		   struct process *process, bool interactive, struct err *err);

/** container_pause() - stop all its processes, or let them go on. One that does not run is -ESRCH (ERR_CONFLICT). */
int container_pause(const struct container_host *host, const struct name *name, bool pause,
		    struct err *err);

/** struct container_usage - since its start; @memory_limit, @pids_limit: -1 none; @rx, @tx: bytes of its links but lo */
struct container_usage {
	int64_t cpu_ns, memory, memory_limit, pids, pids_limit, rx, tx;
};
/** container_usage() - of one that runs (-ESRCH else). Where there are no cgroups: -ENOTSUP (ERR_UNSUPPORTED). */
int container_usage(const struct container_host *host, const struct name *name,
		    struct container_usage *ret_usage, struct err *err);

/** container_paused() - a running one: are its processes stopped? */
bool container_paused(const struct name *name, const char *id);

/**
 * container_sweep() - finish what a lost shim could not: those marked --rm go, the others become exited with 137
 * Takes nothing that somebody holds. Return: 0, or the last failure (a stack that stays because the daemon is down).
 */
int container_sweep(const struct container_host *host, struct err *err);

/** container_erase() - layer, id range and folder of one whose lock is held and whose stack is gone */
int container_erase(struct state_dir *dir, const char *id, const struct state *state,
		    struct err *err);

#endif
