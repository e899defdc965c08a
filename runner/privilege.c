// SPDX-License-Identifier: GPL-2.0-or-later
/* privilege - capabilities, system call filter, limits. Floor F4. */
#include "runner/privilege.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

enum {
	NOFILE_SOFT = 1024,
	NOFILE_HARD = 524288,
	FRONT_MAX = 8,   /* instructions that may stand in front of libseccomp's */
	CALL_LAST = 469, /* file_setattr, 6.17: the youngest that was looked at */
};

/* Arguments that the kernel takes as int are compared on 32 bits: the upper half of the register is the caller's. */
static const unsigned long INT_MASK = 0xffffffff;

static const int caps_default[] = {
	CAP_CHOWN,  CAP_DAC_OVERRIDE,     CAP_FOWNER, CAP_FSETID,
	CAP_KILL,   CAP_NET_BIND_SERVICE, CAP_SETGID, CAP_SETPCAP,
	CAP_SETUID, CAP_SYS_CHROOT,
};

/*
 * Refused whatever the arguments, group by group (docs/SECCOMP.md). @no: what the caller reads. Names libseccomp does
 * not know are left out.
 */
static const struct {
	enum privilege_group group;
	int no;
	const char *name;
} calls_refused[] = {
	{PRIVILEGE_KERNEL, EPERM, "kexec_load"},
	{PRIVILEGE_KERNEL, EPERM, "kexec_file_load"},
	{PRIVILEGE_KERNEL, EPERM, "init_module"},
	{PRIVILEGE_KERNEL, EPERM, "finit_module"},
	{PRIVILEGE_KERNEL, EPERM, "delete_module"},
	{PRIVILEGE_KERNEL, EPERM, "reboot"},
	{PRIVILEGE_KERNEL, EPERM, "swapon"},
	{PRIVILEGE_KERNEL, EPERM, "swapoff"},
	{PRIVILEGE_KERNEL, EPERM, "acct"},
	{PRIVILEGE_KERNEL, EPERM, "quotactl"},
	{PRIVILEGE_KERNEL, EPERM, "quotactl_fd"},
	{PRIVILEGE_KERNEL, EPERM, "syslog"},
	{PRIVILEGE_KERNEL, EPERM, "iopl"},
	{PRIVILEGE_KERNEL, EPERM, "ioperm"},
	{PRIVILEGE_KERNEL, EPERM, "modify_ldt"},
	{PRIVILEGE_KERNEL, EPERM, "vm86"},
	{PRIVILEGE_KERNEL, EPERM, "vm86old"},
	{PRIVILEGE_KERNEL, EPERM, "nfsservctl"},
	{PRIVILEGE_KERNEL, EPERM, "lookup_dcookie"},
	{PRIVILEGE_KERNEL, EPERM, "uselib"},
	{PRIVILEGE_KERNEL, EPERM, "_sysctl"},
	{PRIVILEGE_CLOCK, EPERM, "settimeofday"},
	{PRIVILEGE_CLOCK, EPERM, "clock_settime"},
	{PRIVILEGE_CLOCK, EPERM, "clock_adjtime"},
	{PRIVILEGE_CLOCK, EPERM, "adjtimex"},
	{PRIVILEGE_CLOCK, EPERM, "stime"},
	{PRIVILEGE_BPF, EPERM, "bpf"},
	{PRIVILEGE_PERF, EPERM, "perf_event_open"},
	{PRIVILEGE_USERFAULTFD, EPERM, "userfaultfd"},
	{PRIVILEGE_FANOTIFY, EPERM, "fanotify_init"},
	{PRIVILEGE_IO_URING, ENOSYS, "io_uring_setup"},
	{PRIVILEGE_IO_URING, ENOSYS, "io_uring_enter"},
	{PRIVILEGE_IO_URING, ENOSYS, "io_uring_register"},
	{PRIVILEGE_KEYRING, EPERM, "keyctl"},
	{PRIVILEGE_KEYRING, EPERM, "add_key"},
	{PRIVILEGE_KEYRING, EPERM, "request_key"},
	{PRIVILEGE_MOUNT, EPERM, "mount"},
	{PRIVILEGE_MOUNT, EPERM, "umount"},
	{PRIVILEGE_MOUNT, EPERM, "umount2"},
	{PRIVILEGE_MOUNT, EPERM, "pivot_root"},
	{PRIVILEGE_MOUNT, EPERM, "fsopen"},
	{PRIVILEGE_MOUNT, EPERM, "fsconfig"},
	{PRIVILEGE_MOUNT, EPERM, "fsmount"},
	{PRIVILEGE_MOUNT, EPERM, "fspick"},
	{PRIVILEGE_MOUNT, EPERM, "move_mount"},
	{PRIVILEGE_MOUNT, EPERM, "open_tree"},
	{PRIVILEGE_MOUNT, EPERM, "mount_setattr"},
	{PRIVILEGE_HANDLES, EPERM, "open_by_handle_at"},
	{PRIVILEGE_HANDLES, EPERM, "name_to_handle_at"},
	/* clone3's flags lie in memory, where a filter cannot look: libc falls back to clone */
	{PRIVILEGE_NAMESPACES, EPERM, "setns"},
	{PRIVILEGE_NAMESPACES, ENOSYS, "clone3"},
	/* as are those of openat2 */
	{PRIVILEGE_SETID, ENOSYS, "openat2"},
};

static const char *const group_names[] = {
	[PRIVILEGE_KERNEL] = "kernel",
	[PRIVILEGE_CLOCK] = "clock",
	[PRIVILEGE_BPF] = "bpf",
	[PRIVILEGE_PERF] = "perf",
	[PRIVILEGE_USERFAULTFD] = "userfaultfd",
	[PRIVILEGE_FANOTIFY] = "fanotify",
	[PRIVILEGE_IO_URING] = "io_uring",
	[PRIVILEGE_KEYRING] = "keyring",
	[PRIVILEGE_MOUNT] = "mount",
	[PRIVILEGE_HANDLES] = "handles",
	[PRIVILEGE_NAMESPACES] = "namespaces",
	[PRIVILEGE_ALG] = "alg",
	[PRIVILEGE_VSOCK] = "vsock",
	[PRIVILEGE_PACKET] = "packet",
	[PRIVILEGE_NETFILTER] = "netfilter",
	[PRIVILEGE_TTY] = "tty",
	[PRIVILEGE_SETID] = "setid",
	[PRIVILEGE_YOUNG] = "young",
};

/* Calls by which a file gets a mode, and which argument that is. */
static const struct {
	const char *name;
	unsigned int arg;
} calls_mode[] = {
	{"chmod", 1}, {"fchmod", 1},  {"fchmodat", 2}, {"creat", 1},
	{"mknod", 1}, {"mknodat", 2}, {"open", 2},     {"openat", 3},
};

static int filter_build(scmp_filter_ctx ctx, uint32_t refused);
static int sockets_refuse(scmp_filter_ctx ctx, uint32_t refused);
static int namespaces_refuse(scmp_filter_ctx ctx);
static int setid_refuse(scmp_filter_ctx ctx);
static void young_refuse(struct sock_fprog *program);
static int filter_read(int fd, struct sock_fprog *program);

uint64_t privilege_caps_default(void)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < ARRAY_COUNT(caps_default); i++)
		caps |= CAP_BIT(caps_default[i]);
	return caps;
}

int privilege_caps_parse(const char *name, uint64_t *ret_caps, struct err *err)
{
	char full[64];
	cap_value_t cap;

	if (strcasecmp(name, "ALL") == 0) {
		*ret_caps = CAP_BIT(CAP_LAST_CAP + 1) - 1;
		return 0;
	}
	snprintf(full, sizeof(full), "%s%s", strncasecmp(name, "cap_", 4) == 0 ? "" : "cap_",
		 name);
	/* cap_from_name(3) also takes numbers, and stops reading at a space */
	if (full[strspn(full, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")] ||
	    strlen(name) >= sizeof(full) - 4 || cap_from_name(full, &cap) < 0 ||
	    cap > CAP_LAST_CAP)
		return err_set(err, ERR_USAGE, EINVAL, name, "no such capability");
	*ret_caps = CAP_BIT(cap);
	return 0;
}

int privilege_bound(uint64_t caps, struct err *err)
{
	if (cap_reset_ambient() < 0 && errno != EINVAL)
		return err_sys(err, ERR_KERNEL, errno, NULL,
			       "reset of the ambient capabilities");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(caps & CAP_BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    errno != EINVAL)
			return err_sys(err, ERR_KERNEL, errno, NULL, "drop of capability %d",
				       cap);
	return 0;
}

int privilege_set(uint64_t caps, struct err *err)
{
	cap_value_t list[CAP_LAST_CAP + 1];
	cap_t set = cap_init();
	int count = 0, rc = 0;

	if (!set)
		return err_sys(err, ERR_INTERNAL, errno, NULL, "cap_init");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (caps & CAP_BIT(cap))
			list[count++] = cap;
	if ((count && (cap_set_flag(set, CAP_PERMITTED, count, list, CAP_SET) < 0 ||
		       cap_set_flag(set, CAP_EFFECTIVE, count, list, CAP_SET) < 0)) ||
	    cap_set_proc(set) < 0)
		rc = err_sys(err, ERR_KERNEL, errno, NULL, "capset");
	cap_free(set);
	return rc;
}

int privilege_group_parse(const char *name, enum privilege_group *ret_group, struct err *err)
{
	for (size_t i = 0; i < ARRAY_COUNT(group_names); i++)
		if (str_eq(group_names[i], name)) {
			*ret_group = (enum privilege_group)i;
			return 0;
		}
	return err_set(err, ERR_USAGE, EINVAL, name, "no such group of system calls");
}

uint32_t privilege_refused(uint64_t caps, bool volumes)
{
	uint32_t refused = (UINT32_C(1) << PRIVILEGE_GROUPS) - 1;

	if (caps & CAP_BIT(CAP_NET_RAW))
		refused &= ~(UINT32_C(1) << PRIVILEGE_PACKET);
	if (caps & CAP_BIT(CAP_NET_ADMIN))
		refused &= ~(UINT32_C(1) << PRIVILEGE_NETFILTER);
	if (!volumes)
		refused &= ~(UINT32_C(1) << PRIVILEGE_SETID);
	return refused;
}

int privilege_filter_make(uint32_t refused, struct sock_fprog *program, struct err *err)
{
	cleanup(fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int rc = !ctx ? -ENOMEM : fd < 0 ? -errno : filter_build(ctx, refused);

	program->len = 0;
	if (rc == 0 && refused)
		rc = seccomp_export_bpf(ctx, fd);
	if (rc == 0 && refused)
		rc = filter_read(fd, program);
	if (rc == 0 && refused & UINT32_C(1) << PRIVILEGE_YOUNG)
		young_refuse(program);
	if (ctx)
		seccomp_release(ctx);
	if (rc < 0)
		return err_sys(err, ERR_INTERNAL, -rc, NULL,
			       "making of the system call filter");
	return 0;
}

struct sock_fprog *privilege_filter_room(void)
{
	size_t size =
		sizeof(struct sock_fprog) + PRIVILEGE_FILTER_MAX * sizeof(struct sock_filter);
	struct sock_fprog *program =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (program == MAP_FAILED)
		abort(); /* as all our memory */
	program->filter = (struct sock_filter *)(void *)(program + 1);
	return program;
}

int privilege_filter_install(const struct sock_fprog *program, struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "no_new_privs");
	if (program->len == 0)
		return 0;
	if (prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, program, 0, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "seccomp");
	return 0;
}

void privilege_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == 0) {
		limit.rlim_cur = 0;
		(void)setrlimit(RLIMIT_CORE, &limit);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		if (limit.rlim_max > NOFILE_HARD)
			limit.rlim_max = NOFILE_HARD;
		limit.rlim_cur = limit.rlim_max < NOFILE_SOFT ? limit.rlim_max : NOFILE_SOFT;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* ----------------------------------------------------------------- helpers */

static int filter_build(scmp_filter_ctx ctx, uint32_t refused)
{
	static const unsigned int ioctls[] = {TIOCSTI, 0x541C /* TIOCLINUX */};
	int rc;

	/* Another architecture's numbers (32 bit, x32) would pass by every rule below. */
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(calls_refused); i++) {
		int call = seccomp_syscall_resolve_name(calls_refused[i].name);

		if (call >= 0 && refused & UINT32_C(1) << calls_refused[i].group)
			rc = seccomp_rule_add(
				ctx, SCMP_ACT_ERRNO((uint16_t)calls_refused[i].no), call, 0);
	}
	/* open_tree(2) again, younger than the libraries that would know its name: 6.15 */
	if (rc == 0 && refused & UINT32_C(1) << PRIVILEGE_MOUNT)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), 467 /* open_tree_attr */, 0);
	if (rc == 0 && refused & UINT32_C(1) << PRIVILEGE_NAMESPACES)
		rc = namespaces_refuse(ctx);
	if (rc == 0)
		rc = sockets_refuse(ctx, refused);
	for (size_t i = 0; rc == 0 && refused & UINT32_C(1) << PRIVILEGE_TTY &&
			   i < ARRAY_COUNT(ioctls);
	     i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
				      SCMP_A1(SCMP_CMP_MASKED_EQ, INT_MASK, ioctls[i]));
	if (rc == 0 && refused & UINT32_C(1) << PRIVILEGE_SETID)
		rc = setid_refuse(ctx);
	/* A binary tree over the numbers: calls that are let through cost little. Missing in old libraries: no harm. */
	if (rc == 0)
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return rc;
}

static int namespaces_refuse(scmp_filter_ctx ctx)
{
	static const unsigned long namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
						CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
						CLONE_NEWNET | 0x80 /* CLONE_NEWTIME */;
	int rc = 0;

	for (unsigned long bit = 1; rc == 0 && bit <= namespaces; bit <<= 1) {
		if (!(bit & namespaces))
			continue;
		/* in clone(2) the low byte is a signal, so 0x80 is no flag there */
		if (bit != 0x80)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
					      SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit));
		if (rc == 0)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1,
					      SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit));
	}
	return rc;
}

static int sockets_refuse(scmp_filter_ctx ctx, uint32_t refused)
{
	static const struct {
		enum privilege_group group;
		int no;
		unsigned int family;
	} families[] = {
		{PRIVILEGE_ALG, EAFNOSUPPORT, AF_ALG},
		{PRIVILEGE_VSOCK, EAFNOSUPPORT, AF_VSOCK},
		{PRIVILEGE_PACKET, EPERM, AF_PACKET},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(families); i++)
		if (refused & UINT32_C(1) << families[i].group)
			rc = seccomp_rule_add(
				ctx, SCMP_ACT_ERRNO((uint16_t)families[i].no), SCMP_SYS(socket),
				1, SCMP_A0(SCMP_CMP_MASKED_EQ, INT_MASK, families[i].family));
	if (rc == 0 && refused & UINT32_C(1) << PRIVILEGE_NETFILTER)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 2,
				      SCMP_A0(SCMP_CMP_MASKED_EQ, INT_MASK, AF_NETLINK),
				      SCMP_A2(SCMP_CMP_MASKED_EQ, INT_MASK, NETLINK_NETFILTER));
	return rc;
}

static int setid_refuse(scmp_filter_ctx ctx)
{
	static const unsigned int bits[] = {S_ISUID, S_ISGID};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_COUNT(calls_mode); i++) {
		int call = seccomp_syscall_resolve_name(calls_mode[i].name);

		for (size_t j = 0; rc == 0 && call >= 0 && j < ARRAY_COUNT(bits); j++)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), call, 1,
					      SCMP_CMP(calls_mode[i].arg, SCMP_CMP_MASKED_EQ,
						       bits[j], bits[j]));
	}
	/* fchmodat2, 6.6 */
	for (size_t j = 0; rc == 0 && j < ARRAY_COUNT(bits); j++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), 452, 1,
				      SCMP_CMP(2, SCMP_CMP_MASKED_EQ, bits[j], bits[j]));
	return rc;
}

/*
 * What is younger than this list nobody has looked at: ENOSYS, as on the kernel it was written for. Numbers of new calls
 * are those of all architectures, and grow. libseccomp compares arguments only, so these stand in front of its program,
 * whose jumps are relative.
 */
static void young_refuse(struct sock_fprog *program)
{
	const struct sock_filter front[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, CALL_LAST, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};

	memmove(program->filter + ARRAY_COUNT(front), program->filter,
		program->len * sizeof(*program->filter));
	memcpy(program->filter, front, sizeof(front));
	program->len = (unsigned short)(program->len + ARRAY_COUNT(front));
}

static int filter_read(int fd, struct sock_fprog *program)
{
	struct stat st;
	size_t size;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	size = (size_t)st.st_size;
	if (size == 0 || size > (PRIVILEGE_FILTER_MAX - FRONT_MAX) * sizeof(struct sock_filter))
		return -E2BIG;
	n = pread(fd, program->filter, size, 0);
	if (n != st.st_size)
		return n < 0 ? -errno : -EIO;
	program->len = (unsigned short)(size / sizeof(struct sock_filter));
	return 0;
}
