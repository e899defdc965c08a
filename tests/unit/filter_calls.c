/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of runner/filter: the table against docs/SECCOMP.md, and each number through the compiled program, which
 * an interpreter of its few instructions runs. tests/netns/run/filter_walk.c asks the kernel the same.
 */
#include "tests/unit/unit.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>

#include "lib/base/mem.h"
#include "tests/lib/calls_doc.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#define OTHER AUDIT_ARCH_I386
#else
#define NATIVE AUDIT_ARCH_AARCH64
#define OTHER AUDIT_ARCH_ARM
#endif
#define CAP(cap) (UINT64_C(1) << (cap))

enum { X32 = 0x40000000, ALLOWED = 0, NOT_A_VERDICT = -1, YOUNGEST = 600 };

static struct sock_filter room[2][FILTER_SIZE_MAX];
static struct calls_doc doc;

/* What the kernel's own interpreter would return: 0 for let through, an errno, or NOT_A_VERDICT. */
static int answer(const struct sock_fprog *program, uint32_t arch, int call, const uint64_t *args)
{
	struct seccomp_data data = {.nr = call, .arch = arch};
	uint32_t acc = 0;

	for (int i = 0; args && i < 4; i++)
		data.args[i] = args[i];
	for (unsigned int at = 0; at < program->len; at++) {
		const struct sock_filter *op = &program->filter[at];

		switch (op->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(op->k <= sizeof(data) - sizeof(acc));
			memcpy(&acc, (const char *)&data + op->k, sizeof(acc));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			acc &= op->k;
			break;
		case BPF_JMP | BPF_JA:
			at += op->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += acc == op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			at += acc > op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += acc >= op->k ? op->jt : op->jf;
			break;
		case BPF_RET | BPF_K:
			if (op->k == SECCOMP_RET_ALLOW)
				return ALLOWED;
			if ((op->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && (op->k & SECCOMP_RET_DATA))
				return (int)(op->k & SECCOMP_RET_DATA);
			return NOT_A_VERDICT;
		default:
			fail_msg("instruction %u: code 0x%x", at, op->code);
		}
	}
	return NOT_A_VERDICT;
}

static struct sock_fprog made(int which, uint32_t refused)
{
	struct sock_fprog program = {.filter = room[which]};
	struct err err = ERR_INIT;

	if (filter_make(refused, &program, &err) < 0)
		fail_msg("%s", err.msg);
	assert_in_range(program.len, 1, FILTER_SIZE_MAX);
	return program;
}

static int read_the_document(void **state)
{
	char *path = mem_printf("%s/docs/SECCOMP.md", getenv("MOAT_SOURCE_DIR"));
	int taken = calls_doc_read(path, &doc);

	(void)state;
	free(path);
	return taken > 350 ? 0 : -1;
}

/* Both ways: each name of a row is in the document, under its group, with its answer; and each number there has a row. */
static void table_is_the_document(void **state)
{
	bool known[DOC_CALLS] = {false};
	size_t count;
	const struct filter_calls *rows = filter_calls(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		char *names = mem_strdup(rows[i].names), *save = NULL;

		if (rows[i].group != FILTER_NONE)
			assert_string_equal(rows[i].title, filter_group_name(rows[i].group));
		for (char *name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
			char *star = strchr(name, '*');
			int call;

			if (star)
				*star = 0;
			call = filter_call_number(name);
			if (call == __NR_SCMP_ERROR)
				fail_msg("nobody knows %s", name);
			if (call < 0)
				continue;
			assert_in_range(call, 0, FILTER_CALL_LAST);
			if (known[call])
				fail_msg("%s is there twice", name);
			known[call] = true;
			if (doc.said[call] != 1)
				fail_msg("%s is %d times in the document", name, doc.said[call]);
			if (strncmp(doc.group[call], rows[i].title, sizeof(doc.group[call]) - 1) != 0)
				fail_msg("%s is in group \"%s\" of the document, not \"%s\"", name, doc.group[call], rows[i].title);
			if (doc.answer[call] != (star ? DOC_BY_ARGUMENT : rows[i].no))
				fail_msg("%s: %d in the document", name, doc.answer[call]);
		}
		free(names);
	}
	for (int call = 0; call < DOC_CALLS; call++) {
		cleanup(mem_freep) char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);

		if (!known[call] && (name || doc.said[call]))
			fail_msg("%s (%d) is in no row of the table", name ? name : "?", call);
	}
}

static void each_number_is_answered(void **state)
{
	(void)state;
	for (int volumes = 0; volumes <= 1; volumes++) {
		struct sock_fprog program = made(0, filter_refused(0, volumes));

		for (int call = 0; call <= YOUNGEST; call++) {
			int expected = call < DOC_CALLS ? doc.answer[call] : DOC_UNSAID;
			int got = answer(&program, NATIVE, call, NULL);

			if (expected != DOC_BY_ARGUMENT && got != (expected == DOC_UNSAID ? ENOSYS : expected))
				fail_msg("call %d: %d, not %d", call, got, expected);
			assert_int_equal(answer(&program, NATIVE, call | X32, NULL), ENOSYS);
			assert_int_equal(answer(&program, OTHER, call, NULL), ENOSYS);
		}
		assert_int_equal(answer(&program, NATIVE, -1, NULL), ENOSYS);
		for (size_t i = 0; i < ARRAY_COUNT(doc_arguments); i++) {
			int call = filter_call_number(doc_arguments[i].name);
			int expected = volumes ? doc_arguments[i].volumes : doc_arguments[i].answer;

			if (call >= 0 && answer(&program, NATIVE, call, doc_arguments[i].args) != expected)
				fail_msg("%s, row %zu: %d, not %d", doc_arguments[i].name, i,
					 answer(&program, NATIVE, call, doc_arguments[i].args), expected);
			if (call >= 0 && doc.answer[call] != DOC_BY_ARGUMENT)
				fail_msg("%s has no star in the document", doc_arguments[i].name);
		}
	}
}

/* allow=GROUP changes the answers to calls of that group alone, and makes them 0. */
static void a_group_opens_its_own(void **state)
{
	uint32_t all = filter_refused(0, true);
	struct sock_fprog closed = made(0, all);

	(void)state;
	for (int group = 0; group < FILTER_GROUPS; group++) {
		const char *title = filter_group_name((enum filter_group)group);
		struct sock_fprog open = made(1, all & ~(UINT32_C(1) << group));
		int changed = 0;

		for (int call = 0; call <= YOUNGEST; call++) {
			int before = answer(&closed, NATIVE, call, NULL), after = answer(&open, NATIVE, call, NULL);

			assert_int_equal(answer(&open, NATIVE, call | X32, NULL), ENOSYS);
			assert_int_equal(answer(&open, OTHER, call, NULL), ENOSYS);
			if (before == after)
				continue;
			changed++;
			assert_int_equal(after, ALLOWED);
			if (call >= DOC_CALLS ? group != FILTER_YOUNG
					      : doc.answer[call] != DOC_BY_ARGUMENT && strcmp(doc.group[call], title) != 0)
				fail_msg("allow=%s opens call %d", title, call);
		}
		for (size_t i = 0; i < ARRAY_COUNT(doc_arguments); i++) {
			int call = filter_call_number(doc_arguments[i].name);

			if (call >= 0 && answer(&open, NATIVE, call, doc_arguments[i].args) !=
						 answer(&closed, NATIVE, call, doc_arguments[i].args))
				changed++;
		}
		if (changed == 0)
			fail_msg("allow=%s opens nothing", title);
	}
}

/* Those that came with the build are what would be compiled now. */
static void ready_ones_are_current(void **state)
{
	uint32_t refused;
	unsigned int index = 0;
	bool usual = false;

	(void)state;
	for (; filter_ready(index, &refused); index++) {
		struct sock_fprog ready = made(0, refused), now = {.filter = room[1]};

		assert_int_equal(filter_compile(refused, &now, NULL), 0);
		assert_int_equal(ready.len, now.len);
		assert_memory_equal(ready.filter, now.filter, now.len * sizeof(*now.filter));
		usual |= refused == filter_refused(0, false);
	}
	assert_true(usual);
	assert_true(index >= 8);
}

static void groups_follow_capabilities(void **state)
{
	uint32_t none = filter_refused(0, true);
	struct sock_fprog program = {.filter = room[0], .len = 7};
	enum filter_group group;

	(void)state;
	assert_int_equal(none, (UINT32_C(1) << FILTER_GROUPS) - 1);
	assert_int_equal(none & ~filter_refused(CAP(CAP_NET_RAW), true), UINT32_C(1) << FILTER_PACKET);
	assert_int_equal(none & ~filter_refused(CAP(CAP_NET_ADMIN), true),
			 UINT32_C(1) << FILTER_NETFILTER | UINT32_C(1) << FILTER_NETLINK);
	assert_int_equal(none & ~filter_refused(CAP(CAP_SYS_NICE), true), UINT32_C(1) << FILTER_NUMA);
	assert_int_equal(none & ~filter_refused(0, false), UINT32_C(1) << FILTER_SETID);
	assert_int_equal(filter_make(0, &program, NULL), 0);
	assert_int_equal(program.len, 0);
	assert_int_equal(filter_group_parse("io_uring", &group, NULL), 0);
	assert_int_equal(group, FILTER_IO_URING);
	assert_int_equal(filter_group_parse("files", &group, NULL), -EINVAL);
	assert_int_equal(filter_group_parse("", &group, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_the_document),  cmocka_unit_test(each_number_is_answered),
		cmocka_unit_test(a_group_opens_its_own),  cmocka_unit_test(ready_ones_are_current),
		cmocka_unit_test(groups_follow_capabilities),
	};

	return cmocka_run_group_tests(tests, read_the_document, NULL);
}
