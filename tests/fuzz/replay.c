/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay - main() of a fuzz target in a build without libFuzzer: every file of the corpus, then
 * the same cut off at each length and with each byte damaged in turn. Deterministic.
 *
 * usage: fuzz_NAME FOLDER
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "tests/fuzz/fuzz.h"

enum {
	INPUT_MAX = 8 << 20,
	DAMAGE_MAX = 400, /* places of one input to cut or damage */
};

/* A copy of the exact size: one byte too far is seen by a sanitizer and by valgrind. */
static void run(const uint8_t *data, size_t size)
{
	cleanup(mem_freep) uint8_t *copy = size > 0 ? malloc(size) : NULL;

	if (size > 0) {
		fuzz_check(copy);
		memcpy(copy, data, size);
	}
	LLVMFuzzerTestOneInput(copy, size);
}

static void run_all(struct buf *input)
{
	static const uint8_t damage[] = {0x00, 0x01, 0x80, 0xff};
	size_t step = input->size / DAMAGE_MAX + 1;

	run(input->data, input->size);
	for (size_t at = 0; at < input->size; at += step) {
		uint8_t *byte = &input->data[at], old = *byte;

		run(input->data, at);
		for (size_t i = 0; i < ARRAY_COUNT(damage); i++) {
			*byte = (uint8_t)(damage[i] ? old ^ damage[i] : 0);
			run(input->data, input->size);
		}
		*byte = old;
	}
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int count, inputs = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	count = scandir(argv[1], &entries, NULL, alphasort);
	if (count < 0) {
		perror(argv[1]);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		cleanup(buf_fini) struct buf input = BUF_INIT;
		cleanup(mem_freep) char *path =
			mem_printf("%s/%s", argv[1], entries[i]->d_name);
		bool hidden = entries[i]->d_name[0] == '.';

		free(entries[i]);
		if (hidden)
			continue;
		if (file_read(path, INPUT_MAX, &input) < 0) {
			fprintf(stderr, "cannot read %s\n", path);
			return 1;
		}
		run_all(&input);
		inputs++;
	}
	free(entries);
	printf("%d inputs, each whole, cut off and damaged\n", inputs);
	if (inputs == 0)
		fprintf(stderr, "no inputs in %s\n", argv[1]);
	return inputs == 0;
}
