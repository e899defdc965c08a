/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oci_seccomp - fuzz target of linux.seccomp: an input is decoded and compiled. Whatever passes must be a program the
 * kernel would take: jumps forward and within it, a verdict at its end, numbers below its bound.
 */
#include <jansson.h>
#include <linux/seccomp.h>

#include "lib/base/json.h"
#include "runner/oci/seccomp.h"
#include "tests/fuzz/fuzz.h"

enum { PROGRAM_MAX = 4096 }; /* BPF_MAXINSNS */

static void program_check(const struct sock_fprog *program)
{
	fuzz_check(program->len > 0 && program->len <= PROGRAM_MAX);
	fuzz_check(BPF_CLASS(program->filter[program->len - 1].code) == BPF_RET);
	for (unsigned int at = 0; at < program->len; at++) {
		const struct sock_filter *op = &program->filter[at];
		unsigned int left = program->len - at - 1U;

		if (op->code == (BPF_JMP | BPF_JA))
			fuzz_check(op->k < left);
		else if (BPF_CLASS(op->code) == BPF_JMP)
			fuzz_check(op->jt < left && op->jf < left);
		else if (op->code == (BPF_LD | BPF_W | BPF_ABS))
			fuzz_check(op->k % 4 == 0 && op->k < sizeof(struct seccomp_data));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(json_freep) json_t *doc = NULL;
	struct sock_fprog program = {0}, again = {0};
	bool notify = false, notify_again = false;
	struct err err = ERR_INIT;

	if (json_parse((const char *)data, size, 0, &doc, &err) < 0)
		return 0;
	err = ERR_INIT;
	if (oci_seccomp_compile(doc, &program, &notify, &err) < 0) {
		fuzz_check(*err.msg && err.no);
	} else {
		program_check(&program);
		/* The same profile is the same filter: the cache relies on it. */
		fuzz_check(oci_seccomp_compile(doc, &again, &notify_again, &err) == 0);
		fuzz_check(again.len == program.len && notify == notify_again);
	}
	free(program.filter);
	free(again.filter);
	return 0;
}
