/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json_keep - the memory of JSON documents in a program that ends before it would pay to give any back. Floor F0. A
 * document of some hundred small values is otherwise as many calls of malloc(3) and free(3), and with musl, which
 * gives pages back at once, some twenty system calls a run. Not for what stays: moatd, moat-shim, `events`.
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"

enum {
	PIECE_SIZE = 48 << 10,    /* bytes; only what is used of it is ever touched */
	PIECE_LARGE = 8 << 10,    /* bytes; from here on by itself */
	PIECE_ALIGN = _Alignof(max_align_t),
};

/* jansson hands its hooks no context */
static struct {
	uint8_t *next;
	size_t left; /* bytes */
} piece;

static void *piece_alloc(size_t size);
static void piece_free(void *p);

void json_keep(void)
{
	json_set_alloc_funcs(piece_alloc, piece_free);
}

/* ----------------------------------------------------------------- helpers */

static void *piece_alloc(size_t size)
{
	const size_t wanted = (size + PIECE_ALIGN - 1) / PIECE_ALIGN * PIECE_ALIGN;
	void *p;

	if (size >= PIECE_LARGE)
		return mem_room(size);
	if (wanted > piece.left) {
		piece.next = mem_room(PIECE_SIZE);
		piece.left = PIECE_SIZE;
	}
	p = piece.next;
	piece.next += wanted;
	piece.left -= wanted;
	return p;
}

static void piece_free(void *p)
{
	(void)p;
}
