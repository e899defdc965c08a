// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * glibc_names - what objects that were compiled with glibc's headers (ours, and Debian's archives) ask of a C library and
 * musl does not have: the checked names of _FORTIFY_SOURCE, system calls that musl 1.2.3 has no wrapper for, and a few words.
 * Floor F0, below all; linked into the programs that live for milliseconds (CMakeLists.txt), and into nothing else.
 *
 * What both libraries have they lay out alike on x86-64, or the kernel does; tests/libc compares each structure and constant
 * that we hand across. A name that is missing here ends the link, so nothing is guessed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/libc/glibc_names.h"

/* SIGRTMIN is 34 where glibc counts, and so it is for people and for systemd; the kernel's first is 32 */
enum { SIGNAL_RT_FIRST = 34, SIGNAL_LAST = 64, SIGNAL_BITS = 8 * sizeof(unsigned long) };

static void fits(size_t wanted, size_t size);
static int signal_bit(int number, size_t *ret_word, unsigned long *ret_bit);

/* ------------------------------------------------- _FORTIFY_SOURCE: LSB 5.0, "__memcpy_chk" and the like */

void *__memcpy_chk(void *dst, const void *src, size_t count, size_t size)
{
	fits(count, size);
	return memcpy(dst, src, count);
}

void *__memmove_chk(void *dst, const void *src, size_t count, size_t size)
{
	fits(count, size);
	return memmove(dst, src, count);
}

char *__strncpy_chk(char *dst, const char *src, size_t count, size_t size)
{
	fits(count, size);
	return strncpy(dst, src, count);
}

ssize_t __read_chk(int fd, void *data, size_t count, size_t size)
{
	fits(count, size);
	return read(fd, data, count);
}

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	fits(count, size / sizeof(*fds));
	return poll(fds, count, timeout);
}

/* Without a mode: glibc's headers have seen that none is needed. */
int __open64_2(const char *path, int flags)
{
	return open64(path, flags);
}

int __snprintf_chk(char *dst, size_t count, int flag, size_t size, const char *fmt, ...)
{
	va_list ap;
	int length;

	(void)flag; /* that no %n may stand in writable memory: musl has %n, and -Wformat=2 wants each format a literal */
	fits(count, size);
	va_start(ap, fmt);
	length = vsnprintf(dst, count, fmt, ap);
	va_end(ap);
	return length;
}

int __vsnprintf_chk(char *dst, size_t count, int flag, size_t size, const char *fmt, va_list ap)
{
	(void)flag;
	fits(count, size);
	return vsnprintf(dst, count, fmt, ap);
}

int __sprintf_chk(char *dst, int flag, size_t size, const char *fmt, ...)
{
	va_list ap;
	int length;

	(void)flag;
	va_start(ap, fmt);
	length = vsnprintf(dst, size, fmt, ap);
	va_end(ap);
	fits(length < 0 ? 0 : (size_t)length + 1, size);
	return length;
}

int __fprintf_chk(FILE *file, int flag, const char *fmt, ...)
{
	va_list ap;
	int length;

	(void)flag;
	va_start(ap, fmt);
	length = vfprintf(file, fmt, ap);
	va_end(ap);
	return length;
}

int __printf_chk(int flag, const char *fmt, ...)
{
	va_list ap;
	int length;

	(void)flag;
	va_start(ap, fmt);
	length = vprintf(fmt, ap);
	va_end(ap);
	return length;
}

int __dprintf_chk(int fd, int flag, const char *fmt, ...)
{
	va_list ap;
	int length;

	(void)flag;
	va_start(ap, fmt);
	length = vdprintf(fd, fmt, ap);
	va_end(ap);
	return length;
}

int __vasprintf_chk(char **ret, int flag, const char *fmt, va_list ap)
{
	(void)flag;
	return vasprintf(ret, fmt, ap);
}

int __vfprintf_chk(FILE *file, int flag, const char *fmt, va_list ap)
{
	(void)flag;
	return vfprintf(file, fmt, ap);
}

int __asprintf_chk(char **ret, int flag, const char *fmt, ...)
{
	va_list ap;
	int length;

	(void)flag;
	va_start(ap, fmt);
	length = vasprintf(ret, fmt, ap);
	va_end(ap);
	return length;
}

/* ------------------------------------------------------------ system calls */

/* Not in two steps, as musl does for kernels before 2.6.23: another thread's fork is none of ours, and a call is a call. */
int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* Of this thread, which is the process: musl would look for others first, by three calls each. */
int setgroups(size_t count, const gid_t groups[])
{
	return (int)syscall(SYS_setgroups, count, groups);
}

int setresgid(gid_t real, gid_t effective, gid_t saved)
{
	return (int)syscall(SYS_setresgid, real, effective, saved);
}

int setresuid(uid_t real, uid_t effective, uid_t saved)
{
	return (int)syscall(SYS_setresuid, real, effective, saved);
}

int close_range(unsigned int first, unsigned int last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

int execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)syscall(SYS_execveat, fd, path, argv, envp, flags);
}

int fcntl64(int fd, int command, ...)
{
	va_list ap;
	void *argument;

	va_start(ap, command);
	argument = va_arg(ap, void *); /* an int of the caller's comes by the same register */
	va_end(ap);
	return fcntl(fd, command, argument);
}

int fsconfig(int fd, unsigned int command, const char *key, const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fd, command, key, value, aux);
}

int fsmount(int fd, unsigned int flags, unsigned int attributes)
{
	return (int)syscall(SYS_fsmount, fd, flags, attributes);
}

int fsopen(const char *name, unsigned int flags)
{
	return (int)syscall(SYS_fsopen, name, flags);
}

int mount_setattr(int fd, const char *path, unsigned int flags, struct mount_attr *attr, size_t size)
{
	return (int)syscall(SYS_mount_setattr, fd, path, flags, attr, size);
}

int move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

int open_tree(int fd, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, fd, path, flags);
}

int pidfd_open(pid_t pid, unsigned int flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

int pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned int flags)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, number, info, flags);
}

int statx(int fd, const char *path, int flags, unsigned int mask, struct statx *ret)
{
	return (int)syscall(SYS_statx, fd, path, flags, mask, ret);
}

/* ----------------------------------------------------------------- signals */

int __libc_current_sigrtmin(void)
{
	return SIGNAL_RT_FIRST;
}

/* musl keeps 34 for itself, where there are threads; these programs have none, and pass it on. */
int sigaddset(sigset_t *set, int number)
{
	unsigned long bit;
	size_t word;

	if (signal_bit(number, &word, &bit) < 0)
		return -1;
	((unsigned long *)(void *)set)[word] |= bit;
	return 0;
}

int sigfillset(sigset_t *set)
{
	sigemptyset(set);
	for (int number = 1; number <= SIGNAL_LAST; number++)
		if (number < 32 || number >= SIGNAL_RT_FIRST)
			sigaddset(set, number);
	return 0;
}

const char *sigabbrev_np(int number)
{
	static const char names[][8] = {"",	"HUP",	"INT",	"QUIT", "ILL",	"TRAP", "ABRT", "BUS",	"FPE",	"KILL", "USR1",
					"SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN",
					"TTOU", "URG",	"XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "POLL", "PWR", "SYS"};

	return number > 0 && (size_t)number < sizeof(names) / sizeof(names[0]) ? names[number] : NULL;
}

/* ---------------------------------------------------------------- the rest */

/* In the words of the C locale, which these programs never leave. */
const char *strerrordesc_np(int no)
{
	return strerror(no);
}

/* musl gives memory back by itself. Return: 0, nothing was set */
int mallopt(int parameter, int value)
{
	(void)parameter;
	(void)value;
	return 0;
}

/* ----------------------------------------------------------------- helpers */

/* As glibc, but without a message: nothing of this process may be trusted any more. */
static void fits(size_t wanted, size_t size)
{
	if (wanted > size)
		__builtin_trap();
}

static int signal_bit(int number, size_t *ret_word, unsigned long *ret_bit)
{
	if (number < 1 || number > SIGNAL_LAST || (number >= 32 && number < SIGNAL_RT_FIRST)) {
		errno = EINVAL;
		return -1;
	}
	*ret_word = (size_t)(number - 1) / SIGNAL_BITS;
	*ret_bit = 1UL << ((unsigned int)(number - 1) % SIGNAL_BITS);
	return 0;
}
