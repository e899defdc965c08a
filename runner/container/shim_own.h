/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shim_own - the shim's own value, and what its files say to each other:
 * shim.c starts and ends a container, shim_loop.c waits while it runs, or rests
 * between two runs, and hears who asks. Floor F4; nobody else includes it.
 *
 * Who asks connects to the socket `ctl` of the container's folder and says one
 * of SYNC_ATTACH .. SYNC_WAIT (sync.h). That folder is root's alone.
 */
#ifndef MOAT_RUNNER_CONTAINER_SHIM_OWN_H
#define MOAT_RUNNER_CONTAINER_SHIM_OWN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "runner/container/join.h"
#include "runner/container/shim.h"
#include "runner/process/sync.h"
#include "runner/spec/spec.h"
#include "runner/state/limits.h"
#include "runner/state/logfile.h"
#include "runner/state/state.h"
#include "runner/terminal/relay.h"

enum { SHIM_CLIENTS_MAX = 32 }; /* at once; more wait in the socket's queue */

/** struct shim_client - a connection to `ctl`. @asked: what for; 0: nothing yet */
struct shim_client {
	int fd;
	enum sync_kind asked;
};

/**
 * struct shim - the one container
 * @mntns: the mount namespace we came from; @userns, @netns: the container's, once there are any; @join: those of others
 *         it lives in
 * @limits: its cgroups; @oom: says when memory runs out in them
 * @layer_mount: its layer from before, detached; -1: a fresh one is made
 * @stack_here: this start made the daemon know the stack: a failure takes it back
 * @stopping: somebody wants its end: no policy starts it again; @again: but he who asked for that does
 * @ending: hears that the first process has begun to end; @leaving: where its stack was asked to be deleted then, or NULL
 * @kill_at: of clock_monotonic_ns(): patience for its stop signal ends; 0: never
 * @delay_ms: the next rest
 */
struct shim {
	const struct shim_args *args;
	const char *runtime_dir, *socket;
	struct state_dir dir;
	struct arena *arena;
	json_t *doc;
	struct spec spec;
	struct state state;
	int control, mntns, userns, netns, layer_mount, layer, sync, pidfd, signals, listener, ending;
	struct join join;
	struct limits limits;
	struct cgroup_oom oom;
	struct varlink_client *leaving;
	pid_t pid;
	bool stack_here, stopping, again;
	uint64_t kill_at, delay_ms;
	struct sock_fprog *filter;
	struct relay relay;
	struct logfile log;
	struct shim_client clients[SHIM_CLIENTS_MAX];
	size_t client_count;
};

/** shim_listen() - the socket `ctl` */
int shim_listen(struct shim *shim, struct err *err);

/**
 * shim_mounts_send() - all that the first process mounts, one by one; at the end that this was all
 * @between: called with @ctx now and then while a fresh layer is filled
 */
int shim_mounts_send(struct shim *shim, void (*between)(void *ctx), void *ctx, struct err *err);

/** shim_heard() - the first process' next word, while everybody else is heard, too. Return: as sync_recv(). */
int shim_heard(struct shim *shim, struct sync_msg *ret_msg, int *ret_fd);

/** shim_loop() - until the container has ended and all that it wrote is carried on. Return: its exit code. */
int shim_loop(struct shim *shim);

/** shim_rest() - @ms between two runs. Return: false when somebody asked for its end, or for an end of the rest. */
bool shim_rest(struct shim *shim, uint64_t ms);

/** shim_tell() - the client we were born with */
void shim_tell(struct shim *shim, enum sync_kind kind, int value, const struct err *err);

/** shim_answer() - those clients that asked so, and let them go */
void shim_answer(struct shim *shim, enum sync_kind asked, enum sync_kind kind, int value,
		 const struct err *err);

/** shim_ending() - the first process has begun to end: what need not wait until it is over is begun */
void shim_ending(struct shim *shim);

/** shim_reap() - the first process, which has ended. Return: exit code. */
int shim_reap(struct shim *shim);

#endif
