/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mem - allocation that aborts instead of failing, and arenas. Floor F0. Not a place for limits:
 * the caller has checked every size that came from outside.
 */
#include "lib/base/mem.h"

#include <assert.h>
#include <malloc.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	ARENA_BLOCK_SIZE = 4096, /* of a common block; a larger wish gets a block of its own */
	LARGE_SIZE = 256 << 10,	 /* above what an attach needs at a time: a system call and fresh pages each time */
	KEPT_SIZE = 1 << 20,	 /* free at the end of the heap */
};

/* Blocks are a stack; the newest shared one is on top, so that only it needs to be looked at. */
struct arena_block {
	struct arena_block *below;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct arena_block *top;
};

static void *checked(void *p);
static size_t product(size_t count, size_t size);
static struct arena_block *arena_block_new(size_t size);

void *mem_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *mem_room(size_t size) { return mem_grow(NULL, size, 1); }

void *mem_array(size_t count, size_t size)
{
	return mem_alloc(product(count, size));
}

void *mem_grow(void *p, size_t count, size_t size)
{
	size_t total = product(count, size);

	return checked(realloc(p, total ? total : 1));
}

char *mem_strdup(const char *s)
{
	return s ? checked(strdup(s)) : NULL;
}

char *mem_strndup(const char *s, size_t len)
{
	return s ? checked(strndup(s, len)) : NULL;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int rc;

	va_start(ap, fmt);
	rc = vasprintf(&s, fmt, ap);
	va_end(ap);
	return checked(rc < 0 ? NULL : s);
}

void mem_freep(void *pp)
{
	void *p;

	/* pp is the address of a pointer to some other type: no access through void ** */
	memcpy(&p, pp, sizeof(p));
	free(p);
}

void mem_keep_little(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_SIZE);
	mallopt(M_TRIM_THRESHOLD, KEPT_SIZE);
}

struct arena *arena_new(void)
{
	return mem_alloc(sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct arena_block *block = arena->top, *below; block; block = below) {
		below = block->below;
		free(block);
	}
	free(arena);
}

void arena_freep(struct arena **arena)
{
	arena_free(*arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->top;
	const size_t align = alignof(max_align_t);
	void *p;

	if (size > SIZE_MAX - align)
		checked(NULL);
	size = size ? (size + align - 1) / align * align : align;
	if (size > ARENA_BLOCK_SIZE / 4) {
		struct arena_block *own = arena_block_new(size);

		own->used = size;
		if (block) { /* stays below the shared block, which keeps its free room */
			own->below = block->below;
			block->below = own;
		} else {
			arena->top = own;
		}
		return own->data;
	}
	if (!block || block->size - block->used < size) {
		block = arena_block_new(ARENA_BLOCK_SIZE);
		block->below = arena->top;
		arena->top = block;
	}
	p = block->data + block->used;
	block->used += size;
	return p;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	return arena_alloc(arena, product(count, size));
}

char *arena_strdup(struct arena *arena, const char *s)
{
	return s ? arena_strndup(arena, s, strlen(s)) : NULL;
}

char *arena_strndup(struct arena *arena, const char *s, size_t len)
{
	char *copy;

	if (!s)
		return NULL;
	len = strnlen(s, len);
	copy = arena_alloc(arena, len + 1);
	memcpy(copy, s, len);
	return copy;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	s = arena_alloc(arena, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return s;
}

static void *checked(void *p)
{
	if (!p) {
		static const char text[] = "out of memory\n";

		fwrite(text, 1, sizeof(text) - 1, stderr);
		abort();
	}
	return p;
}

static size_t product(size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		checked(NULL);
	return total;
}

static struct arena_block *arena_block_new(size_t size)
{
	struct arena_block *block;

	if (size > SIZE_MAX - sizeof(*block))
		checked(NULL);
	block = mem_alloc(sizeof(*block) + size);
	block->size = size;
	return block;
}
