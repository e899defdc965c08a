/* SPDX-License-Identifier: GPL-2.0-or-later */
/* buf - the growing byte buffer. Floor F0. Grows by doubling; never shrinks by itself. */
#include "lib/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

enum { BUF_CAPACITY_MIN = 64 };

static void buf_reserve(struct buf *buf, size_t more);

void buf_fini(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_INIT;
}

void buf_clear(struct buf *buf)
{
	buf->size = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
	buf_reserve(buf, size);
	if (size > 0)
		memcpy(buf->data + buf->size, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void *buf_extend(struct buf *buf, size_t size)
{
	uint8_t *room;

	buf_reserve(buf, size);
	room = buf->data + buf->size;
	memset(room, 0, size + 1);
	buf->size += size;
	return room;
}

void buf_str(struct buf *buf, const char *s)
{
	buf_add(buf, s, strlen(s));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	buf_reserve(buf, (size_t)len);
	va_start(ap, fmt);
	vsnprintf((char *)buf->data + buf->size, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buf->size += (size_t)len;
}

void buf_consume(struct buf *buf, size_t size)
{
	assert(size <= buf->size);
	if (size == 0)
		return;
	buf->size -= size;
	memmove(buf->data, buf->data + size, buf->size + 1); /* with the NUL */
}

const char *buf_cstr(const struct buf *buf)
{
	return buf->data ? (const char *)buf->data : "";
}

/* Room for @more bytes and the NUL. */
static void buf_reserve(struct buf *buf, size_t more)
{
	size_t need, capacity = buf->capacity ? buf->capacity : BUF_CAPACITY_MIN;

	if (more >= SIZE_MAX / 2 - buf->size)
		mem_array(SIZE_MAX, 2); /* aborts as memory that cannot be had does */
	need = buf->size + more + 1;
	if (need <= buf->capacity)
		return;
	while (capacity < need)
		capacity *= 2;
	buf->data = mem_grow(buf->data, capacity, 1);
	buf->capacity = capacity;
}
