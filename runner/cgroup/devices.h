/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * devices - rules for device nodes: the lines of v1's devices.allow and
 * devices.deny, and the BPF program that does the same on v2. Floor F4
 * (runner/cgroup). Building is pure; only cgroup_devices_attach() speaks to the
 * kernel.
 */
#ifndef MOAT_RUNNER_CGROUP_DEVICES_H
#define MOAT_RUNNER_CGROUP_DEVICES_H

#include <linux/bpf.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "runner/cgroup/resources.h"

enum {
	CGROUP_DEVICE_TEXT_SIZE = 48,
	/* instructions of a rule at most, of the head and the end */
	CGROUP_PROGRAM_MAX = (CGROUP_DEVICES_MAX + 16) * 9 + 16,
};

/** cgroup_devices_default() - rules that every container gets behind its own: null, zero, full, random, urandom, tty,
 *  console, ptmx, terminals, and making (not opening) any node. Static storage. */
const struct cgroup_device *cgroup_devices_default(size_t *ret_count);

/** cgroup_device_print() - "c 1:3 rwm", as v1 takes it. Return: @text. */
const char *cgroup_device_print(const struct cgroup_device *device,
				char text[CGROUP_DEVICE_TEXT_SIZE]);

/**
 * cgroup_devices_program() - the rules as a program of type BPF_PROG_TYPE_CGROUP_DEVICE
 * For each kind of access asked for, the last rule that meets the node decides, as on v1; a node no rule meets is
 * refused.
 * @ret_program: room for CGROUP_PROGRAM_MAX. Return: instructions.
 */
size_t cgroup_devices_program(const struct cgroup_device *rules, size_t count,
			      struct bpf_insn *ret_program);

/**
 * cgroup_devices_attach() - in place of the program that was attached here before
 * @dir: descriptor of a v2 cgroup
 */
int cgroup_devices_attach(int dir, const struct bpf_insn *program, size_t count,
			  struct err *err);

#endif
