/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * err - filling, wrapping and naming failures. Floor F0. Does not log, does not allocate: a
 * failure must be reportable when memory is short and inside a process with no rights left.
 */
#include "lib/base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

static const struct {
	const char *name;
	int exit_code;
} kinds[] = {
	[ERR_NONE] = {"", 0},
	[ERR_USAGE] = {"io.moat.InvalidParameter", 2},
	[ERR_NAME] = {"io.moat.InvalidName", 2},
	[ERR_NOTFOUND] = {"io.moat.NoSuchObject", 3},
	[ERR_TAKEN] = {"io.moat.NameTaken", 4},
	[ERR_ADDRTAKEN] = {"io.moat.AddressTaken", 4},
	[ERR_PORTTAKEN] = {"io.moat.PortTaken", 4},
	[ERR_EXHAUSTED] = {"io.moat.AddressesExhausted", 4},
	[ERR_PERMISSION] = {"io.moat.PermissionDenied", 4},
	[ERR_QUOTA] = {"io.moat.QuotaExceeded", 4},
	[ERR_NOTEMPTY] = {"io.moat.NotEmpty", 4},
	[ERR_CONFLICT] = {"io.moat.Conflict", 4},
	[ERR_LIMIT] = {"io.moat.LimitExceeded", 4},
	[ERR_UNSUPPORTED] = {"io.moat.NotSupported", 1},
	[ERR_UNAVAILABLE] = {"io.moat.Unavailable", 1},
	[ERR_KERNEL] = {"io.moat.KernelFailure", 1},
	[ERR_IO] = {"io.moat.InputOutput", 1},
	[ERR_INTERNAL] = {"io.moat.Internal", 1},
};
static_assert(ARRAY_COUNT(kinds) == ERR_KIND_COUNT, "every kind has its row");

static int err_fill(struct err *err, enum err_kind kind, int no, const char *object,
		    const char *msg);
static void text_copy(char *dst, size_t size, const char *src);
static const char *errno_text(int no);

int err_set(struct err *err, enum err_kind kind, int no, const char *object, const char *fmt,
	    ...)
{
	char msg[ERR_MSG_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_fill(err, kind, no, object, msg);
}

int err_sys(struct err *err, enum err_kind kind, int no, const char *object, const char *fmt,
	    ...)
{
	char msg[ERR_MSG_SIZE];
	va_list ap;
	size_t len;

	no = no ? no : EINVAL;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	len = strlen(msg);
	snprintf(msg + len, sizeof(msg) - len, ": %s", errno_text(no));
	return err_fill(err, kind, no, object, msg);
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char head[ERR_MSG_SIZE], msg[2 * ERR_MSG_SIZE + 2];
	va_list ap;

	if (!err)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(head, sizeof(head), fmt, ap);
	va_end(ap);
	snprintf(msg, sizeof(msg), "%s: %s", head, err->msg);
	text_copy(err->msg, sizeof(err->msg), msg);
	return err->no ? -err->no : -EINVAL;
}

const char *err_kind_name(enum err_kind kind)
{
	if ((size_t)kind >= ARRAY_COUNT(kinds))
		return kinds[ERR_INTERNAL].name;
	return kinds[kind].name;
}

enum err_kind err_kind_parse(const char *name)
{
	for (size_t i = ERR_NONE + 1; name && i < ARRAY_COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return (enum err_kind)i;
	return ERR_INTERNAL;
}

int err_exit_code(enum err_kind kind)
{
	if ((size_t)kind >= ARRAY_COUNT(kinds))
		return kinds[ERR_INTERNAL].exit_code;
	return kinds[kind].exit_code;
}

/* The arguments may point into *err itself, hence the copies. */
static int err_fill(struct err *err, enum err_kind kind, int no, const char *object,
		    const char *msg)
{
	struct err new = {.kind = kind, .no = no ? no : EINVAL};

	assert(kind > ERR_NONE && kind < ERR_KIND_COUNT && no >= 0);
	text_copy(new.object, sizeof(new.object), object ? object : "");
	text_copy(new.msg, sizeof(new.msg), msg);
	if (err)
		*err = new;
	return -new.no;
}

/* Cut to size, and only printable ASCII: the text may come from outside and go to a terminal. */
static void text_copy(char *dst, size_t size, const char *src)
{
	size_t len = 0;

	for (; len + 1 < size && src[len]; len++)
		dst[len] = src[len] >= ' ' && src[len] <= '~' ? src[len] : '?';
	dst[len] = '\0';
}

/* Unlike strerror(3): no locale, no shared buffer. */
static const char *errno_text(int no)
{
	const char *text = strerrordesc_np(no);

	return text ? text : "unknown error";
}
