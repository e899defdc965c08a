/* SPDX-License-Identifier: GPL-2.0-or-later */
/* buf - a growing byte buffer, also used to build text. Floor F0. */
#ifndef MOAT_BASE_BUF_H
#define MOAT_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct buf - bytes owned by the holder; zero initialised is empty
 * @data: always followed by a NUL that @size does not count, when not NULL
 */
struct buf {
	uint8_t *data;
	size_t size;
	size_t capacity;
};

#define BUF_INIT ((struct buf){ 0 })

void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */
void buf_add(struct buf *buf, const void *data, size_t size);
void *buf_extend(struct buf *buf, size_t size); /* zeroed room at the end, pointer valid till next change */
void buf_str(struct buf *buf, const char *s);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_consume(struct buf *buf, size_t size); /* drop bytes at the front */
const char *buf_cstr(const struct buf *buf);    /* "" when empty */

#endif
