/* SPDX-License-Identifier: GPL-2.0-or-later */
/* str - small string helpers: bounded copies, strict numbers, vectors. Floor F0. */
#ifndef MOAT_BASE_STR_H
#define MOAT_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *s, const char *prefix);

/** str_printable() - in place: what a terminal might obey, and all that is no ASCII, becomes "?" */
void str_printable(char *text);

/** str_copy() - copy with NUL. Return: 0, or -ENAMETOOLONG with @dst holding "" (never a cut name). */
int str_copy(char *dst, size_t size, const char *src);

/** str_u64() - strict decimal: digits only, no sign, no space, no leading zero but "0". Return: 0, -EINVAL, -ERANGE. */
int str_u64(const char *s, uint64_t max, uint64_t *ret_value);

/** str_hex48() - 12 lower-case hex digits to a number and back (@dst of 13 bytes). */
int str_hex48(const char *s, uint64_t *ret_value);
void str_hex48_print(uint64_t value, char dst[13]);
/** str_unoctal() - in place: "\040" and so on, as /proc/PID/mountinfo writes blanks and backslashes */
void str_unoctal(char *text);

/* A NULL-terminated vector of strings; each function owns nothing it is given. */
size_t strv_count(char *const *strv);
void strv_free(char **strv);

#endif
