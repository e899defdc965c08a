// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * beside - somebody who waits for a turn on our processor while a child is born. Floor F4. He gives his turn away until he is
 * told, and ends. Nothing of what the scheduler knows is changed by that, no mask and no priority, and where other processors
 * have more to do than ours the child stays here. The thread is the kernel's alone: it has errno in common with us, so it makes
 * system calls without the C library; that one knows of no thread, and takes no lock that a copy of the process (clone3(2))
 * would never see given back.
 */
#include "runner/oci/beside.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

enum { STACK_SIZE = 4 * 1024, TURNS_MAX = 4 /* should we sleep meanwhile */ };

static bool others(void);
static int wait(void *ctx);

void oci_beside_begin(struct oci_beside *beside)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID |
			  CLONE_CHILD_CLEARTID;

	/* Those with a priority the scheduler divides by itself. */
	if (!others() || syscall(SYS_sched_getscheduler, 0) != SCHED_OTHER)
		return;
	beside->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (beside->stack == MAP_FAILED) {
		beside->stack = NULL;
		return;
	}
	if (clone(wait, (char *)beside->stack + STACK_SIZE, flags, beside, &beside->tid, NULL, &beside->tid) < 0)
		oci_beside_fini(beside);
}

void oci_beside_end(struct oci_beside *beside)
{
	atomic_store(&beside->over, true);
}

void oci_beside_fini(struct oci_beside *beside)
{
	int tid;

	if (!beside->stack)
		return;
	oci_beside_end(beside);
	while ((tid = atomic_load(&beside->tid)))
		(void)syscall(SYS_futex, &beside->tid, FUTEX_WAIT, tid, NULL, NULL, 0);
	(void)munmap(beside->stack, STACK_SIZE);
	beside->stack = NULL;
}

/* ----------------------------------------------------------------- helpers */

/* Return: there is more than one processor that we may run on */
static bool others(void)
{
	unsigned long mask[8192 / 8 / sizeof(unsigned long)]; /* of CONFIG_NR_CPUS */
	long size = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
	int count = 0;

	for (long i = 0; i < size / (long)sizeof(*mask); i++)
		count += __builtin_popcountl(mask[i]);
	return count > 1;
}

/* ------------------------------------------------ the thread: no function of the C library from here on */

static int wait(void *ctx)
{
	struct oci_beside *beside = ctx;

	for (int i = 0; i < TURNS_MAX && !atomic_load(&beside->over); i++) {
		long result;

		__asm__ volatile("syscall" : "=a"(result) : "a"(SYS_sched_yield) : "rcx", "r11", "memory");
	}
	return 0;
}

#else /* nobody */

void oci_beside_begin(struct oci_beside *beside)
{
	(void)beside;
}

void oci_beside_end(struct oci_beside *beside)
{
	(void)beside;
}

void oci_beside_fini(struct oci_beside *beside)
{
	(void)beside;
}

#endif
