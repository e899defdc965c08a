/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lockdown - no new privileges and a seccomp allow list. Floor F2.
 *
 * The lists say what the programs do, call by call; a call with a condition
 * appears once a condition. clone3 hides its flags in memory where seccomp
 * cannot look, so it answers ENOSYS and the C library falls back to clone.
 * Executable memory cannot be made afterwards.
 */
#include "lib/kern/lockdown.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <linux/landlock.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/mem.h"

#ifndef SIOCGIFINDEX
#define SIOCGIFINDEX 0x8933
#endif
#ifndef SIOCGIFNAME
#define SIOCGIFNAME 0x8910
#endif

struct rule {
	int call;
	bool checked;
	struct scmp_arg_cmp arg;
};

#define ANY(NAME)                                                                              \
	{                                                                                      \
		.call = SCMP_SYS(NAME)                                                         \
	}
#define WHEN(NAME, ARG, VALUE)                                                                 \
	{                                                                                      \
		.call = SCMP_SYS(NAME), .checked = true,                                       \
		.arg = {(ARG),                                                                 \
			SCMP_CMP_EQ,                                                           \
			(scmp_datum_t)(VALUE),                                                 \
			0 }                                                                    \
	}
#define MASKED(NAME, ARG, MASK, VALUE)                                                         \
	{                                                                                      \
		.call = SCMP_SYS(NAME), .checked = true,                                       \
		.arg = {(ARG),                                                                 \
			SCMP_CMP_MASKED_EQ,                                                    \
			(scmp_datum_t)(MASK),                                                  \
			(scmp_datum_t)(VALUE) }                                                \
	}
/* Reads and changes of what is there already: memory, time, signals, own descriptors, threads. */
static const struct rule common[] = {
	ANY(brk),
	MASKED(mmap, 2, PROT_EXEC, 0),
	MASKED(mprotect, 2, PROT_EXEC, 0),
	ANY(munmap),
	ANY(mremap),
	ANY(madvise),
	ANY(exit),
	ANY(exit_group),
	ANY(restart_syscall),
	ANY(futex),
	ANY(sched_yield),
	ANY(sched_getaffinity),
	ANY(set_robust_list),
	ANY(rseq),
	MASKED(clone, 0, CLONE_THREAD, CLONE_THREAD),
	ANY(gettid),
	ANY(getpid),
	ANY(getppid),
	ANY(getuid),
	ANY(geteuid),
	ANY(getgid),
	ANY(getegid),
	ANY(getrandom),
	ANY(uname),
	ANY(sysinfo),
	ANY(prlimit64),
	ANY(getrlimit),
	ANY(getrusage),
	ANY(clock_gettime),
	ANY(clock_getres),
	ANY(gettimeofday),
	ANY(time),
	ANY(nanosleep),
	ANY(clock_nanosleep),
	ANY(rt_sigaction),
	ANY(rt_sigprocmask),
	ANY(rt_sigreturn),
	ANY(rt_sigtimedwait),
	ANY(sigaltstack),
	ANY(tgkill),
	ANY(tkill),
	ANY(signalfd4),
	ANY(eventfd2),
	ANY(timerfd_create),
	ANY(timerfd_settime),
	ANY(timerfd_gettime),
	ANY(pipe2),
	WHEN(prctl, 0, PR_SET_NAME),
	WHEN(prctl, 0, PR_GET_NAME),
	WHEN(prctl, 0, 0x53564d41 /* PR_SET_VMA */),
	ANY(epoll_create1),
	ANY(epoll_create),
	ANY(epoll_ctl),
	ANY(epoll_wait),
	ANY(epoll_pwait),
	ANY(epoll_pwait2),
	ANY(poll),
	ANY(ppoll),
	ANY(select),
	ANY(pselect6),
	ANY(read),
	ANY(write),
	ANY(readv),
	ANY(writev),
	ANY(pread64),
	ANY(pwrite64),
	ANY(lseek),
	ANY(close),
	ANY(close_range),
	ANY(dup),
	ANY(dup2),
	ANY(dup3),
	ANY(fcntl),
	ANY(fstat),
	ANY(newfstatat),
	ANY(sendmsg),
	ANY(recvmsg),
	ANY(sendto),
	ANY(recvfrom),
	ANY(sendmmsg),
	ANY(recvmmsg),
	ANY(shutdown),
	ANY(setsockopt),
	ANY(getsockopt),
	ANY(getsockname),
	ANY(getpeername),
	WHEN(ioctl, 1, TCGETS),
	WHEN(ioctl, 1, FIONREAD),
	WHEN(ioctl, 1, FIONBIO),
};

/* Names of files, for those that have some. */
static const struct rule files[] = {
	ANY(stat),
	ANY(lstat),
	ANY(statx),
	ANY(fstatfs),
	ANY(statfs),
	ANY(open),
	ANY(openat),
	ANY(access),
	ANY(faccessat),
	ANY(faccessat2),
	ANY(readlink),
	ANY(readlinkat),
	ANY(getdents64),
	ANY(getcwd),
	ANY(unlink),
	ANY(unlinkat),
};

static const struct rule hand[] = {
	WHEN(socket, 0, AF_NETLINK),
	WHEN(socket, 0, AF_INET), /* the sockets it opens for moatd-dns */
	WHEN(socket, 0, AF_INET6),
	ANY(bind),
	ANY(listen),
	WHEN(setns, 1, CLONE_NEWNET),
	WHEN(unshare, 0, CLONE_NEWNET),
	WHEN(sched_setaffinity, 0, 0), /* the calling thread's own */
	WHEN(mount, 3, MS_BIND),
	WHEN(umount2, 1, MNT_DETACH | UMOUNT_NOFOLLOW),
	WHEN(ioctl, 1, SIOCGIFINDEX),
	WHEN(ioctl, 1, TUNSETIFF),
	WHEN(ioctl, 1, TUNSETPERSIST),
	WHEN(ioctl, 1, NS_GET_USERNS),
	WHEN(ioctl, 1, NS_GET_PARENT),
	WHEN(ioctl, 1, NS_GET_NSTYPE),
	WHEN(ioctl, 1, NS_GET_OWNER_UID),
	ANY(mkdir),
	ANY(mkdirat),
};

static const struct rule engine[] = {
	WHEN(socket, 0, AF_UNIX),
	WHEN(socketpair, 0, AF_UNIX),
	WHEN(sched_setaffinity, 0, 0), /* the calling thread's own */
	ANY(bind),
	ANY(listen),
	ANY(accept),
	ANY(accept4),
	ANY(connect),
	WHEN(ioctl, 1, NS_GET_NSTYPE),
	WHEN(ioctl, 1, NS_GET_USERNS),
	WHEN(ioctl, 1, NS_GET_OWNER_UID),
	ANY(fsync),
	ANY(fdatasync),
	ANY(ftruncate),
	ANY(fallocate),
	ANY(flock),
	ANY(rename),
	ANY(renameat),
	ANY(renameat2),
	ANY(mkdir),
	ANY(mkdirat),
	ANY(rmdir),
	ANY(chmod),
	ANY(fchmod),
	ANY(fchmodat),
	ANY(fchown),
	ANY(umask),
	ANY(link),
	ANY(linkat),
	ANY(utimensat),
	ANY(msync),
	ANY(memfd_create),
	ANY(sync_file_range),
};

/* No socket but those it is given: accept4 makes one of a listener, connect gives one a peer. */
static const struct rule dns[] = {
	ANY(accept4),
	ANY(connect),
	ANY(splice),
	WHEN(ioctl, 1, SIOCGIFNAME),
};

/* It looks at what others passed, and forks, and each fork wants to end with its parent. */
static const struct rule porter[] = {
	ANY(fstatfs),
	WHEN(ioctl, 1, NS_GET_NSTYPE),
	WHEN(ioctl, 1, SIOCOUTQ),
	WHEN(prctl, 0, PR_SET_PDEATHSIG),
	WHEN(clone, 0, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD),
};

/* Never right in any program: the attempt is an attack or a grave bug. */
static const int deadly[] = {
	SCMP_SYS(ptrace),          SCMP_SYS(process_vm_writev), SCMP_SYS(process_vm_readv),
	SCMP_SYS(kexec_load),      SCMP_SYS(kexec_file_load),   SCMP_SYS(init_module),
	SCMP_SYS(finit_module),    SCMP_SYS(delete_module),     SCMP_SYS(bpf),
	SCMP_SYS(execve),          SCMP_SYS(execveat),          SCMP_SYS(userfaultfd),
	SCMP_SYS(perf_event_open), SCMP_SYS(open_by_handle_at), SCMP_SYS(pivot_root),
	SCMP_SYS(reboot),
};

static int add_rules(scmp_filter_ctx ctx, const struct rule *rules, size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, rules[i].call, rules[i].checked,
					   rules[i].checked ? &rules[i].arg : NULL);
	}
	return r;
}

static int fill(scmp_filter_ctx ctx, enum lockdown_profile profile, unsigned flags)
{
	int r;

	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE,
				     2); /* binary tree: the lists are long */
	if (r == 0)
		r = add_rules(ctx, common, ARRAY_COUNT(common));
	if (r == 0 && (profile == LOCKDOWN_HAND || profile == LOCKDOWN_ENGINE))
		r = add_rules(ctx, files, ARRAY_COUNT(files));
	if (r == 0 && profile == LOCKDOWN_DNS)
		r = add_rules(ctx, dns, ARRAY_COUNT(dns));
	if (r == 0 && profile == LOCKDOWN_HAND)
		r = add_rules(ctx, hand, ARRAY_COUNT(hand));
	if (r == 0 && profile == LOCKDOWN_ENGINE)
		r = add_rules(ctx, engine, ARRAY_COUNT(engine));
	if (r == 0 && profile == LOCKDOWN_PORTER)
		r = add_rules(ctx, porter, ARRAY_COUNT(porter));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	for (size_t i = 0; r == 0 && !(flags & LOCKDOWN_KILL) && i < ARRAY_COUNT(deadly); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	return r;
}

int lockdown_apply(enum lockdown_profile profile, unsigned flags, struct err *err)
{
	uint32_t otherwise =
		flags & LOCKDOWN_KILL ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM);
	scmp_filter_ctx ctx;
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "no new privileges");
	ctx = seccomp_init(otherwise);
	if (!ctx)
		abort();
	r = fill(ctx, profile, flags);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r < 0 ? err_sys(err, ERR_KERNEL, -r, NULL, "seccomp filter") : 0;
}

/* What version 1 knows (5.13); later rights are of no use to who has no descriptor of a folder. */
int lockdown_files(struct err *err)
{
	const struct landlock_ruleset_attr attr = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0), r;

	if (fd < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
		return 1;
	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "landlock ruleset");
	r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			    syscall(SYS_landlock_restrict_self, fd, 0) < 0
		    ? err_sys(err, ERR_KERNEL, errno, NULL, "landlock")
		    : 0;
	close(fd);
	return r;
}
