/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * container - the runtime's side of a container's life: create, start, kill,
 * delete, and exec. Floor F4. The process's side is setup.h.
 */
#ifndef MOAT_RUNNER_OCI_CONTAINER_H
#define MOAT_RUNNER_OCI_CONTAINER_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "runner/oci/state.h"

/**
 * struct oci_request - what a command was told
 * @root: folder of containers; @daemon: socket of Moat's daemon
 * @config: path of the configuration, NULL: config.json of the bundle
 * @console_socket, @pid_file, @pidfd_socket: paths or NULL
 * @image: what holds the mount our program lies on (entry.h), or -1; closed by oci_create() and oci_exec()
 */
struct oci_request {
	const char *root, *id, *daemon;
	const char *bundle, *config;
	const char *console_socket, *pid_file, *pidfd_socket;
	unsigned int preserve_fds;
	int image;
	bool systemd_cgroup, no_cgroup;
	bool no_pivot, keep_keyring;
	bool detach, keep;
	bool ended; /* its process was waited for */
};

/**
 * struct oci_child - a process we made
 * @sync: our end; @terminal: it has one; @console: where that arrives, or -1
 */
struct oci_child {
	pid_t pid;
	int pidfd, sync, console;
	bool terminal;
};

/**
 * struct oci_run - a container of `run`
 * @dir: its folder, no more locked; @state: as it is written there, which is once
 * @unasked: it was told to start its program when it was ready
 */
struct oci_run {
	struct oci_child child;
	struct oci_dir dir;
	struct oci_state state;
	bool unasked;
};
#define OCI_RUN_INIT                                                                                                  \
	((struct oci_run){.child = {.pidfd = -1, .sync = -1, .console = -1}, .dir = {.root = -1, .fd = -1}})

/**
 * oci_create() - everything but the program
 * @ret_run: for `run`, which starts it over the connection, and, if it stays, is handed a terminal that nobody else is;
 * NULL: it listens on start.sock
 * @warnings: lines
 * After a failure nothing of it is left.
 */
int oci_create(const struct oci_request *request, struct oci_run *ret_run, struct buf *warnings, struct err *err);

/** oci_start() - the program of a created one; poststart hooks */
int oci_start(const struct oci_request *request, struct buf *warnings, struct err *err);
/** oci_start_run() - the same for `run` */
int oci_start_run(struct oci_run *run, struct err *err);

/** oci_kill() - a signal to its process; @all: to every one in its cgroup */
int oci_kill(const struct oci_request *request, int signal, bool all, struct err *err);

/** oci_delete() - one that is stopped; @force: kill it first, and one that is not there is success */
int oci_delete(const struct oci_request *request, bool force, struct buf *warnings,
	       struct err *err);
/** oci_delete_run() - that of `run`, by force; nothing is looked for once more. @run is empty then. */
int oci_delete_run(const struct oci_request *request, struct oci_run *run, struct buf *warnings, struct err *err);

/** oci_sweep() - take back what a runtime that was killed in the middle of a create left. Return: 1 where there was. */
int oci_sweep(const struct oci_request *request);

/** oci_report() - state as of the spec. A new reference in *ret_doc. */
int oci_report(const char *root, const char *id, json_t **ret_doc, struct err *err);

/**
 * oci_exec() - a process in a running container, started
 * @process: what it is; caps, where not given, those of the container
 * @console: where a terminal goes without a console socket, or -1
 */
int oci_exec(const struct oci_request *request, const struct oci_process *process, int console,
	     struct oci_child *ret_child, struct buf *warnings, struct err *err);

/** oci_child_waits() - before it is born, by who will wait for it: what comes for it until then is not lost. All signals are blocked. */
int oci_child_waits(struct err *err);

/**
 * oci_child_wait() - to its end; signals we get are handed on
 * @master: of its terminal, taken: carried to and from ours; -1: none. @id: whose it is
 * Return: exit status as of the shell; -errno: it cannot be waited for.
 */
int oci_child_wait(const struct oci_child *child, int master, const char *id, struct err *err);

/**
 * oci_child_tell() - a word over its connection
 * Return: 0, also when it is gone: why, it has said, and that is read next; else -errno.
 */
int oci_child_tell(const struct oci_child *child, int kind, struct err *err);

/** oci_pidfd_send() - to --pidfd-socket */
int oci_pidfd_send(const char *path, int pidfd, struct err *err);

/** oci_preserve_check() - are the descriptors that shall be handed on open? */
int oci_preserve_check(unsigned int count, struct err *err);

/** oci_pid_file_write() - as a whole, before anybody is told that we are done */
int oci_pid_file_write(const char *path, pid_t pid, struct err *err);

#endif
