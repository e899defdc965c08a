/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter_compact - fuzz target of the rewriting of filters: an input is a program, of eight bytes an instruction, bent to
 * what the kernel would take. What comes of it must be such a program too, no longer, and give the same answers at all
 * constants it compares with, and beside them.
 */
#include <string.h>

#include "runner/filter/compact.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/bpf_run.h"

enum { LENGTH = 48, VALUES = 3 * LENGTH + 1 };

static const uint16_t codes[] = {
	BPF_LD | BPF_W | BPF_ABS,     BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGT | BPF_K,  BPF_JMP | BPF_JGE | BPF_K,
	BPF_JMP | BPF_JEQ | BPF_K,    BPF_RET | BPF_K,		 BPF_JMP | BPF_JSET | BPF_K, BPF_JMP | BPF_JA,
	BPF_ALU | BPF_AND | BPF_K,
};

static size_t program_bend(const uint8_t *data, size_t size, struct sock_filter *filter)
{
	size_t count = size / sizeof(*filter);

	count = count > LENGTH ? LENGTH : count;
	for (size_t at = 0; at < count; at++) {
		const size_t left = count - at - 1;
		struct sock_filter *op = &filter[at];

		memcpy(op, data + at * sizeof(*op), sizeof(*op));
		op->code = left ? codes[op->code % (sizeof(codes) / sizeof(codes[0]))] : BPF_RET | BPF_K;
		if (left) {
			op->jt = (uint8_t)(op->jt % left);
			op->jf = (uint8_t)(op->jf % left);
		}
		if (op->code == (BPF_LD | BPF_W | BPF_ABS))
			op->k = op->k % 6 * 4; /* number, architecture, where it was called, the first argument */
		else if (op->code == (BPF_JMP | BPF_JA))
			op->k = (uint32_t)(op->k % left);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sock_filter before[LENGTH], after[LENGTH];
	const size_t count = program_bend(data, size, before);
	uint32_t values[VALUES] = {0};
	size_t shorter, value_count = 1;

	memcpy(after, before, count * sizeof(*after));
	shorter = filter_compact(after, count);
	fuzz_check(shorter <= count);
	if (!bpf_takes(before, count))
		return 0;
	fuzz_check(bpf_takes(after, shorter));
	for (size_t at = 0; at < count; at++)
		for (uint32_t beside = 0; beside < 3 && BPF_CLASS(before[at].code) == BPF_JMP; beside++)
			values[value_count++] = before[at].k + beside - 1;
	for (size_t i = 0; i < value_count; i += 1 + value_count / 48)
		for (size_t j = 0; j < value_count; j += 1 + value_count / 24) {
			struct seccomp_data asked = {.nr = (int)values[i], .arch = values[j]};

			for (size_t k = 0; k < value_count; k += 1 + value_count / 8) {
				asked.args[0] = (uint64_t)values[(j + k) % value_count] << 32 | values[(i + k) % value_count];
				asked.instruction_pointer = values[k];
				fuzz_check(bpf_run(before, &asked) == bpf_run(after, &asked));
			}
		}
	return 0;
}
