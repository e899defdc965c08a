// SPDX-License-Identifier: GPL-2.0-or-later
/* calls - the table. Lowest floor of F4, pure. */
#include "runner/filter/calls.h"

#include <errno.h>
#include <seccomp.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

static const struct filter_calls table[] = {
	/* ------------------------------------------------------ let through */
	{FILTER_NONE, "files", 0,
	 "access chdir chmod* chown creat* faccessat faccessat2 fchdir fchmod* fchmodat* fchmodat2* fchown fchownat "
	 "file_getattr file_setattr fstat fstatfs futimesat getcwd getdents getdents64 lchown link linkat lstat mkdir "
	 "mkdirat mknod* mknodat* newfstatat open* openat* openat2* readlink readlinkat rename renameat renameat2 rmdir stat "
	 "statfs statx symlink symlinkat truncate umask unlink unlinkat utime utimensat utimes"},
	{FILTER_NONE, "attributes", 0,
	 "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr "
	 "lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat"},
	{FILTER_NONE, "input and output", 0,
	 "close close_range copy_file_range dup dup2 dup3 fadvise64 fallocate fcntl fdatasync flock fsync ftruncate "
	 "io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit ioctl* lseek pipe pipe2 pread64 preadv "
	 "preadv2 pwrite64 pwritev pwritev2 read readahead readv sendfile splice sync sync_file_range syncfs tee "
	 "vmsplice write writev"},
	{FILTER_NONE, "waiting", 0,
	 "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 inotify_add_watch "
	 "inotify_init inotify_init1 inotify_rm_watch poll ppoll pselect6 select signalfd signalfd4 timerfd_create "
	 "timerfd_gettime timerfd_settime"},
	{FILTER_NONE, "memory", 0,
	 "brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap "
	 "mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages"},
	{FILTER_NONE, "processes", 0,
	 "arch_prctl capget capset chroot clone* clone3* execve execveat exit exit_group fork get_robust_list "
	 "get_thread_area getpgid getpgrp getpid getppid getpriority getrlimit getrusage getsid gettid ioprio_get "
	 "ioprio_set personality* pidfd_open prctl prlimit64 process_madvise process_mrelease rseq set_robust_list "
	 "set_thread_area set_tid_address setpgid setpriority setrlimit setsid unshare* uprobe uretprobe vfork wait4 "
	 "waitid"},
	{FILTER_NONE, "users", 0,
	 "getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid setgroups setregid "
	 "setresgid setresuid setreuid setuid"},
	{FILTER_NONE, "signals", 0,
	 "alarm getitimer kill pause pidfd_send_signal restart_syscall rt_sigaction rt_sigpending rt_sigprocmask "
	 "rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo setitimer sigaltstack tgkill "
	 "tkill"},
	{FILTER_NONE, "threads and time", 0,
	 "clock_getres clock_gettime clock_nanosleep futex futex_requeue futex_wait futex_waitv futex_wake getcpu "
	 "gettimeofday nanosleep sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr "
	 "sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam "
	 "sched_setscheduler sched_yield time timer_create timer_delete timer_getoverrun timer_gettime timer_settime "
	 "times"},
	{FILTER_NONE, "sockets", 0,
	 "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg "
	 "sendmsg sendto setsockopt shutdown socket* socketpair"},
	{FILTER_NONE, "ipc", 0,
	 "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl "
	 "semget semop semtimedop shmat shmctl shmdt shmget"},
	{FILTER_NONE, "machine", 0, "getrandom sethostname setdomainname sysinfo uname"},
	{FILTER_NONE, "sandboxes", 0, "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp"},
	{FILTER_NONE, "tracing", 0, "kcmp pidfd_getfd process_vm_readv process_vm_writev ptrace"},

	/* ---------------------------------------------------------- refused */
	{FILTER_KERNEL, "kernel", EPERM,
	 "_sysctl acct delete_module finit_module init_module ioperm iopl kexec_file_load kexec_load lookup_dcookie "
	 "modify_ldt nfsservctl quotactl quotactl_fd reboot swapoff swapon sysfs syslog uselib ustat vhangup"},
	{FILTER_CLOCK, "clock", EPERM, "adjtimex clock_adjtime clock_settime settimeofday"},
	{FILTER_BPF, "bpf", EPERM, "bpf"},
	{FILTER_PERF, "perf", EPERM, "perf_event_open"},
	{FILTER_USERFAULTFD, "userfaultfd", EPERM, "userfaultfd"},
	{FILTER_FANOTIFY, "fanotify", EPERM, "fanotify_init fanotify_mark"},
	{FILTER_IO_URING, "io_uring", ENOSYS, "io_uring_enter io_uring_register io_uring_setup"},
	{FILTER_KEYRING, "keyring", EPERM, "add_key keyctl request_key"},
	{FILTER_MOUNT, "mount", EPERM,
	 "fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree open_tree_attr pivot_root umount2"},
	/* asked by those who can do without: they read /proc/self/mountinfo then */
	{FILTER_MOUNT, "mount", ENOSYS, "listmount statmount"},
	{FILTER_HANDLES, "handles", EPERM, "name_to_handle_at open_by_handle_at"},
	{FILTER_NAMESPACES, "namespaces", EPERM, "setns"},
	{FILTER_NUMA, "numa", EPERM,
	 "get_mempolicy mbind migrate_pages move_pages set_mempolicy set_mempolicy_home_node"},
	{FILTER_LABELS, "labels", ENOSYS, "lsm_get_self_attr lsm_list_modules lsm_set_self_attr"},
	/* Numbers that Linux never used, or does no longer: they answer so without us */
	{FILTER_NONE, "absent", ENOSYS,
	 "afs_syscall create_module epoll_ctl_old epoll_wait_old get_kernel_syms getpmsg putpmsg query_module security "
	 "tuxcall vserver"},
};

static const char *const group_names[] = {
	[FILTER_KERNEL] = "kernel",
	[FILTER_CLOCK] = "clock",
	[FILTER_BPF] = "bpf",
	[FILTER_PERF] = "perf",
	[FILTER_USERFAULTFD] = "userfaultfd",
	[FILTER_FANOTIFY] = "fanotify",
	[FILTER_IO_URING] = "io_uring",
	[FILTER_KEYRING] = "keyring",
	[FILTER_MOUNT] = "mount",
	[FILTER_HANDLES] = "handles",
	[FILTER_NAMESPACES] = "namespaces",
	[FILTER_ALG] = "alg",
	[FILTER_VSOCK] = "vsock",
	[FILTER_PACKET] = "packet",
	[FILTER_NETFILTER] = "netfilter",
	[FILTER_TTY] = "tty",
	[FILTER_SETID] = "setid",
	[FILTER_YOUNG] = "young",
	[FILTER_NUMA] = "numa",
	[FILTER_LABELS] = "labels",
	[FILTER_FAMILIES] = "families",
	[FILTER_NETLINK] = "netlink",
	[FILTER_PERSONALITY] = "personality",
};

_Static_assert(ARRAY_COUNT(group_names) == FILTER_GROUPS, "a group without a name");

/* Younger than libseccomp 2.5; since Linux 5.1 a call has one number everywhere, but for those of one machine. */
static const struct {
	const char *name;
	int number;
} young[] = {
#if defined(__x86_64__)
	{"uretprobe", 335},
	{"uprobe", 336},
#endif
	{"cachestat", 451},
	{"fchmodat2", 452},
	{"map_shadow_stack", 453},
	{"futex_wake", 454},
	{"futex_wait", 455},
	{"futex_requeue", 456},
	{"statmount", 457},
	{"listmount", 458},
	{"lsm_get_self_attr", 459},
	{"lsm_set_self_attr", 460},
	{"lsm_list_modules", 461},
	{"mseal", 462},
	{"setxattrat", 463},
	{"getxattrat", 464},
	{"listxattrat", 465},
	{"removexattrat", 466},
	{"open_tree_attr", 467},
	{"file_getattr", 468},
	{"file_setattr", 469},
};

const struct filter_calls *filter_calls(size_t *ret_count)
{
	*ret_count = ARRAY_COUNT(table);
	return table;
}

const char *filter_group_name(enum filter_group group)
{
	return group_names[group];
}

int filter_call_number(const char *name)
{
	int call = seccomp_syscall_resolve_name(name);

	for (size_t i = 0; call == __NR_SCMP_ERROR && i < ARRAY_COUNT(young); i++)
		if (str_eq(young[i].name, name))
			call = young[i].number;
	return call;
}
