/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * err - the one way a failure travels: floor F0.
 *
 * Convention of the whole tree: a function that can fail returns 0, or -errno
 * with *err filled where it takes one, or a documented value > 0. The message
 * is set once, at the origin, with the name of the object; it is wrapped at
 * most once a floor and logged once, at the top. A library never logs.
 */
#ifndef MOAT_BASE_ERR_H
#define MOAT_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* What a failure means to the one who asked. Each maps to one varlink error and one exit code. */
enum err_kind {
	ERR_NONE,
	ERR_USAGE,	 /* io.moat.InvalidParameter    exit 2 */
	ERR_NAME,	 /* io.moat.InvalidName         exit 2 */
	ERR_NOTFOUND,	 /* io.moat.NoSuchObject        exit 3 */
	ERR_TAKEN,	 /* io.moat.NameTaken           exit 4 */
	ERR_ADDRTAKEN,	 /* io.moat.AddressTaken        exit 4 */
	ERR_PORTTAKEN,	 /* io.moat.PortTaken           exit 4 */
	ERR_EXHAUSTED,	 /* io.moat.AddressesExhausted  exit 4 */
	ERR_PERMISSION,	 /* io.moat.PermissionDenied    exit 4 */
	ERR_QUOTA,	 /* io.moat.QuotaExceeded       exit 4 */
	ERR_NOTEMPTY,	 /* io.moat.NotEmpty            exit 4 */
	ERR_CONFLICT,	 /* io.moat.Conflict            exit 4 */
	ERR_LIMIT,	 /* io.moat.LimitExceeded       exit 4 */
	ERR_UNSUPPORTED, /* io.moat.NotSupported        exit 1 */
	ERR_UNAVAILABLE, /* io.moat.Unavailable         exit 1: try again later */
	ERR_KERNEL,	 /* io.moat.KernelFailure       exit 1: the kernel's own text */
	ERR_IO,		 /* io.moat.InputOutput         exit 1 */
	ERR_INTERNAL,	 /* io.moat.Internal            exit 1 */
	ERR_KIND_COUNT
};

enum { ERR_OBJECT_SIZE = 224, ERR_MSG_SIZE = 512 };

/**
 * struct err - one failure, in the caller's memory
 * @kind: what it means to the one who asked
 * @no: the errno, positive; never 0 when kind is set
 * @object: the full name of what it was about ("red/web", "lab.yml:12:3"); may be ""
 * @msg: one line, no newline, no trailing full stop
 */
struct err {
	enum err_kind kind;
	int no;
	char object[ERR_OBJECT_SIZE];
	char msg[ERR_MSG_SIZE];
};

#define ERR_INIT ((struct err){ .kind = ERR_NONE })

/**
 * err_set() - fill an error at its origin
 * @err: may be NULL (the caller wants only the number)
 * @no: errno, positive; 0 is taken as EINVAL
 * @object: name of the object, may be NULL
 * Bytes that are not printable are replaced by '?': text may come from outside.
 * Return: -@no, so that "return err_set(...)" reads well.
 */
int err_set(struct err *err, enum err_kind kind, int no, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/** err_wrap() - put "TEXT: " before the message. Return: -err->no (or -EINVAL for NULL). */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** err_sys() - err_set() for a failed system call: "TEXT: strerror(no)". Return: -@no. */
int err_sys(struct err *err, enum err_kind kind, int no, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/** err_kind_name() - the varlink error of a kind, such as "io.moat.NameTaken". Static storage. */
const char *err_kind_name(enum err_kind kind);

/** err_kind_parse() - inverse of err_kind_name(). Return: the kind, ERR_INTERNAL where unknown. */
enum err_kind err_kind_parse(const char *name);

/** err_exit_code() - the exit status of a command that failed so (0 for ERR_NONE). */
int err_exit_code(enum err_kind kind);

#endif
