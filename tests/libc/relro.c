/* SPDX-License-Identifier: GPL-2.0-or-later */
/* relro - may a program that lib/libc links write to a constant that holds an address? Exit status 1 where it may. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *const constant[] = {"one", "two"};
static const char *variable[] = {"one", "two"};

/* The rights of the mapping that @p is in, as /proc/self/maps has them */
static const char *rights(const volatile void *p, char text[5])
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t begin, end;
	char line[512], found[5];

	strcpy(text, "none");
	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &begin, &end, found) == 3 && (uintptr_t)p >= begin &&
		    (uintptr_t)p < end)
			memcpy(text, found, 5);
	if (maps)
		fclose(maps);
	return text;
}

int main(void)
{
	const char *const *volatile fixed = constant;
	const char **volatile free_one = variable;
	char text[5];
	int rc = 0;

	if (strncmp(rights(fixed, text), "r--", 3) != 0) {
		fprintf(stderr, "relro: a constant's page is %s\n", text);
		rc = 1;
	}
	if (strncmp(rights(free_one, text), "rw-", 3) != 0) {
		fprintf(stderr, "relro: a variable's page is %s: the test says nothing\n", text);
		rc = 1;
	}
	return rc;
}
