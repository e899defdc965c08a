/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logfile - what a container writes, as lines of JSON:
 *
 *	{"time":"2026-01-31T12:00:00.123456789Z","stream":"stdout","log":"text\n"}
 *
 * Floor F4. Bounded: when `log` is full it becomes `log.1`, and the older one is
 * gone. Bytes that are not UTF-8 become U+FFFD. A line without its newline (too
 * long, or the last) is written so.
 */
#ifndef MOAT_RUNNER_STATE_LOGFILE_H
#define MOAT_RUNNER_STATE_LOGFILE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum {
	LOGFILE_SIZE_MAX = 8 << 20,   /* of each of the two */
	LOGFILE_LINE_MAX = 16 * 1024, /* longer lines are cut into several */
};

/** struct logfile - the writer. @folder: borrowed descriptor; @fd: -1 until something is written */
struct logfile {
	int folder, fd;
	uint64_t size;
	uint64_t size_max;
	struct buf records;    /* not yet written */
	struct buf pending[2]; /* of stdout, stderr: a line that has not ended */
};

void logfile_init(struct logfile *log, int folder);
void logfile_fini(struct logfile *log); /* writes what is pending */

/** logfile_add() - bytes of stream 1 (stdout) or 2 (stderr). Return: 0 or -errno of the last write: then it is lost. */
int logfile_add(struct logfile *log, int stream, const char *data, size_t size);

/** logfile_line() - one record, without any file (pure) */
void logfile_line(struct buf *dst, const char *time, int stream, const char *data, size_t size);

/**
 * logfile_record() - reads a record back (pure)
 * @text, @size: what was said; may hold NUL; borrowed from the returned object
 * Return: the record, or NULL where the line is none; its stream in @stream: 1 or 2.
 */
json_t *logfile_record(const char *line, size_t len, int *stream, const char **text, size_t *size);

#endif
