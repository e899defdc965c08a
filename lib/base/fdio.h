/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fdio - file descriptors: whole reads and writes, passing them, small files. Floor F0. */
#ifndef MOAT_BASE_FDIO_H
#define MOAT_BASE_FDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { FDIO_FDS_MAX = 16 }; /* descriptors in one message */

void fd_close(int fd);	 /* -1 is fine; keeps errno */
void fd_closep(int *fd); /* for cleanup() */
/**
 * fd_streams_open() - what of 0, 1 and 2 the caller closed becomes /dev/null: the first descriptor of ours, a socket as a
 * rule, would be our standard output otherwise. @flags: of open(2); with O_RDONLY what is written fails, as it would have.
 * Return: 0 or -errno.
 */
int fd_streams_open(int flags);
int fd_nonblock(int fd, bool on);
int fd_cloexec(int fd, bool on);

int fd_read_all(int fd, void *data, size_t size);	 /* 0; -EPIPE at end of file; -errno */
int fd_write_all(int fd, const void *data, size_t size); /* 0 or -errno; no SIGPIPE on sockets */
int fd_write_file(int fd, const void *data, size_t size); /* the same to what is no socket, a system call cheaper */

/** file_read() - a whole small file. Return: 0, -E2BIG above @max, -errno. Opened O_NONBLOCK, must be regular (or procfs). */
int file_read(const char *path, size_t max, struct buf *ret_data);
/** file_read_at() - the same below a folder that is open */
int file_read_at(int folder, const char *path, size_t max, struct buf *ret_data);
/** file_put_at() - @text to a file that is there, a switch of the kernel's as a rule; no symlink at its end. Return: 0 or -errno. */
int file_put_at(int folder, const char *path, const char *text);
/** file_write_atomic() - temporary file in the same folder, fsync when @sync, rename. */
int file_write_atomic(const char *path, const void *data, size_t size, mode_t mode, bool sync, struct err *err);

/**
 * fd_send_once() - one sendmsg(2) that does not wait, @fds beside its first byte; no SIGPIPE
 * Return: bytes that went, or -errno; -E2BIG for more than FDIO_FDS_MAX.
 */
ssize_t fd_send_once(int sock, const void *data, size_t size, const int *fds, size_t fd_count);
/** fd_send() - all of @data as a stream with @fds beside its first byte. 0 or -errno. */
int fd_send(int sock, const void *data, size_t size, const int *fds, size_t fd_count);
/**
 * fd_recv() - one recvmsg(2), MSG_CMSG_CLOEXEC
 * @ret_fds: room for FDIO_FDS_MAX; more than that are closed and -E2BIG returned
 * Return: bytes (0 = end), or -errno.
 */
ssize_t fd_recv(int sock, void *data, size_t size, int *ret_fds, size_t *ret_fd_count);

#endif
