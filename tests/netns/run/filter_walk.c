// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * filter_walk - started in a container by filter.sh: what does the kernel answer to each system call there, and is that
 * what docs/SECCOMP.md says? Usage: filter_walk DOCUMENT [volumes]
 *
 * No call is really made. A child puts a second filter beside the container's, which stops for its tracer at calls with
 * a mark in the sixth argument. Of several filters the kernel obeys the strictest, and refusal is stricter than that
 * stop: a call that gets there is one the container's filter lets through, and the tracer makes none of it.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/calls_doc.h"

#if defined(__x86_64__)

enum {
	MARK = 0x6d6f6174,
	LET_THROUGH = 3999, /* an errno no call has: the tracer's answer */
	YOUNGEST = 600,
	X32 = 0x40000000,
	SLOTS = 4096,
	URETPROBE = 335,
	UPROBE = 336,
};

struct probe {
	int call;
	uint64_t args[4];
	int got;
};

static struct probe *probes; /* shared with the child */
static int count;

static void probe_add(int call, const uint64_t *args)
{
	struct probe *probe = &probes[count++];

	probe->call = call;
	for (int i = 0; args && i < 4; i++)
		probe->args[i] = args[i];
}

static void child(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MARK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {ARRAY_COUNT(code), code};

	if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, 2, &program, 0, 0) < 0)
		_exit(1);
	raise(SIGSTOP);
	for (int i = 0; i < count; i++) {
		struct probe *p = &probes[i];

		errno = 0;
		p->got = syscall(p->call, p->args[0], p->args[1], p->args[2], p->args[3], 0, MARK) >= 0 ? -1 : errno;
	}
	/* not _exit(): the mark is still in its register */
	syscall(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

/* Return: 0 when the child came to its end. */
static int trace(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL) < 0)
		return -1;
	for (;;) {
		struct user_regs_struct regs;

		if (ptrace(PTRACE_CONT, pid, 0, 0) < 0 || waitpid(pid, &status, 0) != pid)
			return -1;
		if (WIFEXITED(status))
			return WEXITSTATUS(status) ? -1 : 0;
		if (!WIFSTOPPED(status) || status >> 8 != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			return -1;
		if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
			return -1;
		regs.orig_rax = (unsigned long long)-1; /* none is made */
		regs.rax = (unsigned long long)-LET_THROUGH;
		if (ptrace(PTRACE_SETREGS, pid, 0, &regs) < 0)
			return -1;
	}
}

int main(int argc, char **argv)
{
	struct calls_doc doc;
	bool volumes = argc > 2;
	int wrong = 0, numbers;
	pid_t pid;

	if (argc < 2 || calls_doc_read(argv[1], &doc) < 300) {
		puts("the document cannot be read");
		return 1;
	}
	probes = mmap(NULL, SLOTS * sizeof(*probes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int call = 0; call <= YOUNGEST; call++) {
		/* of the kernel's own trampolines: since 6.14 no filter is asked, and others get SIGILL */
		if (call == URETPROBE || call == UPROBE)
			continue;
		probe_add(call, NULL);
		probe_add(call | X32, NULL);
	}
	numbers = count;
	for (size_t i = 0; i < ARRAY_COUNT(doc_arguments); i++)
		probe_add(filter_call_number(doc_arguments[i].name), doc_arguments[i].args);
	pid = fork();
	if (pid == 0)
		child();
	if (pid < 0 || trace(pid) < 0) {
		puts("the calls could not be tried");
		return 1;
	}
	for (int i = 0; i < count; i++) {
		const struct probe *p = &probes[i];
		int at = i - numbers, expected = ENOSYS;

		if (at >= 0)
			expected = volumes ? doc_arguments[at].volumes : doc_arguments[at].answer;
		else if (p->call < DOC_CALLS && doc.answer[p->call] != DOC_UNSAID)
			expected = doc.answer[p->call];
		if (expected == DOC_BY_ARGUMENT || p->got == (expected ? expected : LET_THROUGH))
			continue;
		printf("call %d (0x%llx 0x%llx 0x%llx): %d, not %d\n", p->call, (unsigned long long)p->args[0],
		       (unsigned long long)p->args[1], (unsigned long long)p->args[2], p->got, expected);
		wrong++;
	}
	printf("%d calls, %d wrong\n", count, wrong);
	return wrong ? 1 : 0;
}

#else

int main(void)
{
	puts("written for x86_64");
	return 77;
}

#endif
