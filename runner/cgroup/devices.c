// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * devices - rules for device nodes, as v1's lines and as a program for v2.
 * Floor F4 (runner/cgroup).
 *
 * The program gets a struct bpf_cgroup_dev_ctx {access_type, major, minor}:
 * the lower half of access_type is the kind of node, the upper half the bits
 * asked for (include/uapi/linux/bpf.h). It walks the rules from the last to the
 * first with the bits still undecided in R3:
 *
 *	allow   R3 &= ~access; none left: return 1
 *	deny    R3 & access: return 0
 *	end     return 0
 */
#include "runner/cgroup/devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fdio.h"

enum { PROGRAMS_MAX = 64 }; /* attached to one cgroup: the kernel's own bound */

#define ALL_ACCESS (CGROUP_ACCESS_READ | CGROUP_ACCESS_WRITE | CGROUP_ACCESS_MKNOD)

static const struct cgroup_device defaults[] = {
	{'c', true, -1, -1, CGROUP_ACCESS_MKNOD}, /* a node may be made, and is of no use */
	{'b', true, -1, -1, CGROUP_ACCESS_MKNOD},
	{'c', true, 1, 3, ALL_ACCESS}, /* null */
	{'c', true, 1, 5, ALL_ACCESS}, /* zero */
	{'c', true, 1, 7, ALL_ACCESS}, /* full */
	{'c', true, 1, 8, ALL_ACCESS}, /* random */
	{'c', true, 1, 9, ALL_ACCESS}, /* urandom */
	{'c', true, 5, 0, ALL_ACCESS}, /* tty */
	{'c', true, 5, 1, ALL_ACCESS}, /* console */
	{'c', true, 5, 2, ALL_ACCESS}, /* ptmx */
	{'c', true, 136, -1,
	 ALL_ACCESS}, /* terminals: which are in its devpts is its mount's matter */
};

/* The letters of the kernel's own headers do without macros there. */
static struct bpf_insn insn(unsigned int code, unsigned int dst, unsigned int src, size_t jump,
			    unsigned int value);
static size_t rule_add(struct bpf_insn *to, const struct cgroup_device *rule);
static int programs_query(int dir, uint32_t ids[PROGRAMS_MAX], uint32_t *ret_count);
static long bpf(unsigned int command, union bpf_attr *attr);

const struct cgroup_device *cgroup_devices_default(size_t *ret_count)
{
	*ret_count = ARRAY_COUNT(defaults);
	return defaults;
}

const char *cgroup_device_print(const struct cgroup_device *device,
				char text[CGROUP_DEVICE_TEXT_SIZE])
{
	char major[16] = "*", minor[16] = "*";

	if (device->major >= 0)
		snprintf(major, sizeof(major), "%u", (unsigned int)device->major);
	if (device->minor >= 0)
		snprintf(minor, sizeof(minor), "%u", (unsigned int)device->minor);
	snprintf(text, CGROUP_DEVICE_TEXT_SIZE, "%c %s:%s %s%s%s", device->type, major, minor,
		 device->access & CGROUP_ACCESS_READ ? "r" : "",
		 device->access & CGROUP_ACCESS_WRITE ? "w" : "",
		 device->access & CGROUP_ACCESS_MKNOD ? "m" : "");
	return text;
}

size_t cgroup_devices_program(const struct cgroup_device *rules, size_t count,
			      struct bpf_insn *ret_program)
{
	struct bpf_insn *to = ret_program;

	/* R2 kind, R3 bits asked for, R4 major, R5 minor */
	*to++ = insn(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1,
		     offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	*to++ = insn(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
	*to++ = insn(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	*to++ = insn(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
	*to++ = insn(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1,
		     offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	*to++ = insn(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1,
		     offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	while (count-- > 0)
		to += rule_add(to, &rules[count]);
	*to++ = insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	*to++ = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return (size_t)(to - ret_program);
}

int cgroup_devices_attach(int dir, const struct bpf_insn *program, size_t count,
			  struct err *err)
{
	static const char license[] = "GPL";
	uint32_t before[PROGRAMS_MAX], before_count = 0;
	union bpf_attr load = {0}, attach = {0};
	cleanup(fd_closep) int fd = -1;
	int rc = programs_query(dir, before, &before_count);

	load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.insns = (uintptr_t)program;
	load.insn_cnt = (uint32_t)count;
	load.license = (uintptr_t)license;
	if (rc == 0) {
		fd = (int)bpf(BPF_PROG_LOAD, &load);
		rc = fd < 0 ? -errno : 0;
	}
	if (rc < 0)
		return err_sys(err, ERR_KERNEL, -rc, "devices", "load of the device program");
	attach.target_fd = (uint32_t)dir;
	attach.attach_bpf_fd = (uint32_t)fd;
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_flags = BPF_F_ALLOW_MULTI;
	if (bpf(BPF_PROG_ATTACH, &attach) < 0)
		return err_sys(err, ERR_KERNEL, errno, "devices",
			       "attach of the device program");
	/* Both hold for a moment: what either refuses is refused. */
	for (uint32_t i = 0; i < before_count; i++) {
		union bpf_attr by_id = {0}, detach = {0};
		cleanup(fd_closep) int old = -1;

		by_id.prog_id = before[i];
		old = (int)bpf(BPF_PROG_GET_FD_BY_ID, &by_id);
		detach.target_fd = (uint32_t)dir;
		detach.attach_bpf_fd = (uint32_t)old;
		detach.attach_type = BPF_CGROUP_DEVICE;
		if (old < 0 || bpf(BPF_PROG_DETACH, &detach) < 0)
			return err_sys(err, ERR_KERNEL, errno, "devices",
				       "detach of the device program before");
	}
	return 0;
}

/* ----------------------------------------------------------------- helpers */

static struct bpf_insn insn(unsigned int code, unsigned int dst, unsigned int src, size_t jump,
			    unsigned int value)
{
	return (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = (uint8_t)(dst & 15),
		.src_reg = (uint8_t)(src & 15),
		.off = (int16_t)jump,
		.imm = (int32_t)value,
	};
}

/* Return: instructions, at most 9. Each test jumps behind the rule where it does not meet. */
static size_t rule_add(struct bpf_insn *to, const struct cgroup_device *rule)
{
	size_t size = rule->allow ? 4 : 5, at = 0;

	size += rule->type != 'a';
	size += rule->major >= 0;
	size += rule->minor >= 0;

	if (rule->type != 'a') {
		to[at] = insn(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, size - at - 1,
			      rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
		at++;
	}
	/* 32 bits: a comparison of 64 would extend the sign of a major above 2^31 */
	if (rule->major >= 0) {
		to[at] = insn(BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_4, 0, size - at - 1,
			      (unsigned int)rule->major);
		at++;
	}
	if (rule->minor >= 0) {
		to[at] = insn(BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_5, 0, size - at - 1,
			      (unsigned int)rule->minor);
		at++;
	}
	if (rule->allow) {
		to[at++] = insn(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_3, 0, 0, ~rule->access);
		to[at++] = insn(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 2, 0);
	} else {
		to[at++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_3, 0, 0);
		to[at++] = insn(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_6, 0, 0, rule->access);
		to[at++] = insn(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_6, 0, 2, 0);
	}
	to[at++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, rule->allow);
	to[at++] = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return at;
}

static int programs_query(int dir, uint32_t ids[PROGRAMS_MAX], uint32_t *ret_count)
{
	union bpf_attr attr = {0};

	attr.query.target_fd = (uint32_t)dir;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = PROGRAMS_MAX;
	if (bpf(BPF_PROG_QUERY, &attr) < 0)
		return -errno;
	*ret_count = attr.query.prog_cnt;
	return 0;
}

static long bpf(unsigned int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}
