// SPDX-License-Identifier: GPL-2.0-or-later
/* logfile - bounded logs in lines of JSON. Floor F4. */
#include "runner/state/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/str.h"

enum { STAMP_SIZE = 64, RECORDS_SIZE_MAX = 32 * 1024 };

static const char *const stream_names[] = {"stdin", "stdout", "stderr"};

static void stamp_now(char dst[STAMP_SIZE]);
static int records_write(struct logfile *log);
static int file_ready(struct logfile *log, size_t more);
static void text_escape(struct buf *dst, const unsigned char *data, size_t size);
static size_t utf8_length(const unsigned char *data, size_t size);

void logfile_init(struct logfile *log, int folder)
{
	*log = (struct logfile){.folder = folder, .fd = -1, .size_max = LOGFILE_SIZE_MAX};
}

void logfile_fini(struct logfile *log)
{
	char stamp[STAMP_SIZE];

	stamp_now(stamp);
	for (int i = 0; i < 2; i++) {
		struct buf *pending = &log->pending[i];

		if (pending->size)
			logfile_line(&log->records, stamp, i + 1, (const char *)pending->data,
				     pending->size);
		buf_fini(pending);
	}
	(void)records_write(log);
	buf_fini(&log->records);
	fd_close(log->fd);
	log->fd = -1;
}

int logfile_add(struct logfile *log, int stream, const char *data, size_t size)
{
	struct buf *pending = &log->pending[stream - 1];
	char stamp[STAMP_SIZE];
	int rc = 0;

	/* One time and one write(2) for all that came at once. */
	stamp_now(stamp);
	while (size > 0) {
		const char *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) + 1 : size;

		if (pending->size + len > LOGFILE_LINE_MAX)
			len = LOGFILE_LINE_MAX - pending->size, end = NULL;
		if (pending->size == 0 && (end || len == LOGFILE_LINE_MAX)) {
			logfile_line(&log->records, stamp, stream, data, len);
		} else {
			buf_add(pending, data, len);
			if (end || pending->size == LOGFILE_LINE_MAX) {
				logfile_line(&log->records, stamp, stream,
					     (const char *)pending->data, pending->size);
				buf_clear(pending);
			}
		}
		data += len;
		size -= len;
		if (log->records.size >= RECORDS_SIZE_MAX || size == 0) {
			int one = records_write(log);

			if (one < 0)
				rc = one;
		}
	}
	return rc;
}

void logfile_line(struct buf *dst, const char *time, int stream, const char *data, size_t size)
{
	buf_str(dst, "{\"time\":\"");
	buf_str(dst, time);
	buf_str(dst, "\",\"stream\":\"");
	buf_str(dst, stream_names[stream]);
	buf_str(dst, "\",\"log\":\"");
	text_escape(dst, (const unsigned char *)data, size);
	buf_str(dst, "\"}\n");
}

json_t *logfile_record(const char *line, size_t len, int *stream, const char **text, size_t *size)
{
	/* Unlike JSON from outside it may hold NUL: a program wrote it, and gets it back. */
	json_t *record = json_loadb(line, len, JSON_ALLOW_NUL, NULL);
	const json_t *said = json_object_get(record, "log");
	const char *name = json_string_value(json_object_get(record, "stream"));

	if (!json_is_string(said)) {
		json_decref(record);
		return NULL;
	}
	*stream = name && str_eq(name, stream_names[2]) ? 2 : 1;
	*text = json_string_value(said);
	*size = json_string_length(said);
	return record;
}

/* ----------------------------------------------------------------- helpers */

static void stamp_now(char dst[STAMP_SIZE])
{
	struct timespec now;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	len = strftime(dst, STAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(dst + len, STAMP_SIZE - len, ".%09ldZ", now.tv_nsec);
}

static int records_write(struct logfile *log)
{
	int rc;

	if (log->records.size == 0)
		return 0;
	rc = file_ready(log, log->records.size);
	if (rc == 0) {
		rc = fd_write_file(log->fd, log->records.data, log->records.size);
		log->size += log->records.size;
	}
	buf_clear(&log->records);
	return rc;
}

/* Opened at the first byte: a container that says nothing costs no file. */
static int file_ready(struct logfile *log, size_t more)
{
	struct stat st;

	if (log->fd >= 0 && log->size + more > log->size_max) {
		fd_close(log->fd);
		log->fd = -1;
		if (renameat(log->folder, "log", log->folder, "log.1") < 0)
			return -errno;
	}
	if (log->fd < 0) {
		log->fd = openat(log->folder, "log",
				 O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (log->fd < 0)
			return -errno;
		log->size = fstat(log->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	}
	return 0;
}

static void text_escape(struct buf *dst, const unsigned char *data, size_t size)
{
	size_t plain = 0; /* bytes at @data not yet copied */

	for (size_t i = 0; i < size;) {
		unsigned char c = data[i];
		size_t len = c < 0x80 ? 1 : utf8_length(data + i, size - i);

		if (len && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
			i += len;
			continue;
		}
		buf_add(dst, data + plain, i - plain);
		if (len == 0)
			buf_str(dst, "\xef\xbf\xbd");
		else if (c == '\n')
			buf_str(dst, "\\n");
		else if (c == '\t')
			buf_str(dst, "\\t");
		else if (c == '"' || c == '\\')
			buf_printf(dst, "\\%c", c);
		else
			buf_printf(dst, "\\u%04x", c);
		plain = ++i;
	}
	if (size > plain)
		buf_add(dst, data + plain, size - plain);
}

/* Of one well-formed character (RFC 3629: shortest form, no surrogates, up to U+10FFFF); 0: it is none. */
static size_t utf8_length(const unsigned char *data, size_t size)
{
	size_t len = data[0] >= 0xf0 && data[0] <= 0xf4  ? 4
		     : data[0] >= 0xe0 && data[0] < 0xf0 ? 3
		     : data[0] >= 0xc2 && data[0] < 0xe0 ? 2
							 : 0;

	if (len == 0 || len > size)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((data[i] & 0xc0) != 0x80)
			return 0;
	if ((data[0] == 0xe0 && data[1] < 0xa0) || (data[0] == 0xed && data[1] > 0x9f) ||
	    (data[0] == 0xf0 && data[1] < 0x90) || (data[0] == 0xf4 && data[1] > 0x8f))
		return 0;
	return len;
}
