// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * beside - a network namespace that a thread makes. Floor F4. The thread is the kernel's alone: it has errno in common with
 * us, so it makes system calls without the C library; that one knows of no thread, and takes no lock that a copy of the
 * process (clone3(2)) would never see given back. It asks for another processor by itself, since a guest's scheduler takes
 * one that is halted for one that its host has taken away, and leaves the thread behind us. Where all are busy it leaves its
 * work to us, who have our turn already. Where others of ours may run is never touched.
 */
#include "runner/oci/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

enum { STACK_SIZE = 16 * 1024 };

static int make(void *ctx);
static long call(long number, long a, long b, long c, long d);
static void thread_wait(struct oci_beside *beside);
static bool processors_find(struct oci_beside *beside);
static bool processor_leave(const struct oci_beside *beside);
static bool others_wait(const struct oci_beside *beside);
static long namespace_make(void);

void oci_beside_begin(int proc, struct oci_beside *beside)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID |
			  CLONE_CHILD_CLEARTID;

	beside->proc = proc;
	/* Of those with a priority the scheduler gives the one that we wait for another processor by itself: no thread is needed. */
	if (syscall(SYS_sched_getscheduler, 0) != SCHED_OTHER || !processors_find(beside))
		return;
	beside->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (beside->stack == MAP_FAILED) {
		beside->stack = NULL;
		return;
	}
	if (clone(make, (char *)beside->stack + STACK_SIZE, flags, beside, &beside->tid, NULL, &beside->tid) < 0)
		oci_beside_fini(beside);
}

int oci_beside_end(struct oci_beside *beside, struct err *err)
{
	int tid, turn;

	if (!beside->stack || beside->asked)
		return 0;
	beside->asked = true;
	turn = atomic_exchange(&beside->turn, OCI_BESIDE_MAKER);
	if (turn == OCI_BESIDE_OPEN) {
		unsigned long mask[OCI_BESIDE_WORDS] = {0};

		/* Wherever it waits for a processor it has nothing to do there any more, and our end would wait for its. */
		mask[beside->here / OCI_BESIDE_WORD_BITS] = 1UL << beside->here % OCI_BESIDE_WORD_BITS;
		tid = atomic_load(&beside->tid);
		if (tid)
			(void)syscall(SYS_sched_setaffinity, tid, beside->size, mask);
	}
	if (turn != OCI_BESIDE_THREAD)
		return 0;
	thread_wait(beside);
	return beside->result < 0 ? err_sys(err, ERR_KERNEL, -beside->result, NULL, "a new network namespace") : beside->result;
}

void oci_beside_fini(struct oci_beside *beside)
{
	int fd;

	if (!beside->stack)
		return;
	/* which nobody wants any more */
	fd = oci_beside_end(beside, NULL);
	if (fd > 0)
		(void)close(fd);
	thread_wait(beside);
	(void)munmap(beside->stack, STACK_SIZE);
	beside->stack = NULL;
}

/* ----------------------------------------------------------------- helpers */

/* Until it has ended, or at once where there is none. */
static void thread_wait(struct oci_beside *beside)
{
	int tid;

	while ((tid = atomic_load(&beside->tid)))
		(void)syscall(SYS_futex, &beside->tid, FUTEX_WAIT, tid, NULL, NULL, 0);
}

/* Return: others than the one we are on */
static bool processors_find(struct oci_beside *beside)
{
	long size = syscall(SYS_sched_getaffinity, 0, sizeof(beside->others), beside->others);

	if (size <= 0 || syscall(SYS_getcpu, &beside->here, NULL, NULL) < 0 || beside->here >= 8 * (size_t)size)
		return false;
	beside->size = (size_t)size;
	beside->others[beside->here / OCI_BESIDE_WORD_BITS] &= ~(1UL << beside->here % OCI_BESIDE_WORD_BITS);
	for (size_t i = 0; i < beside->size / sizeof(*beside->others); i++)
		beside->count += (unsigned int)__builtin_popcountl(beside->others[i]);
	return beside->count > 0;
}

/* ------------------------------------------------ the thread: no function of the C library from here on */

static int make(void *ctx)
{
	struct oci_beside *beside = ctx;
	const int wanted = processor_leave(beside) && !others_wait(beside) ? OCI_BESIDE_THREAD : OCI_BESIDE_REFUSED;
	int turn = OCI_BESIDE_OPEN;

	if (atomic_compare_exchange_strong(&beside->turn, &turn, wanted) && wanted == OCI_BESIDE_THREAD)
		beside->result = (int)namespace_make();
	return 0;
}

/* Return: a result, or -errno */
static long call(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return result;
}

/* Return: we run on another one now, if not all along */
static bool processor_leave(const struct oci_beside *beside)
{
	unsigned int now;

	return call(SYS_getcpu, (long)&now, 0, 0, 0) == 0 &&
	       (now != beside->here || call(SYS_sched_setaffinity, 0, (long)beside->size, (long)beside->others, 0) == 0);
}

/* proc_loadavg(5): "0.20 0.18 0.12 2/80 11206", how many run or would like to. With our work half done we might lose our turn. */
static bool others_wait(const struct oci_beside *beside)
{
	long fd = call(SYS_openat, beside->proc, (long)"loadavg", O_RDONLY | O_CLOEXEC, 0);
	unsigned int running = 0, spaces = 0;
	char text[64];
	long n;

	if (fd < 0)
		return true;
	n = call(SYS_read, fd, (long)text, sizeof(text), 0);
	(void)call(SYS_close, fd, 0, 0, 0);
	for (long i = 0; i < n && text[i] != '/'; i++)
		if (text[i] == ' ')
			spaces++;
		else if (spaces == 3 && text[i] >= '0' && text[i] <= '9' && running <= beside->count + 1)
			running = running * 10 + (unsigned int)(text[i] - '0');
	return running == 0 || running > beside->count + 1;
}

/* Of the socket its namespace is asked for: /proc/thread-self/ns/net costs six times as much. */
static long namespace_make(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	long rc = call(SYS_unshare, CLONE_NEWNET, 0, 0, 0), sock;

	if (rc < 0)
		return rc;
	sock = call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0);
	if (sock < 0)
		return sock;
	rc = call(SYS_ioctl, sock, SIOCSIFFLAGS, (long)&request, 0);
	if (rc >= 0)
		rc = call(SYS_ioctl, sock, SIOCGSKNS, 0, 0);
	(void)call(SYS_close, sock, 0, 0, 0);
	return rc;
}

#else /* nothing is made beside */

void oci_beside_begin(int proc, struct oci_beside *beside)
{
	(void)proc, (void)beside;
}

int oci_beside_end(struct oci_beside *beside, struct err *err)
{
	(void)beside, (void)err;
	return 0;
}

void oci_beside_fini(struct oci_beside *beside)
{
	(void)beside;
}

#endif
