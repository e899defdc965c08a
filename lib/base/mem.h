/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mem - memory: abort when there is none, an arena per request, cleanup on
 * scope exit. Floor F0. Every size that comes from outside is checked against
 * a named limit before it reaches these functions.
 */
#ifndef MOAT_BASE_MEM_H
#define MOAT_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

/** cleanup() - run @fn on the address of the variable when it leaves scope. */
#define cleanup(fn) __attribute__((cleanup(fn)))

void *mem_alloc(size_t size);			     /* zeroed; aborts when out of memory */
void *mem_room(size_t size);			     /* NOT zeroed: for what is written before it is read */
void *mem_array(size_t count, size_t size);	     /* zeroed; aborts on overflow too */
void *mem_grow(void *p, size_t count, size_t size); /* realloc, new part NOT zeroed */
char *mem_strdup(const char *s);		     /* NULL gives NULL */
char *mem_strndup(const char *s, size_t len);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void mem_freep(void *pp); /* for cleanup(): frees *(void **)pp */
/**
 * mem_keep_little() - for a daemon, once, as it starts: what is large is the kernel's again when it is freed
 * glibc takes the largest block ever freed, up to 32 MB, for usual, and from then on keeps as much (mallopt(3),
 * M_MMAP_THRESHOLD): one comparison of a large network would be paid for ever after.
 */
void mem_keep_little(void);

/* An arena: many allocations, one release. Not thread safe. */
struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is fine */
void arena_freep(struct arena **arena);
void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for any type */
void *arena_array(struct arena *arena, size_t count, size_t size);
char *arena_strdup(struct arena *arena, const char *s);
char *arena_strndup(struct arena *arena, const char *s, size_t len);
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
