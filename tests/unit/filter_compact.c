/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of runner/filter/compact.h: what libseccomp writes, of lists with and without arguments and of one to three
 * architectures, and what nobody would write. Before and after are run beside each other.
 */
#include "tests/unit/unit.h"

#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "runner/filter/compact.h"
#include "tests/lib/bpf_run.h"

enum { X32 = 0x40000000, YOUNGEST = 470 };

static const uint32_t archs[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 0, UINT32_MAX};
static const uint64_t words[] = {0, 1, 8, 16, 40, 0xffffffff, UINT64_C(0x100000000), UINT64_C(0x100000008), UINT64_MAX};

/* Of a profile: every @nth number is refused, of every @asks-th an argument counts; 0: of none. Return: instructions. */
static size_t written(struct sock_filter *to, int nth, int asks, int level, bool others)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(1));
	int fd = memfd_create("filter", MFD_CLOEXEC);
	struct stat st;

	assert_non_null(ctx);
	assert_int_equal(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, (uint32_t)level), 0);
	if (others) {
		(void)seccomp_arch_add(ctx, SCMP_ARCH_X86);
		(void)seccomp_arch_add(ctx, SCMP_ARCH_X32);
		(void)seccomp_arch_add(ctx, SCMP_ARCH_ARM);
	}
	for (int call = 0; call < 334; call++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);

		if (!name || call % nth == 0)
			; /* refused */
		else if (asks && call % asks == 1)
			assert_int_equal(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 2, SCMP_A0(SCMP_CMP_LE, 8, 0),
							  SCMP_A2(SCMP_CMP_MASKED_EQ, 0xff, 8)), 0);
		else if (asks && call % asks == 2)
			assert_int_equal(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(38), call, 1, SCMP_A1(SCMP_CMP_NE, 40, 0)), 0);
		else
			assert_int_equal(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0), 0);
		free(name);
	}
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true((size_t)st.st_size <= BPF_MAXINSNS * sizeof(*to));
	assert_int_equal(pread(fd, to, (size_t)st.st_size, 0), st.st_size);
	seccomp_release(ctx);
	close(fd);
	return (size_t)st.st_size / sizeof(*to);
}

static void compare(const struct sock_filter *before, const struct sock_filter *after)
{
	for (size_t a = 0; a < ARRAY_COUNT(archs); a++)
		for (int call = -2; call < 2 * YOUNGEST; call++)
			for (size_t w = 0; w < ARRAY_COUNT(words); w++) {
				const int number = call < YOUNGEST ? call : X32 + call - YOUNGEST;
				const struct seccomp_data asked = {
					.nr = number,
					.arch = archs[a],
					.args = {words[w], words[(w + 4) % ARRAY_COUNT(words)], words[(w + 2) % ARRAY_COUNT(words)]},
				};

				if (bpf_run(before, &asked) != bpf_run(after, &asked))
					fail_msg("call %d of %#x: %#x, was %#x", number, archs[a], bpf_run(after, &asked),
						 bpf_run(before, &asked));
			}
}

static void libseccomps(void **state)
{
	static struct sock_filter before[BPF_MAXINSNS], after[BPF_MAXINSNS];

	(void)state;
	for (int nth = 2; nth < 60; nth = nth * 2 + 1)
		for (int asks = 0; asks < 90; asks = asks * 3 + 30)
			for (int more = 0; more < 4; more++) {
				const size_t count = written(before, nth, asks, more & 1 ? 2 : 1, more & 2);
				size_t shorter;

				memcpy(after, before, count * sizeof(*after));
				shorter = filter_compact(after, count);
				assert_true(shorter <= count && bpf_takes(after, shorter));
				/* what it is there for: much is let through, little asked */
				if (nth > 20 && !asks && shorter * 3 > count)
					fail_msg("one of %d refused: %zu of %zu", nth, shorter, count);
				compare(before, after);
			}
}

/* By itself: the same, a byte later, and with what it must not touch */
static void left_alone(void **state)
{
	const struct sock_filter strange[][4] = {
		/* a bit of the number: no ranges */
		{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1), BPF_STMT(BPF_RET | BPF_K, 1),
		 BPF_STMT(BPF_RET | BPF_K, 2)},
		/* arithmetic with it */
		{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 3), BPF_STMT(BPF_RET | BPF_A, 0),
		 BPF_STMT(BPF_RET | BPF_K, 2)},
		/* nothing is held yet */
		{BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_RET | BPF_K, 1), BPF_STMT(BPF_RET | BPF_K, 2),
		 BPF_STMT(BPF_RET | BPF_K, 3)},
		/* out of itself: nothing the kernel would take */
		{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 200, 0), BPF_STMT(BPF_RET | BPF_K, 1),
		 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)},
		{BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX), BPF_STMT(BPF_RET | BPF_K, 1), BPF_STMT(BPF_RET | BPF_K, 1),
		 BPF_STMT(BPF_RET | BPF_K, 1)},
		{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), BPF_STMT(BPF_RET | BPF_K, 1), BPF_STMT(BPF_RET | BPF_K, 1),
		 BPF_STMT(BPF_RET | BPF_K, 1)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(strange); i++) {
		struct sock_filter copy[4];

		memcpy(copy, strange[i], sizeof(copy));
		assert_int_equal(filter_compact(copy, 4), 4);
		assert_memory_equal(copy, strange[i], sizeof(copy));
	}
	assert_int_equal(filter_compact(NULL, 0), 0);
}

/* Jumps further than one byte says: more ranges than that, each with a verdict of its own */
static void far_jumps(void **state)
{
	static struct sock_filter before[BPF_MAXINSNS], after[BPF_MAXINSNS];
	size_t count = 0, shorter;

	(void)state;
	before[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
	for (uint32_t call = 0; call < 900; call++) {
		before[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call / 2 * 2, 0, 1);
		before[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | call / 2 % 450);
		before[count++] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0);
	}
	before[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	memcpy(after, before, count * sizeof(*after));
	shorter = filter_compact(after, count);
	assert_true(shorter < count && bpf_takes(after, shorter));
	compare(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libseccomps),
		cmocka_unit_test(left_alone),
		cmocka_unit_test(far_jumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
