/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync - the few words between a shim and the container's first process, and
 * between a shim and the client that started it. Floor F4. Fixed-size records
 * over SOCK_SEQPACKET; both ends are of one build.
 */
#ifndef MOAT_RUNNER_PROCESS_SYNC_H
#define MOAT_RUNNER_PROCESS_SYNC_H

#include <stdint.h>

#include "lib/base/err.h"

enum sync_kind {
	SYNC_END = 0, /* no word: the end of the connection */
	/* shim to container */
	SYNC_MAPPED = 1, /* your ids are mapped */
	SYNC_MOUNT,  /* with a descriptor; value: index of the volume, or of enum sync_mount */
	SYNC_GO,    /* the stack is complete; text: lines for /etc/hosts and, "nameserver", /etc/resolv.conf */
	/* container to shim */
	SYNC_READY,  /* all done but the command */
	SYNC_MOUNTED, /* the tree is there, the root not yet changed (OCI) */
	SYNC_TTY,    /* with a descriptor: the master of the container's terminal; also from shim to client */
	SYNC_FAILED, /* err; value: exit code */
	/* shim to client */
	SYNC_STARTED,
	SYNC_EXITED,   /* value: exit code */
	SYNC_DETACHED, /* the terminal has another reader now, or the container goes on without the client */
	SYNC_DONE,
	/* client to shim, on the connection it was born with */
	SYNC_SIGNAL, /* value: signal number */
	SYNC_DETACH, /* go on without me */
	/* client to shim, on one of its own (shim_own.h) */
	SYNC_ATTACH,  /* with a descriptor: where the terminal's output goes. Answer: SYNC_TTY; at the end SYNC_EXITED */
	SYNC_KILL,    /* value: signal number. Answer: SYNC_DONE */
	SYNC_STOP,    /* value: ms between its stop signal and KILL. Answer: SYNC_EXITED at the end */
	SYNC_RESTART, /* the same, and once more. Answer: SYNC_STARTED or SYNC_FAILED */
	SYNC_WAIT,    /* Answer: SYNC_EXITED at the end */
	SYNC_FILTER, /* from runtime to container (OCI): its system call filter is made */
	SYNC_NET, /* its network namespace is there; from runtime to container (OCI) with its descriptor */
};

/* Mounts that are no volumes */
enum sync_mount {
	SYNC_MOUNT_ROOT = -1,
	SYNC_MOUNT_DONE = -2, /* all are sent */
	/* instead of one of its own, where the namespace behind it is not its own */
	SYNC_MOUNT_PROC = -3,
	SYNC_MOUNT_SYS = -4,
	SYNC_MOUNT_SHM = -5,
	SYNC_MOUNT_MQUEUE = -6,
};

struct sync_msg {
	enum sync_kind kind;
	int32_t value;
	struct err err;
	char text[1024];
};

/** sync_pair() - two connected ends, close-on-exec. Return: 0 or -errno. */
int sync_pair(int ret_ends[2]);

/** sync_send() - one record; @fd beside it unless -1. Return: 0; -EPIPE when the other end is gone. */
int sync_send(int sock, const struct sync_msg *msg, int fd);

/**
 * sync_recv() - wait for one record
 * @ret_fd: the descriptor beside it or -1; may be NULL (then none is taken)
 * Return: 1 got one; 0 the other end is gone; -errno.
 */
int sync_recv(int sock, struct sync_msg *ret_msg, int *ret_fd);

#endif
