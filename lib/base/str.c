/* SPDX-License-Identifier: GPL-2.0-or-later */
/* str - bounded copies, strict numbers, vectors of strings. Floor F0. No locale anywhere. */
#include "lib/base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
	return s && prefix && strncmp(s, prefix, strlen(prefix)) == 0;
}

void str_printable(char *text)
{
	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

int str_copy(char *dst, size_t size, const char *src)
{
	size_t len = strnlen(src, size);

	if (len >= size) {
		if (size > 0)
			dst[0] = '\0';
		return -ENAMETOOLONG;
	}
	memcpy(dst, src, len + 1);
	return 0;
}

int str_u64(const char *s, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	bool over = false;

	if (!s || !*s || (s[0] == '0' && s[1]))
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		over |= __builtin_mul_overflow(value, 10, &value);
		over |= __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value);
	}
	if (over || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int str_hex48(const char *s, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!s)
		return -EINVAL;
	for (size_t i = 0; i < 12; i++) {
		if (s[i] >= '0' && s[i] <= '9')
			value = value << 4 | (uint64_t)(s[i] - '0');
		else if (s[i] >= 'a' && s[i] <= 'f')
			value = value << 4 | (uint64_t)(s[i] - 'a' + 10);
		else
			return -EINVAL;
	}
	if (s[12])
		return -EINVAL;
	*ret_value = value;
	return 0;
}

void str_hex48_print(uint64_t value, char dst[13])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 12; i++)
		dst[i] = digits[value >> (44 - 4 * i) & 15];
	dst[12] = '\0';
}

void str_unoctal(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		bool octal = from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' &&
			     from[3] >= '0' && from[3] <= '7';

		*to = octal ? (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0') : *from;
		from += octal ? 4 : 1;
	}
	*to = '\0';
}

size_t strv_count(char *const *strv)
{
	size_t count = 0;

	while (strv && strv[count])
		count++;
	return count;
}

void strv_free(char **strv)
{
	for (size_t i = 0; strv && strv[i]; i++)
		free(strv[i]);
	free(strv);
}
