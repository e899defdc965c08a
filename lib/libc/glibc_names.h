/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * glibc_names - the prototypes of glibc_names.c, which no header of musl has. Floor F0; of no use elsewhere.
 */
#ifndef MOAT_LIB_LIBC_GLIBC_NAMES_H
#define MOAT_LIB_LIBC_GLIBC_NAMES_H

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/types.h>

struct mount_attr;
struct statx;

void *__memcpy_chk(void *dst, const void *src, size_t count, size_t size);
void *__memmove_chk(void *dst, const void *src, size_t count, size_t size);
char *__strncpy_chk(char *dst, const char *src, size_t count, size_t size);
ssize_t __read_chk(int fd, void *data, size_t count, size_t size);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
int __open64_2(const char *path, int flags);
int __snprintf_chk(char *dst, size_t count, int flag, size_t size, const char *fmt, ...);
int __vsnprintf_chk(char *dst, size_t count, int flag, size_t size, const char *fmt, va_list ap);
int __sprintf_chk(char *dst, int flag, size_t size, const char *fmt, ...);
int __fprintf_chk(FILE *file, int flag, const char *fmt, ...);
int __printf_chk(int flag, const char *fmt, ...);
int __dprintf_chk(int fd, int flag, const char *fmt, ...);
int __vasprintf_chk(char **ret, int flag, const char *fmt, va_list ap);
int __vfprintf_chk(FILE *file, int flag, const char *fmt, va_list ap);
int __asprintf_chk(char **ret, int flag, const char *fmt, ...);
#undef open64 /* musl's headers have it for open */
int open64(const char *path, int flags, ...);
int close_range(unsigned int first, unsigned int last, int flags);
int execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags);
int fcntl64(int fd, int command, ...);
int fsconfig(int fd, unsigned int command, const char *key, const void *value, int aux);
int fsmount(int fd, unsigned int flags, unsigned int attributes);
int fsopen(const char *name, unsigned int flags);
int mount_setattr(int fd, const char *path, unsigned int flags, struct mount_attr *attr, size_t size);
int move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);
int open_tree(int fd, const char *path, unsigned int flags);
int pidfd_open(pid_t pid, unsigned int flags);
int pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned int flags);
int statx(int fd, const char *path, int flags, unsigned int mask, struct statx *ret);
const char *sigabbrev_np(int number);
const char *strerrordesc_np(int no);
int mallopt(int parameter, int value);

#endif
