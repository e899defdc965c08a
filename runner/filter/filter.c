// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * filter - from the table of calls to a program, by libseccomp. Lowest floor of
 * F4; it makes a file in memory and touches nothing else.
 *
 * What is not in the table answers ENOSYS, so that libraries fall back to what
 * is. Calls with a star in it are let through as their arguments are. One thing
 * libseccomp cannot say ("all but two values, compared on 32 bits"), and numbers
 * above the table where somebody asked for them: these stand in front of its
 * program, whose jumps are relative.
 */
#include "runner/filter/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/filter/compact.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))
#define REFUSED(refused, group) (((refused) & UINT32_C(1) << FILTER_##group) != 0)

#if defined(__x86_64__)
#define ARCH_NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH_NATIVE AUDIT_ARCH_AARCH64
#else
#error "the filter is written for x86_64 and aarch64: calls of others have not been looked at"
#endif

enum {
	NAME_MAX_LEN = 32,
	FRONT_MAX = 16,       /* instructions in front of libseccomp's */
	FAMILIES = AF_MAX,    /* 46: of sockets */
	PROTOCOLS = 32,       /* MAX_LINKS: of netlink */
	X32_BIT = 0x40000000, /* numbers of x32 */
};

/* Arguments that the kernel takes as int are compared on 32 bits: the upper half of the register is the caller's. */
static const unsigned long INT_MASK = 0xffffffff;

static const unsigned long NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
					CLONE_NEWPID | CLONE_NEWNET;
static const unsigned long NEWTIME = 0x80; /* in clone(2) the low byte is a signal, so this is no flag there */

/* Calls by which a file gets a mode, and which argument that is. */
static const struct {
	const char *name;
	unsigned int arg;
} calls_mode[] = {
	{"chmod", 1}, {"fchmod", 1},  {"fchmodat", 2}, {"fchmodat2", 2}, {"creat", 1},
	{"mknod", 1}, {"mknodat", 2}, {"open", 2},     {"openat", 3},
};

static const struct family {
	enum filter_group group; /* FILTER_NONE: let through */
	unsigned int family;
	uint16_t no;
} families[] = {
	{FILTER_NONE, AF_UNIX, 0},
	{FILTER_NONE, AF_INET, 0},
	{FILTER_NONE, AF_INET6, 0},
	{FILTER_ALG, AF_ALG, EAFNOSUPPORT},
	{FILTER_VSOCK, AF_VSOCK, EAFNOSUPPORT},
	{FILTER_PACKET, AF_PACKET, EPERM},
};

static const struct family protocols[] = {
	{FILTER_NONE, NETLINK_ROUTE, 0},
	{FILTER_NONE, NETLINK_SOCK_DIAG, 0},
	{FILTER_NONE, NETLINK_AUDIT, 0},
	{FILTER_NONE, NETLINK_KOBJECT_UEVENT, 0},
	{FILTER_NONE, NETLINK_GENERIC, 0},
	{FILTER_NETFILTER, NETLINK_NETFILTER, EPERM},
};

static int table_add(scmp_filter_ctx ctx, uint32_t refused);
static int arguments_add(scmp_filter_ctx ctx, uint32_t refused);
static int namespaces_add(scmp_filter_ctx ctx, bool closed);
static int sockets_add(scmp_filter_ctx ctx, uint32_t refused);
static int modes_add(scmp_filter_ctx ctx, bool closed);
static int personality_add(scmp_filter_ctx ctx, bool closed);
static int allow(scmp_filter_ctx ctx, const char *name);
static int bits_add(scmp_filter_ctx ctx, const char *name, unsigned int arg, unsigned long bits);
static void front_add(uint32_t refused, struct sock_fprog *program);
static int program_read(int fd, struct sock_fprog *program);

int filter_group_parse(const char *name, enum filter_group *ret_group, struct err *err)
{
	for (int group = 0; group < FILTER_GROUPS; group++)
		if (str_eq(filter_group_name((enum filter_group)group), name)) {
			*ret_group = (enum filter_group)group;
			return 0;
		}
	return err_set(err, ERR_USAGE, EINVAL, name, "no such group of system calls");
}

uint32_t filter_refused(uint64_t caps, bool volumes)
{
	uint32_t refused = (UINT32_C(1) << FILTER_GROUPS) - 1;

	if (caps & CAP_BIT(CAP_NET_RAW))
		refused &= ~(UINT32_C(1) << FILTER_PACKET);
	if (caps & CAP_BIT(CAP_NET_ADMIN))
		refused &= ~(UINT32_C(1) << FILTER_NETFILTER | UINT32_C(1) << FILTER_NETLINK);
	if (caps & CAP_BIT(CAP_SYS_NICE))
		refused &= ~(UINT32_C(1) << FILTER_NUMA);
	if (!volumes)
		refused &= ~(UINT32_C(1) << FILTER_SETID);
	return refused;
}

int filter_compile(uint32_t refused, struct sock_fprog *program, struct err *err)
{
	cleanup(fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int rc = !ctx ? -ENOMEM : fd < 0 ? -errno : 0;

	program->len = 0;
	/* Another architecture's numbers (32 bit, x32) would mean other calls. */
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (rc == 0)
		rc = table_add(ctx, refused);
	if (rc == 0)
		rc = arguments_add(ctx, refused);
	/* A binary tree over the numbers: it is walked for each call. */
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0)
		rc = seccomp_export_bpf(ctx, fd);
	if (rc == 0)
		rc = program_read(fd, program);
	if (rc == 0)
		front_add(refused, program);
	if (rc == 0)
		program->len = (unsigned short)filter_compact(program->filter, program->len);
	if (ctx)
		seccomp_release(ctx);
	if (rc < 0)
		return err_sys(err, ERR_INTERNAL, -rc, NULL, "making of the system call filter");
	return 0;
}

/* ----------------------------------------------------------------- helpers */

/* Each name of each row, but for those whose arguments count. */
static int table_add(scmp_filter_ctx ctx, uint32_t refused)
{
	size_t count;
	const struct filter_calls *rows = filter_calls(&count);
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		const struct filter_calls *row = &rows[i];
		bool closed = row->group == FILTER_NONE ? row->no != 0 : (refused & UINT32_C(1) << row->group) != 0;
		uint32_t action = closed ? SCMP_ACT_ERRNO((uint16_t)row->no) : SCMP_ACT_ALLOW;

		/* the default */
		if (closed && row->no == ENOSYS)
			continue;
		for (const char *at = row->names; rc == 0 && *at; at += strspn(at, " ")) {
			size_t len = strcspn(at, " ");
			char name[NAME_MAX_LEN];
			int call;

			snprintf(name, sizeof(name), "%.*s", (int)len, at);
			call = filter_call_number(name);
			if (at[len - 1] != '*' && call >= 0)
				rc = seccomp_rule_add(ctx, action, call, 0);
			at += len;
		}
	}
	return rc;
}

static int arguments_add(scmp_filter_ctx ctx, uint32_t refused)
{
	int rc = namespaces_add(ctx, REFUSED(refused, NAMESPACES));

	if (rc == 0)
		rc = sockets_add(ctx, refused);
	if (rc == 0)
		rc = modes_add(ctx, REFUSED(refused, SETID));
	if (rc == 0)
		rc = personality_add(ctx, REFUSED(refused, PERSONALITY));
	/* front_add() has been there */
	if (rc == 0)
		rc = allow(ctx, "ioctl");
	return rc;
}

/* clone3's flags lie in memory, where a filter cannot look: libraries fall back to clone. */
static int namespaces_add(scmp_filter_ctx ctx, bool closed)
{
	static const char *const names[] = {"clone", "unshare", "clone3"};
	int rc = 0;

	if (!closed) {
		for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(names); i++)
			rc = allow(ctx, names[i]);
		return rc;
	}
	rc = bits_add(ctx, "clone", 0, NAMESPACES);
	return rc ? rc : bits_add(ctx, "unshare", 0, NAMESPACES | NEWTIME);
}

/* Family by family, protocol by protocol: "none of these" is nothing libseccomp could compare one argument with. */
static int sockets_add(scmp_filter_ctx ctx, uint32_t refused)
{
	struct family family_of[FAMILIES], protocol_of[PROTOCOLS];
	int rc = 0;

	for (unsigned int i = 0; i < FAMILIES; i++)
		family_of[i] = (struct family){FILTER_FAMILIES, i, EAFNOSUPPORT};
	for (unsigned int i = 0; i < PROTOCOLS; i++)
		protocol_of[i] = (struct family){FILTER_NETLINK, i, EPROTONOSUPPORT};
	for (size_t i = 0; i < ARRAY_COUNT(families); i++)
		family_of[families[i].family] = families[i];
	for (size_t i = 0; i < ARRAY_COUNT(protocols); i++)
		protocol_of[protocols[i].family] = protocols[i];
	for (unsigned int i = 0; rc == 0 && i < FAMILIES; i++) {
		const struct family *row = &family_of[i];
		bool closed = row->group != FILTER_NONE && refused & UINT32_C(1) << row->group;

		if (i != AF_NETLINK)
			rc = seccomp_rule_add(ctx, closed ? SCMP_ACT_ERRNO(row->no) : SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
					      SCMP_A0(SCMP_CMP_MASKED_EQ, INT_MASK, i));
	}
	for (unsigned int i = 0; rc == 0 && i < PROTOCOLS; i++) {
		const struct family *row = &protocol_of[i];
		bool closed = row->group != FILTER_NONE && refused & UINT32_C(1) << row->group;

		rc = seccomp_rule_add(ctx, closed ? SCMP_ACT_ERRNO(row->no) : SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				      SCMP_A0(SCMP_CMP_MASKED_EQ, INT_MASK, AF_NETLINK),
				      SCMP_A2(SCMP_CMP_MASKED_EQ, INT_MASK, i));
	}
	return rc;
}

static int modes_add(scmp_filter_ctx ctx, bool closed)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(calls_mode); i++)
		rc = closed ? bits_add(ctx, calls_mode[i].name, calls_mode[i].arg, S_ISUID | S_ISGID)
			    : allow(ctx, calls_mode[i].name);
	/* its mode lies in memory, as clone3's flags */
	if (rc == 0 && !closed)
		rc = allow(ctx, "openat2");
	return rc;
}

/* What it is asked for, 32-bit names of the machine, an old kernel's number, addresses that stay (debuggers); a question. */
static int personality_add(scmp_filter_ctx ctx, bool closed)
{
	static const unsigned long kept = 0x0008 /* PER_LINUX32 */ | 0x0020000 /* UNAME26 */ |
					  0x0040000 /* ADDR_NO_RANDOMIZE */;
	int rc;

	if (!closed)
		return allow(ctx, "personality");
	rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(personality), 1,
			      SCMP_A0(SCMP_CMP_MASKED_EQ, INT_MASK & ~kept, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(personality), 1,
				      SCMP_A0(SCMP_CMP_MASKED_EQ, INT_MASK, INT_MASK));
	return rc;
}

static int allow(scmp_filter_ctx ctx, const char *name)
{
	int call = filter_call_number(name);

	/* not on this machine: aarch64 has neither open nor chmod */
	return call < 0 ? 0 : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0);
}

/* Let through without any of @bits in an argument; EPERM with one of them. */
static int bits_add(scmp_filter_ctx ctx, const char *name, unsigned int arg, unsigned long bits)
{
	int call = filter_call_number(name), rc;

	if (call < 0)
		return 0;
	rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, bits, 0));
	for (unsigned long bit = 1; rc == 0 && bit <= bits; bit <<= 1)
		if (bit & bits)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), call, 1,
					      SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, bit, bit));
	return rc;
}

/* Numbers are looked at on this machine's own architecture alone: libseccomp's part refuses the others. */
static void front_add(uint32_t refused, struct sock_fprog *program)
{
	const struct sock_filter tty[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH_NATIVE, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SCMP_SYS(ioctl), 0, 4),
		/* the lower half: both architectures are little-endian */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x541C /* TIOCLINUX */, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	const struct sock_filter young[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH_NATIVE, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, FILTER_CALL_LAST, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_filter front[FRONT_MAX];
	size_t count = 0;

	if (REFUSED(refused, TTY)) {
		memcpy(front, tty, sizeof(tty));
		count = ARRAY_COUNT(tty);
	}
	if (!REFUSED(refused, YOUNG)) {
		memcpy(front + count, young, sizeof(young));
		count += ARRAY_COUNT(young);
	}
	memmove(program->filter + count, program->filter, program->len * sizeof(*program->filter));
	memcpy(program->filter, front, count * sizeof(*front));
	program->len = (unsigned short)(program->len + count);
}

static int program_read(int fd, struct sock_fprog *program)
{
	struct stat st;
	size_t size;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	size = (size_t)st.st_size;
	if (size == 0 || size > (FILTER_SIZE_MAX - FRONT_MAX) * sizeof(struct sock_filter))
		return -E2BIG;
	n = pread(fd, program->filter, size, 0);
	if (n != st.st_size)
		return n < 0 ? -errno : -EIO;
	program->len = (unsigned short)(size / sizeof(struct sock_filter));
	return 0;
}
