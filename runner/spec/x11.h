/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x11 - a local X display for a container: its socket and the cookie that opens
 * it, and nothing else of its owner's. Floor F4. Who has both is a client like
 * any other: X keeps clients apart neither from each other's windows nor keys.
 */
#ifndef MOAT_RUNNER_SPEC_X11_H
#define MOAT_RUNNER_SPEC_X11_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "runner/spec/spec.h"

#define X11_FOLDER "/tmp/.X11-unix"
#define X11_AUTHORITY X11_FOLDER "/authority" /* inside */

enum { X11_AUTHORITY_MAX = 1 << 20 }; /* bytes of the caller's file */

/** x11_find() - by DISPLAY, XAUTHORITY and HOME of the environment; strings go into @arena */
int x11_find(struct arena *arena, struct spec_x11 *ret_x11, struct err *err);

/** x11_display_parse() - ":N", ":N.S", "unix:N", "unix/:N": the display's number. Return: 0; -EINVAL for others. */
int x11_display_parse(const char *text, int64_t *ret_display);

/**
 * x11_cookie_find() - the cookie of a local display in the bytes of an Xauthority file (pure)
 * Entries of any host name count: a cookie is the display's, and names of hosts change.
 * @ret_cookie: hexadecimal, in @arena. Return: 0; -ENOENT; -EBADMSG where it is no such file.
 */
int x11_cookie_find(const uint8_t *data, size_t size, int64_t display, struct arena *arena,
		    const char **ret_cookie);

/** x11_authority_make() - the file for inside: one entry, for every host name (FamilyWild). Return: 0; -EINVAL. */
int x11_authority_make(const struct spec_x11 *x11, struct buf *dst);

/** x11_socket_path() - of the display's socket, outside and inside */
void x11_socket_path(const struct spec_x11 *x11, char ret_path[32]);

#endif
