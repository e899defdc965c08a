// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x11 - displays and cookies. Floor F4.
 *
 * A file of cookies is entries of a family and four counted strings (Xau(3)):
 *
 *	+--------+-----+---------+-----+--------+-----+------+-----+------+
 *	| family | len | address | len | number | len | name | len | data |
 *	+--------+-----+---------+-----+--------+-----+------+-----+------+
 *	   be16    be16            be16           be16         be16
 *
 * The number is that of the display, in decimal; empty means any.
 */
#include "runner/spec/x11.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fdio.h"
#include "lib/base/str.h"

#define COOKIE_NAME "MIT-MAGIC-COOKIE-1"

/* X11/Xauth.h */
enum { FAMILY_LOCAL = 256, FAMILY_WILD = 65535 };

struct field {
	const uint8_t *data;
	size_t len;
};

static bool field_take(const uint8_t **at, const uint8_t *end, struct field *ret_field);
static bool field_is(const struct field *field, const char *text);
static const char *hex_print(const struct field *field, struct arena *arena);
static void field_add(struct buf *dst, const void *data, size_t len);
static void be16_add(struct buf *dst, unsigned int value);
static int cookie_load(struct arena *arena, struct spec_x11 *x11, struct err *err);

int x11_find(struct arena *arena, struct spec_x11 *ret_x11, struct err *err)
{
	const char *display = getenv("DISPLAY");
	struct spec_x11 x11 = {0};
	char path[32];
	struct stat st;

	if (!display || !*display)
		return err_set(err, ERR_USAGE, EINVAL, "--x11", "DISPLAY is not set");
	if (x11_display_parse(display, &x11.display) < 0)
		return err_set(err, ERR_USAGE, EINVAL, display,
			       "--x11: not a display of this host (:N)");
	x11_socket_path(&x11, path);
	if (lstat(path, &st) < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, errno, path,
			       "--x11: the display's socket");
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_CONFLICT, ENOTSOCK, path, "--x11: it is no socket");
	if (cookie_load(arena, &x11, err) < 0)
		return -EINVAL;
	*ret_x11 = x11;
	return 0;
}

int x11_display_parse(const char *text, int64_t *ret_display)
{
	const char *colon = strchr(text, ':');
	char number[8];
	uint64_t value;
	size_t len;

	if (!colon || (colon != text && strncmp(text, "unix:", 5) != 0 &&
		       strncmp(text, "unix/:", 6) != 0))
		return -EINVAL;
	len = strcspn(colon + 1, ".");
	if (len >= sizeof(number))
		return -EINVAL;
	memcpy(number, colon + 1, len);
	number[len] = '\0';
	if (str_u64(number, SPEC_DISPLAY_MAX, &value) < 0)
		return -EINVAL;
	*ret_display = (int64_t)value;
	return 0;
}

int x11_cookie_find(const uint8_t *data, size_t size, int64_t display, struct arena *arena,
		    const char **ret_cookie)
{
	const uint8_t *at = data, *end = data + size;
	char number[16];

	snprintf(number, sizeof(number), "%lld", (long long)display);
	while (at < end) {
		struct field address, its_number, name, cookie;
		unsigned int family;

		if (end - at < 2)
			return -EBADMSG;
		family = (unsigned int)(at[0] << 8 | at[1]);
		at += 2;
		if (!field_take(&at, end, &address) || !field_take(&at, end, &its_number) ||
		    !field_take(&at, end, &name) || !field_take(&at, end, &cookie))
			return -EBADMSG;
		if ((family != FAMILY_LOCAL && family != FAMILY_WILD) ||
		    (its_number.len > 0 && !field_is(&its_number, number)) ||
		    !field_is(&name, COOKIE_NAME) || cookie.len == 0 ||
		    cookie.len > SPEC_COOKIE_MAX)
			continue;
		*ret_cookie = hex_print(&cookie, arena);
		return 0;
	}
	return -ENOENT;
}

int x11_authority_make(const struct spec_x11 *x11, struct buf *dst)
{
	size_t digits = strlen(x11->cookie), len = digits / 2;
	uint8_t cookie[SPEC_COOKIE_MAX];
	char number[16];

	if (digits % 2 || len > sizeof(cookie) ||
	    strspn(x11->cookie, "0123456789abcdef") != digits)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		char pair[3] = {x11->cookie[2 * i], x11->cookie[2 * i + 1], '\0'};

		cookie[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	snprintf(number, sizeof(number), "%lld", (long long)x11->display);
	be16_add(dst, FAMILY_WILD);
	field_add(dst, "", 0);
	field_add(dst, number, strlen(number));
	field_add(dst, COOKIE_NAME, strlen(COOKIE_NAME));
	field_add(dst, cookie, len);
	return 0;
}

void x11_socket_path(const struct spec_x11 *x11, char ret_path[32])
{
	snprintf(ret_path, 32, X11_FOLDER "/X%u", (unsigned int)x11->display);
}

/* ----------------------------------------------------------------- helpers */

/* A display without access control has none, and needs none. */
static int cookie_load(struct arena *arena, struct spec_x11 *x11, struct err *err)
{
	cleanup(buf_fini) struct buf data = BUF_INIT;
	const char *file = getenv("XAUTHORITY"), *home = getenv("HOME");
	int rc;

	if (!file || !*file)
		file = arena_printf(arena, "%s/.Xauthority", home ? home : "");
	rc = file_read(file, X11_AUTHORITY_MAX, &data);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0)
		rc = x11_cookie_find(data.data, data.size, x11->display, arena, &x11->cookie);
	if (rc < 0 && rc != -ENOENT)
		return err_sys(err, ERR_IO, -rc, file, "--x11: the file of cookies");
	return 0;
}

static bool field_take(const uint8_t **at, const uint8_t *end, struct field *ret_field)
{
	size_t len;

	if (end - *at < 2)
		return false;
	len = (size_t)((*at)[0] << 8 | (*at)[1]);
	*at += 2;
	if ((size_t)(end - *at) < len)
		return false;
	*ret_field = (struct field){.data = *at, .len = len};
	*at += len;
	return true;
}

static bool field_is(const struct field *field, const char *text)
{
	return field->len == strlen(text) && memcmp(field->data, text, field->len) == 0;
}

static const char *hex_print(const struct field *field, struct arena *arena)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * SPEC_COOKIE_MAX + 1];

	for (size_t i = 0; i < field->len; i++) {
		text[2 * i] = digits[field->data[i] >> 4];
		text[2 * i + 1] = digits[field->data[i] & 15];
	}
	text[2 * field->len] = '\0';
	return arena_strdup(arena, text);
}

static void field_add(struct buf *dst, const void *data, size_t len)
{
	be16_add(dst, (unsigned int)len);
	buf_add(dst, data, len);
}

static void be16_add(struct buf *dst, unsigned int value)
{
	const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	buf_add(dst, bytes, sizeof(bytes));
}
