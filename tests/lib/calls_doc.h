/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls_doc - docs/SECCOMP.md as a table of answers by number, and the calls whose arguments count, one by one. For
 * the unit test, which walks the compiled filter, and for filter_walk.c, which asks the kernel. Not linked into any
 * product.
 */
#ifndef MOAT_TESTS_LIB_CALLS_DOC_H
#define MOAT_TESTS_LIB_CALLS_DOC_H

#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "runner/filter/filter.h"

enum {
	DOC_CALLS = FILTER_CALL_LAST + 1,
	DOC_BY_ARGUMENT = -1, /* a star behind its name */
	DOC_UNSAID = -2,
};

/* @answer: errno, 0 for let through; @said: times a number is named; @group: as its row begins */
struct calls_doc {
	int answer[DOC_CALLS], said[DOC_CALLS];
	char group[DOC_CALLS][24];
};

static const struct {
	const char *name;
	int no;
} doc_errors[] = {{"EPERM", EPERM}, {"ENOSYS", ENOSYS}, {"EAFNOSUPPORT", EAFNOSUPPORT}, {"EPROTONOSUPPORT", EPROTONOSUPPORT}};

/* The next `word` of @at, and whether a \* is behind it. Return: behind it, or NULL. */
static inline const char *doc_word(const char *at, char *word, size_t size, bool *ret_star)
{
	const char *end;

	at = strchr(at, '`');
	end = at ? strchr(at + 1, '`') : NULL;
	if (!end)
		return NULL;
	snprintf(word, size, "%.*s", (int)(end - at - 1), at + 1);
	*ret_star = strncmp(end + 1, "\\*", 2) == 0;
	return end + 1;
}

static inline int doc_error(const char *word)
{
	for (size_t i = 0; i < ARRAY_COUNT(doc_errors); i++)
		if (strcmp(doc_errors[i].name, word) == 0)
			return doc_errors[i].no;
	return 0;
}

/* "`EPERM`, `clone3` `ENOSYS`": the first one is for all that are not named. */
static inline int doc_answer(const char *cell, const char *name)
{
	char word[64], before[64] = "";
	int answer = 0;
	bool star;

	while ((cell = doc_word(cell, word, sizeof(word), &star))) {
		if (doc_error(word) && (answer == 0 || strcmp(before, name) == 0))
			answer = doc_error(word);
		snprintf(before, sizeof(before), "%s", word);
	}
	return answer;
}

/* Rows of three cells are let through; of five, refused: group, calls, why, answer, who. Return: how many names were taken. */
static inline int calls_doc_read(const char *path, struct calls_doc *doc)
{
	FILE *file = fopen(path, "re");
	char line[8192], word[64];
	int taken = 0;

	for (int i = 0; i < DOC_CALLS; i++) {
		doc->answer[i] = DOC_UNSAID;
		doc->said[i] = 0;
		doc->group[i][0] = 0;
	}
	while (file && fgets(line, sizeof(line), file)) {
		char *cells[8], *save = NULL, group[64];
		const char *at;
		int count = 0;
		bool star;

		if (strncmp(line, "| `", 3) != 0)
			continue;
		for (char *cell = strtok_r(line, "|\n", &save); cell && count < 8; cell = strtok_r(NULL, "|\n", &save))
			cells[count++] = cell;
		if ((count != 3 && count != 5) || !doc_word(cells[0], group, sizeof(group), &star))
			continue;
		at = cells[1];
		while ((at = doc_word(at, word, sizeof(word), &star))) {
			int call = islower((unsigned char)word[0]) || word[0] == '_' ? filter_call_number(word) : -1;

			if (call < 0 || call >= DOC_CALLS || strchr(word, '('))
				continue;
			taken++;
			/* what its arguments decide has its row in both */
			if (count == 5 && doc->answer[call] == DOC_BY_ARGUMENT)
				continue;
			doc->said[call]++;
			snprintf(doc->group[call], sizeof(doc->group[call]), "%.23s", group);
			doc->answer[call] = star ? DOC_BY_ARGUMENT : count == 3 ? 0 : doc_answer(cells[3], word);
		}
	}
	if (file)
		fclose(file);
	return taken;
}

/* What the document says of arguments. @volumes: what it answers in a container with a volume it may write to */
static const struct {
	const char *name;
	uint64_t args[4];
	int answer, volumes;
} doc_arguments[] = {
	{"clone", {0x11, 0, 0, 0}, 0, 0},
	{"clone", {0x3d0f00, 0, 0, 0}, 0, 0}, /* a thread */
	{"clone", {0x10000011, 0, 0, 0}, EPERM, EPERM},
	{"clone", {0x20011, 0, 0, 0}, EPERM, EPERM},
	{"clone", {0x2000011, 0, 0, 0}, EPERM, EPERM},
	{"clone", {0x4000011, 0, 0, 0}, EPERM, EPERM},
	{"clone", {0x8000011, 0, 0, 0}, EPERM, EPERM},
	{"clone", {0x20000011, 0, 0, 0}, EPERM, EPERM},
	{"clone", {0x40000011, 0, 0, 0}, EPERM, EPERM},
	{"clone", {0x7e020011, 0, 0, 0}, EPERM, EPERM},
	{"clone3", {0, 0, 0, 0}, ENOSYS, ENOSYS},
	{"unshare", {0x400, 0, 0, 0}, 0, 0}, /* CLONE_FILES */
	{"unshare", {0x80, 0, 0, 0}, EPERM, EPERM},
	{"unshare", {0x10000000, 0, 0, 0}, EPERM, EPERM},
	{"unshare", {0x20400, 0, 0, 0}, EPERM, EPERM},
	{"ioctl", {0, 0x5401, 0, 0}, 0, 0},
	{"ioctl", {0, 0x5412, 0, 0}, EPERM, EPERM},
	{"ioctl", {0, 0x541c, 0, 0}, EPERM, EPERM},
	{"ioctl", {0, 0x100005412, 0, 0}, EPERM, EPERM},
	{"ioctl", {0, 0xffffffff0000541c, 0, 0}, EPERM, EPERM},
	{"ioctl", {0, 0x5413, 0, 0}, 0, 0},
	{"ioctl", {0x5412, 0x541d, 0x541c, 0}, 0, 0},
	{"personality", {0, 0, 0, 0}, 0, 0},
	{"personality", {8, 0, 0, 0}, 0, 0},
	{"personality", {0x60008, 0, 0, 0}, 0, 0},
	{"personality", {0xffffffff, 0, 0, 0}, 0, 0},
	{"personality", {0x400000, 0, 0, 0}, ENOSYS, ENOSYS}, /* READ_IMPLIES_EXEC */
	{"personality", {0x100400000, 0, 0, 0}, ENOSYS, ENOSYS},
	{"personality", {0xfffffffe, 0, 0, 0}, ENOSYS, ENOSYS},
	{"socket", {1, 1, 0, 0}, 0, 0},
	{"socket", {2, 3, 255, 0}, 0, 0},
	{"socket", {10, 2, 0, 0}, 0, 0},
	{"socket", {16, 3, 0, 0}, 0, 0},
	{"socket", {16, 3, 4, 0}, 0, 0},
	{"socket", {16, 3, 9, 0}, 0, 0},
	{"socket", {16, 3, 15, 0}, 0, 0},
	{"socket", {16, 3, 16, 0}, 0, 0},
	{"socket", {16, 3, 12, 0}, EPERM, EPERM},
	{"socket", {0x100000010, 3, 0x10000000c, 0}, EPERM, EPERM},
	{"socket", {16, 3, 6, 0}, EPROTONOSUPPORT, EPROTONOSUPPORT},
	{"socket", {16, 3, 21, 0}, EPROTONOSUPPORT, EPROTONOSUPPORT},
	{"socket", {16, 3, 31, 0}, EPROTONOSUPPORT, EPROTONOSUPPORT},
	{"socket", {16, 3, 32, 0}, ENOSYS, ENOSYS},
	{"socket", {17, 3, 0, 0}, EPERM, EPERM},
	{"socket", {0xffffffff00000011, 3, 0, 0}, EPERM, EPERM},
	{"socket", {38, 5, 0, 0}, EAFNOSUPPORT, EAFNOSUPPORT},
	{"socket", {40, 1, 0, 0}, EAFNOSUPPORT, EAFNOSUPPORT},
	{"socket", {15, 3, 2, 0}, EAFNOSUPPORT, EAFNOSUPPORT}, /* PF_KEY */
	{"socket", {21, 5, 0, 0}, EAFNOSUPPORT, EAFNOSUPPORT}, /* RDS */
	{"socket", {29, 3, 1, 0}, EAFNOSUPPORT, EAFNOSUPPORT}, /* CAN */
	{"socket", {30, 1, 0, 0}, EAFNOSUPPORT, EAFNOSUPPORT}, /* TIPC */
	{"socket", {31, 3, 1, 0}, EAFNOSUPPORT, EAFNOSUPPORT}, /* Bluetooth */
	{"socket", {44, 3, 0, 0}, EAFNOSUPPORT, EAFNOSUPPORT}, /* XDP */
	{"socket", {45, 1, 0, 0}, EAFNOSUPPORT, EAFNOSUPPORT},
	{"socket", {46, 1, 0, 0}, ENOSYS, ENOSYS},
	{"chmod", {0, 0755, 0, 0}, 0, 0},
	{"chmod", {0, 04755, 0, 0}, 0, EPERM},
	{"fchmod", {0, 02755, 0, 0}, 0, EPERM},
	{"fchmodat", {0, 0, 06755, 0}, 0, EPERM},
	{"fchmodat2", {0, 0, 04000, 0}, 0, EPERM},
	{"fchmodat2", {0, 0, 0755, 0x1000}, 0, 0},
	{"creat", {0, 04711, 0, 0}, 0, EPERM},
	{"mknod", {0, 0104755, 0, 0}, 0, EPERM},
	{"mknodat", {0, 0, 0102755, 0}, 0, EPERM},
	{"open", {0, 0x41, 04755, 0}, 0, EPERM},
	{"openat", {0, 0, 0x41, 02755}, 0, EPERM},
	{"openat", {0, 0, 0x41, 0644}, 0, 0},
	{"openat2", {0, 0, 0, 24}, 0, ENOSYS},
};

#endif
