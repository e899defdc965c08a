// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgroup_devices - the device program, run by a small interpreter of the few instructions it is made
 * of, against the rules read the plain way.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "runner/cgroup/devices.h"

#define R CGROUP_ACCESS_READ
#define W CGROUP_ACCESS_WRITE
#define M CGROUP_ACCESS_MKNOD

/* What the kernel would answer. */
static bool run(const struct bpf_insn *program, size_t count,
		const struct bpf_cgroup_dev_ctx *ctx)
{
	uint64_t reg[11] = {0};

	for (size_t at = 0; at < count; at++) {
		const struct bpf_insn *i = &program[at];
		uint64_t imm = (uint64_t)(int64_t)i->imm;

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W: {
			uint32_t word;

			assert_true(i->src_reg == 1 && i->off >= 0 &&
				    (size_t)i->off + 4 <= sizeof(*ctx));
			memcpy(&word, (const char *)ctx + i->off, 4);
			reg[i->dst_reg] = word;
			break;
		}
		case BPF_ALU64 | BPF_MOV | BPF_X:
			reg[i->dst_reg] = reg[i->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			reg[i->dst_reg] = imm;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			reg[i->dst_reg] &= imm;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			reg[i->dst_reg] >>= imm;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			at += reg[i->dst_reg] != imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			at += (uint32_t)reg[i->dst_reg] != (uint32_t)i->imm ? (size_t)i->off
									    : 0;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += reg[i->dst_reg] == imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return reg[0] != 0;
		default:
			fail_msg("instruction %zu has code %#x", at, i->code);
		}
	}
	fail_msg("the program has no end");
	return false;
}

/* Each bit asked for: the last rule that meets the node and has the bit decides. */
static bool plainly(const struct cgroup_device *rules, size_t count, char type, uint32_t major,
		    uint32_t minor, unsigned int access)
{
	for (unsigned int bit = 1; bit <= 4; bit <<= 1) {
		bool allowed = false;

		if (!(access & bit))
			continue;
		for (size_t i = 0; i < count; i++)
			if ((rules[i].type == 'a' || rules[i].type == type) &&
			    (rules[i].major < 0 || rules[i].major == major) &&
			    (rules[i].minor < 0 || rules[i].minor == minor) &&
			    (rules[i].access & bit))
				allowed = rules[i].allow;
		if (!allowed)
			return false;
	}
	return true;
}

static void agree(const struct cgroup_device *rules, size_t count)
{
	static const uint32_t numbers[] = {0, 1, 3, 8, 136, 0x7fffffff, 0x80000000, 0xffffffff};
	struct bpf_insn program[CGROUP_PROGRAM_MAX];
	size_t size = cgroup_devices_program(rules, count, program);

	assert_true(size <= CGROUP_PROGRAM_MAX);
	for (size_t type = 0; type < 2; type++)
		for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
			for (size_t k = 0; k < ARRAY_COUNT(numbers); k++)
				for (unsigned int access = 1; access < 8; access++) {
					const struct bpf_cgroup_dev_ctx ctx = {
						.access_type = access << 16 |
							       (type ? BPF_DEVCG_DEV_CHAR
								     : BPF_DEVCG_DEV_BLOCK),
						.major = numbers[i],
						.minor = numbers[k],
					};

					assert_int_equal(run(program, size, &ctx),
							 plainly(rules, count, type ? 'c' : 'b',
								 numbers[i], numbers[k],
								 access));
				}
}

static void chosen(void **state)
{
	static const struct cgroup_device rules[] = {
		{'a', false, -1, -1, R | W | M},
		{'c', true, 1, 3, R | W},
		{'c', true, 1, 3, M},
		{'b', true, 8, -1, R},
		{'a', true, -1, 136, R | W},
		{'c', false, -1, 136, W},
		{'c', true, 0xffffffff, 0, R},
	};

	(void)state;
	for (size_t count = 0; count <= ARRAY_COUNT(rules); count++)
		agree(rules, count);
}

static void by_chance(void **state)
{
	static const int64_t numbers[] = {-1, -1, 0, 1, 3, 8, 0xffffffff};
	struct cgroup_device rules[12];

	(void)state;
	srandom(1);
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < ARRAY_COUNT(rules); i++)
			rules[i] = (struct cgroup_device){
				"abc"[random() % 3], random() % 2, numbers[random() % 7],
				numbers[random() % 7], (unsigned int)(random() % 7) + 1};
		agree(rules, ARRAY_COUNT(rules));
	}
}

static void the_largest_fits(void **state)
{
	static struct cgroup_device rules[CGROUP_DEVICES_MAX];
	static struct bpf_insn program[CGROUP_PROGRAM_MAX];

	(void)state;
	for (size_t i = 0; i < CGROUP_DEVICES_MAX; i++)
		rules[i] = (struct cgroup_device){'c', false, 1, (int64_t)i, R | W | M};
	assert_true(cgroup_devices_program(rules, CGROUP_DEVICES_MAX, program) <=
		    CGROUP_PROGRAM_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen),
		cmocka_unit_test(by_chance),
		cmocka_unit_test(the_largest_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
