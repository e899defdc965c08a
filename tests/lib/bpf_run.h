/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpf_run - what a system call filter answers: the kernel's rules for classic programs (bpf(7), seccomp(2)), one by one. */
#ifndef MOAT_TESTS_BPF_RUN_H
#define MOAT_TESTS_BPF_RUN_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Is it one the kernel would take, of the instructions that are run here? */
static inline bool bpf_takes(const struct sock_filter *filter, size_t count)
{
	if (count == 0 || count > BPF_MAXINSNS || filter[count - 1].code != (BPF_RET | BPF_K))
		return false;
	for (size_t at = 0; at < count; at++) {
		const struct sock_filter *op = &filter[at];
		const size_t left = count - at - 1;

		switch (op->code) {
		case BPF_RET | BPF_K:
		case BPF_ALU | BPF_AND | BPF_K:
			break;
		case BPF_LD | BPF_W | BPF_ABS:
			if (op->k % 4 || op->k >= sizeof(struct seccomp_data))
				return false;
			break;
		case BPF_JMP | BPF_JA:
			if (op->k >= left)
				return false;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			if (op->jt >= left || op->jf >= left)
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

/* Return: SECCOMP_RET_* with its data */
static inline uint32_t bpf_run(const struct sock_filter *filter, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0;;) {
		const struct sock_filter *op = &filter[at++];

		switch (op->code) {
		case BPF_RET | BPF_K:
			return op->k;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= op->k;
			break;
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + op->k, sizeof(a));
			break;
		case BPF_JMP | BPF_JA:
			at += op->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			at += a > op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= op->k ? op->jt : op->jf;
			break;
		default:
			at += a & op->k ? op->jt : op->jf;
		}
	}
}

#endif
