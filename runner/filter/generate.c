// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * generate - a program of the build: the filters of the usual containers as C,
 * for ready.c. Not installed.
 */
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>

#include "runner/filter/filter.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

enum { VARIANTS = 8 };

/* What a container asks for most: capabilities over its network, volumes to write to */
static uint32_t refused_of(unsigned int variant)
{
	uint64_t caps = (variant & 1 ? CAP_BIT(CAP_NET_RAW) : 0) | (variant & 2 ? CAP_BIT(CAP_NET_ADMIN) : 0);

	return filter_refused(caps, (variant & 4) != 0);
}

int main(int argc, char **argv)
{
	FILE *to = argc == 2 ? fopen(argv[1], "w") : NULL;
	static struct sock_filter room[FILTER_SIZE_MAX];
	struct sock_fprog program = {.filter = room};
	unsigned short lens[VARIANTS];
	struct err err = ERR_INIT;

	if (!to) {
		fputs("usage: moat-filter-generate FILE\n", stderr);
		return EXIT_FAILURE;
	}
	fputs("/* made by runner/filter/generate.c */\n", to);
	for (unsigned int i = 0; i < VARIANTS; i++) {
		if (filter_compile(refused_of(i), &program, &err) < 0) {
			fprintf(stderr, "generate: %s\n", err.msg);
			return EXIT_FAILURE;
		}
		lens[i] = program.len;
		fprintf(to, "static const struct sock_filter filter_%u[] = {\n", i);
		for (unsigned int j = 0; j < program.len; j++)
			fprintf(to, "{0x%x,%u,%u,0x%x},%s", room[j].code, room[j].jt, room[j].jf, room[j].k,
			       j % 6 == 5 ? "\n" : "");
		fputs("\n};\n", to);
	}
	fputs("static const struct ready ready[] = {\n", to);
	for (unsigned int i = 0; i < VARIANTS; i++)
		fprintf(to, "\t{0x%x, %u, filter_%u},\n", refused_of(i), lens[i], i);
	fputs("};\n", to);
	return fclose(to) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
