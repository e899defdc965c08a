// SPDX-License-Identifier: GPL-2.0-or-later
/* privilege - capabilities, system call filter, limits. Floor F4. */
#include "runner/privilege.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
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

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

enum { NOFILE_SOFT = 1024, NOFILE_HARD = 524288 };

static const int caps_default[] = {
	CAP_CHOWN,  CAP_DAC_OVERRIDE,     CAP_FOWNER, CAP_FSETID,
	CAP_KILL,   CAP_NET_BIND_SERVICE, CAP_SETGID, CAP_SETPCAP,
	CAP_SETUID, CAP_SYS_CHROOT,
};

/* Refused whatever the arguments. @no: what the caller reads. Names libseccomp does not know are left out. */
static const struct {
	const char *name;
	int no;
} calls_refused[] = {
	/* the kernel itself */
	{"kexec_load", EPERM},
	{"kexec_file_load", EPERM},
	{"init_module", EPERM},
	{"finit_module", EPERM},
	{"delete_module", EPERM},
	{"reboot", EPERM},
	{"swapon", EPERM},
	{"swapoff", EPERM},
	{"acct", EPERM},
	{"quotactl", EPERM},
	{"quotactl_fd", EPERM},
	{"syslog", EPERM},
	{"iopl", EPERM},
	{"ioperm", EPERM},
	{"modify_ldt", EPERM},
	{"vm86", EPERM},
	{"vm86old", EPERM},
	{"nfsservctl", EPERM},
	{"lookup_dcookie", EPERM},
	{"uselib", EPERM},
	{"_sysctl", EPERM},
	{"settimeofday", EPERM},
	{"clock_settime", EPERM},
	{"clock_adjtime", EPERM},
	{"adjtimex", EPERM},
	{"stime", EPERM},
	/* large, seldom needed, often broken */
	{"bpf", EPERM},
	{"perf_event_open", EPERM},
	{"userfaultfd", EPERM},
	{"fanotify_init", EPERM},
	{"io_uring_setup", ENOSYS},
	{"io_uring_enter", ENOSYS},
	{"io_uring_register", ENOSYS},
	/* keyrings are not divided by namespaces */
	{"keyctl", EPERM},
	{"add_key", EPERM},
	{"request_key", EPERM},
	/* the shape of the file tree */
	{"mount", EPERM},
	{"umount", EPERM},
	{"umount2", EPERM},
	{"pivot_root", EPERM},
	{"fsopen", EPERM},
	{"fsconfig", EPERM},
	{"fsmount", EPERM},
	{"fspick", EPERM},
	{"move_mount", EPERM},
	{"open_tree", EPERM},
	{"mount_setattr", EPERM},
	{"open_by_handle_at", EPERM},
	{"name_to_handle_at", EPERM},
	/* other namespaces; clone3's flags lie in memory, where a filter cannot look: libc falls back to clone */
	{"setns", EPERM},
	{"clone3", ENOSYS},
};

static int filter_build(scmp_filter_ctx ctx, uint64_t caps);
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

int privilege_filter_make(uint64_t caps, struct sock_fprog *program, struct err *err)
{
	cleanup(fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int rc = !ctx ? -ENOMEM : fd < 0 ? -errno : filter_build(ctx, caps);

	if (rc == 0)
		rc = seccomp_export_bpf(ctx, fd);
	if (rc == 0)
		rc = filter_read(fd, program);
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

/*
 * Arguments that the kernel takes as int are compared on 32 bits only: the upper half of the register is the
 * caller's to fill, and a comparison of all 64 would be passed by it.
 */
static int filter_build(scmp_filter_ctx ctx, uint64_t caps)
{
	/*
	 * Younger than the libraries that would know their names; the numbers are those of all architectures. The first is
	 * open_tree(2) again: a copy of /proc without what is mounted over it.
	 */
	static const int calls_young[] = {467 /* open_tree_attr, 6.15 */};
	static const unsigned long namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
						CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
						CLONE_NEWNET | 0x80 /* CLONE_NEWTIME */;
	static const unsigned long int_mask = 0xffffffff;
	static const unsigned int families[] = {AF_ALG, AF_VSOCK};
	static const unsigned int ioctls[] = {TIOCSTI, 0x541C /* TIOCLINUX */};
	int rc = 0;

	/* Another architecture's numbers (32 bit, x32) would pass by every rule below. */
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(calls_refused); i++) {
		int call = seccomp_syscall_resolve_name(calls_refused[i].name);

		if (call >= 0)
			rc = seccomp_rule_add(
				ctx, SCMP_ACT_ERRNO((uint16_t)calls_refused[i].no), call, 0);
	}
	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(calls_young); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls_young[i], 0);
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
	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(families); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
				      SCMP_A0(SCMP_CMP_MASKED_EQ, int_mask, families[i]));
	if (rc == 0 && !(caps & CAP_BIT(CAP_NET_RAW)))
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
				      SCMP_A0(SCMP_CMP_MASKED_EQ, int_mask, AF_PACKET));
	if (rc == 0 && !(caps & CAP_BIT(CAP_NET_ADMIN)))
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 2,
				      SCMP_A0(SCMP_CMP_MASKED_EQ, int_mask, AF_NETLINK),
				      SCMP_A2(SCMP_CMP_MASKED_EQ, int_mask, NETLINK_NETFILTER));
	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(ioctls); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
				      SCMP_A1(SCMP_CMP_MASKED_EQ, int_mask, ioctls[i]));
	/* A binary tree over the numbers: calls that are let through cost little. Missing in old libraries: no harm. */
	if (rc == 0)
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return rc;
}

static int filter_read(int fd, struct sock_fprog *program)
{
	struct stat st;
	size_t size;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	size = (size_t)st.st_size;
	if (size == 0 || size > PRIVILEGE_FILTER_MAX * sizeof(struct sock_filter))
		return -E2BIG;
	n = pread(fd, program->filter, size, 0);
	if (n != st.st_size)
		return n < 0 ? -errno : -EIO;
	program->len = (unsigned short)(size / sizeof(struct sock_filter));
	return 0;
}
